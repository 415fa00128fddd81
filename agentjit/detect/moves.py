"""Moves: an episode as the row of actions it was, and what one of them may have done to another's result."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from agentjit.detect.signature import is_bookkeeping, operation
from agentjit.hotspot import Action, Operation
from agentjit.trace import Effect, Ended, Episode

_HERE = "\0here\0"
_FILE_TOOLS = {"Write": "file_path", "Edit": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}
_COMMITTED = re.compile(r"git (?:log|show|branch|remote|rev-parse|tag|describe|merge-base|shortlog|reflog|config)\b")
"""What git reads from its own database: editing a file of the working tree does not change it."""


@dataclass(frozen=True, slots=True)
class Move:
    """An action as it was made: `place` is the number of its call among the episode's calls.

    `identity` is the action's key with the project's folder left open: equal in two checkouts of one project, and for
    `git status` in any two.
    """

    operation: Operation
    action: Action
    place: int
    identity: str

    @property
    def ok(self) -> bool:
        return self.operation.call.ok

    @property
    def symbol(self) -> str:
        """What it is to those that come after it: a command is itself, a file tool is any such."""
        return self.identity if self.operation.line is not None else self.action.signature


def moves(episode: Episode, agent: str = "") -> tuple[tuple[Move, ...], ...]:
    """The moves of every call that came to its end, call by call: those of the main thread, or of a sub-agent;
    bookkeeping is left out.
    """
    made = [call for call in episode.calls if call.agent == agent and not is_bookkeeping(call.tool)]
    ended = [operation(call) for call in made if call.ended is Ended.RETURNED]
    return tuple(
        tuple(Move(each, action, place, identity(action.key, episode.cwd)) for action in each.actions)
        for place, each in enumerate(ended)
    )


def identity(key: str, cwd: str) -> str:
    """`key` with the folder `cwd` taken out, wherever it stands."""
    folder = cwd.rstrip("/")
    return re.sub(rf"{re.escape(folder)}(?![\w.-])", _HERE, key) if folder.count("/") > 1 else key


def placed(identity: str, cwd: str) -> str:
    """The key that `identity` has in `cwd`."""
    return identity.replace(_HERE, cwd.rstrip("/"))


def could_change(writing: Move, reading: Move) -> bool:
    """Whether `writing` may have changed what `reading` shows. In doubt it has."""
    if writing.action.effect is Effect.READS:
        return False
    parameter = _FILE_TOOLS.get(writing.operation.call.tool)
    written = writing.operation.call.input.get(parameter) if parameter else None
    if not isinstance(written, str) or not posixpath.isabs(written):
        return True
    written = posixpath.normpath(written)
    read = reading.operation.call.input.get("file_path")
    if reading.operation.call.tool == "Read" and isinstance(read, str) and posixpath.isabs(read):
        return posixpath.normpath(read) == written
    inside = "/.git/" in written
    return inside or reading.operation.line is None or not _COMMITTED.match(reading.action.text)
