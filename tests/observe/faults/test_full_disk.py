"""A disk that is full, or fails, at every step of a drain: a plain error or none, and nothing is lost.

Each test takes a spread over all kinds of steps; AJ_FAULTS=all takes every one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentjit.errors import StoreBroken
from agentjit.home import Home
from agentjit.store import Store
from tests.install.test_shims import argv
from tests.observe.faults.injection import CHECKOUT, Nursery, Point, Run, needs_strace
from tests.observe.faults.scene import NOW, Aftermath, Scene, open_to_others
from tests.observe.faults.test_kill import EVERY, SCENES, differs, spread, told, untouched

# What fails on a full disk, and what then may fail with other errors of a disk.
NEEDS_ROOM = frozenset(
    {"write", "pwrite64", "fsync", "fdatasync", "openat", "ftruncate", "fallocate", "rename", "link"}
)
ERRORS = ("ENOSPC", "ENOSPC", "EDQUOT", "EIO")
PLAIN = ("StoreBroken: ", "StoreBusy: ", "OSError: ", "FileNotFoundError: ", "PermissionError: ")


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    (tmp_path / "nursery").mkdir()
    with Nursery(tmp_path / "nursery") as running:
        yield running


def recovered(scene: Scene, home: Home, wanted: Aftermath) -> str:
    """What is not as it should be once there is room again, "" if all is."""
    try:
        if found := open_to_others(home):
            return f"others may read {found}"
        scene.drain(home)
        with Store.open(home, write=True):
            pass
    except (StoreBroken, OSError) as error:
        return f"with room again: {type(error).__name__}: {error}"
    return differs(wanted, Aftermath.of(home))


def misbehaved(run: Run, error: str) -> str:
    """Why the failing drain itself is not as it should be: it ends by itself, well or with an error made for people."""
    if run.killed:
        return f"it died of signal {os.WTERMSIG(run.status)}"
    if run.exit_code == 99 or (run.exit_code and run.raised and not run.raised.startswith(PLAIN)):
        return f"it raised {run.raised}"
    if error in ("ENOSPC", "EDQUOT") and "move it away" in run.raised:
        return f"a full disk is no reason to give up the database: {run.raised.splitlines()[0]}"
    return ""


@needs_strace
@pytest.mark.timeout(3000 if EVERY else 300)
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("name", SCENES)
def test_a_step_that_fails(name: str, for_good: bool, tmp_path: Path, nursery: Nursery) -> None:
    scene = SCENES[name](tmp_path / name)
    wanted = untouched(scene, tmp_path / "untouched")
    steps = nursery.run(scene.copy(tmp_path / "run").root, scene.env, NOW).points()
    chosen = spread([point for point in steps if point.call in NEEDS_ROOM])
    assert len(chosen) > 15
    failed, wrong = 0, []
    for number, point in enumerate(chosen):
        home = scene.copy(tmp_path / "run")
        error = ERRORS[number % len(ERRORS)]
        run = failing(nursery, home, scene, point, error, for_good)
        failed += run.exit_code != 0
        if reason := misbehaved(run, error) or recovered(scene, home, wanted):
            wrong.append(f"{error} at {point}: {reason}")
    assert not wrong, told(wrong)
    assert failed >= len(chosen) // 4, "hardly any step that fails makes a difference: are they the drain's?"


def failing(
    nursery: Nursery, home: Home, scene: Scene, point: Point, error: str, for_good: bool, command: bool = False
) -> Run:
    """A drain in which the call at `point` fails; of opens only those of its file, or not even libraries would open."""
    number = 1 if point.path else point.number
    inject = f"{point.call}:error={error}:when={number}{'+' if for_good else ''}"
    only = [point.path] if point.path else []
    return nursery.run(home.root, scene.env, NOW, inject, command=command, only=only)


@needs_strace
@pytest.mark.parametrize("call", ["fdatasync", "rename", "openat"])
def test_what_a_person_is_told(call: str, tmp_path: Path, nursery: Nursery) -> None:
    """`aj ingest` on a full disk: one line on stderr, exit status 1, no traceback."""
    scene = SCENES["grown"](tmp_path / "grown")
    wanted = untouched(scene, tmp_path / "untouched")
    home = scene.copy(tmp_path / "run")
    first = next(point for point in nursery.run(home.root, scene.env, NOW).points() if point.call == call)
    home = scene.copy(tmp_path / "run")
    run = failing(nursery, home, scene, first, "ENOSPC", True, command=True)
    assert (run.exit_code, run.raised, run.out) == (1, "", "")
    (line,) = run.err.splitlines()
    assert line.startswith("aj: ") and "disk" in line
    assert recovered(scene, home, wanted) == ""


# --- a disk that is really full


def _small_disk(folder: Path, size: int, script: str, user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script with a disk of `size` KiB mounted on `folder`, which only it sees."""
    mount = f'mount -t tmpfs -o size={size}k none "{folder}" || exit 77; {script}'
    done = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-c", mount, "sh", *arguments],
        env={**os.environ, "HOME": user, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("a small disk cannot be mounted here")
    return done


@pytest.mark.parametrize("more", [64, 200, 600, 1200, 2400, 8000])
def test_a_drain_on_a_small_disk_that_is_then_made_larger(more: int, tmp_path: Path) -> None:
    """`more` KiB of room for the database, which needs several MiB."""
    scene = SCENES["fresh"](tmp_path / "fresh")
    wanted = untouched(scene, tmp_path / "untouched")
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    used = sum(8 if path.is_dir() else 4 + path.lstat().st_size // 1024 for path in Path(scene.home.root).rglob("*"))
    script = (
        'cp -a "$1" "$2/aj"; AJ_HOME=$2/aj "$3" -m agentjit ingest; echo "status $?";'
        ' mount -o remount,size=100m "$2"; cp -a "$2/aj" "$4"'
    )
    done = _small_disk(
        disk, used + more, script, scene.env["HOME"], scene.home.root, str(disk), sys.executable, str(kept)
    )
    said, errors = done.stdout.splitlines(), done.stderr.splitlines()
    if more == 8000:
        assert (said[-1], errors) == ("status 0", [])
    elif said[-1] == "status 0":
        assert errors == []
    else:
        assert said[-1] == "status 1" and len(errors) == 1 and errors[0].startswith("aj: "), done.stderr
    assert recovered(scene, Home(str(kept)), wanted) == ""


# --- the hooks


@needs_strace
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("point", ["openat:{}:when=1+", "write:{}:when=1+", "write:{}:when=3+"])
@pytest.mark.parametrize("event", ["PostToolUse", "UserPromptSubmit", "SessionEnd"])
def test_a_hook_on_a_full_disk_is_silent_and_leaves_no_half(event: str, point: str, error: str, home: Home) -> None:
    payload = json.dumps({"session_id": "s", "prompt": "x" * 1_000_000}).encode()
    # Only what the shim itself opens and writes, not the libraries of its programs: its file has the shell's pid.
    shim = 'exec strace -D -f -qq -o /dev/null -P "$0.$$" -P "$1" -e "inject=$2" "${@:3}"'
    name = os.path.join(home.spool, event)
    inject = point.format(f"error={error}")
    done = subprocess.run(
        ["/bin/bash", "-c", shim, name, home.spool, inject, *argv(event, home=Path(home.root))],
        input=payload,
        env={"HOME": home.root, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    kept = [path.read_bytes() for path in Path(home.spool).iterdir()]
    assert kept == []
