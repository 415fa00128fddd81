"""A compilation in a process of its own, from the watcher's side: begun, waited for without waiting, ended at need."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agentjit import data
from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.kit.process import Completed, Guard, kill_group, run

TIMEOUT = 1800.0  # seconds
# As the launcher in `install/links.py`: neither the working directory nor PYTHONPATH may change what is imported.
_START = "import sys; sys.path.append(sys.argv.pop(1)); from agentjit.watch.turn import main; main()"


class CompilationFailed(AjError):
    """The process did not do what it was started for."""


@dataclass(frozen=True, slots=True)
class Result:
    """`free`: nobody else was compiling, so it was done; what is new, as lines; how long it took (seconds)."""

    free: bool
    news: tuple[str, ...]
    seconds: float


class _Owner(Guard):
    """A guard that can end whom it guards; what was to be ended before it began is ended as it begins."""

    __slots__ = ("_ended", "_group")

    def __init__(self) -> None:
        super().__init__()
        self._group = 0
        self._ended = False

    def started(self, group: int) -> None:
        super().started(group)
        self._group = group
        if self._ended:
            kill_group(group)

    def ended(self, group: int) -> None:
        self._group = 0
        super().ended(group)

    def end(self) -> None:
        self._ended = True
        if self._group:
            kill_group(self._group)


class Compilation:
    """Starts at once; `rings` is called, in another thread, when it is over. No process of it outlives ours.

    Raises OSError or RuntimeError where no process or thread can be had.
    """

    def __init__(self, home: Home, templates: str, env: Mapping[str, str], rings: Callable[[], None]) -> None:
        place = str(data.PACKAGE.parent)
        argv = [sys.executable, "-E", "-P", "-c", _START, place, home.root, templates, str(os.getpid())]
        self.over = False
        self._owner = _Owner()
        self._completed: Completed | None = None
        self._problem = "it was ended"
        self._rings = rings
        self._thread = threading.Thread(target=self._run, args=(argv, env), daemon=True)
        self._thread.start()

    def _run(self, argv: list[str], env: Mapping[str, str]) -> None:
        try:
            self._completed = run(argv, cwd="/", env=env, timeout=TIMEOUT, guard=self._owner)
        except Exception as error:
            self._problem = f"{type(error).__name__}: {error}"
        self._owner.close()
        self.over = True
        self._rings()

    def result(self) -> Result:
        """What came of it, once it is over; raises CompilationFailed."""
        done = self._completed
        if done is None:
            raise CompilationFailed(self._problem)
        if done.timed_out:
            raise CompilationFailed(f"no end in {TIMEOUT / 60:.0f} minutes")
        if done.exit_code != 0:
            raise CompilationFailed((done.stderr.strip() or f"exit status {done.exit_code}").splitlines()[-1])
        said = json.loads(done.stdout)
        return Result(said["free"], tuple(said["news"]), done.seconds)

    def end(self) -> None:
        """Kill what still runs; returns when nothing does."""
        self._owner.end()
        self._thread.join()
