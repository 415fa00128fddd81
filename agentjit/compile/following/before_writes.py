"""What was printed before something is changed: the model read it, and a program that goes on alone must know it.

A change may rest on everything that was printed until then. So what precedes a change is promised or used, or the plan
ends before that change, and the model reads and decides. Only who fills a hole has read what the program had gathered
by then; that holds where the program was run by its prompt first, as its manual asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from agentjit.compile.explaining.explain import Values, references
from agentjit.compile.following import ending
from agentjit.compile.following.build import Build, Draft, LoopDraft, PathDraft, Tail
from agentjit.contract import Contract, Json
from agentjit.errors import NotCompilable
from agentjit.piece import Binding, Ref
from agentjit.step import Ending
from agentjit.trace import Effect

_NAMED = re.compile(r'"kind":"(?:ref|spread)","name":"(\w+)"')


def acts(draft: Draft | LoopDraft) -> bool:
    """Whether a step, or one of a loop, may change something."""
    return any(each.effect is not Effect.READS for each in _each(draft))


def acting(tail: Tail, first: int = 0) -> bool:
    """Whether something may be changed from draft number `first` on, on any way to the end."""
    return any(map(acts, tail.build.drafts[first:])) or any(acting(path.tail) for path in tail.paths)


def settled(tail: Tail) -> Tail:
    """The tail, ended before the first change that rests on what nothing is known of; `NotCompilable` if what the
    prompt says is of no use before it.
    """
    made = _settled(tail, frozenset(), _closed(tail, answers=False), asked=False)
    if made is tail:
        return tail
    _tidied(made)
    needed = {name for one in _tails(made) for name in one.values.used}
    if lost := [name for name in tail.build.shared.slots if name not in needed]:
        raise NotCompilable(f"{tail.build.shared.notes[-1]}; nothing before it depends on {{{lost[0]}}}")
    return made


def _settled(tail: Tail, unknown: frozenset[int], called: set[str], *, asked: bool) -> Tail:
    """`unknown` are results so far that promise nothing, `called` the values that calls depend on; `asked`: the model
    has filled a hole by now.
    """
    build = tail.build
    for number, draft in enumerate(build.drafts):
        if not asked and _names(draft) & build.shared.holes.keys():
            asked, unknown = True, frozenset()
        if acts(draft) and (unknown or (isinstance(draft, LoopDraft) and not _loop_told(draft, called))):
            return _cut(tail, number, unknown)
        unknown |= _unknown(build, draft, called)
    paths = [
        replace(path, tail=_settled(path.tail, (unknown - {path.guard.step}) | _printed(path), called, asked=asked))
        for path in tail.paths
    ]
    same = all(new.tail is old.tail for new, old in zip(paths, tail.paths, strict=True))
    return tail if same else replace(tail, paths=paths)


def _each(draft: Draft | LoopDraft) -> tuple[Draft, ...]:
    return draft.drafts if isinstance(draft, LoopDraft) else (draft,)


# --- what is known


def _unknown(build: Build, draft: Draft | LoopDraft, called: set[str]) -> frozenset[int]:
    """The place of a step of whose output nothing is known, -1 if it is in a loop."""
    if isinstance(draft, LoopDraft):
        return frozenset() if _loop_told(draft, called) else frozenset({-1})
    at = next(i for i, owner in enumerate(build.owners) if owner is draft)
    made = ending.of_step(build, at, tight=True, verdict=False)
    return frozenset() if _known(draft, made, build.values.bindings.get(at, ()), called) else frozenset({at})


def _printed(path: PathDraft) -> frozenset[int]:
    """The place of the result that a path hangs on, if nothing is known of it but that there is one: a status, a phrase
    or that it is empty says what it is.
    """
    step, values = path.guard.step, path.tail.build.values
    if path.guard.by != "printed" or path.bindings:
        return frozenset()
    made = ending.promise(path.tail.build.results[step], (), values, step, tight=True, verdict=False)
    return frozenset() if telling(made) else frozenset({step})


def _loop_told(loop: LoopDraft, called: set[str]) -> bool:
    contracts = enumerate(zip(loop.drafts, ending.of_loop(loop, verdict=False), strict=True))
    return all(_known(draft, made, loop.values.bindings.get(i, ()), called) for i, (draft, made) in contracts)


def _known(draft: Draft, contract: Contract, bindings: Sequence[Binding], called: set[str]) -> bool:
    """Whether a call depends on what is taken out of an output, or it is promised; to be quoted in the end is nothing
    that a change could rest on.
    """
    used = any(binding.name in called for binding in bindings)
    return used or telling(contract) or _receipt(draft, contract)


def telling(contract: Contract) -> bool:
    """Whether an output is known well enough to go on without reading it: a shape, a place, all of its lines, what all
    its rows say, a value in its JSON. One line of many is not, nor is its exit status, nor that it sounds calm.
    """
    lines = bool(contract.says) and contract.lines is not None
    rows = bool(contract.words or contract.cells)
    return bool(contract.shape or contract.holds or contract.each or lines or rows) or _says(contract.form)


def _receipt(draft: Draft, contract: Contract) -> bool:
    """Whether a step is known to write, and its own exit status says that it did: what it prints tells no news then,
    unless it has a word of trouble. Of what only might write nobody knows whether it is a question. A Write or an Edit
    fails or is done.
    """
    if draft.aligned.form in ("write", "edit"):
        return True
    line = draft.aligned.line
    own = line is not None and all(connector == "&&" for connector in line.connectors)
    known = draft.effect in (Effect.WRITES_HERE, Effect.WRITES_ELSEWHERE)
    return own and known and contract.exit_codes == (0,) and contract.calm


def _says(form: Json | None) -> bool:
    if form is None:
        return False
    said = bool(form.value or form.values) or (form.types == ("array",) and form.most == 0)
    return said or _says(form.items) or any(_says(child) for _, child in form.properties)


# --- an earlier end


def _cut(tail: Tail, number: int, unknown: frozenset[int]) -> Tail:
    build = tail.build.copy()
    left = [each.aligned.operations[0].signature for draft in build.drafts[number:] for each in _each(draft)]
    at = max(unknown, default=-1)
    what = f"`{build.results[at].title}` prints" if at >= 0 else "its rounds print"
    build.shared.notes.append(f"ends before `{left[0]}`: what {what} is read first, and nothing is common to it")
    build.drafts = build.drafts[:number]
    return Tail(build, Ending.GATHERED, remains=(*dict.fromkeys((*left, *tail.remains)),))


def _tidied(tail: Tail) -> None:
    """Take no values any more that nothing depends on now."""
    needed = _closed(tail, answers=True)
    for one in _tails(tail):
        values = one.build.values
        for step, bindings in values.bindings.items():
            values.bindings[step] = [binding for binding in bindings if binding.name in needed]
        values.used &= needed
        for path in one.paths:
            path.bindings = tuple(binding for binding in path.bindings if binding.name in needed)


def _closed(tail: Tail, *, answers: bool) -> set[str]:
    """The names that calls depend on, and the answers with `answers`."""
    tails = list(_tails(tail))
    needed = {name for one in tails for draft in one.build.drafts for name in _names(draft)}
    if answers:
        needed |= {piece.name for one in tails for piece in one.answer if isinstance(piece, Ref)}
    everything = [one.build.values for one in tails]
    everything += [draft.values for one in tails for draft in one.build.drafts if isinstance(draft, LoopDraft)]
    while more := {name for values in everything for name in _behind(values, needed)} - needed:
        needed |= more
    return needed


def _names(draft: Draft | LoopDraft) -> set[str]:
    called = {name for each in _each(draft) for name in _NAMED.findall(each.call.model_dump_json())}
    return called | {draft.over} if isinstance(draft, LoopDraft) else called


def _behind(values: Values, needed: set[str]) -> Iterator[str]:
    """What the finders and patterns of needed values depend on."""
    for binding in (binding for bindings in values.bindings.values() for binding in bindings):
        if binding.name in needed:
            yield from (name for finder in binding.finders for name in references(finder))
            yield from (piece.name for piece in binding.pattern if isinstance(piece, Ref))


def _tails(tail: Tail) -> Iterator[Tail]:
    yield tail
    for path in tail.paths:
        yield from _tails(path.tail)
