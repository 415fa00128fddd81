"""The detector against synthetic histories with known rituals (`tests/support/rituals.py`).

What counts as found is defined in `tests/support/rituals_judge.py`; `python -m bench.detection` draws the curves.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import add

import pytest

from agentjit.detect.mine import hotspots
from agentjit.hotspot import Hotspot
from tests.support.rituals import (
    NOW,
    History,
    Settings,
    history,
    random_history,
    shuffled,
)
from tests.support.rituals_judge import Verdict, alike, claims, judge, signature

SEEDS = range(100, 140)
NULLS = range(200, 220)
SMALL = Settings(sessions=20, keyed=3, inside=3, unstable=2)
"""For the histories in which nothing is to be found: half the size, as twenty of each are read."""


@cache
def made(seed: int) -> History:
    return history(seed)


@cache
def found(seed: int) -> list[Hotspot]:
    return hotspots(made(seed).episodes, now=NOW)


@cache
def pooled() -> Verdict:
    return reduce(add, (judge(made(seed), found(seed), f"seed {seed}:") for seed in SEEDS))


# --- the detector


def test_what_is_found_is_a_ritual() -> None:
    """Pooled over forty histories, with some 460 rituals in them: enough that nobody can tune to each."""
    verdict = pooled()
    assert verdict.found >= 400
    assert verdict.precision >= 0.95, "\n".join(verdict.wrong)


def test_rituals_are_found() -> None:
    verdict = pooled()
    assert verdict.fair >= 430
    assert verdict.recall >= 0.95, "\n".join(verdict.missed)


def test_what_is_claimed_belongs_to_rituals() -> None:
    """Call by call, where an occurrence that was perturbed counts with what is left of it."""
    verdict = pooled()
    assert verdict.call_precision >= 0.95
    assert verdict.call_recall >= 0.75  # a fifth of the occurrences is perturbed


def test_a_ritual_that_a_prompt_starts_is_found_with_its_prompt() -> None:
    verdict = pooled()
    assert verdict.keyed >= 200
    assert verdict.with_prompt >= 0.95 * verdict.keyed


def test_no_action_is_counted_twice() -> None:
    assert pooled().doubled == ()


def test_a_ritual_is_one_hotspot() -> None:
    verdict = pooled()
    assert verdict.twice <= 0.05 * verdict.found


def test_what_never_settles_is_never_stable() -> None:
    assert sum(len(made(seed).families) for seed in SEEDS) >= 100
    assert pooled().settled == 0


def test_loops_are_folded() -> None:
    """A hotspot of a ritual with a loop has each step once, says how often it was taken, and claims every round."""
    looped = wanted = claimed = 0
    for seed in SEEDS:
        for ritual in (each for each in made(seed).rituals if each.loop != (0, 0)):
            steps = [signature(step) for step in ritual.steps[slice(*ritual.loop)]]
            whole = [set(label.calls) for label in made(seed).of(ritual.id) if not label.perturbed]
            for hotspot in found(seed):
                if hotspot.unstable or not alike(hotspot.signature, ritual):
                    continue
                looped += 1
                assert hotspot.loops, (seed, ritual.id)
                taken = [hotspot.loops[hotspot.signature.index(step)] for step in steps]
                assert all(1 <= fewest < most <= 5 for fewest, most in taken), (seed, ritual.id, taken)
                mine = {call for calls in claims(hotspot) for call in calls}
                wanted += sum(len(calls) for calls in whole if calls & mine)
                claimed += sum(len(calls & mine) for calls in whole)
    assert looped >= 30
    assert claimed >= 0.9 * wanted


@pytest.mark.parametrize("seed", NULLS)
def test_nothing_is_found_when_the_order_is_chance(seed: int) -> None:
    episodes = shuffled(history(seed, SMALL).episodes, seed)
    assert [hotspot.signature for hotspot in hotspots(episodes, now=NOW) if not hotspot.unstable] == []


@pytest.mark.parametrize("seed", NULLS)
def test_nothing_is_found_in_random_histories(seed: int) -> None:
    episodes = random_history(seed, SMALL)
    assert [hotspot.signature for hotspot in hotspots(episodes, now=NOW) if not hotspot.unstable] == []
