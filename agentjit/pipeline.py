"""The road on one page: drain -> detect -> compile -> publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from agentjit import publishing, schemas
from agentjit.compile.admission import Proposal, Replays, admit
from agentjit.compile.following.paths import answered, begun, chosen, every, paths
from agentjit.compile.plan import plan as make_plan
from agentjit.compile.render import program
from agentjit.compile.validate import declared, validate
from agentjit.compile.weighing.candidates import Weighed, as_scheduled, candidates, choose
from agentjit.compile.weighing.latencies import Latencies
from agentjit.detect import mine
from agentjit.detect.mine import MINIMUM, Mined
from agentjit.detect.prompt import spelled
from agentjit.detect.reach import reach_of
from agentjit.errors import NotCompilable
from agentjit.home import Home
from agentjit.hotspot import Hotspot, Occurrence
from agentjit.learned import latencies, latencies_of, name_of
from agentjit.library import Library
from agentjit.lock import held
from agentjit.operations import Ground, built_in, ground
from agentjit.proving import KNOWLEDGE, held_out, machine, prove, replayed, standing, thorough
from agentjit.run.verify import Verdict
from agentjit.skill import Plan, State
from agentjit.store import Store

FAILURES = 3  # hand-backs in a row that retire a skill
PATIENCE = 600.0  # seconds a compilation waits for the one before it
NEWEST = 50  # occurrences that are compiled; older habits have had their say


@dataclass(frozen=True, slots=True)
class Study:
    """What became of a hotspot: a plan with its program, and the traces it was proven on, or the reason why not.

    `into` is the skill that covers all of its runs, "" if none does.
    """

    hotspot: Hotspot
    plan: Plan | None = None
    program: str = ""
    reason: str = ""
    traces: tuple[Occurrence, ...] = ()
    into: str = ""


def study_all(home: Home, templates: str, *, now: float) -> list[Study]:
    """Every hotspot in the store, hottest first, with its plan or what stands in the way. Changes nothing."""
    return studied(surveyed(home, now=now), templates, latencies(home), ground(home))


def studied(found: Mined, templates: str, known: Latencies | None = None, terms: Ground | None = None) -> list[Study]:
    """Every hotspot, then every prompt that leads to other steps each time, with its plan or what stands in the way.
    What is one workflow is one plan.

    `known` is what operations cost; without it each hotspot's own calls tell. `terms` is what plans are validated on.
    """
    studies: list[Study] = []
    for each in (*found.hotspots, *found.restless):
        into = next((other for other in studies if _covers(other, each)), None)
        if into and into.plan:
            studies.append(_covered(Study(each), into.plan.name))
        else:
            studies.append(study(each, templates, known, terms))
    return admitted(_joined(studies), templates)


def _covered(each: Study, name: str) -> Study:
    """What became of a hotspot whose runs another's skill covers."""
    return replace(each, plan=None, program="", traces=(), reason=f"its runs go the ways of `{name}`", into=name)


def _covers(made: Study, hotspot: Hotspot) -> bool:
    """Whether a forked plan was compiled from all runs of another hotspot, too."""
    if not made.plan or not made.plan.fork or not hotspot.template:
        return False
    return {occurrence.episode.id for occurrence in hotspot.occurrences} <= set(made.plan.support.episodes)


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
    return [_covered(each, gone[each.hotspot.id]) if each.hotspot.id in gone else each for each in studies]


def _episodes(each: Study) -> set[str]:
    return {occurrence.episode.id for occurrence in each.traces}


def admitted(studies: Sequence[Study], templates: str) -> list[Study]:
    """The studies with near-duplicates joined: a plan in one of them, in the others where it went."""
    proposals = [Proposal(each.plan, _evidence(each)) for each in studies if each.plan]
    result = admit(proposals, _replaying(templates))
    found = []
    for each in studies:
        if each.plan and (plan := result.plans.get(each.plan.hotspot)):
            each = replace(each, plan=plan, program=program(plan, templates))
        elif each.plan:
            each = replace(each, plan=None, program="", reason=result.refused[each.plan.hotspot])
        found.append(each)
    return found


def _replaying(templates: str) -> Replays:
    def replays(plan: Plan, occurrences: Sequence[Occurrence]) -> bool:
        source = program(plan, templates)
        return all(replayed(plan, source, each, any_order=True)[0] is Verdict.EXACT for each in occurrences)

    return replays


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

    Of its paths the one is taken that answers most of the runs, of these the one that covers most, if no other run of
    the prompt contradicts it. If none is left and they part, what is done before is a plan, too.
    """
    machine.cache_clear()
    fitting = chosen(hotspot, _fitting(hotspot)[-NEWEST:])
    compiler = _Compiler(templates, len(hotspot.occurrences), known or latencies_of(hotspot), terms or built_in())
    studies: list[Study] = []
    for path in paths(fitting):
        studies.append(compiler.study(path))
        if studies[-1].plan and _worth(studies[-1]) == (len(every(fitting).occurrences),) * 2:
            break  # no other can be better
    compiled = sorted((each for each in studies if each.plan), key=_worth, reverse=True)
    refused = []
    for each in compiled:
        if (stood := _stood(each, hotspot, templates)).plan:
            return stood
        refused.append(stood)
    parted = refused or any("no result tells which way" in each.reason for each in studies)
    for path in begun(fitting) if parted else ():
        made = compiler.study(path, open_ended=True)
        if made.plan and made.plan.remains and (stood := _stood(made, hotspot, templates)).plan:
            return stood
    return replace((refused or [*filter(_telling, reversed(studies)), studies[-1]])[0], hotspot=hotspot)


def _stood(made: Study, hotspot: Hotspot, templates: str) -> Study:
    """What became of a compiled path among the other runs of its prompt."""
    assert made.plan
    try:
        plan = standing(made.plan, made.program, hotspot, made.traces)
    except NotCompilable as reason:
        return Study(hotspot, reason=str(reason))
    return replace(made, hotspot=hotspot, plan=plan, program=program(plan, templates))


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


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Compiles paths of one hotspot, which has `runs` occurrences in all."""

    templates: str
    runs: int
    known: Latencies
    terms: Ground

    def study(self, path: Hotspot, *, open_ended: bool = False) -> Study:
        """What became of one path."""
        try:
            return self._made(path, open_ended=open_ended)
        except NotCompilable as reason:
            return Study(path, reason=str(reason))
        except Exception as error:  # a trace is foreign data: what one does to the compiler must not stop the others
            return Study(path, reason=f"the compiler failed on it: {type(error).__name__}: {error}")

    def _made(self, path: Hotspot, *, open_ended: bool) -> Study:
        alike = len(path.occurrences)
        if alike < MINIMUM:
            of = f"only {alike} of {self.runs} runs were alike, call by call" if alike < self.runs else ""
            raise NotCompilable(f"{of or f'seen {alike} times'}; {MINIMUM} are needed")
        plan = make_plan(path, KNOWLEDGE, open_ended=open_ended)
        against = self.terms.of(path.occurrences)
        plan = validate(declared(plan, *against), *against).plan
        prove(plan, program(plan, self.templates), path.occurrences)
        thorough(plan, path.occurrences)
        tried = held_out(path, self.templates, open_ended=open_ended)
        plan = _cheapest(
            plan, path.occurrences, self.templates, self.known, lambda other: validate(other, *against).plan
        )
        plan = plan.model_copy(update={"support": plan.support.model_copy(update={"held_out": tried})})
        return Study(path, plan, program(plan, self.templates), traces=path.occurrences)


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
            prove(variant.plan, program(variant.plan, templates), traces, any_order=True)
        except NotCompilable as reason:
            return str(reason)
        return ""

    cheapest = choose(candidates(plan, known, name_of, reach_of, occurrences), objection)
    return valid(cheapest.model_copy(update={"operations": ()}))


# --- publishing


def publish(home: Home, studies: Sequence[Study], templates: str, *, now: float) -> dict[str, str]:
    """Put every compiled hotspot into the library; what happened to each skill, by name."""
    compiled = [(each.plan, each.hotspot.occurrences) for each in studies if each.plan]
    return publishing.publish(home, compiled, templates, now=now, replays=_replaying(templates))


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
