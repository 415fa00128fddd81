"""Admission: which of many compiled plans become skills, and which skill each of them is.

One habit has many phrasings, and one workflow is found more than once: with a constant where a later trace has a
parameter, or under other words. Near-duplicates are joined here, never piled up. What is joined is proven by replay: a
plan takes in another only if it reproduces every trace of the other, call by call.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import chain, count

from agentjit.entries import words
from agentjit.hotspot import Occurrence
from agentjit.skill import Entry, Parameter, Plan

_SEEN = 8  # examples kept of a parameter
_NAMES = frozenset(("name", "result", "over", "item", "of"))  # fields in which a name of the plan's own may stand
_EVIDENCE = frozenset(("seconds", "seen", "evidence"))
_LOOSE = _EVIDENCE | {"contract", "beside", "pattern", "absent"}

Replays = Callable[[Plan, Sequence[Occurrence]], bool]
"""Whether a plan's program reproduces these traces exactly."""


@dataclass(frozen=True)
class Proposal:
    """A proven plan with the traces it was compiled from."""

    plan: Plan
    occurrences: tuple[Occurrence, ...]

    @property
    def rank(self) -> tuple[int, str]:
        """More evidence first; equal for no two hotspots."""
        return (-self.plan.support.occurrences, self.plan.hotspot)

    @cached_property
    def shape(self) -> str:
        """What the plan does; worked out once, as every two proposals are compared."""
        return shape(self.plan)

    @cached_property
    def roles(self) -> dict[str, str]:
        """The parts that the plan's names play."""
        return _roles(self.plan)

    @cached_property
    def words(self) -> tuple[frozenset[str], ...]:
        """The words of each entry that a prompt must have to start it."""
        return tuple(frozenset(entry.words) for entry in (self.plan.entry, *self.plan.also))

    @cached_property
    def prompts(self) -> tuple[tuple[str, str, frozenset[str]], ...]:
        """What started its traces: prompt, working directory, words."""
        asked = ((each.episode.prompt, each.episode.cwd) for each in self.occurrences)
        return tuple((prompt, cwd, frozenset(words(prompt))) for prompt, cwd in asked)

    def starts(self, asked: tuple[str, str, frozenset[str]]) -> bool:
        """Whether a prompt of another's traces would start it."""
        prompt, cwd, said = asked
        return any(own <= said for own in self.words) and starts(self.plan, prompt, cwd) is not None


@dataclass(frozen=True, slots=True)
class Admitted:
    """The plans that become skills, by the hotspot each was compiled from; and why the others do not."""

    plans: Mapping[str, Plan]
    refused: Mapping[str, str]


def admit(proposals: Sequence[Proposal], replays: Replays) -> Admitted:
    """Join what is one workflow, and refuse what its own prompts contradict. The same in whatever order they come."""
    kept: list[Proposal] = []
    refused: dict[str, str] = {}
    for new in sorted(proposals, key=lambda each: each.rank):
        for at, old in enumerate(kept):
            if joined := joint(old, new, replays):
                kept[at] = joined
                into, gone = joined.plan, new.plan if joined.plan.hotspot == old.plan.hotspot else old.plan
                refused[gone.hotspot] = f"it is the workflow of {into.name}, which has its traces now"
                break
        else:
            kept.append(new)
    for one in kept:
        if prompt := _contradicted(one, kept):
            refused[one.plan.hotspot] = f"its prompts have led to other steps, too: {prompt[:80]}"
    return Admitted({each.plan.hotspot: each.plan for each in kept if each.plan.hotspot not in refused}, refused)


def joint(one: Proposal, other: Proposal, replays: Replays) -> Proposal | None:
    """Two plans as one that reproduces the traces of both, None if they are not one workflow."""
    for base, more in ((one, other), (other, one)):
        if all(map(base.starts, more.prompts)):
            wider = replace(base, plan=_supported(base, more))
            if replays(wider.plan, more.occurrences):
                return replace(wider, occurrences=(*base.occurrences, *more.occurrences))
    if one.shape == other.shape:
        for base, more in ((one, other), (other, one)):
            also = phrased(base.plan, more.plan, base.roles, more.roles)
            if also is not None:
                wider = replace(base, plan=_supported(replace(base, plan=also), more))
                if replays(wider.plan, more.occurrences):
                    return replace(wider, occurrences=(*base.occurrences, *more.occurrences))
    return None


def starts(plan: Plan, prompt: str, cwd: str) -> Mapping[str, str] | None:
    """The arguments that the plan takes from a prompt in a directory, None if no entry of it fits both."""
    text = prompt.strip()
    bare = text[:-1].rstrip() if text.endswith((".", "!")) else text  # as intercept.match reads it
    for entry in (plan.entry, *plan.also):
        pattern = _compiled(entry.pattern)
        found = pattern.fullmatch(bare) or pattern.fullmatch(text)
        if found and (not entry.directories or cwd in entry.directories):
            return found.groupdict()
    return None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """`re` itself keeps 512, and every entry is tried on the prompts of every other."""
    return re.compile(pattern)


def _contradicted(one: Proposal, kept: Sequence[Proposal]) -> str:
    """A prompt that would start `one` and led to the steps of another plan, "" if there is none."""
    for other in kept:
        if other is not one:
            for asked in other.prompts:
                if one.starts(asked):
                    return asked[0]
    return ""


def _supported(base: Proposal, more: Proposal) -> Plan:
    """The plan of `base` with the evidence of both."""
    own, other = base.plan.support, more.plan.support
    episodes = tuple(dict.fromkeys((*own.episodes, *other.episodes)))
    sessions = {each.episode.session for each in (*base.occurrences, *more.occurrences)}
    support = own.model_copy(
        update={
            "episodes": episodes,
            "occurrences": len(episodes),
            "sessions": len(sessions),
            "ambiguous": tuple(dict.fromkeys((*own.ambiguous, *other.ambiguous))),
        }
    )
    return base.plan.model_copy(update={"support": support})


# --- phrasings


def phrased(
    base: Plan, more: Plan, own_roles: Mapping[str, str] | None = None, its_roles: Mapping[str, str] | None = None
) -> Plan | None:
    """`base` with the entries of `more`, whose parameters are matched by the part they play; None if they do not match.

    The two must be of one `shape`. The roles are those of their names, where these are known already.
    """
    roles = {role: name for name, role in (own_roles or _roles(base)).items()}
    names = {name: roles[role] for name, role in (its_roles or _roles(more)).items() if role in roles}
    given = {parameter.name for parameter in more.parameters}
    own = {parameter.name: parameter for parameter in base.parameters}
    if any(names.get(name) not in own for name in given) or len(own) != len(given):
        return None
    examples = {names[each.name]: each for each in more.parameters}
    if any(each.secret != examples[name].secret or each.hole != examples[name].hole for name, each in own.items()):
        return None
    parameters = tuple(_exemplified(each, examples[each.name]) for each in base.parameters)
    entries = [base.entry, *base.also]
    for entry in sorted((_renamed(each, names) for each in (more.entry, *more.also)), key=lambda each: each.prompt):
        if not any(_covers(each, entry, parameters) for each in entries):
            entries.append(entry)
    also = tuple(sorted(entries[1:], key=lambda entry: (entry.prompt, entry.pattern)))
    return base.model_copy(update={"also": also, "parameters": parameters})


def unclaimed(plan: Plan, others: Sequence[Plan]) -> Plan:
    """`plan` without the phrasings that start one of `others`: it had them when it was thought to be that workflow."""

    def claimed(entry: Entry) -> bool:
        return any(_covers(own, entry, plan.parameters) for each in others for own in (each.entry, *each.also))

    return plan.model_copy(update={"also": tuple(entry for entry in plan.also if not claimed(entry))})


def _covers(entry: Entry, other: Entry, parameters: Sequence[Parameter]) -> bool:
    """Whether prompts of `other` start `entry` anyway, as far as examples tell."""
    here = not entry.directories or set(other.directories) <= set(entry.directories) != set()
    values = {each.name: each.seen[-1] for each in parameters if each.seen}
    example = re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), other.prompt)
    return here and re.fullmatch(entry.pattern, example) is not None


def _exemplified(parameter: Parameter, other: Parameter) -> Parameter:
    seen = tuple(dict.fromkeys((*parameter.seen, *other.seen)))
    return parameter.model_copy(update={"seen": seen[-_SEEN:]})


def _renamed(entry: Entry, names: Mapping[str, str]) -> Entry:
    pattern = re.sub(r"\(\?P<(\w+)>", lambda found: f"(?P<{names.get(found[1], found[1])}>", entry.pattern)
    pattern = re.sub(r"\(\?P=(\w+)\)", lambda found: f"(?P={names.get(found[1], found[1])})", pattern)
    prompt = re.sub(r"\{(\w+)\}", lambda found: f"{{{names.get(found[1], found[1])}}}", entry.prompt)
    return entry.model_copy(update={"pattern": pattern, "prompt": prompt})


# --- what a plan does, whatever it is called


def essence(plan: Plan) -> str:
    """A plan without its evidence: two plans with one essence behave alike."""
    parameters = tuple(parameter.model_copy(update={"seen": ()}) for parameter in plan.parameters)
    bare = plan.model_copy(update={"parameters": parameters})
    dumped = bare.model_dump(mode="json", exclude={"support", "cost", "candidates", "operations"})
    return json.dumps(_without(dumped, _EVIDENCE), sort_keys=True)


_RANGES = frozenset(("low", "high", "most", "least", "lines", "columns"))


def bounded(plan: Plan) -> str:
    """The essence without its ranges: two plans with one differ at most in how much of something they allow."""
    return json.dumps(_unmeasured(json.loads(essence(plan))), sort_keys=True)


def _unmeasured(value: object) -> object:
    """A JSON value in which ranges only say that they are there."""
    if isinstance(value, dict):
        return {key: child is not None if key in _RANGES else _unmeasured(child) for key, child in value.items()}
    return [_unmeasured(each) for each in value] if isinstance(value, list) else value


def shape(plan: Plan) -> str:
    """What a plan calls and says, without its prompts, names, promises and evidence: equal for one workflow."""
    return json.dumps(_renumbered(_body(plan), _roles(plan)), sort_keys=True)


def _body(plan: Plan) -> object:
    dumped = plan.model_dump(mode="json", include={"environment", "steps", "fork", "ending", "answer"})
    dumped["environment"] = sorted(dumped["environment"], key=lambda asked: str(asked["key"]))
    return _without(dumped, _LOOSE)


def _roles(plan: Plan) -> dict[str, str]:
    """Every name of a plan's own by the order in which it comes up in what the plan does."""
    own = {parameter.name for parameter in plan.parameters} | {asked.name for asked in plan.environment}
    body = _body(plan)
    own |= {text for field, text in _named(body) if field in ("result", "item")} | _bound(body)
    roles: dict[str, str] = {}
    for _, text in _named(body):
        if text in own and text not in roles:
            roles[text] = f"name {len(roles) + 1}"
    return roles


def _named(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for field, inner in sorted(value.items(), key=lambda pair: (_READING.get(pair[0], 1), pair[0])):
            if field in _NAMES and isinstance(inner, str):
                yield field, inner
            else:
                yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


_READING = {"environment": 0, "call": 0, "steps": 0, "fork": 2, "answer": 3}
"""Fields in the order of the run."""


def _bound(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {str(value["name"])} if "finders" in value else set()
        return own.union(*map(_bound, value.values()))
    return set().union(*map(_bound, value)) if isinstance(value, list) else set()


def _renumbered(value: object, roles: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {
            field: roles.get(inner, inner) if field in _NAMES and isinstance(inner, str) else _renumbered(inner, roles)
            for field, inner in value.items()
        }
    return [_renumbered(each, roles) for each in value] if isinstance(value, list) else value


def _without(value: object, keys: frozenset[str]) -> object:
    """A JSON value without these keys of its objects, however deep."""
    if isinstance(value, dict):
        return {key: _without(child, keys) for key, child in value.items() if key not in keys}
    return [_without(child, keys) for child in value] if isinstance(value, list) else value


# --- which skill a plan is


@dataclass(frozen=True, slots=True)
class Known:
    """A skill of the library. `form` is the digest of its plan's shape, "" where that was not noted."""

    name: str
    hotspot: str
    episodes: frozenset[str]
    form: str


def form(plan: Plan) -> str:
    """Sixteen hexadecimal digits of a plan's shape."""
    return hashlib.sha256(shape(plan).encode()).hexdigest()[:16]


def same_skill(plan: Plan, known: Sequence[Known]) -> tuple[str, bool]:
    """The name of the skill that `plan` is a newer version of, and whether only its shape says so; "" if none is.

    It is the one of the same hotspot, else the one with most of the same traces: a word that was the same in all
    prompts becomes a slot when another value is met, and that makes another hotspot of it, but it is the same habit.
    Else the one that does the same under other words.
    """
    if found := [each for each in known if each.hotspot == plan.hotspot]:
        return found[0].name, False
    own = set(plan.support.episodes)
    shared = {
        each.name: len(own & each.episodes) for each in known if 2 * len(own & each.episodes) > len(each.episodes)
    }
    if shared:
        return max(sorted(shared), key=lambda name: shared[name]), False
    mark = form(plan)
    return next((each.name for each in sorted(known, key=lambda each: each.name) if each.form == mark), ""), True


def free_name(name: str, taken: Container[str]) -> str:
    """`name`, or the first of `name-2`, `name-3`, … that is not taken."""
    return next(each for each in chain((name,), (f"{name}-{number}" for number in count(2))) if each not in taken)
