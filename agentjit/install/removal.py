"""Edge: taking AgentJIT's own files away, and nothing else."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping

from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.install import files

_KILLED = (".tmp", ".new", ".old")  # what a replacement leaves that was killed half-way


def check_root(home: Home, env: Mapping[str, str]) -> None:
    """Raises `BadInput` if the home is no folder that can be AgentJIT's alone, to be made and removed again."""
    root, user = os.path.realpath(home.root), os.path.realpath(env.get("HOME") or os.path.expanduser("~"))
    if os.path.commonpath([root, user]) == root:
        raise BadInput(f"AJ_HOME must be a folder of its own, not {home.root}")
    others = set(os.listdir(root)) - {os.path.basename(home.backups)} if os.path.isdir(root) else set()
    if others and not os.path.isdir(home.spool):
        raise BadInput(f"{home.root} has other files in it: set AJ_HOME to a folder that AgentJIT can have alone")


def owned(home: Home) -> list[str]:
    """What exists of everything `home.py` names, and what goes with it (`aj.duckdb.wal`, `skills.new`)."""
    named = [getattr(home, name) for name, value in vars(Home).items() if isinstance(value, property)]
    inside = [path for path in named if os.path.dirname(path) == home.root]
    beside = (path for name in inside for path in glob.glob(glob.escape(name) + ".*") if _goes_with(name, path))
    return sorted({path for path in [*inside, *beside] if os.path.lexists(path)})


def _goes_with(name: str, path: str) -> bool:
    """`skills.new` goes with `skills`, but `skills.docx` is somebody's; a name like `aj.duckdb` is nobody else's."""
    return "." in os.path.basename(name) or path.endswith(_KILLED)


def remove_home(home: Home, keep: list[str]) -> list[str]:
    """Remove what is ours under the home, but for the files in `keep`; what is left there, also of others, by path.

    AJ_HOME may name any folder, so only what we know to be ours goes: never the folder with all that is in it.
    """
    ours = owned(home)
    # The environment we may be running from goes last.
    for path in sorted(ours, key=lambda path: path == home.venv):
        if path != home.backups or not keep:
            files.delete(path)
    if keep:
        _remove_but(home.backups, keep)
    try:
        os.rmdir(home.root)
    except OSError:
        pass
    return sorted(os.path.join(home.root, name) for name in os.listdir(home.root)) if os.path.isdir(home.root) else []


def remove_command(home: Home, env: Mapping[str, str]) -> bool:
    """Remove `~/.local/bin/aj` if it leads into this home."""
    link = command_link(env)
    if not os.path.islink(link) or os.path.commonpath([home.root, os.path.abspath(os.readlink(link))]) != home.root:
        return False
    return files.delete(link)


def command_link(env: Mapping[str, str]) -> str:
    """Where install.sh puts the `aj` command."""
    return os.path.join(env.get("HOME") or os.path.expanduser("~"), ".local", "bin", "aj")


def _remove_but(folder: str, keep: list[str]) -> None:
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if path not in keep:
            files.delete(path)
