"""What the home holds: the database, the library, and when something was last recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime

from agentjit import entries, spool
from agentjit.doctor.finding import Findings, Patient, count, fail, ok, warn
from agentjit.errors import AjError, Refused, StoreBroken, StoreBusy
from agentjit.library import Library, Record
from agentjit.observe.harness.claude_transcript import projects
from agentjit.run.load import load, read_checked
from agentjit.skill import State
from agentjit.store import Store

_WAIT = 2.0  # seconds
_BEHIND = 3600.0  # seconds between the client's newest transcript and our newest event that are still no gap


def database(patient: Patient) -> Findings:
    """It opens, and has the tables this version reads."""
    home = patient.home
    if not os.path.lexists(home.database):
        yield ok("database", "none yet: the first import or session makes it")
        return
    try:
        with Store.open(home, write=True, wait_seconds=_WAIT) as store:
            counts = f"{count(store.sessions_count(), 'session')}, {count(store.calls_count(), 'call')}"
            store.check()
    except StoreBusy as busy:
        yield warn("database", str(busy), "aj doctor, in a moment")
    except StoreBroken as broken:
        text, _, mend = str(broken).partition("; ")
        yield fail("database", text, mend)
    else:
        yield ok("database", counts)


def library(patient: Patient) -> Findings:
    """Every skill is as it was published, and the index names all that are active."""
    shelf = Library(patient.home)
    try:
        records = shelf.records()
    except AjError as damaged:
        yield fail("library", str(damaged), "move it away, then aj compile")
        return
    problems = 0
    for record in records:
        if problem := _problem(shelf, record):
            problems += 1
            say = fail if record.state is State.ACTIVE else warn
            yield say("library", f"{record.name}: {problem}", "aj compile")
    if not problems:
        active = sum(record.state is State.ACTIVE for record in records)
        yield ok("library", f"{count(len(records), 'skill')} as published, {active} active")


def _problem(shelf: Library, record: Record) -> str:
    try:
        folder = shelf.folder(record.name)
        load(read_checked(folder, record.hash), os.path.join(folder, "skill.py"))
        if record.state is State.ACTIVE and not _indexed(shelf, record):
            return "it is active, but no prompt would find it"
    except Refused as refusal:
        return str(refusal).partition("; ")[0]
    except AjError as damaged:
        return str(damaged)
    return ""


def _indexed(shelf: Library, record: Record) -> bool:
    words = shelf.plan(record.name).entry.words
    rows = [json.loads(row) for row in entries.lookup(shelf.home.entries, " ".join(words))]
    return any(row["name"] == record.name and row["hash"] == record.hash for row in rows)


def last_event(patient: Patient) -> Findings:
    """When the hooks recorded last, held against the client's own newest transcript."""
    seen = max(_seen(patient), default=None)
    wrote = max(_transcripts(projects(patient.env)), default=None)
    if seen is None:
        mend = "work in a new session of Claude Code, then look again"
        yield warn("last event", "nothing was recorded by hooks yet", mend)
    elif wrote is not None and wrote - seen > _BEHIND:
        text = f"the last was recorded {_clock(seen)}, but Claude Code was used {_clock(wrote)}"
        yield warn("last event", text, "start a new session: hooks are read at its start; then aj doctor")
    else:
        yield ok("last event", f"recorded {_clock(seen)}")


def _seen(patient: Patient) -> Iterator[float]:
    yield from (waiting.at for waiting in spool.pending(patient.home))
    try:
        with Store.open(patient.home, write=False, wait_seconds=_WAIT) as store:
            yield from (decision.at for decision in store.decisions(limit=1))
    except (StoreBusy, StoreBroken):
        return  # `database` tells


def _transcripts(folder: str) -> Iterator[float]:
    """When each transcript was last written."""
    try:
        projects_ = [entry.path for entry in os.scandir(folder) if entry.is_dir()]
    except OSError:
        return
    for project in projects_:
        with os.scandir(project) as files:
            yield from (file.stat().st_mtime for file in files if file.name.endswith(".jsonl"))


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
