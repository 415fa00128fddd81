"""Mining: what becomes a hotspot, and what stands in its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agentjit.detect.mine import hotspots
from agentjit.detect.prompt import clusters
from agentjit.hotspot import Hotspot
from agentjit.trace import Ended, Episode, ToolCall
from tests.support.notation import DAY, START, repeat

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
