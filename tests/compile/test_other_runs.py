"""Runs of a prompt that the compiled way does not cover: what they did instead may refuse it, or end it before."""

from __future__ import annotations

import pytest

from agentjit.pipeline import Study
from tests.compile.structures import World, calls, compiled, filled, history, ran

PASSED = "> test and push\n$ npm test\n| Tests: {n} passed\n$ git push origin main\n| main -> main\n< Pushed."
STOPPED = "> test and push\n$ npm test\n| Tests: {n} passed\n< I have not pushed, {w}."
WHY = ("the lint is red", "it is Friday", "two of them fail", "main has moved", "the suite was cut")


def pushes(ways: str, other: str = STOPPED) -> Study:
    """`p` for a run that pushed, `o` for the other way."""
    told = enumerate(ways)
    return compiled(history(*(filled(PASSED if way == "p" else other, n=40 + i, w=WHY[i % 5]) for i, way in told)))


@pytest.mark.parametrize("ways", ["ppopop", "ppopp", "pppoppppp", "ppoppppoppp"])
def test_a_write_that_another_run_did_not_make_is_left_to_the_model(ways: str) -> None:
    made = pushes(ways)
    if made.plan:
        assert any("git push" in each for each in made.plan.remains)
        run = ran(made, {"npm test": "Tests: 3 passed"})
        assert (run.outcome, calls(run)) == ("gathered", ["npm test"])


@pytest.mark.parametrize("ways", ["ppopop", "pppoppp"])
def test_a_write_instead_of_another_is_left_to_the_model(ways: str) -> None:
    made = pushes(ways, "> test and push\n$ npm test\n| Tests: {n} passed\n$ git revert HEAD --no-edit\n< Reverted.")
    if made.plan:
        assert not {"git push origin main", "git revert HEAD --no-edit"} & set(
            calls(ran(made, {"npm test": "Tests: 3 passed"}))
        )


def test_a_way_that_a_contract_stops_refuses_nothing() -> None:
    failed = "> test and push\n$ npm test\n| Tests: {n} failed\n! 1\n< The tests fail, {w}."
    made = pushes("pppopppop", failed)
    assert made.plan, made.reason
    run = ran(made, {"npm test": "Tests: 41 passed", "git push origin main": "main -> main"})
    assert calls(run) == ["npm test", "git push origin main"]
    assert calls(ran(made, {"npm test": (1, "Tests: 3 failed")})) == ["npm test"]


def test_the_same_actions_in_one_line_refuse_nothing() -> None:
    apart = "> save it\n$ git add -A\n$ git commit -qm wip\n$ git push -q\n< Saved."
    line = "> save it\n$ git add -A && git commit -qm wip && git push -q\n< Saved."
    made = compiled(history(*(line if i in (2, 5) else apart for i in range(8))))
    assert made.plan, made.reason
    world = {"git add -A": "", "git commit -qm wip": "", "git push -q": ""}
    assert calls(ran(made, world)) == list(world)


def test_a_run_that_went_on_to_write_makes_no_answer() -> None:
    told = "> is it formatted?\n$ ./format --check\n| all files are fine\n< It is."
    went = "> is it formatted?\n$ ./format --check\n| all files are fine\n$ ./format --write\n< Now it is."
    made = compiled(history(*(went if i in (2, 5) else told for i in range(9))))
    if made.plan:
        assert ran(made, {"./format --check": "all files are fine"}).outcome == "gathered"
        assert made.plan.remains == ("format --write",)


def test_a_run_that_answered_otherwise_makes_no_answer() -> None:
    told = "> is {x} up?\n$ ./ping {x}\n| pong\n< {x} is up."
    other = "> is {x} up?\n$ ./ping {x}\n| pong\n$ ./ping {x} --deep\n| slow\n< {x} is up, but slow."
    made = compiled(history(*(filled(other if i in (2, 5) else told, x=f"web{i}") for i in range(9))))
    if made.plan:
        assert ran(made, {"./ping web1": "pong", "./ping web1 --deep": "slow"}, name="web1").outcome != "answered"


def test_few_runs_with_another_read_refuse_nothing() -> None:
    usual = "> clean {x}\n$ ./cache path {x}\n| /c/{x}\n$ ./cache drop /c/{x}\n| ok\n< Cleaned {x}."
    short = "> clean {x}\n$ cat cache.conf\n| path=/c/{x}\n$ ./cache path {x}\n| /c/{x}\n$ ./cache drop /c/{x}\n| ok"
    short += "\n< Cleaned {x}."
    made = compiled(history(*(filled(short if i == 3 else usual, x=f"x{i}y") for i in range(9))))
    assert made.plan, made.reason


def test_a_read_of_every_run_of_a_way_is_a_step_of_it() -> None:
    fine = "> is {x} current?\n$ npm outdated {x}\n< {x} is current."
    old = "> is {x} current?\n$ npm outdated {x}\n| {x} 1.{n}.2 2.{n}.1\n! 1\n{more}$ npm view {x} deprecated"
    old += "\n< {x} is old."
    readme = "$ cat README.md\n| shop\n"
    texts = [
        filled(old if i % 2 else fine, x=f"{w}-kit", n=i, more=readme if i in (3, 5) else "")
        for i, w in enumerate("amber basil coral delta ember fern garnet hazel iris jade".split())
    ]
    made = compiled(history(*texts))
    if made.plan:
        world: World = {"npm outdated shop": (1, "shop 1.5.2 2.5.1"), "npm view shop deprecated": ""}
        run = ran(made, world, name="shop")
        assert calls(run) == ["npm outdated shop", "npm view shop deprecated"]
    assert made.plan, made.reason


def test_a_read_of_the_same_kind_in_one_run_is_set_aside_with_it() -> None:
    texts = []
    for i, count in enumerate((3, 4, 2, 3, 5, 2, 4, 3)):
        names = [f"s{i}{'abcde'[k]}" for k in range(count)]
        text = filled("> are all of {x} up?\n$ cat envs/{x}.list\n| {all}", x=f"zone{i}", all=names)
        text += "\n$ cat README.md\n| shop" if i == 6 else ""
        texts.append(text + "".join(f"\n$ svc is-up {n}\n| up" for n in names) + f"\n< All of zone{i} are up.")
    made = compiled(history(*texts))
    assert made.plan, made.reason
    world = {"cat envs/west.list": "one1\ntwo2", "svc is-up one1": "up", "svc is-up two2": "up"}
    assert calls(ran(made, world, **{made.plan.parameters[0].name: "west"})) == list(world)


def test_a_look_around_before_one_run_parts_no_ways() -> None:
    some = "> put it aside\n$ git status --porcelain\n| M f{n}.py\n$ git stash\n| Saved\n< It is stashed."
    none = "> put it aside\n$ git status --porcelain\n< There is nothing to put aside."
    texts = [filled(some if i in (2, 4, 7, 9) else none, n=i) for i in range(10)]
    texts[9] = texts[9].replace("$ git status", "$ ls\n| src\n$ git status", 1)
    texts[3] = texts[3].replace("$ git status", "$ pwd\n| /work/shop\n$ git status", 1)
    made = compiled(history(*texts))
    assert made.plan and made.plan.fork, made.reason
    assert made.plan.support.occurrences == 10
    assert calls(ran(made, {"git status --porcelain": "M f5.py", "git stash": "Saved"}))[-1] == "git stash"
