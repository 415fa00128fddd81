"""OpenCode tool parts -> `ToolCall` (pure): names, arguments, and what a state says of how the call ended."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentjit.observe import wire
from agentjit.observe.wire import Result
from agentjit.trace import Ended, ToolCall

UNANSWERED = Ended.UNANSWERED
_STEP = 1e-6  # seconds between calls that have one time, so that their order is kept
_REFUSED = re.compile(
    r"The user rejected permission|The user has specified a rule which prevents|The user dismissed", re.IGNORECASE
)
_STOPPED = re.compile(r"Tool execution aborted|The operation was aborted|AbortError")
_NOTE = re.compile(
    r"\n*(?:<(bash|shell)_metadata>\n(.*?)\n?</\1_metadata>|<metadata>\n(.*?)\n?</metadata>"
    r"|\((Command (?:timed out after \d+ ms|was aborted))\))\s*\Z",
    re.DOTALL,
)
_NOTED = 4096  # characters at the end of an output in which the client's notes stand
_CUT_SHORT = re.compile(r"terminated command after exceeding timeout|aborted|timed out")
_STREAMS = re.compile(r"<stdout>\n(.*?)\n?</stdout>\n<stderr>\n(.*?)\n?</stderr>\s*\Z", re.DOTALL)
_FILE = re.compile(r"(?:<path>[^\n]*</path>\n<type>file</type>\n)?<(content|file)>\n?")
_NUMBER = re.compile(r"^\d+(?:: ?|\| ?)", re.MULTILINE)
_END = re.compile(r"\n\n?\((?:End of file|Showing lines|File has more lines|Output (?:truncated|capped))[^\n]*\)\s*\Z")


@dataclass(frozen=True, slots=True)
class Where:
    """Of one call: its id, the directory and the time (Unix seconds) of its message, its place in it, the sub-agent,
    and what was asked for at once with it.
    """

    id: str
    cwd: str
    at: float
    place: int
    agent: str
    batch: str


def call(part: Mapping[str, Any], where: Where) -> ToolCall | None:
    """The call as a record, None if it is none."""
    name, state = wire.string(part.get("tool")), part.get("state")
    if not name or not isinstance(state, dict):
        return None
    given = state.get("input")
    known = dict(given) if isinstance(given, dict) else {}
    start, end = (_seconds(state, key) for key in ("start", "end"))
    result, ended = _result(name, state)
    at = where.at if start is None else start
    tool, shown = _named(name, known, wire.string(state.get("output")))
    over = start is not None and end is not None and ended is not UNANSWERED
    return ToolCall(
        id=where.id,
        tool=tool,
        input=shown,
        output=result.output,
        ok=result.ok,
        exit_code=result.exit_code,
        at=at + where.place * _STEP,
        seconds=max(end - start, 0.0) if over and start is not None and end is not None else None,
        cwd=_cwd(known, where.cwd) if tool == "Bash" else where.cwd,
        agent=where.agent,
        ended=ended,
        batch=where.batch,
    )


def _seconds(state: Mapping[str, Any], key: str) -> float | None:
    time = state.get("time")
    value = wire.number(time.get(key)) if isinstance(time, dict) else None
    return None if value is None or value <= 0 else value / 1000


def _cwd(given: Mapping[str, Any], cwd: str) -> str:
    folder = wire.string(given.get("workdir"))
    if not folder:
        return cwd
    return os.path.normpath(os.path.join(cwd, folder)) if cwd or os.path.isabs(folder) else ""


def _named(name: str, given: dict[str, Any], output: str) -> tuple[str, dict[str, Any]]:
    """Tool and input in the words that all harnesses share."""
    if name in ("bash", "shell") and isinstance(given.get("command"), str):
        return "Bash", given
    if name == "read" and isinstance(given.get("filePath"), str):
        path, offset = given.pop("filePath"), wire.number(given.get("offset"))
        if offset is not None and output.startswith("<file>"):  # those clients count lines from 0
            given["offset"] = int(offset) + 1
        return "Read", {"file_path": path, **given}
    return name, given


def _result(name: str, state: Mapping[str, Any]) -> tuple[Result, Ended]:
    facts = state.get("metadata")
    known = facts if isinstance(facts, dict) else {}
    output = wire.text_of(state.get("output"))
    match state.get("status"):
        case "completed" if name in ("bash", "shell"):
            return _shell(output, known)
        case "completed":
            return Result(_content(output) if name == "read" else output, True, None), Ended.RETURNED
        case "error":
            error = wire.text_of(state.get("error"))
            stopped = known.get("interrupted") is True or _STOPPED.match(error)
            ended = Ended.INTERRUPTED if stopped else Ended.DENIED if _REFUSED.match(error) else Ended.RETURNED
            return Result(wire.string(known.get("output")) or error if stopped else error, False, None), ended
        case _:
            return Result("", False, None), UNANSWERED


def _shell(output: str, facts: Mapping[str, Any]) -> tuple[Result, Ended]:
    code = wire.exit_code(facts.get("exit"))
    before = max(len(output) - _NOTED, 0)
    note = _NOTE.search(output, before)
    said = next((text for text in note.groups()[1:] if text), "") if note else ""
    if note:
        output = output[: note.start()]
    if streams := _STREAMS.match(output):
        output = "\n".join(text for text in streams.groups() if text)
    if _CUT_SHORT.search(said):
        return Result(output, False, code), Ended.INTERRUPTED
    return Result(output, code in (0, None), code), Ended.RETURNED


def _content(output: str) -> str:
    """The lines of a file out of the report on it, without their numbers; anything else as it is."""
    found = _FILE.match(output)
    end = output.rfind(f"</{found.group(1)}>") if found else -1
    if not found or end < found.end():
        return output
    body = output[found.end() : end].rstrip("\n")
    last = _END.search(body, max(len(body) - _NOTED, 0))
    return _NUMBER.sub("", body[: last.start()] if last else body)
