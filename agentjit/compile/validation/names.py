"""Every use of a name in a plan, and whether it is defined by then: what several stages ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agentjit.compile.explaining.kinds import escaped
from agentjit.compile.validation.walk import every_path, group_of, mentioned
from agentjit.piece import Binding, Ref
from agentjit.skill import Plan
from agentjit.step import Fork, Loop, Path, Spread, Step


class Role(StrEnum):
    """What a name stands for."""

    TEXT = "text"
    LIST = "list"
    RESULT = "result"


class Found(StrEnum):
    """Whether a name is defined where it is used; `LATER`: on the same way, but only after it."""

    DEFINED = "defined"
    LATER = "later"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Use:
    """A name used as a `wanted`, and what it is there: `role` is None unless it is defined."""

    name: str
    wanted: Role
    where: str
    found: Found
    role: Role | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A name and what defines it; `taken` is what defined it before on the same way, "" if nothing did."""

    name: str
    where: str
    taken: str = ""


@dataclass(slots=True)
class _Scope:
    """What is known at some place, what will be, and every name that was ever taken on the way there."""

    known: dict[str, Role]
    later: frozenset[str]
    taken: dict[str, str]

    def copy(self) -> _Scope:
        return _Scope(dict(self.known), self.later, dict(self.taken))


class Names:
    """The uses and definitions of a plan, in the order of its run."""

    def __init__(self, plan: Plan) -> None:
        self.uses: list[Use] = []
        self.definitions: list[Definition] = []
        self._number = 0
        scope = _Scope({}, frozenset(), {})
        for parameter in plan.parameters:
            self._define(parameter.name, Role.TEXT, f"parameter {parameter.name}", scope)
        for asked in plan.environment:
            self._define(asked.name, Role.TEXT, f"`{asked.key}` of the environment", scope)
        self._nodes(plan.steps, scope)
        self._ended(plan.fork, plan.answer, "the answer", scope)

    def _define(self, name: str, role: Role, where: str, scope: _Scope) -> None:
        self.definitions.append(Definition(name, where, scope.taken.get(name, "")))
        scope.taken.setdefault(name, where)
        scope.known[name] = role

    def _use(self, name: str, wanted: Role, where: str, scope: _Scope, by: tuple[str, ...] = ()) -> None:
        role = scope.known.get(name)
        found = Found.DEFINED if role else Found.LATER if name in scope.later else Found.NOWHERE
        self.uses.append(Use(name, wanted, where, found, role, by))

    def _mention(self, value: object, where: str, scope: _Scope) -> None:
        for piece in mentioned(value):
            if isinstance(piece, Spread):
                self._use(piece.name, Role.LIST, where, scope)
            else:
                self._use(piece.name, Role.TEXT, where, scope, piece.by)

    # --- in the order of the run

    def _nodes(self, nodes: Sequence[Step | Loop], scope: _Scope) -> None:
        outer = scope.later
        for at, node in enumerate(nodes):
            coming = frozenset(name for each in nodes[at + 1 :] for name in _defined(each))
            scope.later = outer | coming
            if isinstance(node, Loop):
                self._loop(node, scope)
            else:
                self._step(node, scope, group_of(nodes, at))
        scope.later = outer

    def _loop(self, loop: Loop, scope: _Scope) -> None:
        self._use(loop.over, Role.LIST, f"the loop over {loop.over}", scope)
        inner = scope.copy()
        self._define(loop.item, Role.TEXT, f"the loop over {loop.over}", inner)
        self._nodes(loop.steps, inner)
        scope.taken = inner.taken  # a later step may not take a name again that a round had

    def _step(self, step: Step, scope: _Scope, group: tuple[Step, ...]) -> None:
        self._number += 1
        where = f"step {self._number}"
        together = frozenset(name for each in group for name in _defined(each))
        at_once = _Scope(
            {name: role for name, role in scope.known.items() if name not in together},
            scope.later | together,
            scope.taken,
        )
        self._mention(step.call, where, at_once)
        self._define(step.result, Role.RESULT, where, scope)
        self._taken_out(step.bindings, where, scope)
        self._mention(step.contract, f"the contract of {where}", scope)

    def _taken_out(self, bindings: Sequence[Binding], where: str, scope: _Scope) -> None:
        outer = scope.later
        for at, binding in enumerate(bindings):
            scope.later = outer | {each.name for each in bindings[at:]}
            self._mention((binding.finders, binding.pattern), f"what {where} takes out as {binding.name}", scope)
            self._define(binding.name, Role.LIST if binding.many else Role.TEXT, where, scope)
        scope.later = outer

    def _ended(self, fork: Fork | None, answer: object, where: str, scope: _Scope) -> None:
        self._mention(answer, where, scope)
        for number, path in enumerate(fork.paths if fork else (), 1):
            self._path(path, f"path {number}", scope.copy())

    def _path(self, path: Path, where: str, scope: _Scope) -> None:
        scope.later = frozenset()
        self._use(path.guard.of, Role.RESULT, f"the guard of {where}", scope)
        self._taken_out(path.bindings, where, scope)
        self._mention(path.contract, f"the contract of {where}", scope)
        self._nodes(path.steps, scope)
        self._ended(path.fork, path.answer, f"the answer of {where}", scope)


def _defined(node: Step | Loop) -> Iterator[str]:
    """The names that are known once a node is done."""
    if isinstance(node, Step):
        yield node.result
        yield from (binding.name for binding in node.bindings)


def patterns(plan: Plan) -> Mapping[str, str]:
    """What the values of parameters and of what is taken out look like, as regular expressions; none for those that
    depend on other values.
    """
    found = {parameter.name: parameter.pattern for parameter in plan.parameters}
    for binding in _bindings(plan):
        if not any(isinstance(piece, Ref) for piece in binding.pattern):
            found[binding.name] = "".join(_expression(piece) for piece in binding.pattern)
    return found


def _expression(piece: object) -> str:
    return str(getattr(piece, "expression", "")) or escaped(str(getattr(piece, "text", "")))


def _bindings(plan: Plan) -> Iterator[Binding]:
    for step in plan.every_step():
        yield from step.bindings
    for path in every_path(plan.fork):
        yield from path.bindings
