"""How long a plan takes, drawn many times (Monte Carlo) from what its operations were seen to take.

Every variant of a plan meets the same draws (common random numbers: Law and Kelton, Simulation Modeling and Analysis),
so the difference of two is that of the plans and not of their luck. What a draw is: a path, by how often the traces
went it; for each step a latency and whether it goes well. If a step does not, the model finishes the work: a turn for
each step that the traces had after it, whatever was read beside it, and one to conclude. A wave takes as long as its
longest call and a little for each other one; that programs slow each other down is not modelled otherwise.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from statistics import fmean, quantiles, stdev
from typing import NamedTuple

from agentjit.compile.weighing.latencies import Sample, costs
from agentjit.compile.weighing.schedule import Nodes
from agentjit.compile.weighing.variants import Parts
from agentjit.skill import Plan
from agentjit.step import Fork, Step

DRAWS = 2_000

SampleOf = Callable[[Step], Sample]


@dataclass(frozen=True, slots=True)
class Dice:
    """What was drawn for a plan: for each step its seconds and its luck (0 to 1), the way taken, the rounds of loops.

    `odds[i]` is the probability that step i goes well, `typical[i]` its median seconds; `turn`: seconds and tokens of a
    turn of the model.
    """

    seconds: tuple[list[float], ...]
    luck: tuple[list[float], ...]
    way: list[float]
    rounds: list[float]
    odds: tuple[float, ...]
    typical: tuple[float, ...]
    turn: tuple[float, float]


class Cost(NamedTuple):
    """What the draws came to: seconds of each, and the mean tokens of hand-backs."""

    seconds: list[float]
    tokens: float

    @property
    def mean(self) -> float:
        return fmean(self.seconds)

    @property
    def slow(self) -> float:
        """The 95th percentile."""
        return float(quantiles(self.seconds, n=20)[-1])

    def scatter(self, other: Cost) -> float:
        """Two standard errors of the mean difference to another plan's cost, draw by draw, in seconds."""
        differences = [one - two for one, two in zip(self.seconds, other.seconds, strict=True)]
        return 2.0 * stdev(differences) / sqrt(len(differences))


def thrown(plan: Plan, sample_of: SampleOf, turn: tuple[float, float], draws: int = DRAWS) -> Dice:
    """The draws for a plan, always the same for the same plan and the same samples."""
    content = plan.model_dump_json(exclude={"support", "cost", "operations", "candidates"})
    dice = random.Random(hashlib.sha256(content.encode()).digest())
    steps = list(plan.every_step())
    samples = [sample_of(step) for step in steps]

    def lots() -> list[float]:
        return [dice.random() for _ in range(draws)]

    failing = [
        sample.failing(step.contract.exit_codes, step.contract.seen)
        for sample, step in zip(samples, steps, strict=True)
    ]
    return Dice(
        seconds=tuple(sample.draws(draws, dice) for sample in samples),
        luck=tuple(lots() for _ in steps),
        way=lots(),
        rounds=lots(),
        odds=tuple(1.0 - each for each in failing),
        typical=tuple(sample.typical for sample in samples),
        turn=turn,
    )


class Wave(NamedTuple):
    """Calls made at the same time, each by the numbers of the steps it stands for; `most` rounds if it is in a loop,
    else 0.
    """

    calls: Parts
    most: int = 0

    @property
    def numbers(self) -> list[int]:
        return [number for call in self.calls for number in call]


class _Drawn(NamedTuple):
    """What a wave came to in each draw: its seconds, and the first of its steps that did not go well, -1 if all did."""

    seconds: list[float]
    failed: list[int]


def cost(plan: Plan, parts: Parts, dice: Dice) -> Cost:
    """What a variant of the plan that `dice` were thrown for costs; `parts` as in `Variant`."""
    found = ways(plan, parts)
    bounds = list(accumulate(seen for seen, _ in found))
    drawn = [[_drawn(wave, dice) for wave in waves] for _, waves in found]
    order = [sorted(number for wave in waves for number in wave.numbers) for _, waves in found]
    totals: list[float] = []
    turns = 0
    for draw, lot in enumerate(dice.way):
        way = bisect_right(bounds, lot * bounds[-1])
        total = 0.0
        for wave in drawn[way]:
            total += wave.seconds[draw]
            if wave.failed[draw] >= 0:
                rest = order[way][bisect_right(order[way], wave.failed[draw]) :]
                turns += len(rest) + 1
                total += (len(rest) + 1) * dice.turn[0] + sum(dice.typical[number] for number in rest)
                break
        totals.append(total)
    return Cost(totals, turns * dice.turn[1] / len(totals))


def _drawn(wave: Wave, dice: Dice) -> _Drawn:
    calls = [_call(call, dice) for call in wave.calls]
    more = (len(calls) - 1) * costs().beside
    seconds = [longest + more for longest in map(max, *calls)] if more else calls[0]
    rounds = [1 + int(lot * wave.most) for lot in dice.rounds] if wave.most else [1] * len(dice.rounds)
    if wave.most:
        seconds = [own * times for own, times in zip(seconds, rounds, strict=True)]
    failed = [-1] * len(rounds)
    for number in reversed(wave.numbers):
        odds = dice.odds[number]
        failed = [
            number if luck > odds**times else before
            for luck, times, before in zip(dice.luck[number], rounds, failed, strict=True)
        ]
    return _Drawn(seconds, failed)


def _call(call: tuple[int, ...], dice: Dice) -> list[float]:
    """The seconds of one call: of a step, or of several programs in one shell instead of each by itself."""
    if len(call) == 1:
        return dice.seconds[call[0]]
    known = costs()
    saved = len(call) * (known.argv - known.inner) - known.shell
    return [max(known.shell, sum(each) - saved) for each in zip(*(dice.seconds[i] for i in call), strict=True)]


def ways(plan: Plan, parts: Parts) -> list[tuple[int, tuple[Wave, ...]]]:
    """Every way through a plan: how many traces went it (of a plan without a fork: 1), and its waves."""
    feed = iter(parts)

    def forked(fork: Fork | None) -> list[tuple[int, tuple[Wave, ...]]]:
        found: list[tuple[int, tuple[Wave, ...]]] = []
        for path in fork.paths if fork else ():
            front = tuple(_waves(path.steps, feed))
            rest = forked(path.fork) or [(path.seen, ())]
            found += [(seen, front + waves) for seen, waves in rest]
        return found

    front = tuple(_waves(plan.steps, feed))
    return [(seen, front + waves) for seen, waves in forked(plan.fork) or [(1, ())]]


def _waves(nodes: Nodes, feed: Iterator[tuple[int, ...]]) -> Iterator[Wave]:
    """The waves of nodes in a row; `feed` has the parts of each of their steps."""
    calls: tuple[tuple[int, ...], ...] = ()
    for node in nodes:
        if calls and not (isinstance(node, Step) and node.beside):
            yield Wave(calls)
            calls = ()
        if isinstance(node, Step):
            calls += (next(feed),)
        else:
            yield from (wave._replace(most=node.most) for wave in _waves(node.steps, feed))
    if calls:
        yield Wave(calls)
