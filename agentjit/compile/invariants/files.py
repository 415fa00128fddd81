"""Files that a command leaves behind, where its exit status does not tell.

What `mkdir out && cp a out/b` leaves behind is told by its status; what `./build > build.log; tail -1 build.log` does
is told by the last command's alone. That a file is there is looked up where the program runs; a trace does not say.
"""

from __future__ import annotations

from collections.abc import Iterator

from agentjit.compile.explaining.explain import compose
from agentjit.compile.explaining.reference import reference
from agentjit.compile.invariants.evidence import COIN, always, evidence
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence
from agentjit.hotspot import Command, Line, Word
from agentjit.piece import Argument

_MAKES_ALL = frozenset("mkdir touch tee".split())
_MAKES_LAST = frozenset("cp mv ln".split())
_MOVES = frozenset("cd pushd popd".split())
_REMOVES = frozenset("rm rmdir mv unlink".split())


def files(seen: Observed) -> tuple[tuple[Argument, ...], list[Evidence]]:
    """The targets of redirections, and what `mkdir`, `touch`, `tee`, `cp`, `mv`, `ln` make, in a line that goes on
    whether they succeed or not.
    """
    line = seen.step.line
    succeeded = all(operation.call.exit_code == 0 for operation in seen.step.operations)
    if not line or not succeeded or all(connector == "&&" for connector in line.connectors):
        return (), []
    if any(_program(command) in _MOVES | _REMOVES for command in line.commands):
        return (), []  # somewhere else, or no longer there
    columns = {column.start: column.values for column in seen.step.columns if column.varies}
    others = {name: column for name, column in seen.known.items() if reference(name).name not in seen.own}
    found: list[Argument] = []
    for word in _made(line):
        values = columns.get(word.start, (word.value or "",) * seen.traces)
        argument = compose(values, others)
        if argument and not any(value.startswith(("/dev/", "-", "~")) for value in values):
            found.append(argument)
    kept = tuple(dict.fromkeys(found))
    return kept, [evidence("file", seen.traces, always(seen.traces, COIN)) for _ in kept]


def _made(line: Line) -> Iterator[Word]:
    for at, command in enumerate(line.commands):
        if at and line.connectors[at - 1] in ("&&", "||", "&"):
            continue  # not always
        for redirect in command.redirects:
            if redirect.operator.lstrip("12&") in (">", ">>", ">|") and redirect.target and redirect.target.value:
                yield redirect.target
        yield from _operands(command)


def _operands(command: Command) -> list[Word]:
    words = command.words[1:]
    plain = all(word.value is not None and not word.value.startswith("-") for word in words)
    if not plain and _program(command) not in _MAKES_ALL:
        return []
    operands = [word for word in words if word.value and not word.value.startswith("-")]
    if _program(command) in _MAKES_ALL:
        return operands
    return operands[-1:] if _program(command) in _MAKES_LAST and len(operands) > 1 else []


def _program(command: Command) -> str:
    return (command.words[0].value or "") if command.words else ""
