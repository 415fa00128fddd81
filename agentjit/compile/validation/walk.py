"""A plan walked in the order in which it runs, path by path: where each step stands, and what came before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from agentjit.compile.validation.finding import shown
from agentjit.piece import Ref
from agentjit.skill import Plan
from agentjit.step import Fork, Loop, Path, Spread, Step, call_text


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with its number (in reading order, from 1) and what is done before it on its path, loops taken apart.

    `group` are the steps that are made at the same time, itself among them; `first`: nothing stands before it in its
    list; `loop` is the one it is in.
    """

    number: int
    step: Step
    before: tuple[Step, ...]
    group: tuple[Step, ...]
    first: bool
    loop: Loop | None

    @property
    def where(self) -> str:
        return f"step {self.number} (`{shown(call_text(self.step.call))}`)"


def placed(plan: Plan) -> list[Placed]:
    """Every step of a plan."""
    found = list(_nodes(plan.steps, ()))
    found += _forked(plan.fork, tuple(flat(plan.steps)))
    return [Placed(number, each.step, each.before, each.group, each.first, each.loop) for number, each in _count(found)]


def _count(found: list[Placed]) -> Iterator[tuple[int, Placed]]:
    return iter(enumerate(found, 1))


def _nodes(nodes: Sequence[Step | Loop], before: tuple[Step, ...], loop: Loop | None = None) -> Iterator[Placed]:
    done = list(before)
    for at, node in enumerate(nodes):
        if isinstance(node, Loop):
            yield from _nodes(node.steps, tuple(done), node)
            done += node.steps
        else:
            first = at == 0 or isinstance(nodes[at - 1], Loop)
            yield Placed(0, node, tuple(done), group_of(nodes, at), first, loop)
            done.append(node)


def _forked(fork: Fork | None, before: tuple[Step, ...]) -> Iterator[Placed]:
    for path in fork.paths if fork else ():
        yield from _nodes(path.steps, before)
        yield from _forked(path.fork, (*before, *flat(path.steps)))


def group_of(nodes: Sequence[Step | Loop], at: int) -> tuple[Step, ...]:
    """The steps that are made at the same time as the one at `at`."""
    first = at
    while first and _beside(nodes[first]) and isinstance(nodes[first - 1], Step):
        first -= 1
    last = at + 1
    while last < len(nodes) and _beside(nodes[last]):
        last += 1
    return tuple(node for node in nodes[first:last] if isinstance(node, Step))


def _beside(node: Step | Loop) -> bool:
    return isinstance(node, Step) and node.beside


def flat(nodes: Sequence[Step | Loop]) -> Iterator[Step]:
    """The steps, those of loops in their place."""
    for node in nodes:
        if isinstance(node, Loop):
            yield from node.steps
        else:
            yield node


def every_path(fork: Fork | None) -> Iterator[Path]:
    """All paths of a fork, those of the forks behind it too."""
    for path in fork.paths if fork else ():
        yield path
        yield from every_path(path.fork)


def mentioned(value: object) -> Iterator[Ref | Spread]:
    """Every reference in a part of a plan, in order."""
    if isinstance(value, Ref | Spread):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from mentioned(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from mentioned(each)
