"""Programs of plans built by hand: how each reads, and that each does what its plan says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.compile.render import program
from agentjit.data import folder
from agentjit.errors import NotCompilable
from agentjit.piece import Ref, Text, Whole
from agentjit.run.load import load
from agentjit.skill import Plan
from agentjit.step import BashStep, Spread, ToolField, ToolStep
from tests.compile.gold_plans import PLANS
from tests.compile.plan_notation import argument, bound, param, plan, run, script, step

TEMPLATES = str(folder("skills_templates"))
GOLD = Path(__file__).parents[1] / "gold"
ROOT = Path(__file__).parents[2]
SCREEN = 45  # lines


@pytest.mark.parametrize("name", PLANS)
def test_gold(name: str) -> None:
    """The program as a person reads it; AJ_UPDATE_GOLD=1 writes the files anew, to be read before a commit."""
    text = program(PLANS[name], TEMPLATES)
    gold = GOLD / "plans" / f"{name}.py"
    if os.environ.get("AJ_UPDATE_GOLD"):
        gold.parent.mkdir(exist_ok=True)
        gold.write_text(text)
    assert text == gold.read_text()


@pytest.mark.parametrize("path", sorted(GOLD.rglob("*.py")), ids=lambda path: path.stem)
def test_one_screen(path: Path) -> None:
    below = path.read_text().split("from ajkit import ", 1)[1].split("\n\n\n", 1)[1]
    assert len(below.splitlines()) <= SCREEN
    assert all(len(line) <= 120 for line in path.read_text().splitlines())


@pytest.mark.parametrize("words", [["format", "--check"], ["check", "--no-fix"]], ids=" ".join)
def test_formatted_by_the_projects_formatter(words: list[str]) -> None:
    settings = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words, *settings, *map(str, GOLD.rglob("*.py"))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- what they do

World = Mapping[str, str | tuple[int, str]]


def ran(made: Plan, arguments: Mapping[str, str], world: World) -> kit.Run:
    """The program over a world that answers each call by its text; one it does not know fails the test."""

    def perform(call: kit.Call) -> kit.Result:
        told = world[call.text]
        return kit.Result(told, 0) if isinstance(told, str) else kit.Result(told[1], told[0])

    return kit.drive(load(program(made, TEMPLATES), "skill.py"), arguments, perform)


def calls(done: kit.Run) -> list[str]:
    return [each.text for each in done.steps]


STATUS = "git status --porcelain"
DIRTY: World = {
    STATUS: " M src/a.py\n M README.md\n",
    "git diff HEAD": "diff",
    "git add -- src/a.py README.md": "",
    "git commit -m 'It'\"'\"'s done'": "[main 0badcafe] It's done",
}


def test_a_fork_takes_the_path_whose_guard_holds() -> None:
    clean = ran(PLANS["commit"], {}, {STATUS: ""})
    assert (clean.outcome, clean.answer) == ("answered", "There is nothing to commit.")
    dirty = ran(PLANS["commit"], {"message": "It's done"}, DIRTY)
    assert (dirty.outcome, dirty.answer) == ("answered", "Committed 2 files as 0badcafe.")


def test_before_what_only_a_model_can_say_it_ends_gathered() -> None:
    done = ran(PLANS["commit"], {}, DIRTY)
    assert done.outcome == "gathered"
    assert calls(done) == [STATUS, "git diff HEAD", "git add -- src/a.py README.md"]


def test_no_known_path_is_handed_back() -> None:
    done = ran(PLANS["incident"], {"service": "web"}, {"./health web": (1, "status: odd")})
    assert done.outcome == "handed_back"
    assert done.reason == "expected one of the ways known from the traces, saw exit status 1 and 'status: odd'"


@pytest.mark.parametrize(
    ("world", "outcome", "answer", "count"),
    [
        ({"./health web": "fine"}, "answered", "web is up.", 1),
        ({"./health web": "warning"}, "handed_back", "", 1),
        (
            {"./health web": (1, "status: down\nsince: 12s"), "systemctl restart web": ""},
            "answered",
            "web was down; I restarted it.",
            2,
        ),
        ({"./health web": (1, "status: down\nfor ever")}, "handed_back", "", 1),
        ({"./health web": (1, "status: degraded"), "journalctl -u web -n 50": "log"}, "gathered", "", 2),
        ({"./health web": (2, "status: down")}, "handed_back", "", 1),
    ],
)
def test_nested_forks_keep_the_contract_of_their_path(world: World, outcome: str, answer: str, count: int) -> None:
    done = ran(PLANS["incident"], {"service": "web"}, world)
    assert (done.outcome, done.answer, len(done.steps)) == (outcome, answer, count)


def test_a_loop_goes_once_for_each_value() -> None:
    world: World = {
        "git diff --name-only HEAD": "src/a.py\nsrc/b.py\n",
        **{f"ruff check --fix src/{name}.py": "All checks passed!" for name in "ab"},
        **{f"pytest -q tests/test_{name}.py 2>&1 | tail -1": "3 passed" for name in "ab"},
        "git diff --stat -- src/a.py src/b.py": "2 files",
    }
    done = ran(PLANS["formatting"], {}, world)
    assert (done.outcome, done.answer) == ("answered", "Tidied src/a.py, src/b.py.")
    assert calls(done) == list(world)[:1] + [list(world)[i] for i in (1, 3, 2, 4, 5)]
    many = ran(PLANS["formatting"], {}, {"git diff --name-only HEAD": "".join(f"src/{c}.py\n" for c in "abcdefg")})
    assert (many.outcome, many.reason) == ("handed_back", "expected at most 6 rounds, saw 7")


def test_calls_at_the_same_time_are_yielded_at_once() -> None:
    made = load(program(PLANS["overview"], TEMPLATES), "skill.py")
    asked = next(made(cluster="lab"))
    assert isinstance(asked, tuple)
    assert [call.text for call in asked] == [
        "kubectl --context lab get nodes",
        "kubectl --context lab get pods -A '--field-selector=status.phase!=Running'",
        "kubectl --context lab get events -A --sort-by=.lastTimestamp | tail -20",
    ]


def test_a_list_stands_last_behind_the_values_of_a_script() -> None:
    tables = "psql -d shop -Atc 'select tablename from pg_tables where schemaname = current_schema()'"
    dump = "./dump --to backup-shop-20260704.sql shop a b 2>&1 | tail -1"
    world: World = {"today": "2026-07-04", tables: "a\nb\n", dump: "7 tables, 12.5 MB to backup-shop-20260704.sql"}
    done = ran(PLANS["backup"], {"database": "shop"}, world)
    assert done.answer == "2 tables of shop are in backup-shop-20260704.sql."
    drifted = ran(PLANS["backup"], {"database": "shop"}, {**world, dump: "0 tables, 0 MB to backup-shop-20260704.sql"})
    assert drifted.outcome == "handed_back"


def test_a_tools_input_has_the_types_of_the_traces() -> None:
    made = load(program(PLANS["issue"], TEMPLATES), "skill.py")
    issue = kit.Result('{"state": "open", "title": "Fix the Login"}', None)
    results = iter([issue, kit.Result(""), kit.Result("", None)])
    done = kit.drive(made, {"issue": "17", "repo": "shop"}, lambda call: next(results))
    assert (done.outcome, done.answer) == ("answered", "I have taken issue 17: Fix the Login.")
    assert done.steps[0].call.input == {"owner": "acme", "repo": "shop", "issue_number": 17}
    assert done.steps[1].text == "git checkout -b 17-fix-the-login"
    assert done.steps[2].call.input == {
        "owner": "acme",
        "repo": "shop",
        "issue_number": 17,
        "body": "Taken up on branch `17-fix-the-login`.",
        "options": {
            "labels": ["in progress", "agent"],
            "notify": False,
            "weight": 1.5,
            "milestone": None,
            "assignees": [],
        },
    }


def test_a_word_that_is_no_number_is_handed_back() -> None:
    made = load(program(PLANS["issue"], TEMPLATES), "skill.py")
    done = kit.drive(made, {"issue": "017", "repo": "shop"}, lambda call: kit.Result(""))
    assert (done.outcome, done.reason, done.steps) == ("handed_back", "expected a whole number, saw '017'", [])


def test_files_are_written_and_edited_as_in_the_traces() -> None:
    asked = {"cwd": "/w", "today": "2026-07-04", "project:pyproject.toml#version": "1.4.2"}
    made = load(program(PLANS["release"], TEMPLATES), "skill.py")
    inputs: list[Mapping[str, object]] = []

    def perform(call: kit.Call) -> kit.Result:
        if isinstance(call, kit.Ask):
            return kit.Result(asked[call.name], None)
        inputs.append(call.input)
        return kit.Result("v1.4.2" if "tag" in call.text else "- a change" if "log" in call.text else "")

    assert kit.drive(made, {}, perform).outcome == "gathered"
    assert inputs[2:4] == [
        {
            "file_path": "/w/src/app/__init__.py",
            "old_string": '__version__ = "1.4.2"',
            "new_string": '__version__ = "1.5.0"',
        },
        {"file_path": "/w/notes/1.5.0.md", "content": "# 1.5.0, 04 July 2026\n\n- a change\n"},
    ]


# --- what no program can say


def _tool(*fields: ToolField) -> Plan:
    return plan("x", "x", step("r", ToolStep(tool="mcp__x__y", fields=fields)), parameters=(param("n", ".+", "1"),))


def _field(path: tuple[str | int, ...], kind: str, text: str) -> ToolField:
    return ToolField.model_validate({"path": path, "type": kind, "value": argument(text)})


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (plan("x", "x", step("r", run("cat {nowhere}"))), "nothing gives nowhere"),
        (plan("x", "x", step("r", run("cat {n|rot13}")), parameters=(param("n", "."),)), "rot13"),
        (plan("x", "x", step("r", script("cat {*a} {*b}"))), "several lists"),
        (
            plan("x", "x", step("r", script('awk "$1" {n}')), parameters=(param("n", "."),)),
            "positional parameters of its own",
        ),
        (plan("x", "x", step("r", run("ls")), parameters=(param("not a name", "."),)), "is no name"),
        (plan("x", "x", step("r", run("ls")), parameters=(param("n=print(1)", "."),)), "is no name"),
        (
            plan("x", "x", step("r", BashStep(argv=((Ref(name="n.real"),),))), parameters=(param("n", "."),)),
            "is no name",
        ),
        (plan("x", "x", step("r=print(1)", run("ls"))), "is no name"),
        (plan("x", "x", step("r", run("ls"), bound("import", Whole(), like="."))), "is no name"),
        (plan("x", "x", step("r", run("ls {bash}")), parameters=(param("bash", "."),)), "word of the kit"),
        (_tool(_field(("a",), "integer", "1.5")), "no integer"),
        (_tool(_field(("a",), "integer", "one")), "no JSON"),
        (_tool(_field(("a",), "number", "1e999")), "no number"),
        (_tool(_field(("a",), "number", "NaN")), "no number"),
        (_tool(_field(("a",), "boolean", "1")), "no boolean"),
        (_tool(_field(("a",), "array", "[1]")), "no array"),
        (_tool(_field(("a",), "null", "{n}")), "varies"),
        (_tool(_field(("a",), "string", "x"), _field(("a",), "string", "y")), "given twice"),
        (_tool(_field(("a",), "string", "x"), _field(("a", "b"), "string", "y")), "no object"),
        (_tool(_field(("a", 0), "string", "x"), _field(("a", 2), "string", "y")), "gaps"),
        (_tool(_field((0,), "string", "x")), "no object"),
        (_tool(_field((), "string", "x")), "given twice"),
    ],
)
def test_what_no_program_can_say_is_refused_with_a_reason(made: Plan, reason: str) -> None:
    with pytest.raises(NotCompilable, match=reason):
        program(made, TEMPLATES)


def test_only_a_few_examples_are_shown_the_longest_among_them() -> None:
    """A value may be twice as long as the longest seen: the program must not be stricter than its plan."""
    values = ["w" * 40, *(f"v{i}" for i in range(40))]
    text = program(plan("x", "x", step("r", run("ls {n}")), parameters=(param("n", "[a-z0-9]+", *values),)), TEMPLATES)
    assert load(text, "skill.py").params["n"].seen == (values[0], *values[-4:])
    hole = param("n", "(?s).+", "two\nlines", "x" * 500, "Fix it", hole=True)
    text = program(plan("x", "x", step("r", run("ls {n}")), parameters=(hole,)), TEMPLATES)
    assert load(text, "skill.py").params["n"].seen == ("Fix it",)


def test_more_than_nine_values_of_a_script() -> None:
    names = [f"v{i}" for i in range(11)]
    pieces = [piece for name in names for piece in (Ref(name=name), Text(text=" "))]
    call = script("echo ").model_copy(update={"script": (Text(text="echo "), *pieces, Spread(name="rest"))})
    made = plan(
        "x",
        "x",
        step("r", call),
        parameters=[param(name, ".+", name) for name in (*names, "rest")],
    )
    arguments = {name: f"<{name}>" for name in (*names, "rest")}
    (done,) = ran(made, arguments, {"echo " + " ".join(f"'<{n}>'" for n in names) + " '<' r e s t '>'": "ok"}).steps
    assert isinstance(done.call, kit.Shell)
    assert done.call.script == "echo " + " ".join(f'"${n}"' for n in range(1, 10)) + ' "${10}" "${11}" "${@:12}"'
