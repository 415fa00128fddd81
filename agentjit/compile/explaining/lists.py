"""Whole lists in outputs: every line, a column of a table, a key of every JSON item."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log2

from agentjit.compile.explaining.finders import find, json_ways, places
from agentjit.compile.explaining.kinds import escaped, found_kind, kind_of, passing, spaced_kind
from agentjit.compile.explaining.shape import Vector
from agentjit.compile.explaining.worth import likely
from agentjit.kit.promises import cells_of, parsed
from agentjit.piece import Binding, Cell, Every, Finder, JsonPath, Kind, Lines, Pattern, Text

List = tuple[str, ...]
_COLUMNS = 12  # of a table that are looked at
_LEAVES = 400  # of a JSON text
_KEPT = 3  # explanations that must agree at run time
_CUT_OFF = 30_000  # characters: a longer output may lack its end, and a list of it its last items


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that stands in every output: what each occurrence had, and how it is found."""

    lists: tuple[List, ...]
    finders: tuple[Finder, ...]

    def binding(self, name: str) -> Binding | None:
        """The list as a binding; None if its items are of no one kind."""
        values = [value for each in self.lists for value in each]
        kind = kind_of(values)
        expression = found_kind(kind, values) if kind else spaced_kind(values)
        if expression is None:
            return None
        return Binding(name=name, finders=self.finders, pattern=(Kind(expression=expression),), many=True)


def listings(outputs: Vector) -> list[Listing]:
    """The different lists of at least one item that every output has, the plainest first."""
    if max(map(len, outputs), default=0) >= _CUT_OFF:
        return []
    found: dict[tuple[List, ...], list[Finder]] = {}
    for finder in _candidates(outputs):
        lists = tuple(tuple(find(finder, output, {})) for output in outputs)
        if all(lists) and all(value for each in lists for value in each):
            found.setdefault(lists, []).append(finder)
    return [Listing(lists, tuple(finders[:_KEPT])) for lists, finders in found.items()]


def explain_list(outputs: Sequence[Vector], lists: Sequence[List]) -> tuple[int, Listing] | None:
    """The nearest step whose outputs have exactly these lists, and how; None if none has, or if the lists say so little
    that chance would do (see `worth`).
    """
    for step in reversed(range(len(outputs))):
        texts = outputs[step]
        if max(map(len, texts), default=0) >= _CUT_OFF or not all(map(_holds, texts, lists)):
            continue
        if not likely([" ".join(each) for each in lists], log2(places(texts[0]) * len(outputs))):
            continue
        for tried in (_candidates(texts), _chosen(texts[0], lists[0])):  # some rows only if it is not all
            holding = (finder for finder in dict.fromkeys(tried) if _gives(finder, texts, lists))
            if found := tuple(islice(holding, _KEPT)):
                return step, Listing(tuple(lists), found)
    return None


def _holds(text: str, values: List) -> bool:
    return bool(values) and ("\\" in text or all(value in text for value in values))


def _gives(finder: Finder, texts: Vector, lists: Sequence[List]) -> bool:
    return all(find(finder, text, {}) == list(each) for text, each in zip(texts, lists, strict=True))


def _chosen(text: str, values: List) -> Iterator[Finder]:
    """Some rows of a table only, those with a word in another column; what stands behind or before the same words."""
    yield from json_ways(text, values[0], {})
    for separator in ("", "|", "\t", ","):
        if separator and separator not in text:
            continue
        rows = [cells_of(line, separator) for line in text.split("\n")]
        for cells in (cells for cells in rows if values[0] in cells):
            column = cells.index(values[0])
            yield Cell(column=column, separator=separator)
            yield Cell(column=column, first=1, separator=separator)
            for other, word in enumerate(cells):
                if other != column and word and not passing(word):
                    yield Cell(column=column, where=((other, Text(text=word)),), separator=separator)
    for line in text.split("\n"):
        before, found, after = line.partition(values[0])
        if found and before.strip() and not any(character.isdigit() for character in before):
            yield Pattern(expression=f"^{escaped(before)}(\\S+)")
            yield Pattern(expression=f"^{escaped(before)}(.+)$")
        if found and not before.strip() and re.match(r":[0-9]+(?::|$)", after):
            yield Pattern(expression=r"^\s*([^\s:]+):[0-9]+(?::|$)")


def _candidates(outputs: Vector) -> Iterator[Finder]:
    roots = [parsed(output) for output in outputs]
    if all(isinstance(root, dict | list) for root in roots):
        paths = dict.fromkeys(path for root in roots for path in _paths(root, (), iter(range(_LEAVES))))
        yield from (JsonPath(path=path) for path in paths)
        return
    for first in (0, 1):
        yield Lines(first=first)
    width = max((len(line.split()) for output in outputs for line in output.split("\n")), default=0)
    for first in (0, 1):
        yield from (Cell(column=column, first=first) for column in range(min(width, _COLUMNS)))


_Path = tuple[str | int | Every, ...]


def _paths(node: object, path: _Path, budget: Iterator[int]) -> Iterator[_Path]:
    """The paths to scalars that go through exactly one list, which they take whole."""
    if next(budget, None) is None:
        return
    if isinstance(node, dict):
        for name, child in node.items():
            yield from _paths(child, (*path, name), budget)
    elif isinstance(node, list):
        if not any(isinstance(part, Every) for part in path):
            for child in node:
                yield from _paths(child, (*path, Every()), budget)
    elif any(isinstance(part, Every) for part in path) and json.dumps(node) != "null":
        yield path
