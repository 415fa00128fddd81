"""A throw-away home for the real Claude Code, and runs of it: in print mode, and on a screen in tmux.

Nothing of the person who runs the tests is inherited but PATH.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.model import ModelRequest, ScriptedModel

_numbers = itertools.count(1)


class ScriptFailed(AssertionError):
    """The test's own model script raised."""


@dataclass(frozen=True)
class ClientRun:
    """One finished `claude -p`. `requests` are the main conversation's model requests made during it.

    Runs side by side need a model each, or each would count the other's requests too.
    """

    exit_code: int
    events: tuple[Mapping[str, Any], ...]
    stderr: str
    seconds: float
    requests: tuple[ModelRequest, ...]

    @cached_property
    def ending(self) -> Mapping[str, Any]:
        """The last `result` event."""
        results = [event for event in self.events if event.get("type") == "result"]
        assert results, f"the client gave no result: exit {self.exit_code}, stderr {self.stderr!r}"
        return results[-1]

    @property
    def result(self) -> str:
        """The final text, as a person reads it."""
        return str(self.ending.get("result", ""))

    @property
    def num_turns(self) -> int:
        return int(self.ending["num_turns"])

    @property
    def session_id(self) -> str:
        return str(self.ending["session_id"])

    @property
    def hooks(self) -> tuple[Mapping[str, Any], ...]:
        """What the client reports of each hook that ended: hook_name, stdout, stderr, exit_code, outcome."""
        return tuple(event for event in self.events if event.get("subtype") == "hook_response")

    @property
    def hook_errors(self) -> tuple[str, ...]:
        """Hooks that failed, hooks whose JSON is broken (the client takes it for plain text), complaints on stderr."""
        failed = (f"{event['hook_name']}: {reason}" for event in self.hooks if (reason := _hook_failure(event)))
        return (*failed, *(line for line in self.stderr.splitlines() if "hook" in line.lower()))


def _hook_failure(event: Mapping[str, Any]) -> str:
    if event.get("outcome") != "success":
        return str(event.get("stderr") or event.get("outcome")).strip()
    printed = str(event.get("stdout", "")).strip()
    if printed.startswith("{"):
        try:
            json.loads(printed)
        except ValueError as error:
            return f"broken JSON: {error}"
    return ""


class ClaudeHome:
    """`home` (HOME), `aj` (AJ_HOME), `bin` (first on PATH) and `work` (working directory) under `root`."""

    def __init__(self, root: Path, client: Path, model: ScriptedModel) -> None:
        self.root, self.client, self.model = root, client, model
        self.home, self.aj, self.bin, self.work = (root / name for name in ("home", "aj", "bin", "work"))
        for folder in (self.home, self.bin, self.work):
            folder.mkdir(parents=True, exist_ok=True)
        self.env = self._environment()

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "AJ_HOME": str(self.aj),
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            # The client refuses bypassPermissions to root unless it is told that it is in a sandbox.
            "IS_SANDBOX": "1",
            "ANTHROPIC_BASE_URL": self.model.url,
            "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
        }

    @property
    def settings_file(self) -> Path:
        """The user settings of this home (not written by us)."""
        return self.home / ".claude" / "settings.json"

    def command(
        self, plugin_dir: Path | None, settings: Mapping[str, Any] | Path | None, permission_mode: str | None
    ) -> list[str]:
        """The client with the options that both kinds of run share."""
        argv = [str(self.client)]
        if plugin_dir is not None:
            argv += ["--plugin-dir", str(plugin_dir)]
        if settings is not None:
            argv += ["--settings", str(self._settings(settings))]
        if permission_mode is not None:
            argv += ["--permission-mode", permission_mode]
        return argv

    def _settings(self, settings: Mapping[str, Any] | Path) -> Path:
        if isinstance(settings, Path):
            return settings
        path = self.root / f"settings-{next(_numbers)}.json"
        path.write_text(json.dumps(settings))
        return path

    def run(
        self,
        prompt: str,
        *,
        plugin_dir: Path | None = None,
        settings: Mapping[str, Any] | Path | None = None,
        permission_mode: str | None = "bypassPermissions",
        cwd: Path | None = None,
        extra_env: Mapping[str, str] | None = None,
        resume: str | None = None,
        timeout: float = 60,
    ) -> ClientRun:
        """One `claude -p PROMPT`, `timeout` in seconds. `resume` is the session id of an earlier run."""
        argv = self.command(plugin_dir, settings, permission_mode)
        argv += ["-p", prompt, "--output-format", "stream-json", "--verbose", "--include-hook-events"]
        if resume is not None:
            argv += ["--resume", resume]
        before, errors, start = len(self.model.requests), len(self.model.errors), time.monotonic()
        done = subprocess.run(
            argv,
            cwd=cwd or self.work,
            env={**self.env, **(extra_env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if self.model.errors[errors:]:
            raise ScriptFailed("\n".join(self.model.errors[errors:]))
        events = tuple(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
        requests = tuple(self.model.requests[before:])
        return ClientRun(done.returncode, events, done.stderr, time.monotonic() - start, requests)

    def cli(self, *arguments: str, cwd: Path | None = None, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Any other use of the client, such as `plugin validate DIR`."""
        return subprocess.run(
            [str(self.client), *arguments],
            cwd=cwd or self.work,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def transcript(self, session_id: str) -> Path:
        """The client's own record of a session."""
        return next(self.home.glob(f".claude/projects/*/{session_id}.jsonl"))

    def trust(self, cwd: Path) -> None:
        """Answer the client's first-start questions, as its own state file does."""
        state = {
            "hasCompletedOnboarding": True,
            "theme": "dark",
            "projects": {str(cwd): {"hasTrustDialogAccepted": True}},
            "customApiKeyResponses": {"approved": ["dummy"], "rejected": []},
            "bypassPermissionsModeAccepted": True,
        }
        (self.home / ".claude.json").write_text(json.dumps(state))


class TmuxClient:
    """The interactive client on a screen of its own tmux server. Use as a context manager."""

    def __init__(
        self,
        claude: ClaudeHome,
        *,
        plugin_dir: Path | None = None,
        settings: Mapping[str, Any] | Path | None = None,
        permission_mode: str | None = None,
        size: tuple[int, int] = (120, 50),
    ) -> None:
        self.claude = claude
        self._tmux = [
            shutil.which("tmux") or "tmux",
            "-S",
            str(claude.root / f"tmux-{next(_numbers)}"),
            "-f",
            "/dev/null",
        ]
        self._start = claude.command(plugin_dir, settings, permission_mode)
        self._size = size

    @staticmethod
    def available() -> bool:
        """Whether tmux is there; where the client is required (CI), its absence is to fail, not to skip."""
        return shutil.which("tmux") is not None or os.environ.get("AJ_REQUIRE_CLIENT") == "1"

    def _do(self, *arguments: str, check: bool = True) -> str:
        env = {key: self.claude.env[key] for key in ("HOME", "PATH", "TERM", "LANG")}
        done = subprocess.run(
            [*self._tmux, *arguments], env=env, capture_output=True, text=True, timeout=20, check=check
        )
        return done.stdout

    def __enter__(self) -> Self:
        self.claude.trust(self.claude.work)
        width, height = self._size
        env = [f"{key}={value}" for key, value in self.claude.env.items()]
        window = ["-x", str(width), "-y", str(height), "-c", str(self.claude.work)]
        self._do("new-session", "-d", *window, "env", "-i", *env, *self._start)
        self.wait("❯")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # The server is gone already if the client has left its only window.
        self._do("kill-server", check=False)

    def screen(self, *, escapes: bool = False) -> str:
        """What the screen shows now; with `escapes` also its colours and attributes."""
        return self._do("capture-pane", "-p", *(["-e"] if escapes else []))

    def type(self, text: str, *, enter: bool = True) -> None:
        self._do("send-keys", "-l", text)
        if enter:
            # The client takes text and Enter that arrive in one read for a paste, and does not send it.
            self._wait_for(lambda: text[:60] in self.input(), f"{text!r} in the input box", 10)
            self._do("send-keys", "Enter")

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: Enter, Escape, C-c, …"""
        self._do("send-keys", *keys)

    def input(self) -> str:
        """The first line of the input box."""
        lines = [line[1:].strip() for line in self.screen().splitlines() if line.startswith("❯")]
        return lines[-1] if lines else ""

    def wait(self, text: str, timeout: float = 30) -> str:
        """The screen as soon as it shows `text`; fails with the screen after `timeout` seconds."""
        self._wait_for(lambda: text in self.screen(), repr(text), timeout)
        return self.screen()

    def _wait_for(self, seen: Callable[[], bool], what: str, timeout: float) -> None:
        until = time.monotonic() + timeout
        while not seen():
            if time.monotonic() > until:
                raise AssertionError(f"{what} did not appear in {timeout} s:\n{self.screen()}")
            time.sleep(0.05)
