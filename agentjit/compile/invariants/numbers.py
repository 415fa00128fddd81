"""Numbers of a shape that were equal whatever they were: `3/3 ready`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from agentjit.compile.explaining.reference import label
from agentjit.compile.invariants.evidence import LIMIT, coincidence, evidence
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence
from agentjit.piece import Kind, Ref, ShapePiece, Text


def same_numbers(seen: Observed, shape: Sequence[ShapePiece]) -> tuple[tuple[tuple[int, int], ...], list[Evidence]]:
    """Pairs of the numbers that have a range in the shape, counted from 0."""
    rows = []
    for i, output in enumerate(seen.outputs):
        expression = "".join(
            _expression(piece, {name: column[i] for name, column in seen.known.items()}) for piece in shape
        )
        if not (matched := re.fullmatch(expression, output.strip())):
            return (), []
        rows.append(matched.groups())
    columns = list(zip(*rows, strict=True))
    found: list[tuple[int, int]] = []
    why: list[Evidence] = []
    for one, two in combinations(range(len(columns)), 2):
        distinct = len(set(columns[one]))
        chance = coincidence(seen.traces, distinct)
        known = any(two == second for _, second in found)
        if columns[one] == columns[two] and distinct > 1 and chance <= LIMIT and not known:
            found.append((one, two))
            why.append(evidence("equal numbers", seen.traces, chance))
    return tuple(found), why


def _expression(piece: ShapePiece, known: dict[str, str]) -> str:
    if isinstance(piece, Kind):
        return piece.expression if piece.low is None else f"({piece.expression})"
    return re.escape(piece.text if isinstance(piece, Text) else known[label(piece)] if isinstance(piece, Ref) else "")
