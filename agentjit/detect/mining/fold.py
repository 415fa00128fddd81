"""Loops: what is done several times in a row counts once, with how often.

Tandem repeats of one action, or of a block of up to `BLOCK` actions, are folded from left to right as they complete; a
fold takes at least one step away and looks at no more than `BLOCK`² others, so that folding is linear. A loop whose
rounds do more than read is one as well when its rounds read other things besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

BLOCK = 4  # actions; what is longer and comes again is two runs of a workflow, not a loop in one
ASIDE = 2  # reads of its own that a round of one step may have; twice as many if it has more steps

Step = tuple[int, list[int]]
"""A token and its places."""


def fold(tokens: Sequence[int]) -> list[Step]:
    """`tokens` with their repeats folded, as (token, its places in `tokens`): `a b a b c` gives a (0, 2), b (1, 3), c.

    Nested repeats fold too: `a a b a b` gives a (0, 1, 3), b (2, 4).
    """
    steps: list[Step] = []
    for place, token in enumerate(tokens):
        steps.append((token, [place]))
        size = 1
        while size <= BLOCK and 2 * size <= len(steps):
            # Most blocks differ in their last step already, which is quick to see.
            if token == steps[-1 - size][0] and _same(steps, size):
                for i in range(size):
                    steps[-2 * size + i][1].extend(steps[-size + i][1])
                del steps[-size:]
                size = 1
            else:
                size += 1
    return steps


def _same(steps: Sequence[Step], size: int) -> bool:
    return all(steps[at][0] == steps[at - size][0] for at in range(-size, -1))


@dataclass(slots=True)
class _Part:
    """Reads, and the step after them that does more."""

    reads: list[Step] = field(default_factory=list)
    last: Step = (-1, [])

    def extra(self, first: _Part) -> list[Step]:
        """What is read here and not in an earlier round."""
        known = {token for token, _ in first.reads}
        return [step for step in self.reads if step[0] not in known]

    def merge(self, later: _Part) -> None:
        self.last[1].extend(later.last[1])
        for token, places in later.reads:
            for known, own in self.reads:
                if known == token:
                    own.extend(places)
                    break


def fold_over(steps: Sequence[Step], reads: Sequence[bool]) -> list[Step]:
    """Folded `steps` with loops folded whose rounds differ in a few reads: `v e v x e` gives v v, e e, x.

    `reads` says of each token whether it only reads. What a later round reads besides comes to stand after the loop.
    """
    parts: list[_Part] = []
    open_part = _Part()
    for step in steps:
        if reads[step[0]]:
            open_part.reads.append(step)
            continue
        open_part.last = step
        parts.append(open_part)
        open_part = _Part()
        size = 1
        while size <= BLOCK and 2 * size <= len(parts):
            if parts[-1 - size].last[0] != step[0]:
                size += 1
                continue
            rounds = list(zip(parts[-2 * size : -size], parts[-size:], strict=True))
            aside = [step for first, later in rounds for step in later.extra(first)]
            gaps = min(2, size + sum(len(later.reads) for _, later in rounds) - len(aside))
            if all(first.last[0] == later.last[0] for first, later in rounds) and len(aside) <= ASIDE * gaps:
                for first, later in rounds:
                    first.merge(later)
                del parts[-size:]
                open_part.reads = [*aside, *open_part.reads]
                size = 1
            else:
                size += 1
    found = [step for part in parts for step in (*part.reads, part.last)]
    return [*found, *open_part.reads]
