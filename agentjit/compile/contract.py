"""Inferring contracts: likely invariants of each step's outcome, in the manner of Daikon (Ernst et al., 2007).

A property is kept if every trace has it; the tightest of a short list is taken. A loose property is worth little, so an
output that has no common shape gets none, and `holds_still` tells whoever relies on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentjit import kit
from agentjit.compile.align import AlignedStep
from agentjit.compile.finders import find, is_table, json_leaves
from agentjit.compile.kinds import passing
from agentjit.compile.shape import Sources, shape
from agentjit.skill import Binding, Cell, Contract, Field_, Finder, JsonPath, Piece, Ref, Text

_HELD = 8  # places of one output that are watched


def contract(step: AlignedStep, bindings: Sequence[Binding], known: Sources) -> Contract:
    """What held after `step` in every occurrence, given what is taken out of its output and the values known by then.

    A table or JSON text that values are taken from may have other rows next time: its header and what else stands at
    the very place count. An output that is passed on whole is watched where it is taken. Any other must keep its shape.
    Where there is no shape, an output without a word of trouble must stay without one.
    """
    exits = sorted({op.call.exit_code for op in step.operations if op.call.exit_code is not None})
    finders = [finder for binding in bindings for finder in binding.finders[:1]]
    rows = any(f.by == "json" or (f.by == "cell" and all(map(is_table, step.outputs))) for f in finders)
    whole = any(finder.by == "whole" for finder in finders)
    like = () if rows or whole else shape(step.outputs, known)
    return Contract(
        seen=len(step.operations),
        exit_codes=tuple(exits),
        header=_header(step.outputs) if rows else "",
        holds=() if like else _holds(step.outputs, finders, known, {binding.name for binding in bindings}),
        shape=like,
        calm=not like and not any(map(kit.troubled, step.outputs)),
    )


def _holds(
    outputs: Sequence[str], structured: Sequence[Finder], known: Sources, own: set[str]
) -> tuple[tuple[Finder, Piece], ...]:
    """The places of structured outputs whose value is always the same, or always a value known otherwise (`own` values
    are taken out of these outputs: that they are there says nothing).
    """
    bound = [{name: column[i] for name, column in known.items()} for i in range(len(outputs))]
    places: list[Finder] = []
    for finder in structured:
        if isinstance(finder, Cell) and (finder.where or finder.begins):
            width = min(len(line.split()) for line in outputs[0].split("\n") if line.strip())
            taken = {finder.column, *(column for column, _ in (*finder.where, *finder.begins))}
            places += [finder.model_copy(update={"column": c}) for c in range(width) if c not in taken]
        if isinstance(finder, JsonPath):
            places += _beside(finder, json_leaves(outputs[0]))
    found: list[tuple[Finder, Piece]] = []
    for place in dict.fromkeys(places):
        seen = [find(place, output, bound[i]) for i, output in enumerate(outputs)]
        if any(len(each) != 1 for each in seen):
            continue
        column = tuple(each[0] for each in seen)
        if len(set(column)) == 1 and column[0] and not passing(column[0]):
            found.append((place, Text(text=column[0])))
        elif name := next((name for name, values in known.items() if values == column and name not in own), ""):
            found.append((place, Ref(name=name)))
    return tuple(found[:_HELD])


def _beside(finder: JsonPath, leaves: Sequence[JsonPath]) -> list[Finder]:
    """The scalars of the objects that lie on the way to a value, in the list items that the way goes through."""
    found: list[Finder] = []
    for leaf in leaves:
        way, own = finder.path, leaf.path
        on_it = len(own) <= len(way) and all(
            part == step or (isinstance(part, int) and isinstance(step, Field_))
            for part, step in zip(own[:-1], way, strict=False)
        )
        item = way[len(own) - 2] if len(own) > 1 else None
        chosen_by = item.key if isinstance(item, Field_) else None
        if on_it and isinstance(own[-1], str) and own[-1] != chosen_by:
            found.append(JsonPath(path=(*way[: len(own) - 1], own[-1])))
    return [place for place in dict.fromkeys(found) if place != finder]


def _header(outputs: Sequence[str]) -> str:
    """Column titles: a first line that never changes, above other lines, in capitals and without digits."""
    firsts = {tuple(output.lstrip("\n").split("\n", 1)[0].split()) for output in outputs}
    if len(firsts) != 1 or not all("\n" in output.strip() for output in outputs):
        return ""
    (cells,) = firsts
    titles = all(re.fullmatch(r"[A-Z][A-Z()/%_-]*", cell) for cell in cells)
    return " ".join(cells) if len(cells) >= 2 and titles else ""
