"""Backfill: transcripts the harness keeps, and files of hook payloads, into the store; unchanged files are not read.

Records are loaded some files at a time. Whoever stops an import between two transactions finds whole files in the
store, or, of a file that fills more than one transaction, its beginning: the next import reads that one again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from agentjit.home import Home
from agentjit.observe.bounds import bounded, weight
from agentjit.observe.consent import Consent, admit, consent_of
from agentjit.observe.harness import claude_payloads, claude_transcript, codex, copilot, gemini, opencode
from agentjit.observe.memory import Memory
from agentjit.observe.reader import HEAD, Counts, Reader, Source, opened
from agentjit.observe.redact import Redactor, home_key
from agentjit.store import Store
from agentjit.store_rows import clean
from agentjit.trace import Seen

_BATCH = 4_000  # records to a transaction
_WEIGHT = 8_000_000  # characters, the same
_BESIDE = ".meta.json"  # what Claude Code keeps beside the transcripts of sub-agents
READERS: tuple[Reader, ...] = (
    claude_transcript.READER,
    claude_payloads.READER,
    codex.READER,
    copilot.READER,
    gemini.READER,
    opencode.READER,
)


@dataclass(slots=True)
class Imported:
    """Files read; left alone because they have not changed; records found; lines or payloads that could not be used;
    files in formats of other programs, or that cannot be read; files by harness; lines of kinds that say nothing to us,
    by kind; calls without a result; records not kept, because they were forgotten or are of excluded folders; files not
    come to, because the import was stopped. A session that is in many files, or one of many in a database, counts as a
    file. `broken`: file -> lines that could not be used; `unread`: files of other programs, or that cannot be read.
    """

    files: int = 0
    unchanged: int = 0
    records: int = 0
    skipped_lines: int = 0
    foreign: int = 0
    harnesses: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    kept_out: int = 0
    left: int = 0
    broken: dict[str, int] = field(default_factory=dict, compare=False)
    unread: list[str] = field(default_factory=list, compare=False)


class _Stopped(Exception):
    """In the middle of a file."""


def import_paths(
    home: Home,
    paths: Sequence[str | os.PathLike[str]],
    env: Mapping[str, str],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Imported:
    """Take files and folders of transcripts (none given: those of every harness); `progress` gets (done, total) files.

    When `stop` says so, what is complete is loaded and the rest is left for another time. Raises StoreBusy,
    StoreBroken, BadConfig; a file that cannot be read or understood is counted, not raised.
    """
    chosen = [os.path.abspath(path) for path in paths] or kept(env)
    redactor, consent = Redactor(home_key(home), env), consent_of(home, env, explicit=True)
    return import_files(home, sorted(set(_files(chosen))), redactor, consent, progress=progress, stop=stop)


def kept(env: Mapping[str, str]) -> list[str]:
    """The folders (or files) in which harnesses keep transcripts, those that exist."""
    return [folder for reader in READERS for folder in reader.folders(env) if os.path.exists(folder)]


def _files(paths: list[str]) -> Iterator[str]:
    patterns = {pattern for reader in READERS for pattern in reader.names}
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, _, names in os.walk(path):
            wanted = (
                name
                for name in names
                if not name.endswith(_BESIDE) and any(fnmatchcase(name, pattern) for pattern in patterns)
            )
            yield from (os.path.join(folder, name) for name in wanted)


def import_files(
    home: Home,
    files: Sequence[str],
    redactor: Redactor,
    consent: Consent,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Imported:
    """The same for files alone."""
    done = Imported()
    sources = [(source, reader) for path in files for source, reader in _sources(path)]
    with Store.open(home, write=False) as store:
        known = store.imported()
    with ThreadPoolExecutor(1) as loader:
        load = _Load(home, redactor, consent, loader)
        for number, (source, reader) in enumerate(sources):
            progress(number, len(sources))
            if stop():
                done.left = len(sources) - number
                break
            try:
                _file(source, reader, known.get(clean(source.name)), load, done, stop)
            except OSError:  # gone, or not ours to read
                load.drop()
                done.foreign += 1
                done.unread.append(source.name)
            except _Stopped:
                load.drop()
                done.left = len(sources) - number
                break
        load.flush()
        load.wait()
        done.kept_out = load.kept_out
    progress(len(sources) - done.left, len(sources))
    return done


def _sources(path: str) -> list[tuple[Source, Reader | None]]:
    """What is read by way of a file, with the reader where the path tells which."""
    for reader in READERS:
        found = reader.sources(path)
        if found is not None:
            return [(source, reader) for source in found]
    try:
        status = os.stat(path)
    except OSError:
        return [(Source(path, path, 0, 0), None)]
    regular = stat.S_ISREG(status.st_mode)
    return [(Source(path, path, status.st_size if regular else 0, status.st_mtime_ns), None)]


class _Load:
    """Gathers records until they are worth a transaction; while that is made, the next are gathered."""

    def __init__(self, home: Home, redactor: Redactor, consent: Consent, loader: ThreadPoolExecutor) -> None:
        self.home = home
        self.loader = loader
        self.loading: Future[None] | None = None
        self.redactor = redactor
        self.memory = Memory(redactor)
        self.consent = consent
        self.records: list[Seen] = []
        self.read: list[tuple[str, int, int]] = []
        self.whole = 0  # records of files that are complete
        self.weight = 0
        self.kept_out = 0

    def take(self, record: Seen) -> None:
        self.records.append(bounded(record))
        self.weight += weight(self.records[-1])
        if len(self.records) >= _BATCH or self.weight >= _WEIGHT:
            self.flush()

    def completed(self, source: Source) -> None:
        self.read.append((source.name, source.size, source.mtime_ns))
        self.whole = len(self.records)

    def drop(self) -> None:
        """Without the records of a file that was not read to its end."""
        del self.records[self.whole :]

    def flush(self) -> None:
        if not self.records and not self.read:
            return
        records = self.redactor.records(self.records)
        learned = self.memory.news(records)
        self.wait()
        self.loading = self.loader.submit(self._load, records, self.read, learned)
        self.records, self.read, self.whole, self.weight = [], [], 0, 0

    def wait(self) -> None:
        """Until what was flushed is in the store; raises what went wrong."""
        if self.loading:
            self.loading.result()

    def _load(self, records: list[Seen], read: list[tuple[str, int, int]], learned: list[tuple[str, str, str]]) -> None:
        with Store.open(self.home, write=True) as store:
            self.kept_out += admit(store, self.consent, records)
            for session, value, placeholder in learned:
                store.replace_text(session, value, placeholder)
            store.mark_imported(read)  # after the records: a crash in between repeats, it does not lose


def _file(
    source: Source,
    reader: Reader | None,
    known: tuple[int, int] | None,
    load: _Load,
    done: Imported,
    stop: Callable[[], bool],
) -> None:
    if known == (source.size, source.mtime_ns):
        done.unchanged += 1
        return
    with opened(source.file) as file:
        head = file.read(HEAD)
        reader = reader or next((each for each in READERS if each.knows(head)), None)
        if reader is None:
            done.foreign += 1
            done.unread.append(source.name)
            return
        file.seek(0)
        counts, records = Counts(), 0
        for record in reader.read(file, counts, source.name):
            if stop():
                raise _Stopped
            load.take(record)
            records += 1
    load.completed(source)
    done.records += records
    done.skipped_lines += counts.broken
    if counts.broken:
        done.broken[source.name] = counts.broken
    done.unanswered += counts.unanswered
    for kind, many in counts.unknown.items():
        done.unknown[kind] = done.unknown.get(kind, 0) + many
    if records or not counts.broken:
        done.files += 1
        done.harnesses[reader.harness] = done.harnesses.get(reader.harness, 0) + 1
