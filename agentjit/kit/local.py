"""The local performer: argv without a shell, scripts with positional parameters, files and MCP tools as the agent has
them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Lock
from types import TracebackType

from .calls import Ask, Bash, Call, Edit, Read, Result, Shell, Tool, Write
from .drive import StepFailed, WaveFailed
from .process import Guard, run

TYPE_CHECKING = False  # as in typing, which takes milliseconds to import
if TYPE_CHECKING:
    from . import mcp


def _never() -> bool:
    return False


class Local:
    """Performs calls on this machine, in `cwd`, until `deadline` (monotonic seconds from now) is reached.

    `permit` is asked before each call, of calls made together before any of them, with its final values, and raises
    `StepFailed` to refuse it. Programs, and servers of tools, are ended with it, whatever becomes of us.
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
        self._servers: mcp.Servers | None = None
        self._turn = Lock()

    def __enter__(self) -> Local:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._servers:
            self._servers.close()
            self._servers = None
        if self._guard:
            self._guard.close()
            self._guard = None

    def perform(self, call: Call) -> Result:
        """Do `call` and give what the agent would have seen; raises `StepFailed` if it cannot be done."""
        if isinstance(call, Ask):
            return Result(self._environment(call.name), None)
        self._permit(call)
        return self._perform(call, _never)

    def perform_all(self, calls: tuple[Call, ...]) -> tuple[Result, ...]:
        """Do `calls` at the same time, once all of them are permitted; results in their order, or `WaveFailed`."""
        for place, call in enumerate(calls):
            try:
                if not isinstance(call, Ask):
                    self._permit(call)
            except StepFailed as refusal:
                raise WaveFailed(refusal, place, [None] * len(calls)) from refusal
        from . import wave  # not needed by most runs

        self._guarded()
        return wave.performed(calls, self._perform)

    def _perform(self, call: Call, stopped: Callable[[], bool]) -> Result:
        if stopped():
            raise StepFailed("to be begun", "another call failed first")
        if isinstance(call, Ask):
            return Result(self._environment(call.name), None)
        if isinstance(call, Bash):
            return self._command(call.argv, stopped)
        if isinstance(call, Shell):
            return self._command(("bash", "-c", call.script, "aj", *call.args), stopped)
        if isinstance(call, Read | Write | Edit):
            return self._file(call)
        if isinstance(call, Tool):
            return self._tool(call, stopped)
        raise StepFailed("a call this performer knows", type(call).__name__)

    def _environment(self, name: str) -> str:
        from .surroundings import surrounding  # not needed by most runs

        try:
            return surrounding(name, self._cwd, self._env, time.time())
        except ValueError as error:
            raise StepFailed(f"{name} of the environment", str(error)) from error

    def _guarded(self) -> Guard:
        if self._guard is None:
            self._guard = Guard()
        return self._guard

    def _left(self) -> float:
        """Seconds left; raises `StepFailed` if there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise StepFailed("to be done in time", "no time left")
        return left

    def _command(self, argv: tuple[str, ...], stopped: Callable[[], bool]) -> Result:
        guard, left = self._guarded(), self._left()
        try:
            done = run(argv, cwd=self._cwd, env=self._env, timeout=left, merge=True, guard=guard, stopped=stopped)
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            raise StepFailed(f"{argv[0] if argv else 'a program'} to start", str(error)) from error
        if done.timed_out and stopped():
            raise StepFailed("to come to an end", "ended, as another call failed")
        if done.timed_out:
            raise StepFailed("to be done in time", f"still running after {done.seconds:.1f} s, ended")
        if done.truncated:
            raise StepFailed("output of a readable size", f"more than {len(done.stdout)} characters")
        return Result(done.stdout, done.exit_code, done.seconds, self._cwd)

    def _file(self, call: Read | Write | Edit) -> Result:
        from . import files  # not needed by most runs

        begin = time.monotonic()
        self._left()
        if isinstance(call, Read):
            text = files.read(self._cwd, call)
        elif isinstance(call, Write):
            text = files.write(self._cwd, call)
        else:
            text = files.edit(self._cwd, call)
        return Result(text, None, time.monotonic() - begin)

    def _tool(self, call: Tool, stopped: Callable[[], bool]) -> Result:
        from . import mcp  # not needed by most runs

        guard = self._guarded()
        with self._turn:
            self._servers = self._servers or mcp.Servers(cwd=self._cwd, env=self._env, guard=guard)
        return self._servers.call(call, left=self._left, stopped=stopped)
