"""The next step of a plan: its words explained, a list spread into it, or the rounds of a loop over one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from agentjit.compile import tools
from agentjit.compile.align import AlignedStep, Column, align_step
from agentjit.compile.calls import call_of, effect_of
from agentjit.compile.explaining.explain import Values
from agentjit.compile.explaining.lists import Listing, explain_list, listings
from agentjit.compile.following import holes
from agentjit.compile.following.build import Build, Draft, Left, LoopDraft, flattened
from agentjit.compile.following.rounds import Item
from agentjit.compile.naming import listed_names, singular, subject
from agentjit.errors import NotCompilable
from agentjit.hotspot import Operation
from agentjit.step import AnyCall, BashStep, Spread
from agentjit.trace import Effect

_MORE = 2  # times as many rounds as were ever seen may be taken
_MORE_ELSEWHERE = 1.5  # the same where a round changes something beyond the working directory, or nobody knows what


def take(build: Build, operations: tuple[Operation, ...]) -> None:
    """Explain the next step, one operation of each occurrence; `Left` says why the plan may have to end before it."""
    try:
        step = align_step(operations)
    except NotCompilable as reason:
        raise Left(str(reason)) from reason
    spread = _spread(step, build) if step.listed else None
    call = _call(step, build)
    if objection := tools.unseen(call, (owner.call for owner in build.owners)):
        raise Left(f"`{step.title}`: {objection}")
    effect = _effect(step, call, build)
    if spread:
        assert isinstance(call, BashStep)
        call = BashStep(argv=(*call.argv[: step.listed_at], spread, *call.argv[step.listed_at :]))
    build.add(Draft(step, call, effect))


def _call(step: AlignedStep, build: Build) -> AnyCall:
    values = build.values.copy()
    try:
        call = call_of(step, values, build.shared.secrets)
    except NotCompilable as reason:
        holes.fill(step, build, reason)
        values = build.values.copy()
        call = call_of(step, values, build.shared.secrets)
    build.values = values
    return call


def _effect(step: AlignedStep, call: AnyCall, build: Build) -> Effect:
    effects = [effect_of(step, build.shared.judge, call, build.values)]
    if step.listed and step.operations[-1].line:
        effects.append(build.shared.judge(step.operations[-1].line, step.varying_words))
    return Effect.worst(effects)


def _spread(step: AlignedStep, build: Build) -> Spread:
    found = explain_list(build.values.outputs, step.listed)
    if found is None:
        examples = ", ".join(" ".join(words) for words in step.listed)[:80]
        raise Left(f"`{step.title}` has a varying number of words ({examples}), which are no list printed before")
    at, listing = found
    name = _bound(build, at, listing)
    if not name:
        raise Left(f"`{step.title}` has a varying number of words of no one kind")
    return Spread(name=name)


def _bound(build: Build, step: int, listing: Listing) -> str:
    """The name of the list, bound to the step it is printed by; "" if its items are of no one kind."""
    items = [item for each in listing.lists for item in each]
    names = listed_names(listing.finders[0], build.values.outputs[step], items, subject(build.results[step]))
    binding = listing.binding(build.free_name(*names))
    return build.listed(step, listing.lists, binding) if binding else ""


# --- loops


def take_loop(build: Build, items: Sequence[Item]) -> None:
    """Explain a loop whose rounds are a whole list of an earlier output; `NotCompilable` if they are none."""
    counts = [len(item.rounds) for item in items]
    try:
        steps = [
            align_step(tuple(calls[number] for item in items for calls in item.rounds))
            for number in range(len(items[0].keys))
        ]
    except NotCompilable as reason:
        raise NotCompilable(f"a loop cannot be compiled: {reason}") from reason
    named = " and ".join(f"`{step.title}`" for step in steps)
    if any(step.listed for step in steps):
        raise NotCompilable(f"{named} is done a varying number of times, with a varying number of words")
    _explain_outside(steps, counts, build)
    for at, listing in _found(steps, counts, build):
        if made := _rounds(steps, at, listing, counts, build):
            build.drafts.append(made)
            return
    times = f"{min(counts)} to {max(counts)}"
    raise NotCompilable(f"{named} is done {times} times, and its rounds are no list that was printed before")


def _found(steps: Sequence[AlignedStep], counts: Sequence[int], build: Build) -> Iterator[tuple[int, Listing]]:
    """Lists with as many items as there were rounds, and those that a word of the rounds is."""
    outputs = build.values.outputs
    for at in reversed(range(len(outputs))):
        for listing in listings(outputs[at]):
            if [len(each) for each in listing.lists] == counts:
                yield at, listing
    for column in (column for step in steps for column in step.columns if column.varies):
        if found := explain_list(outputs, _by_occurrence(column, counts)):
            yield found


def _explain_outside(steps: Sequence[AlignedStep], counts: Sequence[int], build: Build) -> None:
    """Find the words that stay the same over the rounds of an occurrence, before the loop begins."""
    for column in (column for step in steps for column in step.columns if column.varies):
        rounds = _by_occurrence(column, counts)
        if all(len(set(each)) == 1 for each in rounds):
            values = build.values.copy()
            if values.explain(tuple(each[0] for each in rounds)) is not None:
                build.values = values


def _by_occurrence(column: Column, counts: Sequence[int]) -> list[tuple[str, ...]]:
    left = iter(column.values)
    return [tuple(next(left) for _ in range(times)) for times in counts]


def _rounds(
    steps: Sequence[AlignedStep], at: int, listing: Listing, counts: Sequence[int], build: Build
) -> LoopDraft | None:
    """The loop over this list, None if its items do not explain the rounds."""
    before = build.copy()
    over = _bound(before, at, listing)
    if not over:
        return None
    about = subject(build.results[at])
    item = before.free_name(about if over == "names" and about else singular(over), "item")
    outer = flattened(before.values.sources, counts)
    given = {name: outer[name] for name in build.shared.given if name in outer}
    inner = Values({**given, item: tuple(value for each in listing.lists for value in each)}, build.values.name_for)
    inner.environment, inner.prompt = before.values.environment, before.values.prompt
    inner.sources.update({name: column for name, column in outer.items() if name not in inner.sources})
    inner.reserve(before.values.sources)
    drafts: list[Draft] = []
    try:
        for step in steps:
            call = call_of(step, inner, build.shared.secrets)
            if objection := tools.unseen(call, (draft.call for draft in drafts)):
                raise NotCompilable(objection)
            drafts.append(Draft(step, call, effect_of(step, build.shared.judge, call, inner)))
            inner.add_outputs(step.outputs, subject(step))
    except NotCompilable:
        return None
    if item not in inner.used:
        return None
    build.values, build.lists = before.values, before.lists
    build.values.reserve([item, *inner.sources])
    build.values.used |= inner.used & set(build.values.sources)
    return LoopDraft(over, item, tuple(drafts), inner, _most(drafts, max(counts)))


def _most(drafts: Sequence[Draft], seen: int) -> int:
    """How many rounds may be taken where `seen` were the most."""
    local = all(draft.effect in (Effect.READS, Effect.WRITES_HERE) for draft in drafts)
    return ceil((_MORE if local else _MORE_ELSEWHERE) * seen)
