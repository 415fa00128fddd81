"""What a compiled skill is made of: parameters, preconditions, endings, and the decorator that names it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence

from .calls import Call, Result


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


Steps = Generator[Call, Result, Answer | Gathered]
Requirement = Callable[[Mapping[str, str]], str]


class Param:
    """A parameter: what its values look like, and examples. A value that looks otherwise is the model's business.

    A `secret` has no examples, and no record of a run shows it.
    """

    __slots__ = ("pattern", "secret", "seen")

    def __init__(self, pattern: str, seen: Sequence[str] = (), *, secret: bool = False) -> None:
        self.pattern = pattern
        self.seen = tuple(seen)
        self.secret = secret

    def accepts(self, value: str) -> bool:
        """Whether `value` is of the kind seen, and not more than twice as long as any (80 characters always go)."""
        if self.secret:
            return re.fullmatch(self.pattern, value) is not None
        longest = max(80, *(2 * len(example) for example in self.seen), 0)
        return len(value) <= longest and re.fullmatch(self.pattern, value) is not None


def on_path(program: str) -> Requirement:
    """Precondition: `program` can be found."""

    def missing(env: Mapping[str, str]) -> str:
        return "" if shutil.which(program, path=env.get("PATH")) else f"{program} is not on PATH"

    return missing


def in_env(name: str) -> Requirement:
    """Precondition: the environment variable is set."""
    return lambda env: "" if env.get(name) else f"${name} is not set"


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
        if missing := [name for name in self.params if name not in arguments]:
            return f"missing argument {missing[0]}"
        if foreign := [name for name in arguments if name not in self.params]:
            return f"no argument is called {foreign[0]}"
        for name, value in arguments.items():
            if not self.params[name].accepts(value):
                shown = "" if self.params[name].secret else f" {value!r}"
                return f"{name}{shown} does not look like {self.params[name].pattern}"
        return ""

    def unmet(self, env: Mapping[str, str]) -> str:
        """The first precondition that does not hold, "" if all do."""
        return next((reason for requirement in self.requires if (reason := requirement(env))), "")


def skill(
    name: str, *, params: Mapping[str, Param] | None = None, requires: Sequence[Requirement] = ()
) -> Callable[[Callable[..., Steps]], Program]:
    """Make a generator function a skill."""
    return lambda function: Program(name, function, params or {}, requires)
