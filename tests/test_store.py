"""The store: natural keys, gaps filled and nothing erased, locks, broken files."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from agentjit.errors import StoreBroken, StoreBusy
from agentjit.home import Home
from agentjit.store import Saved, SkillRuns, Store
from agentjit.store_schema import MIGRATIONS
from agentjit.trace import (
    CallSeen,
    DecisionSeen,
    Episode,
    FinalSeen,
    PromptSeen,
    Seen,
    SessionSeen,
    StepDone,
    ToolCall,
    UsageSeen,
)


def add(home: Home, *records: Seen) -> None:
    with Store.open(home, write=True) as store:
        store.add(records)


def episodes(home: Home, since: float | None = None) -> list[Episode]:
    with Store.open(home, write=False) as store:
        return store.episodes(since=since)


def call(name: str, at: float, episode: str = "s:p", output: str = "out", after: str = "", cwd: str = "") -> CallSeen:
    made = ToolCall(name, "Bash", {"command": "ls"}, output, True, 0, at, 0.5, cwd)
    return CallSeen("s", episode, made, after)


def decision(name: str, outcome: str = "", **more: object) -> DecisionSeen:
    base = DecisionSeen(name, 5.0, "s", "s:p", "prompt", "run", "it matches", skill="pods", outcome=outcome)
    import dataclasses

    return dataclasses.replace(base, **more)  # type: ignore[arg-type]


PROMPT = PromptSeen("s", "s:p", 10.0, "list it", "typed", "/w")


def test_a_home_without_a_database_reads_as_empty_and_stays_without(tmp_path: Path) -> None:
    home = Home(str(tmp_path / "none"))
    with Store.open(home, write=False) as store:
        assert store.episodes() == []
        assert (store.sessions_count(), store.calls_count(), store.saved()) == (0, 0, Saved(0, 0, 0.0))
    assert not os.path.exists(home.root)


def test_an_episode_comes_back_whole(home: Home) -> None:
    session = SessionSeen("s", "claude-code", 9.0, "/w")
    add(home, session, PROMPT, call("c2", 12.0), call("c1", 11.0), FinalSeen("s", "s:p", 13.0, "done"))
    add(home, UsageSeen("s", "s:p", 3, 40_000, 4.5))
    (episode,) = episodes(home)
    assert (episode.id, episode.session, episode.prompt, episode.cwd, episode.at) == ("s:p", "s", "list it", "/w", 10.0)
    assert [c.id for c in episode.calls] == ["c1", "c2"]
    assert episode.calls[0] == ToolCall("c1", "Bash", {"command": "ls"}, "out", True, 0, 11.0, 0.5, "/w")
    assert (episode.final, episode.requests, episode.tokens, episode.seconds) == ("done", 3, 40_000, 4.5)


def test_adding_again_in_any_order_changes_nothing(home: Home) -> None:
    records: list[Seen] = [PROMPT, call("c1", 11.0), FinalSeen("s", "s:p", 13.0, "done"), UsageSeen("s", "s:p", 1, 2)]
    records += [SessionSeen("s", "claude-code", 9.0), decision("d1", "answered", seconds=1.0)]
    add(home, *records)
    before = episodes(home)
    add(home, *reversed(records), *records)
    assert episodes(home) == before
    with Store.open(home, write=False) as store:
        counts = (store.sessions_count(), store.episodes_count(), store.calls_count(), len(store.decisions()))
        assert counts == (1, 1, 1, 1)


def test_later_knowledge_fills_gaps_and_erases_nothing(home: Home) -> None:
    bare = ToolCall("c1", "Bash", {"command": "ls"}, "out", True, 0, 11.0)
    add(home, PROMPT, CallSeen("s", "", bare), UsageSeen("s", "s:p", 5, 100, 9.0))
    fuller = ToolCall("c1", "Bash", {"command": "ls"}, "other", False, 1, 99.0, 2.0, "/before")
    add(home, PromptSeen("s", "s:p", 10.0, "", "typed"), CallSeen("s", "s:p", fuller), UsageSeen("s", "s:p", 2, 50))
    (episode,) = episodes(home)
    assert episode.prompt == "list it" and episode.cwd == "/w"
    assert (episode.requests, episode.tokens, episode.seconds) == (5, 100, 9.0)
    (kept,) = episode.calls
    assert (kept.output, kept.ok, kept.exit_code, kept.at) == ("out", True, 0, 11.0)
    assert (kept.seconds, kept.cwd) == (2.0, "/before")


def test_a_prompt_is_typed_only_if_nobody_knows_better(home: Home) -> None:
    add(home, PROMPT)
    add(home, PromptSeen("s", "s:p", 10.0, "list it", "meta"))
    add(home, PROMPT)
    assert [episode.kind for episode in episodes(home)] == ["meta"]


def test_calls_without_an_episode_go_to_the_last_prompt_before(home: Home) -> None:
    second = PromptSeen("s", "s:q", 20.0, "again")
    add(home, call("early", 5.0, ""), call("a", 10.0, ""), call("b", 19.0, ""), call("c", 21.0, ""), PROMPT, second)
    add(home, FinalSeen("s", "", 19.5, "first done"), FinalSeen("s", "", 30.0, "second done"))
    found = episodes(home)
    assert [[c.id for c in episode.calls] for episode in found] == [["a", "b"], ["c"]]
    assert [episode.final for episode in found] == ["first done", "second done"]


def test_a_call_of_a_prompt_never_seen_waits_for_it(home: Home) -> None:
    add(home, call("c1", 11.0), FinalSeen("s", "s:p", 13.0, "done"), UsageSeen("s", "s:p", 1, 2))
    assert episodes(home) == []
    add(home, PROMPT)
    assert [[c.id for c in episode.calls] for episode in episodes(home)] == [["c1"]]


def test_the_last_closing_message_of_an_episode_counts(home: Home) -> None:
    add(home, PROMPT, FinalSeen("s", "s:p", 13.0, "final"), FinalSeen("s", "s:p", 12.0, "not yet"))
    add(home, FinalSeen("s", "s:p", 11.0, "first"))
    assert [episode.final for episode in episodes(home)] == ["final"]


def test_where_a_call_began_follows_from_where_the_one_before_ended(home: Home) -> None:
    add(home, PROMPT, call("a", 11.0, after="/w/sub"), call("b", 12.0, after="/w/sub"), call("c", 13.0, cwd="/known"))
    (episode,) = episodes(home)
    assert [c.cwd for c in episode.calls] == ["/w", "/w/sub", "/known"]


def test_one_prompt_seen_by_hook_and_transcript_under_made_up_ids_is_one(home: Home) -> None:
    hook = PromptSeen("s", "s:@10000000", 10.0, "commit ", "typed", "/w")
    transcript = PromptSeen("s", "s:@uuid-1", 10.2, "commit", "typed", "/w")
    add(home, hook, call("c1", 11.0, ""))
    add(home, transcript, call("c2", 12.0, "s:@uuid-1"), UsageSeen("s", "s:@uuid-1", 4, 5))
    add(home, call("c3", 13.0, "s:@uuid-1"), transcript, hook)
    (episode,) = episodes(home)
    assert [c.id for c in episode.calls] == ["c1", "c2", "c3"]
    assert episode.requests == 4


def test_a_transcripts_made_up_id_gives_way_to_the_harnesss(home: Home) -> None:
    add(home, PromptSeen("s", "s:@uuid-1", 10.2, "commit"), call("c1", 12.0, "s:@uuid-1"))
    add(home, PromptSeen("s", "s:p", 10.0, "commit"), call("c2", 13.0, "s:p"))
    add(home, call("c3", 14.0, "s:p"))
    (episode,) = episodes(home)
    assert [c.id for c in episode.calls] == ["c1", "c2", "c3"]


def test_the_same_words_twice_are_two_prompts(home: Home) -> None:
    add(home, PromptSeen("s", "s:p", 10.0, "yes"), PromptSeen("s", "s:q", 12.0, "yes"))
    add(home, PromptSeen("t", "t:@u1", 10.0, "yes"), PromptSeen("t", "t:@u2", 12.0, "yes"))
    add(home, PromptSeen("t", "t:@99000000", 99.0, "yes"))
    assert len(episodes(home)) == 5


def test_since_leaves_out_what_is_older(home: Home) -> None:
    add(home, PROMPT, PromptSeen("s", "s:q", 20.0, "again"), call("a", 11.0), call("b", 21.0, "s:q"))
    assert [[c.id for c in episode.calls] for episode in episodes(home, since=15.0)] == [["b"]]


def test_text_that_is_not_quite_text(home: Home) -> None:
    odd = "nul \0 lone \ud800 ‹é› \U0001f605"
    inputs = {"command": odd, "deep": [{"\ud800": "\0"}]}
    add(home, PromptSeen("s", "s:p", 1.0, odd), CallSeen("s", "s:p", ToolCall("c", "X", inputs, odd, True, None, 2.0)))
    add(home, FinalSeen("s", "s:p", 3.0, odd), SessionSeen("\ud800", odd, 1.0, odd))
    (episode,) = episodes(home)
    assert episode.prompt == "nul \0 lone \\ud800 ‹é› \U0001f605"
    assert episode.final == episode.calls[0].output == episode.prompt
    assert episode.calls[0].input == inputs  # JSON has a way to write a lone surrogate


def test_decisions_are_newest_first_and_keep_everything(home: Home) -> None:
    step = StepDone("kubectl get pods", 0, 0.25)
    full = decision("d2", "answered", at=6.0, steps=(step,), arguments={"ns": "prod"}, seconds=0.4, requests=3)
    add(home, decision("d1", decision="pass", skill=""), full)
    with Store.open(home, write=False) as store:
        assert [d.id for d in store.decisions()] == ["d2", "d1"]
        assert store.decisions(limit=1) == [full]
        assert store.decisions(skill="pods") == [full]


@pytest.mark.parametrize("batches", ["begun,ended", "ended,begun", "begun|ended", "ended|begun"])
def test_the_end_of_a_run_stays_whatever_the_order(home: Home, batches: str) -> None:
    begun = decision("d", "handed_back", reason="it was begun and did not come to an end")
    ended = decision("d", "answered", seconds=0.4, requests=2, tokens=30_000, saved_seconds=5.0)
    for batch in batches.split("|"):
        add(home, *({"begun": begun, "ended": ended}[name] for name in batch.split(",")))
    with Store.open(home, write=False) as store:
        assert store.decisions() == [ended]
        assert store.saved() == Saved(2, 30_000, 5.0)


def test_runs_by_skill(home: Home) -> None:
    add(
        home, decision("a", "answered", at=1.0), decision("b", "answered", at=9.0), decision("c", "handed_back", at=3.0)
    )
    add(home, decision("d", decision="pass"), decision("e", "gathered", skill="other", at=2.0))
    with Store.open(home, write=False) as store:
        assert store.runs_by_skill() == {
            "pods": SkillRuns({"answered": 2, "handed_back": 1}, 9.0),
            "other": SkillRuns({"gathered": 1}, 2.0),
        }


def test_which_files_were_imported(home: Home) -> None:
    with Store.open(home, write=True) as store:
        assert store.imported() == {}
        store.mark_imported([("/a", 10, 5)])
        store.mark_imported([("/a", 12, 7)])
    with Store.open(home, write=False) as store:
        assert store.imported() == {"/a": (12, 7)}


def test_a_failing_add_leaves_nothing_behind(home: Home) -> None:
    endless = ToolCall("c", "X", {}, "o", True, 2**70, 2.0)  # no column holds such a number
    with pytest.raises(StoreBroken), Store.open(home, write=True) as store:
        store.add([PROMPT, CallSeen("s", "s:p", endless)])
    assert episodes(home) == []


def test_files_are_private_whatever_the_umask(home: Home) -> None:
    old = os.umask(0)
    try:
        add(home, PROMPT)
        with Store.open(home, write=True) as store:
            store.add([call("c", 1.0)])
            modes = {os.stat(path).st_mode & 0o777 for path in Path(home.root).glob("aj.duckdb*")}
        assert os.umask(0) == 0
    finally:
        os.umask(old)
    assert modes == {0o600}


# --- locks


def test_readers_wait_for_a_busy_writer(home: Home) -> None:
    add(home, PROMPT)
    inside, found = threading.Event(), []

    def write() -> None:
        with Store.open(home, write=True) as store:
            inside.set()
            time.sleep(0.3)
            store.add([PromptSeen("s", "s:q", 20.0, "again")])

    def read() -> None:
        found.append(len(episodes(home)))

    writer, readers = threading.Thread(target=write), [threading.Thread(target=read) for _ in range(4)]
    writer.start()
    assert inside.wait(10)
    for reader in readers:
        reader.start()
    for thread in (writer, *readers):
        thread.join()
    assert found == [2, 2, 2, 2]


def test_one_who_waits_too_long_is_told(home: Home) -> None:
    with Store.open(home, write=True):
        for write in (False, True):
            with pytest.raises(StoreBusy), Store.open(home, write=write, wait_seconds=0.05):
                pass
    assert episodes(home) == []


def test_readers_do_not_wait_for_each_other(home: Home) -> None:
    add(home, PROMPT)
    with Store.open(home, write=False, wait_seconds=0), Store.open(home, write=False, wait_seconds=0) as second:
        assert second.episodes_count() == 1


def test_processes_that_write_and_read_at_once_all_succeed(home: Home) -> None:
    program = (
        "import sys; from agentjit.home import Home; from agentjit.store import Store; from agentjit.trace import *\n"
        "home, me = Home(sys.argv[1]), sys.argv[2]\n"
        "for n in range(5):\n"
        "    with Store.open(home, write=True) as store: store.add([PromptSeen(me, f'{me}:{n}', n, 'x')])\n"
        "    with Store.open(home, write=False) as store: assert store.episodes_count() > n\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    running = [subprocess.Popen([sys.executable, "-c", program, home.root, f"w{n}"], env=env) for n in range(6)]
    assert [process.wait() for process in running] == [0] * 6
    assert len(episodes(home)) == 30


def test_a_program_that_knows_nothing_of_our_lock_is_waited_for_too(home: Home) -> None:
    add(home, PROMPT)
    program = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, home.database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)) as other:
        assert other.stdin and other.stdout and other.stdout.readline() == b"held\n"
        with pytest.raises(StoreBusy, match="another program"), Store.open(home, write=False, wait_seconds=0.05):
            pass
        threading.Timer(0.2, other.stdin.close).start()
        assert len(episodes(home)) == 1


# --- files that are not what they should be


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "overwritten"])
def test_a_damaged_file_is_told_with_the_mend(home: Home, damage: str) -> None:
    add(home, *(call(f"c{n}", n, output="x" * 5000) for n in range(300)))
    path = Path(home.database)
    data = path.read_bytes()
    damaged = {
        "text": b"hello",
        "empty": b"",
        "cut": data[: len(data) // 3],
        "overwritten": data[:4096] + b"\7" * 400_000,
    }
    path.write_bytes(damaged[damage])
    for write in (False, True):
        with pytest.raises(StoreBroken, match="aj import") as raised, Store.open(home, write=write) as store:
            store.episodes()
        assert "\n" not in str(raised.value)


def test_a_database_of_a_newer_version_is_left_alone(home: Home) -> None:
    add(home, PROMPT)
    with duckdb.connect(home.database) as connection:
        connection.execute("INSERT INTO schema_version VALUES (?, 'later')", [len(MIGRATIONS) + 1])
    for write in (False, True):
        with pytest.raises(StoreBroken, match="newer"), Store.open(home, write=write):
            pass


def test_reading_a_database_that_was_never_migrated_migrates_it(home: Home) -> None:
    duckdb.connect(home.database).close()
    assert episodes(home) == []
    with duckdb.connect(home.database) as connection:
        versions = connection.execute("SELECT version, name FROM schema_version").fetchall()
    assert versions == [(number, migration.__name__) for number, migration in enumerate(MIGRATIONS, 1)]


def test_the_database_cannot_open_files(home: Home) -> None:
    add(home, PROMPT)
    with Store.open(home, write=False) as store, pytest.raises(duckdb.PermissionException):
        store._all("SELECT * FROM read_text('/etc/passwd')")


def test_ten_thousand_calls_are_added_in_bulk(home: Home) -> None:
    records = [call(f"c{n}", float(n), "", "x" * 500) for n in range(10_000)]
    add(home, PROMPT, *records)
    with Store.open(home, write=True) as store:
        store.add(records)
        assert store.calls_count() == 10_000
