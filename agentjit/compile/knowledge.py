"""What the compiler is told of the world: it reaches no edge itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agentjit.hotspot import Line, Occurrence
from agentjit.trace import Effect

Judge = Callable[[Line, frozenset[int]], Effect]
"""The worst that a line may do when the words with these numbers have other values of their kind."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`judge` rates effects. `surroundings` gives the environment of an occurrence as its agent had it, by the keys of
    `Asked` (`cwd`, `today`, `branch`, …), only those that are known.
    """

    judge: Judge
    surroundings: Callable[[Occurrence], Mapping[str, str]]
