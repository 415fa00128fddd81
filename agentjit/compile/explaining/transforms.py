"""Another value, transformed: which functions of `kit.transform` lead from one column of values to another.

A function is only believed where it does something: in at least `_CHANGED` different values, or `upper` of words that
were in capitals already would do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from agentjit.compile.explaining.shape import Sources, Vector
from agentjit.compile.explaining.worth import likely, transformed
from agentjit.kit.transform import apply
from agentjit.piece import Ref

_CHANGED = 2  # different values that must come out as something else
_CASES = ("lower", "upper", "capitalize", "kebab", "snake", "camel", "pascal", "title_case")
_PATHS = ("basename", "stem", "dirname", "without_suffix", "suffix")
_NUMBERS = ("increment", "decrement", "next_patch", "next_minor", "next_major", "strip_v")
_DATES = tuple(
    f"date:{form}"
    for form in (
        *("%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y_%m_%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y", "%y%m%d"),
        *("%Y-%m", "%Y%m", "%d", "%m", "%Y", "%j", "%b %d", "%B %d, %Y", "%d %B %Y", "%A", "%G-W%V"),
    )
)
_SEPARATORS = "/-_.:@=# "
_PARTS = tuple(f"part:{separator}:{place}" for separator in _SEPARATORS for place in (-1, 0, 1, -2))
_SINGLE = (*_PATHS, *_CASES, *_NUMBERS, *_DATES, *_PARTS)
_DOUBLE = (
    *product(("basename", "stem", "part:/:-1", "part:-:0", "part:/:0"), ("lower", "upper", "kebab", "snake", "pascal")),
    *product(("strip_v",), ("next_patch", "next_minor", "next_major")),
    *product(("basename", "stem", "part:/:-1"), ("part:.:0", "part:-:-1", "part:-:0", "part:_:-1", "strip_v")),
    ("dirname", "basename"),
    ("next_minor", "strip_v"),
)
WAYS: tuple[tuple[str, ...], ...] = (*((by,) for by in _SINGLE), *_DOUBLE)
"""What is tried, the simpler first."""


def through(by: Iterable[str], value: str) -> str:
    """`value` after these functions; `ValueError` where one does not apply."""
    for function in by:
        value = apply(function, value)
    return value


def results(value: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """What each of `WAYS` makes of `value`, where it applies."""
    for by in WAYS:
        try:
            yield by, through(by, value)
        except ValueError:
            continue


def alike(by: tuple[str, ...], source: Sequence[str]) -> Vector | None:
    """What the functions make of all values, None if they do not apply to one, do too little, or make one of all."""
    try:
        made = tuple(through(by, value) for value in source)
    except ValueError:
        return None
    if len(set(made)) < 2:
        return None
    changed = {value for value, new in zip(source, made, strict=True) if value != new}
    return made if len(changed) >= _CHANGED and _worked(by, source) else None


def _worked(by: tuple[str, ...], source: Sequence[str]) -> bool:
    """Whether every one of the functions changed something."""
    for place in range(1, len(by)):
        before = [through(by[:place], value) for value in source]
        if all(through(by[place : place + 1], value) == value for value in before):
            return False
    return True


class Derived(NamedTuple):
    """A known value, transformed: what it is in each occurrence, and other ways that lead to the same."""

    ref: Ref
    values: Vector
    others: tuple[tuple[str, ...], ...]


def derived(values: Vector, sources: Sources, *, tries: float) -> list[Derived]:
    """Known values, transformed, that stand in all of `values`; none that chance would bring (`tries`: the bits of
    choosing the source).
    """
    found: dict[tuple[str, Vector], Derived] = {}
    plain = set(sources.values())
    for name, column in sources.items():
        for by, first in results(column[0]):
            made = alike(by, column) if first in values[0] else None
            if made is None or made in plain or not all(m in v for m, v in zip(made, values, strict=True)):
                continue
            if (known := found.get((name, made))) is not None:
                found[name, made] = known._replace(others=(*known.others, by))
            elif likely(made, tries + transformed(by)):
                found[name, made] = Derived(Ref(name=name, by=by), made, ())
    return list(found.values())


_SAME = ({"basename", "part:/:-1"}, {"dirname", "part:/:0"})


def doubt(each: Derived) -> tuple[str, ...] | None:
    """Another way that is as simple as the one chosen and as true, and might not be so next time."""
    for by in each.others:
        if len(by) == len(each.ref.by) and not any({*by, *each.ref.by} <= same for same in _SAME):
            return by
    return None
