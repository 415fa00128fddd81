"""`aj watch`: turn the pipeline as events arrive, one watcher per home.

Files settle for a moment before they are drained, so that a burst of calls is one transaction; compiling waits for the
end of a session or a quiet minute, because it reads the whole history.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from agentjit.errors import AjError, StoreBusy
from agentjit.home import Home
from agentjit.lock import held
from agentjit.observe.ingest import drain
from agentjit.pipeline import compile_all, compiling

SETTLE = 1.0  # seconds of quiet before draining
QUIET = 60.0  # seconds of quiet after which a session counts as over
LOOK = 300.0  # seconds between looks without any event: notifications can be lost over a sleep


class AlreadyWatched(AjError):
    """One watcher per home."""

    slug = "already-watched"


class _Bell(FileSystemEventHandler):
    """Notes when something happened last, and whether a session ended."""

    def __init__(self) -> None:
        self.rang = threading.Event()
        self.session_ended = False

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("opened", "closed_no_write"):  # our own reading
            return
        name = os.path.basename(os.fsdecode(event.dest_path or event.src_path))
        self.session_ended |= name.startswith("SessionEnd")
        self.rang.set()


def watch(
    home: Home,
    templates: str,
    env: Mapping[str, str],
    *,
    say: Callable[[str], None],
    stop: threading.Event,
) -> None:
    """Drain and compile until `stop` is set or the home is gone; raises `AlreadyWatched`."""
    home.ensure()
    with held(home.watch_lock, wait=0.0) as alone:
        if not alone:
            raise AlreadyWatched(f"another aj watch runs for {home.root}; stop it first")
        bell = _Bell()
        observer = Observer()
        observer.schedule(bell, home.spool)
        observer.start()
        say(f"watching {home.spool}; Ctrl-C stops")
        try:
            bell.rang.set()  # what is there already
            _loop(home, templates, env, bell, say, stop)
        finally:
            observer.stop()
            observer.join()


def _loop(
    home: Home,
    templates: str,
    env: Mapping[str, str],
    bell: _Bell,
    say: Callable[[str], None],
    stop: threading.Event,
) -> None:
    uncompiled = True
    watched = _inode(home.spool)
    while not stop.is_set():
        rang = _wait(
            bell.rang, QUIET if uncompiled else LOOK, lambda: not stop.is_set() and _inode(home.spool) == watched
        )
        if stop.is_set():
            return
        if _inode(home.spool) != watched:
            say(f"{home.spool} is gone or was replaced; nothing left to watch")
            return
        if rang:
            stop.wait(SETTLE)
            bell.rang.clear()
        try:
            uncompiled |= _drain(home, env, say)
            if uncompiled and (bell.session_ended or not rang):
                bell.session_ended = uncompiled = False
                _compile(home, templates, say)
        except StoreBusy as busy:
            say(f"later: {busy}")
        except FileNotFoundError:
            if _inode(home.spool) == watched:
                raise


def _inode(path: str) -> int:
    """Which folder stands at `path`; 0 for none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def _wait(rang: threading.Event, seconds: float, going_on: Callable[[], bool]) -> bool:
    """Whether it rang within `seconds`; returns early when `going_on` says no."""
    deadline = time.monotonic() + seconds
    while going_on() and (left := deadline - time.monotonic()) > 0:
        if rang.wait(min(left, 0.5)):
            return True
    return False


def _drain(home: Home, env: Mapping[str, str], say: Callable[[str], None]) -> bool:
    done = drain(home, env, now=time.time())
    if done.events:
        say(f"{done.events} events loaded")
    return bool(done.events)


def _compile(home: Home, templates: str, say: Callable[[str], None]) -> None:
    with compiling(home) as free:
        if not free:
            return
        done = compile_all(home, templates, now=time.time())
    for name, what in done.happened.items():
        if what != "unchanged":
            say(f"{what}: {name}")
