"""Backfill from files: once, incrementally, and only what is understood."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from agentjit.home import Home
from agentjit.observe.harness.claude_transcript import projects
from agentjit.observe.importer import Imported, import_paths
from agentjit.store import Store


def load(home: Home, *paths: Path, env: dict[str, str] | None = None) -> Imported:
    return import_paths(home, list(paths), env or {"HOME": "/nonexistent"})


def counts(home: Home) -> tuple[int, int, int]:
    with Store.open(home, write=False) as store:
        return store.sessions_count(), store.episodes_count(), store.calls_count()


def transcript(path: Path, session: str, prompts: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    base = {"sessionId": session, "cwd": "/w", "isSidechain": False, "timestamp": "2026-01-01T00:00:00Z"}
    with path.open("w") as file:
        for number in range(prompts):
            row = base | {"type": "user", "promptId": f"p{number}", "message": {"content": f"prompt {number}"}}
            file.write(json.dumps(row) + "\n")
    return path


def test_a_folder_is_read_once_and_again_when_it_grew(home: Home, tmp_path: Path) -> None:
    transcript(tmp_path / "a" / "one.jsonl", "s1")
    two = transcript(tmp_path / "b" / "two.jsonl", "s2")
    assert load(home, tmp_path) == Imported(files=2, records=4, harnesses={"claude-code": 2})
    assert load(home, tmp_path) == Imported(unchanged=2)
    transcript(two, "s2", prompts=3)
    assert load(home, tmp_path) == Imported(files=1, unchanged=1, records=4, harnesses={"claude-code": 1})
    assert counts(home) == (2, 4, 0)


def test_the_default_is_where_the_client_keeps_them(home: Home, tmp_path: Path) -> None:
    transcript(tmp_path / ".claude" / "projects" / "-w" / "s1.jsonl", "s1")
    transcript(tmp_path / "config" / "projects" / "-w" / "s2.jsonl", "s2")
    assert load(home, env={"HOME": str(tmp_path)}).files == 1
    assert load(home, env={"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "config")}).files == 1
    assert projects({"HOME": "/h"}) == "/h/.claude/projects"
    assert load(home, env={"HOME": str(tmp_path / "nobody")}) == Imported()


def test_what_is_no_transcript_is_counted_and_left(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"timestamp": "x", "type": "session_meta", "payload": {}}\n')
    (tmp_path / "b.json").write_text('{\n "messages": []\n}')
    (tmp_path / "c.jsonl").write_bytes(os.urandom(5000))
    (tmp_path / "d.jsonl").write_text("")
    (tmp_path / "e.txt").write_text("not looked at in a folder")
    assert load(home, tmp_path, tmp_path / "gone.jsonl") == Imported(foreign=5)


def test_payloads_in_an_array_or_one_a_line(home: Home, tmp_path: Path) -> None:
    given = {"session_id": "s", "cwd": "/w", "hook_event_name": "PostToolUse", "tool_name": "LS", "tool_input": {}}
    same, other = given | {"tool_response": "a"}, given | {"tool_response": "b"}
    (tmp_path / "array.json").write_text(json.dumps([same, other, same, {"hook_event_name": "PreToolUse"}]))
    assert load(home, tmp_path).files == 1
    assert counts(home)[2] == 3  # two that are alike are still two
    os.utime(tmp_path / "array.json", (1, 1))
    load(home, tmp_path)
    assert counts(home)[2] == 3
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps(p) + "\n" for p in (other, {"hook_event_name": "Stop"})))
    assert load(home, tmp_path).skipped_lines == 1


def test_an_array_with_a_merge_conflict_in_it(home: Home, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[\n<<<<<<< HEAD\n{"hook_event_name": "Stop"}\n]')
    assert load(home, tmp_path) == Imported(skipped_lines=2)


def test_progress_counts_the_files(home: Home, tmp_path: Path) -> None:
    for name in "abc":
        transcript(tmp_path / f"{name}.jsonl", name)
    seen: list[tuple[int, int]] = []
    import_paths(home, [tmp_path], {}, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_the_corpus(home: Home, corpus: Path) -> None:
    done = load(home, corpus / "claude-code")
    assert (done.files, done.skipped_lines, done.foreign) == (51, 0, 0)
    assert counts(home)[0] == 50 and counts(home)[2] == 1523  # one session was resumed and repeats 35 ids
    before = counts(home)
    assert load(home, corpus / "claude-code") == Imported(unchanged=51)
    for path in (corpus / "claude-code").rglob("*.jsonl"):
        with Store.open(home, write=True) as store:
            store.mark_imported([(str(path), 0, time.time_ns())])  # as if each had changed
        break
    assert load(home, corpus / "claude-code").files == 1
    assert counts(home) == before
    with Store.open(home, write=False) as store:
        episodes = store.episodes()
    assert sum(len(episode.calls) for episode in episodes) == 1523
    assert sum(episode.requests or 0 for episode in episodes) > 1000


def test_hook_payloads_of_the_corpus(home: Home, corpus: Path) -> None:
    done = load(home, corpus / "hook-payloads")
    assert done.skipped_lines == 3  # stretches of the file with a merge conflict
    assert counts(home)[2] == 326 + 59
