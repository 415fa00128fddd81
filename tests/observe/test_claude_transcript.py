"""Transcripts to records: small ones written here, and the real corpus where it is present."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agentjit.observe.harness.claude_spent import Spent, by_agents
from agentjit.observe.harness.claude_spent import spent as by_lines
from agentjit.observe.harness.claude_transcript import READER, read
from agentjit.observe.reader import Counts
from agentjit.trace import CallSeen, Ended, FinalSeen, PromptSeen, Seen, SessionSeen, TurnSeen, UsageSeen


def line(kind: str, second: int, content: object, **more: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content} | more.pop("message", {})
    base = {"type": kind, "sessionId": "s1", "cwd": "/w", "uuid": f"u{second}", "isSidechain": False}
    return base | {"timestamp": f"2026-01-01T00:00:{second:02d}.000Z", "message": message} | more


def user(second: int, content: object, **more: Any) -> dict[str, Any]:
    return line("user", second, content, **more)


def result(second: int, identity: str, text: str, detail: object = None, error: bool = False) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": identity, "content": text, "is_error": error}
    return user(second, [block], toolUseResult=detail)


def says(second: int, text: str, message: str = "m1", **usage: int) -> dict[str, Any]:
    return line("assistant", second, [{"type": "text", "text": text}], message={"id": message, "usage": usage})


def uses(second: int, identity: str, command: str = "ls", message: str = "m1", **usage: int) -> dict[str, Any]:
    block = {"type": "tool_use", "id": identity, "name": "Bash", "input": {"command": command}}
    return line("assistant", second, [block], message={"id": message, "usage": usage})


def records(*lines: dict[str, Any], counts: Counts | None = None) -> list[Seen]:
    return list(read([json.dumps(line) for line in lines], counts))


def calls(seen: list[Seen]) -> list[CallSeen]:
    return [record for record in seen if isinstance(record, CallSeen)]


def prompts(seen: list[Seen]) -> list[PromptSeen]:
    return [record for record in seen if isinstance(record, PromptSeen)]


def turns(seen: list[Seen]) -> list[tuple[str, str]]:
    return [(record.kind, record.detail) for record in seen if isinstance(record, TurnSeen)]


def usage(seen: list[Seen]) -> dict[str, tuple[int, int]]:
    """Episode -> requests, tokens."""
    return {record.episode: (record.requests, record.tokens) for record in seen if isinstance(record, UsageSeen)}


BASH = {"stdout": "a\nb", "stderr": "", "interrupted": False}


def test_an_episode() -> None:
    seen = records(
        user(0, "list it", promptId="p1"),
        uses(1, "t1", message="m1", input_tokens=10, output_tokens=1),
        result(3, "t1", "a\nb", BASH),
        says(4, "two files", message="m2", input_tokens=20, cache_read_input_tokens=5, output_tokens=7),
    )
    session, prompt, call, final, spent = seen
    assert isinstance(session, SessionSeen) and session.session == "s1" and session.cwd == "/w"
    assert isinstance(prompt, PromptSeen) and (prompt.episode, prompt.text, prompt.kind) == (
        "s1:p1",
        "list it",
        "typed",
    )
    assert isinstance(call, CallSeen)
    assert (call.episode, call.call.output, call.call.exit_code, call.call.cwd) == ("s1:p1", "a\nb", 0, "/w")
    assert call.call.seconds == 2.0 and call.call.at == prompt.at + 1
    assert (call.call.ended, call.call.batch, call.cwd_after) == (Ended.RETURNED, "m1", "/w")
    assert isinstance(final, FinalSeen) and final.text == "two files"
    assert spent == UsageSeen("s1", "s1:p1", requests=2, tokens=43, seconds=4.0)


def test_the_lines_of_one_message_count_once() -> None:
    seen = records(
        user(0, "go"),
        uses(1, "t1", message="m1", input_tokens=10, output_tokens=1),
        uses(2, "t2", message="m1", input_tokens=10, output_tokens=9),
    )
    assert list(usage(seen).values()) == [(1, 19)]
    assert [c.call.batch for c in calls(seen)] == ["m1", "m1"]


def test_a_message_that_is_written_again_counts_where_it_was_first() -> None:
    again = says(3, "kept", message="m1", input_tokens=10)
    seen = records(
        user(0, "one", promptId="p1"),
        says(1, "kept", message="m1", input_tokens=10),
        user(2, "two", promptId="p2"),
        again,
        says(4, "ok", message="m2", input_tokens=7),
    )
    assert usage(seen) == {"s1:p1": (1, 10), "s1:p2": (1, 7)}


def test_calls_and_results_in_any_order() -> None:
    counts = Counts()
    seen = records(
        user(0, "go"),
        result(1, "t2", "two", {"stdout": "two", "stderr": ""}),
        uses(2, "t1"),
        uses(3, "t2"),
        uses(4, "t3"),
        result(5, "t1", "Exit code 3\nbad", "Error: Exit code 3\nbad", error=True),
        result(6, "t1", "again"),
        counts=counts,
    )
    assert {c.call.id: (c.call.output, c.call.exit_code, c.call.ended) for c in calls(seen)} == {
        "t2": ("two", 0, Ended.RETURNED),
        "t1": ("bad", 3, Ended.RETURNED),
        "t3": ("", None, Ended.UNANSWERED),
    }
    assert counts.unanswered == 1


def test_two_objects_on_one_line_and_a_broken_one() -> None:
    counts = Counts()
    lines: list[bytes | str] = [
        json.dumps(user(0, "go")) + json.dumps(uses(1, "t1")),
        b"{not json",
        "",
        json.dumps(result(2, "t1", "x")),
    ]
    seen = list(read(lines, counts))
    assert [c.call.id for c in calls(seen)] == ["t1"]
    assert (counts.lines, counts.broken) == (3, 1)


def test_what_nobody_typed() -> None:
    seen = records(
        user(0, "Caveat: The messages below were generated", isMeta=True),
        user(1, "<command-name>/exit</command-name>\n<command-args>now</command-args>"),
        user(2, "<local-command-stdout>Bye!</local-command-stdout>"),
        user(3, "real"),
        user(4, [{"type": "text", "text": "[Request interrupted by user]"}]),
        user(5, "This session is being continued from a previous conversation", isCompactSummary=True),
        user(6, "Base directory for this skill: /x", isMeta=True),
        user(7, "Operation stopped by hook: no"),
        user(8, "Implement the following plan:", planContent="x"),
        user(9, "in a side chain", isSidechain=True),
    )
    assert [(p.kind, p.text) for p in prompts(seen)] == [
        ("typed", "real"),
        ("meta", "Implement the following plan:"),
    ]


def test_a_meta_line_of_a_prompt_does_not_open_another() -> None:
    seen = records(user(0, "/pr", promptId="p1"), user(1, "the text of /pr", isMeta=True, promptId="p1"), uses(2, "t1"))
    assert [(p.episode, p.kind) for p in prompts(seen)] == [("s1:p1", "command")]


def test_a_command_counts_if_the_agent_was_asked() -> None:
    """`/model` is between person and client, `/pr` a prompt in a file."""
    typed = "<command-message>x</command-message>\n<command-name>/{}</command-name>\n<command-args>a b</command-args>"
    seen = records(
        user(0, typed.format("model"), promptId="p1"),
        user(1, "<local-command-stdout>Set model</local-command-stdout>", promptId="p1"),
        says(2, "No response requested.") | {"message": {"model": "<synthetic>", "content": []}},
        user(3, typed.format("pr"), promptId="p2"),
        user(4, "You are to open a pull request", promptId="p2", isMeta=True),
        uses(5, "t1"),
        user(6, typed.format("exit"), promptId="p3"),
    )
    assert [(p.episode, p.kind, p.text) for p in prompts(seen)] == [("s1:p2", "command", "/pr a b")]
    assert [c.episode for c in calls(seen)] == ["s1:p2"]


def test_a_prompt_that_a_hook_answered_counts() -> None:
    seen = records(user(0, "is it up?", promptId="p1"), user(1, "Operation stopped by hook: yes", promptId="p1"))
    assert [(p.episode, p.text) for p in prompts(seen)] == [("s1:p1", "is it up?")]


def test_what_woke_the_agent() -> None:
    notice = "<task-notification>\n<task-id>b1</task-id>"
    seen = records(
        user(0, "<system-reminder>\nabout tools\n</system-reminder>", promptId="p1", isMeta=True, turnCompanion=True),
        user(1, notice, promptId="p1", turnOrigin="task_notification"),
        says(2, "it is done", message="m1"),
        user(3, "every hour: look", promptId="p2", turnOrigin="scheduled"),
        says(4, "looked", message="m2"),
        user(5, "go on", promptId="p3", turnOrigin="human"),
        says(6, "gone", message="m3"),
        user(7, "about tools", promptId="p4", isMeta=True, turnCompanion=True),
        user(8, "what the client asks by itself", promptId="p4", isMeta=True),
    )
    assert [(p.kind, p.text) for p in prompts(seen)] == [
        ("unprompted", notice),
        ("meta", "every hour: look"),
        ("typed", "go on"),
        ("meta", "what the client asks by itself"),
    ]


def test_what_an_editor_puts_beside_a_prompt_is_no_part_of_it() -> None:
    blocks = [{"type": "text", "text": "<ide_opened_file>The user opened /x</ide_opened_file>"}]
    (prompt,) = prompts(records(user(0, [*blocks, {"type": "text", "text": "fix it"}])))
    assert prompt.text == "fix it"
    (alone,) = prompts(records(user(0, blocks)))
    assert alone.text.startswith("<ide_opened_file>")


def test_what_is_said_before_a_call_is_not_the_closing_message() -> None:
    seen = records(user(0, "go"), says(1, "let me look"), uses(2, "t1"), user(3, "next"), says(4, "ok", message="m2"))
    finals = [(f.episode, f.text) for f in seen if isinstance(f, FinalSeen)]
    assert finals == [("s1:@u3", "ok")]


def test_an_error_of_the_service_is_neither_answer_nor_request() -> None:
    seen = records(user(0, "go"), says(1, "API Error: 529") | {"isApiErrorMessage": True})
    assert not any(isinstance(record, FinalSeen | UsageSeen) for record in seen)


REJECTED = "The user doesn't want to proceed with this tool use. The tool use was rejected"
BY_RULE = "Permission to use Bash with command ls has been denied."


@pytest.mark.parametrize(
    ("text", "more", "ended"),
    [  # as written by 2.1.329, but for the last four: by 2.0 to 2.1.47
        (BY_RULE, {"toolDenialKind": "permission-rule", "detail": "Error: " + BY_RULE}, Ended.DENIED),
        ("touch needs approval.", {"toolDenialKind": "user-rejected", "decision": "reject"}, Ended.DENIED),
        ("PreToolUse:Bash hook error: no", {"toolDenialKind": "permission-rule"}, Ended.DENIED),
        ("too risky", {"toolDenialKind": "automode-blocked"}, Ended.DENIED),
        (
            REJECTED,
            {"toolDenialKind": "user-rejected", "toolDenialBeforeRun": True, "detail": "User rejected tool use"},
            Ended.DENIED,
        ),
        (REJECTED, {"toolDenialKind": "user-rejected", "detail": "User rejected tool use"}, Ended.INTERRUPTED),
        ("It may have run in part or in full.", {"toolDenialKind": "interrupted"}, Ended.INTERRUPTED),
        ("The user said something else.", {"toolDenialKind": "cancelled"}, Ended.INTERRUPTED),
        ("Exit code 1\n" + BY_RULE, {"detail": "Error: Exit code 1\n" + BY_RULE}, Ended.RETURNED),
        (REJECTED, {"detail": "Error: " + REJECTED}, Ended.DENIED),
        (BY_RULE, {"detail": "Error: " + BY_RULE}, Ended.DENIED),
        (REJECTED, {"detail": "User rejected tool use"}, Ended.INTERRUPTED),
        ("<tool_use_error>Sibling tool call errored</tool_use_error>", {}, Ended.INTERRUPTED),
    ],
)
def test_refused_and_stopped(text: str, more: dict[str, Any], ended: Ended) -> None:
    detail, decision = more.pop("detail", None), more.pop("decision", None)
    more |= {"permissionDecision": {"decision": decision}} if decision else {}
    (seen,) = calls(records(user(0, "go"), uses(1, "t1"), result(2, "t1", text, detail, error=True) | more))
    assert (seen.call.ended, seen.call.ok) == (ended, False)
    assert seen.call.output in text


def test_a_command_that_was_stopped_while_it_ran() -> None:
    detail = {"stdout": "half", "stderr": "", "interrupted": True}
    (seen,) = calls(records(user(0, "go"), uses(1, "t1"), result(2, "t1", "half", detail)))
    assert (seen.call.ended, seen.call.ok, seen.call.output) == (Ended.INTERRUPTED, False, "half")


def test_an_error_without_the_advice_the_client_adds_for_the_model() -> None:
    shown = "no way\n\nThis tool's input schema was not in your prompt"
    (seen,) = calls(records(user(0, "go"), uses(1, "t1"), result(2, "t1", shown, "Error: no way", error=True)))
    assert seen.call.output == "no way"


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("1\tone\n2\ttwo\n3\t", "one\ntwo\n"),
        ("     1→one\n    10→\ttwo", "one\n\ttwo"),
        ("1\tone\nnot numbered", "1\tone\nnot numbered"),
        ("", ""),
    ],
)
def test_a_file_read_by_a_sub_agent_comes_with_numbers(shown: str, output: str) -> None:
    use = line("assistant", 1, [{"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": "/x"}}])
    (seen,) = calls(records(use, result(2, "t1", shown)))
    assert (seen.call.output, seen.call.exit_code) == (output, None)


def test_the_directory_a_call_left_behind() -> None:
    seen = records(user(0, "go"), uses(1, "t1", "cd sub"), result(2, "t1", "", BASH) | {"cwd": "/w/sub"})
    assert [(c.call.cwd, c.cwd_after) for c in calls(seen)] == [("/w", "/w/sub")]


# --- the life of a session


def boundary(second: int, trigger: str = "auto") -> dict[str, Any]:
    about = {"subtype": "compact_boundary", "compactMetadata": {"trigger": trigger}}
    return line("system", second, "") | about


def test_a_compaction_in_the_middle_of_an_episode() -> None:
    summary = "This session is being continued from a previous conversation"
    seen = records(
        user(0, "go", promptId="p1"),
        uses(1, "t1"),
        result(2, "t1", "x", BASH),
        boundary(3),
        user(4, summary, promptId="p1", isCompactSummary=True),
        uses(5, "t2", message="m2"),
        result(6, "t2", "y", BASH),
    )
    assert turns(seen) == [("compact", "auto")]
    assert [c.episode for c in calls(seen)] == ["s1:p1", "s1:p1"]
    assert len(prompts(seen)) == 1


def test_a_compaction_asked_for() -> None:
    command = "<command-name>/compact</command-name>\n<command-args></command-args>"
    seen = records(
        user(0, "go", promptId="p1"),
        says(1, "ok"),
        boundary(2, "manual"),
        user(3, "the summary", promptId="p2", isCompactSummary=True),
        user(4, command, promptId="p2"),
        user(5, "next", promptId="p3"),
        says(6, "yes", message="m2"),
    )
    assert turns(seen) == [("compact", "manual")]
    assert [p.text for p in prompts(seen)] == ["go", "next"]


def test_a_cleared_session() -> None:
    seen = records(user(0, "<command-name>/clear</command-name>"), user(5, "go"), says(6, "ok"))
    session, turn = seen[:2]
    assert isinstance(session, SessionSeen) and session.source == "clear"
    assert turn == TurnSeen("s1", session.at, "clear")
    assert [p.text for p in prompts(seen)] == ["go"]


def asked(second: int, text: str, prompt: str, **more: Any) -> dict[str, Any]:
    return user(second, text, promptId=prompt, uuid=f"u-{text}", **more)


def parent() -> list[dict[str, Any]]:
    """A session of two prompts, the second answered by a hook."""
    return [
        asked(0, "one", "p1"),
        uses(1, "t1", message="m1", input_tokens=10),
        result(2, "t1", "x", BASH) | {"promptId": "p1"},
        says(3, "done", message="m2", input_tokens=20),
        asked(4, "two", "p2"),
        user(5, "Operation stopped by hook: 2", promptId="p2"),
    ]


def own_part() -> list[dict[str, Any]]:
    return [
        asked(30, "three", "q1"),
        uses(31, "t2", message="m3", input_tokens=5),
        result(32, "t2", "y", BASH),
        says(33, "done too", message="m4", input_tokens=6),
        asked(34, "four", "q2"),
        says(35, "and that", message="m5", input_tokens=7),
    ]


def by_flag() -> list[dict[str, Any]]:
    """What `--fork-session` writes: copies of the assistant are marked, others get the new prompt's id."""
    queued = {"type": "queue-operation", "sessionId": "s2", "timestamp": "2026-01-01T00:00:29.000Z"}
    copies = [
        one | ({"requestSessionId": "s1"} if one["type"] == "assistant" else {"promptId": "q1"}) for one in parent()
    ]
    return [queued, *(one | {"sessionId": "s2"} for one in copies + own_part())]


def by_command() -> list[dict[str, Any]]:
    """What `/branch` writes: every copy is marked."""
    command = {"type": "system", "subtype": "local_command", "timestamp": "2026-01-01T00:00:29.000Z"}
    copies = [one | {"forkedFrom": {"sessionId": "s1", "messageUuid": one["uuid"]}} for one in parent()]
    return [one | {"sessionId": "s2"} for one in [*copies, command, *own_part()]]


@pytest.mark.parametrize("lines", [by_flag(), by_command()], ids=["--fork-session", "/branch"])
def test_a_fork_is_its_own_part_only(lines: list[dict[str, Any]]) -> None:
    seen = records(*lines)
    session, turn = seen[:2]
    assert isinstance(session, SessionSeen) and isinstance(turn, TurnSeen)
    assert (session.session, session.source, session.parent) == ("s2", "fork", "s1")
    made_at = datetime.fromisoformat("2026-01-01T00:00:29Z").timestamp()
    assert (turn.kind, turn.at, session.at) == ("fork", made_at, made_at)
    assert [(p.episode, p.text) for p in prompts(seen)] == [("s2:q1", "three"), ("s2:q2", "four")]
    assert [(c.call.id, c.episode) for c in calls(seen)] == [("t2", "s2:q1")]
    assert [f.text for f in seen if isinstance(f, FinalSeen)] == ["done too", "and that"]
    assert usage(seen) == {"s2:q1": (2, 11), "s2:q2": (1, 7)}


@pytest.mark.parametrize("lines", [by_flag(), by_command()], ids=["--fork-session", "/branch"])
def test_a_fork_of_a_fork(lines: list[dict[str, Any]]) -> None:
    if lines == by_flag():
        copies = [one | {"promptId": "r1"} if one["type"] == "user" else one for one in lines[1:]]
        copies = [{"requestSessionId": "s2"} | one if one["type"] == "assistant" else one for one in copies]
    else:
        copies = [one | {"forkedFrom": {"sessionId": "s2", "messageUuid": "x"}} for one in lines]
    own = [asked(40, "five", "r1"), says(41, "5", message="m9", input_tokens=3)]
    seen = records(*(one | {"sessionId": "s3"} for one in copies + own))
    (session,) = [record for record in seen if isinstance(record, SessionSeen)]
    assert (session.session, session.parent) == ("s3", "s2")
    assert [p.text for p in prompts(seen)] == ["five"]
    assert usage(seen) == {"s3:r1": (1, 3)}


def test_a_fork_in_which_a_hook_answered_the_only_prompt() -> None:
    copies = by_flag()[: len(parent()) + 1]
    seen = records(*copies, asked(30, "three", "q1", sessionId="s2"))
    assert [(p.episode, p.text) for p in prompts(seen)] == [("s2:q1", "three")]
    assert not calls(seen) and not usage(seen)


# --- sub-agents


def agent_file() -> list[dict[str, Any]]:
    side = [
        user(0, "look", promptId="p1"),
        uses(1, "t9", message="a1", input_tokens=100),
        uses(1, "t8", message="a1", input_tokens=100),
        result(2, "t9", "x"),
        result(2, "t8", "y"),
        says(3, "found", message="a2", input_tokens=200),
    ]
    return [one | {"isSidechain": True, "agentId": "a2"} for one in side]


def test_what_sub_agents_spent_belongs_to_the_episode(tmp_path: Path) -> None:
    main = tmp_path / "s1.jsonl"
    lines = [
        user(0, "go", promptId="p1"),
        says(4, "ok", message="m1", input_tokens=1),
        user(5, "more", promptId="p2"),
        says(6, "ok", message="m2", input_tokens=2),
    ]
    main.write_text("".join(json.dumps(one) + "\n" for one in lines))
    folder = tmp_path / "s1" / "subagents"
    folder.mkdir(parents=True)
    (folder / "agent-a2.jsonl").write_text("".join(json.dumps(one) + "\n" for one in agent_file()))
    (folder / "agent-a2.meta.json").write_text("{}")
    (folder / "agent-zz.jsonl").symlink_to(main)
    assert [(one.prompt, one.request, one.tokens) for one in by_agents(str(folder))] == [
        ("p1", "a1", 100),
        ("p1", "a2", 200),
    ]
    with main.open("rb") as file:
        seen = list(READER.read(file, Counts(), str(main)))
    assert usage(seen) == {"s1:p1": (3, 301), "s1:p2": (1, 2)}
    with (folder / "agent-a2.jsonl").open("rb") as file:
        seen = list(READER.read(file, Counts(), str(folder / "agent-a2.jsonl")))
    assert not usage(seen)
    assert [(c.call.id, c.episode, c.call.agent, c.call.batch) for c in calls(seen)] == [
        ("t9", "s1:p1", "a2", "a1"),
        ("t8", "s1:p1", "a2", "a1"),
    ]
    assert by_agents(str(tmp_path / "none")) == []


def test_sub_agents_that_name_no_prompt_are_the_episodes_in_which_they_worked() -> None:
    lines = [json.dumps(one) for one in (user(10, "go"), says(11, "a"), user(20, "more"), says(21, "b", message="m2"))]
    start = next(record.at for record in read(lines) if isinstance(record, PromptSeen))
    spent = [Spent("", start + 5, "a1", 10), Spent("", start + 15, "a2", 20), Spent("", start - 5, "a3", 40)]
    assert usage(list(read(lines, agents=spent))) == {"s1:@u10": (2, 10), "s1:@u20": (2, 20)}


def test_a_sub_agent_that_is_a_fork_begins_with_its_parents_call() -> None:
    begin = {"type": "fork-context-ref", "agentId": "a2", "parentSessionId": "s1"}
    call = line("assistant", 1, [{"type": "tool_use", "id": "t1", "name": "Agent", "input": {"prompt": "look"}}])
    told = result(2, "t1", "Fork started — that fork is you.") | {"promptId": "p1"}
    seen = records(begin, *(one | {"isSidechain": True, "agentId": "a2"} for one in (call, told, *agent_file()[1:])))
    assert [(c.call.id, c.episode) for c in calls(seen)] == [("t9", "s1:p1"), ("t8", "s1:p1")]


def test_sub_agents_in_progress_lines_and_in_files_of_their_own() -> None:
    inner = [uses(2, "t8", message="a1", input_tokens=5), result(3, "t8", "x")]
    progress = [
        line("progress", 4, "") | {"data": {"type": "agent_progress", "agentId": "a1", "message": one}} for one in inner
    ]
    seen = records(user(0, "go", promptId="p1"), *progress)
    assert [(c.call.id, c.call.agent, c.episode) for c in calls(seen)] == [("t8", "a1", "s1:p1")]
    assert usage(seen) == {"s1:p1": (1, 5)}
    side = [user(0, "look around", promptId="p1"), uses(1, "t9"), result(2, "t9", "x")]
    seen = records(*(one | {"isSidechain": True, "agentId": "a2"} for one in side))
    assert [(c.call.id, c.call.agent, c.episode) for c in calls(seen)] == [("t9", "a2", "s1:p1")]
    assert not prompts(seen) and not any(isinstance(record, UsageSeen) for record in seen)


JUNK: tuple[Any, ...] = (None, True, -1, 10**400, float("nan"), "", "\ud800", [], {}, [[]], ["x"], {"type": {}}, [{}])


def spoilt(value: Any, random: Random) -> Any:
    """`value` with one thing in it, or itself, replaced by what is not expected there."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(sorted(value))
        return {**value, key: spoilt(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.8:
        place = random.randrange(len(value))
        return [*value[:place], spoilt(value[place], random), *value[place + 1 :]]
    return random.choice(JUNK)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_transcript_holds_it_is_read_to_its_end(seed: int) -> None:
    random = Random(seed)
    agent = {"data": {"type": "agent_progress", "agentId": "a1", "message": uses(2, "t8")}}
    whole = [*by_flag(), *by_command(), boundary(40), *agent_file(), line("progress", 41, "") | agent]
    refused = {"permissionDecision": {"decision": "reject"}, "toolDenialKind": "x", "toolDenialBeforeRun": False}
    whole += [result(42, "t1", "no", "Error: no", error=True) | refused]
    whole += [user(43, "x", promptSource="typed", turnOrigin="human", origin={"kind": "human"}), says(44, "x")]
    last = user(50, "the last prompt", promptId="last", sessionId="s9")
    for _ in range(300):
        lines = [spoilt(one, random) if random.random() < 0.3 else one for one in whole]
        found = list(read([*(json.dumps(one) for one in lines), json.dumps(last)]))
        assert prompts(found)[-1].text == "the last prompt"
        assert isinstance(by_lines([json.dumps(one) for one in lines]), list)


def test_the_corpus_has_the_calls_its_index_says(corpus: Path) -> None:
    index = {entry["file"]: entry for entry in json.loads((corpus / "index.json").read_text())}
    ids: set[str] = set()
    unanswered = broken = 0
    kinds: Counter[str] = Counter()
    ended: Counter[Ended] = Counter()
    unknown: Counter[str] = Counter()
    for path in sorted((corpus / "claude-code").glob("*/*.jsonl")):
        counts = Counts()
        with path.open("rb") as file:
            seen = list(read(file, counts))
        answered = [c.call.id for c in calls(seen)]
        assert len(answered) == index[str(path.relative_to(corpus))]["calls"]
        assert len(answered) == len(set(answered))
        kinds.update(p.kind for p in prompts(seen))
        ended.update(c.call.ended for c in calls(seen))
        unknown.update(counts.unknown)
        ids.update(answered)
        unanswered += counts.unanswered
        broken += counts.broken
    assert (len(ids), unanswered, broken) == (1523, 2, 0)
    assert kinds["typed"] > 100 and kinds["command"] and kinds["meta"]
    # Refused in the dialog 14 times, by a rule twice; a "Sibling tool call errored" 7 times, Esc once.
    assert (ended[Ended.DENIED], ended[Ended.INTERRUPTED], ended[Ended.UNANSWERED]) == (16, 8, 2)
    assert not unknown
