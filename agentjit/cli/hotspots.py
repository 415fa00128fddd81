"""`aj hotspots`: what recurs, and what keeps it from being compiled."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from agentjit.cli.explain import compared, explained, rejected
from agentjit.cli.fresh import home, try_drained
from agentjit.cli.terminal import as_json, console, iso, line, print_json, status
from agentjit.data import folder
from agentjit.detect.phrases import phrase
from agentjit.library import Library
from agentjit.pipeline import Study, studied, surveyed


@click.command("hotspots")
@as_json
@click.option(
    "--all", "everything", is_flag=True, help="Show all, not just the twenty hottest, and what chance would do."
)
def command(as_json: bool, everything: bool) -> None:
    """Show the workflows that recur: how often, what they cost, and whether they can be compiled.

    \b
    Example:  aj hotspots
              aj hotspots --json | jq '.[0]'
    """
    where = home()
    try_drained(where)
    with status("looking for workflows that recur"):
        found = surveyed(where, now=time.time())
        studies = studied(found, str(folder("skills_templates")))
    records = Library(where).records(removed=True)
    names = {record.hotspot: record.name for record in records if not record.removed}
    removed = {record.hotspot: record.name for record in records if record.removed}
    rows = [_row(study, names.get(study.hotspot.id)) for study in studies]
    if as_json:
        print_json(rows)
        return
    shown = studies if everything else studies[:20]
    for study in shown:
        _print(study, names.get(study.hotspot.id), removed.get(study.hotspot.id))
    if len(shown) < len(studies):
        click.echo(f"… and {len(studies) - len(shown)} more: aj hotspots --all")
    near = [each for each in found.rejected if each.sessions > each.chance.expected]
    for rejection in near if everything else ():
        console().print(rejected(rejection))
    if summary := compared(found):
        console().print(summary)
    elif not rows:
        click.echo("Nothing recurs yet. `aj import` loads past sessions; new ones are recorded as you work.")


def _row(study: Study, skill: str | None) -> dict[str, object]:
    hotspot = study.hotspot
    return {
        "id": hotspot.id,
        "prompt": _prompt(study),
        "steps": list(hotspot.signature),
        "words": [phrase(signature) for signature in hotspot.signature],
        "effects": hotspot.effect,
        "occurrences": len(hotspot.occurrences),
        "sessions": hotspot.sessions,
        "heat": round(hotspot.heat, 3),
        "first_seen": iso(min(occurrence.episode.at for occurrence in hotspot.occurrences)),
        "last_seen": iso(max(occurrence.episode.at for occurrence in hotspot.occurrences)),
        "directories": list(hotspot.directories),
        "stability": round(hotspot.stability, 3),
        "unstable": hotspot.unstable or None,
        "loops": [list(times) for times in hotspot.loops],
        "ways": list(hotspot.ways),
        "chance": asdict(hotspot.chance) if hotspot.chance else None,
        "requests": hotspot.requests,
        "tokens": hotspot.tokens,
        "seconds": hotspot.seconds,
        "compilable": study.plan is not None,
        "reason": study.reason,
        "covered_by": study.into or None,
        "skill": skill,
    }


def _prompt(study: Study) -> str | None:
    """The prompt that starts it, with the parameters' names where they are known."""
    if study.plan:
        return study.plan.entry.prompt
    return str(study.hotspot.template) if study.hotspot.template else None


def _print(study: Study, skill: str | None, removed: str | None) -> None:
    out = console()
    out.print(line(_prompt(study) or f"(in the midst of other work: {_inside(study)})"), style="bold")
    for each in explained(study.hotspot):
        out.print(each)
    if removed:
        out.print(f"  removed by you: aj compile --restore {removed}", style="yellow")
    elif study.plan is not None:
        out.print(f"  compiled: {skill}" if skill else "  can be compiled: aj compile", style="green")
    elif study.into:
        out.print(f"  compiled: {line(study.reason)}", style="green")
    else:
        own = study.hotspot.unstable and study.reason.startswith("unstable: ")  # it stands above in full
        reason = "too unstable to be compiled" if own else line(study.reason)[:300]
        out.print(f"  left alone: {reason}", style="yellow")
    out.print()


def _inside(study: Study) -> str:
    """A name for what no prompt starts: its first and last step."""
    words = list(dict.fromkeys(phrase(signature) for signature in study.hotspot.signature))
    return " … ".join(dict.fromkeys((words[0], words[-1])))
