"""From drafts to the steps, forks and paths of a plan: names for the results, contracts, medians."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from agentjit.compile.following import ending
from agentjit.compile.following.before_writes import acting, acts
from agentjit.compile.following.build import Build, Draft, GuardDraft, LoopDraft, PathDraft, Tail
from agentjit.compile.naming import result_names
from agentjit.contract import Contract
from agentjit.step import Ending, Fork, Guard, Loop, Path, Step


class Assembly:
    """The nouns made of one tree of drafts; `own` is what the skill's function is called."""

    def __init__(self, tail: Tail, own: str) -> None:
        self.tail = tail
        drafts = list(drafts_of(tail))
        taken = {name for each in _tails(tail) for name in each.values.sources}
        names = result_names([draft.aligned for draft in drafts], taken, own)
        self._names = dict(zip(map(id, drafts), names, strict=True))

    def steps(self) -> tuple[Step | Loop, ...]:
        return self._steps(self.tail)

    def fork(self) -> Fork | None:
        return self._fork(self.tail)

    def _steps(self, tail: Tail) -> tuple[Step | Loop, ...]:
        build, tight, verdict = tail.build, tail.answered(), _verdict(tail)
        guarded = {path.guard.step: path.guard.by for path in tail.paths}
        found: list[Step | Loop] = []
        for number, draft in enumerate(build.drafts):
            awaited = acting(tail, number + 1)
            if isinstance(draft, LoopDraft):
                found.append(self._loop(draft, tight=tight or awaited or acts(draft), verdict=verdict))
                continue
            at = next(i for i, owner in enumerate(build.owners) if owner is draft)
            quoted = () if awaited else tail.answer
            made = ending.of_step(build, at, tight=tight or awaited, verdict=verdict, answer=quoted)
            found.append(self._step(draft, _open(made, guarded[at]) if at in guarded else made, build, at))
        return tuple(found)

    def _step(self, draft: Draft, contract: Contract, build: Build, at: int) -> Step:
        return Step(
            call=draft.call,
            result=self._names[id(draft)],
            effect=draft.effect,
            contract=contract,
            bindings=tuple(build.values.bindings.get(at, ())),
            seconds=_median([op.call.seconds for op in draft.aligned.operations]),
        )

    def _loop(self, loop: LoopDraft, *, tight: bool, verdict: bool) -> Loop:
        contracts = ending.of_loop(loop, verdict=verdict)
        steps = []
        for i, (draft, contract) in enumerate(zip(loop.drafts, contracts, strict=True)):
            bindings = tuple(loop.values.bindings.get(i, ()))
            steps.append(
                Step(
                    call=draft.call,
                    result=self._names[id(draft)],
                    effect=draft.effect,
                    contract=contract if tight or bindings else ending.loose(contract),
                    bindings=bindings,
                    seconds=_median([op.call.seconds for op in draft.aligned.operations]),
                )
            )
        return Loop(over=loop.over, item=loop.item, steps=tuple(steps), most=loop.most)

    def _fork(self, tail: Tail) -> Fork | None:
        return Fork(paths=tuple(self._path(path, tail.build) for path in tail.paths)) if tail.paths else None

    def _path(self, path: PathDraft, parent: Build) -> Path:
        own, step = path.tail, path.guard.step
        awaited = acting(own)
        contract = ending.promise(
            own.build.results[step],
            path.bindings,
            own.values,
            step,
            tight=own.answered() or awaited,
            verdict=_verdict(own),
            answer=() if awaited else own.answer,
        )
        return Path(
            guard=self._guard(path.guard, parent),
            seen=path.size,
            contract=contract,
            bindings=path.bindings,
            steps=self._steps(own),
            fork=self._fork(own),
            ending=own.ending if not own.paths else overall(own),
            answer=own.answer,
        )

    def _guard(self, guard: GuardDraft, build: Build) -> Guard:
        of = self._names[id(build.owners[guard.step])]
        return Guard.model_validate({"of": of, "by": guard.by, "codes": guard.codes, "expression": guard.expression})


def overall(tail: Tail) -> Ending:
    """Answered if every way of going on ends in an answer."""
    if not tail.paths:
        return tail.ending
    endings = {overall(path.tail) for path in tail.paths}
    return Ending.ANSWERED if endings == {Ending.ANSWERED} else Ending.GATHERED


def remains(tail: Tail) -> tuple[str, ...]:
    """What is left to the model, over all ways."""
    return tuple(dict.fromkeys(each for one in _tails(tail) for each in one.remains))


def used(tail: Tail) -> set[str]:
    """The names that anything depends on."""
    return {name for each in _tails(tail) for name in each.values.used | ending.looked_up(each.values)}


def left_open(tail: Tail) -> list[str]:
    """What explaining the values left open, each a sentence."""
    return [sentence for each in _tails(tail) for sentence in each.values.ambiguous]


def _open(contract: Contract, by: str) -> Contract:
    """The contract of a result that a fork hangs on: what it promises, each path says, and its status if that is what
    tells them apart.
    """
    return ending.loose(contract).model_copy(update={"exit_codes": ()} if by == "exit" else {})


def _verdict(tail: Tail) -> bool:
    if tail.paths:
        return any(_verdict(path.tail) for path in tail.paths)
    return tail.ending is Ending.ANSWERED and ending.is_verdict(tail.values, tail.answer)


def _tails(tail: Tail) -> Iterator[Tail]:
    yield tail
    for path in tail.paths:
        yield from _tails(path.tail)


def drafts_of(tail: Tail) -> Iterator[Draft]:
    """Every step, those of loops and of all paths too, in the order of the program."""
    for each in _tails(tail):
        for draft in each.build.drafts:
            yield from draft.drafts if isinstance(draft, LoopDraft) else (draft,)


def _median(values: Iterable[float | None]) -> float | None:
    known: Sequence[float] = [value for value in values if value is not None]
    return round(median(known), 3) if known else None
