"""`aj prune`: clear out what is of no use."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence

import click

from agentjit.cli.fresh import home, try_drained
from agentjit.cli.skills import Shown, shown
from agentjit.cli.state import remove
from agentjit.errors import BadInput
from agentjit.skill import State

_DAYS = 60.0


@click.command("prune")
@click.option("--unused", type=float, metavar="DAYS", help=f"Not run for this many days.  [default: {_DAYS:.0f}]")
@click.option("--failing", is_flag=True, help="Retired, or handed back more often than not.")
@click.option("--duplicates", is_flag=True, help="The same steps as a skill with more evidence.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(unused: float | None, failing: bool, duplicates: bool, dry_run: bool, yes: bool) -> None:
    """Remove skills that are not used, that fail, or that are there twice. Without options: all three kinds.

    \b
    Example:  aj prune --dry-run
              aj prune --unused 30 --yes
    """
    if unused is not None and unused < 0:
        raise BadInput("--unused wants a number of days of 0 or more")
    where = home()
    try_drained(where)
    skills = shown(where)
    if not (failing or duplicates or unused is not None):
        failing, duplicates, unused = True, True, _DAYS
    doomed = reasons(skills, unused=unused, failing=failing, duplicates=duplicates, now=time.time())
    if not doomed:
        click.echo("Nothing to prune.")
        return
    for name, reason in doomed.items():
        click.echo(f"{'would remove' if dry_run else 'remove'} {name}: {reason}")
    if dry_run:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput("nothing was removed: say yes with `aj prune --yes`")
        click.confirm(f"Remove {len(doomed)} skills?", abort=True)
    remove(where, doomed)


def reasons(
    skills: Sequence[Shown], *, unused: float | None, failing: bool, duplicates: bool, now: float
) -> dict[str, str]:
    """Which skills to remove, and why (pure); `unused` in days, `now` in Unix seconds."""
    doomed: dict[str, str] = {}
    kept: dict[tuple[object, ...], str] = {}
    for skill in sorted(skills, key=lambda each: (-each.record.support.occurrences, each.record.name)):
        name = skill.record.name
        runs = sum(skill.runs.values())
        handed_back = skill.runs.get("handed_back", 0)
        idle = (now - (skill.last_used or skill.record.published_at)) / 86400
        if failing and skill.record.state is State.RETIRED:
            doomed[name] = f"retired: {skill.record.reason}"
        elif failing and runs >= 3 and handed_back * 2 > runs:
            doomed[name] = f"handed back {handed_back} of {runs} times"
        elif unused is not None and idle >= unused:
            doomed[name] = f"not used for {idle:.0f} days"
        elif duplicates and skill.plan and (first := kept.get(_work(skill))):
            doomed[name] = f"the same steps as {first}"
        elif skill.plan:
            kept.setdefault(_work(skill), name)
    return doomed


def _work(skill: Shown) -> tuple[object, ...]:
    """What a skill does, names of values aside."""
    return tuple(re.sub(r"\{\w+\}", "{}", text) for text in skill.steps)
