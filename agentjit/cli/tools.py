"""`aj tools`: the tools AgentJIT knows, and learning what MCP servers say of theirs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from agentjit import schemas
from agentjit.cli.fresh import home
from agentjit.cli.terminal import as_json, counted, line, note, print_json, print_table, status
from agentjit.compile.tools import form
from agentjit.detect.effects import load
from agentjit.errors import BadInput, NotCompilable
from agentjit.home import Home
from agentjit.kit.drive import StepFailed
from agentjit.kit.mcp import Servers
from agentjit.kit.process import Guard
from agentjit.kit.servers import Server, prefix, servers, spelled
from agentjit.trace import Effect


class _Row(NamedTuple):
    """A tool: what it does, who says so, whether AgentJIT can call it by itself."""

    name: str
    effect: str
    source: str
    ours: bool


@click.group("tools", invoke_without_command=True)
@as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the agent's tools: what they do, who says so, and whether a skill can call them.

    A tool that nobody described counts as one that may do anything.

    \b
    Example:  aj tools
              aj tools --json | jq '.[] | select(.effect == "reads").name'
              aj tools learn
    """
    if context.invoked_subcommand:
        return
    rows = list(_rows(home()))
    if as_json:
        print_json([_json(row) for row in rows])
        return
    print_table(("Tool", "Effect", "Says", "Called by"), [_shown(row) for row in rows])
    if not any(row.name.startswith("mcp__") for row in rows):
        note("No MCP tools yet: `aj tools learn` asks the servers configured here.")


def _json(row: _Row) -> dict[str, Any]:
    return {"name": row.name, "effect": row.effect, "source": row.source, "skills_can_call": row.ours}


def _shown(row: _Row) -> tuple[str, str, str, str]:
    return row.name, row.effect, row.source, "a skill" if row.ours else "the agent alone"


def _rows(where: Home) -> Iterator[_Row]:
    known = {name: _Row(name, _effect(effect), "AgentJIT", _ours(name)) for name, effect in _catalogue(where).items()}
    known["Bash"] = _Row("Bash", "by its command", "AgentJIT", True)
    for name, tool in schemas.load(where).items():
        source = f"{tool.server}, an MCP server"
        known.setdefault(name, _Row(name, tool.effect, source, _ours(name)))
    yield from sorted(known.values(), key=lambda row: (row.name.startswith("mcp__"), row.name))


def _catalogue(where: Home) -> Mapping[str, str]:
    """Effects by tool, with what the user said of them."""
    return load(*([Path(where.effects)] if os.path.exists(where.effects) else [])).tools


def _effect(known: str) -> str:
    return f"writes {known.removeprefix('path:')}" if known.startswith("path:") else known


def _ours(name: str) -> bool:
    try:
        return bool(form(name))
    except NotCompilable:
        return name == "Bash"


@command.command("learn")
@click.argument("names", nargs=-1, metavar="[SERVER]…")
@click.option("--timeout", default=30.0, show_default=True, metavar="SECONDS", help="How long to wait for each server.")
def learn(names: tuple[str, ...], timeout: float) -> None:
    """Start the MCP servers configured here (or those named), ask for their tools, and end them.

    Names, schemas and hints of the tools are kept in ~/.aj/tools.json. Servers reached over the network, and those you
    have not approved in the agent, are left alone. Nothing else ever starts a server to ask.

    \b
    Example:  aj tools learn
              aj tools learn github --timeout 60
    """
    where = home()
    where.ensure()
    known = schemas.load(where) if os.path.exists(where.tools) else {}
    failed = False
    configured = _configured(names)
    if not configured:
        click.echo("No MCP server is configured here for the agent to use.")
        return
    for name, server in configured:
        if isinstance(server, str):
            note(f"{line(name)}: not asked: {line(server)}")
            failed = failed or bool(names)
            continue
        try:
            found = _asked(server, timeout)
        except StepFailed as reason:
            note(f"aj: {line(name)}: {line(str(reason))}")
            failed = True
            continue
        known = {tool: each for tool, each in known.items() if each.server != name} | found
        reads = sum(each.effect is Effect.READS for each in found.values())
        click.echo(f"{line(name)}: {counted(len(found), 'tool')}, {reads} only read")
        schemas.save(where, known)
    sys.exit(1 if failed else 0)


def _configured(names: tuple[str, ...]) -> list[tuple[str, Server | str]]:
    try:
        found = servers(os.getcwd(), os.environ)
    except StepFailed as reason:
        raise BadInput(f"no MCP server can be asked: {reason}") from reason
    if foreign := sorted(set(names) - {name for name, _ in found}):
        there = ", ".join(name for name, _ in found) or "none"
        raise BadInput(f"no MCP server {foreign[0]} is configured here; there is {there}")
    return [each for each in found if not names or each[0] in names]


def _asked(server: Server, timeout: float) -> dict[str, schemas.Tool]:
    """The server's tools by the names the agent has for them; it is started, asked and ended."""
    until = time.monotonic() + timeout

    def left() -> float:
        rest = until - time.monotonic()
        if rest <= 0:
            raise StepFailed("an answer in time", f"none after {timeout:g} s")
        return rest

    guard = Guard()
    asked = Servers(cwd=os.getcwd(), env=os.environ, guard=guard)
    try:
        with status(f"asking {server.name}"):
            told = asked.tools(server, left=left)
    finally:
        asked.close()
        guard.close()
    found = {}
    for each in told:
        schema, hints = each.get("inputSchema"), each.get("annotations")
        found[prefix(server.name) + spelled(str(each.get("name", "")))] = schemas.Tool(
            server.name, schema if isinstance(schema, dict) else {}, hints if isinstance(hints, dict) else {}
        )
    return found
