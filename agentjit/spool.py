"""The inbox between the hooks and the drainer: one file per event (standard library only, on the hook path).

Names are `<event>.<pid>[.<n>]`. A shell shim creates its file with noclobber and lets `cat` fill it, so a file whose
writer is alive may still grow; `write` here fills a `.tmp-` file and renames it. A file holds what the harness sent,
then, one per line, what AgentJIT adds itself.
"""

from __future__ import annotations

import os
import time  # built into the interpreter: it costs no file access

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentjit.home import Home

    _Listed = tuple[int, str, str, int, int]  # mtime (ns), path, event, pid, bytes

EVENTS = frozenset(
    {
        "PostToolUse",
        "PostToolUseFailure",
        "SessionEnd",
        "SessionStart",
        "Stop",
        "SubagentStop",
        "UserPromptSubmit",
        "run",
    }
)
LIMIT = 64 * 1024 * 1024  # bytes; no tool output a model reads is anywhere near
LISTED = 20_000  # files listed at a time: a backlog of any length takes the same memory
TEMPORARY = ".tmp-"
SETTLED_SECONDS = 60.0  # a file older than this is not being written any more, even if its pid lives on in another


class Waiting:
    """A spool file to be taken: where it is, which event, when it was last written (ns), by which process."""

    __slots__ = ("at_ns", "event", "path", "pid", "size")

    def __init__(self, path: str, event: str, at_ns: int, pid: int, size: int = 0) -> None:
        self.path = path
        self.event = event
        self.at_ns = at_ns
        self.pid = pid
        self.size = size

    def __repr__(self) -> str:
        return f"Waiting({self.path!r}, at_ns={self.at_ns})"

    @property
    def at(self) -> float:
        """Unix seconds of the last write."""
        return self.at_ns / 1e9

    def settled(self, now: float) -> bool:
        """Nobody is writing this file any more, as far as one can tell at Unix time `now`."""
        return abs(now - self.at) >= SETTLED_SECONDS or not alive(self.pid)


class Unusable(Exception):
    """A spool file that must not be read; the text is the reason."""


def write(home: Home, event: str, lines: list[bytes]) -> None:
    """Put one event into the spool, whole or not at all. Raises OSError (no space, no folder)."""
    pid = os.getpid()
    name = f"{event}.{pid}.{time.time_ns()}"
    temporary = os.path.join(home.spool, TEMPORARY + name)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            _write_all(handle, b"".join(line.rstrip(b"\n") + b"\n" for line in lines))
        finally:
            os.close(handle)
        os.rename(temporary, os.path.join(home.spool, name))
    except BaseException:
        os.unlink(temporary)
        raise


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def pending(home: Home) -> Iterator[Waiting]:
    """The files to take, oldest first (then by name). What is not ours is left to `sweep`.

    Of a long backlog the oldest are listed, and when the caller has come to their end, the next.
    """
    last: tuple[int, str] = (-(2**63), "")  # files may be older than 1970
    while True:
        found = _oldest(_after(home, last))
        for at_ns, path, event, pid, size in found:
            yield Waiting(path, event, at_ns, pid, size)
        if len(found) < LISTED:
            return
        last = found[-1][:2]


def _oldest(listed: Iterator[_Listed]) -> list[_Listed]:
    """The first `LISTED` in order, without ever holding more than twice as many."""
    found: list[_Listed] = []
    for one in listed:
        found.append(one)
        if len(found) >= 2 * LISTED:
            found.sort()
            del found[LISTED:]
    found.sort()
    return found[:LISTED]


def _after(home: Home, last: tuple[int, str]) -> Iterator[_Listed]:
    for entry in _entries(home.spool):
        parsed = parse_name(entry.name)
        if parsed is None or not entry.is_file(follow_symlinks=False):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # another drainer took it
            continue
        if (status.st_mtime_ns, entry.path) > last:
            yield status.st_mtime_ns, entry.path, *parsed, status.st_size


def parse_name(name: str) -> tuple[str, int] | None:
    """(event, pid) of a spool file's name, None if it is not one of ours."""
    parts = name.split(".")
    if not 2 <= len(parts) <= 3 or parts[0] not in EVENTS:
        return None
    if not all(part.isascii() and part.isdigit() and len(part) <= 20 for part in parts[1:]):
        return None
    return parts[0], int(parts[1])


def read(waiting: Waiting) -> bytes:
    """The bytes of a spool file. Raises Unusable, FileNotFoundError (taken by another), OSError."""
    _usable(waiting.size)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # never through a link, never waiting on a pipe
    handle = os.open(waiting.path, flags)
    try:
        want = waiting.size + 1  # one more than there was: a file that has not grown ends within it
        data = os.read(handle, want)
        if len(data) == waiting.size:
            return data
        if os.fstat(handle).st_mode & 0o170000 != 0o100000:
            raise Unusable("not a regular file")
        return _grown(handle, data)
    finally:
        os.close(handle)


def _grown(handle: int, data: bytes) -> bytes:
    pieces = [data]
    while piece := os.read(handle, 1 << 20):
        pieces.append(piece)
        _usable(os.fstat(handle).st_size)
    return b"".join(pieces)


def _usable(size: int) -> None:
    if size > LIMIT:
        raise Unusable(f"{size} bytes, more than the limit of {LIMIT}")


def remove(waiting: Waiting) -> None:
    """Take the file away; that it is gone already is fine."""
    try:
        os.unlink(waiting.path)
    except FileNotFoundError:
        pass


def quarantine(home: Home, waiting: Waiting, reason: str) -> None:
    """Move the file, as it is, to the quarantine with its reason beside it."""
    _set_aside(home, waiting.path, reason)


def sweep(home: Home, now: float) -> int:
    """Set aside what is in the spool but is no event of ours; how many. Nothing is opened or followed."""
    count = 0
    for entry in _entries(home.spool):
        reason = _foreign(entry, now)
        if reason:
            _set_aside(home, entry.path, reason)
            count += 1
    return count


def _foreign(entry: os.DirEntry[str], now: float) -> str:
    """Why an entry of the spool does not belong there, "" if it does."""
    if entry.is_symlink():
        return "a symbolic link, not followed"
    if entry.is_dir(follow_symlinks=False):
        return "a folder, not an event"
    if not entry.is_file(follow_symlinks=False):
        return "not a regular file"
    if entry.name.startswith(TEMPORARY):
        return _abandoned(entry, now)
    return "" if parse_name(entry.name) else "not the name of an event"


def _abandoned(entry: os.DirEntry[str], now: float) -> str:
    parsed = parse_name(entry.name[len(TEMPORARY) :])
    try:
        at_ns = entry.stat(follow_symlinks=False).st_mtime_ns
    except FileNotFoundError:
        return ""
    if Waiting(entry.path, "", at_ns, parsed[1] if parsed else 0).settled(now):
        return "its writer died before it was finished"
    return ""


def _set_aside(home: Home, path: str, reason: str) -> None:
    name = os.fsdecode(os.fsencode(os.path.basename(path))[:200])  # room for a number and `.reason`
    target, number = os.path.join(home.quarantine, name), 0
    while os.path.lexists(target):
        number += 1
        target = os.path.join(home.quarantine, f"{name}.{number}")
    # The reason first: whatever is killed in between, or has no room, the event is where it was and is judged again.
    handle = os.open(target + ".reason", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(handle, reason.encode("utf-8", "backslashreplace") + b"\n")
    finally:
        os.close(handle)
    try:
        os.rename(path, target)
    except FileNotFoundError:
        os.unlink(target + ".reason")


def alive(pid: int) -> bool:
    """A process of this number exists."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return
