"""What a recompilation changed, in words."""

from __future__ import annotations

from typing import Any

import pytest

from agentjit.compile.difference import differences
from agentjit.contract import Contract
from agentjit.piece import Cell, JsonPath, Kind, Pattern, Text
from agentjit.skill import Need, Plan
from agentjit.step import Ending, Step
from agentjit.trace import Effect
from tests.compile.gold_plans import PLANS
from tests.compile.plan_notation import argument, bound, param, plan, run, step

PASSED = Kind(expression="[0-9]+", low=0)
GET = "kubectl get pods -n {ns}"


def made(contract: Contract | None = None, **changed: Any) -> Plan:
    """A small plan with a contract, or with fields changed."""
    base = plan(
        "pods",
        "pods of {ns}",
        step("pods", run(GET), bound("pod", Cell(column=0), like="[a-z]+"), contract=contract),
        answer="{pod}",
        parameters=(param("ns", "[a-z]+", "prod", "dev"),),
    )
    return base.model_copy(update=changed)


def told(before: Plan, now: Plan) -> list[tuple[str, str]]:
    return [(change.about, change.text) for change in differences(before, now)]


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_does_not_differ_from_itself(name: str) -> None:
    assert differences(PLANS[name], PLANS[name]) == []


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (param("ns", "[a-z]+", "prod"), param("ns", "[a-z]+", "prod", "lab"), 'ns: also "lab"'),
        (
            param("ns", "[a-z]+", "prod"),
            param("ns", "[a-z0-9-]+", "prod", "eu-1"),
            "ns: wider, [a-z]+ became [a-z0-9-]+",
        ),
        (param("ns", "[a-z0-9]+", "a1"), param("ns", "[a-z]+", "b"), "ns: narrower, [a-z0-9]+ became [a-z]+"),
        (param("ns", "[a-z]+", "prod"), param("ns", "[a-z]*", "prod"), "ns: otherwise, [a-z]+ became [a-z]*"),
        (param("ns", ".", "p"), param("ns", ".", "p", hole=True), "ns: what only a model can say"),
        (param("ns", ".", "p"), param("name", ".", "q"), 'name is new, like "q"'),
        (param("ns", ".", "p"), param("name", ".", "q"), "ns is gone"),
    ],
)
def test_arguments(old: Any, new: Any, text: str) -> None:
    assert ("argument", text) in told(made(parameters=(old,)), made(parameters=(new,)))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ({"exit_codes": (0,)}, {"exit_codes": (0, 1)}, "looser after `{}`: exit status 0 or 1"),
        ({"exit_codes": (0, 1)}, {"exit_codes": (0,)}, "tighter after `{}`: exit status 0"),
        ({"exit_codes": (0,)}, {}, "looser after `{}`: no longer the exit status"),
        ({}, {"calm": True}, "tighter after `{}`: no word of trouble"),
        ({"header": "NAME AGE"}, {}, "looser after `{}`: no longer the table's header"),
        ({"header": "A"}, {"header": "A B"}, "changed after `{}`: the table's header, A B, was A"),
        (
            {"words": ((2, ("Running",)),)},
            {"words": ((2, ("Running", "Done")),)},
            "looser after `{}`: Done in column 2 too",
        ),
        (
            {"words": ((2, ("Up", "Down")),)},
            {"words": ((2, ("Up",)),)},
            "tighter after `{}`: Down in column 2 no longer",
        ),
        ({}, {"words": ((1, ("A", "B")),)}, "tighter after `{}`: only A or B in column 1"),
        (
            {"holds": ((JsonPath(path=("state",)), argument("ok")),)},
            {},
            "looser after `{}`: no longer a value known before, ok at JSON path state",
        ),
        (
            {"shape": (Text(text="ok"),)},
            {"shape": (Text(text="ok "), Kind(expression="[0-9]+"))},
            "changed after `{}`: the shape of the text, 'ok <[0-9]+>', was 'ok'",
        ),
        (
            {"shape": (PASSED.model_copy(update={"high": 114}), Text(text=" passed"))},
            {"shape": (PASSED.model_copy(update={"high": 158}), Text(text=" passed"))},
            "looser after `{}`: the number, 0 to 158, was 0 to 114, in '<[0-9]+> passed'",
        ),
        (
            {"each": (Text(text="at "), PASSED.model_copy(update={"high": 9}))},
            {"each": (Text(text="at "), PASSED.model_copy(update={"low": 2, "high": 7}))},
            "tighter after `{}`: the number, 2 to 7, was 0 to 9, in every line",
        ),
        (
            {"shape": (Text(text="so it goes " * 9), Text(text="ok"))},
            {"shape": (Text(text="so it goes " * 9), Text(text="no"))},
            "changed after `{}`: the shape of the text, …'no', was …'ok'",
        ),
        ({"lines": (1, 4)}, {"lines": (1, 9)}, "looser after `{}`: how many lines, 1 to 9, was 1 to 4"),
        ({"exists": ()}, {"exists": (argument("out.{ns}"),)}, "tighter after `{}`: the file, out.{{ns}}"),
    ],
)
def test_contracts_tightened_and_loosened(old: dict[str, Any], new: dict[str, Any], text: str) -> None:
    changes = told(made(Contract(seen=6, **old)), made(Contract(seen=6, **new)))
    assert changes == [("check", text.format(GET))]


def test_steps_added_removed_and_changed() -> None:
    first, *rest = made().steps
    more = step("logs", run("kubectl logs {pod} --tail=20"))
    fewer = step("logs", run("kubectl logs {pod} --tail=50"), effect=Effect.UNKNOWN)
    with_logs = made(steps=(first, *rest, more))
    assert told(made(), with_logs) == [("step", "new: kubectl logs {pod} --tail=20 (reads)")]
    assert told(with_logs, made()) == [("step", "no longer: kubectl logs {pod} --tail=20 (reads)")]
    assert told(with_logs, made(steps=(first, fewer))) == [
        ("effects", "the worst effect is unknown, was reads"),
        ("step", "kubectl logs {pod} --tail=20 became kubectl logs {pod} --tail=50, unknown, was reads"),
    ]


def test_a_step_that_is_made_at_the_same_time() -> None:
    before = PLANS["overview"]
    alone = before.model_copy(
        update={"steps": (*before.steps[:2], before.steps[2].model_copy(update={"beside": False}))}
    )
    events = "kubectl --context {cluster} get events -A --sort-by=.lastTimestamp | tail -20"
    assert told(alone, before) == [("step", f"{events} became {events} (at the same time)")]


def test_values_endings_needs_and_directories() -> None:
    other = step("pods", run(GET), bound("pod", Pattern(expression=r"^(\S+)"), like="[a-z]+"))
    assert told(made(), made(steps=(other,))) == [("value", r"{pod} is the pattern ^(\S+), was column 0")]
    assert told(made(), made(ending=Ending.GATHERED, answer=())) == [
        ("ending", "ends with: the outputs go to the model; was: answer '{pod}'")
    ]
    assert told(made(), made(requires=(Need(kind="program", name="kubectl"),))) == [("need", "needs kubectl too")]
    entry = made().entry.model_copy(update={"directories": ("/srv",)})
    assert told(made(), made(entry=entry)) == [("entry", "starts in /srv only")]


def test_a_loop_that_may_go_further() -> None:
    before = PLANS["formatting"]
    loop = before.steps[1].model_copy(update={"most": 9})
    now = before.model_copy(update={"steps": (before.steps[0], loop, before.steps[2])})
    assert told(before, now) == [
        ("step", "for each path of paths (at most 6): became for each path of paths (at most 9):")
    ]


def test_a_nested_branch_that_is_gone() -> None:
    before = PLANS["incident"]
    assert before.fork and before.fork.paths[1].fork
    inner = before.fork.paths[1].fork
    path = before.fork.paths[1].model_copy(update={"fork": inner.model_copy(update={"paths": inner.paths[:1]})})
    now = before.model_copy(update={"fork": before.fork.model_copy(update={"paths": (before.fork.paths[0], path)})})
    gone = (
        "if health says '^status: degraded$' (seen 1 of 6): journalctl -u {service} -n 50; the outputs go to the model"
    )
    assert told(before, now) == [("branch", f"no longer: {gone}")]


def linear(plan: Plan, **changed: Any) -> Plan:
    """The plan as it was when all traces went the way of its last path."""
    assert plan.fork
    way, first = plan.fork.paths[-1], plan.steps[0]
    assert isinstance(first, Step)
    promised = first.contract.model_copy(update={"exit_codes": (0,), "columns": (2, 2), "calm": True})
    alone = first.model_copy(update={"contract": promised, "bindings": (*first.bindings, *way.bindings)})
    return plan.model_copy(update={"steps": (alone, *way.steps), "fork": None, **changed})


def forked(plan: Plan) -> Plan:
    """The same with the checks of its first output on the last path."""
    assert plan.fork
    *others, way = plan.fork.paths
    way = way.model_copy(update={"contract": way.contract.model_copy(update={"columns": (2, 2), "calm": True})})
    return plan.model_copy(update={"fork": plan.fork.model_copy(update={"paths": (*others, way)})})


def test_a_fork_where_there_was_none_is_no_change_of_what_stands_on_its_way() -> None:
    now = forked(PLANS["commit"])
    before = linear(now, ending=Ending.GATHERED, answer=())
    assert told(before, now) == [
        ("branch", "new: if status prints nothing (seen 2 of 6): answer 'There is nothing to commit.'"),
        ("branch", "new: if status prints something (seen 4 of 6)"),
        (
            "ending",
            "if status prints nothing, it ends with: answer 'There is nothing to commit.'; "
            "was: the outputs go to the model",
        ),
        (
            "ending",
            "if status prints something, it ends with: answer 'Committed {count(paths)} files as {commit}.'; "
            "was: the outputs go to the model",
        ),
    ]
    assert [about for about, _ in told(now, before)] == ["branch", "branch", "ending"]


def test_a_check_that_did_not_move_to_its_path_is_gone() -> None:
    now = PLANS["commit"]
    assert ("check", "looser after `git status --porcelain`: no longer how many columns") in told(linear(now), now)
    assert ("check", "tighter after `git status --porcelain`, if status prints something: how many columns") in told(
        now, forked(now)
    )
