"""The registry of typed operations: what a plan's steps may call, as one pure value built from data handed in.

An operation is a built-in tool, a program or one of its subcommands (from the catalogue of effects), a tool of the
harness (an MCP server's, by its schema), or a question about the environment. Its digest is of its whole definition: a
plan notes the digests it was validated with, and a definition that changes makes the plan one to be looked at again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentjit.skill import Used
from agentjit.trace import Effect

Json = Mapping[str, Any]
"""A parsed JSON object."""

_QUESTIONS = ("cwd", "today", "home", "user", "repo", "branch", "remote", "email", "project", "variable")
_DEPTH = 6  # programs that run programs
_HIDDEN = frozenset(("subcommands", "about"))  # parts of a catalogue rule that do not define the operation itself
_HANDED_DOWN = ("flags", "values", "verdicts", "environment")


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be called. `input` is a JSON schema (`type`, `properties`, `required`, `enum`, …); `effect` is the
    mildest it can be, None where that depends on the arguments; `output` what it gives: `text`, `nothing`, `unknown`.

    `rule` is what the catalogue says of a program's arguments. `known` is False for a program that the catalogue does
    not have: its effect is unknown, and its arguments are anything. `inferred`: the schema is only what traces showed.
    """

    name: str
    kind: str  # tool, program, question
    input: Json
    effect: Effect | None
    output: str = "text"
    rule: Json = field(default_factory=dict)
    known: bool = True
    inferred: bool = False

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits of this very definition. What traces showed is no definition: it grows."""
        fields: tuple[object, ...] = (self.name, self.kind, self.inferred)
        if not self.inferred:
            fields += (self.input, self.effect, self.output, self.rule, self.known)
        return hashlib.sha256(canonical(fields).encode("utf-8", "backslashreplace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Registry:
    """`tools` and `questions` by name; `programs` are the catalogue's raw rules by program."""

    tools: Mapping[str, Operation]
    programs: Json
    questions: Mapping[str, Operation]

    def tool(self, name: str) -> Operation | None:
        """The tool called so, None if nobody knows one."""
        return self.tools.get(name)

    def question(self, key: str) -> Operation | None:
        """The question that `ask(key)` puts."""
        name = "project" if key.startswith("project:") else "variable" if key.startswith("$") else key
        return self.questions.get(name)

    def program(self, words: Sequence[str | None]) -> list[Operation]:
        """What the argument list `words` starts: the program with its subcommand, then what that runs (`timeout 5 git
        log`), the outermost first. A word is None where it is not known now.
        """
        return list(self._started(words, _DEPTH))

    def _started(self, words: Sequence[str | None], depth: int) -> Iterator[Operation]:
        if not words or words[0] is None or not depth:
            return
        name = words[0].rpartition("/")[2] if words[0].startswith("/") else words[0]
        rule = self.programs.get(name)
        if rule is None:
            yield _foreign(name)
            return
        rule = _expanded(rule)
        rest = list(words[1:])
        while inner := rule.get("subcommands"):
            at = _operand(rule, rest)
            word = rest[at] if at is not None else None
            if at is None or word is None:
                break
            below = _below(inner, word)
            name, rest = f"{name} {word}", rest[at + 1 :]
            if below is None:
                yield _foreign(name)
                return
            rule = _inherited(_expanded(below), rule)
        yield _program(name, rule)
        yield from self._wrapped(rule, rest, depth)

    def _wrapped(self, rule: Json, words: Sequence[str | None], depth: int) -> Iterator[Operation]:
        if rule.get("check") == "find":
            for place, word in enumerate(words):
                if word in ("-exec", "-execdir", "-ok"):
                    yield from self._started(words[place + 1 :], depth - 1)
        elif "runs" in rule:
            at = _operand(rule, words)
            inner = list(words[at + int(rule["runs"]) :]) if at is not None else []
            while inner and inner[0] is not None and re.match(r"[A-Za-z_]\w*=", inner[0]):
                inner = inner[1:]
            yield from self._started(inner, depth - 1)


def built(programs: Json, tools: Mapping[str, str], schemas: Json, environment: Json | None = None) -> Registry:
    """The registry of a catalogue and of learned tools.

    `programs`: rule by program; `tools`: effect by tool, `path:FIELD` where it writes the file that the field names;
    `schemas`: by tool, an object with `inputSchema` and perhaps `annotations`, as MCP's `tools/list` gives them;
    `environment`: what the catalogue says of variables, which is part of what a shell line means.
    """
    known = {operation.name: operation for operation in _built_in(environment or {})}
    for name, effect in tools.items():
        if name not in known:
            judged = None if effect.startswith("path:") else Effect(effect)
            known[name] = Operation(name, "tool", {"type": "object"}, judged, "unknown")
    for name, described in schemas.items():
        if name not in _BUILT_IN and isinstance(described, Mapping):
            known[name] = _learned(name, described, tools.get(name))
    return Registry(known, dict(programs), {name: _question(name) for name in _QUESTIONS})


def with_inferred(registry: Registry, calls: Iterable[tuple[str, Json | None, Effect]]) -> Registry:
    """The registry with an operation for each tool of `calls` (name, input, effect) that it has no schema of. Where an
    input is None nothing is known of it, and anything fits.
    """
    inputs: dict[str, list[Json | None]] = {}
    effects: dict[str, list[Effect]] = {}
    for name, given, effect in calls:
        if name not in _BUILT_IN and (name not in registry.tools or "properties" not in registry.tools[name].input):
            inputs.setdefault(name, []).append(given)
            effects.setdefault(name, []).append(effect)
    found = {
        name: Operation(
            name,
            "tool",
            schema_of(given) if None not in given else _ANYTHING,
            Effect.worst(effects[name]),
            "unknown",
            inferred=True,
        )
        for name, given in inputs.items()
    }
    return Registry({**registry.tools, **found}, registry.programs, registry.questions)


def used(operations: Iterable[Operation]) -> tuple[Used, ...]:
    """The operations with their digests, each once, in order of name."""
    digests = {operation.name: operation.digest for operation in operations}
    return tuple(Used(name=name, digest=digest) for name, digest in sorted(digests.items()))


def changed(before: Sequence[Used], now: Sequence[Used]) -> tuple[str, ...]:
    """Names of the operations that are not defined as they were."""
    old, new = ({each.name: each.digest for each in some} for some in (before, now))
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def canonical(value: object) -> str:
    """A JSON text that is equal for equal values only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


# --- schemas


def schema_of(values: Sequence[object]) -> dict[str, Any]:
    """The tightest schema of types that all `values` have: their common keys are required, no other key is known."""
    types = sorted({type_of(value) for value in values})
    schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    objects = [value for value in values if isinstance(value, Mapping)]
    if objects and len(objects) == len(values):
        keys = sorted({key for each in objects for key in each})
        schema["properties"] = {key: schema_of([each[key] for each in objects if key in each]) for key in keys}
        schema["required"] = [key for key in keys if all(key in each for each in objects)]
        schema["additionalProperties"] = False
    items = [item for value in values if isinstance(value, list | tuple) for item in value]
    return {**schema, "items": schema_of(items)} if items else schema


def type_of(value: object) -> str:
    """The JSON type of a parsed value."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        *((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")),
        *(((list, tuple), "array"), (Mapping, "object")),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


# --- how operations come about

_TEXT: Json = {"type": "string"}
_ANYTHING: Json = {"type": "object"}
_NUMBER: Json = {"type": "integer", "minimum": 1}
_BUILT_IN = frozenset(("Bash", "Read", "Write", "Edit"))


def _built_in(environment: Json) -> Iterator[Operation]:
    rule = {"environment": environment} if environment else {}
    yield Operation("Bash", "tool", _object({"command": _TEXT}, "command"), None, rule=rule)
    path = {"file_path": _TEXT}
    yield Operation("Read", "tool", _object({**path, "offset": _NUMBER, "limit": _NUMBER}, "file_path"), Effect.READS)
    content = {**path, "content": _TEXT}
    yield Operation("Write", "tool", _object(content, *content), Effect.WRITES_HERE, "nothing")
    change = {**path, "old_string": _TEXT, "new_string": _TEXT}
    schema = _object({**change, "replace_all": {"type": "boolean"}}, *change)
    yield Operation("Edit", "tool", schema, Effect.WRITES_HERE, "nothing")


def _object(properties: Json, *required: str) -> Json:
    return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}


def _question(name: str) -> Operation:
    return Operation(f"ask {name}", "question", {"type": "null"}, Effect.READS)


def _learned(name: str, described: Json, effect: str | None) -> Operation:
    """A tool by its own description; what the catalogue says of its effect goes before what it says itself."""
    schema = described.get("inputSchema")
    hints = described.get("annotations")
    own = hints if isinstance(hints, Mapping) else {}
    judged = Effect.UNKNOWN  # of a tool that its server says nothing of, or two things at once
    if own.get("readOnlyHint") is True and own.get("destructiveHint") is not True:
        judged = Effect.READS
    elif own.get("readOnlyHint") is False:
        judged = Effect.WRITES_ELSEWHERE
    if effect is not None:
        judged = Effect.WRITES_HERE if effect.startswith("path:") else Effect(effect)
    return Operation(name, "tool", dict(schema) if isinstance(schema, Mapping) else {"type": "object"}, judged)


def _foreign(name: str) -> Operation:
    return Operation(name, "program", _words({}), Effect.UNKNOWN, "unknown", known=False)


def _program(name: str, rule: Json) -> Operation:
    own = {key: value for key, value in rule.items() if key not in _HIDDEN}
    effect = str(rule.get("effect", "reads"))
    judged = None if "check" in rule or "runs" in rule or rule.get("verdicts") else _mildest(effect)
    return Operation(name, "program", _words(rule), judged, rule=own)


def _mildest(effect: str) -> Effect:
    return Effect.WRITES_HERE if effect == "paths" else Effect(effect)


def _words(rule: Json) -> Json:
    """What is known of a program's arguments: words, perhaps no more operands than so many."""
    more = {"maxItems": int(rule["operands"])} if "operands" in rule and "flags" not in rule else {}
    return {"type": "array", "items": _TEXT, **more}


def _expanded(rule: object) -> dict[str, Any]:
    """A rule as an object, with an entry for each of the subcommands that share one."""
    raw: dict[str, Any] = {"effect": rule} if isinstance(rule, str) else dict(rule) if isinstance(rule, Mapping) else {}
    inner = raw.get("subcommands")
    if isinstance(inner, Mapping):
        raw["subcommands"] = {name: each for names, each in inner.items() for name in _split(names)}
    return raw


def _split(names: str) -> list[str]:
    return [names] if names.startswith("/") else names.split()


def _below(inner: Json, word: str) -> object:
    if word in inner:
        return inner[word]
    patterns = ((key[1:-1], each) for key, each in inner.items() if key.startswith("/"))
    return next((each for pattern, each in patterns if re.fullmatch(pattern, word)), None)


def _inherited(rule: dict[str, Any], parent: Json) -> dict[str, Any]:
    """A subcommand's rule with what its program says of flags: they are part of its definition."""
    above = {key: parent[key] for key in (*_HANDED_DOWN, "inherit", "above") if key in parent}
    return {**rule, "above": above} if above else rule


def _operand(rule: Json, words: Sequence[str | None]) -> int | None:
    """Where the first word stands that is neither a flag nor a flag's value."""
    verdicts = rule.get("verdicts", {})
    moved = " ".join(str(verdicts[key]) for key in ("path", "directory") if key in verdicts)
    takes = frozenset((*str(rule.get("values", "")).split(), *moved.split()))
    at = 0
    while at < len(words):
        word = words[at]
        if word is None or not word.startswith("-") or word == "-":
            return at
        if word == "--":
            return at + 1 if at + 1 < len(words) else None
        at += 2 if word in takes else 1
    return None
