"""Finders: every way in which a value could have been taken out of an output, kept only if it is true in all traces.

Programming by example over a small language (whole text, line, table cell, JSON path, pattern with context; compare
Gulwani, "Automating String Processing in Spreadsheets", POPL 2011). A candidate is generated from the first trace and
tried on the others with the very functions that the skill will run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from types import EllipsisType
from typing import NamedTuple

from agentjit import kit
from agentjit.compile.explaining.kinds import escaped, passing
from agentjit.compile.explaining.reference import reference
from agentjit.compile.explaining.shape import Sources
from agentjit.compile.explaining.transforms import alike, results, through
from agentjit.kit.checks import follow, scalar
from agentjit.kit.promises import cells_of, parsed
from agentjit.piece import (
    Cell,
    Every,
    Field_,
    Finder,
    JsonKeys,
    JsonPath,
    LineAt,
    Lines,
    Pattern,
    Piece,
    Ref,
    Text,
    Whole,
)

_LEAVES = 4000  # of one JSON text that are looked at
_SEPARATORS = ("\t", "|", ",")  # of columns
_HOSTS = 300  # words of an output that a value may have been made of
_TRIED = 12  # ways in which such a word may be found
_KEPT = 3  # explanations that must agree at run time; more would not be read
_MEASURE = re.compile(r"(?:%|[A-Za-z]{1,5})(?![\w.-])")
_CONTEXT = re.compile(r"[^\s:=\"',]+[\"']?\s*[:=]\s*[\"']?$|[A-Za-z#]+:?\s+[\"'#!\[(<]?$")


def find(finder: Finder, text: str, bound: Mapping[str, str]) -> list[str]:
    """What `finder` finds in `text`, with `bound` for its references."""

    def value(piece: Piece) -> str:
        return piece.text if isinstance(piece, Text) else through(piece.by, bound[piece.name])

    if isinstance(finder, Whole):
        return kit.whole()(text)
    if isinstance(finder, LineAt):
        return kit.line(finder.number)(text)
    if isinstance(finder, Cell):
        where = {column: value(piece) for column, piece in finder.where}
        begins = {column: "".join(map(value, start)) for column, start in finder.begins}
        return kit.cell(
            column=finder.column,
            row=finder.row,
            where=where,
            begins=begins,
            first=finder.first,
            separator=finder.separator,
        )(text)
    if isinstance(finder, Lines):
        return kit.lines(finder.first)(text)
    if isinstance(finder, JsonPath | JsonKeys):
        path = [_part(part, value) for part in finder.path]
        nodes = follow(_root(text), path)  # what kit.json_path does, without parsing the text for every path
        if isinstance(finder, JsonKeys):
            return [",".join(sorted(node)) for node in nodes if isinstance(node, dict)]
        return [scalar(node) for node in nodes if not (isinstance(node, dict | list) and node)]
    return kit.pattern(finder.expression)(text)


def _part(part: str | int | Field_ | Every, value: Callable[[Piece], str]) -> str | int | dict[str, str] | EllipsisType:
    if isinstance(part, Field_):
        return {part.key: value(part.value)}
    return ... if isinstance(part, Every) else part


def finders(texts: Sequence[str], values: Sequence[str], sources: Sources) -> tuple[Finder, ...]:
    """Up to three finders that give `values[i]`, and nothing else, in every `texts[i]`; the best explanation first."""
    if any(not value for value in values):
        return ()
    bound = [{name: column[i] for name, column in sources.items()} for i in range(len(texts))]
    found: list[Finder] = []
    if not all(value in text or "\\" in text for text, value in zip(texts, values, strict=True)):
        return ()  # a JSON text may write a value with escapes; any other has it as it is
    for candidate in _candidates(texts, values, sources):
        if found and isinstance(found[0], JsonPath) and not isinstance(candidate, JsonPath):
            break  # what is JSON is not also a text by chance
        if found and _asked(found[0]) and _numbered(candidate):
            continue  # the row that was asked for need not stand where it always stood
        agrees = all(find(candidate, texts[i], bound[i]) == [values[i]] for i in range(len(texts)))
        if agrees and candidate not in found:
            found.append(candidate)
        if len(found) == _KEPT or found == [Whole()]:  # beside the whole text, its parts say nothing new
            break
    return tuple(found)


def _asked(finder: Finder) -> bool:
    """Whether a finder takes the row that another value names."""
    return isinstance(finder, Cell) and any(isinstance(piece, Ref) for _, piece in finder.where)


def _numbered(finder: Finder) -> bool:
    return isinstance(finder, LineAt) or (isinstance(finder, Cell) and finder.row is not None)


def _candidates(texts: Sequence[str], values: Sequence[str], sources: Sources) -> Iterator[Finder]:
    """Likely explanations before accidental ones: by key before by position, by neighbour before by line number."""
    text, value = texts[0], values[0]
    if text.strip() == value:
        yield Whole()
    if isinstance(_root(text), dict | list):
        yield from json_ways(text, value, sources)
    for separator in _SEPARATORS:
        if separator in text:
            yield from _cells(texts, value, sources, separator)
    ways = (_cells(texts, value, sources), _patterns(texts, values))
    for way in ways if is_table(text) else reversed(ways):
        yield from way
    lines = text.strip("\n").split("\n")
    for number, line in enumerate(lines):
        if line.strip() == value:
            yield from (LineAt(number=n) for n in (number, number - len(lines)) if -3 <= n <= 3)


@lru_cache(maxsize=256)
def places(text: str) -> int:
    """How many words a text has, one of which a value could have been by accident."""
    return max(1, len(re.findall(r"[^\s\"',;|<>()\[\]{}=]+", text)))


class Host(NamedTuple):
    """A value of an output that the wanted values can be made of: how it is found, and the functions."""

    finder: Finder
    values: tuple[str, ...]
    by: tuple[str, ...]


def hosts(texts: Sequence[str], values: Sequence[str], sources: Sources) -> Iterator[Host]:
    """Values of all `texts` that `values` can be made of by functions of `kit.transform`."""
    bound = [{name: column[i] for name, column in sources.items()} for i in range(len(texts))]
    for word, tried in _made(texts[0]).get(values[0], {}).items():
        for finder in islice(_candidates(texts, (word,), sources), _TRIED):
            column: list[str] = []
            for text, own in zip(texts, bound, strict=True):
                found = find(finder, text, own)
                if len(found) != 1 or not found[0]:
                    break
                column += found
            if len(column) == len(texts):
                yield from (Host(finder, tuple(column), by) for by in tried if alike(by, column) == tuple(values))


@lru_cache(maxsize=128)
def _made(text: str) -> dict[str, dict[str, list[tuple[str, ...]]]]:
    """What can be made of the words of a text: result -> word -> the functions, the simpler first."""
    words = dict.fromkeys(re.findall(r"[^\s\"',;|<>()\[\]{}=]+", text))
    found: dict[str, dict[str, list[tuple[str, ...]]]] = {}
    for word in islice(words, _HOSTS):
        for by, result in results(word):
            if result != word:
                found.setdefault(result, {}).setdefault(word, []).append(by)
    return found


def _known(text: str, sources: Sources) -> list[Piece]:
    """What `text` of the first trace may stand for: a named value, or itself."""
    named: list[Piece] = [reference(name) for name, column in sources.items() if column[0] == text]
    return [*named, Text(text=text)]


def json_places(text: str) -> list[JsonPath | JsonKeys]:
    """Every scalar and every object of a JSON text, in its order; none if it is no JSON object or list."""
    root = _root(text)
    leaves = [path for path, _ in _leaves(root, (), iter(range(_LEAVES)))]
    objects = dict.fromkeys(path[:size] for path in leaves for size in range(len(path)))
    keys = [
        JsonKeys(path=path) for path in objects if all(isinstance(node, dict) for node in follow(root, _plain(path)))
    ]
    return [*keys, *(JsonPath(path=path) for path in leaves)]


def _plain(path: Path) -> list[str | int]:
    return [part for part in path if not isinstance(part, Field_)]


@lru_cache(maxsize=64)
def _root(text: str) -> object:
    return parsed(text)


def json_ways(text: str, value: str, sources: Sources) -> Iterator[Finder]:
    """The places of a JSON text where `value` stands: items by what they say of themselves, then by number."""
    root = _root(text)
    paths = [path for path, leaf in _leaves(root, (), iter(range(_LEAVES))) if leaf == value]
    keyed = [keyed for path in paths for keyed in _by_key(root, path, sources)]
    yield from (JsonPath(path=path) for path in [*keyed, *paths])


Path = tuple[str | int | Field_, ...]


def _leaves(node: object, path: Path, budget: Iterator[int]) -> Iterator[tuple[Path, str]]:
    if next(budget, None) is None:
        return
    if isinstance(node, dict) and node:
        for key, child in node.items():
            yield from _leaves(child, (*path, key), budget)
    elif isinstance(node, list) and node:
        for place, child in enumerate(node):
            yield from _leaves(child, (*path, place), budget)
    elif path and node is not ...:
        yield path, scalar(node)


def _by_key(root: object, path: Path, sources: Sources) -> Iterator[Path]:
    """The same place, with the last list position replaced by what the item says of itself."""
    places = [i for i, part in enumerate(path) if isinstance(part, int)]
    if not places:
        return
    node = root
    for part in path[: places[-1] + 1]:
        node = node[part]  # type: ignore[index]
    if not isinstance(node, dict):
        return
    for key, own in node.items():
        if isinstance(own, dict | list) or own is None or path[places[-1] + 1 :] == (key,):
            continue
        for piece in _known(scalar(own), sources):
            yield (*path[: places[-1]], Field_(key=key, value=piece), *path[places[-1] + 1 :])


def _cells(texts: Sequence[str], value: str, sources: Sources, separator: str = "") -> Iterator[Finder]:
    rows = [cells for cells in (cells_of(line, separator) for line in texts[0].split("\n")) if cells]
    if len(rows) > 2000 or (separator and len({len(row) for row in rows[:50]}) > 1):
        return
    places = [(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == value][:50]
    named: list[Finder] = []
    begun: list[Cell] = []
    fixed: list[tuple[int, Cell]] = []
    for r, c in places:
        for column, text in enumerate(rows[r]):
            starts = _starts(text, sources)
            begun += [Cell(column=c, begins=((column, start),), separator=separator) for start in starts]
            if column == c or passing(text):
                continue
            for piece in _known(text, sources):
                finder = Cell(column=c, where=((column, piece),), separator=separator)
                if isinstance(piece, Ref):
                    named.append(finder)
                else:  # a word says more than a number: `CrashLoopBackOff` before `0/1`
                    fixed.append((-sum(map(str.isalpha, text)), finder))
    ordered = [finder for _, finder in sorted(fixed, key=lambda each: each[0])]
    yield from named
    yield from ordered
    yield from begun
    for each in begun:
        yield from (finder.model_copy(update={"begins": each.begins}) for finder in ordered)
    for r, c in places:
        yield from (Cell(column=c, row=row, separator=separator) for row in (r, r - len(rows)) if -2 <= row <= 2)


def _starts(value: str, sources: Sources) -> list[tuple[Piece, ...]]:
    """Named values that a cell of the first trace begins with, and all that is behind them, or the separator."""
    found: list[tuple[Piece, ...]] = []
    for name, column in sources.items():
        rest = value[len(column[0]) :]
        if column[0] and value.startswith(column[0]) and rest and not rest[0].isalnum():
            found += [(reference(name), Text(text=start)) for start in dict.fromkeys((rest, rest[0]))]
    return found


def is_table(text: str) -> bool:
    """Rows under titles in capitals, or three rows and more of the same width."""
    rows = [line.split() for line in text.split("\n") if line.strip()]
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    titles = all(re.fullmatch(r"[A-Z][A-Z()/%_-]*", cell) for cell in rows[0])
    return titles or (len(rows) >= 3 and len({len(row) for row in rows}) == 1)


def _patterns(texts: Sequence[str], values: Sequence[str]) -> Iterator[Finder]:
    """`key: VALUE`, `key=VALUE`, `word VALUE unit`: the text just before the value and the word after it, then the text
    before it alone, if every trace has them.
    """
    text, value = texts[0], values[0]
    start = text.find(value)
    tried = 0
    while start >= 0 and tried < 50:
        tried += 1
        context = _CONTEXT.search(text[text.rfind("\n", 0, start) + 1 : start])
        rest = text[start + len(value) :].split("\n", 1)[0]
        if context and (measure := _MEASURE.match(rest)) and re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", value):
            word = r"(?<!\w)" if context[0][0].isalnum() else ""
            yield Pattern(expression=f"{word}{escaped(context[0])}([0-9]+(?:\\.[0-9]+)?){escaped(measure[0])}(?!\\w)")
        if context and not (rest[:1].isalnum() or rest[:1] in ("-", "_")):
            stop = r"[^\s\"',;)}\]>]+" if rest[:1] and rest[0] in "\"',;)}]>" else r"\S+"
            word = r"(?<!\w)" if context[0][0].isalnum() else ""
            before = f"{word}{escaped(context[0])}"
            if unit := re.match(r"\S*\s+([^\s0-9]+)", rest):
                yield Pattern(expression=f"{before}({stop})(?={escaped(unit[0])}(?:\\s|$))")
            yield Pattern(expression=f"{before}({stop})")
            if not rest and " " in value:
                yield Pattern(expression=f"{before}([^\\n]*)$")
        start = text.find(value, start + 1)
