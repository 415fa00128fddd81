"""A client of MCP servers over stdio (Model Context Protocol, revision 2025-06-18): JSON-RPC 2.0, a message a line.

A server is started at the first call of a tool of its, and ended with the run.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from .calls import Result, Tool
from .drive import StepFailed
from .process import Guard, Talk
from .schema import misfit
from .servers import Server, server, spelled

VERSION = "2025-06-18"
_PAGES = 50  # of a list of tools
_NO_METHOD = -32601


class Servers:
    """The servers of a run, by name. For several threads: the calls of one server are made one after the other."""

    def __init__(self, *, cwd: str, env: Mapping[str, str], guard: Guard) -> None:
        self._cwd = cwd
        self._env = env
        self._guard = guard
        self._open: dict[str, _Session] = {}
        self._turn = threading.Lock()

    def call(self, call: Tool, *, left: Callable[[], float], stopped: Callable[[], bool]) -> Result:
        """The tool's answer as text; raises `StepFailed` if there is none, or it is an error.

        `left` gives the seconds left and raises `StepFailed` when there are none.
        """
        meant, name = server(call.tool, self._cwd, self._env)
        with self._turn:
            session = self._open.setdefault(meant.name, _Session(meant))
        return session.call(call, name, self._start, _Wait(left, stopped, meant.name))

    def tools(self, meant: Server, *, left: Callable[[], float]) -> list[Mapping[str, Any]]:
        """What a server says of its tools: objects with `name`, `inputSchema` and perhaps `annotations`."""
        session = self._open.setdefault(meant.name, _Session(meant))
        return session.tools(self._start, _Wait(left, lambda: False, meant.name))

    def _start(self, meant: Server) -> Talk:
        env = {**self._env, **meant.env}
        try:
            return Talk(meant.argv, cwd=self._cwd, env=env, guard=self._guard)
        except (OSError, ValueError) as error:
            raise StepFailed(f"MCP server {meant.name} to start", str(error)) from error

    def close(self) -> None:
        for session in self._open.values():
            session.close()
        self._open.clear()


class _Wait:
    """How long a server is waited for, and how that ends."""

    def __init__(self, left: Callable[[], float], stopped: Callable[[], bool], name: str) -> None:
        self.left = left
        self.stopped = stopped
        self.name = name

    def over(self) -> bool:
        """Whether another call failed; raises `StepFailed` when no time is left."""
        self.left()
        return self.stopped()

    def failed(self, error: Exception) -> StepFailed:
        return StepFailed(f"an answer of MCP server {self.name}", str(error))


class _Session:
    """One server: its program, once it is started, and the tools that it has."""

    def __init__(self, meant: Server) -> None:
        self._meant = meant
        self._talk: Talk | None = None
        self._tools: list[Mapping[str, Any]] = []
        self._last = 0
        self._turn = threading.Lock()

    def call(self, call: Tool, name: str, start: Callable[[Server], Talk], wait: _Wait) -> Result:
        while not self._turn.acquire(timeout=0.05):
            if wait.over():
                raise StepFailed("to be begun", "another call failed first")
        try:
            if self._talk is None:
                self._begin(start(self._meant), wait)
            return self._called(call, self._tool(call, name), wait)
        finally:
            self._turn.release()

    def tools(self, start: Callable[[Server], Talk], wait: _Wait) -> list[Mapping[str, Any]]:
        if self._talk is None:
            self._begin(start(self._meant), wait)
        return list(self._tools)

    def _begin(self, talk: Talk, wait: _Wait) -> None:
        self._talk = talk
        client = {"name": "agentjit", "version": "1"}
        self._ask("initialize", {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}, wait)
        self._say({"method": "notifications/initialized"}, wait)
        cursor: object = None
        for _ in range(_PAGES):
            page = self._ask("tools/list", {} if cursor is None else {"cursor": cursor}, wait)
            tools = page.get("tools")
            self._tools += [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
            cursor = page.get("nextCursor")
            if cursor is None:
                return
        raise StepFailed(f"a list of the tools of MCP server {self._meant.name}", "one without an end")

    def _tool(self, call: Tool, name: str) -> Mapping[str, Any]:
        fitting = [tool for tool in self._tools if spelled(str(tool.get("name"))) == name]
        if len(fitting) != 1:
            raise StepFailed(f"one tool {name} of MCP server {self._meant.name}", f"{len(fitting) or 'none'}")
        if wrong := misfit(dict(call.given), fitting[0].get("inputSchema")):
            raise StepFailed(f"an input that fits the schema of {call.tool}", wrong)
        return fitting[0]

    def _called(self, call: Tool, tool: Mapping[str, Any], wait: _Wait) -> Result:
        import time

        begin = time.monotonic()
        answer = self._ask("tools/call", {"name": tool["name"], "arguments": dict(call.given)}, wait)
        text = _text_of(answer, call.tool)
        if answer.get("isError") is True:
            raise StepFailed(f"{call.tool} to succeed", text[:2000])
        return Result(text, None, time.monotonic() - begin)

    # --- messages

    def _ask(self, method: str, params: Mapping[str, Any], wait: _Wait) -> Mapping[str, Any]:
        """The result of a request; what the server says or asks meanwhile is answered with no."""
        self._last += 1
        self._say({"id": self._last, "method": method, "params": params}, wait)
        while True:
            message = self._heard(wait)
            if "method" in message:
                if "id" in message:
                    self._refuse(message, wait)
            elif message.get("id") == self._last:
                error, result = message.get("error"), message.get("result")
                if isinstance(error, dict):
                    raise StepFailed(f"{method} of MCP server {self._meant.name}", str(error.get("message"))[:500])
                if not isinstance(result, dict):
                    raise StepFailed(f"{method} of MCP server {self._meant.name}", "an answer without a result")
                return result

    def _refuse(self, message: Mapping[str, Any], wait: _Wait) -> None:
        if message["method"] == "ping":
            self._say({"id": message["id"], "result": {}}, wait)
        else:
            self._say({"id": message["id"], "error": {"code": _NO_METHOD, "message": "not supported"}}, wait)

    def _say(self, message: Mapping[str, Any], wait: _Wait) -> None:
        assert self._talk
        try:
            line = json.dumps({"jsonrpc": "2.0", **message}).encode("ascii")
            self._talk.send(line, wait.over)
        except (OSError, ValueError, TypeError) as error:
            raise wait.failed(error) from error

    def _heard(self, wait: _Wait) -> Mapping[str, Any]:
        """The next message; lines that are none are a server's chatter."""
        assert self._talk
        while True:
            try:
                line = self._talk.receive(wait.over)
            except (OSError, EOFError) as error:
                raise wait.failed(error) from error
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(message, dict):
                return message

    def close(self) -> None:
        if self._talk:
            self._talk.close()
            self._talk = None


def _text_of(answer: Mapping[str, Any], tool: str) -> str:
    """What the agent shows: the structured content if there is any, as compact JSON, else the texts, a line end between
    them.
    """
    blocks = answer.get("content") or []
    if not isinstance(blocks, list) or not all(
        isinstance(each, dict) and each.get("type") == "text" for each in blocks
    ):
        raise StepFailed(f"{tool} to answer with text", "something else")
    structured = answer.get("structuredContent")
    if structured is not None and answer.get("isError") is not True:
        return json.dumps(_plain(structured), ensure_ascii=False, separators=(",", ":"))
    return "\n".join(str(each.get("text", "")) for each in blocks)


def _plain(node: object) -> object:
    """A JSON value with numbers as the agent (JavaScript) writes them: 1.0 is 1."""
    if isinstance(node, dict):
        return {key: _plain(child) for key, child in node.items()}
    if isinstance(node, list):
        return [_plain(child) for child in node]
    return int(node) if isinstance(node, float) and node.is_integer() and abs(node) < 1e21 else node
