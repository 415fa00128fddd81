"""Where secrets stand in a text: the one place that knows re2, whose searches take time linear in the text (pure).

Sets of all patterns tell in a pass or two which kinds can occur; only those are then looked for. Text is UTF-8
(surrogates passed through) and patterns see bytes, so no text is unfit and places need no counting of characters.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import re2

from agentjit.observe.secrets.kinds import KINDS, Kind
from agentjit.observe.secrets.shape import Hit, Span, behind_escapes

_MEMORY = 64 << 20  # bytes that an automaton may grow to before it forgets its states and goes on
_PLACEHOLDER = re.compile("‹secret:[^:›]{1,100}:[0-9a-f]{12}›".encode())
_MARK = "‹secret:".encode()
_ESCAPED = re.compile(rb"\\+(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PEM = re.compile(rb"-----[^-]*-----|\\+[nrt]|[^A-Za-z0-9+/=]")


@dataclass(frozen=True, slots=True)
class Found:
    """A secret at `data[start:end]`; `value` is what it says, the same however it was escaped."""

    start: int
    end: int
    kind: str
    value: bytes


def _options(memory: int = _MEMORY) -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = memory
    options.log_errors = False
    return options


def _set(patterns: Iterable[bytes], memory: int) -> re2.Set:
    found = re2.Set.SearchSet(_options(memory))
    for pattern in patterns:
        found.Add(pattern)
    found.Compile()
    return found


class Scanner:
    """Looks for `kinds`, the earlier of two that claim the same place."""

    def __init__(self, kinds: Sequence[Kind] = KINDS, memory: int = _MEMORY) -> None:
        self._kinds = kinds
        self._patterns = [behind_escapes(kind.pattern).encode() for kind in kinds]
        # Two sets: the states of one automaton for all would be products of both halves' states, slow to come by.
        halves = ([n for n, kind in enumerate(kinds) if kind.by_form is by_form] for by_form in (True, False))
        self._sets = [(_set([self._patterns[number] for number in half], memory), half) for half in halves if half]
        self._compiled: dict[int, re2._Regexp] = {}

    def suspects(self, data: bytes) -> list[int]:
        """Numbers of the kinds whose pattern occurs in `data`: no other kind can be found in it."""
        return [half[place] for patterns, half in self._sets for place in patterns.Match(data) or ()]

    def find(self, data: bytes, suspects: Iterable[int]) -> list[Found]:
        """The secrets of the suspected kinds in the order of places; none overlaps another or a placeholder."""
        taken = Spans(self.placeholders(data))
        found = []
        for number in sorted(suspects):
            kind = self._kinds[number]
            spans = [span for span in self.places(data, number) if taken.free(span)]
            found += [Found(start, end, kind.name, meaning(data[start:end])) for start, end in spans]
            taken.add(spans)
        return sorted(found, key=lambda each: each.start)

    @staticmethod
    def placeholders(data: bytes) -> list[Span]:
        """Where secrets were taken out before."""
        return [match.span() for match in _PLACEHOLDER.finditer(data)] if _MARK in data else []

    def places(self, data: bytes, number: int) -> list[Span]:
        """Every place of one kind, also where another kind has a better claim."""
        pattern, kind = self._pattern(number), self._kinds[number]
        found: list[Span] = []
        place = 0
        while (match := pattern.search(data, place)) is not None:
            every = [match.span(group) for group in range(1, pattern.groups + 1)]
            groups = tuple(span for span in every if span[0] >= 0) or (match.span(),)
            spans = kind.take(Hit(data, groups))
            found += spans
            behind = groups[-1][0] if kind.begins else match.end()
            place = max(spans[-1][1] if spans else behind, match.start() + 1)
        return found

    def _pattern(self, number: int) -> re2._Regexp:
        if number not in self._compiled:
            self._compiled[number] = re2.compile(self._patterns[number], _options())
        return self._compiled[number]


class Spans:
    """Spans that are taken; asking whether one is free takes logarithmic time."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans: list[Span] = sorted(spans)

    def add(self, spans: Iterable[Span]) -> None:
        self._spans = sorted([*self._spans, *spans])

    def free(self, span: Span) -> bool:
        """No taken span has a byte in common with `span` (spans that are taken do not overlap each other)."""
        after = self._after(span)
        return after is None or after[0] >= span[1]

    def covers(self, span: Span) -> bool:
        """One taken span has all of `span`."""
        after = self._after(span)
        return after is not None and after[0] <= span[0] and span[1] <= after[1]

    def _after(self, span: Span) -> Span | None:
        """The first taken span that ends behind the start of `span`."""
        place = bisect.bisect_right(self._spans, span[0], key=lambda taken: taken[1])
        return self._spans[place] if place < len(self._spans) else None


def meaning(raw: bytes) -> bytes:
    """What a secret says, without the escapes of JSON, of a shell or of a URL, and a private key without its lines."""
    if b"PRIVATE KEY" in raw[:64] or raw.startswith(b"Private-Lines"):
        return _PEM.sub(b"", raw)
    raw = _unquoted(raw) if b"%" in raw else raw
    return _ESCAPED.sub(_unescaped, raw) if b"\\" in raw else raw


def _unquoted(raw: bytes) -> bytes:
    """Without the escapes of a URL, unless what comes out is no text: then these were no escapes."""
    plain = unquote_to_bytes(raw)
    try:
        plain.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw
    return plain


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return chr(int(match[1], 16)).encode("utf-8", "surrogatepass")
    return match[2]


def spans_of(pattern: re2._Regexp, data: bytes) -> Iterator[Span]:
    """Where `pattern` matches, one after the other."""
    return (match.span() for match in pattern.finditer(data))


def literals(values: Iterable[bytes]) -> re2._Regexp | None:
    """A pattern that finds any of `values`, the longest first; None if there are none."""
    ordered = sorted(set(values), key=lambda value: (-len(value), value))
    return re2.compile(b"|".join(re2.escape(value) for value in ordered), _options()) if ordered else None
