"""Retention: what is older or more than the config allows goes, once a day at most.

Skills stay: they are what was learned, and `aj forget` removes those too. Nothing is marked, but that a transcript was
imported is remembered: it is only read again if it has changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentjit.config import Config
from agentjit.forget.files import files_in, remove_files, write_anew
from agentjit.forget.wanted import KNOWN
from agentjit.home import Home
from agentjit.store import Store
from agentjit.store_forget import Gone, Target

DAY = 86_400.0
MEGABYTE = 1_000_000
PAYS = 0.2  # share of the text that has to be dead before the file is written anew to get its room back
ROOM = 0.9  # of the size allowed is used after making room, so that it is not made every day
_ROUNDS = 3  # of making room: how much of the file a session is can only be estimated
GAP = 30  # days without any session after which the clock is in doubt
SURE = 3  # days with sessions on the other side of such a gap after which it is believed

Activity = tuple[str, float, int]
"""Session, when it was last active (Unix seconds), bytes of its text."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Sessions and quarantined files that went; whether the database was written anew."""

    sessions: int = 0
    quarantined: int = 0
    rewritten: bool = False


def due(home: Home, now: float) -> bool:
    """Whether `expire` has not run in the last day; after a clock that was set back it has not."""
    return not 0 <= now - _stamp(home)[0] < DAY


def expire(home: Home, config: Config, *, now: float) -> Expired:
    """Remove sessions not active for `config.days`, then the oldest until the database keeps to `config.megabytes`, and
    quarantined files of more than `config.quarantine_days`. A session active within the last day stays.

    Raises StoreBusy, StoreBroken.
    """
    dead = _stamp(home)[1]
    with Store.open(home, write=False) as store:
        known = store.activity()
    aside = list(files_in(home.quarantine))
    today = believed(now, [*(at for _, at, _ in known), *(file.at for file in aside)])
    old = too_old(known, today - config.days * DAY)
    left = [each for each in known if each[0] not in old]
    lost = sum(size for name, _, size in known if name in old)
    limit = config.megabytes * MEGABYTE
    total = sum(size for _, _, size in known) + dead
    rewritten = _size(home) > limit or lost + dead > PAYS * total
    if rewritten:
        _write_anew(home, old, today - config.days * DAY)
        dead = 0
        for _ in range(_ROUNDS):
            more = too_much(left, _size(home), limit, today - DAY) if _size(home) > limit else set()
            if not more:
                break
            _write_anew(home, more, today - config.days * DAY)
            left = [each for each in left if each[0] not in more]
            old |= more
    elif old:
        _delete(home, old, today - config.days * DAY)
        dead += lost
    stale = [file for file in aside if file.at < today - config.quarantine_days * DAY]
    remove_files(stale)
    write_anew(home.expired, json.dumps({"at": now, "dead_bytes": dead}).encode())
    return Expired(len(old), sum(not file.path.endswith(".reason") for file in stale), rewritten)


def too_old(known: Sequence[Activity], before: float) -> set[str]:
    """Sessions last active before a time; one whose time is not known is not old."""
    return {session for session, at, _ in known if KNOWN <= at < before}


def too_much(known: Sequence[Activity], size: int, limit: int, running: float) -> set[str]:
    """The oldest sessions to be removed so that a file of `size` bytes, which holds all of `known`, keeps to `limit`;
    none active since `running`.
    """
    total = sum(size for _, _, size in known)
    left, gone = total, set()
    for session, at, own in sorted(known, key=lambda each: (each[1], each[0])):
        if left * size <= limit * ROOM * total or at >= running:
            break
        gone.add(session)
        left -= own
    return gone


def believed(now: float, times: Iterable[float]) -> float:
    """What time it is, as far as the records bear it out; no later than `now`.

    A clock that was set to another year would make everything old at once, also what was recorded since. So a jump
    over more than GAP days without a session is believed only after SURE days with sessions on its other side, and the
    time is never later than GAP days after the last of them. Who comes back from a long pause waits these days, no
    more; a clock set back makes nothing old.
    """
    days = sorted({int(at // DAY) for at in times if at >= KNOWN})
    if not days:
        return now
    runs = [[days[0]]]
    for day in days[1:]:
        if day - runs[-1][-1] > GAP:
            runs.append([])
        runs[-1].append(day)
    while len(runs) > 1 and len(runs[-1]) < SURE:
        runs.pop()
    return min(now, (runs[-1][-1] + GAP) * DAY)


def _chosen(store: Store, sessions: set[str], before: float) -> Gone:
    return store.doomed(Target(sessions=frozenset(sessions), family=False, loose_before=before, imports=False))


def _write_anew(home: Home, sessions: set[str], before: float) -> None:
    with Store.rewriting(home, lambda store: (_chosen(store, sessions, before), ())):
        pass


def _delete(home: Home, sessions: set[str], before: float) -> None:
    with Store.open(home, write=True) as store:
        store.remove(_chosen(store, sessions, before))


def _size(home: Home) -> int:
    """Bytes of the database."""
    try:
        return os.path.getsize(home.database)
    except FileNotFoundError:
        return 0


def _stamp(home: Home) -> tuple[float, int]:
    """When it was last done, and the bytes of text deleted since the file was written anew."""
    try:
        value = json.loads(Path(home.expired).read_bytes())
        return float(value["at"]), int(value["dead_bytes"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0, 0
