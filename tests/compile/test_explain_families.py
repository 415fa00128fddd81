"""Whole workflows whose arguments are explained by transformations, the environment and slices of outputs: each is run
with arguments that no trace had, and traps are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.pipeline import Study
from agentjit.proving import day
from agentjit.run.load import load
from agentjit.step import Ending
from agentjit.trace import Episode
from tests.compile.test_families import compiled
from tests.support.notation import repeat


def ran(made: Study, arguments: Mapping[str, str], world: Mapping[str, str]) -> tuple[list[str], kit.Run]:
    """The commands that the program runs in this world, and how it ended."""
    assert made.plan, made.reason
    asked: list[str] = []

    def perform(call: kit.Call) -> kit.Result:
        if not isinstance(call, kit.Ask):
            asked.append(call.text)
        return kit.Result(world[call.text], 0)

    return asked, kit.drive(load(made.program, "skill.py"), arguments, perform)


NAMES = ("UserName", "OrderItem", "Cart", "SearchIndex", "MailBox")


def test_a_file_named_after_another() -> None:
    rows = [{"dir": f"src/m{i}", "name": name, "n": str(i * 7 + 3)} for i, name in enumerate(NAMES)]
    made = compiled(
        repeat("> test {dir}/{name}.py\n$ pytest -q tests/test_{name}.py\n| {n} passed\n< {n} passed.", *rows)
    )
    asked, run = (
        ran(made, {made.plan.parameters[0].name: "lib/x/Token.py"}, {"pytest -q tests/test_Token.py": "9 passed"})
        if made.plan
        else ([], None)
    )
    assert run and asked == ["pytest -q tests/test_Token.py"]


def test_a_transformation_that_does_not_apply_hands_back() -> None:
    rows = [
        {"v": v, "n": n} for v, n in [("1.2.3", "1.2.4"), ("0.9.9", "0.9.10"), ("4.0.1", "4.0.2"), ("7.7.7", "7.7.8")]
    ]
    made = compiled(repeat("> patch release after {v}\n$ ./release {n}\n| released {n}\n< Released {n}.", *rows))
    name = made.plan.parameters[0].name if made.plan else ""
    asked, run = ran(made, {name: "2.0.9"}, {"./release 2.0.10": "released 2.0.10"})
    assert (asked, run.outcome, run.answer) == (["./release 2.0.10"], "answered", "Released 2.0.10.")
    asked, run = ran(made, {name: "2.0"}, {})
    assert (asked, run.outcome) == ([], "handed_back")


def with_days(template: str, rows: list[dict[str, str]]) -> list[Episode]:
    """Each row with the day of its episode, without dashes, as `{day}`."""
    days = [day(each.at).replace("-", "") for each in repeat(template, *rows)]
    return repeat(template, *({**row, "day": told} for row, told in zip(rows, days, strict=True)))


def test_the_day_in_another_form() -> None:
    template = "> back up {db}\n$ pg_dump -f /backup/{db}-{day}.sql {db}\n< Backed up {db}."
    made = compiled(with_days(template, [{"db": name} for name in ("shop", "bank", "mail", "wiki")]))
    name = made.plan.parameters[0].name if made.plan else ""
    command = "pg_dump -f /backup/blog-20270103.sql blog"
    asked, run = ran(made, {name: "blog"}, {"today": "2027-01-03", command: ""})
    assert asked == [command], run.reason


BRANCHES = ("feature/tax", "fix-login", "main", "release-9", "ann/spike")


def branched(template: str, rows: list[dict[str, str]], branches: tuple[str, ...]) -> list[Episode]:
    return [replace(each, branch=name) for each, name in zip(repeat(template, *rows), branches, strict=True)]


def test_the_branch_that_was_checked_out() -> None:
    rows = [{"b": branch} for branch in BRANCHES]
    made = compiled(branched("> push it\n$ git push origin {b}\n| pushed\n< Pushed.", rows, BRANCHES))
    asked, run = ran(made, {}, {"branch": "new/one", "git push origin new/one": "pushed"})
    assert (asked, run.answer) == (["git push origin new/one"], "Pushed.")


def test_a_branch_nobody_recorded_explains_nothing() -> None:
    rows = [{"b": branch} for branch in BRANCHES]
    made = compiled(branched("> push it\n$ git push origin {b}\n| pushed\n< Pushed.", rows, ("", *BRANCHES[1:])))
    assert made.plan is None or made.plan.ending is not Ending.ANSWERED


def test_a_branch_named_like_what_was_typed() -> None:
    rows = [{"b": branch} for branch in ("web", "api", "cart", "mail", "spam")]
    made = compiled(
        branched("> deploy {b}\n$ ./deploy {b}\n| ok\n< Deployed {b}.", rows, ("web", "api", "cart", "mail", "spam"))
    )
    assert made.plan and '"name":"branch"' not in made.plan.model_dump_json(include={"steps", "answer"})
    assert any("were the same in all 5 traces" in sentence for sentence in made.plan.support.ambiguous)


def test_the_number_at_the_end_of_an_address() -> None:
    template = (
        "> open a pull request for {t}\n$ gh pr create --title {t} --fill\n"
        "| https://github.example/ann/shop/pull/{n}\n$ gh pr checks {n}\n| all good\n< Opened #{n}."
    )
    made = compiled(repeat(template, *({"t": f"task-{i}x", "n": str(4711 + i * 37)} for i in range(5))))
    name = made.plan.parameters[0].name if made.plan else ""
    create = "gh pr create --title task-9 --fill"
    world = {create: "https://github.example/ann/shop/pull/12", "gh pr checks 12": "all good"}
    asked, run = ran(made, {name: "task-9"}, world)
    assert asked == [create, "gh pr checks 12"], run.reason
    asked, run = ran(made, {name: "task-9"}, {create: "https://github.example/ann/shop/pull/--force"})
    assert (asked, run.outcome) == ([create], "handed_back")


def test_the_number_at_the_end_of_an_address_is_only_told() -> None:
    template = "> open a ticket for {t}\n$ ./ticket {t}\n| https://tickets.example/t/{n}\n< Opened #{n}."
    made = compiled(repeat(template, *({"t": f"task-{i}x", "n": str(4711 + i * 37)} for i in range(5))))
    name = made.plan.parameters[0].name if made.plan else ""
    _, run = ran(made, {name: "task-9"}, {"./ticket task-9": "https://tickets.example/t/12"})
    assert run.answer == "Opened #12.", run.reason


def test_a_column_of_a_csv() -> None:
    template = (
        "> who owns {s}?\n$ cat owners.csv\n| service,owner,tier\n| zed,zoe,1\n| {s},{o},{tier}\n| yam,yo,3\n"
        "$ ./page {o}\n| paged\n< Paged {o}."
    )
    owners = zip(NAMES, ("ann", "bob", "cy", "di", "ed"), strict=True)
    rows = [
        {"s": s, "o": o, "tier": str(i % 2), "more": "\n| ".join(["zed,zoe,1"] * (i % 3 + 1))}
        for i, (s, o) in enumerate(owners)
    ]
    made = compiled(repeat(template, *rows))
    name = made.plan.parameters[0].name if made.plan else ""
    table = 'service,owner,tier\n"Web, old",x,1\nzed,zoe,1\nWeb,flo,2\nyam,yo,3'
    asked, run = ran(made, {name: "Web"}, {"cat owners.csv": table, "./page flo": "paged"})
    assert asked == ["cat owners.csv", "./page flo"], run.reason


def test_a_list_and_its_length_in_the_answer() -> None:
    teams = [("ann", "bob"), ("cy",), ("di", "ed", "flo"), ("gus", "hal", "ida", "jo"), ("kim", "lee")]
    rows = [
        {"t": f"t-{i}x", "lines": "\n| ".join(team), "n": str(len(team)), "all": ", ".join(team)}
        for i, team in enumerate(teams)
    ]
    made = compiled(repeat("> who is in {t}?\n$ ./team {t}\n| {lines}\n< {n} people: {all}.", *rows))
    name = made.plan.parameters[0].name if made.plan else ""
    _, run = ran(made, {name: "t-9"}, {"./team t-9": "zoe\nyo\nxi"})
    assert run.answer == "3 people: zoe, yo, xi.", run.reason
    _, run = ran(made, {name: "t-9"}, {"./team t-9": ""})
    assert run.outcome == "handed_back"
    _, run = ran(made, {name: "t-9"}, {"./team t-9": "zoe\nerror: no such team"})
    assert run.outcome == "handed_back"


@pytest.mark.parametrize(
    "template",
    [
        "> look at {x}\n$ cat logs/{x}.log\n| {big}\n$ ./retry {n}\n| ok {x}\n< Done with {x}.",  # a digit among many
        "> look at {x}\n$ cat logs/{x}.log\n| level {n} of {n} in row {n}\n$ ./retry {m}\n| ok {x}\n< Done with {x}.",
    ],
)
def test_small_numbers_that_coincide(template: str) -> None:
    """A retry count that stands somewhere in a large output in three traces: nothing may be made of it."""
    rows = [
        {"x": f"s{i}x", "n": n, "m": m, "big": "\n| ".join(f"row {k} took {(k * 7 + i * 3) % 10}" for k in range(60))}
        for i, (n, m) in enumerate([("3", "5"), ("6", "5"), ("9", "8")])
    ]
    made = compiled(repeat(template, *rows))
    assert made.plan is None or all("retry" not in str(step) for step in made.plan.every_step()), made.program


@pytest.mark.parametrize("command", ["tee -a HOME/notes.txt {x}", "echo {x} | tee -a HOME/notes.txt"])
def test_what_is_under_home_is_under_whoevers_home_it_is(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Met in four directories, it is bound to none: the notes are those of whoever runs it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folders = [tmp_path / name for name in ("a", "b", "c", "d")]
    for folder in folders:
        folder.mkdir()
    template = f"# {{cwd}}\n> note {{x}}\n$ {command}\n| noted\n< Noted {{x}}.".replace("HOME", str(tmp_path))
    made = compiled(repeat(template, *({"cwd": str(f), "x": f"n-{i}x"} for i, f in enumerate(folders))))
    name = made.plan.parameters[0].name if made.plan else ""
    wanted = command.replace("HOME", "/home/bo").format(x="n-7")
    asked, run = ran(made, {name: "n-7"}, {"home": "/home/bo", wanted: "noted"})
    assert asked == [wanted], run.reason
