"""Claude Code hook payloads -> records (pure).

Observed with Claude Code 2.1.329: no payload carries a time; `prompt_id` is in every event after the prompt; the `cwd`
of PostToolUse is the one *after* the call; a failed call fires PostToolUseFailure only. Older clients send neither
`prompt_id` nor `tool_use_id`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from agentjit.observe import wire
from agentjit.trace import CallSeen, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall

HARNESS = "claude-code"
_COMMAND = re.compile(r"\s*/[A-Za-z][\w:.-]*(?:\s|\Z)|\s*<command-(?:name|message)>")
# The client wraps what is not a person's words in elements of its own.
_META = re.compile(r"\s*(?:<(?:task-notification|system-reminder|local-command-|bash-|teammate-message|channel)|\Z)")
_PERSON = frozenset({"", "user", "typed"})


class BadPayload(ValueError):
    """JSON, but not what a hook sends; the text is the reason."""


def prompt_kind(text: str, source: str = "") -> str:
    """`typed`, `command` or `meta` (see `Episode.kind`), from a prompt's text and the payload's `source`."""
    if source not in _PERSON or _META.match(text):
        return "meta"
    return "command" if _COMMAND.match(text) else "typed"


def episode_id(session: str, payload: Mapping[str, Any]) -> str:
    """`<session>:<prompt_id>`, "" where the client does not tell."""
    prompt = wire.string(payload.get("prompt_id"))
    return f"{session}:{prompt}" if prompt else ""


def prompt_episode(session: str, payload: Mapping[str, Any], at: float) -> str:
    """The episode that a prompt opens. "@" marks an id we made up: the store may find that it is another's."""
    return episode_id(session, payload) or f"{session}:@{round(at * 1e6)}"


def records(event: str, payload: Mapping[str, Any], at: float) -> list[Seen]:
    """What one payload says; `at` is when it was written (Unix seconds). Raises BadPayload."""
    session = wire.string(payload.get("session_id"))
    if not session:
        raise BadPayload("no session_id")
    found: list[Seen] = [_session(event, session, payload, at)]
    if event == "UserPromptSubmit":
        found.append(_prompt(session, payload, at))
    elif event in ("PostToolUse", "PostToolUseFailure"):
        found.append(_call(event, session, payload, at))
    elif event == "Stop":
        final = wire.string(payload.get("last_assistant_message"))
        if final:
            found.append(FinalSeen(session, episode_id(session, payload), at, final))
    return found


def _session(event: str, session: str, payload: Mapping[str, Any], at: float) -> SessionSeen:
    return SessionSeen(
        session=session,
        harness=HARNESS,
        at=at,
        cwd=wire.string(payload.get("cwd")) if event in ("SessionStart", "UserPromptSubmit") else "",
        source=wire.string(payload.get("source")) if event == "SessionStart" else "",
        ended=event == "SessionEnd",
        transcript=wire.string(payload.get("transcript_path")),
    )


def _prompt(session: str, payload: Mapping[str, Any], at: float) -> PromptSeen:
    text = payload.get("prompt")
    if not isinstance(text, str):
        raise BadPayload("no prompt")
    return PromptSeen(
        session=session,
        episode=prompt_episode(session, payload, at),
        at=at,
        text=text,
        kind=prompt_kind(text, wire.string(payload.get("source"))),
        cwd=wire.string(payload.get("cwd")),
    )


def _call(event: str, session: str, payload: Mapping[str, Any], at: float) -> CallSeen:
    tool, given = wire.string(payload.get("tool_name")), payload.get("tool_input")
    if not tool or not isinstance(given, dict):
        raise BadPayload("no tool_name or tool_input")
    if event == "PostToolUse":
        result = wire.succeeded(tool, payload.get("tool_response"))
    else:
        result = wire.failed(wire.string(payload.get("error")))
    duration = wire.number(payload.get("duration_ms"))
    seconds = None if duration is None else max(duration, 0.0) / 1000
    call = ToolCall(
        id=wire.string(payload.get("tool_use_id")) or _made_id(session, payload, at),
        tool=tool,
        input=given,
        output=result.output,
        ok=result.ok,
        exit_code=result.exit_code,
        at=at - (seconds or 0.0),  # the payload is written when the call is over
        seconds=seconds,
        agent=wire.string(payload.get("agent_id")),
    )
    return CallSeen(session, episode_id(session, payload), call, cwd_after=wire.string(payload.get("cwd")))


def _made_id(session: str, payload: Mapping[str, Any], at: float) -> str:
    text = json.dumps(payload, sort_keys=True).encode()
    return f"{session}:@{round(at * 1e6)}:{hashlib.sha256(text).hexdigest()[:16]}"
