"""The road on one page: drain -> detect -> compile -> publish."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from agentjit import kit
from agentjit.compile.knowledge import Knowledge
from agentjit.compile.paths import chosen, paths
from agentjit.compile.plan import plan as make_plan
from agentjit.compile.render import manual, program
from agentjit.compile.secrets import is_variable, of_occurrence
from agentjit.detect import mine
from agentjit.detect.effects import effect_of
from agentjit.detect.mine import MINIMUM, Mined
from agentjit.detect.prompt import spelled
from agentjit.detect.shell import canonical
from agentjit.errors import NotCompilable
from agentjit.home import Home
from agentjit.hotspot import Hotspot, Line, Occurrence
from agentjit.library import Library, Record, plan_json
from agentjit.lock import held
from agentjit.run.load import content_hash, load
from agentjit.run.verify import Verdict, replay
from agentjit.skill import Plan, State
from agentjit.step import Ending
from agentjit.store import Store
from agentjit.trace import Effect, ToolCall

ACTIVATE = 5  # occurrences from which a skill that only reads is trusted by itself
FAILURES = 3  # hand-backs in a row that retire a skill
PATIENCE = 600.0  # seconds a compilation waits for the one before it
NEWEST = 50  # occurrences that are compiled; older habits have had their say


@dataclass(frozen=True, slots=True)
class Study:
    """What became of a hotspot: a plan with its program, or the reason why not."""

    hotspot: Hotspot
    plan: Plan | None = None
    program: str = ""
    reason: str = ""


def study_all(home: Home, templates: str, *, now: float) -> list[Study]:
    """Every hotspot in the store, hottest first, with its plan or what stands in the way. Changes nothing."""
    return studied(surveyed(home, now=now), templates)


def studied(found: Mined, templates: str) -> list[Study]:
    """Every hotspot, then every prompt that leads to other steps each time, with its plan or what stands in the way."""
    return [study(hotspot, templates) for hotspot in (*found.hotspots, *found.restless)]


def surveyed(home: Home, *, now: float) -> Mined:
    """The hotspots in the store, and how many sequences were looked at for them."""
    with Store.open(home, write=False) as store:
        episodes = store.episodes()
    return mine.surveyed(episodes, now=now)


def study(hotspot: Hotspot, templates: str) -> Study:
    """Compile a hotspot, and prove the result on its own traces and by leaving each out.

    Of its paths the first that ends in an answer is taken, else the first that can be compiled.
    """
    studies = [
        _study(path, templates, len(hotspot.occurrences))
        for path in paths(chosen(hotspot, _fitting(hotspot)[-NEWEST:]))
    ]
    compiled = [each for each in studies if each.plan]
    best = next((each for each in compiled if each.plan and each.plan.ending is Ending.ANSWERED), None)
    return replace(best or (compiled or studies)[0], hotspot=hotspot)


def _fitting(hotspot: Hotspot) -> list[int]:
    """The occurrences whose prompts are worded as the template is: an entry takes no others."""
    everything = range(len(hotspot.occurrences))
    if hotspot.template is None:
        return list(everything)
    return [i for i in everything if spelled(hotspot.template, hotspot.occurrences[i].episode.prompt)]


def _study(path: Hotspot, templates: str, runs: int) -> Study:
    """Compile a path of a hotspot that has `runs` occurrences in all."""
    try:
        alike = len(path.occurrences)
        if alike < MINIMUM:
            of = f"only {alike} of {runs} runs were alike, call by call" if alike < runs else f"seen {alike} times"
            raise NotCompilable(f"{of}; {MINIMUM} are needed")
        plan = make_plan(path, KNOWLEDGE)
        source = program(plan, templates)
        _prove(plan, source, path.occurrences)
        held_out = _leave_one_out(path, templates)
    except NotCompilable as reason:
        return Study(path, reason=str(reason))
    except Exception as error:  # a trace is foreign data: what one does to the compiler must not stop the others
        return Study(path, reason=f"the compiler failed on it: {type(error).__name__}: {error}")
    plan = plan.model_copy(update={"support": plan.support.model_copy(update={"held_out": held_out})})
    return Study(path, plan, source)


def _judge(line: Line, varying: frozenset[int]) -> Effect:
    return effect_of(line, unknown_words=varying)


def day(at: float) -> str:
    """The local date of a Unix time, as `ask("today")` gives it."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


def _surroundings(occurrence: Occurrence) -> dict[str, str]:
    return {"cwd": occurrence.operations[0].call.cwd, "today": day(occurrence.episode.at)}


KNOWLEDGE = Knowledge(_judge, _surroundings)


def _prove(plan: Plan, source: str, occurrences: Sequence[Occurrence]) -> None:
    for occurrence in occurrences:
        verdict, reason = _replayed(plan, source, occurrence)
        if verdict is not Verdict.EXACT:
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
        if verdict is Verdict.WRONG:
            raise NotCompilable(f"what {len(rest)} traces taught was wrong on the other one: {reason}")
        exact += verdict is Verdict.EXACT
    return f"{exact} of {len(hotspot.occurrences)}"


def _replayed(plan: Plan, source: str, occurrence: Occurrence) -> tuple[Verdict, str]:
    prompt = occurrence.episode.prompt.strip()
    bare = prompt[:-1].rstrip() if prompt.endswith((".", "!")) else prompt  # as intercept.match reads it
    matched = re.fullmatch(plan.entry.pattern, bare) or re.fullmatch(plan.entry.pattern, prompt)
    if not matched:
        return Verdict.HANDED_BACK, "its prompt does not match"
    found = list(of_occurrence(occurrence))
    variables = {"$" + kind.removeprefix("env."): secret for kind, secret in found if is_variable(kind)}
    environment = {**_surroundings(occurrence), **variables}
    asked = [parameter.name for parameter in plan.parameters if parameter.secret]
    secrets = [secret for kind, secret in found if not is_variable(kind)]
    arguments = matched.groupdict() | dict(zip(asked, secrets, strict=False))
    return replay(load(source, plan.name), arguments, occurrence, environment=environment, same=same_call)


def same_call(call: kit.Call, recorded: ToolCall) -> bool:
    """Whether a yielded call means the recorded one: the same tool, the same words, quoting and spacing aside."""
    if call.tool != recorded.tool:
        return False
    if call.tool == "Bash":
        return canonical(call.text) == canonical(str(recorded.input.get("command", "")))
    given = {key: value for key, value in recorded.input.items() if key in ("file_path", "offset", "limit")}
    return call.input == given


# --- publishing


def publish(home: Home, studies: Sequence[Study], templates: str, *, now: float) -> dict[str, str]:
    """Put every compiled hotspot into the library; what happened to each skill, by name.

    A skill that a person removed stays removed; one whose program did not change keeps its files and its approval.
    """
    library = Library(home)
    happened: dict[str, str] = {}
    with library.changing() as records:
        for each in studies:
            if each.plan is None:
                continue
            plan = each.plan
            known = _same_skill(plan, records)
            if known and known.removed:
                continue
            name = known.name if known else _free_name(plan.name, records)
            if name != plan.name:
                plan = plan.model_copy(update={"name": name})
            source = program(plan, templates)
            if known and not _differs(library, known, plan):
                seen = known.model_copy(update={"support": plan.support, "hotspot": plan.hotspot})
                records[name] = _activated(seen, plan.effects, now)
                happened[name] = "unchanged"
                continue
            library.write(plan, source, manual(plan, templates))
            records[name] = recorded(known, plan, source, now)
            happened[name] = "recompiled" if known else "new"
    return happened


def _same_skill(plan: Plan, records: Mapping[str, Record]) -> Record | None:
    """The skill that `plan` is a newer version of: of the same hotspot, or mostly of the same traces.

    A word that was the same in all prompts becomes a slot when another value is met; that makes another hotspot of it,
    but it is the same habit, and two skills for one prompt would both be left alone.
    """
    own = set(plan.support.episodes)
    for record in records.values():
        shared = len(own.intersection(record.support.episodes))
        if record.hotspot == plan.hotspot or shared * 2 > len(record.support.episodes):
            return record
    return None


def _free_name(name: str, records: Mapping[str, Record]) -> str:
    candidates = (name, *(f"{name}-{n}" for n in range(2, 1000)))
    return next(each for each in candidates if each not in records)


def _differs(library: Library, known: Record, plan: Plan) -> bool:
    """Whether the program would do or promise anything else than the published one."""
    try:
        published = library.plan(known.name)
    except Exception:
        return True  # damaged: write it again
    if content_hash(_bytes(library, known.name, "skill.py"), _bytes(library, known.name, "plan.json")) != known.hash:
        return True
    return _essence(published) != _essence(plan)


def _bytes(library: Library, name: str, file: str) -> bytes:
    try:
        with open(os.path.join(library.folder(name), file), "rb") as opened:
            return opened.read()
    except OSError:
        return b""


def _essence(plan: Plan) -> str:
    """A plan without its evidence: two plans with one essence behave alike."""
    parameters = tuple(parameter.model_copy(update={"seen": ()}) for parameter in plan.parameters)
    bare = plan.model_copy(update={"parameters": parameters})
    dumped = bare.model_dump(mode="json", exclude={"support", "cost", "candidates"})
    return json.dumps(_without(dumped, frozenset(("seconds", "seen", "evidence"))), sort_keys=True)


def _without(value: object, keys: frozenset[str]) -> object:
    """A JSON value without these keys of its objects, however deep."""
    if isinstance(value, dict):
        return {key: _without(child, keys) for key, child in value.items() if key not in keys}
    return [_without(child, keys) for child in value] if isinstance(value, list) else value


def recorded(known: Record | None, plan: Plan, source: str, now: float) -> Record:
    """What the library notes of a plan that is published now, activated as far as it may be; `known`: of the same skill
    before.
    """
    record = Record(
        name=plan.name,
        hotspot=plan.hotspot,
        version=plan.version,
        hash=content_hash(source.encode(), plan_json(plan)),
        state=known.state if known else State.CANDIDATE,
        reason=known.reason if known else "",
        support=plan.support,
        approved=known.approved if known else "",
        approved_version=known.approved_version if known else "",
        published_at=now,
        changed_at=now,
    )
    return _activated(record, plan.effects, now)


def _activated(record: Record, effects: Effect, now: float) -> Record:
    state, reason = activation(record, effects)
    changed = now if state is not record.state else record.changed_at
    return record.model_copy(update={"state": state, "reason": reason, "changed_at": changed})


def activation(record: Record, effects: Effect) -> tuple[State, str]:
    """The state a skill should have, and why (pure). Disabled and retired skills stay so until a person says else."""
    if record.state in (State.DISABLED, State.RETIRED):
        return record.state, record.reason
    if record.is_approved:
        return State.ACTIVE, "approved"
    seen = record.support.occurrences
    if effects is not Effect.READS:
        again = "it was recompiled since it was approved; " if record.approved else ""
        return State.CANDIDATE, f"{again}its worst effect is {effects}: `aj approve {record.name}` shows it"
    if seen >= ACTIVATE:
        return State.ACTIVE, f"only reads, reproduced all {seen} traces"
    return State.CANDIDATE, f"only reads, seen {seen} times of the {ACTIVATE} that activate it"


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
