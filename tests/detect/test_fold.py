"""Loops count once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit.detect.mining.fold import fold, fold_over


def text(letters: str) -> str:
    """`letters` folded, each with how often; small ones only read."""
    reads = [chr(number).islower() for number in range(128)]
    steps = fold_over(fold([ord(letter) for letter in letters]), reads)
    return " ".join(f"{chr(token)}{len(places) if len(places) > 1 else ''}" for token, places in steps)


@pytest.mark.parametrize(
    ("letters", "folded"),
    [
        ("", ""),
        ("A", "A"),
        ("AB", "A B"),
        ("AAA", "A3"),
        ("aabb", "a2 b2"),
        ("ABAB", "A2 B2"),
        ("ABABC", "A2 B2 C"),
        ("CABCDABCD", "C A2 B2 C2 D2"),
        ("ABCDABCDABCD", "A3 B3 C3 D3"),
        ("ABCDEABCDE", "A B C D E A B C D E"),
        ("AABAB", "A3 B2"),
        ("ABBABB", "A2 B4"),
        ("AxA", "A2 x"),
        ("AxyA", "A2 x y"),
        ("AxyzA", "A x y z A"),
        ("vEvEvE", "v3 E3"),
        ("vEvxEvE", "v3 E3 x"),
        ("lvEvE", "l v2 E2"),
        ("vEE", "v E2"),
        ("AxBA", "A x B A"),
    ],
)
def test_fold(letters: str, folded: str) -> None:
    assert text(letters) == folded


@given(st.lists(st.integers(0, 4), max_size=60))
def test_nothing_is_lost_and_nothing_is_left_to_fold(tokens: list[int]) -> None:
    steps = fold(tokens)
    assert sorted(place for _, places in steps for place in places) == list(range(len(tokens)))
    assert all(tokens[place] == token for token, places in steps for place in places)
    left = [token for token, _ in steps]
    for size in range(1, 5):
        assert all(left[i : i + size] != left[i + size : i + 2 * size] for i in range(len(left) - 2 * size + 1))


@given(st.lists(st.integers(0, 5), max_size=40))
def test_loops_with_reads_lose_nothing_either(tokens: list[int]) -> None:
    steps = fold_over(fold(tokens), [token % 2 == 0 for token in range(6)])
    assert sorted(place for _, places in steps for place in places) == list(range(len(tokens)))
    assert all(tokens[place] == token for token, places in steps for place in places)
