"""What a compiled skill is made of: parameters, preconditions, endings, and the decorator that names it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Mapping, Sequence

from .calls import Call

TYPE_CHECKING = False  # as in typing, which takes milliseconds to import
if TYPE_CHECKING:
    from typing import Any


class Answer:
    """The closing answer: the model is not needed."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Gathered:
    """The steps are done; what they mean is for the model to say."""

    __slots__ = ()


def answer(text: str) -> Answer:
    """End: this is what the model said in every trace."""
    return Answer(text)


def gathered() -> Gathered:
    """End: the results go to the model, which concludes."""
    return Gathered()


if TYPE_CHECKING:
    Steps = Generator[Call | tuple[Call, ...], Any, Answer | Gathered]
    """Yields a call and gets its `Result`, or yields several at once and gets a tuple of results."""
else:
    Steps = Generator

Requirement = Callable[[Mapping[str, str], str], str]
"""(environment, working directory) -> what is missing, "" if nothing is."""

_UNFIT = re.compile(r"[\x00\ud800-\udfff]")


class Param:
    """A parameter: what its values look like, and examples. A value that looks otherwise is the model's business.

    A `secret` has no examples, and no record of a run shows it. A `hole` is what only a model can say: it may be left
    out, and is None then.
    """

    __slots__ = ("hole", "pattern", "secret", "seen")

    def __init__(self, pattern: str, seen: Sequence[str] = (), *, secret: bool = False, hole: bool = False) -> None:
        self.pattern = pattern
        self.seen = tuple(seen)
        self.secret = secret
        self.hole = hole

    def accepts(self, value: str) -> bool:
        """Whether `value` is of the kind seen, and not more than twice as long as any (80 characters always go; secrets
        and holes may have any length). No value holds a NUL or half a character (a lone surrogate).
        """
        if _UNFIT.search(value) or re.fullmatch(self.pattern, value) is None:
            return False
        return self.secret or self.hole or len(value) <= max(80, *(2 * len(example) for example in self.seen), 0)


def on_path(program: str) -> Requirement:
    """Precondition: `program` can be found."""

    def missing(env: Mapping[str, str], cwd: str) -> str:
        folders = env.get("PATH", os.defpath).split(os.pathsep)
        return (
            "" if any(_is_program(os.path.join(folder, program)) for folder in folders) else f"{program} is not on PATH"
        )

    return missing


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def in_env(name: str) -> Requirement:
    """Precondition: the environment variable is set."""
    return lambda env, cwd: "" if env.get(name) else f"${name} is not set"


def has_file(path: str) -> Requirement:
    """Precondition: the file or folder is there; `path` is relative to the working directory."""
    return lambda env, cwd: "" if os.path.exists(os.path.join(cwd, path)) else f"there is no {path} in {cwd}"


def in_repository() -> Requirement:
    """Precondition: the working directory is in a git repository."""

    def missing(env: Mapping[str, str], cwd: str) -> str:
        folder = os.path.abspath(cwd)
        while not os.path.exists(os.path.join(folder, ".git")):
            above = os.path.dirname(folder)
            if above == folder:
                return f"{cwd} is not in a git repository"
            folder = above
        return ""

    return missing


class Program:
    """A skill ready to run: call it with its arguments to get the generator."""

    __slots__ = ("function", "name", "params", "requires")

    def __init__(
        self, name: str, function: Callable[..., Steps], params: Mapping[str, Param], requires: Sequence[Requirement]
    ) -> None:
        self.name = name
        self.function = function
        self.params = dict(params)
        self.requires = tuple(requires)

    def __call__(self, **arguments: str) -> Steps:
        return self.function(**arguments)

    def wrong_arguments(self, arguments: Mapping[str, str]) -> str:
        """Why these arguments cannot be used, "" if they can."""
        if missing := [name for name, param in self.params.items() if name not in arguments and not param.hole]:
            return f"missing argument {missing[0]}"
        if foreign := [name for name in arguments if name not in self.params]:
            return f"no argument is called {foreign[0]}"
        for name, value in arguments.items():
            if not self.params[name].accepts(value):
                shown = "" if self.params[name].secret else f" {value!r}"
                return f"{name}{shown} does not look like {self.params[name].pattern}"
        return ""

    def unmet(self, env: Mapping[str, str], cwd: str) -> str:
        """The first precondition that does not hold in `cwd`, "" if all do."""
        return next((reason for requirement in self.requires if (reason := requirement(env, cwd))), "")


def skill(
    name: str, *, params: Mapping[str, Param] | None = None, requires: Sequence[Requirement] = ()
) -> Callable[[Callable[..., Steps]], Program]:
    """Make a generator function a skill."""
    return lambda function: Program(name, function, params or {}, requires)
