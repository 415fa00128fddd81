"""What is known of the words of programs, as data (`words.json`): where a value may stand, and of what kind.

**A value that begins with a dash.** The kinds of values admit none (`kinds.kind_of`), so a parameter or a value out of
an output cannot become a flag. A hole may be any text; it may begin with a dash only where no program takes it for a
flag: behind other text in its word, behind `--` where the program knows it, behind a flag that takes a value. `--` is
never added: the recorded call had none, a plan makes exactly the recorded calls, and a few programs read what follows
`--` differently (`git checkout X` is not `git checkout -- X`).

**A value in code.** Some programs read a word as a program or a query: `sqlite3 db "select … '{name}'"`. There a value
is not data any more, so it must be of a kind that holds no sign of any such language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from agentjit.compile.explaining.kinds import kind_of
from agentjit.piece import Text
from agentjit.step import BashStep, ShellStep

_HARMLESS = re.compile(r"[\w.@/:+-]*", re.ASCII)
_NAME = re.compile(r"(?:\[[A-Za-z0-9_.+@-]+\]|\\[.-]|[A-Za-z0-9_@-]|[?*+|()]|\(\?:|\{[0-9,]+\})*")
_CONDITION = re.compile(r"\A(?:\(\?[=!](?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+")  # it admits fewer values, never more
_SQL = frozenset("psql mysql mariadb sqlite3 duckdb bq".split())
_COMMENT = re.compile(r"--|//")


@dataclass(frozen=True, slots=True)
class Words:
    """The parts of `words.json`, names parted."""

    ends: frozenset[str]
    takes: Mapping[str, frozenset[str]]
    code: frozenset[str]


@cache
def built_in() -> Words:
    """The data that comes with AgentJIT."""
    raw = json.loads(resources.files("agentjit.compile.explaining").joinpath("words.json").read_text("utf-8"))
    takes = {name: frozenset(flags.split()) for names, flags in raw["takes"].items() for name in names.split()}
    return Words(frozenset(raw["ends"].split()), takes, frozenset(raw["code"].split()))


def may_begin_with_a_dash(before: Sequence[str | None]) -> bool:
    """Whether the word behind `before` (the program first; None: not a literal word) may begin with a dash and is not
    taken for a flag.
    """
    known = built_in()
    if not before or before[0] is None:
        return False
    program = before[0].rpartition("/")[2]
    if "--" in before[1:]:
        return program in known.ends
    subcommand = next((word for word in before[1:] if word and not word.startswith("-")), "")
    names = ("*", program, f"{program}-{subcommand}")
    own = frozenset(flag for name in names[1:] for flag in known.takes.get(name, ()))
    return before[-1] in own | known.takes.get("*", frozenset()) or _last_of(before[-1] or "", own)


def _last_of(flags: str, taking: Collection[str]) -> bool:
    """Whether the last of several flags in one word takes a value, as in `-am`, and none before it does."""
    if not re.fullmatch(r"-[A-Za-z]{2,}", flags):
        return False
    *others, last = (f"-{letter}" for letter in flags[1:])
    return last in taking and not any(other in taking for other in others)


def reads_code(words: Sequence[str | None]) -> bool:
    """Whether some word of a command is a program that reads words, or its input, as code."""
    return any(word is not None and word.rpartition("/")[2] in built_in().code for word in words)


def asks_in_sql(call: BashStep | ShellStep) -> bool:
    """Whether a call is of a program that reads a word, or its input, as SQL."""
    return not _SQL.isdisjoint(programs_named(call))


def programs_named(call: BashStep | ShellStep) -> set[str]:
    """The words of a call, as they would name programs: without the folder."""
    argv = call.script if isinstance(call, ShellStep) else call.argv
    text = " ".join(piece.text for piece in _pieces(argv) if isinstance(piece, Text))
    return {word.rpartition("/")[2] for word in text.split()}


def _pieces(part: object) -> Iterator[object]:
    if isinstance(part, tuple):
        for each in part:
            yield from _pieces(each)
    else:
        yield part


def harmless_in_code(values: Sequence[str]) -> bool:
    """Whether values of this kind mean the same in any language: names, numbers, paths, addresses of e-mail."""
    kind = kind_of(values)
    if kind is None or "\\S" in kind or "\\s" in kind:
        return False
    return all(_HARMLESS.fullmatch(value) and not _COMMENT.search(value) for value in values)


def within(path: str, folder: str) -> str | None:
    """What `path`, an absolute one, says from `folder` on, "" for the folder itself; None if it leads elsewhere."""
    rest = path[len(folder) :]
    if not folder.startswith("/") or not path.startswith(folder) or rest[:1] not in ("", "/"):
        return None
    return None if ".." in rest.split("/") or "//" in rest else rest[1:]


def part_of_a_name(pattern: str) -> bool:
    """Whether a value that matches `pattern` in full can only be part of a file's name: it leads to no other folder."""
    plain = _CONDITION.sub("", pattern)
    return bool(_NAME.fullmatch(plain)) and not any(re.fullmatch(pattern, climb) for climb in (".", "..", ""))
