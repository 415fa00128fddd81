"""`aj run`: run a skill by name."""

from __future__ import annotations

import json
import math
import os
import sys
import time

import click

from agentjit import spool
from agentjit.cli.complete import skill_names
from agentjit.cli.dry_run import show_dry_run
from agentjit.cli.fresh import home, rechecked
from agentjit.cli.terminal import as_json, note, print_json, safe
from agentjit.compile.elsewhere import elsewhere
from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.intercept.attempt import not_recorded
from agentjit.kit import Param
from agentjit.library import Library, Record
from agentjit.run.execute import Executed, Ready, execute, told
from agentjit.skill import Parameter, Plan, State

_EXIT = {"answered": 0, "gathered": 0, "refused": 3, "handed_back": 4}


@click.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("name", shell_complete=skill_names)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[KEY=VALUE | --KEY VALUE]...")
@click.option("--dry-run", is_flag=True, help="Print what would run, and run nothing.")
@click.option("--timeout", default=600.0, show_default=True, metavar="SECONDS", help="Stop it after this long.")
@as_json
@click.pass_context
def command(
    ctx: click.Context, name: str, arguments: tuple[str, ...], dry_run: bool, timeout: float, as_json: bool
) -> None:
    """Run a skill in the current directory.

    What only a model or a person can say, a commit message, may be left out: the skill then ends before it is needed.

    Exit status: 0 answered or gathered, 2 a wrong call, 3 refused, 4 stopped at a contract.

    \b
    Example:  aj run pod-crashing namespace=staging
              aj run pod-crashing namespace=staging --dry-run
              aj run commit --message "Fix the parser"
    """
    if not 0 < timeout < math.inf:
        raise BadInput("--timeout wants a number of seconds above 0")
    where = home()
    rechecked(where)
    library = Library(where)
    record = library.record(name)
    plan = library.plan(name)
    given = _given(plan, arguments, ask=not dry_run and sys.stdin.isatty())
    if dry_run:
        show_dry_run(plan, _ready(library, record, plan), given, _barred(record, plan), as_json)
        return
    done = _run(where, library, record, plan, given, timeout)
    hidden = _secrets(plan)
    _record(where, record, {key: "…" if key in hidden else value for key, value in given.items()}, done)
    if as_json:
        print_json(_as_json(done))
    else:
        _print(done)
    ctx.exit(_EXIT[done.outcome])


def _given(plan: Plan, words: tuple[str, ...], *, ask: bool) -> dict[str, str]:
    """`k=v`, `--k=v` and `--k v` words as arguments; a wrong call raises `BadInput` and nothing has run.

    Secrets that were left out are asked for if there is somebody to `ask`: they need not stand in the shell's history.
    Holes may be left out.
    """
    given = _pairs(words)
    usage = f"aj run {plan.name}" + "".join(map(_usage, plan.parameters))
    known = {parameter.name: parameter for parameter in plan.parameters}
    if foreign := [key for key in given if key not in known]:
        raise BadInput(f"{plan.name} has no argument {foreign[0]!r}; call it as: {usage}")
    for key, parameter in known.items():
        if ask and parameter.secret and key not in given:
            given[key] = click.prompt(f"{key} (is not shown)", hide_input=True, err=True)
    if missing := [key for key, parameter in known.items() if key not in given and not parameter.hole]:
        raise BadInput(f"{plan.name} needs {missing[0]}; call it as: {usage}")
    for key, value in given.items():
        _check(known[key], value)
    return given


def _pairs(words: tuple[str, ...]) -> dict[str, str]:
    given: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        key, equals, value = word.removeprefix("--").partition("=")
        if word.startswith("--"):
            key = key.replace("-", "_")
            following = value if equals else next(rest, None)
            if following is None:
                raise BadInput(f"{word} wants a value")
            value = following
        elif not equals:
            raise BadInput(f"{word!r} is not of the form KEY=VALUE or --KEY VALUE")
        if key in given:
            raise BadInput(f"{key} is given twice")
        given[key] = value
    return given


def _usage(parameter: Parameter) -> str:
    return f" [{parameter.name}=…]" if parameter.hole else f" {parameter.name}=…"


def _check(known: Parameter, value: str) -> None:
    if Param(known.pattern, known.seen, secret=known.secret, hole=known.hole).accepts(value):
        return
    if known.hole:
        raise BadInput(f"{known.name} must not be empty")
    if known.secret:
        raise BadInput(f"what was given for {known.name} does not look like a secret ({known.pattern})")
    examples = ", ".join(known.seen[:3])
    raise BadInput(f"{known.name}={value!r} does not look like what was seen ({examples}; {known.pattern})")


def _run(where: Home, library: Library, record: Record, plan: Plan, given: dict[str, str], timeout: float) -> Executed:
    if barred := _barred(record, plan):
        return Executed("refused", "", barred, [], 0.0)
    return execute(_ready(library, record, plan), given, cwd=os.getcwd(), env=os.environ, seconds=timeout)


def _barred(record: Record, plan: Plan) -> str:
    """Why it is not run here at all, "" if it may be."""
    if record.stale:
        return record.stale
    if record.state in (State.DISABLED, State.RETIRED):
        return f"it is {record.state}: {record.reason}"
    return elsewhere(plan, _here(plan))


def _here(plan: Plan) -> str:
    """The current directory, as the traces called it if they came there by a link."""
    seen = (folder for entry in (plan.entry, *plan.also) for folder in entry.directories)
    return next((folder for folder in seen if os.path.realpath(folder) == os.getcwd()), os.getcwd())


def _ready(library: Library, record: Record, plan: Plan) -> Ready:
    return Ready(record.name, library.folder(record.name), record.hash, plan.effects, record.is_approved)


def _secrets(plan: Plan) -> set[str]:
    return {parameter.name for parameter in plan.parameters if parameter.secret}


def _record(where: Home, record: Record, given: dict[str, str], done: Executed) -> None:
    if os.environ.get("AJ_OBSERVE") == "0" or not_recorded(where, os.environ, [os.getcwd()]):
        return
    decision = {
        "aj": "decision",
        "id": f"{os.getpid():x}-{time.time_ns():x}",
        "at": time.time(),
        "session": "",
        "episode": "",
        "entry": "name",
        "decision": "run",
        "reason": done.reason or "called by name",
        "skill": record.name,
        "version": record.version,
        "arguments": given,
        **told(done),
    }
    try:
        where.ensure()
        spool.write(where, "run", [json.dumps(decision).encode()])
    except OSError as error:
        note(f"aj: this run is not in the log: {error}")


def _as_json(done: Executed) -> dict[str, object]:
    return {
        **told(done),
        "answer": done.answer if done.outcome == "answered" else _outputs(done) if done.outcome == "gathered" else "",
        "reason": done.reason,
    }


def _outputs(done: Executed) -> str:
    """What the steps printed, each under its command."""
    return "\n".join(f"$ {step.text}\n{step.result.stdout.rstrip()}" for step in done.steps)


def _print(done: Executed) -> None:
    if done.outcome == "answered":
        click.echo(safe(done.answer))
        return
    if done.outcome == "refused":
        note(f"aj: refused: {done.reason}")
        return
    if done.steps:
        click.echo(safe(_outputs(done)))
    if done.outcome == "handed_back":
        note(f"aj: stopped after {len(done.steps)} step{'' if len(done.steps) == 1 else 's'}: {done.reason}")
