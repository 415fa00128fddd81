"""Importing transcripts, against reading the same files and parsing their JSON.

The transcripts are those of the corpus (`AJ_CORPUS`, else `shared/corpus` beside the checkout), or the
files and folders that are given. Import means all of it: reading, redacting, pairing calls with results, storing.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from agentjit.home import Home
from agentjit.observe.importer import import_paths
from bench.report import CHECKOUT, Budget, Row, finish, options

BUDGET = 2.0  # of reading and parsing
FOLDERS = ("claude-code", "codex", "copilot-cli", "gemini-cli", "opencode", "hook-payloads")


def parsing(files: Sequence[Path]) -> float:
    """Seconds to read the files and parse each line, or all of a file that is one document."""
    begin = time.perf_counter()
    for path in files:
        raw = path.read_bytes()
        try:
            json.loads(raw)
        except ValueError:
            for line in raw.splitlines():
                try:
                    json.loads(line)
                except ValueError:
                    continue
    return time.perf_counter() - begin


def importing(files: Sequence[Path]) -> float:
    """Seconds to import them into a fresh home."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(str(Path(folder, "aj")))
        home.ensure()
        begin = time.perf_counter()
        done = import_paths(home, list(files), {"HOME": folder})
        took = time.perf_counter() - begin
    assert done.files and done.records, done
    return took


def main() -> int:
    parser = options(__doc__, runs=5, what="times")
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders (default: the corpus)")
    given = parser.parse_args()
    corpus = Path(os.environ.get("AJ_CORPUS") or CHECKOUT.parent / "shared" / "corpus")
    chosen = given.paths or [corpus / name for name in FOLDERS]
    files = sorted(
        path for one in chosen for path in ([one] if one.is_file() else one.rglob("*.json*")) if path.is_file()
    )
    if not files:
        parser.error("no transcripts: name some, or set AJ_CORPUS")
    ours, theirs = [], []
    for _ in range(given.runs):
        theirs.append(parsing(files))
        ours.append(importing(files))
    size = sum(path.stat().st_size for path in files) / 1e6
    rows = [
        Row.of(f"import {len(files)} files, {size:.0f} MB", ours),
        Row.of("read them and parse their JSON", theirs),
    ]
    return finish(rows, [Budget("import against parsing", min(ours) / min(theirs), BUDGET)], as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
