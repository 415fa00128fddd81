"""Bounds on what one record holds (pure): the store has one transaction's memory, and no model was ever shown more."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from agentjit.trace import CallSeen, FinalSeen, PromptSeen, Seen

LONGEST = 4_000_000
"""Characters of a text; what is beyond is cut off, and the text says how much it was."""


def weight(record: Seen) -> int:
    """About how many characters a record holds."""
    if isinstance(record, CallSeen):
        return len(record.call.output) + _weight(record.call.input)
    return len(record.text) if isinstance(record, PromptSeen | FinalSeen) else 0


def bounded(record: Seen) -> Seen:
    """The record with no text longer than `LONGEST`."""
    if weight(record) <= LONGEST:
        return record
    if isinstance(record, CallSeen):
        call = record.call
        cut = dataclasses.replace(call, input=_value(call.input), output=_text(call.output))
        return dataclasses.replace(record, call=cut)
    if isinstance(record, PromptSeen | FinalSeen):
        return dataclasses.replace(record, text=_text(record.text))
    return record


def _weight(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return sum(_weight(item) for item in inner)


def _text(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}[{len(text) - LONGEST} more characters]"


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {key: _value(item) for key, item in value.items()}
    return [_value(item) for item in value] if isinstance(value, list | tuple) else value
