"""The whole road in a throw-away home: AgentJIT installed into the real client, worlds, and a model that knows them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.session import ClaudeHome, ClientRun

CHECKOUT = Path(__file__).resolve().parents[2]


class Road:
    """A `ClaudeHome` with AgentJIT installed as `aj init` installs it: the plugin, through the client itself."""

    def __init__(self, claude: ClaudeHome) -> None:
        self.claude = claude
        (claude.bin / "claude").symlink_to(claude.client)
        assert "wired" in (said := self.aj("init").stdout) or "plugin" in said, said

    def aj(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """`aj` in this home, as a person runs it."""
        return subprocess.run(
            [sys.executable, "-m", "agentjit", *arguments],
            cwd=cwd or self.claude.work,
            env={**self.claude.env, "PYTHONPATH": str(CHECKOUT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        done = self.aj(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, prompt: str, **options: Any) -> ClientRun:
        """A prompt in a session of its own; the client must never show an error of ours."""
        done = self.claude.run(prompt, **options)
        assert done.exit_code == 0, done.stderr
        assert not done.hook_errors
        return done

    def learn(self, *prompts: str) -> None:
        """Sessions that the model serves, then what the end of a session starts by itself."""
        for prompt in prompts:
            assert self.run(prompt).requests, f"{prompt!r} was answered before anything was learned"
        compiled = self.aj("compile")
        assert compiled.returncode == 0, compiled.stderr

    def only_skill(self) -> dict[str, Any]:
        """The one skill there is."""
        skills = self.json("list")
        assert len(skills) == 1, (skills, self.aj("hotspots").stdout)
        found: dict[str, Any] = skills[0]
        return found

    def last(self) -> dict[str, Any]:
        """The newest decision in the log."""
        found: dict[str, Any] = self.json("log")[0]
        return found


def answer_of(run: ClientRun) -> str:
    """What AgentJIT answered, without the client's label and our last line."""
    text = run.result.removeprefix("Operation stopped by hook: ")
    assert text != run.result, run.result
    body, _, last = text.rpartition("\n")
    assert last.startswith("— AgentJIT: "), run.result
    return body
