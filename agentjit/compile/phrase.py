"""A plan in words: the calls, loops, forks and values of a skill as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, assert_never

from agentjit.compile.rendering.names import looked_up
from agentjit.piece import (
    Argument,
    Every,
    Field_,
    Finder,
    JsonKeys,
    JsonPath,
    Kind,
    LineAt,
    Lines,
    Pattern,
    Ref,
    ShapePiece,
    Text,
    Whole,
)
from agentjit.skill import Plan
from agentjit.step import (
    AnyCall,
    BashStep,
    EditStep,
    Ending,
    Fork,
    Guard,
    Loop,
    ReadStep,
    ShellStep,
    Spread,
    Step,
    ToolStep,
    WriteStep,
)

ELSE = "else the model takes over"
_SHORT = 60  # characters of a text that is only shown


class Phrase(NamedTuple):
    """One line about a plan, `depth` levels in; `effect` is that of a call, "" for anything else; `note` is its
    evidence.
    """

    depth: int
    text: str
    effect: str = ""
    note: str = ""

    @property
    def line(self) -> str:
        """The text with its note: `if status prints nothing (seen 2 of 6):`."""
        if not self.note:
            return self.text
        return f"{self.text.removesuffix(':')} ({self.note}){':' if self.text.endswith(':') else ''}"


def text_of(argument: Sequence[Text | Ref | Spread], names: Mapping[str, str] | None = None) -> str:
    """An argument with its references in braces, or as `names` says."""
    known = names or {}
    return "".join(
        piece.text if isinstance(piece, Text) else known.get(piece.name, f"{{{_named(piece)}}}") for piece in argument
    )


def _named(piece: Ref | Spread) -> str:
    if isinstance(piece, Spread):
        return f"{piece.name}…"
    text = piece.name
    for by in piece.by:
        function, colon, given = by.partition(":")
        text = f"{function}({text}, {given})" if colon else f"{function}({text})"
    return text


def call_text(call: AnyCall) -> str:
    """A call on one line, with the places that vary in braces: `kubectl logs {name} -n {namespace}`."""
    if isinstance(call, BashStep):
        return " ".join(map(_word, call.argv))
    if isinstance(call, ShellStep):
        return text_of(call.script)
    if isinstance(call, ReadStep):
        start = "" if call.offset is None and call.limit is None else f" from line {call.offset or 1}"
        return f"Read {text_of(call.path)}{start}" + (f" for {call.limit}" if call.limit is not None else "")
    if isinstance(call, WriteStep):
        return f"Write {text_of(call.path)}: {_short(text_of(call.content))}"
    if isinstance(call, EditStep):
        every = " everywhere" if call.every else ""
        return f"Edit {text_of(call.path)}: {_short(text_of(call.old))} becomes {_short(text_of(call.new))}{every}"
    if isinstance(call, ToolStep):
        given = (f"{'.'.join(map(str, field.path))}={_word(field.value)}" for field in call.fields)
        return f"{call.tool} {', '.join(given)}".strip()
    assert_never(call)


def _word(argument: Argument | Spread) -> str:
    text = text_of((argument,) if isinstance(argument, Spread) else argument)
    plain = text and not any(character.isspace() or character in "'\"\\$`&|;<>*?[]#~" for character in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"'{flat if len(flat) <= _SHORT else flat[: _SHORT - 1] + '…'}'"


def finder_text(finder: Finder) -> str:
    """Where a value is found: `column 0 where column 2 is Running`, `JSON path items.0.name`."""
    if isinstance(finder, Whole):
        return "the whole output"
    if isinstance(finder, LineAt):
        return f"line {finder.number}"
    if isinstance(finder, Lines):
        return f"all lines from {finder.first} on" if finder.first else "all lines"
    if isinstance(finder, Pattern):
        return f"the pattern {finder.expression}"
    if isinstance(finder, JsonPath | JsonKeys):
        way = ".".join(map(_part, finder.path))
        keys = isinstance(finder, JsonKeys)
        return (f"the keys of {way}" if way else "the keys") if keys else f"JSON path {way}"
    where = [f"column {column} is {text_of((piece,))}" for column, piece in finder.where]
    where += [f"column {column} begins with {text_of(text)}" for column, text in finder.begins]
    chosen = f" of row {finder.row}" if finder.row is not None else ""
    parted = f" parted by {finder.separator!r}" if finder.separator else ""
    return f"column {finder.column}{parted}{chosen}{' where ' + ' and '.join(where) if where else ''}"


def _part(part: str | int | Field_ | Every) -> str:
    if isinstance(part, Field_):
        return f"[{part.key}={text_of((part.value,))}]"
    return "*" if isinstance(part, Every) else str(part)


def shape_text(pieces: Sequence[ShapePiece]) -> str:
    """What an output or a value looks like, cut short: what varied stands in angles."""
    texts = (f"<{piece.expression}>" if isinstance(piece, Kind) else text_of((piece,)) for piece in pieces)
    return _short("".join(texts))


def guard_text(guard: Guard) -> str:
    """What tells a path from the others: `status says 'nothing to commit'`."""
    if guard.by == "exit":
        return f"{guard.of} exits with {' or '.join(map(str, guard.codes))}"
    if guard.by == "says":
        return f"{guard.of} says '{guard.expression}'"
    return f"{guard.of} prints {'nothing' if guard.by == 'empty' else 'something'}"


def ending_text(ending: Ending, answer: Argument) -> str:
    """How a way ends: its answer, or that the model concludes."""
    return f"answer {_short(text_of(answer))}" if ending is Ending.ANSWERED else "the outputs go to the model"


def plan_phrases(plan: Plan) -> list[Phrase]:
    """A plan from its first step to its endings; with no fork the one ending is left out."""
    lines = list(_way(plan.steps, plan.fork, plan, 0, [p.name for p in plan.parameters if p.hole]))
    return [*lines, *(Phrase(0, f"left to the model: {text}") for text in plan.remains)]


def _way(
    nodes: Sequence[Step | Loop], fork: Fork | None, plan: Plan, depth: int, holes: Sequence[str]
) -> Iterator[Phrase]:
    left = list(holes)
    for node in nodes:
        needed = set(looked_up(node))
        for name in [name for name in left if name in needed]:
            yield Phrase(depth, f"without {{{name}}}, which only a model can say, the outputs go to the model")
            left.remove(name)
        if isinstance(node, Loop):
            yield Phrase(depth, f"for each {node.item} of {node.over} (at most {node.most}):")
            yield from (_step(step, depth + 1) for step in node.steps)
        else:
            yield _step(node, depth)
    if fork:
        yield from _fork(fork, plan, depth, left)


def _step(step: Step, depth: int) -> Phrase:
    return Phrase(depth, call_text(step.call), step.effect, "at the same time" if step.beside else "")


def _fork(fork: Fork, plan: Plan, depth: int, holes: Sequence[str]) -> Iterator[Phrase]:
    for path in fork.paths:
        note = f"seen {path.seen} of {plan.support.occurrences}"
        yield Phrase(depth, f"if {guard_text(path.guard)}:", note=note)
        yield from _way(path.steps, path.fork, plan, depth + 1, holes)
        if not path.fork:
            yield Phrase(depth + 1, ending_text(path.ending, path.answer))
    yield Phrase(depth, ELSE)
