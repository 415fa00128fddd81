"""What the watcher waits for, and who rings: notifications of the file system."""

from __future__ import annotations

import logging
import os
import queue

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from agentjit.home import Home

_ARRIVED: list[type[FileSystemEvent]] = [FileCreatedEvent, FileMovedEvent, FileClosedEvent]  # not our own reading
_CHANGED: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
    FileMovedEvent,
    FileDeletedEvent,
]

logging.getLogger("watchdog").addHandler(logging.NullHandler())  # it warns of lost events; we look anyway


class Bell:
    """Rung from any thread, and by signal handlers: the queue's `put` takes no lock that the waiting side may hold."""

    def __init__(self) -> None:
        self._rung = False
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ring(self) -> None:
        """A thousand rings before somebody comes are one."""
        if not self._rung:
            self._rung = True
            self._queue.put(None)

    def wait(self, seconds: float) -> bool:
        """Whether it rang within `seconds`."""
        try:
            self._queue.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return False
        self._rung = False  # who rings from here on is heard by the next wait
        return True


class _Arrivals(FileSystemEventHandler):
    """Rings for each file that comes into the spool."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._bell.ring()


class _Changes(FileSystemEventHandler):
    """Rings when something of this name comes, goes or moves."""

    def __init__(self, bell: Bell, names: frozenset[str]) -> None:
        self._bell = bell
        self._names = names

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = (event.src_path, event.dest_path)
        if not self._names.isdisjoint(os.path.basename(os.fsdecode(path)) for path in paths if path):
            self._bell.ring()


class Eyes:
    """Watches the spool, the folder it is in, and those that hold the home (also by its other name, if it is a link).

    A folder does not tell that it was moved; the one above it does. Call `renew` at the start and whenever the spool
    was replaced, `close` at the end.
    """

    def __init__(self, home: Home, bell: Bell) -> None:
        self._home = home
        self._bell = bell
        self._observer: BaseObserver | None = None
        self._spool = -1  # the folder that is watched, kept open so that its inode is not used again

    def renew(self) -> str:
        """Watch what is there now; "" or why nothing that arrives can be noticed."""
        self.close()
        try:
            self._observer = observer = Observer()
            observer.start()
        except OSError as error:
            return error.strerror or str(error)
        self._watch_changes(observer)
        try:
            self._watch_arrivals(observer)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _watch_arrivals(self, observer: BaseObserver) -> None:
        spool = os.path.realpath(self._home.spool)
        try:
            self._spool = os.open(spool, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            observer.schedule(_Arrivals(self._bell), spool, event_filter=_ARRIVED)
        except (FileNotFoundError, NotADirectoryError):
            pass  # the folder above tells when a hook makes it again

    def _watch_changes(self, observer: BaseObserver) -> None:
        root, real = self._home.root, os.path.realpath(self._home.root)
        inside = frozenset(map(os.path.basename, (self._home.spool, self._home.watch_lock)))
        around = frozenset(map(os.path.basename, (root, real)))
        above = {os.path.realpath(os.path.dirname(path)) for path in (root, real)}
        for folder, names in [(real, inside), *((folder, around) for folder in sorted(above))]:
            try:
                observer.schedule(_Changes(self._bell, names), folder, event_filter=_CHANGED)
            except OSError:
                pass  # not ours to read: the regular look will find out

    def see_spool(self) -> bool:
        """The spool is the folder that is watched; also when there is none and none is watched."""
        try:
            now = os.stat(self._home.spool)
        except OSError:
            return self._spool < 0
        return self._spool >= 0 and os.path.samestat(now, os.fstat(self._spool))

    def close(self) -> None:
        if self._observer and self._observer.is_alive():
            self._observer.stop()
            self._observer.join()
        if self._spool >= 0:
            os.close(self._spool)
            self._spool = -1
