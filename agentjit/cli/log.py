"""`aj log`: what was decided, and how it went."""

from __future__ import annotations

import click

from agentjit.cli.fresh import home, try_drained
from agentjit.cli.terminal import as_json, iso, local, print_json, print_table
from agentjit.store import Store


@click.command("log")
@click.option("-n", "count", type=click.IntRange(min=1), default=50, show_default=True, help="How many, newest first.")
@click.option("--skill", metavar="NAME", help="Only decisions about this skill.")
@as_json
def command(count: int, skill: str | None, as_json: bool) -> None:
    """Show every decision about a prompt, yes and no alike, newest first.

    \b
    Example:  aj log -n 10
    """
    where = home()
    try_drained(where)
    with Store.open(where, write=False) as store:
        decisions = store.decisions(limit=count, skill=skill)
    if as_json:
        print_json(
            [
                {
                    "time": iso(each.at),
                    "session": each.session,
                    "decision": each.decision,
                    "skill": each.skill or None,
                    "reason": each.reason,
                    "outcome": each.outcome or None,
                    "seconds": each.seconds,
                    "arguments": dict(each.arguments),
                    "steps": [
                        {"text": step.text, "exit_code": step.exit_code, "seconds": step.seconds} for step in each.steps
                    ],
                }
                for each in decisions
            ]
        )
    elif decisions:
        rows = [(local(d.at), d.decision, d.skill or "-", d.outcome or "-", d.reason) for d in decisions]
        print_table(("Time", "Decision", "Skill", "Outcome", "Reason"), rows)
    else:
        click.echo("No prompt was seen yet. `aj doctor` checks that the hooks are wired.")
