"""`aj import`: backfill from transcripts."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agentjit.cli.fresh import home
from agentjit.cli.terminal import as_json, note, print_json, safe
from agentjit.errors import BadInput
from agentjit.observe.importer import Imported, import_paths

STOPPED = 130  # the exit status of what Ctrl-C ended
_NAMES = {
    "claude-code": "Claude Code",
    "codex": "Codex",
    "copilot-cli": "Copilot CLI",
    "gemini-cli": "Gemini CLI",
    "opencode": "OpenCode",
}


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("-v", "--verbose", is_flag=True, help="Say what was skipped, kind by kind.")
@as_json
def command(paths: tuple[Path, ...], verbose: bool, as_json: bool) -> None:
    """Load past sessions from what your agents keep: files or folders, by default those of every agent found.

    Only what changed since the last import is read, and no call is counted twice. Ctrl-C keeps what is complete.

    \b
    Example:  aj import
              aj import ~/old-transcripts/
    """
    for path in paths:
        if not os.path.lexists(path):
            raise BadInput(f"{path} does not exist; give a transcript or a folder of them")
    where = home()
    where.ensure()
    with _stoppable() as stop, _bar() as progress:
        done = import_paths(where, list(paths), os.environ, progress=progress, stop=stop)
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        for line in _told(done, verbose):
            click.echo(line)
    if done.left:
        note(f"aj: stopped with {done.left} left to read; what was read is kept, and the next `aj import` goes on")
        sys.exit(STOPPED)


def _told(done: Imported, verbose: bool) -> Iterator[str]:
    """What was found, in plain words."""
    unchanged = f", {done.unchanged} unchanged" if done.unchanged else ""
    skipped = f", {done.skipped_lines} lines that cannot be read skipped" if done.skipped_lines else ""
    found = ", ".join(f"{many} {_NAMES.get(name, name)}" for name, many in _most(done.harnesses))
    whose = f" ({found})" if found else ""
    out = f", {done.kept_out} of them kept out (forgotten, or of excluded folders)" if done.kept_out else ""
    yield f"{done.files} transcripts imported{whose}{unchanged}: {done.records} records{out}{skipped}"
    if verbose:
        yield f"{done.unanswered} calls without a result"
        yield f"{done.foreign} files of other programs, or that cannot be read"
        for kind, many in _most(done.unknown):
            yield f"{many} lines of kind {safe(kind)} say nothing about calls"
    if not done.files and not done.unchanged and not done.left:
        yield "No transcripts were found. They appear once Claude Code, Codex, Gemini CLI or OpenCode has been used."


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """While it lasts, the first Ctrl-C only asks to stop; the second ends the program as always."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    except KeyboardInterrupt:
        note("aj: stopped; what was loaded until now is kept, and the next `aj import` goes on")
        sys.exit(STOPPED)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar with the time that is left, on a terminal only."""
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
        yield lambda count, total: bar.update(task, completed=count, total=total)
