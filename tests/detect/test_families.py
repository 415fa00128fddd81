"""What follows a prompt: steps whose flags vary, wordings of one prompt, prompts for other work each time."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agentjit.detect.mine import hotspots, surveyed
from agentjit.detect.prompt import clusters, spelled, stands_alone, template
from agentjit.hotspot import Hotspot, Template
from agentjit.intercept.match import matches
from agentjit.pipeline import Study, study
from agentjit.trace import Episode
from tests.support.library import TEMPLATES
from tests.support.notation import DAY, START, episodes, repeat

NOW = START + 60 * DAY


def prompted(history: list[Episode]) -> list[Hotspot]:
    return [hotspot for hotspot in hotspots(history, now=NOW) if hotspot.template]


def studied(history: list[Episode]) -> Study:
    (hotspot,) = prompted(history)
    return study(hotspot, TEMPLATES)


# --- flags that vary

COMMITS = """
> commit this
$ git status
$ git diff src/a.py
$ git log --oneline -5
$ git add src/a.py && git commit -m one
> commit
$ git status
$ git diff -- src/b.py src/c.py
$ git log --oneline -5
$ git add src/b.py src/c.py
$ git commit -m two
> Commit
$ guard prepare
$ guard git status && guard git diff --staged
$ guard git log --oneline -5
$ guard git add src/d.py && guard git commit -m three
> commit
$ guard git status
$ guard git diff
$ guard git log --oneline -5
$ guard git add src/a.py
$ guard git status
$ git commit -m four
> commit.
$ guard git status && guard git diff src/a.py && guard git log --oneline -5
$ guard git add src/a.py && guard git commit -m five
> commit
$ git status && git diff --stat && git log --oneline -5
$ git add src/e.py && git commit -m six
@ src/e.py
$ make lint
~ src/e.py
$ git add src/e.py && git commit -m seven
"""


def test_a_ritual_in_other_words_each_time_is_one_ritual() -> None:
    """With a wrapper or none, something before it, other work behind it, and a step whose flags never settle."""
    (hotspot,) = prompted(episodes(COMMITS))
    assert hotspot.signature == (
        *("git status", "git diff", "git log --oneline -<arg>"),
        *("git add <arg>", "git commit -m <arg>"),
    )
    assert (len(hotspot.occurrences), str(hotspot.template)) == (6, "commit")
    assert hotspot.unstable == "the flags of `git diff` never settle: 5 ways in 6 runs"
    assert hotspot.obstacle == f"unstable: {hotspot.unstable}"
    assert hotspot.ways == (1, 5, 1, 1, 1)
    assert [each.more for each in hotspot.occurrences] == [False, False, True, True, False, True]
    assert hotspot.chance and hotspot.chance.p < 1e-6
    assert study(hotspot, TEMPLATES).plan is None


def versions(flags: list[str], prompt: str = "which version is this") -> list[Episode]:
    """Runs of two reads, one of which has these flags."""
    return repeat(
        f"> {prompt}\n$ cat VERSION\n| 1.2\n$ git log {{flag}}\n| done\n< Version 1.2", *({"flag": f} for f in flags)
    )


def test_a_few_ways_are_settled_and_the_commonest_is_compiled() -> None:
    done = studied(versions(["-n 1"] * 4 + ["--oneline -n 1"] * 2))
    assert (done.hotspot.unstable, len(done.hotspot.occurrences)) == ("", 6)
    assert done.hotspot.ways == (1, 2)
    assert done.plan and done.plan.support.occurrences == 4


@pytest.mark.parametrize(
    ("flags", "unstable"),
    [
        (["-1", "-2", "--oneline", "--oneline", "--stat", "--stat"], False),
        (["-1", "--oneline", "--stat", "-p", "--graph", "--all"], True),
    ],
    ids=["two of each", "all differ"],
)
def test_what_is_not_written_alike_three_times_is_not_compiled(flags: list[str], unstable: bool) -> None:
    done = studied(versions(flags))
    assert len(done.hotspot.occurrences) == 6
    assert bool(done.hotspot.unstable) == unstable
    assert done.plan is None
    assert ("flags" in done.reason) and done.hotspot.signature[0] == "cat <arg>"


def ships(step: str, *, often: bool) -> list[Hotspot]:
    """Six runs with flags of their own; four of these have `step` as well, or two."""
    flags = ["", "--stat -f", "-w -q", "--cached -u", "--name-only -n", "--raw -d"]
    rows = [{"flag": flag, "more": f"\n$ {step}" if bool(n % 3) == often else ""} for n, flag in enumerate(flags)]
    return prompted(repeat("> ship it\n$ git diff {flag}{more}\n$ git push {flag}\n$ make deploy", *rows))


def test_steps_in_two_thirds_of_the_runs_belong_to_it() -> None:
    (hotspot,) = ships("make lint", often=True)
    assert hotspot.signature == ("git diff", "make lint", "git push", "make deploy")
    assert hotspot.loops == ((1, 1), (0, 1), (1, 1), (1, 1))
    assert [each.order for each in hotspot.occurrences] == [(0, 2, 3), (), (), (0, 2, 3), (), ()]
    assert hotspot.stability == pytest.approx(4 / 6)
    assert hotspot.unstable == "the flags of `git diff` and `git push` never settle: 6 ways in 6 runs"


def test_a_step_in_few_runs_does_not() -> None:
    (hotspot,) = ships("git log -1", often=False)
    assert hotspot.signature == ("git diff", "git push", "make deploy")
    assert {len(each.noise) for each in hotspot.occurrences} == {0, 1}


def test_a_program_that_merely_comes_first_is_no_wrapper() -> None:
    """`npm run build` is not `run build`."""
    rows = [{"x": x} for x in ("a", "b --f", "c --g", "d --h")]
    (hotspot,) = prompted(repeat("> ship it\n$ npm run build {x}\n$ git push {x}", *rows))
    assert hotspot.signature == ("npm run build", "git push")


# --- one prompt, spelled in several ways


def test_letter_case_and_final_marks_tell_no_prompts_apart() -> None:
    said = ["Run the tests", "run the tests", "run the tests.", "run the tests", "Run the tests!"]
    assert clusters(list(enumerate(said))) == [[0, 1, 2, 3, 4]]
    assert str(template(said)) == "run the tests"
    history = [replace(each, prompt=said[place]) for place, each in enumerate(versions(["-1"] * 5))]
    done = studied(history)
    assert done.plan and done.plan.support.occurrences == 5
    assert (done.plan.entry.prompt, done.plan.entry.words) == ("run the tests", ("run", "the", "tests"))
    entry = {"pattern": done.plan.entry.pattern}
    assert all(matches([entry], prompt) for prompt in said)
    assert not matches([entry], "run the tests?")


def test_a_mark_of_a_question_is_kept_if_most_have_it() -> None:
    said = ["how big is src?", "How big is lib", "how big is docs?", "how big is it?", "how big is tests."]
    learned = template(said)
    assert str(learned) == "how big is {arg1}?"
    assert learned and learned.slots[0].values == ("src", "lib", "docs", "it", "tests")
    assert all(spelled(learned, prompt) for prompt in said)
    order = template(["deploy", "deploy", "deploy?"])
    assert order and [spelled(order, prompt) for prompt in ("Deploy.", "deploy?")] == [True, False]


def test_what_all_end_in_stays() -> None:
    learned = template(["ship it!", "Ship it!"])
    assert learned and str(learned) == "ship it!"
    assert [spelled(learned, prompt) for prompt in ("ship it!", "ship it")] == [True, False]


def test_a_question_among_orders_is_not_compiled_with_them() -> None:
    history = versions(["-1"] * 5, "show the version")
    asked = [replace(each, prompt="show the version?") for each in history[:1]]
    done = studied([*asked, *history[1:]])
    assert len(done.hotspot.occurrences) == 5
    assert done.plan and done.plan.support.occurrences == 4
    assert re.fullmatch(done.plan.entry.pattern, "show the version")
    assert not re.fullmatch(done.plan.entry.pattern, "show the version?")


def test_words_that_add_nothing_make_no_other_prompt() -> None:
    said = ["commit"] * 4 + ["commit this", "please commit"]
    assert clusters(list(enumerate(said))) == [[0, 1, 2, 3, 4, 5]]
    learned = template(said)
    assert (
        learned and str(learned) == "commit" and [spelled(learned, each) for each in said] == [True] * 4 + [False] * 2
    )
    history = [replace(each, prompt=said[place]) for place, each in enumerate(versions(["-1"] * 6))]
    done = studied(history)
    assert len(done.hotspot.occurrences) == 6
    assert done.plan and done.plan.support.occurrences == 4


def test_a_wording_that_is_typed_often_stays_its_own() -> None:
    said = ["commit"] * 4 + ["commit this"] * 3
    assert clusters(list(enumerate(said))) == [[0, 1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("others", [["do not commit"], ["commit all"], ["commit it not"], ["never commit"]])
def test_words_that_say_something_do(others: list[str]) -> None:
    said = ["commit"] * 4 + others
    assert clusters(list(enumerate(said)))[0] == [0, 1, 2, 3]


def test_slots_keep_the_values_of_all_wordings() -> None:
    said = ["fix cart", "fix user", "fix price", "please fix the cart"]
    learned = template(said)
    assert learned and str(learned) == "fix {arg1}"
    assert learned.slots[0].values == ("cart", "user", "price", "cart")
    assert template(["fix cart", "fix the user now or never"]) is None


def test_pointing_words_are_no_slot() -> None:
    learned: Template | None = template(["fix this", "fix it", "fix that"])
    assert learned and not learned.slots and not stands_alone(learned)


# --- prompts for other work each time

WORK = ("make lint", "npm ci", "go vet", "git push", "docker ps", "kubectl get pods", "cargo doc")
MORE = ("tox", "brew upgrade", "ab -n 1 x", "helm list", "uname -a", "terraform plan", "gh pr list")


def other_work(prompt: str, runs: int) -> list[Episode]:
    return repeat(f"> {prompt}\n$ {{x}}\n$ {{y}}", *({"x": x, "y": y} for x, y in zip(WORK[:runs], MORE, strict=False)))


def test_a_popular_prompt_for_other_work_each_time_says_so() -> None:
    found = surveyed(other_work("ship it", 7), now=NOW)
    assert found.hotspots == ()
    (restless,) = found.restless
    assert (str(restless.template), restless.signature) == ("ship it", ())
    assert restless.unstable == "7 runs, every one of other steps"
    assert len(restless.occurrences) == restless.sessions == 7
    assert not any(each.operations for each in restless.occurrences), "its calls may belong to other hotspots"
    assert (restless.requests, restless.tokens) == (3, 30_000)
    done = study(restless, TEMPLATES)
    assert (done.plan, done.reason) == (None, "unstable: 7 runs, every one of other steps")


@pytest.mark.parametrize("prompt", ["continue", "yes", "fix it"])
def test_talk_is_no_popular_prompt(prompt: str) -> None:
    assert surveyed(other_work(prompt, 7), now=NOW).restless == ()


def test_what_is_typed_seldom_or_in_few_sessions_is_not_told() -> None:
    assert surveyed(other_work("ship it", 4), now=NOW).restless == ()
    few = [replace(each, session=f"s{place % 2}") for place, each in enumerate(other_work("ship it", 7))]
    assert surveyed(few, now=NOW).restless == ()


def test_what_is_told_already_is_not_told_again() -> None:
    assert surveyed(episodes(COMMITS), now=NOW).restless == ()
