"""Running a published skill: where its programs may come from, and for how long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentjit.home import Home
from agentjit.library import Library
from agentjit.run.execute import Executed, Ready, execute
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
