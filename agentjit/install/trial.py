"""Edge: an AgentJIT home on trial, set up as `aj init` sets one up, and its prompt hook asked as the client asks it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agentjit import data
from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.install import links
from agentjit.install.hooks import ROOT
from agentjit.kit.process import run

EVENT = "UserPromptSubmit"


class HookFailed(AjError):
    """The prompt hook did what a hook never may: it failed, or it spoke what is no JSON object."""

    slug = "hook-failed"


class Said(NamedTuple):
    """What the hook told the client (None: nothing, the model gets the prompt) and the seconds it took."""

    output: dict[str, Any] | None
    seconds: float

    @property
    def answer(self) -> str:
        """The text that ends the turn with no model request, "" if the turn goes on."""
        stopped = self.output is not None and self.output.get("continue") is False
        return str(self.output.get("stopReason", "")) if self.output and stopped else ""

    @property
    def context(self) -> str:
        """The text laid before the model, "" if there is none."""
        own = (self.output or {}).get("hookSpecificOutput")
        return str(own.get("additionalContext", "")) if isinstance(own, dict) else ""


class Trial:
    """A home at `root` and a HOME of its own at `user`. `path` is the PATH its programs see; nothing else is passed on,
    so that no setting of the person who runs this changes the outcome.
    """

    def __init__(self, root: str, user: str, path: str) -> None:
        self.home = Home(root)
        self._asked = 0
        self.env: dict[str, str] = {"HOME": user, "AJ_HOME": root, "PATH": path, "LANG": "C.UTF-8"}

    def set_up(self, package: Path = data.PACKAGE) -> None:
        """Make the folders, the links and the plugin's copy; raises `AjError` or OSError."""
        os.makedirs(self.env["HOME"], mode=0o700, exist_ok=True)
        self.home.ensure()
        base = getattr(sys, "_base_executable", None) or sys.executable
        links.link(self.home, python=sys.executable, base=base, package=package)
        links.copy_plugin(self.home, package)

    def ask(self, prompt: str, cwd: str, *, plugin: str = "") -> Said:
        """Start the prompt hook of `plugin` (by default this home's own) as Claude Code does; raises `HookFailed`."""
        folder = plugin or self.home.plugin
        self._asked += 1
        payload = {
            "session_id": "trial",
            "transcript_path": "",
            "cwd": cwd,
            "prompt_id": str(self._asked),
            "permission_mode": "default",
            "hook_event_name": EVENT,
            "prompt": prompt,
        }
        env = {**self.env, "CLAUDE_PLUGIN_ROOT": folder}
        done = run(
            prompt_argv(folder, self.home.root), cwd=cwd, env=env, stdin=json.dumps(payload).encode(), timeout=30.0
        )
        if done.exit_code != 0 or done.stderr:
            said = done.stderr.strip().split("\n")[0] or self.last_error()
            status = "no end in 30 s" if done.timed_out else f"exit status {done.exit_code}"
            raise HookFailed(f"the prompt hook of {folder} failed ({status}): {said}")
        return Said(_object(done.stdout, folder), done.seconds)

    def last_error(self) -> str:
        """The last line of this home's log."""
        try:
            return Path(self.home.log).read_text(errors="replace").strip().split("\n")[-1]
        except OSError:
            return "it said nothing"


def prompt_argv(plugin: str, home: str) -> list[str]:
    """The command line of the prompt hook that the plugin in the folder `plugin` registers, but for another home."""
    registered = os.path.join(plugin, "hooks", "hooks.json")
    try:
        handler = json.loads(Path(registered).read_bytes())["hooks"][EVENT][0]["hooks"][0]
        words = [str(word).replace(ROOT, plugin) for word in handler["args"]]
        return [str(handler["command"]), *words[: words.index(EVENT) + 1], home]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise HookFailed(f"{registered} registers no prompt hook; `aj init` writes it anew") from error


def _object(text: str, folder: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, Mapping):
        raise HookFailed(f"the prompt hook of {folder} printed what is no JSON object: {text[:80]!r}")
    return dict(value)
