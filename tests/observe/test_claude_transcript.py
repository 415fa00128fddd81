"""Transcripts to records: small ones written here, and the real corpus where it is present."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from agentjit.observe.claude_transcript import read
from agentjit.observe.reader import Counts
from agentjit.trace import CallSeen, FinalSeen, PromptSeen, Seen, SessionSeen, UsageSeen


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


BASH = {"stdout": "a\nb", "stderr": "", "interrupted": False}


def test_an_episode() -> None:
    seen = records(
        user(0, "list it", promptId="p1"),
        uses(1, "t1", message="m1", input_tokens=10, output_tokens=1),
        result(3, "t1", "a\nb", BASH),
        says(4, "two files", message="m2", input_tokens=20, cache_read_input_tokens=5, output_tokens=7),
    )
    session, prompt, call, final, usage = seen
    assert isinstance(session, SessionSeen) and session.session == "s1" and session.cwd == "/w"
    assert isinstance(prompt, PromptSeen) and (prompt.episode, prompt.text, prompt.kind) == (
        "s1:p1",
        "list it",
        "typed",
    )
    assert isinstance(call, CallSeen)
    assert (call.episode, call.call.output, call.call.exit_code, call.call.cwd) == ("s1:p1", "a\nb", 0, "/w")
    assert call.call.seconds == 2.0 and call.call.at == prompt.at + 1
    assert isinstance(final, FinalSeen) and final.text == "two files"
    assert usage == UsageSeen("s1", "s1:p1", requests=2, tokens=43, seconds=4.0)


def test_the_lines_of_one_message_count_once() -> None:
    seen = records(
        user(0, "go"),
        uses(1, "t1", message="m1", input_tokens=10, output_tokens=1),
        uses(2, "t2", message="m1", input_tokens=10, output_tokens=9),
    )
    usage = seen[-1]
    assert isinstance(usage, UsageSeen) and (usage.requests, usage.tokens) == (1, 19)


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
    assert {c.call.id: (c.call.output, c.call.exit_code) for c in calls(seen)} == {"t2": ("two", 0), "t1": ("bad", 3)}
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
        ("command", "/exit now"),
        ("typed", "real"),
        ("meta", "Implement the following plan:"),
    ]


def test_a_meta_line_of_a_prompt_does_not_open_another() -> None:
    seen = records(user(0, "/pr", promptId="p1"), user(1, "the text of /pr", isMeta=True, promptId="p1"), uses(2, "t1"))
    assert [(p.episode, p.kind) for p in prompts(seen)] == [("s1:p1", "command")]


def test_what_is_said_before_a_call_is_not_the_closing_message() -> None:
    seen = records(user(0, "go"), says(1, "let me look"), uses(2, "t1"), user(3, "next"), says(4, "ok", message="m2"))
    finals = [(f.episode, f.text) for f in seen if isinstance(f, FinalSeen)]
    assert finals == [("s1:@u3", "ok")]


def test_an_error_of_the_service_is_neither_answer_nor_request() -> None:
    seen = records(user(0, "go"), says(1, "API Error: 529") | {"isApiErrorMessage": True})
    assert not any(isinstance(record, FinalSeen | UsageSeen) for record in seen)


def test_sub_agents_in_progress_lines_and_in_files_of_their_own() -> None:
    inner = [uses(2, "t8"), result(3, "t8", "x")]
    progress = [
        line("progress", 4, "") | {"data": {"type": "agent_progress", "agentId": "a1", "message": one}} for one in inner
    ]
    seen = records(user(0, "go", promptId="p1"), *progress)
    assert [(c.call.id, c.call.agent, c.episode) for c in calls(seen)] == [("t8", "a1", "s1:p1")]
    side = [user(0, "look around", promptId="p1"), uses(1, "t9"), result(2, "t9", "x")]
    seen = records(*(one | {"isSidechain": True, "agentId": "a2"} for one in side))
    assert [(c.call.id, c.call.agent, c.episode) for c in calls(seen)] == [("t9", "a2", "s1:p1")]
    assert not prompts(seen) and not any(isinstance(record, UsageSeen) for record in seen)


def test_the_corpus_has_the_calls_its_index_says(corpus: Path) -> None:
    index = {entry["file"]: entry for entry in json.loads((corpus / "index.json").read_text())}
    ids: set[str] = set()
    unanswered = broken = 0
    kinds: Counter[str] = Counter()
    for path in sorted((corpus / "claude-code").glob("*/*.jsonl")):
        counts = Counts()
        with path.open("rb") as file:
            seen = list(read(file, counts))
        answered = [c.call.id for c in calls(seen)]
        assert len(answered) + counts.unanswered == index[str(path.relative_to(corpus))]["calls"]
        assert len(answered) == len(set(answered))
        kinds.update(p.kind for p in prompts(seen))
        ids.update(answered)
        unanswered += counts.unanswered
        broken += counts.broken
    assert (len(ids), unanswered, broken) == (1521, 2, 0)
    assert kinds["typed"] > 100 and kinds["command"] and kinds["meta"]
