"""Rendering a plan into its program: the only importer of jinja2.

The templates lay the page out; what is code is written here, where every value goes through `repr` or a stricter
spelling, so that no text of a trace can become anything but a literal.
"""

from __future__ import annotations

import json
import re

import jinja2

from agentjit.compile.naming import identifier
from agentjit.compile.phrase import call_text
from agentjit.compile.rendering.code import Code, Nest, call, quoted, regex, string
from agentjit.compile.rendering.steps import environment_code, steps_code
from agentjit.skill import Parameter, Plan
from agentjit.step import Ending


def program(plan: Plan, templates: str) -> str:
    """The text of `skill.py`; `templates` is the folder of the jinja2 templates."""
    groups = [*environment_code(plan), *steps_code(plan)]
    body = [line for group in groups for line in group]
    if plan.ending is Ending.ANSWERED:
        body += call("return answer", [string(plan.answer)])
    else:
        body.append("return gathered()")
    decorator = call("@skill", [quoted(plan.name), *_skill_options(plan)])
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
        steps=[f"`{_flat(call_text(step.call))}` ({step.effect})" for step in plan.every_step()],
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


def _skill_options(plan: Plan) -> list[Code]:
    options: list[Code] = []
    if plan.parameters:
        params = [Nest(f"{quoted(p.name)}: Param(", _parameter(p), ")") for p in plan.parameters]
        options.append(Nest("params={", params, "}"))
    requires = [f"on_path({quoted(need.name)})" for need in plan.requires if need.kind == "program"]
    requires += [f"in_env({quoted(asked.key[1:])})" for asked in plan.environment if asked.key.startswith("$")]
    if requires:
        options.append(f"requires=[{', '.join(requires)}]")
    return options


def _parameter(parameter: Parameter) -> list[Code]:
    if parameter.secret:
        return [regex(parameter.pattern), "secret=True"]
    return [regex(parameter.pattern), Nest("seen=[", [quoted(value) for value in parameter.seen], "]")]
