"""What a call of another tool than the shell does: one action, by the shape and the values of its input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agentjit.detect.operations.cosmetics import Cosmetics
from agentjit.detect.operations.strip import bounded, resolved
from agentjit.hotspot import Action
from agentjit.trace import Effect, ToolCall

_DEEPEST = 3  # levels of an input that its shape shows
_WIDEST = 12  # keys of each
_SHOWN = 60  # characters of each value in a text


def action_of_tool(call: ToolCall, effect: Effect, cosmetics: Cosmetics) -> Action:
    """The only action of a call of any tool.

    Its key has the whole input but for what is only shown; a path argument is made absolute, and where there is no
    absolute one the directory is in the key, too.
    """
    hidden = cosmetics.tool_display.get(call.tool, frozenset())
    given = {str(key): value for key, value in call.input.items() if key not in hidden}
    argument = cosmetics.tool_paths.get(call.tool)
    path = given.get(argument) if argument is not None else None
    anywhere = call.tool in cosmetics.tool_anywhere
    place = call.cwd
    keyed = given
    if argument is not None and isinstance(path, str) and path and not path.startswith("~"):
        absolute = path if ".." in path.split("/") else resolved(call.cwd, path)
        if absolute and path.endswith(("/", "/.")):
            absolute = absolute.rstrip("/") + "/"  # no name of a file
        keyed = {**given, argument: absolute or path}
        place = "" if (absolute or path).startswith("/") else place
    key = bounded(repr((call.tool, "" if anywhere else place, canonical_json(keyed))))
    return Action(key, _signature(call.tool, given), effect, _text(call, given, argument), "", call.cwd)


def distinguishing(call: ToolCall, cosmetics: Cosmetics) -> str:
    """What a shell call has beside its line that tells it from others, as JSON; "" if nothing."""
    if len(call.input) == 1:
        return ""
    hidden = cosmetics.tool_display.get(call.tool, frozenset())
    more = {key: value for key, value in call.input.items() if key != "command" and key not in hidden and _says(value)}
    return canonical_json(more) if more else ""


def _says(value: object) -> bool:
    return value is not None and value is not False  # both are what is meant where nothing is said


def canonical_json(value: object) -> str:
    """JSON with sorted keys, equal for equal values only; what JSON cannot say is written as Python does."""
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=repr)
    except (TypeError, ValueError, RecursionError):  # keys that cannot be sorted, a value nested deep or in itself
        return f"!{_spelled(value)}"


def _spelled(value: object) -> str:
    """`value` as Python would write it, however deep it is nested; what holds itself stands for itself by its depth."""
    pieces: list[str] = []
    open_at: dict[int, int] = {}  # the objects around what comes next, and how deep each is
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        mark, each = waiting.pop()
        if mark == "close":
            pieces.append(")")
            del open_at[id(each)]
            continue
        pieces.append(f"{mark},")
        if id(each) in open_at:
            pieces.append(f"<{open_at[id(each)]}>")
        elif isinstance(each, Mapping):
            pieces.append("{(")
            waiting.append(("close", each))
            waiting += sorted(((repr(key), inner) for key, inner in each.items()), key=lambda pair: pair[0])
            open_at[id(each)] = len(open_at)
        elif isinstance(each, (list, tuple)):
            pieces.append("[(")
            waiting.append(("close", each))
            waiting += [("", inner) for inner in reversed(each)]
            open_at[id(each)] = len(open_at)
        else:
            pieces.append(repr(each))
    return "".join(pieces)


def _signature(tool: str, given: Mapping[str, Any]) -> str:
    return " ".join((tool, *(f"{key}{_shape(given[key], _DEEPEST)}" for key in sorted(given))))


def _shape(value: object, depth: int) -> str:
    """`{a,b[]}` for an object, `[]` for a list of plain values, "" for a plain value."""
    if isinstance(value, Mapping):
        if depth <= 1:
            return "{…}"
        names = sorted((str(key), _shape(inner, depth - 1)) for key, inner in value.items())
        more = ",…" if len(names) > _WIDEST else ""
        return "{" + ",".join(f"{name}{inner}" for name, inner in names[:_WIDEST]) + more + "}"
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        kinds = sorted({_shape(inner, depth - 1) for inner in value}) if depth > 1 else []
        return "[" + "|".join(kind for kind in kinds[:_WIDEST] if kind) + "]"
    return ""


def _text(call: ToolCall, given: Mapping[str, Any], argument: str | None) -> str:
    """`Read src/a.py offset=10`: the tool, its path as seen from the working directory, the other values, cut."""
    words = [call.tool]
    if argument is not None and isinstance(path := given.get(argument), str):
        home = call.cwd.rstrip("/") + "/"
        words.append(path.removeprefix(home) if call.cwd else path)
    for key in sorted(given):
        if key != argument:
            value = given[key]
            shown = value if isinstance(value, str) else canonical_json(value)
            flat = " ".join(shown[: 4 * _SHOWN].split())
            words.append(f"{key}={flat[:_SHOWN]}{'…' if len(flat) > _SHOWN else ''}")
    return " ".join(words)
