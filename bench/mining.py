"""Mining: what ten times the calls cost, against two published ways of mining sequences, and what each finds in noise.

The histories are generated: sessions of several episodes, most calls drawn from a heavy-tailed vocabulary (a third of
it reads), and in half of the sessions one of many rituals, whole, at a random place; some rituals have their prompt.
Operations are made directly, without reading shell lines. Both sizes have the same vocabulary, the same rituals, and as
many of them for each call. The baselines see the same tokens, episode by episode, with the same least support and the
same greatest length: PrefixSpan (Pei et al. 2001) with a greatest gap (of any steps), and counting n-grams. Each runs
in a process of its own, so that the peak of its memory is its own; what a process takes that only makes the history is
subtracted. `found in noise` is the share of its patterns that a miner still finds when the calls are shuffled within
their sessions.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence

from agentjit.detect.mine import mined
from agentjit.detect.mining.families import MINIMUM
from agentjit.detect.mining.growth import GAP, LONGEST
from agentjit.hotspot import Action, Operation
from agentjit.trace import Effect, Episode, ToolCall
from bench.report import CHECKOUT, Budget, Row, finish, options

BUDGET = 12.0  # of the time, and of the memory, for a tenth of the calls
SIZES = (10_000, 100_000)
VOCABULARY = 400
MINERS = ("nothing", "agentjit", "prefixspan", "ngrams")

Rows = list[tuple[Episode, tuple[Operation, ...]]]


def kind(number: int) -> tuple[str, Effect]:
    return f"tool-{number:03d} <arg>", Effect.READS if number % 3 == 0 else Effect.UNKNOWN


def call(number: int, name: str, at: float) -> Operation:
    signature, effect = kind(number)
    made = ToolCall(name, "Bash", {}, "", True, 0, at, cwd="/work/shop")
    return Operation(made, signature, effect, None, (Action(signature, signature, effect, signature),))


def history(calls: int, seed: int, *, shuffled: bool = False) -> Rows:
    """Rows with about `calls` calls, in sessions of some 60."""
    rng = random.Random(seed)
    weights = [1 / (rank + 3) for rank in range(VOCABULARY)]
    # As many rituals as there are histories of ten thousand calls would be no history: habits do not grow with time.
    rituals = [rng.sample(range(20, VOCABULARY), rng.randint(3, 7)) for _ in range(24)]
    rows: Rows = []
    made = 0
    session = 0
    while made < calls:
        texts: list[tuple[str, list[int]]] = []
        for _ in range(6):
            numbers = rng.choices(range(VOCABULARY), weights, k=rng.randint(4, 16))
            words = rng.choices(range(3000), k=rng.randint(3, 14))
            texts.append((" ".join(f"word{word}" for word in words), numbers))
        if rng.random() < 0.5:
            which = rng.randrange(len(rituals))
            if which % 2:
                texts.append((f"ritual {which} please", list(rituals[which])))
            else:
                place = rng.randrange(len(texts[0][1]) + 1)
                texts[0][1][place:place] = rituals[which]
        if shuffled:
            pool = [number for _, numbers in texts for number in numbers]
            rng.shuffle(pool)
            texts = [(prompt, [pool.pop() for _ in numbers]) for prompt, numbers in texts]
        for place, (prompt, numbers) in enumerate(texts):
            at = 1.78e9 + session * 3600 + place * 300
            name = f"s{session}:p{place}"
            episode = Episode(name, f"s{session}", prompt, "/work/shop", at, requests=len(numbers), tokens=9000)
            operations = tuple(call(number, f"{name}:{i}", at + i) for i, number in enumerate(numbers))
            rows.append((episode, operations))
            made += len(numbers)
        session += 1
    return rows


# --- the others


def sequences(rows: Rows) -> list[tuple[int, list[str]]]:
    numbers: dict[str, int] = {}
    return [
        (numbers.setdefault(episode.session, len(numbers)), [operation.signature for operation in operations])
        for episode, operations in rows
    ]


def prefixspan(rows: Rows) -> set[tuple[str, ...]]:
    """PrefixSpan with at most `GAP` steps between two of a pattern, over sessions."""
    base = sequences(rows)
    found: set[tuple[str, ...]] = set()

    def grow(prefix: tuple[str, ...], projected: Sequence[tuple[int, int]]) -> None:
        ends: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for row, place in projected:
            steps = base[row][1]
            stop = len(steps) if not prefix else min(len(steps), place + GAP + 2)
            for at in range(place + 1, stop):
                ends[steps[at]].add((row, at))
        for step, places in ends.items():
            if len({base[row][0] for row, _ in places}) >= MINIMUM:
                longer = (*prefix, step)
                if len(longer) > 1:
                    found.add(longer)
                if len(longer) < LONGEST:
                    grow(longer, sorted(places))

    grow((), [(row, -1) for row in range(len(base))])
    return found


def ngrams(rows: Rows) -> set[tuple[str, ...]]:
    """Every stretch of two to `LONGEST` steps that is in enough sessions."""
    seen: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for session, steps in sequences(rows):
        for size in range(2, LONGEST + 1):
            for first in range(len(steps) - size + 1):
                seen[tuple(steps[first : first + size])].add(session)
    return {gram for gram, sessions in seen.items() if len(sessions) >= MINIMUM}


def measure(miner: str, calls: int, seed: int, shuffled: bool) -> dict[str, float]:
    """Seconds of the processor, peak of memory (MB) and how much was found, in this process."""
    rows = history(calls, seed, shuffled=shuffled)
    begin = time.process_time()
    capped = 0
    if miner == "agentjit":
        result = mined(rows, now=2e9)
        found, capped = len(result.hotspots), result.capped
    else:
        found = len({"prefixspan": prefixspan, "ngrams": ngrams}[miner](rows)) if miner != "nothing" else 0
    took = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": took, "peak": peak, "found": found, "capped": capped}


def apart(miner: str, calls: int, seed: int, *, shuffled: bool = False) -> dict[str, float]:
    """The same in a process of its own."""
    given = json.dumps([miner, calls, seed, shuffled])
    done = subprocess.run(
        [sys.executable, "-m", "bench.mining", "--one", given], cwd=CHECKOUT, capture_output=True, check=True, text=True
    )
    return dict(json.loads(done.stdout))


def main() -> int:
    parser = options(__doc__, runs=3, what="histories of each size")
    parser.add_argument("--one", help="measure one miner in this process (internal)")
    given = parser.parse_args()
    if given.one:
        json.dump(measure(*json.loads(given.one)), sys.stdout)
        return 0
    rows: list[Row] = []
    medians: dict[tuple[str, int, str], float] = {}
    capped = 0.0
    for miner in MINERS:
        for size in SIZES:
            runs = [apart(miner, size, seed) for seed in range(max(2, given.runs))]
            capped += sum(run["capped"] for run in runs)
            for what, unit in (("seconds", "s"), ("peak", "MB"), ("found", "patterns")):
                if miner == "nothing" and what != "peak":
                    continue
                row = Row.of(f"{miner}, {size:,} calls: {what}", [run[what] for run in runs], scale=1, unit=unit)
                medians[miner, size, what] = row.median
                rows.append(row)
        if miner != "nothing":
            real = [apart(miner, SIZES[0], seed) for seed in range(max(2, given.runs))]
            noise = [apart(miner, SIZES[0], seed, shuffled=True) for seed in range(max(2, given.runs))]
            shares = [100 * b["found"] / max(1, a["found"]) for a, b in zip(real, noise, strict=True)]
            rows.append(Row.of(f"{miner}: found in noise", shares, scale=1, unit="%"))
            medians[miner, SIZES[0], "noise"] = max(shares)
    small, large = SIZES
    base = {size: medians["nothing", size, "peak"] for size in SIZES}
    memory = (medians["agentjit", large, "peak"] - base[large]) / max(
        1.0, medians["agentjit", small, "peak"] - base[small]
    )
    time_ratio = medians["agentjit", large, "seconds"] / medians["agentjit", small, "seconds"]
    budgets = [
        Budget("time, ten times the calls", time_ratio, BUDGET),
        Budget("memory, ten times the calls", memory, BUDGET),
        Budget("100,000 calls", medians["agentjit", large, "seconds"], 5.0, "s"),
        Budget("found in noise", medians["agentjit", small, "noise"], 0.0, "%"),
        Budget("prefixes not grown to their end", capped, 0.0, "prefixes"),
    ]
    return finish(rows, budgets, as_json=given.as_json)


if __name__ == "__main__":
    sys.exit(main())
