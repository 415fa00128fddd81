"""`aj run` in another directory than the only one a skill was seen in, with real files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentjit.cli import cli
from agentjit.home import Home
from tests.proof.story import Story
from tests.support.library import learned


def aj(*words: str) -> Result:
    return CliRunner().invoke(cli, words, catch_exceptions=False)


def project(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    (made / "VERSION").write_text("1.5.0\n")
    (made / "Makefile").write_text("test:\n\t@echo 20 passed\n")
    return made


def bumped(number: int, cwd: str) -> Story:
    old, new = f"1.{number}.0", f"1.{number + 1}.0"
    story = Story("bump the minor version", cwd=cwd).bash("cat VERSION", old).edit(f"{cwd}/VERSION", old, new)
    return story.bash("make test", "20 passed").say(f"The version is {new} now.")


def indexed(number: int, cwd: str) -> Story:
    story = Story("rebuild the index", cwd=cwd).bash(f"{cwd}/bin/index --all", f"{number + 40} files")
    return story.say(f"{number + 40} files are in the index.")


@pytest.fixture
def shop(home: Home, tmp_path: Path) -> Path:
    """The directory that the agent did it in, and the skill that came of it."""
    folder = project(tmp_path, "shop")
    learned(home, [bumped(number, str(folder)).episode(number) for number in range(6)])
    assert aj("approve", "bump-minor-version", "--yes").exit_code == 0
    return folder


def test_the_file_here_is_changed_and_no_other(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = project(tmp_path, "other")
    monkeypatch.chdir(other)
    done = aj("run", "bump-minor-version")
    assert (done.exit_code, done.stdout) == (0, "The version is 1.6.0 now.\n"), done.output
    assert (other / "VERSION").read_text() == "1.6.0\n"
    assert (shop / "VERSION").read_text() == "1.5.0\n"


def test_without_a_makefile_nothing_is_changed(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = project(tmp_path, "other")
    (other / "Makefile").unlink()
    monkeypatch.chdir(other)
    done = aj("run", "bump-minor-version")
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr == f"aj: stopped after 0 steps: there is no Makefile in {other}\n"
    assert (other / "VERSION").read_text() == "1.5.0\n"


def test_on_its_own_it_counts_one_step(shop: Path, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = project(tmp_path, "other")
    (other / "VERSION").write_text("none\n")
    program = Path(home.skills) / "bump-minor-version" / "skill.py"
    done = subprocess.run([sys.executable, str(program)], cwd=other, capture_output=True, text=True)
    assert done.returncode == 4
    assert done.stderr.startswith("bump-minor-version: stopped after 1 step: ")


@pytest.mark.parametrize("linked", [False, True])
def test_what_names_the_other_directory_is_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    shop, other = project(tmp_path, "shop"), project(tmp_path, "other")
    if linked:
        (tmp_path / "link").symlink_to(shop)
    seen = tmp_path / "link" if linked else shop
    (shop / "bin").mkdir()
    (shop / "bin" / "index").write_text("#!/bin/sh\necho 46 files\n")
    (shop / "bin" / "index").chmod(0o755)
    learned(home, [indexed(number, str(seen)).episode(number) for number in range(6)])
    assert aj("approve", "rebuild-index", "--yes").exit_code == 0
    monkeypatch.chdir(other)
    done = aj("run", "rebuild-index")
    why = f"it names {seen}/bin/index, and was only seen in {seen}"
    assert (done.exit_code, done.stdout, done.stderr) == (3, "", f"aj: refused: {why}\n")
    assert f"(would not run here: {why})\n" in aj("run", "rebuild-index", "--dry-run").stdout
    monkeypatch.chdir(seen)
    done = aj("run", "rebuild-index")
    assert (done.exit_code, done.stdout) == (0, "46 files are in the index.\n"), done.output
