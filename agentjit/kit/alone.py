"""A skill run on its own: `python3 ~/.aj/skills/pod-errors/skill.py --ns prod`.

A hole is given the same way, `--message "Fix it"`; left open, the skill ends before it with what it gathered.
"""

from __future__ import annotations

import io
import os
import sys

from .drive import drive
from .local import Local
from .program import Param, Program


def _arguments(program: Program, words: list[str]) -> dict[str, str] | str:
    given: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        option, equals, value = word.removeprefix("--").partition("=")
        name = option.replace("-", "_")
        if not word.startswith("--") or not name:
            return f"{word!r} is not an option"
        if name in given:
            return f"--{option} is given twice"
        if not equals:
            following = next(rest, None)
            if following is None:
                return f"--{option} wants a value"
            value = following
        given[name] = value
    return program.wrong_arguments(given) or given


def _option(name: str, param: Param) -> str:
    """How a parameter is given: `--ns VALUE`, and `[--message VALUE]` for a hole, which may be left open."""
    option = f"--{name.replace('_', '-')} VALUE"
    return f"[{option}]" if param.hole else option


def main(program: Program) -> int:
    """Run with the arguments of the command line; exit status 0 answered or gathered, 4 handed back, 2 a wrong call."""
    words = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show is no reason to fail
    usage = f"usage: {os.path.basename(sys.argv[0])} " + " ".join(
        _option(name, param) for name, param in program.params.items()
    )
    if words in (["-h"], ["--help"]):
        print(usage, program.function.__doc__ or "", sep="\n")
        return 0
    arguments = _arguments(program, words)
    if isinstance(arguments, str):
        print(f"{program.name}: {arguments}. {usage}", file=sys.stderr)
        return 2
    if unmet := program.unmet(os.environ, os.getcwd()):
        print(f"{program.name}: not run: {unmet}", file=sys.stderr)
        return 4
    with Local(cwd=os.getcwd(), env=os.environ) as local:
        run = drive(program, arguments, local.perform, local.perform_all)
    if run.outcome == "handed_back":
        steps = f"{len(run.steps)} step{'' if len(run.steps) == 1 else 's'}"
        print(f"{program.name}: stopped after {steps}: {run.reason}", file=sys.stderr)
        return 4
    if run.outcome == "answered":
        print(run.answer)
    else:
        for step in run.steps:
            print(f"$ {step.text}", step.result.stdout, sep="\n")
    return 0
