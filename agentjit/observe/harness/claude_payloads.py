"""Files of Claude Code hook payloads, as people's own logging hooks leave them: an array, or one payload a line.

Such files are appended to by hooks that run at once, committed, merged, cut off: what is whole in them is taken.
"""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from agentjit.observe import wire
from agentjit.observe.harness import claude_hooks
from agentjit.observe.reader import LONGEST, Counts, Reader, first_objects, identity
from agentjit.trace import CallSeen, Seen

_RECORDED = ("UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "SessionStart", "SessionEnd", "Stop")
_PIECE = 256 * 1024  # bytes read at once, or as much as there is of a payload already
_STEP = 1e-5  # seconds between payloads: their order is known, their time is not
_BEGIN = re.compile(r"(?:\A|(?<=[\s,\[\]}\0\ufeff]))\{")
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
_TRIES = 8  # times the text that may be read in vain, looking for whole payloads in what is damaged


def _knows(head: bytes) -> bool:
    if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        return b'"hook_event_name"' in head
    return any(isinstance(value.get("hook_event_name"), str) for value in first_objects(head))


def read(file: BinaryIO, counts: Counts, path: str) -> Iterator[Seen]:
    """Payloads carry no time and, if old, no ids: their order, their text and the file's own time must do.

    A payload that is in two files, or twice in one merged file, is one event; two that are alike in one file are two.
    Calls belong to the prompt before them in the file; in a file without prompts it is not known to which.
    """
    at = os.fstat(file.fileno()).st_mtime
    seen: Counter[str] = Counter()
    prompts: dict[str, str] = {}
    for place, payload in enumerate(_payloads(file)):
        counts.lines += 1
        event = wire.string(payload.get("hook_event_name")) if payload is not None else ""
        if payload is None:
            counts.broken += 1
        elif event not in _RECORDED:
            counts.skip(event or "unknown")
        else:
            try:
                yield from _records(event, _named(event, payload, seen, prompts), at + place * _STEP)
            except claude_hooks.BadPayload:
                counts.broken += 1


READER = Reader(claude_hooks.HARNESS, _knows, read, lambda env: [])


def _records(event: str, payload: dict[str, Any], at: float) -> Iterator[Seen]:
    for record in claude_hooks.records(event, payload, at):
        if isinstance(record, CallSeen) and record.call.at != at:  # by when it began it would come before earlier ones
            record = dataclasses.replace(record, call=dataclasses.replace(record.call, at=at))
        yield record


def _named(event: str, payload: dict[str, Any], seen: Counter[str], prompts: dict[str, str]) -> dict[str, Any]:
    """The payload with the ids that old clients leave out, made from its text."""
    session = wire.string(payload.get("session_id"))
    if event == "UserPromptSubmit":
        prompts[session] = identity(payload.get("prompt_id")) or _made(payload, seen)
        return {**payload, "prompt_id": prompts[session]}
    prompt = identity(payload.get("prompt_id")) or prompts.get(session, "payload-unknown")
    call = identity(payload.get("tool_use_id")) or (_made(payload, seen) if "tool_name" in payload else "")
    return {**payload, "prompt_id": prompt, "tool_use_id": call}


def _made(payload: dict[str, Any], seen: Counter[str]) -> str:
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:16]
    seen[digest] += 1
    return f"payload-{digest}-{seen[digest]}"


# --- payloads out of a text


def _payloads(file: BinaryIO) -> Iterator[dict[str, Any] | None]:
    """The whole payloads of a file, and None for each stretch that is none. Holds a piece, or the longest payload."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    scan = _Scan()
    while piece := file.read(max(_PIECE, len(scan.text))):
        scan.text += decoder.decode(piece)
        yield from scan.take(last=False)
    scan.text += decoder.decode(b"", final=True)
    yield from scan.take(last=True)


class _Scan:
    def __init__(self) -> None:
        self.text = ""
        self.damaged = False

    def take(self, last: bool) -> Iterator[dict[str, Any] | None]:
        """What is whole in the text so far; keeps the rest, of which more may come unless this was the `last`."""
        place = 0
        tries = _TRIES * len(self.text)
        while begin := _BEGIN.search(self.text, place):
            start = begin.start()
            if not _BETWEEN.fullmatch(self.text, place, start):
                yield from self._damage()
            value, end = wire.object_at(self.text, start)
            if value is None and end >= len(self.text) - 8 and not last and len(self.text) - start < LONGEST:
                self.text = self.text[start:]
                return
            if value is None:
                yield from self._damage()
                tries -= end - start
                if tries < 0:
                    place = len(self.text)
                    break
                place = start + 1
                continue
            place = end
            if isinstance(value.get("hook_event_name"), str):
                self.damaged = False
                yield value
            elif not self.damaged:  # in what is damaged it is a part of something
                yield value
        rest = self.text[place:]
        if not _BETWEEN.fullmatch(rest):
            yield from self._damage()
        self.text = "" if last else rest[-1:]  # what stands before a brace says whether it can begin a payload

    def _damage(self) -> Iterator[None]:
        """Each damaged stretch is counted once."""
        if not self.damaged:
            yield None
        self.damaged = True
