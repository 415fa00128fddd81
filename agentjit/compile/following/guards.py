"""Guards: what tells the ways of going on from one another, among the results so far.

Some word of an output is sooner or later in just those traces that went one way, by chance. Had the traces been shared
out among the ways at random, a set of k of all n traces would be those of one way with probability 1 / C(n, k), and one
of the sets that a guard could have told from the others with so many times that at most: a permutation test (R. A.
Fisher, "The Design of Experiments", 1935), corrected as Bonferroni did. Above `LEVEL` the guards are refused. Words
that always come together are one set, an exit status has few, and so do outputs that are empty or not.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, islice

from agentjit.compile.explaining.kinds import escaped
from agentjit.compile.explaining.shape import Vector
from agentjit.compile.explaining.worth import LEVEL
from agentjit.compile.following.build import Build, GuardDraft

_CUT_OFF = 30_000  # characters: a longer output may lack its end, and what it does not say says nothing
_LONGEST = 4  # words by which a phrase is found; it is then as long as it is the same everywhere
_LINES, _WIDE = 60, 400  # lines at either end of an output, and characters of each, that are looked at
_TRIED = 200  # telling words of which one may be part of a phrase
_LEFT_OUT = 3  # traces of a group that are left out in turn; when all of the plan is proven, every one is
_CODES = 6  # exit statuses whose sets are counted one by one
_WORD = re.compile(r"(?<![\w./\\@:=-])[A-Za-z][A-Za-z']*(?![\w/\\@=-]|[.:][\w/])")
_NAMES = re.compile(
    r"(?i)(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|am|pm|utc|gmt"
)
_SMALL = frozenset(
    "a an and are as at be been but by can did do does for from had has have he if in into is it its of on or our out"
    " she so than that the their them then there these they this those to up us was we were which who will with you"
    " your".split()
)

Groups = Sequence[Sequence[int]]
"""The places, in the build, of the occurrences that go one way."""


def guards(build: Build, groups: Groups, others: Sequence[int] = ()) -> list[GuardDraft] | None:
    """A guard for each group, all of one result: true in its traces and in none of any other; None if there is none.

    `others` are traces that go none of these ways. Results just before come first; an exit status before what is or is
    not printed, and that before a phrase. Each guard must be found from all traces but one, too, and hold for that one
    as it should.
    """
    looked_at: list[int] = []
    for step in reversed(range(len(build.results))):
        found = _of(build, step, groups, others)
        if found and _told(build, found, groups, others, looked_at) and _survives(build, step, groups, others):
            return found
        looked_at.append(step)
    return None


def _told(
    build: Build, found: Sequence[GuardDraft], groups: Groups, others: Sequence[int], looked_at: Sequence[int]
) -> bool:
    """Whether chance is no explanation for guards as good as these, after all that was `looked_at` in vain.

    A single guard by exit status goes on as any contract does, and stops all others.
    """
    if len(groups) == 1 and found[0].by == "exit":
        return True
    ways = ("exit", "printed", "says")
    farthest = max(ways.index("printed" if guard.by == "empty" else guard.by) for guard in found)
    places = sorted((*(place for group in groups for place in group), *others))
    sets = [_sets(build, step, places, ways) for step in looked_at]
    sets.append(_sets(build, found[0].step, places, ways[: farthest + 1]))
    tried = {size: len({each for own in sets for each in own if len(each) == size}) for size in map(len, groups)}
    return _chance(len(places), [(len(group), tried[len(group)]) for group in groups]) <= LEVEL


def _chance(traces: int, groups: Sequence[tuple[int, int]]) -> float:
    """The probability, at most, that guards for groups of (size, sets tried) are found if nothing tells them apart."""
    total, left = 1.0, traces
    for size, tried in sorted(groups, key=lambda group: group[1] / math.comb(traces, group[0])):
        total *= min(1.0, tried / math.comb(left, size))
        left -= size
    return total


def _sets(build: Build, step: int, places: Sequence[int], ways: Sequence[str]) -> set[frozenset[int]]:
    """The sets of traces that a guard on this result could tell from the others, in these ways."""
    operations, outputs = build.results[step].operations, build.results[step].outputs
    found: set[frozenset[int]] = set()
    if "exit" in ways:
        codes = list(_by_value([operations[i].call.exit_code for i in places], places))
        sizes = range(1, len(codes)) if len(codes) <= _CODES else (1,)
        found |= {frozenset[int]().union(*some) for size in sizes for some in combinations(codes, size)}
    if "printed" in ways:
        found |= set(_by_value([bool(outputs[i].strip()) for i in places], places))
    if "says" in ways:
        with_phrase: dict[str, list[int]] = defaultdict(list)
        for i in places:
            for phrase in _meaning(outputs[i]):
                with_phrase[phrase].append(i)
        found |= {frozenset(own) for own in set(map(tuple, with_phrase.values()))}
    return found - {frozenset(places)}


def _by_value(values: Sequence[object], places: Sequence[int]) -> Iterator[frozenset[int]]:
    for value in set(values):
        yield frozenset(place for own, place in zip(values, places, strict=True) if own == value)


def _survives(build: Build, step: int, groups: Groups, others: Sequence[int]) -> bool:
    for number, group in enumerate(groups):
        for left_out in group[:_LEFT_OUT] if len(group) > 2 else ():
            rest = [[i for i in each if i != left_out] for each in groups]
            found = _of(build, step, rest, others)
            if not found or [_holds(guard, build, left_out) for guard in found].count(True) != 1:
                return False
            if not _holds(found[number], build, left_out):
                return False
    return True


def _holds(guard: GuardDraft, build: Build, place: int) -> bool:
    call = build.results[guard.step].operations[place].call
    if guard.by == "exit":
        return call.exit_code in guard.codes
    if guard.by in ("empty", "printed"):
        return (not call.output.strip()) is (guard.by == "empty")
    return re.search(guard.expression, call.output, re.MULTILINE) is not None


def _of(build: Build, step: int, groups: Groups, others: Sequence[int]) -> list[GuardDraft] | None:
    found: list[GuardDraft] = []
    ways: tuple[Callable[..., GuardDraft | None], ...] = (_by_exit, _by_print, _by_phrase)
    for way in ways:
        found = [made for group in groups if (made := way(build, step, group, _rest(group, groups, others)))]
        if len(found) == len(groups):
            return found
    found = []
    for group in groups:
        rest = _rest(group, groups, others)
        made = next((made for way in ways if (made := way(build, step, group, rest))), None)
        if made is None:
            return None
        found.append(made)
    return found


def _rest(group: Sequence[int], groups: Groups, others: Sequence[int]) -> list[int]:
    return [*(place for each in groups if each is not group for place in each), *others]


def _by_exit(build: Build, step: int, group: Sequence[int], rest: Sequence[int]) -> GuardDraft | None:
    operations = build.results[step].operations
    own, foreign = ({operations[i].call.exit_code for i in places} for places in (group, rest))
    if None in own or own & foreign:
        return None
    return GuardDraft(step, "exit", codes=tuple(sorted(code for code in own if code is not None)))


def _by_print(build: Build, step: int, group: Sequence[int], rest: Sequence[int]) -> GuardDraft | None:
    outputs = build.results[step].outputs
    own, foreign = ({bool(outputs[i].strip()) for i in places} for places in (group, rest))
    if len(own) != 1 or own & foreign:
        return None
    return GuardDraft(step, "printed" if own == {True} else "empty")


# --- phrases


def _by_phrase(build: Build, step: int, group: Sequence[int], rest: Sequence[int]) -> GuardDraft | None:
    """A phrase that all of the group's outputs have and none of the others: found by the fewest words, with all those
    that stand around these in every output; if there are, for a word alone is sooner there by chance.
    """
    outputs = build.results[step].outputs
    own, foreign = tuple(outputs[i] for i in group), tuple(outputs[i] for i in rest)
    if max(map(len, (*own, *foreign))) >= _CUT_OFF:
        return None
    values = {value for name, column in build.values.sources.items() if column for value in (column[i] for i in group)}
    found = list(islice(_telling(own, foreign, values), _TRIED))
    for phrase in sorted(dict.fromkeys(found), key=lambda phrase: " " not in phrase):
        if _said(phrase, own) and not any(_has(phrase, text) for text in foreign):
            return GuardDraft(step, "says", expression=_expression(phrase))
    return None


def _telling(own: Vector, foreign: Vector, values: set[str]) -> Iterator[str]:
    common = frozenset.intersection(*map(_phrases, own))
    others = list(map(_phrases, foreign))
    for size in range(1, _LONGEST + 1):
        for words in _clauses(own[0]) if common else ():
            for start in range(len(words) - size + 1):
                part = words[start : start + size]
                phrase = " ".join(part)
                if phrase not in common or any(phrase in each for each in others) or not _means(part, values):
                    continue
                yield _wider(words, start, start + size, own)


def _means(words: Sequence[str], values: set[str]) -> bool:
    """Whether a phrase says something by itself, and nothing that is known otherwise."""
    return not any(word in values for word in words) and not all(word.casefold() in _SMALL for word in words)


@lru_cache(maxsize=256)
def _meaning(text: str) -> frozenset[str]:
    """The phrases of a text that say something by themselves."""
    return frozenset(phrase for phrase in _phrases(text) if _means(phrase.split(" "), set()))


@lru_cache(maxsize=128)
def _phrases(text: str) -> frozenset[str]:
    """All phrases of up to so many words of a text's clauses."""
    return frozenset(
        " ".join(words[start : start + size])
        for words in _clauses(text)
        for size in range(1, _LONGEST + 1)
        for start in range(len(words) - size + 1)
    )


@lru_cache(maxsize=128)
def _clauses(text: str) -> tuple[tuple[str, ...], ...]:
    """The runs of plain words at a text's begin and end: no numbers, no names of days and months, no paths."""
    found: dict[tuple[str, ...], None] = {}
    for line in _lines(text):
        run: list[str] = []
        end = -1
        for word in _WORD.finditer(line):
            plain = not _NAMES.fullmatch(word[0])
            if run and (line[end : word.start()] != " " or not plain):
                found[tuple(run)] = None
                run = []
            if plain:
                run.append(word[0])
                end = word.end()
        if run:
            found[tuple(run)] = None
    return tuple(found)


def _lines(text: str) -> list[str]:
    lines = [line[:_WIDE] for line in text.split("\n")]
    return lines if len(lines) <= 2 * _LINES else [*lines[:_LINES], *lines[-_LINES:]]


def _wider(words: tuple[str, ...], start: int, end: int, own: Vector) -> str:
    while start > 0 and all(" ".join(words[start - 1 : end]) in text for text in own):
        start -= 1
    while end < len(words) and all(" ".join(words[start : end + 1]) in text for text in own):
        end += 1
    return " ".join(words[start:end])


def _said(phrase: str, texts: Vector) -> bool:
    return all(_has(phrase, text) for text in texts)


def _has(phrase: str, text: str) -> bool:
    """Whether `_expression(phrase)` is found in `text`, which is told much faster without one."""
    start = text.find(phrase)
    while start >= 0:
        around = text[start - 1 : start] if start else "", text[start + len(phrase) : start + len(phrase) + 1]
        if not any(character.isalnum() or character == "_" for character in around if character):
            return True
        start = text.find(phrase, start + 1)
    return False


def _expression(phrase: str) -> str:
    return rf"\b{escaped(phrase)}\b"
