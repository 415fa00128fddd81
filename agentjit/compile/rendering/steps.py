"""The steps of a plan as lines of its program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from agentjit.compile.rendering.calls import call_code
from agentjit.compile.rendering.checks import content, outcome
from agentjit.compile.rendering.code import finder_code, quoted, regex, shape_code, string
from agentjit.compile.rendering.layout import Code, Nest, laid, named
from agentjit.compile.rendering.names import looked_up
from agentjit.contract import Contract
from agentjit.errors import NotCompilable
from agentjit.piece import Argument, Binding
from agentjit.skill import Asked, Plan
from agentjit.step import Ending, Fork, Guard, Loop, Path, Step
from agentjit.trace import Effect


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where lines stand: `seen` of `runs` traces came this way, 0 in a loop, which is gone round more often; `used` are
    the names that anything refers to; `holes` may still be None; `checked` are checks of results that hold here.
    """

    indent: int
    seen: int
    runs: int
    used: frozenset[str]
    holes: tuple[str, ...]
    checked: frozenset[tuple[str, str]] = frozenset()

    def deeper(self) -> _Scope:
        return replace(self, indent=self.indent + 4)


def body_code(plan: Plan) -> list[str]:
    """The lines of the function, four columns in: what is asked of the environment, the steps, the ending."""
    runs = plan.support.occurrences
    parts = (plan.steps, plan.fork or (), plan.answer)
    used = frozenset(looked_up(parts))
    scope = _Scope(4, runs, runs, used, tuple(p.name for p in plan.parameters if p.hole))
    asked = [
        line
        for asked in plan.environment
        if asked.name in used or asked.pattern
        for line in laid(_asked(asked, named=asked.name in used), 4)
    ]
    return [*asked, *_way(plan.steps, plan.fork, plan.ending, plan.answer, scope)]


def _asked(asked: Asked, *, named: bool) -> Code:
    """A value of the environment, or only that it is what it must be."""
    value = f"(yield ask({quoted(asked.key)})).stdout"
    if not named:
        return Nest("matching(", [value, regex(asked.pattern)], ")")
    if not asked.pattern:
        return f"{asked.name} = {value}"
    return Nest(f"{asked.name} = matching(", [value, regex(asked.pattern)], ")")


def _way(nodes: Sequence[Step | Loop], fork: Fork | None, ending: Ending, answer: Argument, scope: _Scope) -> list[str]:
    """Steps, and how they end."""
    lines: list[str] = []
    for group in _groups(nodes):
        guards, scope = _holes(group, scope)
        lines += guards
        first = group[0]
        lines += _loop(first, scope) if isinstance(first, Loop) else _together(_steps(group), scope)
        scope = _knowing(scope, *((step.result, code) for step in _steps(group) for code in outcome(step.contract)))
    if fork:
        return lines + _fork(fork, scope)
    guards, scope = _holes(answer, scope)
    code: Code = "return gathered()" if ending is Ending.GATHERED else Nest("return answer(", [string(answer)], ")")
    return [*lines, *guards, *laid(code, scope.indent)]


def _groups(nodes: Sequence[Step | Loop]) -> list[tuple[Step | Loop, ...]]:
    """Loops alone, and steps with those that are made at the same time."""
    groups: list[tuple[Step | Loop, ...]] = []
    for node in nodes:
        if isinstance(node, Step) and node.beside and groups and isinstance(groups[-1][-1], Step):
            groups[-1] = (*groups[-1], node)
        else:
            groups.append((node,))
    return groups


def _steps(group: Sequence[Step | Loop]) -> list[Step]:
    return [node for node in group if isinstance(node, Step)]


def _holes(part: object, scope: _Scope) -> tuple[list[str], _Scope]:
    """Before the first thing that needs what only a model can say, the end, if it was not said."""
    needed = set(looked_up(part))
    missing = [name for name in scope.holes if name in needed]
    lines = [
        f"{' ' * (scope.indent + depth)}{line}"
        for name in missing
        for depth, line in ((0, f"if {name} is None:  # what only a model can say"), (4, "return gathered()"))
    ]
    return lines, replace(scope, holes=tuple(name for name in scope.holes if name not in missing))


# --- steps


def _together(steps: Sequence[Step], scope: _Scope) -> list[str]:
    """The call, or several at once; then for each what must hold and what is taken out of it."""
    calls = [call_code(step.call) for step in steps]
    targets = [step.result if _is_used(step, scope) else "_" for step in steps]
    code = calls[0] if len(calls) == 1 else Nest("together(", calls, ")")
    assigned = "" if set(targets) == {"_"} else f"{', '.join(targets)} = "
    statement = Nest(f"{assigned}yield {code.opening}", code.items, code.closing)
    lines = laid(statement, scope.indent, _remark(steps, scope))
    for step in steps:
        lines += _promise(step.result, step.contract, step.bindings, scope)
    return lines


_EFFECTS = {Effect.UNKNOWN: "effect unknown"}


def _remark(steps: Sequence[Step], scope: _Scope) -> str:
    """The effects, and how often it was seen where that is not always."""
    effects = ", ".join(dict.fromkeys(_EFFECTS.get(step.effect, step.effect) for step in steps))
    counts = {step.contract.seen for step in steps} - {scope.seen}
    seen = ", ".join(map(str, sorted(counts)))
    return f"{effects}; seen {seen} {f'of {scope.seen}' if scope.seen else 'times'}" if counts else effects


def _is_used(step: Step, scope: _Scope) -> bool:
    return bool(step.bindings or step.result in scope.used or outcome(step.contract) or content(step.contract))


def _promise(result: str, contract: Contract, bindings: Sequence[Binding], scope: _Scope) -> list[str]:
    """What must hold of a result, and what is taken out of it."""
    first, second = _new(result, outcome(contract), scope), _new(result, content(contract), scope)
    if not set(looked_up(contract)) & {binding.name for binding in bindings}:
        first, second = [*first, *second], []  # else: about values of this very output, when they are known
    lines = laid(Nest("ensure(", [result, *first], ")"), scope.indent) if first else []
    for binding in bindings:
        lines += laid(_extract(binding, result, scope), scope.indent)
    return lines + (laid(Nest("ensure(", [result, *second], ")"), scope.indent) if second else [])


def _knowing(scope: _Scope, *checks: tuple[str, Code]) -> _Scope:
    """The scope after these checks of results; only those that say all by themselves, without their neighbours."""
    alone = {(name, code) for name, code in checks if isinstance(code, str) and _ALONE.match(code)}
    return replace(scope, checked=scope.checked | alone)


_ALONE = re.compile(r'exit_code=|calm=|shape=r""$')


def _new(result: str, codes: Sequence[Code], scope: _Scope) -> list[Code]:
    """The checks that were not made on the way here."""
    return [code for code in codes if not (isinstance(code, str) and (result, code) in scope.checked)]


def _extract(binding: Binding, result: str, scope: _Scope) -> Nest:
    items: list[Code] = [f"{result}.stdout", *map(finder_code, binding.finders)]
    items.append(named("kind=", shape_code(binding.pattern)))
    items += ["absent=True"] if binding.absent else []
    assigned = f"{binding.name} = " if binding.name in scope.used else ""
    return Nest(f"{assigned}{'extract_all' if binding.many else 'extract'}(", items, ")")


# --- loops and forks


def _loop(loop: Loop, scope: _Scope) -> list[str]:
    used = scope.used | {loop.item} if loop.item in set(looked_up(loop.steps)) else scope.used
    item = loop.item if loop.item in used else f"_{loop.item}"
    lines = laid(Nest(f"for {item} in rounds(", [loop.over, f"most={loop.most}"], "):"), scope.indent)
    for group in _groups(loop.steps):
        lines += _together(_steps(group), replace(scope.deeper(), seen=0))
    return lines


def _fork(fork: Fork, scope: _Scope) -> list[str]:
    if not fork.paths:
        raise NotCompilable("a fork without a path")
    lines: list[str] = []
    for path in fork.paths:
        lines += laid(_guard(path.guard), scope.indent, f"seen {path.seen} of {scope.runs}")
        lines += _path(path, replace(_knowing(scope, *_guarded(path.guard)).deeper(), seen=path.seen))
    return [*lines, f"{' ' * scope.indent}return unforeseen({fork.paths[0].guard.of})"]


def _guard(guard: Guard) -> Nest:
    items = [guard.of]
    if guard.by == "exit":
        return Nest("if exited(", [*items, *map(str, guard.codes)], "):")
    if guard.by == "says":
        return Nest("if says(", [*items, regex(guard.expression)], "):")
    if guard.by == "empty" or guard.by == "printed":
        return Nest(f"if {guard.by}(", items, "):")
    assert_never(guard.by)


def _guarded(guard: Guard) -> list[tuple[str, Code]]:
    """The checks of a result that hold where a guard does."""
    if guard.by == "exit" and guard.codes:
        return [(guard.of, f"exit_code={guard.codes[0] if len(guard.codes) == 1 else guard.codes}")]
    return [(guard.of, 'shape=r""'), (guard.of, "calm=True")] if guard.by == "empty" else []


def _path(path: Path, scope: _Scope) -> list[str]:
    guards, scope = _holes((path.contract, path.bindings), scope)
    lines = _promise(path.guard.of, path.contract, path.bindings, scope)
    scope = _knowing(scope, *((path.guard.of, code) for code in outcome(path.contract)))
    return [*guards, *lines, *_way(path.steps, path.fork, path.ending, path.answer, scope)]
