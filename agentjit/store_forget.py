"""What forgetting asks of the database, as data: what goes, which rows these are, how the rest is copied (pure).

Which rows go is worked out in temporary tables of ids; no stored text is ever part of a statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Statement = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be forgotten.

    `sessions`: ids, with `family` also what was forked from them and their sub-agents'; `project`: spellings of one
    folder; `texts`: any of these in any text; `pattern`: a regular expression (RE2) for the same; `loose_before`:
    decisions of no session made before that Unix time; `imports`: that files were imported is forgotten, too;
    `everything`.
    """

    sessions: frozenset[str] = frozenset()
    project: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    pattern: str = ""
    loose_before: float | None = None
    imports: bool = True
    family: bool = True
    everything: bool = False

    @property
    def by_text(self) -> bool:
        return bool(self.texts or self.pattern)


@dataclass(frozen=True, slots=True)
class Gone:
    """Ids of the rows that go, by kind: session, episode, call, final, decision, turn, path (of imports).

    `touched`: episodes that stay without their closing message and some calls; `blank`: sessions that stay without
    directory and transcript; `times`: (session, time, episode) of prompts that go; `prompts` and `size` for a person.
    """

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    touched: frozenset[str] = frozenset()
    blank: frozenset[str] = frozenset()
    times: tuple[tuple[str, float, str], ...] = ()
    prompts: int = 0
    size: int = 0
    everything: bool = False

    def of(self, kind: str) -> frozenset[str]:
        return self.ids.get(kind, frozenset())


# Of a call or closing message that does not name its episode it is the session's last prompt before it.
_OPENED = "(SELECT session, seen_at, episode FROM episodes WHERE prompt IS NOT NULL AND seen_at IS NOT NULL)"
_OWNED = f"""
CREATE OR REPLACE TEMP TABLE owned AS
SELECT c.call, c.session, coalesce(c.episode, e.episode) AS episode, c.cwd_after AS after,
  coalesce(c.cwd, lag(c.cwd_after) OVER (PARTITION BY c.session, c.agent ORDER BY c.seen_at, c.call), p.cwd) AS before
FROM calls c
ASOF LEFT JOIN {_OPENED} e ON c.session = e.session AND c.seen_at >= e.seen_at
LEFT JOIN episodes p ON p.episode = coalesce(c.episode, e.episode)
"""
_CLOSED = f"""
CREATE OR REPLACE TEMP TABLE closed AS
SELECT f.slot, f.session, coalesce(f.episode, e.episode) AS episode FROM finals f
ASOF LEFT JOIN {_OPENED} e ON f.session = e.session AND f.seen_at >= e.seen_at
"""
_GONE = "CREATE OR REPLACE TEMP TABLE gone (kind VARCHAR, id VARCHAR)"

# --- where text is: table, key, kind, columns
_TEXTS = (
    ("sessions", "session", "session", ("cwd", "transcript")),
    ("episodes", "episode", "episode", ("prompt", "cwd")),
    ("calls", "call", "call", ("tool", "input", "output", "cwd", "cwd_after", "agent")),
    ("finals", "slot", "final", ("message",)),
    ("decisions", "decision", "decision", ("reason", "skill", "steps", "arguments")),
    ("turns", "turn", "turn", ("detail",)),
    ("imports", "path", "path", ("path",)),
)
_ACTIVITY = " UNION ALL ".join(
    f"SELECT session, seen_at, {size} AS size FROM {table} WHERE session IS NOT NULL"
    for table, size in {
        "sessions": "0",
        "turns": "0",
        "episodes": "coalesce(strlen(prompt), 0)",
        "calls": "strlen(input) + strlen(output)",
        "finals": "strlen(message)",
        "decisions": "strlen(steps) + strlen(arguments)",
    }.items()
)
ACTIVITY = f"SELECT session, max(seen_at), sum(size)::BIGINT FROM ({_ACTIVITY}) GROUP BY session ORDER BY ALL"
"""session, when it was last active (NULL: no time is known), bytes of its text."""


def selection(target: Target, episodes: Iterable[str]) -> list[Statement]:
    """Statements that leave in `gone` the (kind, id) of everything that goes; `episodes` go as well."""
    named: list[Statement] = [(_OWNED, []), (_CLOSED, []), (_GONE, [])]
    named.append(("INSERT INTO gone SELECT 'episode', unnest(?::VARCHAR[])", [sorted(episodes)]))
    if target.sessions:
        named.append((_WITH_CHILDREN if target.family else _ALONE, [sorted(target.sessions)]))
    if target.loose_before is not None:
        loose = "SELECT 'decision', decision FROM decisions WHERE session IS NULL AND seen_at < ?"
        named.append((f"INSERT INTO gone {loose}", [target.loose_before]))
    if target.project:
        named += _of_project(target.project)
    if target.by_text:
        named += _by_text(target)
        # The whole episode goes in which a text occurs.
        named += [(statement, []) for statement in _OWNERS]
    consequences = (*_CONSEQUENCES, *_PATHS) if target.imports else _CONSEQUENCES
    return [*named, *((statement, []) for statement in consequences)]


_WITH_CHILDREN = """
INSERT INTO gone WITH RECURSIVE family(session) AS (
  SELECT unnest(?::VARCHAR[]) UNION SELECT s.session FROM sessions s JOIN family f ON s.parent = f.session)
SELECT 'session', session FROM family
"""
_ALONE = "INSERT INTO gone SELECT 'session', unnest(?::VARCHAR[])"
_OWNERS = (
    "INSERT INTO gone SELECT 'episode', episode FROM owned WHERE episode IS NOT NULL"
    " AND call IN (SELECT id FROM gone WHERE kind = 'call')",
    "INSERT INTO gone SELECT 'episode', episode FROM closed WHERE episode IS NOT NULL"
    " AND slot IN (SELECT id FROM gone WHERE kind = 'final')",
    "INSERT INTO gone SELECT 'episode', episode FROM decisions WHERE episode IS NOT NULL"
    " AND decision IN (SELECT id FROM gone WHERE kind = 'decision')",
)
_SESSIONS = "(SELECT id FROM gone WHERE kind = 'session')"
_EPISODES = "(SELECT id FROM gone WHERE kind = 'episode')"
_CALLS = "(SELECT id FROM gone WHERE kind = 'call')"
_CONSEQUENCES = (
    f"INSERT INTO gone SELECT 'episode', episode FROM episodes WHERE session IN {_SESSIONS}",
    f"INSERT INTO gone SELECT 'touched', episode FROM owned WHERE call IN {_CALLS} AND episode NOT IN {_EPISODES}",
    f"INSERT INTO gone SELECT 'call', call FROM owned WHERE session IN {_SESSIONS} OR episode IN {_EPISODES}",
    "INSERT INTO gone SELECT 'final', slot FROM closed WHERE"
    f" session IN {_SESSIONS} OR episode IN (SELECT id FROM gone WHERE kind IN ('episode', 'touched'))",
    # A session of which nothing is left goes with what was lost.
    """
    INSERT INTO gone
    WITH parts AS (
      SELECT session, 'episode' AS kind, episode AS id FROM episodes
      UNION ALL SELECT session, 'call', call FROM owned UNION ALL SELECT session, 'final', slot FROM closed)
    SELECT 'session', p.session FROM parts p LEFT JOIN (SELECT DISTINCT kind, id FROM gone) g USING (kind, id)
    GROUP BY p.session HAVING count(g.id) = count(*)
    """,
    f"INSERT INTO gone SELECT 'decision', decision FROM decisions WHERE session IN {_SESSIONS}"
    f" OR episode IN {_EPISODES}",
    f"INSERT INTO gone SELECT 'turn', turn FROM turns WHERE session IN {_SESSIONS}",
    # An id that turned out to mean another one: both go.
    f"INSERT INTO gone SELECT 'episode', alias FROM aliases WHERE episode IN {_EPISODES}",
    f"DELETE FROM gone WHERE kind = 'blank' AND id IN {_SESSIONS}",
)
_PATHS = (
    "INSERT INTO gone SELECT 'path', path FROM imports WHERE EXISTS (SELECT 1 FROM gone g LEFT JOIN sessions s"
    " ON s.session = g.id WHERE g.kind IN ('session', 'blank') AND (path = s.transcript OR contains(path, g.id)))",
)


def _of_project(spellings: tuple[str, ...]) -> list[Statement]:
    """Prompts and calls in the folder or below, and calls that name it; transcripts kept under its name."""
    statements: list[Statement] = []
    for folder in spellings:
        inside = [folder, folder.rstrip("/") + "/"]
        under = "({0} = ? OR starts_with({0}, ?))"
        statements += [
            (f"INSERT INTO gone SELECT 'episode', episode FROM episodes WHERE {under.format('cwd')}", inside),
            (
                "INSERT INTO gone SELECT 'call', call FROM owned WHERE"
                f" {under.format('before')} OR {under.format('after')}",
                inside * 2,
            ),
            ("INSERT INTO gone SELECT 'call', call FROM calls WHERE regexp_matches(input, ?)", [naming(folder)]),
            # A session goes as a whole only if nothing of it is left; one that began here loses that.
            (f"INSERT INTO gone SELECT 'blank', session FROM sessions WHERE {under.format('cwd')}", inside),
            (
                "INSERT INTO gone SELECT 'session', session FROM sessions s WHERE "
                + under.format("cwd")
                + " AND NOT EXISTS (SELECT 1 FROM episodes e WHERE e.session = s.session)"
                " AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.session = s.session)"
                " AND NOT EXISTS (SELECT 1 FROM finals f WHERE f.session = s.session)",
                inside,
            ),
            (
                "INSERT INTO gone SELECT 'path', path FROM imports WHERE contains(path, ?) OR starts_with(path, ?)",
                [re.sub(r"[^A-Za-z0-9]", "-", folder), inside[1]],
            ),
        ]
    return statements


def naming(path: str) -> str:
    """A regular expression (RE2 and Python alike) for the mention of a path or of what is below it."""
    return r"(?:^|[^\w.-])" + re.escape(path.rstrip("/") or "/") + r"(?:$|[^\w.-])"


def _by_text(target: Target) -> list[Statement]:
    statements: list[Statement] = []
    for table, key, kind, columns in _TEXTS:
        if target.pattern:
            tests = [f"regexp_matches({text}, ?)" for column in columns for text in (column, _unescaped(column))]
            values = [target.pattern] * len(tests)
        else:
            tests = [f"contains({column}, ?)" for column in columns for _ in target.texts]
            values = [text for _ in columns for text in target.texts]
        statements.append((f"INSERT INTO gone SELECT '{kind}', {key} FROM {table} WHERE {' OR '.join(tests)}", values))
    return statements


def _unescaped(column: str) -> str:
    """JSON text about as it reads, so that a pattern need not know how JSON writes quotes and lines."""
    replaced = f"replace({column}, '\\n', chr(10))"
    return f"replace(replace(replace({replaced}, '\\t', chr(9)), '\\\"', '\"'), '\\\\', '\\')"


# --- after the selection

CHOSEN = "SELECT DISTINCT kind, id FROM gone WHERE id IS NOT NULL"
TIMES = (
    "SELECT session, seen_at, episode FROM episodes WHERE seen_at IS NOT NULL AND prompt IS NOT NULL"
    f" AND episode IN {_EPISODES}"
)
SIZE = (
    f"SELECT (SELECT coalesce(sum(strlen(input) + strlen(output)), 0) FROM calls WHERE call IN {_CALLS})"
    f" + (SELECT coalesce(sum(strlen(prompt)), 0) FROM episodes WHERE episode IN {_EPISODES})"
)

# --- removing


def filled(gone: Gone) -> list[Statement]:
    """Statements that make the table `gone` on another connection."""
    kinds = {**gone.ids, "blank": gone.blank}
    rows = [("INSERT INTO gone SELECT ?, unnest(?::VARCHAR[])", [kind, sorted(ids)]) for kind, ids in kinds.items()]
    return [(_GONE, []), *rows]


_KINDS = {
    "session": "session",
    "episode": "episode",
    "call": "call",
    "slot": "final",
    "decision": "decision",
    "turn": "turn",
    "path": "path",
    "alias": "episode",
}


def kept(columns: Iterable[str]) -> str:
    """The condition on a row `t` of a table with `columns` that it stays."""
    tests = [
        f"NOT EXISTS (SELECT 1 FROM gone g WHERE g.kind = '{_KINDS[column]}' AND g.id = t.{column})"
        for column in columns
        if column in _KINDS
    ]
    return " AND ".join(tests) or "true"


def copying(table: str, columns: list[str], gone: Gone) -> str:
    """The statement that fills a table of the new database from the old one, attached as `old`."""
    names = ", ".join(_quoted(column) for column in columns)
    if gone.everything:
        where = "true" if table == "forgotten" else "false"
    else:
        where = kept(columns)
    blank = f"t.session IN ({_BLANK})"
    values = ", ".join(
        f"CASE WHEN {blank} THEN NULL ELSE t.{_quoted(column)} END"
        if _blanked(table, column)
        else f"t.{_quoted(column)}"
        for column in columns
    )
    return f"INSERT INTO main.{_quoted(table)} ({names}) SELECT {values} FROM old.main.{_quoted(table)} t WHERE {where}"


_BLANK = "SELECT id FROM gone WHERE kind = 'blank'"


def _blanked(table: str, column: str) -> bool:
    return table == "sessions" and column in ("cwd", "transcript")


def deleting(table: str, columns: list[str]) -> str:
    """The statement that removes the rows in place."""
    return f"DELETE FROM main.{_quoted(table)} t WHERE NOT ({kept(columns)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


MARK = (
    "INSERT INTO forgotten SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::DOUBLE[])"
    " ON CONFLICT (mark) DO UPDATE SET seen_at = greatest(forgotten.seen_at, excluded.seen_at)"
)
"""One list per column; each mark at most once."""
