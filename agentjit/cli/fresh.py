"""Bringing the store up to date before a command that reads it."""

from __future__ import annotations

import os
import time

from agentjit.cli.terminal import note, status
from agentjit.errors import StoreBroken, StoreBusy
from agentjit.home import Home
from agentjit.observe.ingest import Drained, drain


def home() -> Home:
    """The home that the environment names."""
    return Home.from_environment(os.environ)


def drained(where: Home) -> Drained:
    """Load what the hooks have left in the spool."""
    where.ensure()
    with status("loading what was recorded"):
        return drain(where, os.environ, now=time.time())


def try_drained(where: Home) -> None:
    """The same for commands that can do without the newest: a busy store is only worth a remark."""
    try:
        drained(where)
    except (StoreBusy, StoreBroken) as error:
        note(f"aj: not everything recorded is in the figures: {error}")
