"""`aj remove`."""

from __future__ import annotations

import click

from agentjit.cli.complete import skill_names
from agentjit.cli.fresh import home
from agentjit.cli.state import remove
from agentjit.library import Library


@click.command("remove")
@click.argument("name", shell_complete=skill_names)
def command(name: str) -> None:
    """Delete a skill. It is not compiled again unless `aj compile --restore NAME` asks for it.

    \b
    Example:  aj remove pod-crashing
    """
    where = home()
    Library(where).record(name)
    remove(where, [name])
    click.echo(f"{name} is removed; `aj compile --restore {name}` brings it back.")
