"""The exit status, or the statuses that occurred."""

from __future__ import annotations

from agentjit.compile.invariants.evidence import COIN, always, evidence
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence


def exit_status(seen: Observed) -> tuple[tuple[int, ...], list[Evidence]]:
    """Every status that occurred; tools that have none promise none. Kept however few the traces are."""
    exits = [op.call.exit_code for op in seen.step.operations if op.call.exit_code is not None]
    return tuple(sorted(set(exits))), [evidence("exit status", len(exits), always(len(exits), COIN))] if exits else []
