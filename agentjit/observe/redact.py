"""Take secrets out of text before it reaches the disk.

A secret becomes `‹secret:<kind>:<6 hex digits>›`; the digits are an HMAC under the home's key, so equal secrets stay
equal and nobody without the key can test a guess. `KINDS` is a table: each row says what it must and must not match.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from agentjit.home import Home
from agentjit.observe.secret_kinds import KINDS, Kind, is_secret_name, looks_secret
from agentjit.trace import CallSeen, DecisionSeen, FinalSeen, PromptSeen, Seen, ToolCall

_SHORTEST = 8  # characters of an environment value that is looked for; shorter ones are words


class Redactor:
    """Redacts with `key` (any bytes) the kinds of the table and the values of secret variables of `env`."""

    def __init__(self, key: bytes, env: Mapping[str, str]) -> None:
        self._key = key
        self._values = _secret_values(env)
        ordered = sorted(self._values, key=len, reverse=True)
        self._env = re.compile("|".join(re.escape(value) for value in ordered)) if ordered else None

    def text(self, text: str) -> str:
        """`text` with every secret replaced; what is redacted already stays as it is."""
        if self._env is not None:
            text = self._env.sub(lambda match: self._placeholder("$" + self._values[match[0]], match[0]), text)
        lowered = text.lower()
        for kind in KINDS:
            if _has_any(lowered, kind.literals):
                text = self._anchored(kind, text) if kind.anchored else kind.pattern.sub(self._replacer(kind), text)
        return text

    def _anchored(self, kind: Kind, text: str) -> str:
        lowered = text.lower()
        if len(lowered) != len(text):  # a letter whose lower case is two: places differ
            return kind.pattern.sub(self._replacer(kind), text)
        replace, pieces, done = self._replacer(kind), [], 0
        for place in sorted(_places(lowered, kind.literals)):
            match = kind.pattern.match(text, place) if place >= done else None
            if match and kind.accept(match):
                pieces += [text[done:place], replace(match)]
                done = match.end()
        return "".join([*pieces, text[done:]])

    def value(self, value: Any) -> Any:
        """The same for a JSON value: every string in it, and strings under a key that says secret."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._under(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def records(self, seen: list[Seen]) -> list[Seen]:
        """`record` for each."""
        return [self.record(one) for one in seen]

    def record(self, seen: Seen) -> Seen:
        """A record with its texts redacted; ids, times and paths stay, they are what records are joined by."""
        if isinstance(seen, CallSeen):
            return dataclasses.replace(seen, call=self._call(seen.call))
        if isinstance(seen, PromptSeen | FinalSeen):
            return dataclasses.replace(seen, text=self.text(seen.text))
        if isinstance(seen, DecisionSeen):
            steps = tuple(dataclasses.replace(step, text=self.text(step.text)) for step in seen.steps)
            return dataclasses.replace(
                seen, reason=self.text(seen.reason), steps=steps, arguments=self.value(seen.arguments)
            )
        return seen

    def _call(self, call: ToolCall) -> ToolCall:
        return dataclasses.replace(call, input=self.value(call.input), output=self.text(call.output))

    def _under(self, key: str, value: Any) -> Any:
        redacted = self.value(value)
        if isinstance(redacted, str) and is_secret_name(key) and looks_secret(redacted, key, quoted=True):
            return self._placeholder("secret-key", redacted)
        return redacted

    def _replacer(self, kind: Kind) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            group = match.lastindex or 0
            if not kind.accept(match):
                return match[0]
            start, end = match.start(group) - match.start(), match.end(group) - match.start()
            return match[0][:start] + self._placeholder(kind.name, match[group]) + match[0][end:]

        return replace

    def _placeholder(self, kind: str, secret: str) -> str:
        digest = hmac.new(self._key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"‹secret:{kind}:{digest[:6]}›"


def _has_any(text: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - a generator would cost twice as much, for every kind and every text
        if word in text:
            return True
    return False


def _places(text: str, words: tuple[str, ...]) -> set[int]:
    """Where any of `words` begins in `text`."""
    found = set()
    for word in words:
        place = text.find(word)
        while place >= 0:
            found.add(place)
            place = text.find(word, place + 1)
    return found


def _secret_values(env: Mapping[str, str]) -> dict[str, str]:
    """Values that must not be kept, with the (first) name of each."""
    found: dict[str, str] = {}
    for name in sorted(env):
        value = env[name]
        if len(value) >= _SHORTEST and is_secret_name(name) and not value.startswith(("/", "‹")):
            found.setdefault(value, name)
    return found


def home_key(home: Home) -> bytes:
    """The home's key, made on first use (32 random bytes, 0600). Raises OSError."""
    for _ in range(2):
        try:
            with open(home.redaction_key, "rb") as file:
                return file.read()
        except FileNotFoundError:
            _make_key(home.redaction_key)
    with open(home.redaction_key, "rb") as file:
        return file.read()


def _make_key(path: str) -> None:
    """Two processes may come here at once: a link appears whole, and only for the first."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    temporary = f"{path}.{os.getpid()}.{secrets.token_hex(4)}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, secrets.token_bytes(32))
        os.fsync(handle)
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.close(handle)
        os.unlink(temporary)
