"""The nouns of compilation: a plan and its evidence, typed, immutable and content-addressed (pydantic).

`plan.json` in a skill's folder is exactly a `Plan`; the program beside it is rendered from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from agentjit.piece import Argument, Value
from agentjit.step import Ending, Fork, Loop, Step
from agentjit.trace import Effect


class Parameter(Value):
    """Filled from the prompt. `seen` are examples, oldest first. A `secret` is asked for, by whoever runs the skill by
    name: it stands in no prompt and is shown nowhere. A `hole` is what only a model can say, a commit message: run by
    its prompt the skill ends before it is needed; run by name it may be given.
    """

    name: str
    pattern: str
    seen: tuple[str, ...]
    secret: bool = False
    hole: bool = False


class Asked(Value):
    """A value of the environment and what it is called in the program.

    `key`: `cwd`, `today` (YYYY-MM-DD), `home`, `user`, `repo` (root of the working tree), `branch`, `remote` (address
    of `origin`), `email` (git's), `project:FILE#KEY` (`project:package.json#version`), or the variable `$NAME`.
    `pattern` is a regular expression that the whole value must match, "" for any.
    """

    name: str
    key: str = Field(pattern=r"^(?:cwd|today|home|user|repo|branch|remote|email|project:[^#\s]+#\S+|\$[A-Za-z_]\w*)$")
    pattern: str = ""


class Need(Value):
    """A precondition, checked before anything runs: a `program` on PATH, a `file` (relative to the working directory),
    or that the working directory is in a git `repository` (`name` is empty).
    """

    kind: Literal["program", "file", "repository"]
    name: str = ""


class Entry(Value):
    """The prompt that starts the skill: `pattern` is a regular expression over the whole prompt with a group for each
    parameter; `directories` are the only working directories it was seen in, empty when it was seen in so many that
    the directory does not matter.
    """

    prompt: str
    pattern: str
    words: tuple[str, ...]
    directories: tuple[str, ...] = ()


class Support(Value):
    """The evidence: how often, in how many sessions, and the traces (episode ids) it was compiled from. `ambiguous`
    says what the traces left open and how it was decided.
    """

    occurrences: int
    sessions: int
    episodes: tuple[str, ...]
    held_out: str = ""
    ambiguous: tuple[str, ...] = ()


class Cost(Value):
    """Medians per occurrence of what the model spent; None where no transcript told."""

    requests: float | None = None
    tokens: float | None = None
    seconds: float | None = None


class Candidate(Value):
    """One of the plans that were weighed: its expected seconds, hand-back included, and the 95th percentile; the tokens
    of hand-backs; the number of calls; `reason`: why it is not `chosen`, "" if it is. One that could not be made at all
    has none of these figures.
    """

    name: str
    seconds: float
    slow: float
    calls: int
    tokens: float = 0.0
    chosen: bool = False
    reason: str = ""


class Used(Value):
    """A registered operation that a plan was validated against: its name and the digest of its definition."""

    name: str
    digest: str


class Plan(Value):
    """A workflow: entry, typed steps with data flow and contracts, ending, evidence.

    `also` are other phrasings that start it. With a `fork` every path has an ending of its own. `remains` are the
    steps, in words, that followed in the traces and that the plan ends before: they are left to the model.
    """

    format: Literal[2] = 2
    name: str
    hotspot: str
    entry: Entry
    also: tuple[Entry, ...] = ()
    parameters: tuple[Parameter, ...]
    environment: tuple[Asked, ...] = ()
    requires: tuple[Need, ...] = ()
    steps: tuple[Annotated[Step | Loop, Field(discriminator="node")], ...]
    fork: Fork | None = None
    ending: Ending
    answer: Argument = ()
    remains: tuple[str, ...] = ()
    support: Support
    cost: Cost = Cost()
    operations: tuple[Used, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    def every_step(self) -> Iterator[Step]:
        """The steps in order, those of loops and of all paths too."""
        yield from _flat(self.steps)
        yield from _forked(self.fork)

    @property
    def effects(self) -> Effect:
        """The worst effect of any step."""
        return Effect.worst([step.effect for step in self.every_step()])

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that name this very plan."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


def _flat(nodes: Iterable[Step | Loop]) -> Iterator[Step]:
    for node in nodes:
        if isinstance(node, Loop):
            yield from node.steps
        else:
            yield node


def _forked(fork: Fork | None) -> Iterator[Step]:
    for path in fork.paths if fork else ():
        yield from _flat(path.steps)
        yield from _forked(path.fork)


class State(StrEnum):
    CANDIDATE = "candidate"
    ACTIVE = "active"
    DISABLED = "disabled"
    RETIRED = "retired"
