"""What a recompilation changed in the contracts, in words: tighter, looser or otherwise (pure)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agentjit.compile.phrase import finder_text, guard_text, shape_text
from agentjit.contract import Contract
from agentjit.piece import Binding, Kind, ShapePiece
from agentjit.skill import Plan
from agentjit.step import Fork, Loop, Step, call_text, text_of


class Change(NamedTuple):
    """One difference: what it is about (`entry`, `argument`, `need`, `step`, `branch`, `check`, `value`, `ending`,
    `effects`, `evidence`), and what a person reads.
    """

    about: str
    text: str


class _Promise(NamedTuple):
    """What is promised of one output: after which call, on which way on from there (a guard in words, "" for any), the
    contract, and the values taken out.
    """

    after: str
    when: str
    contract: Contract
    bindings: tuple[Binding, ...]


class _Output(NamedTuple):
    """The output of a call, and what is promised of it: one promise, or one for each path whose guard reads it."""

    step: Step
    ways: list[_Promise]


def promises(before: Plan, now: Plan) -> Iterator[Change]:
    """Every check and every value taken out that differs, output by output."""
    old, new = list(_outputs(before)), list(_outputs(now))
    calls = [[call_text(each.step.call) for each in outputs] for outputs in (old, new)]
    matcher = difflib.SequenceMatcher(None, calls[0], calls[1], autojunk=False)
    for i, k, size in matcher.get_matching_blocks():
        for was, is_ in zip(old[i : i + size], new[k : k + size], strict=True):
            for left, right in _same_ways(was.ways, is_.ways):
                yield from _promised(left, right)


def _same_ways(old: Sequence[_Promise], new: Sequence[_Promise]) -> Iterator[tuple[_Promise, _Promise]]:
    """The promises to compare: those of one way; where the ways are told apart otherwise now, the two most alike. A way
    that came or went is told with the branches.
    """
    known = {each.when: each for each in old}
    same = [(known[each.when], each) for each in new if each.when in known]
    pairs = [(left, right) for left in old for right in new]
    yield from same or [min(pairs, key=lambda pair: len(list(_promised(*pair))))]


def _promised(left: _Promise, right: _Promise) -> Iterator[Change]:
    where = f", {right.when}" if right.when and right.when == left.when else ""
    for word, text in _checks(left.contract, right.contract):
        yield Change("check", f"{word} after `{right.after}`{where}: {text}")
    yield from _values(left, right)


def _outputs(plan: Plan) -> list[_Output]:
    outputs: list[_Output] = []
    _collect(plan.steps, plan.fork, {}, outputs)
    return outputs


def _collect(
    nodes: Sequence[Step | Loop], fork: Fork | None, above: Mapping[str, _Output], outputs: list[_Output]
) -> None:
    """The outputs of one way; what a path promises of an output is counted to the call that made it."""
    known = dict(above)
    for step in (step for node in nodes for step in (node.steps if isinstance(node, Loop) else (node,))):
        promise = _Promise(call_text(step.call), "", step.contract, step.bindings)
        outputs.append(_Output(step, [promise]))
        known[step.result] = outputs[-1]
    for path in fork.paths if fork else ():
        if read := known.get(path.guard.of):
            step, when = read.step, f"if {guard_text(path.guard)}"
            read.ways[:] = [each for each in read.ways if each.when]
            both = _both(step.contract, path.contract)
            read.ways.append(_Promise(call_text(step.call), when, both, (*step.bindings, *path.bindings)))
        _collect(path.steps, path.fork, known, outputs)


def _both(of_all: Contract, of_path: Contract) -> Contract:
    """All that is promised on a path: by the step, and by the path, which knows better."""
    own = {name: value for name in Contract.model_fields if (value := getattr(of_path, name))}
    lists = ("holds", "says", "relations", "exists")
    more = {name: tuple(dict.fromkeys((*getattr(of_all, name), *own.get(name, ())))) for name in lists}
    return of_all.model_copy(update={**own, **more})


_WHOLE: dict[str, tuple[str, Callable[[Contract], Hashable]]] = {
    "header": ("the table's header", lambda contract: contract.header),
    "columns": ("how many columns", lambda contract: contract.columns),
    "calm": ("no word of trouble", lambda contract: contract.calm),
    "rows": ("how its rows are parted", lambda contract: (contract.separator, contract.titles)),
    "lines": ("how many lines", lambda contract: contract.lines),
    "form": ("the form of its JSON", lambda contract: contract.form),
    "shape": ("the shape of the text", lambda contract: contract.shape),
    "same": ("equal numbers", lambda contract: contract.same),
    "each": ("the form of every line", lambda contract: contract.each),
    "cells": ("what its columns say", lambda contract: contract.cells),
}


def _checks(old: Contract, new: Contract) -> Iterator[tuple[str, str]]:
    """(tighter, looser or changed; what) for every check that differs."""
    yield from _exits(old, new)
    for name, value in _WHOLE.values():
        was, is_ = value(old), value(new)
        if was == is_:
            continue
        if not was or not is_:
            yield ("tighter", name) if is_ else ("looser", f"no longer {name}")
        elif isinstance(was, tuple) and name.startswith("how many") and isinstance(is_, tuple):
            yield _range(name, was, is_)
        elif name in (_WHOLE["shape"][0], _WHOLE["each"][0]) and _alike(was, is_):
            yield from _numbers(was, is_, name)
        else:
            yield "changed", f"{name}{_became(old, new, name)}"
    yield from _columns(old, new)
    for name, left, right in (
        ("a value known before", _held(old), _held(new)),
        ("a line", [shape_text(line) for line in old.says], [shape_text(line) for line in new.says]),
        ("a relation", _related(old), _related(new)),
        ("the file", [text_of(path) for path in old.exists], [text_of(path) for path in new.exists]),
    ):
        yield from (("tighter", f"{name}, {each}") for each in right if each not in left)
        yield from (("looser", f"no longer {name}, {each}") for each in left if each not in right)


def _exits(old: Contract, new: Contract) -> Iterator[tuple[str, str]]:
    was, is_ = set(old.exit_codes), set(new.exit_codes)
    if was != is_:
        codes = " or ".join(map(str, new.exit_codes))
        tighter = bool(is_) and (not was or is_ < was)
        word = "tighter" if tighter else "looser" if not is_ or was < is_ else "changed"
        yield word, f"exit status {codes}" if is_ else "no longer the exit status"


def _range(name: str, was: tuple[object, ...], is_: tuple[object, ...]) -> tuple[str, str]:
    (low, high), (least, most) = [[float(str(end)) for end in ends] for ends in (was, is_)]
    word = "looser" if least <= low and most >= high else "tighter" if least >= low and most <= high else "changed"
    return word, f"{name}, {is_[0]} to {is_[1]}, was {was[0]} to {was[1]}"


def _bare(pieces: Sequence[ShapePiece]) -> list[ShapePiece]:
    return [
        piece.model_copy(update={"low": None, "high": None}) if isinstance(piece, Kind) else piece for piece in pieces
    ]


def _alike(was: Hashable, is_: Hashable) -> bool:
    """Whether two shapes differ in the ranges of their numbers only."""
    return isinstance(was, tuple) and isinstance(is_, tuple) and _bare(was) == _bare(is_)


def _numbers(was: Any, is_: Any, name: str) -> Iterator[tuple[str, str]]:
    """The numbers of a shape that may be others now."""
    pairs = [(left, right) for left, right in zip(was, is_, strict=True) if isinstance(left, Kind)]
    ranged = [pair for pair in pairs if any(each.low is not None or each.high is not None for each in pair)]
    for place, (left, right) in enumerate(ranged, 1):
        if (left.low, left.high) != (right.low, right.high):
            which = "the number" if len(ranged) == 1 else f"number {place}"
            word, text = _range(which, (_low(left), _high(left)), (_low(right), _high(right)))
            yield word, f"{text}, in {shape_text(is_)}" if name == _WHOLE["shape"][0] else f"{text}, in every line"


def _low(kind: Kind) -> str:
    return f"{-math.inf if kind.low is None else kind.low:g}"


def _high(kind: Kind) -> str:
    return f"{math.inf if kind.high is None else kind.high:g}"


def _became(old: Contract, new: Contract, name: str) -> str:
    if name == _WHOLE["header"][0]:
        return f", {new.header}, was {old.header}"
    if name == _WHOLE["shape"][0]:
        texts = shape_text(new.shape), shape_text(old.shape)
        if texts[0] == texts[1]:  # cut short before they part
            at = next((n for n, (a, b) in enumerate(zip(new.shape, old.shape, strict=False)) if a != b), 0)
            texts = f"…{shape_text(new.shape[at:])}", f"…{shape_text(old.shape[at:])}"
        return f", {texts[0]}, was {texts[1]}"
    return ""


def _columns(old: Contract, new: Contract) -> Iterator[tuple[str, str]]:
    """Words and forms of a table's columns."""
    was, is_ = dict(old.words), dict(new.words)
    for column in sorted({*was, *is_}):
        more = [word for word in is_.get(column, ()) if word not in was.get(column, ())]
        fewer = [word for word in was.get(column, ()) if word not in is_.get(column, ())]
        if column not in was:
            yield "tighter", f"only {' or '.join(more)} in column {column}"
        elif column not in is_:
            yield "looser", f"any word in column {column}"
        else:
            yield from (("looser", f"{word} in column {column} too") for word in more)
            yield from (("tighter", f"{word} in column {column} no longer") for word in fewer)
    forms, now = dict(old.forms), dict(new.forms)
    for column in sorted({*forms, *now}):
        if forms.get(column) != now.get(column):
            word = "tighter" if column not in forms else "looser" if column not in now else "changed"
            yield word, f"column {column} like {now[column]}" if column in now else f"column {column} like anything"


def _held(contract: Contract) -> list[str]:
    return [f"{text_of(value)} at {finder_text(finder)}" for finder, value in contract.holds]


def _related(contract: Contract) -> list[str]:
    return [f"{finder_text(each.left)} {each.by} {finder_text(each.right)}" for each in contract.relations]


def _values(old: _Promise, new: _Promise) -> Iterator[Change]:
    was, is_ = ({each.name: each for each in promise.bindings} for promise in (old, new))
    for name, binding in is_.items():
        how = " or ".join(finder_text(finder) for finder in binding.finders)
        if name not in was:
            yield Change("value", f"takes {{{name}}} out of `{new.after}`: {how}")
        elif was[name].finders != binding.finders:
            before = " or ".join(finder_text(finder) for finder in was[name].finders)
            yield Change("value", f"{{{name}}} is {how}, was {before}")
        elif was[name].pattern != binding.pattern:
            yield Change(
                "value", f"{{{name}}} is like {shape_text(binding.pattern)}, was {shape_text(was[name].pattern)}"
            )
    yield from (Change("value", f"takes {{{name}}} no longer out of `{new.after}`") for name in was if name not in is_)
