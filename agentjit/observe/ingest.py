"""Drain the spool into the store: each event once, whatever is killed when.

A file is removed only after its records are committed; a crash in between repeats them, and records have natural keys.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from agentjit import spool
from agentjit.home import Home
from agentjit.observe import wire
from agentjit.observe.bounds import LONGEST, bounded
from agentjit.observe.consent import KEPT_OUT, Consent, admit, consent_of
from agentjit.observe.harness import claude_hooks
from agentjit.observe.harness.claude_transcript import projects
from agentjit.observe.importer import import_files
from agentjit.observe.memory import Memory
from agentjit.observe.redact import Redactor, home_key
from agentjit.store import Store
from agentjit.trace import DecisionSeen, PromptSeen, Seen, SessionSeen, TurnSeen

_FILES = 5_000  # to a transaction
_BYTES = 16 * 1024 * 1024  # the same
_OPEN = 4  # transactions until others are let at the database, and its memory is given back
_TRANSCRIPT = 64 * 1024 * 1024  # bytes; a larger one is left to `aj import`
_ENDS = ("Stop", "SessionEnd")  # of a turn, of a session: the transcript has more to say now
NO_SKILL = "no skill is active"


@dataclass(slots=True)
class Drained:
    """Events loaded, records they held (transcripts included), files set aside, files left because they may still grow
    or were taken by another drainer.
    """

    events: int = 0
    records: int = 0
    quarantined: int = 0
    skipped: int = 0


_Transcripts = dict[str, list[spool.Waiting]]
"""The events that named a transcript, by its path."""


@dataclass(slots=True)
class _Batch:
    taken: list[spool.Waiting] = field(default_factory=list)
    records: list[Seen] = field(default_factory=list)
    bad: list[tuple[spool.Waiting, str]] = field(default_factory=list)
    learned: list[tuple[str, str, str]] = field(default_factory=list)


def drain(home: Home, redactor_env: Mapping[str, str], *, now: float) -> Drained:
    """Load what waits in the spool; `redactor_env` says which values are secret and where transcripts are.

    Raises BadConfig, StoreBusy, StoreBroken (then what is not loaded is still in the spool), OSError for a home that
    cannot be written; never because of what a file holds.
    """
    done = Drained(quarantined=spool.sweep(home, now))
    waiting = spool.pending(home)
    first = next(waiting, None)
    if first is None:
        return done
    redactor, consent = Redactor(home_key(home), redactor_env), consent_of(home, redactor_env)
    memory = Memory(redactor)
    transcripts: _Transcripts = {}
    batches = _batches(chain([first], waiting))
    for some in iter(lambda: list(islice(batches, _OPEN)), []):
        _drain(home, some, memory, consent, now, transcripts, done)
    allowed = list(_allowed(transcripts, projects(redactor_env)))
    if allowed:
        done.records += import_files(home, allowed, redactor, consent).records
    for told in chain.from_iterable(transcripts.values()):  # only now: by them we know of the transcripts
        spool.remove(told)
        done.events += 1
    return done


def _drain(
    home: Home,
    batches: Iterable[list[spool.Waiting]],
    memory: Memory,
    consent: Consent,
    now: float,
    transcripts: _Transcripts,
    done: Drained,
) -> None:
    """While one batch is being stored and its files removed, the next is read: files and database wait for the disk."""
    with Store.open(home, write=True) as store, store.beside() as aside, ThreadPoolExecutor(1) as loader:
        loading: Future[None] | None = None
        for files in batches:
            batch = _read(files, now, transcripts, done)
            batch.records = memory.redacted(aside, batch.records)
            batch.learned = memory.news(batch.records)
            if loading:
                loading.result()
            loading = loader.submit(_load, home, store, consent, batch, done)
        if loading:
            loading.result()


def _load(home: Home, store: Store, consent: Consent, batch: _Batch, done: Drained) -> None:
    if batch.records:
        admit(store, consent, batch.records)
    for session, value, placeholder in batch.learned:
        store.replace_text(session, value, placeholder)
    _clear(home, batch, done)


def _batches(waiting: Iterable[spool.Waiting]) -> Iterator[list[spool.Waiting]]:
    batch: list[spool.Waiting] = []
    size = 0
    for file in waiting:
        if batch and (len(batch) >= _FILES or size + file.size > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _read(files: list[spool.Waiting], now: float, transcripts: _Transcripts, done: Drained) -> _Batch:
    batch = _Batch()
    sessions: set[tuple[str, ...]] = set()
    for waiting in files:
        try:
            text = spool.read(waiting).decode("utf-8", "replace").removeprefix("\ufeff")
        except spool.Unusable as reason:
            batch.bad.append((waiting, str(reason)))
            continue
        except OSError:
            done.skipped += 1
            continue
        values, reason_why = wire.objects(text)
        if reason_why and not waiting.settled(now):
            done.skipped += 1
            continue
        try:
            records = _records(waiting, values)
            if waiting.size > LONGEST:
                records = [bounded(record) for record in records]
        except claude_hooks.BadPayload as bad:
            batch.bad.append((waiting, reason_why or str(bad)))
            continue
        batch.records += [record for record in records if _news(record, sessions)]
        if reason_why:  # what came before the broken line is good
            batch.bad.append((waiting, reason_why))
        elif waiting.event in _ENDS and (path := wire.string(values[0].get("transcript_path"))):
            transcripts.setdefault(path, []).append(waiting)
        else:
            batch.taken.append(waiting)
    return batch


def _news(record: Seen, sessions: set[tuple[str, ...]]) -> bool:
    """Every event tells its session, and nearly all of them the same."""
    if not isinstance(record, SessionSeen):
        return True
    told = (record.session, record.cwd, record.source, record.transcript, record.parent, record.own, str(record.ended))
    known = told in sessions
    sessions.add(told)
    return not known


def _records(waiting: spool.Waiting, values: list[dict[str, Any]]) -> list[Seen]:
    """The records of one file: the payload's, then those of our own lines."""
    if waiting.event == "run":
        return [seen for line in values if (seen := wire.decision(line, "", "", waiting.at))]
    if not values:
        raise claude_hooks.BadPayload("empty")
    if values[0].get("aj") == "off":
        return [TurnSeen(wire.string(values[0].get("session_id")), waiting.at, KEPT_OUT)]
    found = claude_hooks.records(waiting.event, values[0], waiting.at)
    ours = values[1:]
    if ours:
        found += _own(found, ours)
    if waiting.event == "UserPromptSubmit":
        prompt = next(record for record in found if isinstance(record, PromptSeen))
        said = [seen for line in ours if (seen := wire.decision(line, prompt.session, prompt.episode, waiting.at))]
        found += said or [_passed(prompt)]
    return found


def _own(found: list[Seen], ours: list[dict[str, Any]]) -> list[Seen]:
    """What our own lines say about whose session it is."""
    told = [how for line in ours if (how := wire.own(line))]
    sessions = [record for record in found if isinstance(record, SessionSeen)]
    return [replace(session, own=how) for session in sessions for how in told]


def _passed(prompt: PromptSeen) -> DecisionSeen:
    return DecisionSeen(
        id=f"prompt:{prompt.episode}",
        at=prompt.at,
        session=prompt.session,
        episode=prompt.episode,
        entry="prompt",
        decision="pass",
        reason=NO_SKILL,
    )


def _allowed(paths: Iterable[str], folder: str) -> Iterator[str]:
    """Transcripts, with those of their sub-agents, that are where the harness keeps them and not too large to read.

    A client may keep them elsewhere than the drainer's environment says: in a folder `projects` of the user's own.
    """
    root = os.path.realpath(folder) + os.sep
    for path in paths:
        agents = os.path.join(path.removesuffix(".jsonl"), "subagents")
        try:
            names = sorted(os.listdir(agents)) if os.path.isdir(agents) else []
            for candidate in (path, *(os.path.join(agents, name) for name in names)):
                real = os.path.realpath(candidate)
                if not real.endswith(".jsonl") or not (real.startswith(root) or "/projects/" in real):
                    continue
                status = os.stat(real)
                if stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid() and status.st_size <= _TRANSCRIPT:
                    yield real
        except (OSError, ValueError):  # deleted just now; no path at all (a NUL, a lone surrogate)
            continue


def _clear(home: Home, batch: _Batch, done: Drained) -> None:
    for waiting in batch.taken:
        spool.remove(waiting)
    for waiting, reason in batch.bad:
        spool.quarantine(home, waiting, reason)
    done.events += len(batch.taken)
    done.quarantined += len(batch.bad)
    done.records += len(batch.records)
