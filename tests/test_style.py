"""The checks that need no running: format, lint, types, import rules, and that every shell script parses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
SCRIPTS = sorted(
    str(path.relative_to(CHECKOUT))
    for pattern in ("*.sh", "scripts/*", "hooks/*.sh", ".ci/run")
    for path in CHECKOUT.glob(pattern)
    if path.is_file() and path.suffix in ("", ".sh")
)


def check(*argv: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(argv)}\n{done.stdout}{done.stderr}", pytrace=False)


def test_lint() -> None:
    check(sys.executable, "-m", "ruff", "check", ".")


def test_format() -> None:
    check(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_types() -> None:
    check(sys.executable, "-m", "mypy")


def test_imports_go_downward() -> None:
    check(str(PROGRAMS / "lint-imports"), "--no-cache")


@pytest.mark.parametrize("script", SCRIPTS)
def test_shell_scripts_parse(script: str) -> None:
    shells = ["bash"] if script == ".ci/run" else [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]
    for shell in shells:
        check(shell, "-n", script)


def test_scripts_people_start_can_be_started() -> None:
    assert all(os.access(CHECKOUT / name, os.X_OK) for name in ("install.sh", "test.sh", ".ci/run"))
