"""Gemini CLI chats to records: small ones written here, and the real corpus where it is present."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agentjit.home import Home
from agentjit.observe.harness.gemini import READER, chats
from agentjit.observe.importer import import_paths
from agentjit.observe.reader import Counts
from agentjit.store import Store
from agentjit.trace import CallSeen, Ended, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall, TurnSeen, UsageSeen
from tests.observe.mutants import lines, mutated, no_document_raises, records

HEADER = {"sessionId": "s1", "projectHash": "h", "startTime": "2026-01-01T00:00:00Z", "lastUpdated": "x"}


def stamp(second: float) -> str:
    return f"2026-01-01T00:00:{second:06.3f}Z"


def user(second: float, content: Any, key: str = "", **more: Any) -> dict[str, Any]:
    return {"id": key or f"u{second}", "timestamp": stamp(second), "type": "user", "content": content} | more


def model(second: float, content: Any, *calls: dict[str, Any], key: str = "", total: int = 100) -> dict[str, Any]:
    tokens = {"input": total - 10, "output": 10, "cached": 5, "thoughts": 0, "tool": 0, "total": total}
    message = {"id": key or f"g{second}", "timestamp": stamp(second), "type": "gemini", "content": content}
    return message | {"tokens": tokens} | ({"toolCalls": list(calls)} if calls else {})


def called(
    second: float, name: str, args: Any, output: Any, key: str = "c1", status: str = "success"
) -> dict[str, Any]:
    response = output if isinstance(output, dict) else {"output": output}
    result = [{"functionResponse": {"id": key, "name": name, "response": response}}]
    return {"id": key, "name": name, "args": args, "result": result, "status": status, "timestamp": stamp(second)}


def shell(output: str, command: str = "ls", **more: Any) -> dict[str, Any]:
    return called(3, "run_shell_command", {"command": command}, output, **more)


def chat(*messages: dict[str, Any], **more: Any) -> list[Seen]:
    """As the older clients keep it."""
    return records(READER, json.dumps(HEADER | {"messages": list(messages)} | more))


def calls(seen: list[Seen]) -> list[ToolCall]:
    return [record.call for record in seen if isinstance(record, CallSeen)]


def prompts(seen: list[Seen]) -> list[tuple[str, str]]:
    return [(record.kind, record.text) for record in seen if isinstance(record, PromptSeen)]


def one(**given: Any) -> ToolCall:
    (call,) = calls(chat(user(1, "go"), model(2, "", shell(**given))))
    return call


OLDER = "Command: ls\nDirectory: {}\nOutput: {}\nError: {}\nExit Code: {}\nSignal: {}\nBackground PIDs: (none)"
NEWER = "<untrusted_context>\nOutput: {}\nProcess Group PGID: 7\n</untrusted_context>"


def test_an_episode_of_the_older_form() -> None:
    session, prompt, call, final, usage = chat(
        user(1, "list it"), model(2, "", shell(OLDER.format("(root)", "a\nb", "(none)", 0, 0))), model(4, "two files")
    )
    assert isinstance(session, SessionSeen) and (session.session, session.harness) == ("s1", "gemini-cli")
    assert isinstance(prompt, PromptSeen) and (prompt.episode, prompt.kind) == ("s1:u1", "typed")
    assert isinstance(call, CallSeen) and call.episode == "s1:u1"
    made = call.call
    assert (made.tool, made.input["command"], made.output, made.exit_code, made.ok) == ("Bash", "ls", "a\nb", 0, True)
    assert (made.at, made.seconds, made.batch) == (prompt.at + 1, 1.0, "g2:0")
    assert final == FinalSeen("s1", "s1:u1", prompt.at + 3, "two files")
    assert usage == UsageSeen("s1", "s1:u1", requests=2, tokens=200, seconds=3.0)


def test_the_newer_form_writes_a_message_anew_when_it_changes() -> None:
    running = shell("") | {"status": "executing", "result": None}
    over = shell(NEWER.format("a"))
    text = lines(
        HEADER | {"kind": "main"},
        {"$set": {"messages": [user(0, [{"text": "<session_context>\nx"}])]}},
        user(1, [{"text": "list it"}]),
        {"$set": {"lastUpdated": stamp(1)}},
        model(2, "let me see"),
        model(2, "let me see", running),
        model(2, "let me see", over),
        user(3, [{"functionResponse": {"name": "run_shell_command", "response": {"output": "x"}}}]),
        model(4, [{"text": "done"}]),
        {"$rewindTo": "u1"},
        {"$set": {"messages": [user(1, [{"text": "list it"}]), model(2, "let me see", over), model(4, "done")]}},
    )
    seen = records(READER, text)
    assert [call.output for call in calls(seen)] == ["a"]
    assert prompts(seen) == [("typed", "list it")]
    assert [record.text for record in seen if isinstance(record, FinalSeen)] == ["done"]
    assert [(u.requests, u.tokens) for u in seen if isinstance(u, UsageSeen)] == [(2, 200)]
    grown = records(READER, text + lines(user(6, "more"), model(7, "", shell(NEWER.format("b"), key="c2"))))
    assert [record for record in seen if isinstance(record, CallSeen)] == [
        record for record in grown if isinstance(record, CallSeen) and record.call.output == "a"
    ]


def test_a_resumed_chat_counts_once(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "p" / "chats"
    folder.mkdir(parents=True)
    said = [user(1, "list it"), model(2, "", shell(NEWER.format("a"))), model(3, "ok")]
    older = folder / "session-1.json"
    older.write_text(json.dumps(HEADER | {"messages": said}))
    newer = folder / "session-1.jsonl"
    newer.write_text(lines(HEADER, *said, {"$set": {"sessionId": "s1"}}, user(5, "again"), model(6, "yes")))
    stub = folder / "session-2.jsonl"
    stub.write_text(lines(HEADER | {"startTime": stamp(5)}, {"$set": {"messages": [user(5, "<session_context>")]}}))
    done = import_paths(home, [tmp_path], {"HOME": "/nonexistent"})
    assert (done.harnesses, done.skipped_lines) == ({"gemini-cli": 3}, 0)
    with Store.open(home, write=False) as store:
        assert (store.sessions_count(), store.episodes_count(), store.calls_count()) == (1, 2, 1)
        assert [turn.kind for turn in store.turns("s1")] == ["resume"]


@pytest.mark.parametrize(
    ("given", "output", "ok", "code", "ended"),
    [
        (OLDER.format("sub", "x", "(none)", 3, 0), "x", False, 3, Ended.RETURNED),
        (OLDER.format("(root)", "(empty)", "(none)", 0, 0), "", True, 0, Ended.RETURNED),
        (OLDER.format("(root)", "a\nError: mine\nSignal: mine", "(none)", 1, 0), None, False, 1, Ended.RETURNED),
        (OLDER.format("(root)", "", "spawn failed", "(none)", "(none)"), "spawn failed", False, None, Ended.RETURNED),
        (
            "Command: a\nDirectory: b\nStdout: o\nStderr: e\nError: (none)\nExit Code: 0",
            "o\ne",
            True,
            0,
            Ended.RETURNED,
        ),
        (NEWER.format("a\nb"), "a\nb", True, 0, Ended.RETURNED),
        (NEWER.format("(empty)\nExit Code: 7"), "", False, 7, Ended.RETURNED),
        (NEWER.format("x\nSignal: 9"), "x", False, -9, Ended.RETURNED),
        (NEWER.format("Error: mine\nError: mine, too"), "Error: mine\nError: mine, too", True, 0, Ended.RETURNED),
        (
            "Command was cancelled by user before it could complete."
            " Below is the output before it was cancelled:\nhalf",
            "half",
            False,
            None,
            Ended.INTERRUPTED,
        ),
        (
            "Command was automatically cancelled because it exceeded the timeout of 5.0 minutes without output."
            " There was no output before it was cancelled.",
            "",
            False,
            None,
            Ended.INTERRUPTED,
        ),
        ("Command moved to background (PID: 7).", "Command moved to background (PID: 7).", True, None, Ended.RETURNED),
    ],
)
def test_what_a_shell_report_says(given: str, output: str | None, ok: bool, code: int | None, ended: Ended) -> None:
    call = one(output=given)
    assert (call.ok, call.exit_code, call.ended) == (ok, code, ended)
    assert call.output == ("a\nError: mine\nSignal: mine" if output is None else output)


@pytest.mark.parametrize(
    ("status", "error", "ended"),
    [
        ("cancelled", "[Operation Cancelled] Reason: User denied execution.", Ended.DENIED),
        ("cancelled", "[Operation Cancelled] Reason: User did not allow tool call", Ended.DENIED),
        ("cancelled", "[Operation Cancelled] Reason: User cancelled operation", Ended.DENIED),
        ("cancelled", "[Operation Cancelled] User cancelled tool execution.", Ended.INTERRUPTED),
        ("error", "Tool execution denied by policy.", Ended.DENIED),
        ("error", "Tool execution blocked: no", Ended.DENIED),
        ("error", "open /x: permission denied", Ended.RETURNED),
    ],
)
def test_how_a_call_without_a_result_ended(status: str, error: str, ended: Ended) -> None:
    (call,) = calls(chat(user(1, "go"), model(2, "", called(3, "write_file", {}, {"error": error}, status=status))))
    assert (call.ok, call.output, call.ended) == (False, error, ended)


def test_a_call_that_never_came_back() -> None:
    counts = Counts()
    waiting = shell("") | {"status": "awaiting_approval", "result": None}
    text = json.dumps(HEADER | {"messages": [user(1, "go"), model(2, "", waiting)]})
    (call,) = calls(records(READER, text, counts))
    assert (call.ended, call.output, call.seconds, counts.unanswered) == (Ended.UNANSWERED, "", None, 1)


@pytest.mark.parametrize(
    ("args", "known"),
    [
        ({"file_path": "a"}, {"file_path": "a"}),
        ({"absolute_path": "/a", "offset": 0, "limit": 5}, {"file_path": "/a", "offset": 1, "limit": 5}),
        ({"path": "a", "start_line": 3, "end_line": 4}, {"file_path": "a", "offset": 3, "limit": 2}),
        ({"file_path": "a", "end_line": 4}, {"file_path": "a", "offset": 1, "limit": 4}),
    ],
)
def test_reading_a_file(args: dict[str, Any], known: dict[str, Any]) -> None:
    note = "\nIMPORTANT: The file content has been truncated.\n\n--- FILE CONTENT (truncated) ---\n"
    (call,) = calls(chat(user(1, "go"), model(2, "", called(3, "read_file", args, note + "two\nthree"))))
    assert (call.tool, call.input, call.output) == ("Read", known, "two\nthree")


def test_the_clients_own_ids_tell_when_a_call_began() -> None:
    began = 1767225602500  # 2026-01-01T00:00:02.500Z
    many = [shell("Output: x", key=f"run_shell_command__run_shell_command_{began + n}_{n}") for n in (0, 4)]
    first, second = calls(chat(user(1, "go"), model(2, "", *many)))
    assert (first.at, first.seconds) == (began / 1000, 0.5)
    assert second.at > first.at and first.batch == second.batch
    later = many[1] | {"timestamp": stamp(9)}
    first, second = calls(chat(user(1, "go"), model(2, "", many[0], later)))
    assert first.batch != second.batch  # noted 6 s apart: the next answer's


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ("fix it", "typed", "fix it"),
        ([{"text": "fix "}, {"text": "it"}], "typed", "fix it"),
        ("/deploy now", "command", "/deploy now"),
        ("/etc/hosts is wrong", "typed", "/etc/hosts is wrong"),
        (
            [{"text": "look at @a"}, {"text": "\n--- Content from referenced files ---"}, {"text": "secret"}],
            "typed",
            "look at @a",
        ),
        ("look at @a\n--- Content from referenced files ---\nx", "typed", "look at @a"),
        ("fix it\n<hook_context>be nice</hook_context>", "typed", "fix it"),
    ],
)
def test_what_was_typed(content: Any, kind: str, text: str) -> None:
    assert [(k, t.strip()) for k, t in prompts(chat(user(1, content)))] == [(kind, text)]


def test_what_was_shown_is_what_was_typed() -> None:
    assert prompts(chat(user(1, [{"text": "a long template"}], displayContent=[{"text": "/plan"}]))) == [
        ("command", "/plan")
    ]


def test_what_nobody_typed_opens_no_episode() -> None:
    seen = chat(
        user(0, "<session_context>\n- **Workspace Directories:**\n  - /w\n</session_context>"),
        user(1, "go"),
        model(2, "", shell("Output: x")),
        user(3, "System: Please continue."),
        {"id": "i", "timestamp": stamp(3), "type": "info", "content": "update available"},
        model(4, "done"),
        user(5, "I ran the following shell command:\n```sh\nls\n```"),
        user(6, [{"functionResponse": {"response": {}}}]),
        user(7, "<state_snapshot>all</state_snapshot>"),
    )
    assert prompts(seen) == [("typed", "go")]
    assert [(f.text) for f in seen if isinstance(f, FinalSeen)] == ["done"]
    assert [turn.kind for turn in seen if isinstance(turn, TurnSeen)] == ["compact"]
    assert {call.cwd for call in calls(seen)} == {"/w"}


def test_a_sub_agents_chat(tmp_path: Path) -> None:
    path = tmp_path / "chats" / "parent" / "child.jsonl"
    path.parent.mkdir(parents=True)
    header = HEADER | {"sessionId": "child", "kind": "subagent", "directories": ["/w"]}
    text = lines(
        header, user(1, "look around"), model(2, "", shell("Output: x")), user(3, "You have one chance"), model(4, "ok")
    )
    seen = records(READER, text, path=str(path))
    (session,) = (record for record in seen if isinstance(record, SessionSeen))
    assert (session.session, session.parent, session.cwd) == ("child", "parent", "/w")
    assert prompts(seen) == [("meta", "look around")]
    (call,) = calls(seen)
    assert (call.agent, call.cwd) == ("child", "/w")


def test_the_directory_is_told_beside_the_chats(tmp_path: Path) -> None:
    base = tmp_path / ".gemini"
    for name in ("w", "hash"):
        (base / "tmp" / name / "chats").mkdir(parents=True)
    (base / "tmp" / "w" / ".project_root").write_text("/told\n")
    (base / "projects.json").write_text(json.dumps({"projects": {"/other": "o", "/known": "k"}}))
    digest = hashlib.sha256(b"/known").hexdigest()
    dirs = {"dir_path": "sub", "command": "ls"}
    text = lines(HEADER | {"projectHash": digest}, user(1, "x"), model(2, "", called(3, "run_shell_command", dirs, "")))
    for name, cwd in (("w", "/told"), ("hash", "/known")):
        path = base / "tmp" / name / "chats" / "session-1.jsonl"
        seen = records(READER, text, path=str(path))
        assert [record.cwd for record in seen if isinstance(record, SessionSeen | PromptSeen)] == [cwd, cwd]
        assert [call.cwd for call in calls(seen)] == [f"{cwd}/sub"]
    assert chats({"HOME": str(tmp_path)}) == [str(base / "tmp" / name / "chats") for name in ("hash", "w")]


def test_a_document_that_was_cut_off_keeps_its_whole_messages() -> None:
    whole = json.dumps(
        HEADER | {"messages": [user(1, "go"), model(2, "", shell("Output: x")), model(4, "ok")]}, indent=1
    )
    counts = Counts()
    seen = records(READER, whole[: whole.rindex('"g4"')], counts)
    assert (len(calls(seen)), counts.broken) == (1, 1)


def test_lines_that_cannot_be_read_are_counted() -> None:
    counts = Counts()
    text = lines(HEADER) + "{broken\n\n" + lines({"type": "x"}, {"id": "a", "type": "strange"}, user(1, "go"))
    seen = records(READER, text, counts)
    assert prompts(seen) == [("typed", "go")]
    assert (counts.lines, counts.broken, counts.unknown) == (5, 1, {"unknown": 1, "strange": 1})


def test_no_document_raises(home: Home, tmp_path: Path) -> None:
    said = [
        user(1, [{"text": "go @a"}, {"text": "\n--- Content from referenced files ---"}]),
        model(
            2, "", shell(OLDER.format("(root)", "a", "(none)", 0, 0)), called(3, "read_file", {"path": "a"}, "x", "c2")
        ),
        model(3, "", called(3, "write_file", {"file_path": "b"}, {"error": "no"}, "c3", "cancelled")),
        model(4, [{"text": "done"}]),
    ]
    rows = [HEADER, {"$set": {"messages": said[:2]}}, *said, {"$rewindTo": "u1"}, {"$set": {"sessionId": "s1"}}]

    def make(random: Random) -> bytes:
        if random.random() < 0.5:
            return json.dumps(mutated(HEADER | {"messages": said}, random), indent=random.choice((None, 2))).encode()
        return lines(*mutated(rows, random)).encode()

    no_document_raises(home, tmp_path, READER, make)


def test_the_corpus_has_the_calls_its_index_says(home: Home, corpus: Path) -> None:
    index = [entry for entry in json.loads((corpus / "index.json").read_text()) if entry.get("fmt") == "gemini"]
    done = import_paths(home, [corpus / "gemini-cli"], {"HOME": "/nonexistent"})
    assert (done.files, done.skipped_lines, done.unanswered) == (len(index), 0, 0)
    assert import_paths(home, [corpus / "gemini-cli"], {"HOME": "/nonexistent"}).unchanged == len(index)
    with Store.open(home, write=False) as store:
        assert store.calls_count() == sum(entry["calls"] for entry in index) == 10
        made = [call for episode in store.episodes() for call in episode.calls]
        assert [episode.requests for episode in store.episodes()] == [2, 11]
    assert all(call.exit_code == 0 for call in made if call.tool == "Bash") and all(call.ok for call in made)
    assert not any(word in call.output for call in made for word in ("Process Group PGID", "Exit Code:", "(empty)"))
