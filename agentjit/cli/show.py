"""`aj show`: one skill, as a person reads it."""

from __future__ import annotations

from pathlib import Path

import click

from agentjit.cli.complete import skill_names
from agentjit.cli.fresh import home, try_drained
from agentjit.cli.skills import Shown, shown
from agentjit.cli.terminal import as_json, console, line, local, print_json, safe
from agentjit.library import Library


@click.command("show")
@click.argument("name", shell_complete=skill_names)
@as_json
def command(name: str, as_json: bool) -> None:
    """Show a skill: when it fires, what it does, its program, its evidence, its runs.

    \b
    Example:  aj show pod-crashing
    """
    where = home()
    try_drained(where)
    skill = shown(where, name)[0]
    program = _program(Library(where), name)
    if as_json:
        plan = skill.plan.model_dump(mode="json") if skill.plan else None
        print_json({**skill.as_json(), "plan": plan, "program": program, "versions": Library(where).versions(name)})
        return
    _card(skill, program)


def _program(library: Library, name: str) -> str:
    try:
        return Path(library.folder(name), "skill.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _card(skill: Shown, program: str) -> None:
    out, record, plan = console(), skill.record, skill.plan
    out.print(f"{record.name}  {record.state}", style="bold")
    out.print(f"  {line(record.reason)}")
    if plan is None:
        out.print("  its plan.json is damaged; `aj compile` makes it anew")
        return
    where = f" in {', '.join(map(line, plan.entry.directories))}" if plan.entry.directories else " in any directory"
    out.print(f"  fires on   {line(plan.entry.prompt)}{where}")
    for parameter in plan.parameters:
        out.print(f"  {{{parameter.name}}} is like {parameter.pattern}, seen: {line(', '.join(parameter.seen))}")
    out.print(f"  ends       {plan.ending}; worst effect {plan.effects}")
    support = record.support
    held_out = f"; left out one by one, {support.held_out} were reproduced" if support.held_out else ""
    out.print(f"  evidence   {support.occurrences} runs in {support.sessions} sessions, all replayed{held_out}")
    cost = plan.cost
    if cost.requests or cost.tokens:
        out.print(
            f"  saves      {cost.requests or 0:.0f} requests, {cost.tokens or 0:,.0f} tokens, {cost.seconds or 0:.1f} s"
        )
    runs = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in skill.runs.items())
    out.print(f"  runs       {runs or 'none'}; last used {local(skill.last_used)}; version {record.version}")
    click.echo(f"\n{safe(program)}")  # not folded at the terminal's width: it is code
