"""Spool files that are no events, a database that is damaged, locks that are none: nothing is lost in silence.

What is not in the database is in the quarantine with its reason, or still in the spool; or one line on stderr says what
is the matter and the mend. `aj doctor` names it.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentjit import spool
from agentjit.home import Home
from agentjit.observe.ingest import drain
from agentjit.store import Store
from tests.observe.faults.injection import CHECKOUT, Nursery, needs_strace
from tests.observe.faults.scene import DEAD, NOW, Inbox

ENV = {"HOME": "/nonexistent"}
GOOD = json.dumps({"session_id": "s", "prompt_id": "p", "prompt": "x"})


def some(home: Home) -> Inbox:
    """A prompt and two calls that are as they should be."""
    inbox = Inbox(home)
    inbox.prompt("s", "go", prompt_id="p1")
    inbox.call("s", "a", prompt_id="p1")
    inbox.call("s", "b", prompt_id="p1")
    return inbox


def calls(home: Home) -> list[str]:
    with Store.open(home, write=False) as store:
        return [call.output for episode in store.episodes() for call in episode.calls]


def aj(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    """A command as a person runs it; whatever happens, no traceback. It may take seconds, not minutes."""
    env = {"HOME": home.root, "AJ_HOME": home.root, "PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [sys.executable, "-m", "agentjit", *words], env=env, capture_output=True, text=True, timeout=45, check=False
    )
    if "Traceback" in done.stderr + done.stdout or done.returncode not in (0, 1):
        pytest.fail(f"aj {' '.join(words)} ended with {done.returncode}: {done.stderr[-400:]}", pytrace=False)
    return done


def findings(home: Home) -> dict[str, dict[str, Any]]:
    """What `aj doctor` says that is not all well, by check."""
    return {each["check"]: each for each in json.loads(aj(home, "doctor", "--json").stdout) if each["level"] != "ok"}


# --- files in the spool


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is at most 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inside").write_text("x")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(spool.LIMIT + 1)


BROKEN: dict[str, str | bytes | Callable[[Path], Any]] = {
    "empty": b"",
    "blank": b" \n\t \n",
    "binary": bytes(range(256)) * 20,
    "cut": GOOD[:-9],
    "cut in a character": GOOD.encode().replace(b'"x"', '"ä'.encode()[:-1]),
    "not JSON": "hello",
    "an array": "[" + GOOD + "]",
    "a number": "17",
    "null": "null",
    "deep": '{"session_id": "s", "prompt": "x", "more": ' + "[" * 90_000 + "]" * 90_000 + "}",
    "deep, never closed": '{"a":' * 90_000,
    "another string": '"' + GOOD.replace('"', "'") + '"',
    "NULs": b"\0" * 5000,
    "NULs after it": GOOD.encode() + b"\0\0",
    "UTF-16": GOOD.encode("utf-16"),
    "a number of 5000 digits": '{"session_id": "s", "prompt": "x", "n": ' + "9" * 5000 + "}",
    "no session": '{"prompt": "x"}',
    "no prompt": '{"session_id": "s"}',
    "larger than any event": _huge,
    "link": lambda path: path.symlink_to("/etc/hostname"),
    "link to nothing": lambda path: path.symlink_to("/nonexistent/file"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "pipe": lambda path: os.mkfifo(path),
    "socket": _socket,
    "folder": _folder,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_event_is_set_aside_and_the_rest_goes_in(what: Any, home: Home) -> None:
    some(home)
    path = Path(home.spool, f"UserPromptSubmit.{DEAD}")
    if callable(what):
        what(path)
    else:
        path.write_bytes(what.encode() if isinstance(what, str) else what)
    before = os.lstat(path)
    done = drain(home, ENV, now=NOW)
    assert (done.events, done.quarantined, done.skipped) == (3, 1, 0)
    assert calls(home) == ["a", "b"]
    kept = os.lstat(os.path.join(home.quarantine, path.name))
    assert (kept.st_ino, kept.st_size, stat.S_IFMT(kept.st_mode)) == (
        before.st_ino,
        before.st_size,
        stat.S_IFMT(before.st_mode),
    )
    assert Path(home.quarantine, f"{path.name}.reason").read_text().strip()
    assert os.listdir(home.spool) == []
    assert drain(home, ENV, now=NOW).quarantined == 0, "only once"


@pytest.mark.parametrize("text", ["hello", "\0", "[1]", '{"aj": "decision"'], ids=["text", "NUL", "an array", "cut"])
def test_what_follows_a_good_payload_costs_only_itself(text: str, home: Home) -> None:
    Path(home.spool, f"UserPromptSubmit.{DEAD}").write_text(f"{GOOD}\n{text}")
    assert drain(home, ENV, now=NOW).quarantined == 1
    with Store.open(home, write=False) as store:
        assert [episode.prompt for episode in store.episodes()] == ["x"]
    assert Path(home.quarantine, f"UserPromptSubmit.{DEAD}.reason").read_text().strip()


@pytest.mark.timeout(60)
def test_an_event_of_fifty_megabytes_is_loaded(home: Home) -> None:
    inbox = some(home)
    inbox.call("s", "big", prompt_id="p1", tool_response={"stdout": "line of output\n" * 3_500_000, "stderr": ""})
    done = drain(home, ENV, now=NOW)
    assert (done.events, done.quarantined) == (4, 0)
    *_, big = sorted(calls(home), key=len)  # the store may keep less of it than all
    assert big.startswith("line of output\n" * 1000) and len(big) <= 15 * 3_500_000


NAMES = ["notes.txt", "Stop", "Stop.1.2.3", "PostToolUse.x", "Stop.-1", "PostToolUse.1\n", "new\nline", "\x1b[31mred",
         "Stop.٣", ".hidden", "a" * 250, "Stop.1.reason", "PreToolUse.7", "ünï"]  # fmt: skip


def test_names_that_are_none_of_ours(home: Home) -> None:
    some(home)
    for name in NAMES:
        Path(home.spool, name).write_text(GOOD)
    raw = os.fsencode(home.spool) + b"/Stop.\xff\xfe"
    Path(os.fsdecode(raw)).write_text(GOOD)
    done = drain(home, ENV, now=NOW)
    assert (done.events, done.quarantined) == (3, len(NAMES) + 1)
    assert os.listdir(home.spool) == []
    kept = {path.name: path for path in Path(home.quarantine).iterdir()}
    for name in [*NAMES, "Stop.\udcff\udcfe"]:
        (path,) = [path for path in kept.values() if path.name[:100] == name[:100] and path.name + ".reason" in kept]
        assert path.read_text() == GOOD and kept[path.name + ".reason"].read_text().strip()
    said = findings(home)["quarantine"]["text"]
    assert "\n" not in said and "\x1b" not in said and f"{len(NAMES) + 1} events" in said


@needs_strace
def test_what_cannot_be_read_waits_and_is_named(home: Home, tmp_path: Path) -> None:
    """Not by its owner, that is; root reads everything, so the file system says no for it."""
    inbox = some(home)
    locked = inbox.call("s", "locked", prompt_id="p1")
    os.utime(locked, (NOW - 3 * 86_400, NOW - 3 * 86_400))
    locked.chmod(0)
    with Nursery(tmp_path) as nursery:
        run = nursery.run(home.root, ENV, NOW, "openat:error=EACCES:when=1+", only=[str(locked)])
    assert (run.exit_code, run.raised) == (0, "")
    assert calls(home) == ["a", "b"]
    aside = Path(home.quarantine, locked.name)
    assert locked.exists() != aside.exists()
    assert findings(home).keys() & {"waiting", "quarantine", "spool", "home"}
    (locked if locked.exists() else aside).chmod(0o600)


def test_a_file_of_another_user_is_taken_like_any(home: Home) -> None:
    inbox = some(home)
    other = inbox.call("s", "theirs", prompt_id="p1")
    try:
        os.chown(other, 65_534, 65_534)
    except PermissionError:
        pytest.skip("only root can give a file away")
    drain(home, ENV, now=NOW)
    assert calls(home) == ["a", "b", "theirs"]


def test_a_spool_that_is_no_folder_is_told(home: Home) -> None:
    os.rmdir(home.spool)
    Path(home.spool).write_text("in the way")
    done = aj(home, "ingest")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and home.spool in done.stderr
    assert "spool" in findings(home)


def test_a_quarantine_that_is_no_folder_loses_nothing(home: Home) -> None:
    some(home)
    bad = Path(home.spool, f"Stop.{DEAD}")
    bad.write_text("hello")
    os.rmdir(home.quarantine)
    Path(home.quarantine).write_text("in the way")
    done = aj(home, "ingest")
    assert done.returncode == 0 or len(done.stderr.splitlines()) == 1
    assert bad.read_text() == "hello"
    os.unlink(home.quarantine)
    assert aj(home, "ingest").returncode == 0
    assert calls(home) == ["a", "b"] and Path(home.quarantine, bad.name).read_text() == "hello"


# --- the database


def _with(data: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(data(path.read_bytes()))

    return damage


def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def _instead(make: Callable[[Path], Any]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def _log(data: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        Path(f"{path}.wal").write_bytes(data)

    return damage


DAMAGE: dict[str, Callable[[Path], None]] = {
    "empty": _with(lambda data: b""),
    "cut in its header": _with(lambda data: data[:5000]),
    "cut in half": _with(lambda data: data[: len(data) // 2]),
    "cut by one page": _with(lambda data: data[:-4096]),
    "zeros": _with(lambda data: b"\0" * len(data)),
    "zeros at the end": _with(lambda data: data[:12288] + b"\0" * (len(data) - 12288)),
    "noise": _with(lambda data: _noise(len(data))),
    "noise in the middle": _with(lambda data: data[:20_000] + _noise(200_000) + data[220_000:]),
    "noise at the end": _with(lambda data: data[:-200_000] + _noise(200_000)),
    "another program's": _with(lambda data: b"SQLite format 3\0" + data[16:]),
    "a folder": _instead(_folder),
    "a pipe": _instead(lambda path: os.mkfifo(path)),
    "a link to nowhere": _instead(lambda path: path.symlink_to("/nonexistent/aj.duckdb")),
    "noise beside it as its log": _log(_noise(9000)),
    "an empty log": _log(b""),
    "a folder as its log": lambda path: Path(f"{path}.wal").mkdir(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_database(damage: Callable[[Path], None], home: Home) -> None:
    """It goes on, or it says in one line what to do, with the spool as it was; done so, all is loaded."""
    inbox = some(home)
    drain(home, ENV, now=NOW)
    damage(Path(home.database))
    inbox.call("s", "later", prompt_id="p1")
    inbox.prompt("s", "more", prompt_id="p2")
    inbox.call("s", "last", prompt_id="p2")
    done = aj(home, "ingest")
    if done.returncode == 0:
        with Store.open(home, write=False) as store:
            assert store.calls_count() >= 2
        assert os.listdir(home.spool) == []
        return
    (line,) = done.stderr.splitlines()
    assert home.database in line and "; " in line
    assert len(os.listdir(home.spool)) == 3 and os.listdir(home.quarantine) == []
    assert home.database in json.dumps(findings(home)["database"])
    aj(home, "list")
    _do_as_told(line)
    assert aj(home, "ingest").returncode == 0
    assert calls(home) == ["last"]
    assert os.listdir(home.spool) == []


def _do_as_told(line: str) -> None:
    """Run the command between the backticks that is not ours."""
    command = next(command for command in re.findall(r"`([^`]*)`", line) if not command.startswith("aj "))
    subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True)


def test_a_log_of_another_database_is_not_mixed_in(home: Home, tmp_path: Path) -> None:
    """A log that a killed drainer left, laid beside a database that was made anew meanwhile."""
    program = (
        "import os, sys; from agentjit.home import Home; from agentjit.store import Store;"
        "from agentjit.trace import PromptSeen\n"
        "with Store.open(Home(sys.argv[1]), write=True) as store:\n"
        "    store.add([PromptSeen('other', 'other:p', 1.0, 'of another database')]); os._exit(9)\n"
    )
    other = Home(str(tmp_path / "other"))
    env = {"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"], "HOME": home.root}
    assert subprocess.run([sys.executable, "-c", program, other.root], env=env, check=False).returncode == 9
    inbox = some(home)
    drain(home, ENV, now=NOW)
    shutil.copy(f"{other.database}.wal", f"{home.database}.wal")
    inbox.call("s", "later", prompt_id="p1")
    done = aj(home, "ingest")
    if done.returncode:
        assert len(done.stderr.splitlines()) == 1 and home.database in done.stderr
        assert len(os.listdir(home.spool)) == 1
        os.unlink(f"{home.database}.wal")
        assert aj(home, "ingest").returncode == 0
    assert calls(home) == ["a", "b", "later"]
    with Store.open(home, write=False) as store:
        assert [episode.prompt for episode in store.episodes()] == ["go"]


# --- locks and other files of the home


@pytest.mark.parametrize("kind", ["a folder", "a link", "a link to a folder", "a pipe", "read-only"])
def test_a_lock_that_is_none(kind: str, home: Home, tmp_path: Path) -> None:
    inbox = some(home)
    drain(home, ENV, now=NOW)
    inbox.call("s", "later", prompt_id="p1")
    os.unlink(home.database_lock)
    lock, outside = Path(home.database_lock), tmp_path / "outside"
    if kind == "a folder":
        lock.mkdir()
    elif kind == "a link":
        lock.symlink_to(outside)
    elif kind == "a link to a folder":
        lock.symlink_to(tmp_path)
    elif kind == "a pipe":
        os.mkfifo(lock)
    else:
        lock.write_text("")
        lock.chmod(0o400)
    done = aj(home, "ingest")
    if done.returncode:
        (line,) = done.stderr.splitlines()
        assert home.database_lock in line
        assert len(os.listdir(home.spool)) == 1
        assert home.database_lock in json.dumps(findings(home))
        lock.rmdir() if kind == "a folder" else lock.unlink()
        assert aj(home, "ingest").returncode == 0
    assert calls(home) == ["a", "b", "later"]
    assert not outside.exists(), "a file was made outside of the home"


@pytest.mark.parametrize("name", ["library.json", "entries.idx", "redaction.key"])
@pytest.mark.parametrize("data", [b"", b"\0\xff" * 500, b"{"], ids=["empty", "noise", "cut"])
def test_other_files_of_the_home_are_damaged(name: str, data: bytes, home: Home) -> None:
    """None of them keeps events from being loaded."""
    some(home)
    Path(home.root, name).write_bytes(data)
    Path(home.root, name).chmod(0o600)
    assert aj(home, "ingest").returncode == 0
    assert calls(home) == ["a", "b"]
    if name == "library.json":
        assert "library" in findings(home)
