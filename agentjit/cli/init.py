"""`aj init`: make the home, the links the hooks need, the plugin's copy, and wire Claude Code."""

from __future__ import annotations

import os
import sys
import time

import click

from agentjit import data
from agentjit.home import Home
from agentjit.install import links
from agentjit.install.harness import Harness, Report, Way
from agentjit.install.removal import check_root


@click.command("init")
@click.option("--dry-run", is_flag=True, help="Print what would be done and change nothing.")
@click.option("--no-harness", is_flag=True, help="Leave Claude Code alone.")
@click.option("--settings", is_flag=True, help="Write the hooks into Claude Code's settings file, not a plugin.")
def command(dry_run: bool, no_harness: bool, settings: bool) -> None:
    """Set AgentJIT up on this machine and wire it into Claude Code.

    Running it again updates everything; `aj uninstall` undoes it.

    \b
    Example:  aj init
              aj init --dry-run
    """
    home = Home.from_environment(os.environ)
    check_root(home, os.environ)
    harness = Harness(home, os.environ, time.time())
    way = harness.way(Way.NONE if no_harness else Way.SETTINGS if settings else None)
    if way is not Way.NONE:
        harness.check()
    if dry_run:
        click.echo(f"would make {home.root} with links to {sys.executable} and {data.PACKAGE.parent}")
        click.echo(f"would copy the plugin to {home.plugin}")
        click.echo(f"would {harness.plan(way)}")
        return
    report = Report()
    _set_up(home, report)
    if not no_harness:
        harness.wire(way, report)
    show(report)


def _set_up(home: Home, report: Report) -> None:
    home.ensure()
    base = getattr(sys, "_base_executable", None) or sys.executable
    links.link(home, python=sys.executable, base=base, package=data.PACKAGE)
    links.copy_plugin(home)
    report.good(f"{home.root} is ready")


def show(report: Report) -> None:
    """Print a report: with marks on a terminal, plain lines elsewhere."""
    terminal = sys.stdout.isatty()
    for good, line in report.lines:
        mark = "" if not terminal else click.style("✓ ", fg="green") if good else click.style("✗ ", fg="red")
        click.echo(mark + line)
