"""`aj list`: the skills there are."""

from __future__ import annotations

import click

from agentjit.cli.fresh import home, rechecked, try_drained
from agentjit.cli.skills import Shown, shown
from agentjit.cli.terminal import as_json, local, print_json, print_table


@click.command("list")
@as_json
def command(as_json: bool) -> None:
    """List the compiled skills: state, prompt, effects, runs.

    \b
    Example:  aj list
              aj list --json | jq '.[] | select(.state == "active").name'
    """
    where = home()
    try_drained(where)
    rechecked(where)
    skills = shown(where)
    if as_json:
        print_json([skill.as_json() for skill in skills])
    elif skills:
        titles = ("Skill", "State", "Prompt", "Effects", "Ending", "Runs", "Last used")
        print_table(titles, map(_row, skills), whole=(1, 3), spare=(4, 5, 6))
        if waiting := [skill for skill in skills if "aj approve" in skill.record.reason]:
            click.echo(f"\n{len(waiting)} wait for approval; next: aj approve {waiting[0].record.name}")
    else:
        click.echo("No skills yet. `aj hotspots` shows what recurs and what keeps it from being compiled.")


def _row(skill: Shown) -> tuple[str, ...]:
    plan = skill.plan
    runs = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in skill.runs.items())
    return (
        skill.record.name,
        skill.record.state,
        plan.entry.prompt if plan else "(damaged: aj compile makes it anew)",
        plan.effects if plan else "",
        ("by branch" if plan.fork else plan.ending) if plan else "",
        runs or "none",
        local(skill.last_used),
    )
