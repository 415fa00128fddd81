"""`aj demo`: sample sessions walked down the real road, in a throw-away home."""

from __future__ import annotations

import os
import shutil
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.text import Text

from agentjit import data
from agentjit.cli.terminal import console, line
from agentjit.demo.road import Asked, Recorded, Road, Skill
from agentjit.demo.samples import DemoFailed
from agentjit.home import Home
from agentjit.trace import DecisionSeen

_WIDTH = 104  # columns where there is no terminal to say how many it has


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep the throw-away home and say where it is.")
def command(keep: bool) -> None:
    """Watch sample sessions become skills, and a prompt be answered without the model.

    Nothing of yours is read or changed: it all happens in a temporary folder.

    \b
    Example:  aj demo
    """
    folder = os.path.realpath(tempfile.mkdtemp(prefix="aj-demo-"))
    try:
        _walk(Road(folder, os.environ.get("PATH", os.defpath), time.time()), _Screen(console()))
    except OSError as error:
        raise DemoFailed(f"the demonstration failed: {error}") from error
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    click.echo()
    if keep:
        click.echo(f"Kept: AJ_HOME={folder}/aj aj list")
    click.echo(_next(os.environ))


class _Screen:
    """Numbered stages and what happens in them; colour where the console has any."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._stage = 0
        self._width = (out.width if out.is_terminal else _WIDTH) - 4

    def title(self, text: str) -> None:
        self._out.print(Text(text, "bold"))

    def stage(self, text: str) -> None:
        self._stage += 1
        self._out.print()
        self._out.print(Text.assemble((f"{self._stage}  ", "bold cyan"), (text, "bold")))

    def say(self, text: str, style: str = "") -> None:
        """A paragraph, indented."""
        for row in textwrap.wrap(text, self._width, subsequent_indent="  ", break_on_hyphens=False) or [""]:
            self._out.print(Text("   " + row, style))

    def show(self, text: str, style: str = "") -> None:
        """One line as it is, indented, cut where it is too long."""
        cut = text if len(text) <= self._width else text[: self._width - 1] + "…"
        self._out.print(Text("   " + cut, style))

    def prompt(self, text: str) -> None:
        self.say(f"> {line(text)}", "bold")


def _walk(road: Road, screen: _Screen) -> None:
    """All stages in order; each is checked before it is shown."""
    screen.title("AgentJIT on sample sessions, in a throw-away home: yours is not touched.")
    _show_recorded(road.recorded(), screen)
    begun = time.monotonic()
    skills = road.compiled()
    answers, gathers, waits = skills
    _show_compiled(skills, time.monotonic() - begun, screen)
    screen.stage(f"One of them: {answers.record.name}")
    for row in _abridged(answers.program):
        screen.show(row, "dim")
    _show_answered(road.answered(answers), screen)
    _show_gathered(road.gathered(gathers), gathers, screen)
    _show_waiting(road.waiting(waits), waits, screen)
    _show_drifted(road.drifted(answers), answers, screen)
    _show_log(road.log(), screen)


def _show_recorded(recorded: Recorded, screen: _Screen) -> None:
    screen.stage("Past sessions, imported")
    screen.say(
        f"{recorded.sessions} sessions of an agent on call: {recorded.prompts} prompts, {recorded.calls} tool calls, "
        f"{recorded.tokens:,} tokens. One of them:"
    )
    screen.prompt(recorded.example.prompt)
    for call in recorded.example.calls:
        screen.show(f"$ {line(str(call.input.get('command', call.tool)))}")
    screen.say(line(recorded.example.final or ""), "italic")


def _show_compiled(skills: Sequence[Skill], seconds: float, screen: _Screen) -> None:
    screen.stage(f"What recurs, compiled and replayed on every trace, without a model ({seconds:.1f} s)")
    wide = max(len(skill.plan.entry.prompt) for skill in skills)
    for skill in skills:
        screen.show(
            f"{skill.plan.entry.prompt:{wide}}  {skill.record.support.sessions} sessions, "
            f"{skill.plan.cost.tokens or 0:,.0f} tokens each: {skill.plan.ending}, {skill.record.state}"
        )


def _show_answered(asked: Asked, screen: _Screen) -> None:
    screen.stage("A prompt no session had, put to the real hook: the model is not asked")
    screen.prompt(asked.prompt)
    answer, *rest = asked.said.answer.split("\n")
    screen.say(answer, "bold green")
    for row in rest:
        screen.say(row, "dim")
    saved = asked.decision
    screen.say(
        f"0 model requests, {len(saved.steps)} commands, {asked.said.seconds:.2f} s from prompt to answer; "
        f"saved: {saved.requests} requests, {saved.tokens:,} tokens"
    )


def _show_gathered(asked: Asked, skill: Skill, screen: _Screen) -> None:
    screen.stage("Where the end needs judgement, the model only concludes")
    screen.prompt(asked.prompt)
    before = skill.plan.cost.requests or 0
    screen.say(
        f"{len(asked.decision.steps)} results laid before the model: {before - asked.decision.requests:.0f} request "
        f"instead of {before:.0f}, {asked.decision.tokens:,} tokens saved"
    )


def _show_waiting(asked: Asked, skill: Skill, screen: _Screen) -> None:
    screen.stage("What writes waits for you: not run, the model gets the prompt")
    screen.prompt(asked.prompt)
    screen.say(f"{skill.record.name}: {skill.record.reason}")


def _show_drifted(asked: Asked, skill: Skill, screen: _Screen) -> None:
    screen.stage("A log that is written another way: the skill stops, the model takes over")
    screen.prompt(asked.prompt)
    steps = f"stopped after {len(asked.decision.steps)} of {len(list(skill.plan.every_step()))} steps"
    screen.say(f"{steps}: {line(asked.decision.reason)}", "yellow")


def _show_log(decisions: Sequence[DecisionSeen], screen: _Screen) -> None:
    screen.stage("`aj log` tells all of it")
    for each in decisions:
        screen.show(f"{each.decision:5} {each.skill or '-':24} {each.outcome or '-':12} {line(each.reason)}")


def _abridged(program: str) -> list[str]:
    """The steps and their contract, without the imports and the decorator before them."""
    rows = program.split("\n")
    begin = next(i for i, row in enumerate(rows) if row.startswith("def "))
    end = next(i for i, row in enumerate(rows) if row.startswith("if __name__"))
    return [row for row in rows[begin:end] if row.strip()]


def _next(env: Mapping[str, str]) -> str:
    """What to do now. Only looks whether a folder is there: the demonstration reads nothing of the user's."""
    if os.path.isdir(Home.from_environment(env).plugin):
        return "Next: use Claude Code as ever; `aj list` shows your skills, `aj doctor` checks that all is wired."
    if os.path.isfile(data.PACKAGE.parent / "install.sh"):
        return f"Next: {data.PACKAGE.parent / 'install.sh'} sets AgentJIT up for your own sessions."
    return "Next: `aj init` wires AgentJIT into Claude Code, `aj import` loads your own sessions."
