"""`aj stats`: what was recorded, compiled and saved."""

from __future__ import annotations

import os
from collections import Counter

import click

from agentjit.cli.fresh import home, try_drained
from agentjit.cli.terminal import as_json, counted, print_json
from agentjit.home import Home
from agentjit.library import Library
from agentjit.skill import State
from agentjit.store import Store


@click.command("stats")
@as_json
def command(as_json: bool) -> None:
    """Show totals: what was recorded, which skills there are, what they saved.

    \b
    Example:  aj stats --json
    """
    where = home()
    try_drained(where)
    found = totals(where)
    if as_json:
        print_json(found)
        return
    recorded, skills, saved = found["recorded"], found["skills"], found["saved"]
    click.echo(
        "recorded  "
        + ", ".join(counted(int(recorded[f"{one}s"]), one) for one in ("session", "episode", "call"))
        + (f", {counted(int(recorded['quarantined']), 'event')} set aside" if recorded["quarantined"] else "")
    )
    click.echo("skills    " + ", ".join(f"{count} {state}" for state, count in skills.items()))
    requests, tokens = counted(int(saved["requests"]), "model request"), "token" if saved["tokens"] == 1 else "tokens"
    click.echo(f"saved     {requests}, {saved['tokens']:,} {tokens}, {saved['seconds']:.0f} s")


def totals(where: Home) -> dict[str, dict[str, float]]:
    """The figures of `aj stats --json`."""
    with Store.open(where, write=False) as store:
        recorded: dict[str, float] = {
            "sessions": store.sessions_count(),
            "episodes": store.episodes_count(),
            "calls": store.calls_count(),
            "quarantined": quarantined(where),
        }
        saved = store.saved()
    counts = Counter(record.state for record in Library(where).records())
    return {
        "recorded": recorded,
        "skills": {state.value: counts[state] for state in State},
        "saved": {"requests": saved.requests, "tokens": saved.tokens, "seconds": round(saved.seconds, 1)},
    }


def quarantined(where: Home) -> int:
    """How many raw events were set aside."""
    try:
        return sum(not name.endswith(".reason") for name in os.listdir(where.quarantine))
    except FileNotFoundError:
        return 0
