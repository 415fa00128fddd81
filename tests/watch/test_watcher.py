"""`aj watch` as a process: it loads what is recorded, compiles when a session ends, and is alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentjit import spool
from agentjit.home import Home
from agentjit.library import Library
from agentjit.store import Store
from tests.compile import families
from tests.support.library import seen


@pytest.fixture
def watcher(home: Home) -> Iterator[subprocess.Popen[str]]:
    process = start(home)
    yield process
    process.kill()
    process.communicate()


def start(home: Home) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "agentjit", "watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "AJ_HOME": home.root, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    process.stdout.readline()
    return process


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_session_end_is_seen_to(home: Home, watcher: subprocess.Popen[str]) -> None:
    with Store.open(home, write=True) as store:
        store.add(seen(families.pods()))
    payload = {"session_id": "s9", "hook_event_name": "SessionEnd", "cwd": "/w", "reason": "other"}
    spool.write(home, "SessionEnd", [json.dumps(payload).encode()])
    until(lambda: [record.name for record in Library(home).records()] == ["crashing"])
    with Store.open(home, write=False) as store:
        assert store.sessions_count() == 6
    assert not list(Path(home.spool).iterdir())


def test_one_watcher_per_home(home: Home, watcher: subprocess.Popen[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agentjit", "watch"],
        capture_output=True,
        text=True,
        env={**os.environ, "AJ_HOME": home.root, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "another aj watch" in done.stderr


def test_ends_when_told(home: Home, watcher: subprocess.Popen[str]) -> None:
    watcher.send_signal(signal.SIGTERM)
    assert watcher.wait(20) == 0


def test_ends_when_the_home_is_gone(home: Home, watcher: subprocess.Popen[str]) -> None:
    spool.write(home, "Stop", [b"{}"])
    Path(home.spool).rename(Path(home.root) / "moved")
    (Path(home.root) / "moved" / "x").write_text("")
    assert watcher.wait(90) == 0
