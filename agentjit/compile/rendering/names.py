"""The names in a plan: those it gives, and those it looks up."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from agentjit.errors import NotCompilable
from agentjit.piece import Binding, Ref, Value
from agentjit.skill import Asked, Parameter, Plan
from agentjit.step import Guard, Loop, Spread, Step


def looked_up(part: object) -> Iterator[str]:
    """Every name that `part`, any value of a plan or a tuple of them, refers to: parameters, what was asked or found,
    items and lists of loops, and the results that guards are about.
    """
    if isinstance(part, tuple):
        for each in part:
            yield from looked_up(each)
    elif isinstance(part, Value):
        if isinstance(part, Ref | Spread):
            yield part.name
        elif isinstance(part, Loop):
            yield part.over
        elif isinstance(part, Guard):
            yield part.of
        for field in type(part).model_fields:
            yield from looked_up(getattr(part, field))


def check_names(plan: Plan) -> None:
    """`NotCompilable` if a name in a plan is none: it is the one thing in it that becomes code as it stands."""
    for name in (*_given(plan), *looked_up(plan)):
        if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name) or name.startswith("__"):
            raise NotCompilable(f"{name[:80]!r} is no name")


def _given(part: object) -> Iterator[str]:
    """Every name that a part of a plan gives to something."""
    if isinstance(part, tuple):
        for each in part:
            yield from _given(each)
    elif isinstance(part, Value):
        if isinstance(part, Parameter | Asked | Binding):
            yield part.name
        elif isinstance(part, Step):
            yield part.result
        elif isinstance(part, Loop):
            yield part.item
        for field in type(part).model_fields:
            yield from _given(getattr(part, field))
