"""Calls of other tools than the shell: their inputs as columns that are explained like arguments, and back again.

What AgentJIT can make itself: Read, Write, Edit, and the tools of MCP servers (`mcp__SERVER__TOOL`), which are programs
of the user's own that can be asked without the agent. Every other tool lives inside the agent (it searches the web,
asks the user, keeps lists, starts sub-agents): a plan ends before it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

from agentjit.compile.explaining.explain import occurrences
from agentjit.compile.explaining.kinds import kind_of
from agentjit.compile.explaining.words import part_of_a_name
from agentjit.compile.printing import merged
from agentjit.errors import NotCompilable
from agentjit.hotspot import Operation
from agentjit.piece import Argument, Piece, Ref, Text
from agentjit.step import AnyCall, BashStep, EditStep, ReadStep, Spread, ToolField, ToolStep, WriteStep
from agentjit.trace import Effect

Type = Literal["string", "integer", "number", "boolean", "null", "array", "object"]
Explain = Callable[[tuple[str, ...]], Argument | None]

_MCP = re.compile(r"mcp__.+?__.+")
_KEYS = {
    "Read": frozenset(("file_path", "offset", "limit")),
    "Write": frozenset(("file_path", "content")),
    "Edit": frozenset(("file_path", "old_string", "new_string", "replace_all")),
}
_VARYING = {
    "Read": ("file_path",),
    "Write": ("file_path", "content"),
    "Edit": ("file_path", "old_string", "new_string"),
}
_CREATED = ("File created successfully", "Successfully created")  # what the agents' own tools say of a new file
_LEAVES = 200  # of one input
_DEEPEST = 20
_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*|\s+|.", re.DOTALL)
_LONGEST = 200_000  # characters of a text that is taken apart for the values in it
_FIRST_MARK, _MARKS = 0xE000, 1000
_MARK = re.compile("[\ue000-\uf8ff]")  # for private use: a text that has them is left alone


class Leaf(NamedTuple):
    """A scalar, or an empty list or object, of a tool's input: where it stands, its JSON type, and its text (JSON but
    for a string).
    """

    path: tuple[str | int, ...]
    type: Type
    text: str

    @property
    def name(self) -> str:
        """`labels.0`, `issue.title`."""
        return ".".join(map(str, self.path))


def form(tool: str) -> str:
    """The form of `AnyCall` that calls of `tool` take; `NotCompilable` if only the agent itself can make them."""
    if tool in _KEYS:
        return tool.lower()
    if _MCP.fullmatch(tool):
        return "tool"
    raise NotCompilable(f"a step uses {tool}, which only the agent itself can do")


def meant(tool: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The input of a call without what says nothing: keys that are null where null is what is meant without them, and
    `replace_all: false`.
    """
    if tool not in _KEYS:
        return dict(given)
    said = {key: value for key, value in given.items() if value is not None}
    if tool == "Edit" and said.get("replace_all") is False:
        del said["replace_all"]
    return said


def leaves(given: Any, path: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """The leaves of a JSON value, in order of its keys; raises `NotCompilable` where it is no JSON or too large."""
    if len(path) > _DEEPEST:
        raise NotCompilable("the input of a tool is nested too deep")
    if isinstance(given, Mapping) and given:
        for key in sorted(given, key=str):
            yield from leaves(given[key], (*path, str(key)))
    elif isinstance(given, list | tuple) and given:
        for place, value in enumerate(given):
            yield from leaves(value, (*path, place))
    elif path:
        yield Leaf(path, _type(given), given if isinstance(given, str) else json.dumps(given))


def _type(value: object) -> Type:
    if isinstance(value, float) and not math.isfinite(value):
        raise NotCompilable("the input of a tool holds a number that JSON cannot say")
    kinds: tuple[tuple[type, Type], ...] = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    for kind, name in kinds:
        if isinstance(value, kind):
            return name
    if value is None:
        return "null"
    if isinstance(value, Mapping | list | tuple):
        return "object" if isinstance(value, Mapping) else "array"
    raise NotCompilable(f"the input of a tool holds a {type(value).__name__}")


class Given(NamedTuple):
    """One place in a tool's input: its name, and what each occurrence had there."""

    name: str
    values: tuple[str, ...]


def given(operations: Sequence[Operation]) -> list[Given]:
    """The places of an input that may vary; `NotCompilable` where the inputs are not of one shape."""
    tool = operations[0].call.tool
    inputs = [meant(tool, operation.call.input) for operation in operations]
    if form(tool) == "tool":
        return _fields(tool, inputs)
    _same_settings(tool, inputs)
    return [Given(key, tuple(str(each[key]) for each in inputs)) for key in _VARYING[tool]]


def _same_settings(tool: str, inputs: Sequence[Mapping[str, Any]]) -> None:
    for each in inputs:
        if foreign := sorted(set(each) - _KEYS[tool]):
            raise NotCompilable(f"{tool} is called with {foreign[0]}, which AgentJIT does not know")
        for key in _VARYING[tool]:
            if not isinstance(each.get(key), str):
                raise NotCompilable(f"{tool} is called without a {key}")
    for key in sorted(_KEYS[tool] - set(_VARYING[tool])):
        values = {repr(each.get(key)) for each in inputs}
        if len(values) > 1:
            raise NotCompilable(f"the {key} of {'an' if tool == 'Edit' else 'a'} {tool} varies")
        value = inputs[0].get(key)
        if value is not None and not isinstance(value, bool if tool == "Edit" else int):
            raise NotCompilable(f"the {key} of {tool} is no {'yes or no' if tool == 'Edit' else 'number'}")


def _fields(tool: str, inputs: Sequence[Mapping[str, Any]]) -> list[Given]:
    rows = [list(leaves(each)) for each in inputs]
    if max(map(len, rows)) > _LEAVES:
        raise NotCompilable(f"the input of {tool} has more than {_LEAVES} values")
    shapes = [{leaf.path: leaf.type for leaf in row} for row in rows]
    for path in dict.fromkeys(path for shape in shapes for path in shape):
        name = ".".join(map(str, path))
        kinds = [shape.get(path) for shape in shapes]
        if None in kinds:
            raise NotCompilable(f"{tool} has {name} in {sum(map(bool, kinds))} of {len(kinds)} traces only")
        if len(set(kinds)) > 1:
            raise NotCompilable(f"{name} of {tool} is of several types: {', '.join(sorted(map(str, set(kinds))))}")
    return [Given(leaf.name, tuple(row[at].text for row in rows)) for at, leaf in enumerate(rows[-1])]


def call(operations: Sequence[Operation], arguments: Sequence[Argument]) -> AnyCall:
    """The call that a plan makes: `arguments` are the explained values of what `given` listed of these operations."""
    operation = operations[-1]
    tool = operation.call.tool
    said = meant(tool, operation.call.input)
    if tool == "Read":
        return ReadStep(path=arguments[0], offset=said.get("offset"), limit=said.get("limit"))
    if tool == "Write":
        new = all(each.call.output.startswith(_CREATED) for each in operations)
        return WriteStep(path=arguments[0], content=arguments[1], new=new)
    if tool == "Edit":
        every = bool(said.get("replace_all"))
        return EditStep(path=arguments[0], old=arguments[1], new=arguments[2], every=every)
    rows = zip(leaves(said), arguments, strict=True)
    return ToolStep(
        tool=tool, fields=tuple(ToolField(path=leaf.path, type=leaf.type, value=value) for leaf, value in rows)
    )


def unseen(call: AnyCall, before: Iterable[AnyCall]) -> str:
    """Why a Write may not take the place of a file: nothing before it looked at that very file. "" if it may.

    The agent may have looked in an earlier turn, or known what it was about; what is in the file in another run, nobody
    knows. Where the traces were not of one kind, new in some of them only, it is the same.
    """
    if not isinstance(call, WriteStep) or call.new or any(_looks_at(each, call.path) for each in before):
        return ""
    return "it writes over a file that no step before it reads"


def _looks_at(call: AnyCall, path: Argument) -> bool:
    """Whether a call shows the file at `path`, or has just written it."""
    if isinstance(call, ReadStep | WriteStep):
        return _same_file(call.path, path)
    if not isinstance(call, BashStep) or len(call.argv) != 2 or isinstance(call.argv[1], Spread):
        return False
    return call.argv[0] == (Text(text="cat"),) and _same_file(call.argv[1], path)


def _same_file(one: Argument, other: Argument) -> bool:
    """Whether two paths mean one file for all values: they are the same, one of them perhaps from `cwd` on."""
    return _from_here(one) == _from_here(other)


def _from_here(path: Argument) -> Argument:
    match path:
        case (Ref(name="cwd", by=()), Text(text=text), *rest) if text.startswith("/"):
            return (*((Text(text=text[1:]),) if text[1:] else ()), *rest)
        case _:
            return path


def nested(fields: Sequence[tuple[Sequence[str | int], object]]) -> Any:
    """The JSON value with these leaves, in their order: what `leaves` took apart."""
    if len(fields) == 1 and not fields[0][0]:
        return fields[0][1]
    groups: dict[str | int, list[tuple[Sequence[str | int], object]]] = {}
    for path, value in fields:
        groups.setdefault(path[0], []).append((path[1:], value))
    if groups and all(isinstance(key, int) for key in groups):
        return [nested(groups[key]) for key in sorted(cast("dict[int, object]", groups))]
    return {str(key): nested(inner) for key, inner in groups.items()}


def effect(step: AnyCall, seen: Effect, typed: Mapping[str, Sequence[str]]) -> Effect:
    """What a call may do, given the worst its traces did.

    A file whose place varies stays where the traces had it only if its path begins with the working directory, or with
    a constant, and what varies behind that are parts of names. `typed` are the values that parameters had.
    """
    if not isinstance(step, WriteStep | EditStep) or not any(isinstance(piece, Ref) for piece in step.path):
        return seen
    first, *rest = step.path
    begun = isinstance(first, Text) and "/" in first.text
    inside = isinstance(first, Ref) and first.name == "cwd" and not first.by and bool(rest)
    inside = inside and isinstance(rest[0], Text) and rest[0].text.startswith("/")
    names = all(isinstance(piece, Text) or _named(piece, typed) for piece in rest)
    climbs = any(isinstance(piece, Text) and ".." in piece.text.split("/") for piece in step.path)
    kept = (begun or inside) and names and not climbs
    return seen if kept else Effect.worst([seen, Effect.WRITES_ELSEWHERE])


def _named(piece: Ref, typed: Mapping[str, Sequence[str]]) -> bool:
    kind = kind_of(typed[piece.name]) if piece.name in typed else None
    return kind is not None and not piece.by and part_of_a_name(kind)


# --- texts with values inside


def piecewise(values: tuple[str, ...], explain: Explain, known: Mapping[str, Sequence[str]]) -> Argument | None:
    """A long text with values inside, each explained on its own; None if one is not, or the texts are not alike.

    `known` are named values: where each text has its own the same number of times, they stand for themselves. The rest
    must be of the same tokens but for those that vary: what is added to one of the texts, no value explains.
    """
    if max(map(len, values)) > _LONGEST or _MARK.search("".join(values)):
        return None
    marked, marks = _marked(values, known)
    for texts in dict.fromkeys((marked, values)):
        argument = _by_token(texts, marks, explain)
        if argument is not None:
            return argument
    return None


def _marked(values: tuple[str, ...], known: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], Mapping[str, Ref]]:
    """The texts with a mark for each known value in them, the longest values first, and what the marks stand for."""
    marks: dict[str, Ref] = {}
    texts = values
    for name in sorted(known, key=lambda name: -min(map(len, known[name]), default=0)):
        column = known[name]
        if len(column) != len(texts) or not all(column) or len(set(column)) == 1 or len(marks) == _MARKS:
            continue
        counts = {len(occurrences(text, value)) for text, value in zip(texts, column, strict=True)}
        if len(counts) == 1 and counts != {0}:
            mark = chr(_FIRST_MARK + len(marks))
            marks[mark] = Ref(name=name)
            texts = tuple(_replaced(text, value, mark) for text, value in zip(texts, column, strict=True))
    return texts, marks


def _replaced(text: str, value: str, mark: str) -> str:
    for start in reversed(occurrences(text, value)):
        if text[start : start + len(value)] == value:  # occurrences may overlap
            text = text[:start] + mark + text[start + len(value) :]
    return text


def _by_token(texts: tuple[str, ...], marks: Mapping[str, Ref], explain: Explain) -> Argument | None:
    rows = [_TOKEN.findall(text) for text in texts]
    if len({len(row) for row in rows}) > 1:
        return None
    pieces: list[Piece] = []
    for column in zip(*rows, strict=True):
        if len(set(column)) == 1:
            pieces.append(marks.get(column[0]) or Text(text=column[0]))
            continue
        if any(not token.strip() or token in marks for token in column):
            return None
        explained = explain(column)
        if explained is None:
            return None
        pieces += explained
    return tuple(merged(pieces))
