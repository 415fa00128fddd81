"""`aj enable`."""

from __future__ import annotations

import click

from agentjit.cli.complete import skill_names
from agentjit.cli.fresh import home
from agentjit.cli.state import reconsider


@click.command("enable")
@click.argument("name", shell_complete=skill_names)
def command(name: str) -> None:
    """Let a disabled or retired skill run again, if its evidence or your approval allows it.

    \b
    Example:  aj enable pod-crashing
    """
    record = reconsider(home(), name)
    click.echo(f"{name} is {record.state}: {record.reason}")
