"""Python code as text: expressions for the values of a plan.

Every value goes through `repr` or a stricter spelling, so that no text of a trace can become anything but a literal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

from agentjit.compile.explaining.kinds import escaped
from agentjit.compile.rendering.layout import Code, Nest, named
from agentjit.errors import NotCompilable
from agentjit.kit import transform
from agentjit.piece import (
    Argument,
    Cell,
    Every,
    Field_,
    Finder,
    JsonKeys,
    JsonPath,
    Kind,
    LineAt,
    Lines,
    Piece,
    Ref,
    ShapePiece,
    Text,
    Whole,
)

# --- literals


def quoted(text: str) -> str:
    """A string literal, in the quotes that need fewer escapes, in double quotes if both need as many."""
    quote = _quote(text)
    return quote + _body(text, quote) + quote


def _quote(text: str) -> str:
    return "'" if text.count('"') > text.count("'") else '"'


def _body(text: str, quote: str) -> str:
    return "".join(_spelled(character, quote) for character in text)


def _spelled(character: str, quote: str) -> str:
    if character in (quote, "\\"):
        return "\\" + character
    return character if character.isprintable() else repr(character)[1:-1]


def regex(expression: str) -> str:
    """A regular expression as a literal, raw where that is possible."""
    raw = _raw_quote(expression)
    return f"r{raw}{expression}{raw}" if raw else quoted(expression)


def _raw_quote(text: str) -> str:
    """The quotes in which `text` can stand as a raw literal, "" if it cannot."""
    if not text.isprintable() or text.endswith("\\"):
        return ""
    return next((quote for quote in "\"'" if quote not in text), "")


def number(value: float) -> str:
    """A number that reads back as the very same."""
    if not math.isfinite(value):
        return f'float("{value}")'
    whole = value == int(value) and abs(value) < 1e15
    return str(int(value)) if whole else fraction(value)


def fraction(value: float) -> str:
    """The same with its point or exponent: `1.0`, `1e20`."""
    return repr(value).replace("e+", "e")


# --- expressions


def name_code(ref: Ref) -> str:
    """A value by name, and what it goes through: `basename(path)`, `date(today, "%Y%m%d")`."""
    code = ref.name
    for by in ref.by:
        try:
            function, given = transform.call(by)
        except ValueError as error:
            raise NotCompilable(str(error)) from error
        options = [quoted(each) if isinstance(each, str) else str(each) for each in given]
        code = f"{function}({', '.join([code, *options])})"
    return code


def piece_code(piece: Piece) -> str:
    return quoted(piece.text) if isinstance(piece, Text) else name_code(piece)


def string(argument: Argument) -> Code:
    """An argument as an expression: a literal, a name, or an f-string."""
    if len(argument) == 1:
        return piece_code(argument[0])
    texts = "".join(piece.text for piece in argument if isinstance(piece, Text))
    if not any(isinstance(piece, Ref) for piece in argument):
        return quoted(texts)
    quote = _quote(texts)
    parts = [
        _body(_braced(piece.text), quote) if isinstance(piece, Text) else _field(name_code(piece), quote)
        for piece in argument
    ]
    if None in parts:
        return _joined([piece_code(piece) for piece in argument])
    return f"f{quote}{''.join(part or '' for part in parts)}{quote}"


def _field(code: str, quote: str) -> str | None:
    """An expression for the inside of an f-string in these quotes, None if it cannot stand there (Python 3.11)."""
    if '"' not in code and "'" not in code:
        return f"{{{code}}}"
    simple = not any(character in code for character in "\\'{}#") and code.isprintable()
    return "{" + code.replace('"', "'" if quote == '"' else '"') + "}" if simple else None


def _joined(parts: Sequence[str]) -> Code:
    """What no f-string can say."""
    if len(parts) == 1:
        return parts[0]
    return Nest('"".join(', [Nest("(", parts, ")")], ")")


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def shape_code(pieces: Sequence[ShapePiece]) -> Code:
    """A regular expression in which values may stand, as a literal or an f-string."""
    expressions = [_value(piece) if isinstance(piece, Ref) else _expression(piece) for piece in pieces]
    if not any(isinstance(piece, Ref) for piece in pieces):
        return regex("".join(expressions))
    if len(pieces) == 1:
        return expressions[0]
    texts = [_expression(piece) for piece in pieces if not isinstance(piece, Ref)]
    raw = _raw_quote("".join(texts)) and not any(text.endswith("\\") for text in texts)
    quote = _raw_quote("".join(texts)) if raw else _quote("".join(texts))
    parts = [
        _field(text, quote) if isinstance(piece, Ref) else _braced(text) if raw else _body(_braced(text), quote)
        for piece, text in zip(pieces, expressions, strict=True)
    ]
    if None in parts:
        both = zip(pieces, expressions, strict=True)
        return _joined([text if isinstance(piece, Ref) else regex(text) for piece, text in both])
    return f"{'r' if raw else ''}f{quote}{''.join(part or '' for part in parts)}{quote}"


def _value(ref: Ref) -> str:
    return f"literal({name_code(ref)})"


def ranged(piece: ShapePiece) -> TypeGuard[Kind]:
    return isinstance(piece, Kind) and piece.low is not None


def _expression(piece: ShapePiece) -> str:
    if isinstance(piece, Kind):
        return f"({piece.expression})" if ranged(piece) else piece.expression
    assert isinstance(piece, Text)
    return escaped(piece.text)


# --- finders


def finder_code(finder: Finder) -> Code:
    if isinstance(finder, Whole):
        return "whole()"
    if isinstance(finder, LineAt):
        return f"line({finder.number})"
    if isinstance(finder, Cell):
        return Nest("cell(", _cell_options(finder), ")")
    if isinstance(finder, JsonPath | JsonKeys):
        name = "json_path" if isinstance(finder, JsonPath) else "json_keys"
        return Nest(f"{name}(", [_path_part(part) for part in finder.path], ")")
    if isinstance(finder, Lines):
        return f"lines({finder.first or ''})"
    return Nest("pattern(", [regex(finder.expression)], ")")


def _cell_options(finder: Cell) -> list[Code]:
    options: list[Code] = [f"column={finder.column}"]
    if finder.row is not None:
        options.append(f"row={finder.row}")
    if finder.where:
        options.append(Nest("where={", [f"{column}: {piece_code(piece)}" for column, piece in finder.where], "}"))
    if finder.begins:
        options.append(Nest("begins={", [named(f"{column}: ", string(text)) for column, text in finder.begins], "}"))
    if finder.first:
        options.append(f"first={finder.first}")
    if finder.separator:
        options.append(f"separator={quoted(finder.separator)}")
    return options


def _path_part(part: str | int | Field_ | Every) -> Code:
    if isinstance(part, Field_):
        return Nest("{", [f"{quoted(part.key)}: {piece_code(part.value)}"], "}")
    if isinstance(part, Every):
        return "..."
    return quoted(part) if isinstance(part, str) else str(part)
