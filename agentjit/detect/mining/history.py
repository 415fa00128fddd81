"""What is mined: every episode as a row of steps, folded and interned, with how often each session has each of them.

A step is an action of a call, or several in a row that are alike. Its token stands for the action's signature and for
whether it only reads; tokens are numbered in the order of their signatures, so that the same history always gives the
same numbers. All rows lie behind one another in flat lists, with `BREAK` between them: a *place* is an index of these.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from agentjit.detect.mining.fold import fold, fold_over
from agentjit.hotspot import Action, Operation
from agentjit.trace import Effect, Episode

BREAK = -1
LINE = 12  # actions of one line that are looked at as a whole

Row = tuple[Episode, tuple[Operation, ...]]

FILE_TOOLS = frozenset(
    (
        *("Read", "Edit", "Write", "MultiEdit", "NotebookRead", "NotebookEdit", "Grep", "Glob", "LS"),
        *("read_file", "read_many_files", "write_file", "replace", "list_directory", "glob", "search_file_content"),
        *("read", "edit", "write", "grep", "list", "view", "create", "str_replace", "str_replace_editor", "patch"),
        *("apply_patch",),
    )
)
"""Tools of several harnesses that look at files and change them: steps of programming."""


def actions_of(operation: Operation) -> tuple[Action, ...]:
    """What a call does; a call that nobody took apart does one thing."""
    return operation.actions or (Action(operation.signature, operation.signature, operation.effect),)


class History:
    """The steps of `rows`, by place: `tokens`, `repeats`, `holders` (numbers of the row's calls that hold the step),
    `where` (its session), `keys` (what exactly was done).

    By token: `names`, `commutes` (it only reads, so it changes place with others that do), `files` (a file tool's) and
    `counts`: session -> how many calls have it. By session: `calls`, `reading` (the share of calls that only
    read; `usual_reading` is the mean), `lengths` (calls of each episode), `joined` and `lines` (the tokens of calls
    that have several, as sets and as they stand). By row: `starts`, `ends`, `sessions`.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        order: dict[str, int] = {}
        for episode, _ in (listed := list(rows)):
            order.setdefault(episode.session, len(order))
        self.rows: list[Row] = sorted(listed, key=lambda row: order[row[0].session])
        self.sessions = [order[episode.session] for episode, _ in self.rows]
        self._intern()
        self.calls = [0] * len(order)
        self.lengths: list[list[int]] = [[] for _ in order]
        self.joined: list[list[frozenset[int]]] = [[] for _ in order]
        self.lines: list[list[tuple[int, ...]]] = [[] for _ in order]
        self.counts: list[dict[int, int]] = [{} for _ in self.names]
        self.tokens: list[int] = [BREAK]
        self.repeats: list[int] = [0]
        self.holders: list[tuple[int, ...]] = [()]
        self.where: list[int] = [-1]
        self.keys: list[str] = [""]
        self.starts: list[int] = []
        self.ends: list[int] = []
        reading = [0] * len(order)
        for session, (_, operations) in zip(self.sessions, self.rows, strict=True):
            self._add(session, operations, reading)
        self.reading = [reads / max(1, calls) for reads, calls in zip(reading, self.calls, strict=True)]
        self.usual_reading = sum(self.reading) / max(1, len(self.reading))
        self.total = sum(self.calls)
        self.totals = [sum(count.values()) for count in self.counts]
        self._windows: dict[int, list[int]] = {}
        self._places: list[list[int]] = []
        self._holding: dict[frozenset[int], dict[int, int]] = {}
        self._draws: dict[int, list[float]] = {}
        self._slack: dict[int, list[float]] = {}
        self.lined = any(self.joined)

    def _intern(self) -> None:
        seen: dict[tuple[str, bool], bool] = {}
        for _, operations in self.rows:
            for operation in operations:
                for action in actions_of(operation):
                    seen[action.signature, action.effect is Effect.READS] = operation.call.tool in FILE_TOOLS
        kinds = sorted(seen)
        self.numbers = {kind: number for number, kind in enumerate(kinds)}
        self.names = [signature for signature, _ in kinds]
        self.commutes = [reads for _, reads in kinds]
        self.files = [seen[kind] for kind in kinds]

    def _add(self, session: int, operations: Sequence[Operation], reading: list[int]) -> None:
        flat: list[int] = []
        keys: list[str] = []
        held: list[int] = []
        for number, operation in enumerate(operations):
            line = []
            for action in actions_of(operation):
                token = self.numbers[action.signature, action.effect is Effect.READS]
                line.append(token)
                flat.append(token)
                keys.append(action.key)
                held.append(number)
            if len(line) == 1:
                count = self.counts[token]
                count[session] = count.get(session, 0) + 1
                reading[session] += self.commutes[token]
                continue
            within = frozenset(line)
            for token in within:
                self.counts[token][session] = self.counts[token].get(session, 0) + 1
            if len(within) > 1:
                self.joined[session].append(within)
                self.lines[session].append(tuple(line[:LINE]))
            reading[session] += all(self.commutes[token] for token in within)
        self.calls[session] += len(operations)
        self.lengths[session].append(len(operations))
        self.starts.append(len(self.tokens))
        for token, places in fold_over(fold(flat), self.commutes):
            several = len(places) > 1
            self.tokens.append(token)
            self.repeats.append(len(places))
            self.holders.append(
                tuple(dict.fromkeys([held[place] for place in places])) if several else (held[places[0]],)
            )
            self.where.append(session)
            self.keys.append(keys[places[0]])
        self.ends.append(len(self.tokens))
        self.tokens.append(BREAK)
        self.repeats.append(0)
        self.holders.append(())
        self.where.append(session)
        self.keys.append("")

    def at(self, token: int) -> list[int]:
        """All places of a kind of step, in order."""
        if not self._places:
            self._places = [[] for _ in self.names]
            for place, each in enumerate(self.tokens):
                if each != BREAK:
                    self._places[each].append(place)
        return self._places[token]

    def row_at(self, place: int) -> int:
        """The number of the row that has this place."""
        return bisect_right(self.starts, place) - 1

    def holding(self, chunk: Sequence[int]) -> dict[int, int]:
        """How many calls of each session hold all these tokens."""
        if len(chunk) == 1:
            return self.counts[chunk[0]]
        wanted = frozenset(chunk)
        if (known := self._holding.get(wanted)) is not None:
            return known
        found: dict[int, int] = {}
        for session in min((self.counts[token] for token in wanted), key=len):
            if have := sum(wanted <= tokens for tokens in self.joined[session]):
                found[session] = have
        self._holding[wanted] = found
        return found

    def overlaps(self, chunks: Sequence[tuple[int, ...]]) -> set[int]:
        """The sessions in which one call holds two of the chunks."""
        found: set[int] = set()
        if self.lined:
            for number, one in enumerate(chunks):
                for other in chunks[:number]:
                    if one != other:
                        found.update(self.holding((*one, *other)))
        return found

    def draws(self, size: int) -> list[float]:
        """For each session: how many calls a stretch of `size` can begin at, by the ways to draw its calls."""
        if size not in self._draws:
            found = []
            for calls, windows in zip(self.calls, self.windows(size), strict=True):
                ways = float(windows)
                for drawn in range(size if windows else 0):
                    ways /= calls - drawn
                found.append(ways)
            self._draws[size] = found
        return self._draws[size]

    def slack(self, size: int) -> list[float]:
        """For each session: in how many ways reads can stand in the gaps of such a stretch, each by its probability."""
        if size not in self._slack:
            self._slack[size] = [(1 + f * (1 + f * (1 + f))) ** (size - 1) for f in self.reading]
        return self._slack[size]

    def windows(self, size: int) -> list[int]:
        """For each session: at how many calls a stretch of `size` calls of one episode can begin."""
        if size not in self._windows:
            found = [sum(max(0, length - size + 1) for length in lengths) for lengths in self.lengths]
            self._windows[size] = found
        return self._windows[size]
