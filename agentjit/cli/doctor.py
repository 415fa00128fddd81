"""`aj doctor`: every link of the chain, tried for real."""

from __future__ import annotations

import os
import sys
import time

import click

from agentjit.cli.fresh import home
from agentjit.cli.terminal import as_json, coloured, line, print_json
from agentjit.doctor.examine import examine
from agentjit.doctor.finding import Finding, Level, Patient

_MARKS = {Level.OK: ("✓", "green"), Level.WARN: ("!", "yellow"), Level.FAIL: ("✗", "red")}


@click.command("doctor")
@as_json
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Try every link from the hooks to an answer, and say how to mend what is broken.

    Nothing is changed. Exit status: 0 all works (with or without warnings), 1 something does not.

    \b
    Example:  aj doctor
              aj doctor --json | jq '.[] | select(.level != "ok")'
    """
    patient = Patient(home(), os.environ, time.time())
    findings: list[Finding] = []
    for finding in examine(patient):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        _sum_up(findings)
    ctx.exit(1 if any(finding.level is Level.FAIL for finding in findings) else 0)


def _print(finding: Finding) -> None:
    mark, colour = _MARKS[finding.level]
    mark = coloured(mark, colour) if sys.stdout.isatty() else f"{finding.level:4}"
    click.echo(
        f"{mark} {finding.check:14} {line(finding.text)}" + (f"  → {line(finding.mend)}" if finding.mend else "")
    )


def _sum_up(findings: list[Finding]) -> None:
    failed = sum(finding.level is Level.FAIL for finding in findings)
    warned = sum(finding.level is Level.WARN for finding in findings)
    if failed:
        click.echo(f"{failed} of {len(findings)} checks failed; what stands behind → mends them.")
    elif warned:
        click.echo(f"All works; {warned} remark{'s' if warned > 1 else ''}.")
    else:
        click.echo("All works.")
