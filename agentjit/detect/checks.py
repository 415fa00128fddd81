"""Checks: commands that build, lint or test a project (`checks.json` says which, and with which words at most)."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from agentjit.detect.effects import effect_of
from agentjit.detect.shell import parse
from agentjit.hotspot import Action, Command, Line, Redirect
from agentjit.trace import Effect

_OPERAND = re.compile(r"[A-Za-z0-9_./][\w./:@\[\]-]*")
_VALUED = re.compile(r"[\w ./:|^$()*-]+")


def is_check(action: Action) -> bool:
    """Whether `action` checks the project and, by its words, changes nothing but caches and build products.

    A pipeline is one if what its first command prints is only read by the others.
    """
    return action.effect is not Effect.READS and _is_check(action.text)


@lru_cache(maxsize=4096)
def _is_check(text: str) -> bool:
    line = parse(text)
    if line.opaque or not line.commands or line.nested or set(line.connectors) - {"|", "|&"}:
        return False
    first, rest = line.commands[0], line.commands[1:]
    readers = Line(line.text, tuple(rest), line.connectors[1:]) if rest else None
    return _command(first) and (readers is None or effect_of(readers) is Effect.READS)


def _command(command: Command) -> bool:
    words = tuple(word.value for word in command.words if word.value is not None)
    plain = len(words) == len(command.words) and not command.assignments
    return plain and all(map(_harmless, command.redirects)) and _checks(words)


def _harmless(redirect: Redirect) -> bool:
    """Whether a redirection only joins the streams or throws one away."""
    target = redirect.target.value if redirect.target else None
    if redirect.operator in ("2>&", ">&", "1>&"):
        return target in ("1", "2")
    return redirect.operator in (">", "1>", "2>", "&>") and target == "/dev/null"


def _checks(words: tuple[str, ...]) -> bool:
    data = _data()
    if size := _begin(words, data["paths"]):
        return _allowed(words[size:], operands=True)
    if size := _begin(words, data["alone"]):
        return _allowed(words[size:], operands=False)
    if size := _begin(words, data["runners"]):
        return _checks(words[size:])
    size = _begin(words, data["tasks"])
    return len(words) == size + 1 and size > 0 and data["task"].fullmatch(words[size]) is not None


def _allowed(words: tuple[str, ...], *, operands: bool) -> bool:
    """Whether nothing but known flags and, with `operands`, names of files and tests is among the words."""
    data = _data()
    value = False
    for word in words:
        if value:
            if word.startswith("-") or not _VALUED.fullmatch(word):
                return False
            value = False
        elif word.startswith("-"):
            if word.partition("=")[0] not in data["flags"] and word not in data["valued"]:
                return False
            value = word in data["valued"]
        elif not operands or not _OPERAND.fullmatch(word):
            return False
    return not value


def _begin(words: tuple[str, ...], beginnings: frozenset[tuple[str, ...]]) -> int:
    """The length of the longest of `beginnings` that `words` begin with, 0 if with none."""
    sizes = (size for size in range(min(3, len(words)), 0, -1) if words[:size] in beginnings)
    return next(sizes, 0)


@cache
def _data() -> dict[str, Any]:
    raw = json.loads(resources.files("agentjit.detect").joinpath("checks.json").read_text("utf-8"))
    lists = {
        part: frozenset(tuple(text.split()) for text in raw[part]) for part in ("paths", "alone", "runners", "tasks")
    }
    names, suffixes = ("|".join(map(re.escape, raw[part])) for part in ("names", "suffixes"))
    task = re.compile(rf"(?:{names})(?:[:_-](?:{suffixes}))*")
    return {**lists, "flags": frozenset(raw["flags"]), "valued": frozenset(raw["valued"]), "task": task}
