"""The steps of a plan as lines of its program."""

from __future__ import annotations

from agentjit.compile.explain import references
from agentjit.compile.rendering.checks import content, outcome
from agentjit.compile.rendering.code import call, finder_code, quoted, shape_code, string
from agentjit.piece import Binding, Ref, Text
from agentjit.skill import Plan
from agentjit.step import BashStep, ReadStep, ShellStep, Spread, Step


def environment_code(plan: Plan) -> list[list[str]]:
    """What is asked of the environment before anything is done."""
    return [[f"{asked.name} = (yield ask({quoted(asked.key)})).stdout"] for asked in plan.environment]


def steps_code(plan: Plan) -> list[list[str]]:
    """The lines of all steps."""
    return [group for step in plan.every_step() for group in step_code(step)]


def step_code(step: Step) -> list[list[str]]:
    """The lines of a step: the call, what must hold, what is taken out of it."""
    contract, own = step.contract, {binding.name for binding in step.bindings}
    named = (*contract.shape, *(piece for _, value in contract.holds for piece in value))
    names = {piece.name for piece in named if isinstance(piece, Ref)}
    names |= {name for finder, _ in contract.holds for name in references(finder)}
    first, second = outcome(contract), content(contract)
    if not names & own:  # what is about values of this very output comes when they are known
        first, second = [*first, *second], []
    lines = [call(f"{step.result} = yield {_verb(step)}", _arguments(step), f"  # {step.effect}")]
    lines += [call("ensure", [step.result, *first, f"seen={contract.seen}"])] if first else []
    lines += [_extract(binding, step) for binding in step.bindings]
    lines += [call("ensure", [step.result, *second, f"seen={contract.seen}"])] if second else []
    return lines


def _verb(step: Step) -> str:
    return {"argv": "bash", "script": "shell", "read": "read"}[step.call.form]


def _arguments(step: Step) -> list[str]:
    call = step.call
    if isinstance(call, BashStep):
        return [string(argument) for argument in call.argv if not isinstance(argument, Spread)]
    if isinstance(call, ReadStep):
        given = {"offset": call.offset, "limit": call.limit}
        return [string(call.path), *(f"{key}={value}" for key, value in given.items() if value is not None)]
    assert isinstance(call, ShellStep)
    return _script(call)


def _script(call: ShellStep) -> list[str]:
    """The script with `"$1"`, `"$2"`, … where its references stand, and their values behind it."""
    names = list(dict.fromkeys(piece.name for piece in call.script if isinstance(piece, Ref)))
    text = "".join(
        piece.text if isinstance(piece, Text) else f'"${names.index(piece.name) + 1}"' for piece in call.script
    )
    return [repr(text), *names]


def _extract(binding: Binding, step: Step) -> list[str]:
    finders = [finder_code(finder) for finder in binding.finders]
    kind = f"kind={shape_code(binding.pattern)}"
    source = f"{step.result}.stdout"
    absent = ["absent=True"] if binding.absent else []
    return call(f"{binding.name} = extract", [source, *finders, kind, f"seen={step.contract.seen}", *absent])
