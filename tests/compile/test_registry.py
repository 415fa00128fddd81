"""Operations: what a line starts, what names its definition, and what changes it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from agentjit.compile.registry import Registry, built, changed, schema_of, used, with_inferred
from agentjit.operations import built_in
from agentjit.trace import Effect

REGISTRY = built_in().registry


def started(line: str, registry: Registry = REGISTRY) -> list[str]:
    return [operation.name for operation in registry.program(shlex.split(line))]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("git status --short", ["git status"]),
        ("git -C /srv --no-pager log -1", ["git log"]),
        ("git stash list", ["git stash list"]),
        ("git stash", ["git stash"]),
        ("git frobnicate x", ["git frobnicate"]),
        ("/usr/bin/git log", ["git log"]),
        ("./deploy.sh --now", ["./deploy.sh"]),
        ("kubectl -n shop get pods", ["kubectl get"]),
        ("kubectl rollout status deploy/x", ["kubectl rollout status"]),
        ("timeout 5 git log", ["timeout", "git log"]),
        ("nice -n 5 timeout -k 1 5 git log", ["nice", "timeout", "git log"]),
        ("env A=1 B=2 git log", ["env", "git log"]),
        ("xargs -n 1 git rm", ["xargs", "git rm"]),
        ("find . -name x -exec rm {} ;", ["find", "rm"]),
        ("sudo ls", ["sudo", "ls"]),
        ("cat", ["cat"]),
    ],
)
def test_what_a_line_starts(line: str, names: list[str]) -> None:
    assert started(line) == names


def test_a_word_nobody_knows_ends_what_is_known() -> None:
    assert REGISTRY.program([None, "x"]) == []
    assert [each.name for each in REGISTRY.program(["git", None, "x"])] == ["git"]


def test_what_the_catalogue_does_not_have_is_unknown() -> None:
    (foreign,) = REGISTRY.program(["./deploy.sh"])
    assert (foreign.known, foreign.effect) == (False, Effect.UNKNOWN)
    (status,) = REGISTRY.program(["git", "status"])
    assert (status.known, status.effect) == (True, Effect.READS)


RULES: dict[str, Any] = {
    "git": {"flags": "-P", "values": "-C", "subcommands": {"status log": "reads", "push": "writes-elsewhere"}},
    "ls": "reads",
}


def digests(rules: dict[str, Any], *lines: str) -> dict[str, str]:
    registry = built(rules, {}, {})
    return {each.name: each.digest for each in used(op for line in lines for op in registry.program(line.split()))}


LINES = ("git status", "git push", "ls -l", "mytool x")


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        (RULES, set()),
        ({**RULES, "ls": {"effect": "reads"}}, set()),
        ({**RULES, "ls": {"effect": "reads", "about": "lists"}}, set()),
        ({**RULES, "ls": "writes-here"}, {"ls"}),
        ({**RULES, "ls": {"flags": "-l"}}, {"ls"}),
        ({**RULES, "mytool": "reads"}, {"mytool"}),
        ({**RULES, "other": "reads"}, set()),
        ({**RULES, "git": {**RULES["git"], "subcommands": {"status log push": "reads"}}}, {"git push"}),
        ({**RULES, "git": {**RULES["git"], "flags": "-P -x"}}, {"git push", "git status"}),
        ({**RULES, "git": {**RULES["git"], "subcommands": {**RULES["git"]["subcommands"], "gc": "reads"}}}, set()),
    ],
)
def test_a_digest_changes_with_its_own_definition_only(rules: dict[str, Any], names: set[str]) -> None:
    before, after = digests(RULES, *LINES), digests(rules, *LINES)
    assert {name for name in before if before[name] != after[name]} == names


def test_an_about_is_no_definition() -> None:
    assert digests({"ls": {"about": "a"}}, "ls") == digests({"ls": {"about": "b"}}, "ls")


def test_changed_names_what_came_went_or_is_another() -> None:
    one = used(built(RULES, {}, {}).program(["git", "status"]))
    other = used(built({"git": "unknown"}, {}, {}).program(["git", "status"]))
    assert changed(one, one) == ()
    assert changed(one, other) == ("git", "git status")


# --- tools

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}


@pytest.mark.parametrize(
    ("hints", "effect"),
    [
        ({"readOnlyHint": True}, Effect.READS),
        ({"readOnlyHint": True, "destructiveHint": True}, Effect.UNKNOWN),
        ({"readOnlyHint": False}, Effect.WRITES_ELSEWHERE),
        ({}, Effect.UNKNOWN),
        ({"readOnlyHint": "yes"}, Effect.UNKNOWN),
    ],
)
def test_a_learned_tool(hints: dict[str, Any], effect: Effect) -> None:
    tool = built({}, {}, {"mcp__a__b": {"inputSchema": SCHEMA, "annotations": hints}}).tool("mcp__a__b")
    assert tool and (tool.effect, tool.input, tool.inferred) == (effect, SCHEMA, False)


def test_a_server_cannot_redefine_what_is_built_in() -> None:
    registry = built({}, {}, {"Write": {"inputSchema": {}, "annotations": {"readOnlyHint": True}}})
    tool = registry.tool("Write")
    assert tool and tool.effect is Effect.WRITES_HERE


def test_a_tool_without_a_schema_has_what_its_traces_showed() -> None:
    calls = [("mcp__a__b", {"id": n, "tags": ["x"]}, Effect.UNKNOWN) for n in (1, 2)]
    registry = with_inferred(built({}, {}, {}), [*calls, ("Read", {"file_path": "x"}, Effect.READS)])
    tool = registry.tool("mcp__a__b")
    assert tool and tool.inferred
    assert tool.input["properties"]["id"] == {"type": "integer"}
    assert tool.input["required"] == ["id", "tags"]
    read = registry.tool("Read")
    assert read and not read.inferred
    more = with_inferred(built({}, {}, {}), [*calls, ("mcp__a__b", {"id": 3}, Effect.READS)]).tool("mcp__a__b")
    assert more and more.digest == tool.digest, "another trace is no other definition"
    learned = built({}, {}, {"mcp__a__b": {"inputSchema": SCHEMA}}).tool("mcp__a__b")
    assert learned and learned.digest != tool.digest


def test_schema_of() -> None:
    assert schema_of([1, 2]) == {"type": "integer"}
    assert schema_of([1, "a"]) == {"type": ["integer", "string"]}
    assert schema_of([True]) == {"type": "boolean"}
    assert schema_of([{"a": 1}, {"b": None}]) == {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "null"}},
        "required": [],
        "additionalProperties": False,
    }
