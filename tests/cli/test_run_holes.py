"""`aj run` with what only a person or a model can say, from a compiled and approved skill, in a real repository."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentjit.cli import cli
from agentjit.home import Home
from tests.support.library import learned
from tests.support.notation import repeat

HISTORY = """
# {cwd}
> commit this
$ git status --short
| ?? {file}
$ git add -A
$ git commit -m "{message}"
| [main {digits}] {message}
< Committed.
"""
MESSAGES = (
    "Fix the parser",
    "Add tests for it",
    "Say why it fails",
    "Remove dead code",
    "Close the file",
    "Write docs",
)
FILES = ("parser.py", "tests/test_it.py", "docs/why.md", "lib/old.txt", "run.sh", "README")


def git(work: Path, *words: str) -> str:
    own = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *own, *words], cwd=work, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def work(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with something to commit, and the skill that commits it."""
    rows = [
        {"cwd": f"/w{i}", "file": file, "message": message, "digits": f"abc{i}12"}
        for i, (message, file) in enumerate(zip(MESSAGES, FILES, strict=True))
    ]
    learned(home, repeat(HISTORY, *rows))
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init")
    git(folder, "config", "user.name", "a")
    git(folder, "config", "user.email", "a@b.c")
    git(folder, "commit", "--allow-empty", "-m", "first")
    (folder / "a.py").write_text("1\n")
    monkeypatch.chdir(folder)
    assert CliRunner().invoke(cli, ["approve", "commit", "--yes"], catch_exceptions=False).exit_code == 0
    return folder


def aj(*words: str) -> Result:
    return CliRunner().invoke(cli, ["run", "commit", *words], catch_exceptions=False)


def said(work: Path) -> str:
    return git(work, "log", "-1", "--format=%B").strip()


Form = Callable[[str], Sequence[str]]
FORMS: list[Form] = [lambda v: ["--message", v], lambda v: [f"--message={v}"], lambda v: [f"message={v}"]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("message", ["Fix it", "$(touch pwned) 'it\"s'", "Two\n\nparagraphs", "--force now"])
def test_the_message_is_given(work: Path, form: Form, message: str) -> None:
    done = aj(*form(message))
    assert done.exit_code == 0, done.output
    assert said(work) == message
    assert git(work, "status", "--short") == ""


def test_without_a_message_it_ends_before_the_commit(work: Path) -> None:
    done = aj("--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["outcome"] == "gathered"
    assert [step["text"] for step in json.loads(done.stdout)["steps"]] == ["git status --short", "git add -A"]
    assert said(work) == "first"
    assert git(work, "status", "--short") == "A  a.py\n"


def test_a_dry_run_tells_where_it_would_end(work: Path) -> None:
    assert "without {message}, which only a model can say, the outputs go to the model" in aj("--dry-run").stdout
    assert "without" not in aj("--dry-run", "--message", "Fix it").stdout
    assert git(work, "status", "--short") == "?? a.py\n"


def test_a_dry_run_tells_an_unmet_need_and_that_it_is_disabled(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "(" not in aj("--dry-run", "--message", "Fix it").stdout.splitlines()[-1]
    assert json.loads(aj("--dry-run", "--json").stdout)["obstacle"] is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert aj("--dry-run").stdout.endswith("(would not run here: git is not on PATH)\n")
    CliRunner().invoke(cli, ["disable", "commit"], catch_exceptions=False)
    assert "(would not run here: it is disabled: disabled by hand)" in aj("--dry-run").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--message", ""], "message must not be empty"),
        (["--message", " "], "message must not be empty"),
        (["--message"], "wants a value"),
        (["--message", "a", "message=b"], "given twice"),
        (["--massage", "a"], "no argument 'massage'; call it as: aj run commit [message=…]"),
        (["-m", "a"], "KEY=VALUE or --KEY VALUE"),
    ],
)
def test_a_wrong_call_runs_nothing(work: Path, words: Sequence[str], told: str) -> None:
    done = aj(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert git(work, "status", "--short") == "?? a.py\n"


def test_on_its_own_the_skill_takes_it_too(work: Path, home: Home) -> None:
    program = Path(home.skills) / "commit" / "skill.py"
    done = subprocess.run(
        [sys.executable, str(program), "--message", "--alone, it's $(done)"], cwd=work, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert said(work) == "--alone, it's $(done)"
