"""`aj uninstall`: unwire Claude Code and remove what AgentJIT put on this machine."""

from __future__ import annotations

import os
import time

import click

from agentjit.cli.init import show
from agentjit.home import Home
from agentjit.install import files
from agentjit.install.files import Originals
from agentjit.install.harness import Harness, Report
from agentjit.install.removal import check_root, remove_command, remove_home
from agentjit.install.service import Service


@click.command("uninstall")
@click.option("--keep-data", is_flag=True, help="Only unwire: keep what was recorded, the skills and this command.")
def command(keep_data: bool) -> None:
    """Unwire Claude Code, restore its settings, end the service and remove AgentJIT's own files.

    Settings that were edited since `aj init` lose our entries and nothing else; the backup is then kept and named.

    \b
    Example:  aj uninstall
              aj uninstall --keep-data
    """
    home = Home.from_environment(os.environ)
    check_root(home, os.environ)
    report = Report()
    service = Service(home, os.environ)
    for done in service.uninstall() if service.installed() else []:
        report.good(done)
    Harness(home, os.environ, time.time()).unwire(report)
    kept = Originals(home).backups()
    if keep_data:
        files.delete(home.plugin)
        report.good(f"kept {home.root}")
    else:
        _remove(home, kept, report)
    for path in kept:
        report.good(f"left: {path} (your settings before AgentJIT; they were changed since, so they were not put back)")
    show(report)
    if not all(good for good, _ in report.lines):
        raise SystemExit(1)


def _remove(home: Home, kept: list[str], report: Report) -> None:
    if not os.path.isdir(home.root):
        report.good(f"there is no {home.root}")
        return
    remove_command(home, os.environ)
    left = [path for path in remove_home(home, kept) if not kept or path != home.backups]
    report.good(f"{home.root} is empty but for what is named below" if left or kept else f"{home.root} is gone")
    for path in left:
        report.good(f"left: {path} (not AgentJIT's)")
