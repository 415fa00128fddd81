"""What the readers of hooks and transcripts share: JSON in pieces, bounded numbers, results as the agent saw them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentjit.trace import DecisionSeen, StepDone

_EXIT = re.compile(r"(?:Error: )?Exit code (\d{1,10})(?:\n|\Z)")
_TOOL_ERROR = re.compile(r"<tool_use_error>(.*)</tool_use_error>\s*", re.DOTALL)
_REMARK = re.compile(r" \(file state is current in your context[^()]*\)\Z")
_LARGEST = 2**53  # beyond it a JSON number is not exact, and no count or time is that large
_DEEPEST = 100  # levels; what is deeper is no tool input, and would exhaust the stack of whoever walks it
_decoder = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Result:
    """How a tool call ended; see `ToolCall` for the fields."""

    output: str
    ok: bool
    exit_code: int | None


def objects(text: str) -> tuple[list[dict[str, Any]], str]:
    """The JSON objects that stand one after another in `text`, and why reading stopped early ("" if it did not)."""
    found: list[dict[str, Any]] = []
    position, end = _past_space(text, 0), len(text)
    if position == end:
        return found, "empty"
    while position < end:
        try:
            value, position = _decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            return found, f"not JSON: {error}"[:200]
        if not isinstance(value, dict):
            return found, "JSON, but not an object"
        if text.count("[") + text.count("{") > _DEEPEST and _too_deep(value):
            return found, f"JSON nested more than {_DEEPEST} deep"
        found.append(value)
        position = _past_space(text, position)
    return found, ""


def object_at(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    """The JSON object that begins at `start`, and where it ends; None, and where reading failed, if there is none."""
    try:
        value, end = _decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        # Of a text that is not closed the error names the beginning.
        return None, len(text) if error.msg.startswith("Unterminated string") else error.pos
    except (ValueError, RecursionError):
        return None, start + 1
    if not isinstance(value, dict):
        return None, end
    deep = text.count("[", start, end) + text.count("{", start, end) > _DEEPEST and _too_deep(value)
    return (None if deep else value), end


def _past_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict | list):
                inner += item.values() if isinstance(item, dict) else item
        if not inner:
            return False
        level = inner
    return True


def string(value: object) -> str:
    """`value` if it is text, else ""."""
    return value if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """`value` if it is a number that can be a time or an amount, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST else None  # NaN is smaller than nothing


def moment(value: object, default: float = 0.0) -> float:
    """Unix seconds of an ISO 8601 timestamp, `default` if it is none."""
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else default
    except (ValueError, OverflowError):
        return default


def count(value: object) -> int:
    """`value` if it is a whole number of things, else 0."""
    found = number(value)
    return int(found) if found is not None and found > 0 else 0


def succeeded(tool: str, response: object) -> Result:
    """The result of a call that the harness calls good, from its `tool_response` (in transcripts `toolUseResult`)."""
    if isinstance(response, Mapping):
        if "stdout" in response:
            return _shell(response)
        file = response.get("file")
        if tool == "Read" and isinstance(file, Mapping):
            content = file.get("content")
            return Result(content if isinstance(content, str) else f"[{string(response.get('type'))}]", True, None)
        if said := _file_changed(tool, response):
            return Result(said, True, None)
        # The agent is not shown the file as it was before, and it would double the size of the store.
        response = {key: value for key, value in response.items() if key != "originalFile"}
    return Result(text_of(response), True, None)


def _file_changed(tool: str, response: Mapping[str, Any]) -> str:
    """What the agent is told of a file that it changed; the result itself has the change, and the agent has not."""
    path = string(response.get("filePath"))
    if not path or tool not in ("Write", "Edit"):
        return ""
    if tool == "Write" and response.get("type") == "create":
        return f"File created successfully at: {path}"
    if response.get("replaceAll") is True:
        return f"The file {path} has been updated. All occurrences were successfully replaced."
    return f"The file {path} has been updated successfully."


def unremarked(shown: str) -> str:
    """What is shown of a file that was changed, without the remark to the model behind it."""
    return _REMARK.sub("", shown)


def _shell(response: Mapping[str, Any]) -> Result:
    parts = (string(response.get("stdout")), string(response.get("stderr")))
    output = "\n".join(part for part in parts if part)
    if response.get("interrupted") is True:
        return Result(output, False, None)
    if response.get("backgroundTaskId"):
        return Result(output, True, None)
    # An interpretation ("No matches found", "Files differ") is given for a status of 1 that is not a failure.
    return Result(output, True, 1 if response.get("returnCodeInterpretation") else 0)


def failed(error: str) -> Result:
    """The result of a call that the harness calls failed, from the error the agent is shown."""
    match = _EXIT.match(error)
    if match:
        return Result(error[match.end() :], False, int(match.group(1)))
    wrapped = _TOOL_ERROR.fullmatch(error)
    return Result(wrapped.group(1) if wrapped else error, False, None)


def text_of(content: object) -> str:
    """Text as it is, text blocks joined, anything else as JSON."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and content and all(_is_text(block) for block in content):
        return "\n".join(block["text"] for block in content)
    return json.dumps(content, ensure_ascii=False)


def _is_text(block: object) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "text" and isinstance(block.get("text"), str)


def decision(line: Mapping[str, Any], session: str, episode: str, at: float) -> DecisionSeen | None:
    """One of our own lines (`{"aj": "decision", …}`) as a record, None if it is none.

    `session`, `episode` and `at` stand in where the line leaves them out; then the id is made from them.
    """
    if line.get("aj") != "decision":
        return None
    given = number(line.get("at"))
    episode = string(line.get("episode")) or episode
    arguments = line.get("arguments")
    return DecisionSeen(
        id=string(line.get("id")) or f"prompt:{episode or at}",
        at=at if given is None else given,
        session=string(line.get("session")) or session,
        episode=episode,
        entry=string(line.get("entry")) or "prompt",
        decision=string(line.get("decision")) or "pass",
        reason=string(line.get("reason")),
        skill=string(line.get("skill")),
        version=string(line.get("version")),
        outcome=string(line.get("outcome")),
        seconds=number(line.get("seconds")) or 0.0,
        steps=_steps(line.get("steps")),
        requests=count(line.get("requests")),
        tokens=count(line.get("tokens")),
        saved_seconds=number(line.get("saved_seconds")) or 0.0,
        arguments={str(key): text_of(value) for key, value in arguments.items()} if isinstance(arguments, dict) else {},
    )


def own(line: Mapping[str, Any]) -> str:
    """How AgentJIT had a hand in the session, from one of our own lines (`{"aj": "own", …}`), "" if it is none."""
    return string(line.get("own")) if line.get("aj") == "own" else ""


def _steps(value: object) -> tuple[StepDone, ...]:
    steps = [step for step in value if isinstance(step, dict)] if isinstance(value, list) else []
    return tuple(
        StepDone(string(step.get("text")), exit_code(step.get("exit_code")), number(step.get("seconds")) or 0.0)
        for step in steps
    )


def exit_code(value: object) -> int | None:
    """`value` if it can be an exit status (negative for a signal), else None."""
    found = number(value)
    return int(found) if found is not None else None
