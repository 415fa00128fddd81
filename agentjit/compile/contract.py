"""Inferring contracts: likely invariants of each step's outcome, in the manner of Daikon (Ernst et al., 2007).

A property is kept if every trace has it; the tightest of a short list is taken. A loose property is worth little, so an
output that has no common shape gets none, and `holds_still` tells whoever relies on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentjit.compile.align import AlignedStep
from agentjit.compile.explain import Values, Vector
from agentjit.compile.finders import Sources, find, is_table, json_leaves
from agentjit.compile.kinds import escaped, passing
from agentjit.skill import Binding, Cell, Contract, Finder, JsonPath, Kind, Piece, Ref, ShapePiece, Text

_TOKEN = re.compile(r"\s+|[0-9]+(?:\.[0-9]+)?|[A-Za-z_]+|.", re.DOTALL)
_PRIVATE = 0xE000  # Unicode private use: in no output that means anything
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST_SHAPE = 600  # characters of output; what is longer is data, not a message
_HELD = 8  # places of one output that are watched
_CHOICES = 3  # different words in one place that still count as a closed set


def contract(step: AlignedStep, bindings: Sequence[Binding], values: Values) -> Contract:
    """What held after `step` in every occurrence, given what is taken out of its output.

    A table or JSON text that values are taken from may have other rows next time: its header and what else stands at
    the very place count. Any other output must keep its shape.
    """
    exits = sorted({op.call.exit_code for op in step.operations if op.call.exit_code is not None})
    finders = [finder for binding in bindings for finder in binding.finders[:1]]
    rows = any(f.by == "json" or (f.by == "cell" and all(map(is_table, step.outputs))) for f in finders)
    like = () if rows else shape(step.outputs, values)
    return Contract(
        seen=len(step.operations),
        exit_codes=tuple(exits),
        header=_header(step.outputs) if rows else "",
        holds=() if like else _holds(step.outputs, finders, values),
        shape=like,
    )


def _holds(outputs: Sequence[str], structured: Sequence[Finder], values: Values) -> tuple[tuple[Finder, Piece], ...]:
    """The places of structured outputs whose value is always the same, or always a value known beforehand."""
    given = values.given()
    bound = [{name: column[i] for name, column in given.items()} for i in range(len(outputs))]
    places: list[Finder] = []
    for finder in structured:
        if isinstance(finder, Cell) and finder.where:
            width = min(len(line.split()) for line in outputs[0].split("\n") if line.strip())
            known = {finder.column, *(column for column, _ in finder.where)}
            places += [finder.model_copy(update={"column": c, "starts": ()}) for c in range(width) if c not in known]
        if isinstance(finder, JsonPath):
            places += json_leaves(outputs[0])
    found: list[tuple[Finder, Piece]] = []
    for place in dict.fromkeys(places):
        seen = [find(place, output, bound[i]) for i, output in enumerate(outputs)]
        if any(len(each) != 1 for each in seen):
            continue
        column = tuple(each[0] for each in seen)
        if len(set(column)) == 1 and column[0] and not passing(column[0]):
            found.append((place, Text(text=column[0])))
        elif name := next((name for name, known_values in given.items() if known_values == column), ""):
            found.append((place, Ref(name=name)))
    return tuple(found[:_HELD])


def _header(outputs: Sequence[str]) -> str:
    """Column titles: a first line that never changes, above other lines, in capitals and without digits."""
    firsts = {tuple(output.lstrip("\n").split("\n", 1)[0].split()) for output in outputs}
    if len(firsts) != 1 or not all("\n" in output.strip() for output in outputs):
        return ""
    (cells,) = firsts
    titles = all(re.fullmatch(r"[A-Z][A-Z()/%_-]*", cell) for cell in cells)
    return " ".join(cells) if len(cells) >= 2 and titles else ""


def shape(outputs: Sequence[str], values: Values) -> tuple[ShapePiece, ...]:
    """A pattern all outputs match, () if they have none: constants, known values, numbers, closed sets of words.

    Outputs are compared token by token; they must have the same number of tokens.
    """
    trimmed = tuple(output.strip() for output in outputs)
    if len(set(trimmed)) == 1 and len(trimmed[0]) <= _LONGEST_SHAPE:
        return (Text(text=trimmed[0]),) if trimmed[0] else (Kind(expression=""),)
    if max(map(len, trimmed)) > _LONGEST_SHAPE:
        return ()
    masked, names = mask(trimmed, values.varying())
    rows = [_tokens(text) for text in masked]
    if len({len(row) for row in rows}) != 1:
        return ()
    pieces: list[ShapePiece] = []
    for column in zip(*rows, strict=True):
        piece = _piece(column, names)
        if piece is None:
            return ()
        pieces.append(piece)
    return _joined(pieces)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def mask(texts: Vector, known: Sources) -> tuple[Vector, dict[str, str]]:
    """Named values replaced by one private-use character each, where every text has them as words of their own; the
    longest first. Gives the texts and the name behind each character.
    """
    names: dict[str, str] = {}
    for number, name in enumerate(sorted(known, key=lambda name: -min(map(len, known[name])))):
        mark = chr(_PRIVATE + number)
        bounded = [re.compile(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])") for value in known[name]]
        if all(one.search(text) for one, text in zip(bounded, texts, strict=True)):
            texts = tuple(one.sub(mark, text) for one, text in zip(bounded, texts, strict=True))
            names[mark] = name
    return texts, names


def _piece(column: tuple[str, ...], names: dict[str, str]) -> ShapePiece | None:
    distinct = sorted(set(column))
    if len(distinct) == 1:
        return Ref(name=names[distinct[0]]) if distinct[0] in names else Text(text=distinct[0])
    if all(_NUMBER.fullmatch(token) for token in distinct):
        return Kind(expression=_number(distinct))
    if all(token.isspace() for token in distinct):
        return Kind(expression=r"\s+")
    if len(distinct) <= _CHOICES and not any(token in names for token in distinct):
        return Kind(expression="(?:" + "|".join(map(escaped, distinct)) + ")")
    return None


def _number(tokens: Sequence[str]) -> str:
    """Whole numbers stay whole, and what was never zero must not become zero: `0 passed` is another message."""
    if any("." in token for token in tokens):
        return r"[0-9]+(?:\.[0-9]+)?"
    return "[0-9]+" if any(int(token) == 0 for token in tokens) else "0*[1-9][0-9]*"


def _joined(pieces: Sequence[ShapePiece]) -> tuple[ShapePiece, ...]:
    """Neighbouring texts as one."""
    joined: list[ShapePiece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, Text) and isinstance(last, Text):
            joined[-1] = Text(text=last.text + piece.text)
        else:
            joined.append(piece)
    return tuple(joined)
