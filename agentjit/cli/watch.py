"""`aj watch`: compile while you work."""

from __future__ import annotations

import os
import signal
import threading
import time

import click

from agentjit.cli.fresh import home
from agentjit.cli.terminal import line
from agentjit.data import folder
from agentjit.watch.watcher import watch


@click.command("watch")
def command() -> None:
    """Load and compile as sessions go, until stopped with Ctrl-C.

    Not needed: the same happens at the end of every session. One watcher runs per home.

    \b
    Example:  aj watch
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    where = home()
    watch(where, str(folder("skills_templates")), os.environ, say=_say, stop=stop)


def _say(text: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line(text)}")
