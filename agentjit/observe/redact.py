"""Take secrets out of text before it reaches the disk.

A secret becomes `‹secret:<kind>:<12 hex digits>›`; the digits are an HMAC under the home's key of what the secret says
(not how it is escaped), so equal secrets stay equal and nobody without the key can test a guess. `KINDS` is a table:
each row says what it must and must not match. What one text of a session gives away is taken out of the others too.
"""

from __future__ import annotations

import dataclasses
import hmac
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from agentjit.home import Home
from agentjit.lock import held
from agentjit.observe.secrets.kinds import KINDS, Kind, is_secret_name
from agentjit.observe.secrets.known import Known, of_environment
from agentjit.observe.secrets.scan import Found, Scanner, Spans, meaning
from agentjit.observe.secrets.words import holds_secret
from agentjit.trace import PLACEHOLDER, CallSeen, DecisionSeen, FinalSeen, PromptSeen, Seen, TurnSeen

__all__ = ["KINDS", "PLACEHOLDER", "Kind", "Redactor", "home_key", "is_secret_name"]

_SESSIONS = 256  # of which the values are kept in memory at once
_LOOK = 16_384  # bytes of small records that are looked at in one go
_PATIENCE = 10.0  # seconds for another process to make the key
_DEEPEST = 200  # levels of a JSON value that are kept; the strings below are kept as one


@cache
def _scanner() -> Scanner:
    return Scanner()


class Redactor:
    """Redacts with `key` (any bytes) the kinds of the table and the values of secret variables of `env`.

    It remembers (in memory only) what secrets the records of a session had.
    """

    def __init__(self, key: bytes, env: Mapping[str, str]) -> None:
        self._key = key
        self._env = of_environment(env)
        self._always = Known(self._env)
        self._sessions: OrderedDict[str, Known] = OrderedDict()
        self._recalled: dict[str, dict[str, str]] = {}  # session -> digits -> kind
        self._scan = _scanner()
        self._seen: dict[str, list[Found]] = {}  # what the texts of this batch hold that are looked at twice

    def text(self, text: str) -> str:
        """`text` with every secret replaced; what is redacted already stays as it is."""
        return str(self._alone(text, self._text))

    def value(self, value: Any) -> Any:
        """The same for a JSON value: every string in it, and strings under a key that says secret."""
        return self._alone(value, self._value)

    def _alone(self, value: Any, redact: Callable[[Any, Known], Any]) -> Any:
        known = Known(self._env)
        self._learn(value, known)
        redacted = redact(value, known)
        self._seen.clear()
        return redacted

    def record(self, seen: Seen) -> Seen:
        """A record with its texts redacted; ids, times and paths stay, they are what records are joined by."""
        return self.records([seen])[0]

    def records(self, seen: Sequence[Seen]) -> list[Seen]:
        """The same for many; those that need nothing are returned as they are.

        All are looked through first: a secret that a call gives away goes out of the prompt before it too. So this is
        `[self.record(each) for each in seen]` of a redactor that has met all of `seen`.
        """
        doubtful = self._doubtful(seen)
        for place in doubtful:
            known = self._known(seen[place].session)
            for part in _parts(seen[place]):
                self._learn(part, known)
        for record in seen:
            self._recognise(record)
        result = list(seen)
        for place, record in enumerate(seen):
            if place in doubtful or self._known_some(record.session):
                result[place] = self._record(record, self._known(record.session))
        self._seen.clear()
        return result

    # --- what a session had before, and what the rows of its past have to lose

    def recall(self, session: str, secrets: Iterable[tuple[str, str]]) -> None:
        """The session had secrets of these (kind, digits), as its placeholders in the database say.

        `records` then replaces in it every bare word with these digits by the same placeholder, if the word is
        `is_distinct`; only the HMAC is compared, so nothing but the digits has to be kept.
        """
        recalled = self._recalled.setdefault(session, {})
        for kind, digits in secrets:
            recalled.setdefault(digits, kind)
        if session in self._sessions:
            self._sessions[session].recall(recalled)

    def learned(self, session: str) -> list[tuple[str, str]]:
        """(a value as it may be written, its placeholder) of what this object learned of a session, the longest first.

        Only what is replaced wherever it stands, without the environment's values; never to be written to disk. Empty
        for a session that is none of the last 256.
        """
        known = self._sessions.get(session)
        if known is None:
            return []
        return [
            (each.decode("utf-8", "surrogatepass"), self._placeholder(known, known.said(each))) for each in known.values
        ]

    def bare(self, session: str, text: str) -> str:
        """`text`, a row of the session's past, without the values of `learned` (whole words, if they are short)."""
        known = self._sessions.get(session)
        if known is None or not known.learned:
            return text
        data = _bytes(text)
        found = _merge(data, [], known.find(data))
        return self._replace(data, found, known) if found else text

    def _recognise(self, record: Seen) -> None:
        """Meet again, in `record`, what was recalled of its session."""
        if record.session not in self._recalled:
            return
        known = self._known(record.session)
        for part in _parts(record):
            for text, _ in _strings(part):
                if known.waiting:
                    known.recognise(_bytes(text), self._digits)

    # --- which need a second look

    def _doubtful(self, seen: Sequence[Seen]) -> set[int]:
        """Numbers of the records in which the first look finds something."""
        doubtful: set[int] = set()
        batch: list[tuple[int, bytes]] = []
        size = 0
        for place, record in enumerate(seen):
            texts: list[str] = []
            if any(_flatten(part, texts) for part in _parts(record)):
                doubtful.add(place)
            elif texts:
                # No pattern knows the ends of a text: one look at all of them says what a look at each would.
                batch.append((place, _bytes("\n".join(texts))))
                size += len(batch[-1][1])
            if size >= _LOOK:
                doubtful |= self._suspected(batch)
                batch, size = [], 0
        return doubtful | self._suspected(batch)

    def _suspected(self, batch: Sequence[tuple[int, bytes]]) -> set[int]:
        if not self._may_hold(b"\n".join(data for _, data in batch)):
            return set()
        return {place for place, data in batch if len(batch) == 1 or self._may_hold(data)}

    def _may_hold(self, data: bytes) -> bool:
        return bool(self._scan.suspects(data)) or self._always.stand_in(data)

    def _known(self, session: str) -> Known:
        if session in self._sessions:
            self._sessions.move_to_end(session)
        else:
            self._sessions[session] = Known(self._env)
            self._sessions[session].recall(self._recalled.get(session, {}))
            if len(self._sessions) > _SESSIONS:
                self._sessions.popitem(last=False)
        return self._sessions[session]

    def _known_some(self, session: str) -> bool:
        return session in self._sessions and self._sessions[session].learned

    # --- what they hold

    def _learn(self, value: Any, known: Known) -> None:
        for text, key in _strings(value):
            found = self._found(text, _bytes(text))
            self._seen[text] = found
            known.learn(found)
            if key and _is_secret_under(key, text):
                known.learn([_under(_bytes(text))])

    def _found(self, text: str, data: bytes) -> list[Found]:
        if text in self._seen:
            return self._seen[text]
        suspects = self._scan.suspects(data)
        return self._scan.find(data, suspects) if suspects else []

    def _record(self, seen: Seen, known: Known) -> Seen:
        if isinstance(seen, CallSeen):
            given, output = self._value(seen.call.input, known), self._text(seen.call.output, known)
            if given is seen.call.input and output is seen.call.output:
                return seen
            return dataclasses.replace(seen, call=dataclasses.replace(seen.call, input=given, output=output))
        if isinstance(seen, PromptSeen):
            text, branch = self._text(seen.text, known), self._text(seen.branch, known)
            same = text is seen.text and branch is seen.branch
            return seen if same else dataclasses.replace(seen, text=text, branch=branch)
        if isinstance(seen, FinalSeen):
            text = self._text(seen.text, known)
            return seen if text is seen.text else dataclasses.replace(seen, text=text)
        if isinstance(seen, TurnSeen):
            detail = self._text(seen.detail, known)
            return seen if detail is seen.detail else dataclasses.replace(seen, detail=detail)
        if isinstance(seen, DecisionSeen):
            steps = tuple(dataclasses.replace(step, text=self._text(step.text, known)) for step in seen.steps)
            reason, arguments = self._text(seen.reason, known), self._value(seen.arguments, known)
            return dataclasses.replace(seen, reason=reason, steps=steps, arguments=arguments)
        return seen

    def _text(self, text: str, known: Known) -> str:
        data = _bytes(text)
        found = self._found(text, data)
        bare = known.find(data) if known.some else []
        if not found and not bare:
            return text
        return self._replace(data, _merge(data, found, bare), known)

    def _value(self, value: Any, known: Known, depth: int = 0) -> Any:
        if isinstance(value, str):
            return self._text(value, known)
        if isinstance(value, Mapping) and depth < _DEEPEST:
            changed = {
                self._text(str(key), known): self._item(str(key), item, known, depth + 1) for key, item in value.items()
            }
            same = all(key in value and value[key] is item for key, item in changed.items())
            return value if same and len(changed) == len(value) else changed
        if isinstance(value, list | tuple) and depth < _DEEPEST:
            items = [self._value(item, known, depth + 1) for item in value]
            return value if all(one is two for one, two in zip(items, value, strict=True)) else items
        if isinstance(value, Mapping | list | tuple):
            return self._text(" ".join(text for text, _ in _strings(value)), known)
        return value

    def _item(self, key: str, value: Any, known: Known, depth: int) -> Any:
        if isinstance(value, str) and _is_secret_under(key, value):
            inner = self._text(value, known)
            return inner if inner is not value else self._placeholder(known, _under(_bytes(value)))
        return self._value(value, known, depth)

    def _replace(self, data: bytes, found: Sequence[Found], known: Known) -> str:
        pieces, done = [], 0
        for each in found:
            pieces += [data[done : each.start], self._placeholder(known, each).encode("utf-8", "surrogatepass")]
            done = each.end
        pieces.append(data[done:])
        return b"".join(pieces).decode("utf-8", "surrogatepass")

    def _placeholder(self, known: Known, found: Found) -> str:
        digits = self._digits(found.value)
        return f"‹secret:{known.kind(found, digits)}:{digits}›"

    def digits(self, text: str) -> str:
        """What tells `text`, if it is a secret, from other secrets: the digits of its placeholder, of whatever kind."""
        return self._digits(meaning(_bytes(text)))

    def _digits(self, value: bytes) -> str:
        return hmac.digest(self._key, value, "sha256").hex()[:12]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _parts(seen: Seen) -> tuple[Any, ...]:
    """The strings and JSON values of a record that may hold a secret."""
    if isinstance(seen, CallSeen):
        return (seen.call.input, seen.call.output)
    if isinstance(seen, PromptSeen):
        return (seen.text, seen.branch) if seen.branch else (seen.text,)
    if isinstance(seen, FinalSeen):
        return (seen.text,)
    if isinstance(seen, TurnSeen):
        return (seen.detail,)
    if isinstance(seen, DecisionSeen):
        return (seen.reason, *(step.text for step in seen.steps), seen.arguments)
    return ()


def _flatten(value: Any, texts: list[str]) -> bool:
    """Put the strings of a JSON value into `texts`; whether one stands under a key that says secret."""
    if isinstance(value, str):
        texts.append(value)
        return False
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            for key, inner in item.items():
                name = str(key)
                texts.append(name)
                if isinstance(inner, str):
                    texts.append(inner)
                    if _is_secret_under(name, inner):
                        return True
                elif inner is not None:
                    waiting.append(inner)
        elif isinstance(item, str):
            texts.append(item)
        elif isinstance(item, list | tuple):
            waiting += item
    return False


def _strings(value: Any) -> Iterator[tuple[str, str]]:
    """Every string of a JSON value in order, with the key it stands under ("" where there is none)."""
    waiting: list[tuple[Any, str]] = [(value, "")]
    while waiting:
        item, key = waiting.pop()
        if isinstance(item, str):
            yield item, key
        elif isinstance(item, Mapping):
            for name, inner in reversed(list(item.items())):
                waiting += [(inner, str(name)), (str(name), "")]
        elif isinstance(item, list | tuple):
            waiting += [(inner, "") for inner in reversed(item)]


def _is_secret_under(key: str, value: str) -> bool:
    return is_secret_name(key) and holds_secret(key, value, quoted=True)


def _under(data: bytes) -> Found:
    return Found(0, len(data), "secret-key", meaning(data))


def _merge(data: bytes, found: list[Found], bare: list[Found]) -> list[Found]:
    """All that was found, but known values that stand bare where they leave room or cover it; in order of places."""
    marked = Spans(Scanner.placeholders(data))
    bare = [each for each in bare if marked.free((each.start, each.end))]
    if not bare:
        return found
    known = Spans((each.start, each.end) for each in bare)
    kept = [each for each in found if not known.covers((each.start, each.end))]
    taken = Spans((each.start, each.end) for each in kept)
    return sorted([*kept, *(each for each in bare if taken.free((each.start, each.end)))], key=lambda each: each.start)


def home_key(home: Home) -> bytes:
    """The home's key, made on first use (32 random bytes, 0600). Raises OSError."""
    try:
        return _key(home)
    except FileNotFoundError:
        home.ensure()
    with held(home.redaction_key_lock, wait=_PATIENCE):
        if not os.path.exists(home.redaction_key):
            handle = os.open(home.redaction_key_new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, secrets.token_bytes(32))
                os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(home.redaction_key_new, home.redaction_key)
        return _key(home)


def _key(home: Home) -> bytes:
    with open(home.redaction_key, "rb") as file:
        return file.read()
