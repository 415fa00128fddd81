"""What AgentJIT does itself, the real Claude Code does just so: the same files, the same words, the same refusals."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from agentjit import kit
from agentjit.kit.local import Local
from tests.kit import server
from tests.support.model import Call, ModelRequest, Read, Turn, call, say
from tests.support.session import ClaudeHome

FILES = {
    "once.txt": b"one\ntwo\nthree\n",
    "every.txt": b"a-a-a\n",
    "delete.txt": b"one\ntwo\nthree\n",
    "half.txt": b"one\ntwo\nthree\n",
    "windows.txt": b"one\r\ntwo\r\n",
    "old.sh": b"#!/bin/sh\n",
    "real.txt": b"old\n",
    "twice.txt": b"x x\n",
}
NAMES = (*FILES, "link.txt", "new/deep/file.txt", "hostile.txt", "inside/more.txt")

CALLS: list[kit.Call] = [
    kit.write("new/deep/file.txt", "fresh\n"),
    kit.write("old.sh", "#!/bin/sh\nexit 1\n"),
    kit.write("link.txt", "through the link\n"),
    kit.edit("link.txt", "old", "through the link"),
    kit.write("folder/more.txt", "through a folder\n"),
    kit.write("hostile.txt", "$(touch pwned) 'it\"s' é\u2028\\\n"),
    kit.edit("once.txt", "two", "2"),
    kit.edit("every.txt", "a", "b", every=True),
    kit.edit("delete.txt", "two", ""),
    kit.edit("half.txt", "thr", ""),
    kit.edit("windows.txt", "one\ntwo", "1\n2"),
    kit.edit("hostile.txt", "$(touch", "$(rm"),
    kit.edit("twice.txt", "x", "y"),
    kit.edit("twice.txt", "nowhere", "y"),
    kit.edit("twice.txt", "x", "x"),
    kit.tool("mcp__test__add", {"a": 2, "b": 0.5}),
    kit.tool("mcp__test__say", {"text": "one|two é"}),
    kit.tool("mcp__test__say", {"text": "é", "structured": True}),
    kit.tool("mcp__test__odd_name", {}),
    kit.tool("mcp__test__fail", {}),
]
STRICTER = kit.tool("mcp__test__add", {"a": -1, "b": 1})  # the agent leaves it to the server, which may not look


def arranged(work: Path) -> None:
    for name, content in FILES.items():
        (work / name).write_bytes(content)
    (work / "old.sh").chmod(0o750)
    (work / "link.txt").symlink_to("real.txt")
    (work / "inside").mkdir()
    (work / "folder").symlink_to("inside")


def found(work: Path) -> dict[str, tuple[bytes, int, bool]]:
    """What is in each file, its mode, and whether it is a link."""
    return {
        name: ((work / name).read_bytes(), (work / name).stat().st_mode, (work / name).is_symlink()) for name in NAMES
    }


def absolute(work: Path, given: Mapping[str, object]) -> dict[str, object]:
    return {key: str(work / str(value)) if key == "file_path" else value for key, value in given.items()}


def by_the_agent(claude: ClaudeHome) -> list[tuple[str, bool]]:
    """What the agent is shown of each call, and whether that is an error."""
    reads = [Read(str(claude.work / name)) for name in (*FILES, "link.txt")]
    wanted = [Call(each.tool, absolute(claude.work, each.input)) for each in (*CALLS, STRICTER)]
    asked = [*reads, *wanted]

    def script(request: ModelRequest) -> Turn:
        done = len(request.results)
        return call(asked[done]) if done < len(asked) else say("done")

    claude.model.script = script
    done = claude.run("do it all", timeout=120)
    results = [request for request in done.requests if request.is_main][-1].results[len(reads) :]
    return [(result.text, result.is_error) for result in results]


def by_us(work: Path, env: Mapping[str, str]) -> list[tuple[str, bool]]:
    results = []
    with Local(cwd=str(work), env=env, seconds=60) as local:
        for each in (*CALLS, STRICTER):
            call = each
            if isinstance(each, kit.Write):
                call = kit.write(str(work / each.path), each.content)
            elif isinstance(each, kit.Edit):
                call = kit.edit(str(work / each.path), each.old, each.new, each.every)
            try:
                results.append((local.perform(call).stdout, False))
            except kit.StepFailed as failure:
                results.append((failure.seen, True))
    return results


def test_file_tools_and_servers(claude: Callable[[str], ClaudeHome], tmp_path: Path) -> None:
    agent, ours = claude("agent"), tmp_path / "ours"
    ours.mkdir()
    servers = {"test": {"command": sys.executable, "args": [server.__file__]}}
    arranged(agent.work)
    arranged(ours)
    agent.trust(agent.work)
    state = json.loads((agent.home / ".claude.json").read_text())
    (agent.home / ".claude.json").write_text(json.dumps({**state, "mcpServers": servers}))

    shown = by_the_agent(agent)
    done = by_us(ours, {"HOME": str(agent.home), "PATH": os.environ["PATH"]})

    assert [shown.pop(), done.pop()] == [("0", False), ("a is -1, which is too small", True)]
    assert found(ours) == found(agent.work)
    for made, (theirs, failed), (own, own_failed) in zip(CALLS, shown, done, strict=True):
        assert own_failed is failed, (made.text, theirs, own)
        if not failed:
            text = theirs.replace(str(agent.work), str(ours))
            remark = text.removeprefix(own) if made.tool in ("Write", "Edit") else ""
            assert text == own + remark, made.text
            assert remark == "" or remark.startswith(" (file state"), "but for a remark to the model"


def test_the_agent_says_whether_a_file_is_new(claude: Callable[[str], ClaudeHome]) -> None:
    """`compile.tools` goes by these words. Whether a file was read before does not matter to this version of the agent:
    what was written over unseen in the traces, AgentJIT leaves to the model.
    """
    agent = claude("over")
    for name in ("unread", "read"):
        (agent.work / name).write_text("somebody's\n")
    paths = {name: str(agent.work / name) for name in ("unread", "read", "new")}
    writes = [Call("Write", {"file_path": path, "content": "ours\n"}) for path in paths.values()]
    asked = [writes[0], Read(paths["read"]), *writes[1:]]

    def script(request: ModelRequest) -> Turn:
        done = len(request.results)
        return call(asked[done]) if done < len(asked) else say("done")

    agent.model.script = script
    done = agent.run("do it all", timeout=120)
    unread, _, read, new = [request for request in done.requests if request.is_main][-1].results
    assert unread.text.startswith(f"The file {paths['unread']} has been updated successfully.") or unread.is_error
    assert read.text.startswith(f"The file {paths['read']} has been updated successfully.")
    assert new.text.startswith(f"File created successfully at: {paths['new']}")
