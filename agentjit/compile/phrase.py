"""A plan in words: the calls and values of a skill as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping

from agentjit.skill import Argument, BashStep, ReadStep, ShellStep, Text


def text_of(argument: Argument, names: Mapping[str, str] | None = None) -> str:
    """An argument with its references in braces, or as `names` says."""
    known = names or {}
    return "".join(
        piece.text if isinstance(piece, Text) else known.get(piece.name, f"{{{piece.name}}}") for piece in argument
    )


def call_text(call: BashStep | ShellStep | ReadStep) -> str:
    """A step on one line, with the places that vary in braces: `kubectl logs {name} -n {namespace}`."""
    if isinstance(call, BashStep):
        return " ".join(_word(argument) for argument in call.argv)
    if isinstance(call, ShellStep):
        return text_of(call.script)
    return f"Read {text_of(call.path)}"


def _word(argument: Argument) -> str:
    text = text_of(argument)
    plain = text and not any(character.isspace() or character in "'\"\\$`&|;<>()*?[]#~" for character in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"
