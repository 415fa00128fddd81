"""Python code as text: expressions for the values of a plan, and their layout on lines.

Every value goes through `repr` or a stricter spelling, so that no text of a trace can become anything but a literal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

from agentjit.compile.kinds import escaped
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

WIDE = 108  # columns; a longer call is written one argument a line


def call(function: str, arguments: Sequence[Code], comment: str = "") -> list[str]:
    """A call on one line, or one argument a line where that would be too wide."""
    return lines(Nest(f"{function}(", arguments, ")"), comment)


class Nest(NamedTuple):
    """Code in brackets: `opening`, items parted by commas, `closing`."""

    opening: str
    items: Sequence[Code]
    closing: str


Code = str | Nest


def flat(code: Code) -> str:
    if isinstance(code, str):
        return code
    return code.opening + ", ".join(map(flat, code.items)) + code.closing


def lines(code: Code, comment: str = "", width: int = WIDE) -> list[str]:
    """Code on one line if it fits into `width` columns, else every item on lines of its own."""
    line = flat(code) + comment
    if len(line) <= width or isinstance(code, str) or not code.items:
        return [line]
    inner = [f"    {each}" for item in code.items for each in _with_comma(lines(item, width=width - 5))]
    return [code.opening + comment, *inner, code.closing]


def _with_comma(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1] + ","]


# --- expressions


def finder_code(finder: Finder) -> str:
    if isinstance(finder, Whole):
        return "whole()"
    if isinstance(finder, LineAt):
        return f"line({finder.number})"
    if isinstance(finder, Cell):
        options = [f"column={finder.column}"]
        if finder.row is not None:
            options.append(f"row={finder.row}")
        if finder.where:
            options.append(
                "where={" + ", ".join(f"{column}: {piece_code(piece)}" for column, piece in finder.where) + "}"
            )
        if finder.begins:
            options.append("begins={" + ", ".join(f"{column}: {string(text)}" for column, text in finder.begins) + "}")
        if finder.first:
            options.append(f"first={finder.first}")
        return f"cell({', '.join(options)})"
    if isinstance(finder, JsonPath | JsonKeys):
        name = "json_path" if isinstance(finder, JsonPath) else "json_keys"
        return f"{name}({', '.join(_path_part(part) for part in finder.path)})"
    if isinstance(finder, Lines):
        return f"lines({finder.first or ''})"
    return f"pattern({regex(finder.expression)})"


def _path_part(part: str | int | Field_ | Every) -> str:
    if isinstance(part, Field_):
        return f"{{{quoted(part.key)}: {piece_code(part.value)}}}"
    if isinstance(part, Every):
        return "..."
    return quoted(part) if isinstance(part, str) else str(part)


def piece_code(piece: Piece) -> str:
    return quoted(piece.text) if isinstance(piece, Text) else piece.name


def quoted(text: str) -> str:
    """A string literal, in double quotes where that needs no escape."""
    plain = repr(text)
    return f'"{text}"' if plain == f"'{text}'" and '"' not in text else plain


def string(argument: Argument) -> str:
    """An argument as an expression: a literal, a name, or an f-string."""
    if len(argument) == 1:
        return piece_code(argument[0])
    if not argument:
        return '""'
    texts = (
        piece.text.replace("{", "{{").replace("}", "}}") if isinstance(piece, Text) else f"{{{piece.name}}}"
        for piece in argument
    )
    return "f" + quoted("".join(texts))


def shape_code(pieces: Sequence[ShapePiece]) -> str:
    if not any(isinstance(piece, Ref) for piece in pieces):
        return regex("".join(_expression(piece) for piece in pieces))
    body = "".join(
        f"{{literal({piece.name})}}"
        if isinstance(piece, Ref)
        else _expression(piece).replace("{", "{{").replace("}", "}}")
        for piece in pieces
    )
    return ("rf" + f'"{body}"') if _raw_is_safe(body) else "f" + repr(body)


def ranged(piece: ShapePiece) -> TypeGuard[Kind]:
    return isinstance(piece, Kind) and piece.low is not None


def _expression(piece: ShapePiece) -> str:
    if isinstance(piece, Kind):
        return f"({piece.expression})" if ranged(piece) else piece.expression
    assert isinstance(piece, Text)
    return escaped(piece.text)


def _raw_is_safe(text: str) -> bool:
    return '"' not in text and not text.endswith("\\") and text.isprintable()


def regex(expression: str) -> str:
    return f'r"{expression}"' if _raw_is_safe(expression) else repr(expression)
