"""Tool calls as values: what a program yields, and what it gets back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

_POSITION = re.compile(r'"\$(?:([1-9])|\{([1-9][0-9]*)\}|\{@:([1-9][0-9]*)\})"')

Change = Callable[[str], str]


class Call:
    """One call of a tool. `tool` and `input` are the harness's words for it, `text` what a person would type."""

    __slots__ = ()
    tool = ""

    @property
    def text(self) -> str:
        raise TypeError("a call is one of Bash, Shell, Read, Write, Edit, Tool")

    @property
    def input(self) -> Mapping[str, object]:
        return {"command": self.text}

    def mapped(self, change: Change) -> Call:
        """The same call with `change` done to each value in it."""
        return self


class Bash(Call):
    """A program and its arguments, run without a shell."""

    __slots__ = ("argv",)
    tool = "Bash"

    def __init__(self, argv: tuple[str, ...]) -> None:
        self.argv = argv

    @property
    def text(self) -> str:
        return shlex.join(self.argv)

    def mapped(self, change: Change) -> Bash:
        return Bash(tuple(map(change, self.argv)))


class Shell(Call):
    """A fixed shell script; values reach it as the positional parameters `"$1"`, `"$2"`, … `"${10}"`, a list as
    `"${@:N}"` with its values last, and never as text.
    """

    __slots__ = ("args", "script")
    tool = "Bash"

    def __init__(self, script: str, args: tuple[str, ...]) -> None:
        self.script = script
        self.args = args

    @property
    def text(self) -> str:
        return _POSITION.sub(self._at, self.script)

    def _at(self, place: re.Match[str]) -> str:
        if place[3]:
            return shlex.join(self.args[int(place[3]) - 1 :])
        at = int(place[1] or place[2])
        return shlex.quote(self.args[at - 1] if at <= len(self.args) else "")

    def mapped(self, change: Change) -> Shell:
        return Shell(self.script, tuple(map(change, self.args)))


class Read(Call):
    """The harness's Read tool: a file, from line `offset` (1 is the first), at most `limit` lines."""

    __slots__ = ("limit", "offset", "path")
    tool = "Read"

    def __init__(self, path: str, offset: int | None, limit: int | None) -> None:
        self.path = path
        self.offset = offset
        self.limit = limit

    @property
    def text(self) -> str:
        lines = "" if self.offset is None and self.limit is None else f" from {self.offset or 1}"
        return f"Read {shlex.quote(self.path)}{lines}" + (f" for {self.limit}" if self.limit is not None else "")

    @property
    def input(self) -> Mapping[str, object]:
        given = {"file_path": self.path, "offset": self.offset, "limit": self.limit}
        return {key: value for key, value in given.items() if value is not None}

    def mapped(self, change: Change) -> Read:
        return Read(change(self.path), self.offset, self.limit)


class Write(Call):
    """The harness's Write tool: a file's whole new text; `new`: there must be nothing in its place."""

    __slots__ = ("content", "new", "path")
    tool = "Write"

    def __init__(self, path: str, content: str, new: bool = False) -> None:
        self.path = path
        self.content = content
        self.new = new

    @property
    def text(self) -> str:
        return f"Write {shlex.quote(self.path)}"

    @property
    def input(self) -> Mapping[str, object]:
        return {"file_path": self.path, "content": self.content}

    def mapped(self, change: Change) -> Write:
        return Write(change(self.path), change(self.content), self.new)


class Edit(Call):
    """The harness's Edit tool: `old`, which stands in the file once (or, for `every` place, at least once), becomes
    `new`. `whole` says where `old` must not be a part of a longer word: at its `begin`, its `end`, or `both`.
    """

    __slots__ = ("every", "new", "old", "path", "whole")
    tool = "Edit"

    def __init__(self, path: str, old: str, new: str, every: bool, whole: str = "") -> None:
        self.path = path
        self.old = old
        self.new = new
        self.every = every
        self.whole = whole

    @property
    def text(self) -> str:
        return f"Edit {shlex.quote(self.path)}"

    @property
    def input(self) -> Mapping[str, object]:
        given = {"file_path": self.path, "old_string": self.old, "new_string": self.new}
        return {**given, "replace_all": True} if self.every else given

    def mapped(self, change: Change) -> Edit:
        return Edit(change(self.path), change(self.old), change(self.new), self.every, self.whole)


class Tool(Call):
    """Any other tool of the harness, `mcp__SERVER__TOOL`, with its input as JSON values."""

    __slots__ = ("given", "tool")

    def __init__(self, tool: str, given: Mapping[str, object]) -> None:
        self.tool = tool
        self.given = given

    @property
    def text(self) -> str:
        import json

        return f"{self.tool} {json.dumps(self.given, ensure_ascii=False)}"

    @property
    def input(self) -> Mapping[str, object]:
        return self.given

    def mapped(self, change: Change) -> Tool:
        return Tool(self.tool, {key: _mapped(value, change) for key, value in self.given.items()})


def _mapped(value: object, change: Change) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(child, change) for key, child in value.items()}
    return [_mapped(child, change) for child in value] if isinstance(value, list) else value


class Ask(Call):
    """A question to the performer about the environment, not a tool call: `cwd`, `today` (YYYY-MM-DD), `home`, `user`,
    `repo`, `branch`, `remote`, `email`, `project:FILE#KEY`, or the value of a variable that is a secret (`$API_TOKEN`).
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def text(self) -> str:
        return self.name


class Result:
    """What a call gave: `stdout` is the text the agent would see (both streams), `seconds` how long it took, `cwd` the
    directory it ran in, "" where its files are out of reach (a trace).
    """

    __slots__ = ("cwd", "exit_code", "seconds", "stdout")

    def __init__(self, stdout: str, exit_code: int | None = 0, seconds: float = 0.0, cwd: str = "") -> None:
        self.cwd = cwd
        self.stdout = stdout
        self.exit_code = exit_code
        self.seconds = seconds


def bash(*argv: str) -> Bash:
    """A command as argv: `bash("git", "log", "-1")`, and with a list in it `bash("git", "add", *paths)`."""
    return Bash(argv)


def shell(script: str, *args: str) -> Shell:
    """A pipeline or list: `shell('kubectl get pods -n "$1" | grep -v Running', ns)`."""
    return Shell(script, args)


def read(path: str, offset: int | None = None, limit: int | None = None) -> Read:
    """A file's text, as the agent's Read tool gives it."""
    return Read(path, offset, limit)


def write(path: str, content: str, new: bool = False) -> Write:
    """A file's whole new text; folders on the way are made. `new`: all traces made a file, none took one's place."""
    return Write(path, content, new)


def edit(path: str, old: str, new: str, every: bool = False, whole: str = "") -> Edit:
    """`old` becomes `new` where it stands in a file: in one place, or in `every` place.

    `whole`: at its `begin`, its `end`, or `both`, no longer word may go on: `on` is not meant in `oneself`.
    """
    return Edit(path, old, new, every, whole)


def tool(name: str, given: Mapping[str, object]) -> Tool:
    """Another tool of the harness: `tool("mcp__github__get_issue", {"number": 7})`."""
    return Tool(name, given)


def together(*calls: Call) -> tuple[Call, ...]:
    """Calls to be made at the same time; their results come in the order written."""
    return calls


def ask(name: str) -> Ask:
    """The environment as the performer knows it: `cwd`, `today`, `$API_TOKEN`."""
    return Ask(name)
