"""`aj forget`: remove what was recorded, for good."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

import click
from click.shell_completion import CompletionItem

from agentjit import forget
from agentjit.cli.fresh import home, try_drained
from agentjit.cli.terminal import as_json, counted, line, note, print_json, status
from agentjit.errors import AjError, BadInput
from agentjit.forget import Survey, Wanted
from agentjit.home import Home
from agentjit.store import Store

_NEWEST = 3  # sessions that are named where none was found
_DAY = 86_400.0  # seconds
_COMPLETED = 50  # sessions that a shell is told
_PATIENCE = 0.5  # seconds to wait for a busy database at the Tab key


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Sessions that begin like `incomplete`, the newest first, with their days; nothing rather than an error."""
    try:
        with Store.open(home(), write=False, wait_seconds=_PATIENCE) as store:
            found = sorted(((at, session) for session, at, _ in store.activity()), reverse=True)
    except (AjError, OSError):
        return []
    alike = [(at, session) for at, session in found if session.startswith(incomplete) and session.isprintable()]
    return [CompletionItem(session, help=_date(at)) for at, session in alike[:_COMPLETED]]


@click.command("forget")
@click.option(
    "--session",
    metavar="ID",
    shell_complete=_complete,
    help="A session (or the first 6 characters or more), and what was forked off.",
)
@click.option(
    "--project",
    metavar="PATH",
    type=click.Path(),  # one that is gone was recorded all the same
    help="All that happened in a folder or below, or that names it.",
)
@click.option("--matching", metavar="TEXT", help="Episodes in which a text or /regex/ occurs anywhere.")
@click.option("--before", metavar="DATE", help="Sessions not active since a day (YYYY-MM-DD).")
@click.option("--all", "everything", is_flag=True, help="Everything recorded and learned.")
@click.option("--quarantine", is_flag=True, help="Only the events that were set aside.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def command(
    session: str | None,
    project: str | None,
    matching: str | None,
    before: str | None,
    everything: bool,
    quarantine: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove what was recorded: rows, spool, quarantine, log, and skills that were made from it.

    Whatever is named goes from every file of the home, bytes included, and is not imported again. Where a text occurs,
    the whole episode goes (the prompt and all it led to). Skills made from what goes are removed with all versions; the
    next compilation makes them anew from what is left, and approval is asked for again. The agent's own transcripts
    are not touched. After --all, `aj import` may load again what transcripts still hold.

    \b
    Example:  aj forget --matching "acme corp" --dry-run
              aj forget --project ~/work/client --yes
              aj forget --session 4ec443d0
    """
    where = home()
    wanted = _wanted(where, session, project, matching, before, everything, quarantine)
    _fresh(where)
    with status("looking for it"):
        found = forget.survey(where, wanted)
    if not dry_run and not found.nothing:
        if not as_json and not yes:
            _show(found, "would go")
        _ask(yes)
    # Also if there is nothing: what was forgotten must not be imported later either.
    if not dry_run:
        with status("forgetting"):
            found = forget.forget(where, wanted, now=time.time())
    if as_json:
        print_json({**asdict(found), "bytes": found.size, "done": not dry_run})
    else:
        _show(found, "would go" if dry_run else "gone")


def _wanted(
    where: Home,
    session: str | None,
    project: str | None,
    matching: str | None,
    before: str | None,
    everything: bool,
    quarantine: bool,
) -> Wanted:
    given = [session is not None, project is not None, matching is not None, before is not None, everything, quarantine]
    if sum(given) != 1:
        raise BadInput("say what to forget: one of --session, --project, --matching, --before, --all, --quarantine")
    if session is not None:
        _fresh(where)  # it may be waiting in the spool
        return _session(where, session)
    if project is not None:
        return forget.project(os.path.expanduser(project))
    if matching is not None:
        return forget.matching(where, matching, os.environ)
    if before is not None:
        return forget.before(_day(before))
    return forget.EVERYTHING if everything else forget.QUARANTINE


def _session(where: Home, name: str) -> Wanted:
    """The session that is named; where there is none, or more than one, the newest that could be meant are told."""
    try:
        return forget.session(where, name)
    except BadInput as error:
        what = str(error).rpartition("; ")[0] or str(error)
        newest = "; ".join(_newest(where, name))
        raise BadInput(f"{what}; {f'the newest: {newest}' if newest else 'none is recorded'}") from error


def _newest(where: Home, name: str) -> list[str]:
    """The newest sessions, those that begin with `name` if there are any: id, day and folder."""
    with Store.open(where, write=False) as store:
        active = sorted(((at, session) for session, at, _ in store.activity()), reverse=True)
        chosen = ([each for each in active if each[1].startswith(name)] or active)[:_NEWEST]
        # What is older than a day before the first of them tells nothing of where they are.
        episodes = store.episodes(since=chosen[-1][0] - _DAY) if chosen else []
    folders = {each.session: each.cwd for each in episodes}
    return [line(", ".join(filter(None, (session, _date(at), folders.get(session))))) for at, session in chosen]


def _date(at: float) -> str:
    """The day, "" for a session that has no time."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d") if at > 0 else ""


def _day(text: str) -> float:
    try:
        at = datetime.strptime(text, "%Y-%m-%d").timestamp()
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{text!r} is not a day; write it as 2026-01-31") from error
    if at > time.time():
        raise BadInput(f"{text} is still to come; `--all` forgets everything")
    return at


def _fresh(where: Home) -> None:
    """Forgetting needs no drained spool, it looks into it; so nothing that ails the drainer keeps it."""
    try:
        try_drained(where)
    except AjError as error:
        note(f"aj: what waits in the spool was not loaded first: {error}")


def _ask(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("nothing was forgotten: say yes with `aj forget … --yes`")
    try:
        agreed = click.confirm("Forget this for good?", err=True)
    except click.Abort:  # Ctrl-C, or the end of the input: the cursor is still behind the question
        agreed = False
        note("")
    if not agreed:
        note("aj: nothing was forgotten")
        sys.exit(1)


def _show(found: Survey, verb: str) -> None:
    if found.nothing:
        click.echo("Nothing of that was recorded.")
        return
    click.echo(f"{verb}: {'; '.join(filter(None, (', '.join(_counts(found)), _bytes(found.size))))}")
    if found.skills:
        again = "approval will be asked for again" if verb == "gone" else "with all versions and approvals"
        click.echo(f"skills made from it, {verb}: {line(', '.join(found.skills))} ({again})")


def _counts(found: Survey) -> Iterator[str]:
    """What there is of each; where there is none nothing is said."""
    yield from (
        counted(count, one, many)
        for count, one, many in (
            (found.sessions, "session", "sessions"),
            (found.prompts, "prompt", "prompts"),
            (found.calls, "call", "calls"),
            (found.decisions, "decision", "decisions"),
            (found.spool, "event in the spool", "events in the spool"),
            (found.quarantine, "event in quarantine", "events in quarantine"),
            (found.log_lines, "line of the log", "lines of the log"),
        )
        if count
    )


def _bytes(size: int) -> str:
    return counted(size, "byte") if size < 10_000 else f"{size / 1e6:.2f} MB"
