"""What speaks for the checks of a plan, in words: after which call, what is checked, and how sure that is (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agentjit.compile.phrase import guard_text
from agentjit.contract import Contract
from agentjit.skill import Plan
from agentjit.step import Fork, Loop, Step, call_text


class Shown(NamedTuple):
    """One check: `after` which call, on which way (`when`, "" for all), what it looks at, in how many traces or rows it
    was `seen` and in how many not, and how probable it is that `chance` alone would have it so.
    """

    after: str
    when: str
    check: str
    seen: int
    against: int
    chance: float

    @property
    def text(self) -> str:
        """`the words of a column: seen 6 times, by chance 0.02`."""
        against = f", {self.against} against" if self.against else ""
        times = "time" if self.seen == 1 else "times"
        return f"{self.check}: seen {self.seen} {times}{against}, by chance {self.chance:.2g}"


def evidence(plan: Plan) -> list[Shown]:
    """The evidence of every check, in the order of the steps; what a path promises comes where the traces part."""
    return list(_way(plan.steps, plan.fork, {}, ""))


def _way(nodes: Sequence[Step | Loop], fork: Fork | None, above: dict[str, str], when: str) -> Iterator[Shown]:
    known = dict(above)
    for step in (step for node in nodes for step in (node.steps if isinstance(node, Loop) else (node,))):
        known[step.result] = call_text(step.call)
        yield from _of(step.contract, known[step.result], when)
    for path in fork.paths if fork else ():
        guard = guard_text(path.guard)
        inside = f"{when} and {guard}" if when else f"if {guard}"
        yield from _of(path.contract, known.get(path.guard.of, path.guard.of), inside)
        yield from _way(path.steps, path.fork, known, inside)


def _of(contract: Contract, after: str, when: str) -> Iterator[Shown]:
    for each in contract.evidence:
        yield Shown(after, when, each.check, each.seen, each.against, each.chance)
