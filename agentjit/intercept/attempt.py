"""One attempt at a prompt: decide, run, tell the harness, record. Standard library only."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Iterable, Mapping
from typing import Any

from agentjit import config, entries, kit, spool
from agentjit.home import Home
from agentjit.intercept.decide import decide
from agentjit.observe.places import Places
from agentjit.run.execute import Executed, Ready, execute, told

LIMIT = 25.0  # seconds a run may take in the prompt hook, whose own time-out is 30
LEAST = 5.0  # seconds every run may take: a short one is slow where the machine or the network is
SLACK = 10.0  # times its usual seconds, then it hangs, and the user has waited long enough
CONTEXT = 9000  # characters; the harness spills more than 10,000 to a file
NOTE = 1500  # characters of what a hand-back tells
MOST_LEFT = 8  # steps that are named to the model as still to be done


def attempt(home: Home, raw: bytes, rows: list[str], *, env: Mapping[str, str]) -> dict[str, Any] | None:
    """Decide about the prompt in the hook payload `raw`, with the index rows that share a word with it, and act.

    Gives what the harness gets on stdout; None: nothing, the prompt passes.

    The prompt and the decision are in the spool before anything runs, so that a kill leaves a trace of what was begun.
    """
    payload = json.loads(raw)
    prompt, cwd = str(payload["prompt"]), str(payload.get("cwd") or os.getcwd())
    if not_recorded(home, env, (cwd, env.get("CLAUDE_PROJECT_DIR", ""))):
        return None
    mode = str(payload.get("permission_mode") or "default")
    found = [json.loads(row) for row in rows]
    decision = decide(prompt, found, cwd=cwd, mode=mode)
    if decision.match and (outdated := not_current(home, decision.match.entry)):
        decision = decision._replace(match=None, reason=outdated)
    if payload.get("agent_id"):
        decision = decision._replace(match=None, reason="it is a sub-agent's prompt")
    now = time.time()
    said: dict[str, Any] = {
        "aj": "decision",
        "id": f"{os.getpid():x}-{time.time_ns():x}",
        "at": now,
        "entry": "prompt",
        "decision": "run" if decision.match else "pass",
        "skill": decision.skill,
        "reason": decision.reason,
    }
    if not decision.match:
        spool.write(home, "UserPromptSubmit", [raw, json.dumps(said).encode()])
        return None
    entry, arguments = decision.match
    said |= {"version": entry["version"], "arguments": arguments}
    begun = {**said, "outcome": "handed_back", "reason": "it was begun and did not come to an end"}
    spool.write(home, "UserPromptSubmit", [raw, json.dumps(begun).encode()])
    done = execute(ready_of(home, entry), arguments, cwd=cwd, env=env, seconds=limit(entry["seconds"]), mode=mode)
    spool.write(home, "run", [json.dumps({**said, **outcome(done, entry, payload)}).encode()])
    return _output(entry, arguments, done, env)


def not_recorded(home: Home, env: Mapping[str, str], folders: Iterable[str]) -> str:
    """Why nothing is recorded in one of these folders, and so nothing is answered there; "" if it is.

    A config that cannot be read forbids everything, as it does for the drainer.
    """
    try:
        never = config.load(home, env).never
    except config.BadConfig as bad:
        return str(bad)
    places = Places(never, user=env.get("HOME", ""))
    return next(filter(None, map(places.reason, folders)), "")


def not_current(home: Home, entry: Mapping[str, Any]) -> str:
    """Why an entry waits to be looked at again, "" if the operations are defined as they were when it was validated."""
    if entry.get("registry", "") == entries.fingerprint((home.effects, home.tools)):
        return ""
    return (
        f"the catalogue or the tools have changed since {entry['name']} was validated; `aj compile` looks at it again"
    )


def ready_of(home: Home, entry: Mapping[str, Any]) -> Ready:
    """The skill behind an entry of the index."""
    folder = os.path.join(home.skills, entry["name"])
    return Ready(entry["name"], folder, entry["hash"], entry["effects"], entry["approved"])


def limit(usual: float) -> float:
    """Seconds a run may take that usually takes `usual`."""
    return min(LIMIT, max(LEAST, SLACK * usual))


def outcome(done: Executed, entry: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a decision record that a finished run fills in."""
    saved = done.outcome in ("answered", "gathered")
    left = 1 if done.outcome == "gathered" else 0  # the one turn that concludes
    requests = max(0, round(entry["requests"]) - left) if saved else 0
    share = requests / entry["requests"] if entry["requests"] else 0.0
    return {
        "session": str(payload.get("session_id", "")),
        "episode": f"{payload.get('session_id', '')}:{payload.get('prompt_id', '')}",
        "reason": done.reason or f"it is the prompt of {entry['name']}",
        **told(done),
        "requests": requests,
        "tokens": round(entry["tokens"] * share),
        "saved_seconds": round(max(0.0, entry["model_seconds"] * share - done.seconds), 3) if saved else 0.0,
    }


def _output(
    entry: Mapping[str, Any], arguments: Mapping[str, str], done: Executed, env: Mapping[str, str]
) -> dict[str, Any] | None:
    if done.outcome == "answered":
        return {"continue": False, "stopReason": f"{done.answer}\n{_dim(_line(entry, done), env)}"}
    if done.outcome == "gathered":
        return _context(_gathered(entry, arguments, done))
    return _context(_handed_back(entry, done)) if done.steps else None


def _context(text: str) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": text}}


def _dim(text: str, env: Mapping[str, str]) -> str:
    """Dim on the interactive screen only: in print mode the text goes to programs, who want no escapes."""
    interactive = env.get("CLAUDE_CODE_ENTRYPOINT") == "cli" and "NO_COLOR" not in env
    return f"\x1b[2m{text}\x1b[22m" if interactive else text


def _line(entry: Mapping[str, Any], done: Executed) -> str:
    """What was done and what it saved, on one line."""
    steps = f"{len(done.steps)} step" + ("" if len(done.steps) == 1 else "s")
    tokens = f", about {entry['tokens']:,.0f} tokens saved" if entry["tokens"] else ""
    return f"— AgentJIT: {entry['name']}, {steps}, {done.seconds:.1f} s{tokens}"


def _gathered(entry: Mapping[str, Any], arguments: Mapping[str, str], done: Executed) -> str:
    head = (
        f"For this prompt AgentJIT has just run the steps that were run for every prompt like it ({entry['name']}). "
        "These are their results, as the Bash and Read tools give them; no need to run them again."
    )
    rest = _left(entry, arguments)
    room = max(200, (CONTEXT - len(head) - len(rest)) // max(1, len(done.steps)) - 120)
    return "\n\n".join((head, *(_shown(step, room) for step in done.steps), *filter(None, (rest,))))


def _left(entry: Mapping[str, Any], arguments: Mapping[str, str]) -> str:
    """What there is still to do, in words; "" where nothing but an answer was missing."""
    left: list[str] = list(entry.get("left", ()))
    if not left:
        return ""
    more = f"\n(and {len(left) - MOST_LEFT} more)" if len(left) > MOST_LEFT else ""
    steps = "\n".join(f"- {each}" for each in left[:MOST_LEFT])
    text = f"The work is not done with this. In the runs before, these steps followed; they are left to you:\n{steps}"
    text += more
    holes: Mapping[str, str] = entry.get("holes", {})
    if not holes:
        return text
    known = "".join(f" {key}={shlex.quote(value)}" for key, value in arguments.items())
    asked = "".join(f" {name}='…'" for name in holes)
    examples = ", ".join(f"{name} (last: {example!r})" for name, example in holes.items())
    return (
        f"{text}\nAgentJIT could not take them, for only you can say {examples}. Do them yourself, or run "
        f"`aj run {entry['name']}{known}{asked}`, which begins again with its first step and goes on to the end."
    )


def _handed_back(entry: Mapping[str, Any], done: Executed) -> str:
    head = (
        f"AgentJIT began the learned workflow {entry['name']} for this prompt and stopped after {len(done.steps)} "
        f"step(s): {done.reason[:400]}. Nothing was said to the user. What it ran, with results:"
    )
    room = max(80, (NOTE - len(head)) // len(done.steps) - 40)
    return "\n\n".join((head, *(_shown(step, room) for step in done.steps)))


def _shown(step: kit.Step, room: int) -> str:
    text = step.result.stdout.rstrip()
    if len(text) > room:
        text = f"{text[: room // 2]}\n[… {len(text) - room} characters left out …]\n{text[-room // 2 :]}"
    status = "" if step.result.exit_code in (0, None) else f"\n(exit status {step.result.exit_code})"
    return f"$ {step.text}\n{text}{status}"
