"""The contract of a step as arguments of `ensure`."""

from __future__ import annotations

import re

from agentjit.compile.rendering.code import finder_code, number, quoted, ranged, regex, shape_code, string
from agentjit.compile.rendering.layout import Code, Nest
from agentjit.contract import Contract, Json
from agentjit.errors import NotCompilable
from agentjit.piece import Text


def outcome(contract: Contract) -> list[Code]:
    """Checks that need no value."""
    checks: list[Code] = []
    if codes := contract.exit_codes:
        checks.append(f"exit_code={codes[0] if len(codes) == 1 else codes}")
    if contract.header:
        checks.append(f"header={quoted(contract.header)}")
    if contract.columns:
        checks.append(f"columns={_ends(contract.columns)}")
    if contract.separator:
        checks.append(f"separator={quoted(contract.separator)}")
    if contract.titles != 1:
        checks.append(f"titles={contract.titles}")
    if contract.lines:
        checks.append(f"lines={_ends(contract.lines)}")
    if contract.calm:
        checks.append("calm=True")
    if contract.words:
        columns = [Nest(f"{column}: [", [quoted(word) for word in words], "]") for column, words in contract.words]
        checks.append(Nest("words={", columns, "}"))
    if contract.forms:
        checks.append(Nest("forms={", [f"{column}: {regex(form)}" for column, form in contract.forms], "}"))
    return checks


def content(contract: Contract) -> list[Code]:
    """Checks in which values may stand."""
    checks: list[Code] = []
    if contract.shape:
        checks.append(_named("shape=", shape_code(contract.shape)))
        ranges = [f"({number(piece.low or 0)}, {number(piece.high or 0)})" for piece in contract.shape if ranged(piece)]
        checks += [Nest("within=[", ranges, "]")] if ranges else []
        checks += [f"same=[{', '.join(map(str, contract.same))}]"] if contract.same else []
    if contract.cells:
        checks.append(Nest("cells={", [f"{column}: {string(value)}" for column, value in contract.cells], "}"))
    if contract.each:
        checks.append(f"each={shape_code(contract.each)}")
    if contract.form:
        checks.append(_named("form=", form_code(contract.form)))
    if contract.says:
        checks.append(Nest("says=[", [shape_code(line) for line in contract.says], "]"))
    if contract.holds:
        held = [Nest("(", [finder_code(finder), string(value)], ")") for finder, value in contract.holds]
        checks.append(Nest("holds=[", held, "]"))
    if contract.relations:
        pairs = [
            Nest("(", [finder_code(each.left), quoted(each.by), finder_code(each.right)], ")")
            for each in contract.relations
        ]
        checks.append(Nest("relations=[", pairs, "]"))
    if contract.exists:
        checks.append(Nest("exists=[", [string(path) for path in contract.exists], "]"))
    return checks


def _named(name: str, code: Code) -> Code:
    return f"{name}{code}" if isinstance(code, str) else Nest(name + code.opening, code.items, code.closing)


def _ends(ends: tuple[int, int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"({ends[0]}, {ends[1]})"


_CONSTANT = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NAMES = {
    "object": "dict",
    "array": "list",
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}


def form_code(form: Json) -> Code:
    """What a JSON value looks like, as `kit.promises.Template` has it."""
    if len(form.types) != 1:
        return "..." if not form.types else f"({', '.join(_NAMES[kind] for kind in form.types)})"
    (kind,) = form.types
    if form.value:
        return _scalar(kind, form)
    if form.values:
        several = len(form.values) > 1
        return Nest("(", list(map(quoted, form.values)), ")") if several else quoted(form.values[0])
    if kind == "object":
        return _object(form)
    if kind == "array":
        return _array(form)
    return _number(kind, form) if kind in ("integer", "number") else _NAMES[kind]


def _scalar(kind: str, form: Json) -> Code:
    """A constant as Python writes it, or a value by name."""
    constant = "".join(piece.text for piece in form.value if isinstance(piece, Text))
    if kind == "string" or any(not isinstance(piece, Text) for piece in form.value):
        return string(form.value)
    if not _CONSTANT.fullmatch(constant):
        raise NotCompilable(f"{constant[:80]!r} is no {kind}")
    return {"true": "True", "false": "False", "null": "None"}.get(constant, constant)


def _object(form: Json) -> Code:
    if not form.properties:
        return "{}" if form.closed else "dict"
    items = [_named(f"{quoted(key)}: ", form_code(child)) for key, child in form.properties]
    return Nest("{", items if form.closed else [*items, "...: ..."], "}")


def _array(form: Json) -> Code:
    if form.items is None:
        if form.most == 0:
            return "[]"
        if form.least is None:
            return "list"
    item = form_code(form.items) if form.items else "..."
    if form.least is None:
        return "list" if item == "..." else Nest("[", [item], "]")
    most = "..." if form.most is None else str(form.most)
    ends = [str(form.least)] if form.least == form.most else [str(form.least), most]
    return Nest("array(", [item, *ends], ")")


def _number(kind: str, form: Json) -> str:
    if form.low is None and form.high is None:
        return _NAMES[kind]
    if kind == "integer" and form.low == 0:
        return "natural()" if form.high is None else f"natural({number(form.high)})"
    ends = [str(None) if end is None else number(end) for end in (form.low, form.high)]
    arguments = ends[:1] if form.high is None else ends
    return f"between({', '.join([*arguments, *(['whole=True'] if kind == 'integer' else [])])})"
