"""Publishing: proven plans into the library, each to the skill that it is a newer version of, and what may run.

A skill runs only if it was validated against the operations as they are defined now. When a definition changes, the
skills that use it are held against the new one: what is still valid goes on, the rest waits, and says for what.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentjit.compile.admission import (
    Known,
    Replays,
    bounded,
    essence,
    form,
    free_name,
    phrased,
    same_skill,
    shape,
    unclaimed,
)
from agentjit.compile.registry import changed, with_inferred
from agentjit.compile.render import manual, program
from agentjit.compile.validate import operations, validate
from agentjit.compile.weighing.candidates import settled
from agentjit.errors import AjError, Invalid
from agentjit.home import Home
from agentjit.hotspot import Occurrence
from agentjit.library import Library, Record, plan_json
from agentjit.operations import Ground, fingerprint, ground
from agentjit.run.load import content_hash, read_checked
from agentjit.skill import Plan, State
from agentjit.trace import Effect

ACTIVATE = 5  # occurrences from which a skill that only reads is trusted by itself

Compiled = tuple[Plan, Sequence[Occurrence]]
"""A proven plan with its traces."""


def publish(
    home: Home,
    compiled: Sequence[Compiled],
    templates: str,
    *,
    now: float,
    terms: Ground | None = None,
    mend: bool = True,
    replays: Replays | None = None,
) -> dict[str, str]:
    """Put compiled plans into the library; what happened to each skill, by name. The same in whatever order they come.

    A skill that a person removed stays removed; one whose program did not change keeps its files and its approval, and
    so does one that would only allow more or less of something, if the published program `replays` all traces. All
    others are held against the operations as they are now (`terms`): where these changed they are validated again, or
    without `mend` wait for that.
    """
    library, terms = Library(home), terms or ground(home)
    happened: dict[str, str] = {}
    with library.changing() as records:
        for plan, occurrences in sorted(compiled, key=lambda pair: (-pair[0].support.occurrences, pair[0].hotspot)):
            try:
                plan = validate(plan.model_copy(update={"operations": ()}), *terms.of(occurrences)).plan
            except Invalid:
                continue  # valid when it was compiled, so on other ground; a skill of that is looked at below
            known, plan = _known(library, plan, {n: r for n, r in records.items() if n not in happened})
            plan = unclaimed(plan, [each for each, _ in compiled if each.hotspot != plan.hotspot])
            if known and known.removed:
                continue
            name = known.name if known else free_name(plan.name, records)
            plan = plan if name == plan.name else plan.model_copy(update={"name": name})
            if known and not _differs(library, known, plan, occurrences, replays):
                records[name] = _renewed(library, known, plan, templates, now)
                happened[name] = "unchanged"
                continue
            source = program(plan, templates)
            library.write(plan, source, manual(plan, templates))
            records[name] = recorded(known, plan, source, now)
            happened[name] = "recompiled" if known else "new"
        for name in sorted(records.keys() - happened.keys()):
            records[name] = _rechecked(library, records[name], terms, templates if mend else "", now)
        library.registry = terms.print
    return happened


def recheck(home: Home, *, now: float) -> None:
    """Say of every skill that uses an operation that is defined otherwise by now, that it waits for `aj compile`."""
    library = Library(home)
    if library.records() and library.registry != fingerprint(home):
        publish(home, (), "", now=now, mend=False)


def _known(library: Library, plan: Plan, records: Mapping[str, Record]) -> tuple[Record | None, Plan]:
    """The skill that `plan` is a newer version of, None if it is a new one; and the plan with its other phrasings."""
    rows = [Known(r.name, r.hotspot, frozenset(r.support.episodes), r.form) for r in records.values()]
    name, by_shape = same_skill(plan, rows)
    if not name or records[name].removed:
        return (records[name] if name else None), plan
    try:
        published = library.plan(name)
    except AjError:
        return records[name], plan  # damaged: it is written again
    joined = phrased(plan, published) if shape(published) == shape(plan) else None
    return (None, plan) if by_shape and joined is None else (records[name], joined or plan)


# --- operations that are defined anew


class _Everything:
    """Where its traces wrote to was looked at when it was compiled: they may be gone by now."""

    def __contains__(self, path: object) -> bool:
        return True


def _renewed(library: Library, known: Record, plan: Plan, templates: str, now: float) -> Record:
    """The record of a skill that does what it did. Where an operation is defined anew, the plan says so; what a person
    approved was the program, and that is the same.
    """
    seen = known.model_copy(update={"support": plan.support, "hotspot": plan.hotspot, "form": form(plan), "stale": ""})
    if library.plan(known.name).operations != plan.operations:
        source = _bytes(library, known.name, "skill.py")
        library.write(plan, source.decode(), manual(plan, templates))
        new = {"version": plan.version, "hash": content_hash(source, plan_json(plan)), "published_at": now}
        approved = {"approved": new["hash"], "approved_version": plan.version} if known.is_approved else {}
        seen = seen.model_copy(update=new | approved)
    return _activated(seen, plan.effects, now)


def _rechecked(library: Library, record: Record, terms: Ground, templates: str, now: float) -> Record:
    """The record of a skill held against the operations as they are now: it is stale if one of those it uses changed,
    unless there are `templates` to write it anew with and it is still valid.
    """
    if record.removed:
        return record
    try:
        plan = library.plan(record.name)
        read_checked(library.folder(record.name), record.hash)
    except AjError:
        return record  # damaged or edited: it does not run in any case
    registry = with_inferred(terms.registry, [(step.call.tool, None, step.effect) for step in plan.every_step()])
    policy = replace(terms.policy, written=_Everything())
    names = changed(plan.operations, operations(plan, registry, policy))
    if not names:
        return _activated(record.model_copy(update={"stale": ""}), plan.effects, now)
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    told = f"`{names[0]}`{more} is defined otherwise since it was compiled"
    stale = f"{told}; `aj compile` looks at it again"
    if templates:
        try:
            valid = validate(plan.model_copy(update={"operations": ()}), registry, policy).plan
            return _renewed(library, record, valid, templates, now)
        except Invalid as reason:
            stale = f"{told}, and now it is {reason}"
    return _activated(record.model_copy(update={"stale": stale}), plan.effects, now)


# --- what a record says


def _differs(
    library: Library, known: Record, plan: Plan, occurrences: Sequence[Occurrence], replays: Replays | None
) -> bool:
    """Whether the program would do or promise anything else than the published one. Bounds that drift do not matter as
    long as the new traces keep to those published.
    """
    try:
        published = library.plan(known.name)
    except Exception:
        return True  # damaged: write it again
    if content_hash(_bytes(library, known.name, "skill.py"), _bytes(library, known.name, "plan.json")) != known.hash:
        return True
    if essence(published) == essence(plan) or settled(published, plan):
        return False
    same = bounded(published) == bounded(plan) and published.operations == plan.operations
    covered = [each for each in occurrences if each.episode.id in plan.support.episodes]
    return not (same and replays and replays(published, covered))


def _bytes(library: Library, name: str, file: str) -> bytes:
    try:
        with open(os.path.join(library.folder(name), file), "rb") as opened:
            return opened.read()
    except OSError:
        return b""


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
        form=form(plan),
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
    if record.stale:
        return State.CANDIDATE, record.stale
    if record.is_approved:
        return State.ACTIVE, "approved"
    seen = record.support.occurrences
    if effects is not Effect.READS:
        again = "it was recompiled since it was approved; " if record.approved else ""
        return State.CANDIDATE, f"{again}its worst effect is {effects}: `aj approve {record.name}` shows it"
    if seen >= ACTIVATE:
        return State.ACTIVE, f"only reads, reproduced all {seen} traces"
    return State.CANDIDATE, f"only reads, seen {seen} times of the {ACTIVATE} that activate it"
