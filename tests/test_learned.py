"""What operations cost, learned from real records in a real database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources

import pytest

from agentjit.compile.weighing.latencies import RESERVOIR, Latencies, Sample, costs
from agentjit.detect.mine import hotspots
from agentjit.home import Home
from agentjit.learned import latencies, latencies_of, name_of
from agentjit.store import Store
from agentjit.store_timing import NEWEST
from agentjit.trace import CallSeen, DecisionSeen, Ended, PromptSeen, Seen, StepDone, ToolCall, UsageSeen
from tests.compile import families
from tests.support.notation import DAY, START


def call(
    number: int,
    command: str,
    seconds: float | None,
    *,
    tool: str = "Bash",
    exit_code: int | None = 0,
    ok: bool = True,
    ended: Ended = Ended.RETURNED,
    background: bool = False,
) -> CallSeen:
    given: dict[str, object] = {"command": command} if tool == "Bash" else {"file_path": command}
    if background:
        given["run_in_background"] = True
    made = ToolCall(f"c{number}", tool, given, "", ok, exit_code, float(number), seconds, ended=ended)
    return CallSeen("s", "s:p", made)


def decided(name: str, at: float, *steps: StepDone) -> DecisionSeen:
    return DecisionSeen(
        name, at, "s", "s:p", "prompt", "run", "it matches", skill="x", outcome="answered", seconds=1.0, steps=steps
    )


def known(home: Home, records: Iterable[Seen]) -> Latencies:
    with Store.open(home, write=True) as store:
        store.add(records)
    return latencies(home)


def test_nothing_recorded_is_nothing_known(home: Home) -> None:
    found = latencies(home)
    assert found == Latencies()
    assert found.turn == (costs().turn_seconds, costs().turn_tokens)


def test_calls_are_pooled_by_what_they_do_and_newest_come_first(home: Home) -> None:
    found = known(
        home,
        [
            call(1, "git log -1 -- a.py", 0.1),
            call(2, "git log -1 -- b.py", 0.2),
            call(3, "git status", 9.0),
            call(4, "git log -1 -- 'c d.py'", 0.3, exit_code=128, ok=False),
        ],
    )
    log = name_of("Bash", {"command": "git log -1 -- x.py"})
    assert log == name_of("Bash", {"command": "git log -1 -- y.py z.py"}) != name_of("Bash", {"command": "git status"})
    assert found.operations[log] == Sample((0.3, 0.2, 0.1), (128, 0, 0))


def test_the_steps_of_skills_count_too(home: Home) -> None:
    steps = (StepDone("git status", 0, 0.004), StepDone("Read 'a b'", None, 0.5), StepDone("git status", 1, 0.006))
    found = known(home, [call(1, "git status", 0.1), decided("d1", 7.0, *steps), decided("d2", 8.0)])
    (sample,) = found.operations.values()
    assert sorted(sample.seconds) == [0.004, 0.006, 0.1]
    assert sample.seconds[-1] == 0.1, "the run was later"
    assert sorted(sample.exit_codes) == [0, 0, 1]


def test_other_tools_go_by_their_name_and_fail_by_their_word(home: Home) -> None:
    found = known(
        home,
        [
            call(1, "a.txt", 0.01, tool="Read", exit_code=None),
            call(2, "b.txt", 0.02, tool="Read", exit_code=None, ok=False),
        ],
    )
    assert found.operations == {"Read": Sample((0.02, 0.01), (1, 0))}


def test_what_tells_nothing_of_time_is_left_out(home: Home) -> None:
    found = known(
        home,
        [
            call(1, "make", None),
            call(2, "make", 5.0, ended=Ended.INTERRUPTED),
            call(3, "make", 5.0, ended=Ended.DENIED),
            call(4, "make", 0.01, background=True),
        ],
    )
    assert found.operations == {}


def test_the_reservoir_is_bounded_and_holds_the_newest(home: Home) -> None:
    found = known(home, [call(number, "git status", number / 1000) for number in range(NEWEST + 50)])
    (sample,) = found.operations.values()
    assert len(sample.seconds) == NEWEST
    assert sample.seconds[0] == (NEWEST + 49) / 1000
    found = known(home, [call(1000 + number, f"git log -- f{number}", 1.0) for number in range(RESERVOIR + 50)])
    assert max(len(each.seconds) for each in found.operations.values()) == RESERVOIR


@pytest.mark.parametrize(
    "command", ['echo "$(rm -rf ~)"', "a\nb", "'", "", "x" * 100_000, '{"a": 1}', "é\x1b[2J", "a\0b"]
)
def test_hostile_commands(home: Home, command: str) -> None:
    found = known(home, [call(1, command, 0.5)])
    assert [each.seconds for each in found.operations.values()] == [(0.5,)]


def test_what_the_database_cannot_read_is_left_out_and_breaks_nothing(home: Home) -> None:
    bad = call(1, "echo '\ud800'", 0.5)
    step = StepDone("echo '\udfff'", 0, 0.1)
    found = known(home, [bad, decided("d1", 7.0, step), call(3, "git status", 0.1)])
    assert list(found.operations) == ["git status"]


def test_what_is_forgotten_is_not_known(home: Home) -> None:
    records: list[Seen] = [PromptSeen("s", "s:p", 0.0, "p", "typed", "/w"), call(1, "git status", 0.1)]
    assert known(home, records).operations
    Store.drop(home)
    assert latencies(home).operations == {}


def test_turns_of_the_model(home: Home) -> None:
    records: list[Seen] = []
    for number, (requests, tokens, seconds) in enumerate([(2, 20_000, 6.0), (4, 44_000, 20.0), (1, 9_000, 8.0)]):
        records.append(PromptSeen("s", f"s:{number}", float(number), "p", "typed", "/w"))
        records.append(UsageSeen("s", f"s:{number}", requests, tokens, seconds))
    records.append(PromptSeen("s", "s:none", 9.0, "p", "typed", "/w"))
    found = known(home, records)
    assert found.turns == ((8.0, 9_000.0), (5.0, 11_000.0), (3.0, 10_000.0))
    assert found.turn == (5.0, 10_000.0)


def test_a_hotspots_own_calls_tell_without_a_store() -> None:
    (hotspot,) = (each for each in hotspots(families.reads(), now=START + 30 * DAY) if each.template)
    assert latencies_of(hotspot).operations == {"Read": Sample((0.1,) * 5, (0,) * 5)}


def test_the_constants_say_how_they_were_measured() -> None:
    data = json.loads(resources.files("agentjit.compile.weighing").joinpath("costs.json").read_text("utf-8"))
    assert set(data) == set(costs()._fields)
    assert all(each["how"] and each["value"] > 0 for each in data.values())
