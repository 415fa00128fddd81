"""Twenty sessions at once, while drainers, readers, a watcher and compilers work on the same home."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentjit.home import Home
from agentjit.store import Store
from tests.compile import families
from tests.observe.faults.injection import CHECKOUT
from tests.observe.faults.session import CALLS, TURNS, call_id, events
from tests.support.library import learned

SESSIONS = 20


@pytest.fixture
def env(home: Home) -> dict[str, str]:
    """A home as `aj init` leaves it, with an active skill, so that prompts go through the hook program."""
    learned(home, families.reads())
    assert os.path.getsize(home.entries) > 0
    os.symlink(os.path.realpath(getattr(sys, "_base_executable", sys.executable)), os.path.join(home.bin, "python3"))
    os.symlink(CHECKOUT, home.lib)
    aj = Path(home.bin, "aj")
    aj.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m agentjit "$@"\n')
    aj.chmod(0o700)
    env = {"HOME": os.environ["HOME"], "AJ_HOME": home.root, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    return env | {"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"}


class Busy:
    """A command that is run again and again until `stop`; what it said that is not as it should be is in `wrong`."""

    def __init__(self, env: dict[str, str], *words: str) -> None:
        self.env, self.words, self.wrong, self.times = env, words, list[str](), 0
        self._running = self._start()

    def _start(self) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "agentjit", *self.words]
        return subprocess.Popen(argv, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def go_on(self) -> None:
        """Start it again if it has ended."""
        if self._running.poll() is not None:
            self._look()
            self._running = self._start()

    def stop(self) -> None:
        self._look()

    def _look(self) -> None:
        out, err = self._running.communicate(timeout=60)
        self.times += 1
        if self._running.returncode != 0 or err:
            self.wrong.append(f"aj {' '.join(self.words)}: {self._running.returncode} {out[-300:]} {err[-500:]}")


@pytest.fixture
def watcher(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "agentjit", "watch"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.timeout(280)
def test_twenty_sessions_at_once(home: Home, env: dict[str, str], watcher: subprocess.Popen[str]) -> None:
    firing = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.observe.faults.session", home.root, str(number)],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(SESSIONS)
    ]
    others = [Busy(env, *words) for words in (["ingest"],) * 3 + (["list", "--json"], ["compile", "--quiet"])]
    while any(process.poll() is None for process in firing):
        for other in others:
            other.go_on()
        time.sleep(0.05)
    for other in others:
        other.stop()
    told = [process.communicate() for process in firing]
    assert [(json.loads(out), err) for out, err in told] == [([], "")] * SESSIONS
    assert [line for other in others for line in other.wrong] == []
    _quiet(home, {watcher.pid})
    watcher.send_signal(signal.SIGTERM)
    said, _ = watcher.communicate(timeout=60)
    assert watcher.returncode == 0 and "Traceback" not in said and "aj: " not in said, said
    last = Busy(env, "ingest")
    last.stop()
    assert last.wrong == []
    assert os.listdir(home.spool) == [] and os.listdir(home.quarantine) == []
    log = Path(home.log).read_text() if os.path.exists(home.log) else ""
    assert "Traceback" not in log and "hook:" not in log, log[-2000:]
    _each_once_in_order(home)
    _quiet(home, set())


def _each_once_in_order(home: Home) -> None:
    with Store.open(home, write=False) as store:
        mine = [episode for episode in store.episodes() if episode.session.startswith("session-")]
        total = store.calls_count()
        prompts = sum(decision.session.startswith("session-") for decision in store.decisions())
    assert len(mine) == SESSIONS * TURNS and total == SESSIONS * TURNS * CALLS + _learned()
    assert prompts == SESSIONS * TURNS
    for episode in mine:
        number, turn = int(episode.session.removeprefix("session-")), int(episode.id.rpartition(":p")[2])
        assert [call.id for call in episode.calls] == [call_id(number, turn, place) for place in range(CALLS)]
        assert [call.output.split()[:2] for call in episode.calls] == [
            [str(turn), str(place)] for place in range(CALLS)
        ]
        assert [call.exit_code for call in episode.calls] == [2 if place == 3 else 0 for place in range(CALLS)]
        assert episode.final == f"done {turn}"
    assert sum(1 for _ in events(0)) > TURNS * (CALLS + 2) + 2, "some calls are reported twice"


def _learned() -> int:
    return sum(len(episode.calls) for episode in families.reads())


def _quiet(home: Home, but: set[int]) -> None:
    """Nothing that was started for this home runs any more, `but` for these; the compilers of ended sessions may take
    their time, the processes of hooks not."""
    deadline = time.monotonic() + 90
    while left := {pid: words for pid, words in _running_for(home).items() if pid not in but}:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.2)


def _running_for(home: Home) -> dict[int, str]:
    """Processes with this home in their environment -> their command lines."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = Path(f"/proc/{name}/environ").read_bytes()
            words = Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:  # it has ended, or is not ours
            continue
        if f"AJ_HOME={home.root}".encode() in environment.split(b"\0") and int(name) != os.getpid():
            found[int(name)] = words
    return found
