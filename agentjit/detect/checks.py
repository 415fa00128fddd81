"""Checks: commands that build, lint or test a project (`checks.json` says which)."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from agentjit.detect.effects import effect_of
from agentjit.detect.shell import parse
from agentjit.hotspot import Action, Command, Line
from agentjit.trace import Effect


def is_check(action: Action) -> bool:
    """Whether `action` checks the project and, by its words, changes nothing but caches and build products.

    A pipeline is one if what its first command prints is only read by the others.
    """
    line = parse(action.text)
    if line.opaque or not line.commands or line.nested or set(line.connectors) - {"|", "|&"}:
        return False
    first, rest = line.commands[0], line.commands[1:]
    readers = Line(line.text, tuple(rest), line.connectors[1:]) if rest else None
    return _command(first) and (readers is None or effect_of(readers) is Effect.READS)


def _command(command: Command) -> bool:
    words = [word.value for word in command.words]
    if None in words or command.assignments or any(not _harmless(r.operator, r.raw) for r in command.redirects):
        return False
    return _checks(tuple(word for word in words if word is not None))


def _harmless(operator: str, raw: str) -> bool:
    return operator in ("2>&", ">&", "1>&") or raw.endswith("/dev/null")


def _checks(words: tuple[str, ...]) -> bool:
    data = _data()
    if any(word.partition("=")[0] in data["writes"] for word in words):
        return False
    if _begin(words, data["programs"]) is not None:
        return True
    runner = _begin(words, data["runners"])
    if runner:
        return _checks(words[runner:])
    task = _begin(words, data["tasks"])
    named = words[task] if task and task < len(words) else ""
    return bool(re.fullmatch(data["names"], named)) and not re.search(data["never"], named)


def _begin(words: tuple[str, ...], beginnings: frozenset[tuple[str, ...]]) -> int | None:
    """The length of the longest of `beginnings` that `words` begin with."""
    sizes = (size for size in range(min(3, len(words)), 0, -1) if words[:size] in beginnings)
    return next(sizes, None)


@cache
def _data() -> dict[str, Any]:
    raw = json.loads(resources.files("agentjit.detect").joinpath("checks.json").read_text("utf-8"))
    for part in ("programs", "runners", "tasks"):
        raw[part] = frozenset(tuple(text.split()) for text in raw[part])
    return {**raw, "writes": frozenset(raw["writes"])}
