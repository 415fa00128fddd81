"""What a recompilation changed, in words: two plans of one skill compared (pure)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from agentjit.compile.phrase import (
    ELSE,
    Phrase,
    ending_text,
    guard_text,
    is_ending,
    plan_phrases,
)
from agentjit.compile.promised import Change, promises
from agentjit.piece import Argument
from agentjit.skill import Need, Parameter, Plan
from agentjit.step import Ending, Fork


def differences(before: Plan, now: Plan) -> list[Change]:
    """Everything in which `now` differs from `before`, what matters most first; [] if only names do."""
    return [
        *_effects(before, now),
        *_entries(before, now),
        *_arguments(before, now),
        *_needs(before, now),
        *_steps(before, now),
        *promises(before, now),
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
            for left, right in pairs:
                if not left or not right or (left.line, left.effect) == (right.line, right.effect):
                    continue  # what only stands deeper now is told by the branch it stands in
                effect = f", {right.effect}, was {left.effect}" if left.effect != right.effect else ""
                yield Change("step", f"{left.line} became {right.line}{effect}")
            yield from _folded([right for left, right in pairs if right and not left], "new: ")
            yield from _folded([left for left, right in pairs if left and not right], "no longer: ")


def _kept(phrase: Phrase) -> Phrase:
    """A line without the count of its evidence, which grows; a call wherever it stands."""
    return phrase._replace(depth=0) if phrase.effect else phrase._replace(note="")


def _folded(phrases: Sequence[Phrase], word: str) -> Iterator[Change]:
    """Lines that came or went, those of a branch or a loop behind its head."""
    start = 0
    while start < len(phrases):
        head, end = phrases[start], start + 1
        if is_ending(head):  # of a way that was there before: told with the endings
            start = end
            continue
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
    if is_ending(old) or is_ending(new):
        return False
    if bool(old.effect) != bool(new.effect) or old.text.split(" ", 1)[0] != new.text.split(" ", 1)[0]:
        return False
    return difflib.SequenceMatcher(None, old.text, new.text, autojunk=False).ratio() > 0.5


# --- endings and evidence


def _endings(before: Plan, now: Plan) -> Iterator[Change]:
    """The ways that end otherwise; one that is told apart by more or fewer guards now is held against what it was. A
    new branch beside others says its ending itself.
    """
    old = dict(_ends(before.fork, before.ending, before.answer, ()))
    for guards, text in _ends(now.fork, now.ending, now.answer, ()):
        was = [each for known, each in old.items() if known[: len(guards)] == guards or guards[: len(known)] == known]
        if was and text not in was:
            where = f"{' and '.join(guards)}, it " if guards else ""
            yield Change("ending", f"{where}ends with: {text}; was: {' or '.join(dict.fromkeys(was))}")


def _ends(
    fork: Fork | None, ending: Ending, answer: Argument, guards: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """(the guards that lead there, how it ends) of every way."""
    if not fork:
        yield guards, ending_text(ending, answer)
    for path in fork.paths if fork else ():
        yield from _ends(path.fork, path.ending, path.answer, (*guards, f"if {guard_text(path.guard)}"))


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
