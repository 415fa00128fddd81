"""A machine for installation tests: a HOME of its own, and `aj` of this checkout run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentjit.home import Home

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Machine:
    """`bin` is first on PATH; no `claude` is on it until a test puts one there."""

    user: Path
    bin: Path

    @property
    def home(self) -> Home:
        return Home(str(self.user / ".aj"))

    @property
    def settings(self) -> Path:
        return self.user / ".claude" / "settings.json"

    @property
    def env(self) -> dict[str, str]:
        return {
            "HOME": str(self.user),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "IS_SANDBOX": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }

    def aj(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "-m", "agentjit", *words], {"PYTHONPATH": str(CHECKOUT), **env})

    def run(self, argv: list[str], env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        env = {**self.env, **(env or {})}
        return subprocess.run(
            argv, cwd=self.user, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def write_settings(self, content: bytes) -> None:
        self.settings.parent.mkdir(exist_ok=True)
        self.settings.write_bytes(content)

    def add_claude(self, client: Path) -> None:
        (self.bin / "claude").symlink_to(client)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    user, programs = tmp_path / "a user", tmp_path / "bin"
    user.mkdir()
    programs.mkdir()
    if found := [folder for folder in ("/usr/bin", "/bin") if os.path.exists(f"{folder}/claude")]:
        pytest.skip(f"a claude in {found} would be found by every test")
    return Machine(user, programs)
