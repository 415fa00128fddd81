"""A clone of this checkout: what git would bring, in a folder with a space in its name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = (
    "agentjit",
    "hooks",
    "skills_templates",
    ".claude-plugin",
    "scripts",
    "pyproject.toml",
    "install.sh",
    "README.md",
)


def clone(folder: Path) -> Path:
    """Copy the files that an installation needs to `folder`/`a clone`."""
    target = folder / "a clone"
    target.mkdir(parents=True)
    for name in (*NAMES, "LICENSE"):
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    return target


def pip_settings() -> dict[str, str]:
    """What pip needs from our environment to reach an index: a test's HOME is empty."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
