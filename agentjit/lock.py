"""File locks between processes (flock): they end with their holder, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

_POLL = 0.02  # seconds


@contextmanager
def held(path: str, *, wait: float, shared: bool = False) -> Iterator[bool]:
    """Hold the lock on `path` (made if missing, 0600) for the block; yields False if others kept it for `wait` seconds.

    Polls, because a blocking flock cannot be given up.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
