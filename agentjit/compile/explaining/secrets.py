"""Secrets in commands: a trace has placeholders for them, a program gets the values when it runs and never holds one.

The value of an environment variable (`‹secret:env.API_TOKEN:…›`) is asked of the environment; any other secret becomes
a parameter that no prompt can fill, so such a skill is run by name only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from agentjit.compile.naming import identifier
from agentjit.errors import NotCompilable
from agentjit.hotspot import Occurrence
from agentjit.piece import Argument, Piece, Ref
from agentjit.skill import Parameter
from agentjit.trace import PLACEHOLDER

PATTERN = r"\S{4,4000}"  # of a secret's value; a placeholder is one, too


class Secrets:
    """The secrets of one hotspot under the names they have in its program, none of `taken`. One object serves one
    compilation.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._names: dict[tuple[str, ...], str] = {}  # placeholders, one an occurrence -> name
        self.environment: dict[str, None] = {}  # `$API_TOKEN`

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names.values())

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        names = [name for name in self._names.values() if f"${name}" not in self.environment]
        return tuple(Parameter(name=name, pattern=PATTERN, seen=(), secret=True) for name in names)

    def explain(self, values: Sequence[str], rest: Callable[[tuple[str, ...]], Argument | None]) -> Argument | None:
        """Words with placeholders as pieces; `rest` explains what stands between those."""
        columns = list(zip(*(PLACEHOLDER.split(value) for value in values), strict=False))
        if len({len(PLACEHOLDER.findall(value)) for value in values}) > 1:
            raise NotCompilable("a word carries a secret in some traces and none in others")
        pieces: list[Piece] = []
        for place in range(0, len(columns), 3):  # text, kind, digits, text, …
            if any(columns[place]):
                between = rest(tuple(columns[place]))
                if between is None:
                    return None
                pieces += between
            if place + 2 < len(columns):
                pieces.append(self._ref(columns[place + 1], columns[place + 2]))
        return tuple(pieces)

    def _ref(self, kinds: Sequence[str], digits: Sequence[str]) -> Ref:
        secret = tuple(f"‹secret:{kind}:{digest}›" for kind, digest in zip(kinds, digits, strict=True))
        if secret not in self._names:
            if len(set(kinds)) > 1:
                raise NotCompilable(f"a secret is not of one kind: {', '.join(sorted(set(kinds)))}")
            self._names[secret] = self._name(kinds[0])
        return Ref(name=self._names[secret])

    def _name(self, kind: str) -> str:
        if is_variable(kind):
            name = kind.removeprefix("env.")
            if f"${name}" in self.environment:
                raise NotCompilable(f"two secrets of one trace were the value of ${name}")
            self.environment[f"${name}"] = None
            return name
        name = identifier(kind, [*self._taken, *self.names])
        if not name:
            raise NotCompilable(f"no name can be made for a secret of the kind {kind}")
        return name


def is_variable(kind: str) -> bool:
    """A placeholder's kind names an environment variable that a program can hold under the same name."""
    return re.fullmatch(r"env\.[A-Z][A-Z0-9_]*", kind) is not None


def of_occurrence(occurrence: Occurrence) -> Iterator[tuple[str, str]]:
    """(kind, placeholder) of each secret in an occurrence's calls, in the order of their first appearance."""
    seen: set[str] = set()
    for text in (text for operation in occurrence.operations for text in _texts(operation.call.input)):
        for found in PLACEHOLDER.finditer(text):
            if found[0] not in seen:
                seen.add(found[0])
                yield found[1], found[0]


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, in order of its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from _texts(value[key])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
