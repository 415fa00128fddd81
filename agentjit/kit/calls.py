"""Tool calls as values: what a program yields, and what it gets back."""

from __future__ import annotations

import re
import shlex

_POSITION = re.compile(r'"\$([1-9][0-9]*)"')


class Call:
    """One call of a tool. `tool` and `input` are the harness's words for it, `text` what a person would type."""

    __slots__ = ()
    tool = ""

    @property
    def text(self) -> str:
        raise TypeError("a call is one of Bash, Shell, Read")

    @property
    def input(self) -> dict[str, object]:
        return {"command": self.text}


class Bash(Call):
    """A program and its arguments, run without a shell."""

    __slots__ = ("argv",)
    tool = "Bash"

    def __init__(self, argv: tuple[str, ...]) -> None:
        self.argv = argv

    @property
    def text(self) -> str:
        return shlex.join(self.argv)


class Shell(Call):
    """A fixed shell script; values reach it as the positional parameters `"$1"`, `"$2"`, … and never as text."""

    __slots__ = ("args", "script")
    tool = "Bash"

    def __init__(self, script: str, args: tuple[str, ...]) -> None:
        self.script = script
        self.args = args

    @property
    def text(self) -> str:
        return _POSITION.sub(lambda place: shlex.quote(self.args[int(place[1]) - 1]), self.script)


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
    def input(self) -> dict[str, object]:
        given = {"file_path": self.path, "offset": self.offset, "limit": self.limit}
        return {key: value for key, value in given.items() if value is not None}


def bash(*argv: str) -> Bash:
    """A command as argv: `bash("git", "log", "-1")`."""
    return Bash(argv)


def shell(script: str, *args: str) -> Shell:
    """A pipeline or list: `shell('kubectl get pods -n "$1" | grep -v Running', ns)`."""
    return Shell(script, args)


def read(path: str, offset: int | None = None, limit: int | None = None) -> Read:
    """A file's text, as the agent's Read tool gives it."""
    return Read(path, offset, limit)


class Result:
    """What a call gave: `stdout` is the text the agent would see (both streams), `seconds` how long it took."""

    __slots__ = ("exit_code", "seconds", "stdout")

    def __init__(self, stdout: str, exit_code: int | None = 0, seconds: float = 0.0) -> None:
        self.stdout = stdout
        self.exit_code = exit_code
        self.seconds = seconds


class Ask(Call):
    """A question to the performer about the environment, not a tool call: `cwd`, `today` (YYYY-MM-DD), or the value of
    a variable that is a secret (`$API_TOKEN`).
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def text(self) -> str:
        return self.name


def ask(name: str) -> Ask:
    """The environment as the performer knows it: `cwd`, `today`, `$API_TOKEN`."""
    return Ask(name)
