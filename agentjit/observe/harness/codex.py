"""Codex CLI rollouts (0.1 to 0.169) -> records.

Observed with 0.140 and 0.169. Lines are `{timestamp, type, payload}`, before 0.32 bare items behind a header line. What
a person typed is a `user_message` event, since 0.169 a completed `UserMessage` item: user messages among the response
items also carry AGENTS.md, the environment, words of hooks. Forks used to repeat their parent's lines, with new times.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from agentjit.observe import wire
from agentjit.observe.harness import codex_calls, codex_lines
from agentjit.observe.harness.claude_hooks import prompt_kind
from agentjit.observe.harness.codex_calls import Result, Use
from agentjit.observe.reader import Counts, Reader, first_objects, lines, user_home
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

HARNESS = "codex"
_PAUSE = 1.0  # seconds; the lines a fork repeats are written at once, and a person takes longer
_BY_CODE = "exec-"  # begins the ids of calls that code made; a person's `!command` has another
_STEP = 1e-6  # seconds between records that have one time, so that their order is kept


@dataclass(slots=True)
class _Open:
    """The episode being read; `over` once its turn ended."""

    id: str
    at: float
    last: float
    requests: int = 0
    tokens: int = 0
    final: str = ""
    final_at: float = 0.0
    over: bool = False


def sessions(env: Mapping[str, str]) -> list[str]:
    """The folders where Codex keeps its rollouts."""
    base = os.path.abspath(env.get("CODEX_HOME") or os.path.join(user_home(env), ".codex"))
    return [os.path.join(base, "sessions"), os.path.join(base, "archived_sessions")]


def call_key(session: str, call: str) -> str:
    """The id of a call in our records: those of Codex come from the model, and local models count from 1."""
    return f"{session}:{call}"


def _knows(head: bytes) -> bool:
    return any(codex_lines.is_rollout(value) for value in first_objects(head))


def read(file: BinaryIO, counts: Counts, path: str) -> Iterator[Seen]:
    """The records of one rollout; never raises because of what is in it."""
    reader = _Reader(counts, path)
    for text in lines(file, counts):
        found, reason = wire.objects(text)
        counts.broken += bool(reason)
        for value in found:
            yield from reader.take(value)
    yield from reader.end()


READER = Reader(HARNESS, _knows, read, sessions)


class _Reader:
    def __init__(self, counts: Counts, path: str) -> None:
        self.counts = counts
        self.path = path
        self.session = ""
        self.agent = ""
        self.cwd = ""
        self.at = 0.0
        self.stamp = 0.0
        self.timed = False  # the line being read has a time
        self.created = 0.0
        self.bare = False
        self.repeating = False  # these lines are the parent's
        self.turn = ""
        self.turns_named = False
        self.prompts: dict[str, int] = {}  # turn -> its prompts
        self.searches = 0
        self.open: _Open | None = None
        self.uses: dict[str, Use] = {}
        self.known: dict[str, str] = {}  # the model's id of a call -> the episode it was last made in
        self.facts: dict[str, tuple[bool, int | None, float | None]] = {}  # what an event tells of a call
        self.batch = ""
        self.spent = -1  # tokens of the whole session so far
        handlers: dict[str, Callable[[Mapping[str, Any]], Iterable[Seen]]] = {
            "session_meta": self._meta,
            "message": self._message,
            "turn_context": self._context,
            "compacted": self._compacted,
            "function_call": self._call,
            "custom_tool_call": self._call,
            "local_shell_call": self._call,
            "tool_search_call": self._call,
            "web_search_call": self._search,
            "image_generation_call": self._search,
            "function_call_output": self._output,
            "custom_tool_call_output": self._output,
            "tool_search_output": self._output,
            "user_message": self._user_message,
            "token_count": self._token_count,
            "task_started": self._turn_started,
            "turn_started": self._turn_started,
            "task_complete": self._turn_ended,
            "turn_complete": self._turn_ended,
            "turn_aborted": self._turn_aborted,
            "exec_command_end": self._ended,
            "patch_apply_end": self._ended,
            "mcp_tool_call_end": self._ended,
            "CommandExecution": self._nested,
            "FileChange": self._nested,
            "UserMessage": self._user_item,
        }
        self.handlers = handlers

    def take(self, line: Mapping[str, Any]) -> Iterable[Seen]:
        kind, payload = line.get("type"), line.get("payload")
        if not isinstance(payload, dict):
            return self._bare(line, kind)
        if kind == "response_item" or kind == "event_msg":
            kind = payload.get("type")
            if kind == "item_completed":
                item = payload.get("item")
                payload = item if isinstance(item, dict) else {}
                kind = payload.get("type")
            elif kind == "message":
                metadata = line.get("metadata")
                summary = isinstance(metadata, dict) and metadata.get("compaction_output") is True
                kind = "summary" if summary else kind
        return self._dispatch(kind, payload, line.get("timestamp"))

    def _dispatch(self, kind: object, payload: Mapping[str, Any], stamp: object) -> Iterable[Seen]:
        kind = kind if isinstance(kind, str) else ""
        handler = self.handlers.get(kind)
        if handler is None:
            if kind not in codex_lines.SILENT:
                self.counts.skip(kind)
            return ()
        self._clock(stamp)
        if not self.session and kind != "session_meta":  # the line that should tell is broken
            return [*self._begin(self._name_of_file(), {}), *handler(payload)]
        return handler(payload)

    def _bare(self, line: Mapping[str, Any], kind: object) -> Iterable[Seen]:
        if kind is None and isinstance(line.get("id"), str) and not self.session:
            self.bare = True
            return self._dispatch("session_meta", line, line.get("timestamp"))
        if isinstance(kind, str) and (self.bare or not self.session):
            self.bare = True
            return self._dispatch(kind, line, line.get("timestamp"))
        self.counts.skip(wire.string(kind) or wire.string(line.get("record_type")))
        return ()

    def end(self) -> Iterator[Seen]:
        yield from self._close()
        for use in self.uses.values():
            yield self._unanswered(use)

    def _clock(self, stamp: object) -> None:
        """Times go forward, if only a little: calls of one batch often have the same."""
        now = wire.moment(stamp)
        self.timed = now > 0
        now = now or self.stamp
        if self.repeating and not self.turns_named and self.stamp and now - self.stamp > _PAUSE:
            self.repeating = False
        self.stamp = now
        self.at = max(now, self.at + _STEP)

    # --- the session and its turns

    def _meta(self, payload: Mapping[str, Any]) -> Iterator[Seen]:
        identity = wire.string(payload.get("id"))
        if not self.session:
            yield from self._begin(identity or self._name_of_file(), payload)
        elif identity == self.session and not self.repeating:
            yield TurnSeen(self.session, self.at, "resume")
        elif identity != self.session and not self.open:
            self.repeating = True

    def _begin(self, identity: str, payload: Mapping[str, Any]) -> Iterator[Seen]:
        self.session = identity
        self.created = codex_lines.uuid_time(identity) or wire.moment(payload.get("timestamp"))
        self.cwd = wire.string(payload.get("cwd"))
        forked, parent = wire.string(payload.get("forked_from_id")), codex_lines.spawned_by(payload)
        if parent or isinstance(payload.get("source"), dict) or payload.get("thread_source") == "subagent":
            self.agent = identity
        self.repeating = bool(forked or parent)
        at = wire.moment(payload.get("timestamp")) or self.at
        yield SessionSeen(identity, HARNESS, at, self.cwd, transcript=self.path, parent=parent or forked)
        yield TurnSeen(identity, at, "fork" if forked else "startup", forked)

    def _name_of_file(self) -> str:
        stem = os.path.basename(self.path).partition(".")[0]
        return stem[-36:] if codex_lines.uuid_time(stem[-36:]) else stem or "?"

    def _context(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        self._turn(payload)
        if not self.repeating:
            self.cwd = wire.string(payload.get("cwd")) or self.cwd
        return ()

    def _turn_started(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        self._turn(payload)
        self.batch = ""
        return ()

    def _turn(self, payload: Mapping[str, Any]) -> None:
        self.turn = wire.string(payload.get("turn_id")) or self.turn
        began = codex_lines.uuid_time(self.turn)
        self.turns_named = self.turns_named or began > 0
        if began >= self.created and began:
            self.repeating = False

    def _turn_ended(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        said = wire.string(payload.get("last_agent_message"))
        if self.open and not self.open.over and not self.repeating:
            if said.strip():
                self.open.final, self.open.final_at = said, self.at
            self.open.last, self.open.over = self.at, True
        return ()

    def _turn_aborted(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        if self.open and not self.repeating:
            self.open.final, self.open.last, self.open.over = "", self.at, True
        for use in self.uses.values():
            use.ended = Ended.INTERRUPTED
        return ()

    def _compacted(self, payload: Mapping[str, Any]) -> Iterator[Seen]:
        if not self.repeating:
            if self.open and not self.open.over:
                self.open.final = ""  # it was the summary
            yield TurnSeen(self.session, self.at, "compact")

    # --- prompts, answers, what they cost

    def _user_message(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        plain = payload.get("kind") in (None, "plain")
        return self._prompt(wire.string(payload.get("message"))) if plain else ()

    def _user_item(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        return self._prompt(codex_calls.text_of(payload.get("content")))

    def _message(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        role, content = payload.get("role"), payload.get("content")
        if role == "assistant" and self.open and not self.open.over and payload.get("phase") != "commentary":
            text = codex_calls.text_of(content)
            if text.strip():
                self.open.final, self.open.final_at, self.open.last = text, self.at, self.at
        elif role == "user" and self.bare:
            text = codex_calls.text_of(content)
            if text.startswith("<environment_context>"):
                self.cwd = self.cwd or text.partition("<cwd>")[2].partition("</cwd>")[0]
            return self._prompt(text)
        return ()

    def _prompt(self, text: str) -> Iterator[Seen]:
        text = codex_lines.typed(text)
        if self.repeating or not text:
            return
        yield from self._close()
        self.batch = ""
        number = self.prompts[self.turn] = self.prompts.get(self.turn, 0) + 1
        name = self.turn if number == 1 and self.turn else f"@{self.turn or 'prompt'}-{number}"
        self.open = _Open(f"{self.session}:{name}", self.at, self.at)
        yield PromptSeen(
            self.session, self.open.id, self.at, text, "meta" if self.agent else prompt_kind(text), self.cwd
        )

    def _close(self) -> Iterator[Seen]:
        done, self.open = self.open, None
        if done and done.final:
            yield FinalSeen(self.session, done.id, done.final_at, done.final)
        if done and done.requests:
            yield UsageSeen(self.session, done.id, done.requests, done.tokens, max(done.last - done.at, 0.0))

    def _token_count(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        """One follows each response; some are repeated, and then the total has not grown."""
        self.batch = ""
        info = payload.get("info")
        total, last = (codex_lines.tokens(info, key) for key in ("total_token_usage", "last_token_usage"))
        grown, self.spent = total != self.spent, total if isinstance(info, dict) else self.spent
        if grown and last and self.open and not self.open.over and not self.repeating:
            self.open.requests += 1
            self.open.tokens += last
            self.open.last = self.at
        return ()

    # --- calls

    def _call(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        identity = wire.string(payload.get("call_id")) or wire.string(payload.get("id"))
        use = codex_calls.use(payload, self.cwd)
        if not identity or not use or self.repeating or not self._new(identity):
            return ()
        before = self.uses.get(identity)
        self.uses[identity] = self._made(identity, use)
        return (self._unanswered(before),) if before else ()

    def _new(self, identity: str) -> bool:
        """The same id in one episode is one call; in another it is a model that counts from 1 again."""
        return self.known.get(identity) != (self.open.id if self.open else "")

    def _made(self, identity: str, use: Use) -> Use:
        use.at, use.episode = self.at, self.open.id if self.open else ""
        place = use.episode.rpartition(":")[2]
        use.id = call_key(self.session, f"{identity}:{place}" if identity in self.known else identity)
        self.known[identity] = use.episode
        self.batch = use.batch = self.batch or use.id
        if self.open:
            self.open.final = ""  # what was said before a call is not the closing message
            self.open.over = False
        return use

    def _unanswered(self, use: Use) -> CallSeen:
        self.counts.unanswered += 1
        return self._seen(use, Result("", False, ended=use.ended))

    def _search(self, payload: Mapping[str, Any]) -> Iterator[Seen]:
        """A call that the service answers itself: what it found is not in the file."""
        self.searches += 1
        identity = wire.string(payload.get("id")) or f"@search-{self.searches}"
        if self.repeating or not self._new(identity):
            return
        use = self._made(identity, codex_calls.service_use(payload, self.cwd))
        yield self._seen(use, Result("", payload.get("status") in (None, "completed")))

    def _output(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        identity = wire.string(payload.get("call_id"))
        self.batch = ""
        use = self.uses.pop(identity, None)
        if use is None:
            return ()
        given = payload.get("tools") if payload.get("type") == "tool_search_output" else payload.get("output")
        result = codex_calls.result(use.tool, given, self.facts.pop(identity, None))
        if result.seconds is None and self.timed:
            result.seconds = max(self.at - use.at, 0.0)
        if self.open:
            self.open.last = self.at
        return (self._seen(use, result),)

    def _ended(self, payload: Mapping[str, Any]) -> Iterable[Seen]:
        identity = wire.string(payload.get("call_id"))
        if identity in self.uses:
            self.facts[identity] = codex_calls.facts(payload)
        return ()

    def _nested(self, item: Mapping[str, Any]) -> Iterator[Seen]:
        """A completed item of a call we know, or one that the model's own code made."""
        identity = wire.string(item.get("id"))
        if identity in self.uses:
            self.facts[identity] = codex_calls.facts(item)
        elif identity.startswith(_BY_CODE) and identity not in self.known and not self.repeating:
            found = codex_calls.nested(item, self.cwd)
            if found:
                batch, use = self.batch, self._made(identity, found[0])
                self.batch, use.batch = batch, ""  # the model did not ask for it: its code did
                yield self._seen(use, found[1])

    def _seen(self, use: Use, result: Result) -> CallSeen:
        call = ToolCall(
            id=use.id,
            tool=use.tool,
            input=use.input,
            output=result.output,
            ok=result.ok,
            exit_code=result.exit_code,
            at=use.at,
            seconds=result.seconds,
            cwd=use.cwd,
            agent=self.agent,
            ended=result.ended,
            batch=use.batch,
        )
        return CallSeen(self.session, use.episode, call)
