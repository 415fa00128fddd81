"""A hotspot explained: when, how stable, what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agentjit.cli.explain import chance, cost, explained, stable, when
from agentjit.detect.mine import hotspots
from agentjit.hotspot import Chance, Hotspot
from tests.support.notation import DAY, START, repeat

MONDAY_9 = 1_780_308_000.0  # Monday, 2026-06-01 10:00 UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_weekly_habit_has_its_day_and_its_hours() -> None:
    text = when([MONDAY_9 + 7 * DAY * n + 600 * n for n in range(8)])
    assert text == (
        "8 times, about 1 a week, since 2026-06-01, last 2026-07-20 11:10; mostly on Mondays, between 10 and 12 o'clock"
    )


def test_what_happens_at_all_hours_has_none() -> None:
    assert "mostly" not in when([MONDAY_9 + 1.3 * DAY * n for n in range(20)])


def test_a_habit_around_midnight() -> None:
    assert "between 23 and 1 o'clock" in when([MONDAY_9 + 13.5 * 3600 + DAY * n + 1800 * (n % 3) for n in range(9)])


def test_one_day_is_one_day() -> None:
    assert when([MONDAY_9, MONDAY_9 + 60]) == "2 times, on 2026-06-01, last 2026-06-01 10:01"


def test_stability_is_told_in_runs() -> None:
    [found, *_] = _found()
    assert stable(found) == "these steps in this order every time (4 of 4)"
    assert "no: 4 orders in 6 runs" in stable(_with(found, unstable="4 orders in 6 runs"))
    assert "3 of 4 times" in stable(_with(found, stability=0.75))


def test_chance_is_shown_with_its_figure() -> None:
    [found, *_] = _found()
    text = chance(_with(found, chance=Chance(0.013, 2.1e-7, 3e-5)))
    assert text == "seen in 4 sessions; 0.013 expected were it chance (p = 2e-07, FDR 3e-05)"


def test_cost_each_time_and_until_now() -> None:
    [found, *_] = _found()
    assert cost(found) == "3 model requests, 30,000 tokens, 12 s each time; 120,000 tokens until now"
    assert cost(_with(found, requests=None, tokens=None, seconds=None)) == ""


def test_steps_are_in_words_and_as_written_last() -> None:
    [found, *_] = _found()
    lines = list(explained(found))
    assert [each.split() for each in lines[:2]] == [
        "1. look at what is in the cluster kubectl get pods -n p4".split(),
        "2. read a log in the cluster kubectl logs api -n p4".split(),
    ]


def test_a_terminal_is_safe_from_what_a_trace_says() -> None:
    found = hotspots(
        repeat("# /tmp/\x1b[31mred\n> x {n}\n$ echo {n} && ls\n$ printf '\x1b[2J' {n}", *({"n": c} for c in "abcd")),
        now=START + 5 * DAY,
    )
    assert found
    assert not any("\x1b" in each for hotspot in found for each in explained(hotspot))


def _found() -> list[Hotspot]:
    rows = [{"n": f"p{n}"} for n in range(1, 5)]
    history = repeat("> check {n}\n$ kubectl get pods -n {n}\n$ kubectl logs api -n {n}", *rows)
    return hotspots(history, now=START + 5 * DAY)


def _with(found: Hotspot, **changes: object) -> Hotspot:
    return replace(found, **changes)  # type: ignore[arg-type]
