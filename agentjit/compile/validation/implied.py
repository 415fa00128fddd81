"""Stage 6: what a step needs is made sure of by what comes before it, or asked for before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from agentjit.compile.needs import BUILTINS
from agentjit.compile.validation.commands import shell_of
from agentjit.compile.validation.finding import Case, Finding, shown
from agentjit.compile.validation.names import patterns
from agentjit.compile.validation.walk import Placed, flat, placed
from agentjit.piece import Argument, Text
from agentjit.skill import Plan
from agentjit.step import BashStep, EditStep, Fork, Guard, Path, ReadStep, ShellStep, Step, WriteStep
from agentjit.trace import Effect

_ASKS_GIT = frozenset(("repo", "branch", "remote"))


def findings(case: Case) -> Iterator[Finding]:
    steps = placed(case.plan)
    yield from _programs(case, steps)
    yield from _surroundings(case.plan)
    for each in steps:
        yield from _files(case.plan, each)
    yield from _fork(case.plan.fork, tuple(flat(case.plan.steps)))


def _programs(case: Case, steps: list[Placed]) -> Iterator[Finding]:
    """The programs that are started by a bare name are looked for before anything runs."""
    wanted = {need.name for need in case.plan.requires if need.kind == "program"}
    kinds = patterns(case.plan)
    for each in steps:
        if not isinstance(each.step.call, BashStep | ShellStep):
            continue
        for command in shell_of(each.step.call, kinds, case.policy.parse).line.commands:
            program = command.words[0].value if command.words else None
            if program and "/" not in program and program not in BUILTINS and program not in wanted:
                what = f"{each.where} starts `{shown(program)}`, which the plan does not ask for"
                yield Finding(what, "it may be missing when half of the work is done", f"require `{shown(program)}`")


def _surroundings(plan: Plan) -> Iterator[Finding]:
    asks = [asked.key for asked in plan.environment if asked.key in _ASKS_GIT]
    if asks and not any(need.kind == "repository" for need in plan.requires):
        what = f"`{asks[0]}` is asked of git, and the plan does not ask for a repository"
        yield Finding(what, "outside of one there is no answer", "require a repository")
    for need in plan.requires:
        if (need.kind == "repository") == bool(need.name):
            yield Finding(f"a {need.kind} is required without saying which", "it could never be checked", "name it")


def _files(plan: Plan, each: Placed) -> Iterator[Finding]:
    """After the first write, a file that is read or edited is known to be there; before it, reading is the check."""
    call = each.step.call
    if not isinstance(call, ReadStep | EditStep):
        return
    writes = [step for step in each.before if step.effect is not Effect.READS]
    if not writes or any(isinstance(step.call, BashStep | ShellStep) for step in writes):
        return  # nothing is lost yet, or a program may have made it
    if not _there(plan, each, call.path):
        what = f"{each.where} needs a file that nothing before it read, wrote or required"
        yield Finding(what, "if it is missing, the work is left half done", "require the file, or read it first")


def _there(plan: Plan, each: Placed, path: Argument) -> bool:
    files = [need.name for need in plan.requires if need.kind == "file"]
    text = "".join(piece.text for piece in path if isinstance(piece, Text))
    constant = all(isinstance(piece, Text) for piece in path)
    touched = [step.call.path for step in each.before if isinstance(step.call, ReadStep | WriteStep | EditStep)]
    return path in touched or (constant and text.removeprefix("./") in files)


# --- forks


def _fork(fork: Fork | None, before: tuple[Step, ...]) -> Iterator[Finding]:
    taken: list[Guard] = []
    for path in fork.paths if fork else ():
        yield from _guard(path, taken, before)
        taken.append(path.guard)
        yield from _fork(path.fork, (*before, *flat(path.steps)))


def _guard(path: Path, taken: list[Guard], before: tuple[Step, ...]) -> Iterator[Finding]:
    guard = path.guard
    never = "that way could never be taken, or always"
    if guard in taken:
        yield Finding(
            f"two ways from a fork have the guard `{_said(guard)}`", "the second is never taken", "merge them"
        )
    if (guard.by == "exit" and not guard.codes) or (guard.by == "says" and not guard.expression):
        yield Finding(f"the guard `{_said(guard)}` asks for nothing", never, "compile the workflow again")
    of = next((step for step in before if step.result == guard.of), None)
    if of is None or guard.by != "exit":
        return
    promised = of.contract.exit_codes
    if not isinstance(of.call, BashStep | ShellStep):
        yield Finding(f"the guard `{_said(guard)}` asks a {of.call.tool} for its exit status", never, "ask its output")
    elif promised and not set(promised) & set(guard.codes):
        codes = " or ".join(map(str, promised))
        what = f"the guard `{_said(guard)}` asks for a status that its step never has (it promises {codes})"
        yield Finding(what, never, "let the step promise what the traces showed")


def _said(guard: Guard) -> str:
    detail = ", ".join(map(str, guard.codes)) if guard.by == "exit" else shown(guard.expression)
    return f"{guard.by}({shown(guard.of)}{', ' + detail if detail else ''})"
