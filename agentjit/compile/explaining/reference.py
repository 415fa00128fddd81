"""Names of transformed values, for tables of values that are kept by name."""

from __future__ import annotations

from agentjit.piece import Ref

_APART = "\x1f"  # in no name and no transformation


def label(ref: Ref) -> str:
    """What a reference is called in a table of values: its name, or its name and what it goes through."""
    return _APART.join((ref.name, *ref.by))


def reference(name: str) -> Ref:
    """The reference that is called so."""
    plain, *by = name.split(_APART)
    return Ref(name=plain, by=tuple(by))
