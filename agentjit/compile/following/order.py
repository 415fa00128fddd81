"""Occurrences made alike: steps that only read in the usual order, and those that some runs left out set aside.

Steps that only read commute, so that runs that differ in their order are the same run (Mazurkiewicz 1977, trace
theory); every other step keeps its place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from agentjit.hotspot import Hotspot, Occurrence, Operation
from agentjit.trace import Effect

_ARGUMENTS = re.compile(r"<arg>(?: <arg>)+")


def key(operation: Operation) -> str:
    """What makes two calls the same step: the tool, and what is done with the values masked, however many in a row."""
    return f"{operation.call.tool}\0{_ARGUMENTS.sub('<arg>', operation.written)}"


def keys(occurrence: Occurrence) -> tuple[str, ...]:
    """The steps of an occurrence."""
    return tuple(map(key, occurrence.operations))


def reordered(hotspot: Hotspot) -> Hotspot:
    """The hotspot with every occurrence in the commonest order of its steps, where only reads have to move for it."""
    usual: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row, _ in Counter(map(keys, hotspot.occurrences)).most_common():
        usual.setdefault(tuple(sorted(row)), row)
    occurrences = tuple(
        replace(each, operations=_moved(each.operations, usual[tuple(sorted(keys(each)))]))
        for each in hotspot.occurrences
    )
    return replace(hotspot, occurrences=occurrences)


def _moved(operations: tuple[Operation, ...], order: Sequence[str]) -> tuple[Operation, ...]:
    """The operations in `order`, or as they are if another than a read would change places with something."""
    left: dict[str, list[int]] = {}
    for place, operation in enumerate(operations):
        left.setdefault(key(operation), []).append(place)
    places = [left[each].pop(0) for each in order]
    for at, place in enumerate(places):
        for before in places[:at]:
            both_read = operations[place].effect is Effect.READS and operations[before].effect is Effect.READS
            if before > place and not both_read:
                return operations
    return tuple(operations[place] for place in places)


def without_optional(hotspot: Hotspot) -> Hotspot:
    """The hotspot without the reads that some of its occurrences left out: they count as looking around."""
    optional = {name for name, (fewest, _) in zip(hotspot.signature, hotspot.loops, strict=False) if not fewest}

    def left_out(operation: Operation) -> bool:
        return operation.effect is Effect.READS and {action.signature for action in operation.actions} <= optional

    def bare(occurrence: Occurrence) -> Occurrence:
        aside = tuple(operation for operation in occurrence.operations if left_out(operation))
        kept = tuple(operation for operation in occurrence.operations if not left_out(operation))
        return replace(occurrence, operations=kept, noise=(*occurrence.noise, *aside)) if kept else occurrence

    return replace(hotspot, occurrences=tuple(map(bare, hotspot.occurrences))) if optional else hotspot


def with_reads(occurrence: Occurrence, taken: Collection[str]) -> Occurrence:
    """The occurrence with those reads in between as steps of its own whose keys are `taken`, in the episode's order."""
    own = [operation for operation in occurrence.noise if key(operation) in taken]
    if not own:
        return occurrence
    place = {call.id: number for number, call in enumerate(occurrence.episode.calls)}
    every = sorted((*occurrence.operations, *own), key=lambda operation: place.get(operation.call.id, len(place)))
    aside = tuple(operation for operation in occurrence.noise if key(operation) not in taken)
    return replace(occurrence, operations=tuple(every), noise=aside, order=(), repeats=())
