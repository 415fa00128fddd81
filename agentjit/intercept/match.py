"""Matching a prompt against the entries of active skills (pure, standard library only)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_POINTING = frozenset(
    "it this that these those them they he she him her everything all both each any some something anything nothing"
    " here there now again today yesterday please ok okay mine yours ours what which who whom whose where when why how"
    " same other another else one ones and or but not no never the a an more less me someone somebody anybody nobody"
    " everyone everybody none neither either us we i right later first last next instead up down out over off away back"
    " through around along order turn parallel general total house slate mess"
    " myself yourself itself himself herself themselves ourselves".split()
)
"""Words that stand for something said elsewhere, or belong to the verb (`clean up`, `in order`): never the value of a
parameter, unless they were before.
"""

_OPENS = ("'", '"', "`", "‘", "“", "«")
_CLOSES = (".", ",", ";", ":", "!", "?", "'", '"', ")")
_EDGE = re.compile(r"^\W+|\W+$")


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
        for form in dict.fromkeys((bare, text)):  # bare first: the full stop ends the prompt, not the last value
            fitting = re.fullmatch(entry["pattern"], form)
            if fitting and not _doubtful(fitting.groupdict(), entry):
                found.append(Match(entry, fitting.groupdict()))
                break
    return found


def _doubtful(arguments: Mapping[str, str], entry: Mapping[str, Any]) -> bool:
    """Whether an argument may be no name: a pronoun or the like, or a word with the prompt's punctuation on it."""
    seen = entry.get("seen", {})
    return any(
        _pointing(value, seen.get(name, ())) or _dressed(value, seen.get(name, ())) for name, value in arguments.items()
    )


def _pointing(value: str, seen: Sequence[str]) -> bool:
    return _EDGE.sub("", value).casefold() in _POINTING and value not in seen


def _dressed(value: str, seen: Sequence[str]) -> bool:
    """Whether `value` begins or ends with punctuation that no value seen before began or ended with."""
    opened = value.startswith(_OPENS) and not any(each.startswith(value[0]) for each in seen)
    closed = value.endswith(_CLOSES) and not any(each.endswith(value[-1]) for each in seen)
    return opened or closed
