"""The steps of a plan: calls of tools, loops over what was found, and forks where the traces part (pydantic)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from agentjit.contract import Contract
from agentjit.piece import Argument, Binding, Ref, Text, Value
from agentjit.trace import Effect


class Spread(Value):
    """In an argument list: every value of a list, each a word of its own."""

    kind: Literal["spread"] = "spread"
    name: str


class BashStep(Value):
    tool: Literal["Bash"] = "Bash"
    form: Literal["argv"] = "argv"
    argv: tuple[Argument | Spread, ...]


class ShellStep(Value):
    """A script in which every `Ref` of `script` stands for one quoted positional parameter inside its word, and a
    `Spread` for the words of a list.
    """

    tool: Literal["Bash"] = "Bash"
    form: Literal["script"] = "script"
    script: tuple[Annotated[Text | Ref | Spread, Field(discriminator="kind")], ...]


class ReadStep(Value):
    tool: Literal["Read"] = "Read"
    form: Literal["read"] = "read"
    path: Argument
    offset: int | None = None
    limit: int | None = None


class WriteStep(Value):
    """A file's whole new text."""

    tool: Literal["Write"] = "Write"
    form: Literal["write"] = "write"
    path: Argument
    content: Argument


class EditStep(Value):
    """`old` stands in the file exactly once, or at least once if `every` place is to be changed, and becomes `new`."""

    tool: Literal["Edit"] = "Edit"
    form: Literal["edit"] = "edit"
    path: Argument
    old: Argument
    new: Argument
    every: bool = False


class ToolField(Value):
    """One leaf of a tool's input: where it stands, its JSON type, and its text (JSON but for a string)."""

    path: tuple[str | int, ...]
    type: Literal["string", "integer", "number", "boolean", "null", "array", "object"]
    value: Argument


class ToolStep(Value):
    """Any other tool of the harness, as `mcp__github__get_issue`; arrays and objects among the leaves are empty."""

    tool: str
    form: Literal["tool"] = "tool"
    fields: tuple[ToolField, ...]


AnyCall = BashStep | ShellStep | ReadStep | WriteStep | EditStep | ToolStep


class Step(Value):
    """One call, what must hold after it, and what is taken from it. `seconds` is the median seen.

    `beside`: it is made at the same time as the step before it.
    """

    node: Literal["step"] = "step"
    call: Annotated[AnyCall, Field(discriminator="form")]
    result: str
    effect: Effect
    contract: Contract
    bindings: tuple[Binding, ...] = ()
    seconds: float | None = None
    beside: bool = False


class Loop(Value):
    """The steps once for each value of the list `over`, under the name `item`, in its order; at most `most` rounds.

    What its steps bind is known inside a round only.
    """

    node: Literal["loop"] = "loop"
    over: str
    item: str
    steps: tuple[Step, ...]
    most: int


class Guard(Value):
    """What tells one path from the others: something about the result `of` an earlier step.

    `exit`: its status is one of `codes`. `empty`, `printed`: it printed nothing, or something. `says`: `expression` is
    found in its output (a regular expression over lines).
    """

    of: str
    by: Literal["exit", "empty", "printed", "says"]
    codes: tuple[int, ...] = ()
    expression: str = ""


class Ending(StrEnum):
    ANSWERED = "answered"
    GATHERED = "gathered"


class Path(Value):
    """One way on from a fork. `contract` is what the result `guard.of` promised in the `seen` traces that went so, and
    `bindings` what is taken from it on this path alone.
    """

    guard: Guard
    seen: int
    contract: Contract
    bindings: tuple[Binding, ...] = ()
    steps: tuple[Annotated[Step | Loop, Field(discriminator="node")], ...] = ()
    fork: Fork | None = None
    ending: Ending
    answer: Argument = ()


class Fork(Value):
    """Where the traces part: the first path whose guard holds is taken; if none does, the model takes over."""

    paths: tuple[Path, ...]
