"""A column of values as a chain of constants and known values: of all chains that hold, the simplest."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agentjit.compile.explaining.reference import reference
from agentjit.compile.explaining.shape import Sources, Vector
from agentjit.compile.explaining.worth import written
from agentjit.piece import Argument, Ref, Text

_PLACES = 12  # at which a value is looked for in a word
_DEEPEST = 6  # known values in one word

Known = Sequence[tuple[Ref, Vector]]
"""Values that may be part of a word, those that are preferred first."""


def known(sources: Sources) -> list[tuple[Ref, Vector]]:
    """Named values as they are."""
    return [(reference(name), column) for name, column in sources.items()]


def composed(values: Vector, parts: Known, environment: frozenset[str] = frozenset()) -> Argument | None:
    """The cheapest chain (see `worth.written`) that is `values` in every occurrence; of equals, the first."""
    memo: dict[Vector, tuple[float, Argument] | None] = {}
    sources = len({ref.name for ref, _ in parts})

    def cheapest(column: Vector, depth: int) -> tuple[float, Argument] | None:
        if column not in memo:
            memo[column] = None
            memo[column] = chain(column, depth)
        return memo[column]

    def chain(column: Vector, depth: int) -> tuple[float, Argument] | None:
        if len(set(column)) == 1:
            alone: Argument = (Text(text=column[0]),) if column[0] else ()
            return written(alone, sources, environment), alone
        best: tuple[float, Argument] | None = None
        for ref, own in parts:
            price = written((ref,), sources, environment)
            if best is not None and price >= best[0]:
                continue
            if own == column:
                best = price, (ref,)
            elif depth < _DEEPEST and (around := _around(ref, own, column, depth)) is not None:
                total = price + around[0]
                if best is None or total < best[0]:
                    best = total, around[1]
        return best

    def _around(ref: Ref, own: Vector, column: Vector, depth: int) -> tuple[float, Argument] | None:
        """Something, then the value, then something, where both sides can be composed, too."""
        if not all(part in value for part, value in zip(own, column, strict=True)):
            return None
        places = [occurrences(value, part) for value, part in zip(column, own, strict=True)]
        fewest = min(map(len, places))
        ways = [[place[nth] for place in places] for nth in range(min(fewest, _PLACES))]
        ways += [[place[-nth] for place in places] for nth in range(1, min(fewest, 2) + 1)]
        best: tuple[float, Argument] | None = None
        for starts in {tuple(way): None for way in ways}:
            left = tuple(value[:start] for value, start in zip(column, starts, strict=True))
            ends = [start + len(part) for start, part in zip(starts, own, strict=True)]
            right = tuple(value[end:] for value, end in zip(column, ends, strict=True))
            before = cheapest(left, depth + 1)
            after = cheapest(right, depth + 1) if before else None
            if before and after and (best is None or before[0] + after[0] < best[0]):
                best = before[0] + after[0], (*before[1], ref, *after[1])
        return best

    found = cheapest(values, 0)
    return None if found is None or math.isinf(found[0]) else found[1]


def occurrences(text: str, part: str) -> list[int]:
    """Where `part` stands in `text` as a word of its own: no letter or digit may touch one of its own, but for the
    letter of an option (`-n20`).
    """
    found = []
    start = text.find(part) if part else -1
    while start >= 0:
        before, after = text[start - 1 : start] if start else "", text[start + len(part) : start + len(part) + 1]
        glued = start == 2 and text[0] == "-" and before.isalpha()
        touching = (before.isalnum() and part[0].isalnum() and not glued) or (after.isalnum() and part[-1].isalnum())
        if not touching:
            found.append(start)
        start = text.find(part, start + 1)
    return found
