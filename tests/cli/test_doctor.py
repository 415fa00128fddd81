"""`aj doctor`: every broken link is found, named with its mend, and nothing is changed by looking."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agentjit import data, spool
from agentjit.cli import cli
from agentjit.compile.render import program
from agentjit.doctor import probe
from agentjit.doctor.wiring import TESTED
from agentjit.home import Home
from agentjit.hotspot import Hotspot
from agentjit.install.trial import Trial
from agentjit.library import Library
from agentjit.observe.ingest import drain
from agentjit.pipeline import Study, publish
from agentjit.skill import State
from agentjit.store import Store
from agentjit.trace import SessionSeen

CHECKOUT = Path(__file__).resolve().parents[2]
NOW = time.time()


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder at the front of a PATH that has no client."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def settings() -> Path:
    return Path(os.environ["HOME"], ".claude", "settings.json")


@pytest.fixture
def healthy(home: Home, settings: Path) -> Home:
    """A home as `aj init` makes it, with a skill, a database and a recorded event, wired by the settings file."""
    settings.parent.mkdir()
    assert CliRunner().invoke(cli, ["init", "--settings"], catch_exceptions=False).exit_code == 0
    templates = str(data.folder("skills_templates"))
    plan = probe.skill()
    publish(home, [Study(Hotspot(probe.NAME, (), ()), plan, program(plan, templates))], templates, now=NOW)
    with Store.open(home, write=True) as store:
        store.add([SessionSeen("s1", "claude-code", NOW)])
    spool.write(home, "Stop", [b'{"session_id":"s1"}'])
    subprocess.run(["chmod", "-R", "go-rwx", home.root], check=True)
    return home


def doctor(*options: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *options], catch_exceptions=False)


def findings() -> list[dict[str, Any]]:
    """What `aj doctor --json` says, its exit status checked against it."""
    done = doctor("--json")
    rows = json.loads(done.stdout)
    assert isinstance(rows, list)
    assert done.exit_code == (1 if any(row["level"] == "fail" for row in rows) else 0)
    return rows


def finding(check: str) -> dict[str, Any]:
    """The worst that is said of one check."""
    ranks = ["ok", "warn", "fail"]
    found = [row for row in findings() if row["check"] == check]
    assert found, f"nothing is said of {check}"
    return max(found, key=lambda row: ranks.index(row["level"]))


def snapshot(folder: str) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in Path(folder).rglob("*")
        if "__pycache__" not in path.parts and not path.is_symlink()
    }


def client(programs: Path, script: str) -> None:
    (programs / "claude").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "claude").chmod(0o755)


# --- all is well


def test_a_sound_home_has_nothing_to_mend(healthy: Home, programs: Path) -> None:
    client(programs, f"echo '{TESTED} (Claude Code)'")
    rows = findings()
    assert [row for row in rows if row["level"] != "ok"] == []
    assert all(set(row) - {"details"} == {"check", "ok", "level", "text", "mend"} for row in rows)
    assert all(row["ok"] is True and row["mend"] == "" for row in rows)
    assert doctor().stdout.endswith("All works.\n")


def test_looking_changes_nothing(healthy: Home, settings: Path) -> None:
    before, wiring = snapshot(healthy.root), snapshot(os.environ["HOME"])
    doctor()
    after = snapshot(healthy.root)
    folders = {path for path in before if Path(path).is_dir()}  # the probe has been in the spool, and is gone
    assert {path: seen for path, seen in after.items() if path not in folders} == {
        path: seen for path, seen in before.items() if path not in folders
    }
    assert set(after) == set(before)
    assert snapshot(os.environ["HOME"]) == wiring


def test_it_leaves_no_temporary_home(healthy: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert finding("prompt hook")["level"] == "ok"
    assert list(folder.iterdir()) == []


def test_a_probe_that_is_drained_meanwhile_is_no_record(healthy: Home) -> None:
    spool.write(healthy, "run", [b'{"aj":"doctor"}'])
    done = drain(healthy, {}, now=time.time() + 3600)
    assert (done.events, done.quarantined) == (2, 0)
    with Store.open(healthy, write=False) as store:
        assert store.decisions() == []


def test_as_a_program_it_is_one_line_a_check(healthy: Home, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    argv = [sys.executable, "-m", "agentjit", "doctor"]
    done = subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    *rows, last = done.stdout.splitlines()
    assert len(rows) == len(findings())
    assert {row.split()[0] for row in rows} == {"ok", "warn"}
    assert last == "All works; 1 remark."  # there is no client on the PATH


def test_a_machine_without_any_of_it(settings: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AJ_HOME", str(tmp_path / "nowhere"))
    said = finding("home")
    assert (said["level"], said["ok"], said["mend"]) == ("fail", False, "aj init")
    assert finding("hooks")["level"] == "warn", "there is nothing to wire"
    assert finding("prompt hook")["level"] == "ok"
    assert not (tmp_path / "nowhere").exists()


# --- what breaks. Each row: the check, how bad it is, what is said of it, and how it is brought about.

Break = Callable[[Home, Path, Path], object]  # home, settings file, programs folder


def replaced(path: str, text: str, mode: int = 0o700) -> None:
    Path(path).unlink()
    Path(path).write_text(text)
    Path(path).chmod(mode)


def relinked(path: str, target: str) -> None:
    os.unlink(path)
    os.symlink(target, path)


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def shim(home: Home, text: str) -> None:
    Path(home.plugin, "hooks", "prompt.sh").write_text(text)


def skill_file(home: Home, name: str = "skill.py") -> Path:
    return Path(home.skills, probe.NAME, name)


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def aside(home: Home) -> None:
    Path(home.spool, "Stop.1").write_text("no JSON")
    os.utime(Path(home.spool, "Stop.1"), (1, 1))
    assert drain(home, {}, now=NOW + 3600).quarantined == 1


def disable(home: Home) -> None:
    with Library(home).changing() as records:
        records[probe.NAME] = records[probe.NAME].model_copy(update={"state": State.DISABLED})
    append(skill_file(home), "# edited\n")


def log(home: Home, *rows: str) -> None:
    Path(home.log).write_text("".join(f"{row}\n" for row in rows))
    Path(home.log).chmod(0o600)


def stamp(ago: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(NOW - ago))


BROKEN: dict[str, tuple[str, str, str, Break]] = {
    "open home": ("home", "fail", "others can enter", lambda h, s, p: os.chmod(h.root, 0o755)),
    "open file": ("home", "warn", "library.json", lambda h, s, p: os.chmod(h.library_state, 0o644)),
    "open folder": ("home", "warn", "skills under", lambda h, s, p: os.chmod(h.skills, 0o711)),
    "bad config": ("config", "fail", "line 1: not TOML", lambda h, s, p: config(h, "never = [")),
    "unknown setting": ("config", "fail", "line 2: 'nevr'", lambda h, s, p: config(h, "[observe]\nnevr = []\n")),
    "config in the way": ("config", "fail", "cannot be read", lambda h, s, p: os.mkdir(h.config)),
    "bad config in the way of events": (
        "waiting",
        "warn",
        "1 event to be loaded, the oldest for 0 seconds: nothing is loaded while",
        lambda h, s, p: config(h, "never = ["),
    ),
    "no spool": ("spool", "fail", "no folder", lambda h, s, p: shutil.rmtree(h.spool)),
    "unwritable spool": (
        "spool",
        "fail",
        "nothing can be recorded",
        lambda h, s, p: unwritable(h),
    ),
    "no interpreter": ("bin/python3", "fail", "/gone", lambda h, s, p: relinked(f"{h.bin}/python3", "/gone")),
    "broken interpreter": (
        "bin/python3",
        "fail",
        "exit status 7: no libpython",
        lambda h, s, p: replaced(f"{h.bin}/python3", "#!/bin/sh\necho no libpython >&2; exit 7\n"),
    ),
    "a skill without interpreter": (
        "a skill",
        "fail",
        "exit status 7",
        lambda h, s, p: replaced(f"{h.bin}/python3", "#!/bin/sh\nexit 7\n"),
    ),
    "old interpreter": (
        "bin/python3",
        "fail",
        "Python 3.9.2",
        lambda h, s, p: replaced(f"{h.bin}/python3", "#!/bin/sh\necho 3.9.2\n"),
    ),
    "no package": ("lib", "fail", "holds no agentjit", lambda h, s, p: relinked(h.lib, "/usr/share")),
    "other package": ("lib", "warn", "this `aj` is of", lambda h, s, p: other_package(h, p)),
    "no launcher": ("bin/aj", "fail", "No such file", lambda h, s, p: os.unlink(f"{h.bin}/aj")),
    "broken launcher": (
        "bin/aj",
        "fail",
        "exit status 3",
        lambda h, s, p: replaced(f"{h.bin}/aj", "#!/bin/sh\nexit 3\n"),
    ),
    "old launcher": (
        "bin/aj",
        "warn",
        "0.0.1",
        lambda h, s, p: replaced(f"{h.bin}/aj", "#!/bin/sh\necho aj, version 0.0.1\n"),
    ),
    "no hooks": ("hooks", "fail", "not wired", lambda h, s, p: s.unlink()),
    "one hook missing": (
        "hooks",
        "fail",
        "not those of this home and version",
        lambda h, s, p: edited(s, lambda value: value["hooks"].pop("Stop")),
    ),
    "settings broken": ("hooks", "fail", "not valid JSON", lambda h, s, p: s.write_text("{")),
    "settings no text": ("hooks", "fail", "cannot be used", lambda h, s, p: s.write_bytes(b'"\xff"')),
    "hooks off": (
        "hooks enabled",
        "fail",
        "disableAllHooks",
        lambda h, s, p: edited(s, lambda value: value.update(disableAllHooks=True)),
    ),
    "doubled": (
        "hooks",
        "fail",
        "wired twice",
        lambda h, s, p: edited(s, lambda value: value.update(enabledPlugins={"agentjit@agentjit": True})),
    ),
    "plugin off": (
        "hooks",
        "fail",
        "switched off",
        lambda h, s, p: s.write_text('{"enabledPlugins":{"agentjit@agentjit":false}}'),
    ),
    "stale shim": (
        "hooks",
        "fail",
        "record.sh",
        lambda h, s, p: append(Path(h.plugin, "hooks", "record.sh"), "# of another version\n"),
    ),
    "stale shim of a plugin": (
        "hooks",
        "fail",
        "record.sh",
        lambda h, s, p: stale_plugin(h, s),
    ),
    "dumb hook": ("prompt hook", "fail", "but nothing", lambda h, s, p: shim(h, "cat >/dev/null\n")),
    "failing hook": ("prompt hook", "fail", "exit status 2", lambda h, s, p: shim(h, "exit 2\n")),
    "babbling hook": ("prompt hook", "fail", "no JSON object", lambda h, s, p: shim(h, "echo hello\n")),
    "deaf hook": ("other prompts", "fail", "does not record", lambda h, s, p: shim(h, "cat >/dev/null\n")),
    "intruding hook": (
        "other prompts",
        "fail",
        "it should pass",
        lambda h, s, p: shim(h, 'echo \'{"continue": false, "stopReason": "no"}\'\n'),
    ),
    "no hooks.json": (
        "prompt hook",
        "fail",
        "registers no prompt hook",
        lambda h, s, p: Path(h.plugin, "hooks", "hooks.json").write_text("{}"),
    ),
    "broken database": (
        "database",
        "fail",
        "cannot be used",
        lambda h, s, p: Path(h.database).write_bytes(b"no database" * 1000),
    ),
    "quarantine": ("quarantine", "warn", "1 event could not be understood", lambda h, s, p: aside(h)),
    "edited skill": ("library", "fail", "was changed since", lambda h, s, p: append(skill_file(h), "# edited\n")),
    "edited plan": ("library", "fail", "was changed since", lambda h, s, p: append(skill_file(h, "plan.json"), "\n")),
    "writable skill": ("library", "fail", "only you can write", lambda h, s, p: skill_file(h).chmod(0o666)),
    "no skill": ("library", "fail", "cannot be read", lambda h, s, p: shutil.rmtree(skill_file(h).parent)),
    "edited skill at rest": ("library", "warn", "was changed since", lambda h, s, p: disable(h)),
    "broken state": ("library", "fail", "is damaged", lambda h, s, p: Path(h.library_state).write_text("[]")),
    "empty index": ("library", "fail", "no prompt would find it", lambda h, s, p: Path(h.entries).write_bytes(b"")),
    "errors": ("aj.log", "warn", "1 line since yesterday", lambda h, s, p: log(h, f"{stamp(90)} prompt hook: OSError")),
    "errors without a time": (
        "aj.log",
        "warn",
        "2 lines since yesterday, the last: other",
        lambda h, s, p: log(h, f"{stamp(200_000)} old", "one", "other"),
    ),
    "log in the way": ("aj.log", "fail", "broke down", lambda h, s, p: os.mkdir(h.log)),
    "no client": ("client", "warn", "not on PATH", lambda h, s, p: None),
    "other client": ("client", "warn", "2.0.7 was not tested", lambda h, s, p: client(p, "echo '2.0.7 (Claude Code)'")),
    "broken client": ("client", "fail", "failed", lambda h, s, p: client(p, "exit 1")),
    "nothing recorded": ("last event", "warn", "nothing was recorded by hooks yet", lambda h, s, p: unrecorded(h)),
    "recording stopped": ("last event", "warn", "but Claude Code was used", lambda h, s, p: unobserved(h, s)),
}


def config(home: Home, text: str) -> None:
    Path(home.config).write_text(text)


def unwritable(home: Home) -> None:
    """A spool that not even root can write into."""
    shutil.rmtree(home.spool)
    os.symlink("/proc/sys", home.spool)


def other_package(home: Home, folder: Path) -> None:
    shutil.copytree(CHECKOUT / "agentjit", folder / "agentjit", ignore=shutil.ignore_patterns("__pycache__", "samples"))
    relinked(home.lib, str(folder))


def stale_plugin(home: Home, settings: Path) -> None:
    settings.write_text('{"enabledPlugins": {"agentjit@agentjit": true}}')
    append(Path(home.plugin, "hooks", "record.sh"), "# of another version\n")


def unrecorded(home: Home) -> None:
    for waiting in spool.pending(home):
        spool.remove(waiting)


def unobserved(home: Home, settings: Path) -> None:
    for waiting in spool.pending(home):
        os.utime(waiting.path, (NOW - 90_000, NOW - 90_000))
    transcript = settings.parent / "projects" / "-work" / "s1.jsonl"
    transcript.parent.mkdir(parents=True)
    transcript.write_text("{}\n")


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str, healthy: Home, settings: Path, programs: Path) -> None:
    check, level, text, bring_about = BROKEN[name]
    if name != "no client":  # there is none on a test's PATH to begin with
        assert not [row for row in findings() if row["check"] == check and text in row["text"]]
    bring_about(healthy, settings, programs)
    said = finding(check)
    assert said["level"] == level and text in said["text"], said
    assert said["mend"], "a person wants to know what to do"
    assert said["ok"] is (level == "warn")


def test_a_bad_config_is_told_with_its_line_and_its_mend(healthy: Home) -> None:
    config(healthy, "[retention]\ndays = 7\n")
    assert finding("config")["text"] == f"{healthy.config} is understood"
    config(healthy, "# mine\n[retention]\ndays = never\n")
    said = finding("config")
    assert said["text"].startswith(f"{healthy.config}, line 3: ") and "nothing is loaded" in said["text"]
    assert said["mend"] == f"mend {healthy.config}, or move it away"
    assert doctor().exit_code == 1
    os.unlink(healthy.config)
    assert finding("config")["level"] == finding("waiting")["level"] == "ok"


@pytest.mark.parametrize(
    ("env", "colour"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_that_want_it(healthy: Home, env: dict[str, str], colour: bool) -> None:
    master, slave = pty.openpty()
    argv = [sys.executable, "-m", "agentjit", "doctor"]
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    full = {**inherited, "PYTHONPATH": str(CHECKOUT), "TERM": "xterm", "LANG": "C.UTF-8", **env}
    with subprocess.Popen(argv, env=full, cwd="/", stdin=slave, stdout=slave, stderr=slave) as running:
        os.close(slave)
        said = b""
        try:
            while b"All works" not in said and select.select([master], [], [], 60)[0]:
                said += os.read(master, 4096)
        finally:
            running.kill()
    os.close(master)
    assert "✓ home" in said.decode().replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert (b"\x1b[32m" in said) is colour


def test_a_busy_database_is_no_failure(healthy: Home) -> None:
    with open(healthy.database_lock, "rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert finding("database")["level"] == "warn"
    assert finding("database")["level"] == "ok"


# --- the mends are commands that mend


@pytest.mark.parametrize("name", ["open home", "open file"])
def test_the_chmod_that_is_offered_mends(name: str, healthy: Home, settings: Path, programs: Path) -> None:
    BROKEN[name][3](healthy, settings, programs)
    subprocess.run(["sh", "-c", finding("home")["mend"]], check=True)
    assert finding("home")["level"] == "ok"
    assert stat.S_IMODE(os.stat(healthy.root).st_mode) == 0o700


@pytest.mark.parametrize(
    "name",
    ["no interpreter", "no package", "broken launcher", "no hooks", "one hook missing", "stale shim", "dumb hook"],
)
def test_aj_init_mends(name: str, healthy: Home, settings: Path, programs: Path) -> None:
    check, level, _, bring_about = BROKEN[name]
    bring_about(healthy, settings, programs)
    said = finding(check)
    assert (said["level"], said["mend"]) == (level, "aj init")
    assert CliRunner().invoke(cli, ["init"], catch_exceptions=False).exit_code == 0
    assert finding(check)["level"] == "ok"


# --- with the real client


def test_the_plugin_in_the_real_client(
    home: Home, client_path: Path, programs: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (programs / "claude").symlink_to(client_path)
    for name in ("DISABLE_TELEMETRY", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER"):
        monkeypatch.setenv(name, "1")
    assert CliRunner().invoke(cli, ["init"], catch_exceptions=False).exit_code == 0
    before = snapshot(os.environ["HOME"])
    said = finding("hooks")
    assert said["level"] == "ok" and "the plugin agentjit@agentjit is on, current" in said["text"]
    assert finding("client")["level"] == "ok"
    assert snapshot(os.environ["HOME"]) == before, "asking the client changes nothing of it"
    append(Path(home.plugin, "hooks", "prompt.sh"), "# of another version\n")
    assert "prompt.sh is not what this version brings" in finding("hooks")["text"]
    settings.write_text('{"enabledPlugins": {"agentjit@agentjit": false}}')
    assert finding("hooks")["mend"] == "claude plugin enable agentjit@agentjit"


# --- the trial itself


def test_a_trial_passes_nothing_of_the_person_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AJ_OBSERVE", "0")  # would silence the hook
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", "/nowhere")
    trial = Trial(str(tmp_path / "aj"), str(tmp_path / "user"), "/usr/bin:/bin")
    trial.set_up()
    said = trial.ask("hello", str(tmp_path))
    assert said.output is None and (said.answer, said.context) == ("", "")
    [waiting] = spool.pending(trial.home)
    assert json.loads(spool.read(waiting).splitlines()[0])["prompt"] == "hello"
    assert set(trial.env) == {"HOME", "AJ_HOME", "PATH", "LANG"}
