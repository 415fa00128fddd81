"""How far a call looks that only reads: at this machine, at a service, or anywhere.

What is not listed in the catalogue's `reach` looks anywhere: what a GET of some address does at the other end, or a
command that `ssh` runs there, nobody knows, and so a call that came after it may have looked at what it did. A query is
asked through a program whose reading subcommands can only ask what is (`kubectl get`, `docker ps`): two of them may be
asked at the same time, but neither passes a call that may have set something off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentjit.detect.catalogue import Catalogue, built_in
from agentjit.detect.effects import SHELL_TOOL
from agentjit.detect.shell import parse
from agentjit.hotspot import Command
from agentjit.trace import Reach

_ORDER = (Reach.LOCAL, Reach.QUERY, Reach.ANYWHERE)


def reach_of(tool: str, given: Mapping[str, Any], catalogue: Catalogue | None = None) -> Reach:
    """The farthest that a call looks, all commands of a shell line taken together, if it only reads."""
    known = (catalogue or built_in()).reach
    if tool != SHELL_TOOL:
        return known.get(tool, Reach.ANYWHERE)
    line = parse(str(given.get("command", "")))
    if line.opaque:
        return Reach.ANYWHERE
    found = [_of(command, known) for command in (*line.commands, *line.nested) if command.words]
    return max(found, key=_ORDER.index, default=Reach.LOCAL)


def _of(command: Command, known: Mapping[str, Reach]) -> Reach:
    """The farthest of what is listed for a program; of its subcommands, where nobody can tell which it is, too."""
    words = [word.value for word in command.words]
    if words[0] is None:
        return Reach.ANYWHERE
    program = words[0].rpartition("/")[2]
    flags = [known[key] for word in words[1:] if word and (key := f"{program}:{word.partition('=')[0]}") in known]
    return max((*_listed(program, words[1:], known), *flags), key=_ORDER.index)


def _listed(program: str, rest: Sequence[str | None], known: Mapping[str, Reach]) -> Iterator[Reach]:
    inner = [how for key, how in known.items() if key.startswith(f"{program}-")]
    if not inner:
        yield known.get(program, Reach.ANYWHERE)
        return
    first = rest[0] if rest else None
    if first is None or first.startswith("-"):
        yield from inner
        yield known.get(program, Reach.ANYWHERE)
    else:
        yield known.get(f"{program}-{first}", known.get(program, Reach.ANYWHERE))
