"""What a PostToolUse hook adds to one tool call in the real Claude Code: none, /bin/true, AgentJIT's record shim.

A scripted model asks for many small Bash calls, one a turn, that fall to the three kinds in turn: by its `if`, a hook
only starts for the calls of its own kind. What is timed is the gap between two model requests: the call with its hook
and the client's own work. So the three are measured within the same tenth of a second, and a machine that is busy with
other things is as unfair to each of them. Then the same with commands that print 10 MB: of such an output the client
itself gives its hooks the beginning and keeps the rest in a file.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from agentjit.install.hooks import for_settings
from bench.report import CHECKOUT, Budget, Row, finish, options
from tests.support.client import cache_folder, install
from tests.support.model import Bash, ModelRequest, ScriptedModel, Turn, call, say
from tests.support.session import ClaudeHome

BUDGET = 2.0  # of what /bin/true adds
KINDS = ("no hook", "/bin/true", "record.sh")
WORDS = ("alone", "true", "record")  # the argument by which a call's `if` knows its kind
LOUD = 10_000_000  # bytes that a loud command prints
LOUD_SCRIPT = f"#!/bin/sh\nhead -c {LOUD} /dev/zero | tr '\\000' x\n"


class Clocked:
    """A model that asks for `rounds` calls of each kind and notes when each request came (monotonic seconds)."""

    def __init__(self, rounds: int, program: str) -> None:
        self.program = program
        self.order = [(place + shift) % len(KINDS) for shift in range(rounds) for place in range(len(KINDS))]
        self.came: list[float] = []

    def __call__(self, request: ModelRequest) -> Turn:
        self.came.append(time.perf_counter())
        done = len(request.results)
        return call(Bash(f"{self.program} {WORDS[self.order[done]]}")) if done < len(self.order) else say("Done.")

    def gaps(self) -> list[list[float]]:
        """Seconds of one call of each kind, by round; without the first, in which the client still warms up."""
        gaps = [later - earlier for earlier, later in pairwise(self.came)]
        rounds: list[list[float]] = []
        for first in range(0, len(gaps), len(KINDS)):
            placed = zip(self.order[first : first + len(KINDS)], gaps[first : first + len(KINDS)], strict=True)
            rounds.append([gap for _, gap in sorted(placed)])
        return rounds[1:]


def settings(aj_home: Path, program: str) -> dict[str, Any]:
    """The client's settings: both hooks, each for the calls of its kind."""
    template = json.loads((CHECKOUT / "hooks" / "hooks.json").read_text())
    ours = for_settings({"hooks": {"PostToolUse": template["hooks"]["PostToolUse"]}}, str(CHECKOUT), str(aj_home))
    true = {"type": "command", "command": "/bin/true", "args": ["x"], "timeout": 5}
    pairs = ((true, WORDS[1]), (ours["PostToolUse"][0]["hooks"][0], WORDS[2]))
    return {"hooks": {"PostToolUse": [{"hooks": [{**hook, "if": f"Bash({program} {word})"}]} for hook, word in pairs]}}


def measure(runs: int, rounds: int, *, loud: bool = False) -> list[list[float]]:
    """Seconds of a call of each kind, by round, over all runs."""
    client = install(cache_folder(os.environ))
    found: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder, ScriptedModel() as model:
        claude = ClaudeHome(Path(folder), client, model)
        (claude.aj / "spool").mkdir(parents=True)
        program = "true"
        if loud:
            script = Path(folder, "loud")
            script.write_text(LOUD_SCRIPT)
            script.chmod(0o755)
            program = str(script)
        for number in range(1, runs + 1):
            model.script = clock = Clocked(rounds, program)
            done = claude.run("go", settings=settings(claude.aj, program), timeout=600)
            started = [hook["hook_name"] for hook in done.hooks]
            assert done.result == "Done.", done
            assert len(started) == 2 * rounds, f"{len(started)} hooks ran in {rounds} rounds"
            recorded = len(list((claude.aj / "spool").iterdir()))
            assert recorded == number * rounds, f"{recorded} events recorded of {number * rounds}"
            found += clock.gaps()
    return found


def main() -> int:
    parser = options(__doc__, runs=12, what="sessions")
    parser.add_argument("--rounds", type=int, default=60, help="calls of each kind in a session (default: 60)")
    given = parser.parse_args()
    rows, budgets = judged("", measure(given.runs, given.rounds))
    loud_rows, loud_budgets = judged(", 10 MB printed", measure(max(2, given.runs // 3), given.rounds // 2, loud=True))
    return finish(rows + loud_rows, budgets + loud_budgets, as_json=given.as_json)


def judged(what: str, found: list[list[float]]) -> tuple[list[Row], list[Budget]]:
    """What was measured as rows, and the budget, under names that end in `what`."""
    bare, true, ours = (list(column) for column in zip(*found, strict=True))
    rows = [Row.of(f"one call, {kind}{what}", column) for kind, column in zip(KINDS, (bare, true, ours), strict=True)]
    by_true = [with_hook - without for with_hook, without in zip(true, bare, strict=True)]
    by_ours = [with_hook - without for with_hook, without in zip(ours, bare, strict=True)]
    rows += [Row.of(f"added by /bin/true{what}", by_true), Row.of(f"added by record.sh{what}", by_ours)]
    return rows, [Budget(f"record.sh against /bin/true{what}", median(by_ours) / median(by_true), BUDGET)]


if __name__ == "__main__":
    raise SystemExit(main())
