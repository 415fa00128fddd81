"""Whole workflows of compound shell lines: compiled, proven on their traces, run in a real shell on hostile values."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.kit.local import Local
from agentjit.pipeline import Study
from agentjit.run.load import load
from agentjit.step import BashStep, Ending, ShellStep
from agentjit.trace import Effect
from tests.compile.test_tools import arguments, compiled, history

NAMES = ["web", "api", "relay", "cart", "mail"]
CWDS = ["/w/a", "/w/b", "/w/c", "/w/a", "/w/d"]


def shells(
    prompt: str, lines: Sequence[str], outputs: Sequence[str], final: str, names: Sequence[str] = NAMES
) -> Study:
    """The study of one shell line a trace, with `{x}` for a name and `{cwd}` for the working directory."""
    found = []
    for place, line in enumerate(lines):
        row = {"x": names[place], "cwd": CWDS[place]}
        made = history(prompt, [row] * (place + 1), [("Bash", {"command": line}, outputs[place])], final)
        found.append(made[place])
    return compiled(found)


def script(made: Study) -> str:
    """The one command of a study's program, with names in braces."""
    assert made.plan, made.reason
    (step,) = made.plan.every_step()
    assert isinstance(step.call, ShellStep)
    return "".join(getattr(piece, "text", None) or f"{{{getattr(piece, 'name', '')}}}" for piece in step.call.script)


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("cd {cwd} && ./run {x}", "cd {cwd} && ./run {name}"),
        ("LEVEL=1 TARGET='{x}' ./run --all", "LEVEL=1 TARGET={name} ./run --all"),
        ('./run "for {x} only" || true', "./run 'for '{name}' only' || true"),
        ("./run a > {x}.log 2>&1", "./run a > {name}.log 2>&1"),
        ("cat <<EOF | ./run\nname={x}\nmode=\\$fast\nEOF", "cat <<< name={name}'\nmode=$fast' | ./run"),
        ("cat <<'EOF' > out && ./run -\nname='{x}'\n$mode\nEOF", None),
        ("./run <<< {x}", "./run <<< {name}"),
        ("./run {x} && ./run {x} -v\n./run done", "./run {name} && ./run {name} -v\n./run done"),
        ("./run \"$HOME\" '{x}' *.py", './run "$HOME" {name} *.py'),
    ],
)
def test_compound_lines(line: str, printed: str | None) -> None:
    lines = [line.replace("{x}", x).replace("{cwd}", cwd) for x, cwd in zip(NAMES, CWDS, strict=True)]
    made = shells("try {x}", lines, ["fine"] * 5, "{x} is fine.")
    shown = script(made)
    assert printed is None or shown == printed
    assert made.plan and made.plan.ending is Ending.ANSWERED


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('./run "$HOME/{x}"', "inside a shell expansion"),
        ("./run {x}/*.py", "inside a shell expansion"),
        ("./run $(cat {x})", "inside a shell expansion"),
        ("cat <<EOF | ./run\n$HOME {x}\nEOF", "inside a shell expansion"),
        ("for f in {x}; do ./run $f; done", ""),
        ("(./run {x})", ""),
        ("! ./run {x}", ""),
    ],
)
def test_where_a_value_has_no_way_in(line: str, told: str) -> None:
    made = shells("try {x}", [line.replace("{x}", x) for x in NAMES], ["fine"] * 5, "{x} is fine.")
    assert made.plan is None
    assert told in made.reason


@pytest.mark.parametrize("line", ["! ./run -q", "(./run)", "for f in a b; do ./run $f; done", "time ./run"])
def test_constant_lines_that_were_not_taken_apart_are_printed_as_they_were(line: str) -> None:
    assert script(shells("run the checks", [line] * 5, ["fine"] * 5, "It is fine.")) == line


def test_ways_that_change_nothing_are_one() -> None:
    lines = ["make test", "make test 2>&1", "cd /w/c && make test", "cd '/w/a'  &&  make \"test\" 2>&1", "make test"]
    made = shells("run the tests", lines, ["ok"] * 5, "All pass.")
    assert made.plan, made.reason
    (step,) = made.plan.every_step()
    assert isinstance(step.call, BashStep)
    assert made.plan.support.occurrences == 5


def test_what_shows_less_is_another_way() -> None:
    lines = ["make test", "make test 2>&1", "make test | tail -5", "make test 2>&1 | tail -5", "make test"]
    made = shells("run the tests", lines, ["ok"] * 5, "All pass.")
    assert made.plan is None or made.plan.support.occurrences == 3


def test_an_assignment_that_varies_is_judged_by_what_it_may_be() -> None:
    """A variable that may make git run any program is unknown, whatever it was in the traces."""
    made = shells(
        "try {x}", [f"GIT_PAGER={x} git log" for x in ["cat", "''", "cat", "''", "cat"]], ["fine"] * 5, "ok {x}"
    )
    assert made.plan is None or made.plan.effects is not Effect.READS


MESSAGES = ['Fix the cart\n\nIt\'s "done".', "Add $TOTALS", "Drop `it`", "Rename (a) flag\n\n- x\n- y", "Say why"]


def commits(line: str) -> Study:
    rows = [{"m": message, "h": f"ab{place}c{place * 37 + 11}"} for place, message in enumerate(MESSAGES)]
    asked = [
        ("Bash", {"command": "git status --short"}, "M a.py"),
        ("Bash", {"command": line}, "[main {h}] ok"),
    ]
    return compiled(history("commit this", rows, asked, "Committed as {h}."))


HEREDOC = "git add -A && git commit -m \"$(cat <<'EOF'\n{m}\n\nCo-Authored-By: C <c@example.org>\nEOF\n)\""


def test_a_commit_message_as_agents_write_it(tmp_path: Path) -> None:
    made = commits(HEREDOC)
    assert made.plan, made.reason
    (parameter,) = made.plan.parameters
    assert parameter.hole
    assert parameter.seen == tuple(MESSAGES)
    assert made.plan.support.held_out == "5 of 5"
    git = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", **git}
    env |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
    with Local(cwd=str(tmp_path), env=env) as world:  # the footer is no part of what has to be said
        (tmp_path / "a.py").write_text("first")
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
            world.perform(kit.bash("git", *words))
        for message in ("-a $(touch pwned) `id`\n\nEOF\n)\" it's", "!x *", "--amend"):
            (tmp_path / "a.py").write_text(message)
            run = kit.drive(load(made.program, "skill.py"), arguments(made, message), world.perform)
            assert len(run.steps) == 2, run.reason
            told = world.perform(kit.bash("git", "log", "-1", "--format=%B")).stdout
            assert told.strip() == f"{message}\n\nCo-Authored-By: C <c@example.org>", told
    assert not (tmp_path / "pwned").exists()


def test_the_text_of_a_run_is_the_call_it_makes() -> None:
    made = commits(HEREDOC)
    message = "-a $(x)\n\nit's"
    calls: list[kit.Call] = []

    def perform(call: kit.Call) -> kit.Result:
        calls.append(call)
        return kit.Result("M a.py", 0)

    kit.drive(load(made.program, "skill.py"), arguments(made, message), perform)
    assert calls[-1].text.startswith(f"git add -A && git commit -m {shlex.quote(message)[:-1]}")
