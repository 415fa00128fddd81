"""The road on one page: drain -> detect -> compile -> publish."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from agentjit import kit, publishing, schemas
from agentjit.compile.admission import Proposal, admit
from agentjit.compile.candidates import Weighed, as_scheduled, candidates, choose
from agentjit.compile.holes import filled
from agentjit.compile.knowledge import Knowledge
from agentjit.compile.latencies import Latencies
from agentjit.compile.paths import answered, chosen, only_witness, paths, unlike
from agentjit.compile.plan import plan as make_plan
from agentjit.compile.render import program
from agentjit.compile.secrets import is_variable, of_occurrence
from agentjit.compile.tools import leaves, meant
from agentjit.compile.validate import declared, validate
from agentjit.detect import mine
from agentjit.detect.effects import effect_of
from agentjit.detect.mine import MINIMUM, SHOWN, Mined
from agentjit.detect.prompt import spelled
from agentjit.detect.shell import canonical_line, parse
from agentjit.errors import NotCompilable
from agentjit.home import Home
from agentjit.hotspot import Hotspot, Line, Occurrence
from agentjit.kit.surroundings import surrounding
from agentjit.learned import latencies, latencies_of, name_of
from agentjit.library import Library
from agentjit.lock import held
from agentjit.operations import Ground, built_in, ground
from agentjit.run.load import load
from agentjit.run.verify import Verdict, replay
from agentjit.skill import Plan, State
from agentjit.store import Store
from agentjit.trace import Effect, ToolCall

FAILURES = 3  # hand-backs in a row that retire a skill
PATIENCE = 600.0  # seconds a compilation waits for the one before it
DISSENT = 3  # one in so many runs of a prompt may go a way that its plan cannot tell from its own
NEWEST = 50  # occurrences that are compiled; older habits have had their say


@dataclass(frozen=True, slots=True)
class Study:
    """What became of a hotspot: a plan with its program, and the traces it was proven on, or the reason why not."""

    hotspot: Hotspot
    plan: Plan | None = None
    program: str = ""
    reason: str = ""
    traces: tuple[Occurrence, ...] = ()


def study_all(home: Home, templates: str, *, now: float) -> list[Study]:
    """Every hotspot in the store, hottest first, with its plan or what stands in the way. Changes nothing."""
    return studied(surveyed(home, now=now), templates, latencies(home), ground(home))


def studied(found: Mined, templates: str, known: Latencies | None = None, terms: Ground | None = None) -> list[Study]:
    """Every hotspot, then every prompt that leads to other steps each time, with its plan or what stands in the way.
    What is one workflow is one plan.

    `known` is what operations cost; without it each hotspot's own calls tell. `terms` is what plans are validated on.
    """
    studies = [study(each, templates, known, terms) for each in (*found.hotspots, *found.restless)]
    return admitted(_joined(studies), templates)


def _joined(studies: Sequence[Study]) -> list[Study]:
    """The studies, without plans for hotspots whose runs are all covered by the forked plan of another: they were mined
    apart, but one prompt starts them. Of two that cover each other the one that covers more runs stays.
    """
    forks = [each for each in studies if each.plan and each.plan.fork]
    forks.sort(key=lambda each: (-len(each.traces), each.hotspot.id))
    gone: dict[str, str] = {}
    for each in sorted(studies, key=lambda each: (bool(each.plan and each.plan.fork), len(each.traces))):
        own = {occurrence.episode.id for occurrence in each.traces or each.hotspot.occurrences}
        for other in forks if each.hotspot.template else ():
            if other is not each and other.plan and other.hotspot.id not in gone and own <= _episodes(other):
                gone[each.hotspot.id] = other.plan.name
    return [
        replace(each, plan=None, program="", traces=(), reason=f"its runs go the ways of `{gone[each.hotspot.id]}`")
        if each.hotspot.id in gone
        else each
        for each in studies
    ]


def _episodes(each: Study) -> set[str]:
    return {occurrence.episode.id for occurrence in each.traces}


def admitted(studies: Sequence[Study], templates: str) -> list[Study]:
    """The studies with near-duplicates joined: a plan in one of them, in the others where it went."""
    proposals = [Proposal(each.plan, _evidence(each)) for each in studies if each.plan]

    def replays(plan: Plan, occurrences: Sequence[Occurrence]) -> bool:
        source = program(plan, templates)
        return all(_replayed(plan, source, each, any_order=True)[0] is Verdict.EXACT for each in occurrences)

    result = admit(proposals, replays)
    found = []
    for each in studies:
        if each.plan and (plan := result.plans.get(each.plan.hotspot)):
            each = replace(each, plan=plan, program=program(plan, templates))
        elif each.plan:
            each = replace(each, plan=None, program="", reason=result.refused[each.plan.hotspot])
        found.append(each)
    return found


def _evidence(each: Study) -> tuple[Occurrence, ...]:
    """The occurrences that a plan was compiled from."""
    used = frozenset(each.plan.support.episodes if each.plan else ())
    return tuple(occurrence for occurrence in each.traces if occurrence.episode.id in used)


def surveyed(home: Home, *, now: float) -> Mined:
    """The hotspots in the store, and how many sequences were looked at for them."""
    with Store.open(home, write=False) as store:
        episodes = store.episodes()
    return mine.surveyed(episodes, now=now, learned=schemas.effects(home))


def study(hotspot: Hotspot, templates: str, known: Latencies | None = None, terms: Ground | None = None) -> Study:
    """Compile a hotspot, and prove the result on its own traces and by leaving each out.

    Of its paths the one is taken that answers most of the runs, of these the one that covers most.
    """
    _machine.cache_clear()
    studies = [
        _study(path, templates, len(hotspot.occurrences), known or latencies_of(hotspot), terms or built_in())
        for path in paths(chosen(hotspot, _fitting(hotspot)[-NEWEST:]))
    ]
    compiled = [each for each in studies if each.plan]
    best = max(compiled, key=_worth) if compiled else next(filter(_telling, reversed(studies)), studies[-1])
    if best.plan and (dissent := _dissent(best, hotspot)):
        best = Study(hotspot, reason=dissent)
    return replace(best, hotspot=hotspot)


def _dissent(made: Study, hotspot: Hotspot) -> str:
    """Why a plan may not stand for its prompt: too many of the other runs of the prompt went where it would not have
    gone, and nothing would have stopped it there; "" if few did.
    """
    assert made.plan
    others = unlike(hotspot, made.traces)
    wrong = sum(_replayed(made.plan, made.program, each)[0] is Verdict.WRONG for each in others)
    runs = len(made.traces) + len(others)
    if wrong < SHOWN or wrong * DISSENT <= runs:
        return ""
    return f"unstable: {wrong} of {runs} runs of the prompt went another way, and nothing tells which"


def _worth(made: Study) -> tuple[int, int]:
    """(runs that end in an answer, runs) of a compiled path."""
    assert made.plan
    return answered(made.plan), made.plan.support.occurrences


def _telling(made: Study) -> bool:
    """Whether the reason says more than that too few runs were alike."""
    return not made.reason.startswith(("only ", "seen "))


def _fitting(hotspot: Hotspot) -> list[int]:
    """The occurrences whose prompts are worded as the template is: an entry takes no others."""
    everything = range(len(hotspot.occurrences))
    if hotspot.template is None:
        return list(everything)
    return [i for i in everything if spelled(hotspot.template, hotspot.occurrences[i].episode.prompt)]


def _study(path: Hotspot, templates: str, runs: int, known: Latencies, terms: Ground) -> Study:
    """Compile a path of a hotspot that has `runs` occurrences in all."""
    try:
        alike = len(path.occurrences)
        if alike < MINIMUM:
            of = f"only {alike} of {runs} runs were alike, call by call" if alike < runs else f"seen {alike} times"
            raise NotCompilable(f"{of}; {MINIMUM} are needed")
        plan = make_plan(path, KNOWLEDGE)
        against = terms.of(path.occurrences)
        plan = validate(declared(plan, *against), *against).plan
        _prove(plan, program(plan, templates), path.occurrences)
        held_out = _leave_one_out(path, templates)
        plan = _cheapest(plan, path.occurrences, templates, known, lambda other: validate(other, *against).plan)
    except NotCompilable as reason:
        return Study(path, reason=str(reason))
    except Exception as error:  # a trace is foreign data: what one does to the compiler must not stop the others
        return Study(path, reason=f"the compiler failed on it: {type(error).__name__}: {error}")
    plan = plan.model_copy(update={"support": plan.support.model_copy(update={"held_out": held_out})})
    return Study(path, plan, program(plan, templates), traces=path.occurrences)


def _cheapest(
    plan: Plan,
    occurrences: Sequence[Occurrence],
    templates: str,
    known: Latencies,
    valid: Callable[[Plan], Plan],
) -> Plan:
    """The cheapest of the plan's variants that is valid and reproduces every trace. They differ from the plan, which is
    proven, in nothing but when calls are made: what leaving a trace out would tell of them, it told of the plan.
    """
    steps, own = len(list(plan.every_step())), set(plan.support.episodes)

    def objection(variant: Weighed) -> str:
        assert variant.plan
        fewer = len(variant.parts) < steps
        traces = [
            as_scheduled(each, variant.parts, steps) if fewer and each.episode.id in own else each
            for each in occurrences
        ]
        try:
            valid(variant.plan.model_copy(update={"operations": ()}))
            _prove(variant.plan, program(variant.plan, templates), traces, any_order=True)
        except NotCompilable as reason:
            return str(reason)
        return ""

    cheapest = choose(candidates(plan, known, name_of), objection)
    return valid(cheapest.model_copy(update={"operations": ()}))


def _judge(line: Line, varying: frozenset[int]) -> Effect:
    return effect_of(line, unknown_words=varying)


def day(at: float) -> str:
    """The local date of a Unix time, as `ask("today")` gives it."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


_ASKED_NOW = (
    *("home", "user", "repo", "remote", "email"),
    *("project:package.json#name", "project:pyproject.toml#project.name", "project:Cargo.toml#package.name"),
)


def _surroundings(occurrence: Occurrence) -> dict[str, str]:
    """The environment of an occurrence: what was recorded, and what its directory tells now, if there still is one.

    What changes from run to run, as a branch or a version does, is known only if it was recorded.
    """
    cwd = occurrence.operations[0].call.cwd
    known = {"cwd": cwd, "today": day(occurrence.episode.at)}
    if occurrence.episode.branch and cwd == occurrence.episode.cwd:
        known["branch"] = occurrence.episode.branch
    return known | _machine(cwd)


@lru_cache(maxsize=1024)
def _machine(cwd: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in _ASKED_NOW if os.path.isdir(cwd) else ():
        with suppress(ValueError):
            found[key] = surrounding(key, cwd, os.environ, 0.0)
    return found


KNOWLEDGE = Knowledge(_judge, _surroundings)


def _prove(plan: Plan, source: str, occurrences: Sequence[Occurrence], *, any_order: bool = False) -> None:
    """Replay every trace: those that the plan was compiled from exactly; any other may be handed back, but not run
    wrong. `any_order`: reads that no write parts may change places.
    """
    own = set(plan.support.episodes)
    for occurrence in occurrences:
        verdict, reason = _replayed(plan, source, occurrence, any_order=any_order)
        if verdict is Verdict.WRONG or (verdict is not Verdict.EXACT and occurrence.episode.id in own):
            raise NotCompilable(f"replaying trace {occurrence.episode.id} failed: {reason}")


def _leave_one_out(hotspot: Hotspot, templates: str) -> str:
    """Compile from all but one occurrence and run on that one, for each; a wrong result unmasks a coincidence."""
    exact = 0
    for i, left_out in enumerate(hotspot.occurrences):
        rest = [place for place in range(len(hotspot.occurrences)) if place != i]
        try:
            plan = make_plan(chosen(hotspot, rest), KNOWLEDGE)
        except NotCompilable:
            continue  # too few left to tell: neither right nor wrong
        verdict, reason = _replayed(plan, program(plan, templates), left_out)
        if verdict is Verdict.WRONG and not only_witness(hotspot, i):
            raise NotCompilable(f"what {len(rest)} traces taught was wrong on the other one: {reason}")
        exact += verdict is Verdict.EXACT
    return f"{exact} of {len(hotspot.occurrences)}"


def _replayed(plan: Plan, source: str, occurrence: Occurrence, *, any_order: bool = False) -> tuple[Verdict, str]:
    prompt = occurrence.episode.prompt.strip()
    bare = prompt[:-1].rstrip() if prompt.endswith((".", "!")) else prompt  # as intercept.match reads it
    forms = (re.fullmatch(entry.pattern, form) for entry in (plan.entry, *plan.also) for form in (bare, prompt))
    matched = next(filter(None, forms), None)
    if not matched:
        return Verdict.HANDED_BACK, "its prompt does not match"
    found = list(of_occurrence(occurrence))
    variables = {"$" + kind.removeprefix("env."): secret for kind, secret in found if is_variable(kind)}
    environment = {**_surroundings(occurrence), **variables}
    asked = [parameter.name for parameter in plan.parameters if parameter.secret]
    secrets = [secret for kind, secret in found if not is_variable(kind)]
    arguments = matched.groupdict() | dict(zip(asked, secrets, strict=False)) | filled(plan, occurrence)
    return replay(
        load(source, plan.name),
        arguments,
        occurrence,
        environment=environment,
        same=same_call,
        partial=bool(plan.remains),
        any_order=any_order,
    )


def same_call(call: kit.Call, recorded: ToolCall) -> bool:
    """Whether a yielded call means the recorded one: the same tool with the same input. For a shell line the same
    words, quoting, spacing and what `neutral` leaves out aside.
    """
    if call.tool != recorded.tool:
        return False
    if call.tool == "Bash":
        lines = (parse(call.text), parse(str(recorded.input.get("command", ""))))
        one, other = (canonical_line(line.neutral(recorded.cwd)) for line in lines)
        return one == other and not recorded.input.get("run_in_background")
    own, given = meant(call.tool, call.input), meant(recorded.tool, recorded.input)
    return own.keys() == given.keys() and list(leaves(own)) == list(leaves(given))


# --- publishing


def publish(home: Home, studies: Sequence[Study], templates: str, *, now: float) -> dict[str, str]:
    """Put every compiled hotspot into the library; what happened to each skill, by name."""
    compiled = [(each.plan, each.hotspot.occurrences) for each in studies if each.plan]
    return publishing.publish(home, compiled, templates, now=now)


def retire(home: Home, *, now: float) -> list[str]:
    """Retire active skills whose last runs were all handed back; their names."""
    with Store.open(home, write=False) as store:
        decisions = store.decisions()
    library, retired = Library(home), []
    with library.changing() as records:
        for record in records.values():
            own = (record.name, record.version, "prompt")
            outcomes = [d.outcome for d in decisions if (d.skill, d.version, d.entry) == own]
            last = [outcome for outcome in outcomes if outcome in ("answered", "gathered", "handed_back")][:FAILURES]
            if record.state is State.ACTIVE and last == ["handed_back"] * FAILURES:
                reason = f"handed back {FAILURES} times in a row; `aj enable {record.name}` gives it another chance"
                records[record.name] = record.model_copy(
                    update={"state": State.RETIRED, "reason": reason, "changed_at": now}
                )
                retired.append(record.name)
    return retired


@contextmanager
def compiling(home: Home) -> Iterator[bool]:
    """The right to compile in this home, one process at a time. False: another has it and one more waits already, so
    that what was recorded until now will be seen to.
    """
    with ExitStack() as turn:
        with held(home.compile_queue, wait=0.0) as next_in_line:
            free = next_in_line and turn.enter_context(held(home.compile_lock, wait=PATIENCE))
        yield free


@dataclass(frozen=True, slots=True)
class Compiled:
    """What one turn of the pipeline did."""

    studies: tuple[Study, ...]
    happened: Mapping[str, str]
    retired: tuple[str, ...]


def compile_all(
    home: Home, templates: str, *, now: float, progress: Callable[[str], None] = lambda stage: None
) -> Compiled:
    """Detect, compile and publish what is in the store. Draining comes first and is the caller's."""
    progress("looking for workflows that recur")
    studies = study_all(home, templates, now=now)
    progress("publishing")
    happened = publish(home, studies, templates, now=now)
    return Compiled(tuple(studies), happened, tuple(retire(home, now=now)))
