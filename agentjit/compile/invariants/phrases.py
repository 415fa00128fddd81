"""Lines that all outputs have in common, where they have no shape as a whole; and how many lines there are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentjit.compile.explaining.reference import reference
from agentjit.compile.explaining.shape import aligned, joined, mask, tokens
from agentjit.compile.invariants.evidence import LIMIT, evidence, repeated
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence
from agentjit.piece import Kind, Ref, ShapePiece, Text

_LINES = 4  # lines of a text that is taken line by line
_LISTED = 5000  # lines of lists that are compared
_PHRASES = 3  # that are looked for in a longer one
_LONGEST = 200  # characters of a line
_TITLE = re.compile(r"[A-Za-z]{2,}")
_MESSAGE = re.compile(r"\W*[A-Za-z]{2,}(?:[ ,:;'-]+[A-Za-z\ue000-\uf8ff]+)+[\W\ue000-\uf8ff]*")

Says = tuple[tuple[ShapePiece, ...], ...]


def phrases(seen: Observed) -> tuple[Says, tuple[int, int] | None, list[Evidence]]:
    """What stands on lines of their own in all outputs, and the number of lines where it is small and always the same.

    A text of few lines is taken line by line: what they begin and end with, with anything in between. Of a longer text
    with other numbers of lines the last lines that are in all of them count.
    """
    chance = repeated(seen.traces)
    if chance > LIMIT or seen.cut_off:
        return (), None, []
    texts, names = mask(tuple(output.strip() for output in seen.outputs), seen.known)
    lines = [[line.strip() for line in text.split("\n") if line.strip()] for text in texts]
    sizes = {len(each) for each in lines}
    if seen.shapely and len(sizes) == 1 and 0 < len(lines[0]) <= _LINES:
        each = [_line(column, names) for column in zip(*lines, strict=True)]
        found = tuple(line for line in each if line and (len(each) == 1 or _titled(line)))
        size = (len(each), len(each)) if len(found) == len(each) else None
        why = [evidence("number of lines", seen.traces, chance)] if size else []
        return found, size, [*why, *(evidence("line", seen.traces, chance) for _ in found)]
    common = [line for line in dict.fromkeys(lines[0]) if all(line in each for each in lines[1:]) and _telling(line)]
    kept = common[-_PHRASES:]
    return tuple(_pieces(line, names) for line in kept), None, [evidence("line", seen.traces, chance) for _ in kept]


def each_line(seen: Observed) -> tuple[ShapePiece, ...]:
    """How every line of a list begins, if values are taken from all of them: `node/demo-1f`, where `demo` is known."""
    listed = any(binding.many for binding in seen.bindings)
    lines = [[line.strip() for line in output.split("\n") if line.strip()] for output in seen.outputs]
    if (
        not listed
        or seen.structured
        or not all(lines)
        or sum(map(len, lines)) > _LISTED
        or repeated(seen.traces) > LIMIT
    ):
        return ()
    known = {name: values for name, values in seen.known.items() if reference(name).name not in seen.own}
    flat = tuple(line for own in lines for line in own)
    if max(map(len, flat)) > _LONGEST:
        return ()
    owners = {name: tuple(values[i] for i, own in enumerate(lines) for _ in own) for name, values in known.items()}
    masked, names = mask(flat, owners)
    rows = [tokens(line) for line in masked]
    least = min(map(len, rows))
    head = _common(rows, least, numbers=False)
    front = aligned([row[:head] for row in rows], names) or []
    if not _anchored(front):
        return ()
    return joined([*front, Kind(expression=".+" if least > head else ".*")])


def begins(seen: Observed) -> tuple[tuple[ShapePiece, ...], list[Evidence]]:
    """What stands before the end of an output that is taken whole, up to the last value known otherwise, if that is the
    same in all: `registry/web:` where `web` is known, though only what follows is told.
    """
    others = {name: values for name, values in seen.known.items() if reference(name).name not in seen.own}
    texts, names = mask(tuple(output.strip() for output in seen.outputs), others)
    last = min(max((text.rfind(mark) for mark in names), default=-1) for text in texts)
    (front, *more) = {text[: last + 1] for text in texts}
    if more or not front or len(front) > _LONGEST or repeated(seen.traces) > LIMIT:
        return (), []
    pieces = (*_pieces(front, names), Kind(expression="(?s:.*)"))
    return joined(pieces), [evidence("how it begins", seen.traces, repeated(seen.traces))]


def _telling(line: str) -> bool:
    """Words of a message, and no item of a list: no path, no column, nothing of the moment."""
    return len(line) <= _LONGEST and _MESSAGE.fullmatch(line) is not None


def _titled(pieces: Sequence[ShapePiece]) -> bool:
    """Whether a line begins with a known value, or with a word that says what is on it: `Status: `."""
    first = pieces[0]
    return isinstance(first, Ref) or (isinstance(first, Text) and _TITLE.match(first.text) is not None)


def _line(column: Sequence[str], names: dict[str, str]) -> tuple[ShapePiece, ...]:
    """What a line looks like in all outputs: token by token, else its beginning and its end; () if that says little."""
    if max(map(len, column)) > _LONGEST:
        return ()
    rows = [tokens(line) for line in column]
    shortest = min(map(len, rows))
    if len({len(row) for row in rows}) == 1 and (whole := aligned(rows, names)) is not None:
        return joined(whole) if _anchored(whole) else ()
    head = _common(rows, shortest)
    tail = _common([row[::-1] for row in rows], shortest - head)
    front = aligned([row[:head] for row in rows], names) or []
    back = aligned([row[len(row) - tail :] for row in rows], names) or []
    between = Kind(expression=".+" if shortest > head + tail else ".*")
    known = [piece for piece in back if isinstance(piece, Ref)]  # else how it ends may be the name of an item
    return joined([*front, between, *back]) if _anchored([*front, *known]) else ()


def _common(rows: Sequence[Sequence[str]], most: int, *, numbers: bool = True) -> int:
    """How many tokens from the beginning are the same in all rows, or, with `numbers`, numbers or moments in all."""
    for place, column in enumerate(zip(*rows, strict=False)):
        free = numbers and all(re.match(r"[0-9]", token) for token in column)
        if place == most or (len(set(column)) > 1 and not free):
            return place
        if aligned([[token] for token in column], {}) is None:
            return place
    return most


def _anchored(pieces: Sequence[ShapePiece]) -> bool:
    """Whether something in it says which line it is."""
    return any(
        isinstance(piece, Ref) or (isinstance(piece, Text) and re.search(r"[A-Za-z]{2,}", piece.text))
        for piece in pieces
    )


def _pieces(line: str, names: dict[str, str]) -> tuple[ShapePiece, ...]:
    parts = re.split(f"([{''.join(names)}])", line) if names else [line]
    return tuple(reference(names[part]) if part in names else Text(text=part) for part in parts if part)
