"""What was set aside: which files, why, and how they get another chance."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from agentjit import spool
from agentjit.home import Home

NO_REASON = "no reason was kept"
_REASON = ".reason"
_READ = 500  # bytes of a reason


@dataclass(frozen=True, slots=True)
class Aside:
    """A file in the quarantine: its name, bytes, when it was last written (Unix seconds), and why it is there."""

    name: str
    size: int
    at: float
    reason: str


def aside(home: Home) -> list[Aside]:
    """All files in the quarantine, oldest first. Nothing is followed; what is gone meanwhile is left out."""
    try:
        names = frozenset(os.listdir(home.quarantine))
    except FileNotFoundError:
        return []
    found = [each for name in names if not _is_reason(name, names) for each in _about(home, name)]
    return sorted(found, key=lambda each: (each.at, each.name))


def _is_reason(name: str, names: frozenset[str]) -> bool:
    """A reason may outlive its file; and an odd file called `x.reason` has a reason of its own."""
    return name.endswith(_REASON) and (name.removesuffix(_REASON) in names or name + _REASON not in names)


def _about(home: Home, name: str) -> Iterator[Aside]:
    path = os.path.join(home.quarantine, name)
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return
    yield Aside(name, about.st_size, about.st_mtime, _reason(path))


def _reason(path: str) -> str:
    try:
        handle = os.open(path + _REASON, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return NO_REASON
    try:
        text = os.read(handle, _READ).decode("utf-8", "replace").strip()
    except OSError:  # a folder
        text = ""
    finally:
        os.close(handle)
    return text or NO_REASON


def give_back(home: Home) -> int:
    """Put what has the name of an event into the spool again, with its time; how many.

    The next drain takes them, or sets them aside once more. What never was an event stays where it is. Raises OSError
    where the spool cannot be written.
    """
    count = 0
    for each in aside(home):
        path = os.path.join(home.quarantine, each.name)
        name = _event_name(each.name)
        try:
            if name and stat.S_ISREG(os.lstat(path).st_mode):
                os.rename(path, _free(os.path.join(home.spool, name)))
                _forget_reason(path)
                count += 1
        except FileNotFoundError:
            continue  # somebody else is at it
    return count


def _event_name(name: str) -> str:
    """The name a file had in the spool: without `.tmp-`, without the number that told it from another; "" if none."""
    bare = name.removeprefix(spool.TEMPORARY)
    for candidate in (bare, bare.rpartition(".")[0]):
        if spool.parse_name(candidate):
            return candidate
    return ""


def _free(path: str) -> str:
    """Where it can go: under a number that no hook gives (they go to 9), and no other event has."""
    folder, name = os.path.split(path)
    event, pid, *number = name.split(".")
    n = max(int(number[0]) if number else 0, 10)
    while os.path.lexists(path := os.path.join(folder, f"{event}.{pid}.{n}")):
        n += 1
    return path


def _forget_reason(path: str) -> None:
    try:
        os.unlink(path + _REASON)
    except FileNotFoundError:
        pass
