"""What a run can ask of its environment, against real repositories and files."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from agentjit.kit.surroundings import KEYS, surrounding

NOW = 1_780_000_000.0
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    env = {"HOME": str(folder), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
    author = ("-c", "user.name=Ann", "-c", "user.email=made@example.org")
    done = subprocess.run(("git", *author, *words), cwd=folder, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "a shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(folder, "remote", "add", "origin", "git@example.org:ann/shop.git")
    return folder


def asked(key: str, cwd: Path, **env: str) -> str:
    return surrounding(key, str(cwd), env, NOW)


def test_who_where_when(tmp_path: Path) -> None:
    assert asked("cwd", tmp_path) == str(tmp_path)
    assert asked("today", tmp_path) == time.strftime("%Y-%m-%d", time.localtime(NOW))
    assert asked("home", tmp_path, HOME="/home/ann/") == "/home/ann"
    assert asked("user", tmp_path, USER="ann") == "ann"
    assert asked("user", tmp_path, LOGNAME="bo") == "bo"
    assert asked("$REGION", tmp_path, REGION="eu") == "eu"


@needs_git
def test_git_says_the_same(repo: Path) -> None:
    deep = repo / "src" / "lib"
    deep.mkdir(parents=True)
    assert asked("repo", deep) == git(deep, "rev-parse", "--show-toplevel")
    assert asked("branch", deep) == git(deep, "branch", "--show-current")
    assert asked("remote", deep) == git(deep, "remote", "get-url", "origin")
    git(repo, "checkout", "-q", "-b", "feature/a-b")
    assert asked("branch", deep) == "feature/a-b"


@needs_git
def test_a_worktree_has_a_branch_of_its_own(repo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(repo, "worktree", "add", "-q", str(other), "-b", "side")
    assert asked("branch", other) == "side"
    assert asked("branch", repo) == "main"
    assert asked("repo", other) == str(other)
    assert asked("remote", other) == "git@example.org:ann/shop.git"


@needs_git
def test_no_branch_is_no_name(repo: Path) -> None:
    git(repo, "checkout", "-q", "--detach")
    with pytest.raises(ValueError, match="no branch is checked out"):
        asked("branch", repo)


@needs_git
def test_email(repo: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(ValueError, match="no email"):
        asked("email", repo, HOME=str(home))
    (home / ".gitconfig").write_text('[user]\n\tname = Ann ; a comment\n\temail = "ann@example.org"\n')
    assert asked("email", repo, HOME=str(home)) == "ann@example.org"
    (home / "more").write_text("[user] email = bo@example.org # other\n")
    (home / ".gitconfig").write_text("[user]\nemail = ann@example.org\n[include]\npath = ~/more\n")
    assert asked("email", repo, HOME=str(home)) == "bo@example.org"
    git(repo, "config", "user.email", "cy@example.org")
    assert asked("email", repo, HOME=str(home)) == "cy@example.org"
    with pytest.raises(ValueError, match="variables"):
        asked("email", repo, HOME=str(home), GIT_CONFIG_GLOBAL="/dev/null")
    (home / ".gitconfig").write_text('[includeIf "gitdir:~/x/"]\npath = more\n')
    with pytest.raises(ValueError, match="on a condition"):
        asked("email", repo, HOME=str(home))


@pytest.mark.parametrize(
    ("file", "text", "key", "value"),
    [
        ("package.json", '{"name": "shop", "version": "1.2.3", "n": 4}', "version", "1.2.3"),
        ("package.json", '{"n": 4}', "n", "4"),
        ("pyproject.toml", '[project]\nname = "shop"\nversion = "1.2.3"\n', "project.version", "1.2.3"),
        ("Cargo.toml", '[package]\nname = "shop"\n', "package.name", "shop"),
        ("VERSION", "1.2.3\n", "line", "1.2.3"),
    ],
)
def test_project(tmp_path: Path, file: str, text: str, key: str, value: str) -> None:
    (tmp_path / file).write_text(text)
    assert asked(f"project:{file}#{key}", tmp_path) == value


@pytest.mark.parametrize(
    ("file", "text", "key"),
    [
        ("package.json", '{"version": ["1"]}', "version"),
        ("package.json", '{"version": true}', "version"),
        ("package.json", '{"version": ""}', "version"),
        ("package.json", '{"version": "a\\nb"}', "version"),
        ("package.json", "{", "version"),
        ("package.json", "[" * 100_000, "version"),
        ("package.json", " " * 300_000, "version"),
        ("pyproject.toml", "[", "project.name"),
        ("VERSION", "1\n2\n", "line"),
        ("VERSION", "1\n", "other"),
    ],
)
def test_no_text_no_value(tmp_path: Path, file: str, text: str, key: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(ValueError, match=r"."):
        asked(f"project:{file}#{key}", tmp_path)


def test_what_is_not_there(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "VERSION")
    keys = [key for key in KEYS if key not in ("cwd", "today")]
    unknown = ["$NO_SUCH", "project:../x#y", "project:/etc/passwd#line", "project:VERSION#line", "other", ""]
    for key in [*keys, *unknown]:
        with pytest.raises(ValueError, match=r"."):
            asked(key, tmp_path)


def test_a_file_that_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere\nmore\n")
    with pytest.raises(ValueError, match="does not say"):
        asked("repo", tmp_path)
