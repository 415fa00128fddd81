"""What the values and results of a skill are called: the words of the workflow."""

from __future__ import annotations

import re

import pytest

from agentjit.compile.naming import plural, singular
from tests.compile.test_families import compiled
from tests.support.notation import repeat

ROWS = [
    {"v": f"{n}.{n + 3}.{n * 2}", "b": branch} for n, branch in enumerate(("web", "api", "cart", "mail", "spam"), 2)
]


def program(text: str) -> str:
    made = compiled(repeat(text, *ROWS))
    assert made.plan, made.reason
    return made.program


def test_a_file_that_is_shown_names_its_value() -> None:
    text = program("# ~/work\n> which one is out?\n$ cat VERSION\n| {v}\n< It is {v}.")
    assert "version = extract(" in text
    assert 'answer(f"It is {version}.")' in text


def test_what_is_done_comes_before_what_it_is_done_to() -> None:
    text = program("# ~/work\n> publish {b}\n$ git push origin {b}\n| ok {b} -> {b}\n< Pushed {b}.")
    assert "push = yield bash(" in text


def test_the_function_keeps_its_name() -> None:
    text = program("# ~/work\n> push {b}\n$ git push origin {b}\n| ok {b} -> {b}\n< Pushed {b}.")
    assert "def push(" in text
    assert "= yield bash(" in text
    assert not re.search(r"(?m)^ +push = ", text)


@pytest.mark.parametrize(("one", "many"), [("pod", "pods"), ("policy", "policies"), ("ingress", "ingresses")])
def test_one_and_many(one: str, many: str) -> None:
    assert (plural(one), singular(many)) == (many, one)
    assert singular("status") == "status"
