"""The folders outside the package are found from a checkout, an editable installation and a wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from agentjit import data
from tests.install.clone import clone

CHECKOUT = Path(__file__).resolve().parents[1]
NAMES: tuple[data.Name, ...] = get_args(data.Name)
SHOW = "import sys; from agentjit import data; print('\\n'.join(str(data.folder(name)) for name in sys.argv[1:]))"


def run(*argv: str, **env: str) -> str:
    done = subprocess.run(argv, env={**os.environ, **env}, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*words: str) -> str:
    return run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", *words)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_checkout() -> None:
    assert [data.folder(name) for name in NAMES] == [CHECKOUT / name for name in NAMES]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(clone(folder)))
    [built] = folder.glob("*.whl")
    return built


def test_a_wheel_brings_the_very_files(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip("install", "--no-deps", "--target", str(site), str(wheel))
    (site / "hooks").mkdir()  # somebody else's package of that name
    (site / "pyproject.toml").touch()
    found = run(sys.executable, "-c", SHOW, *NAMES, PYTHONPATH=str(site)).splitlines()
    assert found == [str(site / "agentjit/_data" / name) for name in NAMES]
    for name, folder in zip(NAMES, found, strict=True):
        assert content(Path(folder)) == content(CHECKOUT / name)


def test_an_editable_installation_uses_the_checkout(tmp_path: Path) -> None:
    checkout, environment = clone(tmp_path), tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    python = str(environment / "bin/python")
    pip("--python", python, "install", "--no-deps", "--editable", str(checkout))
    assert run(python, "-c", SHOW, *NAMES).splitlines() == [str(checkout / name) for name in NAMES]


def test_a_broken_installation_says_so_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()  # beside the package, but no checkout of ours
    with pytest.raises(data.DataMissing) as missing:
        data.folder("hooks", tmp_path / "agentjit")
    assert "hooks" in str(missing.value) and "\n" not in str(missing.value)


def test_the_plugin_has_the_version_of_the_package() -> None:
    from agentjit import __version__

    assert f'"version": "{__version__}"' in (data.folder(".claude-plugin") / "plugin.json").read_text()
