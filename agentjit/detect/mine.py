"""Mining: which sequences of operations recur across sessions.

The unit is the episode: a prompt and what it led to. Episodes are clustered by prompt; within a cluster those with the
same sequence of signatures are one hotspot, and an episode whose extra operations only read is one of them too (its
extras are noise). What recurs in mid-episode is counted as n-grams per session and reported beside.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from agentjit.detect.heat import heat
from agentjit.detect.prompt import clusters, stands_alone, template
from agentjit.detect.signature import is_bookkeeping, operation
from agentjit.hotspot import Hotspot, Occurrence, Operation
from agentjit.trace import Effect, Ended, Episode

LONGEST = 25  # operations; a longer episode is exploration
MINIMUM = 3  # occurrences from which a sequence is worth compiling
SHOWN = 2  # occurrences from which it is worth showing
NGRAMS = range(2, 7)

Row = tuple[Episode, tuple[Operation, ...]]


def operations(episode: Episode) -> tuple[Operation, ...]:
    """What the main agent did in an episode, bookkeeping left out."""
    return tuple(operation(call) for call in episode.calls if not call.agent and not is_bookkeeping(call.tool))


def hotspots(episodes: Sequence[Episode], *, now: float) -> list[Hotspot]:
    """Recurring sequences: those that a prompt starts, then others, the hottest first. `now` is in Unix seconds."""
    rows = [(episode, operations(episode)) for episode in episodes if _minable(episode)]
    rows = [(episode, ops) for episode, ops in rows if ops and not any(map(_ours, ops))]
    short = [row for row in rows if len(row[1]) <= LONGEST]
    found = [
        hotspot
        for cluster in clusters([(i, episode.prompt) for i, (episode, _) in enumerate(short)])
        if len(cluster) >= SHOWN
        for hotspot in _families([short[i] for i in cluster], now)
    ]
    known = {hotspot.signature for hotspot in found}
    found += [hotspot for hotspot in _in_between(rows, now) if not _inside(hotspot.signature, known)]
    return sorted(found, key=lambda hotspot: (hotspot.template is None, -hotspot.heat, hotspot.id))


def _minable(episode: Episode) -> bool:
    """A person typed it, the model did all of it, and every call came to its end: a refused one is no habit."""
    ended = all(call.ended is Ended.RETURNED for call in episode.calls)
    return episode.kind == "typed" and not episode.own and ended


_OURS = re.compile(r"(?<![\w.~/-])(?:[\w.~/-]*/)?aj[\"']?\s+[a-z]|-m\s+agentjit\b|/\.aj/skills/")


def _ours(operation: Operation) -> bool:
    """The call ran AgentJIT itself, or a skill by its file, behind whatever it stands. In doubt it did."""
    return operation.line is not None and _OURS.search(operation.line.text) is not None


def _families(rows: list[Row], now: float) -> list[Hotspot]:
    """The hotspots of one prompt cluster."""
    groups: dict[tuple[tuple[str, ...], int], list[Row]] = defaultdict(list)
    for row in rows:
        groups[_signature(row[1]), len(row[0].prompt.split())].append(row)
    if max(map(len, groups.values())) < MINIMUM and (core := _common(rows)):
        return _prompted([_occurrence(row, core) for row in rows], now)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    taken: set[str] = set()
    found: list[Hotspot] = []
    for (core, _), exact in ordered:
        members = [row for row in exact if row[0].id not in taken]
        if len(members) < SHOWN:
            continue
        if len(members) >= MINIMUM:
            fitting = [row for row in rows if row[0].id not in taken and row not in members and _fits(row, core)]
            members += [row for row in fitting if template([row[0].prompt, *(m[0].prompt for m in members)])]
        taken |= {episode.id for episode, _ in members}
        found += _prompted([_occurrence(row, core) for row in members], now)
    rest = [row for row in rows if row[0].id not in taken]
    return found + (_unsettled(rest, now) if len(rest) >= MINIMUM else [])


def _unsettled(rows: list[Row], now: float) -> list[Hotspot]:
    """Prompts of one form that never led to the same steps twice: named, and left alone."""
    learned = template([episode.prompt for episode, _ in rows])
    if learned is None:
        return []
    core = _signature(rows[0][1])
    for _, ops in rows[1:]:
        core = _longest_common(core, _signature(ops))
    common = f"{len(core)} steps are common to all" if core else "no step is common to all"
    return [
        replace(made, obstacle=f"unstable: {len(made.occurrences)} runs, every one of other steps; {common}")
        for made in _prompted([_occurrence(row, core) for row in rows], now)
    ]


def _signature(ops: Sequence[Operation]) -> tuple[str, ...]:
    return tuple(op.signature for op in ops)


def _fits(row: Row, core: tuple[str, ...]) -> bool:
    """Whether the episode is `core` with nothing but reads in between, and not more of them than `core` is long."""
    occurrence = _occurrence(row, core)
    return (
        _signature(occurrence.operations) == core
        and len(occurrence.noise) <= len(core)
        and all(op.effect is Effect.READS for op in occurrence.noise)
    )


def _occurrence(row: Row, core: tuple[str, ...]) -> Occurrence:
    """The episode's part in `core`, matched from the left; the rest is noise."""
    episode, ops = row
    wanted = list(core)
    members, noise = [], []
    for op in ops:
        if wanted and op.signature == wanted[0]:
            wanted.pop(0)
            members.append(op)
        else:
            noise.append(op)
    return Occurrence(episode, tuple(members), tuple(noise))


def _common(rows: list[Row]) -> tuple[str, ...]:
    """The longest common subsequence of all rows (folded pair by pair) if what it leaves out only reads, else ()."""
    if len(rows) < MINIMUM:
        return ()
    core = _signature(rows[0][1])
    for _, ops in rows[1:]:
        core = _longest_common(core, _signature(ops))
    return core if core and all(_fits(row, core) for row in rows) else ()


def _longest_common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Longest common subsequence (Wagner and Fischer 1974); both are at most `LONGEST` long."""
    best: list[list[tuple[str, ...]]] = [[()] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            longer = max(best[i][j + 1], best[i + 1][j], key=len)
            best[i + 1][j + 1] = (*best[i][j], a) if a == b and len(best[i][j]) >= len(longer) else longer
    return best[-1][-1]


def _prompted(occurrences: list[Occurrence], now: float) -> list[Hotspot]:
    """One hotspot for occurrences of one sequence; the words in which their prompts differ become slots.

    Those that began in another directory than the prompt's are left out: a skill would run in the wrong one.
    Nothing if too few remain to be shown.
    """
    occurrences = sorted(filter(_at_home, occurrences), key=lambda occurrence: occurrence.episode.at)
    if len(occurrences) < SHOWN:
        return []
    prompts = tuple(dict.fromkeys(occurrence.episode.prompt for occurrence in occurrences))
    learned = template([occurrence.episode.prompt for occurrence in occurrences])
    obstacle = "" if learned else "the prompts that lead to it have no common form"
    signature = _signature(occurrences[0].operations)
    key = "".join(part if isinstance(part, str) else "{}" for part in learned.parts).casefold() if learned else ""
    made = _hotspot(signature, occurrences, now, key)
    if learned and not stands_alone(learned):
        obstacle = "it only means something in its conversation"
    elif not obstacle and len(occurrences) < MINIMUM:
        obstacle = f"seen {len(occurrences)} times, {MINIMUM} are needed"
    elif not obstacle and made.sessions < SHOWN:
        obstacle = "seen in one session only"
    return [replace(made, template=learned, prompts=prompts, obstacle=obstacle)]


def _at_home(occurrence: Occurrence) -> bool:
    """Whether its first call ran in the directory the prompt was typed in, as far as both are known."""
    typed = occurrence.episode.cwd.rstrip("/")
    began = occurrence.operations[0].call.cwd.rstrip("/") if occurrence.operations else ""
    return not typed or not began or typed == began


def _hotspot(signature: tuple[str, ...], occurrences: list[Occurrence], now: float, key: str) -> Hotspot:
    episodes = [occurrence.episode for occurrence in occurrences]
    effects = [op.effect for occurrence in occurrences for op in occurrence.operations]
    return Hotspot(
        id=hashlib.sha256("\n".join((key, *signature)).encode("utf-8", "replace")).hexdigest()[:12],
        signature=signature,
        occurrences=tuple(occurrences),
        heat=heat([episode.at for episode in episodes], now=now),
        requests=_median([float(episode.requests) for episode in episodes if episode.requests]),
        tokens=_median([float(episode.tokens) for episode in episodes if episode.tokens]),
        seconds=_median([episode.seconds for episode in episodes if episode.seconds]),
        effect=Effect.worst(effects),
    )


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


def _in_between(rows: list[Row], now: float) -> list[Hotspot]:
    """Sequences met in at least `MINIMUM` sessions wherever they stand; those inside a longer one as frequent go.

    Only commands count here: that files are read and edited in turn is not a workflow but programming.
    """
    places: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, (_, ops) in enumerate(rows):
        signature = _signature(ops)
        for size in NGRAMS:
            for start in range(len(signature) - size + 1):
                if all(op.line for op in ops[start : start + size]):
                    places[signature[start : start + size]].append((number, start))
    counts = Counter({gram: len({rows[n][0].session for n, _ in where}) for gram, where in places.items()})
    frequent = {gram for gram, sessions in counts.items() if sessions >= MINIMUM and len(set(gram)) > 1}
    covered = {part for gram in frequent for part in (gram[1:], gram[:-1]) if counts[part] <= counts[gram]}
    found = []
    for gram in sorted(frequent - covered):
        occurrences = []
        for (number, start), following in pairwise([*places[gram], (-1, -1)]):
            if following[0] == number:  # the same episode again: the last one stands for it
                continue
            episode, ops = rows[number]
            occurrences.append(Occurrence(episode, ops[start : start + len(gram)]))
        made = _hotspot(gram, sorted(occurrences, key=lambda each: each.episode.at), now, "")
        obstacle = "it recurs inside episodes; no prompt of its own starts it"
        found.append(replace(made, obstacle=obstacle, requests=None, tokens=None, seconds=None))
    return found


def _inside(signature: tuple[str, ...], known: set[tuple[str, ...]]) -> bool:
    size = len(signature)
    return any(signature == each[i : i + size] for each in known for i in range(len(each) - size + 1))
