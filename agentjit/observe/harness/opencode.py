"""OpenCode sessions -> records: exported documents, folders of files (before 1.2), and the database.

A session in files is read by way of its info file, with the messages and parts beside it; of a database each session
is a source of its own, so an import reads only those that changed.
"""

from __future__ import annotations

import glob
import os
import re
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, BinaryIO
from urllib.parse import quote

from agentjit.observe import wire
from agentjit.observe.harness import opencode_commands
from agentjit.observe.harness.opencode_session import HARNESS, Session
from agentjit.observe.reader import Counts, Reader, Source, document, identity, opened, user_home
from agentjit.trace import Seen

_DOCUMENT = re.compile(rb'[^{]{0,4096}\{\s*"(?:info"\s*:\s*\{|id"\s*:\s*"ses_)')
_SESSION = re.compile(rb'"(?:id|sessionID)"\s*:\s*"(?:ses|msg|prt)_')
_INFO = re.compile(r"(.*)/session/[^/]+/(ses_[^/]+)\.json\Z", re.DOTALL)
_INNER = re.compile(
    r"/(?:message/ses_[^/]+/msg_[^/]+|part/msg_[^/]+/prt_[^/]+|(?:session_diff|session_share|todo)/ses_[^/]+)\.json\Z"
)
_WAIT = 2.0  # seconds for a database that is being written
_STAMPS = """
    SELECT session.id, count(*), max(max(session.time_updated, times.at)) FROM session JOIN (
        SELECT session_id, time_updated AS at FROM message UNION ALL SELECT session_id, time_updated FROM part
    ) times ON times.session_id = session.id GROUP BY session.id
"""
_COLUMNS = (("parent_id", "parentID"), ("directory", "directory"))


def kept(env: Mapping[str, str]) -> list[str]:
    """The folder and the databases in which OpenCode keeps sessions."""
    base = env.get("XDG_DATA_HOME") or os.path.join(user_home(env), ".local", "share")
    data = os.path.join(os.path.abspath(base), "opencode")
    named = env.get("OPENCODE_DB") or ""
    files = sorted(glob.glob(os.path.join(glob.escape(data), "opencode*.db")))
    more = [os.path.join(data, named)] if named and named != ":memory:" else []
    return [os.path.join(data, "storage", "session"), *dict.fromkeys(files + more)]


def _knows(head: bytes) -> bool:
    return bool(_DOCUMENT.match(head) and _SESSION.search(head))


def _sources(path: str) -> list[Source] | None:
    if path.endswith(".db"):
        return _in_database(path)
    if _INNER.search(path):
        return []
    found = _INFO.match(path)
    return [_in_files(path, found[1], found[2])] if found else None


def read(file: BinaryIO, counts: Counts, path: str) -> Iterator[Seen]:
    """The records of a document or a source. Raises OSError for a database that cannot be read now."""
    database, apart, session = path.rpartition(".db#")
    if apart:
        yield from _read_database(f"{database}.db", session, counts)
        return
    value, reason = document(file)
    counts.broken += bool(reason)
    if found := _INFO.match(path):
        yield from _read_files(value, found[1], found[2], counts, path)
    elif value:
        messages = value.get("messages")
        yield from _read_document(value, messages if isinstance(messages, list) else [], counts, path)


READER = Reader(HARNESS, _knows, read, kept, names=("*.jsonl", "*.json", "opencode*.db"), sources=_sources)


def _session(info: Mapping[str, Any], counts: Counts, path: str) -> Session:
    known = opencode_commands.templates(wire.string(info.get("directory")), path)
    return Session(info, counts, path, lambda text: any(opencode_commands.fills(text, each) for each in known))


def _read_document(value: Mapping[str, Any], messages: list[Any], counts: Counts, path: str) -> Iterator[Seen]:
    given = value.get("info")
    info = dict(given) if isinstance(given, dict) else {}
    pairs = [(_of(message, "info"), _of(message, "parts")) for message in messages]
    if not identity(info.get("id")):
        told = (identity(_of(info, "sessionID")) for info, _ in pairs)
        info["id"] = next((each for each in told if each.startswith("ses_")), "")
    session = _session(info, counts, path)
    yield from session.begin()
    for message, parts in pairs:
        yield from session.take(message, parts)
    yield from session.end()


# --- folders of files


def _in_files(path: str, storage: str, session: str) -> Source:
    """Size and time of a session: of all its files together, and of the newest of them and of their folders."""
    size = mtime = 0
    for name in (path, *_tree(storage, session)):
        try:
            status = os.stat(name)
        except OSError:
            continue
        size += status.st_size
        mtime = max(mtime, status.st_mtime_ns)
    return Source(path, path, size, mtime)


def _tree(storage: str, session: str) -> Iterator[str]:
    for message in _names(os.path.join(storage, "message", session)):
        yield message
        yield from _names(_parts(storage, message))


def _parts(storage: str, message: str) -> str:
    return os.path.join(storage, "part", os.path.basename(message).removesuffix(".json"))


def _names(folder: str) -> list[str]:
    """The documents in a folder; their ids are in the order of time."""
    try:
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".json")]
    except OSError:
        return []


def _read_files(value: Mapping[str, Any], storage: str, key: str, counts: Counts, path: str) -> Iterator[Seen]:
    session = _session({**value, "id": key}, counts, path)
    yield from session.begin()
    messages = [(_document(name, counts), name) for name in _names(os.path.join(storage, "message", key))]
    for info, name in sorted(messages, key=lambda pair: (_created(pair[0]), pair[1])):
        parts = [_document(part, counts) for part in _names(_parts(storage, name))]
        yield from session.take(info, parts)
    yield from session.end()


def _document(path: str, counts: Counts) -> dict[str, Any]:
    """A message or a part, with the id that its file's name tells."""
    try:
        with opened(path) as file:
            value, reason = document(file)
    except OSError as error:
        value, reason = {}, str(error)
    counts.broken += bool(reason)
    return {**value, "id": os.path.basename(path).removesuffix(".json")}


def _created(info: Mapping[str, Any]) -> float:
    return wire.number(_of(info.get("time"), "created")) or 0.0


# --- the database


def _connected(path: str) -> sqlite3.Connection:
    """Read-only, also where nothing may be written: without a log of changes the file is all there is."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(f"{path} is not a file")
    still = "" if os.path.exists(path + "-wal") else "&immutable=1"
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro{still}", uri=True, timeout=_WAIT)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    connection.row_factory = sqlite3.Row
    return connection


def _in_database(path: str) -> list[Source] | None:
    """Its sessions, each with the number of its rows and the time of the last change; None if it is another's."""
    try:
        with closing(_connected(path)) as database:
            rows = [(str(key), int(many), int(at)) for key, many, at in database.execute(_STAMPS)]
    except (sqlite3.Error, OSError, ValueError, TypeError):
        return None
    return [Source(f"{path}#{key}", path, many, min(abs(at), 2**43) * 1_000_000) for key, many, at in rows]


def _read_database(path: str, key: str, counts: Counts) -> Iterator[Seen]:
    try:
        with closing(_connected(path)) as database:
            row = database.execute("SELECT * FROM session WHERE id = ?", [key]).fetchone()
            if row is None:  # deleted since
                return
            session = _session(_info(row), counts, path)
            yield from session.begin()
            messages = "SELECT id, data FROM message WHERE session_id = ? ORDER BY time_created, id"
            for name, data in database.execute(messages, [key]):
                parts = "SELECT id, data FROM part WHERE message_id = ? ORDER BY id"
                found = [_row(part, each, counts) for part, each in database.execute(parts, [name])]
                yield from session.take(_row(name, data, counts), found)
            yield from session.end()
    except sqlite3.Error as error:
        raise OSError(f"{path}: {error}") from error


def _info(row: sqlite3.Row) -> dict[str, Any]:
    columns = dict(row)
    info = {name: columns.get(column) for column, name in _COLUMNS}
    return {**info, "id": columns.get("id"), "time": {"created": columns.get("time_created")}}


def _row(key: object, data: object, counts: Counts) -> dict[str, Any]:
    found, reason = wire.objects(data if isinstance(data, str) else "")
    counts.broken += bool(reason)
    return {**(found[0] if found else {}), "id": key}


def _of(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
