"""`aj ingest`: load what the hooks recorded."""

from __future__ import annotations

import click

from agentjit.cli.fresh import drained, home
from agentjit.cli.terminal import counted
from agentjit.observe.quarantine import aside, give_back


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
        # After a retry what counts is what is left there: some of it never was an event, and was not tried.
        count, how = (len(aside(where)), "still set aside") if retry else (done.quarantined, "set aside")
        rest = f", {count} {how} (see `aj doctor`)" if count else ""
        click.echo(f"{counted(done.events, 'event')} loaded{rest}")
