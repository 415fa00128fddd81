"""Alignment: the occurrences of a hotspot as a table, one row a step, one column a word that may vary."""

from __future__ import annotations

from dataclasses import dataclass

from agentjit.compile import tools
from agentjit.compile.printing import Place, places, structure
from agentjit.errors import NotCompilable
from agentjit.hotspot import Hotspot, Line, Operation


@dataclass(frozen=True, slots=True)
class Column:
    """One place in a step: `values[i]` is what occurrence i had there.

    `start` and `end` are the word's span in the last occurrence's text (-1 where there is no text); `number` counts the
    words of all its commands, None for the target of a redirection, a value assigned or a here-document; `before` is
    the word in front of it, or the key of a tool's input, for names and messages. A word that is not `literal` is the
    same everywhere, and given as it is written.
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
    """The same step in every occurrence. `form` is that of the call it becomes (argv, script, read, write, edit, tool);
    `line` the newest occurrence's, what changes nothing left out where only some have it; `text` what it was read from.

    `listed` are words of varying number, for each occurrence its own, that stand in front of column `listed_at`.
    """

    form: str
    operations: tuple[Operation, ...]
    columns: tuple[Column, ...]
    text: str = ""
    line: Line | None = None
    listed: tuple[tuple[str, ...], ...] = ()
    listed_at: int = 0

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(operation.call.output for operation in self.operations)

    @property
    def title(self) -> str:
        return self.operations[-1].signature

    @property
    def varying_words(self) -> frozenset[int]:
        """The numbers of the newest occurrence's words that have other values in others."""
        own = {column.number for column in self.columns if column.varies and column.number is not None}
        return frozenset(own | set(range(self.listed_at, self.listed_at + len(self.listed[-1] if self.listed else ()))))


def stays(hotspot: Hotspot) -> None:
    """`NotCompilable` if a step changes the working directory of those after it."""
    for occurrence in hotspot.occurrences:
        if len({operation.call.cwd for operation in occurrence.operations}) > 1:
            raise NotCompilable("a step changes the working directory of those after it")


def align_step(operations: tuple[Operation, ...]) -> AlignedStep:
    """The same step of every occurrence, word by word; `NotCompilable` says what cannot be aligned."""
    tool = operations[0].call.tool
    if tool == "Bash":
        return _shell(operations)
    columns = [Column(each.values, number=at, before=each.name) for at, each in enumerate(tools.given(operations))]
    return AlignedStep(tools.form(tool), operations, tuple(columns))


def _shell(operations: tuple[Operation, ...]) -> AlignedStep:
    if any(operation.call.input.get("run_in_background") for operation in operations):
        raise NotCompilable("a step runs in the background")
    lines = [operation.line for operation in operations]
    known = [line for line in lines if line is not None]
    if len(known) != len(lines):
        raise NotCompilable("a command was not parsed")
    if len(set(map(structure, known))) > 1:
        known = [line.neutral(operation.call.cwd) for line, operation in zip(known, operations, strict=True)]
    newest = known[-1]
    if newest.opaque and len({line.text.strip() for line in known}) > 1:
        raise NotCompilable(f"a command that varies was not taken apart ({newest.opaque}): {newest.text[:60]}")
    if all(line.plain for line in known) and len({len(line.commands[0].words) for line in known}) > 1:
        return _listed(operations, known)
    if len(set(map(structure, known))) > 1:
        raise NotCompilable(f"`{operations[-1].signature}` is written in more than one way")
    form = "argv" if all(line.plain for line in known) else "script"
    return AlignedStep(form, operations, _columns([places(line) for line in known]), newest.text, newest)


def _listed(operations: tuple[Operation, ...], lines: list[Line]) -> AlignedStep:
    """A plain command whose number of words varies: a list between the words that all have in common."""
    words = [[word.value or "" for word in line.commands[0].words] for line in lines]
    shortest = min(map(len, words))
    head = _common(words, shortest)
    tail = _common([row[::-1] for row in words], shortest - head)
    listed = tuple(tuple(row[head : len(row) - tail]) for row in words)
    if not head or not all(listed):
        raise NotCompilable("a command has a varying number of words")
    rows = [places(line) for line in lines]
    columns = _columns([[*row[:head], *row[len(row) - tail :]] for row in rows])
    return AlignedStep("argv", operations, columns, lines[-1].text, lines[-1], listed, head)


def _common(rows: list[list[str]], most: int) -> int:
    """How many words all rows begin with, at most so many."""
    return next((i for i in range(most) if len({row[i] for row in rows}) > 1), most)


def _columns(rows: list[list[Place]]) -> tuple[Column, ...]:
    columns: list[Column] = []
    for column in zip(*rows, strict=True):
        literal = all(place.value is not None for place in column)
        raws = tuple(place.word.raw for place in column)
        if not literal and len(set(raws)) > 1:
            raise NotCompilable(f"a value varies inside a shell expansion: {raws[-1][:60]}")
        values = tuple(place.value or "" for place in column) if literal else raws
        last = column[-1]
        columns.append(Column(values, last.word.start, last.word.end, last.number, last.before, literal))
    return tuple(columns)
