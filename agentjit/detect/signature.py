"""Signatures: a tool call with its values masked, so that calls of one kind look the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from agentjit.detect.catalogue import Catalogue, built_in
from agentjit.detect.effects import SHELL_TOOL, effect_of_call
from agentjit.detect.shell import parse
from agentjit.hotspot import Command, Line, Operation, Redirect, Word
from agentjit.trace import ToolCall

_BOOKKEEPING = frozenset(
    (
        *("TodoWrite", "TodoRead", "ToolSearch", "EnterPlanMode", "ExitPlanMode", "TaskCreate", "TaskGet", "TaskList"),
        *("TaskUpdate", "TaskOutput", "TaskStop", "update_plan", "write_todos", "todowrite", "todoread"),
    )
)
_OPAQUE_SHOWN = 120
_GLUED = re.compile(r"(-[A-Za-z])([0-9].*|[^A-Za-z0-9-].*)", re.DOTALL)
_STREAM = re.compile(r"/dev/(?:null|stdout|stderr)|[0-9]+|-")


def is_bookkeeping(tool: str) -> bool:
    """Whether `tool` only keeps the agent's own lists in order: such calls are no part of a workflow."""
    return tool in _BOOKKEEPING


def operation(call: ToolCall, catalogue: Catalogue | None = None) -> Operation:
    """`call` read for what it does: parsed (Bash), masked, its effect judged in its working directory."""
    command = call.input.get("command")
    line = parse(command) if call.tool == SHELL_TOOL and isinstance(command, str) else None
    effect = effect_of_call(call.tool, call.input, line, cwd=call.cwd, catalogue=catalogue)
    return Operation(call, signature(call, line, catalogue), effect, line)


def signature(call: ToolCall, line: Line | None, catalogue: Catalogue | None = None) -> str:
    """`kubectl logs <arg> -n <arg>` for a Bash call, `Read file_path` for any other.

    Kept are programs (without their folder), subcommands, names of flags and connectors; values become `<arg>`, words
    that only a shell can expand `<expr>`. An opaque line is its own signature, cut and numbered where it is long.
    """
    if line is None:
        return " ".join((call.tool, *sorted(map(str, call.input))))
    if line.opaque:
        return _opaque(line.text.strip())
    masked = [_command(command, catalogue or built_in()) for command in line.commands]
    connectors = [_connector(connector) for connector in line.connectors]
    pieces = [piece for pair in zip(masked, [*connectors, ""], strict=True) for piece in pair] if masked else []
    return "".join(pieces)


def _opaque(text: str) -> str:
    flat = " ".join(text.split())
    if len(flat) <= _OPAQUE_SHOWN and flat == text:
        return flat
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{flat[:_OPAQUE_SHOWN]} #{digest}"


def _connector(connector: str) -> str:
    return "; " if connector in (";", "\n") else f" {connector} "


def _command(command: Command, catalogue: Catalogue) -> str:
    masked = [f"{raw.partition('=')[0]}=<arg>" for raw in command.assignments]
    masked += _words(command.words, catalogue)
    masked += [_redirect(redirect) for redirect in command.redirects]
    return " ".join(masked)


def _redirect(redirect: Redirect) -> str:
    target = redirect.target
    if target is None:
        return f"{redirect.operator} <arg>"
    if target.value is not None and _STREAM.fullmatch(target.value):
        return f"{redirect.operator}{target.value}"
    return f"{redirect.operator} {'<expr>' if target.value is None else '<arg>'}"


def _words(words: Sequence[Word], catalogue: Catalogue) -> list[str]:
    """A program and its words, masked; what a wrapper such as `timeout 5` runs is masked as a program again."""
    if not words:
        return []
    name = words[0].value
    program = "<expr>" if name is None else name.rpartition("/")[2] or name
    rule = catalogue.programs.get(program)
    if rule is not None and rule.runs is not None:
        return [program, *_wrapper(words[1:], rule.runs, frozenset(rule.values), catalogue)]
    values = rule.values if rule else frozenset[str]()
    return [program, *_arguments(words[1:], program, catalogue.levels.get(program, 0), values, catalogue)]


def _wrapper(words: Sequence[Word], skip: int, values: frozenset[str], catalogue: Catalogue) -> list[str]:
    masked: list[str] = []
    at = 0
    while at < len(words):
        text = words[at].value
        if text is not None and len(text) > 1 and text.startswith("-"):
            masked.append(_flag(text))
            at += 1
            if text in values and at < len(words):
                masked.append(_value(words[at]))
                at += 1
        elif text is not None and re.match(r"[A-Za-z_]\w*=", text):
            masked.append(f"{text.partition('=')[0]}=<arg>")
            at += 1
        elif skip:
            skip -= 1
            masked.append(_value(words[at]))
            at += 1
        else:
            break
    return [*masked, *_words(words[at:], catalogue)]


def _arguments(
    words: Sequence[Word], program: str, level: int, values: frozenset[str], catalogue: Catalogue
) -> list[str]:
    """`words` masked, the first `level` operands kept; flags in `values` have the next word, so that is no operand."""
    masked: list[str] = []
    names = program
    pending = False
    only_operands = False
    for word in words:
        text = word.value
        if pending or text is None or only_operands:
            masked.append(_value(word))
            pending = False
        elif text == "--":
            masked.append(text)
            only_operands, level = True, 0
        elif text.startswith("-"):
            masked.append(_flag(text))
            pending = level > 0 and text in values
        elif level > 0 and re.fullmatch(r"[A-Za-z][\w:.-]*", text):
            masked.append(text)
            names = f"{names}-{text}"
            level = level - 1 + catalogue.levels.get(names, 0)
        else:
            masked.append(_value(word))
            level = 0
    return masked


def _value(word: Word) -> str:
    if word.value is not None:
        return "<arg>"
    long = re.match(r"--[A-Za-z][\w-]*=", word.raw)
    return f"{long[0]}<expr>" if long else "<expr>"


def _flag(text: str) -> str:
    name, equals, _ = text.partition("=")
    if equals:
        return f"{name}=<arg>"
    if re.fullmatch(r"-[0-9]+", text):
        return "-<arg>"
    glued = None if text.startswith("--") else _GLUED.fullmatch(text)
    return f"{glued[1]}<arg>" if glued else text
