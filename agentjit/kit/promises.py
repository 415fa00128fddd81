"""More of what a step's output promises: the form of its JSON, of its table and of its lines, how places relate."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from types import EllipsisType

Finder = Callable[[str], list[str]]
Broken = tuple[str, str] | None
"""What was expected and what was seen, None if all is as it was."""

_COLOUR = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_NO_LETTER = re.compile(r"[\W\d_]+")
_SHOWN = 120  # characters


def plain(text: str) -> str:
    """A text as a terminal leaves it: no colours, no line ends of other systems, of a progress bar its last state. What
    was written over by something else is kept, on a line of its own.
    """
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if "\r" not in text:
        return text
    return "\n".join(map(_last_state, text.replace("\r\n", "\n").split("\n")))


def _last_state(line: str) -> str:
    """A line without the states of a progress bar: those with no other letters than its last."""
    states = [state for state in line.split("\r") if state.strip()]
    last = _NO_LETTER.sub("", states[-1]) if states else ""
    return "\n".join(
        state for i, state in enumerate(states) if i == len(states) - 1 or _NO_LETTER.sub("", state) not in ("", last)
    )


# --- JSON


class Number:
    """A number from `low` to `high` (None: no bound); `whole`: it has no fraction."""

    __slots__ = ("high", "low", "whole")

    def __init__(self, low: float | None, high: float | None, whole: bool) -> None:
        self.low = low
        self.high = high
        self.whole = whole

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        if self.high is None:
            return kind if self.low is None else f"{kind} not below {self.low:g}"
        return f"{kind} from {self.low or 0:g} to {self.high:g}"


class Array:
    """A list of from `least` to `most` items (None: no end) that all look like `item`."""

    __slots__ = ("item", "least", "most")

    def __init__(self, item: Template, least: int, most: int | None) -> None:
        self.item = item
        self.least = least
        self.most = most


Template = (
    EllipsisType
    | type
    | None
    | bool
    | int
    | float
    | str
    | Number
    | Array
    | list["Template"]
    | tuple["Template", ...]
    | Mapping["str | EllipsisType", "Template"]
)
"""What a JSON value looks like: `...` is anything; `str`, `int`, `float`, `bool`, `dict`, `list` are types; a text, a
number, `True` or `None` is just that; a tuple is any one of its members; `[item]` is a list of items that look alike,
`[]` an empty one; `{"key": …}` an object with these keys and no others, with `...: ...` at least these.
"""


def natural(high: float | None = None) -> Number:
    """A whole number that is not below zero."""
    return Number(0, high, True)


def between(low: float | None = None, high: float | None = None, *, whole: bool = False) -> Number:
    """A number from `low` to `high`."""
    return Number(low, high, whole)


def array(item: Template, least: int, most: int | EllipsisType | None = None) -> Array:
    """A list with from `least` to `most` items; without `most` exactly so many, with `...` at least so many."""
    return Array(item, least, None if isinstance(most, EllipsisType) else least if most is None else most)


def unlike(text: str, template: Template) -> Broken:
    """Where a JSON text is not as the template says."""
    root = parsed(text)
    if root is ...:
        return "a JSON text", _shown(text.strip())
    return _unlike(root, template, ())


def parsed(text: str) -> object:
    """A JSON text's value, `...` if it is none, or if an object in it has a key twice: which is meant, nobody says
    (RFC 8259, section 4).
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return ...


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


_TYPES: Mapping[type, tuple[str, tuple[type, ...]]] = {
    str: ("text", (str,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
    bool: ("true or false", (bool,)),
    dict: ("an object", (dict,)),
    list: ("a list", (list,)),
}


def _unlike(node: object, template: Template, path: tuple[str | int, ...]) -> Broken:
    if isinstance(template, EllipsisType):
        return None
    if isinstance(template, tuple):
        found = [_unlike(node, each, path) for each in template]
        return None if None in found else (_wanted(template, path), _json(node))
    if isinstance(template, Mapping):
        return _unlike_object(node, template, path)
    if isinstance(template, list | Array):
        return _unlike_list(node, template, path)
    return None if _fits(node, template) else (_wanted(template, path), _json(node))


def _fits(node: object, template: Template) -> bool:
    """Whether a scalar is what it should be; `true` is no number."""
    if isinstance(template, type):
        return isinstance(node, _TYPES[template][1]) and isinstance(node, bool) is (template is bool)
    if isinstance(template, Number):
        if isinstance(node, bool) or not isinstance(node, int if template.whole else int | float):
            return False
        return (template.low is None or node >= template.low) and (template.high is None or node <= template.high)
    if isinstance(template, str):
        return (node if isinstance(node, str) else json.dumps(node)) == template
    return node == template and isinstance(node, bool) is isinstance(template, bool)


def _unlike_object(
    node: object, template: Mapping[str | EllipsisType, Template], path: tuple[str | int, ...]
) -> Broken:
    if not isinstance(node, dict):
        return _wanted(dict, path), _json(node)
    keys = sorted(key for key in template if isinstance(key, str))
    if not node.keys() >= set(keys) or (... not in template and len(node) != len(keys)):
        return f"{_shown(','.join(keys))} at keys at {_place(path)}", _shown(",".join(sorted(node)))
    for key, child in template.items():
        if isinstance(key, str) and (broken := _unlike(node[key], child, (*path, key))):
            return broken
    return None


def _unlike_list(node: object, template: Array | list[Template], path: tuple[str | int, ...]) -> Broken:
    if not isinstance(node, list):
        return _wanted(list, path), _json(node)
    if isinstance(template, Array):
        item, least, most = template.item, template.least, template.most
    else:
        item, least, most = (template[0], 0, None) if template else (..., 0, 0)
    if len(node) < least or (most is not None and len(node) > most):
        wanted = f"at least {least}" if most is None else _from_to(least, most)
        return f"{wanted} items at {_place(path)}", f"{len(node)}"
    found = (_unlike(child, item, (*path, place)) for place, child in enumerate(node))
    return next((broken for broken in found if broken), None)


def _wanted(template: Template, path: tuple[str | int, ...]) -> str:
    words = _words(template)
    of = "a value like " if isinstance(template, type | Number) else ""
    return f"{of}{words} at {_place(path)}"


def _words(template: Template) -> str:
    if isinstance(template, type):
        return _TYPES[template][0]
    if isinstance(template, tuple):
        return " or ".join(map(_words, template))
    if isinstance(template, Mapping):
        return "an object"
    if isinstance(template, list | Array):
        return "a list"
    if isinstance(template, str):
        return _shown(template)
    return str(template) if isinstance(template, Number) else json.dumps(template)


def _place(path: tuple[str | int, ...]) -> str:
    return f"JSON path {list(path)}"


def _json(node: object) -> str:
    return _shown(node) if isinstance(node, str) else _cut(json.dumps(node))


# --- tables and lines


class Rows:
    """How the lines of a text are rows: cells parted by white space (or `separator`), below `titles` lines."""

    __slots__ = ("separator", "titles")

    def __init__(self, separator: str = "", titles: int = 1) -> None:
        self.separator = separator
        self.titles = titles

    def of(self, text: str) -> list[list[str]]:
        """The cells of every row; a line without the separator is a row of one cell, and one that rules off is none."""
        lines = [line for line in text.split("\n") if line.strip()] if self.separator else text.strip("\n").split("\n")
        rows = [self._cells(line) for line in lines]
        return [cells for cells in rows[self.titles :] if cells]

    def _cells(self, line: str) -> list[str]:
        if self.separator and self.separator not in line and line.strip("-+|:= \t"):
            return [line.strip()]
        return cells_of(line, self.separator)


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of one row: none if `separator` is not in it, or if it only rules off (`---+---`)."""
    if not separator:
        return line.split()
    if separator not in line or not line.strip("-+|:= \t"):
        return []
    if separator == "," and '"' in line:
        import csv  # not needed by most runs

        return [cell.strip() for row in csv.reader([line]) for cell in row]
    bare = line.strip().strip("|") if separator == "|" else line
    return [cell.strip() for cell in bare.split(separator)]


def rows_of(text: str) -> list[list[str]]:
    """The cells of a table's rows, without its first line."""
    return Rows().of(text)


def ragged(rows: Sequence[Sequence[str]], least: int, most: int, *, titled: bool = True) -> Broken:
    """A row with fewer or more cells than any had; no row at all where there are no titles and there always was one."""
    wanted = f"{_from_to(least, most)} columns in each row"
    if not rows and not titled and least:
        return wanted, "no row"
    odd = next((cells for cells in rows if not least <= len(cells) <= most), None)
    return None if odd is None else (wanted, f"{len(odd)} in {_shown(' '.join(odd))}")


def strange(rows: Sequence[Sequence[str]], words: Mapping[int, Sequence[str]]) -> Broken:
    """A cell that is none of the words that were all that stood in its column."""
    for column, known in words.items():
        for cells in rows:
            if len(cells) > column and cells[column] not in known:
                return f"{' or '.join(known)} in column {column}", _shown(cells[column])
    return None


def misformed(rows: Sequence[Sequence[str]], forms: Mapping[int, str]) -> Broken:
    """A cell that does not look like all others of its column did."""
    for column, form in forms.items():
        for cells in rows:
            if len(cells) <= column or not re.fullmatch(form, cells[column]):
                return f"cells like {form} in column {column}", _shown(" ".join(cells[column : column + 1]))
    return None


def number_of_lines(text: str, least: int, most: int) -> Broken:
    lines = [line for line in text.split("\n") if line.strip()]
    if least <= len(lines) <= most:
        return None
    return f"{_from_to(least, most)} lines", f"{len(lines)}: {_shown(text.strip())}"


def unlike_others(text: str, form: str) -> Broken:
    """A line that does not look like all others did."""
    wanted = re.compile(form)
    odd = next((line for line in map(str.strip, text.split("\n")) if line and not wanted.fullmatch(line)), None)
    return None if odd is None else (f"every line like {form}", _shown(odd))


def unsaid(text: str, phrases: Sequence[str]) -> Broken:
    """A line that all outputs had and this one has not."""
    lines = [line.strip() for line in text.split("\n")]
    for phrase in phrases:
        wanted = re.compile(phrase)
        if not any(map(wanted.fullmatch, lines)):
            return f"a line like {phrase}", _shown(text.strip())
    return None


# --- relations, files


def unrelated(text: str, left: Finder, by: str, right: Finder) -> Broken:
    """Two places that do not have to do with each other what they had."""
    ones, others = left(text), right(text)
    if len(ones) == 1 and _related(ones[0], by, others):
        return None
    relation = {"equal": "the same as", "counts": "the number of", "sums": "the sum of"}.get(by, by)
    seen = (
        f"{' and '.join(map(_shown, ones[:3])) or 'nothing'} and {' and '.join(map(_shown, others[:3])) or 'nothing'}"
    )
    return f"{left.__doc__} to be {relation} {right.__doc__}", seen


def _related(one: str, by: str, others: Sequence[str]) -> bool:
    if by == "equal":
        return list(others) == [one]
    try:
        number = float(one)
        if by == "counts":
            return number == len(others)
        total = sum(map(float, others))
    except ValueError:
        return False
    return abs(number - total) < 1e-6 if by == "sums" else len(others) == 1 and number <= total


def absent(cwd: str, paths: Sequence[str]) -> Broken:
    """A file that should be there and is not; nothing is asked where the working directory is not known."""
    gone = [path for path in paths if cwd and not os.path.lexists(os.path.join(cwd, path))]
    return (f"a file {gone[0]}", "none") if gone else None


def _from_to(least: int, most: int) -> str:
    return f"{least}" if least == most else f"from {least} to {most}"


def _shown(text: str) -> str:
    return repr(_cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "…"
