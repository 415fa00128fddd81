"""`aj watch`: compile while you work."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

import click

from agentjit.cli.fresh import home
from agentjit.cli.terminal import line, local
from agentjit.data import folder
from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.install.service import Service
from agentjit.lock import holder
from agentjit.watch.watcher import AlreadyWatched, Stopped, watch

_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("watch")
@click.option("--quiet", is_flag=True, help="Print nothing but trouble.")
@click.option("--status", "state", is_flag=True, help="Say whether a watcher runs (exit status 0) or not (1).")
@click.option("--install-service", "install", is_flag=True, help="Let systemd run it for you from now on.")
@click.option("--uninstall-service", "uninstall", is_flag=True, help="Stop that, and remove the unit file.")
def command(quiet: bool, state: bool, install: bool, uninstall: bool) -> None:
    """Load and compile as sessions go, until stopped with Ctrl-C.

    Not needed: the same happens at the end of every session. One watcher runs per home. As a systemd user service it
    sees the environment of systemd, not that of your shell.

    \b
    Example:  aj watch
              aj watch --install-service
    """
    if state + install + uninstall > 1:
        raise BadInput("--status, --install-service and --uninstall-service exclude each other; give one of them")
    where = home()
    if state:
        _status(where)
    elif install:
        _install(where)
    elif uninstall:
        _uninstall(where)
    else:
        _run(where, quiet)


def _run(where: Home, quiet: bool) -> None:
    templates = str(folder("skills_templates"))
    _ends_by_signal()
    os.chdir("/")  # whoever removes or unmounts the folder we were started in is not kept from it
    try:
        watch(where, templates, os.environ, say=_silent if quiet else _say, warn=_say)
    except (Stopped, BrokenPipeError):
        pass  # told to, or nobody reads what we say


def _ends_by_signal() -> None:
    """The first signal ends the watcher wherever it is; the others do not disturb its tidying up."""

    def end(number: int, frame: FrameType | None) -> None:
        for each in _END:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for each in _END:
        if signal.getsignal(each) is not signal.SIG_IGN:  # `nohup aj watch` means it
            signal.signal(each, end)


def _say(text: str) -> None:
    try:
        click.echo(f"{time.strftime('%H:%M:%S')} {line(text)}")
    except BrokenPipeError:
        raise
    except OSError:
        pass  # a full disk under a log file is no reason to stop


def _silent(text: str) -> None:
    pass


def _status(where: Home) -> None:
    by = holder(where.watch_lock)
    service = Service(where, os.environ)
    if by:
        click.echo(f"running: {_named(by.pid)}, since {local(by.since) if by.since else 'unknown'}, for {where.root}")
    else:
        click.echo(f"not running for {where.root}; sessions are loaded and compiled at their end")
    if service.installed():
        click.echo(f"service: {service.path}, {service.state()}")
    if not by:
        raise SystemExit(1)


def _named(pid: int) -> str:
    return f"pid {pid}" if pid else "pid unknown"


def _install(where: Home) -> None:
    service = Service(where, os.environ)
    if (other := holder(where.watch_lock)) and not service.running():
        raise AlreadyWatched(where, other)
    _tell(service.install)


def _uninstall(where: Home) -> None:
    _tell(Service(where, os.environ).uninstall)


def _tell(act: Callable[[], list[str]]) -> None:
    for text in act():
        click.echo(text)
