"""The only importer of subprocess: run a command in a process group of its own, and leave nothing behind.

Output is bounded while it is read, so a command that never stops talking costs memory for `limit` bytes only. A
`Guard` kills the groups of a run even when our own process is killed with -9.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

TYPE_CHECKING = False  # as in typing, which takes milliseconds to import
if TYPE_CHECKING:
    from typing import IO

_FAREWELL = 0.3  # seconds a program that was talked to has to end by itself
OUTPUT_LIMIT = 4 * 1024 * 1024  # bytes kept of one command's output


class Completed:
    """A finished command. `exit_code` is None if it was `timed_out`: killed at its time-out, or because the run was
    stopped; `truncated` if output was cut.
    """

    __slots__ = ("exit_code", "seconds", "stderr", "stdout", "timed_out", "truncated")

    def __init__(
        self, exit_code: int | None, stdout: str, stderr: str, timed_out: bool, truncated: bool, seconds: float
    ) -> None:
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr
        self.timed_out = timed_out
        self.truncated = truncated
        self.seconds = seconds


_WATCH = """
trap '' HUP INT TERM
open=
while read -r what group; do
    rest=
    for each in $open; do [ "$each" = "$group" ] || rest="$rest $each"; done
    open=$rest
    [ "$what" = + ] && open="$open $group"
done
for group in $open; do kill -9 "-$group"; done
"""


class Guard:
    """Kills the process groups named to it when this process ends without saying that they have ended.

    A shell that reads their names from a pipe: at the pipe's end it kills those still open. Not a fork of ours, which
    would be unsafe in a process with threads.
    """

    __slots__ = ("_pipe", "_shell")

    def __init__(self) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # whoever reads our output must not wait for it
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a signal to our group must not reach it
            cwd="/",
        )
        assert self._shell.stdin
        self._pipe = self._shell.stdin

    def started(self, group: int) -> None:
        self._tell(b"+ %d\n" % group)

    def ended(self, group: int) -> None:
        self._tell(b"- %d\n" % group)

    def _tell(self, line: bytes) -> None:
        try:
            os.write(self._pipe.fileno(), line)
        except BrokenPipeError:
            pass  # somebody killed it: we go on without

    def close(self) -> None:
        self._pipe.close()
        self._shell.wait()


def kill_group(group: int) -> None:
    """End a process group; one that has ended already is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def run(
    argv: Sequence[str],
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = 60.0,
    merge: bool = False,
    limit: int = OUTPUT_LIMIT,
    guard: Guard | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Completed:
    """Run `argv` (no shell) to its end, for `timeout` seconds, or until `stopped`; raises OSError if it cannot start.

    `merge` puts the error stream into `stdout` in the order written, as an agent's shell tool shows it. The process
    group is killed at the time-out, and whatever a finished command left in the background is killed too.
    """
    begin = time.monotonic()
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env=dict(env) if env is not None else None,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merge else subprocess.PIPE,
        start_new_session=True,
    )
    if guard:
        guard.started(process.pid)
    try:
        outputs, truncated, timed_out = _communicate(process, stdin, begin + timeout, limit, stopped)
    finally:
        kill_group(process.pid)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        if guard:
            guard.ended(process.pid)
    stdout, stderr = (bytes(output).decode("utf-8", "replace") for output in outputs)
    exit_code = None if timed_out else process.returncode
    return Completed(exit_code, stdout, stderr, timed_out, truncated, time.monotonic() - begin)


def _communicate(
    process: subprocess.Popen[bytes], stdin: bytes, deadline: float, limit: int, stopped: Callable[[], bool]
) -> tuple[tuple[bytearray, bytearray], bool, bool]:
    """Feed and read until the command has ended and its pipes are empty; (outputs, truncated, timed out).

    The end of the command counts, not the end of the pipe: a server left in the background would hold it open for ever.
    """
    outputs = (bytearray(), bytearray())
    truncated = False
    pending = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for stream, output in ((process.stdout, outputs[0]), (process.stderr, outputs[1])):
            if stream:
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, output)
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            ended = process.poll() is not None
            wait = 0.0 if ended else min(0.05, max(0.0, deadline - time.monotonic()))
            ready = selector.select(wait)
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    pending = _feed(process, pending, selector)
                    continue
                try:
                    chunk = os.read(key.fd, 65536)
                except BlockingIOError:
                    continue
                if not chunk:
                    selector.unregister(key.fileobj)
                elif len(key.data) < limit:
                    key.data.extend(chunk[: limit - len(key.data)])
                else:
                    truncated = True
            if ended and not ready:
                return outputs, truncated, False
            if (time.monotonic() >= deadline or stopped()) and process.poll() is None:
                return outputs, truncated, True
    while process.poll() is None:  # its pipes are closed, and it goes on
        if time.monotonic() >= deadline or stopped():
            return outputs, truncated, True
        try:
            process.wait(min(0.05, max(0.0, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            continue
    return outputs, truncated, False


def _feed(process: subprocess.Popen[bytes], pending: memoryview, selector: selectors.BaseSelector) -> memoryview:
    assert process.stdin
    try:
        pending = pending[os.write(process.stdin.fileno(), pending[:65536]) :]
    except BrokenPipeError:
        pending = pending[:0]
    if not pending:
        selector.unregister(process.stdin)
        process.stdin.close()
    return pending


class Talk:
    """A program that is talked to line by line; it ends, with all it started, when it is closed or we are gone."""

    __slots__ = ("_buffer", "_guard", "_process")

    def __init__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], guard: Guard) -> None:
        self._buffer = bytearray()
        self._guard = guard
        self._process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        guard.started(self._process.pid)
        assert self._process.stdin and self._process.stdout
        os.set_blocking(self._process.stdin.fileno(), False)
        os.set_blocking(self._process.stdout.fileno(), False)

    def send(self, line: bytes, over: Callable[[], bool]) -> None:
        """Write a line; raises OSError if the program does not take it, or when it is `over`."""
        assert self._process.stdin
        pending = memoryview(line + b"\n")
        while pending:
            self._ready(self._process.stdin, selectors.EVENT_WRITE, over)
            try:
                pending = pending[os.write(self._process.stdin.fileno(), pending[:65536]) :]
            except BlockingIOError:
                continue

    def receive(self, over: Callable[[], bool]) -> bytes:
        """The next line; raises EOFError at the end of the output, OSError for a line beyond all measure or when it is
        `over`.
        """
        assert self._process.stdout
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > OUTPUT_LIMIT:
                raise OSError(f"a line of more than {OUTPUT_LIMIT} bytes")
            self._ready(self._process.stdout, selectors.EVENT_READ, over)
            try:
                chunk = os.read(self._process.stdout.fileno(), 65536)
            except BlockingIOError:
                continue
            if not chunk:
                raise EOFError("the program ended")
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _ready(self, stream: IO[bytes], event: int, over: Callable[[], bool]) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(stream, event)
            while True:
                if over():
                    raise OSError("ended, as another call failed")
                if selector.select(0.05):
                    return

    def close(self) -> None:
        """End it: it is told by the end of its input, and killed if it does not heed that."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            pass
        kill_group(self._process.pid)
        self._process.wait()
        self._process.stdout.close()
        self._guard.ended(self._process.pid)
