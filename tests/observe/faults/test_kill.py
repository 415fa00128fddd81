"""SIGKILL at every step of a drain; draining again leaves what a drain that nobody interrupted leaves.

Each test takes a spread over all kinds of steps; AJ_FAULTS=all takes every one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from agentjit import spool
from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.observe.ingest import drain
from agentjit.store import Store
from tests.install.test_shims import argv
from tests.observe.faults.injection import Nursery, Point, needs_strace
from tests.observe.faults.scene import NOW, Aftermath, Scene, fresh, grown, open_to_others

SCENES = {"fresh": fresh, "grown": grown}
EVERY = os.environ.get("AJ_FAULTS") == "all"
PER_KIND = 4  # steps of a kind that the usual run takes: the first, the last, and some between


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    (tmp_path / "nursery").mkdir()
    with Nursery(tmp_path / "nursery") as running:
        yield running


def spread(points: list[Point]) -> list[Point]:
    """All of them, or at most PER_KIND of each kind, evenly, with the first and the last."""
    if EVERY:
        return points
    chosen = []
    for _, some in groupby(sorted(points), lambda point: point.call):
        kind = list(some)
        last = min(len(kind), PER_KIND) - 1
        chosen += [kind[round(place * (len(kind) - 1) / last)] if last else kind[0] for place in range(last + 1)]
    return chosen


def kill(point: Point) -> str:
    return f"{point.call}:signal=KILL:when={point.number}"


def untouched(scene: Scene, root: Path) -> Aftermath:
    """What is left when nobody interferes, which must be all that there was."""
    home = scene.copy(root)
    before = {entry.name for entry in os.scandir(home.spool)}
    scene.drain(home)
    after = Aftermath.of(home)
    assert os.listdir(home.spool) == []
    assert len(before) > 30 and sum(name.endswith(".reason") for name in after.quarantine) >= 5
    return after


def aftermath(scene: Scene, home: Home, wanted: Aftermath) -> str:
    """What is not as it should be after a kill, at once and after the next drain; "" if all is.

    At once: the database opens for a reader, and nothing is open to others. DuckDB's log may stay until the next
    writer, if there was nothing left to write.
    """
    try:
        with Store.open(home, write=False) as store:
            store.episodes()
        if found := open_to_others(home):
            return f"others may read {found}"
        scene.drain(home)
        with Store.open(home, write=True):
            pass
    except AjError as error:
        return f"{type(error).__name__}: {error}"
    return differs(wanted, Aftermath.of(home))


@needs_strace
@pytest.mark.timeout(3000 if EVERY else 300)
@pytest.mark.parametrize("name", SCENES)
def test_killed_at_any_step(name: str, tmp_path: Path, nursery: Nursery) -> None:
    scene = SCENES[name](tmp_path / name)
    wanted = untouched(scene, tmp_path / "untouched")
    steps = nursery.run(scene.copy(tmp_path / "run").root, scene.env, NOW).points()
    assert {"unlink", "rename", "pwrite64", "write", "fdatasync", "openat"} <= {point.call for point in steps}
    killed, wrong = 0, []
    for point in spread(steps):
        home = scene.copy(tmp_path / "run")
        killed += nursery.run(home.root, scene.env, NOW, kill(point)).killed
        if difference := aftermath(scene, home, wanted):
            wrong.append(f"killed at {point}: {difference}")
    assert not wrong, told(wrong)
    assert killed >= 0.8 * len(spread(steps)), "the drains came to their end before they could be killed"


@needs_strace
@pytest.mark.timeout(3000 if EVERY else 300)
def test_killed_again_while_recovering(tmp_path: Path, nursery: Nursery) -> None:
    scene = fresh(tmp_path / "fresh")
    wanted = untouched(scene, tmp_path / "untouched")
    steps = nursery.run(scene.copy(tmp_path / "run").root, scene.env, NOW).points()
    calls = ("pwrite64", "write", "unlink", "fdatasync")
    kinds = [[point for point in steps if point.call == call] for call in calls]
    wrong = []
    for first in [kind[len(kind) // 2] for kind in kinds]:
        half = scene.copy(tmp_path / "half")
        if not nursery.run(half.root, scene.env, NOW, kill(first)).killed:
            continue
        between = Scene(half, scene.env)
        again = nursery.run(between.copy(tmp_path / "run").root, scene.env, NOW).points()
        for second in spread(again) if EVERY else spread(again)[:: max(1, len(spread(again)) // 8)]:
            home = between.copy(tmp_path / "run")
            nursery.run(home.root, scene.env, NOW, kill(second))
            if difference := aftermath(scene, home, wanted):
                wrong.append(f"killed at {first}, then at {second}: {difference}")
    assert not wrong, told(wrong)


def told(wrong: list[str]) -> str:
    return "\n".join([f"{len(wrong)} in all", *(each[:500] for each in wrong[:40])])


def differs(wanted: Aftermath, found: Aftermath) -> str:
    """What is not as it should be, "" if all is."""
    said = [f"files {sorted(set(wanted.files) ^ set(found.files))}"] if wanted.files != found.files else []
    said += [
        f"quarantine {name}: {found.quarantine.get(name)!r}, not {text!r}"
        for name, text in wanted.quarantine.items()
        if found.quarantine.get(name) != text
    ]
    for table, rows in wanted.tables.items():
        if rows != found.tables.get(table):
            other = found.tables.get(table, [])
            gone, new = [row for row in rows if row not in other], [row for row in other if row not in rows]
            said.append(f"{table}: {len(gone)} rows are not there, {len(new)} others are: {gone[:1]}, {new[:1]}")
    if not said and wanted.episodes != found.episodes:
        said.append("the episodes are put together in another way")
    return "; ".join(said)


# --- the hook itself is killed


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_a_hook_killed_half_way_through_a_payload(home: Home, stop: signal.Signals) -> None:
    payload = json.dumps({"session_id": "s", "tool_use_id": "t", "tool_response": "x" * 5_000_000}).encode()
    hook = subprocess.Popen(
        argv("PostToolUse", home=Path(home.root)),
        env={"HOME": home.root, "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        start_new_session=True,  # the client kills the hook with all that it started
    )
    assert hook.stdin
    hook.stdin.write(payload[: len(payload) // 2])
    hook.stdin.flush()
    (file,) = _filled(home)
    try:
        assert drain(home, {}, now=time.time()).skipped == 1, "its writer lives: it may still grow"
    finally:
        os.killpg(hook.pid, stop)
        hook.stdin.close()
        hook.wait()
    size = file.stat().st_size if file.exists() else 0
    later = time.time() + 2 * spool.SETTLED_SECONDS
    done = drain(home, {}, now=later)
    assert list(Path(home.spool).iterdir()) == []
    kept, reason = Path(home.quarantine, file.name), Path(home.quarantine, f"{file.name}.reason")
    assert (done.events, done.quarantined, kept.stat().st_size) == (0, 1, size)
    assert payload.startswith(kept.read_bytes()) and size >= 1_000_000
    assert "not JSON" in reason.read_text()


def _filled(home: Home) -> list[Path]:
    """The files of the spool, once `cat` has written all it was given."""
    sizes: list[int] = []
    for _ in range(500):
        now = [path.stat().st_size for path in Path(home.spool).iterdir()]
        if now and now == sizes and now[0] > 2_000_000:
            break
        sizes = now
        time.sleep(0.02)
    return list(Path(home.spool).iterdir())
