"""Tables of columns parted by white space: titles, number of cells, the words and the forms of columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentjit.compile.explaining.explain import compose
from agentjit.compile.explaining.kinds import passing
from agentjit.compile.explaining.reference import reference
from agentjit.compile.invariants.evidence import LIMIT, SAME, closed, coincidence, evidence, repeated
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence
from agentjit.kit.promises import rows_of
from agentjit.piece import Argument

_WORDS = 3  # different words in a column that count as all there are
_WORD = re.compile(r"[A-Za-z][A-Za-z_/-]*")
_SPREAD = 2  # cells by which rows of one table may differ; more is free text
_FORMS = (r"([0-9]+)/\1",)  # all of so many


def header(seen: Observed) -> tuple[str, list[Evidence]]:
    """Column titles: a first line that never changes, above other lines, in capitals and without digits."""
    firsts = {tuple(output.lstrip("\n").split("\n", 1)[0].split()) for output in seen.outputs}
    if len(firsts) != 1 or not all("\n" in output.strip() for output in seen.outputs):
        return "", []
    (cells,) = firsts
    if len(cells) < 2 or not all(re.fullmatch(r"[A-Z][A-Z()/%_-]*", cell) for cell in cells):
        return "", []
    return " ".join(cells), [evidence("column titles", seen.traces, repeated(seen.traces, SAME ** len(cells)))]


def columns(seen: Observed) -> tuple[tuple[int, int] | None, list[Evidence]]:
    """The fewest and the most cells of a row, if rows have about the same number."""
    sizes = sorted({len(cells) for cells in seen.rows})
    if not sizes or sizes[-1] - sizes[0] > _SPREAD or sizes[-1] < 2:
        return None, []
    chance = closed(len(seen.rows), len(sizes))
    found = (sizes[0], sizes[-1])
    return (found, [evidence("cells in a row", len(seen.rows), chance)]) if chance <= LIMIT else (None, [])


def words(seen: Observed) -> tuple[tuple[tuple[int, tuple[str, ...]], ...], list[Evidence]]:
    """The columns in which, in all rows of all traces, only a few words stand: a status, a type. Anything else than a
    word counts only if it was always the same and there were rows enough: `1/1`.
    """
    found: list[tuple[int, tuple[str, ...]]] = []
    why: list[Evidence] = []
    for column in range(min(map(len, seen.rows), default=0)):
        distinct = sorted({cells[column] for cells in seen.rows})
        chance = closed(len(seen.rows), len(distinct))
        named = few_words(distinct)
        fixed = len(distinct) == 1 and not passing(distinct[0]) and not distinct[0].isdigit() and chance <= LIMIT
        if named or fixed:
            found.append((column, tuple(distinct)))
            why.append(evidence(f"words of column {column}", len(seen.rows), chance))
    return tuple(found), why


def few_words(distinct: Sequence[str]) -> bool:
    """Whether these are so few words that they may be all there are."""
    return len(distinct) <= _WORDS and all(map(_WORD.fullmatch, distinct))


def forms(seen: Observed) -> tuple[tuple[tuple[int, str], ...], list[Evidence]]:
    """The columns whose cells vary, and are all of one telling form: `3/3` beside `2/2`."""
    found: list[tuple[int, str]] = []
    chance = repeated(len(seen.rows))
    for column in range(min(map(len, seen.rows), default=0)):
        cells = [row[column] for row in seen.rows]
        for form in _FORMS if chance <= LIMIT and len(set(cells)) > 1 else ():
            if all(re.fullmatch(form, cell) for cell in cells):
                found.append((column, form))
    return tuple(found), [evidence(f"form of column {column}", len(seen.rows), chance) for column, _ in found]


def cells(seen: Observed) -> tuple[tuple[tuple[int, Argument], ...], list[Evidence]]:
    """The columns in which all rows of a trace say the same, and that is a value known otherwise: `-n demo`."""
    tables = [rows_of(output) for output in seen.outputs]
    others = {name: column for name, column in seen.known.items() if reference(name).name not in seen.own}
    found: list[tuple[int, Argument]] = []
    why: list[Evidence] = []
    for column in range(min(map(len, seen.rows), default=0)):
        said = [{row[column] for row in table} for table in tables]
        if any(len(each) != 1 for each in said) or len({*map(frozenset, said)}) == 1:
            continue
        values = tuple(next(iter(each)) for each in said)
        chance = coincidence(seen.traces, len(set(values)))
        if chance <= LIMIT and (value := compose(values, others)):
            found.append((column, value))
            why.append(evidence(f"value of column {column}", len(seen.rows), chance))
    return tuple(found), why
