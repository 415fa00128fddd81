"""The store's part in forgetting: which rows go, the marks that stay, and the files of a rewriting.

`store.py`, the only one that knows duckdb, builds on it.
"""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from agentjit import store_forget, store_rows
from agentjit.home import Home
from agentjit.store_forget import Gone, Statement, Target
from agentjit.store_schema import Row

NEW = ".new"  # ending of the database that is to replace the old one
Mark = tuple[str, str, float]
"""A row of `forgotten`: digest, kind, Unix time."""
_EVERYTHING = (
    ("session", "sessions", "session"),
    ("episode", "episodes", "episode"),
    ("call", "calls", "call"),
    ("decision", "decisions", "decision"),
)


class Removing(ABC):
    """What a store can do to forget."""

    def forgotten(self) -> dict[str, float]:
        """The marks of what must not come back: digest -> Unix time."""
        return {str(mark): float(at) for mark, at in self._all("SELECT mark, seen_at FROM forgotten")}

    def note(self, marks: Iterable[Mark], episodes: Iterable[str] = (), sessions: Iterable[str] = ()) -> None:
        """Keep marks, and drop the closing messages of these episodes and of all episodes of these sessions."""
        with self._transaction():
            self._mark(marks)
            for column, names in (("episode", episodes), ("session", sessions)):
                listed = [store_rows.clean(name) for name in names]
                if listed:
                    self._run(f"DELETE FROM finals WHERE {column} IN (SELECT unnest(?::VARCHAR[]))", [listed])

    def _mark(self, marks: Iterable[Mark]) -> None:
        rows = {mark[0]: mark for mark in sorted(marks, key=lambda mark: mark[2])}
        if rows:
            self._run(store_forget.MARK, [list(column) for column in zip(*rows.values(), strict=True)])

    def doomed(self, target: Target, episodes: Iterable[str] = ()) -> Gone:
        """What would go for `target`, and with these episodes (which need not be known). Changes nothing."""
        if target.everything:
            counts = {kind: self._column(f"SELECT {key} FROM {table}") for kind, table, key in _EVERYTHING}
            return Gone(
                counts,
                prompts=self._count("SELECT count(*) FROM episodes WHERE prompt IS NOT NULL"),
                size=self._size(),
                everything=True,
            )
        self._each(_cleaned(store_forget.selection(target, episodes)))
        found: dict[str, set[str]] = {}
        for kind, name in self._all(store_forget.CHOSEN):
            found.setdefault(kind, set()).add(name)
        ids = {kind: frozenset(names) for kind, names in found.items()}
        touched, blank = ids.pop("touched", frozenset()), ids.pop("blank", frozenset())
        times = tuple((str(s), float(at), str(e)) for s, at, e in self._all(store_forget.TIMES))
        return Gone(ids, touched, blank, times, len(times), self._count(store_forget.SIZE))

    def remove(self, gone: Gone) -> None:
        """Delete these rows where they are. Their bytes stay in the file until it is written anew."""
        with self._transaction():
            self._each(store_forget.filled(gone))
            for table, columns in self._tables().items():
                if table != "forgotten":
                    self._run(store_forget.deleting(table, columns))

    def activity(self) -> list[tuple[str, float, int]]:
        """Every session: when it was last active (Unix seconds), the bytes of its text."""
        return [(str(s), float(at or 0.0), int(size or 0)) for s, at, size in self._all(store_forget.ACTIVITY)]

    def _tables(self) -> dict[str, list[str]]:
        rows = self._all(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database()"
            " AND schema_name = 'main' AND NOT internal ORDER BY table_name, column_index"
        )
        tables: dict[str, list[str]] = {}
        for table, column in rows:
            if table != "schema_version":
                tables.setdefault(table, []).append(column)
        return tables

    def _size(self) -> int:
        return sum(size for _, _, size in self.activity())

    def _column(self, query: str) -> frozenset[str]:
        return frozenset(str(row[0]) for row in self._all(query))

    def _each(self, statements: Iterable[Statement]) -> None:
        for statement, values in statements:
            self._run(statement, values)

    def _count(self, query: str) -> int:
        return int(self._all(query)[0][0])

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[None]: ...

    @abstractmethod
    def _run(self, statement: str, values: list[Any] | None = None) -> None: ...

    @abstractmethod
    def _all(self, query: str, values: list[Any] | None = None) -> list[Row]: ...


def _cleaned(statements: Iterable[Statement]) -> Iterable[Statement]:
    """Values as the database has them; see `store_rows.clean`."""
    for statement, values in statements:
        yield statement, [_clean(value) for value in values]


def _clean(value: Any) -> Any:
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return store_rows.clean(value) if isinstance(value, str) else value


def replace(home: Home) -> None:
    """Put the new database in the place of the old one."""
    os.replace(home.database + NEW, home.database)
    sync(os.path.dirname(home.database))


def sync(path: str) -> None:
    """Have the disk keep a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clear_up(home: Home) -> None:
    """Remove what a rewriting left that did not come to its end."""
    for ending in (NEW, NEW + ".wal", NEW + ".wal.checkpoint"):
        if os.path.lexists(home.database + ending):
            os.unlink(home.database + ending)
    if os.path.isdir(home.database + NEW + ".tmp"):
        shutil.rmtree(home.database + NEW + ".tmp", ignore_errors=True)
