"""The paths of a hotspot: one workflow may end in several ways, and the usual way can be compiled alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from agentjit.hotspot import Hotspot, Occurrence, Slot, Template


def paths(hotspot: Hotspot) -> list[Hotspot]:
    """The hotspot as it is, then with only the occurrences whose steps had the commonest exit statuses.

    A command that sometimes fails leads to another answer then; the usual path is still a program, whose contract asks
    for the usual statuses and hands everything else back.
    """
    statuses = [_statuses(occurrence) for occurrence in hotspot.occurrences]
    counts = Counter(statuses)
    if len(counts) < 2:
        return [hotspot]
    usual = counts.most_common(1)[0][0]
    return [hotspot, chosen(hotspot, [i for i, each in enumerate(statuses) if each == usual])]


def _statuses(occurrence: Occurrence) -> tuple[int | None, ...]:
    return tuple(operation.call.exit_code for operation in occurrence.operations)


def chosen(hotspot: Hotspot, places: list[int]) -> Hotspot:
    """The same hotspot seen only at these places of its occurrences; slots keep the values that belong to them."""

    def part(of: str | Slot) -> str | Slot:
        return of if isinstance(of, str) else replace(of, values=tuple(of.values[i] for i in places))

    template = hotspot.template and Template(tuple(map(part, hotspot.template.parts)), hotspot.template.spaces)
    return replace(hotspot, occurrences=tuple(hotspot.occurrences[i] for i in places), template=template)
