"""The scripted model: a real HTTP server on 127.0.0.1 that speaks the Messages API and answers what a script says.

A script is a function from what the client sent to the turn to give back. The server keeps no conversation: like the
real model it reads everything from the request, so retries, resumed sessions and several clients at once all work.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool call gave, as the model reads it."""

    id: str
    text: str
    is_error: bool


class Results(tuple[ToolResult, ...]):
    """The results of the calls of one turn, in the order of the calls."""

    __slots__ = ()

    @property
    def text(self) -> str:
        return "\n".join(result.text for result in self)

    @property
    def is_error(self) -> bool:
        return any(result.is_error for result in self)


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call the model asks for."""

    tool: str
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the model answers to one request: some text, some tool calls, or both."""

    text: str = ""
    calls: tuple[Call, ...] = ()


def Bash(command: str, **more: Any) -> Call:
    return Call("Bash", {"command": command, "description": "Run a command", **more})


def Read(file_path: str, **more: Any) -> Call:
    return Call("Read", {"file_path": file_path, **more})


def Write(file_path: str, content: str) -> Call:
    return Call("Write", {"file_path": file_path, "content": content})


def Edit(file_path: str, old_string: str, new_string: str) -> Call:
    return Call("Edit", {"file_path": file_path, "old_string": old_string, "new_string": new_string})


def say(text: str) -> Turn:
    """A closing message: the turn ends."""
    return Turn(text)


def call(*calls: Call, text: str = "") -> Turn:
    """One or several tool calls in parallel, with `text` before them."""
    return Turn(text, calls)


@dataclass(frozen=True)
class ModelRequest:
    """One request of the client. `body` is the parsed JSON as sent."""

    path: str
    body: Mapping[str, Any]

    @property
    def is_main(self) -> bool:
        """The conversation itself offers tools; titles, summaries and the like do not."""
        return bool(self.body.get("tools"))

    @cached_property
    def messages(self) -> tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...]:
        """(role, content blocks) of every message; plain text is one text block."""
        return tuple((str(message["role"]), _blocks(message["content"])) for message in self.body.get("messages", ()))

    @cached_property
    def _prompt_at(self) -> tuple[int, int]:
        """(message, block) of the last typed prompt; (-1, -1) if there is none.

        One message may hold much: results of an interrupted turn, a prompt answered by a hook, and the next prompt.
        """
        typed = (
            (at, place)
            for at, (role, blocks) in enumerate(self.messages)
            if role == "user"
            for place, block in enumerate(blocks)
            if _typed(block)
        )
        return max(typed, default=(-1, -1))

    @property
    def prompt(self) -> str:
        """The last text a person typed, without what the client or hooks wrapped around it."""
        at, place = self._prompt_at
        return _typed(self.messages[at][1][place]) if at >= 0 else ""

    @cached_property
    def rounds(self) -> tuple[Results, ...]:
        """The tool results since the prompt, one entry per turn that called tools."""
        at, place = self._prompt_at
        since = [blocks[place + 1 :] if later == at else blocks for later, (_, blocks) in enumerate(self.messages)]
        found = (
            Results(_result(block) for block in blocks if block["type"] == "tool_result")
            for blocks in since[max(at, 0) :]
        )
        return tuple(results for results in found if results)

    @property
    def results(self) -> list[ToolResult]:
        """All tool results since the prompt, in order."""
        return list(itertools.chain.from_iterable(self.rounds))

    @cached_property
    def context(self) -> str:
        """All text of the conversation (not the system prompt), with reminders and results of tools."""
        return "\n".join(_text(block) for _, blocks in self.messages for block in blocks)


def _blocks(content: Any) -> tuple[Mapping[str, Any], ...]:
    return ({"type": "text", "text": content},) if isinstance(content, str) else tuple(content)


def _text(block: Mapping[str, Any]) -> str:
    if block["type"] == "tool_result":
        return "\n".join(_text(inner) for inner in _blocks(block.get("content") or ""))
    return str(block.get("text", ""))


def _typed(block: Mapping[str, Any]) -> str:
    return _REMINDER.sub("", str(block["text"])).strip() if block["type"] == "text" else ""


def _result(block: Mapping[str, Any]) -> ToolResult:
    return ToolResult(str(block["tool_use_id"]), _text(block), bool(block.get("is_error")))


Script = Callable[[ModelRequest], Turn]
Steps = Generator[Call | tuple[Call, ...], Results, str]
Workflow = Callable[..., Steps]


def by_prompt(*routes: tuple[str, Workflow], otherwise: str = "I do not know this one.") -> Script:
    """A script from workflows: generators that yield calls, receive `Results`, and return the closing message.

    The first route whose regular expression matches the whole prompt is taken; its named groups are the workflow's
    keyword arguments. The workflow is run afresh over the results in each request, so it must be deterministic.
    """

    def script(request: ModelRequest) -> Turn:
        for pattern, workflow in routes:
            if match := re.fullmatch(pattern, request.prompt, re.DOTALL):
                return _resume(workflow(**match.groupdict()), request.rounds)
        return say(otherwise)

    return script


def _resume(steps: Steps, rounds: Sequence[Results]) -> Turn:
    """Run `steps` over the results there are; what comes next is the turn."""
    try:
        wanted = next(steps)
        for results in rounds:
            wanted = steps.send(results)
    except StopIteration as end:
        return say(str(end.value))
    finally:
        steps.close()
    return call(*wanted) if isinstance(wanted, tuple) else call(wanted)


class ScriptedModel:
    """The server. Use as a context manager; `url` is the base URL for the client.

    `requests` are the main conversation's, `side_requests` all others (both in order of arrival), `errors` the
    tracebacks of a script that failed: the client is then told so in plain text and does not try again.
    """

    def __init__(self, script: Script | None = None) -> None:
        self.script: Script = script or by_prompt()
        self.requests: list[ModelRequest] = []
        self.side_requests: list[ModelRequest] = []
        self.errors: list[str] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_id(self, prefix: str) -> str:
        """A fresh `msg_…` or `toolu_…` of the usual length."""
        return f"{prefix}_01{id(self) & 0xFFFFFFFF:08x}{next(self._ids):014d}"

    def answer(self, request: ModelRequest) -> dict[str, Any]:
        """The whole message for one request, recorded."""
        with self._lock:
            (self.requests if request.is_main else self.side_requests).append(request)
        turn = self._turn(request) if request.is_main else say('{"title": "A session"}')
        content: list[dict[str, Any]] = [{"type": "text", "text": turn.text}] if turn.text or not turn.calls else []
        for one in turn.calls:
            content.append(
                {"type": "tool_use", "id": self.next_id("toolu"), "name": one.tool, "input": dict(one.input)}
            )
        return {
            "id": self.next_id("msg"),
            "type": "message",
            "role": "assistant",
            "model": request.body.get("model", "scripted"),
            "content": content,
            "stop_reason": "tool_use" if turn.calls else "end_turn",
            "stop_sequence": None,
            "usage": _usage(request, content),
        }

    def _turn(self, request: ModelRequest) -> Turn:
        try:
            return self.script(request)
        except Exception:
            self.errors.append(traceback.format_exc())
            return say("The script of this test failed:\n" + self.errors[-1])


def _usage(request: ModelRequest, content: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """About four characters a token; the system prompt and the tools come from the cache, as they mostly do."""
    cached = len(json.dumps([request.body.get("system"), request.body.get("tools")])) // 4
    return {
        "input_tokens": 1 + len(json.dumps(request.body.get("messages"))) // 4,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": 1 + len(json.dumps(content)) // 4,
    }


def events_of(message: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, data) of the server-sent events that stream `message`."""
    start = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield "message_start", {"message": start}
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield "content_block_start", {"index": index, "content_block": empty}
        yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield "message_delta", {"delta": stop, "usage": {"output_tokens": message["usage"]["output_tokens"]}}
    yield "message_stop", {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Handlers of kept-alive connections wait for the client's next request: never wait for them when closing.
    block_on_close = False

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in mid-answer is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self._send(b"")

    def do_GET(self) -> None:
        self._send(b"{}", status=404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        path = self.path.partition("?")[0]
        if path == "/v1/messages":
            self._answer(self.server.model.answer(ModelRequest(self.path, body)), stream=bool(body.get("stream")))
        elif path == "/v1/messages/count_tokens":
            self._send(json.dumps({"input_tokens": len(json.dumps(body)) // 4}).encode())
        else:
            self._send(b"{}", status=404)

    def _answer(self, message: Mapping[str, Any], *, stream: bool) -> None:
        if not stream:
            return self._send(json.dumps(message).encode())
        lines = (f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n" for name, data in events_of(message))
        return self._send("".join(lines).encode(), kind="text/event-stream")

    def _send(self, payload: bytes, *, status: int = 200, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
