"""How well rituals are found: precision and recall over synthetic histories with known ones, as noise grows.

Noise is the share of the occurrences of a ritual that were perturbed (a step dropped, another write in between, a step
replaced by something else). A second curve lets the background grow: the calls that belong to nothing for each call of
a ritual. Then histories in which only chance is at work: the same calls in a random order within their sessions, and
calls drawn independently. What counts as found is defined in `tests/support/rituals_judge.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from operator import add

from agentjit.detect.mine import hotspots
from agentjit.trace import Episode
from bench.report import Budget, finish, machine, options
from tests.support.rituals import MODERATE, NOW, Settings, history, noisy, random_history, shuffled
from tests.support.rituals_judge import Verdict, judge

NOISE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
BACKGROUND = (1.0, 2.0, 5.0, 10.0, 20.0)
FIRST = 9000
"""The first seed: not those of the tests, with which the detector was built."""
LIMIT = 5.0  # per cent wrong, and per cent missed, at moderate noise


@dataclass(frozen=True, slots=True)
class Point:
    """One level of one curve, pooled over histories; shares are of 1."""

    level: str
    rituals: int
    found: int
    precision: float
    recall: float
    call_precision: float
    call_recall: float
    unstable_as_stable: int

    @classmethod
    def of(cls, level: str, verdict: Verdict) -> Point:
        return cls(
            level,
            verdict.fair,
            verdict.found,
            verdict.precision,
            verdict.recall,
            verdict.call_precision,
            verdict.call_recall,
            verdict.settled,
        )


def verdict(settings: Settings, seeds: Sequence[int]) -> Verdict:
    """What is found in the histories of `seeds`, pooled."""
    pasts = ((seed, history(seed, settings)) for seed in seeds)
    return reduce(add, (judge(past, hotspots(past.episodes, now=NOW), f"seed {seed}:") for seed, past in pasts))


def by_chance(history_of: Callable[[int], list[Episode]], seeds: Sequence[int]) -> int:
    """Stable hotspots in histories in which there are none."""
    return sum(not each.unstable for seed in seeds for each in hotspots(history_of(seed), now=NOW))


def table(title: str, points: Sequence[Point]) -> None:
    print(f"\n{title:10} rituals   found  precision  recall   of calls: precision  recall   unstable as stable")
    for p in points:
        print(
            f"{p.level:>10} {p.rituals:7} {p.found:7} {p.precision:10.1%} {p.recall:7.1%}"
            f" {p.call_precision:20.1%} {p.call_recall:7.1%} {p.unstable_as_stable:20}"
        )


def main() -> int:
    parser = options(__doc__, runs=20, what="histories for each level")
    parser.add_argument("--why", action="store_true", help="say what was missed and what is wrong at moderate noise")
    given = parser.parse_args()
    seeds = range(FIRST, FIRST + given.runs)
    moderate = verdict(MODERATE, seeds)
    noise = {level: verdict(noisy(level), seeds) for level in NOISE if level != MODERATE.manner.noise}
    noise[MODERATE.manner.noise] = moderate
    background = {level: verdict(replace(MODERATE, background=level), seeds) for level in BACKGROUND if level != 5.0}
    background[MODERATE.background] = moderate
    curves = {
        "noise": [Point.of(f"{level:.1f}", noise[level]) for level in sorted(noise)],
        "background": [Point.of(f"{level:g}", background[level]) for level in sorted(background)],
    }
    chance = {
        "shuffled": by_chance(lambda seed: shuffled(history(seed).episodes, seed), seeds),
        "random": by_chance(random_history, seeds),
    }
    budgets = [
        Budget("wrong at noise 0.2", 100 * (1 - moderate.precision), LIMIT, "%"),
        Budget("missed at noise 0.2", 100 * (1 - moderate.recall), LIMIT, "%"),
        Budget(f"found in {given.runs} shuffled histories", chance["shuffled"], 0, "hotspots"),
        Budget(f"found in {given.runs} random histories", chance["random"], 0, "hotspots"),
        Budget("unstable families taken for stable", moderate.settled, 0, "hotspots"),
    ]
    if given.as_json:
        points = {name: [asdict(point) for point in curve] for name, curve in curves.items()}
        judged = [{**asdict(budget), "kept": budget.kept} for budget in budgets]
        json.dump({"machine": machine(), "curves": points, "budgets": judged}, sys.stdout, indent=2)
        print()
        return 0 if all(budget.kept for budget in budgets) else 1
    for name, curve in curves.items():
        table(name, curve)
    if given.why:
        print("\n".join(("", *moderate.missed, *moderate.wrong, *moderate.doubled)))
    print()
    return finish([], budgets, as_json=False)


if __name__ == "__main__":
    raise SystemExit(main())
