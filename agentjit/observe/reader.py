"""What a harness's module offers the importer: how to know its files, where they are, how they become records."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from agentjit.observe import wire
from agentjit.trace import Seen

HEAD = 256 * 1024
LONGEST = 64 * 1024 * 1024  # bytes of a line, or of a file that is one document; longer ones are not read
_SNIFFED = 50  # lines


@dataclass(slots=True)
class Counts:
    """What files held besides records: lines in all (of a file that is one document: its messages), those that could
    not be read, those of kinds that say nothing to us (kind -> how many), calls without a result.
    """

    lines: int = 0
    broken: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0

    def skip(self, kind: str) -> None:
        self.unknown[kind] = self.unknown.get(kind, 0) + 1


@dataclass(frozen=True, slots=True)
class Source:
    """What is read in one go where that is not a file: a session in many files, or one of many in a database.

    `file` is opened; the store remembers the source by `name`, and reads it again when `size` or `mtime_ns` is another.
    Both are taken before reading, so what is written meanwhile is read now, or at the next import, or both.
    """

    name: str
    file: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Reader:
    """One format of one harness.

    `knows` is shown the first `HEAD` bytes of a file; `read` yields the records of an opened file, never raises because
    of what is in it, and fills `counts` on the way; its last argument is the file's absolute path (the name, if it is a
    `Source`). `folders` says where the harness keeps such files (or which they are), given the environment. `names` are
    the patterns of the file names that are looked at in a folder. `sources` says of a file's path what is read by it:
    None, the file itself; an empty list, nothing, another one speaks for it.
    """

    harness: str
    knows: Callable[[bytes], bool]
    read: Callable[[BinaryIO, Counts, str], Iterator[Seen]]
    folders: Callable[[Mapping[str, str]], list[str]]
    names: tuple[str, ...] = ("*.jsonl", "*.json")
    sources: Callable[[str], list[Source] | None] = lambda path: None


def first_objects(head: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects that stand on whole lines at the beginning of a file."""
    for line in head.split(b"\n")[:_SNIFFED]:
        yield from wire.objects(line.decode("utf-8", "replace"))[0]


def lines(file: BinaryIO, counts: Counts) -> Iterator[str]:
    """The lines of a file that are not blank; one of more than `LONGEST` bytes is broken, and never held whole."""
    while line := file.readline(LONGEST):
        if len(line) == LONGEST and not line.endswith(b"\n"):
            counts.lines += 1
            counts.broken += 1
            while line and not line.endswith(b"\n"):
                line = file.readline(HEAD)
            continue
        text = line.decode("utf-8", "replace").removeprefix("\ufeff")
        if not text.isspace():
            counts.lines += 1
            yield text


def opened(path: str) -> BinaryIO:
    """A regular file, to be read. Raises OSError, also for a pipe or a device: those are not waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return os.fdopen(handle, "rb")


def document(file: BinaryIO) -> tuple[dict[str, Any], str]:
    """The object that a file is, and why it is none ("" if it is). Text before its first brace is passed over.

    Of one that is cut off or damaged, what stands before its `messages` and those that are whole are kept.
    """
    content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        return {}, "too large"
    text = content[max(content.find(b"{"), 0) :].decode("utf-8", "replace")
    found, reason = wire.objects(text)
    if found:
        return found[0], ""
    head, apart, rest = text.partition('"messages"')
    found, _ = wire.objects(head.rstrip().removesuffix(",") + "}")
    if not apart or not found:
        return {}, reason
    return {**found[0], "messages": list(_whole(rest))}, reason


def _whole(text: str) -> Iterator[dict[str, Any]]:
    """The objects of an array, up to the first that is none."""
    place = text.find("{")
    while place >= 0:
        value, end = wire.object_at(text, place)
        if value is None:
            return
        yield value
        place = text.find("{", end)


def identity(value: object) -> str:
    """`value` if it is an id, else "": text of which a redactor has left its mark names nothing any more."""
    text = wire.string(value)
    return "" if "REDACTED" in text else text


def user_home(env: Mapping[str, str]) -> str:
    """The user's home directory, absolute."""
    return os.path.abspath(env.get("HOME") or os.path.expanduser("~"))
