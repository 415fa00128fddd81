"""From a hotspot to a plan: every argument explained, every step's contract inferred, the ending chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from agentjit.compile.align import AlignedStep, align
from agentjit.compile.calls import call_of, effect_of, needs
from agentjit.compile.closing import closing
from agentjit.compile.contract import contract
from agentjit.compile.entry import entry_of, parameters_of
from agentjit.compile.explain import Values, references
from agentjit.compile.knowledge import Judge, Knowledge
from agentjit.compile.naming import parameter_names, result_names, skill_name, value_name
from agentjit.compile.secrets import Secrets
from agentjit.compile.shape import momentary
from agentjit.contract import Contract
from agentjit.errors import NotCompilable
from agentjit.hotspot import Hotspot
from agentjit.piece import Argument, Binding, Ref
from agentjit.skill import Asked, Cost, Parameter, Plan, Support
from agentjit.step import AnyCall, Ending, Step
from agentjit.trace import PLACEHOLDER

_KEYS = ("cwd", "today", "repo", "branch", "remote", "user", "home", "email")  # of the environment, likeliest first


def plan(hotspot: Hotspot, know: Knowledge) -> Plan:
    """The plan of a hotspot; `NotCompilable` says what stands in the way."""
    if hotspot.obstacle or hotspot.template is None:
        raise NotCompilable(hotspot.obstacle or "no prompt starts it")
    steps = align(hotspot)
    names = parameter_names(hotspot.template, steps)
    given = {name: slot.values for name, slot in zip(names, hotspot.template.slots, strict=True)}
    values = Values({**given, **_environment(hotspot, know)}, value_name)
    calls: list[AnyCall] = []
    secrets = Secrets(values.sources)
    for step in steps:
        calls.append(call_of(step, values, secrets))
        values.add_outputs(step.outputs)
        values.reserve(secrets.names)
    parameters = parameters_of(hotspot.template, names) + secrets.parameters
    asked = tuple(secrets.environment)
    attempt = values.copy()
    answer = closing([occurrence.episode.final for occurrence in hotspot.occurrences], attempt)
    if answer is not None and all(slot in _used_before(values, attempt) for slot in given):
        bound = {binding.name for bindings in attempt.bindings.values() for binding in bindings}
        verdict = not any(isinstance(piece, Ref) and piece.name in bound for piece in answer)
        contracts = [
            contract(step, attempt.bindings.get(i, ()), attempt.known(i), verdict=verdict)
            for i, step in enumerate(steps)
        ]
        contracts = [_echoing(each, attempt.bindings.get(i, ()), answer) for i, each in enumerate(contracts)]
        grounded = all(i in attempt.bindings or _promises(each) for i, each in enumerate(contracts))
        if grounded:
            return _clear(_assemble(hotspot, steps, calls, attempt, contracts, parameters, asked, answer, know.judge))
    if unused := [name for name in given if name not in values.used]:
        raise NotCompilable(f"the prompt varies where {{{unused[0]}}} stands, but no call depends on it")
    contracts = [contract(step, values.bindings.get(i, ()), values.known(i)) for i, step in enumerate(steps)]
    contracts = [each if i in values.bindings else _loose(each) for i, each in enumerate(contracts)]
    return _clear(_assemble(hotspot, steps, calls, values, contracts, parameters, asked, None, know.judge))


def _environment(hotspot: Hotspot, know: Knowledge) -> dict[str, tuple[str, ...]]:
    """What is known of the environment of every occurrence."""
    known = [know.surroundings(occurrence) for occurrence in hotspot.occurrences]
    return {key: tuple(each[key] for each in known) for key in _KEYS if all(key in each for each in known)}


def _clear(plan: Plan) -> Plan:
    """The plan, if none of its texts is a secret's placeholder: no output and no prompt will ever read like that."""
    if PLACEHOLDER.search(plan.model_dump_json()):
        raise NotCompilable("a prompt or an output carries a secret that was always there")
    return plan


def _used_before(values: Values, attempt: Values) -> set[str]:
    """Names that a call or a finder depends on; standing in the answer alone is not enough to be understood."""
    looked_up = {
        ref for bindings in attempt.bindings.values() for b in bindings for f in b.finders for ref in references(f)
    }
    return values.used | looked_up


def _promises(contract: Contract) -> bool:
    """Whether an output that nothing is taken from is known well enough to be left unsaid."""
    return bool(contract.holds) or (bool(contract.shape) and not momentary(contract.shape))


def _echoing(contract: Contract, bindings: Sequence[Binding], answer: Argument) -> Contract:
    """Where the answer is the output and nothing else, it claims nothing, and a word of trouble is just quoted."""
    names = {binding.name for binding in bindings}
    echo = len(answer) == 1 and isinstance(answer[0], Ref) and answer[0].name in names
    return contract.model_copy(update={"calm": False}) if echo else contract


def _loose(tight: Contract) -> Contract:
    """Where the model reads the output anyway, only the exit status is a promise."""
    return tight.model_copy(update={"shape": (), "holds": (), "header": "", "calm": False, "words": ()})


def _assemble(
    hotspot: Hotspot,
    steps: Sequence[AlignedStep],
    calls: Sequence[AnyCall],
    values: Values,
    contracts: Sequence[Contract],
    parameters: tuple[Parameter, ...],
    asked: tuple[str, ...],
    answer: Argument | None,
    judge: Judge,
) -> Plan:
    assert hotspot.template
    results = result_names(steps, values.sources)
    made = tuple(
        Step(
            call=calls[i],
            result=results[i],
            effect=effect_of(step, judge),
            contract=contracts[i],
            bindings=tuple(values.bindings.get(i, ())),
            seconds=_median([op.call.seconds for op in step.operations]),
        )
        for i, step in enumerate(steps)
    )
    named = _names(made, answer)
    environment = [Asked(name=key, key=key) for key in _KEYS if key in named]
    environment += [Asked(name=key[1:], key=key) for key in asked]
    episodes = tuple(occurrence.episode.id for occurrence in hotspot.occurrences)
    return Plan(
        name=skill_name(hotspot.template, steps),
        hotspot=hotspot.id,
        entry=entry_of(hotspot, [each for each in parameters if not each.secret]),
        parameters=parameters,
        environment=tuple(environment),
        requires=needs(steps),
        steps=made,
        ending=Ending.GATHERED if answer is None else Ending.ANSWERED,
        answer=answer or (),
        support=Support(occurrences=len(episodes), sessions=hotspot.sessions, episodes=episodes),
        cost=Cost(requests=hotspot.requests, tokens=hotspot.tokens, seconds=hotspot.seconds),
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None


def _names(steps: Sequence[Step], answer: Argument | None) -> set[str]:
    """Every name a plan refers to."""
    found: set[str] = set()
    texts = [step.model_dump_json() for step in steps]
    found |= {name for text in texts for name in re.findall(r'"kind":"ref","name":"(\w+)"', text)}
    return found | {piece.name for piece in answer or () if isinstance(piece, Ref)}
