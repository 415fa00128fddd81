"""Secret values that are known, so that they go wherever they stand bare: from the environment, or seen in a session.

A value is looked for outside the place it was recognised in only if it is `is_distinct`: replacing `admin` or
`test1234` everywhere because one line had it as a password would destroy the trace, and hide nothing that a guess would
not find.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from agentjit.observe.secrets.entropy import is_distinct, stands_for_value
from agentjit.observe.secrets.recall import candidates
from agentjit.observe.secrets.scan import Found, literals, meaning, spans_of
from agentjit.observe.secrets.shape import after_escape
from agentjit.observe.secrets.words import Says, looks_secret, says

_SHORTEST = 8  # characters
_LONGEST = 4_000  # the same; what is longer (private keys) is found by its form
_MOST = 1_000  # values to a session
_FREE = 16  # characters from which a value is looked for inside longer words too


class Known:
    """Values with the kind that each was first recognised as; `always` are those of the environment."""

    def __init__(self, always: Mapping[bytes, str] | None = None) -> None:
        self._kinds: dict[bytes, str] = {}
        self._bare: dict[bytes, bytes] = {}  # how a value may be written -> what it says
        for value, kind in (always or {}).items():
            self._kinds.setdefault(meaning(value), kind)
            self._look_for(value)
        self._first = len(self._kinds)
        self._recalled: dict[str, str] = {}
        self.waiting: set[str] = set()  # the digits of secrets that were recalled and not met yet
        self._pattern = literals(self._bare)

    @property
    def some(self) -> bool:
        """There is something to look for."""
        return bool(self._bare)

    @property
    def learned(self) -> bool:
        """There is more to look for than the environment's values."""
        return len(self._kinds) > self._first

    @property
    def values(self) -> list[bytes]:
        """What is looked for bare besides the environment's values, each as it may be written, the longest first."""
        first = set(list(self._kinds)[: self._first])
        return sorted((written for written, value in self._bare.items() if value not in first), key=len, reverse=True)

    def recall(self, digits: Mapping[str, str]) -> None:
        """Secrets (digits -> kind) that the session had before, of which nothing more is known."""
        for each, kind in digits.items():
            if each not in self._recalled:
                self._recalled[each] = kind
                self.waiting.add(each)

    def recognise(self, data: bytes, digits: Callable[[bytes], str]) -> None:
        """Learn the words of `data` whose `digits` are recalled, if they are distinct."""
        for value in candidates(data):
            each = digits(value)
            if each in self.waiting:
                self.waiting.discard(each)
                if is_distinct(value.decode("utf-8", "replace")):
                    self.learn([Found(0, 0, self._recalled[each], value)])

    def stand_in(self, data: bytes) -> bool:
        """A known value may stand in `data`."""
        return self._pattern is not None and self._pattern.search(data) is not None

    def kind(self, found: Found, digits: str) -> str:
        """What `found` is called: as its value was called first, so that equal secrets have equal placeholders."""
        return self._recalled.get(digits) or self._kinds.get(found.value, found.kind)

    def said(self, written: bytes) -> Found:
        """What is looked for as `written`."""
        return Found(0, len(written), self._kinds[self._bare[written]], self._bare[written])

    def learn(self, found: Iterable[Found]) -> None:
        before = len(self._bare)
        for each in found:
            if each.value not in self._kinds and len(self._kinds) < self._first + _MOST:
                self._kinds[each.value] = each.kind
                text = each.value.decode("utf-8", "replace")
                if len(text) <= _LONGEST and is_distinct(text):
                    self._look_for(each.value)
        if len(self._bare) != before:
            self._pattern = literals(self._bare)

    def find(self, data: bytes) -> list[Found]:
        """Where known values stand bare, the longest of two that overlap."""
        if self._pattern is None:
            return []
        found = []
        for start, end in spans_of(self._pattern, data):
            value = self._bare[data[start:end]]
            inside = end - start < _FREE and (_in_word(data, start) or _in_word(data, end))
            if not inside or (after_escape(data, start) and not _in_word(data, end)):
                found.append(Found(start, end, self._kinds[value], value))
        return found

    def _look_for(self, value: bytes) -> None:
        for written in _writings(value):
            self._bare.setdefault(written, meaning(value))


def _in_word(data: bytes, place: int) -> bool:
    """Letters or digits on both sides of `place`."""
    return data[place - 1 : place].isalnum() and data[place : place + 1].isalnum() if place else False


def _writings(value: bytes) -> set[bytes]:
    """`value` as it stands in plain text, in JSON, and in a URL."""
    text = value.decode("utf-8", "surrogatepass")
    writings = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    writings |= {quote(text, safe=safe, errors="surrogatepass") for safe in ("", "/", "/+=:@")}
    return {writing.encode("utf-8", "surrogatepass") for writing in writings}


def of_environment(env: Mapping[str, str]) -> dict[bytes, str]:
    """The values of variables whose names say secret, each with `env.NAME` (the first in order) for its kind.

    Left out are references, placeholders, common words, and what is shorter than 8 characters.
    """
    found: dict[bytes, str] = {}
    for name in sorted(env):
        value, level = env[name], says(name)
        if level is Says.NOTHING or not name.isidentifier() or not _SHORTEST <= len(value) <= _LONGEST:
            continue
        if stands_for_value(value):
            continue
        worth = is_distinct(value) if level is Says.MAYBE or len(value) < 12 else looks_secret(value, "", quoted=True)
        if worth:
            found.setdefault(value.encode("utf-8", "surrogatepass"), f"env.{name}")
    return found
