"""Running a published skill: where its programs may come from, and for how long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.home import Home
from agentjit.library import Library
from agentjit.run.execute import Executed, Ready, execute, foresee
from agentjit.run.load import content_hash
from tests.support.library import learned
from tests.support.notation import repeat

HISTORY = """
# {cwd}
> tell of {x}
$ teller {x}
| of {x}: {n}
< of {x}: {n}
"""


@pytest.fixture
def ready(home: Home) -> Ready:
    """A skill whose one step runs `teller`, a program that must be found on the PATH."""
    learned(home, repeat(HISTORY, *({"cwd": f"/w{i}", "x": f"a{i}", "n": f"{i}00"} for i in range(5))))
    (record,) = Library(home).records()
    return Ready(record.name, Library(home).folder(record.name), record.hash, "unknown", True)


def teller(folder: Path, said: str) -> Path:
    """A program `teller` in `folder` that says what it is."""
    folder.mkdir(exist_ok=True)
    program = folder / "teller"
    program.write_text(f'#!/bin/sh\necho "of $1: {said}"\n')
    program.chmod(0o755)
    return folder


def ran(ready: Ready, work: Path, path: str) -> Executed:
    return execute(ready, {"name": "a9"}, cwd=str(work), env={"PATH": path, "HOME": str(work)}, seconds=10.0)


@pytest.mark.parametrize("path", ["{own}", ":{own}", "{own}:", "bin:{own}", ".:{own}", "./bin::{own}"])
def test_only_absolute_folders_of_the_path_count(ready: Ready, tmp_path: Path, path: str) -> None:
    own, work = teller(tmp_path / "own", "700"), teller(tmp_path / "work", "666")
    teller(work / "bin", "667")
    here = os.getcwd()
    os.chdir(work)
    try:
        done = ran(ready, work, path.format(own=f"{own}:/usr/bin:/bin"))
    finally:
        os.chdir(here)
    assert (done.outcome, done.answer) == ("answered", "of a9: 700"), done.reason


@pytest.mark.parametrize("path", ["", ".", "bin", "::"])
def test_a_program_of_the_working_directory_is_not_run(ready: Ready, tmp_path: Path, path: str) -> None:
    work = teller(tmp_path / "work", "666")
    teller(work / "bin", "667")
    here = os.getcwd()
    os.chdir(work)
    try:
        done = ran(ready, work, path)
    finally:
        os.chdir(here)
    assert (done.outcome, done.answer, done.steps) == ("handed_back", "", []), done.reason


# --- programs of every kind, as they are published

COMMIT = """
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import *

@skill("commit", params={"message": Param(r"(?s).+", hole=True, seen=["Fix it"])}, requires=[has_file("notes")])
def commit(message=None):
    notes, listing = yield together(bash("cat", "notes"), bash("ls"))  # reads
    if message is None:
        return gathered()
    yield write("out/message", message)  # writes-here
    yield edit("notes", "old", message)  # writes-here
    done = yield bash("cat", "out/message")
    return answer(done.stdout)

if __name__ == "__main__":
    raise SystemExit(main(commit))
"""

VALUES = ["plain", "-m", "--force", "$(touch pwned)", "`touch pwned`", 'it\'s "it"', "a\nb\n", "\\n", "é\u2028", "%s"]


def published(root: Path, source: str, *, effects: str = "writes-here", approved: bool = True) -> Ready:
    """A skill in a folder of its own, with the kit next to it."""
    folder = root / "skills" / "commit"
    folder.mkdir(parents=True)
    (root / "skills" / ".kit").mkdir()
    (root / "skills" / ".kit" / "ajkit").symlink_to(Path(kit.__file__).parent)
    for name, text in (("skill.py", source), ("plan.json", "{}")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    digest = content_hash(source.encode(), b"{}")
    return Ready("commit", str(folder), digest, effects, approved)


@pytest.fixture
def committing(tmp_path: Path) -> tuple[Ready, Path]:
    work = tmp_path / "work"
    work.mkdir()
    (work / "notes").write_text("old\n")
    return published(tmp_path, COMMIT), work


def done(ready: Ready, work: Path, arguments: dict[str, str], mode: str = "default", **rules: list[str]) -> Executed:
    (work / ".claude").mkdir(exist_ok=True)
    (work / ".claude" / "settings.json").write_text(json.dumps({"permissions": rules}))
    env = {"PATH": "/usr/bin:/bin", "HOME": str(work.parent)}
    return execute(ready, arguments, cwd=str(work), env=env, seconds=20.0, mode=mode)


def test_with_its_hole_open_a_skill_ends_before_it(committing: tuple[Ready, Path]) -> None:
    ready, work = committing
    run = done(ready, work, {})
    assert (run.outcome, run.reason) == ("gathered", "")
    assert [step.text for step in run.steps] == ["cat notes", "ls"]
    assert sorted(os.listdir(work)) == [".claude", "notes"]
    unapproved = done(ready._replace(approved=False), work, {})
    assert (unapproved.outcome, unapproved.steps) == ("refused", []), "what it may do at worst is approved as a whole"


@pytest.mark.parametrize("value", VALUES)
def test_its_hole_takes_any_text(committing: tuple[Ready, Path], value: str) -> None:
    ready, work = committing
    run = done(ready, work, {"message": value})
    assert (run.outcome, run.answer) == ("answered", value), run.reason
    assert (work / "out" / "message").read_text() == value
    assert (work / "notes").read_text() == f"{value}\n"
    assert sorted(os.listdir(work)) == [".claude", "notes", "out"]


@pytest.mark.parametrize("value", ["", "a\0b", "\ud800"])
def test_what_is_no_text_fills_no_hole(committing: tuple[Ready, Path], value: str) -> None:
    ready, work = committing
    assert done(ready, work, {"message": value}).outcome == "refused"
    assert sorted(os.listdir(work)) == [".claude", "notes"]


def test_a_precondition_looks_at_the_working_directory(committing: tuple[Ready, Path]) -> None:
    ready, work = committing
    (work / "notes").unlink()
    run = done(ready, work, {})
    assert (run.outcome, run.steps) == ("handed_back", [])
    assert "there is no notes" in run.reason


@pytest.mark.parametrize("rule", ["Bash(ls)", "Bash(cat:*)"])
def test_a_rule_against_one_of_several_is_one_against_all(committing: tuple[Ready, Path], rule: str) -> None:
    ready, work = committing
    run = done(ready, work, {}, deny=[rule])
    assert (run.outcome, run.steps) == ("refused", [])
    assert rule in run.reason
    env = {"PATH": "/usr/bin:/bin", "HOME": str(work.parent)}
    assert rule in foresee(ready, {}, cwd=str(work), env=env)


@pytest.mark.parametrize(
    ("rules", "mode", "steps"),
    [
        ({"deny": ["Edit(out/**)"]}, "default", ["cat notes", "ls"]),
        ({"deny": ["Write"]}, "bypassPermissions", ["cat notes", "ls"]),
        ({"deny": ["Edit(notes)"]}, "acceptEdits", ["cat notes", "ls", "Write out/message"]),
        ({"allow": ["Bash", "Edit(out/**)"]}, "dontAsk", ["cat notes", "ls", "Write out/message"]),
    ],
)
def test_rules_stop_a_skill_where_it_would_write(
    committing: tuple[Ready, Path], rules: dict[str, list[str]], mode: str, steps: list[str]
) -> None:
    ready, work = committing
    run = done(ready, work, {"message": "new"}, mode, **rules)
    assert (run.outcome, [step.text for step in run.steps]) == ("handed_back", steps)
    assert (work / "notes").read_text() == "old\n"


def test_what_writes_does_not_run_in_plan_mode(committing: tuple[Ready, Path]) -> None:
    ready, work = committing
    assert done(ready, work, {}, "plan").outcome == "refused"


def alone(ready: Ready, work: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, f"{ready.folder}/skill.py", *words],
        cwd=work,
        env={"PATH": os.environ["PATH"], "HOME": str(work.parent)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_on_its_own_it_takes_its_hole_as_an_option(committing: tuple[Ready, Path]) -> None:
    ready, work = committing
    without = alone(ready, work)
    assert (without.returncode, without.stdout.splitlines()[:2]) == (0, ["$ cat notes", "old"])
    for value in ("--force", "$(touch pwned)\nit's"):
        (work / "notes").write_text("old\n")
        given = alone(ready, work, "--message", value)
        assert (given.returncode, given.stdout) == (0, f"{value}\n"), given.stderr
        assert (work / "notes").read_text() == f"{value}\n"
    assert alone(ready, work, "--message=").returncode == 2
    assert alone(ready, work, "--message", "a", "--message", "b").returncode == 2
    assert "[--message VALUE]" in alone(ready, work, "--help").stdout
    assert sorted(os.listdir(work)) == ["notes", "out"]
