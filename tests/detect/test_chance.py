"""Chance: bounds that hold, against what really happens when calls are shuffled."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, pairwise, permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit.detect.mine import mined
from agentjit.detect.mining import chance
from agentjit.detect.mining.growth import GAP
from agentjit.detect.mining.history import BREAK, History, Row
from agentjit.detect.mining.order import normal
from tests.support.tokens import noisy, row, shuffled

SHUFFLES = 400


@given(st.lists(st.floats(0.0, 0.9), min_size=1, max_size=8), st.integers(0, 9))
def test_the_tail_is_a_bound_for_unequal_chances(chances: list[float], seen: int) -> None:
    exact = [1.0]
    for p in chances:
        exact = [a * (1 - p) + b * p for a, b in zip([*exact, 0.0], [0.0, *exact], strict=True)]
    assert chance.tail(len(chances), sum(chances), seen) >= sum(exact[seen:]) - 1e-9


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8), st.integers(0, 9))
def test_the_tail_of_unequal_chances_is_added_up(chances: list[float], seen: int) -> None:
    exact = [1.0]
    for p in chances:
        exact = [a * (1 - p) + b * p for a, b in zip([*exact, 0.0], [0.0, *exact], strict=True)]
    found = chance.tail_of(chances, seen)
    assert found >= sum(exact[seen:]) - 1e-9
    assert found <= chance.tail(len(chances), sum(chances), seen)
    if 0 < seen <= len(chances) and sum(chances) < len(chances):
        assert found == pytest.approx(sum(exact[seen:]), abs=1e-9)


def test_a_few_sessions_that_surely_show_it_tell_nothing() -> None:
    chances = [1.0] * 3 + [0.01] * 27
    assert chance.tail_of(chances, 6) < 0.05 * chance.tail(30, sum(chances), 6)


@pytest.mark.parametrize(("trials", "p", "seen"), [(10, 0.1, 4), (40, 0.02, 5), (200, 0.01, 9)])
def test_the_tail_is_that_of_the_binomial(trials: int, p: float, seen: int) -> None:
    exact = sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(seen, trials + 1))
    assert chance.tail(trials, trials * p, seen) == pytest.approx(exact, rel=1e-9)


def test_discoveries() -> None:
    """Benjamini and Hochberg's own steps, on probabilities that have been multiplied already."""
    assert chance.discoveries([0.01, 0.5, 0.02]) == pytest.approx([0.01, 0.5 / 3, 0.01])
    assert chance.discoveries([]) == []


def shown(history: History, core: tuple[int, ...]) -> int:
    """In how many sessions the core stands with at most `GAP` reads between two steps: by brute force."""
    found = set()
    for start, end, session in zip(history.starts, history.ends, history.sessions, strict=True):
        steps = history.tokens[start:end]

        def ends(at: int, left: tuple[int, ...], steps: list[int] = steps) -> bool:
            if not left:
                return True
            for to in range(at + 1, min(at + GAP + 2, len(steps))):
                if steps[to] == left[0] and ends(to, left[1:], steps):
                    return True
                if not history.commutes[steps[to]]:
                    return False
            return False

        if any(steps[at] == core[0] and ends(at, core[1:]) for at in range(len(steps))):
            found.add(session)
    return len(found)


@pytest.mark.parametrize("letters", ["GH", "aG", "Ga", "GHI", "GaH"])
def test_the_bound_holds_when_calls_are_shuffled(letters: str) -> None:
    """For each number of sessions: at most as many of 400 shuffles reach it as the bound says, three errors granted."""
    rng = Random(7)
    rows = [noisy(rng, "", session, 25) for session in range(30)]
    history = History(rows)
    core = tuple(history.numbers[letter, letter.islower()] for letter in letters)
    chances = chance.placements(history, [(tuple((token,) for token in core), 1.0)], {})
    mean = sum(chances)
    seen = [shown(History(shuffled(rows, rng)), core) for _ in range(SHUFFLES)]
    assert sum(seen) / SHUFFLES <= mean * 1.05
    assert mean <= 3 * sum(seen) / SHUFFLES + 0.2, "a bound that says nothing"
    for number in range(1, 12):
        share = sum(each >= number for each in seen) / SHUFFLES
        bound = chance.tail_of(chances, number)
        assert share <= bound + 3 * math.sqrt(bound / SHUFFLES)


def test_lines_that_hold_several_steps_are_drawn_as_one() -> None:
    """`G && H` in one call and `I` in the next: two calls to come together, not three."""
    rows = [row([*"abcdeabcde", "GH", "I"], session) for session in range(10)]
    history = History(rows)
    g, h, i = (history.numbers[letter, False] for letter in "GHI")
    together = chance.placements(history, [(((g, h), (i,)), 1.0)], {})
    apart = chance.placements(history, [(((g,), (h,), (i,)), 1.0)], {})
    assert sum(together) > 0
    assert sum(apart) == 0, "the only call with g is the only one with h, and cannot stand beside itself"


def test_a_line_is_no_neighbour_of_itself() -> None:
    """By hand: of two calls with g and two with h, one of them the same, three pairs can stand beside each other."""
    history = History([row(["GH", "G", "H", *"abcdefg"], 0)])
    g, h = (history.numbers[letter, False] for letter in "GH")
    (share,) = chance.placements(history, [(((g,), (h,)), 1.0)], {}, gaps=False)
    assert share == pytest.approx(9 * 3 / (10 * 9))


def test_calls_that_belong_to_another_hotspot_are_not_drawn() -> None:
    history = History([row("GGHHIJKLMN", 0)])
    g, h = (history.numbers[letter, False] for letter in "GH")
    ways = [(((g,), (h,)), 1.0)]
    (share,) = chance.placements(history, ways, {}, gaps=False)
    assert chance.placements(history, ways, {g: {0: 1}}, gaps=False) == pytest.approx([share / 2])
    assert chance.placements(history, ways, {g: {0: 2}}, gaps=False) == []


@pytest.mark.parametrize("length", [2, 3])
def test_testable_is_a_bound(length: int) -> None:
    """Of sets of steps that share three sessions, each in as many orders as tell something."""
    rng = Random(3)
    rows = [noisy(rng, "", session, 15) for session in range(12)]
    history = History(rows)
    sessions: Counter[tuple[int, ...]] = Counter()
    for start, end in zip(history.starts, history.ends, strict=True):
        kinds = sorted({token for token in history.tokens[start:end] if token != BREAK})
        sessions.update(combinations(kinds, length))
    could = {
        normal(order, history.commutes)
        for steps, count in sessions.items()
        if count >= 3
        for order in permutations(steps)
    }
    assert len(could) > 50
    assert len(could) <= chance.testable(history, 3, length)[length]


# --- nothing is found where nothing is


def keyed(rng: Random, session: int) -> list[Row]:
    """Several episodes, some with a prompt that comes again, and one of these always with the same steps."""
    prompts = ["ship it", "run the checks", "deploy the shop", "", "", ""]
    rows: list[Row] = []
    for number, prompt in enumerate(rng.sample(prompts, 5)):
        letters = noisy(rng, "", session, rng.randint(2, 12))[1]
        text = "".join(operation.signature for operation in letters)
        if prompt == "ship it":
            text = "ABCDE"
        elif number == 4:
            text += "FEDCB"
        rows.append(row(text, session, number=number, prompt=prompt))
    return rows


@pytest.mark.parametrize("seed", range(50))
def test_nothing_is_found_in_shuffled_sessions(seed: int) -> None:
    rng = Random(seed)
    rows = [each for session in range(25) for each in keyed(rng, session)]
    before = mined(rows, now=2e9).hotspots
    assert {"".join(hotspot.signature)[-5:] for hotspot in before} == {"ABCDE", "FEDCB"}
    after = mined(shuffled(rows, rng), now=2e9)
    assert [hotspot.signature for hotspot in after.hotspots] == []
    assert after.tried > 0 and after.capped == 0


@pytest.mark.parametrize("seed", range(50))
def test_nothing_is_found_in_random_sessions(seed: int) -> None:
    rng = Random(1000 + seed)
    rows = []
    for session in range(25):
        for number in range(4):
            letters = "".join(operation.signature for operation in noisy(rng, "", session, rng.randint(1, 14))[1])
            prompt = rng.choice(["ship it", "continue", "run the checks", f"what of {rng.random()}?"])
            rows.append(row(letters, session, number=number, prompt=prompt))
    assert [hotspot.signature for hotspot in mined(rows, now=2e9).hotspots] == []


def test_chance_is_filled_in() -> None:
    rng = Random(1)
    rows = [noisy(rng, "ABCD", session) for session in range(12)]
    (hotspot,) = mined(rows, now=2e9).hotspots
    assert hotspot.chance
    assert hotspot.chance.expected < 1 < hotspot.sessions
    assert hotspot.chance.p <= hotspot.chance.q <= chance.RATE


def test_a_stricter_rate_finds_no_more() -> None:
    rng = Random(5)
    rows = [noisy(rng, "ABC", session) for session in range(5)]
    found = [len(mined(rows, now=2e9, rate=rate).hotspots) for rate in (0.2, 0.05, 1e-4, 1e-9, 1e-15)]
    assert all(more >= less for more, less in pairwise(found))
    assert found[0] == 1 and found[-1] == 0


def test_a_line_is_no_sequence_of_calls() -> None:
    """What one line does by itself costs one turn, and no shuffle could tear it apart."""
    rng = Random(2)
    rows = []
    for session in range(12):
        letters = [operation.signature for operation in noisy(rng, "", session)[1]]
        rows.append(row([*letters[:9], "ABC", *letters[9:]], session))
    assert mined(rows, now=2e9).hotspots == ()
    history = History(rows)
    core = normal([history.numbers[letter, False] for letter in "ABC"], history.commutes)
    assert core in chance.together(history, 3)
