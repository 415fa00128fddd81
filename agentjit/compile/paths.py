"""The paths of a hotspot: one workflow may end in several ways, and the usual way can be compiled alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from agentjit.compile.order import key, reordered, with_reads, without_optional
from agentjit.compile.rounds import is_loop, rows
from agentjit.hotspot import Hotspot, Occurrence, Slot, Template
from agentjit.skill import Plan
from agentjit.step import Ending, Path
from agentjit.trace import Effect


def paths(hotspot: Hotspot) -> list[Hotspot]:
    """What may be compiled of a hotspot, the most telling first.

    All runs of its prompt, with what they read in between and without: where they part, a plan forks. Then its own
    occurrences as they are usually written, then only those with the commonest outcomes, or in the commonest directory.

    What one occurrence does in three calls, another may do in one line: a program follows one way of writing, the
    commonest of those after which nothing else was done. A command that sometimes fails leads to another answer then;
    the usual path is still a program, whose contract asks for the usual statuses and hands everything else back. One
    prompt may mean other values in another repository.
    """
    hotspot = reordered(hotspot)
    found = [] if hotspot.obstacle or not hotspot.template else _parted(hotspot)
    if not hotspot.obstacle:
        usual, bare = _usually(hotspot), _usually(without_optional(hotspot))
        usual = bare if len(bare.occurrences) > len(usual.occurrences) else usual
        if found and is_loop([each.operations for each in hotspot.occurrences if not each.more]) and _repeats(usual):
            return found  # so many rounds, because there was so much: another number of them is no other way
        hotspot = usual
    found.append(hotspot)
    kinds: Sequence[object]
    for kinds in (
        [_statuses(occurrence) for occurrence in hotspot.occurrences],
        [occurrence.episode.cwd for occurrence in hotspot.occurrences],
    ):
        counts = Counter(kinds)
        if len(counts) > 1:
            commonest = counts.most_common(1)[0][0]
            found.append(chosen(hotspot, [i for i, each in enumerate(kinds) if each == commonest]))
    return found


def _repeats(hotspot: Hotspot) -> bool:
    """Whether anything is done several times in a row."""
    (row, *_) = rows([each.operations for each in hotspot.occurrences])
    return any(len(item.rounds) > 1 for item in row)


def _parted(hotspot: Hotspot) -> list[Hotspot]:
    """All runs of the prompt: first with what at least two of them read in between, then with what a good part of them
    did, then with the hotspot's own steps; nothing where all runs are alike.
    """
    every = _with_others(hotspot)
    read = Counter(each for occurrence in every.occurrences for each in {key(op) for op in occurrence.noise})
    found = []
    for fewest in (2, max(2, len(every.occurrences) // 4), len(every.occurrences) + 1):
        taken = {each for each, times in read.items() if times >= fewest}
        made = replace(every, occurrences=tuple(with_reads(each, taken) for each in every.occurrences))
        if made not in found and len(set(map(_written, made.occurrences))) > 1:
            found.append(made)
    return [reordered(each) for each in found]


def _with_others(hotspot: Hotspot) -> Hotspot:
    """The hotspot with the other runs of its prompt among its occurrences, in the order of time."""
    assert hotspot.template
    pattern = _prompt(hotspot.template)
    matched = [(each, re.fullmatch(pattern, each.episode.prompt.strip())) for each in hotspot.others]
    others = [(each, place.groups()) for each, place in matched if place]
    slots = hotspot.template.slots
    own = [
        (each, tuple(slot.values[i] for slot in slots))
        for i, each in enumerate(hotspot.occurrences)
        if not each.more  # then it is among the others, as a whole
    ]
    rows = sorted((*own, *others), key=lambda row: (row[0].episode.at, row[0].episode.id))
    columns = iter(zip(*(values for _, values in rows), strict=True))
    parts = tuple(
        replace(part, values=next(columns)) if isinstance(part, Slot) else part for part in hotspot.template.parts
    )
    occurrences = tuple(each for each, _ in rows)
    return replace(hotspot, occurrences=occurrences, others=(), template=Template(parts, hotspot.template.spaces))


def _prompt(template: Template) -> str:
    """Prompts of a template as a regular expression, with a group for each slot."""
    written = ""
    for space, part in zip(template.spaces, template.parts, strict=True):
        gap = r"\s+" if space and written else ""
        written += gap + (r"(\S+?)" if isinstance(part, Slot) else f"(?i:{re.escape(part)})")
    return written + r"[.!?]?"


def _usually(hotspot: Hotspot) -> Hotspot:
    """The hotspot with only those occurrences that are written alike, in as many calls and the same order."""
    ways = list(map(_written, hotspot.occurrences))
    counts = Counter((each.more, way) for each, way in zip(hotspot.occurrences, ways, strict=True))
    if len(counts) == 1:
        return hotspot
    usual = min(counts, key=lambda kind: (kind[0], -counts[kind], kind[1]))
    places = [i for i, each in enumerate(hotspot.occurrences) if (each.more, ways[i]) == usual]
    return chosen(hotspot, places)


def _written(occurrence: Occurrence) -> tuple[str, ...]:
    return tuple(operation.written for operation in occurrence.operations)


def _statuses(occurrence: Occurrence) -> tuple[tuple[int | None, bool], ...]:
    return tuple((operation.call.exit_code, operation.call.ok) for operation in occurrence.operations)


def chosen(hotspot: Hotspot, places: Sequence[int]) -> Hotspot:
    """The same hotspot seen only at these places of its occurrences; slots keep the values that belong to them."""

    def part(of: str | Slot) -> str | Slot:
        return of if isinstance(of, str) else replace(of, values=tuple(of.values[i] for i in places))

    template = hotspot.template and Template(tuple(map(part, hotspot.template.parts)), hotspot.template.spaces)
    return replace(hotspot, occurrences=tuple(hotspot.occurrences[i] for i in places), template=template)


def only_witness(hotspot: Hotspot, place: int) -> bool:
    """Whether no other occurrence went the way this one did: without it nothing is known of that way."""
    folded = rows([each.operations for each in hotspot.occurrences])
    ways = [
        [(item.keys, {op.call.exit_code for operations in item.rounds for op in operations}) for item in row]
        for row in folded
    ]
    return ways.count(ways[place]) == 1


def answered(plan: Plan) -> int:
    """How many of a plan's runs end in an answer."""
    if plan.fork is None:
        return plan.support.occurrences if plan.ending is Ending.ANSWERED else 0
    return sum(map(_answered, plan.fork.paths))


def _answered(path: Path) -> int:
    if path.fork is None:
        return path.seen if path.ending is Ending.ANSWERED else 0
    return sum(map(_answered, path.fork.paths))


def unlike(hotspot: Hotspot, traces: Sequence[Occurrence]) -> list[Occurrence]:
    """The other runs of a hotspot's prompt, without what is read in them and in none of the traces."""
    if hotspot.template is None:
        return []
    own = {each.episode.id for each in traces}
    read = {key(operation) for each in traces for operation in each.operations}
    others = [each for each in _with_others(hotspot).occurrences if each.episode.id not in own]

    def bare(occurrence: Occurrence) -> Occurrence:
        kept = (op for op in occurrence.operations if op.effect is not Effect.READS or key(op) in read)
        return replace(occurrence, operations=tuple(kept))

    return list(map(bare, others))
