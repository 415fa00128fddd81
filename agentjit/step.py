"""The steps of a plan: calls of tools, loops over what was found, and forks where the traces part (pydantic)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal, assert_never

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
    """A file's whole new text. `new`: in all traces there was no file, and one that is there now keeps its place."""

    tool: Literal["Write"] = "Write"
    form: Literal["write"] = "write"
    path: Argument
    content: Argument
    new: bool = False


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


# --- in words

_SHORT = 60  # characters of a text that is only shown


def text_of(argument: Sequence[Text | Ref | Spread], names: Mapping[str, str] | None = None) -> str:
    """An argument with its references in braces, or as `names` says."""
    known = names or {}
    return "".join(
        piece.text if isinstance(piece, Text) else known.get(piece.name, f"{{{_named(piece)}}}") for piece in argument
    )


def _named(piece: Ref | Spread) -> str:
    if isinstance(piece, Spread):
        return f"{piece.name}…"
    text = piece.name
    for by in piece.by:
        function, colon, given = by.partition(":")
        text = f"{function}({text}, {given})" if colon else f"{function}({text})"
    return text


def call_text(call: AnyCall) -> str:
    """A call on one line, with the places that vary in braces: `kubectl logs {name} -n {namespace}`."""
    if isinstance(call, BashStep):
        return " ".join(map(_word, call.argv))
    if isinstance(call, ShellStep):
        return text_of(call.script)
    if isinstance(call, ReadStep):
        start = "" if call.offset is None and call.limit is None else f" from line {call.offset or 1}"
        return f"Read {text_of(call.path)}{start}" + (f" for {call.limit}" if call.limit is not None else "")
    if isinstance(call, WriteStep):
        return f"Write {text_of(call.path)}: {short(text_of(call.content))}"
    if isinstance(call, EditStep):
        every = " everywhere" if call.every else ""
        return f"Edit {text_of(call.path)}: {short(text_of(call.old))} becomes {short(text_of(call.new))}{every}"
    if isinstance(call, ToolStep):
        given = (f"{'.'.join(map(str, field.path))}={_word(field.value)}" for field in call.fields)
        return f"{call.tool} {', '.join(given)}".strip()
    assert_never(call)


def _word(argument: Argument | Spread) -> str:
    text = text_of((argument,) if isinstance(argument, Spread) else argument)
    plain = text and not any(character.isspace() or character in "'\"\\$`&|;<>*?[]#~" for character in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"


def short(text: str) -> str:
    """A text on one line, in quotes, cut where it is long."""
    flat = " ".join(text.split())
    return f"'{flat if len(flat) <= _SHORT else flat[: _SHORT - 1] + '…'}'"
