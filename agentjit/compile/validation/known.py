"""Stage 2: every call is of an operation that the registry knows, and knows as it did when the plan was made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agentjit.compile.registry import Operation, changed, used
from agentjit.compile.validation.commands import Shell, shell_of
from agentjit.compile.validation.finding import Case, Finding, shown
from agentjit.compile.validation.names import patterns
from agentjit.compile.validation.walk import mentioned, placed
from agentjit.kit import transform
from agentjit.piece import Text
from agentjit.step import AnyCall, BashStep, ShellStep, ToolStep

_OWN_FORM = frozenset(("Bash", "Read", "Write", "Edit"))
_TOOL = re.compile(r"[A-Za-z][\w.-]{0,199}")


def findings(case: Case) -> Iterator[Finding]:
    for each in placed(case.plan):
        yield from (Finding(f"{each.where} {what}", why, mend) for what, why, mend in _call(each.step.call, case))
    for asked in case.plan.environment:
        if case.registry.question(asked.key) is None:
            why = "nobody could answer it"
            yield Finding(f"`{shown(asked.key)}` is asked of the environment", why, "compile the workflow again")
    for name in dict.fromkeys(name for piece in mentioned(case.plan) for name in getattr(piece, "by", ())):
        if not transforms(name):
            yield Finding(f"a value goes through `{shown(name)}`", "the kit has no such function", "compile it again")
    if case.plan.operations:
        for name in changed(case.plan.operations, used(operations(case))):
            yield Finding(
                f"`{shown(name)}` is not defined as it was", "the plan was made for what it was", "aj compile"
            )


def _call(call: AnyCall, case: Case) -> Iterator[tuple[str, str, str]]:
    if isinstance(call, BashStep):
        program = call.argv[0] if call.argv else ()
        if not isinstance(program, tuple) or not program or not all(isinstance(piece, Text) for piece in program):
            yield "starts no certain program", "what a step does must be known", "the program must be a constant"
    elif isinstance(call, ShellStep):
        yield from _script(shell_of(call, patterns(case.plan), case.policy.parse))
    elif isinstance(call, ToolStep):
        if call.tool in _OWN_FORM:
            why = f"{call.tool} has a form of its own, with checks of its own"
            yield f"calls {call.tool} as a foreign tool", why, "compile the workflow again"
        elif not _TOOL.fullmatch(call.tool) or case.registry.tool(call.tool) is None:
            why = "no schema and no trace says what it takes"
            yield f"calls `{shown(call.tool)}`, which nobody knows", why, "`aj tools learn` asks its server"


def _script(shell: Shell) -> Iterator[tuple[str, str, str]]:
    again = "only lists of plain commands take values"
    if not shell.line.text.strip():
        yield "is an empty script", "it calls nothing", "compile the workflow again"
    elif shell.line.opaque and shell.lost:
        yield f"cannot be taken apart ({shown(shell.line.opaque)})", "values must not go where none can see them", again
    elif any(not (each.words or each.redirects or each.assignments) for each in shell.line.commands):
        yield "has an empty command", "it calls nothing", again


def transforms(by: str) -> bool:
    """Whether the kit has the function of `Ref.by`."""
    try:
        transform.call(by)
    except ValueError:
        return False
    return True


def operations(case: Case) -> Iterable[Operation]:
    """Everything of the registry that the plan uses."""
    plan, registry = case.plan, case.registry
    kinds = patterns(plan)
    for step in plan.every_step():
        tool = registry.tool(step.call.tool)
        if tool:
            yield tool
        if isinstance(step.call, BashStep | ShellStep):
            line = shell_of(step.call, kinds, case.policy.parse).line
            for command in (*line.commands, *line.nested):
                yield from registry.program([word.value for word in command.words])
    yield from filter(None, (registry.question(asked.key) for asked in plan.environment))
