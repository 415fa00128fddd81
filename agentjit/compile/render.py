"""Rendering a plan into its program: the only importer of jinja2.

The templates lay the page out; what is code is written here, where every value goes through `repr` or a stricter
spelling, so that no text of a trace can become anything but a literal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

import jinja2

from agentjit.compile.explain import references
from agentjit.compile.kinds import escaped
from agentjit.compile.naming import identifier
from agentjit.compile.phrase import call_text
from agentjit.skill import (
    Argument,
    BashStep,
    Binding,
    Cell,
    Contract,
    Ending,
    Field_,
    Finder,
    JsonKeys,
    JsonPath,
    Kind,
    LineAt,
    Parameter,
    Piece,
    Plan,
    ReadStep,
    Ref,
    ShapePiece,
    ShellStep,
    Step,
    Text,
    Whole,
)

_WIDE = 108  # columns; a longer call is written one argument a line


def program(plan: Plan, templates: str) -> str:
    """The text of `skill.py`; `templates` is the folder of the jinja2 templates."""
    groups = [*_environment(plan), *(group for step in plan.steps for group in _step(step))]
    body = [line for group in groups for line in group]
    if plan.ending is Ending.ANSWERED:
        body += _call("return answer", [_string(plan.answer)])
    else:
        body.append("return gathered()")
    decorator = _call("@skill", [_quoted(plan.name), *_skill_options(plan)])
    text = "\n".join((*decorator, *body))
    return _page(templates, "skill.py.j2").render(
        title=_doc(f"{plan.name}: {plan.entry.prompt}"),
        imports=sorted(["main", *(name for name in _KIT if re.search(rf"(?<![\w.\"']){name}\(", text))]),
        decorator="\n".join(decorator),
        function=identifier(plan.name) or "workflow",
        parameters=[parameter.name for parameter in plan.parameters],
        docstring=_doc(_summary(plan)),
        body=body,
    )


_KIT = (
    *(
        "Param",
        "answer",
        "ask",
        "bash",
        "cell",
        "ensure",
        "extract",
        "gathered",
        "in_env",
        "json_keys",
        "json_path",
        "line",
        "literal",
    ),
    *("on_path", "pattern", "read", "shell", "skill", "whole"),
)


def manual(plan: Plan, templates: str) -> str:
    """The text of `SKILL.md` (agentskills.io)."""
    if plan.ending is Ending.ANSWERED:
        ending = "Ends with the closing answer, without a model."
    else:
        ending = "Ends with the outputs; the model concludes."
    return _page(templates, "SKILL.md.j2").render(
        name=plan.name,
        description=json.dumps(
            f"Answers “{_flat(plan.entry.prompt)}”, compiled by AgentJIT."[:1000], ensure_ascii=False
        ),
        prompt=_flat(plan.entry.prompt),
        occurrences=plan.support.occurrences,
        sessions=plan.support.sessions,
        version=plan.version,
        parameters=[{"name": p.name, "examples": _flat(", ".join(p.seen[:3]))} for p in plan.parameters],
        steps=[f"`{_flat(call_text(step.call))}` ({step.effect})" for step in plan.steps],
        ending=ending,
    )


def _page(templates: str, name: str) -> jinja2.Template:
    loader = jinja2.FileSystemLoader(templates)
    return jinja2.Environment(
        loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    ).get_template(name)


def _summary(plan: Plan) -> str:
    support = plan.support
    return f"`{plan.entry.prompt}`, compiled from {support.occurrences} runs in {support.sessions} sessions."


def _flat(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).replace("`", "'").split())


def _doc(text: str) -> str:
    """Text for the inside of a docstring."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    return character if character.isprintable() else repr(character)[1:-1]


def _skill_options(plan: Plan) -> list[_Code]:
    options: list[_Code] = []
    if plan.parameters:
        params = [_Nest(f"{_quoted(p.name)}: Param(", _parameter(p), ")") for p in plan.parameters]
        options.append(_Nest("params={", params, "}"))
    requires = [f"on_path({_quoted(name)})" for name in plan.requires]
    requires += [f"in_env({_quoted(name[1:])})" for name in plan.environment if name.startswith("$")]
    if requires:
        options.append(f"requires=[{', '.join(requires)}]")
    return options


def _parameter(parameter: Parameter) -> list[_Code]:
    if parameter.secret:
        return [_regex(parameter.pattern), "secret=True"]
    return [_regex(parameter.pattern), _Nest("seen=[", [_quoted(value) for value in parameter.seen], "]")]


def _environment(plan: Plan) -> list[list[str]]:
    return [[f"{name.removeprefix('$')} = (yield ask({_quoted(name)})).stdout"] for name in plan.environment]


def _step(step: Step) -> list[list[str]]:
    """The lines of a step: the call, what must hold, what is taken out of it."""
    contract, own = step.contract, {binding.name for binding in step.bindings}
    named = (*contract.shape, *(piece for _, value in contract.holds for piece in value))
    names = {piece.name for piece in named if isinstance(piece, Ref)}
    names |= {name for finder, _ in contract.holds for name in references(finder)}
    first, second = _outcome(contract), _content(contract)
    if not names & own:  # what is about values of this very output comes when they are known
        first, second = [*first, *second], []
    lines = [_call(f"{step.result} = yield {_verb(step)}", _arguments(step), f"  # {step.effect}")]
    lines += [_call("ensure", [step.result, *first, f"seen={contract.seen}"])] if first else []
    lines += [_extract(binding, step) for binding in step.bindings]
    lines += [_call("ensure", [step.result, *second, f"seen={contract.seen}"])] if second else []
    return lines


def _verb(step: Step) -> str:
    return {"argv": "bash", "script": "shell", "read": "read"}[step.call.form]


def _arguments(step: Step) -> list[str]:
    call = step.call
    if isinstance(call, BashStep):
        return [_string(argument) for argument in call.argv]
    if isinstance(call, ReadStep):
        given = {"offset": call.offset, "limit": call.limit}
        return [_string(call.path), *(f"{key}={value}" for key, value in given.items() if value is not None)]
    return _script(call)


def _script(call: ShellStep) -> list[str]:
    """The script with `"$1"`, `"$2"`, … where its references stand, and their values behind it."""
    names = list(dict.fromkeys(piece.name for piece in call.script if isinstance(piece, Ref)))
    text = "".join(
        piece.text if isinstance(piece, Text) else f'"${names.index(piece.name) + 1}"' for piece in call.script
    )
    return [repr(text), *names]


def _outcome(contract: Contract) -> list[_Code]:
    """Checks that need no value."""
    checks: list[_Code] = []
    if codes := contract.exit_codes:
        checks.append(f"exit_code={codes[0] if len(codes) == 1 else codes}")
    if contract.header:
        checks.append(f"header={_quoted(contract.header)}")
    if contract.calm:
        checks.append("calm=True")
    if contract.words:
        columns = [f"{column}: [{', '.join(map(_quoted, words))}]" for column, words in contract.words]
        checks.append(_Nest("words={", columns, "}"))
    return checks


def _content(contract: Contract) -> list[_Code]:
    """Checks in which values may stand."""
    checks: list[_Code] = []
    if contract.shape:
        checks.append(f"shape={_shape(contract.shape)}")
        ranges = [f"({piece.low:g}, {piece.high:g})" for piece in contract.shape if _ranged(piece)]
        checks += [_Nest("within=[", ranges, "]")] if ranges else []
    if contract.holds:
        held = [f"({_finder(finder)}, {_string(value)})" for finder, value in contract.holds]
        checks.append(_Nest("holds=[", held, "]"))
    return checks


def _extract(binding: Binding, step: Step) -> list[str]:
    finders = [_finder(finder) for finder in binding.finders]
    kind = f"kind={_shape(binding.pattern)}"
    source = f"{step.result}.stdout"
    absent = ["absent=True"] if binding.absent else []
    return _call(f"{binding.name} = extract", [source, *finders, kind, f"seen={step.contract.seen}", *absent])


def _finder(finder: Finder) -> str:
    if isinstance(finder, Whole):
        return "whole()"
    if isinstance(finder, LineAt):
        return f"line({finder.number})"
    if isinstance(finder, Cell):
        options = [f"column={finder.column}"]
        if finder.row is not None:
            options.append(f"row={finder.row}")
        if finder.where:
            options.append("where={" + ", ".join(f"{column}: {_piece(piece)}" for column, piece in finder.where) + "}")
        if finder.begins:
            options.append("begins={" + ", ".join(f"{column}: {_string(text)}" for column, text in finder.begins) + "}")
        return f"cell({', '.join(options)})"
    if isinstance(finder, JsonPath | JsonKeys):
        name = "json_path" if isinstance(finder, JsonPath) else "json_keys"
        return f"{name}({', '.join(_path_part(part) for part in finder.path)})"
    return f"pattern({_regex(finder.expression)})"


def _path_part(part: str | int | Field_) -> str:
    if isinstance(part, Field_):
        return f"{{{_quoted(part.key)}: {_piece(part.value)}}}"
    return _quoted(part) if isinstance(part, str) else str(part)


def _piece(piece: Piece) -> str:
    return _quoted(piece.text) if isinstance(piece, Text) else piece.name


def _quoted(text: str) -> str:
    """A string literal, in double quotes where that needs no escape."""
    plain = repr(text)
    return f'"{text}"' if plain == f"'{text}'" and '"' not in text else plain


def _string(argument: Argument) -> str:
    """An argument as an expression: a literal, a name, or an f-string."""
    if len(argument) == 1:
        return _piece(argument[0])
    if not argument:
        return '""'
    texts = (
        piece.text.replace("{", "{{").replace("}", "}}") if isinstance(piece, Text) else f"{{{piece.name}}}"
        for piece in argument
    )
    return "f" + _quoted("".join(texts))


def _shape(pieces: Sequence[ShapePiece]) -> str:
    if not any(isinstance(piece, Ref) for piece in pieces):
        return _regex("".join(_expression(piece) for piece in pieces))
    body = "".join(
        f"{{literal({piece.name})}}"
        if isinstance(piece, Ref)
        else _expression(piece).replace("{", "{{").replace("}", "}}")
        for piece in pieces
    )
    return ("rf" + f'"{body}"') if _raw_is_safe(body) else "f" + repr(body)


def _ranged(piece: ShapePiece) -> TypeGuard[Kind]:
    return isinstance(piece, Kind) and piece.low is not None


def _expression(piece: ShapePiece) -> str:
    if isinstance(piece, Kind):
        return f"({piece.expression})" if _ranged(piece) else piece.expression
    assert isinstance(piece, Text)
    return escaped(piece.text)


def _raw_is_safe(text: str) -> bool:
    return '"' not in text and not text.endswith("\\") and text.isprintable()


def _regex(expression: str) -> str:
    return f'r"{expression}"' if _raw_is_safe(expression) else repr(expression)


def _call(function: str, arguments: Sequence[_Code], comment: str = "") -> list[str]:
    """A call on one line, or one argument a line where that would be too wide."""
    return _lines(_Nest(f"{function}(", arguments, ")"), comment)


class _Nest(NamedTuple):
    """Code in brackets: `opening`, items parted by commas, `closing`."""

    opening: str
    items: Sequence[_Code]
    closing: str


_Code = str | _Nest


def _flat_code(code: _Code) -> str:
    if isinstance(code, str):
        return code
    return code.opening + ", ".join(map(_flat_code, code.items)) + code.closing


def _lines(code: _Code, comment: str = "", width: int = _WIDE) -> list[str]:
    """Code on one line if it fits into `width` columns, else every item on lines of its own."""
    line = _flat_code(code) + comment
    if len(line) <= width or isinstance(code, str) or not code.items:
        return [line]
    inner = [f"    {each}" for item in code.items for each in _with_comma(_lines(item, width=width - 5))]
    return [code.opening + comment, *inner, code.closing]


def _with_comma(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1] + ","]
