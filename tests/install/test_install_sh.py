"""install.sh from a clone to an empty home and back, and what it says when a step fails. Uses pip and the network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.cli.test_import import gemini
from tests.install.clone import clone, pip_settings
from tests.install.conftest import Machine
from tests.install.test_init import good, tree


def install(checkout: Path, machine: Machine, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return machine.run([str(checkout / "install.sh"), *words], {**pip_settings(), **env})


NOWHERE = dict.fromkeys(pip_settings(), "") | {
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_RETRIES": "0",
    "PIP_CONFIG_FILE": "/dev/null",
}


def failed(done: subprocess.CompletedProcess[str]) -> str:
    """The one line it failed with."""
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_its_whole_life_where_there_is_no_claude_code(machine: Machine, tmp_path: Path) -> None:
    checkout = clone(tmp_path)
    before = tree(machine.user)
    said = good(install(checkout, machine))
    assert "demonstration" in said and "is not on PATH" in said
    # Again, and it is an upgrade.
    version = checkout / "agentjit/__init__.py"
    version.write_text(version.read_text().replace("0.1.0", "0.1.1"))
    # By now there is a past, of a harness that is not wired.
    chat = machine.user / ".gemini/tmp/p/chats/session-1.jsonl"
    chat.parent.mkdir(parents=True)
    chat.write_text(gemini("g1"))
    said = good(install(checkout, machine))
    assert "1 transcript imported (1 Gemini CLI)" in said and "demonstration" not in said
    assert said.count("[6/6]") == 1
    # It stands by itself.
    shutil.rmtree(checkout)
    aj = str(machine.user / ".local/bin/aj")
    assert "0.1.1" in good(machine.run([aj, "--version"]))
    assert json.loads(good(machine.run([aj, "list", "--json"]))) == []
    # The interpreter of the hooks is the bare one.
    assert "venv" not in os.path.realpath(f"{machine.home.bin}/python3")
    assert json.loads(good(machine.run([aj, "stats", "--json"])))["recorded"]["sessions"] == 1
    checkout = clone(tmp_path / "second")
    good(install(checkout, machine, "--uninstall"))
    shutil.rmtree(machine.user / ".gemini")
    assert tree(machine.user) == before
    assert "nothing to uninstall" in install(checkout, machine, "--uninstall").stderr


def test_its_life_with_claude_code_and_a_history(
    machine: Machine, tmp_path: Path, client_path: Path, claude: Callable[..., object]
) -> None:
    from tests.support.model import Bash, Turn, say
    from tests.support.session import ClaudeHome

    client = claude()
    assert isinstance(client, ClaudeHome)
    turns = iter([Turn(calls=(Bash("echo one"),)), say("done")])
    client.model.script = lambda request: next(turns)
    session = client.run("say one").session_id
    machine.add_claude(client_path)
    shutil.copytree(client.home / ".claude/projects", machine.user / ".claude/projects")
    settings = b'{"model":   "opus"}'
    machine.write_settings(settings)

    said = good(install(clone(tmp_path), machine))
    assert "has the plugin" in said and "past sessions" in said and "demonstration" not in said
    aj = str(machine.user / ".local/bin/aj")
    assert json.loads(good(machine.run([aj, "stats", "--json"])))["recorded"]["sessions"] == 1, session
    said = good(install(clone(tmp_path / "second"), machine, "--uninstall"))
    assert machine.settings.read_bytes() == settings
    assert not Path(machine.home.root).exists(), (said, tree(Path(machine.home.root)))


def test_an_installation_that_was_never_finished_can_be_removed(machine: Machine, tmp_path: Path) -> None:
    checkout = clone(tmp_path)
    before = tree(machine.user)
    failed(install(checkout, machine, **NOWHERE))
    assert Path(machine.home.venv).is_dir()
    good(install(checkout, machine, "--uninstall"))
    assert tree(machine.user) == before


def test_backups_that_were_left_are_ours(machine: Machine) -> None:
    backup = Path(machine.home.backups, "settings.json.1")
    backup.parent.mkdir(parents=True)
    backup.write_text("{}")
    good(machine.aj("init", "--no-harness"))
    assert backup.read_text() == "{}"


def test_help_and_wrong_options(machine: Machine, tmp_path: Path) -> None:
    checkout = clone(tmp_path)
    assert "--uninstall" in good(install(checkout, machine, "--help"))
    wrong = install(checkout, machine, "--frobnicate")
    assert wrong.returncode == 2 and "--frobnicate" in failed(wrong)
    assert tree(machine.user) == set()


def test_no_suitable_python(machine: Machine, tmp_path: Path) -> None:
    old = machine.bin / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    assert "3.11" in failed(install(clone(tmp_path), machine, PYTHON=str(old)))
    assert tree(machine.user) == set()


def test_no_way_to_make_an_environment(machine: Machine, tmp_path: Path) -> None:
    # As on a Debian without python3-venv; sitecustomize is how a test takes a module away.
    (tmp_path / "without").mkdir()
    (tmp_path / "without/sitecustomize.py").write_text("import sys; sys.modules.update(ensurepip=None, pip=None)")
    said = failed(install(clone(tmp_path), machine, PYTHONPATH=str(tmp_path / "without")))
    assert "-venv" in said and "apt install" in said


def test_offline(machine: Machine, tmp_path: Path) -> None:
    said = failed(install(clone(tmp_path), machine, **NOWHERE))
    assert "offline" in said and machine.home.install_log in said
    assert Path(machine.home.install_log).read_text()


def test_a_home_that_is_not_ours_alone(machine: Machine, tmp_path: Path) -> None:
    (machine.user / "documents").mkdir()
    (machine.user / "documents/thesis.txt").touch()
    before = tree(machine.user)
    assert "AJ_HOME" in failed(install(clone(tmp_path), machine, AJ_HOME=str(machine.user / "documents")))
    assert "AJ_HOME" in failed(install(clone(tmp_path / "second"), machine, AJ_HOME="/proc/aj"))
    assert tree(machine.user) == before


def test_a_command_called_aj_that_is_somebody_elses_stays(machine: Machine, tmp_path: Path) -> None:
    theirs = machine.user / ".local/bin/aj"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    assert "is not ours and stays" in good(install(clone(tmp_path), machine, "--no-harness"))
    assert theirs.read_text() == "theirs"
