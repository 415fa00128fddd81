"""Proof: a program is run over the traces, those it was compiled from and those it was not."""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from agentjit import kit
from agentjit.compile.explaining.secrets import is_variable, of_occurrence
from agentjit.compile.following.holes import filled
from agentjit.compile.following.order import key
from agentjit.compile.following.paths import answered, chosen, unlike, unwitnessed
from agentjit.compile.knowledge import Knowledge
from agentjit.compile.plan import plan as make_plan
from agentjit.compile.render import program
from agentjit.compile.tools import leaves, meant
from agentjit.detect.effects import effect_of
from agentjit.detect.mine import SHOWN
from agentjit.detect.shell import canonical_line, parse
from agentjit.detect.signature import operation
from agentjit.errors import NotCompilable
from agentjit.hotspot import Hotspot, Line, Occurrence, Operation
from agentjit.kit.surroundings import surrounding
from agentjit.run.load import load
from agentjit.run.verify import Difference, Verdict, difference, replay
from agentjit.skill import Plan
from agentjit.trace import Effect, ToolCall

FOLDS = 10  # compilations, each without some of the occurrences, that a plan is tried by
DISSENT = 3  # one in so many runs of a prompt may read something else than its plan does


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
    return known | machine(cwd)


@lru_cache(maxsize=1024)
def machine(cwd: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for asked in _ASKED_NOW if os.path.isdir(cwd) else ():
        with suppress(ValueError):
            found[asked] = surrounding(asked, cwd, os.environ, 0.0)
    return found


KNOWLEDGE = Knowledge(_judge, _surroundings)


def prove(plan: Plan, source: str, occurrences: Sequence[Occurrence], *, any_order: bool = False) -> None:
    """Replay every trace: those that the plan was compiled from exactly; any other may be handed back, but not run
    wrong. `any_order`: reads that no write parts may change places.
    """
    own = set(plan.support.episodes)
    for occurrence in occurrences:
        verdict, reason = replayed(plan, source, occurrence, any_order=any_order)
        if verdict is Verdict.WRONG or (verdict is not Verdict.EXACT and occurrence.episode.id in own):
            raise NotCompilable(f"replaying trace {occurrence.episode.id} failed: {reason}")


def held_out(hotspot: Hotspot, templates: str, *, open_ended: bool = False) -> str:
    """Compile from all occurrences but one and run on that one, for each; a wrong result unmasks a coincidence. Of many
    occurrences several are left out at a time (cross-validation: Stone 1974), every one once.
    """
    size = len(hotspot.occurrences)
    exact = stopped = 0
    for first in range(min(size, FOLDS)):
        out = range(first, size, FOLDS)
        rest = [place for place in range(size) if place not in out]
        try:
            plan = make_plan(chosen(hotspot, rest), KNOWLEDGE, open_ended=open_ended)
        except NotCompilable:
            continue  # too few left to tell: neither right nor wrong
        source = program(plan, templates)
        for place in out:
            verdict, reason = replayed(plan, source, hotspot.occurrences[place])
            if verdict is Verdict.WRONG and not unwitnessed(hotspot, place, rest):
                raise NotCompilable(f"what {len(rest)} traces taught was wrong on another one: {reason}")
            exact += verdict is Verdict.EXACT
            stopped += verdict is Verdict.HANDED_BACK
    if stopped == size:
        raise NotCompilable(f"what its traces promise is in no other run: each of {size} was handed back when left out")
    return f"{exact} of {size}"


def replayed(plan: Plan, source: str, occurrence: Occurrence, *, any_order: bool = False) -> tuple[Verdict, str]:
    """What the program of a plan makes of a recorded trace, and why."""
    given = _given(plan, occurrence)
    if given is None:
        return Verdict.HANDED_BACK, "its prompt does not match"
    arguments, environment = given
    return replay(
        load(source, plan.name),
        arguments,
        occurrence,
        environment=environment,
        same=same_call,
        partial=bool(plan.remains),
        any_order=any_order,
    )


def _given(plan: Plan, occurrence: Occurrence) -> tuple[dict[str, str], dict[str, str]] | None:
    """(arguments, environment) of a plan in a trace, None if its prompt does not start it."""
    prompt = occurrence.episode.prompt.strip()
    bare = prompt[:-1].rstrip() if prompt.endswith((".", "!")) else prompt  # as intercept.match reads it
    forms = (re.fullmatch(entry.pattern, form) for entry in (plan.entry, *plan.also) for form in (bare, prompt))
    matched = next(filter(None, forms), None)
    if not matched:
        return None
    found = list(of_occurrence(occurrence))
    variables = {"$" + kind.removeprefix("env."): secret for kind, secret in found if is_variable(kind)}
    environment = {**_surroundings(occurrence), **variables}
    asked = [parameter.name for parameter in plan.parameters if parameter.secret]
    secrets = [secret for kind, secret in found if not is_variable(kind)]
    arguments = matched.groupdict() | dict(zip(asked, secrets, strict=False)) | filled(plan, occurrence)
    return arguments, environment


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


def thorough(plan: Plan, occurrences: Sequence[Occurrence]) -> None:
    """`NotCompilable` if a plan answers without a read that was made every time in runs like these: runs of the same
    calls with the same exit statuses. What only reads may be looking around, but not if it is never left out.
    """
    if answered(plan) == 0:
        return
    ways: dict[object, list[set[str]]] = defaultdict(list)
    own = set(plan.support.episodes)
    for each in occurrences:
        if each.episode.id in own:
            way = ((key(done), done.call.exit_code, bool(done.call.output.strip())) for done in each.operations)
            ways[tuple(dict.fromkeys(way))].append(
                {key(done) for done in each.noise} - {key(done) for done in each.operations}
            )
    for found in ways.values():
        if len(found) >= SHOWN and (always := set.intersection(*found)):
            read = min(always).partition("\0")[2]
            raise NotCompilable(f"`{read}` was read in all {len(found)} runs of one way, and the plan does not read it")


# --- the other runs of a prompt


def standing(plan: Plan, source: str, hotspot: Hotspot, traces: Sequence[Occurrence]) -> Plan:
    """The plan as it may stand for its prompt, whose other runs it does not cover: `NotCompilable` if it would have
    written in one of them what was not written there, or answered what was not said; or if too many of them read
    something else. One that gathers, where some went on to write, says so.
    """
    own = {each.episode.id for each in traces if each.episode.id in set(plan.support.episodes)}
    others = unlike(hotspot, [each for each in traces if each.episode.id in own])
    runs, apart = len(own) + len(others), 0
    left: dict[str, None] = {}
    for each in others:
        found, what = _difference(plan, source, each)
        if found is Difference.WRITES:
            raise NotCompilable(f"unstable: in another run of the prompt {what}, and nothing tells which")
        apart += found is Difference.READS
        if found is Difference.GOES_ON:
            left[what] = None
    if apart >= SHOWN and apart * DISSENT > runs:
        raise NotCompilable(f"unstable: {apart} of {runs} runs of the prompt went another way, and nothing tells which")
    if not left:
        return plan
    return plan.model_copy(update={"remains": tuple(dict.fromkeys((*plan.remains, *left)))})


def _difference(plan: Plan, source: str, occurrence: Occurrence) -> tuple[Difference, str]:
    """Where the program of a plan first does something else than was done in a run that it was not compiled from."""
    entries = (plan.entry, *plan.also)
    cwd = occurrence.episode.cwd
    given = _given(plan, occurrence)
    if given is None or not any(not entry.directories or cwd in entry.directories for entry in entries):
        return Difference.NONE, ""
    arguments, environment = given
    return difference(
        load(source, plan.name),
        arguments,
        occurrence,
        environment=environment,
        same=same_call,
        read=lambda call: _as_operation(call, occurrence),
        writes=frozenset(step.effect for step in plan.every_step()) != {Effect.READS},
        partial=bool(plan.remains) or any(parameter.hole for parameter in plan.parameters),
    )


def _as_operation(call: kit.Call, occurrence: Occurrence) -> Operation:
    cwd = occurrence.operations[0].call.cwd
    made = ToolCall("", call.tool, dict(call.input), "", ok=True, exit_code=None, at=0.0, cwd=cwd)
    return operation(made)
