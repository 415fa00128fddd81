"""What a PostToolUse hook adds to one tool call in the real Claude Code: none, /bin/true, AgentJIT's record shim.

A scripted model asks for many small Bash calls, one a turn, that fall to the three kinds in turn: by its `if`, a hook
only starts for the calls of its own kind. What is timed is the gap between two model requests: the call with its hook
and the client's own work. So the three are measured within the same tenth of a second, and a machine that is busy with
other things is as unfair to each of them.
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


class Clocked:
    """A model that asks for `rounds` calls of each kind and notes when each request came (monotonic seconds)."""

    def __init__(self, rounds: int) -> None:
        self.order = [(place + shift) % len(KINDS) for shift in range(rounds) for place in range(len(KINDS))]
        self.came: list[float] = []

    def __call__(self, request: ModelRequest) -> Turn:
        self.came.append(time.perf_counter())
        done = len(request.results)
        return call(Bash(f"true {WORDS[self.order[done]]}")) if done < len(self.order) else say("Done.")

    def gaps(self) -> list[list[float]]:
        """Seconds of one call of each kind, by round; without the first, in which the client still warms up."""
        gaps = [later - earlier for earlier, later in pairwise(self.came)]
        rounds: list[list[float]] = []
        for first in range(0, len(gaps), len(KINDS)):
            placed = zip(self.order[first : first + len(KINDS)], gaps[first : first + len(KINDS)], strict=True)
            rounds.append([gap for _, gap in sorted(placed)])
        return rounds[1:]


def settings(aj_home: Path) -> dict[str, Any]:
    """The client's settings: both hooks, each for the calls of its kind."""
    template = json.loads((CHECKOUT / "hooks" / "hooks.json").read_text())
    ours = for_settings({"hooks": {"PostToolUse": template["hooks"]["PostToolUse"]}}, str(CHECKOUT), str(aj_home))
    true = {"type": "command", "command": "/bin/true", "args": ["x"], "timeout": 5}
    pairs = ((true, WORDS[1]), (ours["PostToolUse"][0]["hooks"][0], WORDS[2]))
    return {"hooks": {"PostToolUse": [{"hooks": [{**hook, "if": f"Bash(true {word})"}]} for hook, word in pairs]}}


def measure(runs: int, rounds: int) -> list[list[float]]:
    """Seconds of a call of each kind, by round, over all runs."""
    client = install(cache_folder(os.environ))
    found: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder, ScriptedModel() as model:
        claude = ClaudeHome(Path(folder), client, model)
        (claude.aj / "spool").mkdir(parents=True)
        for number in range(1, runs + 1):
            model.script = clock = Clocked(rounds)
            done = claude.run("go", settings=settings(claude.aj), timeout=600)
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
    found = measure(given.runs, given.rounds)
    bare, true, ours = (list(column) for column in zip(*found, strict=True))
    rows = [Row.of(f"one call, {kind}", column) for kind, column in zip(KINDS, (bare, true, ours), strict=True)]
    by_true = [with_hook - without for with_hook, without in zip(true, bare, strict=True)]
    by_ours = [with_hook - without for with_hook, without in zip(ours, bare, strict=True)]
    rows += [Row.of("added by /bin/true", by_true), Row.of("added by record.sh", by_ours)]
    ratio = median(by_ours) / median(by_true)
    return finish(rows, [Budget("record.sh against /bin/true", ratio, BUDGET)], as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
