"""Whether a tool's input fits its schema: the part of JSON Schema (draft 2020-12) that tools use to say what they take.

What is not known here (`format`, `dependentRequired`, …) is left to the tool itself, which looks too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_DEEPEST = 50
_ROOT = "the input"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list, tuple),
    "object": (dict,),
}


def misfit(value: object, schema: object) -> str:
    """Where `value` does not fit, and why; "" if it does."""
    return _misfit(value, schema, schema, _ROOT, 0)


def _misfit(value: object, schema: object, root: object, at: str, depth: int) -> str:
    if schema is False:
        return f"{at} may not be given"
    if not isinstance(schema, dict):
        return ""
    if depth > _DEEPEST:
        return f"{at} is nested too deeply to be checked"
    if "$ref" in schema and (wrong := _misfit(value, _referred(schema["$ref"], root), root, at, depth + 1)):
        return wrong
    return (
        _type(value, schema, at)
        or _among(value, schema, at)
        or _bounds(value, schema, at)
        or _combined(value, schema, root, at, depth)
        or _parts(value, schema, root, at, depth)
    )


def _referred(reference: object, root: object) -> object:
    """`#/$defs/name`; a reference to elsewhere is not followed, and nothing fits it."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return False
    node = root
    for part in reference.removeprefix("#").split("/")[1:]:
        node = node.get(part.replace("~1", "/").replace("~0", "~"), False) if isinstance(node, dict) else False
    return node


def _type(value: object, schema: Mapping[str, Any], at: str) -> str:
    wanted = schema.get("type")
    names = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    if not names or any(_is(value, name) for name in names):
        return ""
    return f"{at} is {_shown(value)}, wanted is {' or '.join(map(str, names))}"


def _is(value: object, name: object) -> bool:
    types = _TYPES.get(name) if isinstance(name, str) else None
    if types is None or not isinstance(value, types) or (isinstance(value, bool) and name != "boolean"):
        return False
    return name != "integer" or not isinstance(value, float) or value.is_integer()


def _among(value: object, schema: Mapping[str, Any], at: str) -> str:
    for name, known in (("enum", schema.get("enum")), ("const", [schema["const"]] if "const" in schema else None)):
        if isinstance(known, list) and not any(_same(value, each) for each in known):
            return f"{at} is {_shown(value)}, which is not in its {name}: {', '.join(map(_shown, known[:8]))}"
    return ""


def _same(value: object, other: object) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _bounds(value: object, schema: Mapping[str, Any], at: str) -> str:
    if isinstance(value, str):
        expression = schema.get("pattern")
        if isinstance(expression, str) and not _found(expression, value):
            return f"{at} is {_shown(value)}, which does not look like {expression}"
        return _sized(len(value), schema, "Length", f"{at} has {len(value)} characters")
    if isinstance(value, list | tuple):
        return _sized(len(value), schema, "Items", f"{at} has {len(value)} items")
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        if (low is not None and value < low) or (above is not None and value <= above):
            return f"{at} is {value}, which is too small"
        if (high is not None and value > high) or (below is not None and value >= below):
            return f"{at} is {value}, which is too large"
    return ""


def _found(expression: str, value: str) -> bool:
    try:
        return re.search(expression, value) is not None
    except re.error:
        return True  # in the words of another language: for the tool to tell


def _sized(size: int, schema: Mapping[str, Any], what: str, said: str) -> str:
    if size < schema.get(f"min{what}", 0):
        return f"{said}, too few"
    return f"{said}, too many" if size > schema.get(f"max{what}", size) else ""


def _combined(value: object, schema: Mapping[str, Any], root: object, at: str, depth: int) -> str:
    for each in schema.get("allOf", ()):
        if wrong := _misfit(value, each, root, at, depth + 1):
            return wrong
    for name in ("anyOf", "oneOf"):
        found = [_misfit(value, each, root, at, depth + 1) for each in schema.get(name, ())]
        if found and all(found):
            return found[0] if len(found) == 1 else f"{at} is {_shown(value)}, which is none of what it may be"
    return ""


def _parts(value: object, schema: Mapping[str, Any], root: object, at: str, depth: int) -> str:
    if isinstance(value, list | tuple):
        each = ((f"{at}[{place}]", item, schema.get("items")) for place, item in enumerate(value))
        return next((wrong for name, item, own in each if (wrong := _misfit(item, own, root, name, depth + 1))), "")
    if not isinstance(value, dict):
        return ""
    known = schema.get("properties") or {}
    if missing := [key for key in schema.get("required", ()) if key not in value]:
        return f"{at} has no {missing[0]}"
    others = None if "patternProperties" in schema else schema.get("additionalProperties")
    for key, child in value.items():
        if key not in known and others is False:
            return f"{at} has {_shown(key)}, which is not known"
        name = key if at == _ROOT else f"{at}.{key}"
        if wrong := _misfit(child, known.get(key, others), root, name, depth + 1):
            return wrong
    return ""


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 80 else text[:77] + "…"
