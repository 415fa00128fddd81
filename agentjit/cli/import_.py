"""`aj import`: backfill from transcripts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agentjit.cli.fresh import home
from agentjit.errors import BadInput
from agentjit.observe.importer import import_paths


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def command(paths: tuple[Path, ...]) -> None:
    """Load past sessions from transcripts: files or folders, by default those Claude Code keeps.

    Only what changed since the last import is read, and no call is counted twice.

    \b
    Example:  aj import
              aj import ~/old-transcripts/
    """
    for path in paths:
        if not path.exists():
            raise BadInput(f"{path} does not exist; give a transcript or a folder of them")
    where = home()
    where.ensure()
    bar = Progress(
        TextColumn("importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task("")
        done = import_paths(
            where,
            list(paths),
            os.environ,
            progress=lambda count, total: bar.update(task, completed=count, total=total),
        )
    unchanged = f", {done.unchanged} unchanged" if done.unchanged else ""
    skipped = f", {done.skipped_lines} lines of other kinds skipped" if done.skipped_lines else ""
    click.echo(f"{done.files} transcripts imported{unchanged}: {done.records} records{skipped}")
    if not done.files and not done.unchanged:
        click.echo("No transcripts were found. They appear under ~/.claude/projects once Claude Code has been used.")
