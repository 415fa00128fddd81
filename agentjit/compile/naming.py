"""Names taken from the workflow: of the skill, its parameters and the values it passes on."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Sequence

from agentjit import kit
from agentjit.compile.align import AlignedStep, Column
from agentjit.hotspot import Slot, Template
from agentjit.kit.checks import cells_of
from agentjit.piece import Cell, Finder, JsonPath, Pattern

_SMALL = frozenset(
    "a am an and any are as at be by can could did do does for from get give has have hey how i in into is it its"
    " just let lets make many me much my now of on or our out over please run show so some tell that the their them"
    " then there these this to up us was we were what when where which who why will with would you your".split()
)
_RESERVED = frozenset(kit.__all__) | frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"cwd", "today", "re"}
_FLAGS = {
    ("kubectl", "-n"): "namespace",
    ("kubectl", "-c"): "container",
    ("helm", "-n"): "namespace",
    ("docker", "-t"): "tag",
    ("psql", "-d"): "database",
    ("psql", "-U"): "user",
    ("git", "-b"): "branch",
    ("git", "-C"): "repository",
    ("git", "-m"): "message",
}
_NOUNS = frozenset(
    "account app branch bucket build channel cluster container customer database deployment environment env file"
    " folder host instance invoice issue job module namespace node order package pipeline pod pr project queue"
    " region release repo repository server service stage table tag team tenant test ticket topic user version".split()
)


def identifier(text: str, taken: Iterable[str] = ()) -> str:
    """`text` as a Python name that is none of `taken`, no keyword and no word of the kit; "" if nothing is left."""
    name = re.sub(r"\W+", "_", text.casefold(), flags=re.ASCII).strip("_")
    name = re.sub(r"^[0-9_]+", "", name)[:24].strip("_")
    if not name:
        return ""
    used = set(taken)
    candidates = [name, *([f"{name}_"] if name in _RESERVED else ()), *(f"{name}{n}" for n in range(2, 100))]
    return next((each for each in candidates if each not in used and each not in _RESERVED), "")


def skill_name(template: Template, steps: Sequence[AlignedStep]) -> str:
    """Up to three telling words of the prompt, else the programs: `pod-crashing`."""
    literals = [part.casefold() for part in template.parts if isinstance(part, str)]
    telling = [word for word in literals if re.fullmatch(r"[a-z][a-z0-9-]*", word) and word not in _SMALL]
    programs = [title.split()[0].rpartition("/")[2] for title in (step.title for step in steps) if title.split()]
    words = telling[:3] or [word for word in literals if word.isalpha()][:2] + programs[:1]
    name = re.sub(r"[^a-z0-9]+", "-", "-".join(words).casefold()).strip("-")[:48].strip("-")
    return name or "workflow"


def parameter_names(template: Template, steps: Sequence[AlignedStep]) -> list[str]:
    """A name for each slot: from the option or key it is used with, else from its neighbour in the prompt."""
    names: list[str] = []
    for slot in template.slots:
        hints = [*_from_use(slot, steps), *_from_prompt(slot, template), *_from_address(slot, steps)]
        hints += ["name", "what", slot.name]
        names.append(next(name for hint in hints if (name := identifier(hint, names))))
    return names


def _from_use(slot: Slot, steps: Sequence[AlignedStep]) -> Iterable[str]:
    """What the options call the slot's value, or the key it has in an argument."""
    for step in steps:
        program = step.columns[0].values[-1].rpartition("/")[2] if step.columns else ""
        for column in step.columns:
            if column.values == slot.values:
                if column.before.startswith("--"):
                    yield column.before.removeprefix("--")
                if short := _FLAGS.get((program, column.before)):
                    yield short
                if step.form == "tool":
                    yield column.before.rpartition(".")[2]
            elif column.varies and (key := _before_value(r"([A-Za-z][\w-]*)=[\"']?", slot, column)):
                yield key


def _from_address(slot: Slot, steps: Sequence[AlignedStep]) -> Iterable[str]:
    """The collection it is taken from in a URL: `/users/alice`."""
    for step in steps:
        for column in step.columns:
            if column.varies and "://" in column.values[-1]:
                yield _before_value(r"(?<!/)/([A-Za-z][\w-]*?)s?/", slot, column)


def _before_value(pattern: str, slot: Slot, column: Column) -> str:
    """The one group that `pattern` finds just before the slot's value, in all values of the column."""
    pairs = zip(column.values, slot.values, strict=True)
    found = [re.search(rf"{pattern}{re.escape(value)}(?!\w)", text) for text, value in pairs]
    keys = {each[1] if each else "" for each in found}
    return keys.pop() if len(keys) == 1 else ""


def _from_prompt(slot: Slot, template: Template) -> Iterable[str]:
    place = template.parts.index(slot)
    after = template.parts[place + 1] if place + 1 < len(template.parts) else ""
    before = template.parts[place - 1] if place else ""
    if isinstance(after, str) and after.casefold() in _NOUNS:
        yield after
    if isinstance(before, str) and before.casefold() in _NOUNS:
        yield before
    if isinstance(before, str) and before.casefold() in ("on", "in") and slot.values[0].isalpha():
        yield "env" if set(slot.values) & {"prod", "production", "staging", "dev", "test", "qa"} else "place"


def value_name(finder: Finder, outputs: Sequence[str], taken: Iterable[str]) -> str:
    """A name for a value found in an output: its key, its column's title, the word before it."""
    hint = ""
    if isinstance(finder, JsonPath):
        keys = [part for part in finder.path if isinstance(part, str)]
        hint = "_".join(keys[-2:] if keys and keys[-1] in _RESERVED else keys[-1:]) or "item"
    elif isinstance(finder, Cell):
        titles = cells_of(outputs[-1].lstrip("\n").split("\n", 1)[0], finder.separator)
        title = r"[A-Za-z][A-Za-z_ -]+" if finder.separator else r"[A-Z][A-Z_-]+"
        if finder.column < len(titles) and re.fullmatch(title, titles[finder.column]):
            hint = titles[finder.column]
    elif isinstance(finder, Pattern):
        words = re.findall(r"[A-Za-z]{2,}", finder.expression.removeprefix(r"(?<!\w)").partition("(")[0])
        hint = words[-1] if words else ""
        found = re.search(finder.expression, outputs[-1], re.MULTILINE)
        hint = "url" if found and "://" in found[1] else hint
    return identifier(hint, taken) or identifier("value", taken)


def _of_tool(step: AlignedStep) -> Iterable[str]:
    """What a call of another tool than the shell gives: `issue` for `mcp__github__get_issue`."""
    tool = step.operations[-1].call.tool
    if step.form == "tool":
        yield re.split(r"[_\W]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", tool.rpartition("__")[2]).strip("_"))[-1]
        yield tool.rpartition("__")[2]
    elif step.form in ("read", "write", "edit"):
        yield {"read": "text", "write": "written", "edit": "edited"}[step.form]


def result_names(steps: Sequence[AlignedStep], taken: Iterable[str]) -> list[str]:
    """A name for each step's result, from its program and what it asks for: `pods`, `logs`, `status`."""
    names: list[str] = []
    used = set(taken)
    for step in steps:
        line = step.operations[-1].line
        first = [word.value or "" for word in line.commands[0].words[:3]] if line and line.commands else []
        fixed = [word for word in first if any(not c.varies and c.values[-1] == word for c in step.columns)]
        plain = [word for word in fixed if re.fullmatch(r"[./\w-]*[A-Za-z][\w-]*", word) and not word.startswith("-")]
        hints = [*(word.rpartition("/")[2] for word in reversed(plain)), *_of_tool(step), "result"]
        name = next((name for hint in hints if (name := identifier(hint, used))), f"result{len(names) + 1}")
        names.append(name)
        used.add(name)
    return names
