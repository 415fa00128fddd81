"""Mining: what becomes a hotspot, and what stands in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from agentjit.detect.mine import hotspots, mined
from agentjit.detect.prompt import clusters
from agentjit.hotspot import Hotspot
from agentjit.trace import Ended, Episode, ToolCall
from tests.support.notation import DAY, START, repeat
from tests.support.tokens import noisy, row, shuffled

NOW = START + 30 * DAY
TALK = "it only means something in its conversation"


def prompted(history: list[Episode]) -> list[Hotspot]:
    return [hotspot for hotspot in hotspots(history, now=NOW) if hotspot.template]


def said(prompt: str, times: int = 5) -> list[Episode]:
    return repeat("> {prompt}\n$ make lint\n| ok\n< ok", *[{"prompt": prompt}] * times)


@pytest.mark.parametrize(
    "prompt",
    ["yes", "ok, go on", "continue", "Fix it.", "try again", "yes please", "next", "why?", "do that", "the other one!"],
)
def test_talk_is_no_workflow(prompt: str) -> None:
    (hotspot,) = prompted(said(prompt))
    assert hotspot.obstacle == TALK


@pytest.mark.parametrize("prompt", ["commit this", "ship it", "run the checks", "deploy", "fix the lint"])
def test_a_word_of_its_own_makes_a_workflow(prompt: str) -> None:
    (hotspot,) = prompted(said(prompt))
    assert hotspot.obstacle == ""


def test_a_slot_makes_a_workflow() -> None:
    (hotspot,) = prompted(repeat("> fix {x}\n$ cat {x}\n| ok\n< ok", *({"x": f"f{i}"} for i in range(5))))
    assert hotspot.template and hotspot.template.slots
    assert hotspot.obstacle == ""


def moved(episode: Episode, cwd: str) -> Episode:
    return replace(episode, calls=tuple(replace(call, cwd=cwd) for call in episode.calls))


def test_a_run_that_began_elsewhere_is_left_out() -> None:
    history = said("run the checks")
    (hotspot,) = prompted([*history[:3], moved(history[3], "/work/other"), moved(history[4], "/work/shop/")])
    assert [each.episode.id for each in hotspot.occurrences] == [history[i].id for i in (0, 1, 2, 4)]
    assert prompted([moved(each, "/work/other") for each in history]) == []
    (unknown,) = prompted([moved(each, "") for each in history])
    assert len(unknown.occurrences) == 5


def test_runs_of_other_steps_that_began_elsewhere_are_no_trouble() -> None:
    history = repeat("> check {x}\n$ {x} --now\n| ok", *({"x": name} for name in ("make", "tox", "nox", "ninja")))
    (hotspot,) = prompted(history)
    assert hotspot.obstacle.startswith("unstable: 4 runs")
    hotspots([moved(each, "/work/other") for each in history], now=NOW)


def test_a_prompt_is_compared_with_the_newest_clusters_only() -> None:
    """With all of them, thousands of prompts that begin alike would take minutes."""
    prompts = [f"fix a{i} b{i} c{i} d{i}" for i in range(500)]
    found = clusters(list(enumerate([*prompts, "fix a499 b499 c499 d", "fix a400 b400 c400 e", "fix a0 b0 c0 f"])))
    assert [499, 500] in found
    assert [400, 501] in found
    assert [0] in found
    assert [502] in found


@pytest.mark.parametrize(
    "change",
    [
        lambda episode: replace(episode, own="a skill"),
        lambda episode: replace(episode, calls=(replace(episode.calls[0], ended=Ended.DENIED), *episode.calls[1:])),
        lambda episode: replace(
            episode, calls=(replace(episode.calls[0], ended=Ended.INTERRUPTED), *episode.calls[1:])
        ),
        lambda episode: replace(episode, calls=(*episode.calls, replace(episode.calls[0], ended=Ended.UNANSWERED))),
        lambda episode: replace(episode, calls=(*episode.calls, ran(episode, "aj run versions name=x"))),
        lambda episode: replace(episode, calls=(*episode.calls, ran(episode, "cd /w && ~/.local/bin/aj list | head"))),
        lambda episode: replace(
            episode, calls=(*episode.calls, ran(episode, "python3 ~/.aj/skills/versions/skill.py --name x"))
        ),
        lambda episode: replace(episode, calls=(*episode.calls, ran(episode, "X=1 timeout 9 aj run versions"))),
        lambda episode: replace(episode, calls=(*episode.calls, ran(episode, "bash -lc 'aj compile'"))),
        lambda episode: replace(episode, calls=(*episode.calls, ran(episode, "python3 -m agentjit list"))),
    ],
    ids=[
        "own",
        "denied",
        "interrupted",
        "unanswered",
        "aj run",
        "aj by its path",
        "a skill's file",
        "wrapped",
        "in a shell",
        "as a module",
    ],
)
def test_what_agentjit_did_itself_or_what_did_not_end_is_no_habit(change: Callable[[Episode], Episode]) -> None:
    history = said("what is the version of cart?")
    assert len(prompted(history)[0].occurrences) == 5
    mined = prompted([change(episode) for episode in history[:2]] + history[2:])
    assert [len(hotspot.occurrences) for hotspot in mined] == [3]
    assert prompted([change(episode) for episode in history]) == []


def ran(episode: Episode, command: str) -> ToolCall:
    return replace(episode.calls[0], id=f"{episode.id}-ran", input={"command": command})


# --- inside episodes, in letters: small ones only read


def inside(ritual: str | list[str], count: int = 12) -> list[Hotspot]:
    """The hotspots of `count` sessions, each with the ritual (or one of several, in turn) among noise."""
    rng = Random(11)
    kinds = [ritual] if isinstance(ritual, str) else ritual
    rows = [noisy(rng, kinds[session % len(kinds)], session) for session in range(count)]
    return list(mined(rows, now=NOW).hotspots)


def test_loops_of_any_length_are_one_hotspot() -> None:
    (hotspot,) = inside(["ABCD", "ABBBCD", "ABBCD"])
    assert hotspot.signature == ("A", "B", "C", "D")
    assert hotspot.loops == ((1, 1), (1, 3), (1, 1), (1, 1))
    assert {each.repeats for each in hotspot.occurrences} == {(), (1, 2, 1, 1), (1, 3, 1, 1)}
    assert {len(each.operations) for each in hotspot.occurrences} == {4, 5, 6}


def test_reads_in_any_order_are_one_hotspot() -> None:
    (hotspot,) = inside(["AyxB", "AxyB", "AxyB"])
    assert hotspot.signature == ("A", "x", "y", "B")
    orders = Counter(each.order for each in hotspot.occurrences)
    assert orders == {(): 8, (0, 2, 1, 3): 4}
    assert hotspot.stability == pytest.approx(8 / 12)


def test_steps_of_unknown_effect_in_two_orders_are_one_hotspot() -> None:
    (hotspot,) = inside(["ABC", "BAC"])
    assert sorted(hotspot.signature) == ["A", "B", "C"]
    assert (len(hotspot.occurrences), hotspot.unstable, hotspot.stability) == (12, "", 0.5)


def test_an_order_that_never_settles_is_left_alone() -> None:
    (hotspot,) = inside(["ABC", "BCA", "CAB", "ACB", "CBA", "BAC"])
    assert hotspot.unstable == "6 orders in 12 runs"
    assert hotspot.obstacle.startswith("unstable: ")


def test_reads_in_between_are_noise() -> None:
    (hotspot,) = inside(["ABCD", "AxBCD", "ABCxyD"])
    assert hotspot.signature == ("A", "B", "C", "D")
    assert Counter(len(each.noise) for each in hotspot.occurrences) == {0: 4, 1: 4, 2: 4}


def test_files_looked_at_and_changed_are_programming() -> None:
    rng = Random(4)
    rows = []
    for session in range(12):
        episode, calls = noisy(rng, "ABC", session)
        tools = [replace(each, call=replace(each.call, tool="Edit")) for each in calls]
        other = [replace(each, actions=(replace(each.actions[0], key=f"{each.call.id}"),)) for each in tools]
        rows.append((episode, tuple(tools), tuple(other)))
    assert [each.signature for each in mined([row[:2] for row in rows], now=NOW).hotspots] == [("A", "B", "C")]
    assert mined([(row[0], row[2]) for row in rows], now=NOW).hotspots == ()


def test_the_longer_one_and_the_rest_of_the_shorter() -> None:
    """Verify, and ship with verify in it: each action is counted once."""
    found = inside(["ABC", "ABCDEF"], 20)
    assert {hotspot.signature: len(hotspot.occurrences) for hotspot in found} == {
        ("A", "B", "C"): 10,
        ("A", "B", "C", "D", "E", "F"): 10,
    }


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_counted_twice(seed: int) -> None:
    rng = Random(seed)
    rituals = ["ABC", "ABCDE", "CDE", "xyA", "EAB"]
    rows = [noisy(rng, rituals[session % 5], session) for session in range(40)]
    rows += [row("ABCDE", 50 + n, prompt="ship it") for n in range(6)]
    found = mined(rows, now=NOW).hotspots
    calls = Counter(
        operation.call.id for hotspot in found for each in hotspot.occurrences for operation in each.operations
    )
    assert calls and set(calls.values()) == {1}


def test_cost_is_that_of_its_share() -> None:
    """Of an episode of 24 turns, 24,000 tokens and 24 seconds, four turns."""
    (hotspot,) = inside("ABCD")
    assert (hotspot.requests, hotspot.tokens, hotspot.seconds) == pytest.approx((4, 4000, 4))


def test_the_order_of_episodes_does_not_matter() -> None:
    rng = Random(8)
    rows = [noisy(rng, "ABC", session) for session in range(12)]
    found = mined(rows, now=NOW).hotspots
    assert found and {each.id for each in found} == {each.id for each in mined(rows[::-1], now=NOW).hotspots}


# --- after a prompt


def keyed(runs: list[str], prompt: str = "ship it") -> list[Hotspot]:
    return list(mined([row(calls, n, prompt=prompt) for n, calls in enumerate(runs)], now=NOW).hotspots)


def test_a_prompt_with_loops_orders_and_looks() -> None:
    (hotspot,) = keyed(["abC", "baC", "abCC", "xabC", "abyC", "abC"])
    assert (hotspot.signature, len(hotspot.occurrences)) == (("a", "b", "C"), 6)
    assert hotspot.loops == ((1, 1), (1, 1), (1, 2))
    assert hotspot.template


def test_a_prompt_whose_steps_come_in_two_orders_or_in_any() -> None:
    (hotspot,) = keyed(["LT", "TL", "LT", "TL"])
    assert (len(hotspot.occurrences), hotspot.unstable) == (4, "")
    (hotspot,) = keyed(["ABC", "BCA", "CAB", "ACB"])
    assert hotspot.unstable == "4 orders in 4 runs"


def test_an_episode_that_goes_on_belongs_to_it_and_says_so() -> None:
    (hotspot,) = keyed(["ABC", "ABC", "ABC", "ABCDxE"])
    assert [each.more for each in hotspot.occurrences] == [False, False, False, True]
    assert hotspot.obstacle == ""


def test_three_runs_of_one_command_are_enough() -> None:
    (hotspot,) = keyed(["A", "A", "A"])
    assert (hotspot.obstacle, len(hotspot.occurrences)) == ("", 3)


def test_a_prompt_before_the_commonest_command_is_nothing() -> None:
    rng = Random(2)
    rows = [row("A" if rng.random() < 0.6 else "B", n, prompt="go and see") for n in range(20)]
    rows += [row("".join(rng.choices("ABCDEF", (9, 5, 1, 1, 1, 1), k=6)), 100 + n) for n in range(60)]
    assert mined(shuffled(rows, rng), now=NOW).hotspots == ()
