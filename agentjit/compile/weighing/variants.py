"""The plans that do the same as a plan: in another order, in fewer programs, without reads that nothing needs.

A variant that would promise less than the plan itself is not made; it is named with the reason, so that the table of
candidates tells what was weighed and what was out of the question.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from agentjit.compile.weighing.schedule import World, earliest, names_in, scheduled, shortest, waits
from agentjit.contract import Contract
from agentjit.piece import Kind, Ref, Text
from agentjit.skill import Plan
from agentjit.step import BashStep, Ending, ShellStep, Spread, Step, call_text
from agentjit.trace import Effect, Reach

SEQUENTIAL = "sequential"

Parts = tuple[tuple[int, ...], ...]
"""For each step the numbers of those steps of the sequential plan that it stands for."""


class Variant(NamedTuple):
    """A plan that does the same; None with the `reason` where none could be made that promises as much."""

    name: str
    plan: Plan | None
    parts: Parts = ()
    reason: str = ""


def variants(plan: Plan, seconds: Callable[[Step], float], world: World) -> list[Variant]:
    """The plan itself as `sequential`, then what else there is to weigh, the simpler first.

    `seconds` is what a step usually takes. Of two that came out the same only the first is there.
    """
    numbers = tuple((number,) for number, _ in enumerate(plan.every_step()))
    found = [Variant(SEQUENTIAL, plan, numbers)]
    early = scheduled(plan, lambda rules, row: earliest(rules), world)
    short = scheduled(plan, lambda rules, row: shortest(rules, [seconds(step) for step in row]), world)
    for name, (made, order) in (("parallel", early), ("balanced", short)):
        if all(made != known.plan for known in found):
            found.append(Variant(name, made, tuple((number,) for number in order)))
    plain = not plan.fork and all(isinstance(node, Step) for node in plan.steps)
    plain = plain and not any(parameter.hole for parameter in plan.parameters)
    return [*found, *(each for each in (_fused(plan), _lean(plan, world)) if each)] if plain else found


# --- fewer programs


def _fused(plan: Plan) -> Variant | None:
    """Commands in a row as one shell command, where the traces show that they print nothing and always went well.

    Any other output would have to be taken apart again to be checked. What writes stays alone: when it fails, the model
    must be told what was done before.
    """
    reasons: list[str] = []
    groups = list(_groups(list(plan.every_step()), reasons))
    if all(len(group) == 1 for group in groups):
        return Variant("fused", None, (), f"not made: {reasons[0]}") if reasons else None
    ends = list(accumulate(map(len, groups)))
    parts = tuple(tuple(range(end - len(group), end)) for group, end in zip(groups, ends, strict=True))
    steps = tuple(_one(group) if len(group) > 1 else group[0] for group in groups)
    return Variant("fused", plan.model_copy(update={"steps": steps}), parts)


def _groups(row: Sequence[Step], reasons: list[str]) -> Iterator[list[Step]]:
    """Steps in a row that can be one, and the others alone; adds why commands that stand together cannot."""
    group: list[Step] = []
    for step in row:
        if group and not _unfit(step) and not _unfit(group[-1]):
            group.append(step)
            continue
        if group:
            if step.call.tool == "Bash" == group[-1].call.tool:
                reasons.append(_unfit(group[-1]) or _unfit(step))
            yield group
        group = [step]
    if group:
        yield group


def _unfit(step: Step) -> str:
    """Why a step cannot be fused with another, "" if it can."""
    if not isinstance(step.call, BashStep) or any(isinstance(word, Spread) for word in step.call.argv):
        return f"`{call_text(step.call)}` is no plain command"
    if step.effect is not Effect.READS:
        return f"`{call_text(step.call)}` may write, and a hand-back must tell what was done"
    if step.contract.exit_codes != (0,):
        return f"the exit status of `{call_text(step.call)}` is not always 0"
    if step.bindings:
        return f"the output of `{call_text(step.call)}` is used"
    if step.contract.shape != (Kind(expression=""),) or _more(step.contract):
        return f"the output of `{call_text(step.call)}` could not be checked by itself"
    return ""


def _more(contract: Contract) -> bool:
    """Whether a contract promises more than an exit status and that nothing is printed."""
    bare = {"seen": 0, "exit_codes": (), "shape": (), "calm": False, "evidence": ()}
    return contract.model_copy(update=bare) != Contract(seen=0)


def _one(group: Sequence[Step]) -> Step:
    """Commands that print nothing as one that prints nothing."""
    pieces: list[Text | Ref | Spread] = []
    for at, step in enumerate(group):
        pieces += [Text(text=" && ")] if at else []
        pieces += _typed(step)
    known = [step.seconds for step in group if step.seconds is not None]
    return group[-1].model_copy(
        update={
            "call": ShellStep(script=tuple(pieces)),
            "contract": group[-1].contract.model_copy(update={"seen": min(step.contract.seen for step in group)}),
            "seconds": round(sum(known), 3) if len(known) == len(group) else None,
        }
    )


def _typed(step: Step) -> Iterator[Text | Ref | Spread]:
    """A plain command as part of a script."""
    assert isinstance(step.call, BashStep)
    for at, word in enumerate(step.call.argv):
        if at:
            yield Text(text=" ")
        if isinstance(word, tuple):
            quoted = (Text(text=shlex.quote(piece.text)) if isinstance(piece, Text) else piece for piece in word)
            yield from quoted if word else (Text(text="''"),)


# --- fewer reads


def _lean(plan: Plan, world: World) -> Variant | None:
    """The plan without reads on which nothing depends: no value, no promise, and no model that would read them."""
    if plan.ending is not Ending.ANSWERED:
        return None
    steps = list(plan.every_step())
    idle = [number for number, step in enumerate(steps) if _idle(plan, step, world)]
    if not idle or len(idle) == len(steps):
        return None
    promising = [number for number in idle if steps[number].contract != _silent(steps[number])]
    left_out = {id(steps[number]) for number in idle if number not in promising}
    if not left_out:
        step = steps[promising[0]]
        return Variant("lean", None, (), f"not made: the answer rests on what `{call_text(step.call)}` promises")
    kept = [number for number, step in enumerate(steps) if id(step) not in left_out]
    made = plan.model_copy(update={"steps": tuple(steps[number] for number in kept)})
    return Variant("lean", made, tuple((number,) for number in kept))


def _idle(plan: Plan, step: Step, world: World) -> bool:
    """Whether a step only reads, where it can set nothing off, and nothing that comes out of it is used by another step
    or in the answer.
    """
    if world.reach(step) is Reach.ANYWHERE:
        return False
    makes = {step.result, *(binding.name for binding in step.bindings)}
    used = {
        name for value in (plan.answer, *(node for node in plan.steps if node is not step)) for name in names_in(value)
    }
    return step.effect is Effect.READS and not waits(step.call) and not makes & used


def _silent(step: Step) -> Contract:
    return Contract(seen=step.contract.seen, evidence=step.contract.evidence)
