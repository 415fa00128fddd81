"""Shapes of texts: what a handful of outputs have in common, as a pattern of constants, known values and kinds.

Token by token anti-unification (Plotkin 1970) of texts with equally many tokens; the pattern is meant to be tight, so a
text that has no common shape gets none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from agentjit.compile.explaining.kinds import escaped
from agentjit.compile.explaining.reference import reference
from agentjit.kit import troubled
from agentjit.piece import Kind, Ref, ShapePiece, Text

Vector = tuple[str, ...]
"""One value for each occurrence."""

_Piece = TypeVar("_Piece", bound=Text | Ref | Kind)

Sources = Mapping[str, Vector]
"""Named values: what occurrence i had for each name."""

_DATE, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]+)?)?"
_DAYS = "(?:Mon|Tue(?:s)?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_MONTHS = "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?"
_MOMENTS = (_DATE, _TIME, _DAYS, f"(?:{_MONTHS}|Nov(?:ember)?|Dec(?:ember)?)")
"""Dates, times of day, names of days and months: of the moment, never a promise."""

_VERSION = r"[0-9]+(?:\.[0-9]+){2,}"
_TOKEN = re.compile(rf"\s+|{_DATE}|{_TIME}|{_VERSION}|[0-9]+(?:\.[0-9]+)?|[A-Za-z_]+|.", re.DOTALL)
_PRIVATE = 0xE000  # Unicode private use: in no output that means anything
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST_SHAPE = 600  # characters of output; what is longer is data, not a message
_CHOICES = 3  # different words in one place that still count as a closed set
_SLACK = 0.03  # of a count
_ANY_UNIT = "(?:[mun]?s|min)"
_UNIT = "s|ms|us|ns|min|sec(?:ond)?s?"
_DONE = frozenset("ran built checked compiled completed done finished linted tested".split())
_OWN_TIME = frozenset("in took after elapsed duration time real user sys total finished (".split())
_WORD = re.compile(r"[A-Za-z_]+")


def shape(
    outputs: Sequence[str], known: Sources, *, words: bool = False, verdict: bool = False
) -> tuple[ShapePiece, ...]:
    """A pattern all outputs match, () if they have none: constants, known values, numbers, closed sets of words.

    Outputs are compared token by token; they must have the same number of tokens. `known` are values that may be part
    of them. With `words` a word may vary freely as long as others stay: enough to know a message again, too little to
    rely on what it says. `verdict`: nothing of the output is quoted, something is said about it; then numbers must stay
    between those seen, but for how long something took.
    """
    trimmed = tuple(output.strip() for output in outputs)
    if not any(trimmed):
        return (Kind(expression=""),)
    if max(map(len, trimmed)) > _LONGEST_SHAPE:
        return ()
    masked, names = mask(trimmed, known)
    rows = [tokens(text) for text in masked]
    if len({len(row) for row in rows}) != 1:
        return ()
    pieces: list[ShapePiece] = []
    units: set[int] = set()  # places of units that follow how long the command itself took
    columns = list(zip(*rows, strict=True))
    for place, column in enumerate(columns):
        piece = Kind(expression=_ANY_UNIT) if place in units else _piece(column, names)
        if isinstance(piece, Kind) and piece.low is not None:
            if unit := _bracketed_time(columns, place):
                piece, units = Kind(expression=piece.expression), units | {unit}
            else:
                piece = _bounded(piece, columns, place, verdict)
        if piece is None and words and all(_WORD.fullmatch(token) for token in column):
            piece = Kind(expression=_WORD.pattern)
        if piece is None:
            return ()
        pieces.append(piece)
    constant = any(isinstance(piece, Text) and re.search(r"[A-Za-z]", piece.text) for piece in pieces)
    if words:  # a message that is only quoted may have any numbers
        pieces = [Kind(expression=piece.expression) if isinstance(piece, Kind) else piece for piece in pieces]
    return joined(pieces) if constant or not words else ()


def aligned(rows: Sequence[Sequence[str]], names: dict[str, str]) -> list[ShapePiece] | None:
    """Rows of as many tokens as one pattern, its numbers in no range; None if a place has too many different words."""
    pieces = [_piece(column, names) for column in zip(*rows, strict=True)]
    if any(piece is None for piece in pieces):
        return None
    return [Kind(expression=piece.expression) if isinstance(piece, Kind) else piece for piece in pieces if piece]


def _bracketed_time(columns: Sequence[tuple[str, ...]], place: int) -> int:
    """The place of the unit of a number in brackets that ends a line on what was done (`Ran 7 tests. [1.61s]`), 0 if it
    is another number.
    """
    unit, after = place + 1, columns[place + 2 : place + 4]
    ends = [set(column) for column in after][:1] == [{"]"}] and all(
        "\n" in token for each in after[1:] for token in each
    )
    if not ends or not place or set(columns[place - 1]) != {"["} or not _says(columns[unit], _ANY_UNIT):
        return 0
    before = [column[0].casefold() for column in columns[:place]]
    line = before[-before[::-1].index("\n") :] if "\n" in before else before
    return unit if _DONE & set(line) else 0


def _says(column: tuple[str, ...], expression: str) -> bool:
    return all(re.fullmatch(expression, token) for token in column)


def _bounded(number: Kind, columns: Sequence[tuple[str, ...]], place: int, verdict: bool) -> Kind:
    """A number with the range it deserves: how long the command itself took (`in 0.31 s`) has none, any other time a
    wide one, and a number over which a verdict is given that which was seen. But no verdict hangs on a few more of so
    many: a number of things may go beyond its range by its spread, up to 3 %; and any but a share by the mean gap
    between the values seen, which is by how much the least and the greatest of a sample fall short on average (Goodman,
    "Serial Number Analysis", JASA 47, 1952).
    """
    if _says((_first_word(columns[place + 1 : place + 3]),), _UNIT):
        before = _first_word(columns[max(0, place - 3) : place][::-1])
        return Kind(expression=number.expression) if before.casefold() in _OWN_TIME else number
    if not verdict:
        return number
    values = [float(token) for token in columns[place]]
    low, high = min(values), max(values)
    share = columns[place + 1 : place + 2] == [("%",) * len(values)]
    things = "." not in number.expression and _things(columns[place + 1 : place + 3])
    slack = high - low if things else 0.0
    gap = 0.0 if share else (high - low) / (len(values) - 1)
    low, high = low - max(gap, min(slack, _SLACK * low)), high + max(gap, min(slack, _SLACK * high))
    whole = "." not in number.expression
    return Kind(
        expression=number.expression,
        low=max(0.0, math.ceil(low) if whole else round(low, 6)),
        high=math.floor(high) if whole else round(high, 6),
    )


def _things(after: Sequence[tuple[str, ...]]) -> bool:
    """Whether a number says how many of something there are: ` files`, and no unit, no share, no trouble."""
    told = "".join(column[0] for column in after if len(set(column)) == 1)
    return re.fullmatch(" [a-z]{3,}s", told) is not None and not troubled(told)


def _first_word(columns: Sequence[tuple[str, ...]]) -> str:
    """The first token that is neither white space nor `:` or `=`, of those that are the same in all texts."""
    constant = (column[0] for column in columns if len(set(column)) == 1)
    return next((token for token in constant if token not in (":", "=") and not token.isspace()), "")


def tokens(text: str) -> list[str]:
    """Words, numbers, moments, runs of white space and single signs."""
    return _TOKEN.findall(text)


def mask(texts: Vector, known: Sources) -> tuple[Vector, dict[str, str]]:
    """Named values replaced by one private-use character each, where every text has them as words of their own; the
    longest first. Gives the texts and the name behind each character.
    """
    names: dict[str, str] = {}
    for number, name in enumerate(sorted(known, key=lambda name: -min(map(len, known[name])))):
        mark = chr(_PRIVATE + number)
        if not all(value in text for value, text in zip(known[name], texts, strict=True)):
            continue  # which is found out much faster
        bounded = [re.compile(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])") for value in known[name]]
        if all(one.search(text) for one, text in zip(bounded, texts, strict=True)):
            texts = tuple(one.sub(mark, text) for one, text in zip(bounded, texts, strict=True))
            names[mark] = name
    return texts, names


def _piece(column: tuple[str, ...], names: dict[str, str]) -> ShapePiece | None:
    distinct = sorted(set(column))
    for moment in _MOMENTS:
        if all(re.fullmatch(moment, token) for token in distinct):
            return Kind(expression=moment)
    if len(distinct) == 1:
        return reference(names[distinct[0]]) if distinct[0] in names else Text(text=distinct[0])
    if all(_NUMBER.fullmatch(token) for token in distinct):
        return _number(distinct)
    never_again = len(distinct) == len(column) >= _CHOICES
    if all(re.fullmatch(_VERSION, token) for token in distinct) and (len(distinct) > _CHOICES or never_again):
        return Kind(expression=_VERSION)  # fewer may be all that will do
    if all(token.isspace() for token in distinct):
        return Kind(expression=r"\s+")
    if len(distinct) <= _CHOICES and not any(token in names for token in distinct):
        return Kind(expression="(?:" + "|".join(map(escaped, distinct)) + ")")
    return None


def _number(tokens: Sequence[str]) -> Kind:
    """A number in the range seen, widened by its spread and by half: `used 99%` is another message than `used 45%`.

    Whole numbers stay whole, and what was never zero must not become zero.
    """
    values = [float(token) for token in tokens]
    low, high = min(values), max(values)
    spread = high - low
    expression = "[0-9]+" if not any("." in token for token in tokens) else r"[0-9]+(?:\.[0-9]+)?"
    if low > 0 and expression == "[0-9]+":
        expression = "0*[1-9][0-9]*"
    least, most = max(0.0, low - max(spread, low / 2)), high + max(spread, high / 2)
    if "." not in expression:
        return Kind(expression=expression, low=math.ceil(least), high=math.floor(most))
    return Kind(expression=expression, low=round(least, 6), high=round(most, 6))


def momentary(pieces: Sequence[ShapePiece]) -> bool:
    """Whether a date or time stands in a shape: what is said about it may not be true again."""
    return any(isinstance(piece, Kind) and piece.expression in _MOMENTS for piece in pieces)


def joined(pieces: Sequence[_Piece]) -> tuple[_Piece, ...]:
    """Neighbouring texts as one."""
    found: list[_Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(piece, Text) and isinstance(last, Text):
            found[-1] = last.model_copy(update={"text": last.text + piece.text})
        else:
            found.append(piece)
    return tuple(found)


def prose_kind(values: Sequence[str]) -> tuple[ShapePiece, ...]:
    """What free text that is quoted looks like: its shape, else what it always begins and ends with."""
    if alike := shape(values, {}, words=True):
        return alike
    shortest = min(values, key=len)
    head = next((i for i in range(len(shortest)) if len({value[i] for value in values}) > 1), len(shortest))
    while head and not shortest[head - 1].isspace():
        head -= 1
    opening = [Text(text=shortest[:head])] if head else []
    return (*opening, Kind(expression=r"(?s:.+)" if any("\n" in value for value in values) else ".+"))
