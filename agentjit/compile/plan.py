"""From a hotspot to a plan: every argument explained, every step's contract inferred, the ending chosen."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from statistics import median

from agentjit.compile.align import AlignedStep, Column, align
from agentjit.compile.closing import closing
from agentjit.compile.contract import contract
from agentjit.compile.explain import Values, references
from agentjit.compile.kinds import kind_of
from agentjit.compile.naming import parameter_names, result_names, skill_name, value_name
from agentjit.compile.secrets import Secrets
from agentjit.compile.shape import momentary
from agentjit.entries import words
from agentjit.errors import NotCompilable
from agentjit.hotspot import Hotspot, Line, Template
from agentjit.skill import (
    Argument,
    BashStep,
    Binding,
    Contract,
    Cost,
    Ending,
    Entry,
    Parameter,
    Piece,
    Plan,
    ReadStep,
    Ref,
    ShellStep,
    Step,
    Support,
    Text,
)
from agentjit.trace import PLACEHOLDER, Effect

ANYWHERE = 3  # working directories from which the directory does not matter
_SEEN = 8  # examples kept of a parameter


Judge = Callable[[Line, frozenset[int]], Effect]
"""The worst that a line may do when the words with these numbers have other values of their kind."""


def plan(hotspot: Hotspot, *, day: Callable[[float], str], judge: Judge) -> Plan:
    """The plan of a hotspot; `NotCompilable` says what stands in the way.

    `day` gives the local date (YYYY-MM-DD) of a Unix time, as the agent knew it.
    """
    if hotspot.obstacle or hotspot.template is None:
        raise NotCompilable(hotspot.obstacle or "no prompt starts it")
    steps = align(hotspot)
    names = parameter_names(hotspot.template, steps)
    given = {name: slot.values for name, slot in zip(names, hotspot.template.slots, strict=True)}
    environment = {
        "cwd": tuple(occurrence.operations[0].call.cwd for occurrence in hotspot.occurrences),
        "today": tuple(day(occurrence.episode.at) for occurrence in hotspot.occurrences),
    }
    values = Values({**given, **environment}, value_name)
    calls: list[BashStep | ShellStep | ReadStep] = []
    secrets = Secrets(values.sources)
    for step in steps:
        calls.append(_call(step, values, secrets))
        values.add_outputs(step.outputs)
        values.reserve(secrets.names)
    parameters = _parameters(hotspot.template, names) + secrets.parameters
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
            return _clear(_assemble(hotspot, steps, calls, attempt, contracts, parameters, asked, answer, judge))
    if unused := [name for name in given if name not in values.used]:
        raise NotCompilable(f"the prompt varies where {{{unused[0]}}} stands, but no call depends on it")
    contracts = [contract(step, values.bindings.get(i, ()), values.known(i)) for i, step in enumerate(steps)]
    contracts = [each if i in values.bindings else _loose(each) for i, each in enumerate(contracts)]
    return _clear(_assemble(hotspot, steps, calls, values, contracts, parameters, asked, None, judge))


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


def _parameters(template: Template, names: Sequence[str]) -> tuple[Parameter, ...]:
    columns = [slot.values for slot in template.slots]
    if len(set(columns)) != len(columns):
        raise NotCompilable("two places of the prompt always had the same value: nothing tells them apart")
    found = []
    for name, column in zip(names, columns, strict=True):
        kind = kind_of(column)
        if kind is None:
            raise NotCompilable(f"the values of {{{name}}} are of no one kind: {', '.join(column[:3])}")
        found.append(Parameter(name=name, pattern=kind, seen=tuple(dict.fromkeys(column))[-_SEEN:]))
    return tuple(found)


def _call(step: AlignedStep, values: Values, secrets: Secrets) -> BashStep | ShellStep | ReadStep:
    if step.form == "script":
        return ShellStep(script=_script(step, values, secrets))
    arguments = tuple(_explained(column, step, values, secrets) for column in step.columns)
    if step.form == "argv":
        return BashStep(argv=arguments)
    given = step.operations[-1].call.input
    return ReadStep(path=arguments[0], offset=_number(given.get("offset")), limit=_number(given.get("limit")))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _explained(column: Column, step: AlignedStep, values: Values, secrets: Secrets) -> Argument:
    argument = secrets.explain(column.values, values.explain) if _secret(column) else values.explain(column.values)
    if argument is None:
        examples = ", ".join(dict.fromkeys(column.values))[:80]
        place = f"after {column.before!r} " if column.before else ""
        raise NotCompilable(f"in `{step.title}` the word {place}varies ({examples}) and nothing seen explains it")
    if column is step.columns[0] and step.form == "argv" and len(set(column.values)) > 1:
        raise NotCompilable("the program itself varies")
    return argument


def _secret(column: Column) -> bool:
    return any(PLACEHOLDER.search(value) for value in column.values)


def _script(step: AlignedStep, values: Values, secrets: Secrets) -> Argument:
    """The newest occurrence's line with its varying words replaced by references, each in quotes of its own."""
    pieces: list[Piece] = []
    at = 0
    for column in sorted(step.columns, key=lambda column: column.start):
        if not column.varies and not (_secret(column) and column.literal):
            continue
        pieces.append(Text(text=step.text[at : column.start]))
        for piece in _explained(column, step, values, secrets):
            pieces.append(Text(text=shlex.quote(piece.text)) if isinstance(piece, Text) else piece)
        at = column.end
    pieces.append(Text(text=step.text[at:]))
    if any(isinstance(piece, Text) and PLACEHOLDER.search(piece.text) for piece in pieces):
        raise NotCompilable("a command carries a secret where a shell expands the word or does not read one")
    return tuple(piece for piece in pieces if isinstance(piece, Ref) or piece.text)


def _assemble(
    hotspot: Hotspot,
    steps: Sequence[AlignedStep],
    calls: Sequence[BashStep | ShellStep | ReadStep],
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
            effect=_effect(step, judge),
            contract=contracts[i],
            bindings=tuple(values.bindings.get(i, ())),
            seconds=_median([op.call.seconds for op in step.operations]),
        )
        for i, step in enumerate(steps)
    )
    environment = (*(name for name in ("cwd", "today") if name in _names(made, answer)), *asked)
    episodes = tuple(occurrence.episode.id for occurrence in hotspot.occurrences)
    return Plan(
        name=skill_name(hotspot.template, steps),
        hotspot=hotspot.id,
        entry=_entry(hotspot, [each for each in parameters if not each.secret]),
        parameters=parameters,
        environment=environment,
        requires=_programs(steps),
        steps=made,
        ending=Ending.GATHERED if answer is None else Ending.ANSWERED,
        answer=answer or (),
        support=Support(occurrences=len(episodes), sessions=hotspot.sessions, episodes=episodes),
        cost=Cost(requests=hotspot.requests, tokens=hotspot.tokens, seconds=hotspot.seconds),
    )


def _effect(step: AlignedStep, judge: Judge) -> Effect:
    """The worst of what was done and of what the same line may do with other values."""
    effects = [operation.effect for operation in step.operations]
    varying = [column for column in step.columns if column.varies]
    line = step.operations[-1].line
    if line and varying:
        effects.append(judge(line, frozenset(column.number for column in varying if column.number is not None)))
    if any(column.number is None for column in varying):
        effects.append(Effect.WRITES_ELSEWHERE)  # a redirection whose target varies
    if any(_secret(column) for column in step.columns):
        effects.append(Effect.WRITES_ELSEWHERE)  # whom a secret is told, a person decides
    return Effect.worst(effects)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None


def _names(steps: Sequence[Step], answer: Argument | None) -> set[str]:
    """Every name a plan refers to."""
    found: set[str] = set()
    texts = [step.model_dump_json() for step in steps]
    found |= {name for text in texts for name in re.findall(r'"kind":"ref","name":"(\w+)"', text)}
    return found | {piece.name for piece in answer or () if isinstance(piece, Ref)}


def _programs(steps: Sequence[AlignedStep]) -> tuple[str, ...]:
    """The programs that plain and piped commands start, where a bare name is looked up on PATH."""
    found: list[str] = []
    for step in steps:
        line = step.operations[-1].line
        for command in line.commands if line else ():
            program = command.words[0].value if command.words else None
            if program and "/" not in program and program not in _BUILTINS:
                found.append(program)
    return tuple(dict.fromkeys(found))


_BUILTINS = frozenset("cd echo test [ : true false export set pwd read printf exit type command source . eval".split())


def _entry(hotspot: Hotspot, parameters: Sequence[Parameter]) -> Entry:
    assert hotspot.template
    kinds = iter(parameters)
    pattern, prompt = "", ""
    for space, part in zip(hotspot.template.spaces, hotspot.template.parts, strict=True):
        gap = r"\s+" if space and pattern else ""
        if part == "?" and part is hotspot.template.parts[-1]:
            pattern += gap.replace("+", "*") + r"\??"  # a question is one without its mark, too
            prompt += (space and " ") + part
        elif isinstance(part, str):
            pattern += gap + f"(?i:{re.escape(part)})"
            prompt += (space and " ") + part
        else:
            parameter = next(kinds)
            pattern += gap + f"(?P<{parameter.name}>{parameter.pattern})"
            prompt += (space and " ") + f"{{{parameter.name}}}"
    directories = tuple(sorted({occurrence.episode.cwd for occurrence in hotspot.occurrences}))
    literal = " ".join(part for part in hotspot.template.parts if isinstance(part, str))
    return Entry(
        prompt=prompt.strip(),
        pattern=pattern,
        words=tuple(words(literal)),
        directories=directories if len(directories) < ANYWHERE else (),
    )
