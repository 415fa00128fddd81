"""The templates of a person's own OpenCode commands: what `/name` becomes is recorded as if it had been typed.

A command is `<name>.md` in a folder `command` or `commands`, or an entry of `command` in `opencode.json`. Only those
that are still there can be told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from agentjit.observe import wire
from agentjit.observe.reader import opened

Template = tuple[str, ...]
"""The pieces of a template between what is filled in, in order."""

_HEADER = re.compile(r"\A---\r?\n.*?\n---\r?\n", re.DOTALL)
_FILLED = re.compile(r"\$(?:ARGUMENTS|\d+)|!`[^`\n]*`")
_DATA = "/.local/share/opencode/"
_CONFIG = ".config/opencode"
_LARGEST = 256 * 1024  # bytes of a template
_SHORTEST = 12  # characters; with fewer of its own, a template is not to be told from what people type


def templates(directory: str, kept: str) -> list[Template]:
    """Those of a session's directory, and of the user in whose data folder its file is (`kept`, a path)."""
    home, apart, _ = kept.partition(_DATA)
    folders = [os.path.join(directory, ".opencode")] if os.path.isabs(directory) else []
    folders += [os.path.join(home, _CONFIG)] if apart else []
    try:
        found = [_pieces(text) for folder in folders for text in _texts(folder)]
    except ValueError:  # no path can have such a name
        return []
    return [pieces for pieces in found if sum(map(len, pieces)) >= _SHORTEST]


def fills(text: str, template: Template) -> bool:
    """Whether `text` is the template with something filled in; words that have no place in it follow it."""
    place = 0
    for number, piece in enumerate(template):
        found = text.find(piece, place)
        if found < 0 or (number == 0 and found > 0):
            return False
        place = found + len(piece)
    return place == len(text) or not template[-1] or text.startswith("\n\n", place)


def _pieces(text: str) -> Template:
    return tuple(_FILLED.split(_HEADER.sub("", text).strip()))


def _texts(folder: str) -> Iterator[str]:
    for name in ("command", "commands"):
        for path, _, files in os.walk(os.path.join(folder, name)):
            yield from (_read(os.path.join(path, file)) for file in files if file.endswith(".md"))
    settings, _ = wire.objects(_read(os.path.join(folder, "opencode.json")))
    commands = settings[0].get("command") if settings else None
    for command in commands.values() if isinstance(commands, dict) else ():
        yield wire.string(command.get("template")) if isinstance(command, dict) else ""


def _read(path: str) -> str:
    try:
        with opened(path) as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
