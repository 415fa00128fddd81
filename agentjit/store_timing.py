"""The store's part in cost: how long calls took and how they ended, and what a turn of the model took.

`store.py`, the only one that knows duckdb, builds on it. Nothing is kept for this: it is read from the calls
themselves, so what is forgotten is out of it at once. JSON that DuckDB cannot read (a lone surrogate, written out, is
such) tells nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from agentjit.store_schema import Row

NEWEST = 200  # calls of one text that are looked at: a service that became slow is slow
CALLS = 20_000  # calls in all, newest first
TURNS = 200  # episodes from which a model turn is learned

_SHELL = "Bash"

_TIMED = f"""
WITH timed AS (
    SELECT seen_at, tool, CASE WHEN tool <> '{_SHELL}' THEN '' WHEN json_valid(input) THEN input ->> '$.command' END
           AS text, seconds, coalesce(exit_code, CASE WHEN ok THEN 0 ELSE 1 END) AS exit_code
    FROM calls WHERE seconds >= 0 AND ended = 'returned' AND NOT
         (CASE WHEN json_valid(input) THEN coalesce(input ->> '$.run_in_background', '') = 'true' ELSE false END)
    UNION ALL
    SELECT seen_at, '{_SHELL}', step ->> 0, (step ->> 2)::DOUBLE, (step ->> 1)::BIGINT
    FROM (SELECT seen_at, unnest(CASE WHEN json_valid(steps) THEN from_json(steps, '["JSON"]') END) AS step
          FROM decisions WHERE steps LIKE '[[%')
    WHERE (step ->> 1) IS NOT NULL
)
SELECT tool, text, seconds, exit_code FROM timed WHERE text IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY tool, text ORDER BY seen_at DESC) <= ?
ORDER BY seen_at DESC, tool, text, seconds LIMIT ?
"""
_TURN = """
SELECT seconds / requests, coalesce(tokens, 0) / requests FROM episodes
WHERE requests > 0 AND seconds > 0 ORDER BY seen_at DESC, episode LIMIT ?
"""


class Timed(NamedTuple):
    """One call that came back: its tool, the command ("" for other tools than the shell), its seconds, and its exit
    status (0 or 1 where a tool has none: it went well or failed).
    """

    tool: str
    text: str
    seconds: float
    exit_code: int


class Timing(ABC):
    """What a store can tell of time."""

    def timed(self) -> list[Timed]:
        """The newest calls, of agents and of skills, newest first; of the very same command at most `NEWEST`."""
        return [Timed(*row) for row in self._all(_TIMED, [NEWEST, CALLS])]

    def model_turns(self) -> list[tuple[float, float]]:
        """(seconds, tokens) of a turn of the model, the mean of each of the newest episodes, newest first."""
        return [(float(seconds), float(tokens)) for seconds, tokens in self._all(_TURN, [TURNS])]

    @abstractmethod
    def _all(self, query: str, values: list[Any] | None = None) -> list[Row]: ...
