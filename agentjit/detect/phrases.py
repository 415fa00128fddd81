"""Steps in plain words: what a command or tool does, as a person would say it (`phrases.json`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

_CONNECTOR = re.compile(r" (?:\|\||\|&|[|&]) ")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_MCP = re.compile(r"mcp__(?P<server>.+?)__(?P<tool>\w+)")


def phrase(signature: str) -> str:
    """What a step with this signature does: `git diff --stat` -> "see which files changed"; a pipeline is named for
    the command it begins with. A step that has no words is named by its program.
    """
    if tool := _MCP.match(signature):
        return f"{tool['tool'].replace('_', ' ')} ({tool['server'].replace('_', ' ')})"
    words = [word for word in _CONNECTOR.split(signature)[0].split() if not _ASSIGNED.match(word)]
    known = _phrases()
    for size in range(len(words), 0, -1):
        if found := known.get(" ".join(words[:size])):
            return found
    bare = [word for word in words if not word.startswith("-")]  # `git --no-pager log` is a `git log`
    for size in range(len(bare), 0, -1):
        if found := known.get(" ".join(bare[:size])):
            return found
    return f"run {words[0]}" if words else "run a command"


@cache
def _phrases() -> Mapping[str, str]:
    raw = json.loads(resources.files("agentjit.detect").joinpath("phrases.json").read_text("utf-8"))
    return dict(raw["phrases"])
