"""Explaining arguments: where a word that varies comes from, so that it holds in every occurrence.

A word is a constant, or a chain of constants and named values: the prompt's slots first (a value the user typed is the
user's, even if an output happens to repeat it), then the environment, then earlier outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product

from agentjit import kit
from agentjit.compile.finders import finders
from agentjit.compile.kinds import found_kind, kind_of
from agentjit.compile.shape import Sources, Vector, prose_kind
from agentjit.piece import Argument, Binding, Finder, Kind, Piece, Ref, ShapePiece, Text

_CUT_OFF = 30_000  # characters: the harness keeps no more of an output, so what is longer may lack its end
_CUTS = 4  # places on either side where a constant may end


NameFor = Callable[[Finder, Vector, Iterable[str]], str]
"""Names a value after its finder and the outputs it is found in, unlike any of the names taken."""


class Values:
    """The named values known so far, and the bindings made while explaining. One object serves one compilation."""

    def __init__(self, given: Mapping[str, Vector], name_for: NameFor) -> None:
        self.sources: dict[str, Vector] = dict(given)
        self.bindings: dict[int, list[Binding]] = {}  # by step
        self.used: set[str] = set()
        self._given = tuple(given)
        self._outputs: list[Vector] = []
        self._name_for = name_for

    def copy(self) -> Values:
        """An independent copy: explaining with it changes nothing here."""
        twin = Values({}, self._name_for)
        twin.sources, twin.used = dict(self.sources), set(self.used)
        twin.bindings = {step: list(bindings) for step, bindings in self.bindings.items()}
        twin._given, twin._outputs = self._given, list(self._outputs)
        return twin

    def add_outputs(self, outputs: Vector) -> None:
        """The outputs of the next step, from here on a place where values may come from."""
        self._outputs.append(outputs)

    def reserve(self, names: Iterable[str]) -> None:
        """Names that are taken by what explains nothing."""
        for name in names:
            self.sources.setdefault(name, ())

    @property
    def outputs(self) -> Sequence[Vector]:
        return self._outputs

    def explain(self, values: Vector, *, prose: bool = False) -> Argument | None:
        """`values` as pieces, or None if nothing seen explains them all.

        `prose`: the pieces end in a sentence, not in an argument, so a value from an output may be any text.
        """
        argument = _compose(values, self.varying(), lambda vector: self.bind(vector, prose=prose))
        if argument is not None:
            self.used |= {piece.name for piece in argument if isinstance(piece, Ref)}
        return argument

    def given(self) -> Sources:
        """The varying values known before anything ran: the prompt's slots and the environment."""
        return {name: column for name, column in self.varying().items() if name in self._given}

    def varying(self) -> Sources:
        """The named values that are not the same in every occurrence: only those explain anything."""
        return {name: column for name, column in self.sources.items() if len(set(column)) > 1 and all(column)}

    def known(self, step: int) -> Sources:
        """The varying values known once `step` is done: those given, and those taken out of outputs until then."""
        later = {binding.name for at, bindings in self.bindings.items() if at > step for binding in bindings}
        return {name: column for name, column in self.varying().items() if name not in later}

    def bind(self, values: Vector, *, prose: bool = False) -> Ref | None:
        """Take `values` out of an earlier output, the nearest first."""
        pattern = _pattern(values, self.given()) or (prose_kind(values) if prose else None)
        for step in reversed(range(len(self._outputs))):
            if max(map(len, self._outputs[step])) >= _CUT_OFF:
                continue
            found = finders(self._outputs[step], values, self.known(step))
            if found and pattern:
                name = self._name_for(found[0], self._outputs[step], self.sources)
                self.sources[name] = values
                absent = any(map(kit.is_absent, values))
                made = Binding(name=name, finders=found, pattern=pattern, absent=absent)
                self.bindings.setdefault(step, []).append(made)
                self.used |= {ref for finder in found for ref in references(finder)}
                self.used |= {piece.name for piece in pattern if isinstance(piece, Ref)}
                return Ref(name=name)
        return None


def _pattern(values: Vector, given: Sources) -> tuple[ShapePiece, ...] | None:
    """What the values look like; one that always begins with a value known beforehand must do so again."""
    for name, column in given.items():
        rests = [value[len(start) :] for value, start in zip(values, column, strict=True) if value.startswith(start)]
        separators = {rest[:1] for rest in rests}
        if len(rests) == len(values) and len(separators) == 1 and not (separator := separators.pop()).isalnum():
            kind = kind_of([rest[1:] for rest in rests]) if separator else ""
            if kind is not None:
                own = (Text(text=separator), Kind(expression=kind)) if separator else ()
                return (Ref(name=name), *own)
    kind = kind_of(values)
    return (Kind(expression=found_kind(kind, values)),) if kind else None


def _begun(finder: Finder) -> list[Piece]:
    return [piece for _, argument in getattr(finder, "begins", ()) for piece in argument]


def references(finder: Finder) -> set[str]:
    """The names a finder looks up."""
    pieces: list[Piece] = [*(piece for _, piece in getattr(finder, "where", ())), *_begun(finder)]
    pieces += [part.value for part in getattr(finder, "path", ()) if hasattr(part, "value")]
    return {piece.name for piece in pieces if isinstance(piece, Ref)}


def compose(values: Vector, known: Sources) -> Argument | None:
    """`values` as a chain of constants and known values; None if they are not."""
    return _compose(values, known, lambda _: None)


def _compose(values: Vector, sources: Sources, bind: Callable[[Vector], Ref | None]) -> Argument | None:
    if len(set(values)) == 1:
        return (Text(text=values[0]),) if values[0] else ()
    for name, column in sources.items():
        if column == values:
            return (Ref(name=name),)
    longest_first = sorted(sources, key=lambda name: -min(map(len, sources[name])))
    for name in longest_first:
        if (argument := _around(name, values, sources)) is not None:
            return argument
    if (bound := bind(values)) is not None:
        return (bound,)
    for head, middles, tail in _trims(values):
        if (bound := bind(middles)) is not None:
            return tuple(piece for piece in (_text(head), bound, _text(tail)) if piece)
    return None


def _text(text: str) -> Text | None:
    return Text(text=text) if text else None


def _around(name: str, values: Vector, sources: Sources) -> Argument | None:
    """`values` as something, then `name`, then something, where both sides can be composed of named values too."""
    places = [occurrences(value, part) for value, part in zip(values, sources[name], strict=True)]
    for nth in range(min(map(len, places))):
        starts = [place[nth] for place in places]
        left = tuple(value[:start] for value, start in zip(values, starts, strict=True))
        ends = (start + len(part) for start, part in zip(starts, sources[name], strict=True))
        right = tuple(value[end:] for value, end in zip(values, ends, strict=True))
        before = _compose(left, sources, lambda _: None)
        after = None if before is None else _compose(right, sources, lambda _: None)
        if before is not None and after is not None:
            return (*before, Ref(name=name), *after)
    return None


def occurrences(text: str, part: str) -> list[int]:
    """Where `part` stands in `text` as a word of its own: no letter or digit may touch one of its own."""
    found = []
    start = text.find(part)
    while start >= 0:
        before, after = text[start - 1 : start] if start else "", text[start + len(part) : start + len(part) + 1]
        touching = (before.isalnum() and part[0].isalnum()) or (after.isalnum() and part[-1].isalnum())
        if not touching:
            found.append(start)
        start = text.find(part, start + 1)
    return found


def _trims(values: Vector) -> Iterator[tuple[str, Vector, str]]:
    """Common heads and tails of all values that end where a word ends, the longest first, and what is between them."""
    shortest = min(values, key=len)
    head = next((i for i in range(len(shortest)) if len({value[i] for value in values}) > 1), len(shortest))
    tail = next((i for i in range(len(shortest)) if len({value[-1 - i] for value in values}) > 1), len(shortest))
    heads = [i for i in range(head, -1, -1) if i == 0 or not shortest[i - 1].isalnum()][:_CUTS]
    tails = [i for i in range(tail, -1, -1) if i == 0 or not shortest[-i].isalnum()][:_CUTS]
    for cut, rest in sorted(product(heads, tails), key=lambda ends: -sum(ends)):
        middles = tuple(value[cut : len(value) - rest] for value in values)
        if cut + rest and all(middles):
            yield shortest[:cut], middles, shortest[len(shortest) - rest :] if rest else ""
