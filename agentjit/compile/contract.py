"""Inferring contracts: likely invariants of each step's outcome, in the manner of Daikon (Ernst et al., 2007).

A property is kept if every trace has it; the tightest of a short list is taken. A loose property is worth little, so an
output that has no common shape gets none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentjit import kit
from agentjit.compile.align import AlignedStep
from agentjit.compile.explain import compose
from agentjit.compile.finders import find, is_table, json_places
from agentjit.compile.kinds import passing
from agentjit.compile.shape import Sources, shape
from agentjit.contract import Contract
from agentjit.piece import Argument, Binding, Cell, Field_, Finder, JsonKeys, JsonPath

_WORDS = 3  # different words in a column that count as all there are
_HELD = 40  # places of one output that are watched


def contract(step: AlignedStep, bindings: Sequence[Binding], known: Sources, *, verdict: bool = False) -> Contract:
    """What held after `step` in every occurrence, given what is taken out of its output and the values known by then.

    A table or JSON text that values are taken from may have other rows next time: its header and what else stands at
    the very place count. An output that is passed on whole is watched where it is taken. Any other must keep its shape.
    Where there is no shape, an output without a word of trouble must stay without one. `verdict`: the answer quotes no
    output at all, so the outputs must be very much like those it was given over.
    """
    exits = sorted({op.call.exit_code for op in step.operations if op.call.exit_code is not None})
    finders = [finder for binding in bindings for finder in binding.finders[:1]]
    rows = any(f.by == "json" or (f.by == "cell" and all(map(is_table, step.outputs))) for f in finders)
    whole = any(finder.by == "whole" for finder in finders)
    header = _header(step.outputs) if rows else ""
    like = () if rows or whole else shape(step.outputs, known, verdict=verdict)
    return Contract(
        seen=len(step.operations),
        exit_codes=tuple(exits),
        header=header,
        words=_words(step.outputs) if header else (),
        holds=() if like else _holds(step.outputs, finders, known, {binding.name for binding in bindings}),
        shape=like,
        calm=not like and not any(map(kit.troubled, step.outputs)),
    )


def _words(outputs: Sequence[str]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The columns of a table in which, in all rows of all traces, only a few words stand: a status, a type."""
    rows = [line.split() for output in outputs for line in output.strip("\n").split("\n")[1:]]
    found: list[tuple[int, tuple[str, ...]]] = []
    for column in range(min(map(len, rows), default=0)):
        words = sorted({row[column] for row in rows})
        if len(words) <= _WORDS and all(re.fullmatch(r"[A-Za-z][A-Za-z_/-]*", word) for word in words):
            found.append((column, tuple(words)))
    return tuple(found)


def _holds(
    outputs: Sequence[str], structured: Sequence[Finder], known: Sources, own: set[str]
) -> tuple[tuple[Finder, Argument], ...]:
    """The places of structured outputs whose value is always the same, or follows from values known otherwise (`own`
    values are taken out of these outputs: that they are there says nothing).
    """
    bound = [{name: column[i] for name, column in known.items()} for i in range(len(outputs))]
    others = {name: column for name, column in known.items() if name not in own}
    places: list[Finder] = []
    ways = [finder for finder in structured if isinstance(finder, JsonPath)]
    for finder in structured:
        if isinstance(finder, Cell) and (finder.where or finder.begins):
            width = min(len(line.split()) for line in outputs[0].split("\n") if line.strip())
            taken = {finder.column, *(column for column, _ in (*finder.where, *finder.begins))}
            places += [finder.model_copy(update={"column": c}) for c in range(width) if c not in taken]
    if ways:
        places += [each for place in json_places(outputs[0]) for each in _watched(place, ways)]
    found: list[tuple[Finder, Argument]] = []
    for place in dict.fromkeys(place for place in places if place not in structured):
        seen = [find(place, output, bound[i]) for i, output in enumerate(outputs)]
        if any(len(each) != 1 for each in seen):
            continue
        column = tuple(each[0] for each in seen)
        value = compose(column, others)
        if value and not (len(set(column)) == 1 and passing(column[0])):
            found.append((place, value))
    return tuple(found[:_HELD])


def _watched(place: JsonPath | JsonKeys, ways: Sequence[JsonPath]) -> list[Finder]:
    """`place` as it can be found again: as it is outside of lists, in a list only in the items a way goes through."""
    lists = [i for i, part in enumerate(place.path) if isinstance(part, int)]
    if not lists:
        return [place]
    found: list[Finder] = []
    for way in ways:
        front, size = way.path[: lists[-1] + 1], lists[-1] + 1
        same = len(front) == size and all(
            own == step or (isinstance(own, int) and isinstance(step, Field_))
            for own, step in zip(place.path, front, strict=False)
        )
        item = front[-1] if same else None
        if same and not (isinstance(item, Field_) and place.path[size:] == (item.key,)):
            found.append(place.model_copy(update={"path": (*front, *place.path[size:])}))
    return found


def _header(outputs: Sequence[str]) -> str:
    """Column titles: a first line that never changes, above other lines, in capitals and without digits."""
    firsts = {tuple(output.lstrip("\n").split("\n", 1)[0].split()) for output in outputs}
    if len(firsts) != 1 or not all("\n" in output.strip() for output in outputs):
        return ""
    (cells,) = firsts
    titles = all(re.fullmatch(r"[A-Z][A-Z()/%_-]*", cell) for cell in cells)
    return " ".join(cells) if len(cells) >= 2 and titles else ""
