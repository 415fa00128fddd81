"""What AgentJIT would do without asking, the real Claude Code does without asking too: rules, modes, files, servers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentjit import kit
from agentjit.run.permission import Rules
from tests.kit import server
from tests.support.model import Call, ModelRequest, Read, Turn, call, say
from tests.support.session import ClaudeHome

CALLS: list[kit.Call] = [
    kit.write("src/new.py", "1\n"),
    kit.edit("src/a.py", "one", "1"),
    kit.write("lib/new.py", "1\n"),
    kit.edit("lib/b.py", "two", "2"),
    kit.write("../outside.txt", "1\n"),
    kit.write(".git/hooks/pre-commit", "1\n"),
    kit.write(".claude/commands/x.md", "1\n"),
    kit.tool("mcp__test__add", {"a": 1, "b": 1}),
    kit.tool("mcp__test__say", {"text": "x"}),
    kit.bash("touch", "src/made"),
]
MODES = ("default", "acceptEdits", "dontAsk", "bypassPermissions")
RULES: list[dict[str, list[str]]] = [
    {},
    {"deny": ["Edit(src/**)"]},
    {"deny": ["Write", "mcp__test__say"]},
    {"allow": ["Edit(src/**)", "mcp__test"]},
    {"allow": ["Edit", "mcp__test__*"], "deny": ["Edit(lib/*.py)"], "ask": ["mcp__test__add"]},
    {"allow": ["Write(lib/**)", "mcp__test__add"], "deny": ["Read(src/**)"]},
    {"allow": ["mcp__test__a*", "*"]},
    {"allow": ["mcp__*"]},
]


def arranged(claude: ClaudeHome, rules: dict[str, list[str]]) -> None:
    for name, text in (("src/a.py", "one\n"), ("lib/b.py", "two\n")):
        (claude.work / name).parent.mkdir()
        (claude.work / name).write_text(text)
    (claude.work / ".git" / "hooks").mkdir(parents=True)
    claude.trust(claude.work)
    state: dict[str, Any] = json.loads((claude.home / ".claude.json").read_text())
    state["mcpServers"] = {"test": {"command": sys.executable, "args": [server.__file__]}}
    (claude.home / ".claude.json").write_text(json.dumps(state))
    (claude.work / ".claude").mkdir()
    (claude.work / ".claude" / "settings.json").write_text(json.dumps({"permissions": rules}))


def done_by_the_agent(claude: ClaudeHome, mode: str) -> list[bool]:
    """Which calls the agent made without asking anybody: in print mode what would be asked about is refused."""
    asked = [Read(str(claude.work / name)) for name in ("src/a.py", "lib/b.py")]
    for each in CALLS:
        given = dict(each.input)
        if "file_path" in given:
            given["file_path"] = str((claude.work / str(given["file_path"])).resolve())
        asked.append(Call(each.tool, given))

    def script(request: ModelRequest) -> Turn:
        done = len(request.results)
        return call(asked[done]) if done < len(asked) else say("done")

    claude.model.script = script
    run = claude.run("do it all", permission_mode=mode, timeout=120)
    results = [request for request in run.requests if request.is_main][-1].results
    return [not result.is_error for result in results[2:]]


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: " ".join(f"{k} {','.join(v)}" for k, v in rules.items()))
def test_nothing_is_done_that_the_agent_would_not_do(
    claude: Callable[[str], ClaudeHome], rules: dict[str, list[str]]
) -> None:
    stricter: list[str] = []
    for mode in MODES:
        agent = claude(mode)
        arranged(agent, rules)
        theirs = done_by_the_agent(agent, mode)
        known = Rules.of_claude_code(str(agent.work), {"HOME": str(agent.home)})
        for each, made in zip(CALLS, theirs, strict=True):
            # of commands the skill's own effects tell what needs an approval; of files and servers the call does
            own = known.objection(each, str(agent.work), mode=mode, approved=each.tool == "Bash") == ""
            if each.tool != "Bash":
                assert made or not own, f"{mode}: {each.text} is refused by the agent"
            elif not made:
                continue
            if made and not own:
                stricter.append(f"{mode}: {each.text}")
    known_to_be = (".git/", ".claude/", "Edit", "touch")  # files of programs; what a rule about another tool forbids
    assert all(any(part in each for part in known_to_be) for each in stricter), stricter


def test_what_is_denied_is_denied_to_commands_too(claude: Callable[[str], ClaudeHome]) -> None:
    agent = claude("agent")
    arranged(agent, {"deny": ["Edit(src/**)"]})
    assert done_by_the_agent(agent, "bypassPermissions")[-1] is False
    known = Rules.of_claude_code(str(agent.work), {"HOME": str(agent.home)})
    assert known.objection(CALLS[-1], str(agent.work), mode="bypassPermissions", approved=True)
    assert not Path(agent.work, "src", "made").exists()
