"""Places of structured outputs whose value is always the same, or follows from values known otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from agentjit.compile.explaining.explain import compose
from agentjit.compile.explaining.finders import find, json_places
from agentjit.compile.explaining.kinds import passing
from agentjit.compile.explaining.reference import reference
from agentjit.compile.invariants.evidence import coincidence, evidence, repeated
from agentjit.compile.invariants.observed import Observed
from agentjit.contract import Evidence
from agentjit.piece import Argument, Cell, Field_, Finder, JsonKeys, JsonPath

_HELD = 16  # places of one output that are watched, those first that are near to what is taken
_LONGEST = 400  # characters of a value, or of the keys of an object: more is no name and no word

Holds = tuple[tuple[Finder, Argument], ...]


def places(seen: Observed) -> tuple[Holds, list[Evidence]]:
    """Each with what must stand there; values taken out of these very outputs do not count: that they are there says
    nothing.
    """
    outputs = seen.outputs
    bound = [{name: column[i] for name, column in seen.known.items()} for i in range(len(outputs))]
    others = {name: column for name, column in seen.known.items() if reference(name).name not in seen.own}
    found: list[tuple[Finder, Argument]] = []
    why: list[Evidence] = []
    for place in dict.fromkeys(place for place in _candidates(seen) if place not in seen.finders):
        values = [find(place, output, bound[i]) for i, output in enumerate(outputs)]
        if len(found) == _HELD:
            break
        if any(len(each) != 1 for each in values):
            continue
        column = tuple(each[0] for each in values)
        value = compose(column, others)
        if (
            value
            and max(map(len, column)) <= _LONGEST
            and not (len(set(column)) == 1 and passing(column[0].strip("()")))
        ):
            found.append((place, value))
            distinct = len(set(column))
            chance = repeated(seen.traces) if distinct == 1 else coincidence(seen.traces, distinct)
            why.append(evidence("value of a place", seen.traces, chance))
    return tuple(found), why


def _candidates(seen: Observed) -> list[Finder]:
    candidates: list[Finder] = []
    ways = [finder for finder in seen.finders if isinstance(finder, JsonPath)]
    for finder in seen.finders:
        if isinstance(finder, Cell) and finder.begins:
            candidates += [finder.model_copy(update={"column": column}) for column, _ in finder.begins]
        if isinstance(finder, Cell) and (finder.where or finder.begins):
            width = min(len(line.split()) for line in seen.outputs[0].split("\n") if line.strip())
            taken = {finder.column, *(column for column, _ in (*finder.where, *finder.begins))}
            candidates += [finder.model_copy(update={"column": c}) for c in range(width) if c not in taken]
    if ways:
        watched: list[JsonPath | JsonKeys] = [
            each for place in json_places(seen.outputs[0]) for each in _watched(place, ways)
        ]
        watched.sort(key=lambda each: _distance(each, ways))
        candidates += watched
    return candidates


def _distance(place: JsonPath | JsonKeys, ways: Sequence[JsonPath]) -> int:
    """The number of steps on the way from a place to the nearest that a value is taken from."""
    return min(len(place.path) + len(way.path) - 2 * _shared(place.path, way.path) for way in ways)


def _shared(one: Sequence[object], two: Sequence[object]) -> int:
    """How many steps two ways have in common from the root."""
    return next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _watched(place: JsonPath | JsonKeys, ways: Sequence[JsonPath]) -> list[JsonPath | JsonKeys]:
    """`place` as it can be found again: as it is outside of lists, in a list only in the items a way goes through."""
    lists = [i for i, part in enumerate(place.path) if isinstance(part, int)]
    if not lists:
        return [place]
    found: list[JsonPath | JsonKeys] = []
    for way in ways:
        front, size = way.path[: lists[-1] + 1], lists[-1] + 1
        same = len(front) == size and all(
            own == step or (isinstance(own, int) and isinstance(step, Field_))
            for own, step in zip(place.path, front, strict=False)
        )
        item = front[-1] if same else None
        if same and not (isinstance(item, Field_) and place.path[size:] == (item.key,)):
            found.append(place.model_copy(update={"path": (*front, *place.path[size:])}))
    return found
