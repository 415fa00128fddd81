"""Prompt templates: what users type, told apart from what they type it about.

Clustering is that of Drain (He et al., ICWS 2017) at token level: prompts of one length that share most of their tokens
are one template, and the tokens in which they differ are its slots.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from typing import TypeVar

from agentjit.hotspot import Slot, Template

_TOKEN = re.compile(r"(?P<space>\s*)(?P<open>[\"'`(\[{<“‘«]*)(?P<word>\S+?)(?P<close>[\"'`)\]}>”’».,;:!?…]*)(?=\s|$)")
_SHARED = 0.5  # of a template's words must be literal
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

Item = TypeVar("Item", bound=Hashable)


def tokens(prompt: str) -> tuple[tuple[str, str], ...]:
    """The prompt as (space before, token); punctuation at the ends of a word is a token of its own."""
    found: list[tuple[str, str]] = []
    for place in _TOKEN.finditer(prompt.strip()):
        space = place["space"]
        for text in (*place["open"], place["word"], *place["close"]):
            found.append((space, text))
            space = ""
    return tuple(found)


def is_word(token: str) -> bool:
    return any(character.isalnum() for character in token)


def clusters(prompts: Sequence[tuple[Item, str]]) -> list[list[Item]]:
    """Items whose prompts are one template, in order of first appearance; each item is in one cluster.

    Every prompt is compared with the first prompts of the newest clusters that have its length and its first or last
    word: linear in the number of prompts.
    """
    found: list[tuple[tuple[str, ...], list[Item]]] = []
    by_key: dict[tuple[int, str, str], deque[int]] = defaultdict(lambda: deque(maxlen=_NEWEST))
    for item, prompt in prompts:
        texts = tuple(text.casefold() for _, text in tokens(prompt))
        if not texts or len(texts) > LONGEST:
            continue
        keys = [(len(texts), "first", texts[0]), (len(texts), "last", texts[-1])]
        place = next((i for key in keys for i in by_key[key] if _alike(found[i][0], texts)), None)
        if place is None:
            place = len(found)
            found.append((texts, []))
        for key in keys:
            if place not in by_key[key]:
                by_key[key].append(place)
        found[place][1].append(item)
    return [items for _, items in found]


def alike(one: str, other: str) -> bool:
    """Whether two prompts may be of one template."""
    rows = [tuple(text.casefold() for _, text in tokens(prompt)) for prompt in (one, other)]
    return len(rows[0]) == len(rows[1]) <= LONGEST and _alike(rows[0], rows[1])


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if is_word(a) or is_word(b)]
    same = sum(a == b for a, b in pairs)
    return same >= 1 and same >= _SHARED * len(pairs) and all(is_word(a) == is_word(b) for a, b in pairs)


def template(prompts: Sequence[str]) -> Template | None:
    """What `prompts` have in common, with a slot `arg1`, `arg2`, … for each token in which they differ.

    None if they differ in length, or differ in punctuation, or share no word.
    """
    rows = [tokens(prompt) for prompt in prompts]
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        return None
    parts: list[str | Slot] = []
    for column in zip(*rows, strict=True):
        texts = tuple(text for _, text in column)
        if len({text.casefold() for text in texts}) == 1:
            parts.append(texts[0])
        elif all(map(is_word, texts)):
            parts.append(Slot(f"arg{sum(isinstance(part, Slot) for part in parts) + 1}", texts))
        else:
            return None
    if not any(isinstance(part, str) and is_word(part) for part in parts):
        return None
    return Template(tuple(parts), tuple(space for space, _ in rows[0]))


def stands_alone(learned: Template) -> bool:
    """Whether a prompt of this form says what to do by itself, unlike "yes, go on" or "fix it"."""
    words = (part.casefold() for part in learned.parts if isinstance(part, str) and is_word(part))
    return bool(learned.slots) or any(word not in _CONTEXT for word in words)
