"""Changing a skill's state: what `disable`, `enable`, `remove` and `prune` share."""

from __future__ import annotations

import time
from collections.abc import Iterable

from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.library import Library, Record
from agentjit.publishing import activation
from agentjit.skill import State


def set_state(home: Home, name: str, state: State, reason: str) -> Record:
    """Give a skill a state for a reason; the new record."""
    library = Library(home)
    library.record(name)
    with library.changing() as records:
        records[name] = records[name].model_copy(update={"state": state, "reason": reason, "changed_at": time.time()})
        return records[name]


def reconsider(home: Home, name: str) -> Record:
    """Let evidence and approval decide about a disabled or retired skill again; the new record."""
    library = Library(home)
    if library.record(name).state not in (State.DISABLED, State.RETIRED):
        raise BadInput(f"{name} is neither disabled nor retired; it is {library.record(name).state}")
    effects = library.plan(name).effects
    with library.changing() as records:
        fresh = records[name].model_copy(update={"state": State.CANDIDATE, "changed_at": time.time()})
        state, reason = activation(fresh, effects)
        records[name] = fresh.model_copy(update={"state": state, "reason": reason})
        return records[name]


def remove(home: Home, names: Iterable[str]) -> None:
    """Delete skills; their records stay as removed, so that they are not compiled again by themselves."""
    library = Library(home)
    with library.changing() as records:
        for name in names:
            records[name] = records[name].model_copy(
                update={"removed": True, "state": State.DISABLED, "reason": "removed", "approved": ""}
            )
            library.delete(name)
