"""`aj approve`: a person says yes to exactly this program."""

from __future__ import annotations

import difflib
import sys
import time

import click

from agentjit.cli.complete import skill_names
from agentjit.cli.fresh import home, rechecked
from agentjit.cli.terminal import console, line, safe
from agentjit.compile.phrase import plan_phrases
from agentjit.errors import BadInput
from agentjit.library import Library, Record
from agentjit.publishing import activation
from agentjit.run.load import read_checked
from agentjit.skill import Plan, State


@click.command("approve")
@click.argument("name", shell_complete=skill_names)
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(name: str, yes: bool) -> None:
    """Allow a skill to run although it does more than read (or before it has proved itself).

    Shows the program, or its difference to the version approved last; the approval is for exactly that content.

    \b
    Example:  aj approve run-checks
    """
    library = Library(home())
    rechecked(library.home)
    record = library.record(name)
    if record.stale:
        raise BadInput(f"{name} cannot be approved as it is: {record.stale}")
    program = read_checked(library.folder(name), record.hash)
    plan = library.plan(name)
    if record.is_approved and record.state is State.ACTIVE:
        click.echo(f"{name} is approved and active already.")
        return
    _show(record, plan, program, library.approved_program(record))
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput(f"nothing was approved: say yes with `aj approve {name} --yes`")
        click.confirm(f"Let {name} run when its prompt is typed?", abort=True)
    now = time.time()
    with library.changing() as records:
        current = records[name]
        if current.hash != record.hash:
            raise BadInput(f"{name} was recompiled while you read it; look again")
        approved = current.model_copy(
            update={"approved": record.hash, "approved_version": record.version, "state": State.CANDIDATE}
        )
        state, reason = activation(approved, plan.effects)
        records[name] = approved.model_copy(update={"state": state, "reason": reason, "changed_at": now})
    click.echo(f"{name} is active.")


def _show(record: Record, plan: Plan, program: str, before: str) -> None:
    out = console()
    out.print(f"{record.name}: {line(plan.entry.prompt)}", style="bold")
    for phrase in plan_phrases(plan):
        out.print(f"  {phrase.effect:16} {'  ' * phrase.depth}{line(phrase.line)}")
    out.print()
    if before and before != program:
        out.print(f"Changed since version {record.approved_version} was approved:", style="bold")
        diff = difflib.unified_diff(before.splitlines(), program.splitlines(), "approved", "now", lineterm="")
        out.print(safe("\n".join(diff)))
    else:
        out.print(safe(program))
