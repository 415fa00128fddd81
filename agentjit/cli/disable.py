"""`aj disable`."""

from __future__ import annotations

import click

from agentjit.cli.complete import skill_names
from agentjit.cli.fresh import home
from agentjit.cli.state import set_state
from agentjit.skill import State


@click.command("disable")
@click.argument("name", shell_complete=skill_names)
def command(name: str) -> None:
    """Stop a skill from running; `aj enable` brings it back.

    \b
    Example:  aj disable pod-crashing
    """
    set_state(home(), name, State.DISABLED, "disabled by hand")
    click.echo(f"{name} is disabled.")
