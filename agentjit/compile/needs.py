"""Preconditions: what can be looked at before anything runs, so that nothing is begun that cannot be finished.

Programs are needed whenever they are started. A file is needed only if it is read or run before the first step that may
write: what is read later may be what that step makes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from agentjit.compile.align import AlignedStep
from agentjit.compile.explaining.words import within
from agentjit.hotspot import Command, Line
from agentjit.skill import Need
from agentjit.trace import Effect

BUILTINS = frozenset(
    (
        *("[ : . alias bg break builtin cd command continue declare dirs disown echo enable eval exec exit".split()),
        *("export false fc fg hash help jobs kill let local mapfile popd printf pushd pwd read readarray".split()),
        *("readonly return set shift shopt source test times trap true type typeset ulimit umask unalias".split()),
        *("unset wait [[".split()),
    )
)
"""What a shell does itself: nothing to be found on PATH."""
_READERS = frozenset("cat head tail less wc sort uniq diff cut md5sum sha256sum source .".split())
_RUNNERS = frozenset("bash sh dash zsh python python3 node ruby perl".split())
_PATH = re.compile(r"(?!-)[A-Za-z0-9_./@+-]*[A-Za-z0-9_]")
_IN_REPOSITORY = frozenset(("repo", "branch", "remote"))
_ANYWHERE = frozenset("init clone ls-remote version help config --version --help".split())  # git without a repository


def needs(steps: Sequence[AlignedStep], asked: Sequence[str] = ()) -> tuple[Need, ...]:
    """The programs on PATH, the files, and a git repository if git is asked about it or what is `asked` of the
    environment (keys of `skill.Asked`) stands in one; in the order they are needed.
    """
    found = [Need(kind="program", name=name) for step in steps for name in _programs(step)]
    if any(map(_asks_git, steps)) or _IN_REPOSITORY & set(asked):
        found.append(Need(kind="repository"))
    found += [Need(kind="file", name=path) for path in _all_files(steps)]
    return tuple(dict.fromkeys(found))


def _line(step: AlignedStep) -> Line | None:
    return step.operations[-1].line


def _programs(step: AlignedStep) -> Iterator[str]:
    """What plain and piped commands start, where a bare name is looked up on PATH."""
    line = _line(step)
    for command in line.commands if line else ():
        program = _program(command)
        if program and "/" not in program and program not in BUILTINS:
            yield program


def _program(command: Command) -> str:
    return (command.words[0].value or "") if command.words else ""


def _asks_git(step: AlignedStep) -> bool:
    """Whether the first thing it does is git, in the skill's own directory."""
    line = _line(step)
    if not line or not line.commands or _program(line.commands[0]) != "git":
        return False
    words = [word.value for word in line.commands[0].words[1:]]
    return (
        bool(words)
        and words[0] is not None
        and not words[0].startswith(("-C", "--git-dir"))
        and words[0] not in _ANYWHERE
    )


# --- files


def _all_files(steps: Sequence[AlignedStep]) -> Iterator[str]:
    """Up to the first command that may write; of Writes and Edits it is known what they make. A path in the working
    directory is one from there on.
    """
    made: set[str] = set()
    for step in steps:
        reads = all(operation.effect is Effect.READS for operation in step.operations)
        yield from (path for path in _files(step, reads) if path not in made)
        if step.form in ("write", "edit"):
            made |= _from_here(step, step.columns[0].values)
        elif not reads:
            return


def _from_here(step: AlignedStep, paths: Sequence[str]) -> set[str]:
    """The paths that a step's occurrences had in one place, each without its working directory. Where that varies, only
    what is the same behind it is meant so.
    """
    rests = [within(path, each.call.cwd) for path, each in zip(paths, step.operations, strict=True)]
    if (len(set(paths)) == 1 and len({each.call.cwd for each in step.operations}) > 1) or not all(rests):
        return set(paths)
    return {rest for rest in rests if rest}


def _files(step: AlignedStep, reads: bool) -> Iterator[str]:
    """Constant paths that a step reads, edits or runs; of one that may write, those its first command begins with."""
    if step.form in ("read", "edit"):
        meant = _from_here(step, step.columns[0].values)
        if len(meant) == 1:
            yield from meant
        return
    line = _line(step)
    if not line or any(operation.call.exit_code != 0 for operation in step.operations):
        return
    columns = {column.start: column.values for column in step.columns if column.literal}
    for at, command in enumerate(line.commands):
        if _program(command) in ("cd", "pushd") or (at and not reads):
            return  # somewhere else, or after something that may have made it
        if any(connector != "&&" for connector in line.connectors[: at + 1]):
            return  # its failure would not have been seen
        for path, start in _paths(command):
            meant = _from_here(step, columns.get(start, (path,) * len(step.operations)))
            if len(meant) == 1:
                yield from meant


def _paths(command: Command) -> Iterator[tuple[str, int]]:
    """The files that a command reads or runs, and where they stand in the line."""
    words = [(word.value, word.start) for word in command.words]
    program = _program(command)
    if "/" in program and _PATH.fullmatch(program):
        yield program, words[0][1]
    elif program == "make" and not any(value is None or value.startswith("-") for value, _ in words[1:]):
        yield "Makefile", -1
    elif posixpath.basename(program) in _RUNNERS:
        if len(words) > 1 and words[1][0] and _PATH.fullmatch(words[1][0]):
            yield words[1][0], words[1][1]
    elif program in _READERS:
        yield from ((value, start) for value, start in words[1:] if value and _is_file(value))
    yield from (
        (redirect.target.value, redirect.target.start)
        for redirect in command.redirects
        if redirect.operator == "<"
        and redirect.target
        and redirect.target.value
        and _PATH.fullmatch(redirect.target.value)
    )


def _is_file(word: str) -> bool:
    """A word that can only be a path: with a folder or an extension, and no number, pattern, or device."""
    named = "/" in word or re.search(r"[A-Za-z_-]\.[A-Za-z]\w{0,9}$", word)
    return bool(named) and bool(_PATH.fullmatch(word)) and not word.startswith(("/dev/", "/proc/", "/tmp/"))
