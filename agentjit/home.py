"""Every path under AJ_HOME (default ~/.aj), and nothing else knows one (standard library only).

The folder and all in it are private: folders 0700, files 0600.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


class Home:
    """The layout of one AgentJIT home; creating the object touches no file."""

    __slots__ = ("root",)

    def __init__(self, root: str) -> None:
        self.root = root

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """`AJ_HOME`, else `~/.aj` of the HOME in `env`; relative paths are made absolute."""
        root = env.get("AJ_HOME") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".aj")
        return cls(os.path.abspath(root))

    def __repr__(self) -> str:
        return f"Home({self.root!r})"

    def _at(self, *parts: str) -> str:
        return os.path.join(self.root, *parts)

    # --- what the hooks write and the drainer takes
    @property
    def spool(self) -> str:
        """One file per event, written by the hooks; see `spool.py` for the names."""
        return self._at("spool")

    @property
    def quarantine(self) -> str:
        """Raw events that could not be understood, each beside a `.reason` file."""
        return self._at("quarantine")

    # --- what the drainer writes
    @property
    def database(self) -> str:
        return self._at("aj.duckdb")

    @property
    def database_made(self) -> str:
        """The database while it is made for the first time."""
        return self._at("aj.duckdb.made")

    @property
    def redaction_key_new(self) -> str:
        return self._at("redaction.key.new")

    @property
    def redaction_key_lock(self) -> str:
        return self._at("redaction.key.lock")

    @property
    def database_lock(self) -> str:
        return self._at("aj.duckdb.lock")

    @property
    def compile_lock(self) -> str:
        return self._at("compile.lock")

    @property
    def compile_queue(self) -> str:
        """Lock of the one process that waits to compile next."""
        return self._at("compile.queue.lock")

    @property
    def watch_lock(self) -> str:
        return self._at("watch.lock")

    @property
    def config(self) -> str:
        """What a person set; see `config.py`."""
        return self._at("config.toml")

    @property
    def effects(self) -> str:
        """What a person knows of programs, laid over the catalogue; see `detect/catalogue.py` for its form."""
        return self._at("effects.json")

    @property
    def tools(self) -> str:
        """The schemas of MCP servers' tools, as `aj tools learn` writes them."""
        return self._at("tools.json")

    @property
    def expired(self) -> str:
        """When what had become too old was last removed."""
        return self._at("expired.json")

    @property
    def redaction_key(self) -> str:
        """Key of the HMAC that names secrets by a stable placeholder."""
        return self._at("redaction.key")

    # --- the library
    @property
    def skills(self) -> str:
        return self._at("skills")

    @property
    def kit(self) -> str:
        """The folder that skills put on `sys.path` when they run on their own."""
        return self._at("skills", ".kit")

    @property
    def library_state(self) -> str:
        """Activation and approval of each skill; editing a skill folder cannot approve it."""
        return self._at("library.json")

    @property
    def library_lock(self) -> str:
        return self._at("library.lock")

    @property
    def entries(self) -> str:
        """The sorted index the prompt hook looks words up in; absent or empty: no skill is active."""
        return self._at("entries.idx")

    # --- installation
    @property
    def plugin(self) -> str:
        """The plugin as `aj init` copied it: moving or deleting the clone breaks nothing."""
        return self._at("plugin")

    @property
    def bin(self) -> str:
        """`aj` (launcher) and `python3` (the bare interpreter): what the hook shims call by absolute path."""
        return self._at("bin")

    @property
    def lib(self) -> str:
        """A link to the folder that holds the installed `agentjit` package."""
        return self._at("lib")

    @property
    def venv(self) -> str:
        """The isolated environment install.sh makes."""
        return self._at("venv")

    @property
    def install_log(self) -> str:
        """What pip said to install.sh."""
        return self._at("install.log")

    @property
    def backups(self) -> str:
        return self._at("backups")

    @property
    def log(self) -> str:
        """Errors of hooks and background processes: they tell the harness nothing, so they tell this file."""
        return self._at("aj.log")

    def ensure(self) -> None:
        """Make the private folders that everything else assumes."""
        for folder in (self.root, self.spool, self.quarantine, self.skills, self.bin):
            os.makedirs(folder, mode=0o700, exist_ok=True)
