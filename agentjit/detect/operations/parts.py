"""A shell line cut into parts, and what its commands do to the shell that runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agentjit.detect.operations.cosmetics import Cosmetics
from agentjit.detect.operations.strip import (
    PIPES,
    displays,
    falls_back,
    formats,
    formats_for,
    is_filter,
    is_mute,
    lasts,
    prints,
)
from agentjit.hotspot import Command, Line

# what a part may say of the parts before it: their status, their job, their last word, their directory
_BACKWARDS = re.compile(
    r"\$\{?[#!]?(?:[?!]|_(?!\w)|PIPESTATUS|DIRSTACK|BASH_)|\bOLDPWD\b|~[-+]|(?<!\S)%[\d%+-]"
    r"|\bcd\s++(?:-[\w-]*+\s++)*['\"]?-(?![\w-])"
)

_MOVES = frozenset(("cd", "pushd", "popd"))
_CLOSED = re.compile(r"[)}`]")  # the end of an expansion
_FILE = re.compile(r"~\w*/[\w./@+-]*|\"[^\"/]*+/[^\"]*\"")  # one word with a slash is no builtin


class Part(NamedTuple):
    """Commands `start` to `stop` of a line, with what stood before them; `joined`: more than one pipeline."""

    connector: str
    start: int
    stop: int
    joined: bool = False


def parts(line: Line, cosmetics: Cosmetics) -> Iterator[Part]:
    """The parts of a line of several commands, in order.

    A part is a pipeline, or several that only make sense together: an and-or list with `||`, a test with what is
    printed about it, and all from the first `&` on. A `|| true` or `|| echo failed` behind a part is no part of it.
    """
    pipelines = _pipelines(line)
    at = 0
    while at < len(pipelines):
        stop = at + 1
        while stop < len(pipelines) and pipelines[stop].connector in ("&&", "||"):
            stop += 1
        if stop < len(pipelines) and pipelines[stop].connector == "&":
            yield Part(pipelines[at].connector, pipelines[at].start, len(line.commands), True)
            return
        yield from _and_or(line, pipelines[at:stop], cosmetics)
        at = stop


def _pipelines(line: Line) -> list[Part]:
    found = []
    start, before = 0, ""
    for index, connector in enumerate(line.connectors):
        if connector not in PIPES:
            found.append(Part(before, start, index + 1))
            start, before = index + 1, connector
    return [*found, Part(before, start, len(line.commands))]


def _and_or(line: Line, run: Sequence[Part], cosmetics: Cosmetics) -> Iterator[Part]:
    """The parts of one and-or list."""
    run = list(run)
    while len(run) > 1 and run[1].connector == "&&" and _alone(line, run[0]) and target(line.commands[run[0].start]):
        yield run.pop(0)
    while len(run) > 1 and run[-1].connector == "||" and _gives_way(line, run, len(run) - 1, cosmetics):
        run.pop()
    for at in range(1, len(run) - 1):
        gives_way = run[at].connector == "||" and _gives_way(line, run, at, cosmetics)
        if gives_way and run[at + 1].connector == "&&":
            yield from _and_or(line, run[:at], cosmetics)
            yield from _and_or(line, [run[at + 1]._replace(connector=";"), *run[at + 2 :]], cosmetics)
            return
    if any(part.connector == "||" for part in run[1:]):
        yield _joined(run)
        return
    yield from _answers(line, run, cosmetics)


def _gives_way(line: Line, run: Sequence[Part], at: int, cosmetics: Cosmetics) -> bool:
    """Whether the part behind `||` only sets a status, or prints something that is no answer.

    What is printed answers where it stands behind a test, or where it could have been something else.
    """
    if not _alone(line, run[at]):
        return False
    command = line.commands[run[at].start]
    if falls_back(command, cosmetics):
        return True
    if not prints(command, cosmetics):
        return False
    for index, part in enumerate(run):
        last = line.commands[part.stop - 1]
        if index != at and (prints(last, cosmetics) or (index < at and is_mute(last, cosmetics))):
            return False
    return True


def _answers(line: Line, run: Sequence[Part], cosmetics: Cosmetics) -> Iterator[Part]:
    """The parts of a list with `&&` only; what is printed behind a test that says nothing itself stays with it."""
    at = 0
    while at < len(run):
        stop = at + 1
        if is_mute(line.commands[run[at].stop - 1], cosmetics):
            while stop < len(run) and _alone(line, run[stop]) and prints(line.commands[run[stop].start], cosmetics):
                stop += 1
        yield run[at] if stop == at + 1 else _joined(run[at:stop])
        at = stop


def _joined(run: Sequence[Part]) -> Part:
    return Part(run[0].connector, run[0].start, run[-1].stop, len(run) > 1)


def _alone(line: Line, part: Part) -> bool:
    return part.stop - part.start == 1


# --- what a command does to its shell


def target(command: Command) -> str | None:
    """Where a command goes: the operand of `cd`, `pushd DIRECTORY`, `popd ` for where pushd was called; bare `pushd`
    or `popd` if nobody can tell; None if it goes nowhere, or cd's words do not say where.
    """
    name = command.words[0].value if command.words else None
    if name not in ("cd", "pushd", "popd"):
        return None
    plain = not command.assignments and not any(map(lasts, command.redirects))
    if name == "popd":
        return "popd " if plain and len(command.words) == 1 else "popd"
    place = command.words[1].value if len(command.words) == 2 and plain else None
    named = bool(place) and place is not None and place[0] not in "-+"
    if name == "cd":
        return place if named else None
    return f"pushd {place}" if named else "pushd"


def changes(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether a command changes the shell that runs it, or may do."""
    if not command.words:
        return True
    name = command.words[0].value
    if name == "command" and len(command.words) > 1:
        run = next((word for word in command.words[1:] if not (word.value or "").startswith("-")), command.words[0])
        return run.value is None or run.value in cosmetics.carried or run.value in cosmetics.whole
    if name is None:
        return not _FILE.fullmatch(command.words[0].raw)
    if name in cosmetics.carried or name in cosmetics.whole:
        return True
    if len(command.words) == 1:
        return False
    first = command.words[1].value
    if name == "printf":
        return first is None or first.startswith("-v")
    return f"{name}-{first}" in cosmetics.whole


def only_formats(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether a command only sets how output is formatted, or how the shell goes on after a failure."""
    words = [word.value for word in command.words]
    if any(map(lasts, command.redirects)) or None in words or (words and command.assignments):
        return False
    name = words[0] if words else ""
    if name and name != "export":
        pattern = cosmetics.settings.get(name)
        rest = " ".join(map(str, words[1:]))
        return pattern is not None and pattern.fullmatch(rest) is not None
    assigned = _assigned(command)
    return bool(assigned) and all(formats(raw, cosmetics) for raw in assigned)


def _assigned(command: Command) -> list[str]:
    """What `X=1 Y=2` or `export X=1 Y=2` assigns."""
    return [str(word.value) for word in command.words[1:]] if command.words else list(command.assignments)


def heedless(command: Command, formatting: Command, cosmetics: Cosmetics) -> bool:
    """Whether it takes the variables that `formatting` sets for what they are, and neither shows them, nor runs what
    may, nor speaks of them.
    """
    assigned = _assigned(formatting)
    written = " ".join(raws(command))
    if substitutes(command) or any(raw.partition("=")[0] in written for raw in assigned):
        return False
    name = (command.words[0].value or "") if command.words else "cd"
    known = is_filter(command, cosmetics) or displays(command, cosmetics)
    known = known or all(formats_for(name, raw, cosmetics) for raw in assigned)
    rest = [word.value or "" for word in command.words[1:]]
    sets = (name == "export" and rest and all("=" in each for each in rest)) or (
        name in cosmetics.settings and cosmetics.settings[name].fullmatch(" ".join(rest))
    )
    return bool(known or sets or name in _MOVES or prints(command, cosmetics) or falls_back(command, cosmetics))


def backward(line: Line, cosmetics: Cosmetics) -> bool:
    """Whether some command speaks of those before it; one that only prints their status does not."""
    if len(line.commands) <= 1:
        return False
    moved = False
    for command in (*line.nested, *line.commands):
        names = [word.value for word in command.words[:3]]  # behind `command`, `builtin` too
        if not _MOVES.isdisjoint(names) and not prints(command, cosmetics):
            if _returns(command, moved):
                return True
            moved = True
    if not _BACKWARDS.search(line.text):
        return False
    return any(
        not prints(command, cosmetics) and _BACKWARDS.search(" ".join(raws(command))) for command in line.commands
    )


def _returns(command: Command, moved: bool) -> bool:
    """Whether it goes, or after another move may go, to where the shell was before: `cd -`, `cd $X`."""
    for word in command.words[1:]:
        if word.value == "-":
            return True
        if moved and word.value is None and word.raw.lstrip('"')[:1] in ("$", "`"):
            return "/" not in _CLOSED.split(word.raw)[-1]
    return False


def substitutes(command: Command) -> bool:
    """Whether the output of another command is part of it."""
    return any("$(" in raw or "`" in raw for raw in raws(command))


def raws(command: Command) -> list[str]:
    """Everything of a command as it was written."""
    return [
        *command.assignments,
        *(word.raw for word in command.words),
        *(redirect.raw for redirect in command.redirects),
    ]
