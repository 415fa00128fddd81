"""What simpler methods would have done on the same walk. They run whatever they predict, writes as well."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from agentjit.backtest.report import Ran
from agentjit.backtest.walk import Row, Suggestion
from agentjit.detect.moves import Move, placed

_LEAST = 3
_CERTAIN = 0.8
_LONGEST = 5  # calls of an n-gram that is replayed
_SHORTEST = 2

Step = tuple[str, ...]
"""A call as the identities of its actions."""


def _step(call: Sequence[Move]) -> Step:
    return tuple(move.identity for move in call)


def _suggested(call: Sequence[Move], cwd: str, kind: str, rule: str) -> list[Suggestion]:
    return [Suggestion(placed(move.identity, cwd), move, kind, rule) for move in call]


class _Baseline:
    """What is common to all: none answers a prompt."""

    def answered(self) -> bool | None:
        return None


class LastPrompt(_Baseline):
    """Repeat the calls that followed the same prompt the last time."""

    def __init__(self) -> None:
        self._last: dict[str, Row] = {}

    def suggest(self, row: Row, made: Sequence[Move], place: int) -> list[Suggestion]:
        last = self._last.get(self._key(row)) if place == 0 else None
        calls = last.calls if last else ()
        return [each for call in calls for each in _suggested(call, row.episode.cwd, "prompt", row.episode.prompt)]

    def learn(self, row: Row, ran: Sequence[Ran]) -> None:
        if row.typed:
            self._last[self._key(row)] = row

    def _key(self, row: Row) -> str:
        return " ".join(row.episode.prompt.casefold().split()) if row.typed else "\0"


class NextCall(_Baseline):
    """The most frequent call after the last `order` calls, if it came 3 times or more and 8 times in 10."""

    def __init__(self, order: int) -> None:
        self._order = order
        self._counts: dict[tuple[Step, ...], Counter[Step]] = defaultdict(Counter)
        self._examples: dict[Step, Sequence[Move]] = {}

    def suggest(self, row: Row, made: Sequence[Move], place: int) -> list[Suggestion]:
        if place < self._order:
            return []
        context = tuple(_step(call) for call in row.calls[place - self._order : place])
        counts = self._counts.get(context)
        step, times = counts.most_common(1)[0] if counts else ((), 0)
        if counts is None or times < _LEAST or times < _CERTAIN * counts.total():
            return []
        return _suggested(self._examples[step], row.episode.cwd, "next", f"after {self._order}")

    def learn(self, row: Row, ran: Sequence[Ran]) -> None:
        steps = [_step(call) for call in row.calls]
        for place in range(self._order, len(steps)):
            self._counts[tuple(steps[place - self._order : place])][steps[place]] += 1
            self._examples[steps[place]] = row.calls[place]


class Replay(_Baseline):
    """The call that came the last time after the longest run of the same calls, of 2 to 5."""

    def __init__(self) -> None:
        self._next: dict[tuple[Step, ...], Sequence[Move]] = {}

    def suggest(self, row: Row, made: Sequence[Move], place: int) -> list[Suggestion]:
        steps = [_step(call) for call in row.calls[max(0, place - _LONGEST) : place]]
        for size in range(len(steps), _SHORTEST - 1, -1):
            if call := self._next.get(tuple(steps[-size:])):
                return _suggested(call, row.episode.cwd, "replay", f"{size} calls")
        return []

    def learn(self, row: Row, ran: Sequence[Ran]) -> None:
        steps = [_step(call) for call in row.calls]
        for place in range(_SHORTEST, len(steps)):
            for size in range(_SHORTEST, min(_LONGEST, place) + 1):
                self._next[tuple(steps[place - size : place])] = row.calls[place]
