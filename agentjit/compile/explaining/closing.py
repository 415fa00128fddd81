"""The closing answer: whether what the model said at the end follows from what the steps printed.

The final messages are anti-unified (Plotkin 1970) at the level of words: what is common is constant, and every place in
which they differ must be explained like an argument. If one cannot be, the answer needed judgement and the skill only
gathers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from math import log2
from typing import NamedTuple

from agentjit.compile.explaining.explain import Values
from agentjit.compile.explaining.lists import Listing, listings
from agentjit.compile.explaining.reference import label, reference
from agentjit.compile.explaining.shape import Sources, Vector, joined, mask
from agentjit.compile.explaining.worth import likely
from agentjit.compile.naming import identifier
from agentjit.kit.transform import apply_to_list
from agentjit.piece import Argument, Piece, Ref, Text

_TOKEN = re.compile(r"\s+|[\"'`(\[<*_]+|[^\s\"'`()\[\]<>*_](?:\S*?)(?=[\"'`)\]>*.,:;!?]*(?:\s|$))|\S")
_LINES = (0, 1, 2, -1, -2)  # lines of an output that an answer may quote
_SHORT = 4_000  # characters of an output whose list an answer may tell
_TOLD = ("joined:, ", "joined:\n", "joined: ", "joined:,", "joined:\n- ", "count")
_LONGEST = 20_000  # characters of an answer
_MOST = 40  # values in an answer: each is looked for in every output, in many ways


def closing(finals: Sequence[str | None], values: Values) -> Argument | None:
    """The answer as pieces, None if it cannot be derived in every occurrence. May bind values of the outputs."""
    texts = tuple(final.strip() if final else "" for final in finals)
    if not all(texts) or max(map(len, texts)) > _LONGEST:
        return None
    blocks = {
        name: block
        for name, block in _whole_outputs(values).items()
        if all(part in text for part, text in zip(block, texts, strict=True))
    }
    told = _lists(values, texts)
    lists = {name: each.texts for name, each in told.items()}
    masked, names = mask(texts, {**values.varying(), **values.derived, **values.here(), **lists, **blocks})
    named = {
        mark: _listed(told[name], values) if name in told else _named(name, values, blocks)
        for mark, name in names.items()
    }
    if any(ref is None for ref in named.values()):
        return None
    pieces: list[Piece] = []
    for runs in _phrases(_columns([_TOKEN.findall(text) for text in masked])):
        together = tuple(map("".join, zip(*runs, strict=True)))
        explained = _explain(together, named, values)
        if explained is None and len(runs) > 1:
            explained = _one_by_one(runs, named, values)
        if explained is None:
            return None
        pieces += explained
        if sum(isinstance(piece, Ref) for piece in pieces) > _MOST:
            return None
    whole = joined(pieces)
    dated = any(isinstance(piece, Text) and values.of_the_day(piece.text, prose=True) for piece in whole)
    return None if dated else whole


def _one_by_one(runs: list[Vector], named: dict[str, Ref | None], values: Values) -> list[Piece] | None:
    if sum(len(set(run)) > 1 for run in runs) > _MOST:
        return None
    pieces: list[Piece] = []
    for run in runs:
        if (part := _explain(run, named, values)) is None:
            return None  # the first that nothing explains is enough: there may be hundreds
        pieces += part
    return pieces


class _Told(NamedTuple):
    """A list of an output as an answer tells it: its length, or its values one after the other."""

    step: int
    listing: Listing
    by: str
    texts: Vector


def _lists(values: Values, texts: Vector) -> dict[str, _Told]:
    """The lists of short outputs that all `texts` tell, under names that no value has."""
    found: dict[str, _Told] = {}
    for step, outputs in enumerate(values.outputs):
        if max(map(len, outputs)) > _SHORT:
            continue
        every = listings(outputs)
        for number, listing in enumerate(every):
            if len({len(each) for each in listing.lists}) == 1:
                continue  # what always has as many values can be told value by value
            ways = [(by, tuple(apply_to_list(by, each) for each in listing.lists)) for by in _TOLD]
            for by, column in ways:
                told = all(part in text for part, text in zip(column, texts, strict=True))
                if told and likely(column, log2(len(every) * len(_TOLD))):
                    found.setdefault(f"list {step} {number} {by}", _Told(step, listing, by, column))
    return found


def _listed(told: _Told, values: Values) -> Ref | None:
    """The list, bound if it is not yet."""
    for binding in values.bindings.get(told.step, ()):
        if binding.many and binding.finders == told.listing.finders:
            return Ref(name=binding.name, by=(told.by,))
    made = told.listing.binding(identifier("items", values.sources))
    if made is None:
        return None
    values.bindings.setdefault(told.step, []).append(made)
    values.reserve([made.name])
    return Ref(name=made.name, by=(told.by,))


def _phrases(runs: list[Vector]) -> list[list[Vector]]:
    """Neighbouring runs that differ, with the white space between them, belong together: two words may be one value."""
    phrases: list[list[Vector]] = []
    open_end = False
    for run in runs:
        varies, blank = len(set(run)) > 1, all(text.isspace() for text in run)
        if open_end and (varies or blank):
            phrases[-1].append(run)
        else:
            phrases.append([run])
            open_end = varies
    split: list[list[Vector]] = []
    for phrase in phrases:  # blanks at the end belong to nobody
        tail = len(phrase)
        while tail > 1 and len(set(phrase[tail - 1])) == 1:
            tail -= 1
        split += [phrase[:tail], *([run] for run in phrase[tail:])]
    return split


def _whole_outputs(values: Values) -> dict[str, Vector]:
    """Each step's output as it stands, and its first and last lines, under names that no value has; only what varies
    and is there every time.
    """
    outputs = {f"output {step}": tuple(map(str.strip, texts)) for step, texts in enumerate(values.outputs)}
    for step, texts in enumerate(values.outputs):
        rows = [text.strip("\n").split("\n") for text in texts]
        for number in _LINES:
            if all(-len(row) <= number < len(row) for row in rows):
                outputs[f"line {step} {number}"] = tuple(row[number].strip() for row in rows)
    return {name: texts for name, texts in outputs.items() if all(texts) and len(set(texts)) > 1}


def _named(name: str, values: Values, blocks: Sources) -> Ref | None:
    if name in values.sources:
        values.used.add(name)
        return Ref(name=name)
    if name in values.derived:
        ref = reference(name)
        values.used.add(ref.name)
        return ref
    return values.bind(blocks[name], prose=True)


def _columns(rows: list[list[str]]) -> list[Vector]:
    """Runs of tokens side by side: a run is constant, or it differs and is as short as the constants around allow."""
    if len({len(row) for row in rows}) == 1:
        return list(zip(*rows, strict=True))
    rows = [_glued(row) for row in rows]
    common = rows[0]
    for row in rows[1:]:
        blocks = SequenceMatcher(None, common, row, autojunk=False).get_matching_blocks()
        common = [token for block in blocks for token in common[block.a : block.a + block.size]]
    runs = [_runs(common, row) for row in rows]
    return list(zip(*runs, strict=True))


def _glued(row: list[str]) -> list[str]:
    """White space as part of the word behind it: a space is no landmark."""
    glued: list[str] = []
    for token in row:
        if glued and glued[-1].isspace():
            glued[-1] += token
        else:
            glued.append(token)
    return glued


def _runs(common: list[str], row: list[str]) -> list[str]:
    """`row` as gap, constant, gap, …, constant, gap around the tokens of `common`, matched from the left."""
    runs, gap = [], ""
    rest = iter(row)
    for token in common:
        for own in rest:
            if own == token:
                break
            gap += own
        runs += [gap, token]
        gap = ""
    return [*runs, "".join(rest)]


def _explain(run: Vector, named: dict[str, Ref | None], values: Values) -> list[Piece] | None:
    if len(set(run)) == 1:
        return _unmask(run[0], named)
    if any(mark in text for mark in named for text in run):
        return _explain_whole(run, named, values)
    head = _same(text[: len(text) - len(text.lstrip())] for text in run)
    tail = _same(text[len(text.rstrip()) :] for text in run)
    argument = values.explain(tuple(map(str.strip, run)), prose=True) if all(map(str.strip, run)) else None
    if argument is None or head is None or tail is None:
        return None
    return [*_unmask(head, {}), *argument, *_unmask(tail, {})]


def _explain_whole(run: Vector, named: dict[str, Ref | None], values: Values) -> list[Piece] | None:
    """A run in which known values stand beside something that varies, as it was said."""
    said = list(run)
    for mark, ref in named.items():
        if ref and any(mark in text for text in run):
            column = values.derived.get(label(ref)) or values.sources.get(ref.name, ())
            if not column:
                return None
            said = [text.replace(mark, own) for text, own in zip(said, column, strict=True)]
    return _explain(tuple(said), {}, values)


def _same(texts: Iterable[str]) -> str | None:
    distinct = set(texts)
    return distinct.pop() if len(distinct) == 1 else None


def _unmask(text: str, named: dict[str, Ref | None]) -> list[Piece]:
    """Constant text with known values in it, as pieces."""
    marks = "".join(named)
    parts = re.split(f"([{marks}])", text) if marks else [text]
    pieces: list[Piece] = []
    for part in parts:
        ref = named.get(part)
        if ref is not None:
            pieces.append(ref)
        elif part:
            pieces.append(Text(text=part))
    return pieces
