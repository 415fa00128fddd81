"""How good contracts are: which mutants of an output they catch, and how often honest outputs alarm them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agentjit import kit
from agentjit.compile.align import AlignedStep
from agentjit.compile.contract import contract
from agentjit.compile.explaining.finders import is_table, json_places
from agentjit.compile.rendering.checks import content, outcome
from agentjit.contract import Contract
from agentjit.detect.shell import canonical
from agentjit.detect.signature import operation
from agentjit.hotspot import Operation
from agentjit.piece import Binding, Cell, Finder, JsonPath, Kind
from agentjit.pipeline import Study
from agentjit.proving import same_call
from agentjit.run.load import load
from agentjit.trace import Episode, ToolCall
from tests.compile.mutants import Mutant, mutants
from tests.compile.truths import Truth

FIRST = 3  # outputs that a contract is inferred from before the next is held against it


@dataclass
class Score:
    """Mutants by operator: how many were tried and how many of them were caught; `missed` says which were not."""

    tried: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    caught: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    missed: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        return sum(self.caught.values()) / max(1, sum(self.tried.values()))

    def add(self, other: Score) -> None:
        for operator, count in other.tried.items():
            self.tried[operator] += count
            self.caught[operator] += other.caught[operator]
        self.missed += other.missed


def score(
    family: str, made: Study, history: Sequence[Episode], rows: Sequence[Mapping[str, str]], truth: Truth
) -> Score:
    """Every mutant of every recorded output, through the program with that trace's own arguments.

    A mutant is caught if the run is handed back, or if the answer is still what a careful reader would say.
    """
    assert made.plan, made.reason
    program = load(made.program, family)
    found = Score()
    for i, episode in enumerate(history):
        arguments = re.fullmatch(made.plan.entry.pattern, episode.prompt) or re.fullmatch(
            made.plan.entry.pattern, episode.prompt.rstrip("?.!")
        )
        assert arguments
        for step in range(len(episode.calls)):
            for mutant in mutants([each.calls[step].output for each in history], i, episode.calls[step].exit_code):
                run, outputs = _ran(program, arguments.groupdict(), history, i, step, mutant)
                true = truth(rows[i], outputs) if mutant.exit_code == episode.calls[step].exit_code else None
                found.tried[mutant.operator] += 1
                if run.outcome == "handed_back" or (run.outcome == "answered" and run.answer.strip() == true):
                    found.caught[mutant.operator] += 1
                else:
                    was = episode.calls[step].output
                    found.missed.append(f"{family} {step}, {mutant.operator}: {was!r} -> {mutant.text!r}: {run.answer}")
    return found


def _ran(
    program: kit.Program,
    arguments: Mapping[str, str],
    history: Sequence[Episode],
    trace: int,
    step: int,
    mutant: Mutant,
) -> tuple[kit.Run, list[str]]:
    """The program in the world of all traces, but that this step prints the mutant; the run, and what was printed."""
    told: list[str] = []

    def perform(call: kit.Call) -> kit.Result:
        if isinstance(call, kit.Ask):
            return kit.Result({"cwd": history[trace].cwd}[call.name], None)
        at = len(told)
        own = history[trace].calls[at]
        if at == step:
            told.append(mutant.text)
            return kit.Result(mutant.text, mutant.exit_code)
        done = next((other for other in _same_step(history, at, own) if same_call(call, other)), own)
        told.append(done.output)
        return kit.Result(done.output, done.exit_code)

    run = kit.drive(program, arguments, perform)
    return run, [*told, *(each.output for each in history[trace].calls[len(told) :])]


def _same_step(history: Sequence[Episode], at: int, own: ToolCall) -> Iterator[ToolCall]:
    """This trace's call first, then the same step of the others."""
    yield own
    yield from (episode.calls[at] for episode in history)


# --- honest variation


@dataclass
class Alarms:
    """Honest outputs that a contract was held against, and how many of them each check refused."""

    tried: int = 0
    refused: int = 0
    stated: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_check: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    examples: list[str] = field(default_factory=list)


def repeated(
    episodes: Sequence[Episode], least: int = FIRST + 1, *, alike: bool = False
) -> list[tuple[str, list[Operation]]]:
    """Commands that were run `least` times and more with status 0 and did not always print the same, in the order in
    which they ran: with the very same words, or `alike` but for their values.
    """
    groups: dict[object, list[Operation]] = defaultdict(list)
    for episode in episodes:
        for call in episode.calls:
            if call.tool == "Bash" and call.ok and call.exit_code == 0:
                read = operation(call)
                groups[read.signature if alike else canonical(str(call.input["command"]))].append(read)
    found = [sorted(each, key=lambda op: op.call.at) for each in groups.values() if len(each) >= least]
    return [(each[0].call.input["command"], each) for each in found if len({op.call.output for op in each}) > 1]


def alarms(groups: Sequence[tuple[str, list[Operation]]], *, quoted: bool, verdict: bool = False) -> Alarms:
    """The contract of the first three outputs and more of each command, held against the next one.

    `quoted`: a value is taken out of the output, by its key or by its column, where it is JSON or a table; other
    outputs are left out.
    """
    found = Alarms()
    for name, operations in groups:
        for size in range(FIRST, len(operations)):
            step = AlignedStep("script", tuple(operations[:size]), ())
            bindings = _quoted(step.outputs) if quoted else ()
            if bindings is None:
                continue
            inferred = contract(step, bindings, {}, verdict=verdict)
            call = operations[size].call
            result = kit.Result(call.output, call.exit_code)
            found.tried += 1
            refused = False
            for kind, check in _checks(inferred):
                found.stated[kind] += 1
                if reason := _refusal(result, check):
                    refused = True
                    found.by_check[kind] += 1
                    found.examples.append(f"{name[:60]!r}: {reason[:300]}")
            found.refused += refused
    return found


def _checks(inferred: Contract) -> list[tuple[str, str]]:
    """The checks of a contract by their kind, a shape's ranges with it."""
    found: list[tuple[str, str]] = []
    for check in map(str, (*outcome(inferred), *content(inferred))):
        kind = check.split("=")[0]
        if kind in ("within", "same"):
            found[-1] = ("shape", f"{found[-1][1]}, {check}")
        else:
            found.append((kind, check))
    return found


def _quoted(outputs: Sequence[str]) -> tuple[Binding, ...] | None:
    places = [place for place in json_places(outputs[0]) if isinstance(place, JsonPath)]
    finder: Finder
    if places:
        finder = places[0]
    elif all(map(is_table, outputs)):
        finder = Cell(column=0, row=1)
    else:
        return None
    return (Binding(name="value", finders=(finder,), pattern=(Kind(expression=".*"),)),)


def _refusal(result: kit.Result, check: str) -> str:
    try:
        eval(f"ensure(result, {check}, seen=1)", {**vars(kit), "result": result})
    except kit.Deviation as deviation:
        return str(deviation)
    return ""
