"""The variants of a plan with what each costs, and which of them is taken."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, NamedTuple

from agentjit.compile.admission import essence
from agentjit.compile.weighing.latencies import Latencies, Sample
from agentjit.compile.weighing.schedule import World, unscheduled
from agentjit.compile.weighing.simulate import Cost, cost, thrown
from agentjit.compile.weighing.variants import Parts, Variant, variants
from agentjit.hotspot import Occurrence, Operation
from agentjit.piece import Argument, Ref, Text
from agentjit.skill import Candidate, Plan
from agentjit.step import AnyCall, BashStep, ShellStep, Spread, Step
from agentjit.trace import Effect, Reach

NOISE = 0.01  # seconds: what is gained by less is not worth a program that is harder to read
SETTLED = 0.1  # seconds: what is gained by less is not worth a new version, which may have to be approved again

Naming = Callable[[str, Mapping[str, Any]], str]
"""A tool and its input -> the operation's name, as `Latencies` has it."""
Reaching = Callable[[str, Mapping[str, Any]], Reach]
"""A tool and its input -> how far such a call looks."""


class Weighed(NamedTuple):
    """A variant with its cost; `plan` is None where none could be made."""

    plan: Plan | None
    candidate: Candidate
    parts: Parts
    cost: Cost | None


def candidates(
    plan: Plan, latencies: Latencies, naming: Naming, reaching: Reaching, traces: Sequence[Occurrence] = ()
) -> list[Weighed]:
    """`plan` itself first, then its variants, the simpler first, with what each is expected to cost.

    `traces` are those it was compiled from: what the agent asked for at once, or now in this order and now in another,
    may be done at once.
    """
    seen = {parameter.name: parameter.seen[-1] for parameter in plan.parameters if parameter.seen}
    samples: dict[int, Sample] = {}

    def sample_of(step: Step) -> Sample:
        if id(step) not in samples:
            samples[id(step)] = latencies.sample(naming(step.call.tool, typical_input(step.call, seen)), step.seconds)
        return samples[id(step)]

    dice = thrown(plan, sample_of, latencies.turn)
    return [
        _weighed(each, cost(each.plan, each.parts, dice) if each.plan else None)
        for each in variants(plan, lambda step: sample_of(step).typical, world(plan, seen, reaching, traces))
    ]


def world(plan: Plan, seen: Mapping[str, str], reaching: Reaching, traces: Sequence[Occurrence]) -> World:
    """What is known of the steps of a plan: of those before its first loop or fork, what traces show of their order."""
    leading = list(takewhile(lambda node: isinstance(node, Step), plan.steps))
    numbers = {id(step): number for number, step in enumerate(leading)}
    own = set(plan.support.episodes)
    rows = [each.operations for each in traces if each.episode.id in own and len(each.operations) >= len(leading)]

    def apart(one: Step, other: Step) -> bool:
        if id(one) not in numbers or id(other) not in numbers:
            return False
        pairs = [(row[numbers[id(one)]].call, row[numbers[id(other)]].call) for row in rows]
        at_once = any(first.batch and first.batch == second.batch for first, second in pairs)
        return at_once or len({first.at < second.at for first, second in pairs if first.at != second.at}) > 1

    return World(lambda step: reaching(step.call.tool, typical_input(step.call, seen)), apart)


def _weighed(variant: Variant, cost: Cost | None) -> Weighed:
    made = cost is not None
    candidate = Candidate(
        name=variant.name,
        seconds=round(cost.mean, 3) if cost else 0.0,
        slow=round(cost.slow, 3) if cost else 0.0,
        tokens=round(cost.tokens) if cost else 0.0,
        calls=len(variant.parts) if made else 0,
        reason=variant.reason,
    )
    return Weighed(variant.plan, candidate, variant.parts, cost)


def choose(weighed: Sequence[Weighed], objection: Callable[[Weighed], str]) -> Plan:
    """The cheapest of those that nothing speaks against, with the table of all.

    `objection` says why a variant must not be taken, "" if it may be; the first is taken as beyond doubt. Of two that
    cost the same but for noise the simpler is taken.
    """
    reasons: dict[int, str] = {}
    while True:
        able = [(i, each.cost) for i, each in enumerate(weighed) if each.cost is not None and i not in reasons]
        best = min((own for _, own in able), key=lambda own: own.mean)
        chosen = next(i for i, own in able if own.mean - best.mean <= _noise(own, best))
        reason = objection(weighed[chosen]) if chosen else ""
        if not reason:
            break
        reasons[chosen] = f"not taken: {reason}"
    table = [_told(weighed, i, chosen, reasons.get(i, "")) for i in range(len(weighed))]
    plan = weighed[chosen].plan
    assert plan
    return plan.model_copy(update={"candidates": tuple(table)})


def _noise(one: Cost, two: Cost) -> float:
    return max(NOISE, one.scatter(two))


def _told(weighed: Sequence[Weighed], i: int, chosen: int, objection: str) -> Candidate:
    """A row of the table: why it was not chosen."""
    own, best = weighed[i], weighed[chosen]
    reason = own.candidate.reason or objection
    if i != chosen and not reason and own.cost and best.cost:
        more = own.cost.mean - best.cost.mean
        simpler = f"no faster than {best.candidate.name}, which is simpler"
        reason = f"{more:.2f} s slower" if i < chosen or more > _noise(own.cost, best.cost) else simpler
    return own.candidate.model_copy(update={"chosen": i == chosen, "reason": reason})


def settled(published: Plan, plan: Plan) -> bool:
    """Whether `plan` does what the published one does, only at other times, and would gain next to nothing by it."""
    same = published.operations == plan.operations and essence(unscheduled(published)) == essence(unscheduled(plan))
    if not same:
        return False
    before = next((each.name for each in published.candidates if each.chosen), "")
    now = {each.name: each for each in plan.candidates}
    best = next((each for each in plan.candidates if each.chosen), None)
    if best is None or before not in now or now[before].reason.startswith("not "):
        return False
    return now[before].seconds - best.seconds <= SETTLED


# --- what a step usually looks like, to find it among what was seen


def typical_input(call: AnyCall, seen: Mapping[str, str]) -> dict[str, str]:
    """A tool's input with a value for every name: the command of a Bash step, nothing of any other tool."""
    if isinstance(call, BashStep):
        return {"command": " ".join(_word(word, seen) for word in call.argv)}
    if isinstance(call, ShellStep):
        quoted = {name: shlex.quote(value) for name, value in seen.items()}
        return {"command": _filled(call.script, quoted)}
    return {}


def _word(word: Argument | Spread, seen: Mapping[str, str]) -> str:
    return shlex.quote(_filled((word,) if isinstance(word, Spread) else word, seen))


def _filled(pieces: Sequence[Text | Ref | Spread], seen: Mapping[str, str]) -> str:
    return "".join(piece.text if isinstance(piece, Text) else seen.get(piece.name, "x1") for piece in pieces)


# --- what was recorded, as a variant would have done it


def as_scheduled(occurrence: Occurrence, parts: Parts, steps: int) -> Occurrence:
    """A trace with its calls in a variant's order, fused where the variant fuses and without those it leaves out: of a
    plan of so many `steps`, without loops and forks. What the trace has beyond them stays.

    It is what the variant must reproduce. Only reads change places or are left out, and only commands that printed
    nothing are fused, so the agent would have seen the same.
    """
    operations = [_together([occurrence.operations[number] for number in part]) for part in parts]
    return replace(occurrence, operations=(*operations, *occurrence.operations[steps:]))


def _together(operations: Sequence[Operation]) -> Operation:
    """Commands as the one command that makes them in turn."""
    first, last = operations[0], operations[-1]
    if len(operations) == 1:
        return first
    calls = [operation.call for operation in operations]
    one = replace(
        first.call,
        input={"command": " && ".join(str(call.input.get("command", "")) for call in calls)},
        output="".join(call.output for call in calls),
        ok=all(call.ok for call in calls),
        exit_code=last.call.exit_code,
        seconds=sum(call.seconds or 0.0 for call in calls),
    )
    signature = " && ".join(operation.signature for operation in operations)
    return Operation(one, signature, Effect.worst([operation.effect for operation in operations]))
