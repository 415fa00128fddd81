"""The database as data: migrations, and how two records of the same thing become one row (pure; SQL as text).

Text is "" in a record and NULL in a column where nothing is known, so that later knowledge can fill the gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

Row = tuple[Any, ...]


class Rule(StrEnum):
    """What becomes of a column when a second record of the same key comes."""

    KEY = "key"
    KEEP = "keep"  # the first stays
    FILL = "fill"  # the first that is known stays
    MOST = "most"  # the greater
    LEAST = "least"  # the smaller
    LAST = "last"  # goes with the row of the greater rank; of equals, the later
    BEST = "best"  # the same; of equals, the first
    ORDER = "order"  # of the first row that knows `batch`: a transcript knows the order of calls, a hook only a clock
    RANK = "rank"


@dataclass(frozen=True, eq=False)
class Column:
    name: str
    type: str
    rule: Rule


@dataclass(frozen=True, eq=False)  # there is one of each: identity is equality, and quick to hash
class Table:
    """A table, its columns in order, its key first."""

    name: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        return self.columns[0].name

    @cached_property
    def insert(self) -> str:
        """SQL that takes one list per column, of rows whose keys are not in the table."""
        names = ", ".join(column.name for column in self.columns)
        lists = ", ".join(f"unnest(?::{column.type}[]) AS {column.name}" for column in self.columns)
        return f"INSERT INTO {self.name} AS t ({names}) SELECT * FROM (SELECT {lists})"

    @cached_property
    def merge_in(self) -> str:
        """The same for rows whose keys are there already, or may be."""
        changes = {column.name: self._merged(column) for column in self.columns}
        sets = ", ".join(f"{name} = {value}" for name, value in changes.items() if value)
        differs = " OR ".join(f"t.{name} IS DISTINCT FROM {value}" for name, value in changes.items() if value)
        then = f"DO UPDATE SET {sets} WHERE {differs}" if sets else "DO NOTHING"
        return f"{self.insert} ON CONFLICT ({self.key}) {then}"

    def _merged(self, column: Column) -> str:
        old, new = f"t.{column.name}", f"excluded.{column.name}"
        match column.rule:
            case Rule.FILL:
                return f"coalesce({old}, {new})"
            case Rule.MOST | Rule.RANK:
                return f"greatest({old}, {new})"
            case Rule.LEAST:
                return f"least({old}, {new})"
            case Rule.LAST:
                return f"CASE WHEN excluded.{self._rank} >= t.{self._rank} THEN {new} ELSE {old} END"
            case Rule.ORDER:
                return f"CASE WHEN t.batch IS NULL AND excluded.batch IS NOT NULL THEN {new} ELSE {old} END"
            case Rule.BEST:
                return f"CASE WHEN excluded.{self._rank} > t.{self._rank} THEN {new} ELSE {old} END"
            case _:
                return ""

    @cached_property
    def _rank(self) -> str:
        return next(column.name for column in self.columns if column.rule is Rule.RANK)

    def merge(self, rows: Iterable[Row]) -> list[Row]:
        """The same merging among rows that are about to be inserted: one row per key."""
        merged: dict[Any, Row] = {}
        for row in rows:
            known = merged.get(row[0])
            merged[row[0]] = row if known is None else self._merge_two(known, row)
        return list(merged.values())

    def _batch(self, row: Row) -> bool:
        """Whether the row knows its `batch`, if the table has one."""
        return any(column.name == "batch" and value for column, value in zip(self.columns, row, strict=True))

    def _merge_two(self, old: Row, new: Row) -> Row:
        ranks = [(a, b) for column, a, b in zip(self.columns, old, new, strict=True) if column.rule is Rule.RANK]
        later, better = all(b >= a for a, b in ranks), all(b > a for a, b in ranks)
        chosen = {Rule.LAST: later, Rule.BEST: better, Rule.ORDER: self._batch(new) and not self._batch(old)}
        return tuple(
            _pick(column.rule, a, b, chosen.get(column.rule, False))
            for column, a, b in zip(self.columns, old, new, strict=True)
        )


def _pick(rule: Rule, old: Any, new: Any, chosen: bool) -> Any:
    known = [value for value in (old, new) if value is not None]
    match rule:
        case Rule.FILL:
            return known[0] if known else None
        case Rule.MOST | Rule.RANK:
            return max(known) if known else None
        case Rule.LEAST:
            return min(known) if known else None
        case _:
            return new if chosen else old


def _table(name: str, columns: Mapping[str, tuple[str, Rule]]) -> Table:
    return Table(name, tuple(Column(column, kind, rule) for column, (kind, rule) in columns.items()))


SESSIONS = _table(
    "sessions",
    {
        "session": ("VARCHAR", Rule.KEY),
        "harness": ("VARCHAR", Rule.KEEP),
        "seen_at": ("DOUBLE", Rule.LEAST),
        "cwd": ("VARCHAR", Rule.FILL),
        "source": ("VARCHAR", Rule.FILL),
        "ended": ("BOOLEAN", Rule.MOST),
        "transcript": ("VARCHAR", Rule.FILL),
        "parent": ("VARCHAR", Rule.FILL),
        "own": ("VARCHAR", Rule.FILL),
    },
)
TURNS = _table(
    "turns",
    {
        "turn": ("VARCHAR", Rule.KEY),
        "session": ("VARCHAR", Rule.KEEP),
        "seen_at": ("DOUBLE", Rule.KEEP),
        "kind": ("VARCHAR", Rule.KEEP),
        "detail": ("VARCHAR", Rule.FILL),
    },
)
EPISODES = _table(
    "episodes",
    {
        "episode": ("VARCHAR", Rule.KEY),
        "session": ("VARCHAR", Rule.KEEP),
        "seen_at": ("DOUBLE", Rule.FILL),
        "prompt": ("VARCHAR", Rule.FILL),  # NULL: only what it cost is known so far
        "kind": ("VARCHAR", Rule.LEAST),  # typed if nobody knows better: see `Episode.kind`
        "cwd": ("VARCHAR", Rule.FILL),
        "requests": ("BIGINT", Rule.MOST),
        "tokens": ("BIGINT", Rule.MOST),
        "seconds": ("DOUBLE", Rule.MOST),
        "branch": ("VARCHAR", Rule.FILL),
    },
)
CALLS = _table(
    "calls",
    {
        "call": ("VARCHAR", Rule.KEY),
        "session": ("VARCHAR", Rule.KEEP),
        "episode": ("VARCHAR", Rule.FILL),
        "tool": ("VARCHAR", Rule.KEEP),
        "input": ("VARCHAR", Rule.KEEP),  # JSON
        "output": ("VARCHAR", Rule.BEST),
        "ok": ("BOOLEAN", Rule.BEST),
        "exit_code": ("BIGINT", Rule.BEST),
        "seen_at": ("DOUBLE", Rule.ORDER),
        "seconds": ("DOUBLE", Rule.FILL),
        "cwd": ("VARCHAR", Rule.FILL),
        "cwd_after": ("VARCHAR", Rule.FILL),
        "agent": ("VARCHAR", Rule.FILL),
        "ended": ("VARCHAR", Rule.BEST),
        "batch": ("VARCHAR", Rule.FILL),
        "rank": ("BIGINT", Rule.RANK),  # 0 no result is known, 1 there is one
    },
)
FINALS = _table(
    "finals",
    {
        "slot": ("VARCHAR", Rule.KEY),  # the episode, or session and time where it is not told
        "session": ("VARCHAR", Rule.KEEP),
        "episode": ("VARCHAR", Rule.FILL),
        "seen_at": ("DOUBLE", Rule.RANK),
        "message": ("VARCHAR", Rule.LAST),
    },
)
DECISIONS = _table(
    "decisions",
    {
        "decision": ("VARCHAR", Rule.KEY),
        "rank": ("BIGINT", Rule.RANK),  # 0 nothing came of it yet, 1 begun, 2 it ran
        "seen_at": ("DOUBLE", Rule.KEEP),
        "session": ("VARCHAR", Rule.FILL),
        "episode": ("VARCHAR", Rule.FILL),
        "entry": ("VARCHAR", Rule.KEEP),
        "verdict": ("VARCHAR", Rule.LAST),
        "reason": ("VARCHAR", Rule.LAST),
        "skill": ("VARCHAR", Rule.LAST),
        "version": ("VARCHAR", Rule.LAST),
        "outcome": ("VARCHAR", Rule.LAST),
        "seconds": ("DOUBLE", Rule.LAST),
        "steps": ("VARCHAR", Rule.LAST),  # JSON
        "requests": ("BIGINT", Rule.LAST),
        "tokens": ("BIGINT", Rule.LAST),
        "saved_seconds": ("DOUBLE", Rule.LAST),
        "arguments": ("VARCHAR", Rule.LAST),  # JSON
    },
)
IMPORTS = _table(
    "imports",
    {
        "path": ("VARCHAR", Rule.KEY),
        "size": ("BIGINT", Rule.LAST),
        "mtime_ns": ("BIGINT", Rule.RANK),
    },
)


TABLES = (SESSIONS, TURNS, EPISODES, CALLS, FINALS, DECISIONS, IMPORTS)


def m001_initial() -> tuple[str, ...]:
    """Sessions, episodes, calls, finals, decisions; which files were imported; ids that turned out to be another's."""
    return (
        "CREATE TABLE sessions (session VARCHAR PRIMARY KEY, harness VARCHAR, seen_at DOUBLE, cwd VARCHAR,"
        " source VARCHAR, ended BOOLEAN, transcript VARCHAR)",
        "CREATE TABLE episodes (episode VARCHAR PRIMARY KEY, session VARCHAR, seen_at DOUBLE, prompt VARCHAR,"
        " kind VARCHAR, cwd VARCHAR, requests BIGINT, tokens BIGINT, seconds DOUBLE)",
        "CREATE TABLE calls (call VARCHAR PRIMARY KEY, session VARCHAR, episode VARCHAR, tool VARCHAR, input VARCHAR,"
        " output VARCHAR, ok BOOLEAN, exit_code BIGINT, seen_at DOUBLE, seconds DOUBLE, cwd VARCHAR,"
        " cwd_after VARCHAR, agent VARCHAR)",
        "CREATE TABLE finals (slot VARCHAR PRIMARY KEY, session VARCHAR, episode VARCHAR, seen_at DOUBLE,"
        " message VARCHAR)",
        "CREATE TABLE decisions (decision VARCHAR PRIMARY KEY, rank BIGINT, seen_at DOUBLE, session VARCHAR,"
        " episode VARCHAR, entry VARCHAR, verdict VARCHAR, reason VARCHAR, skill VARCHAR, version VARCHAR,"
        " outcome VARCHAR, seconds DOUBLE, steps VARCHAR, requests BIGINT, tokens BIGINT, saved_seconds DOUBLE,"
        " arguments VARCHAR)",
        "CREATE TABLE imports (path VARCHAR PRIMARY KEY, size BIGINT, mtime_ns BIGINT)",
        "CREATE TABLE aliases (alias VARCHAR PRIMARY KEY, episode VARCHAR)",
    )


def m002_everything() -> tuple[str, ...]:
    """How a call ended, which calls were made at once; whose a session is; the turns in its life."""
    return (
        "ALTER TABLE sessions ADD COLUMN parent VARCHAR",
        "ALTER TABLE sessions ADD COLUMN own VARCHAR",
        "ALTER TABLE calls ADD COLUMN ended VARCHAR DEFAULT 'returned'",
        "ALTER TABLE calls ADD COLUMN batch VARCHAR",
        "ALTER TABLE calls ADD COLUMN rank BIGINT DEFAULT 1",
        "CREATE TABLE turns (turn VARCHAR PRIMARY KEY, session VARCHAR, seen_at DOUBLE, kind VARCHAR, detail VARCHAR)",
    )


def m003_forgotten() -> tuple[str, ...]:
    """What was forgotten and must not come back, under names that tell nothing; see `observe/consent.py`."""
    return ("CREATE TABLE forgotten (mark VARCHAR PRIMARY KEY, kind VARCHAR, seen_at DOUBLE)",)


def m004_branch() -> tuple[str, ...]:
    """The branch that was checked out when the prompt was given."""
    return ("ALTER TABLE episodes ADD COLUMN branch VARCHAR",)


# Append only: a database knows how many of these it has had.
MIGRATIONS = (m001_initial, m002_everything, m003_forgotten, m004_branch)
