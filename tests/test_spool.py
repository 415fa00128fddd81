"""The spool: names, order, what is never opened, what is set aside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentjit import spool
from agentjit.home import Home

NOBODY = 2**22 + 1  # beyond the largest pid Linux gives


def put(home: Home, name: str, data: bytes = b"{}", at: float | None = None) -> Path:
    path = Path(home.spool, name)
    path.write_bytes(data)
    if at is not None:
        os.utime(path, (at, at))
    return path


def test_what_is_written_is_waiting_and_is_read_back(home: Home) -> None:
    spool.write(home, "UserPromptSubmit", [b'{"prompt": "hi"}', b'{"aj": "decision"}\n'])
    (waiting,) = spool.pending(home)
    assert (waiting.event, waiting.pid) == ("UserPromptSubmit", os.getpid())
    assert spool.read(waiting) == b'{"prompt": "hi"}\n{"aj": "decision"}\n'
    assert abs(waiting.at - time.time()) < 60
    assert os.stat(waiting.path).st_mode & 0o777 == 0o600


def test_many_writes_of_one_process_are_many_files(home: Home) -> None:
    for number in range(500):
        spool.write(home, "run", [b"%d" % number])
    assert sorted(int(spool.read(waiting)) for waiting in spool.pending(home)) == list(range(500))


def test_the_oldest_comes_first_then_the_name(home: Home) -> None:
    put(home, "Stop.3", at=30.0)
    put(home, "PostToolUse.9", at=20.0)
    put(home, "PostToolUse.10.1", at=20.0)
    put(home, "SessionStart.2", at=10.0)
    names = [os.path.basename(waiting.path) for waiting in spool.pending(home)]
    assert names == ["SessionStart.2", "PostToolUse.10.1", "PostToolUse.9", "Stop.3"]


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("PostToolUse.12", ("PostToolUse", 12)),
        ("run.12.99", ("run", 12)),
        ("PreToolUse.12", None),
        ("PostToolUse", None),
        ("PostToolUse.x", None),
        ("PostToolUse.1.2.3", None),
        ("PostToolUse.²", None),
        ("Stop." + "9" * 40, None),
        (".tmp-Stop.1.2", None),
    ],
)
def test_names(name: str, parsed: tuple[str, int] | None) -> None:
    assert spool.parse_name(name) == parsed


def test_what_is_no_event_is_set_aside_with_its_reason_and_never_opened(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    os.symlink(outside, os.path.join(home.spool, "Stop.1"))
    os.mkfifo(os.path.join(home.spool, "Stop.2"))
    os.mkdir(os.path.join(home.spool, "Stop.3"))
    put(home, "notes.txt", b"x")
    put(home, "Stop.4")
    assert [os.path.basename(waiting.path) for waiting in spool.pending(home)] == ["Stop.4"]
    assert spool.sweep(home, time.time()) == 4
    assert os.listdir(home.spool) == ["Stop.4"]
    reasons = {path.stem: path.read_text().strip() for path in Path(home.quarantine).glob("*.reason")}
    assert "link" in reasons["Stop.1"]
    assert "regular" in reasons["Stop.2"]
    assert "folder" in reasons["Stop.3"]
    assert "name" in reasons["notes.txt"]
    assert outside.read_text() == "kept"


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(home: Home) -> None:
    put(home, "Stop.1")
    (waiting,) = spool.pending(home)
    os.unlink(waiting.path)
    os.mkfifo(waiting.path)
    with pytest.raises(spool.Unusable, match="regular"):
        spool.read(waiting)


def test_a_file_beyond_the_limit_is_not_read(home: Home) -> None:
    path = put(home, "Stop.1")
    os.truncate(path, spool.LIMIT + 1)
    (waiting,) = spool.pending(home)
    with pytest.raises(spool.Unusable, match="limit"):
        spool.read(waiting)


def test_two_of_one_name_in_quarantine_are_both_kept(home: Home) -> None:
    for data in (b"one", b"two"):
        put(home, "Stop.1", data)
        spool.quarantine(home, next(spool.pending(home)), "bad")
    kept = {path.read_bytes() for path in Path(home.quarantine).iterdir() if path.suffix != ".reason"}
    assert kept == {b"one", b"two"}


def test_a_half_written_file_waits_for_its_writer_and_is_set_aside_when_it_died(home: Home) -> None:
    put(home, f".tmp-Stop.{os.getpid()}.1")
    put(home, f".tmp-Stop.{NOBODY}.1")
    assert spool.sweep(home, time.time()) == 1
    assert os.listdir(home.spool) == [f".tmp-Stop.{os.getpid()}.1"]
    assert spool.sweep(home, time.time() + 2 * spool.SETTLED_SECONDS) == 1


def test_a_write_that_fails_leaves_nothing(home: Home) -> None:
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "from agentjit import spool; from agentjit.home import Home\n"
        "try: spool.write(Home(sys.argv[1]), 'Stop', [b'x' * 1000])\n"
        "except OSError: sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", limited, home.root], check=False)
    assert done.returncode == 7
    assert os.listdir(home.spool) == []


def test_removing_twice_and_an_absent_spool_are_no_errors(home: Home) -> None:
    put(home, "Stop.1")
    (waiting,) = spool.pending(home)
    spool.remove(waiting)
    spool.remove(waiting)
    os.rmdir(home.spool)
    assert list(spool.pending(home)) == []
    assert spool.sweep(home, time.time()) == 0


def test_alive() -> None:
    assert spool.alive(os.getpid())
    assert spool.alive(1)
    assert not spool.alive(NOBODY)
    assert not spool.alive(0)


def test_importing_the_spool_costs_no_other_module() -> None:
    program = (
        "import os, sys; before = set(sys.modules); import agentjit.spool; print(*sorted(set(sys.modules) - before))"
    )
    root = Path(spool.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) - {"time"} == {"__future__", "agentjit", "agentjit.spool"}
