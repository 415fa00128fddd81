"""Drive a program with a performer: the one loop behind running, replaying, verifying and dry runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .calls import Ask, Call, Result
from .checks import Deviation
from .program import Answer, Program

Perform = Callable[[Call], Result]


class StepFailed(Deviation):
    """A call that could not be performed at all: denied, timed out, no such program."""


class Step:
    """A call that was performed, and its result."""

    __slots__ = ("call", "result")

    def __init__(self, call: Call, result: Result) -> None:
        self.call = call
        self.result = result


class Run:
    """How a program went.

    `outcome` is answered, gathered or handed_back; `reason` says why it was handed back; `stopped_at` is then the call
    that was asked for but gave no result, if that is where it stopped.
    """

    __slots__ = ("answer", "outcome", "reason", "steps", "stopped_at")

    def __init__(self, outcome: str, steps: list[Step], answer: str = "", reason: str = "") -> None:
        self.outcome = outcome
        self.steps = steps
        self.answer = answer
        self.reason = reason
        self.stopped_at: Call | None = None


def drive(program: Program, arguments: Mapping[str, str], perform: Perform) -> Run:
    """Run `program` to its end or to the first deviation; never raises for what the program or a call does."""
    steps: list[Step] = []
    asked: Call | None = None
    try:
        generator = program(**arguments)
        asked = next(generator)
        while True:
            result = perform(asked)
            if not isinstance(asked, Ask):
                steps.append(Step(asked, result))
            asked = None
            asked = generator.send(result)
    except StopIteration as end:
        if isinstance(end.value, Answer):
            return Run("answered", steps, answer=end.value.text)
        return Run("gathered", steps)
    except Deviation as deviation:
        run = Run("handed_back", steps, reason=str(deviation))
    except Exception as error:  # a program is data from disk: whatever it raises, the model takes over
        run = Run("handed_back", steps, reason=f"the program failed: {type(error).__name__}: {error}")
    run.stopped_at = asked
    return run
