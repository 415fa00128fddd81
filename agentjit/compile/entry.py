"""What starts a skill: the prompt, and the parameters that are filled from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agentjit.compile.explaining.kinds import kind_of
from agentjit.compile.following.domains import Use, apart, narrowed
from agentjit.compile.following.protected import closed
from agentjit.entries import words
from agentjit.errors import NotCompilable
from agentjit.hotspot import Hotspot, Template
from agentjit.skill import Entry, Parameter

ANYWHERE = 3  # working directories from which the directory does not matter
_SEEN = 8  # examples kept of a parameter
_QUOTES = (('"', '"'), ("'", "'"), ("`", "`"), ("“", "”"))
_QUOTED = r"[^\s\"'`“”-](?:[^\"'`“”\x00-\x1f]{0,200}[^\s\"'`“”])?"


def parameters_of(
    template: Template, names: Sequence[str], used: Mapping[str, Use] | None = None
) -> tuple[Parameter, ...]:
    """The parameters that fill the slots; their patterns are no wider than what they are `used` for allows."""
    columns = [slot.values for slot in template.slots]
    if len(set(columns)) != len(columns):
        raise NotCompilable("two places of the prompt always had the same value: nothing tells them apart")
    found = []
    places = [at for at, part in enumerate(template.parts) if not isinstance(part, str)]
    for name, place, column in zip(names, places, columns, strict=True):
        kind = kind_of(column) or (_QUOTED if _in_quotes(place, template, column) else None)
        if kind is None:
            raise NotCompilable(f"the values of {{{name}}} are of no one kind: {', '.join(column[:3])}")
        use = (used or {}).get(name)
        kind = (closed(column) if use and use.written else "") or narrowed(kind, column, use)
        found.append(Parameter(name=name, pattern=kind, seen=tuple(dict.fromkeys(column))[-_SEEN:]))
    return tuple(found)


def _in_quotes(place: int, template: Template, values: Sequence[str]) -> bool:
    """Whether the slot always stands in quotes, so that it may have white space in it: it is one word all the same."""
    around = [template.parts[at] for at in (place - 1, place + 1) if 0 <= at < len(template.parts)]
    marked = len(around) == 2 and (around[0], around[1]) in _QUOTES
    return marked and all(re.fullmatch(_QUOTED, value) for value in values)


def entry_of(hotspot: Hotspot, parameters: Sequence[Parameter], *, writes: bool = False) -> Entry:
    """The prompt of a plan. Where it `writes`, two of its values are only the same if they were so before."""
    assert hotspot.template
    kinds = iter(parameters)
    columns = [slot.values for slot in hotspot.template.slots]
    before: list[tuple[str, Sequence[str]]] = []
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
            parameter, column = next(kinds), columns[len(before)]
            others = [name for name, own in before if writes and apart(own, column, parameter.pattern)]
            unlike = "".join(rf"(?!(?P={name})(?![\w./-]))" for name in others)
            before.append((parameter.name, column))
            pattern += gap + f"{unlike}(?P<{parameter.name}>{parameter.pattern})"
            prompt += (space and " ") + f"{{{parameter.name}}}"
    directories = tuple(sorted({occurrence.episode.cwd for occurrence in hotspot.occurrences}))
    literal = " ".join(part for part in hotspot.template.parts if isinstance(part, str))
    return Entry(
        prompt=prompt.strip(),
        pattern=pattern,
        words=tuple(words(literal)),
        directories=directories if len(directories) < ANYWHERE else (),
    )
