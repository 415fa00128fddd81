"""From an aligned step to the call that a plan makes: every word that varies explained, nothing left out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agentjit.compile import tools
from agentjit.compile.align import AlignedStep, Column
from agentjit.compile.explaining.explain import Values
from agentjit.compile.explaining.secrets import Secrets
from agentjit.compile.explaining.words import harmless_in_code, may_begin_with_a_dash, reads_code
from agentjit.compile.knowledge import Judge
from agentjit.compile.printing import printed
from agentjit.errors import NotCompilable
from agentjit.hotspot import Command, Line, Redirect, Word
from agentjit.piece import Argument, Ref, Text
from agentjit.step import AnyCall, BashStep, ShellStep
from agentjit.trace import PLACEHOLDER, Effect

_PLAIN = re.compile(r"[A-Za-z0-9_./@+-]+")  # what every program takes for a path
_TEXT = re.compile(r"\s")  # what has blanks is a text, in which several values may stand


def call_of(step: AlignedStep, values: Values, secrets: Secrets) -> AnyCall:
    """The call of a step with every value explained; `NotCompilable` says which one is not, or has no safe way in."""
    if step.form == "script":
        return ShellStep(script=_script(step, values, secrets))
    arguments = tuple(_explained(column, step, values, secrets) for column in step.columns)
    if step.form != "argv":
        return tools.call(step.operations, arguments)
    if step.columns[0].varies:
        raise NotCompilable("the program itself varies")
    _check_code(step, dict(zip((column.start for column in step.columns), arguments, strict=True)), values)
    return BashStep(argv=arguments)


def _explained(column: Column, step: AlignedStep, values: Values, secrets: Secrets) -> Argument:
    is_place = _is_place(column, step, values)
    argument = (
        secrets.explain(column.values, values.explain)
        if _secret(column)
        else values.explain(column.values, place=is_place)
    )
    if argument is None and not _secret(column):
        argument = _piecewise(column, step, values)
    if argument is None and not _secret(column) and step.form in ("write", "edit") and column is not step.columns[0]:
        argument = values.explain(column.values, prose=True)  # what a file is told may quote an output as it is
    if argument is None:
        examples = ", ".join(dict.fromkeys(column.values))[:80]
        if step.form in ("argv", "script"):
            place = f"the word {f'after {column.before!r} ' if column.before else ''}varies"
        else:
            place = f"{column.before} varies"
        raise NotCompilable(f"in `{step.title}` {place} ({examples}) and nothing seen explains it")
    return argument


def _piecewise(column: Column, step: AlignedStep, values: Values) -> Argument | None:
    """A long text explained value by value; what is learned on the way counts only if all of it is explained."""
    if step.form in ("argv", "script") and not all(map(_TEXT.search, column.values)):
        return None
    if tools.piecewise(column.values, values.copy().explain, values.varying()) is None:
        return None
    return tools.piecewise(column.values, values.explain, values.varying())


def _secret(column: Column) -> bool:
    return any(PLACEHOLDER.search(value) for value in column.values)


def _script(step: AlignedStep, values: Values, secrets: Secrets) -> tuple[Text | Ref, ...]:
    """The line printed from its tree, with references where its words vary."""
    assert step.line
    filled = {
        column.start: _explained(column, step, values, secrets)
        for column in sorted(step.columns, key=lambda column: column.start)
        if column.varies or (column.literal and (_secret(column) or _of_the_user(column, step, values)))
    }
    _check_code(step, filled, values)
    pieces = printed(step.line, filled)
    if any(isinstance(piece, Text) and PLACEHOLDER.search(piece.text) for piece in pieces):
        raise NotCompilable("a command carries a secret where a shell expands the word or does not read one")
    return tuple(piece for piece in pieces if isinstance(piece, Text | Ref))


def _of_the_user(column: Column, step: AlignedStep, values: Values) -> bool:
    """Whether a word that is always the same is asked for all the same: a folder under the user's home, or here."""
    explained = values.copy().explain(column.values, place=_is_place(column, step, values))
    return any(isinstance(piece, Ref) for piece in explained or ())


def _is_place(column: Column, step: AlignedStep, values: Values) -> bool:
    """Whether a path that stands here is a file's: that of a Read, Write or Edit, or a word of a command that is no
    program, where no shell has to be told how to read it.
    """
    if step.form not in ("argv", "script"):
        return step.form != "tool" and column is step.columns[0]
    programs = {command.words[0].start for command in (step.line.commands if step.line else ()) if command.words}
    plain = all(map(_PLAIN.fullmatch, (*column.values, *(own[0] for own in values.here().values()))))
    return plain and column.literal and column.start not in programs and not column.before.startswith("<<")


def _check_code(step: AlignedStep, filled: Mapping[int, Argument], values: Values) -> None:
    """Raises where a value would be read as code, and may hold more than a name."""
    for command in step.line.commands if step.line else ():
        if not reads_code([word.value for word in command.words]):
            continue
        bodies = [redirect.target or redirect.body for redirect in command.redirects if "<<" in redirect.operator]
        for word in (*command.words, *(body for body in bodies if body)):
            for piece in filled.get(word.start, ()):
                column = values.sources.get(piece.name, ()) if isinstance(piece, Ref) else ()
                if column and not harmless_in_code(column):
                    program = command.words[0].raw
                    raise NotCompilable(f"a value would be part of the code that {program} runs: {column[-1][:60]}")


def free(step: AlignedStep, column: Column) -> bool:
    """Whether a value in this place may be any text at all, even one that begins with a dash: no program takes it for
    a flag, and none runs it.
    """
    if step.form not in ("argv", "script"):
        return True
    for command in step.line.commands if step.line else ():
        words = [word.value for word in command.words]
        for at, word in enumerate(command.words):
            if word.start == column.start:
                return may_begin_with_a_dash(words[:at]) and not reads_code(words)
        for redirect in command.redirects:
            body = redirect.body or (redirect.target if redirect.operator.endswith("<<<") else None)
            if body and body.start == column.start:
                return not reads_code(words)
    return False


def effect_of(step: AlignedStep, judge: Judge, call: AnyCall | None = None, values: Values | None = None) -> Effect:
    """The worst of what was done and of what the same line may do with other values; `call` is what the plan makes, of
    these values.
    """
    effects = [operation.effect for operation in step.operations]
    varying = [column for column in step.columns if column.varies]
    line = step.line
    if line and varying:
        numbers = frozenset(column.number for column in varying if column.number is not None)
        effects.append(judge(_unknown(line, frozenset(c.start for c in varying if c.number is None)), numbers))
    if call is not None and step.form not in ("argv", "script"):
        typed = values.given() if values else {}
        typed = {name: column for name, column in typed.items() if values and name not in values.environment}
        effects.append(tools.effect(call, Effect.worst(effects), typed))
    elif step.form in ("write", "edit") and step.columns[0].varies:
        effects.append(Effect.WRITES_ELSEWHERE)
    if any(_secret(column) for column in step.columns):
        effects.append(Effect.WRITES_ELSEWHERE)  # whom a secret is told, a person decides
    return Effect.worst(effects)


def _unknown(line: Line, starts: frozenset[int]) -> Line:
    """The line with these targets of redirections and assigned values as words that only a shell can tell."""
    if not starts:
        return line

    def assignments(command: Command) -> tuple[str, ...]:
        named = zip(command.assignments, command.assigned, strict=True)
        return tuple(raw[: len(raw) - len(word.raw)] + '"$x"' if word.start in starts else raw for raw, word in named)

    def redirects(command: Command) -> tuple[Redirect, ...]:
        return tuple(
            each._replace(target=Word('"$x"', each.target.start, each.target.end, None))
            if each.target and each.target.start in starts
            else each
            for each in command.redirects
        )

    commands = tuple(
        command._replace(assignments=assignments(command), redirects=redirects(command)) for command in line.commands
    )
    return line._replace(commands=commands)
