"""Which MCP servers the agent itself would use here: Claude Code's own files, read and never written.

Only what the user put there or has approved counts; where it is not certain that the agent would use a server, neither
do we.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from .drive import StepFailed

MANAGED = "/etc/claude-code"
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")
_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")
_LIMIT = 64 * 1024 * 1024  # bytes of a file


class Server(NamedTuple):
    """How a server is started: its argument list, and the variables it gets beside ours."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]


def server(tool: str, cwd: str, env: Mapping[str, str]) -> tuple[Server, str]:
    """The server that `mcp__SERVER__TOOL` means, and what is left for the tool's own name; `StepFailed` if none is
    approved, or more than one is meant.
    """
    known = _known(cwd, env)
    fitting = [name for name in known if tool.startswith(prefix(name)) and len(tool) > len(prefix(name))]
    if len(fitting) != 1:
        seen = " and ".join(sorted(fitting)) if fitting else "none that the agent would use here"
        raise StepFailed(f"one MCP server for {tool}", seen)
    (name,) = fitting
    return _started(name, known[name], env), tool.removeprefix(prefix(name))


def servers(cwd: str, env: Mapping[str, str]) -> list[tuple[str, Server | str]]:
    """Every approved server by name, or why it cannot be started by us; `StepFailed` if none may be."""
    found: list[tuple[str, Server | str]] = []
    for name, given in sorted(_known(cwd, env).items()):
        try:
            found.append((name, _started(name, given, env)))
        except StepFailed as reason:
            found.append((name, reason.seen))
    return found


def prefix(name: str) -> str:
    """How the tools of a server are called by the agent, up to their own name."""
    return f"mcp__{spelled(name)}__"


def spelled(name: str) -> str:
    """A name as the agent writes it: what is no letter, digit, `-` or `_` becomes `_`."""
    return _FOREIGN.sub("_", name)


def _known(cwd: str, env: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The approved servers by name; the nearer scope has the word: local, project, user."""
    project, home = env.get("CLAUDE_PROJECT_DIR") or cwd, env.get("HOME") or os.path.expanduser("~")
    folder = env.get("CLAUDE_CONFIG_DIR")
    user = _object(os.path.join(folder or home, ".claude.json"))
    own = _part(_part(user, "projects"), project)
    names = (os.path.join(project, ".claude", "settings.local.json"), os.path.join(project, ".claude", "settings.json"))
    managed, users = (
        os.path.join(MANAGED, "managed-settings.json"),
        os.path.join(folder or f"{home}/.claude", "settings.json"),
    )
    trusted = own.get("hasTrustDialogAccepted") is True
    settings = {path: _object(path) for path in (*names, managed, users)}
    if os.path.exists(os.path.join(MANAGED, "managed-mcp.json")):
        raise StepFailed("MCP servers of the user's own", "an organisation manages them")
    if any("allowedMcpServers" in each or "deniedMcpServers" in each for each in settings.values()):
        raise StepFailed("MCP servers that no policy restricts", "settings with a list of allowed or denied servers")
    approving = [settings[path] for path in (names[0], managed, users)] + [own]  # never the project's shared settings
    denied = {name for each in (*settings.values(), own) for name in _names(each, "disabledMcpjsonServers")}
    allowed = {name for each in approving for name in _names(each, "enabledMcpjsonServers")}
    every = any(each.get("enableAllProjectMcpServers") is True for each in approving)
    shared = _part(_object(os.path.join(project, ".mcp.json")), "mcpServers") if trusted else {}
    shared = {name: each for name, each in shared.items() if name not in denied and (every or name in allowed)}
    off = _names(own, "disabledMcpServers")
    known = {**_part(user, "mcpServers"), **shared, **_part(own, "mcpServers")}
    return {name: each for name, each in known.items() if name not in off and isinstance(each, dict)}


def _started(name: str, given: Mapping[str, Any], env: Mapping[str, str]) -> Server:
    kind, command, words = given.get("type", "stdio"), given.get("command"), given.get("args", [])
    if kind != "stdio" or "url" in given:
        raise StepFailed(f"MCP server {name} to be a program", f"it is reached by {kind}, which only the agent does")
    variables = given.get("env") or {}
    words = [command, *words] if isinstance(words, list) and command else None
    if not _texts(words) or not isinstance(variables, dict) or not _texts(list(variables.values())):
        raise StepFailed(f"MCP server {name} to be a program with arguments", "something else in its settings")
    argv = tuple(_expanded(word, env, name) for word in words)
    return Server(name, argv, {key: _expanded(value, env, name) for key, value in variables.items()})


def _texts(values: list[Any] | None) -> TypeGuard[list[str]]:
    return values is not None and all(isinstance(value, str) for value in values)


def _expanded(text: str, env: Mapping[str, str], name: str) -> str:
    """`${NAME}` and `${NAME:-otherwise}` replaced as the agent does."""

    def value(place: re.Match[str]) -> str:
        found = env.get(place[1], place[2])
        if found is None:
            raise StepFailed(f"the variable {place[1]} for MCP server {name}", "it is not set")
        return found

    return _VARIABLE.sub(value, text)


def _object(path: str) -> Mapping[str, Any]:
    """The object in a JSON file, empty if there is no file."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read(_LIMIT) or b"{}")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise StepFailed(f"{path} to be readable", str(error)) from error
    if not isinstance(value, dict):
        raise StepFailed(f"an object in {path}", type(value).__name__)
    return value


def _part(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = of.get(key)
    return found if isinstance(found, dict) else {}


def _names(of: Mapping[str, Any], key: str) -> list[str]:
    found = of.get(key)
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
