"""Validation: a plan before its judges. Seven stages, each with findings of its own; a plan passes all or none.

The stages run in order, and a plan that fails one is not put to the next: what has no form has no meaning either. All
findings of the failing stage are counted, the first is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentjit.compile.registry import Registry, used
from agentjit.compile.validation import allowed, implied, known, ordered, resolved, schema, typed
from agentjit.compile.validation.commands import shell_of
from agentjit.compile.validation.finding import Case, Finding, Policy, Stage
from agentjit.compile.validation.names import patterns
from agentjit.errors import (
    BadArgument,
    BadSchema,
    Forbidden,
    Invalid,
    Misordered,
    UnknownOperation,
    Unmet,
    Unresolved,
)
from agentjit.skill import Plan, Used
from agentjit.step import BashStep, Fork, Loop, ShellStep, Step
from agentjit.trace import Effect

__all__ = ["STAGES", "Policy", "Validated", "declared", "findings", "operations", "validate"]

STAGES: tuple[tuple[type[Invalid], Stage], ...] = (
    (BadSchema, schema.findings),
    (UnknownOperation, known.findings),
    (BadArgument, typed.findings),
    (Unresolved, resolved.findings),
    (Misordered, ordered.findings),
    (Unmet, implied.findings),
    (Forbidden, allowed.findings),
)
"""The stages in their order, each with the error it raises."""


@dataclass(frozen=True, slots=True)
class Validated:
    """A plan that passed all stages. Its `operations` are those it was validated against."""

    plan: Plan


def validate(plan: Plan, registry: Registry, policy: Policy) -> Validated:
    """Put `plan` through the seven stages; raises the error of the first that it fails (see `agentjit.errors`)."""
    case = Case(plan, registry, policy)
    for error, stage in STAGES:
        if found := list(stage(case)):
            first = found[0]
            raise error(first.what, first.why, first.mend, len(found) - 1)
    return Validated(plan.model_copy(update={"operations": operations(plan, registry, policy)}))


def declared(plan: Plan, registry: Registry, policy: Policy) -> Plan:
    """`plan` with the effect of each step as bad as the registry says at least: a person's own catalogue may know worse
    of a program than the one that the traces were read with.
    """
    case = Case(plan, registry, policy)
    kinds = patterns(plan)

    def step(one: Step) -> Step:
        shell = shell_of(one.call, kinds, policy.parse) if isinstance(one.call, BashStep | ShellStep) else None
        worst = Effect.worst([one.effect, allowed.least_effect(one, shell, case)])
        return one if worst is one.effect else one.model_copy(update={"effect": worst})

    def nodes(some: Sequence[Step | Loop]) -> tuple[Step | Loop, ...]:
        loops = (n.model_copy(update={"steps": tuple(map(step, n.steps))}) if isinstance(n, Loop) else n for n in some)
        return tuple(step(n) if isinstance(n, Step) else n for n in loops)

    def fork(one: Fork | None) -> Fork | None:
        if one is None:
            return None
        paths = (p.model_copy(update={"steps": nodes(p.steps), "fork": fork(p.fork)}) for p in one.paths)
        return Fork(paths=tuple(paths))

    return plan.model_copy(update={"steps": nodes(plan.steps), "fork": fork(plan.fork)})


def findings(plan: Plan, registry: Registry, policy: Policy) -> Sequence[Finding]:
    """Everything that the first failing stage finds; nothing if the plan is valid."""
    case = Case(plan, registry, policy)
    return next((found for _, stage in STAGES if (found := list(stage(case)))), [])


def operations(plan: Plan, registry: Registry, policy: Policy) -> tuple[Used, ...]:
    """What the plan uses of the registry, as that defines it now."""
    return used(known.operations(Case(plan, registry, policy)))
