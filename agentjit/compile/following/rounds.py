"""An occurrence's calls with what was done several times in a row folded into the rounds of a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentjit.compile.following.order import key
from agentjit.hotspot import Operation

BLOCK = 4  # steps of a loop's body


@dataclass(frozen=True, slots=True)
class Item:
    """One step, or a body of several, and the calls of each of its rounds. `keys` say which steps."""

    keys: tuple[str, ...]
    rounds: tuple[tuple[Operation, ...], ...]

    @property
    def looped(self) -> bool:
        return len(self.rounds) > 1 or len(self.keys) > 1


Row = tuple[Item, ...]


def rows(occurrences: Sequence[Sequence[Operation]]) -> list[Row]:
    """Each occurrence's calls as items, folded alike: what is a loop in one is a loop of one round in another."""
    folded = [_fold([Item((key(each),), ((each,),)) for each in operations]) for operations in occurrences]
    bodies = {item.keys for row in folded for item in row if item.looped}
    return [_regrouped(row, sorted(bodies, key=lambda body: (-len(body), body))) for row in folded]


def _fold(singles: Sequence[Item]) -> list[Item]:
    found: list[Item] = []
    for single in singles:
        found.append(single)
        while _folded(found):
            pass
    return found


def _folded(items: list[Item]) -> bool:
    """Fold the end of `items`: the same steps twice in a row, or another round of a loop."""
    for size in range(1, BLOCK + 1):
        body, rest = items[-size:], items[:-size]
        if len(body) < size or any(item.looped for item in body):
            return False
        steps = tuple(item.keys[0] for item in body)
        calls = tuple(item.rounds[0][0] for item in body)
        if rest and rest[-1].looped and rest[-1].keys == steps:
            items[-size - 1 :] = [Item(steps, (*rest[-1].rounds, calls))]
            return True
        before = rest[-size:]
        alike = len(before) == size and tuple(item.keys[0] for item in before) == steps
        if alike and not any(item.looped for item in before):
            first = tuple(item.rounds[0][0] for item in before)
            items[-2 * size :] = [Item(steps, (first, calls))]
            return True
    return False


def _regrouped(row: Sequence[Item], bodies: Sequence[tuple[str, ...]]) -> Row:
    found: list[Item] = []
    at = 0
    while at < len(row):
        for body in bodies:
            part = row[at : at + len(body)]
            if not any(item.looped for item in part) and tuple(item.keys[0] for item in part) == body:
                found.append(Item(body, (tuple(item.rounds[0][0] for item in part),)))
                at += len(body)
                break
        else:
            found.append(row[at])
            at += 1
    return tuple(found)


def unrolled(row: Row, at: int) -> Row:
    """The row with the rounds of its item `at` as steps one after the other."""
    item = row[at]
    singles = [Item((name,), ((call,),)) for calls in item.rounds for name, call in zip(item.keys, calls, strict=True)]
    return (*row[:at], *singles, *row[at + 1 :])


def first_apart(row: Row, at: int) -> Row:
    """The row with the first round of its item `at` as steps before the others."""
    item = row[at]
    singles = [Item((name,), ((call,),)) for name, call in zip(item.keys, item.rounds[0], strict=True)]
    others = (Item(item.keys, item.rounds[1:]),) if len(item.rounds) > 1 else ()
    return (*row[:at], *singles, *others, *row[at + 1 :])


def is_loop(occurrences: Sequence[Sequence[Operation]]) -> bool:
    """Whether the occurrences take the same steps, some of them in a varying number of rounds that are not the same
    call again.
    """
    every = rows(occurrences)
    for first in every:
        for other in every:
            if [item.keys for item in first] == [item.keys for item in other]:
                pairs = zip(first, other, strict=True)
                if any(len(one.rounds) != len(two.rounds) and _different(one, two) for one, two in pairs):
                    return True
    return False


def _different(*items: Item) -> bool:
    return any(
        len({str(operation.call.input) for operation in column}) > 1
        for item in items
        for column in zip(*item.rounds, strict=True)
    )
