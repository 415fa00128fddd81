"""`aj tools`: what is known of the agent's tools, and asking real servers over stdio."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agentjit import schemas
from agentjit.cli import cli
from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.library import Library
from agentjit.skill import State
from agentjit.trace import Effect
from tests.compile.test_tools import ISSUES, history
from tests.support.library import learned

SERVER = """
import json, os, sys
open(os.environ["STARTED"], "a").write("x")
TOOLS = [
    {"name": "get_issue", "inputSchema": {"type": "object", "properties": {"issue_number": {"type": "integer"}}},
     "annotations": {"readOnlyHint": True, "title": "Get"}},
    {"name": "close.issue", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": False}},
    {"name": "odd"},
    {"name": "liar", "annotations": {"readOnlyHint": True, "destructiveHint": True}},
]
for line in sys.stdin:
    asked = json.loads(line)
    results = {"initialize": {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "x"}}}
    cursor = int(asked.get("params", {}).get("cursor", 0))
    more = {"nextCursor": str(cursor + 1)} if cursor + 1 < len(TOOLS) else {}
    results["tools/list"] = {"tools": TOOLS[cursor : cursor + 1], **more}
    if asked.get("method") in results:
        print("chatter", flush=True)
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": results[asked["method"]]}), flush=True)
"""


@pytest.fixture
def there(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user whose agent knows four servers: one answers, one is silent, one is no program, one is on the network."""
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "silent.py").write_text("import time\ntime.sleep(60)\n")
    started = {"STARTED": str(tmp_path / "started")}
    servers = {
        "github": {"command": sys.executable, "args": [str(tmp_path / "server.py")], "env": started},
        "silent": {"command": sys.executable, "args": [str(tmp_path / "silent.py")]},
        "gone": {"command": str(tmp_path / "nothing")},
        "far": {"type": "http", "url": "http://127.0.0.1:9/"},
    }
    (tmp_path / ".claude.json").write_text(json.dumps({"mcpServers": servers}))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.delenv("CLAUDE_PROJECT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def aj(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def listed() -> dict[str, dict[str, Any]]:
    result = aj("tools", "--json")
    assert result.exit_code == 0
    return {row["name"]: row for row in json.loads(result.stdout)}


def test_what_every_home_knows(there: Path) -> None:
    rows = listed()
    assert rows["Read"] == {"name": "Read", "effect": "reads", "source": "AgentJIT", "skills_can_call": True}
    assert rows["Write"]["effect"] == "writes file_path"
    assert not rows["WebFetch"]["skills_can_call"]
    assert not any(name.startswith("mcp__") for name in rows)
    assert "aj tools learn" in aj("tools").output
    assert not (there / "started").exists(), "no server is started unasked"


def test_learning(there: Path, home: Home) -> None:
    result = aj("tools", "learn", "github")
    assert (result.exit_code, result.stdout) == (0, "github: 4 tools, 1 only read\n")
    assert stat.S_IMODE(Path(home.tools).stat().st_mode) == 0o600
    rows = listed()
    effects = {name: row["effect"] for name, row in rows.items() if name.startswith("mcp__")}
    assert effects == {
        "mcp__github__get_issue": "reads",
        "mcp__github__close_issue": "writes-elsewhere",
        "mcp__github__odd": "unknown",
        "mcp__github__liar": "unknown",
    }
    before = Path(home.tools).read_bytes()
    assert json.loads(before)["tools"]["mcp__github__get_issue"]["inputSchema"]["properties"]
    assert aj("tools", "learn", "github").exit_code == 0
    assert Path(home.tools).read_bytes() == before
    assert (there / "started").read_text() == "xx"


def test_one_that_fails_does_not_keep_the_others(there: Path, home: Home) -> None:
    result = aj("tools", "learn", "--timeout", "3")
    assert result.exit_code == 1
    assert result.stdout == "github: 4 tools, 1 only read\n"
    for told in ("far: not asked: it is reached by http", "gone: expected", "silent: expected"):
        assert told in result.stderr
    assert len(schemas.load(home)) == 4


def test_what_is_asked_again_is_known_anew(there: Path, home: Home) -> None:
    other = {"mcp__jira__get": schemas.Tool("jira"), "mcp__github__old": schemas.Tool("github")}
    schemas.save(home, other)
    aj("tools", "learn", "github")
    assert "mcp__jira__get" in schemas.load(home)
    assert "mcp__github__old" not in schemas.load(home)


def test_a_server_nobody_configured(there: Path) -> None:
    result = aj("tools", "learn", "gitlab")
    assert result.exit_code == 2
    assert "no MCP server gitlab is configured here; there is far, github, gone, silent" in result.stderr


def test_no_server_at_all(there: Path) -> None:
    (there / ".claude.json").unlink()
    result = aj("tools", "learn")
    assert (result.exit_code, result.stdout) == (0, "No MCP server is configured here for the agent to use.\n")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tools": []}', '{"tools": {"a": 1}}', "\xff"])
def test_a_file_that_is_none(there: Path, home: Home, text: str) -> None:
    Path(home.tools).write_text(text, "latin-1")
    with pytest.raises(BadInput, match="aj tools learn"):
        schemas.load(home)
    assert aj("tools").exit_code == 2


def test_a_link_is_replaced_and_not_written_through(there: Path, home: Home) -> None:
    (there / "other").write_text("mine")
    Path(home.tools).symlink_to(there / "other")
    schemas.save(home, {"mcp__a__b": schemas.Tool("a")})
    assert (there / "other").read_text() == "mine"
    assert not Path(home.tools).is_symlink()


def test_a_tool_that_only_reads_activates_its_skill(there: Path, home: Home) -> None:
    """What the server says of its tool is what the skill is judged by; before, it waits for approval."""
    asked = [("mcp__github__get_issue", {"issue_number": "int:{n}"}, '{"number": {n}, "user": "{who}"}')]
    episodes = history("who wrote issue {n}?", ISSUES, asked, "{who} wrote it.")
    learned(home, episodes)
    (record,) = Library(home).records()
    assert record.state is State.CANDIDATE and "unknown" in record.reason
    aj("tools", "learn", "github")
    learned(home, episodes)
    (record,) = Library(home).records()
    assert Library(home).plan(record.name).effects is Effect.READS
    assert record.state is State.ACTIVE, record.reason
