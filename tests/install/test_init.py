"""`aj init` and `aj uninstall` on a machine of their own: with the real client, with a settings file, with neither."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agentjit import data
from agentjit.install.harness import Way, choose
from tests.install.conftest import CHECKOUT, Machine

ODD = b'{"model":\t"x",\r\n   "n": 1.00, "hooks" : {"Stop": [ {"hooks":[{"type":"command","command":"true"}]} ]} }\n\n'


def good(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def our_hooks(machine: Machine) -> list[str]:
    """The scripts our entries in the settings name."""
    events = json.loads(machine.settings.read_bytes()).get("hooks", {}).values()
    hooks = [hook for groups in events for group in groups for hook in group["hooks"]]
    return [hook["args"][2] for hook in hooks if "managed-by-agentjit" in hook.get("args", [])]


@pytest.mark.parametrize(
    ("client", "config", "wish", "way"),
    [
        (True, True, None, Way.PLUGIN),
        (True, False, None, Way.PLUGIN),
        (False, True, None, Way.SETTINGS),
        (False, False, None, Way.NONE),
        (True, True, Way.SETTINGS, Way.SETTINGS),
        (False, False, Way.SETTINGS, Way.SETTINGS),
        (True, True, Way.NONE, Way.NONE),
    ],
)
def test_the_way_is_chosen(client: bool, config: bool, wish: Way | None, way: Way) -> None:
    assert choose(client=client, config=config, wish=wish) is way


class TestWithoutAnAgent:
    def test_the_home_is_made_and_works(self, machine: Machine) -> None:
        said = good(machine.aj("init"))
        assert "hooks not wired" in said and "Claude Code is installed" in said
        home = machine.home
        assert os.path.realpath(f"{home.bin}/python3") == os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
        assert os.path.samefile(home.lib, CHECKOUT)
        # From a folder whose modules bear the names of ours, and with no environment to speak of.
        (machine.user / "agentjit").mkdir()
        (machine.user / "click.py").write_text("raise SystemExit('the wrong click')")
        done = subprocess.run(
            [f"{home.bin}/aj", "--version"],
            cwd=machine.user,
            env={"HOME": str(machine.user), "PYTHONPATH": "."},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("aj")

    def test_all_of_it_is_private(self, machine: Machine) -> None:
        good(machine.aj("init"))
        for path in [Path(machine.home.root), *Path(machine.home.root).rglob("*")]:
            if not path.is_symlink():
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path

    def test_a_dry_run_changes_nothing(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        before = tree(machine.user)
        assert f"would add the hooks to {machine.settings}" in good(machine.aj("init", "--dry-run"))
        assert tree(machine.user) == before
        assert machine.settings.read_bytes() == ODD

    def test_no_harness_leaves_settings_alone(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        good(machine.aj("init", "--no-harness"))
        assert machine.settings.read_bytes() == ODD

    def test_uninstall_leaves_nothing_twice(self, machine: Machine) -> None:
        before = tree(machine.user)
        good(machine.aj("init"))
        (machine.user / ".local/bin").mkdir(parents=True)
        (machine.user / ".local/bin/aj").symlink_to(f"{machine.home.bin}/aj")
        good(machine.aj("uninstall"))
        assert tree(machine.user) - {".local", ".local/bin"} == before
        assert "there is no" in good(machine.aj("uninstall"))

    def test_the_command_of_another_installation_stays(self, machine: Machine, tmp_path: Path) -> None:
        good(machine.aj("init"))
        (machine.user / ".local/bin").mkdir(parents=True)
        (machine.user / ".local/bin/aj").symlink_to(tmp_path / "other")
        good(machine.aj("uninstall"))
        assert (machine.user / ".local/bin/aj").is_symlink()

    @pytest.mark.parametrize("root", ["/", "{user}", "{user}/..", "{user}/documents"])
    def test_a_folder_that_is_not_ours_alone_is_refused(self, root: str, machine: Machine) -> None:
        (machine.user / "documents").mkdir()
        (machine.user / "documents/thesis.txt").write_text("years of work")
        before = tree(machine.user)
        for name in ("init", "uninstall"):
            done = machine.aj(name, AJ_HOME=root.format(user=machine.user))
            assert done.returncode == 2 and "AJ_HOME" in done.stderr and done.stderr.count("\n") == 1
        assert tree(machine.user) == before

    def test_files_of_others_in_the_home_stay_and_are_named(self, machine: Machine) -> None:
        good(machine.aj("init"))
        root = Path(machine.home.root)
        for name in ("mine.txt", "skills.docx", "aj.duckdb.wal", "plugin.7.old"):
            (root / name).write_text("x")
        assert f"left: {root}/mine.txt" in good(machine.aj("uninstall"))
        assert tree(root) == {"mine.txt", "skills.docx"}


class TestSettings:
    def test_in_and_out_again_byte_for_byte(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        machine.settings.chmod(0o640)
        said = good(machine.aj("init"))
        [backup] = Path(machine.home.backups).glob("settings.json.*")
        assert str(backup) in said and backup.read_bytes() == ODD
        assert len(our_hooks(machine)) == 6
        assert stat.S_IMODE(machine.settings.stat().st_mode) == 0o640
        wired = machine.settings.read_bytes()
        good(machine.aj("init"))
        assert machine.settings.read_bytes() == wired
        good(machine.aj("uninstall"))
        assert machine.settings.read_bytes() == ODD
        assert stat.S_IMODE(machine.settings.stat().st_mode) == 0o640
        assert not Path(machine.home.root).exists()

    def test_the_scripts_it_names_are_there_without_the_checkout(self, machine: Machine) -> None:
        machine.write_settings(b"{}")
        good(machine.aj("init"))
        scripts = our_hooks(machine)
        assert all(Path(script).is_file() and script.startswith(machine.home.root) for script in scripts)

    def test_a_file_that_was_not_there_is_gone_again(self, machine: Machine) -> None:
        machine.settings.parent.mkdir()
        good(machine.aj("init"))
        assert len(our_hooks(machine)) == 6
        good(machine.aj("uninstall"))
        assert not machine.settings.exists()

    def test_settings_can_be_asked_for(self, machine: Machine) -> None:
        good(machine.aj("init", "--settings"))
        assert len(our_hooks(machine)) == 6

    def test_changes_by_others_survive_and_the_backup_is_named(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        good(machine.aj("init"))
        edited = machine.settings.read_bytes().replace(b'"x"', b'"y"')
        machine.settings.write_bytes(edited)
        said = good(machine.aj("uninstall"))
        assert machine.settings.read_bytes() == ODD.replace(b'"x"', b'"y"')
        [backup] = Path(machine.home.backups).glob("settings.json.*")
        assert backup.read_bytes() == ODD
        assert str(backup) in said
        assert tree(Path(machine.home.root)) == {"backups", f"backups/{backup.name}"}

    def test_an_edit_and_a_second_init_restore_the_edit(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        good(machine.aj("init"))
        # The owner drops one of our entries' events and changes something else.
        machine.settings.write_bytes(
            machine.settings.read_bytes().replace(b'"x"', b'"y"').replace(b'"Stop"', b'"Stup"')
        )
        good(machine.aj("init"))
        good(machine.aj("uninstall"))
        assert machine.settings.read_bytes() == ODD.replace(b'"x"', b'"y"').replace(b'"Stop"', b'"Stup"')

    def test_a_link_is_written_through(self, machine: Machine, tmp_path: Path) -> None:
        target = tmp_path / "dotfiles.json"
        target.write_bytes(ODD)
        machine.settings.parent.mkdir()
        machine.settings.symlink_to(target)
        good(machine.aj("init"))
        assert machine.settings.is_symlink() and len(our_hooks(machine)) == 6
        good(machine.aj("uninstall"))
        assert machine.settings.is_symlink() and target.read_bytes() == ODD

    def test_another_configuration_folder(self, machine: Machine, tmp_path: Path) -> None:
        (tmp_path / "config").mkdir()
        good(machine.aj("init", CLAUDE_CONFIG_DIR=str(tmp_path / "config")))
        assert (tmp_path / "config/settings.json").is_file() and not machine.settings.exists()
        good(machine.aj("uninstall"))  # which no longer knows of the folder but for its own record
        assert not (tmp_path / "config/settings.json").exists()

    def test_another_home_takes_the_settings_over(self, machine: Machine, tmp_path: Path) -> None:
        machine.write_settings(ODD)
        good(machine.aj("init"))
        good(machine.aj("init", AJ_HOME=str(tmp_path / "second")))
        good(machine.aj("uninstall"))
        assert {Path(script).parents[2] for script in our_hooks(machine)} == {tmp_path / "second"}
        good(machine.aj("uninstall", AJ_HOME=str(tmp_path / "second")))
        assert machine.settings.read_bytes() == ODD

    @pytest.mark.parametrize("content", [b"", b"{oops", b"[]", b'{"hooks": 3}', b'{"a": "\xff"}', b"\xef\xbb\xbf{}"])
    def test_what_is_not_understood_is_not_touched(self, content: bytes, machine: Machine) -> None:
        machine.write_settings(content)
        before = tree(machine.user)
        done = machine.aj("init")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert str(machine.settings) in done.stderr
        assert machine.settings.read_bytes() == content
        assert tree(machine.user) == before

    def test_it_says_that_hooks_are_off(self, machine: Machine) -> None:
        machine.write_settings(b'{"disableAllHooks": true}')
        assert "disableAllHooks" in good(machine.aj("init"))

    def test_keep_data_only_unwires(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        good(machine.aj("init"))
        (Path(machine.home.spool) / "Stop.1").write_text("{}")
        good(machine.aj("uninstall", "--keep-data"))
        assert machine.settings.read_bytes() == ODD
        assert (Path(machine.home.spool) / "Stop.1").is_file()
        assert not Path(machine.home.plugin).exists()

    def test_a_client_whose_plugin_command_fails(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        claude = machine.bin / "claude"
        claude.write_text("#!/bin/sh\necho 'error: unknown command plugin' >&2\nexit 1\n")
        claude.chmod(0o755)
        said = good(machine.aj("init"))
        assert "unknown command plugin" in said
        assert len(our_hooks(machine)) == 6

    def test_a_plugin_from_an_older_checkout_is_replaced(self, machine: Machine) -> None:
        good(machine.aj("init"))
        script = Path(machine.home.plugin) / "hooks/record.sh"
        script.write_text("old")
        (script.parent / "left-over.sh").write_text("old")
        good(machine.aj("init"))
        assert script.read_bytes() == (data.folder("hooks") / "record.sh").read_bytes()
        assert not (script.parent / "left-over.sh").exists()


class TestTheRealClient:
    @pytest.fixture
    def machine(self, machine: Machine, client_path: Path) -> Machine:
        machine.add_claude(client_path)
        return machine

    def plugins(self, machine: Machine) -> list[dict[str, object]]:
        listed = json.loads(good(machine.run(["claude", "plugin", "list", "--json"])))
        assert isinstance(listed, list)
        return [row for row in listed if row["id"] == "agentjit@agentjit"]

    def test_the_checkout_and_the_copy_validate(self, machine: Machine) -> None:
        good(machine.aj("init", "--no-harness"))
        for folder in (str(CHECKOUT), machine.home.plugin):
            done = machine.run(["claude", "plugin", "validate", "--strict", folder])
            assert done.returncode == 0, done.stdout + done.stderr
            assert "Validation passed" in done.stdout

    def test_the_plugin_is_installed_once_and_removed(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        for _ in range(2):
            assert "has the plugin" in good(machine.aj("init"))
            [row] = self.plugins(machine)
            assert (row["enabled"], row["readFromFolder"]) == (True, machine.home.plugin)
            assert our_hooks(machine) == []
        good(machine.aj("uninstall"))
        assert self.plugins(machine) == []
        assert json.loads(good(machine.run(["claude", "plugin", "marketplace", "list", "--json"]))) == []
        assert machine.settings.read_bytes() == ODD
        assert not Path(machine.home.root).exists()

    def test_a_settings_file_that_is_not_understood_is_not_touched(self, machine: Machine) -> None:
        machine.write_settings(b"{oops")
        assert machine.aj("init").returncode == 2
        assert machine.settings.read_bytes() == b"{oops"

    def test_changing_the_way_is_never_both(self, machine: Machine) -> None:
        machine.write_settings(ODD)
        good(machine.aj("init", "--settings"))
        assert len(our_hooks(machine)) == 6 and self.plugins(machine) == []
        good(machine.aj("init"))
        assert our_hooks(machine) == [] and len(self.plugins(machine)) == 1
        good(machine.aj("init", "--settings"))
        assert len(our_hooks(machine)) == 6 and self.plugins(machine) == []
        good(machine.aj("uninstall"))
        assert machine.settings.read_bytes() == ODD

    def test_another_home_takes_the_plugin_over(self, machine: Machine, tmp_path: Path) -> None:
        good(machine.aj("init"))
        good(machine.aj("init", AJ_HOME=str(tmp_path / "second")))
        [row] = self.plugins(machine)
        assert row["readFromFolder"] == str(tmp_path / "second/plugin")
        good(machine.aj("uninstall"))  # the first home, which has nothing to say about the second
        assert [row["enabled"] for row in self.plugins(machine)] == [True]

    def test_a_plugin_its_owner_turned_off_stays_off(self, machine: Machine) -> None:
        good(machine.aj("init"))
        good(machine.run(["claude", "plugin", "disable", "agentjit@agentjit"]))
        assert "claude plugin enable" in good(machine.aj("init"))
        [row] = self.plugins(machine)
        assert row["enabled"] is False

    def test_an_update_is_recorded(self, machine: Machine, tmp_path: Path) -> None:
        checkout = tmp_path / "checkout"
        for name in ("agentjit", "hooks", ".claude-plugin"):
            shutil.copytree(CHECKOUT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(CHECKOUT / "pyproject.toml", checkout)
        good(machine.aj("init", PYTHONPATH=str(checkout)))
        manifest = checkout / ".claude-plugin/plugin.json"
        newer = {**json.loads(manifest.read_text()), "version": "99.0.0"}
        manifest.write_text(json.dumps(newer))
        good(machine.aj("init", PYTHONPATH=str(checkout)))
        [row] = self.plugins(machine)
        assert (row["version"], row["folderVersion"]) == ("99.0.0", "99.0.0")

    @pytest.mark.parametrize("options", [(), ("--settings",)], ids=["plugin", "settings"])
    def test_a_session_is_recorded(
        self, options: tuple[str, ...], machine: Machine, claude: Callable[..., object]
    ) -> None:
        from tests.support.model import Bash, Turn, say
        from tests.support.session import ClaudeHome

        client = claude()
        assert isinstance(client, ClaudeHome)
        installed = {**client.env, "AJ_HOME": str(client.aj), "PATH": f"{machine.bin}:{client.env['PATH']}"}
        good(machine.aj("init", *options, **installed))
        os.unlink(client.aj / "bin/aj")  # or the end of the session drains what we are about to look at
        client.env.pop("AJ_HOME")  # the hooks know their home

        turns = iter([Turn(calls=(Bash("echo one"),)), Turn(calls=(Bash("echo two; exit 3"),)), say("done")])
        client.model.script = lambda request: next(turns)
        run = client.run("do it")
        assert (run.result, run.hook_errors) == ("done", ())
        events = sorted(file.name.split(".")[0] for file in (client.aj / "spool").iterdir())
        assert events == sorted(
            ["SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "Stop", "SessionEnd"]
        )
        payloads = [json.loads(file.read_bytes()) for file in (client.aj / "spool").iterdir()]
        assert {payload["session_id"] for payload in payloads} == {run.session_id}
