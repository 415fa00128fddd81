"""The domain of a value: which values it may have, where one unlike those seen would do harm silently.

A value that goes through a function of `kit.transform` may only have the parts that were seen: that `cart.csv` became
`cart.json` says nothing of `web.json`. What steps that write are told is not wider than what they were told before: a
folder within this one is no folder anywhere, a feature's branch is not `main`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agentjit.compile.explaining.composing import occurrences
from agentjit.compile.explaining.explain import Values
from agentjit.compile.explaining.kinds import escaped, kind_of
from agentjit.compile.explaining.shape import Sources, Vector
from agentjit.compile.explaining.words import asks_in_sql, programs_named
from agentjit.compile.following.assemble import drafts_of
from agentjit.compile.following.build import LoopDraft, Tail
from agentjit.compile.following.figures import figures, quoted, told, without_quotes
from agentjit.compile.following.protected import beside, on_branch, process, unprotected, without
from agentjit.kit.transform import OF_LISTS, call
from agentjit.piece import Binding, Kind, Ref, ShapePiece, Value
from agentjit.step import BashStep, ShellStep, Spread
from agentjit.trace import Effect

_RESERVED = tuple(
    "all alter and any as asc between by case check column constraint create cross default delete desc distinct drop"
    " else end except exists false for foreign from full grant group having in index inner insert intersect into is"
    " join key left like limit natural not null offset on or order outer primary references right row rows select"
    " session_user set some table then to trigger true union unique update user using values view when where window"
    " with".split()
)
_ENOUGH = 3  # different files of one suffix
_SURE = frozenset(("increment", "decrement", "next_patch", "next_minor", "next_major", "strip_v", "date"))
_WORDY = frozenset(("lower", "upper", "capitalize", "title_case", "kebab", "snake", "camel", "pascal"))
_ASKED = ("branch", "remote", "email", "user", "project:")
"""Keys of the environment whose values are checked: of the others none is better than another."""


@dataclass(slots=True)
class Use:
    """What is done with a value: the functions it goes through, and whether a step that may write is told it, one that
    reads it as part of a query, or one that kills processes; whether it is `quoted`, between quotes within a word, and
    whether an answer has `told` it, before a word in the `plural`.
    """

    by: set[str] = field(default_factory=set)
    written: bool = False
    queried: bool = False
    quoted: bool = False
    told: bool = False
    plural: bool = False
    killed: bool = False


_MARK = "AJ0MARK0AJ"  # letters and figures, so that it is one part


def uses(tail: Tail) -> dict[str, Use]:
    """Every name that the calls and answers of a tree of drafts refer to."""
    found: dict[str, Use] = {}
    for draft in drafts_of(tail):
        queried = isinstance(draft.call, BashStep | ShellStep) and asks_in_sql(draft.call)
        killed = isinstance(draft.call, BashStep | ShellStep) and "kill" in programs_named(draft.call)
        for ref in _refs(draft.call):
            use = found.setdefault(ref.name, Use())
            use.by.update(ref.by if isinstance(ref, Ref) else ())
            use.written |= draft.effect is not Effect.READS
            use.queried |= queried
            use.killed |= killed
        for name in quoted(draft.call):
            found.setdefault(name, Use()).quoted = True
    for loop in (draft for each in _tails(tail) for draft in each.build.drafts):
        if isinstance(loop, LoopDraft) and (item := found.get(loop.item)):
            use = found.setdefault(loop.over, Use())
            use.by |= item.by
            use.written |= item.written
            use.quoted |= item.quoted
            use.killed |= item.killed
    for ref in _refs(tuple(each.answer for each in _tails(tail))):
        if isinstance(ref, Ref):
            found.setdefault(ref.name, Use()).by.update(by for by in ref.by if call(by)[0] not in OF_LISTS)
    for each in _tails(tail):
        for name, plural in told(each.answer):
            use = found.setdefault(name, Use())
            use.told, use.plural = True, use.plural or plural
    return found


def _refs(part: object) -> Iterator[Ref | Spread]:
    if isinstance(part, Ref | Spread):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from _refs(each)
    elif isinstance(part, Value):
        for name in type(part).model_fields:
            yield from _refs(getattr(part, name))


def _tails(tail: Tail) -> Iterator[Tail]:
    yield tail
    for path in tail.paths:
        yield from _tails(path.tail)


def narrowed(pattern: str, values: Sequence[str], use: Use | None) -> str:
    """`pattern`, which all `values` match, no wider than its use allows."""
    if use is None or not values:
        return pattern
    if use.quoted:
        pattern = without_quotes(pattern, values)
    if any(by.partition(":")[0] not in _SURE for by in use.by):
        pattern = tight(values, use.by) or pattern
        if use.written:
            pattern = unprotected(pattern, values)
    elif use.written:
        pattern = writable(values, pattern)
    if use.killed:
        pattern = process(pattern, values)
    return without(pattern, values, _RESERVED, "(?i:{})") if use.queried else pattern


def asked(key: str, values: Sequence[str], use: Use | None, *, writes: bool = False) -> str:
    """What a value of the environment must look like, "" if nothing is asked of it. `writes`: the plan may change
    something, be it told the value or not.
    """
    told = use is not None and bool(use.written or use.by)
    if use and use.written and use.by and key in ("cwd", "repo"):
        return beside(values)
    kind = kind_of(values) if told and key.startswith(_ASKED) else None
    pattern = narrowed(kind, values, use) if kind else ""
    return on_branch(values, pattern or r"\w\S*") if writes and key == "branch" and values else pattern


def narrow(tail: Tail, found: Mapping[str, Use]) -> None:
    """Take no values out of outputs that are wider than their uses allow."""
    for each in _tails(tail):
        _bindings(each.values, _lists(each), each.build.shared.given, found)
        for draft in each.build.drafts:
            if isinstance(draft, LoopDraft):
                _bindings(draft.values, {}, (), found)
        for path in each.paths:
            columns = {**path.tail.values.sources, **_lists(path.tail)}
            given = each.build.shared.given
            path.bindings = tuple(_narrow(one, columns, given, found) for one in path.bindings)


def _lists(tail: Tail) -> dict[str, tuple[str, ...]]:
    """The items of all lists of a group, by name."""
    return {name: tuple(item for items in each for item in items) for (_, each), name in tail.build.lists.items()}


def _bindings(values: Values, lists: Sources, given: Sequence[str], found: Mapping[str, Use]) -> None:
    columns = {**values.sources, **lists}
    for step, bindings in values.bindings.items():
        values.bindings[step] = [_narrow(one, columns, given, found) for one in bindings]


def _narrow(binding: Binding, columns: Sources, given: Sequence[str], found: Mapping[str, Use]) -> Binding:
    (first, *more), values, use = binding.pattern, columns.get(binding.name, ()), found.get(binding.name)
    if more or binding.absent or not isinstance(first, Kind) or use is None:
        return binding
    if use.by and not binding.many:
        for name in given:
            if pattern := _around(name, values, columns.get(name, ()), use):
                return binding.model_copy(update={"pattern": pattern})
    expression = first.expression
    if use.told and not binding.many:
        expression = figures(expression, values, plural=use.plural)
    made = narrowed(expression, values, use)
    return binding if made == first.expression else binding.model_copy(update={"pattern": (Kind(expression=made),)})


def _around(name: str, values: Vector, column: Vector, use: Use) -> tuple[ShapePiece, ...] | None:
    """What is transformed always had a value in it that was known beforehand: it must have it again."""
    if len(set(column)) < 2 or len(column) != len(values):
        return None
    places = [occurrences(value, own) if own else [] for value, own in zip(values, column, strict=True)]
    if any(len(each) != 1 for each in places):
        return None
    rows = zip(values, column, places, strict=True)
    masked = [value[:at] + _MARK + value[at + len(own) :] for value, own, (at,) in rows]
    before, mark, after = (tight(masked, use.by) or "").partition(_MARK)
    if not mark or _MARK in after or before.count("(") != before.count(")"):
        return None
    ends = (Kind(expression=before) if before else None, Ref(name=name), Kind(expression=after) if after else None)
    return tuple(piece for piece in ends if piece)


def apart(one: Sequence[str], other: Sequence[str], pattern: str) -> bool:
    """Whether two values that could be the same, `pattern` being the kind of the second, never were."""
    alike = any(re.fullmatch(pattern, value) for value in one)
    return alike and all(a != b for a, b in zip(one, other, strict=True))


# --- by parts

_SEPARATORS = "/@: =#+~,._-"
_NAME = r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*"


def tight(values: Sequence[str], by: Sequence[str] | set[str]) -> str | None:
    """What these values have in common, part by part, where they go through the functions `by`: the same separators and
    as many parts, or a number of parts in the range seen; a part that was always the same stays so. None if they are no
    texts of such parts.

    Within a part digits may stand behind letters; what they mean is the function's business. A dash or an underscore is
    a letter like any other where no function looks at them.
    """
    worded = any(each in _WORDY for each in by)
    parted = any(re.match(r"part:[_-]:", each) for each in by)
    made = _Parts(names=not (worded or parted), more=worded and not parted).of(list(values), _SEPARATORS)
    if made is None or not all(re.fullmatch(made, value) for value in values):
        return None
    return None if re.fullmatch(made, "") or re.fullmatch(made, "-x") else made


class _Parts(NamedTuple):
    """How values are taken apart. `names`: dashes and underscores are letters; `more`: of the words that they and
    spaces part there may be any number, if the number varied.
    """

    names: bool
    more: bool

    def of(self, values: list[str], separators: str) -> str | None:
        if len(set(values)) == 1 and not values[0].isdigit():
            return escaped(values[0])
        for at, separator in enumerate(separators):
            if separator in "_-" and self.names:
                break
            if any(separator in value for value in values):
                return self._split([value.split(separator) for value in values], separators[at:])
        return self._leaf(values)

    def _split(self, rows: list[list[str]], separators: str) -> str | None:
        """Values taken apart at the first of `separators`."""
        sign, rest = escaped(separators[0]), separators[1:]
        least, most = min(map(len, rows)), max(map(len, rows))
        if least == most:
            columns = [self.of(list(column), rest) for column in zip(*rows, strict=True)]
            return None if None in columns else sign.join(each or "" for each in columns)
        first = 0
        while first < least - 1 and len({row[first] for row in rows}) == 1:
            first += 1
        last = least > 1 and separators[0] in "/."  # a file's name, or its suffix
        inner = [part for row in rows for part in row[first : len(row) - last]]
        middle = self.of(inner, rest)
        end = self.of([row[-1] for row in rows], rest) if last else ""
        if middle is None or end is None:
            return None
        low, high = least - first - last, most - first - last
        many = "" if self.more and separators[0] in "_- " else str(high - (not last))
        head = "".join(escaped(part) + sign for part in rows[0][:first])
        if last:
            return f"{head}(?:{middle}{sign}){{{low},{many}}}{end}"
        return f"{head}{middle}(?:{sign}{middle}){_times(low - 1, many)}"

    def _leaf(self, values: list[str]) -> str | None:
        """Parts without separators."""
        if all(re.fullmatch("[0-9]+", value) for value in values):
            return "[0-9]+"
        if all(re.fullmatch("v[0-9]+", value) for value in values):
            return "v[0-9]+"
        if not all(re.fullmatch(_NAME if self.names else "[A-Za-z0-9]+", value) for value in values):
            return None
        first = _letters({value[0] for value in values})
        rest = _letters({*"0", *(letter for value in values for letter in value[1:])})
        if rest == "0-9" and first != "0-9":
            rest = first if "0-9" in first else first + "0-9"
        body = f"[{first}]+" if first == rest else f"[{first}][{rest}]*"
        return f"{body}(?:[_-][{rest}]+)*" if self.names else body


def _times(low: int, high: str) -> str:
    return {"0,": "*", "1,": "+"}.get(f"{low},{high}", f"{{{low},{high}}}")


def _letters(characters: set[str]) -> str:
    kinds = (("a-z", str.islower), ("A-Z", str.isupper), ("0-9", str.isdigit))
    return "".join(span for span, kind in kinds if any(map(kind, characters)))


# --- what is written to


def writable(values: Sequence[str], pattern: str) -> str:
    """`pattern`, the kind of these values, for an operand of a step that may write: what is relative stays so, a path
    has as many parts at least, none is a top folder; where all had one thing that bare words lack (a dash, a figure)
    none is a bare word, where all were files of one suffix it has that; and names that mean more than others (`main`,
    `..`) were seen, or are no operands.
    """
    if any("/" in value for value in values) and "://" not in pattern.replace(r"(?!\S*://)", ""):
        made = _paths(values) or tight(values, ("basename",))
        pattern = made if made and all(re.fullmatch(made, value) for value in values) else pattern
    if re.fullmatch(pattern, "house") and (shape := _shape(values)):
        pattern = rf"(?=[\w./@:+-]*{shape}){pattern}"
    if len(set(values)) >= _ENOUGH and len(suffixes := {posixpath.splitext(value)[1] for value in values}) == 1:
        (suffix,) = suffixes
        if re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]*", suffix):
            pattern = rf"{pattern}(?<={escaped(suffix)})"
    return unprotected(pattern, values)


def _shape(values: Sequence[str]) -> str:
    """What tells all of these values from bare words, as a regular expression; "" if there is no one such thing."""
    for sign in ("/", "-", r"\.", "_", ":", "@", "[0-9]"):
        if all(re.search(sign, value) for value in values):
            return sign
    return ""


def _paths(values: Sequence[str]) -> str | None:
    """Paths within the working directory, or from the root, as the values are; None for others."""
    within = [value for value in values if not value.startswith("/")]
    rooted = [value for value in values if value.startswith("/")]
    forms = [_below(each, root=root) for each, root in ((within, False), (rooted, True)) if each]
    if None in forms:
        return None
    return forms[0] if len(forms) == 1 else f"(?:{'|'.join(filter(None, forms))})"


def _below(values: Sequence[str], *, root: bool) -> str | None:
    rows = [value.strip("/").split("/") for value in values]
    if not all(re.fullmatch(r"\.?\w[\w.-]*", part, re.ASCII) for row in rows for part in row):
        return None
    hidden = r"\.?" if any(part.startswith(".") for row in rows for part in row) else ""
    name, least, first = hidden + "[A-Za-z0-9_][A-Za-z0-9_.-]*", min(map(len, rows)), 0
    while root and first < least - 1 and len({row[first] for row in rows}) == 1:
        first += 1
    head = "/" * root + "".join(escaped(part) + "/" for part in rows[0][:first])
    ends = {value.endswith("/") for value in values}
    tail = "" if ends == {False} else "/" if ends == {True} else "/?"
    return f"{head}{name}(?:/{name}){_times(least - first - 1, '')}{tail}"
