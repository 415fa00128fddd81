"""`aj show NAME --evidence`: each check of a skill, and what speaks for it."""

from __future__ import annotations

from itertools import groupby

import click

from agentjit.cli.terminal import line, print_hanging
from agentjit.compile.evidence import Shown, evidence
from agentjit.skill import Plan


def evidence_json(plan: Plan) -> list[dict[str, object]]:
    """The rows as JSON has them."""
    return [each._asdict() for each in evidence(plan)]


def show_evidence(plan: Plan) -> None:
    """The checks, each under the call whose output it looks at."""
    rows = evidence(plan)
    if not rows:
        click.echo(f"No output of {plan.name} is checked; its guards and its values are.")
        return
    for (after, when), checks in groupby(rows, key=_head):
        print_hanging("", f"after {after}{', ' + when if when else ''}:")
        for each in checks:
            print_hanging("  ", line(each.text))
    click.echo("Seen: in how many traces or rows. By chance: how probable it is that chance alone would have it so.")


def _head(each: Shown) -> tuple[str, str]:
    return each.after, each.when
