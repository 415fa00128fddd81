"""`aj why`: what would happen to a prompt."""

from __future__ import annotations

import json
import os

import click

from agentjit import entries
from agentjit.cli.fresh import home
from agentjit.cli.terminal import as_json, line, print_json
from agentjit.intercept.decide import decide
from agentjit.library import Library
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
    rows = entries.lookup(where.entries, prompt)
    decision = decide(prompt, [json.loads(row) for row in rows], cwd=os.getcwd(), mode=mode)
    reason = decision.reason
    if not decision.match and (waiting := _waiting(Library(where), prompt)):
        reason = waiting
    if as_json:
        print_json(
            {
                "matches": decision.match is not None,
                "skill": decision.skill or None,
                "arguments": decision.match.arguments if decision.match else {},
                "decision": "run" if decision.match else "pass",
                "reason": reason,
            }
        )
        return
    if not decision.match:
        click.echo(f"The model gets it: {line(reason)}.")
        return
    given = "".join(f" {key}={value}" for key, value in decision.match.arguments.items())
    click.echo(f"It runs {decision.skill}{given}: {line(reason)}.")


def _waiting(library: Library, prompt: str) -> str:
    """A skill that is not active but whose prompt this is."""
    import re

    for record in library.records():
        if record.state is not State.ACTIVE and re.fullmatch(library.plan(record.name).entry.pattern, prompt.strip()):
            return f"{record.name} fits but is {record.state}: {record.reason}"
    return ""
