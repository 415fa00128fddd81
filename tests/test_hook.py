"""The prompt hook as the client starts it: bytes on stdin, JSON or nothing on stdout, always exit status 0."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit import hook
from agentjit.home import Home
from agentjit.intercept import attempt
from agentjit.library import Library
from agentjit.observe.ingest import drain
from agentjit.skill import State
from agentjit.store import Store
from tests.compile import families
from tests.support.library import NOW, learned
from tests.support.notation import repeat

HOOK = Path(hook.__file__)


def asked(home: Home, payload: object, **env: str) -> str:
    """What the hook prints for a payload (bytes, or JSON)."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(HOOK), home.root],
        input=raw,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": home.root, **env},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def prompt(text: str, cwd: Path, **more: Any) -> dict[str, Any]:
    return {"session_id": "s1", "prompt_id": "p1", "cwd": str(cwd), "prompt": text, **more}


def decisions(home: Home) -> list[tuple[str, str, str, str]]:
    drain(home, {}, now=NOW)
    with Store.open(home, write=False) as store:
        return [(each.decision, each.skill, each.outcome, each.reason) for each in store.decisions()]


@pytest.fixture
def work(home: Home, tmp_path: Path) -> Path:
    """A working directory with versions in it, and the skill that reads them."""
    learned(home, families.reads())
    for name in ("cart", "ship"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "VERSION").write_text("7.7.7\n")
    return tmp_path


def test_answers(home: Home, work: Path) -> None:
    said = json.loads(asked(home, prompt("What is the version of ship?", work)))
    assert said["continue"] is False
    answer, line = said["stopReason"].split("\n")
    assert answer == "ship is at 7.7.7."
    assert line.startswith("— AgentJIT: version, 1 step, ")
    assert "30,000 tokens saved" in line
    ((decision, skill, outcome, _),) = decisions(home)
    assert (decision, skill, outcome) == ("run", "version", "answered")


def test_the_last_line_is_dim_on_the_screen_only(home: Home, work: Path) -> None:
    shown = json.loads(asked(home, prompt("what is the version of ship?", work), CLAUDE_CODE_ENTRYPOINT="cli"))
    assert shown["stopReason"].startswith("ship is at 7.7.7.\n\x1b[2m— AgentJIT")
    assert shown["stopReason"].endswith("\x1b[22m")
    plain = asked(home, prompt("what is the version of ship?", work), CLAUDE_CODE_ENTRYPOINT="cli", NO_COLOR="1")
    assert "\x1b" not in json.loads(plain)["stopReason"]


@pytest.mark.parametrize(
    "text", ["what is the version of nothing-there?", "what is the version of it?", "what is the version?", "say hello"]
)
def test_passes_in_silence(home: Home, work: Path, text: str) -> None:
    assert asked(home, prompt(text, work)) == ""
    ((_, _, outcome, reason),) = decisions(home)
    assert outcome in ("", "handed_back")
    assert reason


def test_a_denied_file_is_not_read(home: Home, work: Path) -> None:
    settings = Path(home.root, ".claude", "settings.json")
    settings.parent.mkdir()
    settings.write_text(json.dumps({"permissions": {"deny": ["Read(./ship/**)"]}}))
    assert asked(home, prompt("what is the version of ship?", work)) == ""
    assert asked(home, prompt("what is the version of cart?", work)) != ""
    outcomes = {(outcome, reason) for _, _, outcome, reason in decisions(home)}
    assert any(outcome == "refused" and "deny Read(./ship/**)" in reason for outcome, reason in outcomes)


def test_an_edited_skill_is_refused(home: Home, work: Path) -> None:
    script = Path(Library(home).folder("version"), "skill.py")
    script.write_text(script.read_text().replace("is at", "is surely at"))
    assert asked(home, prompt("what is the version of ship?", work)) == ""
    ((_, _, outcome, reason),) = decisions(home)
    assert outcome == "refused"
    assert "changed since" in reason


def test_a_hand_back_after_a_step_tells_the_model(home: Home, tmp_path: Path) -> None:
    history = repeat(
        "# {cwd}\n> size of {x}?\n$ cat {x}\n| id={n}\n$ grep {n} all.txt\n| {n} is {size}\n< {size}",
        *({"cwd": f"/w{i}", "x": f"f{i}", "n": f"k{i}", "size": f"{i}00"} for i in range(5)),
    )
    learned(home, history)
    (tmp_path / "f9").write_text("id=k9\n")
    (tmp_path / "all.txt").write_text("k8 is 800\n")
    said = json.loads(asked(home, prompt("size of f9?", tmp_path)))["hookSpecificOutput"]
    assert said["hookEventName"] == "UserPromptSubmit"
    note = said["additionalContext"]
    assert "$ cat f9\nid=k9" in note
    assert "expected exit status 0, saw 1" in note
    assert len(note) < 2000


def test_gathered_results_go_into_the_context(home: Home, tmp_path: Path) -> None:
    finals = ["Good.", "Bad, I think.", "Wait and see.", "Two are slow.", "Odd."]
    rows = [{"cwd": f"/w{i}", "x": f"f{i}", "log": f"line {i}", "final": final} for i, final in enumerate(finals)]
    learned(home, repeat("# {cwd}\n> judge {x}\n$ cat {x}\n| {log}\n< {final}", *rows))
    (tmp_path / "f9").write_text("a long story\n" * 3000)
    said = json.loads(asked(home, prompt("judge f9", tmp_path)))["hookSpecificOutput"]["additionalContext"]
    assert "$ cat f9\na long story" in said
    assert "characters left out" in said
    assert len(said) < 10_000
    ((_, _, outcome, _),) = decisions(home)
    assert outcome == "gathered"


def test_what_is_left_is_said_in_plain_words(home: Home, tmp_path: Path) -> None:
    """The reads are done; what only the model can say, and all that comes after it, is not."""
    messages = ("Fix the parser", "Add tests for it", "Say why it fails", "Remove dead code", "Close the file")
    history = "# {cwd}\n> note it in {x}\n$ cat {x}.log\n$ git notes add {x} -m '{message}'\n| noted {n}\n< Noted."
    rows = [
        {"cwd": f"/w{i}", "x": f"{name}", "message": message, "n": str(i * 7 + 3)}
        for i, (name, message) in enumerate(zip(("web", "api", "cart", "mail", "spam"), messages, strict=True))
    ]
    learned(home, repeat(history, *rows))
    (skill,) = Library(home).records()
    with Library(home).changing() as records:
        records[skill.name] = skill.model_copy(update={"approved": skill.hash, "state": State.ACTIVE})
    (tmp_path / "feed.log").write_text("")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    said = json.loads(asked(home, prompt("note it in feed", tmp_path)))["hookSpecificOutput"]["additionalContext"]
    done, _, rest = said.partition("The work is not done with this.")
    assert "$ cat feed.log" in done
    plan = Library(home).plan(skill.name)
    (hole,) = [each.name for each in plan.parameters if each.hole]
    (given,) = [each.name for each in plan.parameters if not each.hole]
    assert f"- git notes add {{{given}}} -m {{{hole}}}" in rest
    assert f"{hole} (last: 'Close the file')" in rest
    assert f"`aj run {skill.name} {given}=feed {hole}='…'`" in rest


@pytest.mark.parametrize(("usual", "limit"), [(0.0, 5.0), (0.1, 5.0), (1.2, 12.0), (2.5, 25.0), (19.0, 25.0)])
def test_a_run_may_take_ten_times_its_usual_seconds(usual: float, limit: float) -> None:
    assert attempt.limit(usual) == limit


def test_a_step_that_hangs_does_not_keep_the_user_waiting(home: Home, tmp_path: Path) -> None:
    finals = ["Good.", "Bad, I think.", "Wait and see.", "Two are slow.", "Odd."]
    rows = [{"cwd": f"/w{i}", "x": f"f{i}", "log": f"line {i}", "final": final} for i, final in enumerate(finals)]
    learned(home, repeat("# {cwd}\n> judge {x}\n$ cat {x}\n| {log}\n< {final}", *rows))
    os.mkfifo(tmp_path / "f9")
    assert asked(home, prompt("judge f9", tmp_path)) == ""
    ((_, _, outcome, reason),) = decisions(home)
    assert outcome == "handed_back"
    assert "still running after 5." in reason


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b'{"prompt"',
        b'{"prompt": 5}',
        b'{"prompt": "what is the version of ship?"',
        b'{"prompt": "what is the version of ship?", "cwd": 5}',
        b'{"nested": {"prompt": "what is the version of ship?"}}',
        b'{"prompt": "\\ud800 version"}',
    ],
)
def test_odd_payloads(home: Home, work: Path, raw: bytes) -> None:
    asked(home, raw)
    assert any(Path(home.spool).iterdir()), "what came is kept for the drainer to judge"


def test_a_huge_prompt(home: Home, work: Path) -> None:
    assert asked(home, prompt("version " * 500_000, work)) == ""
    ((decision, _, _, _),) = decisions(home)
    assert decision == "pass"


def test_errors_go_to_the_log(home: Home, work: Path) -> None:
    spool = Path(home.spool)
    spool.rmdir()
    spool.write_text("")
    assert asked(home, prompt("say version", work)) == ""
    assert "prompt hook: " in Path(home.log).read_text()


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_the_prompt_is_found_without_a_parser(text: str, more: dict[str, str]) -> None:
    more.pop("prompt", None)
    raw = json.dumps({**more, "prompt": text}).encode()
    found = hook.prompt_of(raw)
    assert found == text or '"prompt"' in json.dumps(more)


@given(st.binary())
def test_anything_may_come(raw: bytes) -> None:
    try:
        hook.prompt_of(raw)
    except ValueError:
        pass


def test_a_miss_stays_light() -> None:
    """Only what the interpreter has at its start, and three modules of ours."""
    code = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1])\n"
        "import agentjit.hook, agentjit.entries, agentjit.spool, agentjit.home\n"
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith('agentjit')))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(HOOK.parents[1])], capture_output=True, text=True, check=True
    )
    base = {"__future__", "os", "os.path", "posixpath", "genericpath", "stat", "_stat", "_collections_abc"}
    assert set(json.loads(done.stdout.replace("'", '"'))) <= base


def test_where_nothing_is_recorded_nothing_is_answered(home: Home, work: Path) -> None:
    asking = "what is the version of ship?"
    off = work / ".aj-off"
    off.touch()
    assert asked(home, prompt(asking, work)) == "" and os.listdir(home.spool) == []
    (work / "below").mkdir()
    assert asked(home, prompt(asking, work / "below")) == ""
    off.unlink()
    assert asked(home, prompt(asking, work), CLAUDE_PROJECT_DIR=str(work)) != ""
    config = Path(home.root, "config.toml")
    config.write_text(f'[observe]\nnever = ["{work}"]\n')
    assert asked(home, prompt(asking, work)) == ""
    config.write_text("never = [")
    assert asked(home, prompt(asking, work)) == ""
    config.unlink()
    assert len(os.listdir(home.spool)) == 2  # the one that was answered, and its run
