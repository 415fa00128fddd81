"""Values of a tool's input that are no strings: what was found as text, as the JSON value it was in the traces."""

from __future__ import annotations

import math
import re

from .checks import Deviation, shown

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def integer(text: str) -> int:
    """A whole number of at most 18 digits, written as JSON writes it; raises `Deviation` for anything else."""
    if not _INTEGER.fullmatch(text):
        raise Deviation("a whole number", shown(text))
    return int(text)


def real(text: str) -> int | float:
    """A number, written as JSON writes it; one without a fraction stays whole. Raises `Deviation` for anything else."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text) or not math.isfinite(value := float(text)):
        raise Deviation("a number", shown(text))
    return value


def boolean(text: str) -> bool:
    """`true` or `false`; raises `Deviation` for anything else."""
    if text not in ("true", "false"):
        raise Deviation("true or false", shown(text))
    return text == "true"
