"""What a step's JSON looks like: a schema by genson over all traces, reduced to what is checked without a library.

The only importer of genson, at compile time alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from genson import SchemaBuilder  # type: ignore[import-untyped]

from agentjit.compile.explaining.explain import compose
from agentjit.compile.explaining.reference import reference
from agentjit.compile.invariants.evidence import LIMIT, always, closed, coincidence, evidence, repeated
from agentjit.compile.invariants.observed import Observed
from agentjit.compile.invariants.places import Holds
from agentjit.compile.invariants.table import few_words
from agentjit.contract import Evidence, Json, JsonType
from agentjit.kit.checks import scalar
from agentjit.kit.promises import parsed
from agentjit.piece import Argument, Finder, JsonKeys, JsonPath, Text

_LEAVES = 24  # places that a form speaks of; what is deeper is then only an object or a list
_DEEP = 12

Way = tuple[str, ...]
"""Keys from the root, `…` for any item of a list."""

_ITEM = "…"
_KINDS: Mapping[str, JsonType] = {kind: kind for kind in get_args(JsonType)}


def json_form(seen: Observed, holds: Holds) -> tuple[Json | None, Holds, list[Evidence]]:
    """The form of the JSON of all outputs, with the values that `holds` knows of places outside of lists in it, and
    what is left of `holds`; None if an output is no JSON object or list.
    """
    roots = [parsed(output) for output in seen.outputs]
    if not all(isinstance(root, dict | list) and root for root in roots):
        return None, holds, []
    builder = SchemaBuilder()
    for root in roots:
        builder.add_object(root)
    nodes: dict[Way, list[object]] = defaultdict(list)
    for root in roots:
        _collect(root, (), nodes)
    single = {way for way, each in nodes.items() if each and all(isinstance(n, list) and len(n) == 1 for n in each)}
    single = single if repeated(len(roots)) <= LIMIT else set()
    values = {way: value for finder, value in holds if (way := _fixed(finder, single)) is not None}
    values |= _in_items(roots, seen)
    form = _Reduction(nodes, values, len(roots), seen.verdict).reduced(builder.to_schema(), ())
    if (short := _pruned(form, [_way(finder) for finder in seen.finders])) is None:
        return None, holds, []
    form = short
    rest = tuple((finder, value) for finder, value in holds if not _covered(finder, form, single))
    return form, rest, [evidence("form of JSON", len(roots), repeated(len(roots)))]


def _collect(node: object, way: Way, nodes: dict[Way, list[object]]) -> None:
    nodes[way].append(node)
    if len(way) < _DEEP and isinstance(node, dict):
        for key, child in node.items():
            _collect(child, (*way, key), nodes)
    elif len(way) < _DEEP and isinstance(node, list):
        for child in node:
            _collect(child, (*way, _ITEM), nodes)


def _in_items(roots: Sequence[object], seen: Observed) -> dict[Way, Argument]:
    """The places in lists at which all items of a trace have the same, and that is a value known otherwise."""
    own: list[dict[Way, list[object]]] = []
    for root in roots:
        own.append(defaultdict(list))
        _collect(root, (), own[-1])
    others = {name: column for name, column in seen.known.items() if reference(name).name not in seen.own}
    found: dict[Way, Argument] = {}
    for way in own[0] if others else ():
        said = [{scalar(node) for node in each.get(way, ())} for each in own] if _ITEM in way else []
        if not said or any(len(each) != 1 for each in said):
            continue
        values = tuple(next(iter(each)) for each in said)
        distinct = len(set(values))
        if distinct > 1 and coincidence(len(roots), distinct) <= LIMIT and (value := compose(values, others)):
            found[way] = value
    return found


def _fixed(finder: object, single: set[Way]) -> Way | None:
    """The way of a scalar that is outside of lists, but for those that always have a `single` item."""
    if not isinstance(finder, JsonPath):
        return None
    way: Way = ()
    for part in finder.path:
        if not isinstance(part, str) and way not in single:
            return None
        way = (*way, part if isinstance(part, str) else _ITEM)
    return way


class _Reduction:
    """From genson's schema and the values that it is of."""

    def __init__(
        self, nodes: Mapping[Way, Sequence[object]], values: Mapping[Way, Argument], traces: int, verdict: bool
    ) -> None:
        self._nodes = nodes
        self._values = values
        self._traces = traces
        self._verdict = verdict

    def reduced(self, schema: Mapping[str, Any], way: Way) -> Json:
        raw = schema.get("type", ())
        types = tuple(_KINDS[each] for each in ([raw] if isinstance(raw, str) else raw))
        if len(types) != 1 or len(way) >= _DEEP:
            return self._mixed(types, way)
        (kind,) = types
        if kind == "object":
            return self._object(schema, way)
        if kind == "array":
            return self._array(schema, way)
        if way in self._values:
            return Json(types=types, value=self._values[way])
        if kind in ("integer", "number"):
            return self._number(kind, way)
        return self._scalar(kind, way)

    def _mixed(self, types: tuple[JsonType, ...], way: Way) -> Json:
        """Several types, if there is reason to think that there is no other; objects and lists are not mixed."""
        plain = types and not {"object", "array"} & set(types)
        return Json(types=types) if plain and closed(len(self._nodes[way]), len(types)) <= LIMIT else Json()

    def _object(self, schema: Mapping[str, Any], way: Way) -> Json:
        """All keys it always has. Where that are not all, others may come; where none is always there, it is a map."""
        properties, always_there = schema.get("properties", {}), schema.get("required", ())
        own = {key: self.reduced(properties[key], (*way, key)) for key in properties if key in always_there}
        return Json(types=("object",), properties=tuple(own.items()), closed=len(own) == len(properties))

    def _array(self, schema: Mapping[str, Any], way: Way) -> Json:
        sizes = [len(node) for node in self._nodes[way] if isinstance(node, list)]
        if not any(sizes):
            return Json(types=("array",), least=0, most=0)
        items = self.reduced(schema["items"], (*way, _ITEM)) if "items" in schema else Json()
        if set(sizes) == {1} and repeated(len(sizes)) <= LIMIT:
            return Json(types=("array",), items=items, least=1, most=1)
        if self._verdict and len(sizes) >= self._traces:
            spread = max(sizes) - min(sizes)
            return Json(types=("array",), items=items, least=max(0, min(sizes) - spread), most=max(sizes) + spread)
        least = 1 if all(sizes) and always(len(sizes)) <= LIMIT else None
        return Json(types=("array",), items=items, least=least)

    def _number(self, kind: JsonType, way: Way) -> Json:
        """Under a verdict a number stays about where it was, any other on its side of zero."""
        values = [node for node in self._nodes[way] if isinstance(node, int | float)]
        low, high = min(values), max(values)
        if self._verdict:
            spread = high - low
            return Json(types=(kind,), low=max(0, low - spread) if low >= 0 else low - spread, high=high + spread)
        return Json(types=(kind,), low=0 if low >= 0 and always(len(values)) <= LIMIT else None)

    def _scalar(self, kind: JsonType, way: Way) -> Json:
        """In lists, the few words that were all there are."""
        values = [scalar(node) for node in self._nodes[way]]
        distinct = sorted(set(values))
        well = closed(len(values), len(distinct)) <= LIMIT
        if _ITEM in way and kind == "boolean" and len(distinct) == 1 and well:
            return Json(types=(kind,), value=(Text(text=distinct[0]),))
        if _ITEM in way and kind == "string" and few_words(distinct) and well and len(values) > 2 * len(distinct):
            return Json(types=(kind,), values=tuple(distinct))
        return Json(types=(kind,))


# --- keeping it short


def _pruned(form: Json, taken: Sequence[Way]) -> Json | None:
    """A form of at most so many places: the deepest objects and lists are left untold first, but for those on the ways
    of what is `taken` out. None if there are too many all the same.
    """
    depth = max(_depths(form), default=0)
    while sum(1 for _ in _depths(form)) > _LEAVES and depth > 1:
        depth -= 1
        form = _cut(form, depth, (), taken)
    return form if sum(1 for _ in _depths(form)) <= _LEAVES else None


def _way(finder: Finder) -> Way:
    path = finder.path if isinstance(finder, JsonPath | JsonKeys) else ()
    return tuple(part if isinstance(part, str) else _ITEM for part in path)


def _depths(form: Json, depth: int = 0) -> Iterator[int]:
    """The depth of each place."""
    if not form.properties and form.items is None:
        yield depth
    for _, child in form.properties:
        yield from _depths(child, depth + 1)
    if form.items:
        yield from _depths(form.items, depth + 1)


def _cut(form: Json, depth: int, way: Way, taken: Sequence[Way]) -> Json:
    if depth <= 0 and (form.properties or form.items) and not any(each[: len(way)] == way for each in taken):
        return Json(types=form.types, least=form.least, most=form.most)
    children = tuple((key, _cut(child, depth - 1, (*way, key), taken)) for key, child in form.properties)
    items = _cut(form.items, depth - 1, (*way, _ITEM), taken) if form.items else None
    return form.model_copy(update={"properties": children, "items": items})


def _covered(finder: object, form: Json, single: set[Way]) -> bool:
    """Whether the form says what a check of `holds` says: the value of a place, or the keys of an object."""
    if not isinstance(finder, JsonPath | JsonKeys):
        return False
    if isinstance(finder, JsonPath) and _fixed(finder, single) is None:
        return False
    node: Json | None = form
    for part in finder.path:
        if node is None:
            return False
        node = dict(node.properties).get(part) if isinstance(part, str) else node.items
    if node is None:
        return False
    return node.closed if isinstance(finder, JsonKeys) else bool(node.value)
