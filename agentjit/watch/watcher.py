"""`aj watch`: turn the pipeline as events arrive, one watcher per home.

Files settle for a moment before they are drained, so that a burst of calls is one transaction; compiling waits for the
end of a session or a quiet minute, because it reads the whole history. What fails is tried again, ever more rarely.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from agentjit import data
from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.lock import Holder, Place, alone, holder
from agentjit.observe.ingest import drain
from agentjit.watch.backoff import Backoff
from agentjit.watch.bell import Bell, Eyes
from agentjit.watch.compilation import Compilation
from agentjit.watch.turn import Standing

_PATIENCE = 0.5  # seconds: whoever asks for the state of the lock holds it for an instant


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. Only tests have another than this one."""

    settle: float = 1.0  # of quiet before draining,
    busy: float = 5.0  # or of traffic without any
    quiet: float = 60.0  # after which a session counts as over
    gap: float = 10.0  # at least, between two compilations; else twice as long as one took
    look: float = 300.0  # between looks without any event: notifications can be lost
    blind: float = 10.0  # the same where there are no notifications


class AlreadyWatched(AjError):
    """One watcher per home."""

    exit_code = 2
    slug = "already-watched"

    def __init__(self, home: Home, other: Holder | None) -> None:
        pid = f" (pid {other.pid})" if other and other.pid else ""
        super().__init__(f"another aj watch{pid} runs for {home.root}; one is enough")


class Updated(AjError):
    """The program on disk is not the one that runs."""

    slug = "updated"


class Stopped(BaseException):
    """Raised by signal handlers, at any point: what is written must bear it, as it must bear kill -9."""


def watch(
    home: Home,
    templates: str,
    env: Mapping[str, str],
    *,
    say: Callable[[str], None],
    warn: Callable[[str], None],
    pace: Pace | None = None,
) -> None:
    """Drain and compile until `Stopped` is raised, which this passes on, or the home is gone.

    What happens goes to `say`, trouble to `warn`, each kind once. Raises AlreadyWatched, Updated, AjError where no lock
    can be had.
    """
    home.ensure()
    with _place(home) as place:
        home = Standing(home.root, place)
        watcher = _Watcher(home, templates, env, say, warn, pace or Pace(), place)
        try:
            watcher.run()
        finally:
            watcher.close()


@contextmanager
def _place(home: Home) -> Iterator[Place]:
    with ExitStack() as stack:
        try:
            place = stack.enter_context(alone(home.watch_lock, wait=_PATIENCE, now=time.time()))
        except OSError as error:
            reason = f"{home.watch_lock} cannot be locked ({error.strerror})"
            raise AjError(f"{reason}, so a second watcher could not be kept out; sessions load at their end") from error
        if place is None:
            raise AlreadyWatched(home, holder(home.watch_lock))
        yield place


class _Watcher:
    """The state between two turns. All times are monotonic: the wall clock may jump, and the machine may sleep."""

    def __init__(
        self,
        home: Home,
        templates: str,
        env: Mapping[str, str],
        say: Callable[[str], None],
        warn: Callable[[str], None],
        pace: Pace,
        place: Place,
    ) -> None:
        self._home = home
        self._templates = templates
        self._env = env
        self._say = say
        self._warn = warn
        self._pace = pace
        self._place = place
        self._bell = Bell()
        self._eyes = Eyes(home, self._bell)
        self._compilation: Compilation | None = None
        self._blind = ""
        self._program = _program()
        self._draining = Backoff()
        self._compiling = Backoff()
        self._loaded_at = time.monotonic()
        self._uncompiled = True
        self._ended = False  # a session, since the last compilation
        self._unfinished = False  # there are files that may still grow

    def run(self) -> None:
        self._open_eyes()
        self._say(f"watching {self._home.spool}; Ctrl-C stops")
        while self._place.stands():
            if self._blind or not self._eyes.see_spool():
                self._open_eyes()
            if _program() != self._program:
                raise Updated("AgentJIT was updated since this watcher started; start `aj watch` again")
            self._turn()
            if self._bell.wait(self._pause(time.monotonic())):
                self._settle()
        self._say(f"{self._home.root} is gone or was replaced; nothing left to watch")

    def close(self) -> None:
        """Leave nothing behind: no process, no thread."""
        if self._compilation:
            self._compilation.end()
        self._eyes.close()

    def _open_eyes(self) -> None:
        blind = self._eyes.renew()
        if blind and not self._blind:
            self._warn(f"no notifications ({blind}); looking every {self._pace.blind:.0f} s instead")
        self._blind = blind

    def _settle(self) -> None:
        """A moment of quiet, so that what arrives together is loaded together."""
        until = time.monotonic() + self._pace.busy
        while self._bell.wait(min(self._pace.settle, until - time.monotonic())) and time.monotonic() < until:
            pass

    def _pause(self, now: float) -> float:
        """Seconds until there is something to do though nobody rings."""
        due = [now + (self._pace.blind if self._blind else self._pace.look)]
        if self._uncompiled and not self._compilation:  # which rings when it is over
            due.append(max(self._over_at(), self._compiling.not_before))
        if self._unfinished:
            due.append(now + self._pace.quiet)
        if not self._draining.ready(now):
            due.append(self._draining.not_before)
        return max(min(due) - now, 0.0)

    def _turn(self) -> None:
        """Load what there is, then compile if it is time; one that fails does not keep the other."""
        if self._draining.ready(time.monotonic()):
            self._attempt(self._draining, "loading", self._drain)
        if self._compilation and self._compilation.over:
            self._attempt(self._compiling, "compiling", self._publish)
        now = time.monotonic()
        if self._uncompiled and not self._compilation and now >= self._over_at() and self._compiling.ready(now):
            self._begin()

    def _over_at(self) -> float:
        """When a session was, or will be, over."""
        return self._loaded_at if self._ended else self._loaded_at + self._pace.quiet

    def _attempt(self, backoff: Backoff, what: str, act: Callable[[], float]) -> None:
        """Do it, unless the home is being deleted; `act` returns when, at the earliest, to do it again."""
        try:
            not_before = act()
        except Exception as error:  # whatever it is, a watcher that is gone helps nobody
            self._failed(backoff, what, error)
            return
        if backoff.went_well(not_before=not_before):
            self._warn(f"{what} works again")

    def _failed(self, backoff: Backoff, what: str, error: Exception) -> None:
        if self._place.stands() and backoff.failed(error, time.monotonic()):
            kind = "" if isinstance(error, AjError) else f"{type(error).__name__}: "
            self._warn(f"{what} failed and will be tried again: {kind}{error}")

    def _drain(self) -> float:
        ends = any(name.startswith("SessionEnd.") for name in _names(self._home.spool))
        done = drain(self._home, self._env, now=time.time())
        self._unfinished = bool(done.skipped)
        if done.quarantined:
            self._warn(f"set aside: {done.quarantined} (`aj doctor` says why)")
        if done.events:
            self._say(f"loaded: {done.events}")
            self._uncompiled, self._loaded_at = True, time.monotonic()
            self._ended |= ends
        return 0.0

    def _begin(self) -> None:
        try:
            self._compilation = Compilation(self._home, self._templates, self._env, self._bell.ring)
        except Exception as error:
            self._failed(self._compiling, "compiling", error)
        else:
            self._uncompiled = self._ended = False

    def _publish(self) -> float:
        """Tell of the compilation that is over; if it did not compile, that is still to be done."""
        compilation, self._compilation = self._compilation, None
        assert compilation
        uncompiled, self._uncompiled = self._uncompiled, True
        done = compilation.result()
        now = time.monotonic()
        if not done.free:  # another process has it; what we loaded since it began is not in there
            return now + self._pace.gap
        self._uncompiled = uncompiled
        self._say(f"compiled in {done.seconds:.1f} s")
        for line in done.news:
            self._say(line)
        return now + max(self._pace.gap, 2 * done.seconds)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:  # a hook makes it again
        return []


def _program() -> tuple[int, int]:
    """Which program is on disk; it is replaced as a whole, this file of it with the version."""
    try:
        about = os.stat(data.PACKAGE / "__init__.py")
    except OSError:
        return (0, 0)
    return (about.st_ino, about.st_mtime_ns)
