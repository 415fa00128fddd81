"""From an aligned step to the call that a plan makes: every word that varies explained, nothing left out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from agentjit.compile.align import AlignedStep, Column
from agentjit.compile.explain import Values
from agentjit.compile.knowledge import Judge
from agentjit.compile.secrets import Secrets
from agentjit.errors import NotCompilable
from agentjit.piece import Argument, Piece, Ref, Text
from agentjit.skill import Need
from agentjit.step import AnyCall, BashStep, ReadStep, ShellStep
from agentjit.trace import PLACEHOLDER, Effect


def call_of(step: AlignedStep, values: Values, secrets: Secrets) -> AnyCall:
    if step.form == "script":
        return ShellStep(script=_script(step, values, secrets))
    arguments = tuple(_explained(column, step, values, secrets) for column in step.columns)
    if step.form == "argv":
        return BashStep(argv=arguments)
    given = step.operations[-1].call.input
    return ReadStep(path=arguments[0], offset=_number(given.get("offset")), limit=_number(given.get("limit")))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _explained(column: Column, step: AlignedStep, values: Values, secrets: Secrets) -> Argument:
    argument = secrets.explain(column.values, values.explain) if _secret(column) else values.explain(column.values)
    if argument is None:
        examples = ", ".join(dict.fromkeys(column.values))[:80]
        place = f"after {column.before!r} " if column.before else ""
        raise NotCompilable(f"in `{step.title}` the word {place}varies ({examples}) and nothing seen explains it")
    if column is step.columns[0] and step.form == "argv" and len(set(column.values)) > 1:
        raise NotCompilable("the program itself varies")
    return argument


def _secret(column: Column) -> bool:
    return any(PLACEHOLDER.search(value) for value in column.values)


def _script(step: AlignedStep, values: Values, secrets: Secrets) -> Argument:
    """The newest occurrence's line with its varying words replaced by references, each in quotes of its own."""
    pieces: list[Piece] = []
    at = 0
    for column in sorted(step.columns, key=lambda column: column.start):
        if not column.varies and not (_secret(column) and column.literal):
            continue
        pieces.append(Text(text=step.text[at : column.start]))
        for piece in _explained(column, step, values, secrets):
            pieces.append(Text(text=shlex.quote(piece.text)) if isinstance(piece, Text) else piece)
        at = column.end
    pieces.append(Text(text=step.text[at:]))
    if any(isinstance(piece, Text) and PLACEHOLDER.search(piece.text) for piece in pieces):
        raise NotCompilable("a command carries a secret where a shell expands the word or does not read one")
    return tuple(piece for piece in pieces if isinstance(piece, Ref) or piece.text)


def effect_of(step: AlignedStep, judge: Judge) -> Effect:
    """The worst of what was done and of what the same line may do with other values."""
    effects = [operation.effect for operation in step.operations]
    varying = [column for column in step.columns if column.varies]
    line = step.operations[-1].line
    if line and varying:
        effects.append(judge(line, frozenset(column.number for column in varying if column.number is not None)))
    if any(column.number is None for column in varying):
        effects.append(Effect.WRITES_ELSEWHERE)  # a redirection whose target varies
    if any(_secret(column) for column in step.columns):
        effects.append(Effect.WRITES_ELSEWHERE)  # whom a secret is told, a person decides
    return Effect.worst(effects)


def needs(steps: Sequence[AlignedStep]) -> tuple[Need, ...]:
    """The programs that plain and piped commands start, where a bare name is looked up on PATH."""
    found: list[str] = []
    for step in steps:
        line = step.operations[-1].line
        for command in line.commands if line else ():
            program = command.words[0].value if command.words else None
            if program and "/" not in program and program not in _BUILTINS:
                found.append(program)
    return tuple(Need(kind="program", name=name) for name in dict.fromkeys(found))


_BUILTINS = frozenset("cd echo test [ : true false export set pwd read printf exit type command source . eval".split())
