"""`aj demo`: it does what it says, leaves nothing behind, and says so when a stage does not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agentjit.cli import cli
from agentjit.demo import samples
from agentjit.demo.road import Road
from agentjit.demo.samples import DemoFailed
from agentjit.skill import State
from agentjit.step import Ending

PATH = os.environ["PATH"]
SESSIONS = sorted((samples.BUNDLED / "sessions").glob("*.jsonl"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that throw-away homes are made in."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def road(tmp_path: Path) -> Road:
    folder = tmp_path / "a demo's folder"
    folder.mkdir()
    return Road(str(folder), PATH, time.time())


def everything(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).rglob("*"))


# --- the command


def test_it_ends_with_a_workflow_answered_without_the_model(temporary: Path) -> None:
    done = CliRunner().invoke(cli, ["demo"], catch_exceptions=False)
    assert done.exit_code == 0
    expected = samples.triage_answer(str(samples.BUNDLED / "project"), samples.NEW)
    rows = [row.strip() for row in done.stdout.splitlines()]
    assert rows[rows.index(f"> {samples.triage_prompt(samples.NEW)}") + 1] == expected
    assert any(row.startswith("0 model requests, 2 commands") for row in rows)
    assert "\x1b" not in done.stdout
    assert len(rows) < 70, "it must fit a screen or two"


def test_it_leaves_nothing_behind_and_touches_nothing(temporary: Path) -> None:
    before = everything(os.environ["HOME"])
    CliRunner().invoke(cli, ["demo"], catch_exceptions=False)
    assert list(temporary.iterdir()) == []
    assert everything(os.environ["HOME"]) == before == []


def test_kept_it_can_be_looked_at(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(cli, ["demo", "--keep"], catch_exceptions=False)
    [folder] = temporary.iterdir()
    assert f"AJ_HOME={folder}/aj" in done.stdout
    monkeypatch.setenv("AJ_HOME", f"{folder}/aj")
    skills = json.loads(CliRunner().invoke(cli, ["list", "--json"], catch_exceptions=False).stdout)
    assert {skill["name"]: (skill["state"], skill["ending"], skill["effects"]) for skill in skills} == {
        "service-fail": ("active", "answered", "reads"),
        "service-ready-ship": ("active", "gathered", "reads"),
        "close-incident-service": ("candidate", "answered", "writes-here"),
    }
    assert {skill["support"]["sessions"] for skill in skills} == {5}


@pytest.mark.parametrize("missing", ["grep", "cut"])
def test_a_machine_without_the_programs_is_told_so(
    missing: str, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"grep", "tail", "cut", "bash", "cat"} - {missing}:
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    done = CliRunner().invoke(cli, ["demo"])
    assert done.exit_code == 1
    assert done.output == f"aj: the demonstration failed: {missing} is not on PATH\n"
    assert list(temporary.iterdir()) == []


def test_as_a_program_it_needs_no_more_than_a_home(tmp_path: Path) -> None:
    checkout = Path(__file__).resolve().parents[2]
    env = {"HOME": str(tmp_path), "PATH": PATH, "PYTHONPATH": str(checkout), "TMPDIR": str(tmp_path)}
    argv = [sys.executable, "-m", "agentjit", "demo"]
    done = subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "answered" in done.stdout
    assert everything(str(tmp_path)) == []


def test_the_failure_of_a_stage_is_one_line_and_status_1(tmp_path: Path) -> None:
    """A copy of the package whose samples are damaged: the stage must notice, not the person."""
    checkout = Path(__file__).resolve().parents[2]
    copy = tmp_path / "copy"
    for name in ("agentjit", "hooks", "skills_templates", ".claude-plugin"):
        shutil.copytree(checkout / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(checkout / "pyproject.toml", copy)
    log = copy / "agentjit/demo/samples/project/services" / f"{samples.NEW}.log"
    log.write_text(log.read_text().replace("level=error", "level=fatal"))
    env = {"HOME": str(tmp_path), "PATH": PATH, "PYTHONPATH": str(copy), "TMPDIR": str(tmp_path)}
    argv = [sys.executable, "-B", "-m", "agentjit", "demo"]
    done = subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert not list(tmp_path.glob("aj-demo-*"))
    assert len(done.stderr.strip().splitlines()) == 1 and "demonstration failed" in done.stderr


# --- its stages


def test_the_stages_are_what_they_seem(road: Road) -> None:
    recorded = road.recorded()
    assert recorded.sessions == len(SESSIONS)
    assert recorded.tokens == sum(tokens(path) for path in SESSIONS)
    answers, gathers, waits = road.compiled()
    assert (answers.plan.ending, gathers.plan.ending) == (Ending.ANSWERED, Ending.GATHERED)
    assert waits.record.state is State.CANDIDATE
    answered = road.answered(answers)
    assert answered.decision.arguments == {"service": samples.NEW}
    assert samples.NEW not in answers.plan.parameters[0].seen
    assert [step.exit_code for step in answered.decision.steps] == [0, 0]
    assert answered.decision.tokens == answers.plan.cost.tokens
    assert 0 < road.gathered(gathers).decision.tokens < (gathers.plan.cost.tokens or 0)
    assert road.waiting(waits).decision.decision == "pass"
    drifted = road.drifted(answers)
    assert [step.exit_code for step in drifted.decision.steps] == [0]
    assert [each.outcome for each in road.log()] == ["answered", "gathered", "", "handed_back"]


def test_a_skill_that_does_not_answer_is_noticed(road: Road) -> None:
    road.recorded()
    answers, *_ = road.compiled()
    skill = Path(road.home.skills, answers.record.name, "skill.py")
    skill.write_text(answers.program.replace(" failed on ", " fell over on "))
    with pytest.raises(DemoFailed, match="was to be answered"):  # an edited skill is not run at all
        road.answered(answers)


def test_logs_without_a_failure_are_noticed(road: Road) -> None:
    road.recorded()
    answers, *_ = road.compiled()
    Path(road.project, "gateway.log").write_text("")
    with pytest.raises(DemoFailed, match="tell of no failure"):
        road.answered(answers)


def test_a_drift_that_is_none_is_noticed(road: Road) -> None:
    road.recorded()
    answers, *_ = road.compiled()
    log = Path(road.project, "services", f"{samples.DRIFTED}.log")
    usual = next(each for each in sorted(log.parent.glob("*.log")) if each != log)
    log.write_text(usual.read_text().replace(usual.stem, samples.DRIFTED))
    with pytest.raises(DemoFailed, match="was answered to what has changed"):
        road.drifted(answers)


# --- the samples


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    yield from (json.loads(row) for row in path.read_text().splitlines())


def tokens(path: Path) -> int:
    """What the transcript says was spent, one message a line."""
    usages = [row["message"]["usage"] for row in rows_of(path) if row["type"] == "assistant"]
    return sum(value for usage in usages for value in usage.values())


def test_the_samples_tell_the_truth(tmp_path: Path) -> None:
    """Every command in the transcripts gives, in the sample project, the output that is recorded there."""
    shutil.copytree(samples.BUNDLED / "project", tmp_path / "shop")
    commands = 0
    for path in SESSIONS:
        asked: dict[str, str] = {}
        for row in rows_of(path):
            for block in row["message"]["content"] if isinstance(row["message"]["content"], list) else []:
                if block["type"] == "tool_use" and block["name"] == "Bash":
                    asked[block["id"]] = block["input"]["command"]
                elif block["type"] == "tool_result" and block["tool_use_id"] in asked:
                    argv = ["bash", "-c", asked[block["tool_use_id"]]]
                    env = {"PATH": PATH, "LC_ALL": "C.UTF-8"}
                    done = subprocess.run(
                        argv, cwd=tmp_path / "shop", env=env, capture_output=True, text=True, check=False
                    )
                    assert (done.returncode, done.stderr) == (0, "")
                    assert done.stdout.rstrip("\n") == block["content"], f"{path.name}: {argv[-1]}"
                    commands += 1
    assert commands > 30


def test_the_samples_never_speak_of_the_services_kept_for_the_end() -> None:
    prompts = [
        row["message"]["content"]
        for path in SESSIONS
        for row in rows_of(path)
        if row["type"] == "user" and isinstance(row["message"]["content"], str)
    ]
    assert sum(prompt == samples.triage_prompt("checkout") for prompt in prompts) == 1
    assert not [prompt for prompt in prompts if samples.NEW in prompt or samples.DRIFTED in prompt]
