"""Draining: each event once, whatever it holds and whoever is killed when."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agentjit import forget, spool
from agentjit.config import BadConfig
from agentjit.errors import StoreBroken
from agentjit.home import Home
from agentjit.observe.importer import import_paths
from agentjit.observe.ingest import Drained, drain
from agentjit.store import Store
from agentjit.trace import PLACEHOLDER, DecisionSeen, Episode

NOBODY = 2**22 + 1
ENV = {"HOME": "/nonexistent"}


def put(home: Home, name: str, *lines: Any, age: float = 0.0) -> Path:
    path = Path(home.spool, name)
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    at = time.time() - age
    os.utime(path, (at, at))
    return path


def payload(**more: Any) -> dict[str, Any]:
    return {"session_id": "s", "transcript_path": "", "cwd": "/w", "prompt_id": "p"} | more


def call(number: int, **more: Any) -> dict[str, Any]:
    response = {"stdout": f"out {number}", "stderr": ""}
    given = {"tool_name": "Bash", "tool_input": {"command": f"echo {number}"}, "tool_response": response}
    return payload(**given, tool_use_id=f"toolu_{number}", duration_ms=1) | more


def drained(home: Home, env: dict[str, str] = ENV) -> Drained:
    return drain(home, env, now=time.time())


def episodes(home: Home) -> list[Episode]:
    with Store.open(home, write=False) as store:
        return store.episodes()


def decisions(home: Home) -> list[DecisionSeen]:
    with Store.open(home, write=False) as store:
        return store.decisions()


def test_whose_a_session_is(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go", session_id="theirs"), age=9)
    put(home, "UserPromptSubmit.2", payload(prompt="go", session_id="ours"), {"aj": "own", "own": "a skill"}, age=8)
    put(home, "PostToolUse.3", call(1, session_id="ours"), age=7)
    drained(home)
    assert {episode.session: episode.own for episode in episodes(home)} == {"theirs": "", "ours": "a skill"}
    transcript = Path(home.root).parent / "ours.jsonl"
    row = {"type": "user", "sessionId": "ours", "cwd": "/w", "promptId": "p2", "message": {"content": "again"}}
    transcript.write_text(json.dumps(row | {"timestamp": "2026-01-01T00:00:00Z"}) + "\n")
    import_paths(home, [transcript], ENV)
    assert {episode.own for episode in episodes(home) if episode.session == "ours"} == {"a skill"}


@pytest.mark.parametrize(
    ("outcome", "steps", "own"),
    [
        ("answered", [], "the skill versions took part in it"),
        ("gathered", [], "the skill versions took part in it"),
        ("handed_back", [{"text": "ls", "exit_code": 0, "seconds": 0.1}], "the skill versions took part in it"),
        ("handed_back", [], ""),  # nothing was told to the model
        ("refused", [], ""),
    ],
)
def test_a_prompt_in_which_a_skill_took_part(home: Home, outcome: str, steps: list[Any], own: str) -> None:
    said = {"aj": "decision", "decision": "run", "skill": "versions", "outcome": outcome, "steps": steps}
    put(home, "UserPromptSubmit.1", payload(prompt="go"), said)
    drained(home)
    assert [episode.own for episode in episodes(home)] == [own]


def test_a_session_goes_in_and_the_spool_is_empty(home: Home) -> None:
    put(home, "SessionStart.1", payload(source="startup"), age=9)
    put(home, "UserPromptSubmit.2", payload(prompt="go"), age=8)
    put(home, "PostToolUse.3", call(1), age=7)
    put(home, "PostToolUseFailure.4", call(2) | {"error": "Exit code 2\nno"}, age=6)
    put(home, "Stop.5", payload(last_assistant_message="done"), age=5)
    put(home, "SessionEnd.6", payload(reason="other"), age=4)
    done = drained(home)
    assert (done.events, done.quarantined, done.skipped) == (6, 0, 0)
    assert os.listdir(home.spool) == []
    (episode,) = episodes(home)
    assert (episode.prompt, episode.final) == ("go", "done")
    assert [(c.output, c.exit_code) for c in episode.calls] == [("out 1", 0), ("no", 2)]
    assert drained(home) == Drained()


def test_what_the_prompt_hook_adds_is_the_decision(home: Home) -> None:
    line = {"aj": "decision", "id": "d1", "at": 5.0, "entry": "prompt", "decision": "run", "reason": "it matches"}
    line |= {"skill": "pods", "outcome": "answered", "steps": [{"text": "ls", "exit_code": 0, "seconds": 0.1}]}
    put(home, "UserPromptSubmit.1", payload(prompt="go"), line)
    drained(home)
    (found,) = decisions(home)
    assert (found.id, found.at, found.session, found.episode, found.skill) == ("d1", 5.0, "s", "s:p", "pods")
    assert found.steps[0].text == "ls"


def test_a_prompt_without_a_decision_passed(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go"))
    drained(home)
    put(home, "UserPromptSubmit.2", payload(prompt="go"))  # reported twice
    drained(home)
    assert [(d.decision, d.reason, d.episode) for d in decisions(home)] == [("pass", "no skill is active", "s:p")]


def test_a_decision_without_id_and_time_gets_them(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go"), {"aj": "decision", "decision": "pass", "reason": "no word"})
    drained(home)
    (found,) = decisions(home)
    assert found.id and found.at > 0 and found.reason == "no word" and found.episode == "s:p"


def test_a_run_by_name_has_only_decisions(home: Home) -> None:
    put(home, "run.1.5", {"aj": "decision", "id": "d", "at": 1.0, "entry": "name", "outcome": "answered", "skill": "x"})
    assert drained(home).events == 1
    assert [(d.entry, d.skill) for d in decisions(home)] == [("name", "x")]


def test_secrets_do_not_reach_the_disk(home: Home) -> None:
    secret, token = "hunter22hunter22", "tok" + "en-value-77"
    put(home, "UserPromptSubmit.1", payload(prompt=f"log in with password={secret}"))
    command = {"tool_input": {"command": f"curl -H 'Authorization: Bearer {token}' h"}}
    put(home, "PostToolUse.2", call(1, **command, tool_response={"stdout": f"token: {secret} {token}", "stderr": ""}))
    put(home, "Stop.3", payload(last_assistant_message=f"password={secret}"))
    line = {"aj": "decision", "id": "d", "at": 1.0, "arguments": {"password": secret}, "reason": f"token={secret}"}
    put(home, "run.4", line)
    drained(home, ENV | {"SERVICE_TOKEN": token})
    stored = b"".join(path.read_bytes() for path in Path(home.root).rglob("*") if path.is_file())
    assert b"toolu_1" in stored
    assert secret.encode() not in stored and token.encode() not in stored


def test_the_same_call_reported_twice_is_one(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go"), age=9)
    put(home, "PostToolUse.2", call(1))
    put(home, "PostToolUse.3", call(1))
    assert drained(home).events == 3
    assert [len(episode.calls) for episode in episodes(home)] == [1]


NESTED = "[" * 900 + "]" * 900
BAD = {
    "cut": '{"session_id": "s", "prom',
    "empty": "",
    "not json": "hello",
    "an array": "[1]",
    "no session": "{}",
    "no prompt": '{"session_id": "s"}',
    "nul": "\0\0",
    "too deep": f'{{"session_id": "s", "prompt": "x", "more": {NESTED}}}',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_understood_is_set_aside_and_the_rest_goes_in(home: Home, text: str) -> None:
    put(home, f"UserPromptSubmit.{NOBODY}", text)
    put(home, "UserPromptSubmit.1", payload(prompt="go"))
    done = drained(home)
    assert (done.events, done.quarantined) == (1, 1)
    assert os.listdir(home.spool) == [] and len(episodes(home)) == 1
    kept = Path(home.quarantine, f"UserPromptSubmit.{NOBODY}")
    assert kept.read_text() == text
    assert Path(f"{kept}.reason").read_text().strip()


def test_a_file_that_is_still_being_written_is_left(home: Home) -> None:
    path = put(home, f"PostToolUse.{os.getpid()}", json.dumps(call(1))[:50])
    assert (drained(home).skipped, path.exists()) == (1, True)
    path.write_text(json.dumps(call(1)))
    assert (drained(home).events, path.exists()) == (1, False)
    old = put(home, f"PostToolUse.{os.getpid()}", json.dumps(call(2))[:50], age=120)
    assert (drained(home).quarantined, old.exists()) == (1, False)


def test_a_broken_line_after_a_good_payload_costs_only_itself(home: Home) -> None:
    put(home, f"UserPromptSubmit.{NOBODY}", payload(prompt="go"), '{"aj": "dec')
    assert drained(home).quarantined == 1
    assert [episode.prompt for episode in episodes(home)] == ["go"]


def test_bytes_that_are_no_text_and_numbers_that_are_no_times(home: Home) -> None:
    raw = json.dumps(call(1)).encode().replace(b"out 1", b"out \xff\xfe\\u0000\\ud800").replace(b": 1}", b": 1e999}")
    Path(home.spool, "PostToolUse.1").write_bytes(raw)
    put(home, "UserPromptSubmit.2", payload(prompt="go"), age=9)
    assert drained(home).events == 2
    (episode,) = episodes(home)
    assert episode.calls[0].output.startswith("out ")


def test_a_broken_database_leaves_the_spool_as_it_was(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go"))
    put(home, f"Stop.{NOBODY}", "not json")
    Path(home.database).write_text("not a database")
    with pytest.raises(StoreBroken):
        drained(home)
    assert sorted(os.listdir(home.spool)) == [f"Stop.{NOBODY}", "UserPromptSubmit.1"]
    os.unlink(home.database)
    assert drained(home).events == 1


# --- transcripts at the end of a turn


def transcript(folder: Path, text: str = "done") -> Path:
    base = {"sessionId": "s", "cwd": "/w", "isSidechain": False, "timestamp": "2026-01-01T00:00:00Z"}
    block = {"type": "tool_use", "id": "toolu_9", "name": "Bash", "input": {"command": "missed"}}
    back = {"type": "tool_result", "tool_use_id": "toolu_9", "content": "seen"}
    rows = [
        ("user", {"content": "go"}, {"promptId": "p"}),
        ("assistant", {"id": "m1", "content": [block], "usage": {"input_tokens": 100}}, {}),
        ("user", {"content": [back]}, {}),
        ("assistant", {"id": "m2", "content": [{"type": "text", "text": text}], "usage": {"output_tokens": 7}}, {}),
    ]
    path = folder / "s.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(base | {"type": t, "message": m} | more) + "\n" for t, m, more in rows))
    return path


def test_the_transcript_fills_in_what_hooks_do_not_tell(home: Home, tmp_path: Path) -> None:
    path = transcript(tmp_path / ".claude" / "projects" / "-w")
    put(home, "UserPromptSubmit.1", payload(prompt="go"))
    put(home, "Stop.2", payload(transcript_path=str(path)))
    drained(home, {"HOME": str(tmp_path)})
    (episode,) = episodes(home)
    assert (episode.requests, episode.tokens, episode.final) == (2, 107, "done")
    assert [c.id for c in episode.calls] == ["toolu_9"]


def test_a_transcript_anywhere_else_is_not_read(home: Home, tmp_path: Path) -> None:
    path = transcript(tmp_path / "elsewhere")
    projects = tmp_path / ".claude" / "projects"
    projects.mkdir(parents=True)
    (projects / "link.jsonl").symlink_to(path)
    for number, name in enumerate([path, projects / "link.jsonl", projects / ".." / ".." / "elsewhere" / "s.jsonl"]):
        put(home, f"Stop.{number + 1}", payload(transcript_path=str(name)))
    drained(home, {"HOME": str(tmp_path)})
    with Store.open(home, write=False) as store:
        assert store.calls_count() == 0


# --- killed at any point


def test_a_drainer_killed_at_any_time_loses_and_doubles_nothing(home: Home) -> None:
    total = 1500
    put(home, "UserPromptSubmit.1", payload(prompt="go"), age=600)
    for number in range(total):
        put(home, f"PostToolUse.{NOBODY}.{number}", call(number), age=300)
    program = (
        "import os, sys, time; from agentjit.home import Home; from agentjit.observe import ingest\n"
        "ingest._FILES = 100\n"  # many transactions: many places to die in
        "print('ready', flush=True)\n"
        "ingest.drain(Home(sys.argv[1]), {}, now=time.time())\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    chance, killed = random.Random(7), 0
    for _ in range(25):
        running = subprocess.Popen(
            [sys.executable, "-c", program, home.root], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert running.stdout and running.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.0, 0.25))
        running.send_signal(signal.SIGKILL)
        killed += running.wait() == -signal.SIGKILL
        running.stdout.close()
        with Store.open(home, write=False) as store:
            stored, left = store.calls_count(), sum(1 for _ in spool.pending(home))
        assert stored + left >= total  # nothing is gone from both
        if not left:
            break
    assert killed >= 2
    drained(home)
    (episode,) = episodes(home)
    assert sorted(int(c.output.removeprefix("out ")) for c in episode.calls) == list(range(total))
    assert os.listdir(home.spool) == [] and os.listdir(home.quarantine) == []


def test_drainers_at_once_share_the_work(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go"), age=600)
    for number in range(300):
        put(home, f"PostToolUse.{NOBODY}.{number}", call(number), age=300)
    program = (
        "import sys, time; from agentjit.home import Home; from agentjit.observe.ingest import drain\n"
        "drain(Home(sys.argv[1]), {}, now=time.time())\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    running = [subprocess.Popen([sys.executable, "-c", program, home.root], env=env) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert [len(episode.calls) for episode in episodes(home)] == [300]


def test_what_is_opted_out_leaves_the_spool_and_nothing_else(home: Home, tmp_path: Path) -> None:
    private, never = tmp_path / "private", tmp_path / "never"
    for folder in (private / "deep", never):
        folder.mkdir(parents=True)
    (private / ".aj-off").touch()
    Path(home.root, "config.toml").write_text(f'[observe]\nnever = ["{never}"]\n')
    put(home, "UserPromptSubmit.1", payload(prompt="tell no one", cwd=str(private / "deep"), session_id="a"), age=9)
    put(home, "UserPromptSubmit.2", payload(prompt="nor this", cwd=str(never), session_id="b"), age=8)
    put(home, "UserPromptSubmit.3", payload(prompt="go", cwd=str(tmp_path), session_id="c"), age=7)
    put(home, "PostToolUse.4", call(1, cwd=str(tmp_path), session_id="c"), age=6)
    put(home, "PostToolUse.5", call(2, session_id="c") | {"tool_input": {"command": f"cat {private}/x"}}, age=5)
    put(home, "Stop.6", payload(last_assistant_message="it says 42", session_id="c"), age=4)
    drained(home)
    assert os.listdir(home.spool) == [] and os.listdir(home.quarantine) == []
    (episode,) = episodes(home)
    assert (episode.prompt, [c.id for c in episode.calls], episode.final) == ("go", ["toolu_1"], None)
    assert [decision.session for decision in decisions(home)] == ["c"]


def test_a_config_that_cannot_be_understood_lets_events_wait(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go"))
    Path(home.root, "config.toml").write_text('[observe]\nnevr = ["/private"]\n')
    with pytest.raises(BadConfig, match="nevr"):
        drained(home)
    assert os.listdir(home.spool) == ["UserPromptSubmit.1"]
    Path(home.root, "config.toml").unlink()
    assert drained(home).events == 1


def test_what_was_forgotten_does_not_come_back(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go", session_id="gone"), age=9)
    put(home, "UserPromptSubmit.2", payload(prompt="stay", session_id="here"), age=9)
    drained(home)
    forget.forget(home, forget.session(home, "gone"), now=time.time())
    put(home, "PostToolUse.3", call(1, session_id="gone"))
    put(home, "PostToolUse.4", call(2, session_id="here"))
    drained(home)
    assert [(episode.prompt, len(episode.calls)) for episode in episodes(home)] == [("stay", 1)]
    with Store.open(home, write=False) as store:
        assert store.calls_count() == 1


def test_a_clock_set_back_in_the_middle_of_a_turn_does_not_change_the_order(home: Home, tmp_path: Path) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt="go"), age=50)
    for number in range(4):
        put(home, f"PostToolUse.{10 + number}", call(number), age=40 - number if number < 2 else 86_400 - number)
    path = tmp_path / ".claude" / "projects" / "-w" / "s.jsonl"
    path.parent.mkdir(parents=True)
    lines: list[Any] = [line(0, "user", {"content": "go"}, promptId="p")]
    for number in range(4):
        at = number if number < 2 else number - 86_400
        use = {"type": "tool_use", "id": f"toolu_{number}", "name": "Bash", "input": {"command": f"echo {number}"}}
        lines.append(line(at, "assistant", {"id": f"m{number}", "content": [use]}))
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": f"out {number}"}
        lines.append(line(at, "user", {"content": [result]}, promptId="p"))
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    drained(home)
    assert [c.id for c in episodes(home)[0].calls] == ["toolu_2", "toolu_3", "toolu_0", "toolu_1"]  # all a hook knows
    put(home, "Stop.20", payload(last_assistant_message="done", transcript_path=str(path)), age=10)
    drained(home, {"HOME": str(tmp_path)})
    assert [c.id for c in episodes(home)[0].calls] == [f"toolu_{number}" for number in range(4)]


def line(second: float, kind: str, message: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A line of a transcript, some seconds into a session."""
    at = datetime.fromtimestamp(time.time() - 45 + second, UTC).isoformat()
    return {
        "type": kind,
        "sessionId": "s",
        "cwd": "/w",
        "timestamp": at,
        "uuid": f"{kind}{second}",
        "message": message,
    } | more


def test_a_session_that_was_not_observed_is_not_imported_either(home: Home, tmp_path: Path) -> None:
    put(home, "SessionStart.1", {"aj": "off", "session_id": "s"})
    drained(home)
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(line(0, "user", {"content": "go"}, promptId="p")) + "\n")
    assert import_paths(home, [path], ENV).kept_out > 0
    assert episodes(home) == []
    with Store.open(home, write=False) as store:
        assert store.sessions_count() == 0 and store.turns("s") == []


def test_one_id_for_two_calls_of_two_sessions(home: Home) -> None:
    for session in ("a", "b"):
        put(home, f"UserPromptSubmit.{ord(session)}", payload(prompt="go", session_id=session), age=9)
    put(home, "PostToolUse.1", call(1, session_id="a", tool_use_id="call_1"), age=8)
    put(home, "PostToolUse.2", call(2, session_id="b", tool_use_id="call_1"), age=7)
    drained(home)
    put(home, "UserPromptSubmit.3", payload(prompt="go", session_id="c"), age=6)
    put(home, "PostToolUse.4", call(3, session_id="c", tool_use_id="call_1"), age=5)
    put(home, "PostToolUse.5", call(2, session_id="b", tool_use_id="call_1"), age=4)  # told again
    put(home, "PostToolUse.6", call(1, session_id="fork", tool_use_id="call_1"), age=3)  # a copy
    put(home, "PostToolUse.7", call(4, session_id="a", tool_use_id="call_1"), age=2)  # an id has its first content
    drained(home)
    said = {episode.session: [c.output for c in episode.calls] for episode in episodes(home)}
    assert said == {"a": ["out 1"], "b": ["out 2"], "c": ["out 3"]}
    with Store.open(home, write=False) as store:
        assert store.calls_count() == 3


SECRET = "Zq8vR2nK4xW9pL1mTb7c"


def test_a_secret_known_from_one_drain_is_known_to_the_next(home: Home) -> None:
    put(home, "UserPromptSubmit.1", payload(prompt=f"log in, it is {SECRET}"), age=9)
    drained(home)
    put(home, "PostToolUse.2", call(1) | {"tool_input": {"command": f"mysql -u root --password={SECRET}"}}, age=8)
    drained(home)
    put(home, "PostToolUse.3", call(2) | {"tool_response": {"stdout": f"began as mysqld {SECRET} (pid 7)"}}, age=7)
    put(home, "PostToolUse.4", call(3, session_id="other", prompt_id="q"), age=7)
    put(home, "Stop.5", payload(last_assistant_message=f"It ran with {SECRET}."), age=6)
    drained(home)
    (episode,) = [each for each in episodes(home) if each.session == "s"]
    texts = [episode.prompt, str(episode.calls[0].input), episode.calls[1].output, episode.final or ""]
    said = [PLACEHOLDER.search(text) for text in texts]
    assert all(said) and len({match["digits"] for match in said if match}) == 1
    assert not any(SECRET in text for text in texts)
