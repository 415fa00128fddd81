"""Slips: a known hotspot gone wrong, with a step left out or another one put in, is no other hotspot.

An episode shows a slip of a hotspot where all of its steps but one are, with at most one other step that does more than
read among them: a step was forgotten, replaced, or something else came in between. What is left there of the steps
is no evidence for a shorter sequence, unless there are so many that the shorter one must be a thing of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentjit.detect.mining.growth import GAP
from agentjit.detect.mining.history import BREAK, History
from agentjit.detect.mining.order import Core

OFTEN = 0.75  # of the whole runs: from there on what lacks a step may be a thing of its own
LEAST = 3  # steps of a hotspot that can go wrong: with one of two gone, nothing tells what is left


@dataclass(frozen=True, slots=True)
class Slip:
    """One that went wrong: its `places`, and the number of steps it should have. `often`: these very steps come without
    the others so often that they may be a hotspot of their own.
    """

    places: tuple[int, ...]
    steps: int
    often: bool

    def explains(self, core: Core) -> bool:
        """Whether nothing but the slip need be the reason for these of its steps."""
        return len(core) < self.steps - 1 or not self.often


def slips(history: History, tokens: Sequence[int], core: Core, whole: int) -> list[Slip]:
    """The slips of `core`, which `whole` runs show, in what of `tokens` is not taken; no place is in two."""
    if len(core) < LEAST:
        return []
    found: list[tuple[int, ...]] = []
    done = -1
    for start in sorted(_starts(history, core)):
        if start > done and tokens[start] != BREAK:
            places = _from(tokens, history.commutes, core, start)
            if len(places) >= len(core) - 1:
                found.append(tuple(places))
                done = places[-1]
    steps = [tuple(sorted(tokens[at] for at in places)) for places in found]
    times = Counter(steps)
    return [Slip(places, len(core), times[own] > OFTEN * whole) for places, own in zip(found, steps, strict=True)]


def _starts(history: History, core: Core) -> Iterable[int]:
    """Where one may begin: the places of all steps, as any may be the first that was taken."""
    return {at for token in core for at in history.at(token)}


def _from(tokens: Sequence[int], commutes: Sequence[bool], core: Core, start: int) -> list[int]:
    """The places of the steps of `core` from `start` on, as far as they are those of one slip."""
    left = Counter(core)
    found: list[int] = []
    others = 0
    for at in range(start, min(len(tokens), start + 2 * len(core) + GAP)):
        token = tokens[at]
        if token == BREAK:
            break
        if left[token]:
            left[token] -= 1
            found.append(at)
        elif commutes[token]:
            if at - found[-1] > GAP:
                break
        else:
            others += 1
            if others > 1:
                break
    return found
