"""Forks: runs of one prompt that part, and what tells their ways from one another."""

from __future__ import annotations

import pytest

from agentjit.step import BashStep, Ending
from tests.compile.structures import World, calls, compiled, filled, history, plans, ran

CHANGED = """> commit this
$ git status
| On branch main
| Changes not staged for commit:
|   modified: {f}
$ git commit -am wip
| [main {h}] wip
< Committed as {h}."""
CLEAN = """> commit this
$ git status
| On branch main
| nothing to commit, working tree clean
< There is nothing to commit."""


def commits(ways: str) -> list[str]:
    """`c` for a run with changes, `n` for one with none."""
    return [
        filled(CHANGED if way == "c" else CLEAN, f=f"f{i}.py", h=f"ab{i}c{i * 37 + 11}") for i, way in enumerate(ways)
    ]


STATUS = "On branch main\nnothing to commit, working tree clean"


@pytest.mark.parametrize("ways", ["ccncncn", "nncnccn", "cccccnn", "nnnnncc"])
def test_a_phrase_tells_two_ways_apart(ways: str) -> None:
    made = compiled(history(*commits(ways)))
    assert made.plan and made.plan.fork, made.reason
    assert sorted(path.seen for path in made.plan.fork.paths) == sorted((ways.count("c"), ways.count("n")))
    assert {path.guard.expression for path in made.plan.fork.paths} == {
        r"\bnothing to commit\b",
        r"\bChanges not staged for commit\b",
    }
    run = ran(made, {"git status": STATUS})
    assert (run.outcome, run.answer) == ("answered", "There is nothing to commit.")
    changed = "On branch main\nChanges not staged for commit:\n  modified: f3.py"
    run = ran(made, {"git status": changed, "git commit -am wip": "[main ab1c48] wip"})
    assert calls(run) == ["git status", "git commit -am wip"]


def test_what_no_trace_showed_is_handed_back() -> None:
    made = compiled(history(*commits("ccncncn")))
    run = ran(made, {"git status": "On branch main\nYou have unmerged paths."})
    assert run.outcome == "handed_back"
    assert calls(run) == ["git status"]


def test_two_plans_for_one_prompt_are_one() -> None:
    studies = plans(history(*commits("ccncncn")))
    assert [bool(each.plan) for each in studies].count(True) == 1
    assert any("go the ways of" in each.reason for each in studies if not each.plan)
    assert all(bool(each.into) == ("go the ways of" in each.reason) for each in studies)


def test_a_way_that_was_taken_once_is_only_a_reason_to_stop() -> None:
    made = compiled(history(*commits("cccccn")))
    assert made.plan, made.reason
    assert made.plan.support.occurrences == 5
    run = ran(made, {"git status": STATUS})
    assert run.outcome == "handed_back"
    assert calls(run) == ["git status"], "nothing is committed where nobody committed"


def checks(ways: str, passing: str, failing: str) -> list[str]:
    return [filled(passing if way == "p" else failing, n=40 + i) for i, way in enumerate(ways)]


PASS = "> run the checks\n$ make lint\n| all clean\n$ make test\n| {n} tests passed\n< All {n} tests pass."
FAIL = "> run the checks\n$ make lint\n| line {n} is too long\n! 1\n< Lint fails."


def test_an_exit_status_tells_before_any_phrase() -> None:
    made = compiled(history(*checks("ppfpfpf", PASS, FAIL)))
    assert made.plan and made.plan.fork, made.reason
    assert [(path.guard.by, path.guard.codes) for path in made.plan.fork.paths] == [("exit", (0,)), ("exit", (1,))]
    assert ran(made, {"make lint": (1, "line 42 is too long")}).answer == "Lint fails."
    assert ran(made, {"make lint": (2, "make: no rule")}).outcome == "handed_back"


def test_reads_of_one_way_only_belong_to_it() -> None:
    """Detection takes the log that is read after a failure for looking around."""
    passing = "> run the tests\n$ make test\n| {n} tests passed\n< All {n} tests pass."
    failing = "> run the tests\n$ make test\n| test {n} failed\n! 2\n$ cat test.log\n| see {n}\n< It says see {n}."
    made = compiled(history(*checks("ppfpfpf", passing, failing)))
    assert made.plan and made.plan.fork, made.reason
    run = ran(made, {"make test": (2, "test 44 failed"), "cat test.log": "see 44"})
    assert calls(run) == ["make test", "cat test.log"]
    assert calls(ran(made, {"make test": "44 tests passed"})) == ["make test"]


def test_nothing_printed_tells_as_well() -> None:
    some = "> what is stale?\n$ ./stale\n| b{n}\n$ ./drop b{n}\n| dropped b{n}\n< Dropped b{n}."
    none = "> what is stale?\n$ ./stale\n< Nothing is stale."
    made = compiled(history(*checks("ppfpfpf", some, none)))
    assert made.plan and made.plan.fork, made.reason
    assert [path.guard.by for path in made.plan.fork.paths] == ["printed", "empty"]
    assert ran(made, {"./stale": ""}).answer == "Nothing is stale."
    assert calls(ran(made, {"./stale": "b41", "./drop b41": "dropped b41"})) == ["./stale", "./drop b41"]


def three(i: int) -> str:
    text = (
        "> sync it\n$ git pull\n| Already up to date.\n< Nothing new.",
        "> sync it\n$ git pull\n| Updating {n}..{n}9\n| Fast-forward\n$ make build\n| built {n}\n< Built {n}.",
        "> sync it\n$ git pull\n| CONFLICT (content): Merge conflict in f{n}\n! 1\n$ git merge --abort\n< Aborted it.",
    )[i % 3]
    return filled(text, n=7 + i)


def test_three_ways() -> None:
    made = compiled(history(*map(three, range(10))))
    assert made.plan and made.plan.fork, made.reason
    assert len(made.plan.fork.paths) == 3
    assert ran(made, {"git pull": "Already up to date."}).answer == "Nothing new."
    conflict: World = {"git pull": (1, "CONFLICT (content): Merge conflict in f9"), "git merge --abort": ""}
    assert ran(made, conflict).answer == "Aborted it."


def nested(i: int) -> str:
    head = "> ship it\n$ make test\n| {n} passed"
    text = (
        "> ship it\n$ make test\n| {n} broken\n! 1\n< Broken.",
        head + "\n$ git status --short\n< {n} passed, nothing to ship.",
        head + "\n$ git status --short\n| M f{n}.py\n$ ./ship\n| shipped {n}\n< Shipped {n}.",
    )[(0, 1, 2, 2, 1)[i % 5]]
    return filled(text, n=30 + i)


def test_a_fork_after_a_fork() -> None:
    made = compiled(history(*map(nested, range(15))))
    assert made.plan and made.plan.fork, made.reason
    inner = [path.fork for path in made.plan.fork.paths if path.fork]
    assert len(inner) == 1 and inner[0] and len(inner[0].paths) == 2
    world = {"make test": "33 passed", "git status --short": "M f33.py", "./ship": "shipped 33"}
    assert calls(ran(made, world)) == ["make test", "git status --short", "./ship"]
    assert ran(made, {"make test": "33 passed", "git status --short": ""}).answer == "33 passed, nothing to ship."
    assert ran(made, {"make test": (1, "33 broken")}).answer == "Broken."


def test_ways_that_nothing_tells_apart_do_not_fork() -> None:
    """What was done after the same output was a person's or the model's choice."""
    one = "> tidy up\n$ ./scan\n| scanned {n}\n$ ./sweep --all\n| ok\n< Swept."
    two = "> tidy up\n$ ./scan\n| scanned {n}\n$ ./report --mail\n| ok\n< Reported."
    made = [each for each in plans(history(*checks("ppfpfpf", one, two))) if each.plan]
    assert not any(each.plan and each.plan.fork for each in made)


def test_a_number_or_a_day_is_no_reason() -> None:
    one = "> tidy up\n$ ./scan\n| Mon 12 scanned {n}\n$ ./sweep --all\n| ok\n< Swept."
    two = "> tidy up\n$ ./scan\n| Tue 31 scanned {n}\n$ ./report --mail\n| ok\n< Reported."
    made = [each for each in plans(history(*checks("ppfpfpf", one, two))) if each.plan]
    assert not any(each.plan and each.plan.fork for each in made)


def test_four_ways_are_too_many() -> None:
    names = ("alpha", "beta", "gamma", "delta")
    rows = [
        filled("> do the round\n$ ./look\n| it is {w} now {n}\n$ ./do-{w}\n| ok\n< Done.", w=names[i % 4], n=i)
        for i in range(12)
    ]
    assert not any(each.plan and each.plan.fork for each in plans(history(*rows)))


RESTART = (
    "> restart {s} on {e}\n$ ./status {s} {e}\n| {s} is up since {n} days\n$ ./restart {s} --env {e}\n| ok\n< Did."
)
MISSING = (
    "> restart {s} on {e}\n$ ./status {s} {e}\n| {s} was not found there\n$ ./where {s} {e}\n| on h{n}\n< On h{n}."
)


def test_what_the_user_said_stays_so_where_it_was_always_the_same() -> None:
    """All services that were not found were asked for on prod: still it is the user's word that counts."""
    asked = [("web", "prod"), ("api", "qa"), ("cart", "prod"), ("mail", "dev"), ("spam", "prod"), ("pay", "prod")]
    asked.append(("disk", "qa"))
    rows = [filled(RESTART if i in (0, 1, 3, 6) else MISSING, s=s, e=e, n=3 + i) for i, (s, e) in enumerate(asked)]
    made = compiled(history(*rows))
    assert made.plan and made.plan.fork, made.reason
    world = {"./status web lab": "web was not found there", "./where web lab": "on h7"}
    names = [each.name for each in made.plan.parameters]
    run = ran(made, world, **dict(zip(names, ("web", "lab"), strict=True)))
    assert calls(run) == ["./status web lab", "./where web lab"]


def test_a_value_from_before_the_guard_is_taken_where_it_was_printed() -> None:
    head = "> release it\n$ cat VERSION\n| 1.{n}.0\n$ ./ready\n| {said}"
    ready = head + "\n$ ./tag 1.{n}.0\n| ok\n< Tagged."
    rows = [
        filled(ready, n=i, said="all is ready") if i % 3 else filled(head + "\n< Not yet.", n=i, said="wait for review")
        for i in range(9)
    ]
    made = compiled(history(*rows))
    assert made.plan and made.plan.fork, made.reason
    world = {"cat VERSION": "1.44.0", "./ready": "all is ready", "./tag 1.44.0": "ok"}
    assert calls(ran(made, world))[-1] == "./tag 1.44.0"
    first = next(iter(made.plan.every_step()))
    assert first.bindings, "taken from the first step, before the traces part"


def test_the_same_steps_with_two_answers() -> None:
    well = "> is it up?\n$ ./ping\n| reply in {n} ms\n< It is up."
    ill = "> is it up?\n$ ./ping\n| no answer from host\n! 1\n< It is down, no answer."
    made = compiled(history(*checks("ppfpfpf", well, ill)))
    assert made.plan and made.plan.fork, made.reason
    assert ran(made, {"./ping": (1, "no answer from host")}).answer == "It is down, no answer."
    assert ran(made, {"./ping": "reply in 43 ms"}).answer == "It is up."


def test_a_path_may_end_for_the_model() -> None:
    passing = "> run the tests\n$ make test\n| {n} tests passed\n< All {n} tests pass."
    words = ["Look at x", "The parser, I think", "Flaky again", "Disk is full, clean up"]
    rows = [
        filled(passing, n=40 + i)
        if i % 2
        else f"> run the tests\n$ make test\n| test {i} failed\n! 2\n$ cat test.log\n| see {i}\n< {words[i // 2]}"
        for i in range(8)
    ]
    made = compiled(history(*rows))
    assert made.plan and made.plan.fork, made.reason
    assert {path.ending for path in made.plan.fork.paths} == {Ending.ANSWERED, Ending.GATHERED}
    assert made.plan.ending is Ending.GATHERED
    assert ran(made, {"make test": (2, "test 3 failed"), "cat test.log": "see 3"}).outcome == "gathered"


def test_every_path_promises_what_its_own_traces_showed() -> None:
    made = compiled(history(*checks("ppfpfpf", PASS, FAIL)))
    assert made.plan and made.plan.fork
    assert ran(made, {"make lint": "style is odd"}).outcome == "handed_back"
    last = made.plan.fork.paths[0].steps[-1]
    assert last.node == "step" and isinstance(last.call, BashStep)


def test_a_loop_on_one_way_and_nothing_on_the_other() -> None:
    def one(n: int, files: list[str]) -> str:
        listed = "\n".join(f"| {each}" for each in files)
        drops = "\n".join(f"$ ./drop {each} --safely\n| ok" for each in files)
        return f"> drop what is stale\n$ ./stale\n{listed}\n{drops}\n< Dropped all that was stale."

    found = [["a1"], ["b1", "b2"], ["c1", "c2", "c3"], ["d1", "d2"], ["e1", "e2", "e3"]]
    none = "> drop what is stale\n$ ./stale\n< Nothing is stale."
    made = compiled(history(*(text for n, each in enumerate(found) for text in (one(n, each), none))))
    assert made.plan and made.plan.fork, made.reason
    assert ran(made, {"./stale": ""}).answer == "Nothing is stale."
    world = {"./stale": "x7\ny8", "./drop x7 --safely": "ok", "./drop y8 --safely": "ok"}
    run = ran(made, world)
    assert calls(run) == ["./stale", "./drop x7 --safely", "./drop y8 --safely"]
    assert run.answer == "Dropped all that was stale."


def test_most_runs_must_go_a_way_that_is_known() -> None:
    """Three ways were taken twice, and six others once each: no prompt to answer by rote."""
    words = ["sun", "moon", "star", "wind", "rain", "snow"]
    rows = [f"> what now?\n$ ./look\n| the {w} is out {i}\n$ ./do-{w}\n| ok\n< Did {w}." for i, w in enumerate(words)]
    rows += [f"> what now?\n$ ./look\n| all is quiet {i}\n$ ./sleep\n| ok\n< Slept." for i in range(3)]
    assert not any(each.plan for each in plans(history(*rows)))


def test_a_prompt_that_as_often_means_something_else_ends_where_its_runs_part() -> None:
    """Four runs swept, three did three other things after the very same output: which, only the model can say."""
    rows = ["> tidy up\n$ ./scan\n| scanned it\n$ ./sweep --all\n| ok\n< Swept."] * 4
    rows += [f"> tidy up\n$ ./scan\n| scanned it\n$ ./{what} it\n| ok\n< Ok." for what in ("mend", "send", "burn")]
    made = compiled(history(*rows))
    assert made.plan, made.reason
    assert set(made.plan.remains) == {"sweep --all", "mend <arg>", "send <arg>", "burn <arg>"}
    assert any("no result tells which way" in each for each in made.plan.support.ambiguous)
    run = ran(made, {"./scan": "scanned it"})
    assert (run.outcome, calls(run)) == ("gathered", ["./scan"])


def test_two_answers_told_apart_by_what_was_printed() -> None:
    well = "> is it up?\n$ ./ping\n| got a reply in {n} ms\n< It is up."
    ill = "> is it up?\n$ ./ping\n| the host is gone since {n} s\n< Nobody answers there."
    made = compiled(history(*checks("ppfpfpf", well, ill)))
    assert made.plan and made.plan.fork, made.reason
    assert ran(made, {"./ping": "the host is gone since 43 s"}).answer == "Nobody answers there."
    assert ran(made, {"./ping": "got a reply in 43 ms"}).answer == "It is up."
    assert ran(made, {"./ping": "who is asking?"}).outcome == "handed_back"


@pytest.mark.parametrize("ways", ["cccn", "ccnn", "cccnnn"])
def test_what_may_be_chance_is_no_guard(ways: str) -> None:
    """Of four runs one word may be in those three that went one way, whatever it was that led them."""
    log = "> do the round\n$ make round\n| {a} {b} in {n} s\n$ make {to}\n< {said}."
    words = {"c": ("quick and warm", "cached"), "n": ("slow and cold", "built")}
    rows = [
        filled(log, a=words[way][0], b=words[way][1], n=3 + i, to={"c": "publish", "n": "rollback"}[way], said=way)
        for i, way in enumerate(ways)
    ]
    assert all(each.plan is None or each.plan.fork is None for each in plans(history(*rows)))


def test_an_exit_status_by_which_six_runs_part_may_be_chance() -> None:
    assert all(each.plan is None or each.plan.fork is None for each in plans(history(*checks("pfpfpf", PASS, FAIL))))
    made = compiled(history(*checks("pfpfpfp", PASS, FAIL)))
    assert made.plan and made.plan.fork, made.reason
