"""Mutation operators: ways in which an output can become another one that means something else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

_SITES = 6  # places of one output that an operator is tried on


class Mutant(NamedTuple):
    operator: str
    text: str
    exit_code: int | None


def mutants(outputs: Sequence[str], place: int, exit_code: int | None) -> Iterator[Mutant]:
    """Every mutant of `outputs[place]`, each once; `outputs` are what the same step printed in the other traces."""
    seen = {outputs[place]}
    if exit_code is not None:
        yield Mutant("exit status flipped", outputs[place], 1 if exit_code == 0 else 0)
    for name, operator in OPERATORS.items():
        for text in _first(operator(outputs[place], [*outputs[:place], *outputs[place + 1 :]])):
            if text not in seen:
                seen.add(text)
                yield Mutant(name, text, exit_code)


def _first(texts: Iterator[str]) -> Iterator[str]:
    """Some of the texts, from all over."""
    every = list(dict.fromkeys(texts))
    step = max(1, len(every) // _SITES)
    yield from every[::step][: 2 * _SITES]


def _swapped(text: str, others: Sequence[str]) -> Iterator[str]:
    """A word replaced by what stands in its place in another trace."""
    own = re.split(r"(\w+)", text)
    for other in others:
        theirs = re.split(r"(\w+)", other)
        for at in range(1, min(len(own), len(theirs)), 2):
            if own[at] != theirs[at]:
                yield "".join([*own[:at], theirs[at], *own[at + 1 :]])


def _foreign(text: str, others: Sequence[str]) -> Iterator[str]:
    yield from others


def _renamed(text: str, others: Sequence[str]) -> Iterator[str]:
    """A word replaced by one that was never seen."""
    for word in re.finditer(r"[A-Za-z]{3,}", text):
        yield text[: word.start()] + "qux" + text[word.end() :]


def _dropped(text: str, others: Sequence[str]) -> Iterator[str]:
    lines = text.split("\n")
    if len(lines) > 1:
        for at in range(len(lines)):
            yield "\n".join([*lines[:at], *lines[at + 1 :]])


def _added(text: str, others: Sequence[str]) -> Iterator[str]:
    """A line said twice, or one more of the same kind."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        yield "\n".join([*lines[: at + 1], line, *lines[at + 1 :]])
        yield "\n".join([*lines[: at + 1], re.sub(r"[a-z]+", "other", line, count=1), *lines[at + 1 :]])


def _troubled(text: str, others: Sequence[str]) -> Iterator[str]:
    yield f"{text}\nerror: connection refused"
    yield f"WARNING: results may be incomplete\n{text}"
    for word in re.finditer(r"\b(?:[Oo][Kk]|live|active|ready|Running|clean|pass\w*|INFO)\b", text):
        yield text[: word.start()] + "failed" + text[word.end() :]


def _out_of_range(text: str, others: Sequence[str]) -> Iterator[str]:
    for number in re.finditer(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w.-])", text):
        for other in ("0", str(int(float(number[0]) * 1000) + 7), f"-{number[0]}"):
            yield text[: number.start()] + other + text[number.end() :]


def _json(change: Callable[[object], Iterator[object]]) -> Callable[[str, Sequence[str]], Iterator[str]]:
    def operator(text: str, others: Sequence[str]) -> Iterator[str]:
        try:
            root = json.loads(text)
        except ValueError:
            return
        if isinstance(root, dict | list):
            yield from map(json.dumps, _anywhere(root, change))

    return operator


def _anywhere(node: object, change: Callable[[object], Iterator[object]]) -> Iterator[object]:
    """`node` with one node of it changed, for every node and every change."""
    yield from change(node)
    if isinstance(node, dict):
        for key, child in node.items():
            yield from ({**node, key: other} for other in _anywhere(child, change))
    elif isinstance(node, list):
        for at, child in enumerate(node):
            yield from ([*node[:at], other, *node[at + 1 :]] for other in _anywhere(child, change))


def _less(node: object) -> Iterator[object]:
    if isinstance(node, dict):
        yield from ({key: child for key, child in node.items() if key != gone} for gone in node)


def _other_key(node: object) -> Iterator[object]:
    if isinstance(node, dict):
        for old in node:
            yield {(f"{key}_v2" if key == old else key): child for key, child in node.items()}


def _null(node: object) -> Iterator[object]:
    if not isinstance(node, dict | list):
        yield None


def _other_type(node: object) -> Iterator[object]:
    if isinstance(node, str):
        yield [node]
        yield len(node)
    elif isinstance(node, bool):
        yield not node
    elif isinstance(node, int | float):
        yield str(node)


def _emptied(node: object) -> Iterator[object]:
    if isinstance(node, list) and node:
        yield []
        yield [*node, node[-1]]


def _rows(text: str, others: Sequence[str]) -> Iterator[str]:
    """Two neighbouring lines in each other's place."""
    lines = text.split("\n")
    for at in range(len(lines) - 1):
        yield "\n".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])


def _other_row(text: str, others: Sequence[str]) -> Iterator[str]:
    """The cells of one column in each other's row."""
    rows = [line.split() for line in text.split("\n")]
    for one in range(len(rows)):
        for two in range(one + 1, len(rows)):
            for column in range(1, min(len(rows[one]), len(rows[two]))):
                if rows[one][column] != rows[two][column]:
                    changed = [list(row) for row in rows]
                    changed[one][column], changed[two][column] = rows[two][column], rows[one][column]
                    yield "\n".join(map(" ".join, changed))


def _truncated(text: str, others: Sequence[str]) -> Iterator[str]:
    yield ""
    for share in (0.3, 0.5, 0.7, 0.9):
        yield text[: int(len(text) * share)]
    yield text[:-1]


_UNITS = {
    "ms": "s",
    "s": "min",
    "EUR": "USD",
    "MB": "GB",
    "Mi": "Gi",
    "KB": "MB",
    "%": " MB",
    "h": "d",
    "tests": "files",
}


def _units(text: str, others: Sequence[str]) -> Iterator[str]:
    for old, new in _UNITS.items():
        for unit in re.finditer(rf"(?<![A-Za-z]){re.escape(old)}(?![A-Za-z])", text):
            yield text[: unit.start()] + new + text[unit.end() :]


def _header(text: str, others: Sequence[str]) -> Iterator[str]:
    first, _, rest = text.partition("\n")
    titles = first.split()
    if not rest or len(titles) < 2:
        return
    yield f"{' '.join([*titles[1:], titles[0]])}\n{rest}"
    yield f"{' '.join(titles[1:])}\n{rest}"
    yield rest
    for at in range(len(titles)):
        yield f"{' '.join([*titles[:at], titles[at] + 'X', *titles[at + 1 :]])}\n{rest}"


OPERATORS: dict[str, Callable[[str, Sequence[str]], Iterator[str]]] = {
    "another trace's value": _swapped,
    "another trace's output": _foreign,
    "word never seen": _renamed,
    "line dropped": _dropped,
    "line added": _added,
    "word of trouble": _troubled,
    "number out of range": _out_of_range,
    "JSON key dropped": _json(_less),
    "JSON key renamed": _json(_other_key),
    "JSON value null": _json(_null),
    "JSON type changed": _json(_other_type),
    "JSON list emptied or longer": _json(_emptied),
    "rows swapped": _rows,
    "other row's cell": _other_row,
    "truncated": _truncated,
    "unit changed": _units,
    "header changed": _header,
}
