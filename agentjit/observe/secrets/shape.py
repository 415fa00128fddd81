"""What a row of the table of secrets is, and how the secret is cut out of what its pattern found (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agentjit.observe.secrets.entropy import stands_for_value
from agentjit.observe.secrets.words import Says, holds_secret, looks_secret, says

Span = tuple[int, int]  # in bytes
_JUDGED = 200  # bytes of a value that are looked at to judge it

# What ends in a letter or a digit and is none: an escape of JSON, of a URL, of a terminal (its end tells enough).
_ESCAPE = r"\\[nrtbfv]|(?:%|\\u00|\\x)[0-9a-fA-F]{2}|\[[0-9;]*[mK]"
_ESCAPES = re.compile(_ESCAPE.encode())
_BEFORE = re.compile(rb"(?:" + _ESCAPE.encode() + rb")\Z")
_BEGUN = re.compile(rb"(?:" + _ESCAPE.encode() + rb")([A-Za-z0-9_-]+)\Z")
_LONGEST_ESCAPE = 16  # bytes


def behind_escapes(pattern: str) -> str:
    """`pattern` (RE2) with an escape allowed wherever a choice begins with `\\b`: `\\nghp_…` is a token on a new line.

    The escape is no part of the groups; a pattern without groups gets one for each of its choices.
    """
    flags = re.match(r"(?:\(\?[a-z]+\))?", pattern)
    head = flags[0] if flags else ""
    choices = re.split(r"\|(?=\\b)", pattern[len(head) :])
    if len(choices) == 1 and not choices[0].startswith(r"\b"):
        return pattern
    grouped = re.search(r"(?<!\\)\((?!\?)", pattern) is not None
    made = []
    for choice in choices:
        begins = choice.startswith(r"\b")
        rest = choice[2:] if begins else choice
        made.append((rf"(?:\b|{_ESCAPE})" if begins else "") + (rest if grouped else f"({rest})"))
    return head + "|".join(made)


def after_escape(data: bytes, place: int) -> bool:
    """An escape ends at `place`: what stands there begins a word, whatever the escape ends in."""
    return _BEFORE.search(data[max(place - _LONGEST_ESCAPE, 0) : place]) is not None


def blanked(data: bytes) -> bytes:
    """`data` with spaces for escapes: as long, so that places are the same."""
    if not (b"\\" in data or b"%" in data or b"\x1b" in data):
        return data
    return _ESCAPES.sub(lambda escape: b" " * len(escape[0]), data)


@dataclass(frozen=True, slots=True)
class Hit:
    """What a pattern found in `data`: the spans of its groups that matched, of the whole match if it has none."""

    data: bytes
    groups: tuple[Span, ...]

    @property
    def group(self) -> Span:
        """The last group that matched: the secret, where the pattern tells it exactly, or where it begins."""
        return self.groups[-1]

    def text(self, span: Span) -> str:
        """What stands at `span`, of something very long the beginning: enough to judge it."""
        end = min(span[1], span[0] + _JUDGED)
        return self.data[span[0] : end].decode("utf-8", "ignore" if end < span[1] else "surrogatepass")


Take = Callable[[Hit], list[Span]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of secret: its name, a pattern in RE2's syntax over UTF-8 bytes, what `take` makes of a match.

    The pattern has no anchor of the text's ends: it may be tried on texts joined by newlines. The search goes on behind
    a match, but if `begins` and `take` refuses, where the last group begins: that is only the start of a value, and so
    short that looking at it again costs nothing.
    """

    name: str
    pattern: str
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]
    take: Take
    by_form: bool = False  # known by its own form, not by its place
    begins: bool = False


def shape(hit: Hit) -> list[Span]:
    """A token of a known form, unless it only stands for one."""
    return [] if stands_for_value(hit.text((max(hit.group[0], hit.group[1] - 24), hit.group[1]))) else [hit.group]


def fixed(length: int) -> Take:
    """A token of exactly so many characters."""

    def take(hit: Hit) -> list[Span]:
        return shape(hit) if hit.group[1] - hit.group[0] == length else []

    return take


def plain(hit: Hit) -> list[Span]:
    """A value in a place that only a secret can have."""
    return [hit.group] if looks_secret(hit.text(hit.group), "", quoted=False) else []


# --- values after a name

_OPEN = re.compile(rb"[bBrRuUL]?(\\*)([\"'`])")
_BARE = re.compile(rb"[^\s\"'`\\,;&|<>(){}\[\]\x1b]{4,4000}")
_REST = {quote: re.compile(rb"(?:[^%s\\\n]|\\.){0,4000}" % quote) for quote in (b'"', b"'", b"`")}


def value_at(data: bytes, place: int) -> tuple[Span, bool]:
    """The value that begins at `place`, without its quotes, and whether it had some."""
    opened = _OPEN.match(data, place)
    if opened is None:
        bare = _BARE.match(data, place)
        return (bare.span() if bare else (place, place)), False
    escapes, quote = opened[1], opened[2]
    begin = opened.end()
    if escapes:
        end = data.find(escapes + quote, begin, begin + 4000)
        line = data.find(b"\n", begin, end if end >= 0 else begin)
        return ((begin, end) if end >= 0 and line < 0 else (begin, begin)), True
    rest = _REST[quote].match(data, begin)
    return (rest.span() if rest else (begin, begin)), True


def name_before(data: bytes, end: int) -> str:
    """The longest name that ends at `end`; if that says nothing, the one behind an escape (`\\npassword`)."""
    found = re.search(rb"[A-Za-z0-9_-]+\Z", data[max(end - 80, 0) : end])
    name = found[0].decode() if found else ""
    if name and says(name) is Says.NOTHING:
        begun = _BEGUN.search(data[max(end - 80 - _LONGEST_ESCAPE, 0) : end])
        return begun[1].decode() if begun else name
    return name


def named(hit: Hit) -> list[Span]:
    """`NAME=value`, `name: value`, `"name": "value"`: the groups are the end of the name and the start of the value."""
    name = name_before(hit.data, hit.groups[0][1])
    if says(name) is Says.NOTHING or b"arn:aws" in hit.data[max(hit.groups[0][0] - 80, 0) : hit.groups[0][0]]:
        return []
    span, quoted = value_at(hit.data, hit.group[0])
    if span[0] == span[1] or (not quoted and hit.data[span[1] : span[1] + 1] in (b"(", b"[")):  # a call, a subscript
        return []
    tight = hit.data[hit.group[0] - 1 : hit.group[0]] == b"="
    value = hit.text(span)
    if not quoted:
        value = value.rstrip(".:!?")
        end = len(hit.data[span[0] : span[1]].rstrip(b".:!?"))
        span = (span[0], span[0] + end)
    if not (quoted or tight) and _is_type(value, name):
        return []
    # `DB_PASSWORD: hunter` alone on its line is an environment in YAML, with more behind it an explanation.
    tight = tight or (name.isupper() and "_" in name and hit.data[span[1] : span[1] + 1] in (b"", b"\n", b"\r"))
    return [span] if holds_secret(name, value, quoted=quoted, tight=tight) else []


def _is_type(value: str, name: str) -> bool:
    """`token: RefreshToken2`; and the last part of the name of a secret in AWS."""
    return value.isalnum() and re.sub(r"[^a-z]", "", value.lower()).endswith(name.lower().strip("_"))


def listed(hit: Hit) -> list[Span]:
    """The same where name and value are two strings of a list or two words: the value must say more for itself."""
    name = name_before(hit.data, hit.groups[0][1])
    span, quoted = value_at(hit.data, hit.group[0])
    value = hit.text(span)
    if says(name) is Says.NOTHING or not re.search(r"\d", value):
        return []
    return [span] if holds_secret(name, value, quoted=quoted) else []


def pairs(data: bytes, span: Span, pattern: re.Pattern[bytes]) -> Iterator[tuple[str, Span]]:
    """(name, span of the value) for each match of `pattern`, whose two groups are these, within `span`."""
    for found in pattern.finditer(data, *span):
        yield found[1].decode("utf-8", "replace"), found.span(2)
