"""What an explanation is worth: the simplest true one wins, and one that chance could have brought is none.

Minimum description length (Rissanen, "Modeling by shortest data description", Automatica 14, 1978). A column of values
can be told outright, in `told` bits, or by an explanation. An explanation has two prices, in bits:

- `tries`: the logarithm of how many places or functions could as well have been tried. By the no-hypercompression
  inequality (Grünwald, "The Minimum Description Length Principle", 2007, section 3.3) something unrelated explains the
  column by accident with probability 2^(tries - told) at most: `chance`. Above `LEVEL` it is refused.
- `cost`: `tries` and what it takes to write the explanation down. Of all that hold, the cheapest is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from agentjit.piece import Argument, Cell, Field_, Finder, JsonPath, LineAt, Lines, Pattern, Ref, Text, Whole

LEVEL = 0.05  # the greatest probability of an accident that an explanation may have
BINDING = 24.0  # bits: a value that is taken out of an output is a statement with checks of its own, and may fail
ENVIRONMENT = 2.0  # bits: what stands in the prompt is likelier meant than what happens to be so
TRANSFORMED = math.log2(32)  # bits: one of the functions of `kit.transform`
ARGUED = 3.0  # bits: its argument, a separator or the form of a date

_COMMON = frozenset(
    "ok yes no on off true false none null main master dev develop prod production staging test qa running ready open"
    " closed active done pass passed failed error warning info debug up down new old all latest default".split()
)
_PART = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]+|[^\W\d_]+|.", re.DOTALL)
_DIGIT, _LETTER, _WORD, _USUAL, _DAY = math.log2(10), math.log2(26), 13.0, 2.0, 10.0


@lru_cache(maxsize=4096)
def bits(value: str) -> float:
    """How much a value says: a digit 3.3 bits, a word at most 13 (one of 8,192), a usual word (`ok`, `main`) 2, a day
    10, any other character one.
    """
    return sum(map(_part, _PART.findall(value[:200])))


def _part(text: str) -> float:
    if text[0].isdigit():
        return _DAY if "-" in text else _DIGIT * len(text)
    if not text[0].isalpha():
        return 1.0
    return _USUAL if text.casefold() in _COMMON else min(_LETTER * len(text), _WORD)


def told(values: Sequence[str]) -> float:
    """Bits to tell a column outright: what all values begin and end with once, then each value's own part, and for one
    that was there before only how often it was.
    """
    distinct = sorted(set(values))
    if len(distinct) < 2:
        return bits(values[0]) if values else 0.0
    first, last = distinct[0], distinct[-1]
    head = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    rests = [value[head:] for value in values]
    shortest = min(map(len, rests))
    tail = next((i for i in range(shortest) if len({rest[len(rest) - 1 - i] for rest in rests}) > 1), shortest)
    total = bits(first[:head]) + (bits(rests[0][len(rests[0]) - tail :]) if tail else 0.0)
    seen: dict[str, int] = {}
    for number, rest in enumerate(rests):
        own = rest[: len(rest) - tail] if tail else rest
        total += math.log2((number + 1) / seen[own]) if own in seen else max(bits(own), 1.0)
        seen[own] = seen.get(own, 0) + 1
    return total


def chance(values: Sequence[str], tries: float) -> float:
    """The probability, at most, that one of 2^`tries` unrelated places shows just these values."""
    return math.exp2(min(0.0, tries - told(values)))


def likely(values: Sequence[str], tries: float) -> bool:
    """Whether chance is no explanation."""
    return chance(values, tries) <= LEVEL


def transformed(by: Sequence[str]) -> float:
    """The bits of going through these functions."""
    return sum(TRANSFORMED + (ARGUED if ":" in function else 0.0) for function in by)


def simplicity(finder: Finder) -> float:
    """The bits of writing a finder down."""
    if isinstance(finder, Whole):
        return 1.0
    if isinstance(finder, JsonPath):
        return 2.0 + sum(3.0 if isinstance(part, int | Field_) else 1.0 for part in finder.path)
    if isinstance(finder, Cell):
        chosen = sum(2.0 if isinstance(piece, Ref) else 4.0 for _, piece in finder.where)
        return 3.0 + chosen + 3.0 * len(finder.begins) + (6.0 if finder.row is not None else 0.0)
    if isinstance(finder, Pattern):
        return 6.0
    if isinstance(finder, LineAt | Lines):
        return 7.0
    return 9.0


def written(argument: Argument, sources: int, environment: frozenset[str]) -> float:
    """The bits of an argument made of known values, of which there are `sources`."""
    total = 0.0
    for piece in argument:
        if isinstance(piece, Text):
            total += 1.0 + len(piece.text) / 8
        else:
            total += math.log2(sources + 1) + transformed(piece.by)
            total += ENVIRONMENT if piece.name in environment else 0.0
    return total
