"""How a group of occurrences ends: with an answer that follows from the outputs, or with all of them for the model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from agentjit.compile.align import AlignedStep
from agentjit.compile.contract import contract
from agentjit.compile.explaining.closing import closing
from agentjit.compile.explaining.explain import Values, references
from agentjit.compile.explaining.shape import momentary
from agentjit.compile.following.build import Build, LoopDraft, Tail
from agentjit.compile.following.constants import fixed, named
from agentjit.contract import Contract
from agentjit.piece import Argument, Binding, Ref
from agentjit.step import Ending

_ALIKE = 0.5  # of the words of two closing answers that say the same of something else


def ended(build: Build) -> Tail:
    """The end after all steps: an answer if every part of it is explained, and every output is promised or used.

    With a hole the model is there anyway: before it by prompt, around it by name.
    """
    if build.values.used & build.shared.holes.keys():
        return Tail(build, Ending.GATHERED)
    attempt = build.values.copy()
    answer = closing([build.shared.finals[place] for place in build.places], attempt)
    if answer is not None:
        made = replace(build, values=attempt)
        used = build.values.used | looked_up(attempt)
        answer = named(answer, fixed(build), made)
        if all(slot in used for slot in build.shared.slots) and _grounded(made, answer):
            return Tail(made, Ending.ANSWERED, answer)
    return Tail(build, Ending.GATHERED)


def looked_up(values: Values) -> set[str]:
    """Names that finders depend on; standing in the answer alone is not enough to be understood."""
    return {ref for bindings in values.bindings.values() for b in bindings for f in b.finders for ref in references(f)}


def _grounded(build: Build, answer: Argument) -> bool:
    """Whether every output is known well enough to be left unsaid, or something is taken from it."""
    verdict = is_verdict(build.values, answer)
    for step, result in enumerate(build.results):
        bindings = build.values.bindings.get(step, ())
        if bindings or step in build.promised:
            continue
        if not promises(contract(result, (), build.values.known(step), verdict=verdict)):
            return False
    loops = [draft for draft in build.drafts if isinstance(draft, LoopDraft)]
    return all(promises(each) for loop in loops for each in of_loop(loop, verdict=verdict))


def is_verdict(values: Values, answer: Argument) -> bool:
    """Whether an answer quotes no output at all: something is said about them."""
    bound = {binding.name for bindings in values.bindings.values() for binding in bindings}
    return not any(isinstance(piece, Ref) and piece.name in bound for piece in answer)


def promises(contract: Contract) -> bool:
    """Whether an output that nothing is taken from is known well enough to be left unsaid."""
    return bool(contract.holds) or (bool(contract.shape) and not momentary(contract.shape))


def promised(build: Build) -> frozenset[int]:
    """The steps of which nothing is taken that may surprise, whichever way is taken from here."""
    found = {
        step
        for step in range(build.base, len(build.results))
        if build.values.bindings.get(step)
        or promises(contract(build.results[step], (), build.values.known(step), verdict=True))
    }
    return build.promised | found


# --- contracts, once all bindings are known


def of_step(build: Build, step: int, *, tight: bool, verdict: bool, answer: Argument = ()) -> Contract:
    """The contract of a step over the group's occurrences; where the model reads the output before anything else is
    done (not `tight`), only the exit status is a promise.
    """
    bindings = build.values.bindings.get(step, [])
    return promise(build.results[step], bindings, build.values, step, tight=tight, verdict=verdict, answer=answer)


def promise(
    result: AlignedStep,
    bindings: Sequence[Binding],
    values: Values,
    step: int,
    *,
    tight: bool,
    verdict: bool,
    answer: Argument = (),
) -> Contract:
    made = contract(result, bindings, values.known(step), verdict=verdict)
    if not tight:
        return made if bindings else loose(made)
    names = {binding.name for binding in bindings}
    echo = len(answer) == 1 and isinstance(answer[0], Ref) and answer[0].name in names
    return made.uncalm() if echo else made  # a word of trouble is just quoted


def loose(tight: Contract) -> Contract:
    """The contract with nothing but the exit status."""
    return tight.loose()


def of_loop(loop: LoopDraft, *, verdict: bool) -> list[Contract]:
    """The contracts of a loop's steps, over all rounds."""
    values = loop.values
    return [
        contract(draft.aligned, values.bindings.get(i, ()), values.known(i), verdict=verdict)
        for i, draft in enumerate(loop.drafts)
    ]


# --- groups


def groups(build: Build, enough: int) -> list[list[int]]:
    """The occurrences by the exit statuses of their steps, else by what their closing messages have in common: then
    only if each kind of message was given `enough` times.
    """
    by_status: dict[tuple[int | None, ...], list[int]] = defaultdict(list)
    for place in range(len(build.places)):
        by_status[tuple(step.operations[place].call.exit_code for step in build.results)].append(place)
    if len(by_status) > 1:
        return list(by_status.values())
    found: list[tuple[set[str], list[int]]] = []
    for place, at in enumerate(build.places):
        words = set((build.shared.finals[at] or "").casefold().split())
        alike = next((own for first, own in found if _overlap(first, words) >= _ALIKE), None)
        if alike is None:
            found.append((words, [place]))
        else:
            alike.append(place)
    return [own for _, own in found] if all(len(own) >= enough for _, own in found) else []


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))
