"""Prompt-keyed rituals: what follows prompts of one form.

The rows of a cluster of prompts are grouped by their steps in normal form. A group may take in rows that look around
as well, and rows that begin with it and go on. Steps that come in several orders are one family if each order is
common, and an unstable one if the order never settles; so are steps that agree but for their flags.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agentjit.detect.mining.coarse import Coarse, Common, longest_common, mostly, unsettled
from agentjit.detect.mining.growth import grow
from agentjit.detect.mining.history import BREAK, History
from agentjit.detect.mining.order import Core, Placement, moved, normal, place, several
from agentjit.detect.prompt import Texts, Words, spellings, template

LONGEST = 25  # calls; a longer episode is exploration, though it may begin with a ritual
MINIMUM = 3  # occurrences from which a sequence is worth compiling
SHOWN = 2  # occurrences from which it is worth showing
ASIDE = 2  # reads that may stand before a ritual, and in it however short it is; in a long one as many as it has steps
COMMON = 2 / 3  # of the rows must have a common part
OFTEN = 1 / 3  # of the runs of a prompt must take the same steps, else these never settle
DEVIATING = 0.75  # of the rows of a family: fewer with a step less or a step more are deviations from it
JOINED = 8  # sets of steps of one cluster are compared with all its rows; with no bound it would be quadratic


@dataclass(frozen=True, slots=True)
class Family:
    """Rows of a cluster with the same steps. `choices` is among how many sets of steps these were picked; `orders` in
    how many orders they may come; `kinds` are the tokens that count as each step, where flags vary. Of these, `ways`
    says in how many ways each step was written, and `exact` how many rows did all of it in the same way.
    """

    names: tuple[str, ...]
    placements: tuple[Placement, ...]
    choices: float
    orders: float = 1.0
    unstable: str = ""
    kinds: tuple[tuple[int, ...], ...] = ()
    ways: tuple[int, ...] = ()
    exact: int | None = None
    deviating: tuple[int, ...] = ()  # rows with such a prompt that have not all its steps
    others: tuple[int, ...] = ()  # these, and the rows with such a prompt that are in another family


class Cluster:
    """The rows of one form of prompt, and those of them that no family has yet."""

    def __init__(
        self,
        history: History,
        rows: Sequence[int],
        coarse: Coarse | None = None,
    ) -> None:
        self.history = history
        self.coarse = coarse or Coarse(history)
        self.rows = rows
        self.free = dict.fromkeys(rows)
        self.forms = {row: normal(self._tokens(row), history.commutes) for row in rows}
        spelled = spellings([self.prompt(row) for row in rows])
        self.texts = {row: spelled[self.prompt(row)] for row in rows}
        self.short = {row for row in rows if len(history.rows[row][1]) <= LONGEST}
        self.choices = float(len(set(self.forms.values())))

    def _tokens(self, row: int) -> list[int]:
        return self.history.tokens[self.history.starts[row] : self.history.ends[row]]

    def prompt(self, row: int) -> str:
        return self.history.rows[row][0].prompt

    def words(self, rows: Sequence[int]) -> Words | None:
        """What the prompts of `rows` have in common."""
        return Words.of([self.texts[row] for row in rows])

    def families(self) -> list[Family]:
        """The families of the cluster; each row is in at most one."""
        found = self._by_common_core()
        settled = [] if found else self._by_order() + self._by_steps(MINIMUM)
        if settled:
            found = [self._loosened(family) for family in settled]
        else:
            found = found or self._by_growth()
            found = self._by_kind(sum(len(each.placements) * len(each.names) for each in found)) or found
            for each in (each for family in found for each in family.placements):
                self.free.pop(each.row, None)
        found += self._by_shape()
        return found or self._by_steps(SHOWN)

    def deviations(self, families: Sequence[Family]) -> list[Family]:
        """`families` with the rows that have a prompt like theirs and are in none."""
        found = []
        for family in families:
            words = self.words([each.row for each in family.placements])
            like = self.like(words)
            rows = tuple(row for row in like if words and row in self.free)
            runs, times = len(like), len(family.placements)
            own = {each.row for each in family.placements}
            made = replace(family, deviating=rows, others=tuple(row for row in like if words and row not in own))
            if not family.unstable and times < OFTEN * runs:
                reason = f"{times} of {runs} runs; the others take other steps"
                made = replace(made, unstable=reason, deviating=())
            elif not family.unstable and family.exact is not None and family.exact < OFTEN * runs:
                reason = f"{times} runs, and no more than {family.exact} of them written alike"
                made = replace(made, unstable=reason)
            found.append(made)
        return found

    def like(self, words: Words | None) -> list[int]:
        """The rows whose prompts fit; all of them where nothing is known of the words."""
        return [row for row in self.rows if words is None or words.fits(self.texts[row])]

    def _family(self, core: Core, rows: Sequence[int], **more: object) -> Family:
        found = [Placement(row, self._place(core, row)) for row in rows]
        for row in rows:
            self.free.pop(row, None)
        names = tuple(self.history.names[token] for token in core)
        return Family(names, tuple(found), **{"choices": self.choices, **more})  # type: ignore[arg-type]

    def _find(self, core: Core, row: int) -> tuple[tuple[int, ...], ...] | None:
        history = self.history
        return place(core, history.tokens, history.commutes, history.starts[row], history.ends[row])

    def _place(self, core: Core, row: int) -> tuple[tuple[int, ...], ...]:
        """The places of the core's steps in a row that is known to have them, in whatever order."""
        found = self._find(core, row)
        if found is None:
            own = self.forms[row]
            there = self._find(own, row)
            assert there is not None
            found = moved(core, own, there)
        return found

    def _groups(self, key: Callable[[int], object]) -> list[list[int]]:
        groups: dict[object, list[int]] = defaultdict(list)
        for row in self.free:
            if row in self.short:
                groups[key(row), len(self.texts[row])].append(row)
        return sorted(groups.values(), key=lambda rows: -len(rows))

    # --- the same steps, and reads

    def _by_steps(self, minimum: int) -> list[Family]:
        found: list[Family] = []
        groups = [(self.forms[rows[0]], rows) for rows in self._groups(self.forms.__getitem__)]
        own = {row for _, rows in groups for row in rows if len(rows) >= MINIMUM}
        if minimum >= MINIMUM:
            usual = self._usual()
            groups = self._by_reach(groups + [(usual[rows[0]], rows) for rows in self._groups(usual.__getitem__)])
        for core, rows in groups:
            members = [row for row in rows if row in self.free and self._joins(core, row)]
            if len(members) < SHOWN or not self._mostly(core, members):
                continue
            if minimum >= MINIMUM and (words := self.words(members)):
                known = set(members)
                for row in [row for row in self.free if row not in known and self._joins(core, row)]:
                    if (row not in own or self._whole(core, row)) and words.take(self.texts[row]):
                        members.append(row)
            if len(members) >= minimum and not self._deviates(core, len(members), found):
                found.append(self._family(core, members))
        return found

    def _mostly(self, core: Core, rows: Sequence[int]) -> bool:
        """Whether the core is most of what the rows do, or, where it does more than read, a good part of it."""
        aside = sum(len(self.forms[row]) - len(core) for row in rows)
        only_reads = all(self.history.commutes[token] for token in core)
        return aside <= (1 if only_reads else 2) * len(core) * len(rows)

    def _usual(self) -> dict[int, Core]:
        """The forms of the rows without what is read in less than half of them."""
        counts = Counter(token for row in self.short for token in set(self.forms[row]))
        commutes, most = self.history.commutes, len(self.short) / 2
        return {
            row: tuple(token for token in self.forms[row] if not commutes[token] or counts[token] >= most)
            for row in self.free
        }

    def _deviates(self, core: Core, rows: int, found: Sequence[Family]) -> bool:
        """Whether few rows do what more rows do, with steps left out or put in: the ritual gone wrong, not another."""
        names = Counter(self.history.names[token] for token in core)
        for family in found:
            other = Counter(family.names)
            if rows <= DEVIATING * len(family.placements) and (names <= other or other <= names):
                return True
        return False

    def _by_reach(self, groups: list[tuple[Core, list[int]]]) -> list[tuple[Core, list[int]]]:
        """The cores of two rows and more, those first that account for most of what is done in all rows."""
        some = dict([group for group in groups if group[0] and len(group[1]) >= SHOWN][: 2 * JOINED])
        rows = [row for row in self.free if row in self.short]

        def worth(core: Core) -> tuple[int, int, Core]:
            reach = sum(self._joins(core, row) and self._whole(core, row) for row in rows)
            return -reach * len(core), -len(some[core]), core

        return [(core, some[core]) for core in sorted(some, key=worth)[:JOINED]]

    def _whole(self, core: Core, row: int) -> bool:
        """Whether what the row does besides the core only reads."""
        own = sum(not self.history.commutes[token] for token in self.forms[row])
        return own == sum(not self.history.commutes[token] for token in core)

    def _joins(self, core: Core, row: int) -> bool:
        """Whether a row has the core first of all, reads aside, and few of these before it and in it.

        Where the core only reads as well, nothing but their number tells them from it: then those after it count, too.
        """
        found = self._find(core, row)
        if found is None:
            return False
        held = {call for places in found for at in places for call in self.history.holders[at]}
        calls = range(len(self.history.rows[row][1]))
        between = sum(min(held) < call < max(held) and call not in held for call in calls)
        only_reads = all(self.history.commutes[token] for token in core)
        around = len(calls) - len(held) if only_reads else between
        return around <= max(ASIDE, len(core)) and min(held) <= ASIDE

    def _by_common_core(self) -> list[Family]:
        """The longest common subsequence of all rows, where no steps are common and all else only reads."""
        rows = [row for row in self.rows if row in self.short]
        if len(rows) < MINIMUM or len(self._groups(self.forms.__getitem__)[0]) >= MINIMUM:
            return []
        core = self.forms[rows[0]]
        for row in rows[1:]:
            core = longest_common(core, self.forms[row]) if core else core
        core = normal(core, self.history.commutes)
        if not core or not all(self._joins(core, row) and self._only_reads(core, row) for row in rows):
            return []
        found = tuple(Placement(row, self._place(core, row)) for row in rows)
        return [Family(tuple(self.history.names[token] for token in core), found, self.choices)]

    def _only_reads(self, core: Core, row: int) -> bool:
        own = [token for token in self._tokens(row) if not self.history.commutes[token]]
        return own == [token for token in core if not self.history.commutes[token]]

    # --- the same steps in several orders

    def _by_order(self) -> list[Family]:
        found = []
        for rows in self._groups(lambda row: tuple(sorted(self.forms[row]))):
            orders = [self.forms[row] for row in rows]
            if len(rows) < MINIMUM or len(set(orders)) == 1 or self._told_apart(rows):
                continue
            together, reason = several(orders)
            if len(together) > 1:
                members = [row for row in rows if self.forms[row] in together]
                usual = max(sorted(together), key=orders.count)
                ways = 1.0
                for step in range(2, len(usual) + 1):
                    ways *= step
                found.append(self._family(usual, members, orders=ways, unstable=reason))
        return found

    def _told_apart(self, rows: Sequence[int]) -> bool:
        """Whether the prompt says which order it will be: each order has one of its own."""
        said: dict[Core, set[str]] = defaultdict(set)
        for row in rows:
            said[self.forms[row]].add(" ".join(self.texts[row]))
        return all(len(prompts) == 1 for prompts in said.values()) and len(set.union(*said.values())) == len(said)

    # --- a common part

    def _by_growth(self) -> list[Family]:
        """The part that most rows have in common, with other things before and after."""
        history, rows = self.history, list(self.free)
        if len(rows) < MINIMUM:
            return []
        steps, where, origin = [BREAK], [-1], [-1]
        for row in rows:
            span = range(history.starts[row], history.ends[row])
            steps += [*(history.tokens[at] for at in span), BREAK]
            where += [history.sessions[row]] * (len(span) + 1)
            origin += [*span, -1]
        minimum = max(MINIMUM, math.ceil(COMMON * len(rows)))
        best: tuple[int, int, Core] | None = None
        for pattern in grow(history, steps, where, minimum=minimum).patterns:
            if not all(history.files[token] for token in pattern.core):
                reach = len({history.row_at(origin[lo]) for lo, _ in pattern.matches}) * (len(pattern.core) - 1)
                if best is None or (reach, len(pattern.core)) > best[:2]:
                    best = (reach, len(pattern.core), pattern.core)
                    matches = {history.row_at(origin[lo]): (origin[lo], origin[hi]) for lo, hi in pattern.matches[::-1]}
        if best is None:
            return []
        core = best[2]
        found = []
        for row, (lo, hi) in sorted(matches.items()):
            places = place(core, history.tokens, history.commutes, lo, hi + 1)
            if places is not None:
                found.append(Placement(row, places))
        if len(found) < MINIMUM:
            return []
        choices = sum(float(max(1, len(history.rows[row][1]))) ** len(core) for row in rows)
        return [Family(tuple(history.names[token] for token in core), tuple(found), choices)]

    # --- the same steps but for their flags

    def _by_kind(self, reach: int) -> list[Family]:
        """The kinds of steps that most rows have in common, or most with one wording of the prompt, if they are more
        of what is done than `reach`: steps times rows.
        """
        rows = [row for row in self.free if row in self.short]
        alike: dict[Texts, list[int]] = defaultdict(list)
        for row in rows:
            alike[self.texts[row]].append(row)
        for some in (rows, *sorted(alike.values(), key=lambda each: -len(each))):
            common = self.coarse.common(some, MINIMUM) if len(some) >= MINIMUM else None
            if common and len(common.found) * len(common.core) > reach:
                calls = (len(self.history.rows[row][1]) for row in some)
                choices = sum(float(max(1, each)) ** len(common.core) for each in calls)
                return [self._of_kinds(common, choices)]
        return []

    def _of_kinds(self, common: Common, choices: float) -> Family:
        coarse = self.coarse
        written = [
            Counter(coarse.written(places[step]) for places in common.found.values() if places[step])
            for step in range(len(common.core))
        ]
        tokens = self.history.tokens
        alike = Counter(
            tuple(tuple(tokens[at] for at in there) for there in places) for places in common.found.values()
        )
        return Family(
            tuple(mostly(kind, ways) for kind, ways in zip(common.core, written, strict=True)),
            tuple(Placement(row, places) for row, places in common.found.items()),
            choices,
            unstable=unsettled(common.core, written),
            kinds=tuple(tuple(coarse.tokens[kind]) for kind in common.core),
            ways=tuple(map(len, written)),
            exact=max(alike.values()),
        )

    def _loosened(self, family: Family) -> Family:
        """The family with the rows that take its steps in other words: a flag more or less, no values, a wrapper."""
        coarse, history = self.coarse, self.history
        core = tuple(coarse.kind[history.tokens[there[0]]] for there in family.placements[0].places)
        words = self.words([each.row for each in family.placements])
        if family.unstable or words is None or len(set(core)) < len(core) or set(core) <= coarse.programming:
            return family
        more = []
        for row in self.like(words):
            if row in self.free and row in self.short:
                steps = coarse.steps(row)
                places = coarse.place(core, steps)
                if places and coarse.only_reads(places, steps):
                    more.append(Placement(row, places))
                    self.free.pop(row)
        placements = (*family.placements, *more)
        common = self.coarse.common([each.row for each in placements], MINIMUM)
        if common and len(common.found) == len(placements) and common.always > len(core):
            return self._of_kinds(common, family.choices)
        if not more:
            return family
        ways = tuple(len({coarse.written(each.places[step]) for each in placements}) for step in range(len(core)))
        return replace(family, placements=placements, ways=ways, exact=len(family.placements))

    def _by_shape(self) -> list[Family]:
        """Steps that agree but for their flags, or for the words in which their prompts differ."""
        found = []
        for shapes, of_kind, what in (
            (self._heads(), self.coarse.tokens, "their flags"),
            (self._said(), None, "words of the prompt"),
        ):
            for rows in self._groups(shapes.__getitem__):
                shape = shapes[rows[0]]
                if len(rows) < MINIMUM or rows[0] not in self.free or not all(shape):
                    continue
                ways = len({self.forms[row] for row in rows})
                some = f"in {ways} ways" if ways > 1 else "all in one way"
                how = "every one of other steps" if ways == len(rows) else some
                placements = tuple(Placement(row, self._place(self.forms[row], row)) for row in rows)
                for row in rows:
                    self.free.pop(row, None)
                reason = f"{len(rows)} runs, {how}: they agree but for {what}"
                kinds = tuple(tuple(of_kind[kind]) for kind in shape) if of_kind else ()
                found.append(Family(shape, placements, self.choices, unstable=reason, kinds=kinds))
        return found

    def _heads(self) -> dict[int, tuple[str, ...]]:
        kind = self.coarse.kind
        return {row: tuple(kind[token] for token in self.forms[row]) for row in self.free}

    def _said(self) -> dict[int, tuple[str, ...]]:
        """The names of each row's steps with the words taken out in which its prompt differs from the others'."""
        rows = [row for row in self.free if row in self.short]
        learned = template([self.prompt(row) for row in rows]) if rows else None
        slots = learned.slots if learned else ()
        found = {row: tuple(self.history.names[token] for token in self.forms[row]) for row in self.free}
        for number, row in enumerate(rows):
            for slot in slots:
                if any(slot.values[number] in name for name in found[row]):
                    word = rf"(?<!\w){re.escape(slot.values[number])}(?!\w)"
                    found[row] = tuple(re.sub(word, f"{{{slot.name}}}", name) for name in found[row])
        return found
