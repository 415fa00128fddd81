"""Drive a program with a performer: the one loop behind running, replaying, verifying and dry runs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from .calls import Ask, Call, Result
from .checks import Deviation
from .program import Answer, Program

Perform = Callable[[Call], Result]


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

    def __call__(self, text: str) -> str:
        for value in sorted(self._names, key=len, reverse=True):
            for written in dict.fromkeys((shlex.quote(value), value)):
                text = text.replace(written, self._names[value])
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
                steps.append(Step(asked, result, mask(asked.text)))
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
    run.stopped_text = mask(asked.text) if asked else ""
    return run
