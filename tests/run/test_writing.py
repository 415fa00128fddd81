"""A workflow that reads, writes and edits files: from the agent's own results to a run on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentjit.home import Home
from agentjit.library import Library
from agentjit.observe import wire
from agentjit.run.execute import Executed, Ready, execute
from agentjit.trace import Episode, ToolCall
from tests.support.library import learned
from tests.support.notation import DAY, START

VERSIONS = ("1.2.0", "1.3.0", "2.0.1", "2.1.0", "3.0.0", "3.1.4")


def episode(number: int, version: str) -> Episode:
    """The version is read, written into one file and edited into another; results are as the client reports them."""
    cwd, at = f"/w{number}", START + number * DAY
    change = {"structuredPatch": [{"lines": [f"-0.{number}", f"+{version}"]}], "originalFile": f"0.{number}\n"}
    written = wire.succeeded("Write", {"type": "update", "filePath": f"{cwd}/VERSION", **change}).output
    edited = wire.succeeded("Edit", {"filePath": f"{cwd}/app.cfg", "replaceAll": False, **change}).output
    edit = {"file_path": f"{cwd}/app.cfg", "old_string": "version = next", "new_string": f"version = {version}"}
    done: list[tuple[str, dict[str, Any], str]] = [
        ("Read", {"file_path": f"{cwd}/app.cfg"}, "version = next\n"),
        ("Read", {"file_path": f"{cwd}/VERSION"}, f"0.{number}\n"),
        ("Write", {"file_path": f"{cwd}/VERSION", "content": f"{version}\n"}, written),
        ("Edit", {**edit, "replace_all": False}, edited),
    ]
    calls = [
        ToolCall(f"c{number}-{place}", tool, given, output, True, None, at + place, 0.1, cwd)
        for place, (tool, given, output) in enumerate(done)
    ]
    final = f"It is {version} now."
    prompt = f"set the version to {version}"
    return Episode(f"s{number}:p", f"s{number}", prompt, cwd, at, calls=tuple(calls), final=final, requests=4)


@pytest.fixture
def ready(home: Home) -> Ready:
    learned(home, [episode(number, version) for number, version in enumerate(VERSIONS)])
    (record,) = Library(home).records()
    return Ready(record.name, Library(home).folder(record.name), record.hash, "writes-here", True)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "VERSION").write_text("0.1\n")
    (folder / "app.cfg").write_text("version = next\n")
    return folder


def ran(ready: Ready, work: Path) -> Executed:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(work.parent)}
    return execute(ready, {"name": "9.9.9"}, cwd=str(work), env=env, seconds=20.0)


def test_it_does_what_the_agent_did(ready: Ready, work: Path) -> None:
    done = ran(ready, work)
    assert (done.outcome, done.answer) == ("answered", "It is 9.9.9 now."), done.reason
    assert [step.call.tool for step in done.steps] == ["Read", "Read", "Write", "Edit"]
    assert (work / "VERSION").read_text() == "9.9.9\n"
    assert (work / "app.cfg").read_text() == "version = 9.9.9\n"


def test_another_world_stops_it_before_it_writes(ready: Ready, work: Path) -> None:
    (work / "app.cfg").write_text("nothing of the kind\n")
    done = ran(ready, work)
    assert (done.outcome, [step.call.tool for step in done.steps]) == ("handed_back", ["Read", "Read"])
    assert (work / "VERSION").read_text() == "0.1\n"
