"""Calls in Copilot CLI sessions: what was asked for, and what came back without the client's words (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentjit.observe import wire
from agentjit.trace import Ended

_SHELLS = frozenset({"bash", "powershell", "shell", "local_shell"})
_SHELL_TAILS = ("<shellId:", "<command with", "<exited with")
_READS_SHELL = frozenset({"Bash", "read_bash", "write_bash", "read_powershell", "write_powershell"})
_DENIED = frozenset({"denied", "rejected"})
_INTERRUPTED = frozenset({"aborted", "cancelled", "canceled", "interrupted"})


@dataclass(slots=True)
class Use:
    """A call that was asked for; `asked` is its input as the model gave it."""

    id: str
    tool: str
    asked: Mapping[str, Any]
    at: float
    episode: str
    cwd: str
    agent: str = ""
    batch: str = ""
    denied: bool = False
    ended: Ended = Ended.UNANSWERED


@dataclass(slots=True)
class Result:
    """What came of a call; see `ToolCall` for the fields."""

    output: str
    ok: bool
    exit_code: int | None = None
    ended: Ended = Ended.RETURNED


# --- what was asked for


def name(data: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """The name of the tool of a `tool.execution_start`, "" if it has none."""
    server, tool = wire.string(data.get("mcpServerName")), wire.string(data.get("mcpToolName"))
    if server and tool:
        return f"mcp__{server}__{tool}"
    given = wire.string(data.get("toolName"))
    if given in _SHELLS and isinstance(asked.get("command"), str):
        return "Bash"
    return "Read" if views(given, asked) else given


def views(given: str, asked: Mapping[str, Any]) -> bool:
    """The call shows a file (or a folder: only the result tells)."""
    if not isinstance(asked.get("path"), str):
        return False
    return given == "view" or (given == "str_replace_editor" and asked.get("command") == "view")


def arguments(value: object) -> Mapping[str, Any]:
    """Arguments are an object, in old files JSON in a string; other text is what a tool of its own grammar got."""
    if isinstance(value, dict):
        return value
    text = wire.text_of(value)
    found, reason = wire.objects(text) if text.startswith("{") else ([], "")
    return found[0] if len(found) == 1 and not reason else {"input": text} if text else {}


def given(tool: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The input under the names that all harnesses share."""
    if tool == "Bash":
        return {key: asked[key] for key in ("command", "description") if key in asked}
    if tool != "Read":
        return asked
    found: dict[str, Any] = {"file_path": asked.get("path")}
    lines = asked.get("view_range")
    if isinstance(lines, list) and len(lines) == 2 and all(isinstance(n, int) for n in lines):
        found["offset"] = lines[0]
        if lines[1] >= lines[0]:
            found["limit"] = lines[1] - lines[0] + 1
    return found


# --- what came back


def result(use: Use, data: Mapping[str, Any]) -> Result:
    """The result of a call from its `tool.execution_complete`; a folder that was viewed makes `use` no `Read`."""
    if data.get("success") is not True and not isinstance(data.get("result"), dict):
        return _failure(use, data.get("error"))
    came = data.get("result")
    came = came if isinstance(came, dict) else {}
    text = wire.text_of(came.get("content"))
    if use.tool == "Read":
        if _telemetry(data).get("viewType") == "directory":
            use.tool = "view"
        else:
            text = _without_numbers(text, wire.string(came.get("detailedContent")))
    code = None
    if use.tool in _READS_SHELL:
        text, code = _without_tail(text)
        shell = data.get("shellExecution")
        if isinstance(shell, dict):
            code = wire.exit_code(shell.get("exitCode")) if "exitCode" in shell else code
    return Result(text, data.get("success") is not False and code in (None, 0), code)


def _failure(use: Use, error: object) -> Result:
    if not isinstance(error, dict):
        return Result(wire.text_of(error), False, ended=Ended.DENIED if use.denied else Ended.RETURNED)
    code = wire.string(error.get("code"))
    ended = Ended.RETURNED
    if use.denied or code in _DENIED:
        ended = Ended.DENIED
    elif code in _INTERRUPTED:
        ended = Ended.INTERRUPTED
    return Result(wire.text_of(error.get("message")), False, ended=ended)


def _telemetry(data: Mapping[str, Any]) -> Mapping[str, Any]:
    telemetry = data.get("toolTelemetry")
    properties = telemetry.get("properties") if isinstance(telemetry, dict) else None
    return properties if isinstance(properties, dict) else {}


def _without_tail(text: str) -> tuple[str, int | None]:
    """Output and exit status without the last line, `<shellId: 0 completed with exit code 0>`."""
    if not text.endswith(">"):
        return text, None
    start = text.rfind("\n<") + 1
    tail = text[start:]
    if not tail.startswith(_SHELL_TAILS):
        return text, None
    digits = tail[:-1].partition("exit code ")[2]
    code = int(digits) if digits.lstrip("-").isdecimal() and digits.isascii() and len(digits) < 12 else None
    return text[: max(start - 1, 0)], code


def _without_numbers(text: str, shown: str) -> str:
    """The lines of a file without the `7. ` that older clients put in front of each.

    A file may be a numbered list itself: `shown`, the same lines as a patch, tells.
    """
    number = text[:10].partition(". ")[0]
    if not (number.isascii() and number.isdigit()):
        return text
    lines = text.split("\n")
    marks = [f"{n}. " for n in range(int(number), int(number) + len(lines))]
    if not all(line.startswith(mark) for line, mark in zip(lines, marks, strict=True)):
        return text
    bare = [line[len(mark) :] for line, mark in zip(lines, marks, strict=True)]
    return "\n".join(bare) if f"\n {bare[0]}\n" in shown else text
