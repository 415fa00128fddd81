"""What happens to skills when the operations they use are defined anew: never run stale, and say for what they wait."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agentjit import entries
from agentjit.cli import cli
from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.intercept.attempt import attempt, not_current
from agentjit.library import Library
from agentjit.operations import fingerprint, ground
from agentjit.pipeline import publish
from agentjit.publishing import recheck
from agentjit.schemas import Tool, save
from agentjit.skill import State
from agentjit.trace import Episode, ToolCall
from tests.compile import families
from tests.support.library import NOW, TEMPLATES, learned
from tests.support.notation import DAY, START

PROMPT = "why is x crashing in y?"


def aj(home: Home, *words: str) -> tuple[int, str]:
    env = {"AJ_HOME": home.root, "HOME": os.path.dirname(home.root)}
    done = CliRunner().invoke(cli, words, env=env)
    return done.exit_code, done.output


def teach(home: Home, **programs: Any) -> None:
    """Write the user's own catalogue."""
    Path(home.effects).write_text(json.dumps({"programs": programs}))


def reason(home: Home) -> str:
    (record,) = Library(home).records()
    return f"{record.state}: {record.reason}"


@pytest.fixture
def taught(home: Home) -> Home:
    learned(home, families.pods())
    assert reason(home).startswith("active")
    return home


def test_the_index_says_what_its_skills_were_validated_with(taught: Home) -> None:
    (row,) = [json.loads(row) for row in entries.lookup(taught.entries, PROMPT)]
    assert row["registry"] == fingerprint(taught) == Library(taught).registry
    assert not_current(taught, row) == ""


def test_another_catalogue_stops_what_uses_it_at_once(taught: Home) -> None:
    """Nothing was looked at yet: the hook itself must see that the index is of another catalogue."""
    teach(taught, kubectl={"subcommands": {"get": "writes-elsewhere"}})
    (row,) = [json.loads(row) for row in entries.lookup(taught.entries, PROMPT)]
    assert "`aj compile` looks at it again" in not_current(taught, row)
    payload = json.dumps({"prompt": PROMPT, "cwd": "/work/shop", "session_id": "s", "prompt_id": "p"}).encode()
    assert attempt(taught, payload, [json.dumps(row)], env={"HOME": taught.root, "PATH": ""}) is None
    (said,) = [json.loads(each) for each in _decisions(taught)]
    assert said["decision"] == "pass"
    assert "changed since crashing was validated" in said["reason"]


def _decisions(home: Home) -> list[bytes]:
    texts = [path.read_bytes() for path in Path(home.spool).iterdir()]
    return [line for text in texts for line in text.splitlines() if b'"aj": "decision"' in line]


def test_it_says_which_operation_changed(taught: Home) -> None:
    teach(taught, kubectl={"subcommands": {"get": {"flags": "-x"}}})
    code, out = aj(taught, "list", "--json")
    assert code == 0
    (listed,) = json.loads(out)
    assert listed["state"] == "candidate"
    assert "`kubectl get` is defined otherwise since it was compiled; `aj compile`" in listed["state_reason"]
    assert entries.lookup(taught.entries, PROMPT) == []
    assert "`kubectl get` is defined otherwise" in aj(taught, "show", "crashing")[1]
    code, out = aj(taught, "run", "crashing", "name=web", "namespace=prod")
    assert (code, "is defined otherwise" in out) == (3, True)
    code, out = aj(taught, "approve", "crashing", "--yes")
    assert (code, "cannot be approved as it is" in out) == (2, True)


def test_why_says_what_a_skill_waits_for(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path)
    learned(
        home,
        [
            replace(each, cwd=here, calls=tuple(replace(call, cwd=here) for call in each.calls))
            for each in families.pods()
        ],
    )
    teach(home, kubectl={"subcommands": {"get": {"flags": "-x"}}})
    assert "fits but is candidate: `kubectl get` is defined otherwise" in aj(home, "why", PROMPT)[1]


def test_what_does_not_use_it_goes_on(taught: Home) -> None:
    teach(taught, helm={"subcommands": {"list": "unknown"}})
    recheck(taught, now=NOW)
    assert reason(taught).startswith("active")
    (row,) = [json.loads(row) for row in entries.lookup(taught.entries, PROMPT)]
    assert not_current(taught, row) == ""


def test_compiling_looks_at_it_again_and_keeps_what_is_still_valid(taught: Home) -> None:
    teach(taught, kubectl={"subcommands": {"get": {"flags": "-x"}}})
    before = Library(taught).record("crashing")
    recheck(taught, now=NOW)
    assert reason(taught).startswith("candidate")
    assert learned(taught).happened == {"crashing": "unchanged"}
    after = Library(taught).record("crashing")
    assert (after.state, after.stale) == (State.ACTIVE, "")
    assert after.hash != before.hash, "the plan says what it was validated with"
    assert learned(taught).happened == {"crashing": "unchanged"}
    assert Library(taught).record("crashing").hash == after.hash


def test_without_its_traces_the_plan_itself_is_validated_again(taught: Home) -> None:
    teach(taught, kubectl={"subcommands": {"get": {"flags": "-x"}}})
    assert publish(taught, [], TEMPLATES, now=NOW) == {}
    assert reason(taught).startswith("active")
    teach(taught, kubectl={"subcommands": {"get": "writes-elsewhere"}})
    assert publish(taught, [], TEMPLATES, now=NOW) == {}
    assert "stage 7 (policy)" in reason(taught)
    assert "says that it reads, but the registry says writes-elsewhere" in reason(taught)
    assert entries.lookup(taught.entries, PROMPT) == []


def test_what_a_person_knows_better_is_declared(home: Home) -> None:
    """The built-in catalogue has `kubectl get` for a read; whoever knows it for more is asked before it runs."""
    home.ensure()
    teach(home, kubectl={"subcommands": {"get": "writes-elsewhere"}})
    learned(home, families.pods())
    plan = Library(home).plan("crashing")
    assert [str(step.effect) for step in plan.every_step()] == ["writes-elsewhere", "reads"]
    assert "aj approve crashing" in reason(home)


def test_an_approval_is_for_the_program_and_outlives_a_definition(home: Home) -> None:
    learned(home, families.checks())
    library = Library(home)
    (record,) = library.records()
    with library.changing() as records:
        records[record.name] = record.model_copy(
            update={"approved": record.hash, "approved_version": record.version, "state": State.ACTIVE}
        )
    teach(home, tail={"flags": "-x"})
    recheck(home, now=NOW)
    assert library.record(record.name).state is State.CANDIDATE
    learned(home)
    again = library.record(record.name)
    assert (again.state, again.is_approved) == (State.ACTIVE, True)
    assert again.hash != record.hash


def test_a_catalogue_that_cannot_be_read_stops_everything(taught: Home) -> None:
    Path(taught.effects).write_text("{not json")
    with pytest.raises(BadInput, match="is not a catalogue of effects"):
        ground(taught)
    (row,) = [json.loads(row) for row in entries.lookup(taught.entries, PROMPT)]
    assert not_current(taught, row)
    assert "not held against the catalogue" in aj(taught, "list")[1]


# --- tools of MCP servers

ISSUE = "mcp__tracker__get_issue"


def issues() -> Sequence[Episode]:
    """Five prompts that each look an issue up."""
    found = []
    for n in range(5):
        at = START + n * DAY
        said = json.dumps({"number": 40 + n, "title": f"title {n}", "state": "open"})
        call = ToolCall(f"t{n}", ISSUE, {"number": 40 + n, "repo": "shop"}, said, True, None, at, 0.1, "/work/shop")
        prompt = f"what is the title of issue {40 + n}?"
        episode = Episode(f"i{n}:p", f"i{n}", prompt, "/work/shop", at, requests=3, tokens=9, seconds=2.0)
        found.append(replace(episode, calls=(call,), final=f"Issue {40 + n}: title {n}"))
    return found


def schema(**properties: Any) -> dict[str, Tool]:
    shape = {"type": "object", "properties": properties, "required": list(properties)}
    return {ISSUE: Tool("tracker", shape, {"readOnlyHint": True})}


def test_a_schema_that_changes_stops_the_skills_of_its_tool(home: Home) -> None:
    home.ensure()
    save(home, schema(number={"type": "integer"}, repo={"type": "string"}))
    happened = learned(home, issues(), families.checks()).happened
    (name,) = [name for name in happened if "check" not in name]
    record = Library(home).record(name)
    assert ISSUE in {each.name for each in Library(home).plan(name).operations}
    assert record.state is State.ACTIVE, record.reason
    save(home, schema(number={"type": "string"}, repo={"type": "string"}))
    recheck(home, now=NOW)
    assert f"`{ISSUE}` is defined otherwise" in Library(home).record(name).reason
    learned(home)
    stale = Library(home).record(name)
    assert stale.state is State.CANDIDATE
    assert "stage 3 (argument types)" in stale.reason, stale.reason
    save(home, schema(number={"type": "integer"}, repo={"type": "string"}))
    learned(home)
    assert Library(home).record(name).state is State.ACTIVE


def _styled(files: Sequence[int]) -> list[Episode]:
    """`run the checks` in sessions of their own, with so many files checked each."""
    return [
        replace(
            episode,
            id=f"{episode.id}-{count}",
            session=f"{episode.session}-{count}",
            calls=tuple(
                replace(
                    call,
                    id=f"{call.id}-{count}",
                    output=re.sub(r"style: \d+ files", f"style: {count} files", call.output),
                )
                for call in episode.calls
            ),
        )
        for episode, count in zip(families.checks(), files, strict=False)
    ]


@pytest.mark.parametrize(
    ("files", "happened"), [((13, 14, 14, 15, 17), "unchanged"), ((40, 50, 60, 70, 80), "recompiled")]
)
def test_bounds_that_drift_keep_the_approval(home: Home, files: Sequence[int], happened: str) -> None:
    """Only what the published program would not have taken is a new version."""
    learned(home, _styled((12, 13, 14, 13, 15)))
    assert aj(home, "approve", "checks", "--yes")[0] == 0
    before = Library(home).record("checks")
    assert learned(home, _styled(files)).happened == {"checks": happened}
    after = Library(home).record("checks")
    assert (after.state, after.hash == before.hash) == (
        (State.ACTIVE, True) if happened == "unchanged" else (State.CANDIDATE, False)
    )
    assert after.support.occurrences > before.support.occurrences
