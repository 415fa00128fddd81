"""Alignment: the occurrences of a hotspot as a table, one row a step, one column a word that may vary."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentjit.errors import NotCompilable
from agentjit.hotspot import Hotspot, Line, Operation, Word

_POSITIONAL = re.compile(r"\$\{?[1-9@*#]")
_QUOTED_POSITION = re.compile(r'"\$[1-9]')


@dataclass(frozen=True, slots=True)
class Column:
    """One place in a step: `values[i]` is what occurrence i had there.

    `start` and `end` are the word's span in the last occurrence's text (-1 where there is no text); `number` counts the
    words of all its commands, None for the target of a redirection; `before` is the word in front of it, for names and
    messages. A word that is not `literal` is the same everywhere, and given as it is written.
    """

    values: tuple[str, ...]
    start: int = -1
    end: int = -1
    number: int | None = None
    before: str = ""
    literal: bool = True

    @property
    def varies(self) -> bool:
        return len(set(self.values)) > 1


@dataclass(frozen=True, slots=True)
class AlignedStep:
    """The same step in every occurrence. `form` is argv, script or read; `text` the newest occurrence's line."""

    form: str
    operations: tuple[Operation, ...]
    columns: tuple[Column, ...]
    text: str = ""

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(operation.call.output for operation in self.operations)

    @property
    def title(self) -> str:
        return self.operations[-1].signature


def align(hotspot: Hotspot) -> list[AlignedStep]:
    """Align a hotspot's occurrences step by step; `NotCompilable` says what cannot be."""
    for occurrence in hotspot.occurrences:
        if len({operation.call.cwd for operation in occurrence.operations}) > 1:
            raise NotCompilable("a step changes the working directory of those after it")
    rows = zip(*(occurrence.operations for occurrence in hotspot.occurrences), strict=True)
    return [_step(tuple(row)) for row in rows]


def _step(operations: tuple[Operation, ...]) -> AlignedStep:
    tool = operations[0].call.tool
    if tool == "Bash":
        return _shell(operations)
    if tool == "Read":
        return _read(operations)
    raise NotCompilable(f"a step uses {tool}, which AgentJIT cannot perform by itself yet")


def _read(operations: tuple[Operation, ...]) -> AlignedStep:
    inputs = [operation.call.input for operation in operations]
    for key in ("offset", "limit"):
        if len({repr(given.get(key)) for given in inputs}) > 1:
            raise NotCompilable(f"the {key} of a Read varies")
    paths = tuple(str(given.get("file_path", "")) for given in inputs)
    return AlignedStep("read", operations, (Column(paths, number=0, before="Read"),))


def _shell(operations: tuple[Operation, ...]) -> AlignedStep:
    if any(operation.call.input.get("run_in_background") for operation in operations):
        raise NotCompilable("a step runs in the background")
    lines = [operation.line for operation in operations]
    known = [line for line in lines if line is not None]
    if len(known) != len(lines):
        raise NotCompilable("a command was not parsed")
    text = known[-1].text
    if all(line.plain for line in known):
        return AlignedStep("argv", operations, _columns([_script_words(line) for line in known]), text)
    if any(line.opaque for line in known):
        if len({line.text.strip() for line in known}) > 1:
            raise NotCompilable(f"a command that varies was not taken apart ({known[-1].opaque}): {text[:60]}")
        return AlignedStep("script", operations, (), text)
    if not _same_structure(known):
        raise NotCompilable(f"`{operations[-1].signature}` is written in more than one way")
    return AlignedStep("script", operations, _columns([_script_words(line) for line in known]), text)


_Words = list[tuple[Word, int | None]]
"""The words that may vary and their numbers, None for a redirection's target."""


def _script_words(line: Line) -> _Words:
    """The words that may vary; raises where the shape of the line gives a value no safe way in."""
    if _QUOTED_POSITION.search(line.text) or any(
        word.value is None and _POSITIONAL.search(word.raw) for command in line.commands for word in command.words
    ):
        raise NotCompilable(f"a command uses the shell's positional parameters: {line.text[:60]}")
    words = [word for command in line.commands for word in command.words]
    targets = [redirect.target for command in line.commands for redirect in command.redirects if redirect.target]
    return [*((word, number) for number, word in enumerate(words)), *((target, None) for target in targets)]


def _columns(rows: list[_Words]) -> tuple[Column, ...]:
    if len({len(row) for row in rows}) > 1:
        raise NotCompilable("a command has a varying number of words")
    columns: list[Column] = []
    for place, column in enumerate(zip(*rows, strict=True)):
        words = [word for word, _ in column]
        if any(word.value is None for word in words):
            if len({word.raw for word in words}) > 1:
                raise NotCompilable(f"a value varies inside a shell expansion: {words[-1].raw[:60]}")
            values = tuple(word.raw for word in words)
        else:
            values = tuple(word.value or "" for word in words)
        number = column[-1][1]
        before = rows[-1][place - 1][0].value or "" if number else ""
        literal = all(word.value is not None for word in words)
        columns.append(Column(values, words[-1].start, words[-1].end, number, before, literal))
    return tuple(columns)


def _same_structure(lines: list[Line]) -> bool:
    """Whether lines differ in nothing but the values of their words."""

    def skeleton(line: Line) -> object:
        commands = [
            (len(c.words), c.assignments, [(r.operator, r.target is None and r.raw) for r in c.redirects])
            for c in line.commands
        ]
        return (commands, [";" if connector == "\n" else connector for connector in line.connectors])

    return len({repr(skeleton(line)) for line in lines}) == 1
