"""The nouns of compilation: a plan and everything in it, typed, immutable and content-addressed (pydantic).

`plan.json` in a skill's folder is exactly a `Plan`; the program beside it is rendered from it.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentjit.trace import Effect


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Value):
    """A constant part of an argument."""

    kind: Literal["text"] = "text"
    text: str


class Ref(_Value):
    """A value by name: a parameter, a value found in an earlier output, or the environment."""

    kind: Literal["ref"] = "ref"
    name: str


class Kind(_Value):
    """In an output's shape: a place that varied, as a regular expression; a number also has a range it stays in."""

    kind: Literal["kind"] = "kind"
    expression: str
    low: float | None = None
    high: float | None = None


Piece = Annotated[Text | Ref, Field(discriminator="kind")]
Argument = tuple[Piece, ...]
"""Pieces to be joined; no piece is the empty text."""

ShapePiece = Annotated[Text | Ref | Kind, Field(discriminator="kind")]


class Whole(_Value):
    by: Literal["whole"] = "whole"


class LineAt(_Value):
    by: Literal["line"] = "line"
    number: int


class Cell(_Value):
    """A cell of a white-space table, chosen by line number, by what stands in other columns of its row (`where`), or by
    how cells of its row begin (`begins`).
    """

    by: Literal["cell"] = "cell"
    column: int
    row: int | None = None
    where: tuple[tuple[int, Piece], ...] = ()
    begins: tuple[tuple[int, Argument], ...] = ()


class Field_(_Value):
    """In a JSON path: the one item of a list whose `key` is `value`."""

    key: str
    value: Piece


class JsonPath(_Value):
    by: Literal["json"] = "json"
    path: tuple[str | int | Field_, ...]


class Pattern(_Value):
    by: Literal["pattern"] = "pattern"
    expression: str


class JsonKeys(_Value):
    """The keys of a JSON object, in order of the alphabet: what it can say at all."""

    by: Literal["keys"] = "keys"
    path: tuple[str | int | Field_, ...]


Finder = Annotated[Whole | LineAt | Cell | JsonPath | JsonKeys | Pattern, Field(discriminator="by")]


class Binding(_Value):
    """A value taken out of a step's output; the first finder explains it, the others must agree, and it must match
    `pattern` in full. `absent`: words for nothing (`null`, `none`) were among the values and are values like others.
    """

    name: str
    finders: tuple[Finder, ...]
    pattern: tuple[ShapePiece, ...]
    absent: bool = False


class Contract(_Value):
    """Postconditions of a step, each true in all `seen` traces: `holds` are places
    whose value is known otherwise; `words` are all that stood in a table's column; `calm`: no word of trouble.
    """

    seen: int
    exit_codes: tuple[int, ...] = ()
    header: str = ""
    calm: bool = False
    words: tuple[tuple[int, tuple[str, ...]], ...] = ()
    holds: tuple[tuple[Finder, Argument], ...] = ()
    shape: tuple[ShapePiece, ...] = ()


class BashStep(_Value):
    tool: Literal["Bash"] = "Bash"
    form: Literal["argv"] = "argv"
    argv: tuple[Argument, ...]


class ShellStep(_Value):
    """A script in which every `Ref` of `script` stands for one quoted positional parameter inside its word."""

    tool: Literal["Bash"] = "Bash"
    form: Literal["script"] = "script"
    script: Argument


class ReadStep(_Value):
    tool: Literal["Read"] = "Read"
    form: Literal["read"] = "read"
    path: Argument
    offset: int | None = None
    limit: int | None = None


class Step(_Value):
    """One call, what must hold after it, and what is taken from it. `seconds` is the median seen."""

    call: Annotated[BashStep | ShellStep | ReadStep, Field(discriminator="form")]
    result: str
    effect: Effect
    contract: Contract
    bindings: tuple[Binding, ...] = ()
    seconds: float | None = None


class Parameter(_Value):
    """Filled from the prompt. `seen` are examples, oldest first. A `secret` is asked for, by whoever runs the skill by
    name: it stands in no prompt and is shown nowhere.
    """

    name: str
    pattern: str
    seen: tuple[str, ...]
    secret: bool = False


class Entry(_Value):
    """The prompt that starts the skill: `pattern` is a regular expression over the whole prompt with a group for each
    parameter; `directories` are the only working directories it was seen in, empty when it was seen in so many that
    the directory does not matter.
    """

    prompt: str
    pattern: str
    words: tuple[str, ...]
    directories: tuple[str, ...] = ()


class Support(_Value):
    """The evidence: how often, in how many sessions, and the traces (episode ids) it was compiled from."""

    occurrences: int
    sessions: int
    episodes: tuple[str, ...]
    held_out: str = ""


class Cost(_Value):
    """Medians per occurrence of what the model spent; None where no transcript told."""

    requests: float | None = None
    tokens: float | None = None
    seconds: float | None = None


class Ending(StrEnum):
    ANSWERED = "answered"
    GATHERED = "gathered"


class Plan(_Value):
    """A workflow: entry, typed steps with data flow and contracts, ending, evidence."""

    format: Literal[1] = 1
    name: str
    hotspot: str
    entry: Entry
    parameters: tuple[Parameter, ...]
    environment: tuple[Annotated[str, Field(pattern=r"^(?:cwd|today|\$[A-Za-z_][A-Za-z0-9_]*)$")], ...] = ()
    requires: tuple[str, ...] = ()
    steps: tuple[Step, ...]
    ending: Ending
    answer: Argument = ()
    support: Support
    cost: Cost = Cost()

    @property
    def effects(self) -> Effect:
        """The worst effect of any step."""
        return Effect.worst([step.effect for step in self.steps])

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that name this very plan."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


class State(StrEnum):
    CANDIDATE = "candidate"
    ACTIVE = "active"
    DISABLED = "disabled"
    RETIRED = "retired"
