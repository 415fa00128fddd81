"""Finds the folders that live outside the package: in a checkout beside it, in a wheel inside it (under `_data/`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from agentjit.errors import AjError

PACKAGE = Path(__file__).resolve().parent

Name = Literal["hooks", "skills_templates", ".claude-plugin"]


class DataMissing(AjError):
    """The installation is not whole."""

    slug = "data-missing"


def folder(name: Name, package: Path = PACKAGE) -> Path:
    """The folder called `name` that belongs to the `agentjit` package at `package`; raises `DataMissing`."""
    carried = package / "_data" / name
    if carried.is_dir():
        return carried
    # Only beside a checkout's own pyproject.toml: in site-packages a folder of that name is somebody else's.
    beside = package.parent / name
    if beside.is_dir() and (package.parent / "pyproject.toml").is_file():
        return beside
    raise DataMissing(f"{name} is not part of this installation ({package}): run install.sh of a fresh clone again")
