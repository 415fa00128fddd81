"""Order: which steps may change places, and what to make of those that do without leave.

Two steps that only read commute: done in another order they are the same thing. Sequences over such an independence
relation are Mazurkiewicz traces (Cartier and Foata 1969, Mazurkiewicz 1977), and each has one lexicographic normal form
(Anisimov and Knuth 1979). Here independence is that of the reads among each other and of nothing else, so the normal
form is simple: every unbroken run of reads, sorted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agentjit.detect.mining.history import BREAK

DECENT = 0.2  # of all runs an order must have, and at least two runs, to count as one of several ways to do it
SETTLED = 0.8  # of all runs must be of decent orders, else the order never settles
Core = tuple[int, ...]
"""Tokens in normal form: what a hotspot consists of."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a row has a core: the places of each of its steps, in the core's order. A read may have several."""

    row: int
    places: tuple[tuple[int, ...], ...]

    @property
    def order(self) -> tuple[int, ...]:
        """The core's steps in the order in which they were taken."""
        return tuple(sorted(range(len(self.places)), key=lambda step: self.places[step]))


def normal(tokens: Sequence[int], commutes: Sequence[bool]) -> Core:
    """The normal form of a row: runs of reads sorted, and each kind of read once in a run."""
    found: list[int] = []
    run: set[int] = set()
    for token in tokens:
        if commutes[token]:
            run.add(token)
        else:
            found += [*sorted(run), token]
            run.clear()
    return (*found, *sorted(run))


def place(
    core: Core, tokens: Sequence[int], commutes: Sequence[bool], start: int, end: int
) -> tuple[tuple[int, ...], ...] | None:
    """The places in [start, end) of `tokens` of each step of `core`, matched from the left; None if it is not there.

    Only reads may stand in between: any other step, and a `BREAK`, ends the search.
    """
    found: list[tuple[int, ...]] = []
    step, at, size = 0, start, len(core)
    while step < size:
        if not commutes[core[step]]:
            while at < end and tokens[at] != BREAK and commutes[tokens[at]]:
                at += 1
            if at >= end or tokens[at] != core[step]:
                return None
            found.append((at,))
            at, step = at + 1, step + 1
            continue
        block: dict[int, list[int]] = {}
        while step < size and commutes[core[step]]:
            block[core[step]] = []
            step += 1
        while at < end and tokens[at] != BREAK and commutes[tokens[at]]:
            if tokens[at] in block:
                block[tokens[at]].append(at)
            at += 1
        if not all(block.values()):
            return None
        found += map(tuple, block.values())
    return tuple(found)


def moved(core: Core, own: Core, places: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """The `places` of the steps `own`, in the order of `core`, which has the same steps in another order."""
    left: dict[int, list[tuple[int, ...]]] = {}
    for token, there in zip(own, places, strict=True):
        left.setdefault(token, []).append(there)
    return tuple(left[token].pop(0) for token in core)


def several(orders: Sequence[Core]) -> tuple[set[Core], str]:
    """What the orders say in which the same steps were taken, one for each run, none of them free to change.

    Either (those that belong together, ""): one that is by far the commonest, or several that are each seen decently
    often, so that the order does not matter. Or (all of them, why the order never settles).
    """
    counts = Counter(orders)
    total = len(orders)
    decent = {order for order, count in counts.items() if count >= 2 and count >= DECENT * total}
    if len(counts) == 1 or sum(counts[order] for order in decent) >= SETTLED * total:
        return decent or set(counts), ""
    return set(counts), f"{len(counts)} orders in {total} runs"
