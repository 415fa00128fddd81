"""Near-duplicates are joined, clashes are refused, and the library is the same in whatever order things come."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentjit import entries
from agentjit.compile.admission import essence, form, free_name, phrased, shape, starts
from agentjit.detect.mine import surveyed
from agentjit.home import Home
from agentjit.intercept.decide import decide
from agentjit.library import Library
from agentjit.pipeline import Study, admitted, publish, studied
from agentjit.skill import Entry, Plan, State
from agentjit.trace import Episode
from tests.compile import families
from tests.compile.plans import good
from tests.support.library import NOW, TEMPLATES, learned, renamed
from tests.support.notation import repeat

HERE = "/work/shop"
HEALTH = """
> {prompt}
$ curl -s http://127.0.0.1:9/{e}/{s}/health
| {"status": "ok", "version": "{v}", "uptime": {u}}
< {s} is healthy on {e} (version {v}).
"""
ROWS = [
    {"s": s, "e": e, "v": f"1.{n}.3", "u": str(40 + n)}
    for n, (s, e) in enumerate([("web", "prod"), ("api", "prod"), ("cart", "qa"), ("mail", "dev"), ("spam", "lab")])
]


def health(prompt: str, rows: Sequence[dict[str, str]] = ROWS, prefix: str = "") -> list[Episode]:
    """The health of a service, asked for in the words of `prompt`."""
    filled = [{**row, "prompt": prompt.replace("{s}", row["s"]).replace("{e}", row["e"])} for row in rows]
    return renamed(repeat(HEALTH, *filled), prefix)


IS = "is {s} healthy on {e}?"
CHECK = "check the health of {s} on {e}"
REVERSED = "on {e}, how does {s} do"


OTHER = [*renamed(families.pods(), "p"), *renamed(families.checks(), "q"), *renamed(families.reads(), "r")]
"""What else was done: where nothing else is, doing the same under two prompts may be chance."""


def studies(*histories: Sequence[Episode]) -> list[Study]:
    """The studies of histories, without that of `OTHER`."""
    every = [*OTHER, *(each for history in histories for each in history)]
    found = studied(surveyed(every, now=NOW), TEMPLATES)
    return [each for each in found if not {o.episode.id for o in each.hotspot.occurrences} & {e.id for e in OTHER}]


def plans(found: Sequence[Study]) -> list[Plan]:
    return [each.plan for each in found if each.plan]


# --- several phrasings of one workflow


def test_phrasings_of_one_workflow_are_one_skill(home: Home) -> None:
    publish(home, studies(health(IS), health(CHECK, prefix="b"), health(REVERSED, prefix="c")), TEMPLATES, now=NOW)
    (record,) = Library(home).records()
    assert (record.state, record.support.occurrences, record.support.sessions) == (State.ACTIVE, 15, 15)
    plan = Library(home).plan(record.name)
    assert len(plan.also) == 2
    for prompt in ("is ledger healthy on beta?", "check the health of ledger on beta", "on beta, how does ledger do"):
        rows = [json.loads(row) for row in entries.lookup(home.entries, prompt)]
        decision = decide(prompt, rows, cwd=HERE)
        assert decision.match, (prompt, decision.reason, [row["prompt"] for row in rows])
        assert sorted(decision.match.arguments.values()) == ["beta", "ledger"]
        assert decision.match.arguments == starts(plan, prompt, HERE)


def test_parameters_are_matched_by_their_part_not_their_name() -> None:
    (plan,) = plans(studies(health(IS), health(REVERSED, prefix="c")))
    first, other = (starts(plan, prompt, HERE) for prompt in ("is x healthy on y?", "on y, how does x do"))
    assert first == other != None  # noqa: E711


def test_one_that_does_something_else_is_not_joined() -> None:
    other = [
        replace(each, calls=tuple(replace(c, input={"command": f"{c.input['command']}?full"}) for c in each.calls))
        for each in health(CHECK, prefix="b")
    ]
    assert len(plans(studies(health(IS), other))) == 2


def test_one_whose_answer_is_another_is_not_joined() -> None:
    other = [replace(each, final=f"{each.final} Good.") for each in health(CHECK, prefix="b")]
    assert len(plans(studies(health(IS), other))) == 2


def test_a_shape_has_no_names_in_it() -> None:
    one, other = plans(studies(health(IS))), plans(studies(health(REVERSED)))
    assert shape(one[0]) == shape(other[0])
    assert essence(one[0]) != essence(other[0])
    assert form(one[0]) != form(plans(studies(families.users()))[0])
    assert phrased(one[0], other[0]) is not None


def renaming(plan: Plan, names: dict[str, str]) -> Plan:
    """The same plan with other names for its values."""
    text = re.sub(
        r'"(name|result|over|item|of)":"(\w+)"',
        lambda found: f'"{found[1]}":"{names.get(found[2], found[2])}"',
        plan.model_dump_json(),
    )
    return Plan.model_validate_json(text.replace("?P<service>", f"?P<{names['service']}>"))


OWN = "service cwd branch pods pod names total log nodes each about version release ticket status note paths".split()


@settings(max_examples=30, deadline=None)
@given(st.permutations([f"other_{name}" for name in OWN]))
def test_whatever_its_values_are_called_a_plan_does_the_same(names: list[str]) -> None:
    other = renaming(good(), dict(zip(OWN, names, strict=True)))
    assert shape(other) == shape(good())
    assert essence(other) != essence(good())
    joined = phrased(good(), other.model_copy(update={"entry": _asking(other.parameters[0].name)}))
    assert joined
    assert [entry.prompt for entry in joined.also] == ["what about {service}"]
    assert starts(joined, "what about web", HERE) == {"service": "web"}


def _asking(name: str) -> Entry:
    pattern = rf"what\s+about\s+(?P<{name}>[a-z]+)"
    return Entry(prompt=f"what about {{{name}}}", pattern=pattern, words=("what", "about"), directories=(HERE,))


def test_another_constant_is_another_shape() -> None:
    other = renaming(good(), {"service": "service"}).model_dump_json().replace('"nodes"}', '"nodez"}')
    assert shape(Plan.model_validate_json(other)) != shape(good())


def test_two_readings_of_one_prompt_are_no_certain_match() -> None:
    row = {
        "name": "a",
        "prompt": "x",
        "directories": [],
        "seen": {},
        "effects": "reads",
        "approved": False,
        "seconds": 0.1,
    }
    rows = [{**row, "pattern": r"see (?P<a>\w+) (?P<b>\w+)"}, {**row, "pattern": r"see (?P<b>\w+) (?P<a>\w+)"}]
    assert decide("see web web", rows, cwd=HERE).match
    decision = decide("see web prod", rows, cwd=HERE)
    assert decision.match is None
    assert "in more than one way" in decision.reason


# --- one subsumes the other


def test_the_narrower_of_two_goes_into_the_wider() -> None:
    """`on prod` was a constant in one, and a parameter in the other: the wider reproduces the traces of both."""
    prod = [{**row, "e": "prod", "s": f"p{n}"} for n, row in enumerate(ROWS)]
    (narrow,), (wide,) = studies(health(IS, prod, "n")), studies(health(IS, ROWS, "w"))
    assert narrow.plan and len(narrow.plan.parameters) == 1
    for pair in ([narrow, wide], [wide, narrow]):
        found = admitted(pair, TEMPLATES)
        (plan,) = plans(found)
        assert plan.support.occurrences == 10
        assert {p.name for p in plan.parameters} == {"name", "env"}
        assert "it is the workflow of healthy" in next(each.reason for each in found if not each.plan)


def test_prompts_that_also_led_elsewhere_start_nothing() -> None:
    """`is web healthy on prod?` matches the wider, but for prod something else was done."""
    prod = health(IS, [{**row, "e": "prod", "s": f"p{n}"} for n, row in enumerate(ROWS)], "n")
    other = [
        replace(each, calls=tuple(replace(c, input={"command": f"{c.input['command']}?full"}) for c in each.calls))
        for each in prod
    ]
    elsewhere = [{**row, "e": f"e{n}"} for n, row in enumerate(ROWS)]
    (narrow,), (wide,) = studies(other), studies(health(IS, elsewhere, "w"))
    found = admitted([narrow, wide], TEMPLATES)
    assert [plan.hotspot for plan in plans(found)] == [narrow.hotspot.id]
    assert "led to other steps" in next(each.reason for each in found if not each.plan)


def test_free_names() -> None:
    assert free_name("a", {"b"}) == "a"
    assert free_name("a", {"a", "a-2"}) == "a-3"


# --- nothing piles up

SETS = [
    (families.pipeline(), families.users(), families.fence()),
    (health(IS), health(CHECK, prefix="b"), families.threehop()),
]


@pytest.fixture(scope="module")
def studied_sets() -> list[list[Study]]:
    return [
        studies(*(renamed(history, f"{number}-{at}") for at, history in enumerate(histories)))
        for number, histories in enumerate(SETS)
    ]


def library(home: Home) -> object:
    """All that a library says, but for when it was said."""
    records = [
        record.model_dump(mode="json", exclude={"published_at", "changed_at"}) for record in Library(home).records()
    ]
    return records, Path(home.entries).read_bytes() if Path(home.entries).exists() else b""


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_publishing_in_any_order_and_number_gives_one_library(
    studied_sets: list[list[Study]], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    found = data.draw(st.sampled_from(studied_sets))
    once, often = (Home(str(tmp_path_factory.mktemp("home"))) for _ in range(2))
    publish(once, found, TEMPLATES, now=NOW)
    for _ in range(data.draw(st.integers(1, 3))):
        publish(often, data.draw(st.permutations(found)), TEMPLATES, now=NOW)
    assert library(often) == library(once)
    assert len(Library(once).records()) == len(plans(found))


def test_a_second_phrasing_that_comes_later_joins_the_skill(home: Home) -> None:
    publish(home, studies(health(IS)), TEMPLATES, now=NOW)
    (first,) = Library(home).records()
    both = studies(health(IS), health(CHECK, prefix="b"))
    assert publish(home, both, TEMPLATES, now=NOW) == {first.name: "recompiled"}
    (second,) = Library(home).records()
    assert Library(home).versions(first.name) == [first.version]
    assert len(Library(home).plan(second.name).also) == 1


def test_the_traces_of_one_phrasing_may_go_and_the_phrasing_stays(home: Home, tmp_path: Path) -> None:
    publish(home, studies(health(IS), health(CHECK, prefix="b")), TEMPLATES, now=NOW)
    (record,) = Library(home).records()
    assert publish(home, studies(health(IS)), TEMPLATES, now=NOW) == {record.name: "unchanged"}
    assert publish(home, studies(health(CHECK, prefix="b")), TEMPLATES, now=NOW).keys() == {record.name}
    assert len(Library(home).plan(record.name).also) == 1
    assert len(Library(home).records()) == 1


def test_a_phrasing_that_turns_out_to_be_another_workflow_leaves(home: Home) -> None:
    """It does the same by its shape, but the promises differ: known apart, the two were thought to be one skill."""
    (one,) = studies(health(IS))
    (other,) = studies(health(CHECK, [{**row, "u": str(90 + n)} for n, row in enumerate(ROWS)], prefix="b"))
    publish(home, [one], TEMPLATES, now=NOW)
    publish(home, [other], TEMPLATES, now=NOW)
    (record,) = Library(home).records()
    assert len(Library(home).plan(record.name).also) == 1
    publish(home, [one, other], TEMPLATES, now=NOW)
    apart = [Library(home).plan(record.name) for record in Library(home).records()]
    assert sorted(plan.entry.prompt for plan in apart) == sorted(
        [one.plan.entry.prompt if one.plan else "", other.plan.entry.prompt if other.plan else ""]
    )
    assert not any(plan.also for plan in apart)
    again = library(home)
    publish(home, [other, one], TEMPLATES, now=NOW)
    assert library(home) == again


def test_a_removed_skill_stays_removed_under_other_words(home: Home) -> None:
    publish(home, studies(health(IS)), TEMPLATES, now=NOW)
    (record,) = Library(home).records()
    with Library(home).changing() as records:
        records[record.name] = record.model_copy(update={"removed": True, "state": State.DISABLED})
        Library(home).delete(record.name)
    assert publish(home, studies(health(CHECK, prefix="b")), TEMPLATES, now=NOW) == {}
    assert Library(home).records() == []


def test_approval_is_asked_for_again_only_when_the_program_changes(home: Home) -> None:
    learned(home, families.checks())
    held = Library(home)
    (record,) = held.records()
    with held.changing() as records:
        records[record.name] = record.model_copy(
            update={"approved": record.hash, "approved_version": record.version, "state": State.ACTIVE}
        )
    learned(home, renamed(families.checks(2), "more"))
    assert held.record(record.name).is_approved
    other = [replace(each, prompt="please do run the checks") for each in renamed(families.checks(), "other")]
    learned(home, other)
    (again,) = held.records()
    assert not again.is_approved, "another prompt starts it now: that is more than was approved"
    assert again.state is State.CANDIDATE


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_names_do_not_depend_on_the_order(home: Home, order: tuple[int, ...]) -> None:
    commands = ["make lint", "ruff check .", "./lint.sh"]
    histories = [
        repeat(
            f"> run the checks{'!' * 0} {word}\n$ {command}\n| all clean\n< All clean.",
            *({} for _ in range(5 - n)),
        )
        for n, (word, command) in enumerate(zip(("alpha", "beta", "gamma"), commands, strict=True))
    ]
    named = [renamed(history, f"{n}") for n, history in enumerate(histories)]
    publish(home, [study for at in order for study in studies(named[at])], TEMPLATES, now=NOW)
    names = {record.name: Library(home).plan(record.name).entry.prompt for record in Library(home).records()}
    assert len(set(names.values())) == 3
    assert sorted(names) == sorted(set(names))
