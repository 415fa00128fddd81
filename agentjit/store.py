"""The database of what was seen: with `store_connection.py` the only importer of duckdb.

DuckDB takes one writing process and then no readers, so every connection is short and under a file lock: exclusive to
write, shared to read. Adding is idempotent by natural key; the second record of a thing fills gaps and erases nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import duckdb

from agentjit import store_forget, store_remove, store_rows
from agentjit.errors import BadInput, StoreBroken
from agentjit.home import Home
from agentjit.store_connection import CONFIG, connection_to, locked, telling
from agentjit.store_forget import Gone
from agentjit.store_remove import NEW, Mark, Removing
from agentjit.store_schema import IMPORTS, MIGRATIONS, TABLES, Row, Table
from agentjit.store_timing import Timing
from agentjit.trace import PLACEHOLDER, CallSeen, DecisionSeen, Episode, PromptSeen, Seen, TurnSeen

_TEXTS = (("episodes", "prompt"), ("calls", "input"), ("calls", "output"), ("finals", "message"))
_REWRITE_WAIT = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class SkillRuns:
    """How a skill's runs ended: outcome -> how many, and when the last was (Unix seconds)."""

    outcomes: Mapping[str, int]
    last_used: float


@dataclass(frozen=True, slots=True)
class Saved:
    """What the model did not have to do."""

    requests: int
    tokens: int
    seconds: float


class Store(Removing, Timing):
    """An open database; made by `Store.open`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, home: Home, *, write: bool, wait_seconds: float = 30.0) -> Iterator[Self]:
        """The home's store, locked until the block ends; to a reader, no database yet is an empty one.

        Keep the block short, and do not open a second one inside it: it would wait for the first. Raises StoreBusy
        when the lock was not to be had in `wait_seconds`, StoreBroken when the file cannot be used.
        """
        deadline = time.monotonic() + wait_seconds
        if write:
            home.ensure()
        elif not os.path.lexists(home.database):
            with telling(home):
                store = cls(duckdb.connect(":memory:", config=CONFIG))
                store._migrate()
                yield store
                store._connection.close()
            return
        with locked(home, write, deadline), telling(home), connection_to(home, write, deadline) as connection:
            store = cls(connection)
            if write:
                store_remove.clear_up(home)
                store._migrate()
            if write or store._current():
                yield store
                return
        left = max(deadline - time.monotonic(), 0.0)
        with cls.open(home, write=True, wait_seconds=left):
            pass  # opening to write migrates; no newer version can make a reader come here again
        with cls.open(home, write=False, wait_seconds=left) as store:
            yield store

    # --- the schema

    def _version(self) -> int:
        tables = self._all("SELECT table_name FROM duckdb_tables() WHERE table_name = 'schema_version'")
        return int(self._all("SELECT coalesce(max(version), 0) FROM schema_version")[0][0]) if tables else 0

    def _current(self) -> bool:
        """The schema is this program's; False if it is older. Raises StoreBroken if it is newer."""
        version = self._version()
        if version > len(MIGRATIONS):
            raise StoreBroken("the database was made by a newer AgentJIT; update this one")
        return version == len(MIGRATIONS)

    def _migrate(self) -> None:
        if self._current():
            return
        version = self._version()
        with self._transaction():
            self._run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT, name VARCHAR)")
            for number, migration in enumerate(MIGRATIONS[version:], version + 1):
                for statement in migration():
                    self._run(statement)
                self._run("INSERT INTO schema_version VALUES (?, ?)", [number, migration.__name__])

    # --- writing

    def add(self, records: Iterable[Seen]) -> None:
        """Take records in one transaction; those taken before change nothing."""
        taken = list(records)
        with self._transaction():
            taken = store_rows.distinct(taken, self._elsewhere(taken))
            alias = self._aliases(taken)
            for table, rows in store_rows.rows(taken, alias).items():
                self._insert(table, rows)

    def _elsewhere(self, records: list[Seen]) -> dict[str, tuple[str, str]]:
        """Ids of these calls under which other sessions have calls -> (session, input)."""
        calls = [record for record in records if isinstance(record, CallSeen)]
        rows = self._all(
            "SELECT call, c.session, input FROM calls c JOIN"
            " (SELECT unnest(?::VARCHAR[]) AS call, unnest(?::VARCHAR[]) AS session) n USING (call)"
            " WHERE c.session <> n.session",
            [[store_rows.clean(one.call.id) for one in calls], [store_rows.clean(one.session) for one in calls]],
        )
        return {call: (session, given) for call, session, given in rows}

    def _insert(self, table: Table, rows: list[Row]) -> None:
        """Merge rows in, each key at most once. Most are new, and new ones are cheaper to insert than to merge."""
        known = self._known(table, [row[0] for row in rows])
        for statement, some in (
            (table.insert, [row for row in rows if row[0] not in known]),
            (table.merge_in, [row for row in rows if row[0] in known]),
        ):
            if some:  # one list per column: row by row is slower by orders of magnitude
                self._run(statement, [list(column) for column in zip(*some, strict=True)])

    def _known(self, table: Table, keys: list[str]) -> set[str]:
        query = f"SELECT {table.key} FROM {table.name} WHERE {table.key} IN (SELECT unnest(?::VARCHAR[]))"
        return {key for (key,) in self._all(query, [keys])}

    def _aliases(self, records: list[Seen]) -> dict[str, str]:
        """Episode ids that mean another episode: those known, and those that these prompts bring to light."""
        sessions = sorted({store_rows.clean(record.session) for record in records if isinstance(record, PromptSeen)})
        known = self._all(
            "SELECT session, episode, seen_at, prompt FROM episodes"
            " WHERE prompt IS NOT NULL AND session IN (SELECT unnest(?::VARCHAR[]))",
            [sessions],
        )
        alias = {str(old): str(new) for old, new in self._all("SELECT alias, episode FROM aliases")}
        prompts = [
            (record.session, record.episode, record.at, record.text)
            for record in records
            if isinstance(record, PromptSeen) and record.episode not in alias
        ]
        new = store_rows.same_prompts(prompts, ((str(s), str(e), float(at), str(p)) for s, e, at, p in known))
        for old, episode in new.items():
            self._run("INSERT INTO aliases VALUES (?, ?)", [store_rows.clean(old), store_rows.clean(episode)])
            self._run("UPDATE calls SET episode = ? WHERE episode = ?", [episode, old])
        return alias | new

    def mark_imported(self, files: Iterable[tuple[str, int, int]]) -> None:
        """Remember that these files (path, size, mtime_ns), as they were, are in the store."""
        rows: list[Row] = [(store_rows.clean(path), size, mtime_ns) for path, size, mtime_ns in files]
        if rows:
            self._insert(IMPORTS, IMPORTS.merge(rows))

    # --- reading

    def episodes(self, *, since: float | None = None) -> list[Episode]:
        """Every prompt (from Unix time `since` on) with its calls, closing message and cost, by time.

        A call whose prompt was not seen is in none of them.
        """
        later = since if since is not None else float("-inf")
        sessions = "session IN (SELECT session FROM episodes WHERE seen_at >= ?)"
        prompts = self._all(f"SELECT * FROM episodes WHERE {sessions}", [later])
        calls = self._all(f"SELECT * FROM calls WHERE {sessions} ORDER BY seen_at, call", [later])
        finals = self._all(f"SELECT * FROM finals WHERE {sessions} ORDER BY seen_at, slot", [later])
        whose = self._all("SELECT session, harness, coalesce(own, '') FROM sessions")
        found = store_rows.episodes(
            prompts, calls, finals, {session: (harness, own) for session, harness, own in whose}, self._helped()
        )
        return [episode for episode in found if episode.at >= later]

    def _helped(self) -> dict[str, str]:
        """Episodes in which the model did not do all by itself -> the skill that did the rest."""
        return dict(
            self._all(
                "SELECT episode, skill FROM decisions WHERE episode IS NOT NULL AND"
                " (outcome IN ('answered', 'gathered') OR outcome = 'handed_back' AND steps <> '[]')"
            )
        )

    def turns(self, session: str) -> list[TurnSeen]:
        """The turns in the life of a session, by time; one that hook and transcript both noted is one."""
        rows = self._all(
            "SELECT session, seen_at, kind, coalesce(detail, '') FROM turns WHERE session = ? ORDER BY seen_at, kind",
            [store_rows.clean(session)],
        )
        return store_rows.turns(TurnSeen(*row) for row in rows)

    def sessions_count(self) -> int:
        return self._count("SELECT count(*) FROM sessions")

    def episodes_count(self) -> int:
        return self._count("SELECT count(*) FROM episodes WHERE prompt IS NOT NULL")

    def calls_count(self) -> int:
        return self._count("SELECT count(*) FROM calls")

    def check(self) -> None:
        """Read every value, and write one row into every table and take it back: StoreBroken for a damaged file.

        Counting and looking up keys reads so little that a file cut off at its end passes for whole.
        """
        for table in TABLES:
            self._run(f"SELECT bit_xor(hash(t)) FROM {table.name} AS t")
        self._run("BEGIN TRANSACTION")
        for table in TABLES:
            self._run(f"INSERT INTO {table.name} ({table.key}) VALUES (?)", ["check"])
        self._connection.rollback()

    def decisions(self, limit: int | None = None, skill: str | None = None) -> list[DecisionSeen]:
        """The audit trail, newest first."""
        rows = self._all(
            "SELECT * FROM decisions WHERE ? IS NULL OR skill = ? ORDER BY seen_at DESC, decision LIMIT ?",
            [skill, skill, limit if limit is not None else 2**62],
        )
        return [store_rows.decision(row) for row in rows]

    def runs_by_skill(self) -> dict[str, SkillRuns]:
        """Skill name -> its runs."""
        rows = self._all(
            "SELECT skill, outcome, count(*), max(seen_at) FROM decisions WHERE outcome <> '' AND skill <> ''"
            " GROUP BY ALL ORDER BY ALL"
        )
        found: dict[str, SkillRuns] = {}
        for skill, outcome, count, last in rows:
            known = found.get(skill, SkillRuns({}, last))
            found[skill] = SkillRuns({**known.outcomes, outcome: count}, max(known.last_used, last))
        return found

    def saved(self) -> Saved:
        """The totals over all runs that answered or gathered."""
        row = self._all(
            "SELECT coalesce(sum(requests), 0), coalesce(sum(tokens), 0), coalesce(sum(saved_seconds), 0)"
            " FROM decisions WHERE outcome IN ('answered', 'gathered')"
        )[0]
        return Saved(int(row[0]), int(row[1]), float(row[2]))

    def secrets_of(self, sessions: Iterable[str]) -> dict[str, set[tuple[str, str]]]:
        """(kind, digits) of the placeholders in what is stored of these sessions."""
        texts = " UNION ALL ".join(
            f"SELECT session, {column} AS text FROM {table} WHERE session IN (SELECT unnest($1::VARCHAR[]))"
            f" AND contains({column}, '‹secret:')"
            for table, column in _TEXTS
        )
        found: dict[str, set[tuple[str, str]]] = {}
        query = f"SELECT DISTINCT session, unnest(regexp_extract_all(text, ?, 0)) FROM ({texts})".replace("?", "$2")
        for session, placeholder in self._all(query, [sorted(map(store_rows.clean, sessions)), PLACEHOLDER.pattern]):
            if match := PLACEHOLDER.fullmatch(placeholder):
                found.setdefault(session, set()).add((match["kind"], match["digits"]))
        return found

    def replace_text(self, session: str, old: str, new: str) -> None:
        """Put `new` in the place of `old` in every text stored of a session."""
        with self._transaction():
            for table, column in _TEXTS:
                each = json.dumps(old, ensure_ascii=False)[1:-1] if column == "input" else old
                self._run(
                    f"UPDATE {table} SET {column} = replace({column}, $2, $3)"
                    f" WHERE session = $1 AND contains({column}, $2)",
                    [store_rows.clean(session), store_rows.clean(each), new],
                )

    @contextmanager
    def beside(self) -> Iterator[Self]:
        """The same database for another thread."""
        cursor = self._connection.cursor()
        try:
            yield type(self)(cursor)
        finally:
            cursor.close()

    def imported(self) -> dict[str, tuple[int, int]]:
        """Files that were imported -> (size, mtime_ns) as they were then."""
        return {
            path: (size, mtime_ns) for path, size, mtime_ns in self._all("SELECT path, size, mtime_ns FROM imports")
        }

    # --- forgetting

    @staticmethod
    def drop(home: Home) -> None:
        """Remove the database, whatever is in its place: for one that cannot be opened. Raises StoreBusy, OSError."""
        with locked(home, True, time.monotonic() + _REWRITE_WAIT):
            for path in (home.database, home.database + ".wal"):
                if os.path.lexists(path):
                    os.unlink(path)

    @classmethod
    @contextmanager
    def rewriting(cls, home: Home, choose: Callable[[Self], tuple[Gone, Iterable[Mark]]]) -> Iterator[Gone]:
        """Write the database anew without what `choose` finds in it, and with its marks; what is gone.

        The new file is complete when the block begins and takes the place of the old one when it ends; if it raises, or
        whatever is killed when, the old one stays. Raises StoreBusy, and StoreBroken when nothing was changed.
        """
        home.ensure()
        deadline = time.monotonic() + _REWRITE_WAIT
        with locked(home, True, deadline):
            try:
                with telling(home):
                    with connection_to(home, True, deadline) as connection:
                        old = cls(connection)
                        old._migrate()
                        gone, marks = choose(old)
                        old._run("CHECKPOINT")
                    _rewritten(home, gone, marks)
                yield gone
                store_remove.replace(home)
            finally:
                store_remove.clear_up(home)

    # --- duckdb

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._run("COMMIT")

    def _run(self, statement: str, values: list[Any] | None = None) -> None:
        self._connection.execute(statement, values or [])

    def _all(self, query: str, values: list[Any] | None = None) -> list[Row]:
        return self._connection.execute(query, values or []).fetchall()


def _rewritten(home: Home, gone: Gone, marks: Iterable[Mark]) -> None:
    """The new file, whole and on the disk. It alone is opened with access to files, to attach the old one."""
    store_remove.clear_up(home)
    if os.path.lexists(home.database + ".wal"):  # it would be taken for the new file's
        raise StoreBroken(f"{home.database}.wal is there, but no aj is writing; run `aj ingest`, then try again")
    config = {key: value for key, value in CONFIG.items() if key != "enable_external_access"}
    mask = os.umask(0o077)
    try:
        connection = duckdb.connect(home.database + NEW, config=config)
        try:
            store = Store(connection)
            store._migrate()  # before there are two databases with the same tables
            store._run("ATTACH '" + home.database.replace("'", "''") + "' AS old (READ_ONLY)")
            store._run("SET enable_external_access = false")
            store._each(store_forget.filled(gone))
            with store._transaction():
                for table, columns in store._tables().items():
                    store._run(store_forget.copying(table, columns, gone))
                store._mark(marks)
            store._run("CHECKPOINT")
        finally:
            connection.close()
    finally:
        os.umask(mask)
    store_remove.sync(home.database + NEW)


class Matcher:
    """Finds a regular expression in texts as the database does: with RE2, in time linear in the text."""

    def __init__(self, pattern: str) -> None:
        """Raises BadInput for a pattern that is none, or that matches everything."""
        self._connection = duckdb.connect(":memory:", config=CONFIG)
        self._pattern = pattern
        try:
            empty = self.matches("")
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].partition(": ")[2]
            raise BadInput(f"/{pattern}/ is not a regular expression ({reason})") from error
        if empty:
            raise BadInput(f"/{pattern}/ matches the empty text, that is everything; `--all` forgets everything")

    def matches(self, text: str) -> bool:
        query = "SELECT regexp_matches(?, ?)"
        row = self._connection.execute(query, [store_rows.clean(text), self._pattern]).fetchone()
        return bool(row and row[0])
