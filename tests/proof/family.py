"""What a family of workflows is: how a run of it goes, what it should be compiled into, and what may go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.proof.story import Story


class Expected(StrEnum):
    """What a family should become."""

    ANSWERED = "answered"
    GATHERED = "gathered"
    TOOL = "tool"  # gathered when its prompt is typed, answered or gathered when a model gives what is missing
    NOTHING = "nothing"


Run = Callable[[Random, int], Story]
"""A run of the family: its chance, and the number of the day on which it happens."""


@dataclass(frozen=True, slots=True)
class Family:
    """`run` tells a run as it usually goes. `traps` tell runs that look the same and are not: there a program may do
    what the model did or hand back, never anything else. `fluent`: the least share of other usual runs in which the
    program goes through to the end.
    """

    name: str
    about: str
    run: Run
    expected: Expected
    traps: tuple[Run, ...] = ()
    runs: int = 8
    noise: float = 0.1
    fluent: float = 0.9
