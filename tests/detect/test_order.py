"""Normal forms, and orders that settle or do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit.detect.mining.order import moved, normal, place, several

READS = [True, True, True, False, False, False]
"""0, 1, 2 only read."""


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(0, 18))
def test_swapping_reads_changes_nothing_and_swapping_others_does(tokens: list[int], at: int) -> None:
    if at + 1 >= len(tokens):
        return
    one, other = tokens[at], tokens[at + 1]
    swapped = [*tokens[:at], other, one, *tokens[at + 2 :]]
    same = normal(tokens, READS) == normal(swapped, READS)
    if READS[one] and READS[other]:
        assert same
    elif not READS[one] and not READS[other]:
        assert same == (one == other)


@given(st.lists(st.integers(0, 5), max_size=20))
def test_a_row_has_its_own_normal_form(tokens: list[int]) -> None:
    core = normal(tokens, READS)
    assert normal(core, READS) == core
    places = place(core, tokens, READS, 0, len(tokens))
    assert places is not None
    assert all(tokens[at] == token for token, there in zip(core, places, strict=True) for at in there)
    assert sorted(at for there in places for at in there) == list(range(len(tokens)))


@pytest.mark.parametrize(
    ("core", "tokens", "found"),
    [
        ((3, 4), [3, 4], ((0,), (1,))),
        ((3, 4), [0, 3, 1, 2, 4, 0], ((1,), (4,))),
        ((3, 4), [3, 5, 4], None),
        ((3, 4), [4, 3], None),
        ((0, 1, 3), [1, 0, 2, 0, 3], ((1, 3), (0,), (4,))),
        ((0, 1, 3), [1, 3, 0], None),
        ((3, 0), [3, 1, 0], ((0,), (2,))),
        ((3, 4), [3, -1, 4], None),
    ],
)
def test_place(core: tuple[int, ...], tokens: list[int], found: object) -> None:
    assert place(core, tokens, READS, 0, len(tokens)) == found


def test_places_follow_their_steps() -> None:
    assert moved((3, 4, 3), (4, 3, 3), ((7,), (8,), (9,))) == ((8,), (7,), (9,))


@pytest.mark.parametrize(
    ("orders", "together", "reason"),
    [
        (["LT"] * 6, {"LT"}, ""),
        (["LT"] * 3 + ["TL"] * 3, {"LT", "TL"}, ""),
        (["LT"] * 8 + ["TL"], {"LT"}, ""),
        (["ABC", "ABC", "BCA", "BCA", "CAB", "CBA"], {"ABC", "BCA", "CAB", "CBA"}, "4 orders in 6 runs"),
        (["AB", "BA", "AB"], {"AB", "BA"}, "2 orders in 3 runs"),
    ],
)
def test_orders(orders: list[str], together: set[str], reason: str) -> None:
    found, why = several([tuple(map(ord, order)) for order in orders])
    assert ({"".join(map(chr, order)) for order in found}, why) == (together, reason)
