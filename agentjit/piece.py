"""The values of a plan: what an argument is made of, and how a value is taken out of an output (pydantic)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """The base of everything in a plan: typed, immutable, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Value):
    """A constant part of an argument."""

    kind: Literal["text"] = "text"
    text: str


class Ref(Value):
    """A value by name: a parameter, a value found in an earlier output, the environment, or a loop's item.

    `by` are functions of `kit.transform` that it goes through in turn, `basename` or, with an argument, `date:%Y%m%d`.
    """

    kind: Literal["ref"] = "ref"
    name: str
    by: tuple[str, ...] = ()


class Kind(Value):
    """In an output's shape: a place that varied, as a regular expression; a number also has a range it stays in."""

    kind: Literal["kind"] = "kind"
    expression: str
    low: float | None = None
    high: float | None = None


Piece = Annotated[Text | Ref, Field(discriminator="kind")]
Argument = tuple[Piece, ...]
"""Pieces to be joined; no piece is the empty text."""

ShapePiece = Annotated[Text | Ref | Kind, Field(discriminator="kind")]


# --- finders: one value, or with `Binding.many` every value, in the order of the text


class Whole(Value):
    by: Literal["whole"] = "whole"


class LineAt(Value):
    by: Literal["line"] = "line"
    number: int


class Lines(Value):
    """Every line that is not blank, from line `first` on (0 is the first)."""

    by: Literal["lines"] = "lines"
    first: int = 0


class Cell(Value):
    """A cell of a white-space table, chosen by line number, by what stands in other columns of its row (`where`), or by
    how cells of its row begin (`begins`). With none of them: the column, from line `first` on. `separator` parts the
    columns if white space does not: `,` (CSV), `|`, a tab.
    """

    by: Literal["cell"] = "cell"
    column: int
    row: int | None = None
    where: tuple[tuple[int, Piece], ...] = ()
    begins: tuple[tuple[int, Argument], ...] = ()
    first: int = 0
    separator: str = ""


class Field_(Value):
    """In a JSON path: the one item of a list whose `key` is `value`."""

    key: str
    value: Piece


class Every(Value):
    """In a JSON path: every item of a list."""

    every: Literal[True] = True


class JsonPath(Value):
    by: Literal["json"] = "json"
    path: tuple[str | int | Field_ | Every, ...]


class Pattern(Value):
    by: Literal["pattern"] = "pattern"
    expression: str


class JsonKeys(Value):
    """The keys of a JSON object, in order of the alphabet: what it can say at all."""

    by: Literal["keys"] = "keys"
    path: tuple[str | int | Field_ | Every, ...]


Finder = Annotated[Whole | LineAt | Lines | Cell | JsonPath | JsonKeys | Pattern, Field(discriminator="by")]


class Binding(Value):
    """A value taken out of a step's output; the first finder explains it, the others must agree, and it must match
    `pattern` in full. `absent`: words for nothing (`null`, `none`) were among the values and are values like others.
    `many`: a list of at least one value, each of which must match.
    """

    name: str
    finders: tuple[Finder, ...]
    pattern: tuple[ShapePiece, ...]
    absent: bool = False
    many: bool = False
