"""`aj ingest`: load what the hooks recorded."""

from __future__ import annotations

import click

from agentjit.cli.fresh import drained, home
from agentjit.observe.quarantine import give_back


@click.command("ingest")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--retry", is_flag=True, help="Try what was set aside once more, as after an update.")
def command(quiet: bool, retry: bool) -> None:
    """Load what the hooks recorded into the database.

    Every command that needs fresh data does this by itself.

    \b
    Example:  aj ingest
              aj ingest --retry
    """
    where = home()
    if retry:
        where.ensure()
        give_back(where)
    done = drained(where)
    if not quiet:
        aside = f", {done.quarantined} set aside (see `aj doctor`)" if done.quarantined else ""
        click.echo(f"{done.events} events loaded{aside}")
