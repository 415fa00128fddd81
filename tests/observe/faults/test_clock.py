"""The clock jumps, stands still, or is wrong by decades: no call is lost, and each is in the episode it names.

Hook payloads carry no time: the only one there is is that of the file. So order within an episode is the order of that
clock: calls between which it only went forward stay in their order, and calls of one instant are ordered by their ids.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agentjit import spool
from agentjit.home import Home
from agentjit.observe.ingest import Drained, drain
from agentjit.store import Store
from agentjit.trace import Episode
from tests.observe.faults.scene import NOW, Inbox

DAY, YEAR = 86_400.0, 365 * 86_400.0
ENV = {"HOME": "/nonexistent"}
# What the clock does before the second and the third call of an episode, in seconds.
JUMPS = {
    "back a day": (-DAY, 0.0),
    "back a day and on again": (-DAY, DAY),
    "forward a year": (YEAR, 0.0),
    "forward a year and back": (YEAR, -YEAR),
    "back to 1970": (-NOW, 0.0),
    "back before 1970": (-NOW - DAY, 0.0),
    "stands still": (-1.0, -1.0),
    "far into the future": (200 * YEAR, 0.0),
}


def drained(home: Home, now: float = NOW) -> Drained:
    return drain(home, ENV, now=now)


def episodes(home: Home) -> list[Episode]:
    with Store.open(home, write=False) as store:
        return store.episodes()


def names(episode: Episode) -> list[str]:
    return [call.output for call in episode.calls]


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS.keys())
@pytest.mark.parametrize("together", [True, False], ids=["drained at once", "drained one by one"])
def test_a_call_is_in_the_episode_it_names(jump: tuple[float, float], together: bool, home: Home) -> None:
    inbox, now = Inbox(home), itertools.accumulate([NOW, 1.0, 1.0 + jump[0], 1.0, 1.0 + jump[1], 1.0])
    clock = list(now)
    steps: list[Callable[[], Path]] = [
        lambda: inbox.prompt("s", "first", clock[0], prompt_id="p1"),
        lambda: inbox.call("s", "a", clock[1], prompt_id="p1"),
        lambda: inbox.call("s", "b", clock[2], prompt_id="p1"),
        lambda: inbox.prompt("s", "second", clock[3], prompt_id="p2"),
        lambda: inbox.call("s", "c", clock[4], prompt_id="p2"),
        lambda: inbox.put("Stop", "s", at=clock[5], prompt_id="p2", last_assistant_message="done"),
    ]
    for place, step in enumerate(steps):
        assert step().exists()
        if not together:
            drained(home, max(clock[place], 1.0))
    drained(home)
    assert os.listdir(home.spool) == [] and os.listdir(home.quarantine) == []
    found = {episode.prompt: episode for episode in episodes(home)}
    assert set(found) == {"first", "second"}
    assert sorted(names(found["first"])) == ["a", "b"]
    assert names(found["second"]) == ["c"]
    assert (found["first"].final, found["second"].final) == (None, "done")


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS.keys())
def test_without_prompt_ids_no_call_disappears(jump: tuple[float, float], home: Home) -> None:
    """Old clients name no prompt, so a call goes to the prompt before it by the clock.

    One that the clock puts before the first prompt of its session is kept, but in no episode: it may as well belong
    to a prompt that was not recorded, and a guess would be mined.
    """
    inbox = Inbox(home)
    inbox.prompt("s", "first", NOW)
    inbox.call("s", "a", NOW + 1)
    inbox.call("s", "b", NOW + 2 + jump[0])
    inbox.prompt("s", "second", NOW + 3 + jump[0])
    inbox.call("s", "c", NOW + 4 + sum(jump))
    drained(home)
    assert os.listdir(home.spool) == []
    with Store.open(home, write=False) as store:
        assert store.calls_count() == 3
    first = min(NOW, NOW + 3 + jump[0])
    after = [name for name, at in (("a", 1), ("b", 2 + jump[0]), ("c", 4 + sum(jump))) if NOW + at >= first]
    assert sorted(name for episode in episodes(home) for name in names(episode)) == after


def test_where_the_clock_goes_forward_the_order_is_kept(home: Home) -> None:
    """It is set back by a day in the middle: what came before and what came after keep their order each."""
    inbox = Inbox(home)
    inbox.prompt("s", "go", NOW, prompt_id="p")
    for number in range(10):
        inbox.call("s", f"before{number}", NOW + number, prompt_id="p")
    for number in range(10):
        inbox.call("s", f"later{number}", NOW - DAY + number, prompt_id="p")
    drained(home)
    (episode,) = episodes(home)
    told = names(episode)
    assert [name for name in told if name.startswith("b")] == [f"before{number}" for number in range(10)]
    assert [name for name in told if name.startswith("l")] == [f"later{number}" for number in range(10)]
    assert len(told) == 20


def test_events_of_one_instant_are_all_there_in_one_order(home: Home, tmp_path: Path) -> None:
    """However they are drained: the order of calls of one instant does not depend on it."""
    other = Home(str(tmp_path / "other"))
    other.ensure()
    orders = (list(range(30)), list(range(29, -1, -1)))
    for where, order in zip((home, other), orders, strict=True):
        inbox = Inbox(where)
        inbox.prompt("s", "go", NOW, prompt_id="p")
        for number in order:
            inbox.call("s", f"{number:02}", NOW, prompt_id="p")
            if number % 7 == 0:
                drained(where)
        drained(where)
    (one,), (two,) = episodes(home), episodes(other)
    assert names(one) == names(two)
    assert sorted(names(one)) == [f"{number:02}" for number in range(30)]


def test_two_prompts_of_one_instant_are_two(home: Home) -> None:
    inbox = Inbox(home)
    inbox.prompt("s", "one", NOW, prompt_id="p1")
    inbox.prompt("s", "two", NOW, prompt_id="p2")
    drained(home)
    assert sorted(episode.prompt for episode in episodes(home)) == ["one", "two"]


def test_two_calls_of_one_instant_without_ids_are_two(home: Home) -> None:
    inbox = Inbox(home)
    inbox.prompt("s", "go", NOW - 1)
    for said in ("x", "y"):
        inbox.call("s", said, NOW, tool_use_id="")
    drained(home)
    assert sorted(names(episodes(home)[0])) == ["x", "y"]


@pytest.mark.parametrize("wrong", [0.0, -DAY, 2 * YEAR], ids=["at 1970", "before 1970", "ahead"])
def test_a_drainer_whose_clock_is_wrong(wrong: float, home: Home) -> None:
    """What is whole is loaded; what may still grow is left or set aside, never lost."""
    inbox = Inbox(home)
    inbox.prompt("s", "go", NOW, prompt_id="p")
    inbox.call("s", "a", NOW + 1, prompt_id="p")
    half = inbox.raw("PostToolUse", '{"session_id": "s", "too', NOW + 1)
    mine = Path(home.spool, f"PostToolUse.{os.getpid()}")
    mine.write_text('{"session_id": "s"')
    os.utime(mine, (NOW, NOW))
    done = drained(home, NOW + wrong if wrong > 0 else wrong)
    assert done.events == 2
    assert [names(episode) for episode in episodes(home)] == [["a"]]
    for path in (half, mine):
        assert path.exists() != Path(home.quarantine, path.name).exists()


def test_a_half_written_file_of_the_future_does_not_wait_for_it(home: Home) -> None:
    """Its process id lives on in another process, and its time is a year away: a drainer a minute later takes it."""
    half = Path(home.spool, f"PostToolUse.{os.getpid()}")
    half.write_text('{"session_id": "s"')
    ahead = time.time() + YEAR
    os.utime(half, (ahead, ahead))
    drain(home, ENV, now=time.time() + 2 * spool.SETTLED_SECONDS)
    assert Path(home.quarantine, half.name).exists()
    assert Path(home.quarantine, f"{half.name}.reason").read_text().strip()
