"""One OpenCode session -> records (pure): its info, and its messages with their parts, in order.

Observed with 1.2 and 1.18; the same shapes are in exported documents, in the older folders of files and in the
database. The parts of a fork's messages are copies with new ids and the old times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentjit.observe import wire
from agentjit.observe.harness import opencode_calls
from agentjit.observe.reader import Counts, identity
from agentjit.trace import CallSeen, FinalSeen, PromptSeen, Seen, SessionSeen, TurnSeen, UsageSeen

HARNESS = "opencode"
_KNOWN = frozenset(
    {"text", "tool", "reasoning", "step-start", "step-finish", "file", "agent", "snapshot", "patch", "retry"}
    | {"compaction", "subtask"}
)
_COMMAND = re.compile(
    r"\s*/[A-Za-z][\w:./-]*(?:\s|\Z)"
    r"|(?:Create or update `AGENTS\.md` for this repository|Please analyze this codebase and create an AGENTS\.md)"
)
_BY_HAND = "The following tool was executed by the user"
_LARGEST = 2**53


@dataclass(slots=True)
class _Open:
    """An episode: (requests, tokens) by message, and the texts of the last message if no call follows them."""

    id: str
    at: float
    last: float
    spent: dict[str, tuple[int, int]] = field(default_factory=dict)
    final: list[str] = field(default_factory=list)
    final_of: str = ""
    final_at: float = 0.0


class Session:
    """Takes the messages of a session in their order; `info` as in an exported document.

    `filled` says whether a text came of a command's template.
    """

    def __init__(
        self,
        info: Mapping[str, Any],
        counts: Counts,
        transcript: str,
        filled: Callable[[str], bool] = lambda text: False,
    ) -> None:
        self.filled = filled
        self.counts = counts
        self.transcript = transcript
        self.info = info
        self.id = identity(info.get("id"))
        self.parent = identity(info.get("parentID"))
        self.side = bool(wire.string(info.get("parentID")))
        self.cwd = wire.string(info.get("directory"))
        self.created = _seconds(_of(info.get("time"), "created"))
        self.at = self.created or 0.0
        self.place = 0
        self.forked = False
        self.episodes: dict[str, _Open] = {}
        self.of: dict[str, str] = {}  # user message -> its episode
        self.by_hand: set[str] = set()
        self.last = ""  # the user message that was answered last
        self.open = ""

    def begin(self) -> Iterator[Seen]:
        """The session itself. Nothing can be recorded of one without an id."""
        if self.id:
            yield SessionSeen(self.id, HARNESS, self.at, self.cwd, transcript=self.transcript, parent=self.parent)

    def take(self, info: object, parts: object) -> Iterator[Seen]:
        """One message."""
        self.counts.lines += 1
        self.place += 1
        if not self.id or not isinstance(info, dict) or not isinstance(parts, list):
            self.counts.broken += 1
            return
        told = _seconds(_of(info.get("time"), "created"))
        if told is not None and self.created is not None and told < self.created:
            yield from self._copied()
            return
        self.at = max(self.at, told or 0.0)
        mappings = [part for part in parts if isinstance(part, dict)]
        self.counts.broken += len(parts) - len(mappings)
        for part in mappings:
            if wire.string(part.get("type")) not in _KNOWN:
                self.counts.skip(wire.string(part.get("type")) or "unknown")
        told_ids = (identity(each.get("messageID")) for each in mappings)
        key = identity(info.get("id")) or next(filter(None, told_ids), "") or f"{self.id}@{self.place}"
        if info.get("role") == "user":
            yield from self._user(key, told or self.at, mappings)
        elif info.get("role") == "assistant":
            yield from self._assistant(key, told or self.at, info, mappings)
        else:
            self.counts.skip(wire.string(info.get("role")) or "unknown")

    def end(self) -> Iterator[Seen]:
        for episode in self.episodes.values():
            if episode.final:
                yield FinalSeen(self.id, episode.id, episode.final_at, "\n".join(episode.final))
            if episode.spent:
                requests = sum(requests for requests, _ in episode.spent.values())
                tokens = min(sum(tokens for _, tokens in episode.spent.values()), _LARGEST)
                yield UsageSeen(self.id, episode.id, requests, tokens, max(episode.last - episode.at, 0.0))

    def _copied(self) -> Iterator[Seen]:
        """A message older than its session is a fork's copy; it counts where it was written."""
        self.counts.skip("copied by a fork")
        if not self.forked:
            self.forked = True
            yield TurnSeen(self.id, self.created or 0.0, "fork")

    # --- what the user said, or was made to say

    def _user(self, key: str, at: float, parts: list[dict[str, Any]]) -> Iterator[Seen]:
        self.of[key] = self.open
        self.last = key
        texts = [part for part in parts if part.get("type") == "text" and part.get("ignored") is not True]
        typed = [wire.string(part.get("text")) for part in texts if part.get("synthetic") is not True]
        compaction = next((part for part in parts if part.get("type") == "compaction"), None)
        task = next((part for part in parts if part.get("type") == "subtask"), None)
        if compaction is not None:
            yield TurnSeen(self.id, at, "compact", "auto" if compaction.get("auto") is True else "manual")
        elif task is not None:
            name = wire.string(task.get("command"))
            text = f"/{name}" if name else "\n".join(typed) or wire.string(task.get("prompt"))
            yield self._prompt(key, at, text, "command" if name else "meta")
        elif typed:
            text = _as_typed("\n".join(typed))
            yield self._prompt(key, at, text, "command" if _COMMAND.match(text) or self.filled(text) else "typed")
        elif any(wire.string(part.get("text")).startswith(_BY_HAND) for part in texts):
            self.by_hand.add(key)
        elif not texts and parts:  # a picture, say
            yield self._prompt(key, at, "", "meta")

    def _prompt(self, key: str, at: float, text: str, kind: str) -> PromptSeen:
        episode = f"{self.id}:{key}"
        self.episodes[episode] = _Open(episode, at, at)
        self.open = self.of[key] = episode
        return PromptSeen(self.id, episode, at, text, "meta" if self.side else kind, self.cwd)

    # --- what the model answered

    def _assistant(self, key: str, at: float, info: Mapping[str, Any], parts: list[dict[str, Any]]) -> Iterator[Seen]:
        asked = identity(info.get("parentID"))
        asked = asked if asked in self.of else self.last
        if asked in self.by_hand:
            self.counts.skip("run by the user")
            return
        cwd = wire.string(_of(info.get("path"), "cwd")) or self.cwd
        episode = self.episodes.get(self.of.get(asked, self.open))
        if episode:
            ended = _seconds(_of(info.get("time"), "completed")) or at
            episode.last = max(episode.last, at, ended)
            episode.spent[key] = _spent(info, parts)
        summary = info.get("summary") is True
        for place, part in enumerate(parts):
            if part.get("type") == "tool":
                if episode:
                    episode.final = []
                yield from self._call(part, key, place, at, cwd, episode.id if episode else "")
            elif part.get("type") == "text" and episode and not summary:
                self._said(episode, key, at, part)

    @staticmethod
    def _said(episode: _Open, key: str, at: float, part: Mapping[str, Any]) -> None:
        text = wire.string(part.get("text")).strip()
        if not text or part.get("synthetic") is True or part.get("ignored") is True:
            return
        if episode.final_of != key:
            episode.final = []
        episode.final_of, episode.final_at = key, at
        episode.final.append(text)

    def _call(
        self, part: Mapping[str, Any], message: str, place: int, at: float, cwd: str, episode: str
    ) -> Iterator[Seen]:
        where = opencode_calls.Where(
            id=identity(part.get("id")) or f"{message}:{place}",
            cwd=cwd,
            at=at,
            place=place,
            agent=self.id if self.side else "",
            batch=message,
        )
        made = opencode_calls.call(part, where)
        if made is None:
            self.counts.broken += 1
            return
        self.counts.unanswered += made.ended is opencode_calls.UNANSWERED
        yield CallSeen(self.id, episode, made)


def _spent(info: Mapping[str, Any], parts: list[dict[str, Any]]) -> tuple[int, int]:
    """Requests and tokens of a message: older clients put several steps into one."""
    steps = [part.get("tokens") for part in parts if part.get("type") == "step-finish"]
    if steps:
        return len(steps), sum(_tokens(step) for step in steps)
    tokens = _tokens(info.get("tokens"))
    return int(tokens > 0), tokens


def _tokens(given: object) -> int:
    cache = _of(given, "cache")
    parts = (_of(given, "input"), _of(given, "output"), _of(cache, "read"), _of(cache, "write"))
    return wire.count(_of(given, "total")) or sum(wire.count(part) for part in parts)


def _as_typed(text: str) -> str:
    """`opencode run` puts each argument that has a space into quotes; one that is all of the prompt loses them."""
    inner = text[1:-1]
    if len(text) > 2 and text[0] == text[-1] == '"' and " " in inner and '"' not in inner.replace('\\"', ""):
        return inner.replace('\\"', '"')
    return text


def _of(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _seconds(value: object) -> float | None:
    """Milliseconds as seconds."""
    number = wire.number(value)
    return None if number is None or number <= 0 else number / 1000
