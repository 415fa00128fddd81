"""When the steps of a plan are made: one after the other, or in waves of reads that do not need each other.

A call waits for the values in it, and for every step it may not pass: nothing passes a write, a step that lets time
pass (`sleep 5`), or one that a person may still have to fill in; and to look again is to look later. What asks at an
address may set something off there, so what looks beyond this machine does not pass it, unless the traces had the two
at once, or in either order. A check waits for less: what it compares with may come from the same wave, since results
are checked in the order of the traces when all of them are there.

Waves are what a program of one screen can say, and a wave takes as long as its longest call. To cut a partial order
into waves is list scheduling (R. L. Graham, Bounds for certain multiprocessing anomalies, 1966) with a list for every
choice of what may be the longest call of a wave: the best sequence of choices is a shortest path over what is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from functools import cache
from typing import NamedTuple

from agentjit.piece import Ref, Value
from agentjit.skill import Plan
from agentjit.step import AnyCall, Fork, Guard, Loop, Path, Spread, Step, call_text
from agentjit.trace import Effect, Reach

AT_ONCE = 4  # calls of one wave: more would slow each other down, here or at the service they ask
_MOST = 12  # steps in a row of which the best waves are looked for; more are cut as early as they can be

_WAITING = re.compile(r"(?i)(?<![a-z])(?:sleep|wait|watch|until|rollout|poll|tail.*\s-\w*f|follow)")

Nodes = tuple[Step | Loop, ...]
Waves = list[list[int]]
"""Numbers of steps by wave, each wave in the order of the traces."""


def names_in(value: object) -> Iterator[str]:
    """Every name that a part of a plan refers to."""
    if isinstance(value, Ref | Spread):
        yield value.name
    elif isinstance(value, Guard):
        yield value.of
    elif isinstance(value, Loop):
        yield value.over
    if isinstance(value, Value):
        for field in type(value).model_fields:
            yield from names_in(getattr(value, field))
    elif isinstance(value, tuple):
        for each in value:
            yield from names_in(each)


class World(NamedTuple):
    """What is known of steps beside their effects: how far one looks (`agentjit.trace.Reach`), and whether the traces
    show that two of them wait for nothing of each other.
    """

    reach: Callable[[Step], Reach]
    apart: Callable[[Step, Step], bool] = lambda one, other: False


class Order(NamedTuple):
    """What steps in a row may not pass: those that must have ended before a step is made (`after[i]`), and those whose
    results are looked at before its own (`checked[i]`), by number.
    """

    after: tuple[Set[int], ...]
    checked: tuple[Set[int], ...]


def order(steps: Sequence[Step], holes: Set[str], world: World) -> Order:
    """The order of steps in a row; `holes` are names of parameters that may be missing, which ends a program there."""
    makes = [{step.result, *(binding.name for binding in step.bindings)} for step in steps]
    calls = [set(names_in(step.call)) for step in steps]
    checks = [set(names_in((step.contract, step.bindings))) for step in steps]
    fixed = [
        step.effect is not Effect.READS or waits(step.call) or bool(names & holes)
        for step, names in zip(steps, calls, strict=True)
    ]

    def waits_for(j: int, i: int) -> bool:
        if fixed[i] or fixed[j] or makes[i] & calls[j] or steps[i].call == steps[j].call:
            return True
        return disturbs(steps[i], steps[j], world)

    after = [{i for i in range(j) if waits_for(j, i)} for j in range(len(steps))]
    checked = [{i for i in range(j) if makes[i] & checks[j]} - after[j] for j in range(len(steps))]
    return Order(tuple(after), tuple(checked))


def disturbs(one: Step, other: Step, world: World) -> bool:
    """Whether one of two reads may set off what the other looks at, for all that is known."""
    reach = {world.reach(one), world.reach(other)}
    return Reach.ANYWHERE in reach and Reach.LOCAL not in reach and not world.apart(one, other)


def waits(call: AnyCall) -> bool:
    """Whether a call looks as if it passed the time until something has happened: what comes after it is to come after.

    In doubt it does; it costs no more than a wave.
    """
    return _WAITING.search(call_text(call)) is not None


def earliest(rules: Order) -> Waves:
    """Every step in the first wave it can be in, as the traces had them."""
    level: list[int] = []
    waves: Waves = []
    for i, (after, checked) in enumerate(zip(*rules, strict=True)):
        first = max((*(level[j] + 1 for j in after), *(level[j] for j in checked)), default=0)
        own = next((n for n in range(first, len(waves)) if len(waves[n]) < AT_ONCE), len(waves))
        waves += [[]] if own == len(waves) else []
        waves[own].append(i)
        level.append(own)
    return waves


def shortest(rules: Order, seconds: Sequence[float]) -> Waves:
    """Waves whose durations add up to the least, if the steps take so many `seconds`.

    Of all steps that could be made next, those that take no longer than the longest of the wave might as well be in it:
    so the waves worth a look are as many as there are steps (of more than `AT_ONCE` the longest are taken).
    """
    count, early = len(seconds), earliest(rules)
    if count > _MOST:
        return early

    @cache
    def best(done: frozenset[int]) -> tuple[float, tuple[tuple[int, ...], ...]]:
        if len(done) == count:
            return 0.0, ()
        found = []
        for wave in _next(rules, seconds, done):
            rest, waves = best(done | wave)
            found.append((max(seconds[i] for i in wave) + rest, (tuple(sorted(wave)), *waves)))
        return min(found, key=lambda way: (round(way[0], 6), len(way[1]), way[1]))

    short = [list(wave) for wave in best(frozenset())[1]]
    return short if duration(short, seconds) < duration(early, seconds) else early


def _next(rules: Order, seconds: Sequence[float], done: frozenset[int]) -> set[frozenset[int]]:
    """The waves that may follow when these steps are done."""
    ready = [i for i, after in enumerate(rules.after) if i not in done and after <= done]
    waves: set[frozenset[int]] = set()
    for longest in {seconds[i] for i in ready}:
        wave: set[int] = set()
        for i in ready:  # in order, so that what is checked before it is in the wave already
            if seconds[i] <= longest and rules.checked[i] <= done | wave:
                wave.add(i)
        while len(wave) > AT_ONCE:
            looked_at = set().union(*(rules.checked[i] for i in wave))
            wave.remove(min(wave - looked_at, key=lambda i: (seconds[i], -i)))
        if wave:
            waves.add(frozenset(wave))
    return waves


def duration(waves: Waves, seconds: Sequence[float]) -> float:
    """How long waves take one after the other, if the steps take so many `seconds`."""
    return sum(max(seconds[i] for i in wave) for wave in waves)


Cut = Callable[[Order, Sequence[Step]], Waves]


def scheduled(plan: Plan, cut: Cut, world: World) -> tuple[Plan, tuple[int, ...]]:
    """The plan with steps in a row made in the waves that `cut` says, on every path, and for each of its steps the
    number that the step had before, as `Plan.every_step` counts.

    Loops stay what they are and where they are: a program says of a round what it does one after the other.
    """
    numbers = {id(step): number for number, step in enumerate(plan.every_step())}
    holes = {parameter.name for parameter in plan.parameters if parameter.hole}
    taken: list[int] = []

    def changed(nodes: Nodes) -> Nodes:
        found: list[Step | Loop] = []
        for row in rows(nodes):
            if isinstance(row, Loop):
                taken.extend(numbers[id(step)] for step in row.steps)
                found.append(row)
                continue
            for wave in cut(order(row, holes, world), row):
                taken.extend(numbers[id(row[i])] for i in wave)
                found += [row[i].model_copy(update={"beside": at > 0}) for at, i in enumerate(wave)]
        return tuple(found)

    made = rebuilt(plan, changed)
    return made, tuple(taken)


def unscheduled(plan: Plan) -> Plan:
    """The plan with reads in a row in the order of their names, one after the other: equal for two plans that differ
    only in when they read what.
    """

    def changed(nodes: Nodes) -> Nodes:
        found: list[Step | Loop] = []
        reading: list[Step] = []
        for node in nodes:
            if isinstance(node, Step) and node.effect is Effect.READS:
                reading.append(node.model_copy(update={"beside": False}))
                continue
            found += [*sorted(reading, key=lambda step: step.result), node]
            reading = []
        return (*found, *sorted(reading, key=lambda step: step.result))

    return rebuilt(plan, changed)


def rows(nodes: Nodes) -> Iterator[Loop | list[Step]]:
    """Loops, and the steps in a row between them."""
    row: list[Step] = []
    for node in nodes:
        if isinstance(node, Step):
            row.append(node)
            continue
        if row:
            yield row
        row = []
        yield node
    if row:
        yield row


def rebuilt(plan: Plan, change: Callable[[Nodes], Nodes]) -> Plan:
    """The plan with what it does before its fork, and then on each path, changed in the order of `every_step`."""

    def of(fork: Fork | None) -> Fork | None:
        return fork and Fork(paths=tuple(along(path) for path in fork.paths))

    def along(path: Path) -> Path:
        steps = change(path.steps)
        return path.model_copy(update={"steps": steps, "fork": of(path.fork)})

    steps = change(plan.steps)
    return plan.model_copy(update={"steps": steps, "fork": of(plan.fork)})
