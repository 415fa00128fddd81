"""Heat: how hot a sequence is now. Every occurrence counts 1 and loses half of it each half-life."""

from __future__ import annotations

import math
from collections.abc import Iterable

HALF_LIFE = 14 * 86400.0  # seconds: what was a habit a month ago and is none now has cooled to a quarter


def heat(times: Iterable[float], *, now: float, half_life: float = HALF_LIFE) -> float:
    """Sum over `times` (Unix seconds) of 2^(-age / half_life); a time in the future counts as now."""
    return sum(math.exp2(-max(0.0, now - at) / half_life) for at in times)
