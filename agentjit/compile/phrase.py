"""A plan in words: the calls, loops, forks and values of a skill as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

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
    ShapePiece,
    Whole,
)
from agentjit.skill import Plan
from agentjit.step import (
    Ending,
    Fork,
    Guard,
    Loop,
    Step,
    call_text,
    short,
    text_of,
)

ELSE = "else the model takes over"
_TO_MODEL = "the outputs go to the model"


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
    return short("".join(texts))


def guard_text(guard: Guard) -> str:
    """What tells a path from the others: `status says 'nothing to commit'`."""
    if guard.by == "exit":
        return f"{guard.of} exits with {' or '.join(map(str, guard.codes))}"
    if guard.by == "says":
        return f"{guard.of} says '{guard.expression}'"
    return f"{guard.of} prints {'nothing' if guard.by == 'empty' else 'something'}"


def ending_text(ending: Ending, answer: Argument) -> str:
    """How a way ends: its answer, or that the model concludes."""
    return f"answer {short(text_of(answer))}" if ending is Ending.ANSWERED else _TO_MODEL


def is_ending(phrase: Phrase) -> bool:
    """Whether a line says how a way ends."""
    return not phrase.effect and (phrase.text == _TO_MODEL or phrase.text.startswith("answer '"))


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
            yield Phrase(depth, f"without {{{name}}}, which only a model can say, {_TO_MODEL}")
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
