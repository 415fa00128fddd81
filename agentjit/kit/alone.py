"""A skill run on its own: `python3 ~/.aj/skills/pod-errors/skill.py --ns prod`."""

from __future__ import annotations

import os
import sys

from .drive import drive
from .local import Local
from .program import Program


def _arguments(program: Program, words: list[str]) -> dict[str, str] | str:
    given: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--"):
            return f"{word!r} is not an option"
        if not equals:
            following = next(rest, None)
            if following is None:
                return f"--{name} wants a value"
            value = following
        given[name] = value
    return program.wrong_arguments(given) or given


def main(program: Program) -> int:
    """Run with the arguments of the command line; exit status 0 answered or gathered, 4 handed back, 2 a wrong call."""
    words = sys.argv[1:]
    usage = f"usage: {os.path.basename(sys.argv[0])} " + " ".join(f"--{name} VALUE" for name in program.params)
    if words in (["-h"], ["--help"]):
        print(usage, program.function.__doc__ or "", sep="\n")
        return 0
    arguments = _arguments(program, words)
    if isinstance(arguments, str):
        print(f"{program.name}: {arguments}. {usage}", file=sys.stderr)
        return 2
    if unmet := program.unmet(os.environ):
        print(f"{program.name}: not run: {unmet}", file=sys.stderr)
        return 4
    with Local(cwd=os.getcwd(), env=os.environ) as local:
        run = drive(program, arguments, local.perform)
    if run.outcome == "handed_back":
        print(f"{program.name}: stopped after {len(run.steps)} steps: {run.reason}", file=sys.stderr)
        return 4
    if run.outcome == "answered":
        print(run.answer)
    else:
        for step in run.steps:
            print(f"$ {step.text}", step.result.stdout, sep="\n")
    return 0
