"""Backfill: transcripts the harness keeps, and files of hook payloads, into the store; unchanged files are not read."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentjit.home import Home
from agentjit.observe import claude_hooks, claude_transcript, wire
from agentjit.observe.redact import Redactor, home_key
from agentjit.store import Store
from agentjit.trace import Seen

_BATCH = 20_000  # records to a transaction
_SNIFFED = 50  # lines that are looked at to tell what a file is
_LONGEST = 64 * 1024 * 1024  # bytes; a file of payloads that is one array is read whole
_RECORDED = ("UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "SessionStart", "SessionEnd", "Stop")


@dataclass(slots=True)
class Imported:
    """Files read; left alone because they have not changed; records found; lines or payloads that could not be used;
    files in formats of other programs.
    """

    files: int = 0
    unchanged: int = 0
    records: int = 0
    skipped_lines: int = 0
    foreign: int = 0


def projects(env: Mapping[str, str]) -> str:
    """The folder where Claude Code keeps its transcripts."""
    base = env.get("CLAUDE_CONFIG_DIR") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".claude")
    return os.path.join(os.path.abspath(base), "projects")


def import_paths(
    home: Home,
    paths: Sequence[str | os.PathLike[str]],
    env: Mapping[str, str],
    *,
    now: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """Take files and folders of transcripts (none given: those of Claude Code); `progress` gets (done, total) files.

    Raises StoreBusy, StoreBroken; a file that cannot be read or understood is counted, not raised.
    """
    chosen = [os.path.abspath(path) for path in paths] or [path for path in [projects(env)] if os.path.isdir(path)]
    return import_files(home, sorted(set(_files(chosen))), Redactor(home_key(home), env), now=now, progress=progress)


def _files(paths: list[str]) -> Iterator[str]:
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, _, names in os.walk(path):
            yield from (os.path.join(folder, name) for name in names if name.endswith((".jsonl", ".json")))


def import_files(
    home: Home,
    files: Sequence[str],
    redactor: Redactor,
    *,
    now: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """The same for files alone."""
    done, load = Imported(), _Load(home, redactor)
    known = _known(home, files)
    for number, path in enumerate(files):
        progress(number, len(files))
        try:
            _file(path, known.get(path), now, load, done)
        except OSError:  # gone, or not ours to read
            done.foreign += 1
    load.flush()
    progress(len(files), len(files))
    return done


def _known(home: Home, files: Sequence[str]) -> dict[str, tuple[int, int] | None]:
    with Store.open(home, write=False) as store:
        return {path: store.imported(path) for path in files}


class _Load:
    """Gathers records until they are worth a transaction."""

    def __init__(self, home: Home, redactor: Redactor) -> None:
        self.home = home
        self.redactor = redactor
        self.records: list[Seen] = []
        self.read: list[tuple[str, int, int]] = []

    def take(self, record: Seen) -> None:
        self.records.append(self.redactor.record(record))
        if len(self.records) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        if not self.records and not self.read:
            return
        with Store.open(self.home, write=True) as store:
            store.add(self.records)
            for path, size, mtime_ns in self.read:  # after the records: a crash in between repeats, it does not lose
                store.mark_imported(path, size, mtime_ns)
        self.records, self.read = [], []


def _file(path: str, known: tuple[int, int] | None, now: float, load: _Load, done: Imported) -> None:
    status = os.stat(path)
    if known == (status.st_size, status.st_mtime_ns):
        done.unchanged += 1
        return
    kind = _sniff(path)
    if not kind:
        done.foreign += 1
        return
    before = done.records
    records = _transcript(path, done) if kind == "transcript" else _payloads(path, min(status.st_mtime, now), done)
    for record in records:
        load.take(record)
        done.records += 1
    if kind == "transcript" or done.records > before:
        done.files += 1
    load.read.append((path, status.st_size, status.st_mtime_ns))


def _sniff(path: str) -> str:
    """`transcript`, `payloads`, or "" for what is neither."""
    with open(path, "rb") as file:
        for _ in range(_SNIFFED):
            line = file.readline(_LONGEST).strip()
            if line.startswith(b"["):
                return "payloads"
            for value in wire.objects(line.decode("utf-8", "replace"))[0][:1]:
                if isinstance(value.get("hook_event_name"), str):
                    return "payloads"
                if isinstance(value.get("sessionId"), str) and isinstance(value.get("type"), str):
                    return "transcript"
    return ""


def _transcript(path: str, done: Imported) -> Iterator[Seen]:
    counts = claude_transcript.Counts()
    main = "" if os.path.basename(path).startswith("agent-") else path
    with open(path, "rb") as file:
        yield from claude_transcript.read(file, counts, transcript=main)
    done.skipped_lines += counts.broken


def _payloads(path: str, at: float, done: Imported) -> Iterator[Seen]:
    """Payloads in one array or one a line. They carry no time and, if old, no ids: their order and text must do."""
    with open(path, "rb") as file:
        text = file.read(_LONGEST).decode("utf-8", "replace")
    payloads = _array(text) if text.lstrip().startswith("[") else _lines(text)
    seen: Counter[str] = Counter()
    for place, payload in enumerate(payloads):
        event = wire.string(payload.get("hook_event_name")) if payload is not None else ""
        if payload is None or event not in _RECORDED:
            done.skipped_lines += payload is None
            continue
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:16]
        seen[digest] += 1
        name = f"payload-{digest}-{seen[digest]}"
        key = "prompt_id" if event == "UserPromptSubmit" else "tool_use_id"
        try:
            yield from claude_hooks.records(event, {key: name, **payload}, at - (len(payloads) - place) / 1000)
        except claude_hooks.BadPayload:
            done.skipped_lines += 1


def _array(text: str) -> list[dict[str, Any] | None]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return [None]
    return [value if isinstance(value, dict) else None for value in values]


def _lines(text: str) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = []
    for line in text.splitlines():
        if line.strip():
            values, reason = wire.objects(line)
            found += [*values, *([None] if reason else [])]
    return found
