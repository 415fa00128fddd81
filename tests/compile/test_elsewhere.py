"""A ritual seen in one directory only, run by name in another: it does there what the model would do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from shlex import quote

import pytest

from agentjit import kit
from agentjit.compile.elsewhere import elsewhere
from agentjit.compile.render import manual
from agentjit.pipeline import Study
from agentjit.proving import same_call
from agentjit.run.load import load
from tests.compile.structures import TEMPLATES, compiled
from tests.proof.story import Story

SEEN, OTHER = "/work/shop", "/home/me/other shop"
DAY_OF_ALL = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
Tell = Callable[[int, str], Story]


def bumped(number: int, cwd: str) -> Story:
    """The agent names the file it edits by its whole path, as its tools want it."""
    old, new = f"1.{number}.0", f"1.{number + 1}.0"
    story = Story("bump the minor version", cwd=cwd).bash("cat VERSION", old).edit(f"{cwd}/VERSION", old, new)
    return story.bash("make test", "20 passed").say(f"The version is {new} now, see {cwd}/VERSION.")


def looked(number: int, cwd: str) -> Story:
    """The path stands in a plain command, and in one that only a shell can run."""
    story = Story("how full is the store", cwd=cwd).bash(f"cat {quote(f'{cwd}/data/name.txt')}", "shop")
    story.bash(f"du -s {quote(f'{cwd}/data')} | cut -f1", f"{number + 10}").read(f"{cwd}/data/limit.txt", "100")
    return story.say(f"{number + 10} of 100 in {cwd}.")


def taught(tell: Tell, *cwds: str) -> Study:
    return compiled([tell(number, cwds[number % len(cwds)]).episode(number) for number in range(6)])


def done(made: Study, told: Story) -> kit.Run:
    """The program run where `told` is what the model would do: any other call fails."""
    assert made.plan, made.reason
    left = list(told.episode(9).calls)

    def perform(call: kit.Call) -> kit.Result:
        if isinstance(call, kit.Ask):
            assert call.name == "cwd"
            return kit.Result(told.cwd)
        recorded = left.pop(0)
        assert same_call(call, recorded), f"{call.text}, not {recorded.input}"
        return kit.Result(recorded.output, recorded.exit_code)

    run = kit.drive(load(made.program, "skill.py"), {}, perform)
    assert not left
    return run


def refusal(made: Study, cwd: str) -> str:
    assert made.plan, made.reason
    return elsewhere(made.plan, cwd)


@pytest.mark.parametrize("tell", [bumped, looked])
@pytest.mark.parametrize("cwds", [(SEEN,), (SEEN, "/work/till")])
def test_what_is_read_and_changed_lies_here(tell: Tell, cwds: tuple[str, ...]) -> None:
    made, told = taught(tell, *cwds), tell(7, OTHER)
    run = done(made, told)
    assert (run.outcome, run.answer) == ("answered", told.final), run.reason
    assert SEEN not in made.program
    assert refusal(made, OTHER) == ""


def test_a_file_here_is_needed_before_anything_is_changed() -> None:
    made = taught(bumped, SEEN)
    assert made.plan
    assert [need.name for need in made.plan.requires if need.kind == "file"] == ["VERSION", "Makefile"]


def started(number: int, cwd: str) -> Story:
    """A program by its whole path: what it would be elsewhere, nobody knows."""
    story = Story("rebuild the index", cwd=cwd).bash(f"{SEEN}/bin/index --all", f"{number + 40} files")
    return story.say(f"{number + 40} files are in the index.")


@pytest.mark.parametrize(
    ("cwds", "cwd", "told"),
    [
        ((SEEN,), SEEN, ""),
        ((SEEN,), f"{SEEN}/", ""),
        ((SEEN,), OTHER, f"it names {SEEN}/bin/index, and was only seen in {SEEN}"),
        ((SEEN, "/work/till"), "/work/till", ""),
        ((SEEN, "/work/till"), OTHER, f"it names {SEEN}/bin/index, and was only seen in {SEEN}, /work/till"),
        ((SEEN, "/work/till", "/work/back"), OTHER, ""),  # seen in so many that it is meant from everywhere
    ],
)
def test_what_names_a_directory_is_run_nowhere_else(cwds: tuple[str, ...], cwd: str, told: str) -> None:
    assert refusal(taught(started, *cwds), cwd) == told


def test_the_name_of_a_directory_ends_where_a_word_ends() -> None:
    def tell(number: int, cwd: str) -> Story:
        story = Story("rebuild the index", cwd=cwd).bash(f"{SEEN}-tools/index --all", f"{number + 40} files")
        return story.say(f"{number + 40} files are in the index.")

    assert refusal(taught(tell, SEEN), OTHER) == ""


@pytest.mark.parametrize("cwd", ["/", "/tmp"])
def test_a_path_below_a_shared_directory_stays_that_path(cwd: str) -> None:
    def tell(number: int, here: str) -> Story:
        story = Story("how many jobs are there", cwd=here).bash("cat /tmp/jobs", f"{number + 3}")
        return story.say(f"There are {number + 3}.")

    assert 'bash("cat", "/tmp/jobs")' in taught(tell, cwd).program


def test_the_manual_says_where_it_was_seen() -> None:
    made = taught(bumped, SEEN, "/work/till")
    assert made.plan
    assert "In /work/shop or /work/till, where it was seen:" in manual(made.plan, TEMPLATES)
    made = taught(bumped, SEEN, "/work/till", "/work/back")
    assert made.plan
    assert "In the directory that it is about:" in manual(made.plan, TEMPLATES)


def test_the_day_of_all_traces_may_be_meant_in_a_path_too() -> None:
    def tell(number: int, cwd: str) -> Story:
        story = Story("how many jobs are there", cwd=cwd).bash(f"cat {cwd}/jobs-2026-06-01", f"{number + 3}")
        return story.say(f"There are {number + 3}.")

    found = [replace(tell(number, SEEN).episode(number), at=DAY_OF_ALL + 60 * number) for number in range(6)]
    assert "nobody can tell if it is meant" in compiled(found).reason
