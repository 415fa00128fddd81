"""The arguments of a program read by its rule: flags with their values, operands, and what nobody can know."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from agentjit.detect.catalogue import DIRECTORY, PATH, Rule
from agentjit.hotspot import Word
from agentjit.trace import Effect

_LONG = re.compile(r"(--[A-Za-z][\w-]*)=")
_KEPT = re.compile(r"--[A-Za-z][\w-]*=|[A-Za-z][A-Za-z0-9+.-]*://")
_NUMBER = re.compile(r"-[0-9]+")
# an expansion that stays one word: "…$X…" in double quotes, with bare letters before and after, and no "$@" or "$(…)"
_ONE_WORD = re.compile(r"[\w@%+=:,./-]*\"(?:[^\"\\$`]|\\.|\$\w++|\$\{\w++\}|\$(?=[\"\s]))*\"[\w@%+=:,./-]*", re.DOTALL)
_SPLITS = re.compile(r"[$`{]")
_GLOB = re.compile(r"[\w@%+=:,./*?\[\]!^-]+")
_PLAIN_START = re.compile(r"\"?[\w@%+=:,./^!]|~(?:/|$)")
_HOST = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*")  # of an address, with what stands before it
_LETTERS = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_STREAM = re.compile(r"/dev/(?:null|stdout|stderr|tty|fd/[0-9]+)")


@dataclass(frozen=True, slots=True)
class Arg:
    """A word as a program may get it. `value` None: not known now.

    `text` is what is known of it (the value, or how it begins); `one`: it is one word whatever it becomes; `dash`: it
    may turn out to begin with a dash, and so be a flag; `glob`: it becomes the names of files that match `text`;
    `seen`: what one that varies was.
    """

    value: str | None
    text: str
    one: bool = True
    dash: bool = False
    glob: bool = False
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """`options` are flags with their values, in order; `rest` are the words after the first operand, as they came.

    `sure` is False if a word that nobody can read may be a flag.
    """

    operands: tuple[Arg, ...]
    options: tuple[tuple[str, Arg | None], ...]
    rest: tuple[Arg, ...]
    sure: bool

    def has(self, *flags: str) -> bool:
        return any(name in flags for name, _ in self.options)

    def values(self, *flags: str) -> list[Arg | None]:
        return [value for name, value in self.options if name in flags]


def argument(word: Word, varies: bool = False) -> Arg:
    """`word` as an argument; one that `varies` will be another single word of the same kind.

    Of the same kind is: not a flag, or the same long flag with another value; a URL of the same scheme.
    """
    if varies:
        kept = _KEPT.match(word.value or "")
        dash = not kept and (word.value or "-").startswith("-")
        return Arg(None, kept[0] if kept else "", dash=dash, seen=word.value or "")
    if word.value is not None:
        return Arg(word.value, word.value)
    one = bool(_ONE_WORD.fullmatch(word.raw))
    glob = bool(_GLOB.fullmatch(word.raw))  # it may become several words, all with its own beginning
    fixed = one or glob or word.raw.startswith("~/")
    dash = not ((one or not _SPLITS.search(word.raw)) and fixed and _PLAIN_START.match(word.raw))
    return Arg(None, word.raw.lstrip('"'), one, dash, glob)


def literal(text: str) -> Arg:
    return Arg(text, text)


UNSEEN = Arg(None, "", one=False, dash=True)
"""Any number of words, each of any kind."""


def scan(rule: Rule, args: Sequence[Arg], *, stop: bool = False) -> Scan:
    """Split `args` into flags and operands as `rule` says; with `stop`, end at the first operand."""
    return _Scanner(rule, args, stop or rule.posix).run()


class _Scanner:
    def __init__(self, rule: Rule, args: Sequence[Arg], stop: bool) -> None:
        self.rule = rule
        self.args = args
        self.stop = stop
        self.at = 0
        self.sure = True
        self.operands: list[Arg] = []
        self.options: list[tuple[str, Arg | None]] = []

    def run(self) -> Scan:
        only_operands = False
        while self.at < len(self.args):
            arg = self.args[self.at]
            self.at += 1
            if arg.value == "--" and not only_operands:
                only_operands = True
            elif only_operands or not self._flag(arg):
                self.operands.append(arg)
                if self.stop:
                    break
        rest = tuple(self.args[self.at :])
        return Scan(tuple(self.operands), tuple(self.options), rest, self.sure)

    def _flag(self, arg: Arg) -> bool:
        """Take `arg` as a flag (with its value); False if it is an operand."""
        text = arg.value
        if text is None:
            glued = _LONG.match(arg.text)
            if glued and arg.one:
                self.options.append((glued[1], Arg(None, arg.text[glued.end() :])))
                return True
            self.sure = self.sure and not (arg.dash and self.rule.guarded)
            return False
        if len(text) < 2 or not text.startswith("-"):
            return False
        if text.startswith("--") or self.rule.single:
            self._long(text)
        elif self.rule.known(text) and not (len(text) == 2 and self._takes(text)):
            self.options.append((text, None))
        elif _NUMBER.fullmatch(text):
            self.options.append(("-#", literal(text[1:])))
        else:
            self._cluster(text)
        return True

    def _long(self, text: str) -> None:
        name, equals, value = text.partition("=")
        if equals:
            self.options.append((name, literal(value)))
        else:
            self.options.append((name, self._next() if self._takes(name) else None))

    def _cluster(self, text: str) -> None:
        for index, char in enumerate(text[1:], 2):
            flag, glued = f"-{char}", text[index:]
            if self._takes(flag):
                self.options.append((flag, literal(glued) if glued else self._next()))
                return
            if flag in self.rule.glued:
                self.options.append((flag, literal(glued) if glued else None))
                return
            self.options.append((flag, None))

    def _takes(self, flag: str) -> bool:
        return flag in self.rule.values or self.rule.verdicts.get(flag) in (PATH, DIRECTORY)

    def _next(self) -> Arg | None:
        if self.at >= len(self.args):
            return None
        arg = self.args[self.at]
        self.at += 1
        if not arg.one:
            self.sure = self.sure and not self.rule.guarded
        return arg


def path_effect(path: str | None, cwd: str = "") -> Effect:
    """Where a file at `path` is: a relative path, or one under `cwd`, without `..` is here; None may be anywhere."""
    if path is None or path == "" or path.startswith("~") or ".." in path.split("/"):
        return Effect.WRITES_ELSEWHERE
    if not path.startswith("/"):
        return Effect.WRITES_HERE
    home = posixpath.normpath(cwd) if cwd.startswith("/") else ""
    inside = home not in ("", "/") and (posixpath.normpath(path) + "/").startswith(home + "/")
    return Effect.WRITES_HERE if inside else Effect.WRITES_ELSEWHERE


def written(arg: Arg | None, cwd: str = "") -> Effect:
    """What changing the file `arg` names is; a glob below here stays here."""
    if arg is None:
        return Effect.WRITES_ELSEWHERE
    return path_effect(arg.text if arg.glob else arg.value, cwd)


def sent(arg: Arg | None, cwd: str = "") -> Effect:
    """What sending output to the file `arg` names is: to a standard stream or `/dev/null`, nothing."""
    if arg and arg.value is not None and _STREAM.fullmatch(arg.value):
        return Effect.READS
    return written(arg, cwd)


def acts(url: str, doing: Collection[str]) -> bool:
    """Whether one of the verbs `doing` stands in the path or the query of `url`: many a server acts on a GET."""
    told = unquote(_HOST.sub("", url.strip("\"'"), count=1))
    return any(word.casefold() in doing for part in _LETTERS.findall(told) for word in (part, *_HUMP.split(part)))
