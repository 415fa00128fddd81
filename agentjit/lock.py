"""File locks between processes (flock): they end with their holder, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_POLL = 0.02  # seconds
_NAMED = 64  # bytes, more than a holder's name takes


@contextmanager
def held(path: str, *, wait: float, shared: bool = False) -> Iterator[bool]:
    """Hold the lock on `path` (made if missing, 0600) for the block; yields False if others kept it for `wait` seconds.

    Polls, because a blocking flock cannot be given up.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, time.monotonic() + wait)
    finally:
        os.close(descriptor)  # which unlocks


def _locked(descriptor: int, kind: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(_POLL, left))


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock taken by `alone`: the process, and since when (Unix seconds); 0 for what it could not write."""

    pid: int
    since: float


class Place:
    """A lock that is held for long, on a file that may be deleted, moved or replaced meanwhile."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def stands(self) -> bool:
        """The path still leads to the file that is locked: whoever comes by this path finds the lock taken.

        The open file keeps its inode from being used again, so that a new one cannot be mistaken for it.
        """
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._descriptor))
        except OSError:
            return False


@contextmanager
def alone(path: str, *, wait: float, now: float) -> Iterator[Place | None]:
    """Like `held`, with our name in the file for `holder`; yields None if others kept it. `now` is in Unix seconds.

    Raises OSError where a file cannot be locked.
    """
    deadline = time.monotonic() + wait
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if not _locked(descriptor, fcntl.LOCK_EX, deadline):
                yield None
                return
            place = Place(path, descriptor)
            if place.stands():  # else it was replaced between opening and locking
                _sign(descriptor, f"{os.getpid()} {now:.0f}\n")
                yield place
                return
        finally:
            os.close(descriptor)


def _sign(descriptor: int, name: str) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, name.encode(), 0)
    except OSError:
        pass  # a full disk: the lock holds without a name


def holder(path: str) -> Holder | None:
    """Who holds the lock that `alone` takes on `path`; None if nobody does. Makes and changes nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _locked(descriptor, fcntl.LOCK_SH, 0.0):
            return None
        words = os.pread(descriptor, _NAMED, 0).split()
    finally:
        os.close(descriptor)
    numbers = [int(word) if word.isdigit() else 0 for word in words]
    return Holder(*numbers) if len(numbers) == 2 else Holder(0, 0.0)
