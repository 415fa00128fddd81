"""Kinds of values: what the values seen in one place look like, as the tightest regular expression of a short list."""

from __future__ import annotations

import re
from collections.abc import Sequence

_KINDS = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    r"[0-9]+",
    r"[0-9]+\.[0-9]+",
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"[A-Z][A-Z0-9]*-[0-9]+",
    r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
    r"v?[0-9]+(?:\.[0-9]+)+",
    r"[0-9a-f]{7,64}",
    r"[A-Za-z_][A-Za-z0-9_]*",
    r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    r"[A-Za-z0-9][A-Za-z0-9_.+-]*@[A-Za-z0-9.-]+",
    r"/?[A-Za-z0-9_.][A-Za-z0-9_./-]*",
    r"https?://[^\s\"'<>]+",
    r"(?!\S*://)[^\s-]\S*",
)
_QUANTITY = re.compile(r"(?:[0-9]+[smhdwy])+|[0-9]+(?:\.[0-9]+)?(?:ms|[KMGT]i?B?|%)|[0-9:T.-]{5,}Z?")
_COMPILED = tuple(re.compile(kind) for kind in _KINDS)


def passing(text: str) -> bool:
    """Whether a value is of the moment (an age, a time, a size, a share), in brackets too, or has such a part: the same
    twice only by chance.
    """
    return any(_QUANTITY.fullmatch(part) or part == "ago" for part in re.split(r"[()\[\]{},;=]+", text))


def escaped(text: str) -> str:
    """`text` as a regular expression, with no more backslashes than it needs."""
    return re.escape(text).replace("\\ ", " ").replace("\\\n", "\\n").replace("\\\t", "\\t").replace("\\-", "-")


def found_kind(kind: str, values: Sequence[str]) -> str:
    """`kind` for values out of outputs, which nobody typed: a count stays above zero if it was, an address keeps to the
    hosts seen, a path does not climb.
    """
    if kind == "[0-9]+" and all(int(value) for value in values):
        return "0*[1-9][0-9]*"
    if kind.startswith("https?"):
        hosts = sorted({value.split("/", 3)[2] for value in values})
        return f"https?://(?:{'|'.join(map(escaped, hosts))})(?:[/?#][^\\s\\\"'<>]*)?"
    return rf"(?!\S*\.\.){kind}" if "/" in kind else kind


def kind_of(values: Sequence[str]) -> str | None:
    """A regular expression that each value matches in full; None if one is empty, has white space or starts with `-`.

    No kind admits white space or a leading dash, and only that of URLs a scheme: a value can never become two words, an
    option, or an address of another protocol.
    """
    for kind, compiled in zip(_KINDS, _COMPILED, strict=True):
        if all(compiled.fullmatch(value) for value in values):
            return kind
    return None


_SPACED = r"(?!\S*://)(?!.*\.\.)[^\s-]\S*(?: \S+)*"


def spaced_kind(values: Sequence[str]) -> str | None:
    """The kind of paths that have single spaces in them, as an output prints them; None if the values are others.

    Such a value travels as one word all the same: in an argument list, or as a quoted positional parameter.
    """
    paths = all("/" in value or re.search(r"\.[A-Za-z0-9]{1,5}$", value) for value in values)
    return _SPACED if paths and all(re.fullmatch(_SPACED, value) for value in values) else None
