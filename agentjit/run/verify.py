"""Replay equivalence: a program run over a recorded trace must make exactly the calls that were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from agentjit import kit
from agentjit.hotspot import Occurrence
from agentjit.trace import ToolCall

SameCall = Callable[[kit.Call, ToolCall], bool]


class Verdict(StrEnum):
    """How a replay went: everything as recorded; stopped by a contract; or something else than what happened."""

    EXACT = "exact"
    HANDED_BACK = "handed back"
    WRONG = "wrong"


def replay(
    program: kit.Program,
    arguments: Mapping[str, str],
    occurrence: Occurrence,
    *,
    environment: Mapping[str, str],
    same: SameCall,
) -> tuple[Verdict, str]:
    """Run `program` over the recorded results of `occurrence`; the verdict and its reason.

    `environment` answers `ask`; `same` tells whether a yielded call means the recorded one.
    """
    remaining = [operation.call for operation in occurrence.operations]
    wrong: list[str] = []

    def perform(call: kit.Call) -> kit.Result:
        if isinstance(call, kit.Ask):
            return kit.Result(environment[call.name], None)
        if not remaining or not same(call, remaining[0]):
            recorded = remaining[0].input.get("command", remaining[0].tool) if remaining else "nothing"
            wrong.append(f"it calls {call.text!r} where {recorded!r} was called")
            raise kit.StepFailed("the recorded call", call.text)
        done = remaining.pop(0)
        return kit.Result(done.output, done.exit_code, done.seconds or 0.0)

    if refusal := program.wrong_arguments(arguments):
        return Verdict.HANDED_BACK, refusal
    run = kit.drive(program, arguments, perform)
    if wrong:
        return Verdict.WRONG, wrong[0]
    if run.outcome == "handed_back":
        return Verdict.HANDED_BACK, run.reason
    if remaining:
        return Verdict.WRONG, f"it ends before {remaining[0].tool} was called"
    final = occurrence.episode.final or ""
    if run.outcome == "answered" and run.answer.strip() != final.strip():
        return Verdict.WRONG, f"it answers {run.answer[:80]!r} where the model said {final[:80]!r}"
    return Verdict.EXACT, ""
