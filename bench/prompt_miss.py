"""What the prompt hook costs when no skill is meant: 0, 1,000 and 10,000 active skills, against an empty Python hook.

Each hook is started as the client starts it, and all of them in turn, with the same interpreter and the same payload.
The index rows are of the size and form that the library writes; no prompt of the bench shares a telling word with them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from agentjit import entries
from agentjit.home import Home
from agentjit.install import links
from bench.report import CHECKOUT, Budget, Row, finish, options
from bench.spawn import seconds, shim

BUDGET = 1.5  # of a Python hook that does nothing, with 1,000 skills
SIZES = (0, 1_000, 10_000)
PROMPT = "please rename the helper in the parser module and keep the tests as they are"


def index_row(number: int) -> tuple[str, str]:
    """(anchor, JSON) of one active skill, as the library writes it."""
    name = f"service-{number:05d}"
    value = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
    row = {
        "name": name,
        "version": f"{number:012x}",
        "hash": f"{number:064x}",
        "approved": False,
        "prompt": f"is {name} healthy on {{environment}}?",
        "pattern": rf"(?i:is)\s+(?i:{name})\s+(?i:healthy)\s+(?i:on)\s+(?P<environment>{value})(?i:\?)",
        "directories": ["/work/shop"],
        "seen": {"environment": ["prod", "staging", "qa", "dev", "lab"]},
        "ending": "answered",
        "effects": "reads",
        "seconds": 0.4,
        "requests": 3,
        "tokens": 41_000,
        "model_seconds": 11.5,
    }
    return name, json.dumps(row)


def make_home(root: Path, size: int, base: str) -> Home:
    """A home with `size` active skills in its index and the links that `aj init` makes."""
    home = Home(str(root / f"aj-{size}"))
    home.ensure()
    links.link(home, python=sys.executable, base=base, package=CHECKOUT / "agentjit")
    entries.write(home.entries, map(index_row, range(size)))
    return home


def measure(runs: int) -> dict[str, list[float]]:
    """Seconds of each hook, by name."""
    base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    payload = {"session_id": "s", "prompt_id": "p", "cwd": "/work/shop", "hook_event_name": "UserPromptSubmit"}
    raw = json.dumps({**payload, "permission_mode": "default", "prompt": PROMPT}).encode()
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": os.defpath, "HOME": folder}
        homes = {size: make_home(Path(folder), size, base) for size in SIZES}
        hooks = {"python3 -I -S -c pass": [base, "-I", "-S", "-c", "pass"]}
        hooks |= {f"{size:,} skills": shim("prompt.sh", "UserPromptSubmit", Path(homes[size].root)) for size in SIZES}
        found: dict[str, list[float]] = {name: [] for name in hooks}
        for _ in range(runs):
            for name, argv in hooks.items():
                took, output = seconds(argv, raw, env)
                assert output == b"", output
                found[name].append(took)
        for home in homes.values():
            waiting = len(os.listdir(home.spool))
            assert waiting == runs, f"{waiting} prompts recorded of {runs}"
            assert not os.path.exists(home.log), Path(home.log).read_text()
    return found


def main() -> int:
    given = options(__doc__, runs=150, what="starts of each hook").parse_args()
    found = measure(given.runs)
    empty = found["python3 -I -S -c pass"]
    budgets = []
    for size in SIZES[1:]:
        ratio = median(a / b for a, b in zip(found[f"{size:,} skills"], empty, strict=True))
        budgets.append(Budget(f"{size:,} skills against an empty hook", ratio, BUDGET))
    return finish([Row.of(name, took) for name, took in found.items()], budgets, as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
