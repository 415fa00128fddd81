"""The local performer: argv without a shell, scripts with positional parameters, files as the agent reads them."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping
from types import TracebackType

from .calls import Ask, Bash, Call, Read, Result, Shell
from .drive import StepFailed
from .process import Guard, run

READ_LIMIT = 4 * 1024 * 1024  # bytes of a file; what is larger is for the model to read in parts
READ_LINES = 2000  # the agent's own Read tool stops there


class Local:
    """Performs calls on this machine, in `cwd`, until `deadline` (monotonic seconds from now) is reached.

    `permit` is asked before each call, with its final values, and raises `StepFailed` to refuse it.
    """

    def __init__(
        self,
        *,
        cwd: str,
        env: Mapping[str, str],
        seconds: float = 600.0,
        permit: Callable[[Call], None] = lambda call: None,
    ) -> None:
        self._cwd = cwd
        # An agent started by a skill is not the user's habit: it is recorded as our own, or as ever not at all.
        self._env = dict(env) | {"AJ_OBSERVE": "0" if env.get("AJ_OBSERVE") == "0" else "self"}
        self._deadline = time.monotonic() + seconds
        self._permit = permit
        self._guard: Guard | None = None

    def __enter__(self) -> Local:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._guard:
            self._guard.close()
            self._guard = None

    def perform(self, call: Call) -> Result:
        """Do `call` and give what the agent would have seen; raises `StepFailed` if it cannot be done."""
        if isinstance(call, Ask):
            return Result(self._environment(call.name), None)
        self._permit(call)
        if isinstance(call, Bash):
            return self._command(call.argv)
        if isinstance(call, Shell):
            return self._command(("bash", "-c", call.script, "aj", *call.args))
        if isinstance(call, Read):
            return self._read(call)
        raise StepFailed("a call this performer knows", type(call).__name__)

    def _environment(self, name: str) -> str:
        if name.startswith("$"):
            return self._env[name[1:]]  # that it is set is a precondition
        return self._cwd if name == "cwd" else time.strftime("%Y-%m-%d")

    def _command(self, argv: tuple[str, ...]) -> Result:
        if self._guard is None:
            self._guard = Guard()
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise StepFailed("to be done in time", "no time left")
        try:
            done = run(argv, cwd=self._cwd, env=self._env, timeout=left, merge=True, guard=self._guard)
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            raise StepFailed(f"{argv[0]} to start", str(error)) from error
        if done.timed_out:
            raise StepFailed("to be done in time", f"still running after {done.seconds:.1f} s, ended")
        if done.truncated:
            raise StepFailed("output of a readable size", f"more than {len(done.stdout)} characters")
        return Result(done.stdout, done.exit_code, done.seconds)

    def _read(self, call: Read) -> Result:
        begin = time.monotonic()
        path = os.path.join(self._cwd, call.path)
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise StepFailed("a regular file", path)
            with open(path, "rb") as file:
                raw = file.read(READ_LIMIT + 1)
        except OSError as error:
            raise StepFailed(f"to read {path}", error.strerror or str(error)) from error
        if len(raw) > READ_LIMIT or b"\0" in raw:
            raise StepFailed("a text file of a readable size", path)
        lines = raw.decode("utf-8", "replace").split("\n")
        first = max(0, (call.offset or 1) - 1)
        chosen = lines[first : first + (call.limit or READ_LINES)]
        if call.limit is None and len(lines) - first > READ_LINES + 1:
            raise StepFailed(f"at most {READ_LINES} lines", f"{len(lines)} in {path}")
        return Result("\n".join(chosen), None, time.monotonic() - begin)
