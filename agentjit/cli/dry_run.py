"""`aj run NAME --dry-run`: what would run, and what stands in the way."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from agentjit.cli.terminal import print_json, safe
from agentjit.compile.phrase import plan_phrases
from agentjit.run.execute import Ready, foresee
from agentjit.skill import Plan
from agentjit.step import call_text


def show_dry_run(plan: Plan, ready: Ready, given: Mapping[str, str], refused: str, as_json: bool) -> None:
    """The steps with what was `given`. `refused` is why it would not even be looked at, "" if it would."""
    hidden = {parameter.name for parameter in plan.parameters if parameter.secret}
    shown = {key: value for key, value in given.items() if key not in hidden}

    def filled(text: str) -> str:
        for key, value in shown.items():
            text = text.replace(f"{{{key}}}", value)
        return text

    approve = "" if plan.effects == "reads" or ready.approved else f"aj approve {plan.name}"
    obstacle = refused or foresee(ready._replace(approved=True), given, cwd=os.getcwd(), env=os.environ)
    unseen = _elsewhere(plan)
    if as_json:
        steps = [{"text": filled(call_text(step.call)), "effect": step.effect} for step in plan.every_step()]
        told = {"approve": approve or None, "obstacle": obstacle or None, "seen_only_in": unseen}
        print_json({"outcome": "dry_run", "steps": steps, **told})
        return
    click.echo(f"{plan.name} would run in {os.getcwd()} (what stands in braces comes out of an earlier step):")
    given_holes = tuple(f"without {{{name}}}" for name in given)
    for phrase in plan_phrases(plan):
        if not phrase.text.startswith(given_holes):
            click.echo(f"  {phrase.effect:16} {'  ' * phrase.depth}{safe(filled(phrase.line))}".rstrip())
    if approve:
        click.echo(f"(refused until approved: {approve})")
    if obstacle:
        click.echo(f"(would not run here: {safe(obstacle)})")
    if unseen and "only seen in" not in obstacle:
        click.echo(f"(never seen in this directory, only in {safe(', '.join(unseen))})")


def _elsewhere(plan: Plan) -> list[str]:
    """The only directories it was seen in, if this is none of them."""
    entries = (plan.entry, *plan.also)
    folders = list(dict.fromkeys(folder for entry in entries for folder in entry.directories))
    anywhere = not all(entry.directories for entry in entries)
    return [] if anywhere or os.getcwd() in map(os.path.realpath, folders) else folders
