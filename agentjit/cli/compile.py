"""`aj compile`: drain, detect, compile, publish."""

from __future__ import annotations

import os
import time
from collections import Counter

import click

from agentjit import config, forget
from agentjit.cli.fresh import drained, home
from agentjit.cli.terminal import counted, line, status
from agentjit.data import folder
from agentjit.errors import BadInput
from agentjit.library import Library
from agentjit.pipeline import compile_all, compiling


@click.command("compile")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--restore", metavar="NAME", help="Let a removed skill be compiled again.")
def command(quiet: bool, restore: str | None) -> None:
    """Find recurring workflows and compile them into skills.

    This happens by itself at the end of every session.

    \b
    Example:  aj compile
              aj compile --restore pod-crashing
    """
    where = home()
    where.ensure()
    with compiling(where) as free:
        if not free:
            if not quiet:
                click.echo("Another aj is compiling; nothing to do.")
            return
        drained(where)
        if restore:
            _restore(Library(where), restore)
        with status("compiling"):
            done = compile_all(where, str(folder("skills_templates")), now=time.time())
        now = time.time()
        if forget.due(where, now):
            with status("removing what is too old"):
                expired = forget.expire(where, config.load(where, os.environ), now=now)
            if expired.sessions and not quiet:
                days = config.load(where, os.environ).days
                gone = counted(expired.sessions, "session")
                click.echo(f"{gone} expired (older than {days} days, or too much for the limit)")
    if quiet:
        return
    library = Library(where)
    for name, what in sorted(done.happened.items()):
        record = library.record(name)
        if what != "unchanged":
            click.echo(f"{what:11} {name}  {record.state}: {record.reason}")
    for record in library.records():
        if record.stale and record.name not in done.happened:
            click.echo(f"stale       {record.name}: {line(record.stale)}")
    for name in done.retired:
        click.echo(f"retired     {name}: {library.record(name).reason}")
    counts = Counter(done.happened.values())
    covered = sum(bool(study.into) for study in done.studies)
    left = sum(study.plan is None for study in done.studies) - covered
    found = counted(len(done.studies), "hotspot")
    parts = [f"{counts['recompiled']} recompiled", f"{counts['unchanged']} unchanged"]
    parts += [f"{covered} covered by another skill"] if covered else []
    why = " (`aj hotspots` says why)" if left else ""
    click.echo(f"{found}: {counted(counts['new'], 'new skill')}, {', '.join(parts)}, {left} not compiled{why}")


def _restore(library: Library, name: str) -> None:
    with library.changing() as records:
        record = records.get(name)
        if record is None or not record.removed:
            raise BadInput(f"no removed skill is called {line(name)!r}")
        del records[name]
