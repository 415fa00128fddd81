"""Variants of a plan: nothing passes a write or uses what is not there yet; the cheapest that is proven is taken."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from statistics import median, quantiles
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit.compile.admission import essence
from agentjit.compile.render import program
from agentjit.compile.weighing.candidates import Weighed, as_scheduled, candidates, choose, settled
from agentjit.compile.weighing.latencies import Latencies, Sample, Seen, costs
from agentjit.compile.weighing.schedule import (
    AT_ONCE,
    Order,
    Waves,
    World,
    duration,
    earliest,
    order,
    shortest,
)
from agentjit.compile.weighing.simulate import cost, thrown, ways
from agentjit.compile.weighing.variants import variants
from agentjit.contract import Contract
from agentjit.detect.reach import reach_of
from agentjit.detect.signature import operation
from agentjit.hotspot import Occurrence
from agentjit.piece import Argument, Binding, Kind, Ref, Text, Whole
from agentjit.proving import same_call
from agentjit.run.load import load
from agentjit.run.verify import Verdict, replay
from agentjit.skill import Entry, Parameter, Plan, Support
from agentjit.step import BashStep, Ending, Fork, Guard, Loop, Path, ReadStep, ShellStep, Step, call_text
from agentjit.trace import Effect, Episode, Reach, ToolCall
from tests.compile import families, structures
from tests.compile.test_families import TEMPLATES, compiled, ran
from tests.support.notation import episodes, repeat

SILENT = Contract(seen=5, exit_codes=(0,), shape=(Kind(expression=""),))


def step(
    name: str,
    *uses: str,
    effect: Effect = Effect.READS,
    seconds: float = 0.1,
    makes: str = "",
    contract: Contract | None = None,
) -> Step:
    """`look NAME USE…`, whose result is called NAME; it binds `makes`."""
    words: list[Argument] = [(Text(text="look"),), (Text(text=name),), *((Ref(name=use),) for use in uses)]
    bindings = (Binding(name=makes, finders=(Whole(),), pattern=(Kind(expression=".*"),)),) if makes else ()
    return Step(
        call=BashStep(argv=tuple(words)),
        result=name,
        effect=effect,
        contract=contract or Contract(seen=5, exit_codes=(0,)),
        bindings=bindings,
        seconds=seconds,
    )


def plan(*steps: Step | Loop, fork: Fork | None = None, holes: Sequence[str] = (), answer: str = "") -> Plan:
    return Plan(
        name="looking",
        hotspot="h",
        entry=Entry(prompt="look", pattern="look", words=("look",)),
        parameters=tuple(Parameter(name=hole, pattern=".+", seen=("v",), hole=True) for hole in holes),
        steps=steps,
        fork=fork,
        ending=Ending.ANSWERED if answer else Ending.GATHERED,
        answer=(Ref(name=answer),) if answer else (),
        support=Support(occurrences=5, sessions=5, episodes=("a", "b", "c", "d", "e")),
    )


def words(tool: str, given: Mapping[str, Any]) -> str:
    """A naming that keeps every word: enough where commands have no values."""
    return str(given.get("command", tool))


def waves(made: Plan) -> list[list[str]]:
    """The steps of a plan without loops, wave by wave."""
    found: list[list[str]] = []
    for each in made.every_step():
        if each.beside:
            found[-1].append(each.result)
        else:
            found.append([each.result])
    return found


def looks_here(tool: str, given: Mapping[str, Any]) -> Reach:
    """All commands of these tests are of this machine."""
    return Reach.LOCAL


HERE = World(lambda step: Reach.LOCAL)


def weighed(made: Plan, latencies: Latencies | None = None) -> list[Weighed]:
    return candidates(made, latencies or Latencies(), words, looks_here)


def chosen(made: Plan, latencies: Latencies | None = None) -> Plan:
    return choose(weighed(made, latencies), lambda variant: "")


# --- waves


def test_independent_reads_are_one_wave() -> None:
    made = chosen(plan(step("a", seconds=0.3), step("b", seconds=0.5), step("c", seconds=0.4)))
    assert waves(made) == [["a", "b", "c"]]
    assert [(each.name, each.chosen) for each in made.candidates] == [("sequential", False), ("parallel", True)] + [
        (each.name, False) for each in made.candidates[2:]
    ]


def test_a_write_between_reads_is_a_barrier() -> None:
    for effect in (Effect.WRITES_HERE, Effect.WRITES_ELSEWHERE, Effect.UNKNOWN):
        made = chosen(plan(step("a"), step("b"), step("w", effect=effect), step("c"), step("d")))
        assert waves(made) == [["a", "b"], ["w"], ["c", "d"]]


@pytest.mark.parametrize(
    "words", ["sleep 5", "kubectl wait pod/x", "kubectl rollout status x", "gh run watch", "a --wait"]
)
def test_what_passes_the_time_is_a_barrier(words: str) -> None:
    argv = tuple((Text(text=word),) for word in words.split())
    passing = step("z").model_copy(update={"call": BashStep(argv=argv)})
    assert waves(chosen(plan(step("a"), step("b"), passing, step("c"), step("d")))) == [["a", "b"], ["z"], ["c", "d"]]


def test_to_look_again_is_to_look_later() -> None:
    again = step("a").model_copy(update={"result": "again"})
    assert waves(chosen(plan(step("a"), step("b"), again))) == [["a", "b"], ["again"]]


def test_a_value_is_waited_for() -> None:
    made = chosen(plan(step("a", makes="pod"), step("b", "pod"), step("c")))
    (first, second) = waves(made)
    assert second == ["b"] and sorted(first) == ["a", "c"]


def test_what_a_check_compares_with_may_come_from_the_same_wave_but_not_from_a_later_one() -> None:
    compares = Contract(seen=5, exit_codes=(0,), shape=(Text(text="pod "), Ref(name="pod")))
    made = chosen(plan(step("z"), step("a", "zed", makes="pod"), step("b", contract=compares)))
    assert waves(made) == [["z", "a", "b"]], "`zed` is no step's value"
    made = chosen(plan(step("z", makes="zed"), step("a", "zed", makes="pod"), step("b", contract=compares)))
    assert waves(made) == [["z"], ["a", "b"]]


def test_nothing_passes_a_step_that_needs_what_may_be_missing() -> None:
    made = chosen(plan(step("a"), step("b"), step("c", "message"), step("d"), step("e"), holes=["message"]))
    assert waves(made) == [["a", "b"], ["c"], ["d", "e"]]


def test_a_loop_stays_where_it_is() -> None:
    loop = Loop(over="pods", item="pod", steps=(step("x", "pod"), step("y", "pod")), most=3)
    made = chosen(plan(step("a", makes="pods"), loop, step("b"), step("c")))
    assert made.steps[1] == loop
    assert [each.beside for each in made.every_step()] == [False, False, False, False, True]


def test_each_path_of_a_fork_has_waves_of_its_own() -> None:
    paths = tuple(
        Path(
            guard=Guard(of="a", by="exit", codes=(code,)),
            seen=5,
            contract=Contract(seen=5),
            steps=tuple(step(f"{name}{code}") for name in "pq"),
            ending=Ending.GATHERED,
        )
        for code in (0, 1)
    )
    made = chosen(plan(step("a"), step("b"), fork=Fork(paths=paths)))
    assert waves(made) == [["a", "b"], ["p0", "q0"], ["p1", "q1"]]


def test_a_long_step_takes_those_with_it_that_can_wait() -> None:
    """As early as possible: a and b, then c, 0.5 + 0.5. Together it is 0.1 + 0.5."""
    made = plan(step("a", seconds=0.1, makes="pod"), step("b", seconds=0.5), step("c", "pod", seconds=0.5))
    table = {each.candidate.name: each for each in weighed(made)}
    assert waves(table["parallel"].plan or made) == [["a", "b"], ["c"]]
    assert waves(table["balanced"].plan or made) == [["a"], ["b", "c"]]
    assert next(each.name for each in chosen(made).candidates if each.chosen) == "balanced"


# --- any order of things


@st.composite
def rows(draw: st.DrawFn) -> tuple[Step, ...]:
    """Steps that read and write, and use values of steps before them in their calls and checks."""
    found: list[Step] = []
    for i in range(draw(st.integers(1, 9))):
        before = st.sampled_from([f"v{j}" for j in range(i)]) if i else st.nothing()
        uses = draw(st.lists(before, max_size=2)) if i else []
        checked = draw(st.lists(before, max_size=2)) if i else []
        effect = draw(st.sampled_from([Effect.READS] * 5 + [Effect.WRITES_HERE, Effect.UNKNOWN]))
        shape = tuple(Ref(name=name) for name in checked)
        found.append(
            step(
                f"s{i}",
                *uses,
                effect=effect,
                makes=f"v{i}",
                seconds=draw(st.floats(0.001, 2.0)),
                contract=Contract(seen=5, exit_codes=(0,), shape=shape),
            )
        )
    return tuple(found)


def obeys(cut: Waves, steps: Sequence[Step]) -> None:
    """Independently of `order`: nothing passes a write, calls find their values made, checks their values at hand."""
    assert sorted(i for wave in cut for i in wave) == list(range(len(steps)))
    at = {i: number for number, wave in enumerate(cut) for i in wave}
    for wave in cut:
        assert wave == sorted(wave), "results are looked at in the order of the traces"
        assert len(wave) == 1 or all(steps[i].effect is Effect.READS for i in wave)
    for j, later in enumerate(steps):
        for i, earlier in enumerate(steps[:j]):
            value = f"'v{i}'"
            if earlier.effect is not Effect.READS or later.effect is not Effect.READS or value in repr(later.call):
                assert at[i] < at[j]
            if value in repr(later.contract):
                assert at[i] <= at[j]


def critical_path(rules: Order, seconds: Sequence[float]) -> float:
    """The longest chain of steps that wait for each other: no schedule is shorter."""
    ends: list[float] = []
    for after, own in zip(rules.after, seconds, strict=True):
        ends.append(own + max((ends[i] for i in after), default=0.0))
    return max(ends, default=0.0)


@given(rows())
def test_no_schedule_violates_the_order_of_data_and_effects(steps: tuple[Step, ...]) -> None:
    rules, seconds = order(steps, set(), HERE), [each.seconds or 0.0 for each in steps]
    early, short = earliest(rules), shortest(rules, seconds)
    for cut in (early, short):
        obeys(cut, steps)
    assert critical_path(rules, seconds) - 1e-9 <= duration(short, seconds) <= duration(early, seconds)
    assert duration(early, seconds) <= sum(seconds) + 1e-9


@given(rows())
def test_the_simulated_time_lies_between_the_critical_path_and_one_after_the_other(steps: tuple[Step, ...]) -> None:
    """Where latencies do not vary; draws in which something fails are left out."""
    made = plan(*steps)
    constant = {id(each): Sample((each.seconds or 0.0,) * 30, (0,) * 200) for each in steps}
    dice = thrown(made, lambda each: constant[id(each)], (5.0, 1000.0), draws=50)
    rules, seconds = order(steps, set(), HERE), [each.seconds or 0.0 for each in steps]
    found = {
        each.name: cost(each.plan, each.parts, dice)
        for each in variants(made, lambda each: each.seconds or 0, HERE)
        if each.plan
    }
    well = [i for i, each in enumerate(found["sequential"].seconds) if abs(each - sum(seconds)) < 1e-9]
    assert len(well) > 25
    for own in found.values():
        for i in well:
            assert critical_path(rules, seconds) - 1e-9 <= own.seconds[i]
            assert own.seconds[i] <= sum(seconds) + costs().beside * len(steps)


GETS = ("curl -s http://ci/web/build", "curl -s http://ci/web/last", "kubectl get pods", "git status", "docker ps")


def reading(name: str, command: str) -> Step:
    argv: list[Argument] = [(Text(text=word),) for word in shlex.split(command)]
    return step(name, seconds=1.0).model_copy(update={"call": BashStep(argv=tuple(argv))})


def waves_of(*commands: str, traces: Sequence[Occurrence] = ()) -> list[list[str]]:
    """The waves of the parallel variant of these reads, by the first word that tells them apart."""
    steps = [reading(f"s{i}", command) for i, command in enumerate(commands)]
    found = candidates(plan(*steps), Latencies(), words, reach_of, traces)
    best = next((each.plan for each in found if each.candidate.name == "parallel"), found[0].plan)
    assert best
    return waves(best)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (GETS[:2], [["s0"], ["s1"]]),
        (("gh api /x", "gh pr list"), [["s0"], ["s1"]]),
        (("gh pr list", "ssh h uptime"), [["s0"], ["s1"]]),
        (("kubectl get pods", "kubectl get nodes", "docker ps"), [["s0", "s1", "s2"]]),
        (("kubectl get pods", "kubectl get --raw /do"), [["s0"], ["s1"]]),
        (("git status", "ls", "cat a"), [["s0", "s1", "s2"]]),
        (("curl -s http://a", "git status", "ls"), [["s0", "s1", "s2"]]),
        (("./check one", "./check two"), [["s0"], ["s1"]]),
        (("find . -exec curl -s {} ';'", "curl -s http://a"), [["s0"], ["s1"]]),
    ],
)
def test_what_may_set_something_off_keeps_its_place(commands: tuple[str, ...], expected: list[list[str]]) -> None:
    assert waves_of(*commands) == expected


def asked(*at: tuple[float, str]) -> Occurrence:
    """A trace of `GETS[:2]`, asked for at these times and in these batches."""
    calls = [
        ToolCall(f"t{i}", "Bash", {"command": command}, "ok", True, 0, when, 1.0, "/w", batch=batch)
        for i, (command, (when, batch)) in enumerate(zip(GETS, at, strict=False))
    ]
    whole = Episode("a", "a", "do it", "/w", 0.0, calls=tuple(calls))
    return Occurrence(whole, tuple(map(operation, calls)))


def test_what_a_trace_asked_for_at_once_is_done_at_once() -> None:
    assert waves_of(*GETS[:2], traces=[asked((1.0, ""), (2.0, ""))]) == [["s0"], ["s1"]]
    assert waves_of(*GETS[:2], traces=[asked((1.0, "b"), (2.0, "c"))]) == [["s0"], ["s1"]]
    assert waves_of(*GETS[:2], traces=[asked((1.0, ""), (2.0, "")), asked((1.0, "b"), (2.0, "b"))]) == [["s0", "s1"]]
    assert waves_of(*GETS[:2], traces=[asked((1.0, ""), (2.0, "")), asked((2.0, ""), (1.0, ""))]) == [["s0", "s1"]]


def test_a_get_is_never_left_out() -> None:
    """Nothing needs what it said, but perhaps what it did."""
    made = plan(reading("a", GETS[0]).model_copy(update={"contract": Contract(seen=5)}), reading("b", "ls"), answer="b")
    found = candidates(made, Latencies(), words, reach_of)
    assert "lean" not in [each.candidate.name for each in found if each.plan]


def test_more_calls_than_are_made_at_once_are_several_waves() -> None:
    rules = order([step(f"s{i}", seconds=float(i)) for i in range(AT_ONCE + 2)], set(), HERE)
    assert [len(wave) for wave in earliest(rules)] == [AT_ONCE, 2]
    short = shortest(rules, [float(i) for i in range(AT_ONCE + 2)])
    assert short == [[0, 1], [2, 3, 4, 5]], "the long ones together"


def test_steps_too_many_to_try_them_all_are_made_as_early_as_they_can_be() -> None:
    rules = Order(tuple(frozenset[int]() for _ in range(30)), tuple(frozenset[int]() for _ in range(30)))
    begin = time.monotonic()
    assert shortest(rules, [float(i) for i in range(30)]) == earliest(rules)
    assert time.monotonic() - begin < 5.0


# --- fewer programs, fewer reads


def names(made: Plan) -> dict[str, str]:
    """The candidates and why they were not chosen."""
    return {each.name: each.reason for each in chosen(made).candidates}


def test_silent_reads_are_one_command() -> None:
    made = plan(*(step(name, "x", contract=SILENT) for name in "abc"), step("d"))
    (fused,) = (each for each in weighed(made) if each.candidate.name == "fused")
    assert fused.plan and fused.parts == ((0, 1, 2), (3,))
    first = next(fused.plan.every_step())
    assert call_text(first.call) == "look a {x} && look b {x} && look c {x}"
    assert first.contract == SILENT
    assert first.seconds == 0.3


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (step("b", effect=Effect.WRITES_HERE, contract=SILENT), "`look b` may write"),
        (step("b"), "could not be checked by itself"),
        (step("b", makes="pod", contract=SILENT), "is used"),
        (step("b", contract=SILENT.model_copy(update={"exit_codes": (0, 1)})), "is not always 0"),
        (step("b", contract=SILENT.model_copy(update={"header": "A B"})), "could not be checked by itself"),
    ],
)
def test_what_cannot_be_fused_without_a_loss_is_not_and_says_why(second: Step, reason: str) -> None:
    told = names(plan(step("a", contract=SILENT), second))
    assert told["fused"].startswith("not made: ") and reason in told["fused"]


def test_quoting_in_a_fused_command() -> None:
    """What the shell gets is what the programs got without one."""
    words: tuple[Argument, ...] = (
        (Text(text="test"),),
        (Text(text="$(id) 'x'"),),
        (Text(text="a="), Ref(name="v")),
        (),
    )
    hostile = step("a", contract=SILENT).model_copy(update={"call": BashStep(argv=words)})
    (fused,) = (
        each
        for each in weighed(plan(hostile, hostile.model_copy(update={"result": "b"})))
        if each.plan and len(each.parts) == 1
    )
    assert fused.plan
    first = next(fused.plan.every_step()).call
    assert isinstance(first, ShellStep)
    script = "".join(piece.text if isinstance(piece, Text) else shlex.quote("$HOME; id") for piece in first.script)
    one, _, other = script.partition(" && ")
    assert one == other and shlex.split(one) == ["test", "$(id) 'x'", "a=$HOME; id", ""]


def test_a_read_that_promises_nothing_may_be_left_out_of_an_answered_plan() -> None:
    idle = Step(
        call=ReadStep(path=(Text(text="README.md"),)), result="text", effect=Effect.READS, contract=Contract(seen=5)
    )
    needed = step("a", makes="pod")
    made = plan(idle, needed, answer="pod")
    (lean,) = (each for each in weighed(made) if each.candidate.name == "lean")
    assert lean.plan and list(lean.plan.every_step()) == [needed] and lean.parts == ((1,),)
    assert "lean" not in names(plan(idle, needed)), "the model reads what is gathered"
    assert "`look b` promises" in names(plan(step("b"), needed, answer="pod"))["lean"]
    assert "lean" not in names(plan(step("b", makes="value"), step("c", "value", makes="pod"), answer="pod"))


def test_traces_as_a_variant_would_have_made_them() -> None:
    (episode,) = episodes("> look\n$ test -d a\n$ test -d b\n@ c.txt\n| text\n$ ls\n| x")
    occurrence = Occurrence(episode, tuple(operation(call) for call in episode.calls))
    told = as_scheduled(occurrence, ((3,), (0, 1)), 4)
    assert [each.call.input["command"] for each in told.operations] == ["ls", "test -d a && test -d b"]
    assert [each.call.output for each in told.operations] == ["x", ""]


# --- what it costs


def test_ways_and_rounds() -> None:
    loop = Loop(over="pods", item="pod", steps=(step("x", "pod"), step("y", "pod")), most=3)
    paths = tuple(
        Path(
            guard=Guard(of="a", by="empty"),
            seen=seen,
            contract=Contract(seen=seen),
            steps=steps,
            ending=Ending.GATHERED,
        )
        for seen, steps in ((4, (step("p"),)), (1, ()))
    )
    made = plan(step("a", makes="pods"), loop, fork=Fork(paths=paths))
    one, two = ways(made, tuple((i,) for i in range(4)))
    assert (one[0], two[0]) == (4, 1)
    assert [(wave.calls, wave.most) for wave in one[1]] == [(((0,),), 0), (((1,),), 3), (((2,),), 3), (((3,),), 0)]
    assert one[1][:3] == two[1]


def test_a_failing_step_costs_turns_of_the_model() -> None:
    made = plan(step("a"), step("b"))
    fine = Latencies.of((Seen(f"look {name}", 0.1, 0) for name in "ab" for _ in range(200)), [(4.0, 10_000.0)])
    poor = Latencies.of(
        (Seen(f"look {name}", 0.1, int(name == "a" and n % 2)) for name in "ab" for n in range(200)), [(4.0, 10_000.0)]
    )
    good, bad = weighed(made, fine)[0].candidate, weighed(made, poor)[0].candidate
    assert good.seconds == pytest.approx(0.2, abs=0.15)
    assert bad.seconds == pytest.approx(0.1 + 0.5 * 0.1 + 0.5 * (0.1 + 2 * 4.0), abs=0.4)
    assert bad.tokens == pytest.approx(0.5 * 20_000, rel=0.1)
    assert bad.slow > 8.0


def test_few_samples_are_widened_and_many_are_taken_as_they_are() -> None:
    dice = Random(1)
    few = Sample((0.1, 0.1), ()).draws(2_000, dice)
    assert median(few) == pytest.approx(0.1, rel=0.1)
    assert quantiles(few, n=20)[-1] > 0.13, "two equal latencies are no constant"
    assert set(Sample((0.1, 0.9) * 10, ()).draws(100, dice)) == {0.1, 0.9}
    assert all(each > 0 for each in Sample((0.0,), ()).draws(10, dice))


def test_the_same_plan_is_always_weighed_the_same() -> None:
    made = plan(step("a"), step("b", makes="x"), step("c", "x"))
    assert chosen(made) == chosen(made)


def test_what_gains_next_to_nothing_stays_as_it_was() -> None:
    made = chosen(plan(step("a", seconds=0.004), step("b", seconds=0.003)))
    assert [each.beside for each in made.every_step()] == [False, False]
    assert [each.reason for each in made.candidates if each.name == "parallel"] == [
        "no faster than sequential, which is simpler"
    ]


def test_a_published_plan_stays_until_another_gains_something() -> None:
    """Latencies drift; a new version may have to be approved again."""
    steps = (step("a", seconds=0.1), step("b", seconds=0.12), step("w", effect=Effect.WRITES_HERE))
    published = choose(weighed(plan(*steps)), lambda variant: "not yet")
    now = chosen(plan(*steps))
    assert essence(published) != essence(now)
    assert settled(published, now), "0.1 s"
    slow = tuple(each.model_copy(update={"seconds": 5.0}) for each in steps)
    assert not settled(published, chosen(plan(*slow))), "5 s"
    assert not settled(published, chosen(plan(steps[0], steps[2], steps[1]))), "a read on the other side of a write"
    assert not settled(published, chosen(plan(*steps, step("c")))), "a step more"
    assert not settled(now, choose(weighed(plan(*steps)), lambda variant: "it is wrong")), "what is wrong by now"


def test_what_is_not_proven_is_not_taken() -> None:
    made = choose(weighed(plan(step("a"), step("b"))), lambda variant: "it calls something else")
    assert [each.beside for each in made.every_step()] == [False, False]
    assert {each.name: each.reason for each in made.candidates}["parallel"] == "not taken: it calls something else"


# --- the road


def test_a_fused_plan_reproduces_the_traces_taken_together() -> None:
    made = compiled(
        repeat(
            "> is {x} ready?\n$ test -d /srv/{x}\n$ test -f /srv/{x}/ok\n$ cat /srv/{x}/state\n| {s}\n< {x} is {s}.",
            *({"x": f"svc{i}", "s": f"up{i}"} for i in range(5)),
        )
    )
    assert made.plan, made.reason
    sequential = made.plan.model_copy(
        update={"steps": tuple(each.model_copy(update={"beside": False}) for each in made.plan.every_step())}
    )
    (fused,) = (each for each in weighed(sequential) if each.candidate.name == "fused")
    assert fused.plan, fused.candidate.reason
    source = load(program(fused.plan, TEMPLATES), "skill.py")
    occurrence = made.hotspot.occurrences[0]
    arguments, environment = {made.plan.parameters[0].name: "svc0"}, {"cwd": "/work/shop"}

    def replayed(trace: Occurrence) -> Verdict:
        return replay(source, arguments, trace, environment=environment, same=same_call)[0]

    assert replayed(as_scheduled(occurrence, fused.parts, 3)) is Verdict.EXACT
    assert replayed(occurrence) is Verdict.WRONG
    swapped = replace(occurrence, operations=(*reversed(occurrence.operations[:2]), occurrence.operations[2]))
    assert replayed(as_scheduled(swapped, fused.parts, 3)) is Verdict.WRONG


def test_three_slow_reads_compile_to_one_wave_and_still_reproduce_every_trace() -> None:
    rows = [{"x": f"svc{i}", "a": str(10 + i), "b": str(70 + 3 * i), "c": str(1000 + 7 * i)} for i in range(5)]
    made = compiled(
        repeat(
            "> how is {x} doing?\n$ cat /srv/{x}/load\n| load {a}\n$ cat /srv/{x}/queue\n| queue {b}\n"
            "$ cat /srv/{x}/users\n| users {c}\n< {x} has load {a}, queue {b} and {c} users.",
            *rows,
        )
    )
    assert made.plan, made.reason
    assert [each.beside for each in made.plan.every_step()] == [False, True, True]
    assert "together(" in made.program
    assert made.plan.support.held_out == "5 of 5"
    run = ran(
        made,
        {"name": "web"},
        {"cat /srv/web/load": "load 1", "cat /srv/web/queue": "queue 2", "cat /srv/web/users": "users 3"},
    )
    assert run.answer == "web has load 1, queue 2 and 3 users."


def test_a_chain_stays_a_chain() -> None:
    made = compiled(families.threehop())
    assert made.plan
    assert [each.name for each in made.plan.candidates] == ["sequential", "fused"]


DIRTY = """> check this
$ git branch --show-current
| main
$ git status
| Changes not staged for commit:
|   modified: {f}
$ git diff --stat
| {f} | {n} ++
$ git log -1 --format=%h
| {h}
$ git commit -am wip
| [main {g}] wip
< Committed as {g}."""
CLEAN = """> check this
$ git branch --show-current
| main
$ git status
| nothing to commit, working tree clean
$ git log -1 --format=%h
| {h}
$ git stash list
| none
< There is nothing to commit after {h}."""


def test_a_workflow_that_forks_has_waves_before_and_on_each_path() -> None:
    runs = [
        structures.filled(
            DIRTY if way == "d" else CLEAN,
            f=f"f{i}.py",
            n=str(3 + i),
            h=f"ab{i}c{i * 37 + 11}",
            g=f"fe{i}d{i * 31 + 7}",
        )
        for i, way in enumerate("ddcdcdccdc")
    ]
    made = structures.compiled(structures.history(*runs))
    assert made.plan and made.plan.fork, made.reason
    assert {tuple(map(len, waves(plan(*path.steps)))) for path in made.plan.fork.paths} == {(2, 1), (2,)}
    assert [len(wave) for wave in waves(plan(*made.plan.steps))] == [2]
    world = {
        "git branch --show-current": "main",
        "git status": "nothing to commit, working tree clean",
        "git log -1 --format=%h": "ab5c77",
        "git stash list": "none",
    }
    assert structures.ran(made, world).answer == "There is nothing to commit after ab5c77."
