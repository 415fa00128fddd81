"""Replay equivalence: a program run over a recorded trace must make exactly the calls that were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import takewhile

from agentjit import kit
from agentjit.hotspot import Occurrence, Operation
from agentjit.trace import Effect, ToolCall

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
    partial: bool = False,
    any_order: bool = False,
) -> tuple[Verdict, str]:
    """Run `program` over the recorded results of `occurrence`; the verdict and its reason.

    `environment` answers `ask`; `same` tells whether a yielded call means the recorded one. Each call is exactly one
    recorded call, and they come in the order recorded, but those yielded together: they were recorded next to each
    other in any order. `partial`: the program may end before the trace does, without an answer. `any_order`: reads that
    no write parts may come in another order than recorded.
    """
    remaining = list(occurrence.operations)
    wrong: list[str] = []

    def perform(call: kit.Call) -> kit.Result:
        if isinstance(call, kit.Ask):
            return kit.Result(environment[call.name], None)
        return match(call, 1)

    def perform_all(calls: tuple[kit.Call, ...]) -> list[kit.Result]:
        left = sum(not isinstance(call, kit.Ask) for call in calls)
        results = []
        for call in calls:
            if isinstance(call, kit.Ask):
                results.append(perform(call))
            else:
                results.append(match(call, left))
                left -= 1
        return results

    def match(call: kit.Call, among: int) -> kit.Result:
        """The result of the recorded call that `call` is, one of the next `among`."""
        ahead = list(takewhile(_reads, remaining)) if any_order else []
        if len(ahead) < among:
            ahead = remaining[:among]
        found = next((each for each in ahead if same(call, each.call)), None)
        if found is None:
            first = remaining[0].call if remaining else None
            recorded = first.input.get("command", first.tool) if first else "nothing"
            wrong.append(f"it calls {call.text!r} where {recorded!r} was called")
            raise kit.StepFailed("the recorded call", call.text)
        remaining.remove(found)
        return kit.Result(found.call.output, found.call.exit_code, found.call.seconds or 0.0)

    if refusal := program.wrong_arguments(arguments):
        return Verdict.HANDED_BACK, refusal
    run = kit.drive(program, arguments, perform, perform_all)
    if wrong:
        return Verdict.WRONG, wrong[0]
    if run.outcome == "handed_back":
        return Verdict.HANDED_BACK, run.reason
    if remaining and not (partial and run.outcome == "gathered"):
        return Verdict.WRONG, f"it ends before {remaining[0].call.tool} was called"
    final = occurrence.episode.final or ""
    if run.outcome == "answered" and run.answer.strip() != final.strip():
        return Verdict.WRONG, f"it answers {run.answer[:80]!r} where the model said {final[:80]!r}"
    return Verdict.EXACT, ""


def _reads(operation: Operation) -> bool:
    return operation.effect is Effect.READS
