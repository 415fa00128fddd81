"""Holes: what only a model can say ends a plan, or is a parameter of one that is run by name."""

from __future__ import annotations

import shlex

import pytest

from agentjit.run.load import load
from agentjit.step import Ending
from tests.compile.structures import calls, compiled, filled, history, ran

MESSAGES = ["Fix the cart", "Add a test for totals", "Drop the old reader", "Rename the flag", "Say why it stops"]
COMMIT = """> commit this
$ git status --short
| M src/{f}
$ git add -A
$ git commit -m "{m}"
| [main {h}] {m}
{then}
< Committed as {h}."""


def commits(template: str = COMMIT) -> list[str]:
    return [
        filled(template, then="", f=f"f{i + 1}.py", m=message, h=f"ab{i}c{i * 37 + 11}", n=i * 7919)
        for i, message in enumerate(MESSAGES)
    ]


STATUS = {"git status --short": "M src/f7.py", "git add -A": ""}


def test_by_prompt_it_ends_before_the_message() -> None:
    made = compiled(history(*commits()))
    assert made.plan, made.reason
    assert [(each.name, each.hole) for each in made.plan.parameters] == [("message", True)]
    run = ran(made, STATUS)
    assert run.outcome == "gathered"
    assert calls(run) == ["git status --short", "git add -A"]


@pytest.mark.parametrize("message", ["Say so", "$(rm -rf ~)", "-a", "two\nlines", 'it\'s "quoted" `id`'])
def test_by_name_the_message_is_given(message: str) -> None:
    made = compiled(history(*commits()))
    program = load(made.program, "skill.py")
    assert not program.wrong_arguments({"message": message})
    world = {**STATUS, shlex.join(["git", "commit", "-m", message]): f"[main 12ab] {message}"}
    run = ran(made, world, message=message)
    assert run.outcome == "gathered"
    assert len(run.steps) == 3


def test_a_plan_with_a_hole_is_proven_with_what_the_model_said() -> None:
    made = compiled(history(*commits()))
    assert made.plan
    assert made.plan.support.held_out == "5 of 5"
    assert made.plan.ending is Ending.GATHERED
    assert not made.plan.remains


def test_what_follows_may_use_it() -> None:
    made = compiled(history(*commits(COMMIT.replace("{then}", '$ ./announce --text "{m}"\n| sent'))))
    assert made.plan, made.reason
    assert [each.name for each in made.plan.parameters] == ["message"]
    world = {**STATUS, "git commit -m done": "[main ab3c90] done", "./announce --text done": "sent"}
    assert calls(ran(made, world, message="done"))[-1] == "./announce --text done"


@pytest.mark.parametrize("message", ["Say so", "$(rm -rf ~)", "-a", "two\nlines", 'it\'s "quoted" `id`'])
def test_inside_a_script_it_is_a_word_of_its_own(message: str) -> None:
    together = COMMIT.replace("$ git add -A\n", "").replace("$ git commit", "$ git add -A && git commit")
    made = compiled(history(*commits(together)))
    assert made.plan, made.reason
    assert calls(ran(made, STATUS)) == ["git status --short"], "run by its prompt it ends before the message is needed"
    command = f"git add -A && git commit -m {shlex.quote(message)}"
    run = ran(made, {**STATUS, command: f"[main 12ab] {message}"}, message=message)
    assert calls(run) == ["git status --short", command]


def test_inside_a_script_where_an_option_might_stand_the_plan_ends_before_it_and_says_so() -> None:
    together = COMMIT.replace("$ git add -A\n", "").replace("$ git commit -m", "$ git add -A && ./commit")
    made = compiled(history(*commits(together)))
    assert made.plan, made.reason
    assert made.plan.remains == ("git add -A && commit <arg>",)
    assert any("taken for an option" in note for note in made.plan.support.ambiguous)
    assert calls(ran(made, STATUS)) == ["git status --short"]


def test_a_later_step_that_nothing_explains_ends_it_before_the_hole() -> None:
    made = compiled(history(*commits(COMMIT.replace("{then}", "$ ./note {n} | tail -1"))))
    assert made.plan, made.reason
    assert made.plan.remains[0] == "git commit -m <arg>"
    assert not made.plan.parameters
    assert calls(ran(made, STATUS)) == ["git status --short", "git add -A"]


def test_nothing_is_left_of_a_plan_whose_first_step_needs_it() -> None:
    rows = [f'> commit this\n$ git commit -am "{m}"\n| [main ab{i}] {m}\n< Committed.' for i, m in enumerate(MESSAGES)]
    made = compiled(history(*rows))
    assert made.plan is None
    assert "nothing seen explains it" in made.reason


def test_what_all_but_one_explain_is_no_hole() -> None:
    """The branch was pushed that the first command printed, but for one time."""
    branches = ["topic-a", "fix-b", "try-c", "wip-d", "main-e", "big-f"]
    rows = [
        f"> publish this\n$ git branch --show-current\n| {b}\n$ git push origin --tag {b if i else 'other'}\n< ok"
        for i, b in enumerate(branches)
    ]
    made = compiled(history(*rows))
    assert made.plan is None
    assert "5 of 6 traces" in made.reason


def test_a_choice_among_few_is_left_to_the_model() -> None:
    """A level that is one of two words says nothing of its own: no hole, and nothing to be made up."""
    rows = [
        f"> note it\n$ ./state\n| state {i * 31}\n$ ./log --level {'warn' if i in (1, 4) else 'info'}\n| ok\n< ok"
        for i in range(6)
    ]
    made = compiled(history(*rows))
    assert made.plan, made.reason
    assert made.plan.remains
    assert calls(ran(made, {"./state": "state 5"})) == ["./state"]
