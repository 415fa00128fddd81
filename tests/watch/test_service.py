"""`aj watch` as a systemd user service; systemd itself is played by a script that does what it is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentjit.cli import cli
from agentjit.home import Home
from agentjit.install.service import UNIT, Service

# `enable` and `disable` make and remove the link, as the real one does; `refuse` holds a verb that shall fail.
SYSTEMCTL = """#!/bin/sh
here=${0%/*}
echo "$@" >>"$here/asked"
[ "$1" = --user ] || exit 64
wants=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/default.target.wants
refuse=$(cat "$here/refuse" 2>/dev/null)
case $2 in
"$refuse") echo "Failed to $2: no" >&2; echo more >&2; exit 1 ;;
enable) mkdir -p "$wants"; ln -sf "../$3" "$wants/$3" ;;
restart) echo active >"$here/state" ;;
disable) rm -f "$wants/$4" "$here/state" ;;
is-active) cat "$here/state" 2>/dev/null || { echo inactive; exit 3; } ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a `systemctl`, which is all of PATH but for the system's."""
    folder = tmp_path / "programs"
    folder.mkdir()
    script(folder / "systemctl", SYSTEMCTL)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def unit(home: Home) -> Path:
    """Where the unit file comes; the home has an `aj` to start."""
    script(Path(home.bin, "aj"), "#!/bin/sh\n")
    return Path(os.environ["HOME"], ".config", "systemd", "user", UNIT)


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def aj(*words: str) -> Result:
    return CliRunner().invoke(cli, [*words], catch_exceptions=False)


def asked(programs: Path) -> list[str]:
    return [line.removeprefix("--user ") for line in (programs / "asked").read_text().splitlines()]


def files(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).rglob("*") if not path.is_dir())


def test_it_is_written_enabled_and_started(home: Home, unit: Path, programs: Path) -> None:
    done = aj("watch", "--install-service")
    assert done.exit_code == 0 and f"wrote {unit}" in done.stdout
    assert asked(programs) == ["show-environment", "daemon-reload", f"enable {UNIT}", f"restart {UNIT}"]
    rows = unit.read_text().splitlines()
    assert f'ExecStart="{home.bin}/aj" watch' in rows
    assert f'Environment="AJ_HOME={home.root}"' in rows
    assert {"Restart=on-failure", "Nice=10", "IOSchedulingClass=idle", "NoNewPrivileges=yes"} <= set(rows)
    again = aj("watch", "--install-service")
    assert again.exit_code == 0
    assert asked(programs).count(f"restart {UNIT}") == 2, "an update starts the new program"


def test_it_is_removed_without_a_trace(home: Home, unit: Path, programs: Path) -> None:
    before = files(os.environ["HOME"])
    aj("watch", "--install-service")
    assert files(os.environ["HOME"]) != before
    done = aj("watch", "--uninstall-service")
    assert (done.exit_code, done.stdout) == (0, f"removed {unit}\n")
    assert asked(programs)[-2:] == [f"disable --now {UNIT}", "daemon-reload"]
    assert files(os.environ["HOME"]) == before
    assert not (Path(os.environ["HOME"]) / ".config" / "systemd").exists()
    assert aj("watch", "--uninstall-service").stdout == f"there is no {unit}\n"


def test_the_place_of_settings_is_the_users_choice(
    home: Home, unit: Path, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    aj("watch", "--install-service")
    assert (tmp_path / "settings" / "systemd" / "user" / UNIT).is_file()
    assert not unit.exists()
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert Service(home, os.environ).path == str(unit)


# --- where there is none


def nothing_left(home: Home, said: Result) -> None:
    assert said.exit_code == 2
    assert said.stderr.startswith("aj: ") and said.stderr.count("\n") == 1
    assert "sessions are loaded and compiled at their end" in said.stderr
    assert not (Path(os.environ["HOME"]) / ".config").exists()


def test_no_systemd(home: Home, unit: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = aj("watch", "--install-service")
    nothing_left(home, said)
    assert "no systemd" in said.stderr


def test_the_real_systemctl_without_a_user_manager(
    home: Home, unit: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = shutil.which("systemctl", path="/usr/bin:/bin")
    if real is None:
        pytest.skip("no systemctl here")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # there is no bus in it, whoever runs this
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    said = aj("watch", "--install-service")
    nothing_left(home, said)
    assert "no systemd user manager answers here" in said.stderr


@pytest.mark.parametrize("verb", ["show-environment", "daemon-reload", "enable", "restart"])
def test_a_refusal_leaves_nothing_half_done(verb: str, home: Home, unit: Path, programs: Path) -> None:
    (programs / "refuse").write_text(verb)
    said = aj("watch", "--install-service")
    nothing_left(home, said)
    assert f"Failed to {verb}: no" in said.stderr


def test_a_refusal_leaves_the_older_one(home: Home, unit: Path, programs: Path) -> None:
    aj("watch", "--install-service")
    older = unit.read_text().replace("Nice=10", "Nice=5")
    unit.write_text(older)
    (programs / "refuse").write_text("enable")
    assert aj("watch", "--install-service").exit_code == 2
    assert unit.read_text() == older


def test_no_home_is_made_for_it(unit: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AJ_HOME", str(tmp_path / "nowhere"))
    said = aj("watch", "--install-service")
    assert said.exit_code == 2 and "aj init" in said.stderr
    assert not (tmp_path / "nowhere").exists() and not unit.exists()


# --- what is somebody else's


def test_a_unit_of_somebody_else_is_not_touched(home: Home, unit: Path, programs: Path) -> None:
    unit.parent.mkdir(parents=True)
    unit.write_text("[Unit]\nDescription=mine\n")
    for option in ("--install-service", "--uninstall-service"):
        assert aj("watch", option).exit_code == 2
        assert unit.read_text() == "[Unit]\nDescription=mine\n"


def test_the_unit_of_another_home_is_not_touched(
    home: Home, unit: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aj("watch", "--install-service")
    text = unit.read_text()
    other = Home(str(tmp_path / "other"))
    other.ensure()
    script(Path(other.bin, "aj"), "#!/bin/sh\n")
    monkeypatch.setenv("AJ_HOME", other.root)
    said = aj("watch", "--install-service")
    assert said.exit_code == 2 and "is of another home" in said.stderr
    aj("uninstall")
    assert unit.read_text() == text


def test_uninstall_takes_it_along(home: Home, unit: Path, programs: Path) -> None:
    aj("watch", "--install-service")
    done = aj("uninstall")
    assert done.exit_code == 0 and f"removed {unit}" in done.stdout
    assert not unit.exists() and not os.path.exists(home.root)


def test_uninstall_where_the_manager_is_gone(home: Home, unit: Path, programs: Path) -> None:
    aj("watch", "--install-service")
    (programs / "systemctl").unlink()
    os.environ["PATH"] = str(programs)
    done = aj("uninstall", "--keep-data")
    assert f"removed {unit}" in done.stdout and "can be reached" in done.stdout
    assert not unit.exists() and not unit.parent.exists()


# --- the unit file itself


@pytest.mark.parametrize("name", ["aj", "with space", "per%cent", "dol$lar", "ümläut"])
def test_systemd_reads_what_is_meant(
    name: str, unit: Path, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(str(tmp_path / name))
    home.ensure()
    script(Path(home.bin, "aj"), "#!/bin/sh\n")
    monkeypatch.setenv("AJ_HOME", home.root)
    assert aj("watch", "--install-service").exit_code == 0
    assert Service(home, os.environ).program() == f"{home.bin}/aj"
    verify = shutil.which("systemd-analyze", path="/usr/bin:/bin")
    if verify is None:
        pytest.skip("no systemd-analyze here")
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": os.environ["HOME"], "PATH": "/usr/bin:/bin"}
    done = subprocess.run([verify, "--user", "verify", unit], env=runtime, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "it names what it cannot find or understand"


@pytest.mark.parametrize("name", ['quote"d', "quote'd", "back\\slash", "line\nend"])
def test_what_systemd_would_not_start_is_said(
    name: str, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(str(tmp_path / name))
    home.ensure()
    script(Path(home.bin, "aj"), "#!/bin/sh\n")
    monkeypatch.setenv("AJ_HOME", home.root)
    nothing_left(home, aj("watch", "--install-service"))


# --- one thing at a time


@pytest.mark.parametrize(
    "options",
    [
        ["--install-service", "--uninstall-service"],
        ["--status", "--install-service"],
        ["--uninstall-service", "--status"],
    ],
)
def test_options_that_exclude_each_other(home: Home, unit: Path, programs: Path, options: list[str]) -> None:
    said = aj("watch", *options)
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (2, "", 1)
    assert all(option in said.stderr for option in options)
    assert not unit.exists()
