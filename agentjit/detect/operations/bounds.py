"""Programs that may go on for ever: what ends them is no mere look."""

from __future__ import annotations

from collections.abc import Sequence

from agentjit.detect.operations.cosmetics import Cosmetics
from agentjit.hotspot import Command, Word


def endless(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether it may go on for ever unless somebody ends it."""
    sources = [redirect.target.value for redirect in command.redirects if redirect.target]
    return any(map(_device, sources)) or may_go_on(command.words, cosmetics)


def may_go_on(words: Sequence[Word], cosmetics: Cosmetics) -> bool:
    """The program may stand anywhere: behind `sudo`, behind `xargs -n 1`."""
    values = {word.value for word in words}
    if "--watch" in values or any(map(_device, values)):
        return True
    if "--follow" in values and words[0].value != "git":  # `git log --follow` follows a name
        return True
    for name in {value.rpartition("/")[2] for value in values if value}.intersection(cosmetics.endless):
        flags = cosmetics.endless[name]
        if not flags or None in values or any(has(each, flags) for each in values):
            return True
    return False


def _device(path: str | None) -> bool:
    """Whether it may be a device, or a word that names one: `if=/dev/zero`."""
    return bool(path) and path is not None and path.rpartition("=")[2].startswith("/dev/") and path != "/dev/null"


def has(text: str | None, flags: frozenset[str]) -> bool:
    """Whether `text` is one of the flags, with a value or without, or short flags with one among them: `-qr`."""
    if text is None or text in flags or not text.startswith("-"):
        return text in flags
    if text.startswith("--"):
        return text.partition("=")[0] in flags
    return any(f"-{letter}" in flags for letter in text[1:])
