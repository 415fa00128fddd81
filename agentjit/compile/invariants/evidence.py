"""Confidence: the probability that a property would hold in all traces by chance (Ernst et al., Daikon, 2007).

Each family states how probable its property is in one trace if nothing stood behind it; a property that would hold
in all of them by chance more often than `LIMIT` is no promise. Where the traces are few, two checks of old are kept
all the same, because what they catch would be answered wrongly: the exit status and the words of a column.
"""

from __future__ import annotations

from agentjit.contract import Evidence

LIMIT = 0.05

SAME = 0.2  # that two outputs of a command agree in one place
COIN = 0.5  # that a number is not below zero, that one of two numbers is not the greater


def repeated(samples: int, base: float = SAME) -> float:
    """The chance that `samples` samples all agree with the first."""
    return float(base ** max(0, samples - 1))


def always(samples: int, base: float = COIN) -> float:
    """The chance that each of `samples` samples has a property of its own."""
    return float(base**samples)


def coincidence(samples: int, distinct: int) -> float:
    """The chance that two places with `distinct` values are equal in all `samples` samples."""
    return float((1 / max(distinct, 5)) ** max(0, samples - 1))


def closed(samples: int, distinct: int) -> float:
    """The chance that no other word came up in `samples` samples, were there one more than the `distinct` ones seen and
    all as frequent.
    """
    return float((distinct / (distinct + 1)) ** samples)


def evidence(check: str, seen: int, chance: float) -> Evidence:
    return Evidence(check=check, seen=seen, chance=float(f"{chance:.2g}"))
