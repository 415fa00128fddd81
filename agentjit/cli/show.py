"""`aj show`: one skill, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from agentjit.cli.changes import show_changes
from agentjit.cli.complete import skill_names
from agentjit.cli.fresh import home, rechecked, try_drained
from agentjit.cli.plans import show_plans
from agentjit.cli.proofs import evidence_json, show_evidence
from agentjit.cli.skills import Shown, shown
from agentjit.cli.terminal import as_json, console, line, local, print_hanging, print_json, safe
from agentjit.compile.phrase import plan_phrases
from agentjit.errors import BadInput
from agentjit.library import Library
from agentjit.skill import Parameter, Plan


@click.command("show")
@click.argument("name", shell_complete=skill_names)
@as_json
@click.option("--plans", is_flag=True, help="Show the plans that were weighed, and what each is expected to cost.")
@click.option("--evidence", is_flag=True, help="Show each check, how often it was seen, and how probable by chance.")
@click.option(
    "--diff",
    is_flag=False,
    flag_value="",
    metavar="[VERSION]",
    help="Show what changed since the version before, or since VERSION.",
)
def command(name: str, as_json: bool, plans: bool, evidence: bool, diff: str | None) -> None:
    """Show a skill: when it fires, what it does, its program, its evidence, its runs.

    \b
    Example:  aj show pod-crashing
              aj show pod-crashing --diff
    """
    if plans + evidence + (diff is not None) > 1:
        raise BadInput("--plans, --evidence and --diff are three views; give one of them")
    where = home()
    try_drained(where)
    rechecked(where)
    if diff is not None:
        show_changes(Library(where), name, diff, as_json)
        return
    skill = shown(where, name)[0]
    if plans and skill.plan:
        show_plans(skill.plan, as_json)
        return
    if evidence and skill.plan:
        print_json({"name": name, "evidence": evidence_json(skill.plan)}) if as_json else show_evidence(skill.plan)
        return
    program = _program(Library(where), name)
    if as_json:
        plan = skill.plan.model_dump(mode="json") if skill.plan else None
        checks = evidence_json(skill.plan) if skill.plan else []
        known = {**skill.as_json(), "plan": plan, "evidence": checks, "program": program}
        print_json({**known, "versions": Library(where).versions(name)})
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
    for title, text in _facts(skill, plan):
        print_hanging(f"  {title:10} ", text)
    out.print("  does")
    for phrase in plan_phrases(plan):
        print_hanging(f"    {phrase.effect:16} {'  ' * phrase.depth}", phrase.line)
    click.echo(f"\n{safe(program)}")  # not folded at the terminal's width: it is code


def _facts(skill: Shown, plan: Plan) -> Iterator[tuple[str, str]]:
    """What there is to say about a skill besides its steps, each with a title."""
    record, cost = skill.record, plan.cost
    where = f"in {', '.join(plan.entry.directories)}" if plan.entry.directories else "in any directory"
    yield "fires on", f"{plan.entry.prompt} {where}"
    for entry in plan.also:
        yield "or on", entry.prompt
    for parameter in plan.parameters:
        yield "takes", _argument(parameter)
    if plan.requires:
        yield "needs", ", ".join(_NEEDS[need.kind].format(need.name) for need in plan.requires)
    ending = "as its branches say" if plan.fork else plan.ending
    yield "ends", f"{ending}; worst effect {plan.effects}"
    support = record.support
    held_out = f"; left out one by one, {support.held_out} were reproduced" if support.held_out else ""
    written = plan.support.occurrences  # a program that would stay the same is not written anew
    older = f" (the program is of {written})" if written != support.occurrences else ""
    replayed = f"{support.occurrences} runs in {support.sessions} sessions, all replayed"
    yield "evidence", f"{replayed}{held_out}{older}"
    for text in plan.support.ambiguous:
        yield "left open", text
    if cost.requests or cost.tokens:
        seconds = f"{cost.seconds or 0:.1f} s"
        yield "saves", f"{cost.requests or 0:.0f} requests, {cost.tokens or 0:,.0f} tokens, {seconds}"
    runs = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in skill.runs.items())
    yield "runs", f"{runs or 'none'}; last used {local(skill.last_used)}; version {record.version}"


_SHOWN = 8  # values of an argument
_NEEDS = {"program": "{} on PATH", "file": "the file {}", "repository": "a git repository"}


def _argument(parameter: Parameter) -> str:
    if parameter.secret:
        return f"{{{parameter.name}}}, a secret"
    if parameter.hole:
        return f"{{{parameter.name}}}, which only a model can say; without it the skill ends before it is needed"
    seen = ", ".join(parameter.seen[-_SHOWN:])
    more = f" and {len(parameter.seen) - _SHOWN} more" if len(parameter.seen) > _SHOWN else ""
    return f"{{{parameter.name}}}, like {seen}{more}; any that matches {parameter.pattern}"
