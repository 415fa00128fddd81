"""Numbers as an answer tells them, values between quotes, long patterns with braces."""

from __future__ import annotations

import ast
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentjit.compile.following.figures import figures, quoted, without_quotes
from agentjit.compile.rendering.layout import laid
from agentjit.piece import Ref, Text
from agentjit.step import BashStep
from tests.compile.test_families import compiled
from tests.support.notation import repeat


@pytest.mark.parametrize(
    ("seen", "plural", "fitting", "others"),
    [
        ("3 12 7", True, "2 9 10 999", "0 1 1000 007"),
        ("3 12 7", False, "1 2 999", "0 1000"),
        ("1 12 7", True, "1 2 999", "0 1000"),
        ("0 12 7", True, "0 2 999", "1 1000"),
        ("0 12 7", False, "0 1 2 999", "1000"),
        ("03 12", False, "04 112", "0 1234"),
        ("12.5 45.25", False, "7.7 112.25", "12.255 1000.5 1e3 1e+22 40.0 0.30000000000000004"),
        ("12.50 45.00", False, "7.00 7.75", "7.755"),
        ("12.5 45", False, "8 7.5", "7.55 40.0 1000"),
        ("v1 v2", True, "v1 v17", ""),
    ],
)
def test_numbers_that_are_told(seen: str, plural: bool, fitting: str, others: str) -> None:
    pattern = figures(r"v[0-9]+", seen.split(), plural=plural)
    assert [each for each in (*seen.split(), *fitting.split()) if not re.fullmatch(pattern, each)] == []
    assert [each for each in others.split() if re.fullmatch(pattern, each)] == []


def test_one_is_told_in_other_words() -> None:
    rows = [{"s": f"svc{i}", "n": str(n)} for i, n in enumerate((3, 12, 7, 25, 41, 9))]
    made = compiled(repeat("> close the issues of {s}\n$ ./issues close {s}\n| {n}\n< Closed {n} issues.", *rows))
    assert made.plan and made.plan.answer
    (binding,) = made.plan.steps[0].bindings  # type: ignore[union-attr]
    expression = binding.pattern[0].expression  # type: ignore[union-attr]
    assert re.fullmatch(expression, "2") and not re.fullmatch(expression, "1")


QUOTED = r"[^\s-]\S*", r"(?!\S*://)[^\s-]\S*", r"https?://[^\s\"'<>]+", r"(?s)(?=.*\S).+", r"[a-z]+(?:\S+ )?x"


@pytest.mark.parametrize("pattern", QUOTED)
def test_between_quotes_are_no_quotes(pattern: str) -> None:
    made = without_quotes(pattern, ["ab"])
    for sign in "\\\"'":
        for text in (f"a{sign}b", f"{sign}a", f"https://a{sign}", f"abc{sign} x"):
            assert not re.fullmatch(made, text)


def test_a_value_in_json_is_no_json() -> None:
    word = (Text(text='{"text": "'), Ref(name="x"), Text(text='", "to": '), Ref(name="n"), Text(text="}"))
    call = BashStep(argv=((Text(text="curl"),), (Text(text="-d"),), word, (Ref(name="plain"),)))
    assert list(quoted(call)) == ["x"]


def test_a_prompt_that_would_end_the_json_starts_nothing() -> None:
    said = ("Deploy done", "Cart is up", "Build broke again", "Lunch now", "Go home", "Tea is up")
    rows = [{"t": each} for each in said]
    text = '> post "{t}"\n$ curl -s -X POST https://chat/x -d \'{"text": "{t}"}\'\n| {"ok":true}\n< Posted.'
    made = compiled(repeat(text, *rows))
    assert made.plan, made.reason
    pattern = made.plan.entry.pattern
    assert re.fullmatch(pattern, 'post "We are live"')
    assert not re.fullmatch(pattern, 'post "a\\b"') and not re.fullmatch(pattern, 'post "it\'s up"')


@given(st.text('\\{}" ab[],:', max_size=300), st.text('\\{}" ab[],:', max_size=300))
@example('[{"type":"text","text":"{' + "a" * 120 + '}"}]', "{}" * 90)
def test_a_long_pattern_with_braces_reads_back(before: str, after: str) -> None:
    """As the formatter's parts, a raw pattern with fields is what it was on one line."""
    doubled = [re.escape(each).replace("{", "{{").replace("}", "}}").replace('"', "'") for each in (before, after)]
    code = f'rf"{doubled[0]}{{x}}{doubled[1]}"'
    whole, parts = (eval(each, {"x": "VALUE"}) for each in (code, "(" + "\n".join(laid(code)) + ")"))
    assert whole == parts and ast.parse("(" + "\n".join(laid(code)) + ")")


def test_a_tools_text_in_json_compiles() -> None:
    rows = [{"n": str(n), "t": f"{n * 37 % 101}.{n}5"} for n in (11, 12, 13, 14, 15, 16)]
    inner = json.dumps(
        {"order": "ORDER", "state": "paid", "currency": "EUR", "note": "none so far", "by": "the shop itself"}
    )
    text = json.dumps([{"type": "text", "text": inner.replace('"ORDER"', "ORDER")}])
    body = text.replace("ORDER", "{n}")
    made = compiled(repeat("> is order {n} paid\n$ ./orders {n}\n| " + body + "\n< Order {n} is paid.", *rows))
    assert made.plan, made.reason
