"""Inferring contracts: likely invariants of each step's outcome, in the manner of Daikon (Ernst et al., 2007).

A property is kept if every trace has it and chance alone would hardly have it so; the tightest of a short list is
taken, and what a kept check implies is left out. A loose property is worth little, so an output that has nothing in
common with the others gets none. The families are in `invariants`, one module each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from agentjit.compile.align import AlignedStep
from agentjit.compile.explaining.shape import Sources, shape
from agentjit.compile.invariants.calm import calm
from agentjit.compile.invariants.evidence import SAME, evidence, repeated
from agentjit.compile.invariants.exit_status import exit_status
from agentjit.compile.invariants.files import files
from agentjit.compile.invariants.json_schema import json_form
from agentjit.compile.invariants.numbers import same_numbers
from agentjit.compile.invariants.observed import Observed
from agentjit.compile.invariants.phrases import begins, each_line, phrases
from agentjit.compile.invariants.places import places
from agentjit.compile.invariants.relations import relations
from agentjit.compile.invariants.rows import rows
from agentjit.compile.invariants.table import cells, columns, forms, header, words
from agentjit.contract import Contract
from agentjit.piece import Argument, Binding, Cell, Finder, Text


def contract(step: AlignedStep, bindings: Sequence[Binding], known: Sources, *, verdict: bool = False) -> Contract:
    """What held after `step` in every occurrence, given what is taken out of its output and the values known by then.

    A table or JSON text that values are taken from may have other rows next time: its form, its header and what else
    stands at the very place count. An output that is passed on whole is watched where it is taken. Any other must keep
    its shape. Where there is no shape, an output without a word of trouble must stay without one, and what its lines
    have in common stays. `verdict`: the answer quotes no output at all, so the outputs must be very much like those it
    was given over.
    """
    seen = Observed(step, bindings, known, verdict)
    exits, why = exit_status(seen)
    exists, there = files(seen)
    found = Contract(seen=seen.traces, exit_codes=exits, exists=exists, evidence=(*why, *there))
    if seen.shapely and (like := shape(seen.outputs, known, verdict=verdict)):
        same, why = same_numbers(seen, like)
        return _with(found, [evidence("shape", seen.traces, repeated(seen.traces, SAME)), *why], shape=like, same=same)
    quiet, why = calm(seen)
    found = _with(found, why, calm=quiet)
    if seen.quoted_whole or seen.cut_off:
        return _watched(found, seen)
    return _structured(found, seen)


def _watched(found: Contract, seen: Observed) -> Contract:
    """What may be told of an output whose end may be missing, or that is quoted."""
    titles, why = header(seen) if seen.structured else ("", [])
    found = _with(found, why, header=titles)
    if titles:
        few, why = words(seen)
        found = _with(found, why, words=few)
    held, why = places(seen)
    found = _with(found, why, holds=held)
    if seen.quoted_whole and not seen.cut_off:
        like, why = begins(seen)
        found = _with(found, why, shape=like)
    return found


def _structured(found: Contract, seen: Observed) -> Contract:
    """Tables by their rows, JSON by its form, other texts by their lines."""
    held, why = places(seen)
    form, rest, told = json_form(seen, held)
    found = _with(found, [*why[: len(rest)], *told], form=form, holds=rest)
    if form:
        related, why = relations(seen, [finder for finder, _ in held])
        return _with(found, why, relations=related)
    if seen.tabular and (titled := _titled(found, seen)):
        return titled
    common, why = rows(seen)
    if common:
        found = _with(found, why, **asdict(common))
    if seen.structured:
        return found
    if every := each_line(seen):
        return _with(found, [evidence("every line", seen.traces, repeated(seen.traces))], each=every)
    said, size, why = phrases(seen)
    return _with(found, why, says=said, lines=size)


def _titled(found: Contract, seen: Observed) -> Contract | None:
    """The checks of a table whose columns have titles in capitals; None if it has none."""
    titles, why = header(seen)
    if not titles:
        return None
    size, more = columns(seen) if seen.tables else (None, [])
    found = _with(found, [*why, *more], header=titles, columns=size)
    few, why = words(seen)
    alike, more = forms(seen)
    known_cells, most = cells(seen)
    found = _with(found, most, cells=known_cells)
    rest = tuple(each for each in found.holds if not _is_word(each, few))
    return _with(found, [*why, *more], words=few, forms=alike, holds=rest)


def _is_word(held: tuple[Finder, Argument], few: Sequence[tuple[int, tuple[str, ...]]]) -> bool:
    """Whether a cell can only be what it should be, because the words of its column can."""
    finder, value = held
    if not isinstance(finder, Cell):
        return False
    words = dict(few).get(finder.column, ())
    return len(words) == 1 and value == (Text(text=words[0]),)


def _with(found: Contract, why: Sequence[object], **checks: object) -> Contract:
    return found.model_copy(update={**checks, "evidence": (*found.evidence, *why)})
