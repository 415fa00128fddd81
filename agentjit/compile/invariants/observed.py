"""What a family of checks is inferred from: a step's outcomes in all traces, and the values known by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from agentjit.compile.align import AlignedStep
from agentjit.compile.explaining.finders import is_table
from agentjit.compile.explaining.shape import Sources
from agentjit.kit.promises import plain, rows_of
from agentjit.piece import Binding, Finder

CUT_OFF = 30_000  # characters: the harness keeps no more of an output, so what is longer may lack its end


@dataclass(frozen=True)
class Observed:
    """A step in all traces. `finders` are what values are taken out of its outputs by, `own` the names of these values,
    `known` the values known once it is done. `verdict`: the answer quotes no output at all.
    """

    step: AlignedStep
    bindings: Sequence[Binding]
    known: Sources
    verdict: bool

    @property
    def traces(self) -> int:
        return len(self.step.operations)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """As a terminal shows them."""
        return tuple(map(plain, self.step.outputs))

    @property
    def cut_off(self) -> bool:
        return max(map(len, self.outputs)) >= CUT_OFF

    @property
    def finders(self) -> list[Finder]:
        return [finder for binding in self.bindings for finder in binding.finders[:1]]

    @property
    def own(self) -> set[str]:
        return {binding.name for binding in self.bindings}

    @property
    def quoted_whole(self) -> bool:
        return any(finder.by == "whole" for finder in self.finders)

    @property
    def shapely(self) -> bool:
        """Whether it may keep its shape: no table, no list, and nothing that is watched where it is taken."""
        listed = any(binding.many for binding in self.bindings)
        parted = any(finder.by == "cell" and finder.separator for finder in self.finders)
        return not self.structured and not self.quoted_whole and not listed and not parted

    @cached_property
    def structured(self) -> bool:
        """Whether values are taken out of JSON or a table: it may have other rows next time."""
        return any(finder.by in ("json", "keys") or (finder.by == "cell" and self.tables) for finder in self.finders)

    @property
    def tabular(self) -> bool:
        """Whether values are taken out of what may be a table with titles: a list of its lines too."""
        return self.structured or any(finder.by == "lines" for finder in self.finders)

    @cached_property
    def tables(self) -> bool:
        return all(map(is_table, self.outputs))

    @cached_property
    def rows(self) -> list[list[str]]:
        """The rows of all traces' tables, without their first lines."""
        return [cells for output in self.outputs for cells in rows_of(output)]
