"""What a stage found, and what every stage is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from agentjit.compile.registry import Registry
from agentjit.hotspot import Line
from agentjit.skill import Plan
from agentjit.trace import Effect

Judge = Callable[[Line, frozenset[int], str], Effect]
"""The worst that a line may do in a working directory ("" where that is not known) when the words with these numbers
have other values of their kind.
"""


class Finding(NamedTuple):
    """`what` is wrong, `why` it matters, and what would `mend` it."""

    what: str
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What validation is told of the world: it reaches no edge itself.

    `parse` takes a shell line apart; `judge` rates it; `written` are the paths that the traces wrote to; `home` is the
    user's home folder, "" where that is not known.
    """

    parse: Callable[[str], Line]
    judge: Judge
    written: Container[str] = frozenset()
    home: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A plan before its judges."""

    plan: Plan
    registry: Registry
    policy: Policy


Stage = Callable[[Case], Iterator[Finding]]


def shown(text: str, most: int = 60) -> str:
    """A text of a plan on one line, cut, for a message."""
    flat = " ".join(re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]", " ", text).split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
