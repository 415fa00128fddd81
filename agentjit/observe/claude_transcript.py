"""Claude Code transcripts (2.0 to today) -> records.

The format is undocumented: lines of many types, of which `user`, `assistant` and sub-agent `progress` matter; one
assistant message over several lines with one `message.id`; results in any order; sometimes two objects on one line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from agentjit.observe import wire
from agentjit.observe.claude_hooks import HARNESS, prompt_kind
from agentjit.observe.reader import Counts, Reader, first_objects, user_home
from agentjit.trace import CallSeen, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall, UsageSeen

TYPES = frozenset({"user", "assistant", "system", "progress", "summary", "file-history-snapshot", "queue-operation"})
_USAGE = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
# User lines that no person typed and that open no episode: the work before them goes on after them.
_ASIDE = re.compile(
    r"\s*(?:\[Request interrupted|Operation stopped by hook|Caveat:|<local-command-|<bash-(?:input|stdout|stderr)"
    r"|This session is being continued from a previous conversation)"
)
_COMMAND_NAME = re.compile(r"<command-name>\s*(\S+?)\s*</command-name>")
_COMMAND_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)


@dataclass(slots=True)
class _Use:
    session: str
    episode: str
    tool: str
    input: Mapping[str, Any]
    at: float
    cwd: str
    agent: str


@dataclass(slots=True)
class _Open:
    """The episode being read."""

    session: str
    id: str
    at: float
    last: float
    usage: dict[str, int] = field(default_factory=dict)
    final_message: str = ""
    final_at: float = 0.0
    final: list[str] = field(default_factory=list)

    def close(self) -> Iterator[Seen]:
        if self.final:
            yield FinalSeen(self.session, self.id, self.final_at, "\n".join(self.final))
        if self.usage:
            seconds = max(self.last - self.at, 0.0)
            yield UsageSeen(self.session, self.id, len(self.usage), sum(self.usage.values()), seconds)


def read(lines: Iterable[bytes | str], counts: Counts | None = None, transcript: str = "") -> Iterator[Seen]:
    """The records of one transcript; `counts` is filled on the way, `transcript` is its path for the session record."""
    reader = _Reader(counts if counts is not None else Counts(), transcript)
    for line in lines:
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
        if not text.strip():
            continue
        reader.counts.lines += 1
        found, reason = wire.objects(text)
        reader.counts.broken += bool(reason)
        for value in found:
            yield from reader.take(value)
    yield from reader.end()


def projects(env: Mapping[str, str]) -> str:
    """The folder where Claude Code keeps its transcripts."""
    base = env.get("CLAUDE_CONFIG_DIR") or os.path.join(user_home(env), ".claude")
    return os.path.join(os.path.abspath(base), "projects")


def _knows(head: bytes) -> bool:
    return any(
        isinstance(value.get("sessionId"), str) and isinstance(value.get("type"), str) for value in first_objects(head)
    )


def _read(file: BinaryIO, counts: Counts, path: str) -> Iterator[Seen]:
    return read(file, counts, transcript="" if os.path.basename(path).startswith("agent-") else path)


READER = Reader(HARNESS, _knows, _read, lambda env: [projects(env)])


class _Reader:
    def __init__(self, counts: Counts, transcript: str) -> None:
        self.counts = counts
        self.transcript = transcript
        self.sessions: set[str] = set()
        self.prompts: set[str] = set()
        self.uses: dict[str, _Use] = {}
        self.results: dict[str, tuple[wire.Result | None, object, float]] = {}
        self.done: set[str] = set()
        self.open: _Open | None = None
        self.at = 0.0
        self.side_prompt = ""

    def take(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        kind, message = line.get("type"), line.get("message")
        if kind == "progress":
            yield from self._progress(line)
        elif kind in ("user", "assistant") and isinstance(message, Mapping):
            self.at = _time(line.get("timestamp"), self.at)
            yield from self._session(line)
            if line.get("isSidechain") is True:
                prompt = wire.string(line.get("promptId"))
                self.side_prompt = prompt or self.side_prompt
                yield from self._side(line, line, wire.string(line.get("agentId")) or "sidechain")
            elif kind == "assistant":
                yield from self._assistant(line, message)
            else:
                yield from self._user(line, message)

    def end(self) -> Iterator[Seen]:
        if self.open:
            yield from self.open.close()
        self.counts.unanswered += len(self.uses)

    def _session(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        session = wire.string(line.get("sessionId"))
        if session and session not in self.sessions:
            self.sessions.add(session)
            yield SessionSeen(session, HARNESS, self.at, wire.string(line.get("cwd")), transcript=self.transcript)

    # --- the main thread

    def _assistant(self, line: Mapping[str, Any], message: Mapping[str, Any]) -> Iterator[Seen]:
        if line.get("isApiErrorMessage") is True or message.get("model") == "<synthetic>":
            return
        identity = wire.string(message.get("id")) or wire.string(line.get("uuid"))
        if self.open:
            self.open.last = max(self.open.last, self.at)
            self._spend(self.open, identity, message.get("usage"))
        for block in _blocks(message):
            if block.get("type") == "tool_use":
                if self.open:
                    self.open.final = []  # what was said before a call is not the closing message
                yield from self._use(line, block, self.open.id if self.open else "", self.at, "")
            elif block.get("type") == "text" and self.open and wire.string(block.get("text")).strip():
                self._said(self.open, identity, wire.string(block.get("text")))

    @staticmethod
    def _spend(episode: _Open, identity: str, usage: object) -> None:
        given = usage if isinstance(usage, Mapping) else {}
        tokens = sum(wire.count(given.get(key)) for key in _USAGE)
        # The lines of one message repeat its usage, the earlier ones before it was complete.
        episode.usage[identity] = max(tokens, episode.usage.get(identity, 0))

    def _said(self, episode: _Open, identity: str, text: str) -> None:
        if episode.final_message != identity:
            episode.final = []
        episode.final_message = identity
        episode.final_at = self.at
        episode.final.append(text)

    def _user(self, line: Mapping[str, Any], message: Mapping[str, Any]) -> Iterator[Seen]:
        blocks = _blocks(message)
        results = [block for block in blocks if block.get("type") == "tool_result"]
        if results:
            if self.open:
                self.open.last = max(self.open.last, self.at)
            yield from self._results(results, line.get("toolUseResult"), self.at)
            return
        content = message.get("content")
        texts = [wire.string(block.get("text")) for block in blocks if block.get("type") == "text"]
        text = content if isinstance(content, str) else "\n".join(texts)
        yield from self._prompt(line, text)

    def _prompt(self, line: Mapping[str, Any], text: str) -> Iterator[Seen]:
        session = wire.string(line.get("sessionId"))
        given = wire.string(line.get("promptId"))
        episode = f"{session}:{given}" if given else f"{session}:@{wire.string(line.get('uuid'))}"
        kind = _kind(line, text, given)
        if not kind or not session or episode in self.prompts:
            return
        self.prompts.add(episode)
        if self.open:
            yield from self.open.close()
        self.open = _Open(session, episode, self.at, self.at)
        yield PromptSeen(session, episode, self.at, _as_typed(text), kind, wire.string(line.get("cwd")))

    # --- sub-agents

    def _progress(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        data = line.get("data")
        inner = data.get("message") if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or data.get("type") != "agent_progress" or not isinstance(inner, Mapping):
            return
        self.at = _time(line.get("timestamp"), self.at)
        yield from self._session(line)
        yield from self._side(line, inner, wire.string(data.get("agentId")) or "sidechain")

    def _side(self, line: Mapping[str, Any], inner: Mapping[str, Any], agent: str) -> Iterator[Seen]:
        """The calls of a sub-agent; its prompts are the main agent's words and its requests are not counted."""
        message = inner.get("message")
        at = _time(inner.get("timestamp"), self.at)
        session = wire.string(line.get("sessionId"))
        episode = f"{session}:{self.side_prompt}" if self.side_prompt else self.open.id if self.open else ""
        blocks = _blocks(message) if isinstance(message, Mapping) else []
        for block in blocks:
            if block.get("type") == "tool_use":
                yield from self._use(line, block, episode, at, agent)
        results = [block for block in blocks if block.get("type") == "tool_result"]
        yield from self._results(results, inner.get("toolUseResult"), at)

    # --- calls and their results, in whatever order

    def _use(
        self, line: Mapping[str, Any], block: Mapping[str, Any], episode: str, at: float, agent: str
    ) -> Iterator[Seen]:
        identity, tool, given = block.get("id"), wire.string(block.get("name")), block.get("input")
        if not isinstance(identity, str) or identity in self.done or not isinstance(given, Mapping):
            return
        session, cwd = wire.string(line.get("sessionId")), wire.string(line.get("cwd"))
        if session and tool:
            self.uses[identity] = _Use(session, episode, tool, given, at, cwd, agent)
            yield from self._pair(identity)

    def _results(self, blocks: list[Mapping[str, Any]], detail: object, at: float) -> Iterator[Seen]:
        for block in blocks:
            identity = block.get("tool_use_id")
            if not isinstance(identity, str) or identity in self.done:
                continue
            shown = wire.text_of(block.get("content"))
            failure = wire.failed(shown) if block.get("is_error") is True else None
            single = len(blocks) == 1 and isinstance(detail, Mapping | list)
            self.results[identity] = (failure, detail if single else shown, at)
            yield from self._pair(identity)

    def _pair(self, identity: str) -> Iterator[Seen]:
        if identity not in self.uses or identity not in self.results:
            return
        use, (failure, detail, at) = self.uses.pop(identity), self.results.pop(identity)
        self.done.add(identity)
        result = failure or _good(use.tool, detail)
        call = ToolCall(
            id=identity,
            tool=use.tool,
            input=use.input,
            output=result.output,
            ok=result.ok,
            exit_code=result.exit_code,
            at=use.at,
            seconds=max(at - use.at, 0.0),  # with the time a person took to allow it: the best a transcript tells
            cwd=use.cwd,
            agent=use.agent,
        )
        yield CallSeen(use.session, use.episode, call)


def _good(tool: str, detail: object) -> wire.Result:
    result = wire.succeeded(tool, detail)
    if tool == "Bash" and isinstance(detail, str):  # no details kept: the harness called it good, so the status was 0
        return wire.Result(result.output, True, 0)
    return result


def _blocks(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = message.get("content")
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def _kind(line: Mapping[str, Any], text: str, prompt_id: str) -> str:
    """The kind of prompt a user line is, "" if it opens no episode."""
    if line.get("isCompactSummary") is True or line.get("isVisibleInTranscriptOnly") is True or _ASIDE.match(text):
        return ""
    if line.get("isMeta") is True:
        return "meta" if prompt_id else ""
    if "planContent" in line:
        return "meta"  # an accepted plan is sent as a prompt: nobody typed it
    return prompt_kind(text)


def _as_typed(text: str) -> str:
    """A slash command as it was typed; any other prompt as it is."""
    name = _COMMAND_NAME.search(text)
    if not name or prompt_kind(text) != "command":
        return text
    arguments = _COMMAND_ARGS.search(text)
    return f"{name.group(1)} {arguments.group(1) if arguments else ''}".strip()


def _time(value: object, default: float) -> float:
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else default
    except (ValueError, OverflowError):
        return default
