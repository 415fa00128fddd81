"""`aj ingest`: load what the hooks recorded."""

from __future__ import annotations

import click

from agentjit.cli.fresh import drained, home


@click.command("ingest")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def command(quiet: bool) -> None:
    """Load what the hooks recorded into the database.

    Every command that needs fresh data does this by itself.

    \b
    Example:  aj ingest
    """
    done = drained(home())
    if not quiet:
        aside = f", {done.quarantined} set aside (see `aj doctor`)" if done.quarantined else ""
        click.echo(f"{done.events} events loaded{aside}")
