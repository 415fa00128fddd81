"""What places of one JSON text have to do with each other: equal, at most, the count of items, their sum."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import Literal

from agentjit.compile.explaining.finders import find, json_places
from agentjit.compile.explaining.shape import Vector
from agentjit.compile.invariants.evidence import LIMIT, coincidence, evidence
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence, Relation
from agentjit.kit.checks import follow
from agentjit.kit.promises import parsed
from agentjit.piece import Every, Field_, Finder, JsonPath

_PLACES = 30  # scalars outside of lists that are compared
_KEPT = 3  # relations of one output
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9:.]{5,}")  # two are the same until they are not

_List = tuple[JsonPath, list[str], list[float] | None]
"""A list's items by a finder, how many there are in each trace, and their sums if they are numbers."""


def relations(seen: Observed, known: Sequence[Finder]) -> tuple[tuple[Relation, ...], list[Evidence]]:
    """Relations of places outside of lists whose values vary and that follow from nothing else (`known`).

    A number is compared with numbers, a text with texts. Of two places that are equal, no order is told as well.
    """
    columns = _columns(seen, known)
    found: list[Relation] = []
    why: list[Evidence] = []

    def keep(relation: Relation, check: str, chance: float) -> None:
        if chance <= LIMIT and len(found) < _KEPT:
            found.append(relation)
            why.append(evidence(check, seen.traces, chance))

    equal: set[JsonPath] = set()
    for one, two in combinations(columns, 2):
        if columns[one] == columns[two] and two not in equal and not any(map(_MOMENT.fullmatch, columns[one])):
            equal.add(two)
            chance = coincidence(seen.traces, len(set(columns[one])))
            if not any({one, two} <= set(binding.finders) for binding in seen.bindings):  # they must agree anyway
                keep(Relation(left=one, by="equal", right=two), "equal", chance)
    columns = {place: column for place, column in columns.items() if place not in equal}
    tried = len(columns) * (len(columns) - 1)  # so many chances for an order that means nothing
    lists = _lists(seen.outputs)
    for number, column in columns.items():
        for items, by in _told_of(column, lists):
            keep(Relation(left=number, by=by, right=items), by, coincidence(seen.traces, len(set(column))))
    for one, two in permutations(columns, 2):
        less, more = _numbers(columns[one]), _numbers(columns[two])
        pairs = list(zip(less or (), more or (), strict=False))
        touch = any(a == b for a, b in pairs)  # else they are just of other sizes
        if less and more and touch and all(a <= b for a, b in pairs):
            keep(Relation(left=one, by="at most", right=two), "at most", tried * _ordered(less, more))
    return tuple(found), why


def _ordered(less: Sequence[float], more: Sequence[float]) -> float:
    """The probability that two numbers that have nothing to do with each other are in order in every trace: how often
    any value of the one is at most any of the other, in each.
    """
    below = sum(a <= b for a in less for b in more)
    return float((below / (len(less) * len(more))) ** len(less))


def _told_of(column: Vector, lists: Sequence[_List]) -> Iterator[tuple[JsonPath, Literal["counts", "sums"]]]:
    """Of which list a number is the count, or the sum."""
    counted: set[tuple[str | int | Field_ | Every, ...]] = set()
    for items, sizes, sums in lists:
        way = items.path[: items.path.index(Every())]
        if list(column) == sizes and way not in counted:
            counted.add(way)
            yield items, "counts"
        elif sums is not None and _numbers(column) == sums and list(column) != sizes:
            yield items, "sums"


def _columns(seen: Observed, known: Sequence[Finder]) -> dict[JsonPath, Vector]:
    """The scalars outside of lists that are in every output, not the same in all, and not known otherwise."""
    places = [
        place
        for place in json_places(seen.outputs[0])
        if isinstance(place, JsonPath) and place not in known and all(isinstance(part, str) for part in place.path)
    ]
    found: dict[JsonPath, Vector] = {}
    for place in places[:_PLACES]:
        values = [find(place, output, {}) for output in seen.outputs]
        if all(len(each) == 1 for each in values) and len({each[0] for each in values}) > 1:
            found[place] = tuple(each[0] for each in values)
    return found


def _lists(outputs: Sequence[str]) -> list[_List]:
    """The lists outside of lists: a finder of all their items (or of a scalar that each item has), how many items there
    are, and their sums if they are numbers.
    """
    roots = list(map(parsed, outputs))
    ways = dict.fromkeys(
        place.path[: next(i for i, part in enumerate(place.path) if isinstance(part, int))]
        for place in json_places(outputs[0])
        if isinstance(place, JsonPath) and any(isinstance(part, int) for part in place.path)
    )
    found: list[_List] = []
    for way in ways:
        plain = [part for part in way if isinstance(part, str)]
        lists = [node[0] if (node := follow(root, plain)) else None for root in roots]
        if not all(isinstance(each, list) for each in lists):
            continue
        items = [item for each in lists if isinstance(each, list) for item in each]
        for key in _scalars(items):
            finder = JsonPath(path=(*way, Every(), *([key] if key else [])))
            values = [find(finder, output, {}) for output in outputs]
            numbers = [_numbers(each) for each in values]
            sums = [sum(each) for each in numbers if each is not None]
            found.append((finder, [str(len(each)) for each in values], sums if len(sums) == len(outputs) else None))
    return found


def _scalars(items: Sequence[object]) -> list[str]:
    """The keys under which every item has a scalar; "" if the items are scalars themselves."""
    if all(not isinstance(item, dict | list) for item in items):
        return [""]
    objects = [item for item in items if isinstance(item, dict)]
    if len(objects) != len(items):
        return []
    return [
        key for key in objects[0] if all(key in item and not isinstance(item[key], dict | list) for item in objects)
    ]


def _numbers(values: Sequence[str]) -> list[float] | None:
    try:
        return [float(value) for value in values]
    except ValueError:
        return None
