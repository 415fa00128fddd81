"""Backfill: transcripts the harness keeps, and files of hook payloads, into the store; unchanged files are not read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agentjit.home import Home
from agentjit.observe import claude_payloads, claude_transcript
from agentjit.observe.reader import HEAD, Counts, Reader
from agentjit.observe.redact import Redactor, home_key
from agentjit.store import Store
from agentjit.trace import Seen

_BATCH = 20_000  # records to a transaction
READERS: tuple[Reader, ...] = (claude_transcript.READER, claude_payloads.READER)


@dataclass(slots=True)
class Imported:
    """Files read; left alone because they have not changed; records found; lines or payloads that could not be used;
    files in formats of other programs; files by harness; lines of kinds that say nothing to us, by kind.
    """

    files: int = 0
    unchanged: int = 0
    records: int = 0
    skipped_lines: int = 0
    foreign: int = 0
    harnesses: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)


def import_paths(
    home: Home,
    paths: Sequence[str | os.PathLike[str]],
    env: Mapping[str, str],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """Take files and folders of transcripts (none given: those of every harness); `progress` gets (done, total) files.

    Raises StoreBusy, StoreBroken; a file that cannot be read or understood is counted, not raised.
    """
    chosen = [os.path.abspath(path) for path in paths] or kept(env)
    return import_files(home, sorted(set(_files(chosen))), Redactor(home_key(home), env), progress=progress)


def kept(env: Mapping[str, str]) -> list[str]:
    """The folders in which harnesses keep transcripts, those that exist."""
    return [folder for reader in READERS for folder in reader.folders(env) if os.path.isdir(folder)]


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
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """The same for files alone."""
    done, load = Imported(), _Load(home, redactor)
    known = _known(home, files)
    for number, path in enumerate(files):
        progress(number, len(files))
        try:
            _file(path, known.get(path), load, done)
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


def _file(path: str, known: tuple[int, int] | None, load: _Load, done: Imported) -> None:
    status = os.stat(path)
    if known == (status.st_size, status.st_mtime_ns):
        done.unchanged += 1
        return
    with open(path, "rb") as file:
        head = file.read(HEAD)
        reader = next((each for each in READERS if each.knows(head)), None)
        if reader is None:
            done.foreign += 1
            return
        file.seek(0)
        counts, before = Counts(), done.records
        for record in reader.read(file, counts, path):
            load.take(record)
            done.records += 1
    done.skipped_lines += counts.broken
    for kind, many in counts.unknown.items():
        done.unknown[kind] = done.unknown.get(kind, 0) + many
    if done.records > before or not counts.broken:
        done.files += 1
        done.harnesses[reader.harness] = done.harnesses.get(reader.harness, 0) + 1
    load.read.append((path, status.st_size, status.st_mtime_ns))
