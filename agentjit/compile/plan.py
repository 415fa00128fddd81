"""From a hotspot to a plan: every argument explained, every step's contract inferred, the ending chosen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from agentjit.compile.align import AlignedStep, align_step, stays
from agentjit.compile.entry import entry_of, parameters_of
from agentjit.compile.explaining.explain import Values
from agentjit.compile.explaining.secrets import Secrets
from agentjit.compile.explaining.shape import Vector
from agentjit.compile.following import holes
from agentjit.compile.following.assemble import Assembly, drafts_of, left_open, overall, remains, used
from agentjit.compile.following.before_writes import acting, settled
from agentjit.compile.following.build import Build, Shared, Tail
from agentjit.compile.following.domains import asked as looks
from agentjit.compile.following.domains import narrow, uses
from agentjit.compile.following.follow import follow
from agentjit.compile.following.order import key
from agentjit.compile.following.paths import chosen
from agentjit.compile.following.rounds import rows
from agentjit.compile.knowledge import Knowledge
from agentjit.compile.naming import Names, identifier, parameter_names, skill_name
from agentjit.compile.needs import needs
from agentjit.errors import NotCompilable
from agentjit.hotspot import Hotspot
from agentjit.skill import Asked, Cost, Plan, Support
from agentjit.trace import PLACEHOLDER

_KEYS = ("cwd", "today", "repo", "branch", "remote", "user", "home", "email")  # of the environment, likeliest first


def plan(hotspot: Hotspot, know: Knowledge, *, open_ended: bool = False) -> Plan:
    """The plan of a hotspot; `NotCompilable` says what stands in the way.

    Where its occurrences part, the plan forks; it covers those that `support` names, and hands the others back. If
    nothing tells which way they go it is none, or, `open_ended`, ends there and leaves the rest to the model.
    """
    if hotspot.obstacle or hotspot.template is None:
        raise NotCompilable(hotspot.obstacle or "no prompt starts it")
    stays(hotspot)
    names = parameter_names(hotspot.template, _common(hotspot))
    parameters_of(hotspot.template, names)
    given = {name: slot.values for name, slot in zip(names, hotspot.template.slots, strict=True)}
    surroundings = _surroundings(hotspot, know)
    asked = _asked(surroundings, names)
    environment = {name: surroundings[each] for name, each in asked.items()}
    begun = _begun(hotspot, given, environment, know, open_ended=open_ended)
    begun.values.name_for = Names(skill_name(hotspot.template, _common(hotspot)))
    tail = settled(follow(begun, rows([each.operations for each in hotspot.occurrences])))
    runs, covered = len(hotspot.occurrences), len(tail.covered())
    if 2 * covered < runs:
        raise NotCompilable(f"unstable: {runs - covered} of {runs} runs would be handed back")
    if unused := [name for name in given if name not in used(tail)]:
        raise NotCompilable(f"the prompt varies where {{{unused[0]}}} stands, but no call depends on it")
    return _clear(_assembled(hotspot, tail, names, asked))


def _common(hotspot: Hotspot) -> list[AlignedStep]:
    """The steps that all occurrences begin with: what the prompt's values are called is taken from them."""
    found = []
    for operations in zip(*(each.operations for each in hotspot.occurrences), strict=False):
        try:
            if len(set(map(key, operations))) > 1:
                break
            found.append(align_step(tuple(operations)))
        except NotCompilable:
            break
    return found


def _surroundings(hotspot: Hotspot, know: Knowledge) -> dict[str, Vector]:
    """What is known of the environment of every occurrence, by the keys of `Asked`."""
    known = [know.surroundings(occurrence) for occurrence in hotspot.occurrences]
    keys = dict.fromkeys((*_KEYS, *(key for each in known for key in each)))
    return {key: tuple(each[key] for each in known) for key in keys if all(key in each for each in known)}


def _asked(keys: Iterable[str], taken: Sequence[str]) -> dict[str, str]:
    """What values of the environment are called, name -> key: `branch`, the last part of `project:FILE#a.version`."""
    names: dict[str, str] = {}
    for each in keys:
        last = re.split(r"[#.]", each)[-1]
        known = [*taken, *names]
        hints = (last, f"project_{last}", "setting")
        name = each if each in ("cwd", "today") else next(n for hint in hints if (n := identifier(hint, known)))
        names[name] = each
    return names


def _begun(
    hotspot: Hotspot,
    given: Mapping[str, Vector],
    environment: Mapping[str, Vector],
    know: Knowledge,
    *,
    open_ended: bool,
) -> Build:
    said = " ".join(part for part in hotspot.template.parts if isinstance(part, str)) if hotspot.template else ""
    values = Values({**given, **environment}, Names(""), environment=environment, prompt=said)
    shared = Shared(
        judge=know.judge,
        secrets=Secrets(values.sources),
        given=(*given, *environment),
        slots=tuple(given),
        finals=tuple(occurrence.episode.final for occurrence in hotspot.occurrences),
        varying=frozenset(values.varying()),
        open_ended=open_ended,
    )
    return Build(tuple(range(len(hotspot.occurrences))), values, shared)


def _assembled(hotspot: Hotspot, tail: Tail, names: Sequence[str], asked: Mapping[str, str]) -> Plan:
    shared, covered = tail.build.shared, chosen(hotspot, tail.covered())
    assert covered.template
    aligned = [draft.aligned for draft in drafts_of(tail)]
    name = skill_name(covered.template, aligned)
    assembly = Assembly(tail, identifier(name))
    found = uses(tail)
    narrow(tail, found)
    steps, fork = assembly.steps(), assembly.fork()
    named = _named(*(each.model_dump_json() for each in (*steps, *([fork] if fork else ()))))
    named |= {piece.name for piece in tail.answer if piece.kind == "ref"}
    prompted = parameters_of(covered.template, names, found)
    known = tail.values.sources
    writes = acting(tail)
    environment = [
        Asked(name=name, key=each, pattern=looks(each, known.get(name, ()), found.get(name), writes=writes))
        for name, each in asked.items()
        if name in named or (writes and each == "branch")
    ]
    environment += [Asked(name=each[1:], key=each) for each in shared.secrets.environment if each[1:] in named]
    secret = tuple(each for each in shared.secrets.parameters if each.name in named)
    quoted = {name for name, use in found.items() if use.quoted}
    episodes = tuple(occurrence.episode.id for occurrence in covered.occurrences)
    return Plan(
        name=name,
        hotspot=hotspot.id,
        entry=entry_of(covered, prompted, writes=any(use.written for use in found.values())),
        parameters=(*prompted, *secret, *holes.parameters(shared.holes, named, quoted)),
        environment=tuple(environment),
        requires=needs(aligned, [each.key for each in environment]),
        steps=steps,
        fork=fork,
        ending=overall(tail),
        answer=tail.answer,
        remains=remains(tail),
        support=Support(
            occurrences=len(episodes),
            sessions=covered.sessions,
            episodes=episodes,
            ambiguous=tuple(dict.fromkeys((*shared.notes, *left_open(tail)))),
        ),
        cost=Cost(requests=hotspot.requests, tokens=hotspot.tokens, seconds=hotspot.seconds),
    )


def _named(*dumped: str) -> set[str]:
    """Every name that steps refer to."""
    found: set[str] = set()
    for text in dumped:
        found |= set(re.findall(r'"kind":"ref","name":"(\w+)"', text))
    return found


def _clear(plan: Plan) -> Plan:
    """The plan, if none of its texts is a secret's placeholder: no output and no prompt will ever read like that."""
    if PLACEHOLDER.search(plan.model_dump_json()):
        raise NotCompilable("a prompt or an output carries a secret that was always there")
    return plan
