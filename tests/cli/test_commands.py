"""The command line's contract: shapes, exit statuses, and plain words when something is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agentjit.cli import COMMANDS, cli
from agentjit.home import Home
from agentjit.library import Library
from agentjit.skill import State
from agentjit.store import Store
from agentjit.trace import DecisionSeen
from tests.compile import families
from tests.support.library import NOW, learned, renamed

Aj = Callable[..., Result]


@pytest.fixture
def aj(home: Home) -> Aj:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)

    return run


@pytest.fixture
def shop(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with three skills, and a directory with versions to be read."""
    learned(home, families.reads(), renamed(families.checks(), "c"), renamed(families.pods(3), "p"), now=time.time())
    (tmp_path / "ship").mkdir()
    (tmp_path / "ship" / "VERSION").write_text("7.7.7\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_list(aj: Aj, shop: Path) -> None:
    skills = {skill["name"]: skill for skill in loaded(aj("list", "--json"))}
    assert set(skills) == {"version", "checks", "crashing"}
    version = skills["version"]
    assert version == {
        "name": "version",
        "version": version["version"],
        "state": "active",
        "state_reason": "only reads, reproduced all 5 traces",
        "entry": {"prompt": "what is the version of {name}?"},
        "params": [
            {
                "name": "name",
                "pattern": "[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
                "examples": ["web", "api", "relay", "spam", "cart"],
            }
        ],
        "steps": [{"tool": "Read", "text": "Read {cwd}/{name}/VERSION", "effect": "reads"}],
        "effects": "reads",
        "ending": "answered",
        "support": {"occurrences": 5, "sessions": 5},
        "runs": {"answered": 0, "gathered": 0, "handed_back": 0},
        "last_used": None,
    }
    assert [skills[name]["state"] for name in ("checks", "crashing")] == ["candidate", "candidate"]
    plain = aj("list").stdout.splitlines()
    assert plain[0].split("\t") == ["skill", "state", "prompt", "effects", "ending", "runs", "last used"]
    assert "next: aj approve checks" in plain[-1]


def test_show(aj: Aj, shop: Path) -> None:
    shown = loaded(aj("show", "version", "--json"))
    assert shown["plan"]["name"] == "version"
    assert "def version(name):" in shown["program"]
    card = aj("show", "version").stdout
    for part in (
        "what is the version of {name}?",
        "5 runs in 5 sessions",
        "left out one by one, 5 of 5",
        "in any directory",
    ):
        assert part in card


def test_run(aj: Aj, shop: Path) -> None:
    done = loaded(aj("run", "version", "name=ship", "--json"))
    assert (done["outcome"], done["answer"], done["reason"]) == ("answered", "ship is at 7.7.7.", "")
    (step,) = done["steps"]
    assert (step["text"], step["exit_code"]) == (f"Read {shop}/ship/VERSION", None)
    assert aj("run", "version", "name=ship").stdout == "ship is at 7.7.7.\n"
    runs = loaded(aj("list", "--json"))[2]
    assert runs["runs"]["answered"] == 2
    assert runs["last_used"].endswith("+00:00")


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["version", "name=nothing"], 4, "stopped after 0 steps"),
        (["checks"], 3, "aj approve checks"),
        (["version"], 2, "needs name"),
        (["version", "name=ship", "name=ship"], 2, "given twice"),
        (["version", "name"], 2, "KEY=VALUE"),
        (["version", "nam=ship"], 2, "no argument 'nam'"),
        (["version", "name=$(id)"], 2, "does not look like"),
        (["version", "name="], 2, "does not look like"),
        (["nothing"], 2, "there is no skill called 'nothing'"),
        (["../version"], 2, "there is no skill"),
    ],
)
def test_run_says_no(aj: Aj, shop: Path, words: Sequence[str], status: int, told: str) -> None:
    done = aj("run", *words)
    assert done.exit_code == status
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_run_as_json_keeps_its_exit_status(aj: Aj, shop: Path) -> None:
    refused = aj("run", "checks", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["outcome"]) == (3, "refused")
    stopped = aj("run", "version", "name=nothing", "--json")
    assert (stopped.exit_code, json.loads(stopped.stdout)["outcome"]) == (4, "handed_back")


def test_dry_run_runs_nothing(aj: Aj, shop: Path) -> None:
    done = aj("run", "crashing", "name=web", "namespace=demo", "--dry-run")
    assert done.exit_code == 0
    assert "kubectl get pods -n demo" in done.stdout
    assert loaded(aj("log", "--json")) == []


def test_disabled_is_refused_until_enabled(aj: Aj, shop: Path) -> None:
    assert aj("disable", "version").exit_code == 0
    assert loaded(aj("why", "what is the version of ship?", "--json"))["decision"] == "pass"
    assert aj("run", "version", "name=ship").exit_code == 3
    assert "active" in aj("enable", "version").stdout
    assert aj("run", "version", "name=ship").exit_code == 0
    assert aj("enable", "version").exit_code == 2


def test_approve(aj: Aj, shop: Path, home: Home) -> None:
    asked = aj("approve", "checks")
    assert asked.exit_code == 2
    assert "def checks():" in asked.stdout
    assert Library(home).record("checks").state is State.CANDIDATE
    assert aj("approve", "checks", "--yes").stdout.endswith("checks is active.\n")
    assert Library(home).record("checks").is_approved
    assert "already" in aj("approve", "checks").stdout


def test_approve_refuses_an_edited_skill(aj: Aj, shop: Path, home: Home) -> None:
    script = Path(Library(home).folder("checks"), "skill.py")
    script.write_text(script.read_text() + "# more\n")
    done = aj("approve", "checks", "--yes")
    assert done.exit_code == 3
    assert "changed since it was published" in done.stderr


def test_remove_and_restore(aj: Aj, shop: Path, home: Home) -> None:
    assert aj("remove", "version").exit_code == 0
    assert aj("show", "version").exit_code == 2
    assert not Path(Library(home).folder("version")).exists()
    aj("compile")
    assert aj("show", "version").exit_code == 2
    assert "new         version" in aj("compile", "--restore", "version").stdout
    assert aj("compile", "--restore", "version").exit_code == 2


def test_why(aj: Aj, shop: Path) -> None:
    yes = loaded(aj("why", "what is the version of ship?", "--json"))
    assert yes == {
        "matches": True,
        "skill": "version",
        "arguments": {"name": "ship"},
        "decision": "run",
        "reason": "it is the prompt of version",
    }
    no = loaded(aj("why", "what is the version of ship? and why?", "--json"))
    assert (no["matches"], no["decision"], no["skill"]) == (False, "pass", "version")
    assert "it is not the prompt of version" in no["reason"]
    aj("disable", "version")
    waiting = loaded(aj("why", "What is the version of ship", "--json"))
    assert (waiting["matches"], waiting["skill"]) == (False, "version")
    assert waiting["reason"] == "version fits but is disabled: disabled by hand"
    assert loaded(aj("why", "what is the version of it?", "--json"))["skill"] is None
    assert loaded(aj("why", "", "--json"))["reason"] == "the prompt is empty"
    assert loaded(aj("why", "run the checks please", "--json"))["skill"] is None
    assert loaded(aj("log", "--json")) == []


def test_why_foresees_what_the_hook_would_refuse(aj: Aj, shop: Path, home: Home) -> None:
    settings = Path(os.environ["HOME"], ".claude", "settings.json")
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('{"permissions": {"deny": ["Read(./ship/**)"]}}')
    denied = loaded(aj("why", "what is the version of ship?", "--json"))
    assert (denied["matches"], denied["skill"]) == (False, "version")
    assert "deny Read(./ship/**)" in denied["reason"]
    settings.unlink()
    script = Path(Library(home).folder("version"), "skill.py")
    script.write_text(script.read_text() + "#\n")
    assert "changed since" in loaded(aj("why", "what is the version of ship?", "--json"))["reason"]


@pytest.mark.parametrize(
    "words",
    [["frobnicate"], ["show"], ["list", "extra"], ["stats", "--bogus"], ["log", "-n", "0"], ["log", "-n", "-3"]],
)
def test_a_wrong_call_is_one_line(aj: Aj, shop: Path, words: list[str]) -> None:
    done = aj(*words)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("aj: ")


@pytest.mark.parametrize("seconds", ["0", "-5", "nan", "inf"])
def test_a_timeout_that_is_none(aj: Aj, shop: Path, seconds: str) -> None:
    assert aj("run", "version", "name=ship", "--timeout", seconds).exit_code == 2


def ran(home: Home, skill: str, *outcomes: str) -> None:
    """Runs of a skill, as the log would have them."""
    with Store.open(home, write=True) as store:
        store.add(
            [
                DecisionSeen(f"{skill}{number}", NOW + number, "s", "e", "prompt", "run", "", skill, "v", outcome, 0.1)
                for number, outcome in enumerate(outcomes)
            ]
        )


def test_prune(aj: Aj, shop: Path, home: Home) -> None:
    assert aj("prune").stdout == "Nothing to prune.\n"
    ran(home, "crashing", "handed_back", "handed_back", "answered")
    told = aj("prune", "--failing", "--dry-run").stdout
    assert told == "would remove crashing: handed back 2 of 3 times\n"
    assert aj("prune", "--failing").exit_code == 2
    assert len(loaded(aj("list", "--json"))) == 3
    assert aj("prune", "--failing", "--yes").exit_code == 0
    assert [skill["name"] for skill in loaded(aj("list", "--json"))] == ["checks", "version"]
    assert "not used for" in aj("prune", "--unused", "0", "--dry-run").stdout
    assert aj("prune", "--unused", "-1").exit_code == 2


def test_prune_duplicates(aj: Aj, shop: Path, home: Home) -> None:
    again = [
        replace(e, prompt=e.prompt.replace("?", " right now?"), final=f"{e.final} That is all.")
        for e in renamed(families.reads(4), "d")
    ]
    learned(home, again, now=time.time())
    assert aj("prune", "--duplicates", "--dry-run").stdout == "would remove version-right: the same steps as version\n"


def test_log_and_stats(aj: Aj, shop: Path, home: Home) -> None:
    aj("run", "version", "name=ship")
    aj("run", "version", "name=nothing")
    log = loaded(aj("log", "--json"))
    assert [each["outcome"] for each in log] == ["handed_back", "answered"], "newest first"
    assert set(log[0]) >= {"time", "session", "decision", "skill", "reason", "outcome"}
    assert len(loaded(aj("log", "-n", "1", "--json"))) == 1
    assert loaded(aj("log", "--skill", "checks", "--json")) == []
    stats = loaded(aj("stats", "--json"))
    assert stats["recorded"] == {"sessions": 13, "episodes": 13, "calls": 21, "quarantined": 0}
    assert stats["skills"] == {"candidate": 2, "active": 1, "disabled": 0, "retired": 0}
    assert set(stats["saved"]) == {"requests", "tokens", "seconds"}
    assert "13 sessions" in aj("stats").stdout


def test_hotspots(aj: Aj, shop: Path) -> None:
    rows = loaded(aj("hotspots", "--json"))
    by_prompt = {row["prompt"]: row for row in rows}
    row = by_prompt["what is the version of {name}?"]
    assert (row["occurrences"], row["sessions"], row["compilable"], row["skill"]) == (5, 5, True, "version")
    text = aj("hotspots").stdout
    assert "when    5 times, since " in text
    assert "stable  these steps in this order every time (5 of 5)" in text
    assert "compiled: version" in text


def test_import_and_ingest(aj: Aj, home: Home, tmp_path: Path) -> None:
    assert "No transcripts were found" in aj("import").stdout
    assert aj("import", str(tmp_path / "missing")).exit_code == 2
    (tmp_path / "one.jsonl").write_text("not json\n")
    assert aj("import", str(tmp_path)).exit_code == 0
    assert aj("ingest").stdout == "0 events loaded\n"
    assert aj("ingest", "--quiet").stdout == ""


def test_nothing_there_yet(aj: Aj, home: Home) -> None:
    assert "No skills yet" in aj("list").stdout
    assert loaded(aj("list", "--json")) == []
    assert "Nothing recurs yet" in aj("hotspots").stdout
    assert "No prompt was seen yet" in aj("log").stdout
    assert "0 hotspots" in aj("compile").stdout
    assert aj("compile", "--quiet").stdout == ""
    assert aj("prune").stdout == "Nothing to prune.\n"
    assert loaded(aj("stats", "--json"))["recorded"]["calls"] == 0


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_has_an_example(aj: Aj, name: str) -> None:
    done = aj(name, "--help")
    assert done.exit_code == 0
    assert "Example" in done.stdout


def test_a_corrupt_database_is_one_line_with_the_mend(aj: Aj, shop: Path, home: Home) -> None:
    Path(home.database).write_bytes(b"nothing of the kind" * 100)
    for command in (["stats"], ["log"], ["hotspots"], ["compile"]):
        done = aj(*command)
        assert done.exit_code == 1
        assert "move it away" in done.stderr
    assert aj("list").exit_code == 0, "the skills do not need it"
    assert aj("run", "version", "name=ship").exit_code == 0


def test_text_from_traces_cannot_move_the_cursor(aj: Aj, shop: Path, home: Home) -> None:
    (shop / "ship" / "VERSION").write_text("1.\x1b[2J2")
    done = aj("run", "version", "name=ship")
    assert "\x1b" not in done.output


def test_as_a_program(home: Home, shop: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "agentjit", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=False,
        )

    assert run("run", "version", "name=ship").stdout == "ship is at 7.7.7.\n"
    wrong = run("run", "version")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert run("frobnicate").returncode == 2
    completion = subprocess.run(
        [sys.executable, "-m", "agentjit"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "_AJ_COMPLETE": "bash_source"},
        check=False,
    )
    assert "_aj_completion" in completion.stdout
