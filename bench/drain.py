"""Draining recorded events, against DuckDB loading the very rows that come of them from a file.

The events are what the client's hooks send: prompts, Bash calls with some output, ends of turns. The rows are taken out
of the drained database as JSON lines and as CSV, and loaded into a fresh one of the same schema; events are JSON, so
that is what the budget is about. The floor is what it takes to list, open, read and remove as many files, and nothing
else. Memory is the peak of a process that drains so many events, and twice as many. `--profile` shows where the time
goes.
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

from agentjit import spool
from agentjit.home import Home
from agentjit.observe.ingest import drain
from agentjit.store_schema import MIGRATIONS
from bench.report import Budget, Row, finish, options

BUDGET = 3.0  # of DuckDB's own time
FLAT = 1.2  # of the memory for half of the backlog
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
    os.sync()  # what hooks wrote over days is on the disk by the time it is drained


def draining(home: Home, count: int) -> float:
    """Seconds to drain; fails unless every event came to be."""
    begin = time.perf_counter()
    done = drain(home, {"HOME": home.root}, now=time.time())
    took = time.perf_counter() - begin
    assert (done.events, done.quarantined, os.listdir(home.spool)) == (count, 0, []), done
    return took


FORMATS = {"json": "(FORMAT json)", "csv": "(FORMAT csv, HEADER)"}


def loading(home: Home, scratch: Path, form: str) -> float:
    """Seconds for DuckDB to load the home's rows from files of a format into an empty database of its schema."""
    with duckdb.connect(home.database, read_only=True) as source:
        names = [str(name) for (name,) in source.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        counts = {name: source.execute(f"SELECT count(*) FROM {name}").fetchall() for name in names}
        for name in names:
            source.execute(f"COPY {name} TO '{scratch}/{name}.{form}' {FORMATS[form]}")
    begin = time.perf_counter()
    with duckdb.connect(str(scratch / f"{form}.duckdb")) as target:
        for migration in MIGRATIONS:
            for statement in migration():
                target.execute(statement)
        target.execute("CREATE TABLE schema_version (version BIGINT, name VARCHAR)")
        for name in names:
            target.execute(f"COPY {name} FROM '{scratch}/{name}.{form}' {FORMATS[form]}")
    took = time.perf_counter() - begin
    with duckdb.connect(str(scratch / f"{form}.duckdb"), read_only=True) as target:
        assert counts == {name: target.execute(f"SELECT count(*) FROM {name}").fetchall() for name in names}
    return took


def touching(home: Home) -> float:
    """Seconds to list, open, read and remove the files of a spool."""
    begin = time.perf_counter()
    for waiting in spool.pending(home):
        spool.read(waiting)
        spool.remove(waiting)
    return time.perf_counter() - begin


def peak(count: int) -> float:
    """The most memory (MB) that a process of its own needs to drain `count` events."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(str(Path(folder, "aj")))
        fill(home, count)
        pid = os.fork()
        if pid == 0:
            try:
                draining(home, count)
            finally:
                os._exit(0)
        usage = os.wait4(pid, 0)[2]
    return usage.ru_maxrss / 1024


def measure(runs: int, count: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"drain": [], "json": [], "csv": [], "files": []}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            home = Home(str(Path(folder, "aj")))
            fill(home, count)
            found["drain"].append(draining(home, count))
            for form in FORMATS:
                found[form].append(loading(home, Path(folder), form))
            fill(home, count)
            found["files"].append(touching(home))
    return found


def profile(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(str(Path(folder, "aj")))
        fill(home, count)
        profiler = cProfile.Profile()
        profiler.runcall(draining, home, count)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def main() -> int:
    parser = options(__doc__, runs=3, what="times")
    parser.add_argument("--events", type=int, default=100_000, help="events to drain (default: 100000)")
    parser.add_argument("--profile", action="store_true", help="show where the time goes, and measure nothing")
    given = parser.parse_args()
    if given.profile:
        profile(given.events)
        return 0
    found = measure(given.runs, given.events)
    few, many = peak(given.events), peak(2 * given.events)
    labels = {
        "drain": f"drain {given.events:,} events",
        "json": "DuckDB loads the rows from JSON lines",
        "csv": "DuckDB loads the rows from CSV",
        "files": "the files only: list, open, read, remove",
    }
    rows = [Row.of(label, found[name], scale=1.0, unit="s") for name, label in labels.items()]
    rows += [
        Row.of(f"peak memory, {n:,} events", [mb, mb], scale=1.0, unit="MB")
        for n, mb in ((given.events, few), (2 * given.events, many))
    ]
    budgets = [
        Budget("drain against DuckDB (JSON lines)", min(found["drain"]) / min(found["json"]), BUDGET),
        Budget("memory of twice the backlog", many / few, FLAT),
    ]
    return finish(rows, budgets, as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
