"""Names taken from the workflow: of the skill, its parameters and the values it passes on."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Sequence

from agentjit import kit
from agentjit.compile.align import AlignedStep, Column
from agentjit.hotspot import Slot, Template
from agentjit.kit.promises import cells_of
from agentjit.piece import Cell, Finder, JsonPath, LineAt, Pattern, Whole

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


class Names:
    """Names for the values of a skill: as `value_name` says, and never what its function is called."""

    def __init__(self, skill: str) -> None:
        self.own = identifier(skill)

    def __call__(self, finder: Finder, outputs: Sequence[str], taken: Iterable[str], about: str) -> str:
        """The name of a value, unlike any that is `taken`."""
        name = value_name(finder, outputs, taken, about)
        return name if name != self.own else identifier(f"found_{name}", taken)


def value_name(finder: Finder, outputs: Sequence[str], taken: Iterable[str], about: str = "") -> str:
    """A name for a value found in an output: its key, its column's title, the word before it; where none of these says
    anything, what the output is `about`.
    """
    hint = ""
    if isinstance(finder, Whole | LineAt):
        found = kit.whole() if isinstance(finder, Whole) else kit.line(finder.number)
        hint = about if not any(map(str.isspace, "".join(found(outputs[-1])))) else ""
    elif isinstance(finder, JsonPath):
        keys = [part for part in finder.path if isinstance(part, str)]
        hint = "_".join(keys[-2:] if keys and keys[-1] in _RESERVED else keys[-1:]) or "item"
    elif isinstance(finder, Cell):
        titles = cells_of(outputs[-1].lstrip("\n").split("\n", 1)[0], finder.separator)
        title = r"[A-Za-z][A-Za-z_ -]+" if finder.separator else r"[A-Z][A-Z_-]+"
        if finder.column < len(titles) and re.fullmatch(title, titles[finder.column]):
            hint = titles[finder.column]
        if about and (hint.casefold() in ("name", "names") or (not hint and finder.column == 0 and about != "path")):
            hint = about
    elif isinstance(finder, Pattern):
        words = re.findall(r"[A-Za-z]{2,}", finder.expression.removeprefix(r"(?<!\w)").partition("(")[0])
        hint = words[-1] if words else ""
        match = re.search(finder.expression, outputs[-1], re.MULTILINE)
        hint = "url" if match and "://" in match[1] else hint
    return identifier(hint, taken) or identifier("value", taken)


def _of_tool(step: AlignedStep) -> Iterable[str]:
    """What a call of another tool than the shell gives: `issue` for `mcp__github__get_issue`."""
    tool = step.operations[-1].call.tool
    if step.form == "tool":
        yield re.split(r"[_\W]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", tool.rpartition("__")[2]).strip("_"))[-1]
        yield tool.rpartition("__")[2]
    elif step.form in ("read", "write", "edit"):
        yield {"read": "text", "write": "written", "edit": "edited"}[step.form]


def listed_names(finder: Finder, outputs: Sequence[str], items: Sequence[str], about: str) -> Iterable[str]:
    """Names for a list found in an output, whose step's result has the plural of what it is `about`."""
    if isinstance(finder, JsonPath | Cell) and (name := value_name(finder, outputs, ())) not in ("value", "item"):
        yield name if name.endswith("s") else f"{name}s"
    files = [bool(re.search(r"^\.{0,2}/|\.[A-Za-z]\w{0,4}$", item)) for item in items]
    if any(files) if about == "path" else all(files) and not about:
        yield "paths"
    yield "names" if about not in ("", "path") else "items"


def singular(noun: str) -> str:
    """`pod` for `pods`, `entry` for `entries`, `status` as it is."""
    if re.search(r"(?:ss|us|is)$", noun):
        return noun
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    return noun[:-2] if re.search(r"(?:ss|sh|ch|x)es$", noun) else noun.removesuffix("s")


def plural(noun: str) -> str:
    """`pods` for `pod`, `policies` for `policy`."""
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search(r"(?:s|sh|ch|x)$", noun) else f"{noun}s"


_LISTED = {
    "docker ps": "container",
    "podman ps": "container",
    "git branch": "branch",
    "git diff --name-only": "path",
    "git log": "commit",
    "git ls-files": "path",
    "git status": "path",
    "git tag": "tag",
    "helm list": "release",
    "helm ls": "release",
    "ls": "path",
    "find": "path",
}
_SHORT = {"deploy": "deployment", "ing": "ingress", "no": "node", "ns": "namespace", "po": "pod", "svc": "service"}


def subject(step: AlignedStep) -> str:
    """What the output of a step lists, or the stem of the one file it shows; "" if that is not known.

    `pod` for `kubectl get pods`, `pr` for `gh pr list`, `version` for `cat VERSION`.
    """
    words = _fixed(step)
    for size in (3, 2, 1):
        if len(words) >= size and (noun := _LISTED.get(" ".join(words[:size]))):
            return noun
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word == "get" and re.fullmatch(r"[a-z]{2,}", after) and words[0] in ("kubectl", "oc"):
            return _SHORT.get(after, singular(after))
        if (
            word in ("list", "ls")
            and before != words[0]
            and before not in _ASKING
            and re.fullmatch(r"[a-z]{2,}", before)
        ):
            return singular(before)
    return _stem(step) if step.form == "read" or (words[:1] == ["cat"] and len(step.columns) == 2) else ""


def _stem(step: AlignedStep) -> str:
    """`version` for VERSION, if it is the same file of whatever folder in all occurrences."""
    column = next((each for each in step.columns if each.before == "file_path"), step.columns[-1])
    files = {value.rpartition("/")[2] for value in column.values}
    stem = files.pop().split(".")[0] if len(files) == 1 else ""
    return stem.casefold() if re.fullmatch(r"[A-Za-z]\w+", stem) else ""


def _fixed(step: AlignedStep) -> list[str]:
    """The words of a step's first command that are the same in all occurrences."""
    line = step.operations[-1].line
    words = [word.value or "" for word in line.commands[0].words] if line and line.commands else []
    return [word for word in words if any(not c.varies and c.values[-1] == word for c in step.columns)]


_SUBCOMMANDS = frozenset("apt brew cargo docker gh git helm kubectl npm oc pip podman systemctl terraform".split())
_ASKING = frozenset("api config describe exec get list ls rollout run show view".split())
"""Subcommands that say less than what follows them."""


def result_names(steps: Sequence[AlignedStep], taken: Iterable[str], own: str = "") -> list[str]:
    """A name for each step's result, from its program and what it asks for: `pods`, `logs`, `status`; what it does
    before what it does it to. `own` is the function's name.
    """
    names: list[str] = []
    values = {*taken, own}
    for step in steps:
        hints = [hint for each in _hints(step) if (hint := identifier(each))]
        free = [hint for hint in hints if hint not in values] or [*(f"{hint}_result" for hint in hints), "result"]
        names.append(next(name for hint in (*free, "result") if (name := identifier(hint, {*values, *names}))))
    return names


def _hints(step: AlignedStep) -> Iterable[str]:
    line = step.operations[-1].line
    first = [word.value or "" for word in line.commands[0].words[:3]] if line and line.commands else []
    fixed = [word for word in first if word in _fixed(step)]
    plain = [word for word in fixed if re.fullmatch(r"[./\w-]*[A-Za-z][\w-]*", word) and not word.startswith("-")]
    if first and first[0] in _SUBCOMMANDS:
        if {"get", "list", "ls"} & set(_fixed(step)) and (noun := subject(step)):
            yield plural(noun)
        if len(plain) > 1 and plain[1] == first[1] and plain[1] not in _ASKING:
            yield plain[1]
    yield from (word.rpartition("/")[2] for word in reversed(plain))
    yield from _of_tool(step)
