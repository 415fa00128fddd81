"""What is only cosmetic in a call, as data: `cosmetics.json` and a user's own files over it, read once.

A file is an object of the parts below, each optional; names that share an entry are separated by blanks, and a
subcommand is written with a dash (`git-log`). Patterns are regular expressions of the whole.

- `wrappers`: programs that run the rest of their words and add nothing; their shape (`runs`, `values`) is in the
  catalogue of effects. Only with the `flags` named; what they skip must look like `operand`. One that `bounds` its
  program stays in front of an endless one.
- `builtins`: names that a shell takes for something of its own: what runs them as a program stays.
- `assignments`: variables that only format, with the pattern of such values.
- `colourless`: programs in front of which such variables only format, with the pattern of their names; others may show
  their variables, or run what does.
- `flags`: flags that only format, by program; those of a program with subcommands stand before the subcommand.
- `directories`: flags that make a program work in another directory, as if it had been started there; they stand
  before the first operand, or `anywhere`; with `subcommands`, only with these.
- `display`: programs that, at the end of a pipeline, show less of it or page it, with the pattern of their arguments.
- `cuts`: those of them that end the programs before them; `endless`: programs that may go on for ever without, with the
  flags or words that make them so.
- `filters`: programs that read nothing but their input when they have at most `operands` and such `flags`.
- `prints`: programs that only print; `fallbacks`: those that behind `||` only set an exit status.
- `mute`: programs that answer by their exit status, with the flags that make them so: what is printed behind one is
  its answer.
- `settings`: programs that set how the shell goes on, with the pattern of arguments that change no part's meaning.
- `state`: programs that change the shell for what follows: `carried` ones can be repeated before each part, `whole`
  ones keep the rest of the line together.
- `tools`: about calls of tools: `display` inputs that change nothing, the input that is a `paths` argument, and the
  tools that are the same `anywhere`, whatever the directory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from agentjit.detect.catalogue import merged, split_names
from agentjit.errors import BadInput

_NAMED = (
    "wrappers",
    "assignments",
    "colourless",
    "flags",
    "directories",
    "display",
    "endless",
    "filters",
    "mute",
    "settings",
)
_LISTED = ("builtins", "cuts", "prints", "fallbacks")
_PARTS = frozenset(("about", *_NAMED, *_LISTED, "state", "tools"))


@dataclass(frozen=True, slots=True)
class Wrapper:
    """`flags` it may have, and what the operands before its program must look like; `bounds`: it ends its program."""

    flags: frozenset[str]
    operand: re.Pattern[str]
    bounds: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Flags that name a directory to work in; `subcommands` empty: with any."""

    flags: frozenset[str]
    anywhere: bool
    subcommands: frozenset[str]


@dataclass(frozen=True, slots=True)
class Filter:
    """How few operands and which flags a program has that reads its input only."""

    operands: int
    flags: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Cosmetics:
    """The parts of the files, compiled. `formatted` are the programs that `flags` says anything about; `own` the names
    that a shell takes for something of its own, be it for a change of itself.
    """

    wrappers: Mapping[str, Wrapper]
    own: frozenset[str]
    assignments: Mapping[str, re.Pattern[str]]
    colourless: Mapping[str, re.Pattern[str]]
    flags: Mapping[str, frozenset[str]]
    formatted: frozenset[str]
    directories: Mapping[str, Place]
    display: Mapping[str, re.Pattern[str]]
    cuts: frozenset[str]
    endless: Mapping[str, frozenset[str]]
    filters: Mapping[str, Filter]
    prints: frozenset[str]
    fallbacks: frozenset[str]
    mute: Mapping[str, frozenset[str]]
    settings: Mapping[str, re.Pattern[str]]
    carried: frozenset[str]
    whole: frozenset[str]
    tool_display: Mapping[str, frozenset[str]]
    tool_paths: Mapping[str, str]
    tool_anywhere: frozenset[str]


def load(*paths: Path) -> Cosmetics:
    """The built-in cosmetics with the files `paths` laid over them, later ones last; `BadInput` names a wrong file."""
    text = resources.files("agentjit.detect.operations").joinpath("cosmetics.json").read_text("utf-8")
    raw: dict[str, Any] = _named(json.loads(text))
    for path in paths:
        try:
            raw = merged(raw, _named(json.loads(path.read_text("utf-8"))))
            _cosmetics(raw)
        except (OSError, ValueError, TypeError, AttributeError, KeyError, re.error) as error:
            raise BadInput(f"{path} is not a file of cosmetics: {error}; mend it or move it away") from error
    return _cosmetics(raw)


@cache
def built_in() -> Cosmetics:
    """The cosmetics that come with AgentJIT."""
    return load()


def _named(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` with an entry for each name, so that two files can be merged by name."""
    found = {part: split_names(value) if part in _NAMED else value for part, value in raw.items()}
    if tools := found.get("tools"):
        inner = {part: split_names(tools[part]) for part in ("display", "paths") if part in tools}
        found["tools"] = {**tools, **inner}
    return found


def _cosmetics(raw: Mapping[str, Any]) -> Cosmetics:
    if unknown := set(raw) - _PARTS:
        raise ValueError(f"no such part: {', '.join(sorted(unknown))}")
    flags = _lists(raw["flags"])
    tools, state = raw["tools"], raw["state"]
    return Cosmetics(
        wrappers={
            name: Wrapper(_list(each["flags"]), re.compile(each.get("operand", "")), bool(each.get("bounds")))
            for name, each in _items(raw, "wrappers")
        },
        own=_list(raw["builtins"]) | _list(state["carried"]) | _list(state["whole"]),
        assignments=_patterns(raw["assignments"]),
        colourless=_patterns(raw["colourless"]),
        flags=flags,
        formatted=frozenset(name.partition("-")[0] for name in flags),
        directories={
            name: Place(_list(each["flags"]), bool(each.get("anywhere")), _list(each.get("subcommands", "")))
            for name, each in _items(raw, "directories")
        },
        display=_patterns(raw["display"]),
        cuts=_list(raw["cuts"]),
        endless=_lists(raw["endless"]),
        filters={
            name: Filter(int(each["operands"]), re.compile(each["flags"])) for name, each in _items(raw, "filters")
        },
        prints=_list(raw["prints"]),
        fallbacks=_list(raw["fallbacks"]),
        mute=_lists(raw["mute"]),
        settings=_patterns(raw["settings"]),
        carried=_list(state["carried"]),
        whole=_list(state["whole"]),
        tool_display=_lists(tools["display"]),
        tool_paths={name: str(key) for name, key in tools["paths"].items()},
        tool_anywhere=_list(tools["anywhere"]),
    )


def _items(raw: Mapping[str, Any], part: str) -> list[tuple[str, Mapping[str, Any]]]:
    return list(raw[part].items())


def _list(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _lists(raw: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {name: _list(names) for name, names in raw.items()}


def _patterns(raw: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for name, pattern in raw.items()}
