"""Calls made at the same time: in order, all permitted first, and none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.kit.drive import WaveFailed
from agentjit.kit.local import Local
from agentjit.kit.program import Steps
from tests.kit.test_process import alive, gone, pid_in


def program(*calls: kit.Call) -> kit.Program:
    """Makes `calls` together and answers with what they printed."""

    def steps() -> Steps:
        results = yield kit.together(*calls)
        return kit.answer(" ".join(result.stdout.strip() for result in results))

    return kit.skill("together")(steps)


def driven(work: Path, *calls: kit.Call, seconds: float = 30.0) -> kit.Run:
    with Local(cwd=str(work), env=os.environ, seconds=seconds) as local:
        return kit.drive(program(*calls), {}, local.perform, local.perform_all)


def test_results_and_steps_come_in_the_order_written(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("three")
    calls = kit.shell("sleep 0.3; echo one"), kit.bash("echo", "two"), kit.read("f"), kit.ask("cwd")
    run = driven(tmp_path, *calls)
    assert (run.outcome, run.answer) == ("answered", f"one two three {tmp_path}"), run.reason
    assert [step.call for step in run.steps] == list(calls[:3]), "what is asked of the environment is no step"


def test_they_run_at_the_same_time(tmp_path: Path) -> None:
    """Each waits for the file that the other makes: one after the other they would never end."""
    meet = 'touch "$1"; until [ -e "$2" ]; do sleep 0.01; done; echo met'
    run = driven(tmp_path, kit.shell(meet, "a", "b"), kit.shell(meet, "b", "a"), seconds=20)
    assert (run.outcome, run.answer) == ("answered", "met met"), run.reason


def test_without_a_performer_of_many_they_run_one_after_the_other(tmp_path: Path) -> None:
    calls = kit.shell("echo a >> f"), kit.shell("cat f; echo b >> f"), kit.shell("cat f")
    with Local(cwd=str(tmp_path), env=os.environ) as local:
        run = kit.drive(program(*calls), {}, local.perform)
    assert run.answer.strip() == "a a\nb"
    assert len(run.steps) == 3


def test_an_exit_status_is_no_failure(tmp_path: Path) -> None:
    run = driven(tmp_path, kit.shell("echo a; exit 3"), kit.shell("sleep 0.2; echo b"))
    assert (run.answer, [step.result.exit_code for step in run.steps]) == ("a b", [3, 0])


def test_a_failure_ends_the_others(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    slow = kit.shell(f"sleep 100 & echo $! > {pid}; wait")
    begin = time.monotonic()
    run = driven(
        tmp_path, slow, kit.bash("echo", "done"), kit.shell(f"while [ ! -s {pid} ]; do :; done; yes | head -c 5000000")
    )
    assert time.monotonic() - begin < 25
    assert run.outcome == "handed_back"
    assert "yes" in run.stopped_text
    assert "output of a readable size" in run.reason
    assert f"perhaps half done: `{slow.text}`" in run.reason
    assert [step.text for step in run.steps] == ["echo done"], "what was done is told"
    assert gone(pid_in(pid))


def test_a_program_that_is_not_there_ends_the_others(tmp_path: Path) -> None:
    run = driven(tmp_path, kit.bash("sleep", "100"), kit.bash("no-such-program"))
    assert (run.outcome, run.stopped_text, run.steps) == ("handed_back", "no-such-program", [])


def test_one_deadline_holds_for_all(tmp_path: Path) -> None:
    begin = time.monotonic()
    run = driven(tmp_path, *[kit.bash("sleep", "100")] * 5, seconds=0.5)
    assert time.monotonic() - begin < 10
    assert "to be done in time" in run.reason
    late = driven(tmp_path, kit.write("f", "1"), kit.bash("true"), seconds=0)
    assert late.outcome == "handed_back"
    assert not (tmp_path / "f").exists()


def test_all_are_permitted_before_any_is_started(tmp_path: Path) -> None:
    asked: list[str] = []

    def permit(call: kit.Call) -> None:
        asked.append(call.text)
        if "forbidden" in call.text:
            raise kit.StepFailed("it to be allowed", "a rule")

    calls = kit.bash("touch", "first"), kit.bash("touch", "forbidden"), kit.write("third", "")
    with Local(cwd=str(tmp_path), env=os.environ, permit=permit) as local:
        run = kit.drive(program(*calls), {}, local.perform, local.perform_all)
        with pytest.raises(WaveFailed):
            local.perform_all(calls)
    assert (run.outcome, run.steps, run.stopped_text) == ("handed_back", [], "touch forbidden")
    assert asked == ["touch first", "touch forbidden"] * 2
    assert list(tmp_path.iterdir()) == []


def test_secrets_of_a_wave_are_not_shown(tmp_path: Path) -> None:
    calls = kit.bash("echo", "hunter2 it's"), kit.bash("no-such-program", "hunter2 it's")

    def steps(token: str) -> Steps:
        yield kit.together(*calls)
        return kit.gathered()

    told = kit.skill("secret", params={"token": kit.Param(".+", secret=True)})(steps)
    with Local(cwd=str(tmp_path), env=os.environ) as local:
        run = kit.drive(told, {"token": "hunter2 it's"}, local.perform, local.perform_all)
    assert "hunter2" not in " ".join([run.reason, run.stopped_text, *(step.text for step in run.steps)])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_in_the_middle_of_a_wave_nothing_stays(tmp_path: Path, number: signal.Signals) -> None:
    pids = [tmp_path / f"pid{place}" for place in range(4)]
    code = (
        "import os; from agentjit import kit; from agentjit.kit.local import Local\n"
        f"calls = [kit.shell('sleep 100 & echo $! > ' + path + '; wait') for path in {[str(pid) for pid in pids]}]\n"
        f"with Local(cwd={str(tmp_path)!r}, env=os.environ) as local: local.perform_all(tuple(calls))"
    )
    ours = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    children = [pid_in(pid) for pid in pids]
    time.sleep(0.3)  # the guard is told of a program right after its start: not before it can write its pid
    assert all(map(alive, children))
    ours.send_signal(number)
    ours.wait(10)
    assert all(map(gone, children))


def test_what_is_no_call_is_handed_back(tmp_path: Path) -> None:
    for asked in (None, 5, ("git", "status"), (kit.bash("true"), None)):

        def steps(asked: object = asked) -> Steps:
            yield asked  # type: ignore[misc]
            return kit.gathered()

        with Local(cwd=str(tmp_path), env=os.environ) as local:
            run = kit.drive(kit.skill("broken")(steps), {}, local.perform, local.perform_all)
        assert (run.outcome, run.steps) == ("handed_back", [])
        assert "no call" in run.reason
