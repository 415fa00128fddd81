"""What stands beside: a sequence with a step more is another hotspot only if the step belongs to it.

A step that is there no more often than chance puts it beside the others is none of theirs, and a read that is not there
most of the time is a look around.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from agentjit.detect.mining import chance
from agentjit.detect.mining.history import History
from agentjit.detect.mining.order import SETTLED, Core, normal
from agentjit.detect.mining.worth import Candidate, contains

MOSTLY = 1 / 2  # of the sessions of a sequence must have a read in it, else it is a look around and not a step


def surprising(
    history: History,
    candidates: Sequence[Candidate],
    lined: Sequence[Candidate],
    seen: Mapping[Core, set[int]],
    *,
    kinds: int,
    rate: float,
) -> list[Candidate]:
    """Without those that are another one with a step that stands beside it no more often than by chance.

    Where it does stand there more often, what holds of the other holds of this one, too: it need not be found among all
    sequences of its length again, only among the `kinds` of steps that could have been beside (hierarchical testing,
    Yekutieli 2008). `lined` are those that are one line nearly always: known as well, but not from any order. `seen`
    are the sessions of every pattern.
    """
    judged = {each.core: each for each in candidates if len(each.orders) == 1}
    known = {each.core: each for each in lined} | judged
    sessions = {core: Counter(history.sessions[p.row] for p in each.found) for core, each in known.items()}
    within = {}  # what is a part of a known one, and comes with it whenever it comes
    for each in sorted(known.values(), key=lambda each: len(sessions[each.core])):
        size = len(each.core)
        for first in range(size):
            within.update(dict.fromkeys((each.core[first:last] for last in range(first + 2, size + 1)), each.core))
    longest = sorted(known, key=lambda core: (-len(core), core))
    kept: list[Candidate] = []
    accidents: set[Core] = set()
    for candidate in sorted(candidates, key=lambda each: len(each.core)):
        core, accident, ordered = candidate.core, False, len(candidate.orders) == 1
        own = {history.sessions[placement.row] for placement in candidate.found}
        fewer = {step: _without(history, candidate, step) for step in range(len(core))}
        fewer = {step: less if less in known else within.get(less, less) for step, less in fewer.items()}
        parts = [(less, [step]) for step, less in fewer.items() if less in known and not contains(less, core)]
        parts = [each for each in parts if each[0] not in accidents and len(sessions[each[0]]) >= len(own)]
        if not parts and ordered:
            shorter = (part for part in longest if len(part) < len(core) and part not in accidents)
            best = next((part for part in shorter if contains(core, part)), None)
            parts = [(best, _beyond(core, best))] if best else []
        for less, steps in parts:
            looks = all(history.commutes[core[step]] for step in steps)
            if ordered and looks and len(seen.get(core, ())) < MOSTLY * len(seen.get(less, ())):
                accident = True
            p = _beside(history, sessions[less], candidate, steps, len(own & sessions[less].keys())) * kinds ** len(
                steps
            )
            accident = accident or p >= rate
            if ordered and less in judged:
                candidate.corrected = min(candidate.corrected, max(judged[less].corrected, 2 * p))
        if not accident:
            kept.append(candidate)
        elif ordered:
            accidents.add(core)
    return kept


def _without(history: History, candidate: Candidate, step: int) -> Core:
    """The order in which its other steps are settled, () if they are not."""
    core = candidate.core
    if len(candidate.orders) == 1:
        return normal((*core[:step], *core[step + 1 :]), history.commutes)
    taken = Counter(tuple(core[each] for each in found.order if each != step) for found in candidate.found)
    rest, times = taken.most_common(1)[0]
    return normal(rest, history.commutes) if times >= SETTLED * len(candidate.found) else ()


def _beyond(core: Core, part: Core) -> list[int]:
    """The numbers of the steps of `core` that are not in `part`, which is `core` with steps left out."""
    left = list(part)
    found = []
    for step, token in enumerate(core):
        if left and token == left[0]:
            left.pop(0)
        else:
            found.append(step)
    return found


def _beside(
    history: History, sessions: Mapping[int, int], candidate: Candidate, steps: Sequence[int], seen: int
) -> float:
    """The probability that some steps of a candidate stand beside the others in as many as `seen` sessions by chance;
    `sessions` says how often each shows the others.
    """
    core = candidate.core
    reach = 1.0
    for step in steps:
        beside = [*core[max(0, step - 1) : step], *core[step + 1 : step + 2]]
        free = history.commutes[core[step]] and any(history.commutes[token] for token in beside)
        reach *= 2.0 if free else len(candidate.orders)  # among reads it may stand on either side
    chances = []
    for session, times in sessions.items():
        f = history.reading[session]
        chance_of = times * reach
        for step in steps:
            share = history.counts[core[step]].get(session, 0) / history.calls[session]
            chance_of *= (1 + f + f * f) * share
        if chance_of:
            chances.append(min(1.0, chance_of))
    return chance.tail_of(chances, seen)
