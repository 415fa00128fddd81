"""What AgentJIT itself would do: run what usually follows, as far as it may be run without asking."""

from __future__ import annotations

from collections.abc import Sequence

from agentjit.backtest.report import Fate, Ran
from agentjit.backtest.skills import SKILL, Skills
from agentjit.backtest.walk import Row, Suggestion
from agentjit.detect.follows import Follows
from agentjit.detect.moves import Move


class Habits:
    """At a prompt what its skill calls, if it has one; at any moment the reads that are expected to follow."""

    def __init__(self, templates: str) -> None:
        self._follows = Follows()
        self._skills = Skills(templates)

    def suggest(self, row: Row, made: Sequence[Move], place: int) -> list[Suggestion]:
        """What to run before call number `place`."""
        suggested = [] if made else self._skills.suggest(row)
        expected = self._follows.expected(row.moment(made), row.episode.session)
        return suggested + [Suggestion(each.move, each.kind, each.rule) for each in expected]

    def learn(self, row: Row, ran: Sequence[Ran]) -> None:
        """An episode is over."""
        for each in ran:
            if each.kind != SKILL:
                self._follows.note(each.kind, each.fate is Fate.SAVED)
        self._follows.learn(row.moment(), row.calls, row.episode.session)
        self._skills.learn(row)

    def answered(self) -> bool | None:
        """Whether the last prompt was answered by a skill, and as the model did."""
        return self._skills.right
