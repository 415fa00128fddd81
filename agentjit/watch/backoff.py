"""When to try again what failed, and whether there is news to tell of it (pure: time comes in)."""

from __future__ import annotations

import re

FIRST = 2.0  # seconds until the second try
MOST = 300.0  # seconds between tries at last


class Backoff:
    """Doubles the pause with each failure in a row. Times are of one monotonic clock, in seconds."""

    __slots__ = ("_failure", "_pause", "not_before")

    def __init__(self) -> None:
        self.not_before = 0.0
        self._pause = 0.0
        self._failure = ""

    def ready(self, now: float) -> bool:
        return now >= self.not_before

    def failed(self, error: Exception, now: float) -> bool:
        """Note a failure; True if it is another one than before, so that it is said once and not at each try."""
        self._pause = min(self._pause * 2 or FIRST, MOST)
        self.not_before = now + self._pause
        kind = re.sub(r"\d+", "#", f"{type(error).__name__} {error}")  # numbers change from try to try
        news, self._failure = kind != self._failure, kind
        return news

    def went_well(self, *, not_before: float = 0.0) -> bool:
        """Note a success, after which it is not due before `not_before`; True if it ends a row of failures."""
        news = bool(self._failure)
        self._pause, self._failure, self.not_before = 0.0, "", not_before
        return news
