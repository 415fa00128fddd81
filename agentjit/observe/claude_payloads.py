"""Files of Claude Code hook payloads, as people's own logging hooks leave them: an array, or one payload a line."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from agentjit.observe import claude_hooks, wire
from agentjit.observe.reader import Counts, Reader, first_objects
from agentjit.trace import Seen

_LONGEST = 64 * 1024 * 1024  # bytes; a file that is one array is read whole
_RECORDED = ("UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "SessionStart", "SessionEnd", "Stop")


def _knows(head: bytes) -> bool:
    if head.lstrip().startswith(b"["):
        return b'"hook_event_name"' in head
    return any(isinstance(value.get("hook_event_name"), str) for value in first_objects(head))


def read(file: BinaryIO, counts: Counts, path: str) -> Iterator[Seen]:
    """Payloads carry no time and, if old, no ids: their order, their text and the file's own time must do."""
    at = os.fstat(file.fileno()).st_mtime
    text = file.read(_LONGEST).decode("utf-8", "replace")
    payloads = _array(text) if text.lstrip().startswith("[") else _lines(text)
    seen: Counter[str] = Counter()
    for place, payload in enumerate(payloads):
        counts.lines += 1
        event = wire.string(payload.get("hook_event_name")) if payload is not None else ""
        if payload is None or event not in _RECORDED:
            if payload is None:
                counts.broken += 1
            else:
                counts.skip(event)
            continue
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:16]
        seen[digest] += 1
        name = f"payload-{digest}-{seen[digest]}"
        key = "prompt_id" if event == "UserPromptSubmit" else "tool_use_id"
        try:
            yield from claude_hooks.records(event, {key: name, **payload}, at - (len(payloads) - place) / 1000)
        except claude_hooks.BadPayload:
            counts.broken += 1


def _array(text: str) -> list[dict[str, Any] | None]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return [None]
    return [value if isinstance(value, dict) else None for value in values]


def _lines(text: str) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = []
    for line in text.splitlines():
        if line.strip():
            values, reason = wire.objects(line)
            found += [*values, *([None] if reason else [])]
    return found


READER = Reader(claude_hooks.HARNESS, _knows, read, lambda env: [])
