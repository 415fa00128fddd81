"""From placements to hotspots: occurrences with their calls, what they cost, how alike they are."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from statistics import median

from agentjit.detect.mining.heat import heat
from agentjit.detect.mining.history import History
from agentjit.detect.mining.order import Placement
from agentjit.hotspot import Hotspot, Occurrence, Operation
from agentjit.trace import Effect, Episode


def calls_of(history: History, placement: Placement) -> tuple[int, ...]:
    """The numbers of the row's calls that hold the placement's steps, in order."""
    held = {call for places in placement.places for place in places for call in history.holders[place]}
    return tuple(sorted(held))


def turns(operations: Sequence[Operation]) -> int:
    """The model turns that calls took: those asked for at once share one."""
    return len({operation.call.batch or operation.call.id for operation in operations})


def hotspot(
    history: History,
    names: Sequence[str],
    placements: Sequence[Placement],
    *,
    now: float,
    key: str | None = None,
    ways: Sequence[int] = (),
) -> Hotspot:
    """One hotspot for all `placements` of the steps `names`, which give it its id together with `key`.

    The steps stand in the order in which they were taken most often. With a `key` the placements are whole episodes,
    and what else those read is noise; without, only what was read in between. `ways` says in how many ways each step
    was written, where that varies.
    """
    taken = [_taken(placement) for placement in placements]
    orders = Counter(order for order in taken if len(order) == len(names))
    usual = min(orders, key=lambda order: (-orders[order], order)) if orders else tuple(range(len(names)))
    occurrences = tuple(_occurrence(history, placement, usual, whole=key is not None) for placement in placements)
    times = [occurrence.repeats or (1,) * len(names) for occurrence in occurrences]
    loops = tuple((min(column), max(column)) for column in zip(*times, strict=True))
    shares = [_share(history, placement, whole=key is not None) for placement in placements]
    episodes = [occurrence.episode for occurrence in occurrences]
    return Hotspot(
        id=hashlib.sha256("\n".join((key or "", *names)).encode("utf-8", "replace")).hexdigest()[:12],
        signature=tuple(names[step] for step in usual),
        occurrences=occurrences,
        heat=heat([episode.at for episode in episodes], now=now),
        requests=_median([(each.requests, share) for each, share in zip(episodes, shares, strict=True)]),
        tokens=_median([(each.tokens, share) for each, share in zip(episodes, shares, strict=True)]),
        seconds=_median([(each.seconds, share) for each, share in zip(episodes, shares, strict=True)]),
        effect=Effect.worst([operation.effect for each in occurrences for operation in each.operations]),
        stability=orders[usual] / len(placements),
        loops=loops if any(times != (1, 1) for times in loops) else (),
        ways=tuple(ways[step] for step in usual) if any(each > 1 for each in ways) else (),
    )


def _taken(placement: Placement) -> tuple[int, ...]:
    """The steps that were taken, in the order in which they were; an optional one may be missing."""
    return tuple(step for step in placement.order if placement.places[step])


def _occurrence(history: History, placement: Placement, usual: tuple[int, ...], *, whole: bool) -> Occurrence:
    episode, operations = history.rows[placement.row]
    held = calls_of(history, placement)
    if whole:
        between = range(len(operations))
    else:
        between = range(held[0], held[-1] + 1) if held else range(0)
    extra = [operations[call] for call in between if call not in held]
    times = tuple(sum(history.repeats[place] for place in placement.places[step]) for step in usual)
    step_of = {step: number for number, step in enumerate(usual)}
    order = tuple(step_of[step] for step in _taken(placement))
    noise = tuple(operation for operation in extra if operation.effect is Effect.READS)
    return Occurrence(
        episode,
        tuple(operations[call] for call in held),
        noise,
        order=() if order == tuple(range(len(usual))) else order,
        repeats=() if all(count == 1 for count in times) else times,
        more=len(held) + len(noise) < len(operations),
    )


def _share(history: History, placement: Placement, *, whole: bool) -> float:
    """The part of the episode's turns that went into the placement; all of it where the placement is the `whole`
    episode's and the rest only read, or where it is no more than its prompt.
    """
    if not placement.places:
        return 1.0
    operations = history.rows[placement.row][1]
    held = calls_of(history, placement)
    rest = [operation for call, operation in enumerate(operations) if call not in held]
    if whole and all(operation.effect is Effect.READS for operation in rest) and len(rest) <= len(held):
        return 1.0
    return turns([operations[call] for call in held]) / max(1, turns(operations))


def _median(values: Sequence[tuple[float | None, float]]) -> float | None:
    known = [value * share for value, share in values if value]
    return float(median(known)) if known else None


def cost(history: History, placement: Placement) -> tuple[int, float, float]:
    """(turns, tokens, seconds) that a placement's calls took, by their share of the episode's turns."""
    episode: Episode = history.rows[placement.row][0]
    operations = history.rows[placement.row][1]
    own = turns([operations[call] for call in calls_of(history, placement)])
    share = own / max(1, turns(operations))
    return own, (episode.tokens or 0) * share, (episode.seconds or 0.0) * share


def spread(history: History, placement: Placement) -> tuple[tuple[int, ...], ...]:
    """How the placement is spread over calls: the numbers of the steps that each holds, in the order of the calls."""
    by_call: dict[int, list[int]] = {}
    for step, places in enumerate(placement.places):
        if places:
            by_call.setdefault(history.holders[places[0]][0], []).append(step)
    return tuple(tuple(steps) for _, steps in sorted(by_call.items()))
