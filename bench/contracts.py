"""How good contracts are: the mutants of outputs that they catch, and how often honest outputs alarm them.

`python -m bench.contracts` runs the compiled programs of `tests/compile/families.py` and `promising.py` over changed
outputs: caught is a mutant if the run is handed back, or the answer is what a careful reader of the changed output
would say (`tests/compile/truths.py`). Then it takes the commands of real transcripts that were run several times with
status 0 (AJ_CORPUS, else `shared/corpus` beside the checkout) and holds the contract of the first outputs against the
next.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from agentjit.compile.align import AlignedStep
from agentjit.compile.contract import contract
from agentjit.home import Home
from agentjit.hotspot import Operation
from agentjit.observe.importer import import_paths
from agentjit.piece import Binding, Cell, JsonPath, Kind
from agentjit.store import Store
from agentjit.trace import Effect, Episode, ToolCall
from bench.report import CHECKOUT, Budget, Row, finish, options
from tests.compile import families
from tests.compile.promising import material
from tests.compile.scores import Alarms, Score, alarms, repeated, score
from tests.compile.test_families import compiled

CORPUS = Path(os.environ.get("AJ_CORPUS") or CHECKOUT.parent / "shared" / "corpus")
SOURCES = ("claude-code", "codex", "copilot-cli", "gemini-cli", "opencode")
MISSED = 3.0  # per cent of the mutants
ALARMS = 3.0  # per cent of honest outputs
SECONDS = 2.0  # for 50 traces of 30,000 characters


def mutated() -> Score:
    """The score over all families that end in an answer."""
    total = Score()
    for family, (history, rows, truth) in material(vars(families)).items():
        total.add(score(family, compiled(history), history, rows, truth))
    return total


def transcripts() -> list[list[Episode]]:
    """The episodes of the real transcripts, source by source."""
    found: list[list[Episode]] = []
    for source in SOURCES:
        with tempfile.TemporaryDirectory() as folder:
            home = Home(folder)
            home.ensure()
            import_paths(home, [CORPUS / source], {"HOME": "/nonexistent"})
            with Store.open(home, write=False) as store:
                found.append(store.episodes())
    return found


def inference(runs: int) -> dict[str, list[float]]:
    """Seconds to infer the contract of 50 outputs of nearly 30,000 characters, by what they are."""
    chance = random.Random(7)

    def names() -> str:
        return "".join(chance.choices("abcdefghij", k=8))

    def table() -> str:
        rows = (f"{names()} {chance.randint(1, 9)}/9 Running {chance.randint(0, 9)} 2d" for _ in range(900))
        return "NAME READY STATUS RESTARTS AGE\n" + "\n".join(rows)

    def listed() -> str:
        items = [
            {"id": names(), "spec": {"on": True, "size": chance.random()}, "text": names() * 9} for _ in range(180)
        ]
        return json.dumps({"total": len(items), "items": items})

    def log() -> str:
        lines = (" ".join(names() for _ in range(chance.randint(3, 12))) for _ in range(400))
        return "\n".join((*lines, "All is well"))

    makes = {
        "a table": (table, Cell(column=0, row=1)),
        "JSON": (listed, JsonPath(path=("items", 0, "id"))),
        "a log": (log, None),
    }
    found: dict[str, list[float]] = {}
    for name, (make, finder) in makes.items():
        operations = tuple(
            Operation(ToolCall(str(i), "Bash", {"command": "x"}, make()[:30_000], True, 0, 0.0), "x", Effect.READS)
            for i in range(50)
        )
        bindings = (Binding(name="value", finders=(finder,), pattern=(Kind(expression=".*"),)),) if finder else ()
        found[name] = []
        for _ in range(runs):
            begin = time.process_time()
            contract(AlignedStep("script", operations, ()), bindings, {})
            found[name].append(time.process_time() - begin)
    return found


def print_mutants(found: Score) -> None:
    print("| change | tried | caught |\n| --- | ---: | ---: |")
    for operator, tried in sorted(found.tried.items(), key=lambda each: -each[1]):
        print(f"| {operator} | {tried:,} | {100 * found.caught[operator] / tried:.1f} % |")
    print(f"| **in all** | {sum(found.tried.values()):,} | **{100 * found.share:.1f} %** |\n")


def print_alarms(found: dict[str, Alarms]) -> None:
    kinds = list(dict.fromkeys(kind for each in found.values() for kind in each.stated))
    print(f"| outputs | tried | refused | {' | '.join(kinds)} |\n| --- | ---: | ---: |{' ---: |' * len(kinds)}")
    for name, each in found.items():
        cells = (f"{each.by_check[kind]} of {each.stated[kind]}" if each.stated[kind] else "" for kind in kinds)
        print(f"| {name} | {each.tried} | {each.refused} | {' | '.join(cells)} |")
    print()


def main() -> int:
    given = options(__doc__, runs=3, what="inferences of each kind").parse_args()
    found = mutated()
    honest: dict[str, Alarms] = {}
    if CORPUS.is_dir():
        sources = transcripts()
        same = [group for episodes in sources for group in repeated(episodes)]
        alike = [group for episodes in sources for group in repeated(episodes, alike=True)]
        honest = {
            "the same command, answered": alarms(same, quoted=False),
            "the same command, a verdict": alarms(same, quoted=False, verdict=True),
            "the same command, a value taken": alarms(same, quoted=True),
            "with other values, answered": alarms(alike, quoted=False),
            "with other values, a value taken": alarms(alike, quoted=True),
        }
    else:
        print(f"no transcripts at {CORPUS} (AJ_CORPUS names some)", file=sys.stderr)
    seconds = inference(max(2, given.runs))
    if not given.as_json:
        print_mutants(found)
        print_alarms(honest)
        print("Missed:", *dict.fromkeys(each.split(":")[0] for each in found.missed), sep="\n  ")
        print("Refused:", *dict.fromkeys(example for each in honest.values() for example in each.examples), sep="\n  ")
    first = list(honest.values())[:3]
    tried, refused = sum(each.tried for each in first), sum(each.refused for each in first)
    budgets = [
        Budget("mutants missed", 100 * (1 - found.share), MISSED, unit="%"),
        Budget("honest outputs of the same command refused", 100 * refused / max(1, tried), ALARMS, unit="%"),
        Budget("inference, the slowest", max(max(each) for each in seconds.values()), SECONDS, unit="s"),
    ]
    return finish(
        [Row.of(f"inference over {name}", each) for name, each in seconds.items()], budgets, as_json=given.as_json
    )


if __name__ == "__main__":
    raise SystemExit(main())
