"""What a check finds, and what it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from agentjit import data
from agentjit.home import Home


class Level(StrEnum):
    """`warn` is worth knowing; only `fail` means that something does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: which check, how it went, and what to do about it ("" if nothing); figures for a program to read."""

    check: str
    level: Level
    text: str
    mend: str = ""
    details: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The shape that `aj doctor --json` promises; `details` only where there are any."""
        good = self.level is not Level.FAIL
        row = {"check": self.check, "ok": good, "level": self.level, "text": self.text, "mend": self.mend}
        return {**row, "details": dict(self.details)} if self.details else row


def ok(check: str, text: str, details: Mapping[str, object] | None = None) -> Finding:
    return Finding(check, Level.OK, text, details=details or {})


def warn(check: str, text: str, mend: str, details: Mapping[str, object] | None = None) -> Finding:
    return Finding(check, Level.WARN, text, mend, details or {})


def fail(check: str, text: str, mend: str) -> Finding:
    return Finding(check, Level.FAIL, text, mend)


def count(n: int, what: str) -> str:
    """`1 event`, `2 events`."""
    return f"{n} {what}{'' if n == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Patient:
    """The home that is examined, the environment it is used from, the time (Unix seconds), and this installation."""

    home: Home
    env: Mapping[str, str]
    now: float
    package: Path = data.PACKAGE


Findings = Iterator[Finding]
