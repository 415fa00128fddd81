"""Bringing the store up to date before a command that reads it."""

from __future__ import annotations

import os
import time

from agentjit.cli.terminal import note, status
from agentjit.errors import AjError, StoreBroken, StoreBusy
from agentjit.home import Home
from agentjit.observe.ingest import Drained, drain
from agentjit.publishing import recheck


def home() -> Home:
    """The home that the environment names."""
    return Home.from_environment(os.environ)


def drained(where: Home) -> Drained:
    """Load what the hooks have left in the spool."""
    where.ensure()
    with status("loading what was recorded"):
        return drain(where, os.environ, now=time.time())


def rechecked(where: Home) -> None:
    """Say of skills whose operations are defined otherwise by now that they wait; what cannot be read is a remark."""
    try:
        recheck(where, now=time.time())
    except (AjError, OSError) as error:
        note(f"aj: the skills were not held against the catalogue: {error}")


def try_drained(where: Home) -> None:
    """The same for commands that can do without the newest: a busy store is only worth a remark."""
    try:
        drained(where)
    except (StoreBusy, StoreBroken) as error:
        note(f"aj: not everything recorded is in the figures: {error}")
