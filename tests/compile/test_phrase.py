"""Calls, loops and forks in words."""

from __future__ import annotations

import pytest

from agentjit.compile.phrase import finder_text, guard_text, plan_phrases
from agentjit.piece import Cell, Every, Field_, Finder, JsonKeys, JsonPath, LineAt, Lines, Pattern, Text, Whole
from agentjit.step import AnyCall, EditStep, Guard, ReadStep, ToolField, ToolStep, WriteStep, call_text
from tests.compile.gold_plans import PLANS
from tests.compile.plan_notation import argument, run, script


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (run("git add -- {*paths}"), "git add -- {paths…}"),
        (run("tar -cf {name|basename}.tar {name}"), "tar -cf {basename(name)}.tar {name}"),
        (run("backup {today|date:%Y%m%d}"), "backup '{date(today, %Y%m%d)}'"),
        (script("cat {path} | wc -l"), "cat {path} | wc -l"),
        (ReadStep(path=argument("{cwd}/a.txt")), "Read {cwd}/a.txt"),
        (ReadStep(path=argument("a.txt"), offset=5, limit=10), "Read a.txt from line 5 for 10"),
        (ReadStep(path=argument("a.txt"), limit=10), "Read a.txt from line 1 for 10"),
        (WriteStep(path=argument("a.txt"), content=argument("one\ntwo {x}")), "Write a.txt: 'one two {x}'"),
        (
            EditStep(path=argument("a.py"), old=argument("x" * 99), new=argument(""), every=True),
            f"Edit a.py: '{'x' * 59}…' becomes '' everywhere",
        ),
        (
            ToolStep(
                tool="mcp__x__get",
                fields=(
                    ToolField(path=("number",), type="integer", value=argument("{n}")),
                    ToolField(path=("by", "labels", 0), type="string", value=argument("in progress")),
                ),
            ),
            "mcp__x__get number={n}, by.labels.0='in progress'",
        ),
        (ToolStep(tool="mcp__x__list", fields=()), "mcp__x__list"),
    ],
)
def test_every_call_form(call: AnyCall, text: str) -> None:
    assert call_text(call) == text


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (Guard(of="status", by="exit", codes=(0, 1)), "status exits with 0 or 1"),
        (Guard(of="status", by="empty"), "status prints nothing"),
        (Guard(of="status", by="printed"), "status prints something"),
        (Guard(of="status", by="says", expression="nothing to commit"), "status says 'nothing to commit'"),
    ],
)
def test_every_guard(guard: Guard, text: str) -> None:
    assert guard_text(guard) == text


@pytest.mark.parametrize(
    ("finder", "text"),
    [
        (Whole(), "the whole output"),
        (LineAt(number=-1), "line -1"),
        (Lines(first=1), "all lines from 1 on"),
        (Cell(column=0, row=2), "column 0 of row 2"),
        (Cell(column=1, separator=","), "column 1 parted by ','"),
        (
            Cell(column=0, where=((2, Text(text="Up")),), begins=((1, argument("{name}-")),)),
            "column 0 where column 2 is Up and column 1 begins with {name}-",
        ),
        (
            JsonPath(path=("items", Every(), Field_(key="name", value=Text(text="web")), "id")),
            "JSON path items.*.[name=web].id",
        ),
        (JsonKeys(path=()), "the keys"),
        (JsonKeys(path=("a",)), "the keys of a"),
        (Pattern(expression=r"v(\d+)"), r"the pattern v(\d+)"),
    ],
)
def test_every_finder(finder: Finder, text: str) -> None:
    assert finder_text(finder) == text


def test_a_fork_with_a_hole() -> None:
    assert [f"{'  ' * each.depth}{each.line}" for each in plan_phrases(PLANS["commit"])] == [
        "git status --porcelain",
        "if status prints nothing (seen 2 of 6):",
        "  answer 'There is nothing to commit.'",
        "if status prints something (seen 4 of 6):",
        "  git diff HEAD",
        "  git add -- {paths…}",
        "  without {message}, which only a model can say, the outputs go to the model",
        "  git commit -m {message}",
        "  answer 'Committed {count(paths)} files as {commit}.'",
        "else the model takes over",
    ]


def test_what_is_left_to_the_model() -> None:
    plan = PLANS["overview"].model_copy(update={"remains": ("git push",)})
    assert plan_phrases(plan)[-1].line == "left to the model: git push"
