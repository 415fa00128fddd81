"""Rows that stand under no titles in capitals: lists, `git status --short`, CSV, whatever is parted by `|` or a tab.

What a list or a table without titles may say beside the values taken from it is what it said in all rows of all traces:
the words of its columns of few words, and how many cells a row has. A `UU` where only ` M` was ever seen is news.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from agentjit.compile.explaining.kinds import passing
from agentjit.compile.invariants.evidence import LIMIT, closed, evidence
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence
from agentjit.kit.promises import Rows
from agentjit.piece import Cell, Lines

_WORDS = 3  # different words in a column that count as all there are
_CODE = re.compile(r"[A-Za-z][A-Za-z_/,-]*|[?!*+~<>-]{1,3}")
_TITLE = re.compile(r"[A-Za-z][A-Za-z_ ./()%-]*")
_SPREAD = 2  # cells by which rows may differ; more is free text
_TAKEN = 3  # rows that must agree where values are taken from them; of others there must be more


@dataclass(frozen=True, slots=True)
class Found:
    """The checks of rows: fields of `Contract`."""

    separator: str
    titles: int
    header: str
    columns: tuple[int, int] | None
    words: tuple[tuple[int, tuple[str, ...]], ...]


def rows(seen: Observed) -> tuple[Found | None, list[Evidence]]:
    """What all rows have in common; None if that is nothing."""
    separator = next((each.separator for each in seen.finders if isinstance(each, Cell)), "")
    tables = [_table(output, separator) for output in seen.outputs]
    header = _header(seen, tables, separator)
    titles = 1 if header else 0
    body = [row for table in tables for row in table[titles:]]
    sizes = sorted({len(row) for row in body})
    if not sizes or sizes[-1] < 2:
        return None, []
    taken = {each.column for each in seen.finders if isinstance(each, Cell)}
    even = sizes[-1] - sizes[0] <= _SPREAD and _enough(len(sizes), len(body), seen)
    cut = any(isinstance(each, Cell) for each in seen.finders)  # else lines of prose may begin alike
    words: list[tuple[int, tuple[str, ...]]] = []
    why: list[Evidence] = []
    for column in range(sizes[-1] if separator else sizes[0]) if even or cut else ():
        cells = [row[column] for row in body if len(row) > column]
        distinct = sorted(set(cells))
        if column not in taken and 2 * len(cells) > len(body) and _telling(distinct, len(cells), seen):
            words.append((column, tuple(distinct)))
            why.append(evidence(f"words of column {column}", len(cells), closed(len(cells), len(distinct))))
    fixed = even and (words or cut)
    if fixed:
        why.append(evidence("cells in a row", len(body), closed(len(body), len(sizes))))
    if not words and not fixed:
        return None, []
    least = sizes[0] if all(table[titles:] for table in tables) else 0
    return Found(separator, titles, header, (least, sizes[-1]) if fixed else None, tuple(words)), why


@lru_cache(maxsize=256)
def _table(output: str, separator: str) -> list[list[str]]:
    """The rows of an output; those of one that several plans are made of are cut up once."""
    return Rows(separator, 0).of(output)


def _header(seen: Observed, tables: Sequence[Sequence[Sequence[str]]], separator: str) -> str:
    """The titles of columns that are parted by a separator: a first line that is always the same, and like no other."""
    if not separator or not all(len(table) > 1 for table in tables):
        return ""
    firsts = {tuple(table[0]) for table in tables}
    first = min(firsts)
    below = [set(column) for column in zip_longest(*(row for table in tables for row in table[1:]))]
    repeated = any(cell in column for cell, column in zip(first, below, strict=False))
    if len(firsts) > 1 or len(first) < 2 or repeated or not all(map(_TITLE.fullmatch, first)):
        return ""
    return " ".join(seen.outputs[0].lstrip("\n").split("\n", 1)[0].split())


def _telling(distinct: Sequence[str], size: int, seen: Observed) -> bool:
    """Whether these may be all the words there are of a column of so many cells."""
    coded = len(distinct) <= _WORDS and all(map(_CODE.fullmatch, distinct))
    constant = len(distinct) == 1 and not passing(distinct[0]) and not distinct[0].isdigit()
    return (coded or constant) and _enough(len(distinct), size, seen)


def _enough(distinct: int, size: int, seen: Observed) -> bool:
    taken = distinct == 1 and size >= _TAKEN and any(isinstance(each, Cell | Lines) for each in seen.finders)
    return taken or closed(size, distinct) <= LIMIT
