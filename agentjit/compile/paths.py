"""The paths of a hotspot: one workflow may end in several ways, and the usual way can be compiled alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from agentjit.hotspot import Hotspot, Occurrence, Slot, Template


def paths(hotspot: Hotspot) -> list[Hotspot]:
    """The hotspot as it is usually written, then only its occurrences with the commonest outcomes, or in the commonest
    directory.

    What one occurrence does in three calls, another may do in one line, or leave out a loop's second round: a program
    follows one way of writing, the commonest of those after which nothing else was done. A command that sometimes fails
    leads to another answer then; the usual path is still a program, whose contract asks for the usual statuses and
    hands everything else back. One prompt may mean other values in another repository.
    """
    if not hotspot.obstacle:
        hotspot = _usually(hotspot)
    found = [hotspot]
    for kinds in (
        [_statuses(occurrence) for occurrence in hotspot.occurrences],
        [occurrence.episode.cwd for occurrence in hotspot.occurrences],
    ):
        counts = Counter(kinds)
        if len(counts) > 1:
            usual = counts.most_common(1)[0][0]
            found.append(chosen(hotspot, [i for i, each in enumerate(kinds) if each == usual]))
    return found


def _usually(hotspot: Hotspot) -> Hotspot:
    """The hotspot with only those occurrences that are written alike, in as many calls and the same order."""
    ways = [tuple(operation.signature for operation in each.operations) for each in hotspot.occurrences]
    counts = Counter((each.more, way) for each, way in zip(hotspot.occurrences, ways, strict=True))
    if len(counts) == 1:
        return hotspot
    usual = min(counts, key=lambda kind: (kind[0], -counts[kind], kind[1]))
    places = [i for i, each in enumerate(hotspot.occurrences) if (each.more, ways[i]) == usual]
    return chosen(hotspot, places)


def _statuses(occurrence: Occurrence) -> tuple[tuple[int | None, bool], ...]:
    return tuple((operation.call.exit_code, operation.call.ok) for operation in occurrence.operations)


def chosen(hotspot: Hotspot, places: list[int]) -> Hotspot:
    """The same hotspot seen only at these places of its occurrences; slots keep the values that belong to them."""

    def part(of: str | Slot) -> str | Slot:
        return of if isinstance(of, str) else replace(of, values=tuple(of.values[i] for i in places))

    template = hotspot.template and Template(tuple(map(part, hotspot.template.parts)), hotspot.template.spaces)
    return replace(hotspot, occurrences=tuple(hotspot.occurrences[i] for i in places), template=template)
