"""From stored episodes to published skills, and what happens to them as more is seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agentjit import entries
from agentjit.errors import AjError, Refused
from agentjit.home import Home
from agentjit.library import Library
from agentjit.pipeline import FAILURES, compile_all, compiling, publish, retire
from agentjit.publishing import activation
from agentjit.run.load import read_checked
from agentjit.skill import State
from agentjit.store import Store
from agentjit.trace import DecisionSeen, Effect
from tests.compile import families
from tests.support.library import NOW, TEMPLATES, learned, renamed


def test_a_skill_that_only_reads_becomes_active_by_itself(home: Home) -> None:
    few = learned(home, families.pods(3))
    assert few.happened == {"crashing": "new"}
    record = Library(home).record("crashing")
    assert (record.state, record.support.occurrences) == (State.CANDIDATE, 3)
    assert "seen 3 times of the 5" in record.reason
    assert entries.lookup(home.entries, "why is x crashing in y?") == []

    learned(home, families.pods(5))
    record = Library(home).record("crashing")
    assert (record.state, record.support.occurrences) == (State.ACTIVE, 5)
    (row,) = entries.lookup(home.entries, "why is x crashing in y?")
    assert json.loads(row)["hash"] == record.hash


def test_the_folder_of_a_skill(home: Home) -> None:
    learned(home, families.pods())
    folder = Path(Library(home).folder("crashing"))
    assert {each.name for each in folder.iterdir()} == {"SKILL.md", "skill.py", "plan.json"}
    for path in [folder, *folder.iterdir(), Path(home.kit, "ajkit", "calls.py"), Path(home.library_state)]:
        assert path.stat().st_mode & 0o077 == 0, path
    manual = (folder / "SKILL.md").read_text()
    assert manual.startswith("---\nname: crashing\ndescription: ")
    assert "aj run crashing name=VALUE namespace=VALUE" in manual


def test_a_skill_runs_on_its_own(home: Home, tmp_path: Path) -> None:
    history = families.reads()
    learned(home, history)
    (tmp_path / "cart").mkdir()
    (tmp_path / "cart" / "VERSION").write_text("7.7.7\n")
    script = Path(Library(home).folder("version"), "skill.py")

    def alone(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", str(script), *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    assert (alone("--name", "cart").stdout, alone("--name=cart").returncode) == ("cart is at 7.7.7.\n", 0)
    assert alone("--name", "missing").returncode == 4
    for wrong in ((), ("--name",), ("--nam", "x"), ("cart",), ("--name", "--x")):
        done = alone(*wrong)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
    assert "usage" in alone("--help").stdout


def test_compiling_again_changes_nothing(home: Home) -> None:
    learned(home, families.pods())
    before = Library(home).record("crashing")
    assert learned(home).happened == {"crashing": "unchanged"}
    assert Library(home).record("crashing") == before


def test_what_is_not_purely_reading_waits_and_asks_again(home: Home) -> None:
    learned(home, families.checks())
    library = Library(home)
    record = library.record("checks")
    assert (record.state, record.is_approved) == (State.CANDIDATE, False)
    with library.changing() as records:
        approved = record.model_copy(update={"approved": record.hash, "approved_version": record.version})
        state, reason = activation(approved, Effect.UNKNOWN)
        records["checks"] = approved.model_copy(update={"state": state, "reason": reason})
    assert library.record("checks").state is State.ACTIVE

    more = [replace(each, at=each.at + 9 * 86400) for each in renamed(families.checks(2), "more")]
    assert learned(home, more).happened == {"checks": "unchanged"}, "more of the same keeps the approval"
    assert library.record("checks").support.occurrences == 7

    changed = [replace(each, final=f"{each.final}!") for each in renamed(families.checks(5), "other")]
    learned(home, changed)
    again = library.record("checks")
    assert again.hash != record.hash
    assert again.state is State.CANDIDATE
    assert "recompiled since it was approved" in again.reason
    assert library.approved_program(again)


def test_a_new_value_of_a_constant_is_the_same_skill(home: Home) -> None:
    """`in staging` was the same in all prompts; with `in prod` it is a slot, not a second skill."""
    rows = families.pods(5)
    same = [
        replace(e, prompt=e.prompt.replace(f"in {ns}", "in staging")) for e, ns in zip(rows, NAMESPACES, strict=True)
    ]
    same = [
        replace(
            e,
            calls=tuple(
                replace(c, input={"command": str(c.input["command"]).replace(f"-n {ns}", "-n staging")})
                for c in e.calls
            ),
        )
        for e, ns in zip(same, NAMESPACES, strict=True)
    ]
    learned(home, same)
    (first,) = Library(home).records()
    learned(home, renamed(families.pods(5)[1:], "later"))
    (second,) = Library(home).records()
    assert second.name == first.name
    assert second.hotspot != first.hotspot
    assert {p.name for p in Library(home).plan(second.name).parameters} == {"name", "namespace"}
    assert Library(home).versions(second.name) == [first.version]


NAMESPACES = ["staging", "prod", "dev", "qa", "lab"]


def test_removed_stays_removed(home: Home) -> None:
    learned(home, families.pods())
    library = Library(home)
    with library.changing() as records:
        records["crashing"] = records["crashing"].model_copy(update={"removed": True})
        library.delete("crashing")
    assert learned(home).happened == {}
    assert library.records() == []
    assert entries.lookup(home.entries, "why is x crashing in y?") == []


def test_two_workflows_of_one_name(home: Home) -> None:
    other = renamed(families.restarts(5), "x")
    other = [replace(e, prompt=e.prompt.replace("restart count of", "crashing")) for e in other]
    learned(home, families.pods(), other)
    assert [record.name for record in Library(home).records()] == ["crashing", "crashing-2"]


@pytest.mark.parametrize("file", ["skill.py", "plan.json"])
def test_an_edited_skill_does_not_run_and_is_made_anew(home: Home, file: str) -> None:
    learned(home, families.pods())
    library = Library(home)
    record = library.record("crashing")
    path = Path(library.folder("crashing"), file)
    path.write_text(path.read_text() + "\n")
    with pytest.raises(Refused, match="changed since it was published"):
        read_checked(library.folder("crashing"), record.hash)
    assert learned(home).happened == {"crashing": "recompiled"}
    assert read_checked(library.folder("crashing"), library.record("crashing").hash)


@pytest.mark.parametrize("harm", ["link", "writable", "missing", "folder"])
def test_tampering_is_refused(home: Home, tmp_path: Path, harm: str) -> None:
    learned(home, families.pods())
    library = Library(home)
    path = Path(library.folder("crashing"), "skill.py")
    text = path.read_bytes()
    if harm == "writable":
        path.chmod(0o666)
    else:
        path.unlink()
    if harm == "link":
        (tmp_path / "elsewhere.py").write_bytes(text)
        path.symlink_to(tmp_path / "elsewhere.py")
    if harm == "folder":
        path.mkdir()
    with pytest.raises(Refused):
        read_checked(library.folder("crashing"), library.record("crashing").hash)


def test_one_damaged_skill_does_not_stop_the_others(home: Home) -> None:
    learned(home, families.pods(), renamed(families.users(), "u"))
    Path(Library(home).folder("crashing"), "plan.json").write_text("{")
    with Library(home).changing():
        pass
    assert entries.lookup(home.entries, "how many open orders does x have?")
    assert entries.lookup(home.entries, "why is x crashing in y?") == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-x", "x\n", "a b", "ü"])
def test_names_cannot_leave_the_library(home: Home, name: str) -> None:
    with pytest.raises(AjError):
        Library(home).folder(name)


def test_a_damaged_state_file_is_said(home: Home) -> None:
    learned(home, families.pods())
    Path(home.library_state).write_text("[]")
    with pytest.raises(AjError, match="damaged"):
        Library(home).records()


def test_repeated_hand_backs_retire(home: Home) -> None:
    learned(home, families.pods())
    record = Library(home).record("crashing")

    def run(number: int, outcome: str) -> None:
        with Store.open(home, write=True) as store:
            store.add(
                [
                    DecisionSeen(
                        id=f"d{number}",
                        at=NOW + number,
                        session="s",
                        episode="e",
                        entry="prompt",
                        decision="run",
                        reason="",
                        skill="crashing",
                        version=record.version,
                        outcome=outcome,
                        seconds=0.1,
                    )
                ]
            )

    for number, outcome in enumerate(["handed_back", "handed_back", "answered", "handed_back", "handed_back"]):
        run(number, outcome)
    assert retire(home, now=NOW) == []
    run(9, "handed_back")
    assert retire(home, now=NOW) == ["crashing"]
    assert f"handed back {FAILURES} times" in Library(home).record("crashing").reason
    assert entries.lookup(home.entries, "why is x crashing in y?") == []
    assert learned(home).retired == ()
    assert Library(home).record("crashing").state is State.RETIRED


def test_one_compiles_one_waits_the_rest_leave(home: Home) -> None:
    first_in, let_go = threading.Event(), threading.Event()
    outcomes: list[bool] = []

    def first() -> None:
        with compiling(home) as free:
            outcomes.append(free)
            first_in.set()
            let_go.wait(10)

    def second() -> None:
        with compiling(home) as free:
            outcomes.append(free)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert first_in.wait(10)
    threads[1].start()
    time.sleep(1.0)  # the second is in line by now: looking would mean to stand in line
    with compiling(home) as free:
        assert free is False
    let_go.set()
    for thread in threads:
        thread.join(10)
    assert outcomes == [True, True]


def test_nothing_recorded_is_no_error(home: Home) -> None:
    done = compile_all(home, TEMPLATES, now=NOW)
    assert (done.studies, done.happened, done.retired) == ((), {}, ())
    assert publish(home, [], TEMPLATES, now=NOW) == {}
    assert os.path.exists(home.entries)
