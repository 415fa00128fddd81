"""Stopping a drainer, or failing one of its system calls, at a chosen point: strace does it.

A point is the n-th system call of a kind; strace counts for each thread by itself, so the first thread to get there is
the one that is hit, and the whole process dies of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.observe.faults.nursery import REPORT

CHECKOUT = Path(__file__).resolve().parents[3]
# What changes a file, a name, a folder, or makes such a change last.
CHANGES = (
    "write writev pwrite64 pwritev pwritev2 copy_file_range sendfile fallocate ftruncate truncate"
    " fsync fdatasync sync_file_range msync"
    " rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir"
    " open openat openat2 creat chmod fchmod fchmodat flock"
).split()
_ENTRY = re.compile(r"(\d+) +(\w+)\((.*)")
_OPENED = re.compile(r'"([^"]*)"')
_WRITING = re.compile(r"O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)")
_numbers = count(1)
needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None and os.environ.get("AJ_REQUIRE_CLIENT") != "1", reason="strace is not installed"
)


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """The `number`-th system call `call` of a thread; `path` is what it opens, if it opens a file."""

    call: str
    number: int
    path: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.call}#{self.number}"


@dataclass(frozen=True, slots=True)
class Run:
    """How a traced drainer ended: its wait status, what it raised ("" if nothing), what it printed, strace's log."""

    status: int
    raised: str
    out: str
    err: str
    log: str

    @property
    def killed(self) -> bool:
        return os.WIFSIGNALED(self.status)

    @property
    def exit_code(self) -> int:
        return os.waitstatus_to_exitcode(self.status)

    def points(self) -> list[Point]:
        """Every point at which it changed something, in the order in which they came first."""
        seen: Counter[tuple[str, str]] = Counter()
        found: dict[Point, None] = {}
        for line in self.log.splitlines():
            if not (match := _ENTRY.match(line)):
                continue
            thread, call, arguments = match.groups()
            seen[thread, call] += 1
            if not call.startswith("open") or _WRITING.search(arguments):
                path = _OPENED.search(arguments) if call.startswith("open") else None
                found[Point(call, seen[thread, call], path[1] if path else "")] = None
        return list(found)


class Nursery:
    """Runs drainers under strace. Use as a context manager; `folder` is for its own files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.observe.faults.nursery"],
            cwd=self._folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def _ask(self, order: Mapping[str, Any]) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(json.loads(self._process.stdout.readline()))

    def run(
        self,
        home: str,
        env: Mapping[str, str],
        now: float,
        *inject: str,
        command: bool = False,
        only: Sequence[str] = (),
    ) -> Run:
        """Drain `home` (as `aj ingest` if `command`) with strace's `inject` expressions, `only` for calls on paths."""
        files = {
            name: str(self._folder / f"{next(_numbers)}.{name}") for name in ("gate", "report", "out", "err", "log")
        }
        os.mkfifo(files["gate"])
        Path(files["report"]).write_bytes(b"\0" * REPORT)
        order = {**files, "home": home, "env": dict(env), "now": now, "as": "command" if command else "drain"}
        pid = self._ask(order)
        wanted = ",".join(f"?{call}" for call in CHANGES)
        argv = ["strace", "-f", "-qq", "-y", "-s", "0", "-e", "signal=none", "-e", f"trace={wanted}"]
        for expression in inject:
            argv += ["-e", f"inject={expression}"]
        for path in only:
            argv += ["-P", path]
        gate = os.open(files["gate"], os.O_RDWR)
        tracer = subprocess.Popen([*argv, "-o", files["log"], "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        try:
            _attached(pid, tracer)
        finally:
            os.write(gate, b"1")
            os.close(gate)
        status = self._ask({"reap": pid})
        said = tracer.communicate(timeout=30)[1]
        assert "invalid" not in said, said
        texts = {name: Path(files[name]).read_text(errors="replace") for name in ("report", "out", "err", "log")}
        for name in files.values():
            os.unlink(name)
        return Run(status, texts["report"].rstrip("\0"), texts["out"], texts["err"], texts["log"])


def _attached(pid: int, tracer: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 20
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        if tracer.poll() is not None:
            said = tracer.stderr.read() if tracer.stderr else ""
            if os.environ.get("AJ_REQUIRE_CLIENT") == "1":
                pytest.fail(f"strace cannot trace here: {said}")
            pytest.skip(f"strace cannot trace here: {said}")
        assert time.monotonic() < deadline, "strace does not attach"
        time.sleep(0.001)
