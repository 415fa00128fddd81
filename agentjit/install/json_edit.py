"""Edits to JSON text that leave every other byte as it is (pure).

A settings file belongs to its owner: parsing it and writing it back would change spacing, numbers and escapes that are
none of our business. Offsets are in characters; the text has been parsed once, so the scanner need not check it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Item:
    """An element at `text[start:end]`, or a member with its key; its value begins at `value`."""

    start: int
    value: int
    end: int
    key: str | None = None


def parse(text: str) -> Any:
    """The value of a JSON text; raises ValueError for anything that is not JSON (`NaN` included)."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def top(text: str) -> int:
    """Where the outermost value begins."""
    return _skip(text, 0)


def items(text: str, at: int) -> list[Item]:
    """The elements or members of the array or object that begins at `at`."""
    found: list[Item] = []
    keyed, close = text[at] == "{", "]}"[text[at] == "{"]
    place = _skip(text, at + 1)
    while text[place] != close:
        start, key = place, None
        if keyed:
            key, place = _DECODER.raw_decode(text, place)
            place = _skip(text, _skip(text, place) + 1)  # over the colon
        value = place
        _, end = _DECODER.raw_decode(text, value)
        found.append(Item(start, value, end, key))
        place = _skip(text, end)
        if text[place] == ",":
            place = _skip(text, place + 1)
    return found


def member(text: str, at: int, key: str) -> Item | None:
    """The member `key` of the object at `at`; of several the last, which is the one that counts."""
    return next((item for item in reversed(items(text, at)) if item.key == key), None)


def append(text: str, at: int, value: Any, key: str | None = None) -> str:
    """`text` with one more element or member at the end of the container at `at`, laid out as its neighbours are."""
    present = items(text, at)
    if present:
        last = present[-1]
        before = text[_space_before(text, last.start) : last.start]
        return text[: last.end] + "," + before + _render(text, value, key, before) + text[last.end :]
    close = _skip(text, at + 1)
    if "\n" not in text:
        return text[: at + 1] + _render(text, value, key, "") + text[close:]
    line_break = "\r\n" if "\r\n" in text else "\n"
    outer = line_break + _indent_at(text, at)
    inner = outer + _unit(text)
    return text[: at + 1] + inner + _render(text, value, key, inner) + outer + text[close:]


def remove(text: str, at: int, index: int) -> str:
    """`text` without the container's element or member number `index`."""
    present = items(text, at)
    if len(present) == 1:
        return text[: at + 1] + text[_skip(text, present[0].end) :]
    if index + 1 < len(present):
        return text[: present[index].start] + text[present[index + 1].start :]
    return text[: present[index - 1].end] + text[present[index].end :]


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _space_before(text: str, at: int) -> int:
    while at > 0 and text[at - 1] in _SPACE:
        at -= 1
    return at


def _render(text: str, value: Any, key: str | None, before: str) -> str:
    """`value` as JSON; over several lines if the white space `before` it holds a line break, else on one."""
    name = "" if key is None else json.dumps(key) + ": "
    if "\n" not in before:
        return name + json.dumps(value)
    line_break, indent = "\r\n" if "\r\n" in before else "\n", before.rpartition("\n")[2]
    return name + json.dumps(value, indent=_unit(text)).replace("\n", line_break + indent)


def _unit(text: str) -> str:
    """One step of indentation: that of the outermost container's first item, else two spaces."""
    inner = items(text, top(text))
    indent = _indent_at(text, inner[0].start) if inner else ""
    return indent or "  "


def _indent_at(text: str, at: int) -> str:
    """The white space that begins the line of `at`."""
    begin = text.rfind("\n", 0, at) + 1
    end = begin
    while text[end] in " \t":
        end += 1
    return text[begin:end]
