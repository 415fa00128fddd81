"""Drive a program with a performer: the one loop behind running, replaying, verifying and dry runs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from .calls import Ask, Call, Result
from .checks import Deviation, Inapplicable
from .program import Answer, Program

Perform = Callable[[Call], Result]
PerformAll = Callable[[tuple[Call, ...]], Sequence[Result]]
_TELLING = 3  # characters of a secret that may be shown


class StepFailed(Deviation):
    """A call that could not be performed at all: denied, timed out, no such program."""


class WaveFailed(StepFailed):
    """Of several calls made at the same time the one at `failed` could not be performed. `results` has what the others
    gave, None for those that were not begun or were ended with it.
    """

    def __init__(self, failure: StepFailed, failed: int, results: Sequence[Result | None]) -> None:
        super().__init__(failure.expected, failure.seen)
        self.failed = failed
        self.results = tuple(results)


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
        secret = [name for name, param in program.params.items() if param.secret and arguments.get(name)]
        self._names = {arguments[name]: f"{{{name}}}" for name in secret}

    def learn(self, asked: Ask, value: str) -> None:
        if asked.name.startswith("$") and value:
            self._names[value] = asked.name

    def call(self, call: Call) -> str:
        """What a person would type, with names for the values: taken out before words are quoted."""
        marks = {value: f"ajsecret{number}ajsecret" for number, value in enumerate(self._names)}

        def hidden(word: str) -> str:
            for value in sorted(marks, key=len, reverse=True):
                word = word.replace(value, marks[value])
            return word

        text = call.mapped(hidden).text
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


class _Journal:
    """Performs what a program asks for and notes it. `at` is the call that has no result yet."""

    def __init__(self, mask: _Mask, perform: Perform, perform_all: PerformAll | None) -> None:
        self.steps: list[Step] = []
        self.at: Call | None = None
        self.mask = mask
        self._perform = perform
        self._perform_all = perform_all

    def results(self, asked: object) -> Result | tuple[Result, ...]:
        """The result of a call, or those of several in the order written."""
        if isinstance(asked, Call):
            return self._note(asked, self._alone(asked))
        if not isinstance(asked, tuple) or not all(isinstance(call, Call) for call in asked):
            raise TypeError(f"it asks for {type(asked).__name__}, which is no call")
        if self._perform_all is None or len(asked) < 2:
            return tuple(self._note(call, self._alone(call)) for call in asked)
        try:
            results = self._perform_all(asked)
        except WaveFailed as failure:
            for call, result in zip(asked, failure.results, strict=True):
                if result is not None:
                    self._note(call, result)
            self.at = asked[failure.failed]
            raise
        return tuple(self._note(call, result) for call, result in zip(asked, results, strict=True))

    def _alone(self, call: Call) -> Result:
        self.at = call
        return self._perform(call)

    def _note(self, call: Call, result: Result) -> Result:
        if isinstance(call, Ask):
            self.mask.learn(call, result.stdout)
        else:
            self.steps.append(Step(call, result, self.mask.call(call)))
        self.at = None
        return result


def drive(
    program: Program, arguments: Mapping[str, str], perform: Perform, perform_all: PerformAll | None = None
) -> Run:
    """Run `program` to its end or to the first deviation; never raises for what the program or a call does.

    Calls yielded together go to `perform_all`, which gives their results in order or raises `WaveFailed`; without it
    they are performed one after the other.
    """
    journal = _Journal(_Mask(program, arguments), perform, perform_all)
    mask, steps = journal.mask, journal.steps
    try:
        generator = program(**arguments)
        asked = next(generator)
        while True:
            asked = generator.send(journal.results(asked))
    except StopIteration as end:
        if isinstance(end.value, Answer):
            return Run("answered", steps, answer=end.value.text)
        return Run("gathered", steps)
    except Deviation as deviation:
        run = Run("handed_back", steps, reason=mask(str(deviation)))
    except Inapplicable as unclear:
        run = Run("handed_back", steps, reason=mask(str(unclear)))
    except Exception as error:  # a program is data from disk: whatever it raises, the model takes over
        run = Run("handed_back", steps, reason=f"the program failed: {mask(f'{type(error).__name__}: {error}')}")
    run.stopped_at = journal.at
    run.stopped_text = mask.call(journal.at) if journal.at else ""
    return run
