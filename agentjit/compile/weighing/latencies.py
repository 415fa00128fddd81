"""What operations cost, as learned from those seen: how long they took, how they ended, what a turn of the model took.

A plain value that the pipeline fills: the compiler reads no store.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from math import log
from statistics import fmean, median
from typing import NamedTuple

RESERVOIR = 200  # newest samples of an operation that are kept
ENOUGH = 20  # samples that stand for themselves; fewer are a log-normal's
_SPREAD = 0.5  # standard deviation of a logarithm before anything was seen: two of three within a factor of 1.6
_WEIGHT = 2.0  # samples that this belief is worth


class Seen(NamedTuple):
    """A call that came back: what it was (see `Latencies.of`), its seconds, its exit status (0 where it has none and
    went well, else 1).
    """

    operation: str
    seconds: float
    exit_code: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest seconds of an operation, newest first, and its exit statuses in the same order."""

    seconds: tuple[float, ...]
    exit_codes: tuple[int, ...]

    @property
    def typical(self) -> float:
        """The median, in seconds."""
        return median(self.seconds)

    def draws(self, count: int, dice: random.Random) -> list[float]:
        """`count` latencies: of those seen if they are enough, else of a log-normal fitted to them.

        Latencies have a long tail to the right and none to the left of nothing; the logarithm takes both away. A few
        samples hardly tell the spread, so it is shrunk to one that is usual.
        """
        if len(self.seconds) >= ENOUGH:
            return dice.choices(self.seconds, k=count)
        logs = [log(max(seconds, 1e-6)) for seconds in self.seconds]
        middle = fmean(logs)
        squares = sum((each - middle) ** 2 for each in logs)
        spread = ((_WEIGHT * _SPREAD**2 + squares) / (_WEIGHT + len(logs) - 1)) ** 0.5
        return [dice.lognormvariate(middle, spread) for _ in range(count)]

    def failing(self, expected: tuple[int, ...], traces: int) -> float:
        """How probable an exit status other than `expected` is, if that is what it was in so many `traces`.

        Jeffreys' estimate (1946), half a failure and half a success before any was seen: what never failed in five
        runs may fail in the sixth.
        """
        bad = sum(code not in expected for code in self.exit_codes) if expected else 0
        return (bad + 0.5) / (max(len(self.exit_codes), traces) + 1)


@dataclass(frozen=True, slots=True)
class Latencies:
    """Samples by operation: a masked command (`kubectl logs <arg> -n <arg>`), for other tools the tool's name.

    `turns` are (seconds, tokens) of turns of the model, newest first.
    """

    operations: Mapping[str, Sample] = field(default_factory=dict)
    turns: tuple[tuple[float, float], ...] = ()

    @staticmethod
    def of(calls: Iterable[Seen], turns: Iterable[tuple[float, float]] = ()) -> Latencies:
        """From calls, newest first."""
        found: dict[str, list[Seen]] = {}
        for call in calls:
            known = found.setdefault(call.operation, [])
            if len(known) < RESERVOIR:
                known.append(call)
        samples = {
            name: Sample(tuple(call.seconds for call in known), tuple(call.exit_code for call in known))
            for name, known in found.items()
        }
        return Latencies(samples, tuple(turns))

    def sample(self, operation: str, seconds: float | None) -> Sample:
        """What is known of `operation`; if nothing is, `seconds` if that is known, else a guess, and no exit status."""
        guess = seconds if seconds is not None else costs().call
        return self.operations.get(operation) or Sample((guess,), ())

    @property
    def turn(self) -> tuple[float, float]:
        """The median seconds and tokens of a model's turn."""
        if not self.turns:
            return costs().turn_seconds, costs().turn_tokens
        seconds, tokens = zip(*self.turns, strict=True)
        return median(seconds), median(tokens)


class Costs(NamedTuple):
    """Constants in seconds, from `costs.json`, which says how they were measured.

    `argv`: a program started without a shell, from request to result, when it does nothing; `shell`: the same by
    `bash -c`; `inner`: one more program in that shell; `beside`: one more call at the same time; `call`, `turn_seconds`
    and `turn_tokens` are guesses for what nothing is known of.
    """

    argv: float
    shell: float
    inner: float
    beside: float
    call: float
    turn_seconds: float
    turn_tokens: float


@cache
def costs() -> Costs:
    """The constants."""
    data = json.loads(resources.files("agentjit.compile.weighing").joinpath("costs.json").read_text("utf-8"))
    return Costs(**{name: float(data[name]["value"]) for name in Costs._fields})
