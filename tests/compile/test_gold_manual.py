"""SKILL.md: valid by the reference validator whatever a prompt says, and telling what a model must know."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skills_ref import validate
from skills_ref.parser import parse_frontmatter

from agentjit.compile.naming import skill_name
from agentjit.compile.render import manual
from agentjit.data import folder
from agentjit.hotspot import Template
from agentjit.skill import Entry, Need, Plan
from tests.compile.gold_plans import PLANS
from tests.compile.plan_notation import param, plan, run, step

TEMPLATES = str(folder("skills_templates"))
WHOLE = st.characters(exclude_categories=["Cs"])  # a plan with half a character has no JSON, and is not published
ANY = st.text(st.sampled_from("\"'\\{}\n\r\t\0:#-–…`<>&*!|%@,[]?\x85\u2028\ufeff") | WHOLE, max_size=40)
LONG = ANY | st.text('word: \'and "more" # \n', min_size=900, max_size=1600)


def written(made: Plan, where: Path) -> Path:
    """The skill's folder with its SKILL.md, as the library writes it."""
    there = where / made.name
    there.mkdir(exist_ok=True)
    (there / "SKILL.md").write_bytes(manual(made, TEMPLATES).encode("utf-8", "replace"))
    return there


@pytest.mark.parametrize("name", PLANS)
def test_every_manual_is_valid(name: str, tmp_path: Path) -> None:
    assert validate(written(PLANS[name], tmp_path)) == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(ANY, max_size=6), texts=st.lists(LONG, min_size=4, max_size=4))
def test_it_is_valid_whatever_a_prompt_says(words: list[str], texts: list[str], tmp_path: Path) -> None:
    prompt, also, seen, program = texts
    name = skill_name(Template(tuple(words), ("",) * len(words)), ())
    made = plan(
        name,
        "x",
        step("r", run("ls")),
        parameters=(param("p", prompt, seen, also), param("h", ".", prompt, hole=True)),
        requires=(Need(kind="program", name=program), Need(kind="file", name=also)),
    )
    entries = [Entry(prompt=text, pattern="x", words=()) for text in (prompt, also, *words)]
    made = made.model_copy(update={"entry": entries[0], "also": tuple(entries[1:])})
    there = written(made, tmp_path)
    assert validate(there) == []
    front, _ = parse_frontmatter((there / "SKILL.md").read_text(encoding="utf-8"))
    assert set(front) == {"name", "description", "compatibility", "metadata"}  # no tool is allowed in advance
    assert front["description"].startswith("Use when asked: “")
    assert f"aj run {name}" in front["description"]


def test_a_long_prompt_is_cut_and_the_rest_is_said(tmp_path: Path) -> None:
    long = plan("long", "why " * 600, step("r", run("ls")), parameters=(param("reply", ".+", hole=True),))
    front, _ = parse_frontmatter((written(long, tmp_path) / "SKILL.md").read_text())
    assert len(front["description"]) == 1024
    assert front["description"].endswith("Give it what only you can say: reply.")


def test_it_tells_arguments_effects_endings_and_evidence() -> None:
    text = manual(PLANS["commit"], TEMPLATES)
    for part in (
        "- `message`: what only you can say, like `Fix the login`, `Add a test`",
        "    aj run commit\n    aj run commit message=TEXT\n",
        "6 times in 5 sessions",
        "each run left out in turn, 6 of 6 were reproduced",
        "worst effect of any step: writes-here",
        "- if status prints nothing (seen 2 of 6):\n  - answer 'There is nothing to commit.'",
        "  - `git add -- {paths…}` (writes-here)",
        "- else the model takes over",
        '"Needs aj, git, a git repository."',
    ):
        assert part in text
    assert "It ends with the closing answer" in manual(PLANS["issue"], TEMPLATES)
    assert "what they mean is for you to say" in manual(PLANS["overview"], TEMPLATES)
