"""Pattern growth: sequences that recur inside episodes, with a bounded number of reads in their gaps.

Prefix projection (PrefixSpan, Pei et al. 2001) with gap constraints and forward closure (BIDE, Wang and Han 2004;
Gap-BIDE, Li and Wang 2008), over Mazurkiewicz traces: a run of reads within a pattern is grown in the order of its
tokens and found in any order, so that each pattern is grown once. A pattern grows by a step only where that step comes
more often than its share of those sessions explains.

A projection holds for each place where the prefix was found (its first place, the first of its last run of reads, its
last place). Looking for the next step reads at most `GAP + 1` places on either side and those within, so a pattern of
length k costs at most (3k + 6) steps for each entry. The number of patterns is what can grow without bound; `WORK` puts
one to it: the most surprising pairs grow first, and what is left when the work is spent stays as it is and is counted.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentjit.detect.mining.chance import tail
from agentjit.detect.mining.history import BREAK, History
from agentjit.detect.mining.order import Core

GAP = 2  # reads that may stand between two steps
LONGEST = 12  # steps of a pattern
WORK = 40  # entries of projections that may be looked at, for each step of the history
SURPRISE = 0.01  # the probability below which a step's coming next is no accident

Entry = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A core with its matches, each (first place, last place), in order of place."""

    core: Core
    matches: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Grown:
    """What came of it; `capped` is the number of prefixes that might have grown on, had there been work left."""

    patterns: list[Pattern] = field(default_factory=list)
    tried: int = 0
    capped: int = 0


def grow(
    history: History, tokens: Sequence[int], where: Sequence[int], *, minimum: int, longest: int = LONGEST
) -> Grown:
    """The patterns of two to `longest` steps in at least `minimum` sessions of a part of the history.

    `tokens` are its steps by place, with a `BREAK` before, between and after rows and where a step may not be used;
    `where` are their sessions. Places count from the start of `tokens`.
    """
    return _Growth(history, tokens, where, minimum, longest).run()


class _Growth:
    def __init__(
        self, history: History, tokens: Sequence[int], where: Sequence[int], minimum: int, longest: int
    ) -> None:
        self.history = history
        self.tokens = tokens
        self.commutes = history.commutes
        self.where = where
        self.minimum = minimum
        self.longest = longest
        self.work = WORK * len(tokens)
        self.found = Grown()

    def run(self) -> Grown:
        for core, entries in self._pairs():
            if self.work <= 0:
                self.found.capped += 1
            else:
                self._grow(core, entries)
        return self.found

    # --- pairs

    def _pairs(self) -> list[tuple[Core, list[Entry]]]:
        """The pairs in enough sessions and more of them than chance has it, the most surprising first."""
        counts: dict[tuple[int, int], int] = defaultdict(int)
        last: dict[tuple[int, int], int] = {}
        for one, other, lo, _, _ in self._neighbours():
            pair, session = (one, other), self.where[lo]
            if last.get(pair) != session:
                last[pair] = session
                counts[pair] += 1
        scores = {pair: self._surprise(pair, sessions) for pair, sessions in counts.items() if sessions >= self.minimum}
        self.found.tried += len(scores)
        kept: dict[tuple[int, int], list[Entry]] = {pair: [] for pair, score in scores.items() if score > 0}
        for one, other, lo, block, hi in self._neighbours():
            if (entries := kept.get((one, other))) is not None:
                entries.append((lo, block, hi))
        ranked = sorted(kept.items(), key=lambda item: (-scores[item[0]], item[0]))
        return [(pair, entries) for pair, entries in ranked]

    def _surprise(self, pair: tuple[int, int], sessions: int) -> float:
        """How far more often a pair is seen than where every session is alike (log likelihood ratio); 0: it is not."""
        totals = self.history.totals
        expected = 2.0 * totals[pair[0]] * totals[pair[1]] / max(1, self.history.total)
        return sessions * math.log(sessions / expected) - sessions + expected if sessions > expected else 0.0

    def _neighbours(self) -> list[tuple[int, int, int, int, int]]:
        """Every two steps that may follow each other: (token, token, first place, the block's, last place)."""
        tokens, commutes = self.tokens, self.commutes
        found = []
        for place, token in enumerate(tokens):
            if token == BREAK:
                continue
            reads = commutes[token]
            for at in range(place + 1, place + GAP + 2):
                other = tokens[at]
                if other == BREAK:
                    break
                if not commutes[other]:
                    found.append((token, other, place, at, at))
                    break
                if not reads:
                    found.append((token, other, place, at, at))
                elif token < other:
                    found.append((token, other, place, place, at))
                elif other < token:
                    found.append((other, token, place, place, at))
        return found

    # --- longer ones

    def _grow(self, core: Core, entries: list[Entry]) -> None:
        self.work -= len(entries) * 4
        sessions = Counter(self.where[lo] for lo, _, _ in entries)
        closed = True
        if len(core) < self.longest:
            for token, longer in self._extensions(core, entries).items():
                seen = {self.where[lo] for lo, _, _ in longer}
                if len(seen) < self.minimum:
                    continue
                self.found.tried += 1
                if not self._follows(sessions, token, len(seen)):
                    continue
                closed = closed and len(seen) < len(sessions)
                if self.work <= 0:
                    self.found.capped += 1
                else:
                    self._grow((*core, token), list(dict.fromkeys(longer)))
        if closed:
            matches = {(lo, hi) for lo, _, hi in entries}
            self.found.patterns.append(Pattern(core, tuple(sorted(matches))))

    def _follows(self, sessions: Counter[int], token: int, seen: int) -> bool:
        """Whether the step is beside the pattern in more sessions than its share of their calls explains."""
        counts, calls, reading = self.history.counts[token], self.history.calls, self.history.reading
        reach = 2.0 if self.commutes[token] else 1.0
        mean = 0.0
        for session in sessions.keys() & counts.keys():
            f = reading[session]
            room = reach * (1 + f + f * f) * sessions[session]
            mean += min(1.0, room * counts[session] / calls[session])
        self.work -= min(len(sessions), len(counts)) // 8
        return tail(len(sessions), mean, seen) < SURPRISE

    def _extensions(self, core: Core, entries: list[Entry]) -> dict[int, list[Entry]]:
        """Each step that can come next, with the entries of the longer pattern."""
        tokens, commutes = self.tokens, self.commutes
        top = core[-1] if commutes[core[-1]] else BREAK
        room = 2 * (len(core) + 1)  # places that the longer pattern may span: as many gaps as steps
        found: dict[int, list[Entry]] = defaultdict(list)
        for lo, block, hi in entries:
            if top != BREAK:
                for at in range(block - 1, max(block - GAP - 2, hi - room), -1):
                    token = tokens[at]
                    if token == BREAK or not commutes[token]:
                        break
                    if token > top:
                        found[token].append((min(lo, at), at, hi))
                for at in range(block + 1, hi):
                    if (token := tokens[at]) > top:
                        found[token].append((lo, block, hi))
            for at in range(hi + 1, min(hi + GAP + 2, lo + room)):
                token = tokens[at]
                if token == BREAK:
                    break
                if not commutes[token]:
                    found[token].append((lo, at, at))
                    break
                if top == BREAK:
                    found[token].append((lo, at, at))
                elif token > top:
                    found[token].append((lo, block, at))
        return found
