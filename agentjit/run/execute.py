"""Run a published skill for real: integrity, arguments, preconditions, permission, steps. Standard library only."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
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


def execute(
    ready: Ready,
    arguments: Mapping[str, str],
    *,
    cwd: str,
    env: Mapping[str, str],
    seconds: float,
    mode: str = "default",
) -> Executed:
    """Run `ready` in `cwd` for at most `seconds`; `mode` is the harness's permission mode. Never raises."""
    begin = time.monotonic()

    def ended(outcome: str, reason: str, run: kit.Run | None = None) -> Executed:
        steps = run.steps if run else []
        return Executed(outcome, run.answer if run else "", reason, steps, time.monotonic() - begin)

    if ready.effects != "reads" and not ready.approved:
        return ended("refused", f"its worst effect is {ready.effects}; `aj approve {ready.name}` shows it")
    if ready.effects != "reads" and mode == "plan":
        return ended("refused", f"its worst effect is {ready.effects}, and the permission mode is plan")
    try:
        program = load(read_checked(ready.folder, ready.hash), os.path.join(ready.folder, "skill.py"))
    except Refused as refusal:
        return ended("refused", str(refusal))
    if wrong := program.wrong_arguments(arguments):
        return ended("refused", wrong)
    if unmet := program.unmet(env):
        return ended("handed_back", unmet)
    rules = Rules.of_claude_code(cwd, env)

    def permit(call: kit.Call) -> None:
        if objection := rules.objection(call, cwd, mode=mode, approved=ready.approved):
            raise kit.StepFailed(f"`{call.text}` to be allowed", objection)

    with Local(cwd=cwd, env=env, seconds=seconds, permit=permit) as local:
        run = kit.drive(program, arguments, local.perform)
    if run.outcome == "handed_back" and not run.steps and isinstance(run.stopped_at, kit.Call):
        denied = rules.objection(run.stopped_at, cwd, mode=mode, approved=ready.approved)
        if denied:
            return ended("refused", f"`{run.stopped_at.text}`: {denied}", run)
    return ended(run.outcome, run.reason, run)
