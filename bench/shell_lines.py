"""Reading shell lines: how many a second, and what stays whole for which reason.

Each run reads every line of a file (nl2bash's, by default); counted is the time of this process alone, so that other
work on the machine matters less. Against it stand tree-sitter alone, which only builds its tree, and both careful
readers on every line. `operation` is a Bash call read for what it does: parsed, masked, its effect judged; calls met
before are remembered.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

# tree-sitter's one home in the package is detect/shell.py; a benchmark against it needs it bare.
import tree_sitter_bash
from tree_sitter import Language, Parser

from agentjit.detect import simple
from agentjit.detect.shell import parse, parse_carefully
from agentjit.detect.signature import operation
from agentjit.trace import ToolCall
from bench.report import CHECKOUT, Budget, Row, finish, options

LINES_A_SECOND = 100_000
CORPUS = CHECKOUT.parent / "shared/corpus/shell-commands/nl2bash-all.cm"


def rate(work: Callable[[str], object], lines: Sequence[str]) -> float:
    """Lines a second."""
    begin = time.process_time()
    for line in lines:
        work(line)
    return len(lines) / (time.process_time() - begin)


def operations(lines: Sequence[str], cwd: str) -> float:
    """Bash calls a second, in the working directory `cwd`."""
    return rate(lambda line: operation(ToolCall("id", "Bash", {"command": line}, "", True, 0, 0.0, cwd=cwd)), lines)


def measure(lines: Sequence[str], runs: int) -> dict[str, list[float]]:
    """Lines a second of each reader, one figure a run."""
    parser = Parser(Language(tree_sitter_bash.language()))
    found: dict[str, list[float]] = {name: [] for name in ("parse", "tree-sitter", "careful", "operation", "again")}
    operations(lines[:1], "/")  # loads the catalogue
    for run in range(runs):
        found["parse"].append(rate(parse, lines))
        found["tree-sitter"].append(rate(lambda line: parser.parse(line.encode()), lines))
        found["careful"].append(rate(parse_carefully, lines))
        found["operation"].append(operations(lines, f"/work/{run}"))  # a directory not met before
        found["again"].append(operations(lines, f"/work/{run}"))
    return found


def reasons(lines: Sequence[str]) -> list[tuple[str, int]]:
    """What was taken apart, and by whom; then why the others were not, most frequent first."""
    opaque = Counter(parse(line).opaque for line in lines)
    quick = sum(simple.read(line) is not None for line in lines)
    apart = [("taken apart by one expression", quick), ("taken apart by two readers", opaque.pop("", 0) - quick)]
    return [*apart, *opaque.most_common()]


def main() -> int:
    parser = options(__doc__, runs=5, what="times")
    parser.add_argument("path", nargs="?", type=Path, default=CORPUS, help="a file of shell lines (default: nl2bash's)")
    given = parser.parse_args()
    lines = given.path.read_text(encoding="utf-8").splitlines()
    found = measure(lines, given.runs)
    labels = {
        "parse": f"parse, {len(lines):,} lines, {len(set(lines)):,} different",
        "tree-sitter": "tree-sitter alone, no reading of its tree",
        "careful": "both careful readers on every line",
        "operation": "operation of a Bash call",
        "again": "operation of a Bash call met before",
    }
    rows = [Row.of(label, found[name], scale=1e-3, unit="k lines/s") for name, label in labels.items()]
    if not given.as_json:
        for reason, count in reasons(lines):
            print(f"{count:7,}  {count / len(lines):6.2%}  {reason}")
    budget = Budget("parse, time of a line, fastest run", 1e6 / max(found["parse"]), 1e6 / LINES_A_SECOND, unit=" µs")
    return finish(rows, [budget], as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
