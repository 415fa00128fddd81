"""A hotspot explained: when, how stable, what it costs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner

from agentjit.cli import cli
from agentjit.cli.explain import chance, compared, cost, explained, rejected, stable, when
from agentjit.detect.mine import Mined, Rejected, hotspots, surveyed
from agentjit.home import Home
from agentjit.hotspot import Chance, Hotspot
from tests.support.library import learned, renamed
from tests.support.notation import DAY, START, repeat
from tests.support.rituals import Settings, history, shuffled

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
    assert text == (
        "no accident: seen in 4 sessions, chance would give next to none (expected 0.013, p = 2e-07, FDR 3e-05)"
    )
    assert "chance would give about 0.7 (" in chance(_with(found, chance=Chance(0.68, 1e-3, 0.04)))


def test_cost_each_time_and_until_now() -> None:
    [found, *_] = _found()
    assert cost(found) == "3 model requests, 30,000 tokens, 12 s each time; 120,000 tokens until now"
    assert cost(_with(found, requests=None, tokens=None, seconds=None)) == ""


def test_steps_are_in_words_and_as_written_last() -> None:
    [found, *_] = _found()
    lines = list(explained(found))
    assert lines[0] == "  steps   as they were taken the last time:"
    assert [each.split() for each in lines[1:3]] == [
        "1. look at what is in the cluster kubectl get pods -n p4".split(),
        "2. read a log in the cluster kubectl logs api -n p4".split(),
    ]


COMMITS = ["git diff", "git diff --staged", "git diff -w a.py", "git diff --stat", "git diff --cached a.py"]


def _commits(diffs: list[str], adds: list[str] | None = None) -> Hotspot:
    """Runs of `commit`, a diff of another kind in each."""
    rows = zip(diffs, adds or ["$ git add a.py"] * len(diffs), strict=True)
    past = repeat("> commit\n$ git status\n$ {d}\n{a}\n$ git commit -m x", *({"d": d, "a": a} for d, a in rows))
    [found] = [each for each in hotspots(past, now=START + 9 * DAY) if each.template]
    return found


def test_flags_that_never_settle_are_named_with_their_step() -> None:
    found = _commits(COMMITS)
    assert stable(found) == "no: the flags of `git diff` never settle: 5 ways in 5 runs"
    assert [each.split()[:2] for each in explained(found)][1:5] == [
        ["1.", "see"],
        ["2.", "look"],
        ["3.", "stage"],
        ["4.", "commit"],
    ]
    assert (
        list(explained(found))[2].split() == "2. look at the changes, written in 5 ways git diff --cached a.py".split()
    )


def test_flags_that_vary_in_a_few_ways_are_told() -> None:
    found = _commits(["git diff", "git diff", "git diff", "git diff --staged", "git diff --staged"])
    assert stable(found) == "these steps in this order every time (5 of 5); the flags vary in step 2"


def test_a_step_that_some_leave_out_is_told_in_runs() -> None:
    adds = ["$ git add -A", "$ git add -u", *(f"$ make lint\n$ git add {flag} a" for flag in ("-v", "-f", "-n", "-N"))]
    found = _commits([*COMMITS, "git diff --raw"], adds)
    [told] = [each for each in explained(found) if "make lint" in each]
    assert "(in 4 of 6 runs)" in told


def test_a_prompt_for_other_work_each_time_has_no_steps() -> None:
    words = "make lint,npm ci,go vet,git push,docker ps,kubectl get pods".split(",")
    past = repeat("> ship it\n$ {x}", *({"x": each} for each in words))
    [found] = surveyed(past, now=START + 9 * DAY).restless
    assert next(explained(found)) == "  steps   other ones each time"
    assert stable(found) == "no: 6 runs, every one of other steps"


def _mined(found: int, tried: int) -> Mined:
    return Mined(tuple(_found() * found)[:found], tried, max(0, tried - found), 0.05, 0)


def test_the_whole_picture_is_one_line() -> None:
    assert compared(_mined(0, 0)) == ""
    assert compared(_mined(0, 9)) == (
        "9 recurring sequences were compared with chance, and none beats it (at a false discovery rate of 5%)."
    )
    assert compared(_mined(1, 9)) == (
        "9 recurring sequences were compared with chance, 1 beats it; the other 8 are no more than that, or part of"
        " what is shown. At most 5% of those shown may be chance (the false discovery rate, FDR)."
    )
    assert compared(_mined(1, 1)).startswith("1 recurring sequence was compared with chance, and beats it. At most 5%")


def test_what_chance_would_do_is_listed_in_short() -> None:
    one = Rejected(("ruff check <arg>", "pytest -q"), 10, Chance(4.08, 0.3, 0.6))
    assert rejected(one) == "chance would do: lint, run the tests – in 10 sessions, 4.1 expected"


def hotspots_command(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["hotspots", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_the_command_ends_with_the_whole_picture(home: Home) -> None:
    assert hotspots_command().startswith("Nothing recurs yet.")
    words = "make lint,npm ci,go vet,git push,docker ps,kubectl get pods".split(",")
    learned(home, repeat("> ship it\n$ {x}\n$ {x} --now", *({"x": each} for each in words)))
    assert "left alone: too unstable to be compiled" in hotspots_command()
    learned(home, renamed(repeat("> check {n}\n$ kubectl logs {n}", *({"n": f"p{n}"} for n in range(5))), "c"))
    shown = hotspots_command("--all").splitlines()
    assert shown[0].startswith("check {")
    assert re.fullmatch(r"\d+ recurring sequences? (was|were) compared with chance, (1|and) beats it.*", shown[-1])
    [settled, restless] = json.loads(hotspots_command("--json"))
    assert (settled["unstable"], settled["steps"], settled["ways"]) == (None, ["kubectl logs <arg>"], [])
    assert (restless["steps"], restless["prompt"], restless["compilable"]) == ([], "ship it", False)
    assert restless["unstable"] == "6 runs, every one of other steps"


def test_chance_has_the_last_word(home: Home) -> None:
    """The calls of a history in another order are no hotspots, and `--all` names what recurs in them all the same."""
    learned(home, shuffled(history(30_000, Settings(sessions=20, keyed=3, inside=3, unstable=2)).episodes, 1))
    *shown, last = hotspots_command("--all").splitlines()
    assert last.endswith("compared with chance, and none beats it (at a false discovery rate of 5%).")
    told = [each for each in shown if each.startswith("chance would do: ")]
    assert 1 <= len(told) <= 10
    assert all(re.search(r" – in \d+ sessions, \d+\.\d expected$", each) for each in told)
    assert "chance would do" not in hotspots_command()


def test_a_terminal_is_safe_from_what_a_trace_says() -> None:
    found = hotspots(
        repeat("# /tmp/\x1b[31mred\n> x {n}\n$ echo {n} && ls\n$ printf '\x1b[2J' {n}", *({"n": c} for c in "abcd")),
        now=START + 5 * DAY,
    )
    assert found
    assert not any("\x1b" in each for hotspot in found for each in explained(hotspot))


def _found() -> list[Hotspot]:
    rows = [{"n": f"p{n}"} for n in range(1, 5)]
    past = repeat("> check {n}\n$ kubectl get pods -n {n}\n$ kubectl logs api -n {n}", *rows)
    return hotspots(past, now=START + 5 * DAY)


def _with(found: Hotspot, **changes: object) -> Hotspot:
    return replace(found, **changes)  # type: ignore[arg-type]


def test_steps_that_are_repeated_together_are_said_to_be() -> None:
    rounds = ["$ npm test\n~ a.py\n" * n + "$ git push origin main" for n in (2, 3, 5, 2, 4)]
    history = repeat("> make it green\n{rounds}", *({"rounds": each} for each in rounds))
    [found] = [each for each in hotspots(history, now=START + 9 * DAY) if each.template]
    lines = list(explained(found))
    assert "run the tests ×2–5, in turn with the next" in lines[1]
    assert "edit a file ×2–5" in lines[2] and "in turn" not in lines[2]


def test_runs_of_one_day_have_no_hours() -> None:
    assert "mostly" not in when([MONDAY_9 + 60 * n for n in range(8)])
