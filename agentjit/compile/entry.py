"""What starts a skill: the prompt, and the parameters that are filled from it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentjit.compile.kinds import kind_of
from agentjit.entries import words
from agentjit.errors import NotCompilable
from agentjit.hotspot import Hotspot, Template
from agentjit.skill import Entry, Parameter

ANYWHERE = 3  # working directories from which the directory does not matter
_SEEN = 8  # examples kept of a parameter


def parameters_of(template: Template, names: Sequence[str]) -> tuple[Parameter, ...]:
    columns = [slot.values for slot in template.slots]
    if len(set(columns)) != len(columns):
        raise NotCompilable("two places of the prompt always had the same value: nothing tells them apart")
    found = []
    for name, column in zip(names, columns, strict=True):
        kind = kind_of(column)
        if kind is None:
            raise NotCompilable(f"the values of {{{name}}} are of no one kind: {', '.join(column[:3])}")
        found.append(Parameter(name=name, pattern=kind, seen=tuple(dict.fromkeys(column))[-_SEEN:]))
    return tuple(found)


def entry_of(hotspot: Hotspot, parameters: Sequence[Parameter]) -> Entry:
    assert hotspot.template
    kinds = iter(parameters)
    pattern, prompt = "", ""
    for space, part in zip(hotspot.template.spaces, hotspot.template.parts, strict=True):
        gap = r"\s+" if space and pattern else ""
        if part == "?" and part is hotspot.template.parts[-1]:
            pattern += gap.replace("+", "*") + r"\??"  # a question is one without its mark, too
            prompt += (space and " ") + part
        elif isinstance(part, str):
            pattern += gap + f"(?i:{re.escape(part)})"
            prompt += (space and " ") + part
        else:
            parameter = next(kinds)
            pattern += gap + f"(?P<{parameter.name}>{parameter.pattern})"
            prompt += (space and " ") + f"{{{parameter.name}}}"
    directories = tuple(sorted({occurrence.episode.cwd for occurrence in hotspot.occurrences}))
    literal = " ".join(part for part in hotspot.template.parts if isinstance(part, str))
    return Entry(
        prompt=prompt.strip(),
        pattern=pattern,
        words=tuple(words(literal)),
        directories=directories if len(directories) < ANYWHERE else (),
    )
