"""`aj show`, `aj approve` and `aj show --diff`: a skill as a person reads it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agentjit.cli import cli
from agentjit.compile.render import manual, program
from agentjit.home import Home
from agentjit.library import Library
from agentjit.publishing import recorded
from agentjit.skill import Plan
from tests.compile import families
from tests.compile.gold_plans import PLANS
from tests.support.library import TEMPLATES, learned

Aj = Callable[..., Result]


@pytest.fixture
def aj(home: Home) -> Aj:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)

    return run


def published(home: Home, *plans: Plan) -> None:
    """Each plan into the library, one after the other: those of one name are versions of one skill."""
    library = Library(home)
    for plan in plans:
        with library.changing() as records:
            text = program(plan, TEMPLATES)
            library.write(plan, text, manual(plan, TEMPLATES))
            records[plan.name] = recorded(records.get(plan.name), plan, text, time.time())


def earlier(plan: Plan) -> Plan:
    """The plan as it would have been before the trace that showed its first branch."""
    assert plan.fork
    fork = plan.fork.model_copy(update={"paths": plan.fork.paths[1:]})
    support = plan.support.model_copy(update={"occurrences": 4, "sessions": 4, "held_out": "4 of 4"})
    return plan.model_copy(update={"fork": fork, "support": support, "also": plan.also[:1]})


def loaded(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_show_tells_forks_holes_needs_and_what_was_left_open(aj: Aj, home: Home) -> None:
    plan = PLANS["commit"]
    support = plan.support.model_copy(update={"ambiguous": ("{commit} is the word in brackets, not the branch",)})
    published(home, plan.model_copy(update={"support": support}))
    card = aj("show", "commit").stdout
    for part in (
        "  fires on   commit this in any directory\n",
        "  or on      commit what you have\n",
        "  takes      {message}, which only a model can say; without it the skill ends before it is needed\n",
        "  needs      git on PATH, a git repository\n",
        "  ends       as its branches say; worst effect writes-here\n",
        "  left open  {commit} is the word in brackets, not the branch\n",
        "    reads            git status --porcelain\n",
        "                     if status prints nothing (seen 2 of 6):\n",
        "                       answer 'There is nothing to commit.'\n",
        "    writes-here        git add -- {paths…}\n",
        "                     else the model takes over\n",
        "def commit(message=None):",
    ):
        assert part in card


def test_a_skill_with_a_fork_has_no_one_ending(aj: Aj, home: Home) -> None:
    published(home, PLANS["commit"], PLANS["overview"])
    assert [row.split("\t")[4] for row in aj("list").stdout.splitlines()[:3]] == ["ending", "gathered", "by branch"]


def test_show_tells_loops_and_what_is_done_at_the_same_time(aj: Aj, home: Home) -> None:
    published(home, PLANS["formatting"], PLANS["overview"])
    card = aj("show", "tidy").stdout
    assert (
        "                     for each path of paths (at most 6):\n    writes-here        ruff check --fix {path}\n"
        in card
    )
    events = "kubectl --context {cluster} get events -A --sort-by=.lastTimestamp | tail -20 (at the same time)"
    assert f"    reads            {events}\n" in aj("show", "cluster-overview").stdout


def test_approve_shows_the_same_steps(aj: Aj, home: Home) -> None:
    learned(home, families.checks())
    asked = aj("approve", "checks").stdout
    assert "  unknown          ./check-style\n  unknown          ./unit-tests 2>&1 | tail -3\n" in asked


def test_diff_to_the_version_before(aj: Aj, home: Home) -> None:
    published(home, earlier(PLANS["commit"]), PLANS["commit"])
    told = loaded(aj("show", "commit", "--diff", "--json"))
    assert (told["name"], told["from"], told["to"]) == (
        "commit",
        earlier(PLANS["commit"]).version,
        PLANS["commit"].version,
    )
    assert told["changes"] == [
        {"about": "entry", "text": "starts on “commit what you have” too"},
        {
            "about": "branch",
            "text": "new: if status prints nothing (seen 2 of 6): answer 'There is nothing to commit.'",
        },
        {"about": "evidence", "text": "6 runs in 5 sessions, was 4 in 4"},
        {"about": "evidence", "text": "left out one by one, 6 of 6 were reproduced, was 4 of 4"},
    ]
    assert "+    if empty(status):  # seen 2 of 6" in told["program"].split("\n")
    shown = aj("show", "commit", "--diff").stdout
    assert "  branch     new: if status prints nothing (seen 2 of 6): answer" in shown
    assert '\n+        return answer("There is nothing to commit.")\n' in shown


def test_diff_to_a_version_by_name(aj: Aj, home: Home) -> None:
    first = earlier(PLANS["commit"])
    second = first.model_copy(update={"also": ()})
    published(home, first, second, PLANS["commit"])
    assert loaded(aj("show", "commit", "--diff", "--json"))["from"] == second.version
    assert loaded(aj("show", "commit", "--diff", first.version, "--json"))["from"] == first.version
    assert loaded(aj("show", "commit", "--diff", first.version[:6], "--json"))["from"] == first.version
    wrong = aj("show", "commit", "--diff", "nothing")
    assert wrong.exit_code == 2
    assert first.version in wrong.stderr and second.version in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 1


def test_no_earlier_version_is_said_plainly(aj: Aj, home: Home) -> None:
    published(home, PLANS["commit"])
    done = aj("show", "commit", "--diff")
    assert done.exit_code == 2
    assert "there is no earlier version of commit" in done.stderr
    assert aj("show", "nothing", "--diff").exit_code == 2


def test_an_earlier_plan_that_cannot_be_read_is_said_plainly(aj: Aj, home: Home) -> None:
    published(home, earlier(PLANS["commit"]), PLANS["commit"])
    (kept,) = Path(Library(home).folder("commit"), "versions").iterdir()
    (kept / "plan.json").write_text('{"format": 1}')
    done = aj("show", "commit", "--diff")
    assert done.exit_code == 1
    assert f"version {kept.name}, cannot be read" in done.stderr
