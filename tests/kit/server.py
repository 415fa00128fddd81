"""A small MCP server over stdio for tests, standard library only: `python3 server.py [LOG]`.

Its tools: `add` (numbers), `say` (text back, as structured content too if asked), `fail`, `slow`, `picture`, `ask`
(asks the client something first), `where` (its directory and variables), `leave` (ends without an answer), `long`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

TEXT = {"type": "string"}
TOOLS: dict[str, dict[str, Any]] = {
    "add": {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 0}, "b": {"$ref": "#/$defs/number"}},
        "required": ["a", "b"],
        "additionalProperties": False,
        "$defs": {"number": {"type": "number"}},
    },
    "say": {"type": "object", "properties": {"text": TEXT, "structured": {"type": "boolean"}}, "required": ["text"]},
    "fail": {"type": "object"},
    "slow": {"type": "object", "properties": {"pid": TEXT}},
    "picture": {"type": "object"},
    "ask": {"type": "object"},
    "where": {"type": "object", "properties": {"name": TEXT}},
    "leave": {"type": "object"},
    "long": {"type": "object"},
    "odd.name": {"type": "object"},
}


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def called(name: str, given: dict[str, Any]) -> dict[str, Any]:
    if name == "add":
        return text(str(given["a"] + given["b"]))
    if name == "say":
        structured = {"structuredContent": {"result": given["text"], "size": 2.0}} if given.get("structured") else {}
        return {**text(*given["text"].split("|")), **structured}
    if name == "fail":
        return {**text("no such issue"), "isError": True}
    if name == "slow":
        with open(given["pid"], "w") as file:
            file.write(str(os.getpid()))
        time.sleep(100)
    if name == "picture":
        return {"content": [{"type": "image", "data": "", "mimeType": "image/png"}]}
    if name == "ask":
        print("a line of chatter that is no message", flush=True)
        say({"method": "notifications/progress", "params": {}})
        say({"id": 7, "method": "ping"})
        pong = json.loads(sys.stdin.readline())
        say({"id": "x", "method": "sampling/createMessage", "params": {}})
        return text(json.dumps([pong, json.loads(sys.stdin.readline())]))
    if name == "where":
        return text(f"{os.getcwd()} {os.environ.get(given['name'])}")
    if name == "leave":
        sys.exit(3)
    if name == "long":
        return text("x" * 5_000_000)
    return text("odd")


def text(*parts: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": part} for part in parts]}


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if len(sys.argv) > 1:
            with open(sys.argv[1], "a") as log:
                log.write(line)
        asked, params = message.get("method"), message.get("params", {})
        if asked == "initialize":
            about = {"name": "test", "version": "1"}
            result = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": about}
            say({"id": message["id"], "result": result})
        elif asked == "tools/list":
            first = int(params.get("cursor", 0))  # a page of four
            page = [{"name": name, "inputSchema": schema} for name, schema in list(TOOLS.items())[first : first + 4]]
            more = {"nextCursor": str(first + 4)} if first + 4 < len(TOOLS) else {}
            say({"id": message["id"], "result": {"tools": page, **more}})
        elif asked == "tools/call":
            say({"id": message["id"], "result": called(params["name"], params.get("arguments", {}))})


if __name__ == "__main__":
    main()
