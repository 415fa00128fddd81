"""Forgetting: the text is in no byte of the home afterwards, what else there was stays, and nothing brings it back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agentjit import forget, spool
from agentjit.config import Config
from agentjit.errors import BadInput, StoreBroken
from agentjit.forget.retention import believed, too_much
from agentjit.home import Home
from agentjit.library import Library
from agentjit.observe.consent import Consent, consent_of
from agentjit.observe.importer import import_paths
from agentjit.observe.redact import Redactor, home_key
from agentjit.pipeline import compile_all
from agentjit.skill import State
from agentjit.store import Store
from agentjit.store_remove import NEW
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
from tests.compile import families
from tests.support.library import TEMPLATES, learned, renamed

NOW = 1_790_000_000.0
DAY = 86_400.0
HOSTILE = "it's a 100% \"odd\" _x_ \\n \\ tab\there\nnew line '; DROP TABLE calls; -- ‹é› \U0001f605 \ud800"


def add(home: Home, *records: Seen) -> None:
    with Store.open(home, write=True) as store:
        store.add(records)


def session(name: str, text: str = "plain", cwd: str = "/w", at: float = NOW - 5 * DAY) -> list[Seen]:
    """A session with `text` in everything, and an episode without it."""
    p, q = f"{name}:p", f"{name}:q"
    made = ToolCall(f"{name}-1", "Bash", {"command": text, "deep": [{text: text}]}, text, True, 0, at + 2, cwd=cwd)
    other = ToolCall(f"{name}-2", "Bash", {"command": "ls"}, "out", True, 0, at + 12, cwd=cwd)
    return [
        SessionSeen(name, "claude-code", at, cwd, transcript=f"/t/{name}.jsonl"),
        TurnSeen(name, at, "startup"),
        PromptSeen(name, p, at + 1, text, cwd=cwd),
        CallSeen(name, p, made),
        FinalSeen(name, p, at + 3, text),
        UsageSeen(name, p, 1, 2),
        DecisionSeen(f"d-{name}", at + 1, name, p, "prompt", "pass", text, arguments={"x": text}),
        PromptSeen(name, q, at + 11, "another", cwd=cwd),
        CallSeen(name, q, other),
        FinalSeen(name, q, at + 13, "fine"),
    ]


def spellings(text: str) -> set[bytes]:
    plain = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {each.encode("utf-8", "backslashreplace") for each in plain}


def where(home: Home, text: str) -> list[str]:
    """Files of the home, and columns of its database, that have the text in any spelling."""
    found = []
    for path in Path(home.root).rglob("*"):
        if path.is_file() and path.name != "redaction.key":
            content = path.read_bytes()
            found += [str(path) for each in spellings(text) if each in content]
    if os.path.exists(home.database):
        with duckdb.connect(home.database, read_only=True) as connection:
            columns = connection.execute(
                "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND data_type = 'VARCHAR'"
            ).fetchall()
            for table, column in columns:
                rows = connection.execute(f"SELECT {column} FROM {table}").fetchall()
                found += [
                    f"{table}.{column}"
                    for (value,) in rows
                    if any(e.decode() in (value or "") for e in spellings(text))
                ]
    return found


def ids(home: Home) -> dict[str, set[str]]:
    with Store.open(home, write=False) as store:
        return {
            table: {row[0] for row in store._all(f"SELECT {key} FROM {table}")}
            for table, key in {
                "sessions": "session",
                "turns": "session",
                "episodes": "episode",
                "calls": "call",
                "finals": "slot",
                "decisions": "decision",
            }.items()
        }


def reloaded(home: Home, records: Iterable[Seen], *, explicit: bool = False) -> list[Seen]:
    """Import once more, as it is meant to be done; what was taken."""
    consent = consent_of(home, {"HOME": "/nobody"}, explicit=explicit)
    with Store.open(home, write=True) as store:
        consent.renew(store.forgotten())
        taken = list(consent.records(records))
        store.add(taken)
        store.note(consent.learned(), *consent.quoting())
    return taken


def waiting(home: Home, **payload: Any) -> str:
    """An event in the spool; its path."""
    before = set(os.listdir(home.spool))
    spool.write(home, "PostToolUse", [json.dumps(payload).encode()])
    (name,) = set(os.listdir(home.spool)) - before
    return os.path.join(home.spool, name)


# --- a session


def test_a_session_goes_from_everywhere_and_stays_away(home: Home) -> None:
    gone, stays = session("gone-session", "the secret plan"), session("stays")
    add(home, *gone, *stays, SessionSeen("child", "h", NOW, parent="gone-session"))
    with Store.open(home, write=True) as store:
        store.mark_imported([("/t/gone-session.jsonl", 1, 1), ("/t/stays.jsonl", 1, 1)])
    mine = waiting(home, session_id="gone-session", cwd="/w", tool_input={"command": "the secret plan"})
    other = waiting(home, session_id="stays", cwd="/w")
    Path(home.quarantine, "PostToolUse.1").write_text('{"session_id": "gone-session", the secret plan')
    Path(home.quarantine, "PostToolUse.1.reason").write_text("not JSON")
    Path(home.log).write_text("all is well\nhook of gone-session failed\n")
    before = ids(home)
    wanted = forget.session(home, "gone-s")
    survey = forget.survey(home, wanted)
    assert forget.forget(home, wanted, now=NOW) == survey
    assert (survey.sessions, survey.prompts, survey.calls, survey.decisions) == (2, 2, 2, 1)
    assert (survey.spool, survey.quarantine, survey.log_lines) == (1, 1, 1)
    assert where(home, "the secret plan") == [] == where(home, "gone-session")
    assert not os.path.exists(mine) and os.path.exists(other) and os.listdir(home.quarantine) == []
    assert Path(home.log).read_text() == "all is well\n"
    assert ids(home) == {table: {each for each in names if "stays" in each} for table, names in before.items()}
    with Store.open(home, write=False) as store:
        assert store.imported() == {"/t/stays.jsonl": (1, 1)}
    later = PromptSeen("gone-session", "gone-session:z", NOW + DAY, "and it goes on")
    assert reloaded(home, [*gone, *stays, later], explicit=True) != []
    assert where(home, "the secret plan") == [] == where(home, "it goes on")
    assert ids(home)["episodes"] == {"stays:p", "stays:q"}


def test_ids_that_are_too_short_or_mean_two_are_refused(home: Home) -> None:
    add(home, *session("abcdef-1"), *session("abcdef-2"), *session("x"))
    for name, says in (("abcde", "too short"), ("abcdef", "2 sessions"), ("zzzzzzz", "no session"), ("", "too short")):
        with pytest.raises(BadInput, match=says):
            forget.session(home, name)
    assert forget.session(home, "x").target.sessions == {"x"}
    waiting(home, session_id="only-in-the-spool")
    assert forget.session(home, "only-in-the-sp").target.sessions == {"only-in-the-spool"}


# --- a text


@pytest.mark.parametrize("text", ["acme", HOSTILE, "100%_off%", "'; DROP TABLE calls; --", "C:\\new\\", "one\ttwo"])
def test_every_episode_with_the_text_goes_and_no_other(home: Home, text: str) -> None:
    gone, stays = session("g", f"before {text} after"), session("s", "nothing of it")
    add(home, *gone, *stays)
    mine = waiting(home, session_id="s", cwd="/w", tool_input={"x": [{"y": text}]})
    rest = waiting(home, session_id="g", prompt_id="p", cwd="/w")
    Path(home.quarantine, "Stop.1").write_bytes(b"broken " + text.encode("utf-8", "backslashreplace"))
    assert where(home, text)
    done = forget.forget(home, forget.matching(home, text, {}), now=NOW)
    assert (done.sessions, done.prompts, done.calls, done.decisions, done.quarantine) == (0, 1, 1, 1, 1)
    assert where(home, text) == []
    found = ids(home)
    assert found["episodes"] == {"g:q", "s:p", "s:q"} and found["calls"] == {"g-2", "s-1", "s-2"}
    assert found["sessions"] == {"g", "s"} and found["decisions"] == {"d-s"}
    assert not os.path.exists(mine) and not os.path.exists(rest), "the rest of an episode is in the spool"
    reloaded(home, [*gone, *stays], explicit=True)
    assert where(home, text) == []


@pytest.mark.parametrize(
    "only",
    ["prompt", "cwd", "input", "key", "output", "call cwd", "final", "reason", "argument"],
)
def test_one_mention_anywhere_is_enough(home: Home, only: str) -> None:
    text = "acme"
    words = {"prompt": "", "cwd": "/w", "input": "", "key": "k", "output": "", "call cwd": "/w", "final": "ok"}
    words |= {"reason": "", "argument": "", only: f"/w/{text}"}
    made = ToolCall("c", "Bash", {words["key"]: words["input"]}, words["output"], True, 0, 3.0, cwd=words["call cwd"])
    add(
        home,
        SessionSeen("s", "h", 1.0, "/w"),
        PromptSeen("s", "s:p", 2.0, words["prompt"], cwd=words["cwd"]),
        CallSeen("s", "", made),
        FinalSeen("s", "", 4.0, words["final"]),
        DecisionSeen("d", 2.0, "s", "s:p", "prompt", "run", words["reason"], arguments={"a": words["argument"]}),
        PromptSeen("s", "s:q", 9.0, "other"),
    )
    forget.forget(home, forget.matching(home, text, {}), now=NOW)
    assert where(home, text) == []
    assert ids(home) == {
        "sessions": {"s"},
        "turns": set(),
        "episodes": {"s:q"},
        "calls": set(),
        "finals": set(),
        "decisions": set(),
    }


def test_a_pattern_is_the_databases_own_kind_and_linear(home: Home) -> None:
    add(home, *session("g", 'say "acme\nCorp" now'), *session("s", "a" * 100_000))
    began = time.monotonic()
    assert forget.survey(home, forget.matching(home, "/(a+)+$x|(a|aa)+b/", {})).nothing
    assert time.monotonic() - began < 20
    assert forget.survey(home, forget.matching(home, '/(?i)"ACME\\scorp"/', {})).calls == 1
    for bad in ("/(/", "/a**(/", "/(?=x)/"):
        with pytest.raises(BadInput, match="not a regular expression"):
            forget.matching(home, bad, {})
    for everything in ("/.*/", "/x?/", "", "  "):
        with pytest.raises(BadInput, match="--all"):
            forget.matching(home, everything, {})
    assert forget.matching(home, "/etc", {}).target.texts[0] == "/etc"


def test_a_secret_is_found_by_what_stands_for_it(home: Home) -> None:
    secret = "hunter22-is-long"
    from agentjit.observe.redact import Redactor

    env = {"DB_PASSWORD": secret}
    redactor = Redactor(home_key(home), env)
    add(home, *(redactor.record(each) for each in session("g", f"use {secret} here")))
    assert where(home, secret) == []
    assert forget.survey(home, forget.matching(home, secret, env)).calls == 1


# --- a project


def test_a_project_goes_with_all_that_names_it(home: Home, tmp_path: Path) -> None:
    folder = str(tmp_path / "client")
    (tmp_path / "client").mkdir()
    (tmp_path / "link").symlink_to(folder)
    inside, outside = session("in", "x", f"{folder}/sub"), session("out", "y", folder + "-other")
    visit = CallSeen("out", "out:q", ToolCall("visit", "Read", {"file_path": f"{folder}/f"}, "z", True, None, NOW))
    hooked = CallSeen("out", "out:q", ToolCall("hooked", "Bash", {"command": "ls"}, "z", True, 0, NOW + 1), folder)
    after = CallSeen("out", "out:q", ToolCall("after", "Bash", {"command": "ls"}, "z", True, 0, NOW + 2), "/w")
    began: list[Seen] = [
        SessionSeen("began", "h", NOW, folder, transcript="/t/began"),
        PromptSeen("began", "began:p", NOW, "p"),
    ]
    add(home, *inside, *outside, visit, hooked, after, *began, SessionSeen("empty", "h", NOW, folder))
    mine = [
        waiting(home, session_id="n", cwd=f"{folder}/x"),
        waiting(home, session_id="n", cwd="/w", tool_input={"path": folder}),
    ]
    other = waiting(home, session_id="n", cwd=folder + "-other")
    with Store.open(home, write=True) as store:
        slug = "".join(c if c.isalnum() else "-" for c in folder)
        store.mark_imported([(f"/h/.claude/projects/{slug}/a.jsonl", 1, 1)])
    done = forget.forget(home, forget.project(str(tmp_path / "link")), now=NOW + DAY)
    assert (done.sessions, done.spool) == (2, 2)
    assert [os.path.exists(path) for path in (*mine, other)] == [False, False, True]
    found = ids(home)
    assert found["sessions"] == {"out", "began"} and found["calls"] == {"out-1", "out-2"}
    assert found["episodes"] == {"out:p", "out:q", "began:p"}
    assert found["finals"] == {"out:p"}, "the closing message of an episode that was there may quote it"
    left = [each for each in where(home, folder) if f"{folder}-other" not in Path(home.spool).name]
    with duckdb.connect(home.database, read_only=True) as connection:
        texts = connection.execute("SELECT cwd, transcript FROM sessions WHERE session = 'began'").fetchall()
        assert texts == [(None, None)], "it began there and stays without that"
        assert connection.execute("SELECT count(*) FROM imports").fetchall() == [(0,)]
    assert {each for each in left if "." in os.path.basename(each)} <= {
        home.database,
        other,
        "sessions.cwd",
        "episodes.cwd",
        "calls.cwd",
    }
    reloaded(home, [*inside, *outside, visit, *began])
    again = ids(home)
    assert (
        again["calls"] == found["calls"]
        and again["finals"] == found["finals"]
        and again["episodes"] == found["episodes"]
    )
    fresh = PromptSeen("new", "new:p", NOW + 2 * DAY, "later work", cwd=folder)
    assert reloaded(home, [fresh]) == [fresh], "what happens there later is recorded; .aj-off is for that"


def test_the_root_is_no_project() -> None:
    with pytest.raises(BadInput, match="--all"):
        forget.project("/")


# --- everything, quarantine, by date


def test_everything_goes_and_only_an_explicit_import_brings_it_back(home: Home) -> None:
    learned(home, families.reads())
    records = session("s", "the secret plan")
    add(home, *records)
    Path(home.log).write_text("the secret plan\n")
    waiting(home, session_id="s", tool_input={"x": "the secret plan"})
    Path(home.quarantine, "x.1").write_text("the secret plan")
    Path(home.library_state + ".99.tmp").write_text("the secret plan")
    Path(home.config).write_text("[retention]\ndays = 30\n")
    assert Library(home).records()
    done = forget.forget(home, forget.EVERYTHING, now=NOW)
    assert done.sessions == 6 and done.skills == ("version",) and (done.spool, done.quarantine) == (1, 1)
    assert where(home, "the secret plan") == [] == where(home, "relay")
    assert Library(home).records(removed=True) == [] and Path(home.entries).read_bytes() == b""
    assert all(names == set() for names in ids(home).values())
    assert Path(home.config).exists()
    assert reloaded(home, records) == []
    assert len(reloaded(home, records, explicit=True)) == len(records)


def test_marks_outlast_everything(home: Home) -> None:
    records = session("s-session")
    add(home, *records)
    forget.forget(home, forget.session(home, "s-session"), now=NOW)
    forget.forget(home, forget.EVERYTHING, now=NOW)
    assert reloaded(home, records, explicit=True) == []


def test_the_quarantine_alone(home: Home) -> None:
    add(home, *session("s"))
    for name in ("a", "a.reason", "b"):
        Path(home.quarantine, name).write_text(name)
    Path(home.quarantine, "folder").mkdir()
    before = ids(home)
    done = forget.forget(home, forget.QUARANTINE, now=NOW)
    assert (done.quarantine, done.sessions, done.calls) == (3, 0, 0)
    assert os.listdir(home.quarantine) == [] and ids(home) == before


def test_sessions_from_before_a_day(home: Home) -> None:
    add(home, *session("old", "aged", at=NOW - 50 * DAY), *session("new", at=NOW - DAY))
    loose = DecisionSeen("loose", NOW - 50 * DAY, "", "", "name", "run", "by name")
    add(home, loose, SessionSeen("fork", "h", NOW, parent="old"))
    done = forget.forget(home, forget.before(NOW - 10 * DAY), now=NOW)
    assert (done.sessions, done.decisions) == (1, 2)
    assert ids(home)["sessions"] == {"new", "fork"} and where(home, "aged") == []


# --- skills


@pytest.fixture
def skilled(home: Home) -> Home:
    learned(home, families.reads(), renamed(families.checks(), "c"), now=NOW)
    assert {record.name for record in Library(home).records()} == {"version", "checks"}
    return home


def test_a_skill_that_quotes_what_goes_is_made_anew_without_it(skilled: Home) -> None:
    home = skilled
    with Store.open(home, write=False) as store:
        episode = next(each for each in store.episodes() if "relay" in each.prompt)
    assert where(home, "relay")
    wanted = forget.session(home, episode.session) if len(episode.session) > 5 else forget.matching(home, "relay", {})
    assert forget.survey(home, wanted).skills == ("version",)
    forget.forget(home, wanted, now=NOW)
    assert where(home, "relay") == []
    assert [record.name for record in Library(home).records()] == ["checks"]
    assert "version" not in Path(home.entries).read_text()
    from agentjit.pipeline import compile_all
    from tests.support.library import TEMPLATES

    compile_all(home, TEMPLATES, now=NOW)
    record = Library(home).record("version")
    assert record.support.occurrences == 4 and not record.is_approved
    assert where(home, "relay") == []


def test_an_earlier_version_that_quotes_goes_alone(skilled: Home) -> None:
    home = skilled
    old = Path(home.skills, "checks", "versions", "0123456789ab")
    old.mkdir(parents=True)
    (old / "skill.py").write_text('"""acme"""\n')
    (old / "plan.json").write_text("{}")
    done = forget.forget(home, forget.matching(home, "acme", {}), now=NOW)
    assert done.skills == () and not old.exists()
    assert Library(home).record("checks") and Path(home.skills, "checks", "skill.py").exists()


def test_what_a_person_removed_stays_removed_but_quotes_nothing(skilled: Home) -> None:
    from agentjit.cli.state import remove

    home = skilled
    remove(home, ["version"])
    with Store.open(home, write=False) as store:
        episodes = [each.id for each in store.episodes() if "version" in each.prompt]
    assert where(home, episodes[0])
    forget.forget(home, forget.matching(home, "relay", {}), now=NOW)
    (record,) = [each for each in Library(home).records(removed=True) if each.name == "version"]
    assert record.removed and record.support.episodes == ()


@pytest.mark.parametrize("state", [State.DISABLED, State.RETIRED])
def test_what_a_person_disabled_does_not_run_when_it_is_made_again(skilled: Home, state: State) -> None:
    home = skilled
    library = Library(home)
    with library.changing() as records:
        records["version"] = records["version"].model_copy(update={"state": state, "reason": "enough of it"})
    forget.forget(home, forget.matching(home, "relay", {}), now=NOW)
    assert not Path(home.skills, "version").exists()
    compile_all(home, TEMPLATES, now=NOW)
    record = library.record("version")
    assert (record.state, record.reason) == (state, "enough of it")
    assert Path(home.skills, "version", "skill.py").exists()


@pytest.mark.parametrize("content", [b"no database", b"\0" * 200_000])
def test_all_goes_even_if_it_cannot_be_read(home: Home, content: bytes) -> None:
    add(home, *session("a", "secret words"))
    Path(home.database).write_bytes(content)
    with pytest.raises(StoreBroken):
        forget.forget(home, forget.matching(home, "secret words", {}), now=NOW)
    forget.survey(home, forget.EVERYTHING)
    forget.forget(home, forget.EVERYTHING, now=NOW)
    assert ids(home)["sessions"] == set()
    add(home, *session("b"))
    assert ids(home)["sessions"] == {"b"}


def test_a_secret_is_found_by_its_digits_whatever_kind_its_place_made_of_it(home: Home) -> None:
    secret = "Zq8vR2nK4xW9pL1mTb7c"
    digits = Redactor(home_key(home), {}).digits(secret)
    add(home, *session("a", f"it says ‹secret:authorization:{digits}›"), *session("b", "nothing"))
    assert forget.survey(home, forget.matching(home, secret, {})).prompts == 1
    forget.forget(home, forget.matching(home, secret, {}), now=NOW)
    assert forget.survey(home, forget.matching(home, digits, {})).nothing


# --- whatever is interrupted


def test_bytes_that_were_compressed_or_deleted_before_are_gone_too(home: Home) -> None:
    text = "the secret plan " * 40
    add(home, *(each for n in range(300) for each in session(f"s{n:04}", f"{n} {text}")))
    with Store.open(home, write=True) as store:
        store._run("DELETE FROM finals")  # its blocks stay in the file
    big = os.path.getsize(home.database)
    forget.forget(home, forget.matching(home, "secret plan", {}), now=NOW)
    assert where(home, "secret plan") == []
    assert os.path.getsize(home.database) <= big
    assert os.stat(home.database).st_mode & 0o777 == 0o600
    assert sorted(name for name in os.listdir(home.root) if name.startswith("aj.duckdb")) == [
        "aj.duckdb",
        "aj.duckdb.lock",
    ]
    assert len(ids(home)["episodes"]) == 300


def test_a_full_disk_changes_nothing(home: Home) -> None:
    noise = [os.urandom(200).hex() for _ in range(3000)]
    add(home, *(each for n, text in enumerate(noise) for each in session(f"s{n:04}", text)))
    waiting(home, session_id="s0001")
    before, files = ids(home), sorted(os.listdir(home.spool))
    size = os.path.getsize(home.database)
    program = (
        "import resource, signal, sys; from agentjit import forget; from agentjit.home import Home\n"
        "home = Home(sys.argv[1]); wanted = forget.session(home, 's0001')\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size // 2}, {size // 2}))\n"
        "try: forget.forget(home, wanted, now=2e9)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "else: print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, home.root], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("StoreBroken"), done
    assert ids(home) == before and sorted(os.listdir(home.spool)) == files
    assert not [name for name in os.listdir(home.root) if NEW in name]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def test_killed_at_any_moment_there_is_the_old_or_the_new_and_asking_again_ends_it(home: Home) -> None:
    text = "the secret plan"
    add(home, *(each for n in range(40) for each in session(f"s{n:04}", text)), *session("stays"))
    program = (
        "import sys; from agentjit import forget; from agentjit.home import Home\n"
        "import os, signal\n"
        "count = int(sys.argv[2]); real = {}\n"
        "def watch(event, arguments):\n"
        "    global count\n"
        "    ours = event in ('os.rename', 'os.remove', 'open', 'os.rmdir', 'shutil.rmtree')\n"
        "    if ours and sys.argv[1] in str(arguments):\n"
        "        count -= 1\n"
        "        if count == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "home = Home(sys.argv[1]); wanted = forget.matching(home, sys.argv[3], {})\n"
        "sys.addaudithook(watch)\n"
        "forget.forget(home, wanted, now=2e9)\n"
    )
    for moment in range(1, 200):
        path = Path(home.spool, "PostToolUse.1")
        path.write_text(json.dumps({"session_id": "n", "tool_input": {"x": text}}))
        Path(home.log).write_text(text + "\n")
        done = subprocess.run(
            [sys.executable, "-c", program, home.root, str(moment), text], env=environment(), check=False
        )
        found = ids(home)["episodes"]
        assert {"stays:p", "stays:q"} <= found and len(found) in (42, 82)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    else:
        pytest.fail("it never came to its end")
    assert moment > 5
    assert where(home, text) == [] and not path.exists()


def test_what_a_kill_left_is_cleared_at_the_next_opening(home: Home) -> None:
    add(home, *session("s"))
    for ending in (NEW, NEW + ".wal"):
        Path(home.database + ending).write_bytes(b"half")
    Path(home.database + NEW + ".tmp").mkdir()
    add(home, *session("t"))
    assert sorted(name for name in os.listdir(home.root) if NEW in name) == []
    assert ids(home)["sessions"] == {"s", "t"}


def test_a_drainer_that_read_before_cannot_bring_it_back(home: Home) -> None:
    records = session("gone-session")
    add(home, *records)
    consent = consent_of(home, {"HOME": "/nobody"})
    with Store.open(home, write=False) as store:
        consent.renew(store.forgotten())
    forget.forget(home, forget.session(home, "gone-session"), now=NOW)
    with Store.open(home, write=True) as store:  # what the drainer does last
        consent.renew(store.forgotten())
        store.add(consent.records(records))
    assert all(names == set() for names in ids(home).values())


def test_a_compilation_is_waited_for(home: Home) -> None:
    from agentjit.lock import held

    with held(home.compile_lock, wait=0):
        began = time.monotonic()
        program = (
            "import sys; from agentjit import forget; from agentjit.forget import removal\n"
            "from agentjit.home import Home; removal._PATIENCE = 0.2\n"
            "try: forget.forget(Home(sys.argv[1]), forget.EVERYTHING, now=2e9)\n"
            "except Exception as error: print(error)\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", program, home.root], env=environment(), capture_output=True, text=True, check=False
        )
    assert "compiling" in told.stdout and time.monotonic() - began < 30


def test_a_message_that_quotes_a_call_found_out_later_is_dropped(home: Home) -> None:
    """The sub-agents' transcripts come after the main one."""
    prompt = PromptSeen("s", "s:p", 1.0, "go", cwd="/w")
    add(home, prompt, FinalSeen("s", "s:p", 9.0, "the secret plan"))
    consent = Consent(["/x"], lambda folder: False)
    inside = CallSeen("s", "s:p", ToolCall("c", "Read", {"file_path": "/x/f"}, "o", True, None, 2.0, agent="a"))
    with Store.open(home, write=True) as store:
        store.add(consent.records([inside]))
        store.note(consent.learned(), *consent.quoting())
    assert ids(home)["finals"] == set() and ids(home)["calls"] == set()


# --- retention


def test_old_sessions_expire_and_running_ones_stay(home: Home) -> None:
    config = Config(days=100)
    add(home, *session("old", "aged", at=NOW - 150 * DAY))
    for n in range(10):
        add(home, *session(f"s{n}", at=NOW - n * 10 * DAY))
    add(home, *session("timeless", at=0.0), DecisionSeen("loose", NOW - 150 * DAY, "", "", "name", "run", "x"))
    stale, fresh = Path(home.quarantine, "Stop.1"), Path(home.quarantine, "Stop.2")
    for path, days in ((stale, 20), (fresh, 3)):
        path.write_text("x")
        Path(f"{path}.reason").write_text("why")
        for each in (path, Path(f"{path}.reason")):
            os.utime(each, (NOW - days * DAY, NOW - days * DAY))
    assert forget.due(home, NOW)
    done = forget.expire(home, config, now=NOW)
    assert (done.sessions, done.quarantined) == (1, 1)
    assert "old" not in ids(home)["sessions"] and len(ids(home)["sessions"]) == 11
    assert "loose" not in ids(home)["decisions"] and "d-s0" in ids(home)["decisions"]
    assert sorted(os.listdir(home.quarantine)) == ["Stop.2", "Stop.2.reason"]
    assert not forget.due(home, NOW + 3600) and forget.due(home, NOW + 1.1 * DAY)
    assert forget.due(home, NOW - 3600), "the clock was set back"
    assert forget.expire(home, config, now=NOW + 1) == forget.Expired()


def test_a_transcript_that_expired_is_not_read_again_until_it_changes(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    row = {"type": "user", "sessionId": "old", "cwd": "/w", "promptId": "p", "message": {"content": "go"}}
    path.write_text(json.dumps(row | {"timestamp": "2020-01-01T00:00:00Z"}) + "\n")
    import_paths(home, [path], {"HOME": str(tmp_path)})
    for n in range(5):
        add(home, *session(f"s{n}", at=NOW - n * DAY))
    assert forget.expire(home, Config(), now=NOW).sessions == 1
    assert import_paths(home, [path], {"HOME": str(tmp_path)}).unchanged == 1
    assert "old" not in ids(home)["sessions"]


def test_the_file_is_written_anew_only_when_that_pays(home: Home) -> None:
    for n in range(20):
        add(home, *session(f"s{n:02}", "x" * 5000, at=NOW - n * 10 * DAY))
    assert forget.expire(home, Config(days=185), now=NOW) == forget.Expired(1, 0, False)
    assert forget.expire(home, Config(days=165), now=NOW) == forget.Expired(2, 0, False)
    assert forget.expire(home, Config(days=145), now=NOW) == forget.Expired(2, 0, True), "all that is dead counts"
    assert len(ids(home)["sessions"]) == 15


def test_the_oldest_go_until_the_database_keeps_to_its_size(home: Home) -> None:
    for n in range(24):
        add(home, *session(f"s{n:02}", os.urandom(120_000).hex(), at=NOW - n * DAY))
    size = os.path.getsize(home.database)
    assert size > 20_000_000
    done = forget.expire(home, Config(megabytes=16), now=NOW)
    left = ids(home)["sessions"]
    assert done.rewritten and 0 < done.sessions < 24 and len(left) == 24 - done.sessions
    assert left == {f"s{n:02}" for n in range(len(left))}, "the newest stay"
    assert os.path.getsize(home.database) <= 16_000_000


def test_a_session_of_today_stays_however_large() -> None:
    known = [("a", NOW - 5 * DAY, 10), ("b", NOW - 2 * DAY, 10), ("c", NOW, 1000)]
    assert too_much(known, 2000, 100, NOW - DAY) == {"a", "b"}
    assert too_much(known, 100, 100, NOW - DAY) == {"a", "b"}
    assert too_much([("a", NOW - 5 * DAY, 50), ("b", NOW - 4 * DAY, 50)], 110, 100, NOW - DAY) == {"a"}
    assert too_much([], 2000, 100, NOW) == set()


@pytest.mark.parametrize(
    ("now", "days", "latest"),
    [
        (100, [98, 99, 100], 100),
        (100, [], 100),
        (95, [98, 99, 100], 95),  # set back
        (4000, [98, 99, 100], 130),  # far forward
        (4000, [98, 99, 100, 4000], 130),  # and recorded since
        (4000, [98, 99, 100, 3998, 3999, 4000], 4000),  # for days: then it is so
        (100, [98, 99, 4000], 100),  # one session had a wrong clock
        (400, [98, 99, 100, 398], 130),  # back from a long pause
        (400, [98, 128, 158], 188),
    ],
)
def test_a_clock_is_believed_as_far_as_records_bear_it_out(now: int, days: list[int], latest: int) -> None:
    base = 20_000
    found = believed((base + now) * DAY, [(base + day) * DAY + 100 for day in days])
    assert found == (base + latest) * DAY


def test_a_clock_far_forward_does_not_delete_everything(home: Home) -> None:
    add(home, *session("a", at=NOW - 2 * DAY), *session("b", at=NOW))
    Path(home.quarantine, "Stop.1").write_text("x")
    os.utime(Path(home.quarantine, "Stop.1"), (NOW, NOW))
    add(home, *session("future", at=NOW + 4000 * DAY))
    assert forget.expire(home, Config(), now=NOW + 4000 * DAY + 10).sessions == 0
    assert ids(home)["sessions"] == {"a", "b", "future"}
