"""The hook shims, run as hooks.json says, under conditions they meet in real life: they never fail and never speak."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentjit.observe import wire

CHECKOUT = Path(__file__).resolve().parents[2]
EVENTS = json.loads((CHECKOUT / "hooks/hooks.json").read_text())["hooks"]
PAYLOAD = json.dumps({"session_id": "s", "prompt": "is web ok?", "odd": "\u00e9 \n '\"$(x)`"}).encode()
SHELLS = [[path] for name in ("dash", "busybox", "bash") if (path := shutil.which(name))]


def argv(event: str, root: Path = CHECKOUT, home: Path | None = None) -> list[str]:
    """The command of an event; with `home`, as `aj init` writes it."""
    [group] = EVENTS[event]
    [hook] = group["hooks"]
    words = [word.replace("${CLAUDE_PLUGIN_ROOT}", str(root)) for word in hook["args"]]
    return [hook["command"], *words, *([str(home)] if home else [])]


def fire(command: list[str], env: Mapping[str, str], payload: bytes = PAYLOAD) -> bytes:
    """Run a hook to its end; it must succeed in silence on stderr. What it printed."""
    done = subprocess.run(command, input=payload, env=env, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def spool(root: Path) -> list[Path]:
    return sorted((root / "spool").iterdir()) if (root / "spool").is_dir() else []


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "user").mkdir()
    return {"HOME": str(tmp_path / "user"), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def root(env: dict[str, str]) -> Path:
    return Path(env["HOME"], ".aj")


def test_every_event_of_the_road_is_registered() -> None:
    road = {"PostToolUse", "PostToolUseFailure", "UserPromptSubmit", "Stop", "SessionStart", "SessionEnd"}
    assert set(EVENTS) == road
    assert all(event in argv(event) for event in EVENTS)


@pytest.mark.parametrize("event", EVENTS)
def test_the_payload_lands_in_a_private_file_of_its_own(event: str, env: dict[str, str], root: Path) -> None:
    assert fire(argv(event), env) == b""
    [file] = spool(root)
    assert file.name.split(".")[0] == event and file.name.split(".")[1].isdigit()
    assert file.read_bytes() == PAYLOAD
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
@pytest.mark.parametrize("event", ["PostToolUse", "UserPromptSubmit", "SessionEnd"])
def test_any_posix_shell_will_do(shell: list[str], event: str, env: dict[str, str], root: Path) -> None:
    applet = ["sh"] if shell[0].endswith("busybox") else []
    assert fire([*shell, *applet, *argv(event)[1:]], env) == b""
    assert [file.read_bytes() for file in spool(root)] == [PAYLOAD]


def test_a_large_payload_is_whole(env: dict[str, str], root: Path) -> None:
    payload = b'{"x":"' + os.urandom(3_000_000).hex().encode() + b'"}'
    fire(argv("PostToolUse"), env, payload)
    assert [file.read_bytes() for file in spool(root)] == [payload]


def test_many_at_once_are_all_kept(env: dict[str, str], root: Path) -> None:
    payloads = [b'{"n":%d}' % n for n in range(60)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda payload: fire(argv("PostToolUse"), env, payload), payloads))
    assert sorted(file.read_bytes() for file in spool(root)) == sorted(payloads)


def test_a_waiting_event_of_a_recycled_pid_is_not_overwritten(env: dict[str, str], root: Path) -> None:
    # exec keeps the process id, so the shim meets the names made here.
    before = 'mkdir -p "$HOME/.aj/spool"; for n in "" .1 .2; do echo old >"$HOME/.aj/spool/Stop.$$$n"; done; exec "$@"'
    fire(["/bin/sh", "-c", before, "sh", *argv("Stop")], env)
    assert {(file.suffix, file.read_bytes()) for file in spool(root) if file.read_bytes() != b"old\n"} == {
        (".3", PAYLOAD)
    }
    assert len(spool(root)) == 4


def test_aj_home_is_honoured_and_may_have_spaces(env: dict[str, str], tmp_path: Path) -> None:
    root = tmp_path / "an 'odd' $home"
    fire(argv("Stop"), {**env, "AJ_HOME": str(root)})
    assert len(spool(root)) == 1


def test_the_home_written_in_by_init_needs_no_environment(tmp_path: Path) -> None:
    root = tmp_path / "aj home"
    root.mkdir()
    fire(argv("Stop", home=root), {"PATH": "/usr/bin:/bin"})
    assert len(spool(root)) == 1


@pytest.mark.parametrize("event", EVENTS)
def test_the_environment_cannot_move_the_home_written_in_by_init(
    event: str, env: dict[str, str], tmp_path: Path
) -> None:
    root, planted = tmp_path / "aj home", tmp_path / "planted"
    for home in (root, planted):
        (home / "bin").mkdir(parents=True)
    for name in ("aj", "python3"):
        (planted / "bin" / name).write_text(f"#!/bin/sh\ntouch {planted}/ran\n")
        (planted / "bin" / name).chmod(0o755)
    (planted / "lib" / "agentjit").mkdir(parents=True)
    (planted / "lib" / "agentjit" / "hook.py").write_text("")
    (planted / "entries.idx").write_text("x")
    fire(argv(event, home=root), {**env, "AJ_HOME": str(planted)})
    assert len(spool(root)) == 1
    assert spool(planted) == []
    time.sleep(0.2)  # what a session's end starts runs by itself
    assert not (planted / "ran").exists()


def test_a_removed_home_is_not_made_again(env: dict[str, str], tmp_path: Path) -> None:
    for event in EVENTS:
        fire(argv(event, home=tmp_path / "gone"), env)
    assert not (tmp_path / "gone").exists()
    assert not Path(env["HOME"], ".aj").exists()


@pytest.mark.parametrize("event", EVENTS)
def test_a_removed_plugin_does_not_block_a_running_client(event: str, env: dict[str, str], tmp_path: Path) -> None:
    assert fire(argv(event, root=tmp_path / "no plugin"), env) == b""


@pytest.mark.parametrize("event", EVENTS)
def test_observing_can_be_switched_off(event: str, env: dict[str, str], root: Path) -> None:
    fire(argv(event), {**env, "AJ_OBSERVE": "0"}, PAYLOAD * 10_000)
    assert not root.exists()


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
@pytest.mark.parametrize("event", EVENTS)
def test_of_a_session_that_is_not_recorded_only_its_id_is_noted(
    event: str, shell: list[str], env: dict[str, str], root: Path
) -> None:
    (root / "spool").mkdir(parents=True)
    applet = ["sh"] if shell[0].endswith("busybox") else []
    payload = json.dumps({"cwd": "/private", "session_id": "0a-1b", "source": "startup"}).encode()
    assert fire([*shell, *applet, *argv(event)[1:]], {**env, "AJ_OBSERVE": "0"}, payload) == b""
    noted = [file.read_text() for file in spool(root)]
    assert noted == (['{"aj":"off","session_id":"0a-1b"}\n'] if event == "SessionStart" else [])


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
@pytest.mark.parametrize("event", EVENTS)
def test_a_session_of_our_own_is_recorded_as_such(
    event: str, shell: list[str], env: dict[str, str], root: Path
) -> None:
    applet = ["sh"] if shell[0].endswith("busybox") else []
    assert fire([*shell, *applet, *argv(event)[1:]], {**env, "AJ_OBSERVE": "self"}) == b""
    [file] = spool(root)
    payload, ours = wire.objects(file.read_text())[0]
    assert (payload, wire.own(ours)) == (json.loads(PAYLOAD), "a skill")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("event", EVENTS)
def test_what_could_not_be_recorded_gets_no_line_of_ours(event: str, env: dict[str, str], root: Path) -> None:
    assert fire(argv(event), {**env, "AJ_OBSERVE": "self"}, b"") == b""
    assert spool(root) == []


@pytest.mark.parametrize(("observe", "kept"), [("1", 1), ("self", 0)])
def test_a_payload_that_cannot_be_marked_as_our_own_is_not_kept(
    observe: str, kept: int, env: dict[str, str], root: Path
) -> None:
    root.mkdir()
    seen = root.parent / "seen"
    mount = (
        f'mount -t tmpfs -o size=16k none "{root}" || exit 77; mkdir "{root}/spool"; "$@"; s=$?; '
        f'ls "{root}/spool" >"{seen}"; exit $s'
    )
    command = ["unshare", "--mount", "/bin/sh", "-c", mount, "sh", *argv("PostToolUse")]
    given = {**env, "AJ_OBSERVE": observe}
    done = subprocess.run(command, input=b"x" * 16384, env=given, capture_output=True, check=False)
    if done.returncode == 77 or b"unshare" in done.stderr:
        pytest.skip("a small disk cannot be mounted here")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(seen.read_text().splitlines()) == kept  # the payload alone fits exactly


@pytest.mark.parametrize("event", EVENTS)
class TestNothingStopsTheAgent:
    """Each of these loses the event, and that is all that happens."""

    def test_no_home_at_all(self, event: str) -> None:
        assert fire(argv(event), {"PATH": "/usr/bin:/bin"}) == b""

    def test_a_relative_home_does_not_litter_projects(self, event: str, env: dict[str, str], tmp_path: Path) -> None:
        command = ["/bin/sh", "-c", 'cd "$HOME" && exec "$@"', "sh", *argv(event)]
        assert fire(command, {**env, "AJ_HOME": "relative"}) == b""
        assert list(Path(env["HOME"]).iterdir()) == []

    def test_no_folder_can_be_made(self, event: str, env: dict[str, str]) -> None:
        assert fire(argv(event), {**env, "AJ_HOME": "/proc/aj"}) == b""

    def test_the_spool_is_a_file(self, event: str, env: dict[str, str], root: Path) -> None:
        root.mkdir()
        (root / "spool").write_text("in the way")
        assert fire(argv(event), env, PAYLOAD * 10_000) == b""
        assert (root / "spool").read_text() == "in the way"

    def test_no_cat(self, event: str, env: dict[str, str], tmp_path: Path) -> None:
        assert fire(argv(event), {**env, "PATH": str(tmp_path)}) == b""

    def test_no_standard_input(self, event: str, env: dict[str, str], root: Path) -> None:
        assert fire(["/bin/sh", "-c", 'exec "$@" <&-', "sh", *argv(event)], env) == b""
        assert spool(root) == []

    def test_no_standard_output_nor_error(self, event: str, env: dict[str, str], root: Path) -> None:
        fire(["/bin/sh", "-c", 'exec "$@" >&- 2>&-', "sh", *argv(event)], env)
        assert [file.read_bytes() for file in spool(root)] == [PAYLOAD]

    def test_a_file_size_limit(self, event: str, env: dict[str, str], root: Path) -> None:
        root.mkdir()
        limited = subprocess.run(
            argv(event),
            input=b"x" * 100_000,
            env=env,
            capture_output=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
            check=False,
        )
        assert (limited.returncode, limited.stdout, limited.stderr) == (0, b"", b"")
        assert spool(root) == []

    def test_a_full_disk(self, event: str, env: dict[str, str], root: Path) -> None:
        root.mkdir()
        seen = root.parent / "seen"
        mount = (
            f'mount -t tmpfs -o size=16k none "{root}" || exit 77; mkdir "{root}/spool"; "$@"; s=$?; '
            f'ls "{root}/spool" >"{seen}"; exit $s'
        )
        command = ["unshare", "--mount", "/bin/sh", "-c", mount, "sh", *argv(event)]
        done = subprocess.run(command, input=b"x" * 500_000, env=env, capture_output=True, check=False)
        if done.returncode == 77 or b"unshare" in done.stderr:
            pytest.skip("a small disk cannot be mounted here")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert seen.read_text() == ""


# --- the prompt hook


@pytest.fixture
def active(root: Path) -> Path:
    """A home with an active skill and whole links; the hook program is a stand-in that shows what it was given."""
    (root / "bin").mkdir(parents=True)
    (root / "entries.idx").write_text("web\t{}\n")
    (root / "bin/python3").symlink_to(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    return program(root / "lib", "import sys; print(sys.argv[1:], sys.stdin.read())")


def program(folder: Path, source: str) -> Path:
    path = folder / "agentjit/hook.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return path


def test_the_hook_program_decides_where_a_skill_is_active(active: Path, env: dict[str, str], root: Path) -> None:
    assert fire(argv("UserPromptSubmit"), env).decode() == f"{[str(root)]} {PAYLOAD.decode()}\n"
    assert spool(root) == []  # recording is the program's, with its decision


def test_no_skill_answers_an_agent_that_a_skill_started(active: Path, env: dict[str, str], root: Path) -> None:
    assert fire(argv("UserPromptSubmit"), {**env, "AJ_OBSERVE": "self"}) == b""
    assert [file.read_bytes().startswith(PAYLOAD) for file in spool(root)] == [True]


def test_an_empty_index_means_no_skill(active: Path, env: dict[str, str], root: Path) -> None:
    (root / "entries.idx").write_text("")
    assert fire(argv("UserPromptSubmit"), env) == b""
    assert [file.read_bytes() for file in spool(root)] == [PAYLOAD]


def test_a_plugin_used_from_a_checkout_brings_the_program(env: dict[str, str], root: Path, tmp_path: Path) -> None:
    root.mkdir()
    (root / "entries.idx").write_text("web\t{}\n")
    program(tmp_path / "clone", "import sys; print('from the clone', sys.argv[1])")
    interpreter = tmp_path / "bin/python3"
    interpreter.parent.mkdir()
    interpreter.symlink_to(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    found = {**env, "PATH": f"{interpreter.parent}:/usr/bin:/bin", "CLAUDE_PLUGIN_ROOT": str(tmp_path / "clone")}
    assert fire(argv("UserPromptSubmit"), found) == f"from the clone {root}\n".encode()


def test_without_any_program_the_prompt_is_recorded(env: dict[str, str], root: Path, tmp_path: Path) -> None:
    (root / "bin").mkdir(parents=True)
    (root / "entries.idx").write_text("web\t{}\n")
    (root / "bin/python3").symlink_to(tmp_path / "an interpreter that was upgraded away")
    assert fire(argv("UserPromptSubmit"), env) == b""
    assert [file.read_bytes() for file in spool(root)] == [PAYLOAD]


@pytest.mark.parametrize("broken", ["#!/nonexistent/python\n", "#!/bin/sh\nexit 2\n", "\x7fELF no program"])
def test_an_interpreter_that_cannot_start(broken: str, active: Path, env: dict[str, str], root: Path) -> None:
    (root / "bin/python3").unlink()
    (root / "bin/python3").write_text(broken)
    (root / "bin/python3").chmod(0o755)
    assert fire(argv("UserPromptSubmit"), env) == b""
    assert [file.read_bytes() for file in spool(root)] == [PAYLOAD]
    assert "ended with" in (root / "aj.log").read_text()


def test_a_program_that_dies_of_its_prompt_leaves_no_empty_event(active: Path, env: dict[str, str], root: Path) -> None:
    active.write_text("import os, signal, sys; sys.stdin.read(); os.kill(os.getpid(), signal.SIGKILL)")
    assert fire(argv("UserPromptSubmit"), env) == b""
    assert spool(root) == []


def test_a_client_that_gives_up_takes_the_program_with_it(active: Path, env: dict[str, str], root: Path) -> None:
    active.write_text("import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)")
    hook = subprocess.Popen(argv("UserPromptSubmit"), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert hook.stdout
    worker = int(hook.stdout.readline())
    hook.send_signal(signal.SIGTERM)
    assert hook.wait(10) == 0
    assert hook.stdout.read() == b""  # the pipe's end: nobody holds it open
    hook.stdout.close()
    assert _gone(worker)


def _gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


# --- the end of a session


@pytest.mark.parametrize(("observe", "started"), [("1", True), ("self", True), ("0", False)])
def test_the_end_of_a_session_starts_compiling(observe: str, started: bool, env: dict[str, str], root: Path) -> None:
    (root / "bin").mkdir(parents=True)
    (root / "bin/aj").write_text(f'#!/bin/sh\necho "$*" >"{root}/told.tmp"\nmv "{root}/told.tmp" "{root}/told"\n')
    (root / "bin/aj").chmod(0o700)
    fire(argv("SessionEnd"), {**env, "AJ_OBSERVE": observe})
    deadline = time.monotonic() + (20 if started else 0.3)
    while not (root / "told").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (root / "told").exists() is started


def test_compiling_outlives_the_client(env: dict[str, str], root: Path) -> None:
    (root / "bin").mkdir(parents=True)
    told = root / "told"
    (root / "bin/aj").write_text(
        f'#!/bin/sh\nps -o pgid=,sid= -p $$ >"{told}.tmp"\nsleep 1\n'
        f'echo "$*" >>"{told}.tmp"\nmv "{told}.tmp" "{told}"\n'
    )
    (root / "bin/aj").chmod(0o700)
    started = time.monotonic()
    hook = subprocess.Popen(
        argv("SessionEnd"), env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert hook.communicate(PAYLOAD)[0] == b"" and hook.returncode == 0
    assert time.monotonic() - started < 1, "the hook waited for the compiler, or left it its pipes"
    try:
        os.killpg(hook.pid, signal.SIGKILL)  # as a client does that ends
    except ProcessLookupError:
        pass
    assert [file.read_bytes() for file in spool(root)] == [PAYLOAD]
    deadline = time.monotonic() + 20
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    group, session, *words = told.read_text().split()
    assert words == ["compile", "--quiet"]
    assert str(hook.pid) not in (group, session)


def test_what_the_compiler_says_is_in_the_log(env: dict[str, str], root: Path) -> None:
    (root / "bin").mkdir(parents=True)
    (root / "bin/aj").write_text("#!/bin/sh\necho out; echo err >&2\n")
    (root / "bin/aj").chmod(0o700)
    fire(argv("SessionEnd"), env)
    deadline = time.monotonic() + 20
    while (root / "aj.log").read_text() != "out\nerr\n" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (root / "aj.log").read_text() == "out\nerr\n"
    assert (root / "aj.log").stat().st_mode & 0o777 == 0o600


# --- a project that is opted out


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
@pytest.mark.parametrize("event", EVENTS)
def test_an_opted_out_project_is_not_even_spooled(
    event: str, shell: list[str], env: dict[str, str], root: Path, tmp_path: Path
) -> None:
    applet = ["sh"] if shell[0].endswith("busybox") else []
    project = tmp_path / "a 'project'"
    project.mkdir()
    env = {**env, "CLAUDE_PROJECT_DIR": str(project)}
    command = [*shell, *applet, *argv(event)[1:]]
    assert fire(command, env) == b"" and len(spool(root)) == 1
    (project / ".aj-off").touch()
    assert fire(command, env, PAYLOAD * 20_000) == b"" and len(spool(root)) == 1


def test_a_payload_that_is_opted_out_is_read_to_its_end(env: dict[str, str], root: Path, tmp_path: Path) -> None:
    (tmp_path / ".aj-off").touch()
    env = {**env, "CLAUDE_PROJECT_DIR": str(tmp_path)}
    with subprocess.Popen(argv("PostToolUse"), env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hook:
        assert hook.stdin and hook.stdout
        for _ in range(100):  # more than any pipe holds: an early end would break it
            hook.stdin.write(b"x" * 100_000)
        hook.stdin.close()
        assert (hook.wait(30), hook.stdout.read()) == (0, b"")
    assert spool(root) == []


def test_no_skill_answers_in_an_opted_out_project(
    active: Path, env: dict[str, str], root: Path, tmp_path: Path
) -> None:
    (tmp_path / ".aj-off").touch()
    assert fire(argv("UserPromptSubmit"), env) != b""
    assert fire(argv("UserPromptSubmit"), {**env, "CLAUDE_PROJECT_DIR": str(tmp_path)}) == b""
    assert spool(root) == []
