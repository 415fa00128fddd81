"""What a recompilation changed, in words: two plans of one skill compared (pure)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from agentjit.compile.phrase import ELSE, Phrase, call_text, ending_text, finder_text, plan_phrases, shape_text, text_of
from agentjit.contract import Contract
from agentjit.piece import Binding
from agentjit.skill import Need, Parameter, Plan
from agentjit.step import Fork, Path


class Change(NamedTuple):
    """One difference: what it is about (`entry`, `argument`, `need`, `step`, `branch`, `check`, `value`, `ending`,
    `effects`, `evidence`), and what a person reads.
    """

    about: str
    text: str


def differences(before: Plan, now: Plan) -> list[Change]:
    """Everything in which `now` differs from `before`, what matters most first; [] if only names do."""
    return [
        *_effects(before, now),
        *_entries(before, now),
        *_arguments(before, now),
        *_needs(before, now),
        *_steps(before, now),
        *_contracts(before, now),
        *_endings(before, now),
        *_evidence(before, now),
    ]


def _effects(before: Plan, now: Plan) -> Iterator[Change]:
    if before.effects is not now.effects:
        yield Change("effects", f"the worst effect is {now.effects}, was {before.effects}")


def _entries(before: Plan, now: Plan) -> Iterator[Change]:
    old = [entry.prompt for entry in (before.entry, *before.also)]
    new = [entry.prompt for entry in (now.entry, *now.also)]
    yield from _sets("entry", old, new, "starts on “{}” too", "starts no longer on “{}”")
    if before.entry.directories != now.entry.directories:
        where = ", ".join(now.entry.directories)
        yield Change("entry", f"starts in {where} only" if where else "starts in any directory")


def _sets(about: str, old: Sequence[str], new: Sequence[str], more: str, fewer: str) -> Iterator[Change]:
    yield from (Change(about, more.format(each)) for each in new if each not in old)
    yield from (Change(about, fewer.format(each)) for each in old if each not in new)


def _arguments(before: Plan, now: Plan) -> Iterator[Change]:
    old, new = ({each.name: each for each in plan.parameters} for plan in (before, now))
    for name, parameter in new.items():
        if name in old:
            yield from (Change("argument", f"{name}: {text}") for text in _argument(old[name], parameter))
        else:
            seen = f", like {_listed(parameter.seen)}" if parameter.seen else ""
            yield Change("argument", f"{name} is new{seen}")
    yield from (Change("argument", f"{name} is gone") for name in old if name not in new)


def _argument(old: Parameter, new: Parameter) -> Iterator[str]:
    if old.pattern != new.pattern:
        wider = any(not _fits(old.pattern, value) for value in new.seen)
        narrower = any(not _fits(new.pattern, value) for value in old.seen)
        word = {(True, False): "wider", (False, True): "narrower"}.get((wider, narrower), "otherwise")
        yield f"{word}, {old.pattern} became {new.pattern}"
    if more := [value for value in new.seen if value not in old.seen]:
        yield f"also {_listed(more)}"
    if old.hole != new.hole:
        yield "what only a model can say" if new.hole else "no longer left to the model"
    if old.secret != new.secret:
        yield "a secret" if new.secret else "no longer a secret"


def _fits(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except (re.error, RecursionError):
        return False


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(f'"{value}"' for value in values[:3])
    return f"{shown} and {len(values) - 3} more" if len(values) > 3 else shown


def _needs(before: Plan, now: Plan) -> Iterator[Change]:
    old, new = ([*map(_need, plan.requires), *_asked(plan)] for plan in (before, now))
    yield from _sets("need", old, new, "needs {} too", "needs no {} any more")


def _need(need: Need) -> str:
    return {"program": need.name, "file": f"file {need.name}", "repository": "git repository"}[need.kind]


def _asked(plan: Plan) -> list[str]:
    return [asked.key for asked in plan.environment if asked.key.startswith("$")]


# --- steps and branches


def _steps(before: Plan, now: Plan) -> Iterator[Change]:
    old, new = ([each for each in plan_phrases(plan) if each.text != ELSE] for plan in (before, now))
    matcher = difflib.SequenceMatcher(None, [_kept(each) for each in old], [_kept(each) for each in new], False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            pairs = list(_paired(old[i:j], new[k:m]))
            changed = [(left, right) for left, right in pairs if left and right]
            for left, right in changed:
                effect = f", {right.effect}, was {left.effect}" if left.effect != right.effect else ""
                yield Change("step", f"{left.line} became {right.line}{effect}")
            yield from _folded([right for left, right in pairs if right and not left], "new: ")
            yield from _folded([left for left, right in pairs if left and not right], "no longer: ")


def _kept(phrase: Phrase) -> Phrase:
    """A line without the count of its evidence, which grows."""
    return phrase if phrase.effect else phrase._replace(note="")


def _folded(phrases: Sequence[Phrase], word: str) -> Iterator[Change]:
    """Lines that came or went, those of a branch or a loop behind its head."""
    start = 0
    while start < len(phrases):
        head, end = phrases[start], start + 1
        while _is_head(head) and end < len(phrases) and phrases[end].depth > head.depth:
            end += 1
        yield Change("branch" if head.text.startswith("if ") else "step", f"{word}{_block(phrases[start:end])}")
        start = end


def _block(phrases: Sequence[Phrase]) -> str:
    head, *inside = phrases
    text = f"{head.text} ({head.effect})" if head.effect else head.line.removesuffix(":")
    return f"{text}: {_inner(inside)}" if inside else text


def _inner(phrases: Sequence[Phrase]) -> str:
    """`if a: x; y; if b: z`, nested blocks as they come."""
    texts = [each.text for each in phrases]
    return "".join(text + (" " if text.endswith(":") else "; ") for text in texts).removesuffix("; ")


def _is_head(phrase: Phrase) -> bool:
    return phrase.text.endswith(":") and not phrase.effect


def _paired(old: Sequence[Phrase], new: Sequence[Phrase]) -> Iterator[tuple[Phrase | None, Phrase | None]]:
    """Lines that were changed with what they became; a line is changed if more than half of it stays."""
    left = list(old)
    for phrase in new:
        match = next((each for each in left if _is_changed(each, phrase)), None)
        if match:
            left.remove(match)
        yield match, phrase
    yield from ((phrase, None) for phrase in left)


def _is_changed(old: Phrase, new: Phrase) -> bool:
    if bool(old.effect) != bool(new.effect) or old.text.split(" ", 1)[0] != new.text.split(" ", 1)[0]:
        return False
    return difflib.SequenceMatcher(None, old.text, new.text, autojunk=False).ratio() > 0.5


# --- contracts


class _Promise(NamedTuple):
    """What is promised of one output: after which call, the contract, and the values taken out."""

    after: str
    contract: Contract
    bindings: tuple[Binding, ...]


def _contracts(before: Plan, now: Plan) -> Iterator[Change]:
    old, new = list(_promises(before)), list(_promises(now))
    matcher = difflib.SequenceMatcher(None, [each.after for each in old], [each.after for each in new], autojunk=False)
    for i, k, size in matcher.get_matching_blocks():
        for left, right in zip(old[i : i + size], new[k : k + size], strict=True):
            for word, text in _checks(left.contract, right.contract):
                yield Change("check", f"{word} after `{right.after}`: {text}")
            yield from _values(left, right)


def _promises(plan: Plan) -> Iterator[_Promise]:
    for step in plan.every_step():
        yield _Promise(call_text(step.call), step.contract, step.bindings)
    for path in _paths(plan.fork):
        yield _Promise(f"if {path.guard.of} {path.guard.by} {path.guard.expression}", path.contract, path.bindings)


def _paths(fork: Fork | None) -> Iterator[Path]:
    for path in fork.paths if fork else ():
        yield path
        yield from _paths(path.fork)


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


def _became(old: Contract, new: Contract, name: str) -> str:
    if name == _WHOLE["header"][0]:
        return f", {new.header}, was {old.header}"
    if name == _WHOLE["shape"][0]:
        return f", {shape_text(new.shape)}, was {shape_text(old.shape)}"
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


# --- endings and evidence


def _endings(before: Plan, now: Plan) -> Iterator[Change]:
    if before.fork or now.fork:
        return  # told with the branches
    old, new = (ending_text(plan.ending, plan.answer) for plan in (before, now))
    if old != new:
        yield Change("ending", f"ends with: {new}; was: {old}")


def _evidence(before: Plan, now: Plan) -> Iterator[Change]:
    old, new = before.support, now.support
    if (old.occurrences, old.sessions) != (new.occurrences, new.sessions):
        yield Change(
            "evidence",
            f"{new.occurrences} runs in {new.sessions} sessions, was {old.occurrences} in {old.sessions}",
        )
    if old.held_out != new.held_out:
        yield Change("evidence", f"left out one by one, {new.held_out or 'none'} were reproduced, was {old.held_out}")
    yield from _sets("evidence", old.ambiguous, new.ambiguous, "left open: {}", "no longer open: {}")
