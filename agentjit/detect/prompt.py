"""Prompt templates: what users type, told apart from what they type it about.

Clustering is that of Drain (He et al., ICWS 2017) at token level: prompts of one length that share most of their tokens
are one template, and the tokens in which they differ are its slots.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from agentjit.hotspot import Slot, Template

_TOKEN = re.compile(r"(?P<space>\s*)(?P<open>[\"'`(\[{<“‘«]*)(?P<word>\S+?)(?P<close>[\"'`)\]}>”’».,;:!?…]*)(?=\s|$)")
_QUOTED = re.compile(
    r"(?P<space>\s*)(?P<open>[\"'`“])(?P<phrase>[^\s\"'`“”][^\"'`“”\n]{0,200}[^\s\"'`“”])(?P<close>[\"'`”])"
    r"(?P<after>[.,;:!?)\]]*)(?=\s|$)"
)
_PAIRS = {"“": "”"}
_SHARED = 0.5  # of a template's words must be literal
FEW = 2  # items of a cluster that may be others' in other words; more of them have words of their own
LONGEST = 40  # words; a longer prompt is a task, not a ritual
_NEWEST = 200  # clusters of one key that a prompt is compared with; without a bound, "fix …" alone would be quadratic

_CONTEXT = frozenset(
    "it this that these those them they he she him her everything all both each any some something anything nothing"
    " here there now again today yesterday mine yours ours what which who whom whose where when why how same other"
    " another else one ones and or but not no never the a an more less me someone somebody anybody nobody everyone"
    " everybody none neither either us we i right later first last next instead you yes ok okay sure continue go on"
    " ahead do retry try fix fixed done ready proceed please thanks".split()
)
"""Words that say nothing outside the conversation they were said in."""

_ENDINGS = frozenset(".!?")  # the last of these says nothing about what is to be done
_ADDS_NOTHING = frozenset("the a an this that it these those please now just".split())
"""Words without which a prompt asks for the same: `commit`, `commit this`, `please commit it now`."""

Item = TypeVar("Item", bound=Hashable)
Texts = tuple[str, ...]
"""The tokens of a prompt in small letters, without its final full stop, exclamation or question mark."""


def tokens(prompt: str) -> tuple[tuple[str, str], ...]:
    """The prompt as (space before, token); punctuation at the ends of a word is a token of its own, and what stands in
    quotes is one token, white space and all.
    """
    found: list[tuple[str, str]] = []
    text, at = prompt.strip(), 0
    place: re.Match[str] | None
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        if quoted and _PAIRS.get(quoted["open"], quoted["open"]) == quoted["close"]:
            place, parts = quoted, (quoted["open"], quoted["phrase"], quoted["close"], *quoted["after"])
        elif place := _TOKEN.match(text, at):
            parts = (*place["open"], place["word"], *place["close"])
        else:
            break
        found += [(place["space"] if not i else "", part) for i, part in enumerate(parts)]
        at = place.end()
    return tuple(found)


def is_word(token: str) -> bool:
    return any(character.isalnum() for character in token)


def bare(prompt: str) -> Texts:
    """What prompts are compared by: `Run the tests` and `run the tests.` are the same."""
    return _unended(tuple(text.casefold() for _, text in tokens(prompt)))


def _unended(texts: Texts) -> Texts:
    return texts[:-1] if len(texts) > 1 and texts[-1] in _ENDINGS else texts


def spellings(prompts: Iterable[str]) -> dict[str, Texts]:
    """For each prompt the texts of the commonest one that asks for the same, but for words that add nothing.

    With `commit` typed seven times and `commit this` twice, both are `commit`.
    """
    counts = Counter(map(bare, prompts := list(prompts)))
    usual: dict[Texts, Texts] = {}
    for texts in _commonest(counts):
        if gist := _gist(texts):
            usual.setdefault(gist, texts)
    return {prompt: usual.get(_gist(bare(prompt)), bare(prompt)) for prompt in dict.fromkeys(prompts)}


def _commonest(counts: Counter[Texts]) -> list[Texts]:
    """Those of the commonest length first, then those that come most often."""
    lengths: Counter[int] = Counter()
    for texts, times in counts.items():
        lengths[len(texts)] += times
    return sorted(counts, key=lambda texts: (-lengths[len(texts)], -counts[texts]))


def _gist(texts: Texts) -> Texts:
    return tuple(text for text in texts if text not in _ADDS_NOTHING)


def clusters(prompts: Sequence[tuple[Item, str]]) -> list[list[Item]]:
    """Items whose prompts are one template, in order of first appearance; each item is in one cluster.

    Every prompt is compared with the first prompts of the newest clusters that have its length and its first or last
    word: linear in the number of prompts.
    """
    found: list[tuple[Texts, list[Item]]] = []
    gists: list[set[Texts]] = []
    by_key: dict[tuple[int, str, str], deque[int]] = defaultdict(lambda: deque(maxlen=_NEWEST))
    for item, prompt in prompts:
        texts = bare(prompt)
        if not texts or len(texts) > LONGEST:
            continue
        keys = [(len(texts), "first", texts[0]), (len(texts), "last", texts[-1])]
        place = next((i for key in keys for i in by_key[key] if _alike(found[i][0], texts)), None)
        if place is None:
            place = len(found)
            found.append((texts, []))
            gists.append(set())
        for key in keys:
            if place not in by_key[key]:
                by_key[key].append(place)
        found[place][1].append(item)
        gists[place].add(_gist(texts))
    return _merged([items for _, items in found], gists)


def _merged(found: Sequence[list[Item]], gists: Sequence[set[Texts]]) -> list[list[Item]]:
    """The clusters, those of few items within one that asks for the same but for words that add nothing: somebody who
    mostly types `commit` typed `commit this` now and then.
    """
    largest: dict[Texts, int] = {}
    for place in sorted(range(len(found)), key=lambda place: -len(found[place])):
        for gist in gists[place]:
            largest.setdefault(gist, place)
    rows = [list(items) for items in found]
    for place, items in enumerate(found):
        others = {largest[gist] if gist else place for gist in gists[place]}
        if len(items) <= FEW and len(others) == 1 and len(found[other := others.pop()]) > FEW:
            rows[other] += items
            rows[place] = []
    return [items for items in rows if items]


def alike(one: str, other: str) -> bool:
    """Whether two prompts may be of one template."""
    rows = [bare(prompt) for prompt in (one, other)]
    return len(rows[0]) == len(rows[1]) <= LONGEST and _alike(rows[0], rows[1])


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if is_word(a) or is_word(b)]
    same = sum(a == b for a, b in pairs)
    return same >= 1 and same >= _SHARED * len(pairs) and all(is_word(a) == is_word(b) for a, b in pairs)


class Words:
    """The prompts of a family, token by token: a text where all agree (case aside), None where words differ."""

    def __init__(self, columns: list[str | None]) -> None:
        self.columns = columns

    @classmethod
    def of(cls, texts: Sequence[Texts]) -> Words | None:
        """None if they differ in length, or in punctuation, or share no word."""
        if len({len(row) for row in texts}) != 1:
            return None
        columns = [column[0] if len(set(column)) == 1 else None for column in zip(*texts, strict=True)]
        varying = (text for row in texts for text, column in zip(row, columns, strict=True) if column is None)
        if not all(map(is_word, varying)) or not any(column and is_word(column) for column in columns):
            return None
        return cls(columns)

    def fits(self, texts: Sequence[str]) -> bool:
        """Whether a prompt of these tokens has all the words that the others have in common, and no more."""
        return len(texts) == len(self.columns) and all(
            is_word(new) if old is None else old == new for old, new in zip(self.columns, texts, strict=True)
        )

    def take(self, texts: Texts) -> bool:
        """Take the prompt in, if what they all have in common remains a template."""
        if len(texts) != len(self.columns):
            return False
        columns: list[str | None] = []
        for old, new in zip(self.columns, texts, strict=True):
            if old != new and not ((old is None or is_word(old)) and is_word(new)):
                return False
            columns.append(new if old == new else None)
        if not any(column and is_word(column) for column in columns):
            return False
        self.columns = columns
        return True


def template(prompts: Sequence[str]) -> Template | None:
    """What `prompts` have in common, with a slot `arg1`, `arg2`, … for each token in which they differ.

    Letter case and a final full stop or mark tell no two apart: the template is spelled as most are, and ends as all
    do, or in a question mark if most do. Prompts that differ in words that add nothing are spelled as most are, too:
    `spelled` says which. None if they differ otherwise in length, or in punctuation, or share no word.
    """
    split = [_split(tokens(prompt)) for prompt in prompts]
    rows = [row for row, _ in split]
    found = _columns(rows) or _columns(_reworded(rows))
    if found is None:
        return None
    parts, spaces = found
    ends = [end for _, end in split]
    ending = _ending([text for _, text in ends])
    if not ending:
        return Template(parts, spaces)
    space = next(space for space, text in ends if text == ending)
    return Template((*parts, ending), (*spaces, space))


def spelled(learned: Template, prompt: str) -> bool:
    """Whether an entry made from the template takes the prompt, whatever its slots may have."""
    row, (_, end) = _split(tokens(prompt))
    parts: tuple[str | Slot, ...] = learned.parts
    if len(parts) > 1 and parts[-1] in _ENDINGS:
        parts, ending = parts[:-1], parts[-1]
        taken = ending in (end, "?")
    else:
        taken = end != "?"
    return (
        taken
        and len(row) == len(parts)
        and all(
            isinstance(part, Slot) or part.casefold() == text.casefold()
            for part, (_, text) in zip(parts, row, strict=True)
        )
    )


_Row = tuple[tuple[str, str], ...]


def _split(row: _Row) -> tuple[_Row, tuple[str, str]]:
    """The tokens, and the last of them if it is a full stop or mark, which is ("", "") where there is none."""
    if len(row) > 1 and row[-1][1] in _ENDINGS:
        return row[:-1], row[-1]
    return row, ("", "")


def _ending(ends: Sequence[str]) -> str:
    text, times = Counter(ends).most_common(1)[0]
    return text if times == len(ends) or (text == "?" and 2 * times > len(ends)) else ""


def _columns(rows: Sequence[_Row]) -> tuple[tuple[str | Slot, ...], tuple[str, ...]] | None:
    """(parts, spaces before them) of rows of one length."""
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        return None
    parts: list[str | Slot] = []
    for column in zip(*rows, strict=True):
        texts = tuple(text for _, text in column)
        if len({text.casefold() for text in texts}) == 1 or all(text.casefold() in _ADDS_NOTHING for text in texts):
            parts.append(Counter(texts).most_common(1)[0][0])
        elif all(map(is_word, texts)):
            parts.append(Slot(f"arg{sum(isinstance(part, Slot) for part in parts) + 1}", texts))
        else:
            return None
    if not any(isinstance(part, str) and is_word(part) for part in parts):
        return None
    return tuple(parts), tuple(space for space, _ in rows[0])


def _reworded(rows: Sequence[_Row]) -> list[_Row]:
    """The rows in the commonest wording: its words that add nothing, and of each row all the others."""
    usual = _commonest(Counter(tuple(text.casefold() for _, text in row) for row in rows))[0]
    shape = next(row for row in rows if tuple(text.casefold() for _, text in row) == usual)
    found: list[_Row] = []
    for row in rows:
        own = [token for token in row if token[1].casefold() not in _ADDS_NOTHING]
        if len(own) != len(_gist(usual)):
            return []
        left = iter(own)
        found.append(
            tuple((space, text if text.casefold() in _ADDS_NOTHING else next(left)[1]) for space, text in shape)
        )
    return found


def stands_alone(learned: Template) -> bool:
    """Whether a prompt of this form says what to do by itself, unlike "yes, go on" or "fix it"."""
    words = (part.casefold() for part in learned.parts if isinstance(part, str) and is_word(part))
    return bool(learned.slots) or any(word not in _CONTEXT for word in words)
