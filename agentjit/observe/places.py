"""Which folders are never recorded, and which of them a tool call names as it is written."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

OFF = ".aj-off"
"""A file of this name in a folder: nothing that happens in it or below is recorded."""

_LONGEST = 4096  # characters of a path; no system has longer ones, and if its beginning is excluded, all of it is
_CACHED = 100_000  # folders
_WORDS = 5000  # of a shell line; the rest is the text of a file being written
_PATHS = ("file_path", "path", "notebook_path", "absolute_path", "dir_path", "directory", "workdir", "cwd")
_COMMANDS = ("command", "cmd", "script")
_APART = re.compile(r"[\s\"'`;|&()<>{}=,:\\]+")
_MOVES = re.compile(r"cd|pushd|-C|\.\.")
_SPACE = re.compile(r"\s")
_QUOTED = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+""", re.DOTALL)
_QUOTING = re.compile(r"[\"'\\]")
_GLOB = re.compile(r"[*?\[]")
_FOLD = sys.platform == "darwin"  # whose file systems take A for a


def opted_out(folder: str) -> bool:
    """Whether the opt-out file lies in `folder`."""
    try:
        return os.path.lexists(os.path.join(folder, OFF))
    except ValueError:
        return False


class Places:
    """Decides about paths by the patterns of the config (`never`) and the opt-out files; answers are kept.

    `lookup` says of an absolute folder whether an opt-out file lies in it, `real` resolves links; `user` is the home
    directory that `~` stands for in a shell line.
    """

    def __init__(
        self,
        never: Sequence[str],
        lookup: Callable[[str], bool] = opted_out,
        *,
        real: Callable[[str], str] = os.path.realpath,
        user: str = "",
    ) -> None:
        self._lookup = lookup
        self._real = real
        self._user = user
        every = dict.fromkeys(each for pattern in never for each in (pattern, self._resolved_pattern(pattern)))
        self._never = [(pattern, _parts(pattern)) for pattern in every]
        self._known: dict[str, str] = {}
        self._answers: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def reason(self, path: str) -> str:
        """Why nothing at the absolute `path` (a folder or a file) is recorded, "" if it may be.

        Of a folder that is gone the parents decide. A relative path says nothing.
        """
        if path not in self._answers:
            if len(self._answers) > _CACHED:
                self._answers.clear()
            self._answers[path] = next(filter(None, map(self._climb, self.spellings(path))), "")
        return self._answers[path]

    def spellings(self, path: str) -> tuple[str, ...]:
        """`path` as written and with its links resolved, both absolute and normal; none if it is not absolute."""
        path = path[:_LONGEST].partition("\0")[0]
        if not path.startswith("/"):
            return ()
        normal = os.path.normpath("/" + path.lstrip("/"))
        real = self._resolved(path) if ".." in path else self._through(normal)
        return (normal,) if real == normal else (normal, real)

    def named(self, given: Mapping[str, Any], base: str) -> str:
        """Why a call with the input `given`, made in the directory `base` ("": not known), is not recorded.

        It is not if a path of it, or a word of its shell line as it is written, lies in an excluded folder. What a line
        does beyond its words (variables, globs, scripts, `grep -r` from above) cannot be known without running it.
        """
        for key in _PATHS:
            value = given.get(key)
            if isinstance(value, str) and (found := self.reason(_joined(base, value))):
                return found
        for key in _COMMANDS:
            if found := next(filter(None, map(self.reason, self._paths(_line(given.get(key)), base))), ""):
                return found
        return ""

    def _paths(self, line: str, base: str) -> Iterator[str]:
        """The absolute paths that a shell line names, and those relative to where its `cd`s have led."""
        for name in ("${HOME}", "$HOME"):
            line = line.replace(name, self._user or name)
        if not _MOVES.search(line) and not _oddly_spelled(line):
            for word in _APART.split(line):
                if "/" in word or word == "~":
                    yield _joined(base, self._user + word[1:] if (word + "/").startswith("~/") and self._user else word)
            return
        for words in _readings(line):
            here, before = base, ""
            for word in words[:_WORDS]:
                if (word + "/").startswith("~/") and self._user:
                    word = self._user + word[1:]
                moved = before in ("cd", "pushd")
                if moved or before == "-C" or "/" in word or word == "..":
                    path = _joined(here, word)
                    yield path
                    here = path if moved and not word.startswith("-") else here
                before = word

    def _climb(self, path: str) -> str:
        open_ = []
        while path not in self._known:
            open_.append(path)
            if path == os.path.dirname(path):
                break
            path = os.path.dirname(path)
        found = self._known.get(path, "")
        if len(self._known) > _CACHED:
            self._known.clear()
        for each in reversed(open_):
            found = found or self._own(each)
            self._known[each] = found
        return found

    def _own(self, path: str) -> str:
        parts = _parts(path)
        for pattern, wanted in self._never:
            if _matches(wanted, parts):
                return f"never = {pattern!r} in config.toml"
        return f"{os.path.join(path, OFF)}" if self._lookup(path) else ""

    def _through(self, path: str) -> str:
        """A normal path with its links resolved; those of a folder are resolved once."""
        folder, name = os.path.split(path)
        if not name or os.path.islink(path):
            return self._resolved(path)
        if folder not in self._folders:
            if len(self._folders) > _CACHED:
                self._folders.clear()
            self._folders[folder] = self._resolved(folder)
        return os.path.join(self._folders[folder], name)

    def _resolved(self, path: str) -> str:
        try:
            return self._real(path)
        except (OSError, ValueError):  # a loop, or no name a file can have
            return os.path.normpath("/" + path.lstrip("/"))

    def _resolved_pattern(self, pattern: str) -> str:
        """The pattern with the links of its plain beginning resolved."""
        first = _GLOB.search(pattern)
        if first is None:
            return self._resolved(pattern)
        plain, rest = os.path.split(pattern[: first.start()])
        return os.path.join(self._resolved(plain), rest + pattern[first.start() :])


def _parts(path: str) -> list[str]:
    return [part for part in (path.casefold() if _FOLD else path).split("/") if part]


def _matches(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the whole path matches; in time linear in both (the set of places in the pattern that may be next)."""
    places = _beyond({0}, pattern)
    for part in parts:
        taken = {place for place in places if place < len(pattern) and pattern[place] == "**"}
        taken |= {place + 1 for place in places - taken if place < len(pattern) and fnmatchcase(part, pattern[place])}
        places = _beyond(taken, pattern)
        if not places:
            return False
    return len(pattern) in places


def _beyond(places: set[int], pattern: Sequence[str]) -> set[int]:
    """`**` may also stand for nothing."""
    found = set(places)
    for place in sorted(places):
        while place < len(pattern) and pattern[place] == "**":
            place += 1
            found.add(place)
    return found


def _joined(base: str, path: str) -> str:
    return os.path.join(base, path) if base else path


def _line(value: object) -> str:
    if isinstance(value, list):  # argv
        return " ".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) else ""


def _oddly_spelled(line: str) -> bool:
    """A path in it may have escapes, or spaces between quotes; in doubt it may."""
    single, double = "'" in line, '"' in line
    if "\\" in line or (single and double):
        return True
    parts = line.split("'" if single else '"')
    return len(parts) % 2 == 0 or any(map(_SPACE.search, parts[1::2]))


def _readings(line: str) -> Iterator[list[str]]:
    """The words of a line: once cut at everything that can end one, once as the shell reads quotes."""
    if not line:
        return
    if "/" not in line and ".." not in line and "cd" not in line and "-C" not in line and "~" not in line:
        return
    yield [word for word in _APART.split(line) if word and not word.startswith("//")]
    if "\\" in line or "'" in line or '"' in line:
        words = (_QUOTING.sub("", word) for word in _QUOTED.findall(line[: _WORDS * 10]))
        yield [word.rpartition("=")[2] if word.startswith("-") else word for word in words]
