"""Holes: values that only a model can fill, and where a plan has to end because of one."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agentjit.compile.align import AlignedStep, Column, align_step
from agentjit.compile.calls import free
from agentjit.compile.explaining.shape import Vector
from agentjit.compile.following.build import Build, Left
from agentjit.compile.following.figures import without_quotes
from agentjit.compile.printing import matched
from agentjit.errors import NotCompilable
from agentjit.hotspot import Occurrence, Operation
from agentjit.piece import Argument, Ref, Text
from agentjit.skill import Parameter, Plan
from agentjit.step import AnyCall, BashStep, EditStep, ShellStep, Spread, ToolStep, WriteStep
from agentjit.trace import PLACEHOLDER

PATTERN = r"(?s)(?=.*\S).+"  # whatever the model says, if it says something
_DIFFERENT = 0.8  # of a hole's values must be different from one another
_TRIED = 12  # traces that are left out in turn to see whether a value is explained in all others
_SEEN = 8


def fill(step: AlignedStep, build: Build, reason: NotCompilable) -> None:
    """Make holes of the words of a step that nothing explains; raises `Left` where that is not safe, and
    `NotCompilable` where a word is no hole but a value that was explained in most traces. `reason` is why it failed.
    """
    unexplained = [column for column in step.columns if column.varies and not _explained(column.values, build)]
    if not unexplained:
        raise Left(str(reason))
    for column in unexplained:
        _must_be_free(column, step, build)
    for column in unexplained:
        _make(column, step, build)


def _explained(values: Vector, build: Build) -> bool:
    return build.values.copy().explain(values) is not None


def _must_be_free(column: Column, step: AlignedStep, build: Build) -> None:
    """`NotCompilable` if all traces but one explain the word: then that one is the exception, not the word a hole."""
    size = len(column.values)
    for left_out in range(max(0, size - _TRIED), size) if size > 2 else ():
        rest = [i for i in range(size) if i != left_out]
        values = tuple(column.values[i] for i in rest)
        if len(set(values)) > 1 and _explained(values, build.only(rest)):
            raise NotCompilable(f"{_said(column, step)} in more than {size - 1} of {size} traces")


def _make(column: Column, step: AlignedStep, build: Build) -> None:
    if len(set(column.values)) < max(2, _DIFFERENT * len(column.values)):
        raise Left(_said(column, step))
    if unsafe := _unsafe(column, step):
        raise Left(f"{_said(column, step)}; it cannot be given, {unsafe}")
    head, foot = _key(column.values), _foot(column.values)
    values = tuple(value[len(head) : len(value) - len(foot)] for value in column.values)
    if not all(values) or any(PLACEHOLDER.search(value) for value in values):
        raise Left(_said(column, step))
    name = build.free_name(*_hints(column, step, head))
    build.shared.holes[name] = values
    build.values.sources[name] = values


def _unsafe(column: Column, step: AlignedStep) -> str:
    """Why a word of this step cannot be given by whoever runs the skill, "" if it can."""
    if not free(step, column) and not _key(column.values):
        return "where it might be taken for an option or for code"
    if step.form == "read" or column.before in ("file_path", "path"):
        return "as a path"
    return ""


def _key(values: Sequence[str]) -> str:
    """`--message=` where all values begin so."""
    keys = {found[0] if (found := re.match(r"--[a-z][a-z-]*=", value)) else "" for value in values}
    return keys.pop() if len(keys) == 1 else ""


def _foot(values: Sequence[str]) -> str:
    """The paragraphs all values end with, as under a commit message: `Co-Authored-By: …`."""
    shortest = min(values, key=len)
    same = next((i for i in range(len(shortest)) if len({value[-1 - i] for value in values}) > 1), len(shortest))
    tail = shortest[len(shortest) - same :]
    at = tail.find("\n\n")
    return tail[at:] if at >= 0 and all(len(value) > len(tail) - at for value in values) else ""


def _hints(column: Column, step: AlignedStep, head: str) -> list[str]:
    flag = (head.rstrip("=") or column.before).lstrip("-")
    known = {"m": "message", "b": "body", "t": "title", "d": "data", "F": "message"}
    key = column.before.rpartition(".")[2]
    short = re.fullmatch(r"-[A-Za-z]+", column.before)  # `-am`: the last letter takes the value
    own = known.get(flag[-1:], "") if short else flag if len(flag) > 2 else ""
    return [own, key if step.form != "argv" else "", "text"]


def _where(column: Column, step: AlignedStep) -> str:
    if step.form in ("argv", "script"):
        return f"in `{step.title}` the word " + (f"after {column.before!r}" if column.before else "at its begin")
    return f"in `{step.title}` the {column.before}"


def _said(column: Column, step: AlignedStep) -> str:
    examples = ", ".join(dict.fromkeys(column.values))[:80]
    return f"{_where(column, step)} varies ({examples}) and nothing seen explains it"


def parameters(holes: dict[str, Vector], used: set[str], quoted: Collection[str] = ()) -> tuple[Parameter, ...]:
    """The holes that a plan uses as its parameters; those that are `quoted`, within a word, have no quotes in them."""
    return tuple(
        Parameter(
            name=name,
            pattern=without_quotes(PATTERN, values) if name in quoted else PATTERN,
            seen=tuple(dict.fromkeys(values))[-_SEEN:],
            hole=True,
        )
        for name, values in holes.items()
        if name in used
    )


def filled(plan: Plan, occurrence: Occurrence) -> dict[str, str]:
    """What the model said in a trace where the plan has holes: hole -> value, only those that were said."""
    open_ = {parameter.name for parameter in plan.parameters if parameter.hole}
    found: dict[str, str] = {}
    for step in plan.every_step() if open_ else ():
        for operation in occurrence.operations:
            said = _unified(step.call, operation, open_ - found.keys())
            found |= said
            if said:
                break
    return found


def _unified(call: AnyCall, operation: Operation, names: set[str]) -> dict[str, str]:
    """The values of `names` in a call that make it the operation; none if it is not."""
    if operation.call.tool != call.tool:
        return {}
    try:
        step = align_step((operation,))
        if isinstance(call, ShellStep):
            said = matched(call.script, step.line) if step.line else None
            return {name: value for name, value in (said or {}).items() if name in names}
    except NotCompilable:
        return {}
    arguments = _arguments(call)
    if step.form != call.form or len(step.columns) != len(arguments):
        return {}
    found: dict[str, str] = {}
    for argument, column in zip(arguments, step.columns, strict=True):
        parts = (re.escape(piece.text) if isinstance(piece, Text) else "(.*)" for piece in argument)
        fitting = re.fullmatch("".join(parts), column.values[0], re.DOTALL)
        if fitting is None:
            return {}
        refs = [piece.name for piece in argument if isinstance(piece, Ref)]
        found |= dict(zip(refs, fitting.groups(), strict=True))
    return {name: value for name, value in found.items() if name in names}


def _arguments(call: AnyCall) -> list[Argument]:
    """A call's arguments in the order of an aligned step's columns."""
    if isinstance(call, BashStep):
        return [argument for argument in call.argv if not isinstance(argument, Spread)]
    if isinstance(call, WriteStep):
        return [call.path, call.content]
    if isinstance(call, EditStep):
        return [call.path, call.old, call.new]
    if isinstance(call, ShellStep):
        return [tuple(piece for piece in call.script if isinstance(piece, Text | Ref))]
    return [field.value for field in call.fields] if isinstance(call, ToolStep) else []
