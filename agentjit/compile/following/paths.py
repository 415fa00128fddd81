"""The paths of a hotspot: one workflow may end in several ways, and the usual way can be compiled alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import replace

from agentjit.compile.following.order import key, reordered, with_reads, without_optional
from agentjit.compile.following.rounds import is_loop, rows
from agentjit.hotspot import Hotspot, Occurrence, Slot, Template
from agentjit.skill import Plan
from agentjit.step import Ending, Path
from agentjit.trace import Effect

ODD = 4  # one in so many runs may be left aside for steps that no other run took


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
    """All runs of the prompt: first with what at least two of them read in between, then with what more of them did,
    then with the hotspot's own steps; and the same with all that was read in the runs that are none of the hotspot's.
    At last those of them that are not the only one of their kind. Nothing where all runs are alike.
    """
    runs = every(hotspot)
    own = {key(op) for occurrence in hotspot.occurrences for op in occurrence.operations}
    read = Counter(each for run in runs.occurrences for each in _read_beside(run, own))
    size = len(runs.occurrences)
    known = {occurrence.episode.id for occurrence in hotspot.occurrences if not occurrence.more}
    found: dict[tuple[tuple[str, ...], ...], Hotspot] = {}
    for fewest in dict.fromkeys((2, max(2, size // 4), max(2, size // 3), size + 1)):
        taken = own | {each for each, times in read.items() if times >= fewest}
        for only in (frozenset[str](), known):
            made = [_with(each, taken) if not only or each.episode.id in only else each for each in runs.occurrences]
            kept = [i for i, each in enumerate(made) if each.operations]
            if len(kept) == size or not only:
                found.setdefault(
                    tuple(tuple(op.call.id for op in made[i].operations) for i in kept),
                    chosen(replace(runs, occurrences=tuple(made)), kept),
                )
    parted = [reordered(each) for each in found.values() if len(set(map(_written, each.occurrences))) > 1]
    return parted + [each for each in map(_alike, parted[:1] + parted[1:][-1:]) if each]


def _read_beside(run: Occurrence, own: Container[str]) -> set[str]:
    every_one = (*run.operations, *run.noise)
    return {each for op in every_one if op.effect is Effect.READS and (each := key(op)) not in own}


def _with(run: Occurrence, taken: Container[str]) -> Occurrence:
    """A run without the reads whose keys are not `taken`: they count as looking around."""
    whole = with_reads(run, {key(op) for op in run.noise})
    kept = tuple(op for op in whole.operations if op.effect is not Effect.READS or key(op) in taken)
    aside = tuple(op for op in whole.operations if op.effect is Effect.READS and key(op) not in taken)
    return replace(whole, operations=kept, noise=aside)


def _alike(hotspot: Hotspot) -> Hotspot | None:
    """The runs without the few that took steps, or repeated some, as no other run did: those may be looking around in
    the same words as they work, `cat README.md` beside `cat list`. None if there are none of these, or many.
    """
    kinds = [
        tuple((item.keys, len(item.rounds) > 1) for item in row)
        for row in rows([each.operations for each in hotspot.occurrences])
    ]
    counts = Counter(kinds)
    kept = [i for i, kind in enumerate(kinds) if counts[kind] > 1]
    odd = len(kinds) - len(kept)
    return chosen(hotspot, kept) if 0 < ODD * odd <= len(kinds) else None


def begun(hotspot: Hotspot) -> list[Hotspot]:
    """All runs of the prompt, to be compiled as far as they go one way: with all that several of them read, and
    without what is read beside the hotspot's own steps.
    """
    found = _parted(reordered(hotspot)) if hotspot.template and not hotspot.obstacle else []
    return [each for each in found if len(each.occurrences) == len(every(hotspot).occurrences)][:2]


def every(hotspot: Hotspot) -> Hotspot:
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


def unwitnessed(hotspot: Hotspot, place: int, others: Sequence[int]) -> bool:
    """Whether none of the `others` went the way this occurrence did: from them nothing is known of that way."""
    folded = rows([each.operations for each in hotspot.occurrences])
    ways = [
        [(item.keys, {op.call.exit_code for operations in item.rounds for op in operations}) for item in row]
        for row in folded
    ]
    return all(ways[i] != ways[place] for i in others)


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
    others = [_with(each, read) for each in every(hotspot).occurrences if each.episode.id not in own]
    return [each for each in others if each.operations]
