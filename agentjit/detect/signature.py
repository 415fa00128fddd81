"""Operations and their signatures: a tool call read for what it does, its values masked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from agentjit.detect.catalogue import Catalogue, built_in
from agentjit.detect.effects import SHELL_TOOL, effect_of, effect_of_call
from agentjit.detect.operations import mask
from agentjit.detect.operations.actions import actions_of_line
from agentjit.detect.operations.cosmetics import Cosmetics
from agentjit.detect.operations.cosmetics import built_in as built_in_cosmetics
from agentjit.detect.operations.tools import action_of_tool, distinguishing
from agentjit.detect.shell import parse
from agentjit.hotspot import Action, Line, Operation
from agentjit.trace import Effect, ToolCall

_BOOKKEEPING = frozenset(
    (
        *("TodoWrite", "TodoRead", "ToolSearch", "EnterPlanMode", "ExitPlanMode", "TaskCreate", "TaskGet", "TaskList"),
        *("TaskUpdate", "TaskOutput", "TaskStop", "update_plan", "write_todos", "todowrite", "todoread"),
    )
)
_REMEMBERED = 16_384  # lines, of at most so many characters each
_LONGEST = 2_048

Reading = tuple[str, Effect, Line, tuple[Action, ...], str]
"""What an operation knows of its line: signature, effect, the line, its actions, its way."""


def is_bookkeeping(tool: str) -> bool:
    """Whether `tool` only keeps the agent's own lists in order: such calls are no part of a workflow."""
    return tool in _BOOKKEEPING


def operation(
    call: ToolCall,
    catalogue: Catalogue | None = None,
    cosmetics: Cosmetics | None = None,
    learned: Mapping[str, Effect] | None = None,
) -> Operation:
    """`call` read for what it does: parsed (Bash), masked, its effect judged in its working directory.

    `catalogue` and `cosmetics` are the built-in ones unless given; `learned` are effects of tools that the catalogue
    does not have. Never raises.
    """
    command = call.input.get("command")
    if call.tool == SHELL_TOOL and isinstance(command, str):
        more = distinguishing(call, cosmetics or built_in_cosmetics())
        background = bool(call.input.get("run_in_background"))
        if catalogue is None and cosmetics is None and len(command) <= _LONGEST:
            return Operation(call, *_remembered(command, call.cwd, background, more))
        data = (catalogue or built_in(), cosmetics or built_in_cosmetics())
        return Operation(call, *_read(command, call.cwd, background, more, *data))
    catalogue, cosmetics = catalogue or built_in(), cosmetics or built_in_cosmetics()
    if learned and call.tool in learned and call.tool not in catalogue.tools:
        effect = learned[call.tool]
    else:
        effect = effect_of_call(call.tool, call.input, None, cwd=call.cwd, catalogue=catalogue)
    return Operation(call, signature(call, None), effect, None, (action_of_tool(call, effect, cosmetics),))


def signature(call: ToolCall, line: Line | None, catalogue: Catalogue | None = None) -> str:
    """`kubectl logs <arg> -n <arg>` for a Bash call, `Read file_path` for any other.

    Kept are programs (without their folder), subcommands, names of flags and connectors; values become `<arg>`, words
    that only a shell can expand `<expr>`. An opaque line is its own signature, cut and numbered where it is long.
    """
    return _of_keys(call.tool, call.input) if line is None else mask.line(line, catalogue or built_in())


def _of_keys(tool: str, input: Mapping[str, Any]) -> str:
    return " ".join((tool, *sorted(map(str, input))))


@lru_cache(maxsize=_REMEMBERED)
def _remembered(text: str, cwd: str, background: bool, more: str) -> Reading:
    return _read(text, cwd, background, more, built_in(), built_in_cosmetics())


def _read(text: str, cwd: str, background: bool, more: str, catalogue: Catalogue, cosmetics: Cosmetics) -> Reading:
    line = parse(text)
    effect = Effect.UNKNOWN if background else effect_of(line, cwd=cwd, catalogue=catalogue)
    masked = mask.line(line, catalogue)
    found = actions_of_line(
        line,
        cwd=cwd,
        effect=effect,
        signature=masked,
        background=background,
        more=more,
        catalogue=catalogue,
        cosmetics=cosmetics,
    )
    bare = line.neutral(cwd)
    return masked, effect, line, found, "" if bare is line else mask.line(bare, catalogue)
