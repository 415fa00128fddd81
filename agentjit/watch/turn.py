"""One compilation as a process of its own: what it takes from the machine it gives back, and it can be ended."""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import time
from collections.abc import Iterator

from agentjit import config, forget
from agentjit.home import Home
from agentjit.lock import Place, held
from agentjit.pipeline import Compiled, compile_all

NICE = 10  # the user's own work comes first


class Standing(Home):
    """A home that is not made again once it is gone, though it goes while something is written into it."""

    __slots__ = ("_place",)

    def __init__(self, root: str, place: Place) -> None:
        super().__init__(root)
        self._place = place

    def ensure(self) -> None:
        """Raises FileNotFoundError where `Home` would begin anew; never makes the root."""
        if not self._place.stands():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.root)
        for folder in (self.spool, self.quarantine, self.skills, self.bin):
            try:
                os.mkdir(folder, 0o700)
            except FileExistsError:
                pass


def main() -> None:
    """Called with home, templates and the parent's pid; prints JSON: `free` (nobody else compiles), `news` (lines)."""
    root, templates, parent = sys.argv[1:]
    threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    os.nice(NICE)
    lock = Home(root).watch_lock
    home = Standing(root, Place(lock, os.open(lock, os.O_RDONLY | os.O_CLOEXEC)))
    with held(home.compile_lock, wait=0.0) as free:
        news = list(_news(compile_all(home, templates, now=time.time()))) if free else []
        if free and forget.due(home, time.time()):
            forget.expire(home, config.load(home, os.environ), now=time.time())
    print(json.dumps({"free": free, "news": news}))


def _end_with(parent: int) -> None:
    """The guard of `kit.process` does this at once, but knows us only a moment after we began."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _news(done: Compiled) -> Iterator[str]:
    yield from (f"{what}: {name}" for name, what in done.happened.items() if what != "unchanged")
    yield from (f"retired: {name}" for name in done.retired)
