"""Gemini CLI chats -> records: `session-*.json` (one document), and the newer `session-*.jsonl`.

Observed with 0.23 and 0.61. The newer form is a header line, then messages, written anew whenever they change, and
lines `{"$set": {…}}`, some with all messages so far. A resumed chat goes on in its file, and a second file with the
same session id has only the context. The project's directory is told beside the chats, not in them.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from agentjit.observe import wire
from agentjit.observe.harness import gemini_calls
from agentjit.observe.reader import Counts, Reader, document, identity, lines, opened, user_home
from agentjit.trace import CallSeen, FinalSeen, PromptSeen, Seen, SessionSeen, TurnSeen, UsageSeen

HARNESS = "gemini-cli"
_COMMAND = re.compile(r"\s*/[A-Za-z][\w:.-]*(?:\s|\Z)")
# User messages that nobody typed and that open no episode: the work before them goes on after them.
_ASIDE = re.compile(
    r"\s*(?:\Z|<(?:session_context|state_snapshot|system|task-notification)|System: |\[System|Please continue\.\s*\Z"
    r"|This is the Gemini CLI\. We are setting up the context|I ran the following shell command:)"
)
_SUMMARY = re.compile(r"\s*<state_snapshot>")
_ADDED = re.compile(r"\s*--- Content from referenced files ---|\s*<hook_context>")
_FOLDER = re.compile(r"Workspace Directories:\*{0,2}\s*\n\s*- (/[^\n]*)|working in the director(?:y|ies): ?(/[^\n]*)")
_SPENT = ("input", "output", "thoughts", "tool")
_SMALL = 64 * 1024  # bytes of a header line, or of a file beside the chats
_LARGEST = 2**53


@dataclass(slots=True)
class _Open:
    """The episode being read: tokens by message, and the text that closes it if nothing follows."""

    id: str
    at: float
    last: float
    spent: dict[str, int] = field(default_factory=dict)
    final: str = ""
    final_of: str = ""
    final_at: float = 0.0


def chats(env: Mapping[str, str]) -> list[str]:
    """The folders where Gemini CLI keeps its chats, one for each project."""
    base = os.path.join(os.path.abspath(env.get("GEMINI_CLI_HOME") or user_home(env)), ".gemini", "tmp")
    return sorted(glob.glob(os.path.join(glob.escape(base), "*", "chats")))


def _knows(head: bytes) -> bool:
    return b'"sessionId"' in head[:_SMALL] and b'"projectHash"' in head[:_SMALL]


def read(file: BinaryIO, counts: Counts, path: str) -> Iterator[Seen]:
    """The records of one chat; never raises because of what is in it."""
    chat = _Chat(counts, path)
    text = file.readline(_SMALL).decode("utf-8", "replace").removeprefix("\ufeff")
    first = next(iter(wire.objects(text)[0]), {})
    file.seek(0)
    if "sessionId" in first and "messages" not in first:
        for line in lines(file, counts):
            found, reason = wire.objects(line)
            counts.broken += bool(reason)
            for value in found:
                yield from chat.take(value)
    else:
        value, reason = document(file)
        counts.broken += bool(reason)
        yield from chat.take(value)
        yield from chat.messages(value.get("messages"), counted=True)
    yield from chat.end()


READER = Reader(HARNESS, _knows, read, chats)


class _Chat:
    def __init__(self, counts: Counts, path: str) -> None:
        self.counts = counts
        self.path = path
        self.session = ""
        self.side = False  # a sub-agent's
        self.cwd = ""
        self.at = 0.0
        self.noted = 0.0  # when the last call was over
        self.seen: dict[str, str] = {}  # message -> its episode
        self.open: _Open | None = None
        self.done: set[str] = set()
        self.waiting: dict[str, CallSeen] = {}

    def take(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        update = line.get("$set")
        if isinstance(update, dict):
            yield from self._update(update)
        elif "$rewindTo" in line:
            pass  # what was done before the person went back was done all the same
        elif isinstance(line.get("sessionId"), str):
            yield from self._header(line)
        elif "id" in line:
            yield from self._message(line)
        elif line:
            self.counts.skip("unknown")

    def messages(self, given: object, counted: bool = False) -> Iterator[Seen]:
        for message in given if isinstance(given, list) else []:
            self.counts.lines += counted
            if isinstance(message, dict):
                yield from self._message(message)
            else:
                self.counts.broken += counted

    def end(self) -> Iterator[Seen]:
        self.counts.unanswered += len(self.waiting)
        yield from self.waiting.values()
        yield from self._close()

    # --- the session

    def _header(self, line: Mapping[str, Any]) -> Iterator[Seen]:
        session = identity(line.get("sessionId"))
        if not session or session == self.session:
            return
        self.session, self.side = session, line.get("kind") == "subagent"
        self.at = wire.moment(line.get("startTime"), wire.moment(line.get("lastUpdated"), self.at))
        folders = line.get("directories")
        told = wire.string(folders[0]) if isinstance(folders, list) and folders else ""
        self.cwd = _project(self.path, wire.string(line.get("projectHash"))) or told or self.cwd
        above = os.path.basename(os.path.dirname(self.path))
        parent = above if self.side and above != "chats" else ""
        yield SessionSeen(session, HARNESS, self.at, self.cwd, transcript=self.path, parent=parent)

    def _update(self, update: Mapping[str, Any]) -> Iterator[Seen]:
        if self.session and update.get("sessionId") == self.session:
            yield TurnSeen(self.session, self.at, "resume")
        elif "sessionId" in update:
            yield from self._header(update)
        yield from self.messages(update.get("messages"))
        self.at = max(self.at, wire.moment(update.get("lastUpdated"), self.at))

    # --- messages

    def _message(self, message: Mapping[str, Any]) -> Iterator[Seen]:
        key, kind = identity(message.get("id")), wire.string(message.get("type"))
        if not key or not self.session:
            self.counts.broken += 1
            return
        at = wire.moment(message.get("timestamp"), self.at)
        self.at = max(self.at, at)
        if kind == "gemini":
            yield from self._answer(message, key, at)
        elif key in self.seen:
            pass
        elif kind == "user":
            self.seen[key] = ""
            yield from self._user(message, key, at)
        else:
            self.seen[key] = ""
            self.counts.skip(kind or "unknown")
            if kind == "info" and "history compressed" in _text(message.get("content")):
                yield TurnSeen(self.session, at, "compact")

    def _user(self, message: Mapping[str, Any], key: str, at: float) -> Iterator[Seen]:
        whole = _text(message.get("content"))
        if not whole and "displayContent" not in message:  # results of calls
            return
        if _SUMMARY.match(whole):
            yield TurnSeen(self.session, at, "compact")
        if not self.cwd and (found := _FOLDER.search(whole[:_SMALL])):
            self.cwd = (found.group(1) or found.group(2)).strip()
            yield SessionSeen(self.session, HARNESS, at, self.cwd)
        text = _typed(message)
        if _ASIDE.match(text) or (self.side and self.open):
            return
        yield from self._close()
        episode = f"{self.session}:{key}"
        self.open = _Open(episode, at, at)
        kind = "meta" if self.side else "command" if _COMMAND.match(text) else "typed"
        yield PromptSeen(self.session, episode, at, text, kind, self.cwd)

    def _answer(self, message: Mapping[str, Any], key: str, at: float) -> Iterator[Seen]:
        new = key not in self.seen
        episode = self.seen.setdefault(key, self.open.id if self.open else "")
        given = message.get("toolCalls")
        calls = given if isinstance(given, list) else []
        yield from self._calls(calls, key, episode, at)
        if not self.open or self.open.id != episode:
            return
        self.open.last = max(self.open.last, at, self.noted if calls else at)
        tokens = message.get("tokens")
        if new or isinstance(tokens, dict):
            self.open.spent[key] = max(_tokens(tokens), self.open.spent.get(key, 0))
        if calls and (new or self.open.final_of == key):
            self.open.final = ""
        elif new:
            self.open.final, self.open.final_of = _text(message.get("content")).strip(), key
            self.open.final_at = at

    def _close(self) -> Iterator[Seen]:
        done, self.open = self.open, None
        if done and done.final:
            yield FinalSeen(self.session, done.id, done.final_at, done.final)
        if done and done.spent:
            tokens = min(sum(done.spent.values()), _LARGEST)
            yield UsageSeen(self.session, done.id, len(done.spent), tokens, max(done.last - done.at, 0.0))

    # --- calls

    def _calls(self, given: list[Any], message: str, episode: str, at: float) -> Iterator[Seen]:
        batch, before = 0, 0.0
        for place, call in enumerate(given):
            ended = wire.moment(_of(call, "timestamp"), at)
            # Calls that were asked for at once are noted at once; older clients put those of the next answer here too.
            batch += bool(place) and abs(ended - before) > gemini_calls.AT_ONCE
            before = ended
            self.noted = max(self.noted, ended)
            key = f"gemini:{message}:{identity(_of(call, 'id')) or place}"
            if key in self.done:
                continue
            where = gemini_calls.Where(key, self.cwd, at, ended, place, f"{message}:{batch}")
            made = gemini_calls.call(call, where, self.session if self.side else "")
            if made is None:
                self.counts.broken += 1
                self.done.add(key)
            elif gemini_calls.is_over(call):
                self.waiting.pop(key, None)
                self.done.add(key)
                yield CallSeen(self.session, episode, made)
            else:
                self.waiting[key] = CallSeen(self.session, episode, made)


def _typed(message: Mapping[str, Any]) -> str:
    """What a person typed of a message: without the files it names and what hooks added."""
    shown = message.get("displayContent")
    given = shown if shown and _text(shown).strip() else message.get("content")
    parts = given if isinstance(given, list) else [given]
    typed: list[str] = []
    for part in parts:
        text = _text(part)
        added = _ADDED.search(text)
        typed.append(text[: added.start()] if added else text)
        if added:
            break
    return "".join(typed)


def _text(content: object) -> str:
    """The text of a message's content: text, a part, or a list of parts."""
    if isinstance(content, list):
        return "".join(_text(part) for part in content if not isinstance(part, list))
    return wire.string(content.get("text")) if isinstance(content, dict) else wire.string(content)


def _tokens(given: object) -> int:
    tokens = given if isinstance(given, dict) else {}
    return wire.count(tokens.get("total")) or sum(wire.count(tokens.get(key)) for key in _SPENT)


def _of(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


# --- beside the chats


def _project(path: str, digest: str) -> str:
    """The directory of the project whose chat `path` is, "" if it is not told; `digest` is its SHA-256."""
    folder = os.path.dirname(path)
    if os.path.basename(folder) != "chats":
        folder = os.path.dirname(folder)
    if os.path.basename(folder) != "chats":
        return ""
    project = os.path.dirname(folder)
    root = _small(os.path.join(project, ".project_root")).decode("utf-8", "replace").strip()
    if os.path.isabs(root):
        return root
    known = wire.objects(_small(os.path.join(os.path.dirname(os.path.dirname(project)), "projects.json")).decode())
    projects = known[0][0].get("projects") if known[0] else None
    names = projects if isinstance(projects, dict) else {}
    return next((name for name in names if hashlib.sha256(name.encode("utf-8", "replace")).hexdigest() == digest), "")


def _small(path: str) -> bytes:
    try:
        with opened(path) as file:
            return file.read(_SMALL)
    except OSError:
        return b""
