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
from agentjit.contract import Contract, Evidence
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


def test_show_tells_what_speaks_for_each_check(aj: Aj, home: Home) -> None:
    plan = PLANS["commit"]
    assert plan.fork
    why = (Evidence(check="exit status", seen=6, chance=0.00032), Evidence(check="shape", seen=4, against=1))
    way = plan.fork.paths[1].model_copy(update={"contract": Contract(seen=4, exit_codes=(0,), evidence=why[1:])})
    first = plan.steps[0].model_copy(update={"contract": Contract(seen=6, exit_codes=(0,), evidence=why[:1])})
    fork = plan.fork.model_copy(update={"paths": (plan.fork.paths[0], way)})
    published(home, plan.model_copy(update={"steps": (first,), "fork": fork}), PLANS["overview"])
    assert aj("show", "commit", "--evidence").stdout.startswith(
        "after git status --porcelain:\n  exit status: seen 6 times, by chance 0.00032\n"
        "after git status --porcelain, if status prints something:\n  shape: seen 4 times, 1 against, by chance 1\n"
    )
    told = loaded(aj("show", "commit", "--json"))["evidence"]
    assert told == loaded(aj("show", "commit", "--evidence", "--json"))["evidence"]
    assert told[0] == {
        "after": "git status --porcelain",
        "when": "",
        "check": "exit status",
        "seen": 6,
        "against": 0,
        "chance": 0.00032,
    }
    assert aj("show", "cluster-overview", "--evidence").stdout.startswith("No output of cluster-overview is checked")


def test_show_tells_when_the_program_was_written_from_fewer_runs(aj: Aj, home: Home) -> None:
    published(home, PLANS["commit"])
    assert "the program is of" not in aj("show", "commit").stdout
    with Library(home).changing() as records:
        more = records["commit"].support.model_copy(update={"occurrences": 10})
        records["commit"] = records["commit"].model_copy(update={"support": more})
    told = "  evidence   10 runs in 5 sessions, all replayed; left out one by one, 6 of 6 were reproduced"
    assert f"{told} (the program is of 6)\n" in aj("show", "commit").stdout


@pytest.mark.parametrize(
    "views", [("--diff", "--plans"), ("--plans", "--evidence"), ("--evidence", "--diff", "abc"), ("--plans", "--diff")]
)
def test_one_view_at_a_time(aj: Aj, home: Home, views: tuple[str, ...]) -> None:
    published(home, PLANS["commit"])
    done = aj("show", "commit", *views)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "give one of them" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_dry_run_tells_what_stands_in_the_way(aj: Aj, home: Home) -> None:
    plan = PLANS["commit"]
    entry = plan.entry.model_copy(update={"directories": ("/srv/shop",)})
    published(home, plan.model_copy(update={"entry": entry, "also": ()}))
    told = aj("run", "commit", "--dry-run").stdout.splitlines()
    assert told[-3] == "(refused until approved: aj approve commit)"
    assert told[-2].startswith("(would not run here: `Bash` (and 4 more) is defined otherwise")
    assert told[-1] == "(never seen in this directory, only in /srv/shop)"
    row = loaded(aj("run", "commit", "--dry-run", "--json"))
    assert (row["approve"], row["seen_only_in"]) == ("aj approve commit", ["/srv/shop"])
    assert "is defined otherwise" in row["obstacle"]


def test_why_names_a_disabled_skill_that_would_not_run_here_either(aj: Aj, home: Home) -> None:
    plan = PLANS["commit"]
    entry = plan.entry.model_copy(update={"directories": ("/srv/shop",)})
    published(home, plan.model_copy(update={"entry": entry, "also": ()}))
    aj("disable", "commit")
    told = aj("why", "commit this").stdout
    assert "commit fits but is disabled: disabled by hand; and commit was only seen in /srv/shop" in told
    assert "the prompt is empty" in aj("why", "").stdout
