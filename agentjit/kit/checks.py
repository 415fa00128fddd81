"""Contracts: what was true in every trace and must be true again, and how values come out of outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import EllipsisType

from . import promises
from .calls import Result
from .promises import cells_of, parsed

Finder = Callable[[str], list[str]]


class Deviation(Exception):
    """Reality differs from the traces: the run stops here and the model goes on."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}, saw {seen}")
        self.expected = expected
        self.seen = seen


class Inapplicable(ValueError):
    """A value that a transformation does not apply to, or that it could make several things of. The text says so in
    words for the user.
    """


def literal(value: str) -> str:
    """`value` as a regular expression that matches just itself."""
    return re.escape(value)


def matching(value: str, kind: str) -> str:
    """`value`, if it is of this kind, a regular expression that it matches in full."""
    if re.fullmatch(kind, readable(value)) is None:
        raise Deviation(f"a value like {kind}", repr(value[:200]))
    return value


_TROUBLE = re.compile(
    r"\b(?:not |un|no )(?:found|ready|healthy|available|reachable|schedulable|such|authorized|able)"
    r"|\b(?:does|do|did) not\b"
    r"|\b(?:errors?|err|fail(?:ed|s|ure|ures|ing)?|exceptions?|traceback|denied|refused|forbidden|cannot|can't"
    r"|could not|couldn't|invalid|timed? ?out|fatal|panic|abort(?:ed)?|warnings?|killed|evicted|degraded|missing"
    r"|expired|rate limit|crash(?:ed|ing)?|dead|down|back ?off)\b",
    re.IGNORECASE,
)
_LONGEST = 2_000_000  # characters of an output that is looked into; the traces had none of that length
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_|-")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ABSENT = frozenset(
    "null none nil undefined nan n/a unknown missing unassigned nobody noone todo tbd empty - --".split()
)


def troubled(text: str) -> str:
    """The first word of trouble in a text, "" if there is none; `imagePullError` has one too."""
    found = _TROUBLE.search(text) or _TROUBLE.search(_HUMP.sub(" ", text))
    return found[0] if found else ""


def is_absent(value: str) -> bool:
    """Whether a value is a word for having none: `null`, `<none>`, `n/a`."""
    return value.strip("<>()[]\"'").casefold() in _ABSENT


def shown(text: str) -> str:
    """A text as a reason quotes it: 120 characters at most."""
    return repr(text if len(text) <= 120 else text[:117] + "…")


def readable(text: str) -> str:
    """`text`, if no pattern takes long over it."""
    if len(text) > _LONGEST:
        raise Deviation(f"an output of at most {_LONGEST:,} characters", f"{len(text):,}")
    return text


def _columns(text: str) -> list[str]:
    return text.lstrip("\n").split("\n", 1)[0].split()


def ensure(
    result: Result,
    *,
    seen: int = 0,
    exit_code: int | tuple[int, ...] | None = None,
    header: str | None = None,
    calm: bool = False,
    shape: str | None = None,
    within: Sequence[tuple[float, float]] = (),
    same: Sequence[tuple[int, int]] = (),
    words: Mapping[int, Sequence[str]] | None = None,
    holds: Sequence[tuple[Finder, str]] = (),
    columns: int | tuple[int, int] | None = None,
    separator: str = "",
    titles: int = 1,
    forms: Mapping[int, str] | None = None,
    cells: Mapping[int, str] | None = None,
    each: str | None = None,
    form: promises.Template = ...,
    lines: int | tuple[int, int] | None = None,
    says: Sequence[str] = (),
    relations: Sequence[tuple[Finder, str, Finder]] = (),
    exists: Sequence[str] = (),
) -> None:
    """Postconditions of a step, each true in all traces; raises `Deviation` at the first that is not.

    `exit_code`: the status, or the statuses that occurred. `header`: the column titles of the first line. `calm`: no
    word of trouble (an error, a refusal, something not found) is in the output.
    `shape`: a regular expression the whole output (without white space at its ends) must match, `within` the ranges of
    the numbers in its groups, `same` which of them are equal. `words`: the only words that may stand in these columns
    below the header, or below `titles` lines, in cells parted by white space or by `separator`. `holds`: what these
    finders must find. `columns`: how many cells the rows below the header have; `forms`: what all cells of these
    columns look like, `cells`: what they are. `each`: what every line that is not blank looks like. `form`: what the
    JSON looks like. `lines`: how many there are that are not blank; `says`: what a line of its own must look like.
    `relations`: what one place has to do with another. `exists`: files that are there now.
    """
    if exit_code is not None:
        allowed = (exit_code,) if isinstance(exit_code, int) else exit_code
        if result.exit_code not in allowed:
            said = result.stdout.strip()
            raise Deviation(
                f"exit status {' or '.join(map(str, allowed))}",
                f"{result.exit_code}" + (f" and {shown(said)}" if said else ""),
            )
    text = promises.plain(readable(result.stdout))
    if header is not None and _columns(text) != header.split():
        raise Deviation(f"a table headed {header}", shown(text.lstrip().split("\n", 1)[0]))
    if calm and (word := troubled(text)):
        raise Deviation("an output without a word of trouble", f"{word!r} in {shown(text.strip())}")
    if shape is not None:
        _ensure_shape(text.strip(), shape, within, same)
    rows = promises.Rows(separator, titles).of(text) if words or columns is not None or forms or cells else []
    _promised(promises.strange(rows, words or {}))
    for find, value in holds:
        found = find(text)
        if found != [value]:
            raise Deviation(f"{shown(value)} at {find.__doc__}", " and ".join(map(shown, found[:3])) or "nothing")
    _promised(promises.ragged(rows, *_both(columns), titled=titles > 0) if columns is not None else None)
    _promised(promises.misformed(rows, forms or {}))
    _promised(promises.misformed(rows, {column: literal(value) for column, value in (cells or {}).items()}))
    _promised(promises.unlike_others(text, each) if each is not None else None)
    _promised(promises.unlike(text, form) if form is not ... else None)
    _promised(promises.number_of_lines(text, *_both(lines)) if lines is not None else None)
    _promised(promises.unsaid(text, says))
    for left, by, right in relations:
        _promised(promises.unrelated(text, left, by, right))
    _promised(promises.absent(result.cwd, exists))


def _promised(broken: promises.Broken) -> None:
    if broken:
        raise Deviation(*broken)


def _both(ends: int | tuple[int, int]) -> tuple[int, int]:
    return (ends, ends) if isinstance(ends, int) else ends


def _ensure_shape(
    text: str, shape: str, within: Sequence[tuple[float, float]], same: Sequence[tuple[int, int]]
) -> None:
    matched = re.fullmatch(shape, text)
    if not matched:
        raise Deviation(f"output like {shape}", shown(text))
    for number, (low, high) in zip(matched.groups(), within, strict=True):
        if not low <= float(number) <= high:
            raise Deviation(f"a number from {low:g} to {high:g}", f"{number} in {shown(text)}")
    for one, two in same:
        if float(matched[one + 1]) != float(matched[two + 1]):
            raise Deviation("two equal numbers", f"{matched[one + 1]} and {matched[two + 1]} in {shown(text)}")


def extract(text: str, *finders: Finder, kind: str, seen: int = 0, absent: bool = False) -> str:
    """The one value in `text` that the first finder finds, which must look like `kind` (a regular expression).

    The other finders were just as true in all `seen` traces. Where one of them finds something else, the traces do not
    say which is meant, and the value is not used (a version space: Mitchell, "Generalization as Search", 1982). A word
    for nothing, such as `null`, is no value unless `absent` says that it was one in the traces.
    """
    values = finders[0](readable(text))
    if len(values) != 1:
        raise Deviation(f"one value by {finders[0].__doc__}", f"{len(values) or 'none'} in {shown(text)}")
    _agree(text, values, finders[1:])
    _ensure_kind(values, kind, absent)
    return values[0]


def extract_all(text: str, *finders: Finder, kind: str, seen: int = 0, absent: bool = False) -> list[str]:
    """Every value in `text` that the first finder finds, at least one, each of which must look like `kind`.

    As for `extract`, the other finders were just as true in all `seen` traces and must find the same list.
    """
    values = finders[0](readable(text))
    if not values:
        raise Deviation(f"values by {finders[0].__doc__}", f"none in {shown(text)}")
    _agree(text, values, finders[1:])
    _ensure_kind(values, kind, absent)
    return values


def _agree(text: str, values: list[str], others: Sequence[Finder]) -> None:
    for other in others:
        found = other(text)
        if found and found != values:
            raise Deviation(f"{_some(values)} by {other.__doc__} too", _some(found))


def _some(values: Sequence[str]) -> str:
    return " and ".join(map(shown, values[:3])) + (f" and {len(values) - 3} more" if len(values) > 3 else "")


def _ensure_kind(values: Sequence[str], kind: str, absent: bool) -> None:
    for value in values:
        if not re.fullmatch(kind, value) or (is_absent(value) and not absent) or _CONTROL.search(value):
            raise Deviation(f"a value like {kind}", shown(value))


def _finder(find: Finder, description: str) -> Finder:
    find.__doc__ = description
    return find


def whole() -> Finder:
    """The whole text, without white space at its ends."""
    return _finder(lambda text: [text.strip()] if text.strip() else [], "the whole output")


def line(number: int) -> Finder:
    """Line `number` of the text without its empty ends; 0 is the first, -1 the last."""

    def find(text: str) -> list[str]:
        lines = text.strip("\n").split("\n")
        return [lines[number].strip()] if -len(lines) <= number < len(lines) and lines[number].strip() else []

    return _finder(find, f"line {number}")


def lines(first: int = 0) -> Finder:
    """Every line that is not blank, from line `first` on; 0 is the first."""

    def find(text: str) -> list[str]:
        return [each.strip() for each in text.strip("\n").split("\n")[first:] if each.strip()]

    return _finder(find, "all lines" + (f" from line {first} on" if first else ""))


def cell(
    *,
    column: int,
    row: int | None = None,
    where: dict[int, str] | None = None,
    begins: dict[int, str] | None = None,
    first: int = 0,
    separator: str = "",
) -> Finder:
    """A cell of a table of columns parted by white space (or `separator`: `,` as in CSV, `|`, a tab), counted from 0;
    with no condition, all of the column from row `first` on.

    `row` counts lines (0 is the first, -1 the last). `where` asks for the rows with these texts in these columns,
    `begins` for rows whose cells in these columns begin so. A value that is found in several rows counts once.
    """

    def find(text: str) -> list[str]:
        rows = [cells for cells in (cells_of(each, separator) for each in text.split("\n")) if cells]
        if row is not None:
            rows = [rows[row]] if -len(rows) <= row < len(rows) else []
        elif first:
            rows = rows[first:]
        for place, wanted in (where or {}).items():
            rows = [cells for cells in rows if len(cells) > place and cells[place] == wanted]
        for place, start in (begins or {}).items():
            rows = [cells for cells in rows if len(cells) > place and cells[place].startswith(start)]
        return list(dict.fromkeys(cells[column] for cells in rows if len(cells) > column))

    conditions = [f"column {place} is {wanted!r}" for place, wanted in (where or {}).items()]
    conditions += [f"column {place} begins with {start!r}" for place, start in (begins or {}).items()]
    chosen = f"row {row}" if row is not None else f"the row whose {' and '.join(conditions)}" if conditions else "all"
    return _finder(find, f"column {column} of {chosen}")


Path = Sequence[str | int | Mapping[str, str] | EllipsisType]


def json_path(*path: str | int | dict[str, str] | EllipsisType) -> Finder:
    """A scalar in a JSON text: keys, list positions, `...` for every item of a list, or `{key: text}` for the
    one item with that field. What is
    empty (`null`, `[]`, `{}`) counts as a scalar.
    """

    def find(text: str) -> list[str]:
        nodes = follow(parsed(text), path)
        return [scalar(node) for node in nodes if not (isinstance(node, dict | list) and node)]

    return _finder(find, _way(path))


def json_keys(*path: str | int | dict[str, str]) -> Finder:
    """The keys of the JSON object at `path`, sorted and joined by commas."""

    def find(text: str) -> list[str]:
        return [",".join(sorted(node)) for node in follow(parsed(text), path) if isinstance(node, dict)]

    return _finder(find, f"keys at {_way(path)}")


def _way(path: Path) -> str:
    return f"JSON path {list(path)}".replace("Ellipsis", "every")


def follow(root: object, path: Path) -> list[object]:
    """Every node of a parsed JSON text that `path` leads to."""
    nodes = [] if root is ... else [root]
    for part in path:
        nodes = [child for node in nodes for child in _children(node, part)]
    return nodes


def _children(node: object, part: str | int | Mapping[str, str] | EllipsisType) -> list[object]:
    if isinstance(part, str):
        return [node[part]] if isinstance(node, dict) and part in node else []
    if not isinstance(node, list):
        return []
    if isinstance(part, EllipsisType):
        return list(node)
    if isinstance(part, int):
        return [node[part]] if -len(node) <= part < len(node) else []
    wanted = part.items()
    return [item for item in node if isinstance(item, dict) and all(scalar(item.get(k)) == v for k, v in wanted)]


def scalar(node: object) -> str:
    """A JSON scalar as it stands in a command line: strings bare, the rest as JSON writes it."""
    return node if isinstance(node, str) else json.dumps(node)


def pattern(expression: str) -> Finder:
    """The first group of every match of a regular expression, over lines; all matches must give one value."""
    compiled = re.compile(expression, re.MULTILINE)
    return _finder(
        lambda text: list(dict.fromkeys(value.strip() for value in compiled.findall(text))), f"pattern {expression}"
    )
