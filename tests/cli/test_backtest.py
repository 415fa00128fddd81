"""`aj backtest` as a person and a program meet it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentjit.cli import cli
from agentjit.home import Home
from agentjit.observe.importer import import_paths
from tests.observe.mutants import lines

Aj = Callable[..., Result]
CHECKOUT = Path(__file__).resolve().parents[2]
FIGURES = {
    *("episodes", "calls", "ceiling", "fired", "saved", "wasted", "wrong_writes", "saved_share", "precision"),
    *("tokens_saved", "tokens_wasted", "baselines", "by_hotspot"),
}
LOOK = ("git status --short", "git log --oneline -5")


@pytest.fixture
def aj(home: Home) -> Aj:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["backtest", *arguments], catch_exceptions=False)

    return run


def transcript(folder: Path, day: int, prompt: str, *commands: str) -> Path:
    """A Claude Code session of one prompt, with one call a request."""
    session = f"5e55{day:04d}-0000-4000-8000-000000000000"
    common = {"sessionId": session, "cwd": "/work/shop", "version": "2.1.329", "userType": "external"}

    def at(second: int) -> str:
        return f"2026-03-{day:02d}T10:00:{second:02d}.000Z"

    rows: list[dict[str, object]] = [
        common | {"type": "user", "uuid": "u0", "timestamp": at(0), "message": {"role": "user", "content": prompt}}
    ]
    for n, text in enumerate(commands):
        use = {"type": "tool_use", "id": f"toolu_{day}_{n}", "name": "Bash", "input": {"command": text}}
        usage = {"input_tokens": 10_000, "output_tokens": 100}
        message = {"id": f"msg_{day}_{n}", "role": "assistant", "content": [use], "usage": usage}
        rows.append(common | {"type": "assistant", "uuid": f"a{n}", "timestamp": at(2 * n + 1), "message": message})
        result = {"type": "tool_result", "tool_use_id": use["id"], "content": f"output {n}"}
        message = {"role": "user", "content": [result]}
        rows.append(common | {"type": "user", "uuid": f"r{n}", "timestamp": at(2 * n + 2), "message": message})
    path = folder / f"{session}.jsonl"
    path.write_text(lines(*rows))
    return path


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    folder = tmp_path / "projects" / "-work-shop"
    folder.mkdir(parents=True)
    for day in range(1, 8):
        transcript(folder, day, "how do we stand", *LOOK, f"touch note-{day}")
    return folder


def test_the_figures_are_all_there(aj: Aj, sessions: Path) -> None:
    found = json.loads(aj(str(sessions), "--json").stdout)
    assert set(found) >= FIGURES
    assert (found["episodes"], found["calls"], found["saved"], found["wasted"]) == (7, 21, 10, 0)
    assert (found["wrong_writes"], found["precision"]) == (0, 1.0)
    assert found["tokens_saved"] == 10 * 10_100
    assert set(found["baselines"]) == {"last_prompt", "next_call_1", "next_call_2", "next_call_3", "ngram_replay"}
    assert found["baselines"]["last_prompt"]["wrong_writes"] == 6
    assert {(rule["when"], tuple(sorted(rule["runs"]))) for rule in found["by_hotspot"]} == {
        ("how do we stand", tuple(sorted(LOOK)))  # first as a habit, then as the skill that ends before the note
    }
    assert sum(rule["saved"] for rule in found["by_hotspot"]) == 10
    assert [each["project"] for each in found["by_project"]] == ["/work/shop"]


def test_transcripts_given_are_not_kept(aj: Aj, sessions: Path, home: Home) -> None:
    before = sorted(os.walk(home.root))
    assert aj(str(sessions)).exit_code == 0
    assert sorted(os.walk(home.root)) == before


def test_without_paths_it_walks_through_what_was_imported(aj: Aj, sessions: Path, home: Home) -> None:
    home.ensure()
    import_paths(home, [sessions], {"HOME": "/nonexistent"})
    assert json.loads(aj("--json").stdout)["saved"] == 10


def test_what_a_person_reads(aj: Aj, sessions: Path) -> None:
    text = aj(str(sessions)).stdout
    assert "7 episodes, 21 calls in 1 project, 2026-03-01 to 2026-03-07." in text
    assert "That is 10 model requests fewer, 101,000 tokens" in text
    for by in ("at the prompt", "the skill for"):
        assert re.search(rf"{by} “how do we stand”: git status --short, git log --oneline -5  \((\d+) of \1 were", text)


def test_every_episode_can_be_asked_for(aj: Aj, sessions: Path) -> None:
    text = aj(str(sessions), "--verbose").stdout
    assert text.count("at the prompt: git status --short  (saved)") == 5
    log = json.loads(aj(str(sessions), "--verbose", "--json").stdout)["log"]
    assert len(log) == 10
    assert {each["fate"] for each in log} == {"saved"}


def test_an_empty_history_is_said_to_be_empty(aj: Aj, home: Home) -> None:
    assert "There is no history yet" in aj().stdout
    found = json.loads(aj("--json").stdout)
    assert (found["calls"], found["precision"], found["ceiling"]) == (0, None, None)


def test_a_path_that_does_not_exist_is_refused(aj: Aj) -> None:
    result = aj("/nonexistent/x")
    assert result.exit_code == 2
    assert result.stderr == "aj: /nonexistent/x does not exist; give a transcript or a folder of them\n"


def test_nothing_is_left_behind_when_it_is_ended(sessions: Path, tmp_path: Path) -> None:
    for day in range(8, 31):
        transcript(sessions, day, "work", *(f"ls {n}" for n in range(1500)))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = {**os.environ, "TMPDIR": str(temporary), "AJ_HOME": str(tmp_path / "aj"), "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen([sys.executable, "-m", "agentjit", "backtest", str(sessions)], env=env) as running:
        deadline = time.monotonic() + 60
        while not list(temporary.glob("aj-backtest-*/aj.duckdb*")):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        running.terminate()
        assert running.wait(60) == 143
    assert list(temporary.iterdir()) == []


def test_files_that_are_no_transcripts_are_refused(aj: Aj, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    result = aj(str(tmp_path))
    assert result.exit_code == 2
    assert "no transcripts at" in result.stderr
    assert result.stderr.count("\n") == 1
