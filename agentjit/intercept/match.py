"""Matching a prompt against the entries of active skills (pure, standard library only)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_POINTING = frozenset(
    "it this that these those them they he she him her everything all both each any some something anything nothing"
    " here there now again today yesterday please ok okay mine yours ours what which who whom whose where when why how"
    " same other another else one ones and or but not no never the a an".split()
)
"""Words that stand for something said elsewhere: never the value of a parameter, unless they were before."""


class Match(NamedTuple):
    """An entry that fits the whole prompt, and the arguments taken from it."""

    entry: Mapping[str, Any]
    arguments: dict[str, str]


def matches(entries: Sequence[Mapping[str, Any]], prompt: str) -> list[Match]:
    """Every entry whose template is the whole prompt, white space, letter case and a final full stop aside."""
    text = prompt.strip()
    bare = text[:-1].rstrip() if text.endswith((".", "!")) else text
    found = []
    for entry in entries:
        for form in dict.fromkeys((text, bare)):
            fitting = re.fullmatch(entry["pattern"], form)
            if fitting and not _pointing(fitting.groupdict(), entry):
                found.append(Match(entry, fitting.groupdict()))
                break
    return found


def _pointing(arguments: Mapping[str, str], entry: Mapping[str, Any]) -> str:
    """The first argument that is a pronoun or the like rather than a name."""
    seen = entry.get("seen", {})
    return next(
        (v for name, v in arguments.items() if v.casefold() in _POINTING and v not in seen.get(name, ())),
        "",
    )
