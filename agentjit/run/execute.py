"""Run a published skill for real: integrity, arguments, preconditions, permission, steps. Standard library only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from agentjit import kit
from agentjit.errors import Refused
from agentjit.kit.local import Local
from agentjit.run.load import load, read_checked
from agentjit.run.permission import Rules


class Ready(NamedTuple):
    """A skill that may be run: where it lies, what its files must hash to, and what a person allowed."""

    name: str
    folder: str
    hash: str
    effects: str
    approved: bool


class Executed(NamedTuple):
    """How it went: answered, gathered, handed_back, or refused (nothing was run). `steps` were performed."""

    outcome: str
    answer: str
    reason: str
    steps: list[kit.Step]
    seconds: float


class _NotRun(Exception):
    """Why a skill is not even begun, and what that is called."""

    def __init__(self, outcome: str, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class _Prepared(NamedTuple):
    """A program that may begin, the environment of its calls, and who is asked before each."""

    program: kit.Program
    env: Mapping[str, str]
    objection: Callable[[kit.Call], str]


def execute(
    ready: Ready,
    arguments: Mapping[str, str],
    *,
    cwd: str,
    env: Mapping[str, str],
    seconds: float,
    mode: str = "default",
) -> Executed:
    """Run `ready` in `cwd` for at most `seconds`; `mode` is the harness's permission mode. Never raises.

    A hole that is not in `arguments` ends the run, gathered, before the first step that needs it. What the skill may do
    at worst must be approved all the same.
    """
    begin = time.monotonic()

    def ended(outcome: str, reason: str, run: kit.Run | None = None) -> Executed:
        steps = run.steps if run else []
        return Executed(outcome, run.answer if run else "", reason, steps, time.monotonic() - begin)

    try:
        prepared = _prepared(ready, arguments, cwd, env, mode)
    except _NotRun as reason:
        return ended(reason.outcome, str(reason))

    def permit(call: kit.Call) -> None:
        if objection := prepared.objection(call):
            raise kit.StepFailed(f"`{call.text}` to be allowed", objection)

    with Local(cwd=cwd, env=prepared.env, seconds=seconds, permit=permit) as local:
        run = kit.drive(prepared.program, arguments, local.perform, local.perform_all)
    if run.outcome == "handed_back" and not run.steps and run.stopped_at and prepared.objection(run.stopped_at):
        return ended("refused", f"`{run.stopped_text}`: {prepared.objection(run.stopped_at)}", run)
    return ended(run.outcome, run.reason, run)


def foresee(
    ready: Ready, arguments: Mapping[str, str], *, cwd: str, env: Mapping[str, str], mode: str = "default"
) -> str:
    """Why `execute` would run nothing, "" if it would begin. Runs nothing itself."""
    try:
        prepared = _prepared(ready, arguments, cwd, env, mode)
    except _NotRun as reason:
        return str(reason)
    asked: list[str] = []

    def perform(call: kit.Call) -> kit.Result:
        if isinstance(call, kit.Ask):
            return local.perform(call)
        asked.append(prepared.objection(call))
        raise kit.StepFailed("nothing to be run", call.text)

    def perform_all(calls: tuple[kit.Call, ...]) -> list[kit.Result]:
        asked.extend(prepared.objection(call) for call in calls if not isinstance(call, kit.Ask))
        return [perform(call) for call in calls]

    with Local(cwd=cwd, env=prepared.env) as local:
        kit.drive(prepared.program, arguments, perform, perform_all)
    return next(filter(None, asked), "")


def _prepared(ready: Ready, arguments: Mapping[str, str], cwd: str, env: Mapping[str, str], mode: str) -> _Prepared:
    if ready.effects != "reads" and not ready.approved:
        raise _NotRun("refused", f"its worst effect is {ready.effects}; `aj approve {ready.name}` shows it")
    if ready.effects != "reads" and mode == "plan":
        raise _NotRun("refused", f"its worst effect is {ready.effects}, and the permission mode is plan")
    try:
        program = load(read_checked(ready.folder, ready.hash), os.path.join(ready.folder, "skill.py"))
    except Refused as refusal:
        raise _NotRun("refused", str(refusal)) from refusal
    if wrong := program.wrong_arguments(arguments):
        raise _NotRun("refused", wrong)
    env = {**env, "PATH": _absolute(env.get("PATH", ""))}
    if unmet := program.unmet(env, cwd):
        raise _NotRun("handed_back", unmet)
    rules = Rules.of_claude_code(cwd, env)
    return _Prepared(program, env, lambda call: rules.objection(call, cwd, mode=mode, approved=ready.approved))


def told(done: Executed) -> dict[str, object]:
    """The fields of a decision record that tell how a run went."""
    return {
        "outcome": done.outcome,
        "seconds": round(done.seconds, 3),
        "steps": [
            {"text": step.text, "exit_code": step.result.exit_code, "seconds": round(step.result.seconds, 3)}
            for step in done.steps
        ],
    }


def _absolute(path: str) -> str:
    """A PATH without its empty and relative entries: what lies in the working directory is not a program we know."""
    return os.pathsep.join(filter(os.path.isabs, path.split(os.pathsep))) or os.defpath
