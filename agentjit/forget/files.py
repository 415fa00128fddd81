"""Spool, quarantine and log: which files and lines tell of what is to be forgotten."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentjit.forget.wanted import Wanted
from agentjit.home import Home
from agentjit.observe import wire
from agentjit.observe.consent import Consent
from agentjit.store_forget import Gone


@dataclass(slots=True)
class Found:
    """A spool or quarantine file: the JSON objects in it, and its text if there is more than these."""

    path: str
    size: int
    at: float
    values: list[dict[str, Any]]
    rest: str

    @property
    def sessions(self) -> set[str]:
        """Ids of the sessions it tells of."""
        found = {wire.string(value.get(key)) for value in self.values for key in ("session_id", "session")}
        return found - {""}

    @property
    def episodes(self) -> set[str]:
        """Ids of the episodes it tells of."""
        told = {wire.string(value.get("episode")) for value in self.values}
        own = {f"{value.get('session_id')}:{value['prompt_id']}" for value in self.values if value.get("prompt_id")}
        return (told | own) - {""}

    def hit(self, wanted: Wanted) -> bool:
        """Whether what is wanted is in it."""
        if wanted.finds is None:
            return False
        if wanted.folder:
            consent = Consent([glob.escape(each) for each in wanted.target.project], lambda folder: False)
            if any(consent.event(value) for value in self.values):
                return True
        elif any(wanted.finds(text) for text in strings(self.values)):
            return True
        return bool(self.rest) and wanted.finds(self.rest)


def files_in(folder: str) -> Iterator[Found]:
    """Every file in a folder; what is no regular file has no content."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
            regular = entry.is_file(follow_symlinks=False)
            text = Path(entry.path).read_bytes().decode("utf-8", "replace") if regular else ""
        except FileNotFoundError:  # a drainer took it
            continue
        values, why = wire.objects(text)
        yield Found(entry.path, status.st_size, status.st_mtime, values, text if why else "")


def concerns(file: Found, wanted: Wanted, gone: Gone) -> bool:
    """Whether a file goes: it tells of rows that go, or of what is wanted."""
    if gone.everything:
        return True
    aside = os.path.basename(os.path.dirname(file.path)) == "quarantine"
    if aside and (wanted.quarantine_only or (wanted.before is not None and file.at < wanted.before)):
        return True
    sessions = gone.of("session")
    if file.sessions & sessions or file.episodes & gone.of("episode"):
        return True
    if any(session in file.rest for session in wanted.target.sessions):
        return True
    beside = f"{file.path}.reason"
    return file.hit(wanted) or (aside and os.path.exists(beside) and _in_file(beside, wanted.finds))


def _in_file(path: str, finds: Callable[[str], bool] | None) -> bool:
    return finds is not None and finds(Path(path).read_bytes().decode("utf-8", "replace"))


def remove_files(files: Iterable[Found]) -> None:
    """Delete files, the reason of each with it; what is gone already is fine."""
    for file in files:
        for path in (file.path, f"{file.path}.reason"):
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.unlink(path)


def strings(value: object) -> Iterator[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


# --- the log


def log_lines(home: Home, wanted: Wanted, gone: Gone) -> tuple[list[str], list[str]]:
    """Lines of the log that stay, and that go."""
    try:
        text = Path(home.log).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return [], []
    stay: list[str] = []
    go: list[str] = []
    for line in text.splitlines(keepends=True):
        named = any(session in line for session in gone.of("session"))
        hit = wanted.finds is not None and wanted.finds(line)
        (go if gone.everything or named or hit else stay).append(line)
    return stay, go


def rewrite_log(home: Home, wanted: Wanted, gone: Gone) -> None:
    """Take the lines that go out of the log."""
    stay, go = log_lines(home, wanted, gone)
    if go:
        write_anew(home.log, "".join(stay).encode("utf-8", "surrogateescape"))


def write_anew(path: str, content: bytes) -> None:
    """Replace a file of the home as a whole."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
