"""Calls in Codex rollouts: what was asked for, and what came back without the client's envelope (pure)."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from agentjit.observe import wire
from agentjit.trace import Ended

Facts = tuple[bool, int | None, float | None]  # ok, exit status, seconds

_SHELLS = frozenset({"shell", "local_shell", "shell_command", "exec_command", "container.exec", "unified_exec"})
_INTERPRETERS = frozenset({"bash", "sh", "zsh", "dash", "ksh", "fish", "pwsh", "powershell", "powershell.exe"})
_FLAGS = frozenset({"-c", "-lc", "-ic", "-lic", "-command"})
_ENVELOPED = frozenset({"Bash", "apply_patch", "write_stdin"})  # without its envelope, what came back is an error
_CODES = ("Process exited with code ", "Exit code: ")
_TIME = "Wall time"  # with a colon, or without
_HEADERS = (
    "Chunk ID: ",
    "Original token count: ",
    "Total output lines: ",
    "Process running with session ID ",
    "Script ",
)
_HEADER = 400  # characters
_SHORT = 2000  # characters; what the client says itself is no longer
_DENIED = (
    "ejected by user",  # also "Rejected by user"
    "locked by PreToolUse hook",
    "rejected due to unacceptable risk",
    "approval policy is ",
)
_FAILED = ("unsupported call", "unsupported custom tool call", "failed to parse function arguments", "unable to ")


@dataclass(slots=True)
class Use:
    """A call that was asked for. `ended` is what it will have been if nothing comes back."""

    tool: str
    input: Mapping[str, Any]
    cwd: str
    id: str = ""
    at: float = 0.0
    episode: str = ""
    batch: str = ""
    ended: Ended = Ended.UNANSWERED


@dataclass(slots=True)
class Result:
    """What came of a call; see `ToolCall` for the fields."""

    output: str
    ok: bool
    exit_code: int | None = None
    seconds: float | None = None
    ended: Ended = Ended.RETURNED


def text_of(content: object) -> str:
    """The text in a list of content items (`input_text`, `output_text`, `text`), or text as it is."""
    if not isinstance(content, list):
        return wire.string(content)
    texts = (item.get("text") for item in content if isinstance(item, dict))
    return "\n".join(text for text in texts if isinstance(text, str))


# --- what was asked for


def use(item: Mapping[str, Any], cwd: str) -> Use | None:
    """A call as the model made it (one of the `…_call` items) in `cwd`; None if it has no name."""
    kind = item.get("type")
    if kind == "local_shell_call":
        action = item.get("action")
        return _shell(action if isinstance(action, dict) else {}, cwd)
    if kind == "tool_search_call":
        return Use("tool_search", _arguments(item.get("arguments")), cwd)
    name = wire.string(item.get("name"))
    if kind == "custom_tool_call":
        return Use(name, {"input": wire.text_of(item.get("input"))}, cwd) if name else None
    given = _arguments(item.get("arguments"))
    if name in _SHELLS and ("command" in given or "cmd" in given):
        return _shell(given, cwd)
    if name == "read_file" and "file_path" in given:
        return Use("Read", given, cwd)
    return Use(_full_name(name, wire.string(item.get("namespace"))), given, cwd) if name else None


def service_use(item: Mapping[str, Any], cwd: str) -> Use:
    """A call that the model's service answers itself: a search, a picture."""
    action = item.get("action")
    if item.get("type") == "web_search_call":
        return Use("web_search", action if isinstance(action, dict) else {}, cwd)
    return Use("image_generation", {"prompt": wire.string(item.get("revised_prompt"))}, cwd)


def nested(item: Mapping[str, Any], cwd: str) -> tuple[Use, Result] | None:
    """A call made by code that the model wrote, known only from its completed item; None if that does not tell."""
    made: Use | None
    if item.get("type") == "CommandExecution":
        made = _shell({"command": item.get("command"), "workdir": _path(wire.string(item.get("cwd")))}, cwd)
        output = wire.string(item.get("aggregated_output"))
    else:
        changes = item.get("changes")
        made = Use("apply_patch", {"changes": changes}, cwd) if isinstance(changes, dict) else None
        output = wire.string(item.get("stdout")) + wire.string(item.get("stderr"))
    if made is None:
        return None
    ok, code, seconds = facts(item)
    return made, Result(output, ok, code, seconds)


def _shell(given: Mapping[str, Any], cwd: str) -> Use:
    command = given.get("command", given.get("cmd"))
    if isinstance(command, list) and len(command) == 2 and command[0] in ("apply_patch", "applypatch"):
        return Use("apply_patch", {"input": wire.text_of(command[1])}, cwd)
    place = wire.string(given.get("workdir")) or wire.string(given.get("working_directory"))
    return Use("Bash", {"command": _line(command)}, os.path.join(cwd, place) if place else cwd)


def _line(command: object) -> str:
    """The line a person would type for an argument list."""
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        return wire.text_of(command)
    program = command[0].replace("\\", "/").rpartition("/")[2].lower() if len(command) == 3 else ""
    if program in _INTERPRETERS and command[1].lower() in _FLAGS:
        return str(command[2])
    return shlex.join(command)


def _arguments(value: object) -> Mapping[str, Any]:
    """Arguments are JSON in a string; what is none is kept as text."""
    if isinstance(value, dict):
        return value
    text = wire.text_of(value)
    found, reason = wire.objects(text) if text else ([], "")
    return found[0] if len(found) == 1 and not reason else {"arguments": text} if text else {}


def _full_name(name: str, namespace: str) -> str:
    return f"{namespace}__{name.lstrip('_')}" if namespace.startswith("mcp__") else name


def _path(text: str) -> str:
    return unquote(text.removeprefix("file://")) if text.startswith("file://") else text


# --- what came back


def facts(told: Mapping[str, Any]) -> Facts:
    """What an event or item about the end of a call says besides its output."""
    code = wire.exit_code(told.get("exit_code"))
    if told.get("success") is False or told.get("status") in ("failed", "declined") or _is_error(told.get("result")):
        ok = False
    else:
        ok = code in (None, 0)
    return ok, code, _duration(told.get("duration"))


def _is_error(result: object) -> bool:
    if not isinstance(result, dict):
        return False
    inner = result.get("Ok")
    return "Err" in result or (isinstance(inner, dict) and inner.get("isError") is True)


def _duration(value: object) -> float | None:
    if not isinstance(value, dict):
        return None
    whole, rest = wire.number(value.get("secs")), wire.number(value.get("nanos"))
    return None if whole is None else max(whole + (rest or 0.0) / 1e9, 0.0)


def result(tool: str, given: object, known: Facts | None) -> Result:
    """The result of a call from its output item; `known` is what an event told of it before."""
    success: bool | None = None
    if isinstance(given, dict):
        success = given.get("success") if isinstance(given.get("success"), bool) else None
        given = given.get("content")
    found = _unwrapped(_joined(given))
    if found is None:
        text = _joined(given)
        found = Result(text, tool not in _ENVELOPED and not text.startswith(_FAILED), ended=_how(text))
    if known:
        ok, code, seconds = known
        found.ok = found.ok and ok if code is None else code == 0
        found.exit_code = code if found.exit_code is None and tool != "Bash" else found.exit_code
        found.seconds = seconds if found.seconds is None else found.seconds
    if success is not None and found.exit_code is None:
        found.ok = success
    if found.ended is not Ended.RETURNED:
        found.ok = False
    if tool == "Read":
        found.output = _without_numbers(found.output)
    return found


def _joined(given: object) -> str:
    """Pieces of text one after another, each on lines of its own."""
    if not isinstance(given, list):
        return wire.text_of(given)
    texts = [item.get("text") for item in given if isinstance(item, dict)]
    pieces = [text for text in texts if isinstance(text, str)]
    if not pieces and given:
        return wire.text_of([{k: v for k, v in i.items() if k != "image_url"} for i in given if isinstance(i, dict)])
    return "".join(piece if piece.endswith("\n") else piece + "\n" for piece in pieces[:-1]) + "".join(pieces[-1:])


def _how(text: str) -> Ended:
    if len(text) > _SHORT:
        return Ended.RETURNED
    if text == "aborted" or text.startswith("aborted by user") or text.endswith("aborted by user"):
        return Ended.INTERRUPTED
    return Ended.DENIED if any(mark in text for mark in _DENIED) else Ended.RETURNED


def _unwrapped(text: str) -> Result | None:
    """The output inside the client's envelope, None if there is none."""
    if text.startswith('{"output":'):
        return _old_envelope(text)
    end = text.find("\nOutput:", 0, _HEADER)
    after = end + len("\nOutput:")
    if end < 0 or text[after : after + 1] not in ("", "\n"):
        return None
    found = Result(text[after + 1 :], True)
    for line in text[:end].split("\n"):
        if line.startswith(_CODES):
            found.exit_code = _whole(line.rpartition(" ")[2])
        elif line.startswith(_TIME):
            found.seconds = _seconds(line)
        elif not line.startswith(_HEADERS):
            return None
        elif line.startswith("Script failed"):
            found.ok = False
    found.ok = found.ok and found.exit_code in (None, 0)
    return found


def _old_envelope(text: str) -> Result | None:
    """Until 0.50 a shell's output was JSON: `{"output": …, "metadata": {"exit_code": 0, "duration_seconds": 0.1}}`."""
    found, reason = wire.objects(text)
    if len(found) != 1 or reason or not isinstance(found[0].get("output"), str):
        return None
    about = found[0].get("metadata")
    about = about if isinstance(about, dict) else {}
    code, seconds = wire.exit_code(about.get("exit_code")), wire.number(about.get("duration_seconds"))
    output = found[0]["output"]
    return Result(output, code in (None, 0), code, None if seconds is None else max(seconds, 0.0), _how(output))


def _whole(text: str) -> int | None:
    try:
        return wire.exit_code(int(text)) if len(text) < 12 else None
    except ValueError:
        return None


def _seconds(line: str) -> float | None:
    words = line.split()
    try:
        value = wire.number(float(words[2])) if len(words) > 2 else None
    except ValueError:
        return None
    return None if value is None else max(value, 0.0)


def _without_numbers(text: str) -> str:
    """The lines of a file without the `L7: ` in front of each."""
    lines = text.split("\n")
    marks = [line.partition(": ")[0] for line in lines]
    if not all(mark.startswith("L") and mark[1:].isdigit() for mark in marks):
        return text
    return "\n".join(line[len(mark) + 2 :] for line, mark in zip(lines, marks, strict=True))
