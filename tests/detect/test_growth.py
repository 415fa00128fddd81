"""Pattern growth: gaps, orders, loops, the least support, and its own bound."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from agentjit.detect.mining import growth
from agentjit.detect.mining.growth import grow
from agentjit.detect.mining.history import History
from tests.support.tokens import noisy, row


def grown(episodes: Sequence[str], minimum: int = 3) -> dict[str, int]:
    """Patterns with the number of their matches; each episode is a session of its own."""
    history = History([row(calls, session) for session, calls in enumerate(episodes)])
    found = grow(history, history.tokens, history.where, minimum=minimum).patterns
    return {"".join(history.names[token] for token in pattern.core): len(pattern.matches) for pattern in found}


def among(runs: Sequence[str]) -> list[str]:
    """Each of `runs` between steps that differ from one to the next."""
    found = []
    for number, run in enumerate(runs):
        letters = "".join(Random(100 + number).sample("QRSTUVWXYZ", 10))
        found.append(f"{letters[:5]}{run}{letters[5:]}")
    return found


def others() -> list[str]:
    return ["".join(Random(seed).sample("QRSTUVWXYZqrstuvwxyz", 12)) for seed in range(12)]


@pytest.mark.parametrize(
    ("runs", "core"),
    [
        (["ABC"] * 5, "ABC"),
        (["ABC", "AxBC", "ABxyC", "ABC", "AxBxC"], "ABC"),
        (["AABC", "ABC", "ABBBC", "ABCC", "ABC"], "ABC"),
        (["ABABC", "ABC", "ABABABC", "ABC", "ABC"], "ABC"),
        (["abC", "baC", "abC", "baC", "abC"], "abC"),
        (["Aabc", "Acab", "Abca", "Abac", "Acba"], "Aabc"),
    ],
)
def test_found_however_it_is_done(runs: list[str], core: str) -> None:
    assert core in grown(among(runs) + others())


@pytest.mark.parametrize("runs", [["ADB", "AEB", "AFB", "AGB"], ["AxyzB"] * 4, ["BA", "AB", "BA", "AB"]])
def test_a_write_a_long_gap_or_another_order_is_another_thing(runs: list[str]) -> None:
    assert "AB" not in grown(among(runs) + others())


def test_support_counts_sessions() -> None:
    rows = [row("QRABSTABUVAB", 0), row("WXABYZ", 1), *(row(each, n + 2) for n, each in enumerate(others()))]
    history = History(rows)
    found = grow(history, history.tokens, history.where, minimum=3).patterns
    assert all({history.names[token] for token in pattern.core} != {"A", "B"} for pattern in found)
    assert "AB" in grown(among(["AB"] * 3) + others())


def test_nothing_is_longer_than_the_longest() -> None:
    letters = "ABCDEFGHIJKLMNOP"
    assert max(map(len, grown([letters] * 4 + others()))) == growth.LONGEST


def test_the_bound_is_kept_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(1)
    history = History([noisy(rng, "ABCDEF", session) for session in range(40)])
    free = grow(history, history.tokens, history.where, minimum=3)
    assert free.capped == 0
    monkeypatch.setattr(growth, "WORK", 0.05)
    bound = grow(history, history.tokens, history.where, minimum=3)
    assert bound.capped > 0
    assert len(bound.patterns) < len(free.patterns)
