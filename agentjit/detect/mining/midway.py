"""Hotspots inside episodes: what pattern growth finds, if it beats chance, and steps that come in several orders."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from agentjit.detect.mining import chance
from agentjit.detect.mining.build import calls_of, spread
from agentjit.detect.mining.growth import GAP, LONGEST, grow
from agentjit.detect.mining.history import BREAK, History
from agentjit.detect.mining.order import Core, normal, several
from agentjit.detect.mining.worth import Candidate, choose

SHOWN = 2  # sessions in which a line must be seen to say what belongs together
REST = 1 / 3  # of the places of a sequence must be left by longer ones
BEYOND = 1e-9
MANY = 20  # places from which an accidental step cannot be beside nearly all of them
BAGS = range(2, 5)  # steps of which several orders are looked at


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: each with (mean, probability, false discovery rate)."""

    candidates: tuple[tuple[Candidate, tuple[float, float, float]], ...]
    tried: int
    chance: int
    capped: int


def midway(history: History, tokens: list[int], *, minimum: int, rate: float) -> Found:
    """The hotspots in what of `tokens` is not taken yet, at a false discovery rate; what they use is taken."""
    grown = grow(history, tokens, history.where, minimum=minimum)
    testable = chance.testable(history, minimum, LONGEST)
    patterns = _distinct([(pattern.core, pattern.matches) for pattern in grown.patterns])
    candidates = [Candidate(core, matches, (core,)) for core, matches in patterns]
    candidates += _unordered(history, tokens, minimum)
    lines = chance.together(history, SHOWN)
    judged: list[Candidate] = []
    covered = _Covered(history, minimum)
    for candidate in sorted(candidates, key=lambda each: -len(each.core)):
        if not covered.leaves_too_little(candidate) and _judge(history, tokens, candidate, testable, lines, minimum):
            judged.append(candidate)
            covered.add(candidate)
    kinds = sum(len(count) >= minimum for count in history.counts)
    judged = _surprising(history, judged, kinds=kinds, rate=rate)
    rates = chance.discoveries([each.corrected for each in judged])
    good = [each for each, q in zip(judged, rates, strict=True) if q <= rate]
    whole = {id(each): len(each.found) for each in good}

    def still(candidate: Candidate, taken: chance.Taken) -> bool:
        """What others have left of it must do alone; little of it is what went wrong with these."""
        before = whole[id(candidate)]
        if len(candidate.found) < before:
            _measure(history, candidate, taken)
            candidate.corrected = max(candidate.corrected, candidate.p * len(good))
        return len(candidate.found) > REST * before and candidate.corrected <= rate * len(good)

    kept = choose(history, good, tokens, minimum=minimum, judge=still)
    rates = chance.discoveries([each.corrected for each in kept])
    found = [(each, (each.mean, each.p, q)) for each, q in zip(kept, rates, strict=True) if q <= rate]
    tried = grown.tried + len(candidates) - len(patterns)
    return Found(tuple(found), tried, len(patterns) - len(good), grown.capped)


def _distinct(
    patterns: Sequence[tuple[Core, tuple[tuple[int, int], ...]]],
) -> list[tuple[Core, tuple[tuple[int, int], ...]]]:
    """Without those that are only ever the end of a longer one."""
    found: dict[tuple[int, ...], tuple[Core, tuple[tuple[int, int], ...]]] = {}
    for core, matches in sorted(patterns, key=lambda each: -len(each[0])):
        found.setdefault(tuple(sorted({hi for _, hi in matches})), (core, matches))
    return list(found.values())


class _Covered:
    """Where candidates that are beyond all doubt begin and end: a part of one that has hardly a place of its own need
    not be looked at.
    """

    def __init__(self, history: History, minimum: int) -> None:
        self.history = history
        self.minimum = minimum
        self.at: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def add(self, candidate: Candidate) -> None:
        if len(candidate.orders) == 1 and candidate.corrected < BEYOND:
            for match in candidate.matches:
                for end in (0, 1):
                    self.at[end].setdefault(match[end], id(candidate))

    def leaves_too_little(self, candidate: Candidate) -> bool:
        """Whether a longer one with the same ends, or beginnings, leaves it less than the least support."""
        if len(candidate.orders) > 1 or len(candidate.matches) < MANY:
            return False
        for end, at in enumerate(self.at):
            longer = Counter(at[match[end]] for match in candidate.matches if match[end] in at)
            if longer:
                most = longer.most_common(1)[0][0]
                rest = {self.history.where[match[0]] for match in candidate.matches if at.get(match[end]) != most}
                if len(rest) < self.minimum:
                    return True
        return False


def _judge(
    history: History,
    tokens: Sequence[int],
    candidate: Candidate,
    testable: Sequence[float],
    lines: set[Core],
    minimum: int,
) -> bool:
    """Fill in what chance has to offer; False if it is plain that this is no hotspot."""
    core = candidate.core
    known = len(candidate.orders) == 1 and core in lines
    candidate.factor = 2.0 * (len(lines) if known else testable[len(core)])
    apart = chance.spreads([tuple((token,) for token in core)], history.commutes)
    seen = len({history.where[lo] for lo, _ in candidate.matches})
    if chance.plainly(history, core, seen, candidate.factor):
        return False
    trials, mean = chance.placements(history, [(chunks, 1.0) for chunks, _ in apart], {}, gaps=False)
    if chance.tail(trials, mean, seen) * candidate.factor > 1.0:
        return False
    candidate.count(history, tokens)
    if all(history.files[token] for token in core):
        _only_the_same(history, tokens, candidate, minimum)
    if candidate.sessions(history) < minimum:
        return False
    _measure(history, candidate, {})
    candidate.corrected = candidate.p * candidate.factor
    return True


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A placement as evidence: over which calls it is spread, in which session; `tight` if call follows call in the
    usual order; `rounds` are the calls with those of a loop twice, () if there is no loop.
    """

    chunks: chance.Chunks
    session: int
    tight: bool
    rounds: chance.Chunks


def _sightings(history: History, candidate: Candidate) -> list[_Sighting]:
    """The placements that take more than one call."""
    core = candidate.core
    usual = Counter(placement.order for placement in candidate.found).most_common(1)[0][0]
    found = []
    for placement in candidate.found:
        parts = spread(history, placement)
        chunks = tuple(tuple(core[step] for step in part) for part in parts)
        if len(chunks) < 2:
            continue
        calls = calls_of(history, placement)
        tight = calls[-1] - calls[0] == len(calls) - 1 and placement.order == usual
        rounds: list[tuple[int, ...]] = []
        for part, chunk in zip(parts, chunks, strict=True):
            again = len(part) == 1 and not history.commutes[chunk[0]]
            held = {call for at in placement.places[part[0]] for call in history.holders[at]}
            rounds += [chunk, chunk] if again and len(held) > 1 else [chunk]
        looped = tuple(rounds) if len(rounds) > len(chunks) else ()
        found.append(_Sighting(chunks, history.sessions[placement.row], tight, looped))
    return found


def _measure(history: History, candidate: Candidate, taken: chance.Taken) -> None:
    """How many sessions show it by chance, and the probability of as many as do now.

    There are several ways to count, and the most telling is taken, at the price of their number: all there are, or only
    those that do it call by call in the usual order with nothing between, or those that do a step again and again;
    spread over however many calls, or over many.
    """
    orders = float(math.factorial(len(candidate.core))) if len(candidate.orders) > 1 else 1.0
    found = _sightings(history, candidate)
    counts: list[tuple[float, float]] = []

    def count(ways: Sequence[tuple[chance.Chunks, float]], sessions: set[int], *, gaps: bool) -> None:
        trials, mean = chance.placements(history, ways, taken, gaps=gaps)
        counts.append((chance.tail(trials, mean, len(sessions)), mean))

    for fewest in sorted({len(each.chunks) for each in found}):
        some = [each for each in found if len(each.chunks) >= fewest]
        ways = chance.spreads([each.chunks for each in some], history.commutes)
        if len(candidate.orders) > 1:
            ways = [(chunks, float(math.factorial(len(chunks)))) for chunks in {tuple(sorted(w)) for w, _ in ways}]
        count(ways, {each.session for each in some}, gaps=True)
        if counts[-1][0] * candidate.factor < BEYOND:
            break  # beyond all doubt: no other way of counting could tell more
        if tight := [each for each in some if each.tight]:
            once = {each.chunks for each in tight}
            count([(chunks, 1.0) for chunks in once], {each.session for each in tight}, gaps=False)
    looped = [each for each in found if each.rounds]
    if looped and min(counts)[0] * candidate.factor >= BEYOND:
        rounds = {each.rounds for each in looped}
        count([(chunks, orders) for chunks in rounds], {each.session for each in looped}, gaps=True)
    candidate.p = min(1.0, min((p for p, _ in counts), default=1.0) * len(counts))
    candidate.mean = counts[0][1] if counts else 0.0


def _surprising(history: History, candidates: Sequence[Candidate], *, kinds: int, rate: float) -> list[Candidate]:
    """Without those that are another one with a step that stands beside it no more often than by chance.

    Where it does stand there more often, what holds of the other holds of this one, too: it need not be found among all
    sequences of its length again, only among the `kinds` of steps that could have been beside (hierarchical testing,
    Yekutieli 2008).
    """
    known = {each.core: each for each in candidates if len(each.orders) == 1}
    sessions = {core: {history.sessions[p.row] for p in each.found} for core, each in known.items()}
    kept = []
    for candidate in sorted(candidates, key=lambda each: len(each.core)):
        core, accident = candidate.core, False
        for step in range(len(core) if len(candidate.orders) == 1 else 0):
            less = normal((*core[:step], *core[step + 1 :]), history.commutes)
            if less not in known:
                continue
            counts = history.counts[core[step]]
            reach = 2.0 if history.commutes[core[step]] or step in (0, len(core) - 1) else 1.0
            mean = 0.0
            for session in sessions[less] & counts.keys():
                f = history.reading[session]
                mean += min(1.0, reach * (1 + f + f * f) * counts[session] / history.calls[session])
            p = chance.tail(len(sessions[less]), mean, len(sessions[core]))
            accident = accident or p * kinds >= rate
            candidate.corrected = min(candidate.corrected, max(known[less].corrected, p * 2 * kinds))
        if not accident:
            kept.append(candidate)
    return kept


def _only_the_same(history: History, tokens: Sequence[int], candidate: Candidate, minimum: int) -> None:
    """Of steps that all look at files and change them only the very same are a workflow; the rest is programming."""
    sessions: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for placement in candidate.found:
        keys = tuple(history.keys[there[0]] for there in placement.places)
        sessions[keys].add(history.sessions[placement.row])
    candidate.keys = frozenset(keys for keys, seen in sessions.items() if len(seen) >= minimum)
    candidate.count(history, tokens)


def _unordered(history: History, tokens: Sequence[int], minimum: int) -> list[Candidate]:
    """Steps that do more than read and are taken in several orders: a candidate for each set of them."""
    where = history.where
    last: dict[int, int] = {}
    sessions: dict[int, int] = {}
    parts: list[tuple[int, int, int]] = []
    # A sum of random numbers, one for each kind of step, is the same for any order of the same steps and no others.
    random = Random(0)
    weights = [random.getrandbits(60) for _ in history.names]
    for window in _windows(history, tokens):
        session = where[window[0]]
        letters = [tokens[at] for at in window]
        sums = [0, *accumulate(weights[token] for token in letters)]
        for size in BAGS:
            for first in range(len(window) - size + 1):
                if size > 2 and len(set(letters[first : first + size])) < size:
                    continue
                bag = sums[first + size] - sums[first]
                parts.append((bag, window[first], window[first + size - 1]))
                if last.get(bag) != session:
                    last[bag] = session
                    sessions[bag] = sessions.get(bag, 0) + 1
    seen: dict[int, list[tuple[int, int, Core]]] = defaultdict(list)
    for bag, lo, hi in parts:
        if sessions[bag] >= minimum:
            steps = tuple(token for token in tokens[lo : hi + 1] if not history.commutes[token])
            seen[bag].append((lo, hi, steps))
    found = []
    for runs in seen.values():
        if len({core for _, _, core in runs}) == 1:
            continue
        together, reason = several([core for _, _, core in runs])
        counts = Counter(core for _, _, core in runs)
        orders = tuple(sorted(together, key=lambda core: (-counts[core], core)))
        if len(orders) > 1:
            matches = [(lo, hi) for lo, hi, core in runs if core in together]
            found.append(Candidate(orders[0], matches, orders, unstable=reason))
    return found


def _windows(history: History, tokens: Sequence[int]) -> list[list[int]]:
    """The places of steps that do more than read, where few reads stand between one and the next."""
    found: list[list[int]] = [[]]
    for at, token in enumerate(tokens):
        if token == BREAK:
            found.append([])
        elif not history.commutes[token]:
            if found[-1] and at - found[-1][-1] > GAP + 1:
                found.append([])
            found[-1].append(at)
    return [window for window in found if len(window) > 1]
