"""Drive a program with a performer: the one loop behind running, replaying, verifying and dry runs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from .calls import Ask, Bash, Call, Read, Result, Shell
from .checks import Deviation
from .program import Answer, Program

Perform = Callable[[Call], Result]
_TELLING = 3  # characters of a secret that may be shown


class StepFailed(Deviation):
    """A call that could not be performed at all: denied, timed out, no such program."""


class Step:
    """A call that was performed, and its result. `text` is what a person would type, secrets left out."""

    __slots__ = ("call", "result", "text")

    def __init__(self, call: Call, result: Result, text: str) -> None:
        self.call = call
        self.result = result
        self.text = text


class _Mask:
    """Puts names in the place of secret values."""

    def __init__(self, program: Program, arguments: Mapping[str, str]) -> None:
        self._names = {arguments[name]: f"{{{name}}}" for name, param in program.params.items() if param.secret}

    def learn(self, asked: Ask, value: str) -> None:
        if asked.name.startswith("$"):
            self._names[value] = asked.name

    def call(self, call: Call) -> str:
        """What a person would type, with names for the values: taken out before words are quoted."""
        marks = {value: f"ajsecret{number}ajsecret" for number, value in enumerate(self._names)}

        def hidden(word: str) -> str:
            for value in sorted(marks, key=len, reverse=True):
                word = word.replace(value, marks[value])
            return word

        if isinstance(call, Bash):
            text = Bash(tuple(map(hidden, call.argv))).text
        elif isinstance(call, Shell):
            text = Shell(call.script, tuple(map(hidden, call.args))).text
        elif isinstance(call, Read):
            text = Read(hidden(call.path), call.offset, call.limit).text
        else:
            return call.text
        for value, mark in marks.items():
            text = text.replace(mark, self._names[value])
        return text

    def __call__(self, text: str) -> str:
        """A text with names for the values, however they are quoted in it, and for the beginning of one that is cut."""
        for value in sorted(self._names, key=len, reverse=True):
            name, inner = self._names[value], value.replace("'", "'\"'\"'")
            for written in dict.fromkeys((shlex.quote(value), inner, repr(value)[1:-1], value)):
                text = text.replace(written, name)
            for length in range(len(value) - 1, _TELLING, -1):
                text = text.replace(value[:length] + "…", name + "…")
        return text


class Run:
    """How a program went.

    `outcome` is answered, gathered or handed_back; `reason` says why it was handed back; `stopped_at` is then the call
    that was asked for but gave no result, if that is where it stopped, and `stopped_text` its text, secrets left out.
    """

    __slots__ = ("answer", "outcome", "reason", "steps", "stopped_at", "stopped_text")

    def __init__(self, outcome: str, steps: list[Step], answer: str = "", reason: str = "") -> None:
        self.outcome = outcome
        self.steps = steps
        self.answer = answer
        self.reason = reason
        self.stopped_at: Call | None = None
        self.stopped_text = ""


def drive(program: Program, arguments: Mapping[str, str], perform: Perform) -> Run:
    """Run `program` to its end or to the first deviation; never raises for what the program or a call does."""
    steps: list[Step] = []
    asked: Call | None = None
    mask = _Mask(program, arguments)
    try:
        generator = program(**arguments)
        asked = next(generator)
        while True:
            result = perform(asked)
            if isinstance(asked, Ask):
                mask.learn(asked, result.stdout)
            else:
                steps.append(Step(asked, result, mask.call(asked)))
            asked = None
            asked = generator.send(result)
    except StopIteration as end:
        if isinstance(end.value, Answer):
            return Run("answered", steps, answer=end.value.text)
        return Run("gathered", steps)
    except Deviation as deviation:
        run = Run("handed_back", steps, reason=mask(str(deviation)))
    except Exception as error:  # a program is data from disk: whatever it raises, the model takes over
        run = Run("handed_back", steps, reason=f"the program failed: {mask(f'{type(error).__name__}: {error}')}")
    run.stopped_at = asked
    run.stopped_text = mask.call(asked) if asked else ""
    return run
