"""`aj why`: what would happen to a prompt."""

from __future__ import annotations

import json
import os

import click

from agentjit import entries
from agentjit.cli.fresh import home, rechecked
from agentjit.cli.terminal import as_json, line, print_json
from agentjit.intercept.attempt import ready_of
from agentjit.intercept.decide import Decision, decide, untyped
from agentjit.intercept.match import matches
from agentjit.library import Library, entry
from agentjit.run.execute import foresee
from agentjit.skill import State


@click.command("why")
@click.argument("prompt")
@click.option("--mode", default="default", show_default=True, help="The harness's permission mode.")
@as_json
def command(prompt: str, mode: str, as_json: bool) -> None:
    """Say which skill a prompt would start in this directory, and why or why not. Runs nothing.

    \b
    Example:  aj why "is checkout healthy on prod?"
    """
    where = home()
    rechecked(where)
    rows = entries.lookup(where.entries, prompt)
    active = [json.loads(row) for row in rows]
    decision = decide(prompt, active, cwd=os.getcwd(), mode=mode)
    if decision.match:
        ready = ready_of(where, decision.match.entry)
        obstacle = foresee(ready, decision.match.arguments, cwd=os.getcwd(), env=os.environ, mode=mode)
        decision = decision._replace(reason=obstacle or decision.reason, match=None if obstacle else decision.match)
    elif waiting := _waiting(Library(where), prompt, mode, alone=not matches(active, prompt)):
        decision = waiting
    if as_json:
        print_json(
            {
                "matches": decision.match is not None,
                "skill": decision.skill or None,
                "arguments": decision.match.arguments if decision.match else {},
                "decision": "run" if decision.match else "pass",
                "reason": decision.reason,
            }
        )
    elif decision.match:
        given = "".join(f" {key}={value}" for key, value in decision.match.arguments.items())
        click.echo(f"It runs {decision.skill}{given}: {line(decision.reason)}.")
    else:
        click.echo(f"The model gets it: {line(decision.reason)}.")


def _waiting(library: Library, prompt: str, mode: str, *, alone: bool) -> Decision | None:
    """The skill that would be meant if it were active, and why it is not; None if there is none.

    `alone`: it is no active skill's prompt, so one that would not run here even then is named all the same.
    """
    others = [record for record in library.records() if record.state is not State.ACTIVE]
    plans = [(record, library.plan(record.name)) for record in others]
    rows = [
        {**entry(record, plan, phrasing), "approved": True}
        for record, plan in plans
        for phrasing in (plan.entry, *plan.also)
    ]
    meant = decide(prompt, rows, cwd=os.getcwd(), mode=mode)
    if meant.match is None and not (alone and not untyped(prompt) and matches(rows, prompt)):
        return None
    record = library.record(meant.skill)
    besides = "" if meant.match else f"; and {meant.reason}"
    return Decision(None, meant.skill, f"{meant.skill} fits but is {record.state}: {record.reason}{besides}")
