"""Following the occurrences of a group to their end: step by step while they agree, a fork where they part.

A trace that leaves the compiled way at a guard is a side exit; one that is taken often enough is compiled as well and
hung onto the guard, so that traces grow into trees (Gal et al., "Trace-based Just-in-Time Type Specialization for
Dynamic Languages", PLDI 2009).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from agentjit.compile.explaining.finders import find
from agentjit.compile.following import ending
from agentjit.compile.following.build import Build, Left, PathDraft, Tail
from agentjit.compile.following.constants import generalised
from agentjit.compile.following.guards import guards
from agentjit.compile.following.rounds import Item, Row, first_apart, unrolled
from agentjit.compile.following.steps import take, take_loop
from agentjit.errors import NotCompilable
from agentjit.piece import Binding
from agentjit.step import Ending
from agentjit.trace import PLACEHOLDER

WITNESSES = 2  # traces from which a way of going on is compiled
ANSWERS = 3  # traces that must end in an answer of one kind where nothing but the answers part
PATHS = 3  # at one fork
DEPTH = 2  # forks one after the other


def follow(build: Build, rows: Sequence[Row], at: int = 0, depth: int = DEPTH) -> Tail:
    """Compile the occurrences' items from number `at` on. `NotCompilable` says what stands in the way."""
    hole: tuple[Build, int] | None = None
    while True:
        heads = [row[at] if at < len(row) else None for row in rows]
        if len({head.keys if head else () for head in heads}) > 1:
            return _fork(build, rows, at, depth)
        items = [head for head in heads if head]
        if not items:
            return _ended(build, rows, at, depth)
        looped = any(item.looped for item in items)
        if looped and len({len(item.rounds) for item in items}) == 1:
            rows = [unrolled(row, at) for row in rows]
            continue
        before, holes = build.copy(), len(build.shared.holes)
        try:
            if looped and (reason := _loop(build, items)):
                return _apart(build, rows, at, depth, reason)
            if not looped:
                take(build, tuple(item.rounds[0][0] for item in items))
            generalised(build)
        except Left as reason:
            if hole:
                before, at = hole
            return _left(before, rows[-1], at, str(reason))
        if len(build.shared.holes) > holes and hole is None:
            hole = before, at
            if not before.results:
                raise NotCompilable(f"{_first_hole(build)} in its first step varies and nothing seen explains it")
        at += 1


def _apart(build: Build, rows: Sequence[Row], at: int, depth: int, reason: str) -> Tail:
    """A loop that is none with its first round taken by itself: it may be what the others are listed by."""
    try:
        return follow(build, [first_apart(row, at) for row in rows], at, depth)
    except NotCompilable as other:
        raise NotCompilable(reason) from other


def _loop(build: Build, items: Sequence[Item]) -> str:
    """Take a loop; why that is not possible, "" if it is."""
    try:
        take_loop(build, items)
    except NotCompilable as reason:
        return str(reason)
    return ""


def _first_hole(build: Build) -> str:
    name, values = next(iter(build.shared.holes.items()))
    return f"{name} ({', '.join(dict.fromkeys(values))[:80]})"


def _left(build: Build, row: Row, at: int, reason: str) -> Tail:
    """The end of a plan before a step that it cannot take: the model gets the results, and goes on."""
    if not build.results:
        raise NotCompilable(reason)
    titles = [operation.signature for item in row[at:] for operation in item.rounds[0]]
    build.shared.notes.append(f"ends before `{titles[0]}`: {reason}")
    return Tail(build, Ending.GATHERED, remains=tuple(titles))


def _ended(build: Build, rows: Sequence[Row], at: int, depth: int) -> Tail:
    """The end of all occurrences of a group: with an answer if it can be told, or with several that can be told apart,
    else with what was gathered.
    """
    tail = ending.ended(build)
    if tail.ending is Ending.ANSWERED or depth == 0:
        return tail
    groups = ending.groups(build, ANSWERS)
    if len(groups) < 2:
        return tail
    notes = list(build.shared.notes)
    try:
        forked = _parted(build.copy(), rows, at, depth, groups)
        if forked.answered():
            return forked
    except NotCompilable:
        pass
    build.shared.notes[:] = notes
    return tail


# --- forks


def _fork(build: Build, rows: Sequence[Row], at: int, depth: int) -> Tail:
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        groups[row[at].keys if at < len(row) else ()].append(place)
    return _parted(build, rows, at, depth, list(groups.values()))


def _parted(build: Build, rows: Sequence[Row], at: int, depth: int, groups: list[list[int]]) -> Tail:
    """A fork into these groups, or the end of an open-ended plan."""
    before = build.copy()
    try:
        return _forked(build, rows, at, depth, groups)
    except NotCompilable as reason:
        if not build.shared.open_ended or not build.results:
            raise
        build.shared.notes.append(str(reason))
    titles = (row[at].rounds[0][0].signature for row in rows if at < len(row))
    return Tail(before, Ending.GATHERED, remains=tuple(dict.fromkeys(titles)))


def _forked(build: Build, rows: Sequence[Row], at: int, depth: int, groups: list[list[int]]) -> Tail:
    """A fork into these groups, those of too few traces aside: they only say when not to go on."""
    groups = sorted(groups, key=lambda group: -len(group))
    hot = [group for group in groups if len(group) >= WITNESSES]
    aside = [place for group in groups if len(group) < WITNESSES for place in group]
    ways = " and ".join(f"{len(group)} go on with {_next(rows[group[0]], at)}" for group in groups[: PATHS + 1])
    if not build.results:
        raise NotCompilable(f"the traces part at their first step: {ways}")
    if depth == 0:
        raise NotCompilable(f"unstable: the traces part more than {DEPTH} times: {ways}")
    if not hot or len(hot) > PATHS:
        raise NotCompilable(f"unstable: the traces part into {len(groups)} ways: {ways}")
    if any(PLACEHOLDER.search(str(op.call.input)) for row in rows for item in row[at:] for op in item.rounds[0]):
        raise NotCompilable(f"a secret is used where the traces part: {ways}")
    found = guards(build, hot, aside)
    if found is None:
        raise NotCompilable(f"unstable: no result tells which way the traces go: {ways}")
    if len(hot) == 1 and found[0].by == "exit":  # the contract says as much
        return follow(_narrowed(build, hot[0]), [rows[i] for i in hot[0]], at, depth)
    promised = ending.promised(build)
    paths = []
    for group, guard in zip(hot, found, strict=True):
        own = replace(build.only(group), promised=promised | {guard.step})
        try:
            path = PathDraft(guard, follow(own, [rows[i] for i in group], at, depth - 1))
            paths.append(_settled(build, own, path))
        except NotCompilable as reason:
            said = f"{len(group)} runs went on with {_next(rows[group[0]], at)} and are handed back: {reason}"
            if group is hot[0]:
                raise NotCompilable(said) from reason
            build.shared.notes.append(said)
    if len(hot) < len(groups):
        others = f"{len(aside)} other runs" if len(aside) > 1 else "another run"
        build.shared.notes.append(f"{others} went on otherwise: what is like that is handed back")
    return Tail(build, Ending.GATHERED, paths=paths)


def _next(row: Row, at: int) -> str:
    return f"`{row[at].rounds[0][0].signature}`" if at < len(row) else "nothing more"


def _narrowed(build: Build, group: Sequence[int]) -> Build:
    """The build over some of its occurrences, with its own steps still its own."""
    own = build.only(group)
    return replace(own, drafts=list(build.drafts), base=build.base, promised=build.promised)


def _settled(build: Build, own: Build, path: PathDraft) -> PathDraft:
    """The path with the values it takes out of earlier results: those of the guarded result are its own, the others
    are taken where they are printed, which must be possible on every path.
    """
    new = {
        step: [each for each in bindings if each not in build.values.bindings.get(step, ())]
        for step, bindings in path.tail.values.bindings.items()
        if step < own.base
    }
    for step, bindings in new.items():
        if step != path.guard.step:
            for binding in bindings:
                _lifted(build, step, binding)
    return replace(path, bindings=tuple(new.get(path.guard.step, ())))


def _lifted(build: Build, step: int, binding: Binding) -> None:
    """Take a value out of a result before the fork, if it can be found there whatever way is taken."""
    values = build.values
    if binding.many or binding.name in values.sources:
        raise NotCompilable("a path needs a list that was printed before the traces part")
    found = []
    for place, output in enumerate(values.outputs[step]):
        bound = {name: column[place] for name, column in values.sources.items() if column}
        try:
            each = [find(finder, output, bound) for finder in binding.finders]
        except KeyError as missing:
            raise NotCompilable(f"a path needs {missing}, which is not known before the traces part") from missing
        if any(one != each[0] for one in each) or len(each[0]) != 1:
            raise NotCompilable(f"a path needs {binding.name}, which not all traces have before they part")
        found += each[0]
    values.bindings.setdefault(step, []).append(binding)
    values.sources[binding.name] = tuple(found)
