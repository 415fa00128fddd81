"""Claude Code hook payloads -> records (pure).

Observed with Claude Code 2.1.329: no payload carries a time; `prompt_id` is in every event after the prompt; the `cwd`
of PostToolUse is the one *after* the call; a failed call fires PostToolUseFailure only. A call that was refused, one
whose input is not valid, and one that Esc stopped fire neither (nor does the turn that Esc ends fire Stop): of those
only the transcript tells. What a person types, or a background task that ends, while the agent works is a
UserPromptSubmit with the `prompt_id` of the turn that takes it up. Older clients send neither `prompt_id` nor
`tool_use_id`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from agentjit.observe import wire
from agentjit.trace import CallSeen, Ended, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall, TurnSeen

HARNESS = "claude-code"
_COMMAND = re.compile(r"\s*/[A-Za-z][\w:.-]*(?:\s|\Z)|\s*<command-(?:name|message)>")
# The client wraps what is not a person's words in elements of its own.
_META = re.compile(r"\s*(?:<(?:system-reminder|local-command-|bash-|teammate-message|channel)|\Z)")
_NOTICE = re.compile(r"\s*<task-notification")
_PERSON = frozenset({"", "user", "typed", "sdk"})  # "sdk" is `claude -p`: clients that name no source send "" for it
_BEGINNINGS = frozenset({"startup", "resume", "clear", "fork"})  # a compaction begins no session
# How the client words it, from 2.0 on; the text of a command that failed begins with its exit status.
_REFUSED = re.compile(
    r"Permission (?:to (?:use|read|edit|write)|for this action)\b.{0,2000}? has been denied"
    r"|Claude requested permissions? to .{0,2000}? haven't granted it"
    r"|The user doesn't want to (?:proceed with this tool use|take this action)"
    r"|PreToolUse:\S+ (?:hook (?:blocking )?error|operation blocked by hook)|This command requires approval",
    re.DOTALL,
)
_STOPPED = re.compile(
    r"\[(?:Request interrupted by user|Tool call (?:interrupted|skipped|did not complete))"
    r"|(?:<tool_use_error>)?Sibling tool call"
)


class BadPayload(ValueError):
    """JSON, but not what a hook sends; the text is the reason."""


def prompt_kind(text: str, source: str = "") -> str:
    """`typed`, `command`, `meta` or `unprompted` (see `Episode.kind`), from a prompt's text and the payload's `source`.

    `unprompted` is a background task that ended. Where it reports in the middle of a turn it comes under that turn's
    id, so it must lose against any other kind when the store merges the two: it is the last in the alphabet.
    """
    if _NOTICE.match(text):
        return "unprompted"
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
    if event in ("SessionStart", "SessionEnd"):
        found += _turn(event, session, payload, at)
    if event == "UserPromptSubmit":
        found.append(_prompt(session, payload, at))
    elif event in ("PostToolUse", "PostToolUseFailure"):
        found.append(_call(event, session, payload, at))
    elif event == "Stop":
        final = wire.string(payload.get("last_assistant_message"))
        if final:
            found.append(FinalSeen(session, episode_id(session, payload), at, final))
    return found


def how_ended(error: str) -> Ended:
    """How a call ended that the client calls failed, from the error the agent is shown."""
    if _REFUSED.match(error):
        return Ended.DENIED
    return Ended.INTERRUPTED if _STOPPED.match(error) else Ended.RETURNED


def _session(event: str, session: str, payload: Mapping[str, Any], at: float) -> SessionSeen:
    source = wire.string(payload.get("source")) if event == "SessionStart" else ""
    return SessionSeen(
        session=session,
        harness=HARNESS,
        at=at,
        cwd=wire.string(payload.get("cwd")) if event in ("SessionStart", "UserPromptSubmit") else "",
        source=source if source in _BEGINNINGS else "",
        ended=event == "SessionEnd",
        transcript=wire.string(payload.get("transcript_path")),
    )


def _turn(event: str, session: str, payload: Mapping[str, Any], at: float) -> list[Seen]:
    if event == "SessionEnd":
        return [TurnSeen(session, at, "end", wire.string(payload.get("reason")))]
    source = wire.string(payload.get("source"))
    return [TurnSeen(session, at, source)] if source in _BEGINNINGS | {"compact"} else []


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
    result, ended = _result(event, tool, payload)
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
        ended=ended,
    )
    return CallSeen(session, episode_id(session, payload), call, cwd_after=wire.string(payload.get("cwd")))


def _result(event: str, tool: str, payload: Mapping[str, Any]) -> tuple[wire.Result, Ended]:
    if event == "PostToolUse":
        response = payload.get("tool_response")
        return wire.succeeded(tool, response), Ended.INTERRUPTED if stopped(response) else Ended.RETURNED
    error = wire.string(payload.get("error"))
    return wire.failed(error), Ended.INTERRUPTED if payload.get("is_interrupt") is True else how_ended(error)


def stopped(response: object) -> bool:
    """A tool's own result (`tool_response`, in transcripts `toolUseResult`) says that it was stopped while it ran."""
    return isinstance(response, Mapping) and response.get("interrupted") is True


def _made_id(session: str, payload: Mapping[str, Any], at: float) -> str:
    text = json.dumps(payload, sort_keys=True).encode()
    return f"{session}:@{round(at * 1e6)}:{hashlib.sha256(text).hexdigest()[:16]}"
