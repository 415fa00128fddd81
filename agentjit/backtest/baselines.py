"""What simpler methods would have done on the same walk. They run whatever they predict, writes as well."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from agentjit.backtest.report import Ran
from agentjit.backtest.walk import Row, Suggestion
from agentjit.detect.moves import Move, elsewhere, identity, placed

_LEAST = 3
_CERTAIN = 0.8
_LONGEST = 5  # calls of an n-gram that is replayed
_SHORTEST = 2

Step = tuple[str, ...]
"""A call as the identities of its actions."""


def _step(call: Sequence[Move]) -> Step:
    return tuple(move.identity for move in call)


@dataclass(frozen=True, slots=True)
class _Example:
    """A call as it was made, and in which project."""

    call: Sequence[Move]
    cwd: str

    def now(self, cwd: str, kind: str, rule: str) -> list[Suggestion]:
        """The same in the project `cwd`."""
        made = [move if cwd == self.cwd else elsewhere(move, partial(self._moved, cwd), cwd) for move in self.call]
        return [Suggestion(move, kind, rule) for move in made if move is not None]

    def _moved(self, cwd: str, text: str) -> str:
        return placed(identity(text, self.cwd), cwd)


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
        calls = [_Example(call, last.episode.cwd) for call in last.calls] if last else []
        return [each for call in calls for each in call.now(row.episode.cwd, "prompt", row.episode.prompt)]

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
        self._examples: dict[Step, _Example] = {}

    def suggest(self, row: Row, made: Sequence[Move], place: int) -> list[Suggestion]:
        if place < self._order:
            return []
        context = tuple(_step(call) for call in row.calls[place - self._order : place])
        counts = self._counts.get(context)
        step, times = counts.most_common(1)[0] if counts else ((), 0)
        if counts is None or times < _LEAST or times < _CERTAIN * counts.total():
            return []
        return self._examples[step].now(row.episode.cwd, "next", f"after {self._order}")

    def learn(self, row: Row, ran: Sequence[Ran]) -> None:
        steps = [_step(call) for call in row.calls]
        for place in range(self._order, len(steps)):
            self._counts[tuple(steps[place - self._order : place])][steps[place]] += 1
            self._examples[steps[place]] = _Example(row.calls[place], row.episode.cwd)


class Replay(_Baseline):
    """The call that came the last time after the longest run of the same calls, of 2 to 5."""

    def __init__(self) -> None:
        self._next: dict[tuple[Step, ...], _Example] = {}

    def suggest(self, row: Row, made: Sequence[Move], place: int) -> list[Suggestion]:
        steps = [_step(call) for call in row.calls[max(0, place - _LONGEST) : place]]
        for size in range(len(steps), _SHORTEST - 1, -1):
            if example := self._next.get(tuple(steps[-size:])):
                return example.now(row.episode.cwd, "replay", f"{size} calls")
        return []

    def learn(self, row: Row, ran: Sequence[Ran]) -> None:
        steps = [_step(call) for call in row.calls]
        for place in range(_SHORTEST, len(steps)):
            for size in range(_SHORTEST, min(_LONGEST, place) + 1):
                self._next[tuple(steps[place - size : place])] = _Example(row.calls[place], row.episode.cwd)
