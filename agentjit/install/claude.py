"""Edge: the `claude` program, asked to install and remove our plugin."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentjit.errors import AjError
from agentjit.kit.process import run

PLUGIN = "agentjit@agentjit"
MARKETPLACE = "agentjit"
_TIMEOUT = 60.0  # seconds; a plugin command takes 0.3


class ClaudeFailed(AjError):
    """A `claude plugin` command did not do what it was asked to."""

    slug = "claude-failed"


@dataclass(frozen=True, slots=True)
class Installed:
    """The plugin as the client lists it; `folder` is where its marketplace is, "" if it has none."""

    version: str
    enabled: bool
    folder: str


class Claude:
    """The client at `program`, run with `env`."""

    def __init__(self, program: str, env: Mapping[str, str]) -> None:
        self.program = program
        self._env = dict(env)

    @classmethod
    def find(cls, env: Mapping[str, str]) -> Claude | None:
        """The `claude` on the PATH of `env`, if any."""
        program = shutil.which("claude", path=env.get("PATH", ""))
        return cls(program, env) if program else None

    def installed(self) -> Installed | None:
        """Our plugin in the user's scope; raises `ClaudeFailed` where the client cannot tell."""
        rows = [row for row in self._rows("list") if row.get("id") == PLUGIN and row.get("scope") == "user"]
        if not rows:
            return None
        return Installed(str(rows[0].get("version")), bool(rows[0].get("enabled")), self.marketplace())

    def marketplace(self) -> str:
        """The folder our marketplace's name stands for in the client, "" if it does not know the name."""
        rows = self._rows("marketplace", "list")
        return next((str(row.get("path", "?")) for row in rows if row.get("name") == MARKETPLACE), "")

    def install(self, folder: str) -> None:
        """Install our plugin, or bring an older one up to date, from the marketplace in `folder`."""
        known = self.marketplace()
        if known and known != folder:
            self.uninstall()
            known = ""
        if not known:
            self._plugin("marketplace", "add", folder)
        # Not `install` again: that would turn on a plugin which its owner turned off.
        self._plugin("update" if self.installed() else "install", PLUGIN)

    def uninstall(self) -> None:
        """Remove the plugin and its marketplace; what is not there is fine."""
        if self.installed():
            self._plugin("uninstall", PLUGIN)
        if self.marketplace():
            self._plugin("marketplace", "remove", MARKETPLACE)

    def _rows(self, *words: str) -> list[dict[str, Any]]:
        said = self._plugin(*words, "--json")
        try:
            rows = json.loads(said)
        except ValueError:
            raise ClaudeFailed(f"`claude plugin {' '.join(words)} --json` printed no JSON") from None
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def _plugin(self, *words: str) -> str:
        asked = f"`claude plugin {' '.join(words)}`"
        try:
            done = run([self.program, "plugin", *words], env=self._env, timeout=_TIMEOUT)
        except OSError as error:
            raise ClaudeFailed(f"{self.program} cannot be started: {error.strerror}") from None
        if done.timed_out:
            raise ClaudeFailed(f"{asked} took more than {_TIMEOUT:.0f} s")
        if done.exit_code != 0:
            lines = (done.stderr.strip() or done.stdout.strip() or f"exit {done.exit_code}").splitlines()
            raise ClaudeFailed(f"{asked} failed: {lines[0].lstrip('✘ ')}")
        return done.stdout
