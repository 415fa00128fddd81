"""The backtest over synthetic histories: what is saved and wasted as noise grows, and how long the walk takes.

The histories are those of `bench.detection`, several of them one after the other as one person's past. Half of their
commands are drawn from one vocabulary again and again, so the ceiling is high and mostly chance; what can be foreseen
is the rituals that begin with a prompt, and chains of reads.
"""

from __future__ import annotations

import time
from dataclasses import replace

from agentjit.backtest.habits import Habits
from agentjit.backtest.report import Score
from agentjit.backtest.walk import rows, walk
from agentjit.data import folder
from agentjit.trace import Episode
from bench.report import Budget, Row, finish, options
from tests.support.rituals import history, noisy

NOISE = (0.0, 0.2, 0.4)
FIRST = 9500
WASTED = 20.0  # per cent of what is run
RATIO = 12.0  # ten times the calls, at most so many times the time


def past(histories: int, noise: float) -> list[Episode]:
    """The episodes of `histories` seeds, each with sessions of its own."""
    return [
        replace(episode, id=f"{seed}-{episode.id}", session=f"{seed}-{episode.session}")
        for seed in range(FIRST, FIRST + histories)
        for episode in history(seed, noisy(noise)).episodes
    ]


def timed(histories: int, noise: float) -> tuple[Score, float]:
    """The score of a walk, and its seconds for a thousand calls."""
    episodes = past(histories, noise)
    begin = time.process_time()
    found = walk(rows(episodes), {"it": Habits(str(folder("skills_templates")))})["it"].total
    return found, (time.process_time() - begin) / found.calls * 1000


def main() -> int:
    given = options(__doc__, runs=20, what="histories").parse_args()
    total = Score()
    for noise in NOISE:
        found, _ = timed(given.runs, noise)
        total.saved += found.saved
        total.wasted += found.wasted
        total.wrong_writes += found.wrong_writes
        if not given.as_json:
            share = found.saved / max(1, found.saved + found.wasted)
            print(f"noise {noise}: {found.calls:,} calls, saved {found.saved}, wasted {found.wasted}: {share:.2f}")
    timed(1, 0.2)
    few, many = ([timed(count, 0.2)[1] for _ in range(2)] for count in (max(1, given.runs // 10), given.runs))
    budgets = [
        Budget(
            "wasted, of saved and wasted", 100 * total.wasted / max(1, total.saved + total.wasted), WASTED, unit="%"
        ),
        Budget("wrong writes", total.wrong_writes, 0, unit=""),
        Budget("ten times the calls, in time", 10 * min(many) / min(few), RATIO),
    ]
    labels = [("a thousand calls of a short past", few), ("a thousand calls of a past ten times as long", many)]
    return finish([Row.of(label, figures) for label, figures in labels], budgets, as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
