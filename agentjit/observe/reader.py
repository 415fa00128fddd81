"""What a harness's module offers the importer: how to know its files, where they are, how they become records."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from agentjit.observe import wire
from agentjit.trace import Seen

HEAD = 256 * 1024
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
class Reader:
    """One format of one harness.

    `knows` is shown the first `HEAD` bytes of a file; `read` yields the records of an opened file, never raises because
    of what is in it, and fills `counts` on the way; its last argument is the file's absolute path. `folders` says where
    the harness keeps such files, given the environment.
    """

    harness: str
    knows: Callable[[bytes], bool]
    read: Callable[[BinaryIO, Counts, str], Iterator[Seen]]
    folders: Callable[[Mapping[str, str]], list[str]]


def first_objects(head: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects that stand on whole lines at the beginning of a file."""
    for line in head.split(b"\n")[:_SNIFFED]:
        yield from wire.objects(line.decode("utf-8", "replace"))[0]


def user_home(env: Mapping[str, str]) -> str:
    """The user's home directory, absolute."""
    return os.path.abspath(env.get("HOME") or os.path.expanduser("~"))
