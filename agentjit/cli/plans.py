"""`aj show NAME --plans`: the plans that were weighed, what each is expected to cost, and why one was taken."""

from __future__ import annotations

import click

from agentjit.cli.terminal import print_json, print_table
from agentjit.skill import Candidate, Plan


def show_plans(plan: Plan, as_json: bool) -> None:
    """The table of candidates, the chosen one marked."""
    if as_json:
        print_json({"name": plan.name, "version": plan.version, "plans": [_as_json(each) for each in plan.candidates]})
        return
    if not plan.candidates:
        click.echo(f"{plan.name} was compiled before plans were weighed; `aj compile` does it with the next change.")
        return
    titles = ("plan", "seconds", "95%", "tokens", "calls", "")
    print_table(titles, [_row(each) for each in plan.candidates])
    click.echo("Seconds and tokens are expected values; they include what the model spends when a check fails.")


def _row(candidate: Candidate) -> tuple[str, ...]:
    if not candidate.calls:
        return (candidate.name, "-", "-", "-", "-", candidate.reason)
    figures = (f"{candidate.seconds:.2f}", f"{candidate.slow:.2f}", f"{candidate.tokens:.0f}", str(candidate.calls))
    return (candidate.name, *figures, "chosen" if candidate.chosen else candidate.reason)


def _as_json(candidate: Candidate) -> dict[str, object]:
    """A candidate; what could not be made has no figures."""
    known = candidate.model_dump()
    return known if candidate.calls else {**known, "seconds": None, "slow": None, "tokens": None, "calls": None}
