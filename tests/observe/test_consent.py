"""What may be recorded: folders, opt-out files, sessions that move in and out, and what was forgotten."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentjit.config import BadConfig
from agentjit.home import Home
from agentjit.observe.consent import Consent, consent_of, digest, span_name
from agentjit.observe.places import OFF, Places
from agentjit.trace import (
    CallSeen,
    DecisionSeen,
    FinalSeen,
    PromptSeen,
    Seen,
    SessionSeen,
    ToolCall,
    TurnSeen,
    UsageSeen,
)

KEY = b"key"


def nowhere(folder: str) -> bool:
    return False


def places(*never: str, off: str = "/no", user: str = "/home/ann") -> Places:
    return Places(never, lambda folder: folder == off, real=lambda path: path, user=user)


def consent(*never: str, marks: Mapping[str, float] | None = None, explicit: bool = False) -> Consent:
    return Consent(
        never, nowhere, key=KEY, marks=marks, explicit=explicit, user="/home/ann", real=lambda path: path.rstrip("/")
    )


def call(name: str, at: float, cwd: str = "/w", episode: str = "s:p", after: str = "", **given: Any) -> CallSeen:
    made = ToolCall(name, "Bash", given or {"command": "ls"}, "out", True, 0, at, cwd=cwd)
    return CallSeen("s", episode, made, after)


def kept(consent: Consent, *records: Seen) -> list[str]:
    """What stays, in short: call ids, and the kinds of everything else."""
    found = consent.records(records)
    return [record.call.id if isinstance(record, CallSeen) else type(record).__name__ for record in found]


# --- folders


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("/a/b", "/a/b", True),
        ("/a/b", "/a/b/c/d", True),
        ("/a/b", "/a/bc", False),
        ("/a/b", "/a", False),
        ("/a/b", "/a/x/../b/c", True),
        ("/a/b", "//a//b", True),
        ("/w/client-*", "/w/client-x/deep/er", True),
        ("/w/client-*", "/w/other/client-x", False),
        ("/w/*/secret", "/w/a/secret/x", True),
        ("/w/*/secret", "/w/a/b/secret", False),
        ("/w/**/secret", "/w/a/b/secret/x", True),
        ("/w/**/secret", "/w/secret", True),
        ("/w/**/secret", "/v/secret", False),
        ("/w/**", "/w", True),
        ("/w/[ab]?", "/w/b1", True),
        ("/w/[ab]?", "/w/c1", False),
        ("/w/.env*", "/w/.env.local", True),
        ("/", "/anything", True),
    ],
)
def test_patterns(pattern: str, path: str, excluded: bool) -> None:
    assert bool(places(pattern).reason(path)) is excluded
    if excluded:
        assert pattern in places(pattern).reason(path)


def test_many_stars_cost_little() -> None:
    pattern = "/" + "/".join(["**", "*a*a*a*b"] * 30)
    began = time.perf_counter()
    assert places(pattern).reason("/" + "/".join(["a" * 30] * 130)) == ""
    assert time.perf_counter() - began < 5


def test_odd_paths_are_answered() -> None:
    here = Places(["/a"], nowhere)
    assert here.reason("/a/" + "x/" * 100_000) != ""
    assert here.reason("/a/\0/b") != "" and here.reason("/b\0/a") == ""
    assert here.reason("/a/\ud800") != ""
    assert here.reason("") == here.reason("a/b") == ""


def test_the_opt_out_file_counts_for_all_below(tmp_path: Path) -> None:
    (tmp_path / "repo/src/deep").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "repo" / OFF).touch()
    here = Places([])
    assert here.reason(str(tmp_path / "repo")) == str(tmp_path / "repo" / OFF)
    assert here.reason(str(tmp_path / "repo/src/deep"))
    assert here.reason(str(tmp_path / "repo/gone/long/ago")), "the nearest folder that exists decides"
    assert here.reason(str(tmp_path / "repo/file.txt"))
    assert not here.reason(str(tmp_path / "other")) and not here.reason(str(tmp_path))


def test_links_lead_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "private/x").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "private")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert Places([str(tmp_path / "private")]).reason(str(tmp_path / "link/x"))
    assert Places([str(tmp_path / "link")]).reason(str(tmp_path / "private/x"))
    assert Places([str(tmp_path / "li*")]).reason(str(tmp_path / "link/x"))
    assert Places([str(tmp_path / "link/*")]).reason(str(tmp_path / "private/x"))
    assert not Places([str(tmp_path / "private")]).reason(str(tmp_path / "loop"))
    (tmp_path / "private" / OFF).touch()
    assert Places([]).reason(str(tmp_path / "link/x/y"))


@pytest.mark.parametrize(
    ("given", "excluded"),
    [
        ({"file_path": "/secret/x"}, True),
        ({"notebook_path": "/secret/x.ipynb"}, True),
        ({"path": "../secret"}, True),
        ({"path": "secret"}, False),
        ({"file_path": 3, "path": None}, False),
        ({"command": "cat /secret/x"}, True),
        ({"command": "cd /secret && ls"}, True),
        ({"command": "cd .. ; cd secret; ls"}, True),
        ({"command": "cat ../secret/x"}, True),
        ({"command": "git -C ../secret log"}, True),
        ({"command": "tool --out=/secret/x"}, True),
        ({"command": "echo hi>/secret/x"}, True),
        ({"command": "cat '/my secret/x'"}, True),
        ({"command": "cat /my\\ secret/x"}, True),
        ({"command": "cat ~/vault/x $HOME/y"}, True),
        ({"command": 'cat "${HOME}/vault/x"'}, True),
        ({"command": ["bash", "-lc", "cat /secret/x"]}, True),
        ({"command": "cat /secrets/x ./secret https://h/secret/x", "description": "/secret"}, False),
        ({"command": "cat 'open /elsewhere"}, False),
        ({"command": "x" * 100_000}, False),
        ({}, False),
    ],
)
def test_what_a_call_names(given: dict[str, Any], excluded: bool) -> None:
    assert bool(places("/secret", "/my secret", "/home/ann/vault").named(given, "/w")) is excluded


# --- sessions, as records


def test_only_what_happened_inside_is_dropped() -> None:
    records = (
        SessionSeen("s", "h", 1.0, "/w"),
        PromptSeen("s", "s:p", 2.0, "one", cwd="/w"),
        call("a", 3.0),
        call("b", 4.0, "/x/deep"),
        call("c", 5.0),
        FinalSeen("s", "s:p", 6.0, "may quote b"),
        UsageSeen("s", "s:p", 1, 2),
        PromptSeen("s", "s:q", 7.0, "two", cwd="/w"),
        call("d", 8.0, episode="s:q"),
        FinalSeen("s", "s:q", 9.0, "quotes nothing"),
        PromptSeen("s", "s:r", 10.0, "three", cwd="/x"),
        call("e", 11.0, "/x", episode="s:r"),
        FinalSeen("s", "s:r", 12.0, "inside"),
        UsageSeen("s", "s:r", 1, 2),
        DecisionSeen("d1", 10.0, "s", "s:r", "prompt", "pass", "none"),
        DecisionSeen("d2", 7.0, "s", "s:q", "prompt", "pass", "none"),
        TurnSeen("s", 13.0, "end"),
        SessionSeen("t", "h", 1.0, "/x"),
    )
    found = kept(consent("/x"), *records)
    assert found == [
        *("SessionSeen", "PromptSeen", "a", "c", "PromptSeen", "d"),
        *("UsageSeen", "FinalSeen", "DecisionSeen"),
    ]


def test_hooks_tell_only_where_a_call_ended() -> None:
    """`cwd_after` of one call is where the next one begins."""
    records = (
        PromptSeen("s", "s:p", 1.0, "go", cwd="/w"),
        call("into", 2.0, "", after="/x"),
        call("out", 3.0, "", after="/w"),
        call("free", 4.0, "", after="/w"),
        call("names", 5.0, "", after="/w", command="cat /x/y"),
        call("next", 6.0, "", after="/w"),
    )
    assert kept(consent("/x"), *records) == ["PromptSeen", "free", "next"]


def test_a_sub_agent_is_where_it_is() -> None:
    def agent(name: str, after: str) -> CallSeen:
        return CallSeen("s", "s:p", ToolCall(name, "Bash", {}, "", True, 0, 2.0, agent="a1"), after)

    prompt = PromptSeen("s", "s:p", 1.0, "go", cwd="/w")
    records = (prompt, agent("a", "/x"), call("main", 3.0, "", after="/w"), agent("b", "/w"), agent("c", "/w"))
    assert kept(consent("/x"), *records) == ["PromptSeen", "main", "c"]


def test_a_closing_message_in_a_later_batch_is_dropped_too() -> None:
    one = consent("/x")
    assert kept(one, PromptSeen("s", "s:p", 1.0, "go", cwd="/w"), call("a", 2.0, "/x")) == ["PromptSeen"]
    assert kept(one, FinalSeen("s", "s:p", 3.0, "text")) == []
    # and by another process, that has the marks only
    marks = {mark: at for mark, _, at in one.learned()}
    assert kept(consent("/x", marks=marks), FinalSeen("s", "s:p", 3.0, "text")) == []
    assert kept(consent("/x"), FinalSeen("s", "s:p", 3.0, "text")) == ["FinalSeen"], "without it nobody knows"
    assert one.quoting() == ({"s:p"}, set())


def test_a_call_whose_episode_is_not_told_is_its_last_prompts() -> None:
    records = (
        PromptSeen("s", "s:@1", 1.0, "one", cwd="/w"),
        PromptSeen("s", "s:@2", 5.0, "two", cwd="/w"),
        call("a", 2.0, "/x", episode=""),
        FinalSeen("s", "", 3.0, "quotes"),
        FinalSeen("s", "", 6.0, "does not"),
    )
    found = list(consent("/x").records(records))
    assert [record.text for record in found if isinstance(record, FinalSeen)] == ["does not"]


def test_where_a_session_is_that_was_inside_is_in_doubt_in_a_new_process() -> None:
    one = consent("/x")
    assert kept(one, PromptSeen("s", "s:p", 1.0, "go", cwd="/x")) == []
    marks = {mark: at for mark, _, at in one.learned()}
    assert kept(consent("/x", marks=marks), call("a", 2.0, "", after="/w"), call("b", 3.0, "", after="/w")) == ["b"]
    assert kept(consent("/x"), call("a", 2.0, "", after="/w")) == ["a"]


def test_a_transcript_of_an_excluded_folder_does_not_name_it() -> None:
    assert kept(consent("/x"), SessionSeen("s", "h", 1.0, "/w", transcript="/x/t.jsonl")) == []


# --- hook payloads


def payload(event: str = "PostToolUse", cwd: str = "/w", prompt: str = "p", **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"session_id": "s", "cwd": cwd, "hook_event_name": event, "prompt_id": prompt}
    if event.startswith("PostToolUse"):
        base["tool_input"] = {"command": "ls"}
    return {**base, **more}


def test_events_inside_and_outside() -> None:
    here = consent("/x")
    assert here.event(payload("SessionStart")) == ""
    assert here.event(payload("UserPromptSubmit", prompt="p1")) == ""
    assert here.event(payload(prompt="p1")) == ""
    assert here.event(payload(prompt="p1", cwd="/x/y")) == "never = '/x' in config.toml"
    assert here.event(payload(prompt="p1")) != "", "it began inside"
    assert here.event(payload(prompt="p1")) == ""
    assert here.event(payload("PostToolUseFailure", prompt="p1", tool_input={"file_path": "/x/f"})) != ""
    assert here.event(payload("Stop", prompt="p1", last_assistant_message="quotes")) != ""
    assert here.event(payload("UserPromptSubmit", prompt="p2")) == ""
    assert here.event(payload("Stop", prompt="p2")) == ""
    assert here.event(payload("UserPromptSubmit", prompt="p3", cwd="/x")) != ""
    assert here.event({"aj": "decision", "session": "s", "episode": "s:p3"}) != ""
    assert here.event({"aj": "decision", "session": "s", "episode": "s:p2"}) == ""


def test_an_old_client_names_no_prompt() -> None:
    here = consent("/x")
    here.event(payload("UserPromptSubmit", prompt=""))
    here.event(payload(prompt="", cwd="/x"))
    assert here.event(payload("Stop", prompt="")) != ""
    assert here.event(payload("UserPromptSubmit", prompt="")) == ""
    assert here.event(payload("Stop", prompt="")) == ""


@pytest.mark.parametrize(
    "odd",
    [{}, {"cwd": 3, "tool_input": [], "session_id": None}, {"tool_input": {"command": {"a": 1}}, "cwd": "\0"}],
)
def test_odd_payloads_are_for_others_to_judge(odd: dict[str, Any]) -> None:
    assert consent("/x").event(odd) == ""


# --- what was forgotten


def marked(*names: tuple[str, str], at: float = 100.0) -> dict[str, float]:
    return {digest(KEY, kind, name): at for kind, name in names}


def test_forgotten_ids_do_not_come_back() -> None:
    records = (
        SessionSeen("s", "h", 1.0, "/w"),
        PromptSeen("s", "s:p", 2.0, "one", cwd="/w"),
        call("a", 3.0),
        call("b", 3.5, episode="s:q"),
        FinalSeen("s", "s:p", 6.0, "x"),
        UsageSeen("s", "s:p", 1, 2),
        DecisionSeen("d", 2.0, "s", "s:p", "prompt", "pass", "none"),
        TurnSeen("s", 9.0, "end"),
    )
    assert kept(consent(marks=marked(("session", "s"))), *records) == []
    assert kept(consent(marks=marked(("episode", "s:p"))), *records) == ["SessionSeen", "b", "TurnSeen"]
    assert "a" not in kept(consent(marks=marked(("call", "a"))), *records)
    assert "FinalSeen" not in kept(consent(marks=marked(("touched", "s:p"))), *records)
    assert "DecisionSeen" not in kept(consent(marks=marked(("decision", "d"))), *records)
    assert kept(Consent([], nowhere, key=b"other", marks=marked(("session", "s"))), *records) == kept(
        consent(), *records
    )


def test_a_folder_is_forgotten_up_to_a_time() -> None:
    marks = marked(("place", "/w"), at=10.0)
    records = (
        SessionSeen("s", "h", 1.0, "/w/sub"),
        PromptSeen("s", "s:p", 2.0, "one", cwd="/w"),
        call("a", 3.0, "/w/sub"),
        UsageSeen("s", "s:p", 1, 2),
        PromptSeen("s", "s:q", 11.0, "two", cwd="/w"),
        call("b", 12.0, "/w/sub", episode="s:q"),
        UsageSeen("s", "s:q", 1, 2),
    )
    assert kept(consent(marks=marks), *records) == ["PromptSeen", "b", "UsageSeen"]


def test_after_everything_was_forgotten_only_an_explicit_import_brings_it_back() -> None:
    marks = marked(("all", ""), at=10.0)
    old, new = PromptSeen("s", "s:p", 2.0, "one"), PromptSeen("s", "s:q", 11.0, "two")
    assert kept(consent(marks=marks), old, UsageSeen("s", "s:p", 1, 2), new) == ["PromptSeen"]
    assert kept(consent(marks=marks, explicit=True), old, new) == ["PromptSeen", "PromptSeen"]


def test_a_prompt_comes_back_under_another_made_up_id() -> None:
    names = (("span", span_name("s", 1000.0)), ("episode", "s:@1000000000"))
    marks = marked(*names)
    assert kept(consent(marks=marks), PromptSeen("s", "s:@uuid", 1000.4, "one")) == []
    assert kept(consent(marks=marks), PromptSeen("s", "s:@uuid", 970.5, "one")) == []
    assert kept(consent(marks=marks), PromptSeen("s", "s:@uuid", 1100.0, "one")) == ["PromptSeen"]
    assert kept(consent(marks=marks), PromptSeen("s", "s:real", 1000.4, "one")) == ["PromptSeen"]
    assert kept(consent(marks=marked(("span@", span_name("s", 1000.0)))), PromptSeen("s", "s:real", 1001.0, "1")) == []


def test_renewed_marks_count_at_once() -> None:
    here = consent()
    prompt = PromptSeen("s", "s:p", 2.0, "one", cwd="/w")
    assert kept(here, prompt) == ["PromptSeen"]
    here.renew(marked(("place", "/w")))
    assert kept(here, prompt) == []
    here.renew({})
    assert kept(here, prompt) == ["PromptSeen"]


def test_the_consent_of_a_home(home: Home, tmp_path: Path) -> None:
    Path(home.config).write_text('[observe]\nnever = ["~/private"]\n')
    here = consent_of(home, {"HOME": str(tmp_path)})
    assert here.directory(str(tmp_path / "private/x"))
    assert not here.directory(str(tmp_path / "public"))
    Path(home.config).write_text("never")
    with pytest.raises(BadConfig):
        consent_of(home, {"HOME": str(tmp_path)})


@pytest.mark.parametrize("text", ["x", '"', "'", '" ', "\\", "/", "a=", '"/ ', "cd ", "~"])
def test_a_long_line_comes_to_an_end(text: str) -> None:
    """Two million times: were the work to grow with the square, the suite's own time limit would end it."""
    places = Places([], lambda folder: False, real=str, user="/h")
    assert places.named({"command": text * 2_000_000}, "/w") == ""
