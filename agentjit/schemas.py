"""What MCP servers say of their tools, kept in `~/.aj/tools.json`: written by `aj tools learn`, read by all others.

    {"tools": {"mcp__github__get_issue": {"server": "github", "inputSchema": {…}, "annotations": {…}}}}

The same tools make the same bytes, so that nothing that depends on the file is done again for nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.trace import Effect

_LARGEST = 64 << 20  # bytes of the file


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool by its server's own description: a JSON schema of its input, and hints about what it does."""

    server: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)

    @property
    def effect(self) -> Effect:
        """What the server says of it. A tool that it says nothing of, or two things at once, may do anything."""
        reads, destroys = self.annotations.get("readOnlyHint"), self.annotations.get("destructiveHint")
        if reads is True:
            return Effect.UNKNOWN if destroys is True else Effect.READS
        return Effect.WRITES_ELSEWHERE if reads is False else Effect.UNKNOWN


def load(home: Home) -> dict[str, Tool]:
    """The tools learned, by the name the agent calls them; none without the file. `BadInput` if it is none of ours."""
    try:
        with open(home.tools, "rb") as file:
            text = file.read(_LARGEST)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadInput(f"{home.tools} cannot be read: {error.strerror}") from error
    try:
        return {str(name): _tool(each) for name, each in json.loads(text)["tools"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"{home.tools} is no list of tools ({error}); `aj tools learn` writes it anew") from error


def _tool(raw: Mapping[str, Any]) -> Tool:
    schema, annotations = raw.get("inputSchema"), raw.get("annotations")
    return Tool(
        str(raw.get("server", "")),
        schema if isinstance(schema, dict) else {},
        annotations if isinstance(annotations, dict) else {},
    )


def effects(home: Home) -> dict[str, Effect]:
    """What each learned tool does, by its server's hints."""
    return {name: tool.effect for name, tool in load(home).items()}


def save(home: Home, tools: Mapping[str, Tool]) -> None:
    """Replace the file, readable by the user alone; readers see the old one or the new one."""
    rows = {
        name: {"server": tool.server, "inputSchema": tool.schema, "annotations": tool.annotations}
        for name, tool in tools.items()
    }
    content = json.dumps({"tools": rows}, sort_keys=True, indent=1, ensure_ascii=True).encode()
    path = Path(home.tools)
    if path.exists() and not path.is_symlink() and path.read_bytes() == content:
        return
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
