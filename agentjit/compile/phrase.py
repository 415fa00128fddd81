"""A plan in words: the calls and values of a skill as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentjit.piece import Argument, Ref, Text
from agentjit.step import AnyCall, BashStep, ShellStep, Spread, ToolStep


def text_of(argument: Sequence[Text | Ref | Spread], names: Mapping[str, str] | None = None) -> str:
    """An argument with its references in braces, or as `names` says."""
    known = names or {}
    return "".join(
        piece.text if isinstance(piece, Text) else known.get(piece.name, f"{{{_named(piece)}}}") for piece in argument
    )


def _named(piece: Ref | Spread) -> str:
    return f"{piece.name}…" if isinstance(piece, Spread) else piece.name


def call_text(call: AnyCall) -> str:
    """A step on one line, with the places that vary in braces: `kubectl logs {name} -n {namespace}`."""
    if isinstance(call, BashStep):
        return " ".join(map(_word, call.argv))
    if isinstance(call, ShellStep):
        return text_of(call.script)
    if isinstance(call, ToolStep):
        given = (f"{'.'.join(map(str, field.path))}={text_of(field.value)}" for field in call.fields)
        return f"{call.tool} {', '.join(given)}".strip()
    return f"{call.tool} {text_of(call.path)}"


def _word(argument: Argument | Spread) -> str:
    text = text_of((argument,) if isinstance(argument, Spread) else argument)
    plain = text and not any(character.isspace() or character in "'\"\\$`&|;<>()*?[]#~" for character in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"
