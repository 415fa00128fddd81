"""What `aj doctor` says of events that wait or were set aside and of the watcher; and what `aj ingest --retry` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from agentjit import spool
from agentjit.cli import cli
from agentjit.doctor import inbox
from agentjit.doctor.finding import Finding, Level, Patient
from agentjit.home import Home
from agentjit.install.service import UNIT
from agentjit.lock import alone
from agentjit.observe.ingest import drain
from agentjit.observe.quarantine import NO_REASON, aside, give_back
from agentjit.store import Store

NOW = time.time()
HOUR = 3600.0


def only(check: str, home: Home) -> Finding:
    """What one check says of the home."""
    [finding] = getattr(inbox, check)(Patient(home, os.environ, NOW))
    assert isinstance(finding, Finding) and finding.check == check
    assert bool(finding.mend) is (finding.level is not Level.OK)
    return finding


def put(home: Home, name: str, text: str, ago: float = HOUR) -> Path:
    """A file in the spool, last written so many seconds ago."""
    path = Path(home.spool, name)
    path.write_text(text)
    os.utime(path, (NOW - ago, NOW - ago))
    return path


def session(number: int) -> str:
    return json.dumps({"session_id": f"s{number}", "hook_event_name": "SessionEnd", "cwd": "/w", "reason": "other"})


def json_row(check: str) -> dict[str, object]:
    rows = json.loads(CliRunner().invoke(cli, ["doctor", "--json"], catch_exceptions=False).stdout)
    [row] = [row for row in rows if row["check"] == check]
    assert isinstance(row, dict)
    return row


# --- the quarantine


def test_an_empty_one_is_fine(home: Home) -> None:
    assert only("quarantine", home) == Finding("quarantine", Level.OK, "empty")
    os.rmdir(home.quarantine)
    assert only("quarantine", home).level is Level.OK


def test_reasons_are_grouped_and_the_newest_named(home: Home) -> None:
    for number in range(5):
        put(home, f"Stop.{number + 1}", "no JSON" + " " * number, ago=HOUR + number)
    put(home, "SessionEnd.77", '"text"', ago=60)
    os.symlink("/etc/passwd", Path(home.spool, "Stop.9"))
    assert drain(home, {}, now=NOW + HOUR).quarantined == 7
    said = only("quarantine", home)
    assert said.level is Level.WARN
    assert said.text.startswith("7 events could not be understood (")
    assert "5 × " in said.text and "1 × a symbolic link, not followed" in said.text
    details = json_row("quarantine")["details"]
    assert isinstance(details, dict)
    assert details["files"] == 7
    assert sorted(group["files"] for group in details["reasons"]) == [1, 1, 5]
    assert details["newest"]["name"] in said.text
    assert details["bytes"] == sum(os.lstat(f"{home.quarantine}/{each.name}").st_size for each in aside(home))


def test_reasons_that_differ_in_a_number_are_one(home: Home) -> None:
    for number in (1, 2, 30):
        Path(home.quarantine, f"Stop.{number}").write_text("x")
        Path(home.quarantine, f"Stop.{number}.reason").write_text(f"{number} bytes, more than the limit\n")
    assert "3 × # bytes, more than the limit." in only("quarantine", home).text


def test_a_missing_reason_is_said(home: Home) -> None:
    Path(home.quarantine, "Stop.1").write_text("x")
    Path(home.quarantine, "Stop.2").write_text("x")
    Path(home.quarantine, "Stop.2.reason").mkdir()
    assert f"2 events could not be understood (2 bytes): 2 × {NO_REASON}." in only("quarantine", home).text


def test_a_reason_is_no_event_but_an_odd_file_is(home: Home) -> None:
    Path(home.quarantine, "Stop.1.reason").write_text("its file was deleted")
    assert aside(home) == []
    put(home, "my.reason", "hello")
    drain(home, {}, now=NOW)
    assert [(each.name, each.reason) for each in aside(home)] == [("my.reason", "not the name of an event")]


def test_what_reasons_hold_cannot_harm_a_terminal(home: Home) -> None:
    Path(home.quarantine, "Stop.1").write_text("x")
    Path(home.quarantine, "Stop.1.reason").write_bytes(b"\x1b[2Jboo\n\xff\xfe")
    text = CliRunner().invoke(cli, ["doctor"]).stdout
    assert "\x1b" not in text and "boo" in text
    assert len([row for row in text.splitlines() if "boo" in row]) == 1


# --- another chance


def test_what_was_set_aside_wrongly_is_loaded_after_all(home: Home) -> None:
    """As after an update: what an older version could not read is good to this one."""
    names = ["SessionEnd.11", "SessionEnd.11.3", f"SessionEnd.11.{time.time_ns()}", "SessionEnd.12"]
    for number, name in enumerate(names):
        [waiting] = [spool.Waiting(str(put(home, name, session(number))), "SessionEnd", 0, 11)]
        spool.quarantine(home, waiting, "an older version could not read it")
    Path(home.spool, "SessionEnd.12.10").write_text(session(9))  # the name it would get is taken
    spool.quarantine(home, spool.Waiting(str(put(home, "SessionEnd.11", session(4))), "SessionEnd", 0, 11), "again")
    assert len(aside(home)) == 5
    done = CliRunner().invoke(cli, ["ingest", "--retry"], catch_exceptions=False)
    assert done.stdout == "6 events loaded\n"
    assert os.listdir(home.quarantine) == []
    with Store.open(home, write=False) as store:
        assert store.sessions_count() == 6


def test_what_is_still_no_good_comes_back_with_a_reason(home: Home) -> None:
    put(home, "Stop.1", "no JSON")
    put(home, "notes.txt", "mine")
    put(home, ".tmp-Stop.2.3", session(1)[:20])
    os.mkdir(Path(home.spool, "Stop.4"))
    drain(home, {}, now=NOW + HOUR)
    before = {each.name: each.reason for each in aside(home)}
    assert len(before) == 4
    for _ in range(3):
        assert give_back(home) == 2, "a folder and a file of somebody never were events"
        drain(home, {}, now=NOW + HOUR)
    after = {each.name: each.reason for each in aside(home)}
    assert len(after) == 4
    assert {"notes.txt", "Stop.4"} <= set(after)
    assert NO_REASON not in after.values()
    assert len(os.listdir(home.quarantine)) == 8


def test_a_retry_says_how_many_are_still_set_aside(home: Home) -> None:
    for number in range(4):
        Path(home.quarantine, f"notes-{number}.txt").write_text("mine")
    spool.quarantine(home, spool.Waiting(str(put(home, "SessionEnd.11", session(1))), "SessionEnd", 0, 11), "old")
    retry = CliRunner().invoke(cli, ["ingest", "--retry"], catch_exceptions=False)
    assert retry.stdout == "1 event loaded, 4 still set aside (see `aj doctor`)\n"
    put(home, "Stop.1", "no JSON")
    plain = CliRunner().invoke(cli, ["ingest"], catch_exceptions=False)
    assert plain.stdout == "0 events loaded, 1 set aside (see `aj doctor`)\n"


def test_an_event_keeps_its_time(home: Home) -> None:
    spool.quarantine(home, spool.Waiting(str(put(home, "SessionEnd.11", session(1))), "SessionEnd", 0, 11), "old")
    give_back(home)
    [waiting] = spool.pending(home)
    assert waiting.at == pytest.approx(NOW - HOUR, abs=1)


# --- what waits


def test_events_of_a_session_that_goes_on_may_wait(home: Home) -> None:
    assert only("waiting", home).text == "no event waits to be loaded"
    put(home, "Stop.1", "{}", ago=5 * HOUR)
    put(home, "SessionEnd.2", session(1), ago=60)
    said = only("waiting", home)
    assert said.level is Level.OK
    assert said.text.startswith("2 events to be loaded, the oldest for 5 hours")
    assert said.details == {"events": 2, "bytes": 2 + len(session(1)), "oldest_seconds": 5 * HOUR}


def test_an_ended_session_that_was_not_loaded_is_a_finding(home: Home) -> None:
    put(home, "SessionEnd.2", session(1), ago=HOUR)
    said = only("waiting", home)
    assert said.level is Level.WARN and "a session ended, and was not loaded" in said.text
    assert CliRunner().invoke(cli, said.mend.split()[1:], catch_exceptions=False).exit_code == 0
    assert only("waiting", home).level is Level.OK


def test_events_of_days_ago_are_a_finding(home: Home) -> None:
    put(home, "Stop.1", "{}", ago=50 * HOUR)
    said = only("waiting", home)
    assert said.level is Level.WARN and "the oldest for 2 days: nothing was loaded since" in said.text


def test_a_watcher_that_does_not_load_is_a_finding(home: Home) -> None:
    put(home, "Stop.1", "{}", ago=HOUR)
    assert only("waiting", home).level is Level.OK
    with alone(home.watch_lock, wait=0, now=NOW):
        assert "a watcher runs, and does not load it" in only("waiting", home).text


def test_events_from_the_future_are_no_finding(home: Home) -> None:
    """The clock was set back."""
    put(home, "Stop.1", "{}", ago=-HOUR)
    said = only("waiting", home)
    assert said.level is Level.OK and said.details["oldest_seconds"] == 0


# --- the watcher


def test_none_and_a_stale_lock_are_fine(home: Home) -> None:
    assert only("watcher", home).text.startswith("none runs")
    Path(home.watch_lock).write_text("4711 1700000000\n")
    assert only("watcher", home).text.startswith("none runs")


def test_a_running_one_is_named(home: Home) -> None:
    with alone(home.watch_lock, wait=0, now=NOW) as place:
        assert place
        said = only("watcher", home)
    assert said.level is Level.OK and said.text.startswith(f"pid {os.getpid()} watches since 20")
    assert said.details == {"pid": os.getpid(), "since": pytest.approx(NOW, abs=1), "service": None}


def test_one_that_could_not_write_its_name_is_seen_all_the_same(home: Home) -> None:
    with alone(home.watch_lock, wait=0, now=NOW):
        os.truncate(home.watch_lock, 0)
        assert only("watcher", home).text == "one runs"


def test_asking_does_not_make_a_lock(home: Home) -> None:
    only("watcher", home)
    assert not os.path.exists(home.watch_lock)


@pytest.fixture
def service(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed service; the file holds what `systemctl is-active` says."""
    state = tmp_path / "state"
    state.write_text("active\n")
    for path, text in ((tmp_path / "systemctl", f"#!/bin/sh\ncat {state}\n"), (Path(home.bin, "aj"), "#!/bin/sh\n")):
        path.write_text(text)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert CliRunner().invoke(cli, ["watch", "--install-service"], catch_exceptions=False).exit_code == 0
    return state


def test_a_service_that_runs_is_fine(home: Home, service: Path) -> None:
    with alone(home.watch_lock, wait=0, now=NOW):
        said = only("watcher", home)
    assert said.level is Level.OK and said.text.endswith(", as a service")


def test_a_service_that_does_not_run_is_a_finding(home: Home, service: Path) -> None:
    service.write_text("failed\n")
    said = only("watcher", home)
    assert said.level is Level.WARN and "systemd says: failed" in said.text and UNIT in said.mend
    with alone(home.watch_lock, wait=0, now=NOW):
        assert only("watcher", home).level is Level.OK, "one by hand does the work"


def test_a_service_without_its_program_is_a_finding(home: Home, service: Path) -> None:
    os.unlink(Path(home.bin, "aj"))
    said = only("watcher", home)
    assert said.level is Level.WARN and f"{home.bin}/aj, which is not there" in said.text


def test_a_real_watcher_shows_in_doctor(home: Home) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    argv = [sys.executable, "-m", "agentjit", "watch"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=env) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            details = json_row("watcher")["details"]
        finally:
            process.kill()
    assert isinstance(details, dict) and details["pid"] == process.pid
