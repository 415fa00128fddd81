"""No word of trouble, where there never was one."""

from __future__ import annotations

from functools import lru_cache

from agentjit.compile.invariants.evidence import COIN, always, evidence
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence
from agentjit.kit import troubled


def calm(seen: Observed) -> tuple[bool, list[Evidence]]:
    """Whether no output had a word of trouble (an error, a refusal, something not found). Kept however few they are."""
    if any(map(_troubled, seen.outputs)):
        return False, []
    return True, [evidence("no word of trouble", seen.traces, always(seen.traces, COIN))]


@lru_cache(maxsize=256)
def _troubled(output: str) -> bool:
    """Leave-one-out asks the same of every output over and over."""
    return bool(troubled(output))
