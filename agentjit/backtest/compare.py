"""The whole backtest: AgentJIT as it is, as it would be with checks approved, and simpler methods, on one walk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agentjit.backtest.baselines import LastPrompt, NextCall, Replay
from agentjit.backtest.habits import Habits
from agentjit.backtest.report import Walked
from agentjit.backtest.walk import Policy, rows, walk
from agentjit.detect.checks import is_check
from agentjit.trace import Episode

_OWN = "agentjit"


@dataclass(frozen=True, slots=True)
class Backtest:
    """`own` is what AgentJIT would have run by itself; `approved` what it would have run had its user approved the
    commands that check a project; `baselines` are the others, by name.
    """

    own: Walked
    approved: Walked
    baselines: Mapping[str, Walked]


def backtest(
    episodes: Sequence[Episode], templates: str, progress: Callable[[int, int], None] = lambda done, total: None
) -> Backtest:
    """Walk through `episodes` in time order, twice; `progress` gets (done, total) episodes."""
    history = rows(episodes)
    policies: dict[str, Policy] = {
        _OWN: Habits(templates),
        "last_prompt": LastPrompt(),
        "next_call_1": NextCall(1),
        "next_call_2": NextCall(2),
        "next_call_3": NextCall(3),
        "ngram_replay": Replay(),
    }
    total = len(history)
    walked = walk(history, policies, lambda done: progress(done // 2, total))
    trusting = rows(episodes, is_check)
    approved = walk(trusting, {_OWN: Habits(templates)}, lambda done: progress((total + done) // 2, total))
    own = walked.pop(_OWN)
    return Backtest(own, approved[_OWN], walked)
