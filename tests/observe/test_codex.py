"""Codex rollouts to records: small ones written here, and the real corpus where it is present."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentjit.home import Home
from agentjit.observe.harness import codex
from agentjit.observe.importer import import_paths
from agentjit.observe.reader import Counts
from agentjit.store import Store
from agentjit.trace import CallSeen, Ended, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall, TurnSeen, UsageSeen

Line = dict[str, Any]
# UUIDs of version 7 carry the time they were made at; these are in the order of their names.
PARENT, TURN_1, FORK, TURN_2 = (f"019ed50c-{n}000-7000-8000-000000000000" for n in range(4))


def stamp(second: float) -> str:
    return f"2026-06-17T10:00:{second:06.3f}Z"


def line(second: float, kind: str, payload: Line, **more: Any) -> Line:
    return {"timestamp": stamp(second), "type": kind, "payload": payload} | more


def meta(second: float = 0, session: str = PARENT, **more: Any) -> Line:
    payload = {
        "id": session,
        "timestamp": stamp(second),
        "cwd": "/w",
        "originator": "codex-tui",
        "cli_version": "0.140.0",
    }
    return line(second, "session_meta", payload | more)


def item(second: float, kind: str, **payload: Any) -> Line:
    return line(second, "response_item", {"type": kind} | payload)


def event(second: float, kind: str, **payload: Any) -> Line:
    return line(second, "event_msg", {"type": kind} | payload)


def completed(second: float, kind: str, **inner: Any) -> Line:
    return event(second, "item_completed", item={"type": kind} | inner)


def turn(second: float, name: str = TURN_1) -> Line:
    return event(second, "task_started", turn_id=name)


def typed(second: float, text: str) -> Line:
    return event(second, "user_message", message=text, images=[])


def said(second: float, text: str, **more: Any) -> Line:
    return item(second, "message", role="assistant", content=[{"type": "output_text", "text": text}], **more)


def asks(second: float, call: str, name: str = "exec_command", **arguments: Any) -> Line:
    return item(second, "function_call", name=name, call_id=call, arguments=json.dumps(arguments or {"cmd": "ls"}))


def gets(second: float, call: str, output: object) -> Line:
    return item(second, "function_call_output", call_id=call, output=output)


def spent(second: float, last: int, total: int) -> Line:
    info = {"last_token_usage": {"total_tokens": last}, "total_token_usage": {"total_tokens": total}}
    return event(second, "token_count", info=info)


def exited(code: int, text: str) -> str:
    head = f"Chunk ID: a1b2c3\nWall time: 0.5000 seconds\nProcess exited with code {code}\nOriginal token count: 3\n"
    return f"{head}Output:\n{text}"


def records(*lines: Line | bytes, counts: Counts | None = None, path: str = "/r.jsonl") -> list[Seen]:
    rows = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines]
    return list(codex.read(io.BytesIO(b"\n".join(rows)), counts if counts is not None else Counts(), path))


def calls(seen: list[Seen]) -> list[ToolCall]:
    return [record.call for record in seen if isinstance(record, CallSeen)]


def prompts(seen: list[Seen]) -> list[PromptSeen]:
    return [record for record in seen if isinstance(record, PromptSeen)]


def one_call(*lines: Line) -> ToolCall:
    found = calls(records(meta(), turn(1), typed(2, "go"), *lines))
    assert len(found) == 1
    return found[0]


def one_result(output: object, name: str = "exec_command", **arguments: Any) -> ToolCall:
    return one_call(asks(3, "c1", name, **arguments), gets(4, "c1", output))


def test_an_episode() -> None:
    seen = records(
        meta(),
        turn(1),
        item(1, "message", role="user", content=[{"type": "input_text", "text": "# AGENTS.md instructions for /w"}]),
        line(1, "turn_context", {"turn_id": TURN_1, "cwd": "/w/sub"}),
        item(2, "message", role="user", content=[{"type": "input_text", "text": "list it"}]),
        typed(2, "list it"),
        said(3, "I will look", phase="commentary"),
        asks(3, "c1", cmd="ls", workdir="/elsewhere", yield_time_ms=1000),
        asks(3, "c2", cmd="pwd"),
        gets(4, "c1", exited(2, "a\nb\n")),
        gets(5, "c2", exited(0, "/w/sub\n")),
        spent(5, 100, 100),
        said(6, "two files", phase="final_answer"),
        spent(6, 150, 250),
        event(8, "task_complete", turn_id=TURN_1, last_agent_message="two files"),
    )
    session, startup, prompt, first, second, final, usage = seen
    assert isinstance(session, SessionSeen)
    assert (session.session, session.harness, session.cwd, session.transcript) == (PARENT, "codex", "/w", "/r.jsonl")
    assert isinstance(startup, TurnSeen) and (startup.kind, startup.at) == ("startup", session.at)
    assert isinstance(prompt, PromptSeen)
    assert (prompt.episode, prompt.text, prompt.kind) == (f"{PARENT}:{TURN_1}", "list it", "typed")
    assert prompt.cwd == "/w/sub"
    assert isinstance(first, CallSeen) and isinstance(second, CallSeen) and first.episode == prompt.episode
    assert (first.call.tool, first.call.input, first.call.cwd) == ("Bash", {"command": "ls"}, "/elsewhere")
    assert (first.call.output, first.call.ok, first.call.exit_code) == ("a\nb\n", False, 2)
    assert first.call.seconds == 0.5 and first.call.id == f"{PARENT}:c1"
    assert second.call.cwd == "/w/sub" and second.call.ok
    assert first.call.batch == second.call.batch != "" and first.call.at < second.call.at
    assert isinstance(final, FinalSeen) and (final.episode, final.text) == (prompt.episode, "two files")
    assert isinstance(usage, UsageSeen) and (usage.requests, usage.tokens) == (2, 250)
    assert usage.seconds == pytest.approx(6.0, abs=0.01)


def test_the_lines_of_0_169() -> None:
    """No `user_message` any more; a summary is marked; one item for each command, with its status."""
    command = {"command": ["/bin/bash", "-lc", "ls"], "cwd": "file:///w", "source": "unified_exec_startup"}
    seen = records(
        meta(),
        turn(1),
        line(1, "world_state", {"full": True, "state": {}}),
        completed(2, "UserMessage", id="u", content=[{"type": "text", "text": "go", "text_elements": []}]),
        asks(3, "c1"),
        line(3, "token_usage_record", {"usage": {"total_tokens": 10}}),
        completed(4, "CommandExecution", id="c1", exit_code=0, status="completed", aggregated_output="a", **command),
        gets(4, "c1", exited(0, "a")),
        spent(4, 10, 10),
        spent(5, 10, 10),
        said(5, "SUMMARY") | {"metadata": {"compaction_output": True}},
        spent(5, 11, 21),
        line(5, "compacted", {"message": "SUMMARY", "replacement_history": [{"type": "message"}]}),
        spent(5, 6855, 21),
        completed(6, "AgentMessage", id="m", content=[{"type": "Text", "text": "done"}]),
        said(6, "done"),
        spent(6, 12, 33),
        line(7, "event_msg", {"type": "task_complete", "turn_id": TURN_1, "last_agent_message": "done"}),
    )
    assert [prompt.text for prompt in prompts(seen)] == ["go"]
    assert [(call.output, call.exit_code) for call in calls(seen)] == [("a", 0)]
    assert [one.text for one in seen if isinstance(one, FinalSeen)] == ["done"]
    assert [(one.requests, one.tokens) for one in seen if isinstance(one, UsageSeen)] == [(3, 33)]
    assert [one.kind for one in seen if isinstance(one, TurnSeen)] == ["startup", "compact"]


def test_a_prompt_typed_while_the_agent_works_opens_an_episode_of_its_own() -> None:
    seen = records(
        meta(), turn(1), typed(2, "one"), asks(3, "c1"), gets(4, "c1", exited(0, "")), typed(5, "two"), asks(6, "c2")
    )
    assert [p.episode for p in prompts(seen)] == [f"{PARENT}:{TURN_1}", f"{PARENT}:@{TURN_1}-2"]
    assert [record.episode for record in seen if isinstance(record, CallSeen)] == [p.episode for p in prompts(seen)]


def test_a_grown_file_gives_the_same_ids() -> None:
    lines = [meta(), turn(1), typed(2, "one"), asks(3, "c1"), gets(4, "c1", "x"), typed(5, "two"), asks(6, "c1")]
    before, after = records(*lines[:5]), records(*lines, gets(7, "c1", "y"))
    assert [p.episode for p in prompts(before)] == [p.episode for p in prompts(after)][:1]
    assert calls(before)[0].id == calls(after)[0].id
    assert len({call.id for call in calls(after)}) == 2  # a local model counts its calls from 1 for each prompt


def test_what_the_client_says_in_the_users_name_is_no_prompt() -> None:
    told = [
        "<environment_context>\n</environment_context>",
        "<turn_aborted>\nx",
        "# AGENTS.md instructions for /w",
        " ",
    ]
    seen = records(meta(), turn(1), *(typed(2, text) for text in told), typed(3, "plain"))
    seen += records(
        meta(), turn(1), line(2, "event_msg", {"type": "user_message", "message": "x", "kind": "environment_context"})
    )
    assert [prompt.text for prompt in prompts(seen)] == ["plain"]


def test_what_an_editor_puts_in_front_is_left_out() -> None:
    text = "# Context from my IDE setup:\n\n## Open tabs:\n- a.py\n\n## My request for Codex:\nfix the tests\n"
    assert [p.text for p in prompts(records(meta(), turn(1), typed(2, text)))] == ["fix the tests"]


@pytest.mark.parametrize(
    ("name", "arguments", "line_of_it"),
    [
        ("shell", {"command": ["bash", "-lc", "a && b"]}, "a && b"),
        ("shell", {"command": ["/usr/bin/zsh", "-c", "a"]}, "a"),
        ("shell", {"command": ["git", "commit", "-m", "two words"]}, "git commit -m 'two words'"),
        ("container.exec", {"command": ["powershell.exe", "-Command", "dir"]}, "dir"),
        ("shell_command", {"command": "a | b"}, "a | b"),
        ("exec_command", {"cmd": "a"}, "a"),
        ("shell", {"command": ["a", 1]}, '["a", 1]'),
    ],
)
def test_every_shell_is_bash(name: str, arguments: Line, line_of_it: str) -> None:
    call = one_result(exited(0, "x"), name, **arguments)
    assert (call.tool, call.input) == ("Bash", {"command": line_of_it})


def test_a_relative_directory_is_one_of_the_turn() -> None:
    assert one_result("x", cmd="ls", workdir="sub").cwd == "/w/sub"


def test_other_tools_keep_their_names() -> None:
    def patch(second: float, name: str = "apply_patch") -> Line:
        return item(second, "custom_tool_call", call_id="c1", name=name, input="*** Begin Patch")

    done = item(4, "custom_tool_call_output", call_id="c1", output="Exit code: 0\nWall time: 0.1 seconds\nOutput:\nOK")
    call = one_call(patch(3), done)
    assert (call.tool, call.input, call.output, call.exit_code) == (
        "apply_patch",
        {"input": "*** Begin Patch"},
        "OK",
        0,
    )
    old = one_result("x", "shell", command=["apply_patch", "*** Begin Patch"])
    assert (old.tool, old.input) == ("apply_patch", {"input": "*** Begin Patch"})
    mcp = item(3, "function_call", name="_fetch", namespace="mcp__hub", call_id="c1", arguments='{"n": 1}')
    call = one_call(mcp, gets(4, "c1", 'Wall time: 4.3804 seconds\nOutput:\n{"a": 1}'))
    assert (call.tool, call.input, call.output) == ("mcp__hub__fetch", {"n": 1}, '{"a": 1}')
    assert (call.ok, call.exit_code, call.seconds) == (True, None, 4.3804)
    assert one_result("x", "write_stdin", session_id=1, chars="y").input == {"session_id": 1, "chars": "y"}
    read = one_result("L7: one: 1\nL8: \nL9: three", "read_file", file_path="/w/a")
    assert (read.tool, read.output) == ("Read", "one: 1\n\nthree")
    broken = item(3, "function_call", name="update_plan", call_id="c1", arguments="{not json")
    assert one_call(broken, gets(4, "c1", "Plan updated")).input == {"arguments": "{not json"}


def test_calls_that_the_service_answers() -> None:
    search = {"status": "completed", "action": {"type": "search", "query": "q"}}
    found = calls(
        records(
            meta(),
            turn(1),
            typed(2, "go"),
            event(3, "web_search_end", call_id="ws_1", query="q"),
            item(3, "web_search_call", **search),
            item(4, "web_search_call", id="ws_2", **search),
            item(4, "web_search_call", id="ws_2", **search),
            item(5, "tool_search_call", call_id="c1", arguments={"query": "x"}),
            item(5, "tool_search_output", call_id="c1", tools=[{"name": "t"}]),
        )
    )
    assert [(call.tool, call.id.rpartition(":")[2], call.ok) for call in found] == [
        ("web_search", "@search-1", True),
        ("web_search", "ws_2", True),
        ("tool_search", "c1", True),
    ]
    assert found[0].input == search["action"] and found[2].output == '[{"name": "t"}]'


@pytest.mark.parametrize(
    ("output", "text", "ok", "code", "ended"),
    [
        (exited(0, "Output:\nx"), "Output:\nx", True, 0, Ended.RETURNED),
        (exited(-1, ""), "", False, -1, Ended.RETURNED),
        ('{"output": "x\\n", "metadata": {"exit_code": 3, "duration_seconds": 0.5}}', "x\n", False, 3, Ended.RETURNED),
        ("Exit code: 1\nWall time: 2 seconds\nTotal output lines: 9\nOutput:\nx", "x", False, 1, Ended.RETURNED),
        (
            "Chunk ID: a\nWall time: 0.2 seconds\nProcess running with session ID 7\nOutput:\nx",
            "x",
            True,
            None,
            "returned",
        ),
        ("unsupported call: shell", "unsupported call: shell", False, None, Ended.RETURNED),
        ("exec command rejected by user", "exec command rejected by user", False, None, Ended.DENIED),
        ('CreateProcess { message: "Rejected(\\"rejected by user\\")" }', None, False, None, Ended.DENIED),
        ("Command blocked by PreToolUse hook: no", None, False, None, Ended.DENIED),
        ("aborted by user after 3.1s", None, False, None, Ended.INTERRUPTED),
        ("Wall time: 3.1 seconds\naborted by user", None, False, None, Ended.INTERRUPTED),
        ({"content": "x", "success": False}, "x", False, None, Ended.RETURNED),
        (None, "", False, None, Ended.RETURNED),
    ],
)
def test_results_without_their_envelope(
    output: object, text: str | None, ok: bool, code: int | None, ended: str
) -> None:
    call = one_result(output)
    assert call.output == (output if text is None else text)
    assert (call.ok, call.exit_code, call.ended) == (ok, code, ended)


def test_pieces_of_output_are_joined_and_pictures_left_out() -> None:
    pieces = [{"type": "input_text", "text": "Script completed\nWall time 0.1 seconds\nOutput:\n"}]
    pieces += [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "two"}]
    script = item(3, "custom_tool_call", call_id="c1", name="exec", input="text('one')")
    call = one_call(script, item(4, "custom_tool_call_output", call_id="c1", output=pieces))
    assert (call.tool, call.output, call.ok, call.seconds) == ("exec", "one\ntwo", True, 0.1)
    picture = [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]
    assert "AAAA" not in one_result(picture, "view_image", path="a.png").output


def test_commands_run_by_code_the_model_wrote() -> None:
    ran = {"command": ["/bin/bash", "-lc", "false"], "cwd": "file:///w/a%20b", "aggregated_output": "x", "exit_code": 1}
    found = calls(
        records(
            meta(),
            turn(1),
            typed(2, "go"),
            item(3, "custom_tool_call", call_id="c1", name="exec", input="…"),
            completed(4, "CommandExecution", id="exec-1", duration={"secs": 1, "nanos": 500_000_000}, **ran),
            completed(4, "CommandExecution", id="01a1fe78", source="user_shell", **ran),
            completed(
                4, "FileChange", id="exec-2", changes={"a": {"type": "add"}}, status="completed", stdout="Success"
            ),
            item(5, "custom_tool_call_output", call_id="c1", output="Script completed\nWall time 1 seconds\nOutput:\n"),
            completed(6, "CommandExecution", id="c1", **ran),
        )
    )
    assert [(call.tool, call.exit_code, call.ok, call.seconds) for call in found[:2]] == [
        ("Bash", 1, False, 1.5),
        ("apply_patch", None, True, None),
    ]
    assert found[0].cwd == "/w/a b" and found[0].batch == "" and len(found) == 3


def test_what_an_event_tells_of_a_call() -> None:
    failed = {"Ok": {"content": [], "isError": True}}
    end = event(4, "mcp_tool_call_end", call_id="c1", duration={"secs": 4, "nanos": 0}, result=failed)
    call = one_call(asks(3, "c1", "mcp__a__b", x=1), end, gets(5, "c1", "no"))
    assert (call.ok, call.seconds) == (False, 4.0)
    end = event(4, "exec_command_end", call_id="c1", exit_code=0, aggregated_output="a")
    assert len(calls(records(meta(), turn(1), typed(2, "x"), asks(3, "c1"), end, gets(5, "c1", exited(0, "a"))))) == 1


def test_calls_without_a_result() -> None:
    counts = Counts()
    seen = records(meta(), turn(1), typed(2, "go"), asks(3, "c1"), counts=counts)
    assert [(call.ended, call.ok, call.output) for call in calls(seen)] == [(Ended.UNANSWERED, False, "")]
    assert counts.unanswered == 1
    aborted = event(4, "turn_aborted", turn_id=TURN_1, reason="interrupted")
    seen = records(meta(), turn(1), typed(2, "go"), said(3, "on it"), asks(3, "c1"), said(3, "well"), aborted)
    assert [call.ended for call in calls(seen)] == [Ended.INTERRUPTED]
    assert not any(isinstance(record, FinalSeen) for record in seen)


def test_a_fork_that_repeats_its_parent() -> None:
    """Its copy has the times of the fork: that a turn is older than the session tells."""
    parent = [turn(1), typed(1, "one"), asks(1, "c1"), gets(1, "c1", exited(0, "")), said(1, "ok"), spent(1, 10, 10)]
    own = [turn(2, TURN_2), typed(2, "two"), asks(2, "c2"), gets(2, "c2", exited(0, "")), spent(2, 5, 15)]
    seen = records(meta(0, FORK, forked_from_id=PARENT), meta(1), *parent, *own)
    assert [(p.episode, p.text) for p in prompts(seen)] == [(f"{FORK}:{TURN_2}", "two")]
    assert [call.id for call in calls(seen)] == [f"{FORK}:c2"]
    assert [(one.requests, one.tokens) for one in seen if isinstance(one, UsageSeen)] == [(1, 5)]
    assert [(t.kind, t.detail) for t in seen if isinstance(t, TurnSeen)] == [("fork", PARENT)]
    assert isinstance(seen[0], SessionSeen) and seen[0].parent == PARENT
    unnamed = records(meta(0, FORK), meta(0, PARENT), typed(0, "one"), asks(0, "c1"), typed(5, "two"), asks(6, "c2"))
    assert [p.text for p in prompts(unnamed)] == ["two"] and [c.id for c in calls(unnamed)] == [f"{FORK}:c2"]
    empty = records(meta(0, FORK, forked_from_id=PARENT), turn(0, TURN_2), typed(0, "two"))
    assert [p.text for p in prompts(empty)] == ["two"]


def test_a_sub_agent_is_a_session_of_its_own() -> None:
    source = {"subagent": {"thread_spawn": {"parent_thread_id": PARENT, "depth": 1}}}
    seen = records(meta(0, FORK, source=source), turn(1, TURN_2), typed(2, "look around"), asks(3, "c1"))
    assert isinstance(seen[0], SessionSeen) and seen[0].parent == PARENT
    assert [p.kind for p in prompts(seen)] == ["meta"] and [call.agent for call in calls(seen)] == [FORK]


def test_rollouts_of_the_first_year() -> None:
    def message(role: str, text: str) -> Line:
        return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}

    answer = json.dumps({"output": "a\n", "metadata": {"exit_code": 0, "duration_seconds": 0.1}})
    counts = Counts()
    seen = records(
        {"id": "5973b6c0-94b8-487b-a530-2aeb6098ae0e", "timestamp": stamp(0), "instructions": "be good", "git": {}},
        message("user", "<user_instructions>\nbe good"),
        message("user", "<environment_context>\n<cwd>/w</cwd>\n</environment_context>"),
        message("user", "list it"),
        {"record_type": "state"},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "name": "shell", "call_id": "c1", "arguments": '{"command": ["bash", "-lc", "ls"]}'},
        {"type": "function_call_output", "call_id": "c1", "output": answer},
        {"type": "local_shell_call", "id": "c2", "action": {"type": "exec", "command": ["ls", "-l"]}},
        {"type": "function_call_output", "call_id": "c2", "output": answer},
        message("assistant", "one file"),
        counts=counts,
    )
    assert [(p.episode.rpartition(":")[2], p.text, p.cwd) for p in prompts(seen)] == [("@prompt-1", "list it", "/w")]
    assert [call.input["command"] for call in calls(seen)] == ["ls", "ls -l"]
    assert [(call.output, call.seconds) for call in calls(seen)] == [("a\n", 0.1)] * 2
    assert calls(seen)[0].at < calls(seen)[1].at
    assert [one.text for one in seen if isinstance(one, FinalSeen)] == ["one file"]
    assert counts.unknown == {"state": 1}


def test_broken_and_unknown_lines() -> None:
    counts = Counts()
    lines = (
        b'{"timestamp": "x", "type": "session_m',
        turn(1),
        typed(2, "go"),
        line(3, "news", {}),
        event(3, "more"),
        b" ",
    )
    seen = records(*lines, counts=counts, path=f"/s/rollout-2026-06-17T10-00-00-{PARENT}.jsonl")
    assert [p.episode for p in prompts(seen)] == [f"{PARENT}:{TURN_1}"]
    assert (counts.lines, counts.broken, counts.unknown) == (5, 1, {"news": 1, "more": 1})


def test_which_files_are_rollouts() -> None:
    for good in (meta(), turn(1), {"id": "a", "timestamp": stamp(0), "instructions": None}):
        assert codex.READER.knows(json.dumps(good).encode() + b"\n")
    others: list[Line] = [
        {"type": "session_meta", "payload": {}},
        {"type": [], "payload": {}},
        {"id": "a", "type": "user"},
    ]
    for other in others:
        assert not codex.READER.knows(json.dumps(other).encode() + b"\n")
    assert codex.sessions({"HOME": "/h"}) == ["/h/.codex/sessions", "/h/.codex/archived_sessions"]
    assert codex.sessions({"HOME": "/h", "CODEX_HOME": "/c"})[0] == "/c/sessions"


# --- whatever is in a file

VALID = [
    meta(),
    meta(0, FORK, forked_from_id=PARENT, source={"subagent": {"thread_spawn": {"parent_thread_id": PARENT}}}),
    turn(1),
    line(1, "turn_context", {"turn_id": TURN_1, "cwd": "/w"}),
    typed(2, "go"),
    completed(2, "UserMessage", content=[{"type": "text", "text": "go"}]),
    said(3, "text", phase="final_answer"),
    asks(3, "c1", "shell", command=["bash", "-lc", "ls"], workdir="/w"),
    asks(3, "c2", "read_file", file_path="/w/a"),
    item(3, "local_shell_call", call_id="c3", action={"command": ["ls"], "working_directory": "/w"}),
    item(3, "custom_tool_call", call_id="c4", name="apply_patch", input="x"),
    item(3, "web_search_call", id="ws", status="completed", action={"query": "x"}),
    completed(
        4,
        "CommandExecution",
        id="exec-1",
        command=["ls"],
        cwd="file:///w",
        exit_code=0,
        duration={"secs": 1, "nanos": 2},
    ),
    event(4, "mcp_tool_call_end", call_id="c2", duration={"secs": 1}, result={"Ok": {"isError": True}}),
    gets(4, "c1", exited(1, "x")),
    gets(4, "c2", [{"type": "input_text", "text": "Wall time: 1 seconds\nOutput:\nx"}]),
    gets(4, "c3", {"content": "x", "success": True}),
    spent(5, 10, 10),
    line(5, "compacted", {"message": "x"}),
    event(6, "turn_aborted", turn_id=TURN_1),
    event(6, "task_complete", turn_id=TURN_1, last_agent_message="x"),
    {"id": PARENT, "timestamp": stamp(0), "instructions": "", "git": {}},
    {"type": "function_call", "name": "shell", "call_id": "c9", "arguments": "{}"},
]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        ["", "\ud800", "\x00", "019ed50c-zzzz-7000-8000-000000000000", "9999-12-31T23:59:59-12:00", "Exit code: 1\n"]
    ),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.just([[{"type": "input_text", "text": "\udfff"}]]),
)


@st.composite
def mutated(draw: st.DrawFn, valid: list[Line]) -> bytes:
    """A valid line with a value replaced, dropped or put deeper somewhere, perhaps cut off."""
    row = json.loads(json.dumps(draw(st.sampled_from(valid))))
    for _ in range(draw(st.integers(0, 3))):
        place: Any = row
        while keys := list(place) if isinstance(place, dict) else list(range(len(place))):
            key: Any = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            how = draw(st.sampled_from(["drop", "replace", "nest"]))
            if how == "drop":
                del place[key]
            else:
                place[key] = copy.deepcopy(draw(JUNK)) if how == "replace" else [place[key]]
            break
    text = json.dumps(row, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return text[: draw(st.integers(0, len(text)))] if draw(st.integers(0, 9)) == 0 else text


def test_nothing_in_a_file_raises_and_the_store_takes_every_record(home: Home) -> None:
    with Store.open(home, write=True) as store:

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(mutated(VALID), max_size=12), st.booleans())
        def check(lines: list[bytes], begun: bool) -> None:
            data = b"\n".join([json.dumps(meta()).encode(), *lines] if begun else lines)
            codex.READER.knows(data)
            store.add(codex.read(io.BytesIO(data), Counts(), "/r.jsonl"))

        check()
        assert store.calls_count() > 0
        store.episodes()


# --- the corpus


def test_the_corpus_has_what_its_lines_say(corpus: Path) -> None:
    index = {entry["file"]: entry for entry in json.loads((corpus / "index.json").read_text())}
    unanswered = 0
    for path in sorted((corpus / "codex").glob("*/*.jsonl")):
        about, counts = index[str(path.relative_to(corpus))], Counts()
        with path.open("rb") as file:
            assert codex.READER.knows(file.read())
            file.seek(0)
            seen = list(codex.READER.read(file, counts, str(path)))
        rows = [json.loads(row)["payload"] for row in path.read_text().splitlines()]
        kinds = [row.get("type") for row in rows]
        made = [call for call in calls(seen) if call.tool not in ("web_search", "tool_search")]
        assert len(made) == about["calls"] == kinds.count("function_call") + kinds.count("custom_tool_call")
        assert (
            len(calls(seen))
            == len({call.id for call in calls(seen)})
            == sum(isinstance(kind, str) and kind.endswith("_call") for kind in kinds)
        )
        assert {record.session for record in seen} == {about["session"]}
        assert [p.text for p in prompts(seen)] == [row["message"] for row in rows if row.get("type") == "user_message"]
        assert {p.kind for p in prompts(seen)} == {"typed"}
        finals = [record.text for record in seen if isinstance(record, FinalSeen)]
        last = [row["content"][0]["text"] for row in rows if row.get("phase") == "final_answer" and "role" in row]
        assert finals == last
        totals = [row["info"]["total_token_usage"]["total_tokens"] for row in rows if row.get("info")]
        usage = [record for record in seen if isinstance(record, UsageSeen)]
        assert sum(one.tokens for one in usage) == totals[-1]
        assert sum(one.requests for one in usage) == len(set(totals))
        codes = [row["output"] for row in rows if row.get("type") == "function_call_output"]
        exits = [
            text.split("exited with code ")[1].split("\n")[0] for text in codes if "exited with code " in text[:90]
        ]
        shells = [call for call in made if call.tool in ("Bash", "write_stdin") and call.exit_code is not None]
        assert sorted(str(call.exit_code) for call in shells) == sorted(exits)
        assert not any(call.output.startswith(("Chunk ID", "Exit code", "Wall time")) for call in made)
        assert (counts.broken, counts.unknown) == (0, {})
        unanswered += counts.unanswered
    assert unanswered == 2


def test_importing_the_corpus_twice_changes_nothing(home: Home, corpus: Path) -> None:
    done = import_paths(home, [corpus / "codex"], {"HOME": "/nonexistent"})
    assert (done.harnesses, done.foreign, done.skipped_lines) == ({"codex": 3}, 0, 0)
    with Store.open(home, write=False) as store:
        before = store.sessions_count(), store.episodes_count(), store.calls_count()
        episodes = store.episodes()
    assert before == (3, 10, 187)  # 180 that the index counts, 4 searches of the web and 3 for tools
    assert sum(len(episode.calls) for episode in episodes) == 187
    for path in (corpus / "codex").rglob("*.jsonl"):
        with Store.open(home, write=True) as store, path.open("rb") as file:
            store.add(codex.READER.read(file, Counts(), str(path)))
    with Store.open(home, write=False) as store:
        assert (store.sessions_count(), store.episodes_count(), store.calls_count()) == before
