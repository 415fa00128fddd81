"""What can happen in a session of the real client, and what of it must be told; see `test_recording.py`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.model import Bash, Call, Edit, Read, Steps, Workflow, Write
from tests.support.session import ClaudeHome, TmuxClient

CHECKOUT = Path(__file__).resolve().parents[2]
REJECTED = "The user doesn't want to proceed with this tool use."


@dataclass(frozen=True)
class Told:
    """A call as it must be told: how its input begins or ends, its exit status, what its output holds, how it ended.

    `valid`: the client did not turn it down for its input, which no hook tells.
    """

    what: str
    exit_code: int | None = 0
    output: str = ""
    ended: str = "returned"
    agent: bool = False
    valid: bool = True

    @property
    def hooked(self) -> bool:
        return self.valid and self.ended == "returned"


@dataclass(frozen=True)
class Turn:
    """A prompt, what came of it (calls asked for at once stand together), the closing message, the requests it took."""

    prompt: str
    groups: tuple[tuple[Told, ...], ...] = ()
    final: str | None = "done."
    requests: int | None = None
    kind: str = "typed"


@dataclass(frozen=True)
class Life:
    """A session: its prompts, the turns in its life, which session before it in the list is its parent."""

    prompts: tuple[Turn, ...]
    turns: tuple[str, ...] = ("startup", "end")
    parent: int | None = None


@dataclass(frozen=True)
class Situation:
    """What the model does on which prompt (given the working directory), what a person does, what must be told."""

    model: Callable[[Path], Mapping[str, Workflow]]
    act: Callable[[ClaudeHome], object]
    lives: tuple[Life, ...]
    screen: bool = field(default=False)


def ran(*groups: Call | tuple[Call, ...], final: str = "done.") -> Workflow:
    """A workflow of these calls, in this order."""

    def workflow() -> Steps:
        for group in groups:  # noqa: UP028 - `yield from` would send the results on to the tuple
            yield group
        return final

    return workflow


def run(claude: ClaudeHome, prompt: str = "go", **options: Any) -> str:
    """`claude -p` with our plugin; the id of its session."""
    done = claude.run(prompt, plugin_dir=CHECKOUT, **options)
    assert (done.exit_code, done.hook_errors) == (0, ()), done.stderr
    return done.session_id


def run_with(claude: ClaudeHome, *words: str) -> str:
    """The same with options of the client that `run` does not know."""
    plugin = ("--plugin-dir", str(CHECKOUT), "--permission-mode", "bypassPermissions", "--output-format", "json")
    done = claude.cli(*plugin, *words)
    assert done.returncode == 0 and not claude.model.errors, (done.stdout, done.stderr, claude.model.errors)
    return str(json.loads(done.stdout)["session_id"])


def one(told: Told) -> tuple[Told, ...]:
    return (told,)


def echoed(*words: str) -> dict[str, Workflow]:
    """For each word a prompt that is answered by echoing it."""
    return {word: ran(Bash(f"echo {word}")) for word in words}


def echo(word: str) -> Turn:
    return Turn(word, (one(Told(f"echo {word}", output=word)),), requests=2)


# --- calls of all kinds


def _calls(work: Path) -> Mapping[str, Workflow]:
    file = f"{work}/f.txt"
    return {
        "go": ran(
            Bash("echo out; echo err >&2; exit 3"),
            Bash("mkdir -p sub && cd sub && pwd"),
            Bash("pwd; cd .."),
            (Bash("echo one"), Bash("echo two; exit 1"), Read(f"{work}/none")),
            Write(file, "one\ntwo\n"),
            Read(file),
            Edit(file, "one", "uno"),
            Edit(file, "zzz", "x"),
            Call("Bash", {"description": "forgot the command"}),
            Bash("head -c 10000000 /dev/zero | tr '\\0' x"),
            Call("mcp__toy__good", {"a": 1}),
            Call("mcp__toy__bad", {"a": 2}),
        )
    }


def _with_a_server(claude: ClaudeHome) -> None:
    server = claude.root / "server.py"
    server.write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    if 'id' not in asked: continue\n"
        "    schema = {'type': 'object', 'properties': {'a': {'type': 'number'}}}\n"
        "    given = {'tools': [{'name': n, 'description': n, 'inputSchema': schema} for n in ('good', 'bad')]}\n"
        "    if asked['method'] == 'initialize':\n"
        "        given = {'protocolVersion': asked['params']['protocolVersion'], 'capabilities': {'tools': {}},\n"
        "                 'serverInfo': {'name': 'toy', 'version': '1'}}\n"
        "    if asked['method'] == 'tools/call':\n"
        "        bad = asked['params']['name'] == 'bad'\n"
        "        texts = ['no way'] if bad else ['3', 'more']\n"
        "        given = {'content': [{'type': 'text', 'text': text} for text in texts], 'isError': bad}\n"
        "    print(json.dumps({'jsonrpc': '2.0', 'id': asked['id'], 'result': given}), flush=True)\n"
    )
    config = {"mcpServers": {"toy": {"command": sys.executable, "args": [str(server)]}}}
    run_with(claude, "-p", "go", "--mcp-config", json.dumps(config), "--strict-mcp-config")


CALLS = Situation(
    _calls,
    _with_a_server,
    (
        Life(
            (
                Turn(
                    "go",
                    (
                        one(Told("echo out", 3, "out\nerr")),
                        one(Told("mkdir -p sub", output="/sub")),
                        one(Told("pwd; cd", output="/sub")),
                        (Told("echo one"), Told("echo two", 1, "two"), Told("none", None, "does not exist")),
                        one(Told("f.txt", None, "File created successfully at: ")),
                        one(Told("f.txt", None, "one\ntwo\n")),
                        one(Told("f.txt", None, "has been updated successfully.")),
                        one(Told("f.txt", None, "not found", valid=False)),
                        one(Told("forgot", None, "required parameter `command`", valid=False)),
                        one(Told("head -c", output="x" * 1000)),
                        one(Told("1", None, "3\nmore")),
                        one(Told("2", None, "no way")),
                    ),
                    requests=13,
                ),
            )
        ),
    ),
)


def _refused(claude: ClaudeHome) -> None:
    hook = claude.root / "refuse.sh"
    says = {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": "not today"}
    hook.write_text(f"#!/bin/sh\nif grep -q hooked; then echo '{json.dumps({'hookSpecificOutput': says})}'; fi\n")
    hook.chmod(0o755)
    settings = {
        "permissions": {"deny": ["Bash(touch:*)"], "allow": ["Bash(echo:*)"]},
        "hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": str(hook)}]}]},
    }
    run(claude, settings=settings, permission_mode="dontAsk")


REFUSED = Situation(
    lambda work: {"go": ran((Bash("touch x"), Bash("echo ok")), Bash("rm x"), Bash("echo hooked"))},
    _refused,
    (
        Life(
            (
                Turn(
                    "go",
                    (
                        (Told("touch x", None, "has been denied", "denied"), Told("echo ok", output="ok")),
                        one(Told("rm x", None, "don't ask mode", "denied")),
                        one(Told("echo hooked", None, "not today", "denied")),
                    ),
                    requests=4,
                ),
            ),
        ),
    ),
)

UNANSWERABLE = Situation(
    lambda work: {"go": ran(Bash("touch x"))},
    lambda claude: run(claude, permission_mode="default"),
    (Life((Turn("go", (one(Told("touch x", None, "needs approval", "denied")),), requests=2),)),),
)

BACKGROUND = Situation(
    lambda work: {"go": ran(Bash("sleep 0.2; echo late", run_in_background=True), Bash("sleep 0.7; echo soon"))},
    run,
    (Life((Turn("go", (one(Told("sleep 0.2", None, "")), one(Told("sleep 0.7", output="soon"))), requests=3),)),),
)


# --- sub-agents


def _agent(prompt: str) -> Call:
    more = {"subagent_type": "general-purpose", "run_in_background": False}
    return Call("Agent", {"description": "look", "prompt": prompt, **more})


def _helpers(work: Path) -> Mapping[str, Workflow]:
    file = f"{work}/f.txt"
    helper = ran(
        (Bash("echo a"), Bash("echo b; exit 4")), Write(file, "one\n"), Read(file), Bash("touch x"), final="ok"
    )
    return {"go": ran(Bash("echo before"), _agent("HELP")), "HELP": helper}


HELPED = Situation(
    _helpers,
    lambda claude: run(claude, settings={"permissions": {"deny": ["Bash(touch:*)"]}}),
    (
        Life(
            (
                Turn(
                    "go",
                    (
                        one(Told("echo before")),
                        one(Told("HELP", None, "ok")),
                        (Told("echo a", agent=True), Told("echo b", 4, "b", agent=True)),
                        one(Told("f.txt", None, agent=True)),
                        one(Told("f.txt", None, "one\n", agent=True)),
                        one(Told("touch x", None, "has been denied", "denied", agent=True)),
                    ),
                    requests=8,
                ),
            ),
        ),
    ),
)


def _sent_out(work: Path) -> Mapping[str, Workflow]:
    away = Call("Agent", {"description": "look", "prompt": "HELP", "subagent_type": "general-purpose"})
    return {"go": ran(away), "HELP": ran(Bash("sleep 0.5; echo a"), final="found it")}


SENT_OUT = Situation(
    _sent_out,
    run,
    (
        Life(
            (
                Turn("go", (one(Told("HELP", None)), one(Told("sleep 0.5", output="a", agent=True))), requests=4),
                Turn("<task-notification>", requests=1, kind="unprompted"),
            ),
        ),
    ),
)


# --- sessions that go on, and those that come from others


def _goes_on(claude: ClaudeHome) -> None:
    first = run(claude, "one")
    assert run(claude, "two", resume=first) == first
    assert run_with(claude, "-p", "three", "--continue") == first
    fork = run_with(claude, "-p", "four", "--resume", first, "--fork-session")
    run_with(claude, "-p", "five", "--resume", fork, "--fork-session")
    run_with(claude, "-p", "/compact", "--resume", first)
    assert run(claude, "six", resume=first) == first


GOES_ON = Situation(
    lambda work: echoed("one", "two", "three", "four", "five", "six"),
    _goes_on,
    (
        Life(
            (echo("one"), echo("two"), echo("three"), echo("six")),
            ("startup", "end", "resume", "end", "resume", "end", "resume", "compact", "end", "resume", "end"),
        ),
        Life((echo("four"),), ("fork", "end"), parent=0),
        Life((echo("five"),), ("fork", "end"), parent=1),
    ),
)


def _branches(claude: ClaudeHome) -> None:
    with TmuxClient(claude, plugin_dir=CHECKOUT, permission_mode="bypassPermissions") as screen:
        for word, event, many in (
            ("one", "Stop", 1),
            ("/compact", "SessionStart", 2),
            ("two", "Stop", 2),
            ("/branch", "SessionStart", 3),
            ("three", "Stop", 3),
            ("/clear", "SessionStart", 4),
            ("four", "Stop", 4),
            ("/exit", "SessionEnd", 3),
        ):
            screen.type(word)
            _until(claude, event, many)


BRANCHES = Situation(
    lambda work: echoed("one", "two", "three", "four"),
    _branches,
    (
        Life((echo("one"), echo("two")), ("startup", "compact", "end")),
        Life((echo("three"),), ("fork", "end"), parent=0),
        Life((echo("four"),), ("clear", "end")),
    ),
    screen=True,
)


# --- a person who says no


def _says_no(claude: ClaudeHome) -> None:
    with TmuxClient(claude, plugin_dir=CHECKOUT, permission_mode="default") as screen:
        screen.type("one")
        screen.wait("sleep 20")
        _until(claude, "PostToolUse", 1)
        screen.press("Escape")
        screen.wait("Interrupted")
        screen.type("two")
        screen.wait("Do you want to proceed?")
        screen.press("Escape")
        screen.wait("Did not run 1 call")
        screen.type("three")
        screen.wait("Do you want to proceed?")
        for keys in (["Down"], ["Down"], ["Down"], ["Tab"], ["-l", "echo instead"]):
            screen.press(*keys)
            time.sleep(0.2)  # the dialog takes one key at a time
        screen.press("Enter")
        _until(claude, "Stop", 1)
        screen.type("/exit")
        _until(claude, "SessionEnd", 1)


SAYS_NO = Situation(
    lambda work: {
        "one": ran((Bash("echo a"), Bash("sleep 20"), Bash("touch x"))),
        "two": ran(Bash("touch x")),
        "three": ran(Bash("touch x")),
    },
    _says_no,
    (
        Life(
            (
                Turn(
                    "one",
                    (
                        (
                            Told("echo a", output="a"),
                            Told("sleep 20", None, REJECTED, "interrupted"),
                            Told("touch x", None, REJECTED, "denied"),
                        ),
                    ),
                    final=None,
                    requests=1,
                ),
                Turn("two", (one(Told("touch x", None, REJECTED, "denied")),), final=None, requests=1),
                Turn("three", (one(Told("touch x", None, "echo instead", "denied")),), requests=2),
            ),
        ),
    ),
    screen=True,
)


def _until(claude: ClaudeHome, event: str, many: int) -> None:
    """Wait for so many hooks of an event."""
    until = time.monotonic() + 30
    while len(list(claude.aj.glob(f"spool/{event}.*"))) < many:
        assert time.monotonic() < until, f"{many} of {event} did not come: {sorted(claude.aj.glob('spool/*'))}"
        time.sleep(0.05)


SITUATIONS = {
    "calls of all kinds": CALLS,
    "refused by rule, mode and hook": REFUSED,
    "nobody there to be asked": UNANSWERABLE,
    "a background command that reports in the turn": BACKGROUND,
    "a sub-agent": HELPED,
    "a sub-agent that reports after the turn": SENT_OUT,
    "resumed, continued, forked, compacted": GOES_ON,
    "compacted, branched, cleared on the screen": BRANCHES,
    "refused and stopped on the screen": SAYS_NO,
}
