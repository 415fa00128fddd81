"""Replay equivalence: a program run over a recorded trace must make exactly the calls that were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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


# --- runs that a program was not compiled from


class Difference(StrEnum):
    """What a program first does otherwise than was done in a run: nothing; it only reads more or less; it ends where
    the run went on to write; it writes or answers otherwise.
    """

    NONE = "none"
    READS = "reads"
    GOES_ON = "goes on"
    WRITES = "writes"


def difference(
    program: kit.Program,
    arguments: Mapping[str, str],
    occurrence: Occurrence,
    *,
    environment: Mapping[str, str],
    same: SameCall,
    read: Callable[[kit.Call], Operation],
    writes: bool,
    partial: bool = False,
) -> tuple[Difference, str]:
    """Where `program` first parts from a run that it was not compiled from, and how, in words.

    `read` reads a yielded call for what it does: a call whose actions were made in other calls, one line for three, is
    no difference. `writes`: some step of the program does more than read. Stopping by contract is no difference.
    """
    if program.wrong_arguments(arguments):
        return Difference.NONE, ""
    world = _World(occurrence.operations, environment, same, read, writes=writes)
    run = kit.drive(program, arguments, world.perform)
    if world.found:
        return world.found
    if run.outcome == "handed_back":
        return Difference.NONE, ""
    wrote = next((each for each in world.left if not _reads(each)), None)
    if run.outcome == "answered" and not world.regrouped:
        final = (occurrence.episode.final or "").strip()
        if wrote:
            return Difference.WRITES, f"`{wrote.signature}` followed where it answers"
        if run.answer.strip() != final:
            return Difference.WRITES, f"the model said {final[:80]!r} where it answers {run.answer.strip()[:80]!r}"
    if wrote and not partial and not world.regrouped:
        return Difference.GOES_ON, wrote.signature
    return (Difference.READS, "") if world.left and not wrote and not partial else (Difference.NONE, "")


class _World:
    """A run's results for a program that was not compiled from it. `left` are the operations not asked for yet."""

    def __init__(
        self,
        operations: Sequence[Operation],
        environment: Mapping[str, str],
        same: SameCall,
        read: Callable[[kit.Call], Operation],
        *,
        writes: bool,
    ) -> None:
        self.left = list(operations)
        self.found: tuple[Difference, str] | None = None
        self.regrouped = False
        self._environment, self._same, self._read, self._writes = environment, same, read, writes

    def perform(self, call: kit.Call) -> kit.Result:
        """The recorded result of a call; where there is none, `found` says why and the program stops."""
        if isinstance(call, kit.Ask):
            return kit.Result(self._environment[call.name], None)
        ahead = list(takewhile(_reads, self.left))
        for each in (*ahead, *self.left[len(ahead) : len(ahead) + 1]):
            if self._same(call, each.call):
                self.left.remove(each)
                return _result(each)
        made = self._read(call)
        if together := self._grouped(made):
            return together
        self.found = self._other(made, call.text)
        raise kit.StepFailed("a call of that run", call.text)

    def _grouped(self, made: Operation) -> kit.Result | None:
        """The result of the call in which all of these actions, and others, were made; or of the calls that made them
        one by one.
        """
        asked, used = [action.key for action in made.actions], []
        for each in self.left:
            keys = [action.key for action in each.actions]
            if asked and keys and (asked[0] in keys or keys[0] in asked):
                used.append(each)
                asked = [key for key in asked if key not in keys]
            elif not _reads(each):
                break
            if used and not asked:
                break
        if not used or asked:
            return None
        self.regrouped = True
        wanted = {action.key for action in made.actions}
        for each in used:
            rest = tuple(action for action in each.actions if action.key not in wanted)
            at = self.left.index(each)
            self.left[at : at + 1] = [replace(each, actions=rest)] if rest else []
        return _result(used[-1])

    def _other(self, made: Operation, text: str) -> tuple[Difference, str]:
        """What it means that a run had no such call next."""
        ahead = next((each for each in self.left if not _reads(each)), None)
        instead = f"`{ahead.signature}` was called" if ahead else "nothing more was written"
        if self.regrouped and any(action.signature in _signatures(self.left) for action in made.actions):
            return Difference.NONE, ""  # what it takes out of the results of other calls says little
        if _reads(made) and (ahead or not self._writes):
            return Difference.READS, ""
        return Difference.WRITES, f"{instead} where it calls {text[:120]!r}"


def _signatures(operations: Sequence[Operation]) -> set[str]:
    return {action.signature for each in operations for action in each.actions}


def _result(operation: Operation) -> kit.Result:
    return kit.Result(operation.call.output, operation.call.exit_code, operation.call.seconds or 0.0)
