"""Running commands: bounded, timed, and nothing left behind, not even by kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.kit.local import Local
from agentjit.kit.process import run


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie nobody waits for does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


def pid_in(path: Path) -> int:
    until = time.monotonic() + 10
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return int(path.read_text())


def test_streams_status_and_input() -> None:
    done = run(["sh", "-c", "cat; echo err >&2; exit 3"], stdin=b"in\xff")
    assert (done.stdout, done.stderr, done.exit_code) == ("in\ufffd", "err\n", 3)
    merged = run(["sh", "-c", "echo a; echo b >&2; echo c"], merge=True)
    assert (merged.stdout, merged.stderr) == ("a\nb\nc\n", "")


def test_large_input_and_output() -> None:
    data = b"x" * 3_000_000
    assert len(run(["cat"], stdin=data).stdout) == len(data)
    cut = run(["sh", "-c", "yes | head -c 3000000"], limit=1000)
    assert (len(cut.stdout), cut.truncated, cut.exit_code) == (1000, True, 0)


def test_time_out_ends_the_whole_group(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    done = run(["sh", "-c", f"sleep 100 & echo $! > {pid}; wait"], timeout=0.5)
    assert done.timed_out
    assert done.exit_code is None
    assert gone(pid_in(pid))


def test_what_a_command_left_in_the_background_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    begin = time.monotonic()
    done = run(["sh", "-c", f"sleep 100 & echo $! > {pid}; echo done"], timeout=30)
    assert done.stdout == "done\n"
    assert time.monotonic() - begin < 20, "the open pipe of the background process must not be waited for"
    assert gone(pid_in(pid))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_ourselves_nothing_stays(tmp_path: Path, number: signal.Signals) -> None:
    pid = tmp_path / "pid"
    code = (
        "from agentjit.kit.local import Local; from agentjit import kit; import os\n"
        f"with Local(cwd='/', env=os.environ) as local: local.perform(kit.shell('echo $$ > {pid}; sleep 100'))"
    )
    ours = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    child = pid_in(pid)
    time.sleep(0.5)  # the guard is told of a program right after its start: not before it can write its pid
    ours.send_signal(number)
    ours.wait(10)
    assert gone(child)


def test_arguments_are_data(tmp_path: Path) -> None:
    hostile = [
        "$(touch pwned)",
        "`touch pwned`",
        "'; touch pwned; '",
        '"; touch pwned; "',
        "a\nb",
        "-n",
        "*",
        "\\",
        "é\u2028",
    ]
    with Local(cwd=str(tmp_path), env=os.environ) as local:
        for value in hostile:
            assert local.perform(kit.bash("printf", "%s", value)).stdout == value
            assert local.perform(kit.shell('printf %s "$1" | cat', value)).stdout == value
    assert list(tmp_path.iterdir()) == []


def test_text_of_a_call_parses_back_to_it() -> None:
    for value in ["$(x)", "a b", "it's", '"q"', "a\nb"]:
        for call in (kit.bash("printf", "%s", value), kit.shell('printf %s "$1"', value)):
            assert run(["bash", "-c", call.text]).stdout == value


def test_a_result_is_what_the_agent_would_see(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one\ntwo\nthree\n")
    with Local(cwd=str(tmp_path), env=os.environ) as local:
        assert local.perform(kit.read("f")).stdout == "one\ntwo\nthree\n"
        assert local.perform(kit.read("f", offset=2, limit=1)).stdout == "two"
        assert local.perform(kit.bash("sh", "-c", "echo a; echo b >&2; exit 4")).exit_code == 4
        assert local.perform(kit.ask("cwd")).stdout == str(tmp_path)


@pytest.mark.parametrize("path", ["missing", ".", "/dev/zero", "binary"])
def test_what_cannot_be_read_is_handed_back(tmp_path: Path, path: str) -> None:
    (tmp_path / "binary").write_bytes(b"\0\1")
    with Local(cwd=str(tmp_path), env=os.environ) as local, pytest.raises(kit.StepFailed):
        local.perform(kit.read(path))


def test_what_cannot_be_run_is_handed_back(tmp_path: Path) -> None:
    with Local(cwd=str(tmp_path), env=os.environ, seconds=0.3) as local:
        for call in (kit.bash("no-such-program"), kit.bash("echo", "\0"), kit.bash("sleep", "9"), kit.bash("true")):
            with pytest.raises(kit.StepFailed):
                local.perform(call)


@pytest.mark.parametrize(("given", "seen"), [(None, "self"), ("1", "self"), ("self", "self"), ("0", "0")])
def test_an_agent_started_by_a_skill_is_recorded_as_our_own_or_not_at_all(
    given: str | None, seen: str, tmp_path: Path
) -> None:
    env = {key: value for key, value in os.environ.items() if key != "AJ_OBSERVE"}
    with Local(cwd=str(tmp_path), env=env | ({"AJ_OBSERVE": given} if given else {})) as local:
        assert local.perform(kit.shell("echo $AJ_OBSERVE")).stdout == f"{seen}\n"
