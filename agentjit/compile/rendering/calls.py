"""The calls of a plan as expressions of its program."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import assert_never

from agentjit.compile.rendering.code import fraction, name_code, quoted, string
from agentjit.compile.rendering.layout import Code, Nest, named
from agentjit.errors import NotCompilable
from agentjit.piece import Ref, Text
from agentjit.step import AnyCall, BashStep, EditStep, ReadStep, ShellStep, Spread, ToolField, ToolStep, WriteStep

_POSITION = re.compile(r'"\$(?:[1-9]|\{[1-9][0-9]*\}|\{@:[1-9][0-9]*\})"')


def call_code(call: AnyCall) -> Nest:
    """What a program yields; `NotCompilable` for what no program can say."""
    if isinstance(call, BashStep):
        return Nest("bash(", [f"*{word.name}" if isinstance(word, Spread) else string(word) for word in call.argv], ")")
    if isinstance(call, ShellStep):
        return Nest("shell(", _script(call), ")")
    if isinstance(call, ReadStep):
        given = {"offset": call.offset, "limit": call.limit}
        options = [f"{key}={value}" for key, value in given.items() if value is not None]
        return Nest("read(", [string(call.path), *options], ")")
    if isinstance(call, WriteStep):
        new = ["new=True"] if call.new else []
        return Nest("write(", [string(call.path), string(call.content), *new], ")")
    if isinstance(call, EditStep):
        return Nest("edit(", [string(call.path), string(call.old), string(call.new), *_edited(call)], ")")
    if isinstance(call, ToolStep):
        return Nest("tool(", [quoted(call.tool), _input(call.fields)], ")")
    assert_never(call)


def _edited(call: EditStep) -> Iterator[str]:
    """How an edit is meant. A value at an edge of what it looks for may be the beginning of a longer word in the file,
    or the end of one; a constant is what it was in all traces.
    """
    if call.every:
        yield "every=True"
    begins, ends = (bool(call.old) and isinstance(call.old[at], Ref) for at in (0, -1))
    if begins or ends:
        yield f"whole={quoted('both' if begins and ends else 'begin' if begins else 'end')}"


# --- scripts


def _script(call: ShellStep) -> list[str]:
    """The script with `"$1"`, `"$2"`, … where its references stand, and their values behind it; a list comes last."""
    values = list(dict.fromkeys(name_code(piece) for piece in call.script if isinstance(piece, Ref)))
    lists = list(dict.fromkeys(piece.name for piece in call.script if isinstance(piece, Spread)))
    if len(lists) > 1:
        raise NotCompilable(f"one script takes several lists: {', '.join(lists)}")
    places = [_place(piece, values) for piece in call.script]
    text = "".join(places)
    own = [place for piece, place in zip(call.script, places, strict=True) if not isinstance(piece, Text)]
    if _POSITION.findall(text) != own:
        raise NotCompilable("a script has positional parameters of its own")
    return [quoted(text), *values, *(f"*{name}" for name in lists)]


def _place(piece: Text | Ref | Spread, values: list[str]) -> str:
    if isinstance(piece, Text):
        return piece.text
    if isinstance(piece, Spread):
        return f'"${{@:{len(values) + 1}}}"'
    place = values.index(name_code(piece)) + 1
    return f'"${place}"' if place < 10 else f'"${{{place}}}"'


# --- the input of a tool

_Node = dict[str | int, "_Node | ToolField"]


def _input(fields: tuple[ToolField, ...]) -> Code:
    """A tool's input: its leaves put back where they stood."""
    root: _Node = {}
    for field in fields:
        node = root
        for key in field.path[:-1]:
            child = node.setdefault(key, {})
            if isinstance(child, ToolField):
                raise NotCompilable(f"{_shown(field)} stands in what is no object")
            node = child
        if not field.path or field.path[-1] in node:
            raise NotCompilable(f"{_shown(field)} is given twice")
        node[field.path[-1]] = field
    if any(isinstance(key, int) for key in root):
        raise NotCompilable("a tool's input is no object")
    return _object("", root)


def _shown(field: ToolField) -> str:
    return ".".join(map(str, field.path)) or "the input"


def _object(before: str, node: _Node) -> Code:
    if all(isinstance(key, str) for key in node):
        items = [_member(f"{quoted(str(key))}: ", child) for key, child in node.items()]
        return Nest(before + "{", items, "}")
    if set(node) != set(range(len(node))):
        raise NotCompilable("a list in a tool's input has gaps")
    return Nest(before + "[", [_member("", node[place]) for place in range(len(node))], "]")


def _member(before: str, child: _Node | ToolField) -> Code:
    return named(before, _leaf(child)) if isinstance(child, ToolField) else _object(before, child)


def _leaf(field: ToolField) -> Code:
    if field.type == "string":
        return string(field.value)
    if any(isinstance(piece, Ref) for piece in field.value):
        if field.type not in ("integer", "number", "boolean"):
            raise NotCompilable(f"{_shown(field)} of {field.type} varies")
        return Nest(f"{_READERS.get(field.type, field.type)}(", [string(field.value)], ")")
    return _constant(field)


_READERS = {"number": "real"}  # the kit's word for a type, where it is another: `number` is what an issue has


def _constant(field: ToolField) -> str:
    """A JSON constant as Python has it."""
    text = "".join(piece.text for piece in field.value if isinstance(piece, Text))
    try:
        value = json.loads(text)
    except ValueError as error:
        raise NotCompilable(f"{_shown(field)} is no JSON") from error
    if field.type == "integer" and type(value) is int:
        return str(value)
    if field.type == "number" and type(value) in (int, float) and math.isfinite(value):
        return str(value) if isinstance(value, int) else fraction(value)
    if (field.type == "boolean" and isinstance(value, bool)) or (field.type == "null" and value is None):
        return repr(value)
    if (field.type == "array" and value == []) or (field.type == "object" and value == {}):
        return text.strip().replace(" ", "")
    raise NotCompilable(f"{_shown(field)} is no {field.type}")
