"""Moves: an episode as the row of actions it was, and what one of them may have done to another's result."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from agentjit.detect.shell import parse
from agentjit.detect.signature import is_bookkeeping, operation
from agentjit.hotspot import Action, Operation
from agentjit.trace import Effect, Ended, Episode

_HERE = "\0here\0"
_FILE_TOOLS = {"Write": "file_path", "Edit": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}
_COMMITTED = frozenset(("log", "show", "branch", "remote", "rev-parse", "tag", "merge-base", "reflog"))
"""What git reads from its own database: editing a file of the working tree does not change it …"""
_TO_GIT = frozenset((".mailmap", ".gitattributes", ".gitconfig", ".gitmodules"))
"""… but for these."""
_PASSING = re.compile(
    r"(?:date|sleep|uptime|ps|pgrep|top|free|who|w|jobs|wait|vmstat|iostat|BashOutput|read_bash|TaskOutput)(?![\w-])"
)
"""What tells of the moment, or lets it pass: never the same twice."""

Check = Callable[[Action], bool]
"""Says whether an action is a check that its user trusts."""


@dataclass(frozen=True, slots=True)
class Move:
    """An action as it was made: `place` is the number of its call among the episode's calls.

    `identity` is the action's key with the project's folder left open: equal in two checkouts of one project, and for
    `git status` in any two. `check`: it is trusted to leave the results of other checks as they are.
    """

    operation: Operation
    action: Action
    place: int
    identity: str
    check: bool = False

    @property
    def ok(self) -> bool:
        return self.operation.call.ok

    @property
    def finished(self) -> bool:
        """Whether its call came to its end; what one did that did not is unknown."""
        return self.operation.call.ended is Ended.RETURNED

    @property
    def reads(self) -> bool:
        return self.action.effect is Effect.READS

    @property
    def restless(self) -> bool:
        """Whether it may go on changing things after its call is over: left in the background, or never finished."""
        return bool(self.operation.call.input.get("run_in_background")) or not (self.finished or self.reads)

    @property
    def repeatable(self) -> bool:
        """Whether it would show the same again as long as nothing changes."""
        return _PASSING.match(self.action.signature) is None

    @property
    def symbol(self) -> str:
        """What it is to those that come after it: a command is itself, a file tool is any such."""
        return self.identity if self.operation.line is not None else self.action.signature


def moves(episode: Episode, agent: str = "", check: Check | None = None) -> tuple[tuple[Move, ...], ...]:
    """The moves of every call that was begun, call by call: those of the main thread, or of a sub-agent; bookkeeping,
    and what was refused and never ran, is left out. `check` says which actions are trusted checks (none by default).
    """
    calls = [call for call in episode.calls if call.agent == agent and not is_bookkeeping(call.tool)]
    begun = [operation(call) for call in calls if call.ended is not Ended.DENIED]
    return tuple(
        tuple(
            Move(each, action, place, identity(action.key, episode.cwd), check is not None and check(action))
            for action in each.actions
        )
        for place, each in enumerate(begun)
    )


def identity(key: str, cwd: str) -> str:
    """`key` with the folder `cwd` taken out, wherever it stands as a whole."""
    folder = cwd.rstrip("/")
    return re.sub(rf"(?<![\w.-]){re.escape(folder)}(?![\w.-])", _HERE, key) if folder.count("/") > 1 else key


def placed(identity: str, cwd: str) -> str:
    """The text that `identity` was made from, in `cwd`."""
    return identity.replace(_HERE, cwd.rstrip("/"))


def elsewhere(move: Move, filled: Callable[[str], str], cwd: str) -> Move | None:
    """`move` with every text of it passed through `filled`, read anew in `cwd`: what it would be there, and what it
    would do. None if it would be more than one action.
    """
    call = move.operation.call
    if move.operation.line is None:
        given: Any = _mapped(dict(call.input), filled)
        folder = cwd
    else:
        given = {"command": filled(move.action.text)}
        folder = filled(move.action.directory) or cwd
    made = operation(replace(call, input=given, cwd=folder, batch=""))
    if len(made.actions) != 1:
        return None
    return Move(made, made.actions[0], -1, identity(made.actions[0].key, cwd), move.check)


def _mapped(value: Any, filled: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return filled(value)
    if isinstance(value, dict):
        return {key: _mapped(each, filled) for key, each in value.items()}
    return [_mapped(each, filled) for each in value] if isinstance(value, list) else value


def could_change(writing: Move, reading: Move) -> bool:
    """Whether `writing` may have changed what `reading` shows. In doubt it has; a file known by another name (a link)
    is not thought of.
    """
    if writing.action.signature.startswith("sleep "):
        return True  # who waits, waits for a change
    if writing.reads or (writing.check and reading.check):
        return False
    parameter = _FILE_TOOLS.get(writing.operation.call.tool)
    written = writing.operation.call.input.get(parameter) if parameter else None
    if not isinstance(written, str) or not posixpath.isabs(written):
        return True
    written = posixpath.normpath(written)
    read = reading.operation.call.input.get("file_path")
    if reading.operation.call.tool == "Read" and isinstance(read, str) and posixpath.isabs(read):
        return posixpath.normpath(read) == written
    to_git = "/.git/" in written or posixpath.basename(written) in _TO_GIT
    return to_git or not _committed(reading)


def _committed(move: Move) -> bool:
    """Whether all that the action looks at is in git's database: one plain `git log` and the like."""
    if move.operation.line is None:
        return False
    line = parse(move.action.text)
    if len(line.commands) != 1 or line.nested or line.commands[0].redirects or line.commands[0].assignments:
        return False
    words = [word.value for word in line.commands[0].words]
    return len(words) > 1 and words[0] == "git" and words[1] in _COMMITTED
