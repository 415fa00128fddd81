"""Tools of MCP servers: asked as the agent asks them, of servers that the agent would use, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agentjit import kit
from agentjit.kit.local import Local
from agentjit.kit.schema import misfit
from tests.kit import server
from tests.kit.test_process import gone, pid_in

SERVER = str(Path(server.__file__))


class Place:
    """A home and a project with servers in their files."""

    def __init__(self, root: Path) -> None:
        self.home, self.work = root / "home", root / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.log = root / "log"

    def write(self, path: str, value: object) -> None:
        target = (self.home if path.startswith("~") else self.work) / path.removeprefix("~/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(value))

    def server(self, **given: object) -> dict[str, Any]:
        return {"command": sys.executable, "args": [SERVER, str(self.log)], **given}

    def user(self, servers: Mapping[str, object], **project: object) -> None:
        self.write("~/.claude.json", {"mcpServers": servers, "projects": {str(self.work): project}})

    def local(self, seconds: float = 20.0, env: Mapping[str, str] | None = None) -> Local:
        own = {"HOME": str(self.home), "PATH": os.environ["PATH"], **(env or {})}
        return Local(cwd=str(self.work), env=own, seconds=seconds)

    def asked(self, name: str, given: Mapping[str, object] | None = None, **env: str) -> str:
        with self.local(env=env) as local:
            return local.perform(kit.tool(name, given or {})).stdout


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.user({"test": made.server()})
    return made


def said(place: Place) -> list[dict[str, Any]]:
    return [json.loads(line) for line in place.log.read_text().splitlines()]


# --- the protocol


def test_a_tool_is_called_after_the_handshake(place: Place) -> None:
    with place.local() as local:
        first = local.perform(kit.tool("mcp__test__add", {"a": 2, "b": 0.5}))
        second = local.perform(kit.tool("mcp__test__say", {"text": "it's $(x)\n|é"}))
    assert (first.stdout, first.exit_code) == ("2.5", None)
    assert second.stdout == "it's $(x)\n\né", "texts are joined by a line end"
    methods = [message["method"] for message in said(place)]
    assert methods[:2] == ["initialize", "notifications/initialized"]
    assert methods[2:] == ["tools/list"] * 3 + ["tools/call"] * 2, "one server, its whole list, two calls"
    assert said(place)[-1]["params"] == {"name": "say", "arguments": {"text": "it's $(x)\n|é"}}


def test_structured_content_is_what_the_agent_shows(place: Place) -> None:
    assert place.asked("mcp__test__say", {"text": "é", "structured": True}) == '{"result":"é","size":2}'


def test_a_server_that_asks_is_told_no_and_goes_on(place: Place) -> None:
    pong, refusal = json.loads(place.asked("mcp__test__ask"))
    assert (pong["id"], pong["result"]) == (7, {})
    assert (refusal["id"], refusal["error"]["code"]) == ("x", -32601)


def test_names_are_spelled_as_the_agent_spells_them(place: Place) -> None:
    place.user({"my server.1": place.server()})
    assert place.asked("mcp__my_server_1__odd_name") == "odd"


def test_it_runs_in_the_working_directory_with_its_own_variables(place: Place) -> None:
    place.user({"test": place.server(env={"REGION": "${PLACE:-north}-1", "KEY": "${SECRET}"})})
    assert place.asked("mcp__test__where", {"name": "REGION"}, SECRET="x") == f"{place.work} north-1"
    assert place.asked("mcp__test__where", {"name": "KEY"}, SECRET="it's") == f"{place.work} it's"
    with pytest.raises(kit.StepFailed, match="variable SECRET"):
        place.asked("mcp__test__where", {"name": "KEY"})


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("mcp__test__fail", {}, "no such issue"),
        ("mcp__test__picture", {}, "answer with text"),
        ("mcp__test__leave", {}, "the program ended"),
        ("mcp__test__long", {}, "more than"),
        ("mcp__test__none", {}, "one tool none"),
        ("mcp__test__", {}, "one MCP server"),
        ("mcp__other__add", {}, "none that the agent would use"),
        ("WebFetch", {}, "none that the agent would use"),
        ("mcp__test__add", {"a": 1}, "has no b"),
        ("mcp__test__add", {"a": -1, "b": 1}, "too small"),
        ("mcp__test__add", {"a": "1", "b": 1}, "wanted is integer"),
        ("mcp__test__add", {"a": True, "b": 1}, "wanted is integer"),
        ("mcp__test__add", {"a": 1, "b": "1"}, "wanted is number"),
        ("mcp__test__add", {"a": 1, "b": 1, "c": 1}, "not known"),
    ],
)
def test_what_cannot_be_done_is_handed_back(place: Place, name: str, given: dict[str, object], reason: str) -> None:
    with pytest.raises(kit.StepFailed, match=reason):
        place.asked(name, given)
    if reason.startswith(("has", "too", "wanted", "not")):
        assert "tools/call" not in [message["method"] for message in said(place)], "the server is not even asked"


# --- its end


def test_a_server_that_does_not_answer_is_ended(place: Place, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    begin = time.monotonic()
    with place.local(seconds=1.0) as local, pytest.raises(kit.StepFailed, match="in time"):
        local.perform(kit.tool("mcp__test__slow", {"pid": str(pid)}))
    assert time.monotonic() - begin < 10
    assert gone(pid_in(pid))


def test_killed_ourselves_no_server_stays(place: Place, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import os; from agentjit import kit; from agentjit.kit.local import Local\n"
        f"env = {{'HOME': {str(place.home)!r}, 'PATH': os.environ['PATH']}}\n"
        f"with Local(cwd={str(place.work)!r}, env=env) as local:\n"
        f"    local.perform(kit.tool('mcp__test__slow', {{'pid': {str(pid)!r}}}))"
    )
    ours = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    child = pid_in(pid)
    ours.send_signal(signal.SIGKILL)
    ours.wait(10)
    assert gone(child)


def test_tools_and_commands_together(place: Place, tmp_path: Path) -> None:
    calls = (
        kit.tool("mcp__test__add", {"a": 1, "b": 1}),
        kit.bash("echo", "three"),
        kit.tool("mcp__test__add", {"a": 2, "b": 2}),
    )
    with place.local() as local:
        assert [result.stdout.strip() for result in local.perform_all(calls)] == ["2", "three", "4"]
    pid = tmp_path / "pid"
    with place.local() as local, pytest.raises(kit.StepFailed, match="no-such-program"):
        local.perform_all((kit.tool("mcp__test__slow", {"pid": str(pid)}), kit.bash("no-such-program")))


# --- which servers


def test_the_nearer_scope_has_the_word(place: Place) -> None:
    broken = {"command": "no-such-program"}
    place.user({"test": broken}, mcpServers={"test": place.server()})
    assert place.asked("mcp__test__add", {"a": 1, "b": 1}) == "2"


def approved(place: Place) -> None:
    place.user({}, hasTrustDialogAccepted=True)
    place.write(".mcp.json", {"mcpServers": {"shared": place.server()}})
    place.write(".claude/settings.local.json", {"enabledMcpjsonServers": ["shared"]})


def by_the_user(place: Place) -> None:
    approved(place)
    place.write(".claude/settings.local.json", {})
    place.write("~/.claude/settings.json", {"enableAllProjectMcpServers": True})


@pytest.mark.parametrize("arrange", [approved, by_the_user])
def test_a_server_of_the_project_that_was_approved(place: Place, arrange: Callable[[Place], None]) -> None:
    arrange(place)
    assert place.asked("mcp__shared__add", {"a": 1, "b": 1}) == "2"


def not_approved(place: Place) -> None:
    place.write(".claude/settings.local.json", {})


def by_the_project_itself(place: Place) -> None:
    place.write(".claude/settings.local.json", {})
    place.write(".claude/settings.json", {"enableAllProjectMcpServers": True, "enabledMcpjsonServers": ["shared"]})


def not_trusted(place: Place) -> None:
    place.user({}, hasTrustDialogAccepted=False)


def rejected(place: Place) -> None:
    place.write(".claude/settings.json", {"disabledMcpjsonServers": ["shared"]})


def switched_off(place: Place) -> None:
    place.user({}, hasTrustDialogAccepted=True, disabledMcpServers=["shared"])


def restricted(place: Place) -> None:
    place.write("~/.claude/settings.json", {"allowedMcpServers": [{"serverName": "shared"}]})


def over_http(place: Place) -> None:
    place.write(".mcp.json", {"mcpServers": {"shared": {"type": "http", "url": "http://127.0.0.1:1/mcp"}}})


def in_a_strange_form(place: Place) -> None:
    place.write(".mcp.json", {"mcpServers": {"shared": {"command": sys.executable, "args": "server.py"}}})


def in_a_broken_file(place: Place) -> None:
    (place.work / ".mcp.json").write_text("{")


@pytest.mark.parametrize(
    "arrange",
    [
        not_approved,
        by_the_project_itself,
        not_trusted,
        rejected,
        switched_off,
        restricted,
        over_http,
        in_a_strange_form,
        in_a_broken_file,
    ],
)
def test_a_server_that_the_agent_might_not_use_is_not_started(place: Place, arrange: Callable[[Place], None]) -> None:
    approved(place)
    arrange(place)
    with pytest.raises(kit.StepFailed):
        place.asked("mcp__shared__add", {"a": 1, "b": 1})
    assert not place.log.exists()


# --- schemas


@pytest.mark.parametrize(
    ("value", "schema", "fits"),
    [
        ({}, None, True),
        ({}, {}, True),
        ({"a": 1}, {"properties": {"a": {"enum": [1, 2]}}}, True),
        ({"a": True}, {"properties": {"a": {"enum": [1, 2]}}}, False),
        ({"a": "x"}, {"properties": {"a": {"const": "y"}}}, False),
        ({"a": None}, {"properties": {"a": {"type": ["string", "null"]}}}, True),
        ({"a": 1}, {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}, False),
        ({"a": 1}, {"properties": {"a": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}}, True),
        ({"a": 3.0}, {"properties": {"a": {"type": "integer"}}}, True),
        ({"a": 3.5}, {"properties": {"a": {"type": "integer"}}}, False),
        ({"a": [1, "x"]}, {"properties": {"a": {"items": {"type": "integer"}}}}, False),
        ({"a": []}, {"properties": {"a": {"type": "array", "minItems": 1}}}, False),
        ({"a": "abc"}, {"properties": {"a": {"type": "string", "maxLength": 2}}}, False),
        ({"a": "abc"}, {"properties": {"a": {"pattern": "^b"}}}, False),
        ({"a": "abc"}, {"properties": {"a": {"pattern": "(?<n>"}}}, True),
        ({"a": 5}, {"properties": {"a": {"exclusiveMaximum": 5}}}, False),
        ({"a": {"b": {"c": 1}}}, {"properties": {"a": {"additionalProperties": {"type": "string"}}}}, False),
        ({"a": 1}, {"properties": {"a": {"$ref": "http://elsewhere"}}}, False),
        (
            {"a": {"a": {"a": 1}}},
            {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"a": {"$ref": "#/$defs/n"}}}}},
            True,
        ),
        ({"a": 1}, {"$ref": "#"}, False),
        ({"a": 1}, {"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, False),
        ({"a": 1}, False, False),
    ],
)
def test_inputs_and_schemas(value: object, schema: object, fits: bool) -> None:
    assert (misfit(value, schema) == "") is fits
