"""Gemini CLI tool calls -> `ToolCall` (pure): names, arguments, and what a result says of how the call ended."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentjit.observe import wire
from agentjit.observe.wire import Result
from agentjit.trace import Ended, ToolCall

AT_ONCE = 0.02  # seconds
_STEP = 1e-6  # seconds between calls that have one time, so that their order is kept
_OVER = frozenset({"success", "error", "cancelled"})
_BORN = re.compile(r"[-_](1\d{12})(?=[-_])")  # the client's own ids have the time in them, in milliseconds
_LONGEST = 7 * 24 * 3600.0  # seconds between the time in an id and the end of its call
_HEAD = re.compile(r"(?:Output|Stdout): ?")
_FACTS = ("Error", "Exit Code", "Signal", "Background PIDs", "Process Group PGID")  # in this order
_FACT = re.compile(rf"({'|'.join(_FACTS)}): ?(.*)")
_NONE = frozenset({"", "(none)", "(empty)", "0"})
_PARTLY = re.compile(
    r"Command was (?:automatically |)cancell?ed\b.*?(?:Below is the output before it was cancelled:\n(.*)"
    r"|There was no output before it was cancelled\.)\s*\Z",
    re.DOTALL,
)
_REFUSED = re.compile(r"denied by policy|Tool execution blocked: |User denied|did not allow|before it could start")
_QUEUED = re.compile(r"User cancelled operation\b")  # another call was refused, and this one waited behind it
_CUT = "--- FILE CONTENT (truncated) ---\n"
_WRAP = ("<untrusted_context>\n", "\n</untrusted_context>")


@dataclass(frozen=True, slots=True)
class Where:
    """Of one call: its id, the project's directory, the time (Unix seconds) of its message and of its own note, its
    place in the message, and what was asked for at once with it.
    """

    id: str
    cwd: str
    at: float
    ended: float
    place: int
    batch: str


def is_over(given: object) -> bool:
    """Whether nothing more will be told of a call."""
    return isinstance(given, dict) and wire.string(given.get("status")) in _OVER


def call(given: object, where: Where, agent: str) -> ToolCall | None:
    """The call as a record, None if it is none."""
    if not isinstance(given, dict):
        return None
    name, arguments = wire.string(given.get("name")), given.get("args")
    if not name or not isinstance(arguments, dict):
        return None
    tool, known = _named(name, arguments)
    born = _born(wire.string(given.get("id")), where.ended)
    at = born if born is not None else where.at
    result, ended = _result(given, tool) if is_over(given) else (Result("", False, None), Ended.UNANSWERED)
    timed = ended is not Ended.UNANSWERED and (born is not None or where.ended > at)
    return ToolCall(
        id=where.id,
        tool=tool,
        input=known,
        output=result.output,
        ok=result.ok,
        exit_code=result.exit_code,
        at=at + where.place * _STEP,
        seconds=max(where.ended - at, 0.0) if timed else None,  # with the time a person took to allow it
        cwd=_cwd(arguments, where.cwd) if tool == "Bash" else where.cwd,
        agent=agent,
        ended=ended,
        batch=where.batch,
    )


def _born(identity: str, ended: float) -> float | None:
    found = _BORN.findall(identity)
    at = int(found[-1]) / 1000 if found else 0.0
    return at if ended - _LONGEST < at <= ended + 1 else None


def _cwd(arguments: Mapping[str, Any], root: str) -> str:
    """Where a command runs: each in a shell of its own, in the project's directory or in one below it."""
    folder = wire.string(arguments.get("dir_path")) or wire.string(arguments.get("directory"))
    if not folder:
        return root
    return os.path.normpath(os.path.join(root, folder)) if root or os.path.isabs(folder) else ""


def _named(name: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Tool and input in the words that all harnesses share."""
    given = dict(arguments)
    if name == "run_shell_command" and isinstance(given.get("command"), str):
        return "Bash", given
    path = next((key for key in ("file_path", "absolute_path", "path") if isinstance(given.get(key), str)), "")
    if name == "read_file" and path:
        return "Read", {"file_path": given.pop(path), **_lines(given)}
    return name, given


def _lines(given: dict[str, Any]) -> dict[str, Any]:
    """Which lines: `offset` is the number of the first, from 1; older clients count from 0."""
    start, end = wire.number(given.pop("start_line", None)), wire.number(given.pop("end_line", None))
    if start is not None or end is not None:
        first = int(start or 1)
        return {**given, "offset": first, **({} if end is None else {"limit": max(int(end) - first + 1, 0)})}
    offset = wire.number(given.get("offset"))
    return given if offset is None else {**given, "offset": int(offset) + 1}


# --- results


def _result(given: Mapping[str, Any], tool: str) -> tuple[Result, Ended]:
    output, error = _response(given.get("result"))
    if given.get("status") != "success":
        ended = Ended.INTERRUPTED if given.get("status") == "cancelled" else Ended.RETURNED
        if _REFUSED.search(error) or (_QUEUED.search(error) and not output):
            ended = Ended.DENIED
        return Result(_unwrapped(output) or error, False, None), ended
    if tool == "Bash":
        return _shell(_unwrapped(output))
    if tool == "Read" and _CUT in output[:4096]:
        output = output.partition(_CUT)[2]
    return Result(_unwrapped(output) or error, True, None), Ended.RETURNED


def _response(result: object) -> tuple[str, str]:
    """What the agent is shown of a result: output, and error."""
    if not isinstance(result, list):
        return wire.text_of(result), ""
    output, error = [], []
    for part in result:
        answer = part.get("functionResponse") if isinstance(part, dict) else None
        response = answer.get("response") if isinstance(answer, dict) else None
        if isinstance(response, dict) and ("output" in response or "error" in response):
            output += [wire.text_of(response["output"])] if "output" in response else []
            error += [wire.text_of(response["error"])] if "error" in response else []
        elif response is not None:
            output.append(wire.text_of(response))
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            output.append(part["text"])
    return "\n".join(output), "\n".join(error)


def _unwrapped(text: str) -> str:
    before, after = _WRAP
    if text.startswith(before) and text.endswith(after):
        return text[len(before) : -len(after)]
    return text


def _shell(text: str) -> tuple[Result, Ended]:
    """A shell command's result out of its report, the older (`Command: …`) or the newer (`Output: …`)."""
    if partly := _PARTLY.match(text):
        return Result(partly.group(1) or "", False, None), Ended.INTERRUPTED
    if text.startswith("Command was cancelled by user before it could start"):
        return Result(text, False, None), Ended.DENIED
    start = _start(text)
    if start is None:
        return Result(text, True, None), Ended.RETURNED  # a summary, or it went to the background
    body, facts = _tail(text[start:], text.startswith("Command: "))
    code, signal = facts.get("Exit Code", ""), facts.get("Signal", "")
    output = "\n".join(part for part in _streams(body) if part not in ("", "(empty)"))
    if signal not in _NONE:
        number = int(signal) if signal.isascii() and signal.isdigit() and len(signal) < 4 else 0
        return Result(output, False, -number or None), Ended.RETURNED
    failure = facts.get("Error", "")
    if failure not in _NONE:
        output = f"{output}\n{failure}" if output else failure
    if not code and failure in _NONE:
        return Result(output, True, 0), Ended.RETURNED
    status = int(code) if re.fullmatch(r"-?[0-9]{1,10}", code) else None
    return Result(output, status == 0 and failure in _NONE, status), Ended.RETURNED


def _start(text: str) -> int | None:
    """Where the output begins in a report, None if it is none."""
    if found := _HEAD.match(text):
        return found.end()
    if not text.startswith("Command: "):
        return None
    places = [text.find(f"\n{name}: ", text.find("\nDirectory: ")) for name in ("Output", "Stdout")]
    first = min((place for place in places if place >= 0), default=-1)
    found = _HEAD.match(text, first + 1) if first >= 0 else None
    return found.end() if found else None


def _tail(text: str, older: bool) -> tuple[str, dict[str, str]]:
    """The report without the lines of facts at its end, and those.

    A line of the output may look like one: facts come in their order, and newer clients tell an error only of a
    command that could not be started, of which nothing else is known.
    """
    facts: dict[str, str] = {}
    left = len(_FACTS)
    while True:
        body, apart, last = text.rpartition("\n")
        found = _FACT.fullmatch(last)
        if not apart or not found or _FACTS.index(found.group(1)) >= left:
            return text, facts
        if found.group(1) == "Error" and not older and facts:
            return text, facts
        left = _FACTS.index(found.group(1))
        text, facts[found.group(1)] = body, found.group(2).strip()


def _streams(body: str) -> tuple[str, str]:
    out, apart, err = body.rpartition("\nStderr: ")
    return (out, err) if apart else (body, "")
