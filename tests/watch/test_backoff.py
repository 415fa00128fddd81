"""The pauses between tries, and what is said of them."""

from __future__ import annotations

import errno
import threading

from agentjit.errors import StoreBroken, StoreBusy
from agentjit.watch.backoff import FIRST, MOST, Backoff
from agentjit.watch.bell import Bell


def test_pauses_double_up_to_some_minutes() -> None:
    backoff, now, pauses = Backoff(), 1000.0, []
    for _ in range(12):
        backoff.failed(StoreBusy("busy"), now)
        pauses.append(backoff.not_before - now)
        assert not backoff.ready(backoff.not_before - 0.1)
        now = backoff.not_before
        assert backoff.ready(now)
    assert pauses[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST]
    assert pauses[-1] == MOST == max(pauses)


def test_a_failure_is_news_once_and_so_is_its_end() -> None:
    backoff = Backoff()
    assert not backoff.went_well()
    full, forbidden = OSError(errno.ENOSPC, "no space"), OSError(errno.EACCES, "no")
    news = [backoff.failed(error, 0.0) for error in (full, full, forbidden, StoreBroken("try 1"), StoreBroken("try 2"))]
    assert news == [True, False, True, True, False]
    assert backoff.went_well()
    assert backoff.ready(0.0)
    assert backoff.failed(full, 0.0), "it has worked in between"
    assert backoff.not_before == FIRST, "and begins anew"


def test_what_went_well_can_be_asked_to_wait() -> None:
    backoff = Backoff()
    backoff.went_well(not_before=7.0)
    assert (backoff.ready(6.9), backoff.ready(7.0)) == (False, True)


def test_many_rings_are_one() -> None:
    bell = Bell()

    def ring() -> None:
        for _ in range(1000):
            bell.ring()

    ringers = [threading.Thread(target=ring) for _ in range(4)]
    for ringer in ringers:
        ringer.start()
    for ringer in ringers:
        ringer.join()
    assert bell.wait(0.0)
    assert not bell.wait(0.0)
    bell.ring()
    assert bell.wait(0.0)
