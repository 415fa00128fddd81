"""No text of a trace becomes anything but a literal: arbitrary texts in every field of a plan, read back.

A rendered program is run with words that write down what they are given, and that is compared with what the plan says.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, given, settings

from agentjit import kit
from agentjit.compile.explaining.kinds import escaped
from agentjit.compile.render import program
from agentjit.contract import Contract
from agentjit.data import folder
from agentjit.kit import transform
from agentjit.piece import (
    Argument,
    Binding,
    Cell,
    Every,
    Field_,
    Finder,
    JsonKeys,
    JsonPath,
    Kind,
    LineAt,
    Lines,
    Ref,
    ShapePiece,
    Text,
    Whole,
)
from agentjit.run.load import load
from agentjit.skill import Parameter, Plan
from agentjit.step import (
    AnyCall,
    BashStep,
    EditStep,
    Loop,
    ReadStep,
    Spread,
    Step,
    ToolStep,
    WriteStep,
)
from tests.compile.any_plan import LIST, PLANS, TEXTS, VALUES

TEMPLATES = str(folder("skills_templates"))
LARGE = [HealthCheck.data_too_large, HealthCheck.too_slow]  # a whole plan is

# --- what the program says

WORDS = tuple(name for name in kit.__all__ if name[0].islower() and name not in ("literal", *transform.NAMES))


def said(text: str) -> list[object]:
    """Everything the words of a program are given, in the order it is said."""
    log: list[object] = []

    def word(name: str) -> Callable[..., object]:
        def note(*given: object, **options: object) -> object:
            found = (name, given, options)
            if name == "skill":
                log.append(found)
                return lambda function: function
            if name in _FINDERS or name in ("on_path", "has_file", "in_repository"):
                return found
            log.append(found)
            return {"extract": VALUES["found"], "extract_all": LIST, "rounds": LIST[:1], "says": True}.get(name, found)

        return note

    words: dict[str, object] = {name: word(name) for name in WORDS}
    words |= {name: _transformed(name) for name in transform.NAMES} | {"Param": word("Param"), "literal": re.escape}
    definition = text[text.index("\n@skill(") : text.index('\nif __name__ == "__main__":')]
    exec(compile(definition, "skill.py", "exec"), words)
    function = words["any_plan"]
    assert callable(function)
    generator: Generator[Any, Any, object] = function(a="va", b="vb", hole="vhole")
    asked = next(generator)
    while True:
        several = isinstance(asked, tuple) and asked[0] == "together"
        results = [SimpleNamespace(stdout=VALUES["cwd"]) for _ in range(2)]
        try:
            asked = generator.send(results if several else results[0])
        except StopIteration:
            return log


_FINDERS = ("whole", "line", "lines", "cell", "json_path", "json_keys", "pattern")


def _transformed(name: str) -> Callable[..., str]:
    return lambda *given: f"<{name} {given!r}>"


# --- what the plan says


def value(ref: Ref) -> str:
    text = VALUES[ref.name]
    for by in ref.by:
        name, given = transform.call(by)
        text = f"<{name} {(text, *given)!r}>"
    return text


def joined(argument: Argument) -> str:
    return "".join(piece.text if isinstance(piece, Text) else value(piece) for piece in argument)


def expression(pieces: tuple[ShapePiece, ...]) -> str:
    return "".join(
        re.escape(value(piece))
        if isinstance(piece, Ref)
        else escaped(piece.text)
        if isinstance(piece, Text)
        else (piece.expression if piece.low is None else f"({piece.expression})")
        for piece in pieces
    )


def finder(found: Finder) -> object:
    if isinstance(found, Cell):
        options: dict[str, object] = {"column": found.column}
        options |= {} if found.row is None else {"row": found.row}
        options |= {"where": {i: joined((piece,)) for i, piece in found.where}} if found.where else {}
        options |= {"begins": {i: joined(text) for i, text in found.begins}} if found.begins else {}
        options |= {"first": found.first} if found.first else {}
        return ("cell", (), options | ({"separator": found.separator} if found.separator else {}))
    if isinstance(found, JsonPath | JsonKeys):
        way = [
            {part.key: joined((part.value,))} if isinstance(part, Field_) else ... if isinstance(part, Every) else part
            for part in found.path
        ]
        return ("json_path" if isinstance(found, JsonPath) else "json_keys", tuple(way), {})
    if isinstance(found, LineAt):
        return ("line", (found.number,), {})
    if isinstance(found, Lines):
        return ("lines", (found.first,) if found.first else (), {})
    return ("whole", (), {}) if isinstance(found, Whole) else ("pattern", (found.expression,), {})


def call(made: AnyCall) -> object:
    if isinstance(made, BashStep):
        words = [LIST if isinstance(word, Spread) else [joined(word)] for word in made.argv]
        return ("bash", tuple(each for word in words for each in word), {})
    if isinstance(made, ReadStep):
        options = {"offset": made.offset, "limit": made.limit}
        return ("read", (joined(made.path),), {key: number for key, number in options.items() if number is not None})
    if isinstance(made, WriteStep):
        return ("write", (joined(made.path), joined(made.content)), {"new": True} if made.new else {})
    if isinstance(made, EditStep):
        texts = (joined(made.path), joined(made.old), joined(made.new))
        edges = [bool(made.old) and isinstance(made.old[at], Ref) for at in (0, -1)]
        whole = {(True, True): "both", (True, False): "begin", (False, True): "end"}.get((edges[0], edges[1]))
        return ("edit", texts, ({"every": True} if made.every else {}) | ({"whole": whole} if whole else {}))
    if isinstance(made, ToolStep):
        root: dict[Any, Any] = {}
        for field in made.fields:
            nested: Any = joined(field.value)
            for key in reversed(field.path[1:]):
                nested = [nested] if key == 0 and isinstance(key, int) else {key: nested}
            root[field.path[0]] = nested
        return ("tool", (made.tool, root), {})
    refs = list(dict.fromkeys(piece for piece in made.script if isinstance(piece, Ref)))
    text = "".join(
        piece.text if isinstance(piece, Text) else f'"${refs.index(piece) + 1}"' if isinstance(piece, Ref) else ""
        for piece in made.script
    )
    return ("shell", (text, *map(value, refs)), {})


def promises(contract: Contract) -> dict[str, object]:
    """What `ensure` is told of a contract, in one call or in two."""
    options: dict[str, object] = {}
    if codes := contract.exit_codes:
        options["exit_code"] = codes if len(codes) > 1 else codes[0]
    options |= {"header": contract.header} if contract.header else {}
    options |= {"calm": True} if contract.calm else {}
    options |= {"words": {i: list(words) for i, words in contract.words}} if contract.words else {}
    options |= {"shape": expression(contract.shape)} if contract.shape else {}
    ranges = [(p.low, p.high) for p in contract.shape if isinstance(p, Kind) and p.low is not None]
    options |= {"within": ranges} if ranges else {}
    options |= {key: _ends(ends) for key, ends in (("columns", contract.columns), ("lines", contract.lines)) if ends}
    options |= {"separator": contract.separator} if contract.separator else {}
    options |= {"titles": contract.titles} if contract.titles != 1 else {}
    options |= {"forms": dict(contract.forms)} if contract.forms else {}
    options |= {"says": [expression(line) for line in contract.says]} if contract.says else {}
    related = [(finder(each.left), each.by, finder(each.right)) for each in contract.relations]
    options |= {"relations": related} if related else {}
    options |= {"exists": [joined(path) for path in contract.exists]} if contract.exists else {}
    holds = [(finder(found), joined(text)) for found, text in contract.holds]
    return options | ({"holds": holds} if holds else {})


def _ends(ends: tuple[int, int]) -> object:
    return ends if ends[0] != ends[1] else ends[0]


def bindings(found: tuple[Binding, ...]) -> list[object]:
    return [
        (
            "extract_all" if each.many else "extract",
            (VALUES["cwd"], *map(finder, each.finders)),
            {"kind": expression(each.pattern)} | ({"absent": True} if each.absent else {}),
        )
        for each in found
    ]


def meant(plan: Plan) -> list[object]:
    """What the plan says, as `said` gives it, but for `ensure`, whose results have no names there."""
    first, second, loop = plan.steps
    assert plan.fork and isinstance(first, Step) and isinstance(second, Step) and isinstance(loop, Loop)
    (path,), (inner,) = plan.fork.paths, loop.steps
    (last,) = path.steps
    assert isinstance(last, Step)
    params = {
        p.name: (
            "Param",
            (p.pattern,),
            {"secret": True} if p.secret else {"hole": True} if p.hole else {},
        )
        for p in plan.parameters
    }
    needs: list[object] = [
        ("in_repository", (), {})
        if need.kind == "repository"
        else ({"program": "on_path", "file": "has_file"}[need.kind], (need.name,), {})
        for need in plan.requires
    ]
    options = {"params": params} | ({"requires": needs} if needs else {})
    return [
        *params.values(),
        ("skill", ("any-plan",), options),
        call(first.call),
        call(second.call),
        *bindings(first.bindings),
        ("rounds", (LIST,), {"most": loop.most}),
        call(inner.call),
        *bindings(path.bindings),
        call(last.call),
        ("answer", (joined(path.answer),), {}),
    ]


def check_examples(log: list[Any], parameter: Parameter) -> None:
    """Some of the values seen, in their order, the longest among them."""
    (options,) = [entry[2]["params"][parameter.name][2] for entry in log if entry[0] == "skill"]
    shown = options.pop("seen", [])
    left = iter(parameter.seen)
    assert all(value in left for value in shown)
    if parameter.seen and not parameter.secret:
        assert max(map(len, shown)) == max(map(len, parameter.seen))


@settings(max_examples=60, deadline=None, suppress_health_check=LARGE)
@given(PLANS)
def test_every_literal_reads_back_as_the_plan_has_it(plan: Plan) -> None:
    text = program(plan, TEMPLATES)
    text.encode("utf-8")
    log = said(text)
    checks = [entry for entry in log if isinstance(entry, tuple) and entry[0] == "ensure"]
    rest = [
        entry for entry in log if isinstance(entry, tuple) and entry[0] not in ("ensure", "says", "ask", "together")
    ]
    for parameter in plan.parameters:
        check_examples(rest, parameter)
    assert rest == meant(plan)
    contracts = [step.contract for step in plan.every_step()]
    contracts += [path.contract for path in (plan.fork.paths if plan.fork else ())]
    left = [promise for contract in contracts for promise in promises(contract).items()]
    made = [(key, value) for _, _, options in checks for key, value in options.items()]
    for key, value in made:
        left.remove((key, value))
    assert all(each in made or each in implied(plan) for each in left)  # not twice, and not what a guard has checked


def implied(plan: Plan) -> list[tuple[str, object]]:
    """The promises that the guards of a plan check."""
    found: list[tuple[str, object]] = []
    for path in plan.fork.paths if plan.fork else ():
        codes = path.guard.codes
        found += [("exit_code", codes[0] if len(codes) == 1 else codes)] if path.guard.by == "exit" else []
        found += [("shape", ""), ("calm", True)] if path.guard.by == "empty" else []
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=LARGE)
@given(PLANS)
def test_every_program_loads_and_uses_what_it_imports(plan: Plan) -> None:
    text = program(plan, TEMPLATES)
    assert load(text, "skill.py").name == "any-plan"
    names = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    imported = {
        alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.module == "ajkit"
        for alias in node.names
    }
    assert imported == {node.id for node in names if node.id in kit.__all__}
    assert all(line.isprintable() for line in text.split("\n"))


@settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=LARGE)
@given(PLANS)
def test_the_layout_is_the_formatters(plan: Plan) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--diff", "--isolated", "--line-length=120", "-"],
        input=program(plan, TEMPLATES).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()


@given(TEXTS)
def test_a_text_as_an_expression_matches_just_itself(text: str) -> None:
    assert re.fullmatch(escaped(text), text)
    assert not re.fullmatch(escaped(text), text + "x")
    assert "\\" not in text or not re.fullmatch(escaped(text), text.replace("\\", ""))
