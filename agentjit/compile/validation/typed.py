"""Stage 3: every argument is of the type that its operation takes, whatever its values will be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentjit.compile.explaining.words import may_begin_with_a_dash, reads_code
from agentjit.compile.registry import Operation, type_of
from agentjit.compile.validation.commands import Shell, shell_of
from agentjit.compile.validation.finding import Case, Finding, shown
from agentjit.compile.validation.names import Found, Names, Role, patterns
from agentjit.compile.validation.walk import every_path, placed
from agentjit.kit import transform
from agentjit.piece import Argument, Ref, Text
from agentjit.step import AnyCall, BashStep, EditStep, ReadStep, ShellStep, Spread, ToolField, ToolStep, WriteStep

_AGAIN = "compile the workflow again"
_DASHES = ("-x", "-", "--x", "-rf", "--output=x", "-1")
_CODE = ("x'y", 'x"y', "x;y", "$(x)", "x y", "x)y", "x`y", "1'--")
_NUMERIC = re.compile(r"(?:\[(?!\^)[0-9.\\d-]+\]|\\d|\\\.|\\-|[0-9()|+*?{},:-])+")
_NUMBERED = frozenset(("increment", "decrement", "count"))
_STATUSES = range(-64, 256)

Wrong = tuple[str, str, str]


def findings(case: Case) -> Iterator[Finding]:
    yield from _roles(case)
    kinds = patterns(case.plan)
    secret = {parameter.name for parameter in case.plan.parameters if parameter.secret}
    for each in placed(case.plan):
        for what, why, mend in _call(each.step.call, case, kinds, secret):
            yield Finding(f"{each.where} {what}", why, mend)
    contracts = [(each.where, each.step.contract) for each in placed(case.plan)]
    contracts += [("a path", path.contract) for path in every_path(case.plan.fork)]
    for where, contract in contracts:
        if odd := [code for code in contract.exit_codes if code not in _STATUSES]:
            yield Finding(f"{where} promises the exit status {odd[0]}", "no program can have it", _AGAIN)
    for path in every_path(case.plan.fork):
        if path.guard.by == "exit" and (odd := [code for code in path.guard.codes if code not in _STATUSES]):
            yield Finding(f"a guard asks for the exit status {odd[0]}", "no program can have it", _AGAIN)


def _roles(case: Case) -> Iterator[Finding]:
    """A text where a text is wanted, a list where a list is."""
    for use in Names(case.plan).uses:
        role = use.role
        if use.by and use.by[0].partition(":")[0] in transform.OF_LISTS:
            wanted, of = Role.LIST, f"`{shown(use.by[0])}` of "
        else:
            wanted, of = use.wanted, ""
        if use.found is Found.DEFINED and role is not wanted:
            what = f"{use.where} takes {of}{{{use.name}}} for a {wanted}, but it is a {role}"
            yield Finding(what, "one value and many values are not the same argument", _AGAIN)


def _call(call: AnyCall, case: Case, kinds: Mapping[str, str], secret: set[str]) -> Iterator[Wrong]:
    if isinstance(call, BashStep | ShellStep):
        yield from _shell(call, shell_of(call, kinds, case.policy.parse), kinds, secret)
    elif isinstance(call, ReadStep):
        yield from _path(call.path)
        given = {"file_path": _constant(call.path) or "x", "offset": call.offset, "limit": call.limit}
        yield from _fits({key: value for key, value in given.items() if value is not None}, case, "Read")
    elif isinstance(call, WriteStep):
        yield from _path(call.path)
    elif isinstance(call, EditStep):
        yield from _path(call.path)
        if not call.old or call.old == call.new:
            what = "changes nothing at all" if call.old else "changes the empty text"
            yield what, "an edit replaces what is there by something else", _AGAIN
    else:
        yield from _tool(call, case, kinds)


def _path(path: Argument) -> Iterator[Wrong]:
    if not path or "\0" in "".join(piece.text for piece in path if isinstance(piece, Text)):
        yield "names no file", "a path is a text of at least one character, without NUL", _AGAIN


def _constant(argument: Argument) -> str | None:
    """The text of an argument that has no reference; None for any other."""
    texts = [piece.text if isinstance(piece, Text) else None for piece in argument]
    return None if None in texts else "".join(text or "" for text in texts)


# --- shell words


def _shell(call: BashStep | ShellStep, shell: Shell, kinds: Mapping[str, str], secret: set[str]) -> Iterator[Wrong]:
    pieces = call.script if isinstance(call, ShellStep) else _pieces(call.argv)
    if any("\0" in piece.text for piece in pieces if isinstance(piece, Text)):
        yield "has a word with NUL in it", "no program can be given one", _AGAIN
    if isinstance(call, ShellStep) and sum(isinstance(piece, Spread) for piece in pieces) > 1:
        yield "has two lists in one script", "a shell has one list of parameters", _AGAIN
    for name, number, first in shell.places:
        words, at = shell.around(number)
        if reads_code(words) and (sign := _admitted(kinds.get(name), _CODE)):
            why = "there a value is not data, but a program or a query"
            yield f"puts {{{name}}} into code, and it may be `{sign}`", why, "a value's kind must hold no sign of code"
        if not first or name in secret or may_begin_with_a_dash(words[:at]):
            continue
        if (dash := _admitted(kinds.get(name), _DASHES)) and not _transformed(call, name):
            why = "it could become an option, and options change what a program does"
            yield f"takes {{{name}}} as a word, which may be `{dash}`", why, "a value's kind must not begin with a dash"


def _pieces(argv: Sequence[Argument | Spread]) -> list[Text | Ref | Spread]:
    return [piece for word in argv for piece in ((word,) if isinstance(word, Spread) else word)]


def _admitted(pattern: str | None, words: Sequence[str]) -> str:
    """One of `words` that `pattern` admits, "" if it admits none of them."""
    return next((word for word in words if re.fullmatch(pattern, word)), "") if pattern is not None else ""


def _transformed(call: BashStep | ShellStep, name: str) -> bool:
    pieces = call.script if isinstance(call, ShellStep) else _pieces(call.argv)
    return all(piece.by for piece in pieces if isinstance(piece, Ref) and piece.name == name)


# --- inputs with a schema


def _tool(call: ToolStep, case: Case, kinds: Mapping[str, str]) -> Iterator[Wrong]:
    operation = case.registry.tool(call.tool)
    if operation is None:
        return  # found already
    wrong = [each for field in call.fields for each in _field(field, kinds)]
    yield from wrong
    if not wrong:
        given = _nested(call.fields, case, kinds)
        if given is None:
            yield "fills one place twice, or a list with gaps", "its input must be one JSON object", _AGAIN
        else:
            yield from _fits(given, case, call.tool)


def _field(field: ToolField, kinds: Mapping[str, str]) -> Iterator[Wrong]:
    name = shown(".".join(map(str, field.path))) or "the input"
    if field.type == "string":
        return
    text = _constant(field.value)
    if text is None:
        if field.type in ("integer", "number") and all(_number(piece, kinds) for piece in field.value):
            return
        what = f"fills {name} with a value that is not surely of the type {field.type}"
        yield what, "what is not surely a number is no number", "give it a parameter of digits"
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = ...
    if value is ... or not _is(value, field.type) or (field.type in ("array", "object") and value):
        yield f"fills {name} with `{shown(text)}`", f"that is no {field.type} as JSON writes it", _AGAIN


def _number(piece: Text | Ref, kinds: Mapping[str, str]) -> bool:
    if isinstance(piece, Text):
        return re.fullmatch(r"-?[0-9]*\.?[0-9]*", piece.text) is not None
    if piece.by:
        return piece.by[-1] in _NUMBERED
    return numeric(kinds.get(piece.name, ""))


def numeric(pattern: str) -> bool:
    """Whether `pattern` admits digits, a point and a sign only."""
    return bool(pattern) and _NUMERIC.fullmatch(pattern) is not None


class _Unknown(str):
    """A text that nobody knows yet: an example of its kind."""


def _nested(fields: Sequence[ToolField], case: Case, kinds: Mapping[str, str]) -> dict[str, Any] | None:
    """The input as it will be, with examples where values will stand; None where the leaves make no JSON object."""
    root: dict[str | int, Any] = {}
    for field in fields:
        if not field.path:
            return {} if len(fields) == 1 and field.type == "object" else None
        node = root
        for part in field.path[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                return None
        if field.path[-1] in node:
            return None
        node[field.path[-1]] = _value(field)
    built = _built(root)
    return built if isinstance(built, dict) else None


def _value(field: ToolField) -> object:
    text = _constant(field.value)
    if text is None:
        return _Unknown("x") if field.type == "string" else 1
    return text if field.type == "string" else json.loads(text)


def _built(node: object) -> object:
    """Objects with the keys 0, 1, … are lists; None for one with gaps."""
    if not isinstance(node, dict) or not node:
        return node
    numbers = [key for key in node if isinstance(key, int)]
    if not numbers:
        return {key: _built(value) for key, value in node.items()}
    if sorted(node, key=str) != sorted(range(len(node)), key=str):
        return None
    return [_built(node[at]) for at in range(len(node))]


def _fits(given: Mapping[str, Any], case: Case, tool: str) -> Iterator[Wrong]:
    operation = case.registry.tool(tool)
    if operation is not None:
        why = "its traces showed no such input" if operation.inferred else "its schema says so"
        mend = "`aj tools learn` asks its server again" if operation.name.startswith("mcp__") else _AGAIN
        for wrong in against(given, operation):
            yield wrong, why, mend


def against(given: object, operation: Operation) -> Iterator[str]:
    """What of an input the schema of `operation` does not admit."""
    yield from _against(given, operation.input, "its input", 0)


def _against(value: object, schema: object, where: str, depth: int) -> Iterator[str]:
    if not isinstance(schema, Mapping) or depth > 20:
        return
    wanted = schema.get("type")
    types = [wanted] if isinstance(wanted, str) else list(wanted) if isinstance(wanted, list) else []
    if types and not any(_is(value, name) for name in types):
        yield f"gives {where} as {type_of(value)} where {' or '.join(map(str, types))} is wanted"
        return
    choices = schema.get("enum")
    if isinstance(choices, list) and not isinstance(value, _Unknown) and value not in choices:
        yield f"gives {where} as `{shown(str(value))}`, which is none of {shown(', '.join(map(str, choices)))}"
    if isinstance(value, Mapping):
        yield from _object(value, schema, where, depth)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _against(item, schema.get("items"), f"{where}.{at}", depth + 1)
    elif isinstance(value, str) and not isinstance(value, _Unknown):
        yield from _length(value, schema, where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        if isinstance(low, int | float) and value < low:
            yield f"gives {where} as {value}, below {low}"
        if isinstance(high, int | float) and value > high:
            yield f"gives {where} as {value}, above {high}"


def _length(value: str, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    most, least = schema.get("maxLength"), schema.get("minLength")
    if (isinstance(most, int) and len(value) > most) or (isinstance(least, int) and len(value) < least):
        yield f"gives {where} {len(value)} characters"


def _object(value: Mapping[str, Any], schema: Mapping[str, Any], where: str, depth: int) -> Iterator[str]:
    properties = schema.get("properties")
    known: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    for key in required if isinstance(required, list) else ():
        if key not in value:
            yield f"leaves out {shown(str(key))} of {where}"
    for key, inner in value.items():
        if key in known:
            yield from _against(inner, known[key], f"{shown(key)}", depth + 1)
        elif schema.get("additionalProperties") is False:
            yield f"gives {shown(key)} to {where}, which has no such place"


def _is(value: object, name: str) -> bool:
    own = type_of(value)
    return own == name or (own == "integer" and name == "number")
