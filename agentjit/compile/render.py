"""Rendering a plan into its program and its manual: the only importer of jinja2.

The templates lay the page out; what is code is written in `rendering`, where every value goes through `repr` or a
stricter spelling, so that no text of a trace can become anything but a literal.
"""

from __future__ import annotations

import ast
import json
import textwrap

import jinja2

from agentjit import kit
from agentjit.compile.naming import identifier
from agentjit.compile.phrase import Phrase, plan_phrases
from agentjit.compile.rendering.code import quoted, regex
from agentjit.compile.rendering.layout import WIDE, Code, Nest, laid
from agentjit.compile.rendering.names import check_names
from agentjit.compile.rendering.steps import body_code
from agentjit.errors import NotCompilable
from agentjit.skill import Need, Parameter, Plan
from agentjit.step import Ending

_DESCRIPTION = 1024  # characters: the limit of the Agent Skills standard
_COMPATIBILITY = 500  # characters, likewise
_EXAMPLES = 3
_SHOWN = 5  # values of a parameter in its program
_SHORT = 60  # characters of an example that is easily read
_TYPES = ("str", "int", "float", "bool", "dict", "list")  # what a JSON value may look like


def program(plan: Plan, templates: str) -> str:
    """The text of `skill.py`; `templates` is the folder of the jinja2 templates. `NotCompilable` for a plan that no
    program can say, or whose names are no names.
    """
    check_names(plan)
    function = identifier(plan.name) or "workflow"
    parameters = [each.name for each in plan.parameters if not each.hole]
    parameters += [f"{each.name}=None" for each in plan.parameters if each.hole]
    lines = laid(Nest("@skill(", [quoted(plan.name), *_options(plan)], ")"))
    lines += laid(Nest(f"def {function}(", parameters, "):"))
    definition = "\n".join([*lines, *_docstring(plan), *body_code(plan)])
    return _page(templates, "skill.py.j2").render(
        imports=_imports(["main", *_words_of_the_kit(definition, function)]), definition=definition, function=function
    )


def _words_of_the_kit(definition: str, function: str) -> list[str]:
    """What the program takes from the kit; `NotCompilable` if it would look up anything else that it has not."""
    try:
        nodes = list(ast.walk(ast.parse(definition)))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NotCompilable(f"it cannot be written down as a program: {error}") from error
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    if taken := sorted((called | set(_TYPES)) & own):
        raise NotCompilable(f"a value of the workflow is called {taken[0]}, as a word of the kit is")
    loaded = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    words = loaded - own - {function, *_TYPES}
    if unknown := sorted(words - set(kit.__all__)):
        raise NotCompilable(f"nothing gives {unknown[0]}, which the program needs")
    return sorted(words)


def _imports(words: list[str]) -> str:
    names = sorted(set(words))
    line = f"from ajkit import {', '.join(names)}"
    if len(line) <= WIDE:
        return line
    return "\n".join(["from ajkit import (", *(f"    {name}," for name in names), ")"])


# --- the head of the function


def _options(plan: Plan) -> list[Code]:
    options: list[Code] = []
    if plan.parameters:
        params = [Nest(f"{quoted(p.name)}: Param(", _parameter(p), ")") for p in plan.parameters]
        options.append(Nest("params={", params, "}"))
    requires = [_need(need) for need in plan.requires]
    variables = [asked.key[1:] for asked in plan.environment if asked.key.startswith("$")]
    requires += [Nest("in_env(", [quoted(name)], ")") for name in variables]
    if requires:
        options.append(Nest("requires=[", requires, "]"))
    return options


def _need(need: Need) -> Nest:
    if need.kind == "repository":
        return Nest("in_repository(", [], ")")
    return Nest("on_path(" if need.kind == "program" else "has_file(", [quoted(need.name)], ")")


def _parameter(parameter: Parameter) -> list[Code]:
    if parameter.secret:
        return [regex(parameter.pattern), "secret=True"]
    hole: list[Code] = ["hole=True"] if parameter.hole else []
    seen = [quoted(value) for value in _examples(parameter)]
    return [regex(parameter.pattern), *hole, *([Nest("seen=[", seen, "]")] if seen else [])]


def _examples(parameter: Parameter) -> list[str]:
    """A line of the newest values, and the longest, for it says how long a value may be; of a hole those that are
    easily read.
    """
    if parameter.hole:
        return [value for value in parameter.seen if len(value) <= _SHORT and value.isprintable()][-_EXAMPLES:]
    shown = {max(parameter.seen, key=len)} if parameter.seen else set()
    for value in reversed(parameter.seen):
        if len(shown) < _SHOWN and sum(map(len, shown)) + len(value) <= _SHORT:
            shown.add(value)
    return [value for value in dict.fromkeys(parameter.seen) if value in shown]


def _docstring(plan: Plan) -> list[str]:
    """What the skill answers, the evidence, and what else starts it."""
    support, more = plan.support, []
    if plan.also:
        others = f" and {len(plan.also) - _SHOWN} more" if len(plan.also) > _SHOWN else ""
        more.append(f"Also: {', '.join(f'`{_doc(entry.prompt)}`' for entry in plan.also[:_SHOWN])}{others}.")
    if plan.remains:
        more.append(f"Left to the model: {', '.join(f'`{_doc(text)}`' for text in plan.remains)}.")
    text = f"`{_doc(plan.entry.prompt)}`, compiled from {support.occurrences} runs in {support.sessions} sessions."
    paragraphs = [
        textwrap.wrap(each, WIDE - 10, break_long_words=False, break_on_hyphens=False) for each in (text, *more)
    ]
    lines = [line for paragraph in paragraphs for line in ("", *paragraph)][1:]
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:]), '    """']


def _doc(text: str) -> str:
    """Text for the inside of a docstring."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    return character if character.isprintable() else repr(character)[1:-1]


# --- the manual


def manual(plan: Plan, templates: str) -> str:
    """The text of `SKILL.md` (agentskills.io): the name is that of its folder; no tool is allowed in advance, for it is
    the harness that gives permission.
    """
    return _page(templates, "SKILL.md.j2").render(
        name=plan.name,
        description=json.dumps(_description(plan), ensure_ascii=False),
        compatibility=json.dumps(_compatibility(plan), ensure_ascii=False),
        prompts=[f"`{_flat(entry.prompt)}`" for entry in (plan.entry, *plan.also)],
        parameters=[_argument(parameter) for parameter in plan.parameters],
        options="".join(f" {p.name}=VALUE" for p in plan.parameters if not p.hole),
        holes="".join(f" {p.name}=TEXT" for p in plan.parameters if p.hole),
        steps=[f"{'  ' * each.depth}- {_shown(each)}" for each in plan_phrases(plan)],
        effects=plan.effects,
        ending=_ending(plan),
        places=_places(plan),
        support=plan.support,
        version=plan.version,
    )


def _places(plan: Plan) -> str:
    """The directories that it was seen in, "" if it was seen in so many that it does not matter."""
    seen = [entry.directories for entry in (plan.entry, *plan.also)]
    return " or ".join(dict.fromkeys(_flat(folder) for each in seen for folder in each)) if all(seen) else ""


def _description(plan: Plan) -> str:
    """What it does and when to use it, in at most 1,024 characters."""
    prompts = "; or ".join(f"“{_flat(entry.prompt)}”" for entry in (plan.entry, *plan.also))
    needs = [parameter.name for parameter in plan.parameters if parameter.hole]
    given = f" Give it what only you can say: {', '.join(needs)}." if needs else ""
    before, after = "Use when asked: ", f" Runs a compiled workflow with `aj run {plan.name}`.{given}"
    room = _DESCRIPTION - len(before) - len(after) - 1
    cut = prompts if len(prompts) < room else f"{prompts[: max(0, room - 1)]}…"
    return f"{before}{cut}.{after}"[:_DESCRIPTION]


def _compatibility(plan: Plan) -> str:
    """What must be there, in at most 500 characters."""
    needs = ["aj"] + [_flat(need.name) for need in plan.requires if need.kind == "program"]
    needs += [f"the file {_flat(need.name)}" for need in plan.requires if need.kind == "file"]
    needs += ["a git repository" for need in plan.requires if need.kind == "repository"]
    needs += [asked.key for asked in plan.environment if asked.key.startswith("$")]
    text = f"Needs {', '.join(needs)}."
    return text if len(text) <= _COMPATIBILITY else f"{text[: _COMPATIBILITY - 1]}…"


def _argument(parameter: Parameter) -> str:
    shown = (textwrap.shorten(_flat(value), 60, placeholder="…") for value in parameter.seen[:_EXAMPLES])
    examples = f"like {', '.join(f'`{value}`' for value in shown)}" if parameter.seen else ""
    if parameter.secret:
        return f"`{parameter.name}`: a secret; it is shown nowhere"
    if parameter.hole:
        said = f", {examples}" if examples else ""
        return f"`{parameter.name}`: what only you can say{said}; without it the skill stops before it is needed"
    return f"`{parameter.name}`: {examples or f'matching `{_flat(parameter.pattern)}`'}"


def _ending(plan: Plan) -> str:
    if plan.fork:
        return "How it ends depends on the path taken; where none of the known ways goes on, it is handed back to you."
    if plan.ending is Ending.ANSWERED:
        return "It ends with the closing answer: say it as it is."
    return "It ends with the outputs: what they mean is for you to say."


def _page(templates: str, name: str) -> jinja2.Template:
    loader = jinja2.FileSystemLoader(templates)
    return jinja2.Environment(
        loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    ).get_template(name)


def _shown(phrase: Phrase) -> str:
    if not phrase.effect:
        return _flat(phrase.line)
    return f"`{_flat(phrase.text)}` ({phrase.effect}{f', {phrase.note}' if phrase.note else ''})"


def _flat(text: str) -> str:
    """Text on one line, for Markdown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).replace("`", "'").split())
