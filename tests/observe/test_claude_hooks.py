"""Hook payloads, in the shapes the real client sends, to records."""

from __future__ import annotations

from typing import Any

import pytest

from agentjit.observe import wire
from agentjit.observe.harness.claude_hooks import BadPayload, how_ended, prompt_kind, records
from agentjit.trace import CallSeen, Ended, FinalSeen, PromptSeen, SessionSeen, TurnSeen

COMMON = {"session_id": "s1", "transcript_path": "/t/s1.jsonl", "cwd": "/w", "prompt_id": "p1"}


def call(event: str = "PostToolUse", **payload: Any) -> CallSeen:
    given = {"tool_name": "Bash", "tool_input": {"command": "x"}, "tool_use_id": "toolu_1", "duration_ms": 500}
    found = records(event, COMMON | given | payload, 100.0)
    seen = found[-1]
    assert isinstance(seen, CallSeen)
    return seen


def bash(**response: Any) -> CallSeen:
    return call(tool_response={"stdout": "", "stderr": "", "interrupted": False, "isImage": False} | response)


def test_session_start_and_end() -> None:
    assert records("SessionStart", COMMON | {"source": "startup"}, 5.0) == [
        SessionSeen("s1", "claude-code", 5.0, "/w", "startup", False, "/t/s1.jsonl"),
        TurnSeen("s1", 5.0, "startup"),
    ]
    ended, turn = records("SessionEnd", COMMON | {"reason": "other"}, 9.0)
    assert isinstance(ended, SessionSeen) and ended.ended
    assert turn == TurnSeen("s1", 9.0, "end", "other")


@pytest.mark.parametrize("source", ["resume", "clear", "fork"])
def test_a_session_that_goes_on_or_comes_from_another(source: str) -> None:
    session, turn = records("SessionStart", COMMON | {"source": source}, 5.0)
    assert isinstance(session, SessionSeen) and session.source == source
    assert turn == TurnSeen("s1", 5.0, source)


def test_a_compaction_is_a_turn_but_no_beginning() -> None:
    session, turn = records("SessionStart", COMMON | {"source": "compact"}, 5.0)
    assert isinstance(session, SessionSeen) and session.source == ""
    assert turn == TurnSeen("s1", 5.0, "compact")


def test_a_beginning_of_an_unknown_kind_is_no_turn() -> None:
    assert len(records("SessionStart", COMMON | {"source": "teleport"}, 5.0)) == 1
    assert len(records("SessionStart", COMMON, 5.0)) == 1


def test_a_prompt() -> None:
    _, prompt = records("UserPromptSubmit", COMMON | {"prompt": "is web ok?"}, 7.0)
    assert prompt == PromptSeen("s1", "s1:p1", 7.0, "is web ok?", "typed", "/w")


def test_a_prompt_of_an_old_client_gets_an_id_from_its_time() -> None:
    old = {key: value for key, value in COMMON.items() if key != "prompt_id"} | {"prompt": "hi"}
    first, again, later = (records("UserPromptSubmit", old, at)[-1] for at in (7.0, 7.0, 8.0))
    assert isinstance(first, PromptSeen) and first == again and isinstance(later, PromptSeen)
    assert first.episode.startswith("s1:@") and first.episode != later.episode


@pytest.mark.parametrize(
    ("text", "source", "kind"),
    [
        ("fix the lint", "", "typed"),
        ("/hey there", "", "command"),
        ("/plugin:name", "", "command"),
        ("/etc/hosts is wrong", "", "typed"),
        ("", "", "meta"),
        ("  \n", "", "meta"),
        ("<task-notification>\n<task-id>b1</task-id>", "", "unprompted"),
        ("<task-notification>\n<task-id>b1</task-id>", "system", "unprompted"),
        ("fix the lint", "schedule_wakeup", "meta"),
        ("fix the lint", "sdk", "typed"),
        ("fix the lint", "user", "typed"),
        ("<div> is not closed", "", "typed"),
    ],
)
def test_kinds_of_prompts(text: str, source: str, kind: str) -> None:
    assert prompt_kind(text, source) == kind


def test_a_shell_command_that_succeeded() -> None:
    seen = bash(stdout="hello\nerr")
    assert (seen.call.output, seen.call.ok, seen.call.exit_code) == ("hello\nerr", True, 0)
    assert (seen.call.at, seen.call.seconds) == (99.5, 0.5)  # the payload comes when the call is over
    assert (seen.call.cwd, seen.cwd_after) == ("", "/w")
    assert (seen.session, seen.episode, seen.call.id) == ("s1", "s1:p1", "toolu_1")


def test_shell_results_that_are_not_simply_good() -> None:
    assert bash(stdout="out", stderr="err").call.output == "out\nerr"
    assert bash(returnCodeInterpretation="No matches found").call.exit_code == 1
    background = bash(backgroundTaskId="b1").call
    assert background.ok and background.exit_code is None
    interrupted = bash(stdout="half", interrupted=True).call
    assert not interrupted.ok and interrupted.exit_code is None


def test_failures() -> None:
    two = call("PostToolUseFailure", error="Exit code 2\nls: cannot access 'x'").call
    assert (two.ok, two.exit_code, two.output) == (False, 2, "ls: cannot access 'x'")
    assert call("PostToolUseFailure", error="Exit code 1").call.exit_code == 1
    missing = call("PostToolUseFailure", tool_name="Read", error="File does not exist.").call
    assert (missing.ok, missing.exit_code, missing.output) == (False, None, "File does not exist.")


def test_a_task_that_reports_while_the_agent_works_does_not_change_the_kind_of_its_prompt() -> None:
    """Both come under the prompt's id, and the store takes the smaller kind."""
    for text in ("fix the lint", "/pr", ""):
        assert min(prompt_kind(text), prompt_kind("<task-notification>")) == prompt_kind(text)


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        ("Permission to use Bash with command touch x has been denied.", Ended.DENIED),
        ("Permission to use Bash has been denied because Claude Code is running in don't ask mode.", Ended.DENIED),
        ("Permission to read /x has been denied.", Ended.DENIED),
        ("Permission for this action has been denied. Reason: risky", Ended.DENIED),
        ("Claude requested permissions to write to /x, but you haven't granted it yet.", Ended.DENIED),
        ("The user doesn't want to proceed with this tool use. The tool use was rejected", Ended.DENIED),
        ("PreToolUse:Bash hook error: not today", Ended.DENIED),
        ("[Request interrupted by user for tool use]", Ended.INTERRUPTED),
        ("[Tool call interrupted: the session ended before", Ended.INTERRUPTED),
        ("<tool_use_error>Sibling tool call errored</tool_use_error>", Ended.INTERRUPTED),
        ("Exit code 1\nPermission to use Bash has been denied", Ended.RETURNED),
        ("Exit code 1\n[Request interrupted by user", Ended.RETURNED),
        ("rsync: Permission to use the lock has been denied", Ended.RETURNED),
        ("Permission denied", Ended.RETURNED),
        ("File does not exist.", Ended.RETURNED),
        ("", Ended.RETURNED),
    ],
)
def test_how_a_call_that_failed_ended(error: str, ended: Ended) -> None:
    assert how_ended(error) is ended
    assert call("PostToolUseFailure", error=error).call.ended is ended


def test_calls_that_were_stopped_while_they_ran() -> None:
    assert bash(stdout="half", interrupted=True).call.ended is Ended.INTERRUPTED
    assert call("PostToolUseFailure", error="aborted", is_interrupt=True).call.ended is Ended.INTERRUPTED
    assert bash(stdout="all").call.ended is Ended.RETURNED


@pytest.mark.parametrize(
    ("line", "own"),
    [
        ({"aj": "own", "own": "a skill"}, "a skill"),
        ({"aj": "decision", "own": "a skill"}, ""),
        ({"own": "a skill"}, ""),
        ({"aj": "own", "own": 7}, ""),
        ({"aj": "own"}, ""),
    ],
)
def test_whose_a_session_is(line: dict[str, Any], own: str) -> None:
    assert wire.own(line) == own
    assert wire.decision({"aj": "own", "own": "a skill"}, "s", "e", 1.0) is None


def test_other_tools() -> None:
    file = {"filePath": "/a", "content": "one\n", "numLines": 2, "startLine": 1, "totalLines": 2}
    read = call(tool_name="Read", tool_response={"type": "text", "file": file}).call
    assert (read.output, read.exit_code) == ("one\n", None)
    other = call(tool_name="Notebook", tool_response={"path": "/a", "originalFile": "a lot", "newString": "n"}).call
    assert "newString" in other.output and "a lot" not in other.output
    blocks = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert call(tool_name="mcp__x__y", tool_response=blocks).call.output == "a\nb"
    assert call(tool_name="LS", tool_response="- /w").call.output == "- /w"
    assert call(tool_name="X", tool_response=None).call.output == ""


@pytest.mark.parametrize(
    ("tool", "response", "told"),
    [
        ("Write", {"type": "create"}, "File created successfully at: /a"),
        ("Write", {"type": "update"}, "The file /a has been updated successfully."),
        ("Edit", {"replaceAll": False}, "The file /a has been updated successfully."),
        ("Edit", {"replaceAll": True}, "The file /a has been updated. All occurrences were successfully replaced."),
    ],
)
def test_of_a_changed_file_the_agent_is_told_that_it_was(tool: str, response: dict[str, Any], told: str) -> None:
    change = {"originalFile": "a lot", "structuredPatch": [{"lines": ["-a", "+b"]}], "content": "b"}
    done = call(tool_name=tool, tool_response={"filePath": "/a", **change, **response}).call
    assert (done.output, done.ok, done.exit_code) == (told, True, None)


def test_a_sub_agents_call_names_it() -> None:
    assert call(agent_id="a17", tool_response="x").call.agent == "a17"


def test_stop_brings_the_closing_message() -> None:
    _, final = records("Stop", COMMON | {"last_assistant_message": "done: 3"}, 11.0)
    assert final == FinalSeen("s1", "s1:p1", 11.0, "done: 3")
    assert len(records("SubagentStop", COMMON | {"last_assistant_message": "x"}, 11.0)) == 1


def test_a_call_without_an_id_gets_the_same_one_each_time() -> None:
    one, two = call(tool_use_id=None, tool_response="x"), call(tool_use_id=None, tool_response="x")
    other = call(tool_use_id=None, tool_response="y")
    assert one.call.id == two.call.id != other.call.id


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("Stop", {}),
        ("Stop", {"session_id": 7}),
        ("UserPromptSubmit", {"session_id": "s"}),
        ("PostToolUse", {"session_id": "s", "tool_name": "Bash"}),
        ("PostToolUse", {"session_id": "s", "tool_name": "Bash", "tool_input": "ls"}),
    ],
)
def test_what_no_hook_sends(event: str, payload: dict[str, Any]) -> None:
    with pytest.raises(BadPayload):
        records(event, payload, 1.0)


def test_odd_numbers_do_no_harm() -> None:
    for duration in (float("nan"), float("inf"), 10**400, -5, True, "5"):
        seconds = call(duration_ms=duration, tool_response="x").call.seconds
        assert seconds is None or seconds >= 0
