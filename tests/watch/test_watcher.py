"""`aj watch` as a process: alone, quick to end, hard to disturb, and silent when there is nothing to do."""

from __future__ import annotations

import json
import os
import shutil
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
from agentjit.lock import held, holder
from agentjit.observe.ingest import drain
from agentjit.store import Store
from tests.compile import families
from tests.support.library import seen

CHECKOUT = Path(__file__).parents[2]
AJ = [sys.executable, "-m", "agentjit", "watch"]
# The same in a hurry: everything but the pace is what `aj watch` does.
HASTY = """
import os
from agentjit.data import folder
from agentjit.home import Home
from agentjit.watch.watcher import Pace, watch
pace = Pace(settle=0.05, busy=0.3, quiet=0.5, gap=0.3, look=600, blind=0.3)
say = lambda text: print(text, flush=True)
watch(Home.from_environment(os.environ), str(folder("skills_templates")), os.environ, say=say, warn=say, pace=pace)
"""


class Watcher:
    """A running watcher, its output in a file; the leader of a process group of its own."""

    def __init__(self, home: Home, out: Path, *argv: str, package: Path = CHECKOUT) -> None:
        self.out = out
        env = {**os.environ, "AJ_HOME": home.root, "PYTHONPATH": str(package), "PYTHONUNBUFFERED": "1"}
        with out.open("w") as file:
            self.process = subprocess.Popen(
                argv or AJ, stdout=file, stderr=file, env=env, cwd="/", start_new_session=True
            )

    def said(self) -> str:
        return self.out.read_text()

    def says(self, text: str, times: int = 1) -> None:
        until(lambda: self.said().count(text) >= times, self.said)

    def ends(self, within: float = 30.0) -> int:
        return self.process.wait(within)


def left(home: Home) -> dict[int, str]:
    """The processes that were started for this home and live: their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"AJ_HOME={home.root}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode().replace("\0", " ")
        except OSError:
            continue
    return found


def compilations(home: Home) -> list[int]:
    return [pid for pid, words in left(home).items() if "agentjit.watch.turn" in words]


def until(done: Callable[[], bool], told: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)


Start = Callable[..., Watcher]


@pytest.fixture
def start(home: Home, tmp_path: Path) -> Iterator[Start]:
    """Starts watchers of the home (or of another), and kills what is left of them."""
    started: list[Watcher] = []

    def begin(*argv: str, where: Home = home, package: Path = CHECKOUT) -> Watcher:
        started.append(Watcher(where, tmp_path / f"watcher-{len(started)}", *argv, package=package))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.wait()


def hasty(start: Start) -> Watcher:
    watcher = start(sys.executable, "-c", HASTY)
    watcher.says("watching")
    return watcher


def event(home: Home, name: str, session: str) -> None:
    payload = {"session_id": session, "hook_event_name": name, "cwd": "/w", "reason": "other"}
    spool.write(home, name, [json.dumps(payload).encode()])


def sessions(home: Home) -> int:
    with Store.open(home, write=False) as store:
        return store.sessions_count()


# --- what it is for


def test_a_session_end_is_seen_to(home: Home, start: Start) -> None:
    with Store.open(home, write=True) as store:
        store.add(seen(families.pods()))
    watcher = start()
    watcher.says("watching")
    event(home, "SessionEnd", "s9")
    watcher.says("new: crashing")
    assert [record.name for record in Library(home).records()] == ["crashing"]
    assert sessions(home) == 6
    assert not list(Path(home.spool).iterdir())


def test_sessions_that_end_together_are_compiled_once(home: Home, start: Start) -> None:
    watcher = hasty(start)
    watcher.says("compiled in")  # what was there at the start
    for number in range(20):
        event(home, "SessionEnd", f"s{number}")
    watcher.says("compiled in", times=2)
    until(lambda: not list(Path(home.spool).iterdir()))
    time.sleep(1.0)
    assert watcher.said().count("compiled in") <= 3, "one more for those who came late"
    assert sessions(home) == 20


def test_a_quiet_minute_counts_as_an_end(home: Home, start: Start) -> None:
    watcher = hasty(start)
    watcher.says("compiled in")
    event(home, "SessionStart", "s1")
    watcher.says("loaded: 1")
    watcher.says("compiled in", times=2)


# --- one for a home


def test_another_one_says_who_runs_and_ends(home: Home, start: Start, tmp_path: Path) -> None:
    first = start()
    first.says("watching")
    (tmp_path / "link").symlink_to(home.root)
    (tmp_path / "folder").mkdir()
    for path in (f"{tmp_path}/link", f"{tmp_path}/folder/../aj"):
        other = start(where=Home(path))
        assert other.ends() == 2
        assert (
            other.said() == f"aj: another aj watch (pid {first.process.pid}) runs for {home_of(path)}; one is enough\n"
        )
    status = start(*AJ, "--status")
    assert status.ends() == 0
    assert f"running: pid {first.process.pid}, since 20" in status.said()
    first.process.terminate()
    assert first.ends() == 0
    assert start(*AJ, "--status").ends() == 1


def home_of(path: str) -> str:
    return Home.from_environment({"AJ_HOME": path}).root


def test_of_twenty_that_start_at_once_one_goes_on(home: Home, start: Start) -> None:
    everyone = [start() for _ in range(20)]
    until(lambda: sum(each.process.poll() is not None for each in everyone) == 19)
    [winner] = [each for each in everyone if each.process.poll() is None]
    by = holder(home.watch_lock)
    assert by and by.pid == winner.process.pid
    line = f"aj: another aj watch (pid {by.pid}) runs for {home.root}; one is enough\n"
    assert {(each.process.returncode, each.said()) for each in everyone if each is not winner} == {(2, line)}


def test_a_lock_that_cannot_be_had_is_one_line(home: Home, start: Start) -> None:
    os.mkdir(home.watch_lock)
    watcher = start()
    assert watcher.ends() == 1
    assert watcher.said().count("\n") == 1 and "cannot be locked" in watcher.said()


def test_the_lock_of_a_killed_one_is_free(home: Home, start: Start) -> None:
    first = start()
    first.says("watching")
    first.process.kill()
    first.ends()
    assert left(home) == {}
    second = start()
    second.says("watching")


# --- how it ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ends_when_told(number: signal.Signals, home: Home, start: Start) -> None:
    watcher = start(*AJ, "--quiet")
    until(lambda: holder(home.watch_lock) is not None)
    watcher.process.send_signal(number)
    assert watcher.ends() == 0
    assert left(home) == {}
    assert watcher.said() == ""


def test_nohup_keeps_it(home: Home, start: Start) -> None:
    watcher = start("sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *AJ)
    watcher.says("watching")
    watcher.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert watcher.process.poll() is None
    watcher.process.send_signal(signal.SIGTERM)
    assert watcher.ends() == 0


def test_ends_in_the_middle_of_the_work(home: Home, start: Start) -> None:
    """Whatever it was at, each event is loaded once in the end, and what it published is whole."""
    with Store.open(home, write=True) as store:
        store.add(seen(families.pods()))
    for number in range(400):
        event(home, "SessionEnd", f"end-{number}")
    delays = iter([0.0, 0.02, 0.1, 0.2])
    for _ in range(4):
        watcher = hasty(start)
        time.sleep(next(delays))
        watcher.process.send_signal(signal.SIGTERM)
        assert watcher.ends() in (-signal.SIGTERM, 0)  # the hasty one has no handler: the hardest case
    polite = start()
    polite.says("watching")
    polite.process.send_signal(signal.SIGTERM)
    assert polite.ends() == 0
    assert "Traceback" not in polite.said()
    drain(home, {}, now=time.time() + 3600)
    assert sessions(home) == 405
    assert not os.listdir(home.quarantine)
    assert all(Library(home).plan(record.name) for record in Library(home).records())


@pytest.fixture
def compiling(home: Home, start: Start) -> Iterator[Watcher]:
    """A watcher whose compilation has come to where it wants to publish, and waits because somebody else does."""
    with Store.open(home, write=True) as store:
        store.add(seen(families.pods()))
    with held(home.library_lock, wait=0):
        watcher = hasty(start)
        until(lambda: compilations(home) != [])
        yield watcher


def test_a_long_compilation_does_not_keep_events_from_being_loaded(home: Home, compiling: Watcher) -> None:
    for number in range(3):
        event(home, "SessionEnd", f"s{number}")
        compiling.says("loaded: 1", times=number + 1)
    assert "compiled" not in compiling.said()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_compilation_ends_with_its_watcher(number: signal.Signals, home: Home, compiling: Watcher) -> None:
    compiling.process.send_signal(number)
    compiling.ends()
    until(lambda: left(home) == {}, lambda: str(left(home)))
    assert Library(home).records() == []


def test_a_compilation_ends_with_its_home(home: Home, compiling: Watcher) -> None:
    shutil.rmtree(home.root)
    assert compiling.ends() == 0
    assert left(home) == {} and not os.path.exists(home.root)


def test_a_compilation_that_was_killed_is_tried_again(home: Home, start: Start) -> None:
    with Store.open(home, write=True) as store:
        store.add(seen(families.pods()))
    with held(home.library_lock, wait=0):
        watcher = hasty(start)
        until(lambda: compilations(home) != [])
        os.kill(compilations(home)[0], signal.SIGKILL)
        watcher.says("compiling failed and will be tried again")
    watcher.says("compiling works again")
    watcher.says("new: crashing")


def test_while_another_process_compiles_it_waits_its_turn(home: Home, start: Start) -> None:
    with Store.open(home, write=True) as store:
        store.add(seen(families.pods()))
    with held(home.compile_lock, wait=0):
        watcher = hasty(start)
        event(home, "SessionEnd", "s1")
        watcher.says("loaded: 1")
        time.sleep(1)
        assert "compiled" not in watcher.said() and "failed" not in watcher.said()
    watcher.says("new: crashing")


# --- a home that goes away


def test_a_deleted_home_is_left_alone(home: Home, start: Start) -> None:
    watcher = start()
    watcher.says("watching")
    shutil.rmtree(home.root)
    assert watcher.ends() == 0
    assert watcher.said().endswith(f"{home.root} is gone or was replaced; nothing left to watch\n")
    assert not os.path.exists(home.root)


def test_a_home_that_is_deleted_while_it_is_written_is_left_alone(home: Home, start: Start) -> None:
    for number in range(300):
        event(home, "SessionEnd", f"s{number}")
    watcher = hasty(start)
    shutil.rmtree(home.root, ignore_errors=True)
    while os.path.exists(home.root):
        shutil.rmtree(home.root, ignore_errors=True)  # a file came while it was being emptied
    assert watcher.ends() == 0, watcher.said()
    assert not os.path.exists(home.root), [str(path) for path in Path(home.root).rglob("*")]


def test_a_moved_home_is_left_alone(home: Home, start: Start) -> None:
    watcher = start()
    watcher.says("watching")
    os.rename(home.root, home.root + ".old")
    assert watcher.ends() == 0
    assert not os.path.exists(home.root)


def test_a_home_that_is_made_again_has_a_watcher_of_its_own(home: Home, start: Start) -> None:
    old = start()
    old.says("watching")
    shutil.rmtree(home.root)
    home.ensure()
    new = start()
    new.says("watching")
    assert old.ends() == 0
    event(home, "SessionEnd", "s1")
    new.says("loaded: 1")


def test_a_spool_that_is_made_again_is_watched_again(home: Home, start: Start) -> None:
    watcher = hasty(start)
    for number in (1, 2):
        shutil.rmtree(home.spool)
        os.mkdir(home.spool)  # as the hook does; often with the inode of the old one
        event(home, "SessionEnd", f"s{number}")
        watcher.says("loaded: 1", times=number)
    os.rename(home.spool, home.root + "/aside")
    time.sleep(0.3)
    home.ensure()
    event(home, "SessionEnd", "s3")
    watcher.says("loaded: 1", times=3)
    assert watcher.process.poll() is None


# --- time


def test_a_sleep_loses_nothing_and_starts_no_storm(home: Home, start: Start) -> None:
    watcher = hasty(start)
    watcher.says("compiled in")
    watcher.process.send_signal(signal.SIGSTOP)
    for number in range(30):
        event(home, "SessionEnd", f"s{number}")
    time.sleep(1.5)  # several of its timers run out
    watcher.process.send_signal(signal.SIGCONT)
    watcher.says("loaded: 30")
    watcher.says("compiled in", times=2)
    time.sleep(0.7)
    assert watcher.said().count("compiled in") == 2


def test_nothing_to_do_is_nothing_done(home: Home, start: Start) -> None:
    watcher = hasty(start)
    watcher.says("compiled in")
    time.sleep(0.5)
    before = switches(watcher)
    time.sleep(2)
    assert switches(watcher) - before <= 1


def switches(watcher: Watcher) -> int:
    """How often its threads have waited for something so far."""
    tasks = Path(f"/proc/{watcher.process.pid}/task").glob("*/status")
    rows = [row for task in tasks for row in task.read_text().splitlines()]
    return sum(int(row.split()[1]) for row in rows if row.startswith("voluntary_ctxt_switches"))


def test_without_notifications_it_looks(home: Home, start: Start) -> None:
    limit = "echo 0 >/proc/sys/user/max_inotify_instances"
    if subprocess.run(["unshare", "-r", "sh", "-c", limit], capture_output=True, check=False).returncode != 0:
        pytest.skip("no user namespace to limit inotify in")
    watcher = start("unshare", "-r", "sh", "-c", f'{limit}; exec "$@"', "sh", sys.executable, "-c", HASTY)
    watcher.says("watching")
    assert "no notifications (inotify instance limit reached)" in watcher.said()
    event(home, "SessionEnd", "s1")
    watcher.says("loaded: 1")
    assert watcher.said().count("no notifications") == 1


# --- what goes wrong


def test_a_broken_database_is_said_once_and_got_over(home: Home, start: Start) -> None:
    Path(home.database).write_bytes(b"no database" * 1000)
    watcher = hasty(start)
    event(home, "SessionEnd", "s1")
    watcher.says("loading failed and will be tried again")
    event(home, "SessionEnd", "s2")
    time.sleep(2.5)  # it has tried again
    assert watcher.said().count("loading failed") == 1
    os.unlink(home.database)
    watcher.says("loading works again")
    watcher.says("loaded: 2")


def test_an_updated_program_is_not_gone_on_with(home: Home, start: Start, tmp_path: Path) -> None:
    package = tmp_path / "updated"
    for name in ("agentjit", "skills_templates"):
        shutil.copytree(CHECKOUT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", package)
    watcher = start(package=package)
    watcher.says("watching")
    version = package / "agentjit" / "__init__.py"
    version.write_text(version.read_text() + "\n")
    event(home, "SessionEnd", "s1")
    assert watcher.ends() == 1, "not 0: systemd is to start the new one"
    assert watcher.said().splitlines()[-1].startswith("aj: AgentJIT was updated")
    assert len(os.listdir(home.spool)) == 1


def test_a_reader_that_went_away_ends_it(home: Home) -> None:
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(AJ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        event(home, "SessionEnd", "s1")
        assert process.wait(10) == 0
        assert process.stderr.read() == b""
