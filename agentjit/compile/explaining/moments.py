"""Words that tell the day of all traces: a constant that would be wrong tomorrow, next month or next year.

That a word never varied says nothing if the calendar did not vary either. What the prompt itself says is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from agentjit.kit.transform import date

_ALONE = (
    *("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y_%m_%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y"),
    *("%y%m%d", "%Y-%m", "%Y%m", "%Y/%m", "%Y_%m", "%Y.%m", "%m/%Y", "%m-%Y", "%Y-01-01", "%Y-%m-01", "%d%m", "%m%d"),
    *("%Y", "%j", "%G-W%V", "week%V", "week-%V", "week_%V", "W%V", "w%V", "KW%V"),
)
_NAMES = ("%A", "%a", "%B", "%b")
_SHORT = ("%d", "%m", "%y", "%V")  # figures that mean a day only in the name of something: `shop-05.sql`
_TOLD = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m", "%m/%Y", "%Y", "%A", "%B", "%b")
_NOW = re.compile(r"\b(?:this|current|currently|today|now|month|quarter|week|year)(?:'?s|ly)?\b", re.IGNORECASE)


def of_the_day(value: str, days: Iterable[str], prompt: str = "", *, prose: bool = False) -> bool:
    """Whether a constant tells the day, week, month, quarter or year of all traces, made on `days` (YYYY-MM-DD), and
    the prompt does not say it. `prose`: it is said in a sentence, where only dates, names of days and months and years
    are taken for such. A bare number is one where the prompt speaks of now.
    """
    now = not prose and _NOW.search(prompt) is not None
    expression = _expression(frozenset(days), prose, now)
    return any(not _says(prompt, found[0]) for found in expression.finditer(value)) if expression else False


def _says(prompt: str, word: str) -> bool:
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])", prompt, re.IGNORECASE) is not None


@cache
def _expression(days: frozenset[str], prose: bool, now: bool) -> re.Pattern[str] | None:
    """All forms in which the days are one."""
    if prose:
        words = _same(days, _TOLD)
        return _any(words, "(?<![0-9A-Za-z])", r"(?!-?[0-9A-Za-z]|\.[0-9])")
    words = _same(days, _ALONE) + _quarter(days, "Q{0}", "q{0}", "{1}-Q{0}", "{1}Q{0}", "{1}q{0}")
    names = _same(days, _NAMES)
    words += [form for name in names for form in (name, name.lower(), name.upper())]
    numbers = _same(days, _SHORT)
    parts = [
        _any(words, "(?<![0-9A-Za-z])", r"(?!-?[0-9A-Za-z]|\.[0-9])"),
        _any(numbers, r"(?<=[A-Za-z][-_.])", r"(?!-?[0-9A-Za-z]|\.[0-9])"),
    ]
    if now:
        plain = {*numbers, *(number.lstrip("0") for number in numbers), *_quarter(days, "{0}")}
        parts.append(_any(plain, r"(?<![0-9.])", r"(?![0-9]|\.[0-9])"))
    found = [part.pattern for part in parts if part]
    return re.compile("|".join(found)) if found else None


def _any(words: Iterable[str], before: str, after: str) -> re.Pattern[str] | None:
    longest = sorted({word for word in words if word}, key=lambda word: (-len(word), word))
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, longest))}){after}") if longest else None


def _same(days: frozenset[str], forms: Iterable[str]) -> list[str]:
    made = [{date(day, form) for day in days} for form in forms]
    return [each.pop() for each in made if len(each) == 1]


def _quarter(days: frozenset[str], *forms: str) -> list[str]:
    quarters = {((int(day[5:7]) + 2) // 3, day[:4]) for day in days}
    made = [{form.format(*each) for each in quarters} for form in forms]
    return [each.pop() for each in made if len(each) == 1]
