"""What commands print: tables and colour on a terminal, plain text in a pipe, JSON when asked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


_NARROW = 80  # columns: a terminal with fewer has no room for all of a table


def print_json(value: object) -> None:
    """One JSON document on stdout; lone surrogates are escaped."""
    click.echo(json.dumps(value, indent=2))


def console() -> Console:
    """The terminal: no colour in a pipe or with NO_COLOR, no markup (text from traces is text)."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def coloured(text: str, colour: str) -> str:
    """Text in a colour, on a terminal that shall have any: as rich has it, none with NO_COLOR or a dumb one."""
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown")
    return text if plain else click.style(text, fg=colour)


def counted(count: int, one: str, many: str = "") -> str:
    """`1 call`, `2 calls`; `many` where that is not the word and an s."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def safe(text: str) -> str:
    """Text from traces for a terminal: nothing in it can move the cursor or colour the screen."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def line(text: str) -> str:
    """The same on one line."""
    return " ".join(safe(text).split())


def print_hanging(title: str, text: str) -> None:
    """`title` and what there is to say; on a terminal what does not fit into a line goes on below the text."""
    out = console()
    if out.soft_wrap:
        out.print(f"{title}{line(text)}")
        return
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(title), Text(line(text)))
    out.print(grid)


def print_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    whole: Collection[int] = (),
    spare: Collection[int] = (),
) -> None:
    """A table on a terminal; in a pipe one row a line, cells parted by tabs, titles first.

    The first column and those at the places `whole` are not broken: a name or a time, to be copied, a word. Those
    at the places `spare` are left out on a narrow terminal.
    """
    rows = [[line(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in ([title.lower() for title in titles], *rows):
            click.echo("\t".join(row))
        return
    out = console()
    places = [place for place in range(len(titles)) if place not in spare or out.width >= _NARROW]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place in places:
        table.add_column(titles[place], overflow="fold", no_wrap=place == 0 or place in whole)
    for row in rows:
        table.add_row(*(Text(row[place]) for place in places))
    out.print(table)


def iso(at: float | None) -> str | None:
    """A Unix time in UTC as ISO 8601, None for none."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def local(at: float | None) -> str:
    """A Unix time as a person's clock shows it."""
    return "never" if at is None else datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


@contextmanager
def status(text: str) -> Iterator[None]:
    """A spinner on stderr while something takes its time, on a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(text):
        yield


@contextmanager
def bar(text: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr with the time that is left, on a terminal only; it is told (done, total)."""
    shown = Progress(
        TextColumn(text),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with shown:
        task = shown.add_task("")
        yield lambda count, total: shown.update(task, completed=count, total=total)


def note(text: str) -> None:
    """A remark on stderr, out of the way of what is piped."""
    click.echo(text, err=True)
