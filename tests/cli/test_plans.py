"""`aj show NAME --plans`: what was weighed, for a person and for a program."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from agentjit.cli import cli
from agentjit.cli.plans import show_plans
from agentjit.home import Home
from agentjit.library import Library
from agentjit.pipeline import compile_all
from agentjit.skill import Plan
from agentjit.store import Store
from agentjit.trace import DecisionSeen, StepDone
from tests.support.library import TEMPLATES, learned
from tests.support.notation import repeat

LOOK = """
> how is {x} doing?
$ cat /srv/{x}/load
| load {a}
$ cat /srv/{x}/queue
| queue {b}
$ cat /srv/{x}/users
| users {c}
< {x} has load {a}, queue {b} and {c} users.
"""
ROWS = [{"x": f"svc{i}", "a": str(10 + i), "b": str(70 + 3 * i), "c": str(1000 + 7 * i)} for i in range(5)]


def shown(*options: str) -> str:
    done = CliRunner().invoke(cli, ["show", "doing", "--plans", *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(autouse=True)
def skill(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = learned(home, repeat(LOOK, *ROWS), now=time.time())
    assert done.happened == {"doing": "new"}, [study.reason for study in done.studies]


def test_the_table_marks_the_chosen_one_and_says_why_not_the_others() -> None:
    lines = [line.split("\t") for line in shown().splitlines()]
    assert lines[0] == ["plan", "seconds", "95%", "tokens", "calls", ""]
    rows = {line[0]: line for line in lines[1:] if len(line) > 1}
    assert rows["parallel"][-1] == "chosen"
    assert rows["sequential"][-1].endswith(" s slower")
    assert rows["fused"][1:5] == ["-"] * 4 and rows["fused"][-1].startswith("not made: the output of `cat /srv/")
    assert float(rows["parallel"][1]) < float(rows["sequential"][1])
    assert rows["sequential"][4] == "3"


def test_json_has_no_figures_where_there_are_none(home: Home) -> None:
    told = json.loads(shown("--json"))
    assert told["name"] == "doing" and told["version"] == Library(home).plan("doing").version
    plans = {each["name"]: each for each in told["plans"]}
    assert [each["name"] for each in told["plans"] if each["chosen"]] == ["parallel"]
    assert plans["parallel"]["seconds"] > 0 and plans["parallel"]["tokens"] > 0 and plans["parallel"]["reason"] == ""
    assert plans["fused"]["seconds"] is None and plans["fused"]["calls"] is None


def test_a_plan_without_candidates_says_so(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    show_plans(Library(home).plan("doing").model_copy(update={"candidates": ()}), as_json=False)
    assert "before plans were weighed" in capsys.readouterr().out


def chosen(plan: Plan | None) -> str:
    return next(each.name for each in plan.candidates if each.chosen) if plan else "none"


def test_a_schedule_that_no_longer_gains_anything_is_no_reason_for_a_new_version(home: Home) -> None:
    """The skill's own runs were quick: in turn would do by now, but it is not worth another approval."""
    before = Library(home).plan("doing")
    assert chosen(before) == "parallel"
    words = ("load", "queue", "users")
    steps = tuple(StepDone(f"cat /srv/svc{i % 5}/{word}", 0, 0.001) for i in range(200) for word in words)
    run = DecisionSeen(
        "d", time.time(), "s", "", "prompt", "run", "", skill="doing", outcome="answered", seconds=1.0, steps=steps
    )
    with Store.open(home, write=True) as store:
        store.add([run])
    done = compile_all(home, TEMPLATES, now=time.time())
    (study,) = done.studies
    assert chosen(study.plan) == "sequential"
    assert done.happened == {"doing": "unchanged"}
    assert Library(home).plan("doing") == before
