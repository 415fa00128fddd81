"""Names that mean more than others: what was never done to `main`, to `prod` or to process 1 is not done to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from agentjit.compile.explaining.kinds import escaped

BORDER = r"(?![\w./-])"  # behind a word that was meant as a whole
_NAMES = (
    *("HEAD", "main", "master", "trunk", "/", "~", ".", "..", "~/.."),
    *("live", "develop", "development", "staging", "stable", "release", "gh-pages"),
    *("default", "root", "admin", "null", "none"),
)
_FORMS = (
    (r"master-[\w./-]+", ("master-x", "master-x1")),
    (r"release/[\w./-]+", ("release/x", "release/x.1")),
    (
        r"(?:\S*[^\sA-Za-z0-9])?prod(?:uction)?[0-9]*(?![A-Za-z0-9])\S*",
        (
            "prod",
            "production",
            "prod-x",
            "x-prod",
            "prod.x",
            "x.prod",
            "x_prod",
            "x/prod",
            "x@prod",
            "prod1",
            "prod-x1",
            "x1.prod",
        ),
    ),
)
"""Names of one form, as a regular expression, with examples of it."""


def unprotected(pattern: str, values: Sequence[str]) -> str:
    """`pattern` without the protected names that it would admit and of which none was among `values`."""
    forms = [
        form
        for form, examples in _FORMS
        if any(re.fullmatch(pattern, each) for each in examples)
        and not any(re.fullmatch(form, each) for each in values)
    ]
    return without(pattern, values, _NAMES, forms=forms)


def without(
    pattern: str, values: Sequence[str], names: Sequence[str], form: str = "(?:{})", *, forms: Sequence[str] = ()
) -> str:
    """`pattern` without those of `names` that it would admit and that were never seen, and without what has one of
    `forms`.
    """
    fold = str.casefold if "?i" in form else str
    seen = set(map(fold, values))
    barred = [escaped(name) for name in names if name not in seen and re.fullmatch(pattern, name)] + list(forms)
    return f"(?!{form.format('|'.join(barred))}{BORDER}){pattern}" if barred else pattern


def on_branch(values: Sequence[str], pattern: str) -> str:
    """The branch on which something may be changed, `pattern` being its kind: the one that it always was, else none of
    the protected ones that were not seen.
    """
    return escaped(values[0]) if len(set(values)) == 1 else unprotected(pattern, values)


def beside(values: Sequence[str]) -> str:
    """A folder next to those seen: in the folder that they are all in, as deep in it."""
    rows = [value.strip("/").split("/") for value in values]
    if not all(all(row) for row in rows):
        return ""
    shared = 0
    while shared < min(map(len, rows)) - 1 and len({row[shared] for row in rows}) == 1:
        shared += 1
    depths = sorted({len(row) - shared - 1 for row in rows})
    head = "/" + "".join(escaped(part) + "/" for part in rows[0][:shared])
    deeper = f"(?:/{_FOLDER}){{{depths[0]},{depths[-1]}}}" if depths[-1] else ""
    return head + _FOLDER + deeper


_FOLDER = r"[^/\x00-\x1f]+"


def process(pattern: str, values: Sequence[str]) -> str:
    """`pattern`, the kind of what is killed: two figures at least, if all had them; 1 and 0 are no one's program."""
    numbers = all(re.fullmatch("[0-9]+", value) and int(value) > 9 for value in values)
    return rf"(?=0*[1-9][0-9]){pattern}" if numbers and values else pattern


_RUNS, _CHOICES = 6, 4


def closed(values: Sequence[str]) -> str:
    """The few values that many runs had and no others; "" if they are not few, or the runs not many.

    Numbers of which some came only once have others beside them (Good 1953): these are as long at most, and not 0.
    """
    counts = Counter(values)
    if len(values) < _RUNS or len(counts) > _CHOICES:
        return ""
    if 1 in counts.values() and all(re.fullmatch("[1-9][0-9]*", value) for value in counts):
        return f"[1-9][0-9]{{0,{max(map(len, counts)) - 1}}}"
    return f"(?:{'|'.join(map(escaped, counts))})"
