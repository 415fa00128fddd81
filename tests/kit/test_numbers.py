"""Texts as the JSON values of a tool's input: written as JSON writes them, or a deviation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit.kit import Deviation, boolean, integer, real


@given(st.integers(-(10**17), 10**17))
def test_a_whole_number_is_what_json_has(value: int) -> None:
    assert integer(json.dumps(value)) == value
    assert real(json.dumps(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_is_what_json_has(value: float) -> None:
    text = json.dumps(value)
    if len(text.partition(".")[0]) <= 18:
        assert real(text) == value
        assert json.dumps(real(text)) == text


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "01", "+1", "1.0", "1e3", "one", "1_000", "٣", "1\n", "9" * 19, "--1"]
)
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(Deviation, match="a whole number"):
        integer(text)


@pytest.mark.parametrize("text", ["", "nan", "inf", "Infinity", "1e999", ".5", "5.", "1,5", "0x10", "1\n", "٣.٣"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Deviation, match="a number"):
        real(text)


def test_true_and_false() -> None:
    assert (boolean("true"), boolean("false")) == (True, False)
    for text in ("True", "1", "yes", "", "true "):
        with pytest.raises(Deviation, match="true or false"):
            boolean(text)
