"""OpenCode sessions to records: small ones written here in all three forms, and the real corpus where it is present."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agentjit.home import Home
from agentjit.observe.harness.opencode import READER, kept
from agentjit.observe.importer import Imported, import_paths
from agentjit.observe.reader import Counts
from agentjit.store import Store
from agentjit.trace import CallSeen, Ended, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall, TurnSeen, UsageSeen
from tests.observe.mutants import mutated, no_document_raises, records

BEGUN = 1_767_225_600_000  # 2026-01-01T00:00:00Z in milliseconds
NOWHERE = {"HOME": "/nonexistent"}


def info(session: str = "ses_1", **more: Any) -> dict[str, Any]:
    return {"id": session, "directory": "/w", "version": "1.18.33", "time": {"created": BEGUN}} | more


def user(second: int, *parts: dict[str, Any], key: str = "") -> dict[str, Any]:
    known = {"id": key or f"msg_u{second}", "sessionID": "ses_1", "role": "user"}
    return {"info": known | {"time": {"created": BEGUN + 1000 * second}}, "parts": list(parts)}


def model(second: int, *parts: dict[str, Any], asked: str = "msg_u1", **more: Any) -> dict[str, Any]:
    created = BEGUN + 1000 * second
    known: dict[str, Any] = {"id": f"msg_a{second}", "sessionID": "ses_1", "role": "assistant", "parentID": asked}
    known |= {"time": {"created": created, "completed": created + 900}, "path": {"cwd": "/w/here"}} | more
    named = [{"id": f"prt_{second}_{place}", "messageID": f"msg_a{second}"} | part for place, part in enumerate(parts)]
    return {"info": known, "parts": named}


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said} | more


def finish(total: int = 100) -> dict[str, Any]:
    tokens = {"input": total - 50, "output": 10, "reasoning": 3, "cache": {"read": 30, "write": 10}}
    return {"type": "step-finish", "reason": "stop", "tokens": tokens}


def tool(name: str, given: Any, output: str = "", **state: Any) -> dict[str, Any]:
    known = {"status": "completed", "input": given, "output": output, "metadata": {}}
    times = {"time": {"start": BEGUN + 2000, "end": BEGUN + 2500}}
    return {"type": "tool", "tool": name, "callID": "call_1", "state": known | times | state}


def bash(output: str = "a\n", code: int | None = 0, **given: Any) -> dict[str, Any]:
    return tool("bash", {"command": "ls", "description": "d"} | given, output, metadata={"exit": code})


def exported(*messages: dict[str, Any], **more: Any) -> str:
    return json.dumps({"info": info(**more), "messages": list(messages)}, indent=2)


def read(*messages: dict[str, Any], counts: Counts | None = None, **more: Any) -> list[Seen]:
    return records(READER, exported(*messages, **more), counts)


def calls(seen: list[Seen]) -> list[ToolCall]:
    return [record.call for record in seen if isinstance(record, CallSeen)]


def prompts(seen: list[Seen]) -> list[tuple[str, str]]:
    return [(record.kind, record.text) for record in seen if isinstance(record, PromptSeen)]


def one(part: dict[str, Any]) -> ToolCall:
    (call,) = calls(read(user(1, text("go")), model(2, part)))
    return call


def counted(home: Home) -> tuple[int, int, int]:
    with Store.open(home, write=False) as store:
        return store.sessions_count(), store.episodes_count(), store.calls_count()


TALK = (user(1, text("list it")), model(2, {"type": "step-start"}, bash(), finish()), model(3, text("one"), finish()))


def test_an_episode() -> None:
    session, prompt, call, final, usage = read(*TALK)
    assert isinstance(session, SessionSeen)
    assert (session.session, session.harness, session.cwd, session.parent) == ("ses_1", "opencode", "/w", "")
    assert isinstance(prompt, PromptSeen) and (prompt.episode, prompt.kind) == ("ses_1:msg_u1", "typed")
    assert isinstance(call, CallSeen) and call.episode == "ses_1:msg_u1"
    made = call.call
    assert (made.id, made.tool, made.input["command"], made.output) == ("prt_2_1", "Bash", "ls", "a\n")
    assert (made.exit_code, made.ok, made.cwd, made.batch) == (0, True, "/w/here", "msg_a2")
    assert (round(made.at - prompt.at, 3), made.seconds) == (1.0, 0.5)
    assert isinstance(final, FinalSeen) and final.text == "one"
    assert isinstance(usage, UsageSeen) and (usage.requests, usage.tokens) == (2, 200)
    assert usage.seconds == pytest.approx(2.9, abs=1e-6)


@pytest.mark.parametrize(
    ("part", "output", "ok", "code", "ended"),
    [
        (bash("no\n", 2), "no\n", False, 2, Ended.RETURNED),
        (
            bash(
                "a\n\n<bash_metadata>\nbash tool terminated command after exceeding timeout 9 ms\n</bash_metadata>",
                None,
            ),
            "a",
            False,
            None,
            Ended.INTERRUPTED,
        ),
        (bash("a\n\n<shell_metadata>\nUser aborted\n</shell_metadata>", 1), "a", False, 1, Ended.INTERRUPTED),
        (bash("a\n\n(Command timed out after 60000 ms)", None), "a", False, None, Ended.INTERRUPTED),
        (bash("<stdout>\no\n</stdout>\n<stderr>\ne\n</stderr>"), "o\ne", True, 0, Ended.RETURNED),
        (tool("edit", {}, status="error", error="oldString not found"), "oldString not found", False, None, "returned"),
        (tool("edit", {}, status="error", error="Tool execution aborted"), None, False, None, Ended.INTERRUPTED),
        (
            tool(
                "bash", {"command": "ls"}, status="error", error="x", metadata={"interrupted": True, "output": "half"}
            ),
            "half",
            False,
            None,
            Ended.INTERRUPTED,
        ),
        (
            tool("edit", {}, status="error", error="The user rejected permission to use this specific tool call."),
            None,
            False,
            None,
            Ended.DENIED,
        ),
        (
            tool("edit", {}, status="error", error="The user has specified a rule which prevents you from using this"),
            None,
            False,
            None,
            Ended.DENIED,
        ),
        (tool("edit", {}, status="running"), "", False, None, Ended.UNANSWERED),
        (tool("edit", {}, status="pending", time=None), "", False, None, Ended.UNANSWERED),
    ],
)
def test_how_a_call_ended(part: dict[str, Any], output: str | None, ok: bool, code: int | None, ended: Ended) -> None:
    call = one(part)
    assert (call.ok, call.exit_code, call.ended) == (ok, code, ended)
    assert call.output == (part["state"]["error"] if output is None else output)


NEWER = "<path>/a</path>\n<type>file</type>\n<content>{}</content>"
OLDER = "<file>\n{}\n</file>"
MORE = "(File has more lines. Use 'offset' parameter to read beyond line 4)"
FOLDER = "<path>/a</path>\n<type>directory</type>\n<entries>\nb\n</entries>"


@pytest.mark.parametrize(
    ("output", "offset", "content", "first"),
    [
        (NEWER.format("\n3: x\n4: \n5: 5: y\n\n(End of file - total 5 lines)\n"), 3, "x\n\n5: y", 3),
        (NEWER.format("1: x\n\n(Showing lines 1-1 of 9. Use offset=2 to continue.)\n"), 1, "x", 1),
        (OLDER.format("00003| x\n00004| </file>\n\n" + MORE), 2, "x\n</file>", 3),
        (FOLDER, 1, FOLDER, 1),
    ],
)
def test_reading_a_file(output: str, offset: int, content: str, first: int) -> None:
    call = one(tool("read", {"filePath": "/a", "offset": offset, "limit": 2}, output))
    assert (call.tool, call.input) == ("Read", {"file_path": "/a", "offset": first, "limit": 2})
    assert call.output == content


def test_where_a_command_ran() -> None:
    assert one(bash(workdir="sub")).cwd == "/w/here/sub"
    assert one(bash(workdir="/else")).cwd == "/else"


@pytest.mark.parametrize(
    ("parts", "kind", "said"),
    [
        ([text("fix it")], "typed", "fix it"),
        ([text("fix it"), text("Called the Read tool", synthetic=True)], "typed", "fix it"),
        ([text('"fix \\"it\\" now"')], "typed", 'fix "it" now'),
        ([text('"a" is not "b"')], "typed", '"a" is not "b"'),
        ([text("/review now")], "command", "/review now"),
        ([text("Please analyze this codebase and create an AGENTS.md file")], "command", None),
        ([{"type": "subtask", "prompt": "Review", "command": "review", "agent": "build"}], "command", "/review"),
        ([{"type": "file", "mime": "image/png", "url": "data:"}], "meta", ""),
    ],
)
def test_what_was_typed(parts: list[dict[str, Any]], kind: str, said: str | None) -> None:
    seen = read(user(1, *parts), model(2, text("ok")))
    assert prompts(seen) == [(kind, parts[0]["text"] if said is None else said)]


@pytest.mark.parametrize(
    ("template", "said", "kind"),
    [
        ("---\ndescription: x\n---\nGreet $1 of $2 warmly, please\n", "Greet Bob of Rome warmly, please", "command"),
        ("Greet everybody here", "Greet everybody here\n\nBob", "command"),
        ("Greet everybody here", "Greet everybody here, Bob", "typed"),
        ("Greet !`cat names` now and then", "Greet\nBob now and then", "typed"),
        ("Greet !`cat names` now and then", "Greet Bob\nAl now and then", "command"),
        ("Greet $1 now and then", "Greet Bob now and then, too", "typed"),
        ("Greet them all: $ARGUMENTS", "Greet them all: Bob", "command"),
        ("$ARGUMENTS", "anything at all", "typed"),
    ],
)
def test_what_came_of_a_commands_template(tmp_path: Path, template: str, said: str, kind: str) -> None:
    work, other = tmp_path / "w" / ".opencode" / "command", tmp_path / ".config" / "opencode"
    for folder in (work, other):
        folder.mkdir(parents=True)
    seen = set()
    for place in ("file", "settings"):
        if place == "file":
            (work / "greet.md").write_text(template)
        else:
            (work / "greet.md").unlink()
            (other / "opencode.json").write_text(json.dumps({"command": {"greet": {"template": template}}}))
        path = data(tmp_path) / "export.json"
        document = exported(user(1, text(said)), directory=str(tmp_path / "w"))
        seen.update(prompts(records(READER, document, path=str(path))))
    assert seen == {(kind, said)}


def test_what_nobody_typed_opens_no_episode() -> None:
    counts = Counts()
    seen = read(
        *TALK,
        user(4, {"type": "compaction", "auto": True}),
        model(5, text("a summary"), finish(), asked="msg_u4", summary=True),
        user(6, text("Continue if you have next steps", synthetic=True)),
        model(7, bash(), asked="msg_u6"),
        model(8, text("done"), asked="msg_u6"),
        user(9, text("The following tool was executed by the user", synthetic=True)),
        model(10, bash(), asked="msg_u9"),
        counts=counts,
    )
    assert prompts(seen) == [("typed", "list it")]
    assert [call.id for call in calls(seen)] == ["prt_2_1", "prt_7_0"]
    assert [record.text for record in seen if isinstance(record, FinalSeen)] == ["done"]
    assert [(turn.kind, turn.detail) for turn in seen if isinstance(turn, TurnSeen)] == [("compact", "auto")]
    assert counts.unknown == {"run by the user": 1}


def test_an_answer_belongs_to_the_message_it_names() -> None:
    seen = read(user(1, text("one")), user(2, text("two")), model(3, bash()), model(4, bash(), asked="msg_u2"))
    assert [r.episode for r in seen if isinstance(r, CallSeen)] == ["ses_1:msg_u1", "ses_1:msg_u2"]


def test_a_sub_agents_session() -> None:
    seen = read(*TALK, parentID="ses_0")
    (session,) = (record for record in seen if isinstance(record, SessionSeen))
    assert session.parent == "ses_0"
    assert prompts(seen) == [("meta", "list it")]
    assert [call.agent for call in calls(seen)] == ["ses_1"]


def test_what_a_fork_copied_is_not_its_own() -> None:
    counts = Counts()
    later = user(9, text("go on"), key="msg_u9")
    seen = read(*TALK, later, model(10, bash(), asked="msg_u9"), counts=counts, time={"created": BEGUN + 8000})
    assert prompts(seen) == [("typed", "go on")]
    assert [call.id for call in calls(seen)] == ["prt_10_0"]
    assert [(turn.kind, turn.at) for turn in seen if isinstance(turn, TurnSeen)] == [("fork", BEGUN / 1000 + 8)]
    assert counts.unknown == {"copied by a fork": 3}


def test_what_a_redactor_left_is_no_id() -> None:
    talk = json.loads(exported(*TALK, user(4, text("more")), model(5, bash(), bash())))
    for message in talk["messages"]:
        message["info"] |= {"id": "REDACTED", "parentID": "REDACTED"}
        for part in message["parts"]:
            part |= {"id": "REDACTED", "callID": "REDACTED"}
    talk["info"] |= {"id": "REDACTED", "parentID": "REDACTED"}
    seen = records(READER, json.dumps(talk))
    assert [len(calls(seen)), len({call.id for call in calls(seen)})] == [3, 3]
    assert [r.episode for r in seen if isinstance(r, CallSeen)] == ["ses_1:ses_1@1"] + 2 * ["ses_1:ses_1@4"]
    assert "REDACTED" not in repr(seen)
    assert seen == records(READER, json.dumps(talk))


def test_an_export_with_words_before_it_or_cut_off() -> None:
    whole = exported(*TALK)
    assert read(*TALK) == records(READER, "Exporting session: ses_1\n" + whole)
    counts = Counts()
    seen = records(READER, whole[: whole.rindex('"msg_a3"')], counts)
    assert (len(calls(seen)), counts.broken) == (1, 1)


# --- in files, and in a database


def stored(base: Path, session: dict[str, Any], *messages: dict[str, Any]) -> Path:
    """As clients before 1.2 keep it."""
    path = base / "session" / "project" / f"{session['id']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(session))
    for message in messages:
        key = message["info"]["id"]
        for place, part in enumerate(message["parts"]):
            name = base / "part" / key / f"{part.get('id', f'prt_{place}')}.json"
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_text(json.dumps(part))
        name = base / "message" / session["id"] / f"{key}.json"
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_text(json.dumps(message["info"]))
    return path


class Database:
    """As clients since 1.2 keep it: the columns that are read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT, directory TEXT, time_created INTEGER,"
                " time_updated INTEGER)"
            )
            for table in ("message", "part"):
                connection.execute(
                    f"CREATE TABLE {table} (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT,"
                    " time_created INTEGER, time_updated INTEGER, data TEXT)"
                )

    def add(self, session: dict[str, Any], *messages: dict[str, Any], connection: Any = None) -> None:
        with closing(sqlite3.connect(self.path)) as own:
            using = connection or own
            row: tuple[Any, ...] = (session["id"], session.get("parentID"), session["directory"], BEGUN, BEGUN)
            using.execute("INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)", row)
            for message in messages:
                known, parts = dict(message["info"]), message["parts"]
                key, at = known.pop("id"), known["time"]["created"]
                row = (key, None, session["id"], at, at, json.dumps(known))
                using.execute("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)", row)
                for place, part in enumerate(parts):
                    name = part.get("id", f"prt_{key}_{place}")
                    row = (name, key, session["id"], at, at, json.dumps(part))
                    using.execute("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)", row)
            using.commit()


def data(home: Path) -> Path:
    return home / ".local" / "share" / "opencode"


def test_a_session_is_one_in_whatever_form_it_comes(home: Home, tmp_path: Path) -> None:
    folder = data(tmp_path)
    stored(folder / "storage", info(), *TALK)
    Database(folder / "opencode.db").add(info(), *TALK)
    (tmp_path / "export.json").write_text(exported(*TALK))
    assert import_paths(home, [], {"HOME": str(tmp_path)}).harnesses == {"opencode": 2}
    assert counted(home) == (1, 1, 1)
    assert import_paths(home, [tmp_path], NOWHERE) == Imported(
        files=1, unchanged=2, records=5, harnesses={"opencode": 1}
    )
    assert counted(home) == (1, 1, 1)
    with Store.open(home, write=False) as store:
        (episode,) = store.episodes()
    assert (episode.final, episode.requests, episode.tokens) == ("one", 2, 200)


def test_a_session_in_files_is_read_again_when_any_of_them_changed(home: Home, tmp_path: Path) -> None:
    storage = data(tmp_path) / "storage"
    running = json.loads(json.dumps(TALK[1]))
    running["parts"][1]["state"] |= {"status": "running", "output": None}
    stored(storage, info(), TALK[0], running)
    other = stored(storage, info("ses_2"), user(1, text("two"), key="msg_v1"))
    env = {"HOME": str(tmp_path)}
    assert (import_paths(home, [], env).unanswered, counted(home)) == (1, (2, 2, 1))
    assert import_paths(home, [], env) == Imported(unchanged=2)
    part = storage / "part" / "msg_a2" / "prt_2_1.json"
    part.write_text(json.dumps(TALK[1]["parts"][1]))
    assert (import_paths(home, [], env).unchanged, counted(home)) == (1, (2, 2, 1))
    stored(storage, info(), *TALK, user(5, text("more")), model(6, bash(), asked="msg_u5"))
    assert (import_paths(home, [], env).unchanged, counted(home)) == (1, (2, 3, 2))
    with Store.open(home, write=False) as store:
        assert [call.ended for episode in store.episodes() for call in episode.calls] == 2 * [Ended.RETURNED]
    other.unlink()
    assert import_paths(home, [tmp_path], NOWHERE) == Imported(unchanged=1)  # its message speaks for nothing


def test_of_a_database_only_sessions_that_changed_are_read(home: Home, tmp_path: Path) -> None:
    database = Database(data(tmp_path) / "opencode.db")
    env = {"HOME": str(tmp_path)}
    for number in range(3):
        database.add(info(f"ses_{number}"), user(1, text(f"{number}"), key=f"msg_u{number}"))
    assert import_paths(home, [], env).files == 3
    assert sorted(os.listdir(data(tmp_path))) == ["opencode.db"]  # nothing was written beside it
    with closing(sqlite3.connect(database.path)) as client:  # as while it runs: the change is in the log alone
        before = database.path.stat().st_mtime_ns
        database.add(info("ses_1"), model(2, bash(), asked="msg_u1"), connection=client)
        assert database.path.stat().st_mtime_ns == before
        done = import_paths(home, [], env)
        assert (done.files, done.unchanged) == (1, 2)
    assert import_paths(home, [], env) == Imported(unchanged=3)
    assert counted(home) == (3, 3, 1)


def test_a_database_that_is_not_ours_or_cannot_be_read(home: Home, tmp_path: Path) -> None:
    folder = data(tmp_path)
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "opencode-a.db")) as other, other:
        other.execute("CREATE TABLE session (id TEXT)")
    (folder / "opencode-b.db").write_bytes(os.urandom(5000))
    (folder / "opencode-c.db").write_text("")
    os.mkfifo(folder / "opencode-d.db")
    locked = Database(folder / "opencode.db")
    locked.add(info(), *TALK)
    env = {"HOME": str(tmp_path)}
    with closing(sqlite3.connect(locked.path)) as client:
        client.execute("PRAGMA journal_mode = DELETE")
        client.execute("BEGIN EXCLUSIVE")
        locked_out = import_paths(home, [], {**env, "OPENCODE_DB": "none.db"})
    assert locked_out.foreign in (4, 5)  # without a log a snapshot can be read in spite of the lock
    done = import_paths(home, [], env)
    assert (done.foreign, counted(home)) == (4, (1, 1, 1))


def test_a_row_that_cannot_be_read_is_counted(home: Home, tmp_path: Path) -> None:
    database = Database(data(tmp_path) / "opencode.db")
    database.add(info(), *TALK)
    with closing(sqlite3.connect(database.path)) as client, client:
        client.execute("UPDATE part SET data = '{broken' WHERE id = 'prt_2_0'")
        client.execute("UPDATE part SET data = x'fffe00' WHERE id = 'prt_2_2'")
    done = import_paths(home, [], {"HOME": str(tmp_path)})
    assert (done.skipped_lines, counted(home)) == (2, (1, 1, 1))


def test_where_it_keeps_sessions(tmp_path: Path) -> None:
    (tmp_path / "opencode").mkdir()
    (tmp_path / "opencode" / "opencode-dev.db").write_text("")
    env = {"HOME": "/h", "XDG_DATA_HOME": str(tmp_path), "OPENCODE_DB": "/else/my.db"}
    assert kept(env) == [
        f"{tmp_path}/opencode/storage/session",
        f"{tmp_path}/opencode/opencode-dev.db",
        "/else/my.db",
    ]
    assert kept({"HOME": "/h"}) == ["/h/.local/share/opencode/storage/session"]


def test_no_document_raises(home: Home, tmp_path: Path) -> None:
    talk = {
        "info": info(parentID="ses_0"),
        "messages": [
            *TALK,
            user(4, {"type": "compaction", "auto": True}, {"type": "subtask", "command": "x"}),
            model(5, tool("read", {"filePath": "/a", "offset": 1}, "<file>\n00001| x\n</file>"), text("x"), finish()),
            model(6, tool("edit", {}, status="error", error="no"), bash(workdir="x")),
        ],
    }

    def make(random: Random) -> bytes:
        return json.dumps(mutated(talk, random), indent=random.choice((None, 2))).encode()

    no_document_raises(home, tmp_path, READER, make)


@pytest.mark.parametrize("seed", range(30))
def test_no_folder_or_row_raises(home: Home, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    odd = (None, 7, "", "x" * 9, b"\xff\0", "{}", '{"role": 1}', "[]", '{"time": {"created": "x"}}', "[" * 2000)
    database = Database(data(tmp_path) / "opencode.db")
    database.add(info(), *TALK)
    stored(data(tmp_path) / "storage", info("ses_f"), *TALK)
    with closing(sqlite3.connect(database.path)) as client, client:
        for table, column in (("session", "directory"), ("session", "time_created"), ("session", "parent_id")):
            client.execute(f"UPDATE {table} SET {column} = ?", [random.choice(odd)])
        for table, column in (("message", "data"), ("part", "data"), ("part", "time_updated")):
            change = f"UPDATE {table} SET {column} = ? WHERE id = (SELECT id FROM {table} ORDER BY random() LIMIT 1)"
            client.execute(change, [random.choice(odd)])
    for path in (data(tmp_path) / "storage").rglob("*.json"):
        if random.random() < 0.3:
            value = random.choice(odd)
            path.write_bytes(value if isinstance(value, bytes) else str(value).encode())
    import_paths(home, [], {"HOME": str(tmp_path)})
    assert counted(home)[0] >= 1


def test_the_corpus_has_the_calls_its_index_says(home: Home, corpus: Path) -> None:
    index = [entry for entry in json.loads((corpus / "index.json").read_text()) if entry.get("fmt") == "opencode"]
    files = sorted((corpus / "opencode").rglob("*.jsonl"))
    tools = sum(len(re.findall(r'^      +"callID": ', path.read_text(), re.MULTILINE)) for path in files)
    done = import_paths(home, [corpus / "opencode"], NOWHERE)
    assert (done.harnesses, done.skipped_lines, done.unanswered) == ({"opencode": len(index)}, 0, 0)
    assert counted(home) == (7, 7, tools) and tools == sum(entry["calls"] for entry in index) == 140
    assert import_paths(home, [corpus / "opencode"], NOWHERE) == Imported(unchanged=7)
    with Store.open(home, write=False) as store:
        episodes = store.episodes()
    made = [call for episode in episodes for call in episode.calls]
    assert len(made) == tools and not any("REDACTED" in name for call in made for name in (call.id, call.batch))
    assert {episode.kind for episode in episodes} == {"meta"}  # all are sub-agents'
    shells = [call for call in made if call.tool == "Bash"]
    exits = re.findall(r'^ +"exit": (\d+)', "\n".join(path.read_text() for path in files), re.MULTILINE)
    assert sorted(str(call.exit_code) for call in shells) == sorted(exits)
    assert not any(call.output.startswith("<path>") for call in made if call.tool == "Read")
