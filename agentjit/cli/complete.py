"""Shell completion of what only the library knows."""

from __future__ import annotations

import os

import click

from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.library import Library


def skill_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of skills that begin like `incomplete`; a shell is told nothing rather than an error."""
    try:
        records = Library(Home.from_environment(os.environ)).records()
    except AjError:
        return []
    return [record.name for record in records if record.name.startswith(incomplete)]
