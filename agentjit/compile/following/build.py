"""A plan in the making: the steps explained so far over a group of occurrences, without names and contracts yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agentjit.compile.align import AlignedStep
from agentjit.compile.explaining.explain import Values
from agentjit.compile.explaining.secrets import Secrets
from agentjit.compile.explaining.shape import Vector
from agentjit.compile.knowledge import Judge
from agentjit.compile.naming import identifier, subject
from agentjit.errors import NotCompilable
from agentjit.piece import Argument, Binding
from agentjit.step import AnyCall, Ending
from agentjit.trace import Effect

List = tuple[str, ...]


class Left(NotCompilable):
    """A step that only the model can do: the plan may end before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A step whose call is explained."""

    aligned: AlignedStep
    call: AnyCall
    effect: Effect


@dataclass(frozen=True, slots=True, eq=False)
class LoopDraft:
    """A loop: its steps are explained over all rounds of all occurrences, by `values` of their own."""

    over: str
    item: str
    drafts: tuple[Draft, ...]
    values: Values
    most: int


@dataclass(slots=True)
class Shared:
    """What all groups of one compilation have in common.

    `given` are the names of values known beforehand, `slots` those of the prompt; `finals` the closing messages;
    `holes` values that only a model can fill; `notes` what was left open. `open_ended`: where the ways part and nothing
    tells which is taken, the plan may end.
    """

    judge: Judge
    secrets: Secrets
    given: tuple[str, ...]
    slots: tuple[str, ...]
    finals: tuple[str | None, ...]
    varying: frozenset[str]  # names of given values that are not the same in all occurrences
    open_ended: bool = False
    holes: dict[str, Vector] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Build:
    """The steps of one group of occurrences. `places` are theirs among all occurrences.

    `results` and `owners` are all steps that came before, those of the groups it was split from too: as these
    occurrences had them, and the draft each belongs to; a value's step is an index of them. The first `base` are not
    its own.
    """

    places: tuple[int, ...]
    values: Values
    shared: Shared
    drafts: list[Draft | LoopDraft] = field(default_factory=list)
    results: list[AlignedStep] = field(default_factory=list)
    owners: list[Draft] = field(default_factory=list)
    lists: dict[tuple[int, tuple[List, ...]], str] = field(default_factory=dict)
    base: int = 0
    promised: frozenset[int] = frozenset()  # of the steps that are not its own, those whose outputs hold no surprise

    def add(self, draft: Draft) -> None:
        self.drafts.append(draft)
        self.owners.append(draft)
        self.results.append(draft.aligned)
        self.values.add_outputs(draft.aligned.outputs, subject(draft.aligned))
        self.values.reserve(self.shared.secrets.names)

    def listed(self, step: int, lists: tuple[List, ...], binding: Binding) -> str:
        """The name of a list that is taken out of a step's output; `binding` is used if it has none yet."""
        if (step, lists) not in self.lists:
            self.values.bindings.setdefault(step, []).append(binding)
            self.values.reserve([binding.name])
            self.lists[step, lists] = binding.name
        return self.lists[step, lists]

    def free_name(self, *hints: str) -> str:
        """The first of `hints` that can be made a name, unlike any that is taken."""
        taken = [*self.values.sources, *self.shared.holes]
        return next(name for hint in (*hints, "value") if (name := identifier(hint, taken)))

    def copy(self) -> Build:
        """An independent copy, but for what is shared."""
        return replace(
            self,
            values=self.values.copy(),
            drafts=list(self.drafts),
            results=list(self.results),
            owners=list(self.owners),
            lists=dict(self.lists),
        )

    def only(self, chosen: Sequence[int]) -> Build:
        """The build as the occurrences at these of its places see it, with no steps of its own yet."""
        values = self.values.only(chosen)
        results = [only(step, chosen) for step in self.results]
        places = tuple(self.places[i] for i in chosen)
        lists = {(step, tuple(each[i] for i in chosen)): name for (step, each), name in self.lists.items()}
        return Build(places, values, self.shared, [], results, list(self.owners), lists, len(results), self.promised)


def only(step: AlignedStep, chosen: Sequence[int]) -> AlignedStep:
    """A step as these occurrences had it."""
    columns = tuple(replace(each, values=tuple(each.values[i] for i in chosen)) for each in step.columns)
    listed = tuple(step.listed[i] for i in chosen) if step.listed else ()
    return replace(step, operations=tuple(step.operations[i] for i in chosen), columns=columns, listed=listed)


def flattened(sources: Mapping[str, Vector], counts: Sequence[int]) -> dict[str, Vector]:
    """Each occurrence's values as often as it has rounds."""
    return {
        name: tuple(value for value, times in zip(column, counts, strict=True) for _ in range(times))
        for name, column in sources.items()
        if column
    }


@dataclass(slots=True)
class PathDraft:
    """One way on from a fork, for `size` occurrences."""

    guard: GuardDraft
    tail: Tail
    bindings: tuple[Binding, ...] = ()

    @property
    def size(self) -> int:
        return len(self.tail.build.places)


@dataclass(frozen=True, slots=True)
class GuardDraft:
    """What `agentjit.step.Guard` says, of the step with this index."""

    step: int
    by: str
    codes: tuple[int, ...] = ()
    expression: str = ""


@dataclass(slots=True)
class Tail:
    """How a group goes on to its end. `remains` says what is left to the model."""

    build: Build
    ending: Ending
    answer: Argument = ()
    paths: list[PathDraft] = field(default_factory=list)
    remains: tuple[str, ...] = ()

    @property
    def values(self) -> Values:
        return self.build.values

    def covered(self) -> list[int]:
        """The places of the occurrences that the plan covers to this tail's end."""
        if not self.paths:
            return list(self.build.places)
        return sorted(place for path in self.paths for place in path.tail.covered())

    def answered(self) -> bool:
        """Whether any way of going on ends in an answer."""
        return self.ending is Ending.ANSWERED or any(path.tail.answered() for path in self.paths)
