"""Draining recorded events, against DuckDB loading the very rows that come of them from a file.

The events are what the client's hooks send: prompts, Bash calls with some output, ends of turns. The rows are taken out
of the drained database as CSV, and loaded into a fresh one of the same schema. `--profile` shows where the time goes.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

# The store is duckdb's one home in the package; a benchmark against duckdb itself needs it bare.
import duckdb

from agentjit.home import Home
from agentjit.observe.ingest import drain
from agentjit.store_schema import MIGRATIONS
from bench.report import Budget, Row, finish, options

BUDGET = 3.0  # of DuckDB's own time
CALLS = 18  # calls to a prompt
OUTPUT = "\n".join(f"src/module_{n}.py:{n * 7}: def handle_{n}(request, context, *, retries=3):" for n in range(12))


def events(count: int) -> Iterator[tuple[str, dict[str, object]]]:
    """`count` events of many sessions, as the hooks receive them: (event, payload)."""
    for number in range(count):
        turn, place = divmod(number, CALLS + 2)
        session, prompt = f"session-{turn // 10:05d}", f"prompt-{turn:06d}"
        common: dict[str, object] = {"session_id": session, "prompt_id": prompt, "cwd": "/work/shop"}
        if place == 0:
            yield "UserPromptSubmit", {**common, "prompt": f"look at request {turn} and say what is wrong with it"}
        elif place == CALLS + 1:
            yield "Stop", {**common, "last_assistant_message": f"Request {turn} lacks a retry in handle_{place}."}
        else:
            ran = {"stdout": OUTPUT, "stderr": "", "interrupted": False, "isImage": False}
            what = {"command": f"grep -rn handle_{place} src/ --include='*.py' | head -n {turn % 40 + 1}"}
            call = {"tool_name": "Bash", "tool_input": what, "tool_response": ran, "tool_use_id": f"toolu_{number:08d}"}
            yield "PostToolUse", {**common, **call, "duration_ms": 12}


def fill(home: Home, count: int) -> None:
    """The spool as `count` hooks leave it: a file an event, in order of time, by processes long gone."""
    home.ensure()
    begin = time.time() - 86_400
    for number, (event, payload) in enumerate(events(count)):
        path = os.path.join(home.spool, f"{event}.{4_000_000 + number}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({**payload, "hook_event_name": event, "permission_mode": "default"}, file)
        os.utime(path, (begin + number / 10, begin + number / 10))


def draining(home: Home, count: int) -> float:
    """Seconds to drain; fails unless every event came to be."""
    begin = time.perf_counter()
    done = drain(home, {"HOME": home.root}, now=time.time())
    took = time.perf_counter() - begin
    assert (done.events, done.quarantined, os.listdir(home.spool)) == (count, 0, []), done
    return took


def loading(home: Home, scratch: Path) -> float:
    """Seconds for DuckDB to load all rows of the home's database from CSV files into an empty one of its schema."""
    with duckdb.connect(home.database, read_only=True) as source:
        names = [str(name) for (name,) in source.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        counts = {name: source.execute(f"SELECT count(*) FROM {name}").fetchall() for name in names}
        for name in names:
            source.execute(f"COPY {name} TO '{scratch}/{name}.csv' (HEADER)")
    begin = time.perf_counter()
    with duckdb.connect(str(scratch / "loaded.duckdb")) as target:
        for migration in MIGRATIONS:
            for statement in migration():
                target.execute(statement)
        target.execute("CREATE TABLE schema_version (version BIGINT, name VARCHAR)")
        for name in names:
            target.execute(f"COPY {name} FROM '{scratch}/{name}.csv' (HEADER)")
    took = time.perf_counter() - begin
    with duckdb.connect(str(scratch / "loaded.duckdb"), read_only=True) as target:
        assert counts == {name: target.execute(f"SELECT count(*) FROM {name}").fetchall() for name in names}
    return took


def measure(runs: int, count: int) -> tuple[list[float], list[float]]:
    ours, theirs = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            home = Home(str(Path(folder, "aj")))
            fill(home, count)
            ours.append(draining(home, count))
            theirs.append(loading(home, Path(folder)))
    return ours, theirs


def profile(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(str(Path(folder, "aj")))
        fill(home, count)
        profiler = cProfile.Profile()
        profiler.runcall(draining, home, count)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def main() -> int:
    parser = options(__doc__, runs=3, what="times")
    parser.add_argument("--events", type=int, default=20_000, help="events to drain (default: 20000)")
    parser.add_argument("--profile", action="store_true", help="show where the time goes, and measure nothing")
    given = parser.parse_args()
    if given.profile:
        profile(given.events)
        return 0
    ours, theirs = measure(given.runs, given.events)
    rows = [
        Row.of(f"drain {given.events:,} events", ours, scale=1.0, unit="s"),
        Row.of("DuckDB loads the rows from CSV", theirs, scale=1.0, unit="s"),
    ]
    best = min(ours) / min(theirs)
    return finish(rows, [Budget("drain against DuckDB", best, BUDGET)], as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
