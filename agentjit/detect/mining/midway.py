"""Hotspots inside episodes: what pattern growth finds, if it beats chance, and steps that come in several orders."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agentjit.detect.mining import chance
from agentjit.detect.mining.bags import unordered
from agentjit.detect.mining.beside import surprising
from agentjit.detect.mining.build import calls_of, spread
from agentjit.detect.mining.growth import LONGEST, grow
from agentjit.detect.mining.history import History
from agentjit.detect.mining.order import Core
from agentjit.detect.mining.worth import Candidate, choose, is_part, take

SHOWN = 2  # sessions in which a line must be seen to say what belongs together
BEYOND = 1e-9  # a probability of which there is no doubt
DOUBT = 1e-6  # roughly
MANY = 20  # places from which an accidental step cannot be beside nearly all of them
KNOWN = 1 / 8  # of the rate is for what some line does in one go: there is little of it, and it is found easily
NEAR = 10  # of the sequences that do not beat chance are shown


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and the best of what recurs but is no more than chance has it: each with (mean, probability,
    false discovery rate).
    """

    candidates: tuple[tuple[Candidate, tuple[float, float, float]], ...]
    rejected: tuple[tuple[Candidate, tuple[float, float, float]], ...]
    tried: int
    chance: int
    capped: int


def midway(history: History, tokens: list[int], *, minimum: int, rate: float) -> Found:
    """The hotspots in what of `tokens` is not taken yet, at a false discovery rate; what they use is taken."""
    grown = grow(history, tokens, history.where, minimum=minimum)
    testable = chance.testable(history, minimum, LONGEST)
    patterns = _distinct([(pattern.core, pattern.matches) for pattern in grown.patterns])
    candidates = [Candidate(core, matches, (core,)) for core, matches in patterns]
    candidates += unordered(history, tokens, minimum, testable)
    lines = chance.together(history, SHOWN)
    judged: list[Candidate] = []
    failed: list[tuple[Candidate, float]] = []
    covered = _Covered(history, minimum)
    for candidate in sorted(candidates, key=lambda each: -len(each.core)):
        if covered.leaves_too_little(candidate):
            continue
        if _judge(history, tokens, candidate, testable, lines, minimum):
            judged.append(candidate)
            covered.add(candidate)
        else:
            failed.append((candidate, 1.0))
    kinds = sum(len(count) >= minimum for count in history.counts)
    seen = {core: {history.where[lo] for lo, _ in matches} for core, matches in patterns}
    lined = [each for each, _ in failed if each.core in lines and each.found]
    judged = surprising(history, judged, lined, seen, kinds=kinds, rate=rate)
    rates = chance.discoveries([each.corrected for each in judged])
    good = [each for each, q in zip(judged, rates, strict=True) if q <= rate]
    failed += [(each, q) for each, q in zip(judged, rates, strict=True) if q > rate]
    longer = [each for each in (*good, *lined) if len(each.core) > 2]
    whole = {id(each): len(each.found) for each in good}

    def still(candidate: Candidate, taken: chance.Taken) -> bool:
        """What others have left of it must do alone, and not be a part of what is done in too few ways to be judged."""
        if len(candidate.found) < whole[id(candidate)]:
            _measure(history, candidate, taken)
            candidate.corrected = max(candidate.corrected, candidate.p * len(good))
        return candidate.corrected <= rate * len(good) and not is_part(history, candidate, longer, tokens, minimum)

    kept = choose(history, good, tokens, minimum=minimum, judge=still)
    rates = chance.discoveries([each.corrected for each in kept])
    found = [(each, (each.mean, each.p, q)) for each, q in zip(kept, rates, strict=True) if q <= rate]
    tried = grown.tried + len(candidates) - len(patterns)
    rejected = _best(history, failed, tokens, minimum)
    return Found(tuple(found), rejected, tried, len(patterns) - len(good), grown.capped)


def _best(
    history: History, failed: Sequence[tuple[Candidate, float]], tokens: Sequence[int], minimum: int
) -> tuple[tuple[Candidate, tuple[float, float, float]], ...]:
    """Of candidates with their false discovery rates those that come nearest to a hotspot, none over another."""
    left = list(tokens)
    found: list[tuple[Candidate, tuple[float, float, float]]] = []
    pool = [each for each in failed if not all(history.files[token] for token in each[0].core)]
    for candidate, q in sorted(pool, key=lambda each: (each[1], each[0].corrected, each[0].core))[: 10 * NEAR]:
        candidate.count(history, left)
        if candidate.sessions(history) >= minimum:
            _measure(history, candidate, {})
            take(candidate.found, left)
            found.append((candidate, (candidate.mean, candidate.p, q)))
    return tuple(sorted(found, key=lambda each: (each[1][2], each[1][1] * each[0].factor))[:NEAR])


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
    candidate.factor = len(lines) / KNOWN if known else testable[len(core)] / (1 - KNOWN)
    seen = len({history.where[lo] for lo, _ in candidate.matches})
    orders = _orders(candidate)
    candidate.corrected = chance.roughly(history, core, seen, orders) * candidate.factor
    if candidate.corrected > 1.0:
        return False
    if candidate.corrected > DOUBT:  # a closer look, but without gaps; what is far beyond that needs none
        apart = chance.spreads([tuple((token,) for token in core)], history.commutes)
        chances = chance.placements(history, [(chunks, orders) for chunks, _ in apart], {}, gaps=False)
        candidate.corrected = chance.tail(len(chances), sum(chances), seen) * candidate.factor
        if candidate.corrected > 1.0:
            return False
    candidate.count(history, tokens)
    if all(history.files[token] for token in core):
        _only_the_same(history, tokens, candidate, minimum)
    if candidate.sessions(history) < minimum:
        return False
    _measure(history, candidate, {})
    candidate.corrected = candidate.p * candidate.factor
    return True


def _orders(candidate: Candidate) -> float:
    """In how many orders the steps may come, reads aside."""
    return float(math.factorial(len(candidate.core))) if len(candidate.orders) > 1 else 1.0


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
    orders = _orders(candidate)
    found = _sightings(history, candidate)
    counts: list[tuple[float, float]] = []

    def count(ways: Sequence[tuple[chance.Chunks, float]], sessions: set[int], *, gaps: bool) -> None:
        chances = chance.placements(history, ways, taken, gaps=gaps)
        counts.append((chance.tail_of(chances, len(sessions)), sum(chances)))

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


def _only_the_same(history: History, tokens: Sequence[int], candidate: Candidate, minimum: int) -> None:
    """Of steps that all look at files and change them only the very same are a workflow; the rest is programming."""
    sessions: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for placement in candidate.found:
        keys = tuple(history.keys[there[0]] for there in placement.places)
        sessions[keys].add(history.sessions[placement.row])
    candidate.keys = frozenset(keys for keys, seen in sessions.items() if len(seen) >= minimum)
    candidate.count(history, tokens)
