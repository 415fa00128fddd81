"""`aj import`: backfill from transcripts."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from agentjit.cli.fresh import home
from agentjit.cli.terminal import as_json, bar, counted, line, note, print_json, safe
from agentjit.errors import BadInput
from agentjit.observe.importer import READERS, Imported, import_paths
from agentjit.observe.reader import HEAD, opened

STOPPED = 130  # the exit status of what Ctrl-C ended
_NAMED = 5  # files that are no transcripts
_NAMES = {
    "claude-code": "Claude Code",
    "codex": "Codex",
    "copilot-cli": "Copilot CLI",
    "gemini-cli": "Gemini CLI",
    "opencode": "OpenCode",
}
_ANY = f"{', '.join(list(_NAMES.values())[:-1])} or {list(_NAMES.values())[-1]}"


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
    with _stoppable() as stop, bar("importing") as progress:
        done = import_paths(where, list(paths), os.environ, progress=progress, stop=stop)
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        for each in _told(done, verbose):
            click.echo(each)
        if not paths and not _any(done):
            click.echo(f"No transcripts were found. They appear once {_ANY} has been used.")
    useless = _useless(paths) if done.foreign else []
    if useless:
        note(f"aj: no transcripts of {_ANY}, or not to be read: {_listed(useless)}")
    if done.left:
        note(f"aj: stopped with {done.left} left to read; what was read is kept, and the next `aj import` goes on")
        sys.exit(STOPPED)
    if useless and not _any(done):
        sys.exit(BadInput.exit_code)


def _any(done: Imported) -> bool:
    """Whether something is, or may be, a transcript."""
    return bool(done.files or done.unchanged or done.left)


def _useless(paths: Sequence[Path]) -> list[Path]:
    """Of what was given the files that no reader knows, or that cannot be opened."""
    return [path for path in paths if not path.is_dir() and not _known(os.path.abspath(path))]


def _known(path: str) -> bool:
    if any(reader.sources(path) is not None for reader in READERS):
        return True
    try:
        with opened(path) as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return any(reader.knows(head) for reader in READERS)


def _listed(paths: Sequence[Path]) -> str:
    more = len(paths) - _NAMED
    return line(", ".join(map(str, paths[:_NAMED])) + (f", and {more} more" if more > 0 else ""))


def _told(done: Imported, verbose: bool) -> Iterator[str]:
    """What was found, in plain words."""
    unchanged = f", {done.unchanged} unchanged" if done.unchanged else ""
    skipped = f", {counted(done.skipped_lines, 'line')} that cannot be read skipped" if done.skipped_lines else ""
    found = ", ".join(f"{many} {_NAMES.get(name, name)}" for name, many in _most(done.harnesses))
    whose = f" ({found})" if found else ""
    out = f", {done.kept_out} of them kept out (forgotten, or of excluded folders)" if done.kept_out else ""
    files, records = counted(done.files, "transcript"), counted(done.records, "record")
    yield f"{files} imported{whose}{unchanged}: {records}{out}{skipped}"
    if verbose:
        yield f"{counted(done.unanswered, 'call')} without a result"
        yield f"{counted(done.foreign, 'file')} of other programs, or that cannot be read"
        yield from (f"  {safe(path)}" for path in done.unread)
        yield from (f"{safe(path)}: {counted(many, 'line')} that cannot be read" for path, many in _most(done.broken))
        for kind, many in _most(done.unknown):
            yield f"{counted(many, 'line')} of kind {safe(kind)} {'says' if many == 1 else 'say'} nothing about calls"


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
