"""Shell completion of what only the library knows."""

from __future__ import annotations

import os

import click
from click.shell_completion import CompletionItem

from agentjit.cli.terminal import local
from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.library import Library
from agentjit.store import Store

_PATIENCE = 0.5  # seconds a person waits at the Tab key for a busy database
_SHOWN = 50  # sessions


def skill_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of skills that begin like `incomplete`; a shell is told nothing rather than an error."""
    try:
        records = Library(Home.from_environment(os.environ)).records()
    except AjError:
        return []
    return [record.name for record in records if record.name.startswith(incomplete)]


def sessions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Sessions whose ids begin like `incomplete`, the newest first, with the time they were last active."""
    try:
        with Store.open(Home.from_environment(os.environ), write=False, wait_seconds=_PATIENCE) as store:
            found = [(at, session) for session, at, _ in store.activity() if session.startswith(incomplete)]
    except (AjError, OSError):
        return []
    return [CompletionItem(session, help=local(at)) for at, session in sorted(found, reverse=True)[:_SHOWN]]
