"""Worth: of hotspots that overlap, those that cost most today are kept, and nothing is counted twice.

Greedy choice with lazy evaluation (Minoux 1978): a candidate's worth can only fall while others take steps away, so one
that is still the best after being counted anew is the best of all.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from agentjit.detect.mining.build import cost
from agentjit.detect.mining.chance import Taken
from agentjit.detect.mining.history import BREAK, History
from agentjit.detect.mining.order import Core, Placement, moved, place
from agentjit.detect.mining.slips import Slip, slips

REST = 1 / 2  # of the places of a sequence must be left by a longer one, else it is a part of that
PART = 10**9  # turns: more than any history has


@dataclass(slots=True)
class Candidate:
    """A core with its matches (first place, last place), in any of its `orders`.

    `mean` is what chance has to offer, `p` the probability that it offers as much as there is, `factor` the number of
    hypotheses, `corrected` what comes of both; `keys`: where only the very
    same actions count, which. `found` are the placements as last counted.
    """

    core: Core
    matches: Sequence[tuple[int, int]]
    orders: tuple[Core, ...]
    unstable: str = ""
    mean: float = 0.0
    p: float = 1.0
    factor: float = 1.0
    corrected: float = 1.0
    keys: frozenset[tuple[str, ...]] | None = None
    found: list[Placement] = field(default_factory=list)

    def count(self, history: History, tokens: Sequence[int], gone: Mapping[int, Slip] = MappingProxyType({})) -> None:
        """Find the placements anew in what of `tokens` is not taken yet, from left to right and none over another.

        `gone` are places in slips of other hotspots; what one of these explains does not count.
        """
        found: list[Placement] = []
        done = -1
        for lo, hi in self.matches:
            if lo <= done:
                continue
            for own in self.orders:
                places = place(own, tokens, history.commutes, lo, hi + 1)
                if places is None:
                    continue
                if self.keys is not None and tuple(history.keys[there[0]] for there in places) not in self.keys:
                    continue
                if not self._explained(places, gone):
                    found.append(Placement(history.row_at(lo), moved(self.core, own, places)))
                done = max(there[-1] for there in places)
                break
        self.found = found

    def _explained(self, places: Sequence[Sequence[int]], gone: Mapping[int, Slip]) -> bool:
        slip = gone.get(places[0][0])
        if slip is None or not slip.explains(self.core):
            return False
        return all(gone.get(at) is slip for there in places for at in there)

    def worth(self, history: History) -> tuple[int, float, float]:
        """(turns, tokens, seconds) that would not be needed: all but one turn of each placement."""
        turns, tokens, seconds = 0, 0.0, 0.0
        for placement in self.found:
            own, spent, took = cost(history, placement)
            turns += own - 1
            tokens += spent
            seconds += took
        return turns, tokens, seconds

    def sessions(self, history: History) -> int:
        """In how many sessions it takes more than one call: one line that does it all is no evidence."""
        return len({history.sessions[placement.row] for placement in self.found if several(history, placement)})


def several(history: History, placement: Placement) -> bool:
    """Whether it took more than one call."""
    return len({call for there in placement.places for at in there for call in history.holders[at]}) > 1


def choose(
    history: History,
    candidates: Sequence[Candidate],
    tokens: list[int],
    *,
    minimum: int,
    judge: Callable[[Candidate, Taken], bool],
) -> list[Candidate]:
    """Those to keep, best first; the steps that they take become `BREAK` in `tokens`.

    `judge` has the last word on a candidate with what is left of it, and of everything else.
    """
    heap: list[tuple[tuple[float, ...], Core, int, int]] = []
    kept: list[Candidate] = []
    taken: dict[int, Counter[int]] = defaultdict(Counter)
    gone: dict[int, Slip] = {}
    whole: dict[int, int] = {}

    def push(number: int) -> None:
        candidate = candidates[number]
        candidate.count(history, tokens, gone)
        if candidate.sessions(history) >= minimum:
            turns, spent, seconds = candidate.worth(history)
            worth = (-float(turns), -spent, -seconds, -float(len(candidate.core)))
            heapq.heappush(heap, (worth, candidate.core, number, len(kept)))

    for number in range(len(candidates)):
        push(number)
        whole[number] = len(candidates[number].found)

    def accept(number: int) -> None:
        chosen = candidates[number]
        kept.append(chosen)
        take(chosen.found, tokens)
        for placement in chosen.found:
            for there in placement.places:
                for at in there:
                    taken[history.tokens[at]][history.where[at]] += len(history.holders[at])
        for slip in slips(history, tokens, chosen.core, whole[number]):
            for at in slip.places:
                gone.setdefault(at, slip)

    done: set[int] = set()
    while heap:
        _, _, number, counted = heapq.heappop(heap)
        if number in done:
            continue
        if counted < len(kept):
            push(number)
            continue
        while (longer := _longer(history, candidates, number, done, tokens, minimum, gone)) is not None:
            heapq.heappush(heap, ((-1.0,), candidates[number].core, number, -1))
            number = longer
        done.add(number)
        if judge(candidates[number], taken):
            accept(number)
    return kept


def _longer(
    history: History,
    candidates: Sequence[Candidate],
    number: int,
    done: set[int],
    tokens: list[int],
    minimum: int,
    gone: Mapping[int, Slip],
) -> int | None:
    """A longer candidate with this one in it, if both are worth more together than this one with all its places, or if
    this one has hardly any others.
    """
    short = candidates[number]
    best, found = short.worth(history)[0], None
    for other, each in enumerate(candidates):
        if other in done or len(each.core) <= len(short.core) or not contains(each.core, short.core):
            continue
        each.count(history, tokens, gone)
        if each.sessions(history) < minimum:
            continue
        rest = _rest(short.found, each)
        left = replace(short, found=rest)
        together = each.worth(history)[0] + (left.worth(history)[0] if left.sessions(history) >= minimum else 0)
        if len(rest) <= REST * len(short.found):
            together += PART
        if together > best:
            best, found = together, other
    return found


def is_part(
    history: History, short: Candidate, others: Sequence[Candidate], tokens: Sequence[int], minimum: int
) -> bool:
    """Whether most places of a sequence lie in those of a longer one of `others` that cannot be judged, because it is
    one line nearly always.
    """
    for each in others:
        if len(each.core) > len(short.core) and contains(each.core, short.core):
            longer = replace(each)
            longer.count(history, tokens)
            alone = [each for each in short.found if several(history, each)]
            if longer.sessions(history) < minimum and len(_rest(alone, longer)) <= REST * len(alone):
                return True
    return False


def _rest(placements: Sequence[Placement], longer: Candidate) -> list[Placement]:
    """The placements of a sequence that share no step with those of a longer one."""
    places = {at for placement in longer.found for there in placement.places for at in there}
    return [
        placement for placement in placements if places.isdisjoint(at for there in placement.places for at in there)
    ]


def contains(core: Core, part: Core) -> bool:
    """Whether `part` is `core` with steps left out."""
    steps = iter(core)
    return all(token in steps for token in part)


def take(placements: Sequence[Placement], tokens: list[int]) -> None:
    """Mark the places of `placements` as used."""
    for placement in placements:
        for there in placement.places:
            for at in there:
                tokens[at] = BREAK
