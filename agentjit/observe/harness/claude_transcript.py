"""Claude Code transcripts (2.0 to today) -> records.

The format is undocumented: lines of many types, of which few matter (see `claude_lines.py`); one assistant message over
several lines with one `message.id`; results in any order; sometimes two objects on one line. What a user line is only
shows when the model answers: until then it is held back. If the answer is another session's, lines up to it are copies
that a fork begins with, and count where they were made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from agentjit.observe import reader, wire
from agentjit.observe.harness import claude_lines
from agentjit.observe.harness.claude_hooks import HARNESS
from agentjit.observe.harness.claude_lines import Opening
from agentjit.observe.harness.claude_spent import Spent, by_agents
from agentjit.observe.reader import Counts, Reader, first_objects, user_home
from agentjit.trace import CallSeen, Ended, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall, TurnSeen, UsageSeen

_SET_BACK = 5.0  # seconds; lines that are written at the same time may be a little out of order


@dataclass(frozen=True, slots=True)
class _Use:
    session: str
    episode: str
    tool: str
    input: Mapping[str, Any]
    at: float
    cwd: str
    agent: str
    batch: str


@dataclass(frozen=True, slots=True)
class _Result:
    block: Mapping[str, Any]
    detail: object
    ended: Ended
    at: float
    cwd: str


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

    def said(self, message: str, at: float, text: str) -> None:
        if self.final_message != message:
            self.final = []
        self.final_message, self.final_at = message, at
        self.final.append(text)

    def close(self) -> Iterator[Seen]:
        if self.final:
            yield FinalSeen(self.session, self.id, self.final_at, "\n".join(self.final))
        if self.usage:
            seconds = max(self.last - self.at, 0.0)
            yield UsageSeen(self.session, self.id, len(self.usage), sum(self.usage.values()), seconds)


def read(
    lines: Iterable[bytes | str], counts: Counts | None = None, transcript: str = "", agents: Sequence[Spent] = ()
) -> Iterator[Seen]:
    """The records of one transcript.

    `counts` is filled on the way; `transcript` is its path for the session record; `agents` is what sub-agents spent,
    who have transcripts of their own: it is part of what the episodes cost.
    """
    counts = counts if counts is not None else Counts()
    return _records(_texts(lines, counts), counts, transcript, agents)


def _texts(lines: Iterable[bytes | str], counts: Counts) -> Iterator[str]:
    for line in lines:
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
        if text.strip():
            counts.lines += 1
            yield text


def _records(texts: Iterable[str], counts: Counts, transcript: str, agents: Sequence[Spent]) -> Iterator[Seen]:
    taken = _Reader(counts, transcript, agents)
    for text in texts:
        found, reason = wire.objects(text)
        counts.broken += bool(reason)
        for value in found:
            yield from taken.take(value)
    yield from taken.end()


def projects(env: Mapping[str, str]) -> str:
    """The folder where Claude Code keeps its transcripts."""
    base = env.get("CLAUDE_CONFIG_DIR") or os.path.join(user_home(env), ".claude")
    return os.path.join(os.path.abspath(base), "projects")


def _knows(head: bytes) -> bool:
    return any(
        isinstance(value.get("sessionId"), str) and isinstance(value.get("type"), str) for value in first_objects(head)
    )


def _read(file: BinaryIO, counts: Counts, path: str) -> Iterator[Seen]:
    sub_agent = os.path.basename(path).startswith("agent-")
    spent = () if sub_agent else by_agents(os.path.join(path.removesuffix(".jsonl"), "subagents"))
    return _records(reader.lines(file, counts), counts, "" if sub_agent else path, spent)


READER = Reader(HARNESS, _knows, _read, lambda env: [projects(env)], names=("*.jsonl",))


class _Reader:
    def __init__(self, counts: Counts, transcript: str, agents: Sequence[Spent]) -> None:
        self.counts = counts
        self.transcript = transcript
        self.agents = list(agents)
        self.sessions: set[str] = set()
        self.prompts: set[str] = set()
        self.uses: dict[str, _Use] = {}
        self.results: dict[str, _Result] = {}
        self.done: set[str] = set()
        self.spent: set[str] = set()  # requests that were counted
        self.open: _Open | None = None
        self.held: list[Opening | TurnSeen] = []
        self.at = 0.0
        self.shift = 0.0  # seconds
        self.side_prompt = ""
        self.inherited = False  # a sub-agent that is a fork begins with the call that made it: its parent's
        # Of a fork: whose, whether lines are still copies, the prompts they are said to be of, when it was made.
        self.parent = ""
        self.copying = False
        self.copied: set[str] = set()
        self.forked_at: float | None = None

    def _clock(self, at: float) -> None:
        """Lines stand in the order of what happened, so a clock that was set back goes on from where it was."""
        if at + self.shift < self.at - _SET_BACK:
            self.shift = self.at - at
        self.at = max(self.at, at + self.shift)

    def take(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        kind, message = wire.string(line.get("type")), line.get("message")
        if kind not in claude_lines.READ:
            if kind not in claude_lines.SILENT:
                self.counts.skip(kind)
            return
        if parent := claude_lines.copied_from(line):
            if line.get("isSidechain") is not True:
                self._copy(parent)
            return
        self._clock(wire.moment(line.get("timestamp"), self.at - self.shift))
        if kind in ("queue-operation", "system"):
            self._note(line, kind)
        elif kind == "progress":
            yield from self._progress(line)
        elif kind == "fork-context-ref":
            self.inherited = True
        elif isinstance(message, Mapping):
            if line.get("isSidechain") is True:
                yield from self._sidechain(line)
            elif kind == "assistant":
                yield from self._assistant(line, message)
            else:
                yield from self._user(line, message)

    def end(self) -> Iterator[Seen]:
        yield from self._settle({}, answered=False)
        if self.open:
            yield from self._close(self.open, float("inf"))
        self.counts.unanswered += len(self.uses)
        for identity, use in self.uses.items():
            call = _call(identity, use, wire.Result("", False, None), Ended.UNANSWERED, None)
            yield CallSeen(use.session, use.episode, call)

    # --- the life of the session

    def _copy(self, parent: str) -> None:
        self.parent, self.copying = parent, True
        self.copied |= {held.episode for held in self.held if isinstance(held, Opening)}
        self.held = []

    def _note(self, line: Mapping[str, Any], kind: str) -> None:
        session = wire.string(line.get("sessionId"))
        if self.forked_at is None and (kind == "queue-operation" or self.parent):
            self.forked_at = self.at
        if kind == "system" and line.get("subtype") == "compact_boundary" and session:
            about = line.get("compactMetadata")
            detail = wire.string(about.get("trigger")) if isinstance(about, Mapping) else ""
            self.held.append(TurnSeen(session, self.at, "compact", detail))

    def _session(self, line: Mapping[str, Any], at: float) -> Iterator[Seen]:
        session = wire.string(line.get("sessionId"))
        if not session or session in self.sessions:
            return
        cleared = [held for held in self.held if isinstance(held, Opening) and held.text == "/clear"]
        first = not self.sessions
        self.sessions.add(session)
        source = ""
        if self.parent and first:
            source, at = "fork", self.forked_at if self.forked_at is not None else at
        elif cleared and first:
            source, at = "clear", cleared[0].at
        cwd = wire.string(line.get("cwd"))
        yield SessionSeen(session, HARNESS, at, cwd, source, transcript=self.transcript, parent=self.parent)
        if source:
            yield TurnSeen(session, at, source)

    # --- the main thread

    def _settle(self, line: Mapping[str, Any], *, answered: bool) -> Iterator[Seen]:
        """What was held back is this session's own: open its episodes. `answered`: the model answered the last."""
        chosen = self._chosen()
        if not line and chosen:
            line = {"sessionId": chosen[0].session, "cwd": chosen[0].cwd}
        yield from self._session(line, chosen[0].at if chosen else self.at)
        yield from (held for held in self.held if isinstance(held, TurnSeen))
        self.held, self.copying = [], False
        for number, opening in enumerate(chosen, 1):
            # A command that nothing came of is the client's own affair (`/model`, `/clear`): the agent never saw it.
            if opening.kind != "command" or (answered and number == len(chosen)):
                yield from self._open(opening)

    def _chosen(self) -> list[Opening]:
        """Of each prompt the line that is it: the first, of those that a fork's copies claim to be, the last."""
        found: dict[str, Opening] = {}
        for held in self.held:
            if isinstance(held, Opening) and held.episode not in self.prompts:
                known = found.get(held.episode)
                later = not held.aside and (known is None or known.aside or held.episode in self.copied)
                if known is None or later:
                    found.pop(held.episode, None)
                    found[held.episode] = held
        return list(found.values())

    def _open(self, opening: Opening) -> Iterator[Seen]:
        self.prompts.add(opening.episode)
        if self.open:
            yield from self._close(self.open, opening.at)
        self.open = _Open(opening.session, opening.episode, opening.at, opening.at)
        told = (opening.text, opening.kind, opening.cwd, opening.branch)
        yield PromptSeen(opening.session, opening.episode, opening.at, *told)

    def _close(self, episode: _Open, until: float) -> Iterator[Seen]:
        """Its sub-agents are those that name its prompt, or (of old clients) that worked before the next one."""
        left = []
        for spent in self.agents:
            named = episode.id == f"{episode.session}:{spent.prompt}"
            if named or (not spent.prompt and episode.at <= spent.at < until):
                self._spend(episode, spent.request, spent.tokens)
            else:
                left.append(spent)
        self.agents = left
        yield from episode.close()

    def _assistant(self, line: Mapping[str, Any], message: Mapping[str, Any]) -> Iterator[Seen]:
        if claude_lines.unasked(line, message):
            return
        yield from self._settle(line, answered=True)
        identity = wire.string(message.get("id")) or wire.string(line.get("uuid"))
        episode = self.open
        if episode:
            episode.last = max(episode.last, self.at)
            self._spend(episode, identity, claude_lines.tokens(message))
        for block in claude_lines.blocks(message):
            if block.get("type") == "tool_use":
                if episode:
                    episode.final = []  # what was said before a call is not the closing message
                yield from self._use(line, block, episode.id if episode else "", "", identity)
            elif block.get("type") == "text" and episode and wire.string(block.get("text")).strip():
                episode.said(identity, self.at, wire.string(block.get("text")))

    def _spend(self, episode: _Open, request: str, tokens: int) -> None:
        if request not in episode.usage and request in self.spent:
            return  # a message that was written again, after a compaction say
        self.spent.add(request)
        # The lines of one message repeat its usage, the earlier ones before it was complete.
        episode.usage[request] = max(tokens, episode.usage.get(request, 0))

    def _user(self, line: Mapping[str, Any], message: Mapping[str, Any]) -> Iterator[Seen]:
        results = [block for block in claude_lines.blocks(message) if block.get("type") == "tool_result"]
        if not results:
            opening = claude_lines.opening(line, message, self.at)
            self.held += [opening] if opening else []
        elif not self.copying:
            if self.open:
                self.open.last = max(self.open.last, self.at)
            yield from self._results(line, results, line.get("toolUseResult"))

    # --- sub-agents

    def _progress(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        data = line.get("data")
        inner = data.get("message") if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or data.get("type") != "agent_progress" or not isinstance(inner, Mapping):
            return
        yield from self._settle(line, answered=True)
        message = inner.get("message")
        if self.open and inner.get("type") == "assistant" and isinstance(message, Mapping):
            self._spend(self.open, wire.string(message.get("id")) or str(self.at), claude_lines.tokens(message))
        yield from self._side(line, inner, wire.string(data.get("agentId")) or "sidechain")

    def _sidechain(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        self.side_prompt = wire.string(line.get("promptId")) or self.side_prompt
        yield from self._session(line, self.at)
        if self.inherited:
            self.inherited = line.get("type") != "user"
            return
        yield from self._side(line, line, wire.string(line.get("agentId")) or "sidechain")

    def _side(self, line: Mapping[str, Any], inner: Mapping[str, Any], agent: str) -> Iterator[Seen]:
        message = inner.get("message")
        if not isinstance(message, Mapping):
            return
        session = wire.string(line.get("sessionId"))
        episode = f"{session}:{self.side_prompt}" if self.side_prompt else self.open.id if self.open else ""
        identity = wire.string(message.get("id"))
        for block in claude_lines.blocks(message):
            if block.get("type") == "tool_use":
                yield from self._use(line, block, episode, agent, identity)
        results = [block for block in claude_lines.blocks(message) if block.get("type") == "tool_result"]
        yield from self._results(line, results, inner.get("toolUseResult"))

    # --- calls and their results, in whatever order

    def _use(
        self, line: Mapping[str, Any], block: Mapping[str, Any], episode: str, agent: str, batch: str
    ) -> Iterator[Seen]:
        identity, tool, given = block.get("id"), wire.string(block.get("name")), block.get("input")
        if not isinstance(identity, str) or identity in self.done or not isinstance(given, Mapping):
            return
        session, cwd = wire.string(line.get("sessionId")), wire.string(line.get("cwd"))
        if session and tool:
            self.uses[identity] = _Use(session, episode, tool, given, self.at, cwd, agent, batch)
            yield from self._pair(identity)

    def _results(self, line: Mapping[str, Any], blocks: list[Mapping[str, Any]], detail: object) -> Iterator[Seen]:
        told = detail if len(blocks) == 1 else None
        for block in blocks:
            identity = block.get("tool_use_id")
            if isinstance(identity, str) and identity not in self.done:
                ended = claude_lines.ending(line, block, told)
                self.results[identity] = _Result(block, told, ended, self.at, wire.string(line.get("cwd")))
                yield from self._pair(identity)

    def _pair(self, identity: str) -> Iterator[Seen]:
        if identity not in self.uses or identity not in self.results:
            return
        use, result = self.uses.pop(identity), self.results.pop(identity)
        self.done.add(identity)
        # With the time a person took to allow it: the best a transcript tells.
        seconds = max(result.at - use.at, 0.0)
        shown = claude_lines.result(use.tool, result.block, result.detail)
        yield CallSeen(
            use.session, use.episode, _call(identity, use, shown, result.ended, seconds), cwd_after=result.cwd
        )


def _call(identity: str, use: _Use, result: wire.Result, ended: Ended, seconds: float | None) -> ToolCall:
    return ToolCall(
        id=identity,
        tool=use.tool,
        input=use.input,
        output=result.output,
        ok=result.ok,
        exit_code=result.exit_code,
        at=use.at,
        seconds=seconds,
        cwd=use.cwd,
        agent=use.agent,
        ended=ended,
        batch=use.batch,
    )
