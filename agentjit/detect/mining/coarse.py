"""The coarse kind of a step: its program and subcommand, whatever its flags and values and whatever wraps it.

After one prompt the same thing is often done in other words: `git diff`, `git diff --staged`, `rtk git diff a.py`. Rows
that agree in nothing finer may agree in kinds. What they have in common is then one ritual with flags that vary; the
compiler is still given what is written alike, and nothing else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from agentjit.detect.mining.history import History
from agentjit.detect.mining.order import DECENT, SETTLED

ASIDE = 2  # steps that may stand before the first one, and others that do more than read among them
COMMON = 2 / 3  # of the rows must have the common part, and of these an optional step
COMPARED = 8  # rows, of those that differ, whose common parts are looked at; with no bound it would be quadratic
SHOWN = 2
WRAPS = 2  # kinds that a word must stand before, each of them also seen without, to be a wrapper

Kind = str
Kinds = tuple[Kind, ...]
Places = tuple[tuple[int, ...], ...]


class Step(NamedTuple):
    """Steps in a row that are of one kind, at these places of the history."""

    kind: Kind
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """What rows have in common: kinds of steps, and for each row that has them the places of each; an optional step
    has none in some rows.
    """

    core: Kinds
    found: dict[int, Places]

    @property
    def always(self) -> int:
        """The number of steps that all rows have."""
        return sum(all(column) for column in zip(*self.found.values(), strict=True))


class Coarse:
    """The kinds of a history: `kind` and `bare` (the name without what wraps it) by token, `tokens` by kind."""

    def __init__(self, history: History) -> None:
        self.history = history
        heads_of = [_head(name, tool) for name, tool in zip(history.names, history.files, strict=True)]
        wrappers = _wrappers(heads_of)
        programs = {head.split()[0] for head in heads_of if head.split() and head.split()[0] not in wrappers}
        self.kind: list[Kind] = []
        self.bare: list[str] = []
        self.tokens: dict[Kind, list[int]] = defaultdict(list)
        self.reads: dict[Kind, bool] = {}
        for token, (head, name) in enumerate(zip(heads_of, history.names, strict=True)):
            words = head.split()
            wrapped = len(words) > 1 and words[0] in wrappers and words[1] in programs
            kind = " ".join(words[1:]) if wrapped else head
            self.kind.append(kind)
            self.bare.append(name.partition(" ")[2] if wrapped and name.startswith(f"{words[0]} ") else name)
            self.tokens[kind].append(token)
            self.reads[kind] = self.reads.get(kind, False) or history.commutes[token]
        self.programming = {kind for token, kind in enumerate(self.kind) if history.files[token]}

    def steps(self, row: int) -> list[Step]:
        """The steps of a row, those of one kind in a row as one."""
        found: list[Step] = []
        for place in range(self.history.starts[row], self.history.ends[row]):
            kind = self.kind[self.history.tokens[place]]
            if found and found[-1].kind == kind:
                found[-1] = Step(kind, (*found[-1].places, place))
            else:
                found.append(Step(kind, (place,)))
        return found

    def written(self, places: Sequence[int]) -> str:
        """How a step was written at these places of one row, its wrapper aside."""
        return " and ".join(sorted({self.bare[self.history.tokens[place]] for place in places}))

    # --- what rows have in common

    def common(self, rows: Sequence[int], minimum: int) -> Common | None:
        """The kinds that at least `minimum` and two thirds of the rows have in common, those first that are more of
        what is done in more rows; None if there are none that say anything.
        """
        steps = {row: self.steps(row) for row in rows}
        least = max(minimum, ceil(COMMON * len(rows)))
        seen = Counter(kind for row in rows for kind in {step.kind for step in steps[row]})
        often = {kind for kind, times in seen.items() if times >= least}
        forms = Counter(self._normal([step.kind for step in steps[row] if step.kind in often]) for row in rows)
        compared = [form for form, _ in forms.most_common(COMPARED)]
        shared = (self._normal(longest_common(one, other)) for one, other in combinations(compared, 2))
        best: Common | None = None
        for core in sorted({*compared, *shared}):
            if not core or set(core) <= self.programming:
                continue
            found = {row: places for row in rows if (places := self.place(core, steps[row]))}
            alone = len(core) > 1 or self._hardly_more(core[0], [steps[row] for row in found])
            better = best is None or len(found) * len(core) > len(best.found) * len(best.core)
            if alone and better and len(found) >= least:
                best = Common(core, found)
        return self._with_optional(best, steps, least) if best else None

    def _hardly_more(self, kind: Kind, rows: Sequence[Sequence[Step]]) -> bool:
        """Whether a step of this kind is most of what the rows do: all else only reads, and once in a row."""
        others = [step for steps in rows for step in steps if step.kind != kind]
        return len(others) <= len(rows) and all(self.reads[step.kind] for step in others)

    def place(self, core: Kinds, steps: Sequence[Step]) -> Places | None:
        """The places of the core's steps in a row, None if it is not there.

        Few other steps stand before it. In it there may be others, of which few do more than read.
        """
        for first in range(min(ASIDE + 1, len(steps))):
            if steps[first].kind in core and (places := self._place(core, steps[first:])):
                return places
        return None

    def _place(self, core: Kinds, steps: Sequence[Step]) -> Places | None:
        blocks = self._blocks(core)
        found: list[tuple[int, ...]] = [()] * len(core)
        at, others, reads = 0, 0, 0
        for step in steps:
            whole = all(found[i] for i in blocks[at])
            if whole and step.kind in core[blocks[at + 1].start : blocks[at + 1].stop]:
                at, whole = at + 1, False
            here = next((i for i in blocks[at] if core[i] == step.kind), None)
            if here is not None and (self.reads[step.kind] or not whole):
                found[here] += step.places
                if at == len(blocks) - 1 and all(found[i] for i in blocks[at]):
                    return tuple(found)
                continue
            others += not self.reads[step.kind]
            reads += self.reads[step.kind]
            if others > ASIDE or reads > max(ASIDE, len(core)):
                return None
        return None

    def _blocks(self, core: Kinds) -> list[range]:
        """The runs of reads in a core, and each other step by itself."""
        found: list[range] = []
        for i, kind in enumerate(core):
            if found and self.reads[kind] and self.reads[core[i - 1]]:
                found[-1] = range(found[-1].start, i + 1)
            else:
                found.append(range(i, i + 1))
        return found

    def _normal(self, kinds: Sequence[Kind]) -> Kinds:
        """Every run of reads sorted, each kind of them once."""
        found: list[Kind] = []
        run: set[Kind] = set()
        for kind in kinds:
            if self.reads[kind]:
                run.add(kind)
            else:
                found += [*sorted(run), kind]
                run.clear()
        return (*found, *sorted(run))

    # --- optional steps

    def _with_optional(self, common: Common, steps: Mapping[int, Sequence[Step]], least: int) -> Common | None:
        """The same with the steps that most of its rows have at the same point of it, and without the rows that do
        more than read in the midst of it.
        """
        core, found = common.core, common.found
        beside = {row: self._beside(core, places, steps[row]) for row, places in found.items()}
        counts = Counter(key for more in beside.values() for key in more)
        often = max(SHOWN, ceil(COMMON * len(found)))
        optional = {key for key, rows in counts.items() if rows >= often and key[1] not in self.programming}
        kept = {
            row: places for row, places in found.items() if self.only_reads(places, steps[row], beside[row], optional)
        }
        if len(kept) < least:
            return None
        order = sorted(
            [((gap, 1, ""), kind) for gap, kind in enumerate(core)] + [((gap, 0, kind), kind) for gap, kind in optional]
        )
        merged = {
            row: tuple(places[gap] if inner else beside[row].get((gap, kind), ()) for (gap, inner, _), kind in order)
            for row, places in kept.items()
        }
        return Common(tuple(kind for _, kind in order), merged)

    def _beside(self, core: Kinds, places: Places, steps: Sequence[Step]) -> dict[tuple[int, Kind], tuple[int, ...]]:
        """The steps before, in and shortly after a core that are not of it: (step of the core they stand before, kind)
        -> places. A read may stand anywhere before the next step that does more.
        """
        own = {at for there in places for at in there}
        last, after = max(own), 0
        found: dict[tuple[int, Kind], tuple[int, ...]] = {}
        for step in steps:
            if own.intersection(step.places):
                continue
            after += step.places[0] > last
            if after > ASIDE:
                break
            later = (i for i, there in enumerate(places) if there[0] > step.places[0])
            gap = next((i for i in later if not (self.reads[step.kind] and self.reads[core[i]])), len(core))
            found[gap, step.kind] = found.get((gap, step.kind), ()) + step.places
        return found

    def only_reads(
        self,
        places: Places,
        steps: Sequence[Step],
        beside: Mapping[tuple[int, Kind], tuple[int, ...]] = MappingProxyType({}),
        optional: Container[tuple[int, Kind]] = (),
    ) -> bool:
        """Whether what else stands between the first place and the last only reads, optional steps aside."""
        own = {at for there in places for at in there}
        own.update(at for key, there in beside.items() if key in optional for at in there)
        first, last = min(map(min, places)), max(map(max, places))
        return all(
            self.reads[step.kind] or own.issuperset(step.places) for step in steps if first < step.places[0] < last
        )


def _head(name: str, tool: bool) -> Kind:
    """A step's name without flags and values: `git push --force <arg>` is `git push`; of another tool, its own."""
    return name.split(" ", 1)[0] if tool or name.startswith("mcp__") else heads(name)


def heads(name: str) -> str:
    """A command without flags and values: `git push --force <arg>` is `git push`."""
    return " ".join(word for word in name.split() if not word.startswith(("-", "<"))) or name


def _wrappers(found: Sequence[Kind]) -> set[str]:
    """Words that stand before several kinds that are seen without them, too: `rtk` in `rtk git add`, `rtk git diff`."""
    known = set(found)
    wrapped: dict[str, set[str]] = defaultdict(set)
    for head in known:
        word, _, rest = head.partition(" ")
        if rest in known:
            wrapped[word].add(rest)
    return {word for word, rests in wrapped.items() if len(rests) >= WRAPS}


def unsettled(core: Kinds, written: Sequence[Counter[str]]) -> str:
    """Which steps are written in too many ways, and in how many; "" if all are in one, or in few that are each seen
    decently often.
    """
    loose = []
    for kind, ways in zip(core, written, strict=True):
        runs = ways.total()
        decent = sum(times for times in ways.values() if times >= 2 and times >= DECENT * runs)
        if len(ways) > 1 and decent < SETTLED * runs:
            loose.append((kind, f"{len(ways)} ways in {runs} runs"))
    if not loose:
        return ""
    kinds, how = (" and ".join(dict.fromkeys(column)) for column in zip(*loose, strict=True))
    return f"the flags of `{kinds.replace(' and ', '` and `')}` never settle: {how}"


def mostly(kind: Kind, ways: Counter[str]) -> str:
    """A step as it is written in more than half of the runs, or its kind."""
    written, times = ways.most_common(1)[0]
    return written if 2 * times > ways.total() and " and " not in written else kind


Of = TypeVar("Of")


def longest_common(one: tuple[Of, ...], other: tuple[Of, ...]) -> tuple[Of, ...]:
    """Longest common subsequence (Wagner and Fischer 1974) of short rows."""
    best: list[list[tuple[Of, ...]]] = [[()] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            longer = max(best[i][j + 1], best[i + 1][j], key=len)
            best[i + 1][j + 1] = (*best[i][j], a) if a == b and len(best[i][j]) >= len(longer) else longer
    return best[-1][-1]
