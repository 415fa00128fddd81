"""Files of hook payloads to records: whole, merged, cut off, and the real ones where they are present."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agentjit.home import Home
from agentjit.observe.harness import claude_payloads
from agentjit.observe.harness.claude_payloads import READER
from agentjit.observe.importer import import_paths
from agentjit.observe.reader import Counts
from agentjit.store import Store
from agentjit.trace import CallSeen, PromptSeen, Seen
from tests.observe.mutants import lines, mutated, no_document_raises

NOWHERE = {"HOME": "/nonexistent"}


def payload(event: str, **more: Any) -> dict[str, Any]:
    return {"session_id": "s", "cwd": "/w", "hook_event_name": event} | more


def used(command: str, **more: Any) -> dict[str, Any]:
    response = {"stdout": command, "stderr": "", "interrupted": False}
    return payload("PostToolUse", tool_name="Bash", tool_input={"command": command}, tool_response=response) | more


def asked(prompt: str, **more: Any) -> dict[str, Any]:
    return payload("UserPromptSubmit", prompt=prompt) | more


def read(path: Path, content: str | bytes, counts: Counts | None = None) -> list[Seen]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with path.open("rb") as file:
        return list(READER.read(file, counts or Counts(), str(path)))


def commands(seen: list[Seen]) -> list[str]:
    return [record.call.input["command"] for record in seen if isinstance(record, CallSeen)]


CONFLICT = """[
  %s,
  {
<<<<<<< HEAD
    "session_id": "s", "tool_name": "Bash"
  },
  %s,
  {
    "session_id": "s",
||||||| b77f523
=======
    "session_id": "t"
  },
  %s,
  {
    "session_id": "u",
>>>>>>> origin/fix
    "cwd": "/w"
  }
]"""


@pytest.mark.parametrize(
    ("content", "found", "broken"),
    [
        (json.dumps([used("a"), used("b")]), "ab", 0),
        (json.dumps([used("a"), used("b")], indent=2), "ab", 0),
        (lines(used("a"), used("b")), "ab", 0),
        ("\ufeff" + json.dumps([used("a")]), "a", 0),
        (json.dumps(used("a")) + json.dumps(used("b")), "ab", 0),
        (CONFLICT % tuple(json.dumps(used(each), indent=2) for each in "abc"), "abc", 3),
        (json.dumps([used("a"), used("b")], indent=2)[:-20], "a", 1),
        (json.dumps([used("a"), used("b")])[:-1], "ab", 0),
        (lines(used("a")) + "{half\n" + lines(used("b")), "ab", 1),
        (lines(used("a")) + '{"tool_input": [{"x": 1}, {"y": 2}], oops\n' + lines(used("b")), "ab", 1),
        (json.dumps([used("a"), 7, None, "x"]) + "garbage", "a", 1),
        (lines(used("a")) + "\0\0\0" + lines(used("b")), "ab", 1),
    ],
)
def test_every_whole_payload_is_taken(tmp_path: Path, content: str, found: str, broken: int) -> None:
    counts = Counts()
    assert "".join(commands(read(tmp_path / "x.json", content, counts))) == found
    assert counts.broken == broken and not counts.unknown
    assert counts.lines == len(found) + broken


@pytest.mark.parametrize("size", [1, 2, 7, 64, 500])
def test_the_pieces_in_which_a_file_is_read_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    content = "é" + CONFLICT % tuple(json.dumps(used(each + "ü€")) for each in "abc")
    whole = read(tmp_path / "x.json", content)
    monkeypatch.setattr(claude_payloads, "_PIECE", size)
    assert read(tmp_path / "x.json", content) == whole and len(commands(whole)) == 3


def test_other_events_are_counted_by_kind(tmp_path: Path) -> None:
    counts = Counts()
    content = json.dumps([payload("PreToolUse"), payload("SubagentStop"), payload("PreToolUse"), {"x": 1}])
    assert read(tmp_path / "x.json", content, counts) == []
    assert counts.unknown == {"PreToolUse": 2, "SubagentStop": 1, "unknown": 1}


def test_calls_belong_to_the_prompt_before_them(tmp_path: Path) -> None:
    other = {"session_id": "t"}
    content = lines(asked("one"), used("a"), used("b", **other), asked("two", **other), used("c", duration_ms=9e6))
    seen = read(tmp_path / "x.jsonl", content)
    prompts = {record.text: record.episode for record in seen if isinstance(record, PromptSeen)}
    owners = [record.episode for record in seen if isinstance(record, CallSeen)]
    assert owners == [prompts["one"], "t:payload-unknown", prompts["one"]]
    times = [record.call.at for record in seen if isinstance(record, CallSeen)]
    assert times == sorted(times) and len(set(times)) == 3  # in the order of the file, however long each took


def test_ids_that_a_client_gives_are_kept(tmp_path: Path) -> None:
    content = lines(
        asked("one", prompt_id="p1"), used("a", prompt_id="p1", tool_use_id="t1"), used("b", tool_use_id="REDACTED")
    )
    seen = read(tmp_path / "x.jsonl", content)
    assert next(r.call.id for r in seen if isinstance(r, CallSeen)) == "t1"
    assert {r.episode for r in seen if isinstance(r, CallSeen | PromptSeen)} == {"s:p1"}
    assert "REDACTED" not in repr(seen)


def test_a_file_that_grew_is_not_counted_twice(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    rows = [asked("one"), used("a"), used("a"), used("b")]
    for number, shape in enumerate((rows[:3], rows, [*rows, used("a")])):
        path.write_text(json.dumps(shape, indent=number))
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        import_paths(home, [tmp_path], NOWHERE)
    (tmp_path / "copy.jsonl").write_text(lines(*rows))
    import_paths(home, [tmp_path], NOWHERE)
    with Store.open(home, write=False) as store:
        (episode,) = store.episodes()
    assert [call.input["command"] for call in episode.calls] == ["a", "a", "b", "a"]


def test_a_large_file_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    row = used("x" * 10_000)
    with path.open("w") as file:
        file.write("[" + ",".join(json.dumps(row | {"tool_use_id": f"t{n}"}) for n in range(3000)) + "]")
    size = path.stat().st_size
    tracemalloc.start()
    with path.open("rb") as opened:
        many = sum(isinstance(record, CallSeen) for record in READER.read(opened, Counts(), str(path)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert many == 3000 and peak < size / 2


def test_damage_without_end_is_one_stretch(tmp_path: Path) -> None:
    counts = Counts()
    content = lines(used("a")) + '{"x": "\n' * 20_000 + "\n{" * 20_000 + lines(used("b"))
    assert commands(read(tmp_path / "x.json", content, counts))[0] == "a"
    assert counts.broken == 1


def test_no_document_raises(home: Home, tmp_path: Path) -> None:
    rows = [
        asked("one"),
        used("a"),
        payload("Stop", last_assistant_message="x"),
        used("b", tool_use_id="t", duration_ms=1),
    ]

    def make(random: Random) -> bytes:
        value = mutated(rows, random)
        return json.dumps(value, indent=1).encode() if random.random() < 0.5 else lines(*value).encode()

    no_document_raises(home, tmp_path, READER, make)


def test_the_corpus(home: Home, corpus: Path) -> None:
    folder = corpus / "hook-payloads"
    merged = (folder / "attio-mcp-server" / "95d13459-subagent_stop.json").read_text()
    whole = [each for each in re.findall(r"\{[^{}]*\}", merged) if not re.search(r"[<>|=]{7}", each)]
    done = import_paths(home, [folder], NOWHERE)
    assert (done.unknown["SubagentStop"], done.skipped_lines) == (len(whole), 3) == (10, 3)
    events = 0
    for path in folder.rglob("*post_tool_use.json"):
        events += path.read_text().count('"hook_event_name": "PostToolUse"')
    with Store.open(home, write=False) as store:
        assert store.calls_count() == events == 326 + 59
