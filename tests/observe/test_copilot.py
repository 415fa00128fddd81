"""Copilot CLI sessions to records: small ones written here, and the real corpus where it is present."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentjit.home import Home
from agentjit.observe.harness import copilot
from agentjit.observe.importer import import_paths
from agentjit.observe.reader import Counts
from agentjit.store import Store
from agentjit.trace import CallSeen, Ended, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall, TurnSeen, UsageSeen
from tests.observe.test_codex import mutated

Line = dict[str, Any]
SESSION, FORK = "10fb4666-0000-4000-8000-000000000000", "fd20bc99-0000-4000-8000-000000000000"


def stamp(second: float) -> str:
    return f"2026-06-25T01:{int(second) // 60:02d}:{second % 60:06.3f}Z"


def line(second: float, kind: str, data: Line, **more: Any) -> Line:
    identity = f"event-{kind}-{second}"
    return {"type": kind, "data": data, "id": identity, "timestamp": stamp(second), "parentId": None} | more


def start(second: float = 0, session: str = SESSION, **more: Any) -> Line:
    data = {"sessionId": session, "version": 1, "producer": "copilot-agent", "startTime": stamp(second)}
    return line(second, "session.start", data | {"context": {"cwd": "/w"}} | more)


def typed(second: float, text: str, interaction: str = "i1", **more: Any) -> Line:
    return line(
        second,
        "user.message",
        {"content": text, "transformedContent": f"<x>{text}", "interactionId": interaction} | more,
    )


def said(second: float, text: str, *calls: str, api: str = "", tokens: int = 5, **more: Any) -> Line:
    requests = [{"toolCallId": call, "name": "bash", "arguments": {}} for call in calls]
    data = {"messageId": f"m{second}", "content": text, "toolRequests": requests, "outputTokens": tokens}
    return line(second, "assistant.message", data | ({"apiCallId": api} if api else {}), **more)


def asks(second: float, call: str, name: str = "bash", arguments: object = None, **more: Any) -> Line:
    given = {"command": "ls", "description": "list"} if arguments is None else arguments
    return line(second, "tool.execution_start", {"toolCallId": call, "toolName": name, "arguments": given} | more)


def gets(second: float, call: str, content: object = "", **more: Any) -> Line:
    data = {"toolCallId": call, "success": True, "result": {"content": content}}
    return line(second, "tool.execution_complete", data | more)


def fails(second: float, call: str, message: str, code: str = "failure") -> Line:
    data = {"toolCallId": call, "success": False, "error": {"message": message, "code": code}}
    return line(second, "tool.execution_complete", data)


def records(*rows: Line | bytes, counts: Counts | None = None, path: str = "/s/x/events.jsonl") -> list[Seen]:
    data = b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in rows)
    return list(copilot.READER.read(io.BytesIO(data), counts if counts is not None else Counts(), path))


def calls(seen: list[Seen]) -> list[ToolCall]:
    return [record.call for record in seen if isinstance(record, CallSeen)]


def prompts(seen: list[Seen]) -> list[PromptSeen]:
    return [record for record in seen if isinstance(record, PromptSeen)]


def turns(seen: list[Seen]) -> list[tuple[str, str]]:
    return [(record.kind, record.detail) for record in seen if isinstance(record, TurnSeen)]


def one_call(*rows: Line) -> ToolCall:
    found = calls(records(start(), typed(1, "go"), *rows))
    assert len(found) == 1
    return found[0]


def test_an_episode() -> None:
    seen = records(
        start(),
        line(1, "hook.start", {"hookType": "userPromptSubmitted", "input": {"prompt": "list it"}}),
        typed(2, "list it"),
        line(2, "system.message", {"content": "You are"}),
        said(3, "looking", "c1", "c2"),
        asks(3, "c1"),
        asks(3, "c2", "view", {"path": "/w/a"}),
        gets(4, "c2", "text"),
        gets(5, "c1", "a\nb\n<shellId: 0 completed with exit code 2>"),
        said(6, "two files"),
        line(7, "session.shutdown", {"shutdownType": "routine", "modelMetrics": {}}),
    )
    session, startup, prompt, second, first, ended, end, final, usage = seen
    assert isinstance(session, SessionSeen) and session.harness == "copilot-cli"
    assert (session.session, session.cwd, session.transcript) == (SESSION, "/w", "/s/x/events.jsonl")
    assert isinstance(prompt, PromptSeen)
    assert (prompt.episode, prompt.text, prompt.kind, prompt.cwd) == (f"{SESSION}:i1", "list it", "typed", "/w")
    assert isinstance(first, CallSeen) and isinstance(second, CallSeen) and first.episode == prompt.episode
    assert (first.call.id, first.call.tool, first.call.output) == (f"{SESSION}:c1", "Bash", "a\nb")
    assert first.call.input == {"command": "ls", "description": "list"}
    assert (first.call.ok, first.call.exit_code, first.call.cwd) == (False, 2, "/w")
    assert first.call.seconds == pytest.approx(2.0, abs=0.01)
    assert (second.call.tool, second.call.input) == ("Read", {"file_path": "/w/a"})
    assert first.call.batch == second.call.batch != "" and first.call.at < second.call.at
    assert isinstance(ended, SessionSeen) and ended.ended
    assert isinstance(startup, TurnSeen) and isinstance(end, TurnSeen) and turns(seen)[1] == ("end", "routine")
    assert isinstance(final, FinalSeen) and (final.episode, final.text) == (prompt.episode, "two files")
    assert isinstance(usage, UsageSeen) and (usage.requests, usage.tokens) == (2, 10)
    assert usage.seconds == pytest.approx(4.0, abs=0.01)


def test_the_lines_of_1_0_102() -> None:
    """What a request cost has a line of its own; the exit status too; a sub-agent has an id."""
    cost = {"usage": {"inputTokens": 1000, "outputTokens": 7, "cacheReadTokens": 900}}
    seen = records(
        start(),
        typed(1, "go", delivery="idle"),
        line(2, "session.usage_record", cost),
        said(2, "", "c1"),
        asks(2, "c1", "task", {"prompt": "look"}),
        line(3, "subagent.started", {"toolCallId": "c1"}, agentId="a1"),
        line(3, "user.message", {"content": "look", "source": f"agent-{SESSION}", "interactionId": "i2"}, agentId="a1"),
        line(3, "session.usage_record", cost, agentId="a1"),
        said(3, "", "c2", agentId="a1"),
        asks(3, "c2") | {"agentId": "a1"},
        gets(4, "c2", "hi\n<shellId: 1 completed with exit code 0>", shellExecution={"exitCode": 3})
        | {"agentId": "a1"},
        said(4, "sub-agent is done", agentId="a1"),
        gets(5, "c1", "sub-agent is done"),
        line(6, "session.usage_record", cost),
        said(6, "done"),
    )
    assert [p.text for p in prompts(seen)] == ["go"]
    found = {call.id.rpartition(":")[2]: call for call in calls(seen)}
    assert (found["c2"].agent, found["c2"].output, found["c2"].exit_code, found["c2"].ok) == ("a1", "hi", 3, False)
    assert (found["c1"].agent, found["c1"].tool) == ("", "task")
    assert {record.episode for record in seen if isinstance(record, CallSeen)} == {f"{SESSION}:i1"}
    assert [one.text for one in seen if isinstance(one, FinalSeen)] == ["done"]
    assert [(one.requests, one.tokens) for one in seen if isinstance(one, UsageSeen)] == [(2, 2014)]


def test_sub_agents_of_older_clients_are_told_by_their_parent_call() -> None:
    seen = records(
        start(), typed(1, "go"), asks(2, "c1", parentToolCallId="c0"), gets(3, "c1", "x", parentToolCallId="c0")
    )
    assert [call.agent for call in calls(seen)] == ["c0"]


def test_what_nobody_typed() -> None:
    seen = records(
        start(),
        typed(1, "one"),
        typed(2, "the text of a skill", source="skill-pdf"),
        typed(3, "go on", isAutopilotContinuation=True),
        asks(3, "c1"),
        typed(4, "at nine", "i2", source="schedule-1"),
        typed(5, "/compact now", "i3"),
        typed(6, "  ", "i4"),
        line(7, "system.notification", {"content": "<system_notification>"}),
    )
    assert [(p.text, p.kind) for p in prompts(seen)] == [
        ("one", "typed"),
        ("at nine", "meta"),
        ("/compact now", "command"),
    ]
    assert [record.episode for record in seen if isinstance(record, CallSeen)] == [f"{SESSION}:i1"]


def test_a_grown_file_gives_the_same_ids() -> None:
    rows = [
        start(),
        typed(1, "one"),
        asks(2, "c1"),
        gets(3, "c1"),
        typed(4, "two"),
        typed(5, "three", "i2"),
        asks(6, "c1"),
    ]
    before, after = records(*rows[:4]), records(*rows, gets(7, "c1"))
    assert [p.episode.rpartition(":")[2] for p in prompts(after)] == ["i1", "@i1-2", "i2"]
    assert prompts(before)[0].episode == prompts(after)[0].episode and calls(before)[0].id == calls(after)[0].id
    assert len({call.id for call in calls(after)}) == 2  # a local model counts its calls from 1 for each prompt


@pytest.mark.parametrize(
    ("content", "output", "ok", "code"),
    [
        ("a\n<shellId: 12 completed with exit code 0>", "a", True, 0),
        ("<shellId: 1 completed with exit code 128>", "", False, 128),
        ("a\n<exited with exit code 1>", "a", False, 1),
        ("a\n<command with shellId: 2 is still running after 30 seconds. Use read_bash.>", "a", True, None),
        ("see <b>", "see <b>", True, None),
        ("a\n<shellId: 1 completed with exit code x>", "a", True, None),
        (None, "", True, None),
    ],
)
def test_shell_output_without_the_clients_line(content: object, output: str, ok: bool, code: int | None) -> None:
    call = one_call(asks(2, "c1"), gets(3, "c1", content))
    assert (call.output, call.ok, call.exit_code, call.ended) == (output, ok, code, Ended.RETURNED)


def test_reading_a_file() -> None:
    shown = {
        "content": "7. 1. one\n8. two\n9. ",
        "detailedContent": "\ndiff --git a/a b/a\n@@ -7,3 +7,3 @@\n 1. one\n two\n",
    }
    call = one_call(asks(2, "c1", "view", {"path": "/w/a", "view_range": [7, 9]}), gets(3, "c1", result=shown))
    assert (call.tool, call.input) == ("Read", {"file_path": "/w/a", "offset": 7, "limit": 3})
    assert call.output == "1. one\ntwo\n"
    plain = {
        "content": "1. one\n2. two",
        "detailedContent": "\n@@ -1,2 +1,2 @@\n 1. one\n 2. two\n",
    }  # a list, as it is
    asked = {"command": "view", "path": "/w/a", "view_range": [1, -1]}
    call = one_call(asks(2, "c1", "str_replace_editor", asked), gets(3, "c1", result=plain))
    assert (call.input, call.output) == ({"file_path": "/w/a", "offset": 1}, "1. one\n2. two")
    folder = gets(3, "c1", "a\nb", toolTelemetry={"properties": {"viewType": "directory"}})
    call = one_call(asks(2, "c1", "view", {"path": "/w"}), folder)
    assert (call.tool, call.input, call.output) == ("view", {"path": "/w"}, "a\nb")


def test_other_tools_keep_their_names() -> None:
    call = one_call(asks(2, "c1", "edit", {"path": "a", "old_str": "x"}), gets(3, "c1", "updated"))
    assert (call.tool, call.input) == ("edit", {"path": "a", "old_str": "x"})
    call = one_call(asks(2, "c1", "apply_patch", "*** Begin Patch"), gets(3, "c1", "ok"))
    assert (call.tool, call.input) == ("apply_patch", {"input": "*** Begin Patch"})
    call = one_call(asks(2, "c1", "hub-get", {}, mcpServerName="hub", mcpToolName="get"), gets(3, "c1", [{"a": 1}]))
    assert (call.tool, call.output) == ("mcp__hub__get", '[{"a": 1}]')


def test_failures_denials_and_interruptions() -> None:
    assert one_call(asks(2, "c1"), fails(3, "c1", "no such tool")).ended is Ended.RETURNED
    call = one_call(asks(2, "c1"), fails(3, "c1", "Permission denied", "denied"))
    assert (call.ended, call.ok, call.output) == (Ended.DENIED, False, "Permission denied")
    no = line(3, "permission.completed", {"toolCallId": "c1", "result": {"kind": "denied-interactively-by-user"}})
    assert one_call(asks(2, "c1"), no, fails(4, "c1", "rejected")).ended is Ended.DENIED
    yes = line(3, "permission.completed", {"toolCallId": "c1", "result": {"kind": "approved"}})
    assert one_call(asks(2, "c1"), yes, gets(4, "c1", "x")).ended is Ended.RETURNED
    counts = Counts()
    seen = records(start(), typed(1, "go"), said(2, "so", "c1"), asks(2, "c1"), counts=counts)
    assert [call.ended for call in calls(seen)] == [Ended.UNANSWERED] and counts.unanswered == 1
    assert one_call(asks(2, "c1"), line(3, "abort", {"reason": "user_initiated"})).ended is Ended.INTERRUPTED


def test_a_command_the_person_ran_is_no_call() -> None:
    seen = records(start(), asks(2, "c1"), gets(3, "c1", "x", isUserRequested=True))
    assert not calls(seen)


def test_what_is_said_before_a_call_is_not_the_closing_message() -> None:
    assert not [r for r in records(start(), typed(1, "go"), said(2, "so"), asks(3, "c1")) if isinstance(r, FinalSeen)]
    pieces = [said(4, "one", api="r1"), said(5, "two", api="r1")]
    seen = records(start(), typed(1, "go"), said(2, "no", api="r0"), *pieces)
    assert [r.text for r in seen if isinstance(r, FinalSeen)] == ["one\ntwo"]
    assert [r.requests for r in seen if isinstance(r, UsageSeen)] == [2]


def test_totals_of_a_session_are_those_of_its_only_prompt() -> None:
    metrics = {"gpt": {"requests": {"count": 1}, "usage": {"inputTokens": 90, "outputTokens": 5}}}
    end = line(9, "session.shutdown", {"shutdownType": "routine", "modelMetrics": metrics})
    one = records(start(), typed(1, "go"), said(2, "ok"), end)
    assert [(r.requests, r.tokens) for r in one if isinstance(r, UsageSeen)] == [(1, 95)]
    two = records(start(), typed(1, "go"), said(2, "ok"), typed(3, "more", "i2"), said(4, "ok"), end)
    assert [(r.requests, r.tokens) for r in two if isinstance(r, UsageSeen)] == [(1, 5), (1, 5)]


def test_turns_of_a_session() -> None:
    seen = records(
        start(),
        line(1, "session.compaction_start", {"trigger": "manual"}),
        line(2, "session.compaction_complete", {"success": True}),
        line(3, "session.compaction_complete", {"success": False}),
        line(4, "session.context_cleared", {"messagesCleared": 3}),
        line(5, "session.context_changed", {"cwd": "/elsewhere"}),
        typed(6, "where"),
        line(7, "session.shutdown", {"shutdownType": "error"}),
        line(8, "session.resume", {"context": {"cwd": "/back"}}),
        typed(9, "and now", "i2"),
    )
    assert turns(seen) == [("startup", ""), ("compact", "manual"), ("clear", ""), ("end", "error"), ("resume", "")]
    assert [p.cwd for p in prompts(seen)] == ["/elsewhere", "/back"]


def test_a_fork_that_repeats_its_parent() -> None:
    """The lines it repeats are older than its start."""
    parent = [typed(1, "one"), asks(2, "c1"), gets(3, "c1"), said(4, "ok"), line(5, "session.shutdown", {})]
    told = f'Forked from "one (old)" ({SESSION}) as "one (fork)" ({FORK}).'
    fork = line(100, "session.info", {"infoType": "fork", "message": told})
    own = [typed(110, "two", "i2"), asks(111, "c2"), gets(112, "c2"), line(113, "session.info", {"infoType": "x"})]
    seen = records(start(100, FORK), *parent, fork, *own)
    assert [(p.episode, p.text) for p in prompts(seen)] == [(f"{FORK}:i2", "two")]
    assert [call.id for call in calls(seen)] == [f"{FORK}:c2"]
    assert turns(seen) == [("startup", ""), ("fork", SESSION)]
    assert [record.parent for record in seen if isinstance(record, SessionSeen)] == ["", SESSION]
    back = records(start(100, FORK), typed(101, "one"), typed(50, "the clock was set back", "i2"))
    assert len(prompts(back)) == 2 and prompts(back)[0].at < prompts(back)[1].at


def test_the_documents_of_2025() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
    document = {
        "sessionId": SESSION,
        "startTime": stamp(0),
        "chatMessages": [
            {
                "role": "user",
                "content": "<current_datetime>now</current_datetime>\n\nlist it\n\n<reminder>be good</reminder>",
            },
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "a\n<exited with exit code 0>"},
            {"role": "assistant", "content": "one file"},
            None,
        ],
    }
    counts = Counts()
    data = json.dumps(document, indent=2).encode()
    assert copilot.READER.knows(data)
    seen = records(data, counts=counts)
    assert [(p.text, p.kind) for p in prompts(seen)] == [("list it", "typed")]
    assert [(call.output, call.exit_code, call.seconds) for call in calls(seen)] == [("a", 0, None)]
    assert [r.text for r in seen if isinstance(r, FinalSeen)] == ["one file"]
    assert counts.lines == 4
    assert not records(data[:-9], counts=counts) and counts.broken == 1


def test_broken_and_unknown_lines() -> None:
    counts = Counts()
    seen = records(b'{"type": "session.st', typed(1, "go"), line(2, "session.news", {}), b" ", counts=counts)
    assert [p.episode for p in prompts(seen)] == ["x:i1"]  # the folder has the name of the session
    assert (counts.lines, counts.broken, counts.unknown) == (3, 1, {"session.news": 1})
    assert prompts(records(typed(1, "go"), path=f"/s/{SESSION}.jsonl"))[0].session == SESSION


def test_which_files_are_sessions() -> None:
    assert copilot.READER.knows(json.dumps(start()).encode() + b"\n")
    others: list[Line] = [{"type": "user", "data": {}, "id": "a"}, {"type": "session.start", "data": []}, {"type": {}}]
    for other in others:
        assert not copilot.READER.knows(json.dumps(other).encode() + b"\n")
    assert copilot.states({"HOME": "/h"}) == ["/h/.copilot/session-state", "/h/.copilot/history-session-state"]
    assert copilot.states({"HOME": "/h", "COPILOT_HOME": "/c"})[0] == "/c/session-state"


# --- whatever is in a file

VALID = [
    start(),
    start(100, FORK),
    line(1, "session.resume", {"context": {"cwd": "/w"}}),
    line(1, "session.context_changed", {"cwd": "/w"}),
    typed(1, "go"),
    said(2, "text", "c1", "c2", api="r1"),
    said(2, "text"),
    asks(3, "c1"),
    asks(3, "c2", "view", {"path": "/w", "view_range": [1, 2]}),
    asks(3, "c3", "get", "{}", mcpServerName="hub", mcpToolName="get") | {"agentId": "a"},
    line(3, "permission.completed", {"toolCallId": "c1", "result": {"kind": "denied-x"}}),
    gets(4, "c1", "x\n<shellId: 1 completed with exit code 1>", shellExecution={"exitCode": 1}),
    gets(4, "c2", "1. x", toolTelemetry={"properties": {"viewType": "file"}}),
    fails(4, "c3", "no", "denied"),
    line(5, "session.usage_record", {"usage": {"inputTokens": 1, "outputTokens": 2}}),
    line(5, "session.compaction_complete", {"success": True}),
    line(5, "session.info", {"infoType": "fork", "message": f"from ({SESSION})"}),
    line(6, "abort", {"reason": "user_initiated"}),
    line(6, "session.shutdown", {"modelMetrics": {"m": {"requests": {"count": 1}, "usage": {"inputTokens": 1}}}}),
    {
        "sessionId": "s",
        "chatMessages": [{"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "bash"}}]}],
    },
]


def test_nothing_in_a_file_raises_and_the_store_takes_every_record(home: Home) -> None:
    with Store.open(home, write=True) as store:

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(mutated(VALID), max_size=12), st.booleans())
        def check(rows: list[bytes], begun: bool) -> None:
            data = b"\n".join([json.dumps(start()).encode(), *rows] if begun else rows)
            copilot.READER.knows(data)
            store.add(copilot.READER.read(io.BytesIO(data), Counts(), "/s/x/events.jsonl"))

        check()
        assert store.calls_count() > 0
        store.episodes()


# --- the corpus


def test_the_corpus_has_what_its_lines_say(corpus: Path) -> None:
    index = {entry["file"]: entry for entry in json.loads((corpus / "index.json").read_text())}
    texts: list[str] = []
    for path in sorted((corpus / "copilot-cli").glob("*/*.jsonl")):
        about, counts = index[str(path.relative_to(corpus))], Counts()
        with path.open("rb") as file:
            assert copilot.READER.knows(file.read())
            file.seek(0)
            seen = list(copilot.READER.read(file, counts, str(path)))
        rows = [json.loads(row) for row in path.read_text().splitlines()]
        done = {row["data"]["toolCallId"]: row["data"] for row in rows if row["type"] == "tool.execution_complete"}
        made = calls(seen)
        assert len(made) == len({call.id for call in made}) == len(done) == about["calls"]
        assert {record.session for record in seen} == {about["session"]}
        assert [p.text for p in prompts(seen)] == [r["data"]["content"] for r in rows if r["type"] == "user.message"]
        answers = [row["data"] for row in rows if row["type"] == "assistant.message"]
        finals = [record.text for record in seen if isinstance(record, FinalSeen)]
        assert finals == [answers[-1]["content"]] * bool(answers[-1]["content"])
        assert [record.requests for record in seen if isinstance(record, UsageSeen)] == [len(answers)]
        for call in made:
            raw = done[call.id.rpartition(":")[2]]
            text = (raw.get("result") or {}).get("content", "")
            exit_code = (
                text.rpartition("completed with exit code ")[2][:-1] if "completed with exit code " in text else None
            )
            assert (call.exit_code, call.ok) == (
                None if exit_code is None else int(exit_code),
                raw["success"] and exit_code in (None, "0"),
            )
            assert "<shellId" not in call.output[-60:] and call.seconds is not None
        assert (counts.broken, counts.unknown, counts.unanswered) == (0, {}, 0)
        texts += [p.text for p in prompts(seen)]
    assert len(texts) == 4 and len(set(texts)) == 3  # two files of one size are one prompt, asked twice


def test_importing_the_corpus_twice_changes_nothing(home: Home, corpus: Path) -> None:
    done = import_paths(home, [corpus / "copilot-cli"], {"HOME": "/nonexistent"})
    assert (done.harnesses, done.foreign, done.skipped_lines) == ({"copilot-cli": 4}, 0, 0)
    with Store.open(home, write=False) as store:
        before = store.sessions_count(), store.episodes_count(), store.calls_count()
    assert before == (4, 4, 68)
    for path in (corpus / "copilot-cli").rglob("*.jsonl"):
        with Store.open(home, write=True) as store, path.open("rb") as file:
            store.add(copilot.READER.read(file, Counts(), str(path)))
    with Store.open(home, write=False) as store:
        assert (store.sessions_count(), store.episodes_count(), store.calls_count()) == before
