"""Explaining arguments: where a word that varies comes from, so that it holds in every occurrence.

A word is a constant, or a chain of constants and named values. Of all explanations that hold the cheapest is taken, and
none that chance could have brought (see `worth`): what the prompt says comes before the environment, what is known
before what an earlier output has to be asked for. A value the user typed is the user's, even if an output happens to
repeat it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product

from agentjit import kit
from agentjit.compile.explaining.composing import composed, known, occurrences
from agentjit.compile.explaining.finders import finders, hosts, places
from agentjit.compile.explaining.kinds import found_kind, kind_of, spaced_kind
from agentjit.compile.explaining.lists import explain_list
from agentjit.compile.explaining.moments import of_the_day
from agentjit.compile.explaining.reference import label, reference
from agentjit.compile.explaining.shape import Sources, Vector, mask, prose_kind
from agentjit.compile.explaining.transforms import Derived, derived, doubt, through
from agentjit.compile.explaining.words import within
from agentjit.compile.explaining.worth import likely, simplicity, transformed
from agentjit.errors import NotCompilable
from agentjit.piece import Argument, Binding, Finder, Kind, Piece, Ref, ShapePiece, Text
from agentjit.step import Spread

__all__ = ["NameFor", "Values", "compose", "occurrences", "references"]

_CUT_OFF = 30_000  # characters: the harness keeps no more of an output, so what is longer may lack its end
_CUTS = 4  # places on either side where a constant may end
_LOOK_BACK = 1.0  # bits: an output is the less likely meant, the more steps ago it was
_SHARED = ("/", "/tmp", "/var/tmp")  # directories that are worked in, and named from everywhere


NameFor = Callable[[Finder, Vector, Iterable[str], str], str]
"""Names a value after its finder, the outputs it is found in and what these are about (`pod`; "" if that is not known),
unlike any of the names taken.
"""


class Values:
    """The named values known so far, and the bindings made while explaining. One object serves one compilation.

    `environment` are those of the `given` names that are not the prompt's, `prompt` what it always says. `ambiguous`:
    what the traces left open, each a sentence.
    """

    def __init__(self, given: Sources, name_for: NameFor, *, environment: Iterable[str] = (), prompt: str = "") -> None:
        self.sources: dict[str, Vector] = dict(given)
        self.bindings: dict[int, list[Binding]] = {}  # by step
        self.used: set[str] = set()
        self.environment = frozenset(environment)
        self.prompt = prompt
        self.ambiguous: list[str] = []
        self.derived: dict[str, Vector] = {}  # known values, transformed, that words were made of, by `label`
        self._given = tuple(given)
        self._outputs: list[Vector] = []
        self._about: list[str] = []
        self._printed: dict[str, int] = {}  # what the user typed and a step printed that had not been told it
        self.name_for = name_for

    def copy(self) -> Values:
        """An independent copy: explaining with it changes nothing here."""
        twin = Values({}, self.name_for, environment=self.environment, prompt=self.prompt)
        twin.sources, twin.used = dict(self.sources), set(self.used)
        twin.bindings = {step: list(bindings) for step, bindings in self.bindings.items()}
        twin._given, twin._outputs = self._given, list(self._outputs)
        twin._about = list(self._about)
        twin.derived = dict(self.derived)
        twin.ambiguous, twin._printed = list(self.ambiguous), dict(self._printed)
        return twin

    def only(self, chosen: Sequence[int]) -> Values:
        """These values as the occurrences at these places have them."""

        def part(column: Vector) -> Vector:
            return tuple(column[i] for i in chosen) if column else ()

        twin = self.copy()
        twin.sources = {name: part(column) for name, column in self.sources.items()}
        twin.derived = {name: part(column) for name, column in self.derived.items()}
        twin._outputs = [part(outputs) for outputs in self._outputs]
        return twin

    def add_outputs(self, outputs: Vector, about: str = "") -> None:
        """The outputs of the next step, from here on a place where values may come from; `about` is what they list."""
        for name in self._typed():
            if name not in self.used and name not in self._printed:
                pairs = zip(self.sources[name], outputs, strict=True)
                if all(value in output and occurrences(output, value) for value, output in pairs):
                    self._printed[name] = len(self._outputs)
        self._outputs.append(outputs)
        self._about.append(about)

    def reserve(self, names: Iterable[str]) -> None:
        """Names that are taken by what explains nothing."""
        for name in names:
            self.sources.setdefault(name, ())

    @property
    def outputs(self) -> Sequence[Vector]:
        return self._outputs

    def explain(self, values: Vector, *, prose: bool = False, place: bool = False) -> Argument | None:
        """`values` as pieces, or None if nothing seen explains them all.

        `prose`: the pieces end in a sentence, not in an argument, so a value from an output may be any text. `place`: a
        path here is one of a file, meant from the working directory on. Raises `NotCompilable` where an argument is
        the same in all traces and yet of the moment.
        """
        if len(set(values)) == 1:
            argument = self._constant(values[0], prose)
            return self._below(values[0]) if place and self._is_below(values[0]) else argument
        argument = self._from_known(values)
        if argument is None:
            argument = self._from_outputs(values, prose)
        if argument is not None:
            self._note(argument)
        return argument

    def given(self) -> Sources:
        """The varying values known before anything ran: the prompt's slots and the environment."""
        return {name: column for name, column in self.varying().items() if name in self._given}

    def varying(self) -> Sources:
        """The named values that are not the same in every occurrence: only those explain what varies."""
        return {name: column for name, column in self.sources.items() if len(set(column)) > 1 and all(column)}

    def here(self) -> Sources:
        """The working directory where it was one and the same in all traces: in another it is that other. Nothing where
        it varies, or is one that other directories have their files in, too.
        """
        column = self.sources.get("cwd", ()) if "cwd" in self.environment else ()
        if len(set(column)) != 1 or not column[0].startswith("/"):
            return {}
        return {} if column[0] in (*_SHARED, *self.sources.get("home", ())) else {"cwd": column}

    def known(self, step: int) -> Sources:
        """The varying values known once `step` is done: those given, those taken out of outputs until then, and what
        words were made of them (by `reference.label`).
        """
        later = {binding.name for at, bindings in self.bindings.items() if at > step for binding in bindings}
        known = {**self.varying(), **self.derived, **(self.here() if "cwd" in self.used else {})}
        return {name: column for name, column in known.items() if reference(name).name not in later}

    def bind(self, values: Vector, *, prose: bool = False) -> Ref | None:
        """Take `values` out of the earlier output that has them in the plainest way; None if none has them, or chance
        would do.
        """
        pattern = _pattern(values, self.given()) or (prose_kind(values) if prose else None)
        if not pattern:
            return None
        best: tuple[float, int, tuple[Finder, ...]] | None = None
        for step in self._readable():
            tries = self._tries(step)
            if not likely(values, tries):
                continue
            if found := finders(self._outputs[step], values, self.known(step)):
                cost = tries + simplicity(found[0]) + _LOOK_BACK * (len(self._outputs) - 1 - step)
                if best is None or cost < best[0]:
                    best = cost, step, found
        return self._bound(values, best[1], best[2], pattern) if best else None

    def explain_list(self, rows: Sequence[tuple[str, ...]]) -> tuple[Spread, Binding] | None:
        """The words of each occurrence, as many as it had, as a list out of an earlier output; None if none has it."""
        found = explain_list(self._outputs, rows)
        if found is None:
            return None
        step, listing = found
        for binding in self.bindings.get(step, ()):
            if binding.many and binding.finders == listing.finders:
                return Spread(name=binding.name), binding
        made = listing.binding(self.name_for(listing.finders[0], self._outputs[step], self.sources, self._about[step]))
        if made is None:
            return None
        self.bindings.setdefault(step, []).append(made)
        self.reserve([made.name])
        return Spread(name=made.name), made

    # --- where a word comes from

    def _typed(self) -> list[str]:
        return [name for name in self._given if name not in self.environment and name in self.varying()]

    def _readable(self) -> list[int]:
        """The steps whose outputs are all there, the newest first."""
        return [i for i in reversed(range(len(self._outputs))) if max(map(len, self._outputs[i])) < _CUT_OFF]

    def _tries(self, step: int) -> float:
        """The bits of choosing a place in the outputs of a step."""
        return math.log2(places(self._outputs[step][0]) * len(self._outputs))

    def _constant(self, value: str, prose: bool) -> Argument | None:
        """A word that was always the same. A folder of the user's own is asked for where the working directory does not
        matter; the day of all traces could be meant or not.
        """
        if self.of_the_day(value, prose=prose):
            if prose:
                return None
            raise NotCompilable(
                f"{value[:60]!r} tells the year, the month or the day of all traces: nobody can tell if it is meant"
            )
        home = self.sources.get("home", ())
        if "home" in self.environment and len(set(home)) == 1 and len(set(self.sources.get("cwd", ()))) > 1:
            rest = value[len(home[0]) :]
            if home[0].count("/") > 1 and value.startswith(home[0]) and rest[:1] in ("", "/"):
                self.used.add("home")
                return (Ref(name="home"), Text(text=rest)) if rest else (Ref(name="home"),)
        return (Text(text=value),) if value else ()

    def _is_below(self, value: str) -> bool:
        return any(within(value, column[0]) is not None for column in self.here().values())

    def _below(self, value: str) -> Argument:
        """A path from the working directory on."""
        self.used.add("cwd")
        rest = value[len(self.sources["cwd"][0]) :]
        return (Ref(name="cwd"), Text(text=rest)) if rest else (Ref(name="cwd"),)

    def of_the_day(self, value: str, *, prose: bool = False) -> bool:
        """Whether a constant tells the day, month or year that it was in all traces."""
        days = self.sources.get("today", ()) if "today" in self.environment else ()
        return bool(days) and of_the_day(value, days, self.prompt, prose=prose)

    def _from_known(self, values: Vector) -> Argument | None:
        """The simplest chain of known values, as they are or, if that does not do, transformed."""
        sources = self.varying()
        tries = math.log2(len(sources) + 1)
        plain = [(ref, column) for ref, column in known(sources) if self._meant(ref.name, column, tries)]
        if (argument := composed(values, plain, self.environment)) is not None:
            return argument
        ways = derived(values, sources, tries=tries)
        argument = composed(values, [*plain, *((each.ref, each.values) for each in ways)], self.environment)
        self._doubt(argument, ways)
        return argument

    def _meant(self, name: str, column: Vector, tries: float) -> bool:
        """What the environment happens to be is no explanation if chance would do."""
        return name not in self.environment or likely(column, tries)

    def _from_outputs(self, values: Vector, prose: bool) -> Argument | None:
        if (bound := self.bind(values, prose=prose)) is not None:
            return (bound,)
        masked, names = mask(values, self.varying())
        trimmed = [(head, tuple(self._unmasked(own, names)), tail) for head, own, tail in _trims(masked)]
        for head, middles, tail in trimmed:
            lines = any("\n" in each for each in middles)  # as a whole output is quoted
            if (bound := self.bind(middles, prose=prose and lines)) is not None:
                return (*_pieces(head, names), bound, *_pieces(tail, names))
        for head, middles, tail in [("", values, ""), *trimmed[:_CUTS]]:
            if (bound := self._transformed(middles)) is not None:
                return (*_pieces(head, names), bound, *_pieces(tail, names))
        return None

    def _unmasked(self, texts: Vector, names: Mapping[str, str]) -> Iterator[str]:
        for place, text in enumerate(texts):
            for mark, name in names.items():
                text = text.replace(mark, self.sources[name][place])
            yield text

    def _transformed(self, values: Vector) -> Ref | None:
        """A value of an output that has no name yet, transformed: the last part of an address, the next version."""
        for step in self._readable():
            for host in hosts(self._outputs[step], values, self.known(step)):
                pattern = _pattern(host.values, self.given())
                tries = self._tries(step) + transformed(host.by)
                if pattern and likely(values, tries):
                    bound = self._bound(host.values, step, (host.finder,), pattern)
                    return bound.model_copy(update={"by": host.by})
        return None

    def _bound(self, values: Vector, step: int, found: tuple[Finder, ...], pattern: tuple[ShapePiece, ...]) -> Ref:
        name = self.name_for(found[0], self._outputs[step], self.sources, self._about[step])
        self.sources[name] = values
        made = Binding(name=name, finders=found, pattern=pattern, absent=any(map(kit.is_absent, values)))
        self.bindings.setdefault(step, []).append(made)
        self.used |= {ref for finder in found for ref in references(finder)}
        self.used |= {piece.name for piece in pattern if isinstance(piece, Ref)}
        return Ref(name=name)

    # --- what was left open

    def _note(self, argument: Argument) -> None:
        """Take note of what is used, and of what could have been meant instead."""
        for name in dict.fromkeys(piece.name for piece in argument if isinstance(piece, Ref)):
            if name in self._given and name not in self.used:
                self._equals(name)
            self.used.add(name)
        for piece in argument:
            if isinstance(piece, Ref) and piece.by:
                self.derived[label(piece)] = tuple(through(piece.by, value) for value in self.sources[piece.name])

    def _equals(self, name: str) -> None:
        column = self.sources[name]
        traces = f"all {len(column)} traces"
        for other in self._given:
            if other != name and self.sources[other] == column:
                self._say(f"{{{name}}} and {{{other}}} were the same in {traces}; {{{name}}} was taken")
        if name in self._printed and name not in self.environment:
            step = self._printed[name] + 1
            self._say(f"{{{name}}} also stood in the output of step {step} in {traces}; what the prompt says was taken")

    def _doubt(self, argument: Argument | None, ways: Sequence[Derived]) -> None:
        for each in ways:
            if argument and each.ref in argument and (other := doubt(each)):
                name, by = each.ref.name, " and ".join(each.ref.by)
                self._say(f"{by} of {{{name}}} was taken; {' and '.join(other)} gave the same in all traces")

    def _say(self, sentence: str) -> None:
        if sentence not in self.ambiguous:
            self.ambiguous.append(sentence)


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
    if kind is None and (spaced := spaced_kind(values)):
        return (Kind(expression=spaced),)
    return (Kind(expression=found_kind(kind, values)),) if kind else None


def _begun(finder: Finder) -> list[Piece]:
    return [piece for _, argument in getattr(finder, "begins", ()) for piece in argument]


def references(finder: Finder) -> set[str]:
    """The names a finder looks up."""
    pieces: list[Piece] = [*(piece for _, piece in getattr(finder, "where", ())), *_begun(finder)]
    pieces += [part.value for part in getattr(finder, "path", ()) if hasattr(part, "value")]
    return {piece.name for piece in pieces if isinstance(piece, Ref)}


def compose(values: Vector, sources: Sources) -> Argument | None:
    """`values` as a chain of constants and known values; None if they are not."""
    return composed(values, known(sources))


def _pieces(text: str, names: Mapping[str, str]) -> list[Piece]:
    """Constant text in which marks stand for named values, as pieces."""
    parts = re.split(f"([{''.join(names)}])", text) if names else [text]
    return [Ref(name=names[part]) if part in names else Text(text=part) for part in parts if part]


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
