"""`aj forget`: shows, asks, and does nothing without a yes."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentjit.cli import cli
from agentjit.home import Home
from agentjit.library import Library
from agentjit.store import Store
from tests.compile import families
from tests.support.library import learned

Aj = Callable[..., Result]


@pytest.fixture
def aj(home: Home) -> Aj:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["forget", *arguments], catch_exceptions=False)

    return run


@pytest.fixture
def shop(home: Home) -> Home:
    learned(home, families.reads(), now=time.time())
    Path(home.spool, "PostToolUse.1").write_text(
        json.dumps({"session_id": "waiting", "tool_name": "Bash", "tool_input": {"command": "relay"}, "cwd": "/w"})
    )
    return home


def prompts(home: Home) -> int:
    with Store.open(home, write=False) as store:
        return store.episodes_count()


def test_without_a_yes_nothing_is_done(aj: Aj, shop: Home) -> None:
    refused = aj("--matching", "relay")
    assert refused.exit_code == 2 and "--yes" in refused.stderr and prompts(shop) == 5
    assert "would go: 0 sessions" not in refused.stdout and "skills made from it" in refused.stdout
    shown = aj("--matching", "relay", "--dry-run")
    assert shown.exit_code == 0 and prompts(shop) == 5 and "version" in shown.stdout
    assert Library(shop).records()


def test_json_says_what_would_go_and_what_went(aj: Aj, shop: Home) -> None:
    foretold = json.loads(aj("--matching", "relay", "--dry-run", "--json").stdout)
    assert foretold["done"] is False and foretold["skills"] == ["version"] and foretold["prompts"] == 1
    assert set(foretold) >= {"sessions", "prompts", "calls", "decisions", "skills", "spool", "quarantine", "bytes"}
    told = json.loads(aj("--matching", "relay", "--yes", "--json").stdout)
    assert told == {**foretold, "done": True}
    assert prompts(shop) == 4 and Library(shop).records() == []


def test_one_thing_at_a_time(aj: Aj, shop: Home) -> None:
    for arguments in ([], ["--all", "--quarantine"], ["--session", "x", "--project", "y"], ["--yes"]):
        refused = aj(*arguments)
        assert refused.exit_code == 2 and "one of" in refused.stderr
    for arguments in (["--before", "soon"], ["--before", "2999-01-01"], ["--matching", "/(/"], ["--session", "abc"]):
        assert aj(*arguments, "--yes").exit_code == 2
    assert prompts(shop) == 5


@pytest.mark.parametrize("what", [["--all"], ["--project", "/"], ["--before", "2026-01-01"], ["--quarantine"]])
def test_an_empty_home_has_nothing_to_forget(aj: Aj, what: list[str]) -> None:
    done = aj(*what, "--yes")
    assert (done.exit_code, done.stdout) in ((0, "Nothing of that was recorded.\n"), (2, ""))


def test_all(aj: Aj, shop: Home) -> None:
    done = aj("--all", "--yes")
    assert done.exit_code == 0 and "gone: " in done.stdout
    assert prompts(shop) == 0 and Library(shop).records() == [] and os.listdir(shop.spool) == []


def test_a_bad_config_does_not_keep_anyone_from_forgetting(aj: Aj, shop: Home) -> None:
    Path(shop.config).write_text("never = ")
    assert aj("--matching", "relay", "--yes").exit_code == 0
    assert prompts(shop) == 4


@pytest.mark.parametrize(("answer", "left"), [("n", 5), ("y", 4), ("\x04", 5)])
def test_on_a_terminal_it_asks(shop: Home, answer: str, left: int) -> None:
    master, slave = pty.openpty()
    program = [sys.executable, "-m", "agentjit", "forget", "--matching", "relay"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "dumb"}
    with subprocess.Popen(program, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True) as running:
        os.close(slave)
        shown = b""
        while b"for good?" not in shown and select.select([master], [], [], 60)[0]:
            shown += os.read(master, 4096)
        assert b"would go: " in shown and b"skills made from it" in shown
        os.write(master, answer.encode() + (b"" if answer == "\x04" else b"\n"))
        try:
            running.wait(60)
        finally:
            running.kill()
    os.close(master)
    assert prompts(shop) == left
