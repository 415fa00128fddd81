"""Copilot CLI sessions -> records: `events.jsonl` (observed with 1.0.64 and 1.0.102) and the documents before it.

Lines are `{type, data, id, timestamp, parentId}`, with `agentId` for a sub-agent. A fork repeats its parent's lines
with their times, behind a `session.start` of its own. A resumed session goes on in its file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from agentjit.observe import wire
from agentjit.observe.harness import copilot_calls, copilot_lines
from agentjit.observe.harness.claude_hooks import prompt_kind
from agentjit.observe.harness.copilot_calls import Result, Use
from agentjit.observe.reader import LONGEST, Counts, Reader, first_objects, lines, user_home
from agentjit.trace import (
    CallSeen,
    Ended,
    FinalSeen,
    PromptSeen,
    Seen,
    SessionSeen,
    ToolCall,
    TurnSeen,
    UsageSeen,
)

HARNESS = "copilot-cli"
_SLACK = 1.0  # seconds by which a line may be older than the start of its session
_STEP = 1e-6  # seconds between records that have one time, so that their order is kept


@dataclass(slots=True)
class _Open:
    """The episode being read."""

    id: str
    at: float
    last: float
    recorded: int = 0  # requests that have a record of what they cost
    tokens: int = 0
    messages: dict[str, int] = field(default_factory=dict)  # response -> tokens it had
    final: dict[str, list[str]] = field(default_factory=dict)  # response -> its texts
    final_at: float = 0.0

    @property
    def requests(self) -> int:
        return self.recorded or len(self.messages)


def states(env: Mapping[str, str]) -> list[str]:
    """The folders where Copilot CLI keeps its sessions: of today, and of 2025."""
    base = os.path.abspath(env.get("COPILOT_HOME") or os.path.join(user_home(env), ".copilot"))
    return [os.path.join(base, "session-state"), os.path.join(base, "history-session-state")]


def call_key(session: str, call: str) -> str:
    """The id of a call in our records: those of Copilot come from the model, and local models count from 1."""
    return f"{session}:{call}"


def _knows(head: bytes) -> bool:
    return copilot_lines.is_document(head) or any(copilot_lines.is_event(value) for value in first_objects(head))


def read(file: BinaryIO, counts: Counts, path: str) -> Iterator[Seen]:
    """The records of one session; never raises because of what is in it."""
    reader = _Reader(counts, path)
    start = file.tell()
    document = copilot_lines.is_document(file.read(4096))
    file.seek(start)
    for value in _document(file, counts) if document else _lines(file, counts):
        yield from reader.take(value)
    yield from reader.end()


def _lines(file: BinaryIO, counts: Counts) -> Iterator[Mapping[str, Any]]:
    for text in lines(file, counts):
        found, reason = wire.objects(text)
        counts.broken += bool(reason)
        yield from found


def _document(file: BinaryIO, counts: Counts) -> Iterator[Mapping[str, Any]]:
    events = copilot_lines.events(file.read(LONGEST))
    if events is None:
        counts.broken += 1
        return
    for event in events:
        counts.lines += event["type"] in copilot_lines.MESSAGES
        yield event


READER = Reader(HARNESS, _knows, read, states)


class _Reader:
    def __init__(self, counts: Counts, path: str) -> None:
        self.counts = counts
        self.path = path
        self.session = ""
        self.cwd = ""
        self.at = 0.0
        self.stamp = 0.0
        self.timed = False  # the line being read has a time
        self.started: float | None = None
        self.fresh = False  # nothing was read yet but the start
        self.repeating = False  # these lines are the parent's
        self.agent = ""  # of the line being read
        self.event = ""  # its id
        self.trigger = ""
        self.prompts: dict[str, int] = {}  # interaction -> its prompts
        self.open: _Open | None = None
        self.uses: dict[str, Use] = {}
        self.known: dict[str, str] = {}  # the model's id of a call -> the episode it was last made in
        self.batches: dict[str, str] = {}
        self.handlers: dict[str, Callable[[Mapping[str, Any]], Iterator[Seen]]] = {
            "session.start": self._start,
            "session.resume": self._resume,
            "session.context_changed": self._moved,
            "session.context_cleared": self._cleared,
            "session.compaction_start": self._compaction,
            "session.compaction_complete": self._compacted,
            "session.info": self._info,
            "session.shutdown": self._shutdown,
            "session.usage_record": self._usage,
            "user.message": self._user,
            "assistant.message": self._assistant,
            "permission.completed": self._permission,
            "tool.execution_start": self._call,
            "tool.execution_complete": self._complete,
            "abort": self._abort,
        }

    def take(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        kind, data = wire.string(line.get("type")), line.get("data")
        handler = self.handlers.get(kind)
        if handler is None or not isinstance(data, dict):
            if kind not in copilot_lines.SILENT:
                self.counts.skip(kind)
            return
        self._clock(line.get("timestamp"))
        self.event = wire.string(line.get("id"))
        self.agent = wire.string(line.get("agentId")) or wire.string(data.get("parentToolCallId"))
        if not self.session and kind != "session.start":
            yield from self._begin(self._name_of_file(), {})  # the line that should tell is broken
        if not self.repeating:
            yield from handler(data)

    def _clock(self, stamp: object) -> None:
        """Times go forward, if only a little: calls of one batch often have the same."""
        now = wire.moment(stamp)
        self.timed = now > 0
        now = now or self.stamp
        if self.started is not None and (self.fresh or self.repeating):
            self.repeating, self.fresh = now < self.started - _SLACK, False
        if not self.repeating:
            self.stamp = now
            self.at = max(now, self.at + _STEP)

    def end(self) -> Iterator[Seen]:
        yield from self._close()
        for use in self.uses.values():
            yield self._unanswered(use)

    # --- the session

    def _start(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        if not self.session:
            self.started, self.fresh = self.stamp, True
            yield from self._begin(wire.string(data.get("sessionId")) or self._name_of_file(), data)

    def _begin(self, identity: str, data: Mapping[str, Any]) -> Iterator[Seen]:
        self.session = identity
        self._at_home(data)
        parent = wire.string(data.get("detachedFromSpawningParentSessionId"))
        at = wire.moment(data.get("startTime")) or self.at
        yield SessionSeen(identity, HARNESS, at, self.cwd, transcript=self.path, parent=parent)
        yield TurnSeen(identity, at, "startup")

    def _name_of_file(self) -> str:
        folder, name = os.path.split(self.path)
        return os.path.basename(folder) if name == "events.jsonl" else name.partition(".")[0] or "?"

    def _at_home(self, data: Mapping[str, Any]) -> None:
        context = data.get("context")
        self.cwd = (wire.string(context.get("cwd")) if isinstance(context, dict) else "") or self.cwd

    def _resume(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        self._at_home(data)
        yield TurnSeen(self.session, self.at, "resume")

    def _moved(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        if not self.agent:
            self.cwd = wire.string(data.get("cwd")) or self.cwd
        return iter(())

    def _cleared(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        yield TurnSeen(self.session, self.at, "clear")

    def _compaction(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        self.trigger = wire.string(data.get("trigger"))
        return iter(())

    def _compacted(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        if data.get("success") is True and not self.agent:
            yield TurnSeen(self.session, self.at, "compact", self.trigger)

    def _info(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        if data.get("infoType") == "fork":
            parent = copilot_lines.other_session(wire.string(data.get("message")), self.session)
            yield SessionSeen(self.session, HARNESS, self.at, self.cwd, transcript=self.path, parent=parent)
            yield TurnSeen(self.session, self.at, "fork", parent)

    def _shutdown(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        only = self.open if sum(self.prompts.values()) == 1 else None
        if only and not only.recorded:
            requests, tokens = copilot_lines.totals(data.get("modelMetrics"))
            if requests == len(only.messages):
                only.recorded, only.tokens = requests, tokens
        yield SessionSeen(self.session, HARNESS, self.at, ended=True)
        yield TurnSeen(self.session, self.at, "end", wire.string(data.get("shutdownType")))

    # --- prompts, answers, what they cost

    def _user(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        source, text = wire.string(data.get("source")), wire.string(data.get("content"))
        aside = self.agent or source.startswith("skill-") or data.get("isAutopilotContinuation") is True
        if not aside and text.strip():
            name = wire.string(data.get("interactionId"))
            yield from self._prompt(text, name, prompt_kind(text) if source in ("", "user") else "meta")

    def _prompt(self, text: str, name: str, kind: str) -> Iterator[Seen]:
        yield from self._close()
        number = self.prompts[name] = self.prompts.get(name, 0) + 1
        episode = name if name and number == 1 else f"@{name or 'prompt'}-{number}"
        self.open = _Open(f"{self.session}:{episode}", self.at, self.at)
        yield PromptSeen(self.session, self.open.id, self.at, text, kind, self.cwd)

    def _close(self) -> Iterator[Seen]:
        done, self.open = self.open, None
        if done and done.final:
            text = "\n".join(piece for pieces in done.final.values() for piece in pieces)
            yield FinalSeen(self.session, done.id, done.final_at, text)
        if done and done.requests:
            tokens = done.tokens if done.recorded else sum(done.messages.values())
            yield UsageSeen(self.session, done.id, done.requests, tokens, max(done.last - done.at, 0.0))

    def _assistant(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        response = wire.string(data.get("apiCallId")) or wire.string(data.get("messageId")) or self.event
        asked = data.get("toolRequests")
        for request in asked if isinstance(asked, list) else []:
            identity = request.get("toolCallId") if isinstance(request, dict) else None
            if isinstance(identity, str):
                self.batches[identity] = f"{self.open.id if self.open else self.session}:{response}"
        if self.open and not self.agent:
            self.open.last = self.at
            tokens = wire.count(data.get("outputTokens"))
            self.open.messages[response] = max(tokens, self.open.messages.get(response, 0))
            text = wire.string(data.get("content"))
            if asked or response not in self.open.final:
                self.open.final = {}
            if text.strip() and not asked:
                self.open.final.setdefault(response, []).append(text)
                self.open.final_at = self.at
        return iter(())

    def _usage(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        usage = data.get("usage")
        if self.open and not self.agent and isinstance(usage, dict):
            self.open.recorded += 1
            self.open.tokens += copilot_lines.spent(usage)
            self.open.last = self.at
        return iter(())

    # --- calls

    def _call(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        identity, asked = wire.string(data.get("toolCallId")), copilot_calls.arguments(data.get("arguments"))
        tool, episode = copilot_calls.name(data, asked), self.open.id if self.open else ""
        if not identity or not tool or self.known.get(identity) == episode:
            return
        before = self.uses.pop(identity, None)
        if before:
            yield self._unanswered(before)
        # The same id in another episode is a model that counts from 1 again.
        again = f"{identity}:{episode.rpartition(':')[2]}" if identity in self.known else identity
        self.known[identity] = episode
        key, batch = call_key(self.session, again), self.batches.get(identity, "")
        self.uses[identity] = Use(key, tool, asked, self.at, episode, self.cwd, self.agent, batch)
        if self.open and not self.agent:
            self.open.final = {}  # what was said before a call is not the closing message

    def _permission(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        answer, use = data.get("result"), self.uses.get(wire.string(data.get("toolCallId")))
        if use and isinstance(answer, dict):
            use.denied = wire.string(answer.get("kind")).startswith("denied")
        return iter(())

    def _complete(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        use = self.uses.pop(wire.string(data.get("toolCallId")), None)
        if self.open and not self.agent:
            self.open.last = self.at
        if use and data.get("isUserRequested") is not True:
            result = copilot_calls.result(use, data)
            yield self._seen(use, result, max(self.at - use.at, 0.0) if self.timed else None)

    def _abort(self, data: Mapping[str, Any]) -> Iterator[Seen]:
        if self.open:
            self.open.final, self.open.last = {}, self.at
        for use in self.uses.values():
            use.ended = Ended.INTERRUPTED
        return iter(())

    def _unanswered(self, use: Use) -> CallSeen:
        self.counts.unanswered += 1
        return self._seen(use, Result("", False, ended=use.ended), None)

    def _seen(self, use: Use, result: Result, seconds: float | None) -> CallSeen:
        call = ToolCall(
            id=use.id,
            tool=use.tool,
            input=copilot_calls.given(use.tool, use.asked),
            output=result.output,
            ok=result.ok,
            exit_code=result.exit_code,
            at=use.at,
            seconds=seconds,
            cwd=use.cwd,
            agent=use.agent,
            ended=result.ended,
            batch=use.batch,
        )
        return CallSeen(self.session, use.episode, call)
