"""`aj import`: what it says, what it does with files that are none, and what is left when it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agentjit import forget
from agentjit.cli import cli
from agentjit.home import Home
from agentjit.observe.importer import Imported, import_paths
from agentjit.store import Store
from tests.observe.mutants import lines

Aj = Callable[..., Result]
CHECKOUT = Path(__file__).resolve().parents[2]
NOWHERE = {"HOME": "/nonexistent"}


@pytest.fixture
def aj(home: Home) -> Aj:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["import", *arguments], catch_exceptions=False)

    return run


def gemini(session: str, calls: int = 1, size: int = 1) -> str:
    """A chat with one prompt and some calls."""
    at = "2026-01-01T00:00:00Z"
    made = [
        {
            "id": f"c{n}",
            "name": "glob",
            "args": {"pattern": "*"},
            "result": [{"functionResponse": {"response": {"output": "x" * size}}}],
            "status": "success",
            "timestamp": at,
        }
        for n in range(calls)
    ]
    return lines(
        {"sessionId": session, "projectHash": "h", "startTime": at, "kind": "main"},
        {"id": f"{session}-u", "timestamp": at, "type": "user", "content": "go"},
        {"id": f"{session}-g", "timestamp": at, "type": "gemini", "content": "", "toolCalls": made},
        {"id": "i", "timestamp": at, "type": "info", "content": "news"},
    )


def opencode(session: str) -> str:
    message = {"info": {"id": f"msg_{session}", "role": "user", "time": {"created": 1}}, "parts": []}
    return json.dumps({"info": {"id": f"ses_{session}", "directory": "/w"}, "messages": [message]})


def claude(session: str) -> str:
    row = {"type": "user", "sessionId": session, "cwd": "/w", "uuid": "u", "timestamp": "2026-01-01T00:00:00Z"}
    return lines(row | {"message": {"role": "user", "content": "go"}})


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def load(home: Home, *paths: Path, **more: Any) -> Imported:
    return import_paths(home, list(paths), NOWHERE, **more)


def counted(home: Home) -> tuple[int, int]:
    with Store.open(home, write=False) as store:
        return store.sessions_count(), store.calls_count()


def test_without_a_path_every_harness_is_looked_at(aj: Aj, home: Home) -> None:
    user = Path(os.environ["HOME"])
    write(user / ".gemini" / "tmp" / "p" / "chats" / "session-1.jsonl", gemini("g1"))
    write(user / ".gemini" / "tmp" / "q" / "chats" / "session-2.jsonl", gemini("g2"))
    write(user / ".gemini" / "tmp" / "q" / "logs.json", "[]")
    write(user / ".claude" / "projects" / "-w" / "c.jsonl", claude("c1"))
    first = aj()
    assert first.exit_code == 0
    assert first.stdout == "3 transcripts imported (2 Gemini CLI, 1 Claude Code): 10 records\n"
    assert aj().stdout == "0 transcripts imported, 3 unchanged: 0 records\n"
    assert counted(home) == (3, 2)


def test_where_there_is_nothing_it_says_so(aj: Aj) -> None:
    assert aj().stdout.splitlines()[1].startswith("No transcripts were found")
    assert "Copilot CLI" in aj().stdout
    assert aj("/nonexistent/x").exit_code == 2


def test_a_file_that_is_no_transcript_is_named(aj: Aj, home: Home, tmp_path: Path) -> None:
    good, notes = write(tmp_path / "good.jsonl", gemini("g1")), write(tmp_path / "notes.txt", "buy milk\n")
    said = aj(str(notes))
    assert (said.exit_code, said.stdout) == (2, "0 transcripts imported: 0 records\n")
    assert said.stderr.count("\n") == 1 and said.stderr.endswith(f"to be read: {notes}\n")
    assert "Claude Code, Codex, Copilot CLI, Gemini CLI or OpenCode" in said.stderr
    as_json = aj("--json", str(notes))
    assert as_json.exit_code == 2 and json.loads(as_json.stdout)["foreign"] == 1 and str(notes) in as_json.stderr
    some = aj(str(notes), str(good))
    assert (some.exit_code, some.stdout) == (0, "1 transcript imported (1 Gemini CLI): 4 records\n")
    assert str(notes) in some.stderr and str(good) not in some.stderr
    again = aj(str(notes), str(good))
    assert again.exit_code == 0 and "1 unchanged" in again.stdout, "what was there before was of use"
    many = [str(write(tmp_path / f"{number}.txt", "x")) for number in range(8)]
    assert "4.txt, and 3 more" in aj(*many).stderr


def test_one_is_not_many(aj: Aj, home: Home, tmp_path: Path) -> None:
    assert aj(str(write(tmp_path / "c.jsonl", claude("c1")))).exit_code == 0
    said = CliRunner().invoke(cli, ["stats"], catch_exceptions=False).stdout
    assert said.splitlines()[0] == "recorded  1 session, 1 episode, 0 calls"
    Path(home.quarantine, "Stop.1").write_text("x")
    assert ", 1 event set aside" in CliRunner().invoke(cli, ["stats"], catch_exceptions=False).stdout


def test_a_folder_without_transcripts_is_no_error(aj: Aj, tmp_path: Path) -> None:
    write(tmp_path / "t" / "package.json", "{}")
    said = aj(str(tmp_path / "t"))
    assert (said.exit_code, said.stdout, said.stderr) == (0, "0 transcripts imported: 0 records\n", "")


def test_what_was_skipped_is_told_when_asked(aj: Aj, tmp_path: Path) -> None:
    write(tmp_path / "t" / "a.jsonl", gemini("g1") + "{broken\n")
    write(tmp_path / "t" / "b.json", "{}")
    write(tmp_path / "t" / "c.json", opencode("1"))
    write(tmp_path / "t" / "agent-x.meta.json", "{}")
    said = aj("--verbose", str(tmp_path / "t")).stdout.splitlines()
    assert said == [
        "2 transcripts imported (1 Gemini CLI, 1 OpenCode): 5 records, 1 line that cannot be read skipped",
        "0 calls without a result",
        "1 file of other programs, or that cannot be read",
        f"  {tmp_path / 't' / 'b.json'}",
        f"{tmp_path / 't' / 'a.jsonl'}: 1 line that cannot be read",
        "1 line of kind info says nothing about calls",
    ]


def test_as_json(aj: Aj, tmp_path: Path) -> None:
    write(tmp_path / "t" / "a.jsonl", gemini("g1", calls=2))
    assert json.loads(aj("--json", str(tmp_path / "t")).stdout) == {
        "files": 1,
        "unchanged": 0,
        "records": 5,
        "skipped_lines": 0,
        "foreign": 0,
        "harnesses": {"gemini-cli": 1},
        "unknown": {"info": 1},
        "unanswered": 0,
        "kept_out": 0,
        "left": 0,
        "broken": {},
        "unread": [],
    }


def test_what_was_forgotten_is_kept_out_and_it_says_so(aj: Aj, home: Home, tmp_path: Path) -> None:
    write(tmp_path / "t" / "a.jsonl", gemini("g1", calls=2))
    aj(str(tmp_path / "t"))
    forget.forget(home, forget.session(home, "g1"), now=time.time())
    assert "5 records, 5 of them kept out (forgotten" in aj(str(tmp_path / "t")).stdout
    with Store.open(home, write=False) as store:
        assert store.sessions_count() == 0


# --- files that are none


def test_files_that_cannot_be_read_are_counted(aj: Aj, home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "t"
    good = gemini("g1")
    write(folder / "good.jsonl", good)
    write(folder / "utf16.jsonl", good.encode("utf-16"))
    write(folder / "bom.jsonl", b"\xef\xbb\xbf" + gemini("g2").encode())
    write(folder / "nul.jsonl", gemini("g3").encode() + b"\0" * 4096)
    write(folder / "binary.json", os.urandom(9000))
    write(folder / "empty.json", "")
    write(folder / "surrogate.jsonl", gemini("g4") + lines({"id": "\ud800", "type": "user", "content": "\udfff\0"}))
    write(folder / "deep.jsonl", gemini("g5") + '{"id": ' + "[" * 100_000 + "\n")
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "device.jsonl").symlink_to("/dev/zero")
    (folder / "gone.jsonl").symlink_to(folder / "nothing")
    (folder / "folder.json").mkdir()
    done = json.loads(aj("--json", str(folder)).stdout)
    assert done["harnesses"] == {"gemini-cli": 5}
    assert done["foreign"] == 6
    assert done["skipped_lines"] == 2
    assert counted(home) == (5, 5)
    assert aj(str(folder / "pipe.jsonl")).exit_code == 2


def test_a_file_that_nobody_may_read(home: Home, tmp_path: Path) -> None:
    path = write(tmp_path / "t" / "a.jsonl", gemini("g1"))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    assert load(home, path.parent) == Imported(foreign=1)


def test_a_file_that_grows_is_read_again(home: Home, tmp_path: Path) -> None:
    path = write(tmp_path / "t" / "a.jsonl", gemini("g1"))
    grown = False

    def grow() -> bool:
        nonlocal grown
        if not grown:
            grown = True
            with path.open("a") as file:
                file.write('{"id": "g1-v", "type": "us')
        return False

    first = load(home, path.parent, stop=grow)
    assert (first.files, first.skipped_lines) == (1, 1)
    with path.open("a") as file:
        file.write('er", "content": "more"}\n')
    again = load(home, path.parent)
    assert (again.files, again.skipped_lines, again.records) == (1, 0, 5)
    assert load(home, path.parent) == Imported(unchanged=1)
    with Store.open(home, write=False) as store:
        assert store.episodes_count() == 2


def test_a_file_that_disappears(home: Home, tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / "t" / f"{name}.jsonl", gemini(name))
    done = load(home, tmp_path, progress=lambda count, total: (tmp_path / "t" / "b.jsonl").unlink(missing_ok=True))
    assert (done.files, done.foreign) == (1, 1)


def test_a_very_long_line(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "t" / "a.jsonl"
    write(path, gemini("g1") + '{"id": "x", "type": "user", "content": "' + "y" * 50_000_000 + '"}\n' + gemini("g2"))
    assert (load(home, path).skipped_lines, counted(home)) == (0, (2, 2))
    with path.open("a") as file:
        for _ in range(70):
            file.write("z" * 1_000_000)
        file.write("\n" + gemini("g3"))
    assert (load(home, path).skipped_lines, counted(home)) == (1, (3, 3))


# --- stopped


def test_what_is_complete_is_kept_when_it_is_stopped(home: Home, tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path / f"{number}.jsonl", gemini(f"g{number}", calls=10))
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 30  # in the middle of the third file

    seen: list[tuple[int, int]] = []
    done = load(home, tmp_path, stop=stop, progress=lambda count, total: seen.append((count, total)))
    assert (done.files, done.left, done.records) == (2, 4, 26)
    assert counted(home) == (2, 20)
    assert seen[-1] == (2, 6)
    assert load(home, tmp_path) == Imported(
        files=4, unchanged=2, records=52, harnesses={"gemini-cli": 4}, unknown={"info": 4}
    )
    assert counted(home) == (6, 60)


def test_ctrl_c(tmp_path: Path) -> None:
    many = 0
    for more in (120, 240, 480):  # on a busy machine we may come too late: then there is more to do
        for number in range(many, many + more):
            write(tmp_path / "t" / f"{number:03}.jsonl", gemini(f"g{number}", calls=20, size=20_000))
        many += more
        home = Home(str(tmp_path / f"aj{many}"))
        env = {"HOME": str(tmp_path), "AJ_HOME": home.root, "PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}
        argv = [sys.executable, "-m", "agentjit", "import", str(tmp_path / "t")]
        process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not os.path.exists(home.redaction_key):  # made just before the first file
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        if process.returncode:
            break
    sessions, calls = counted(home)
    assert calls == 20 * sessions  # whole files, and nothing else
    assert process.returncode == 130, (out, err)
    assert err.startswith("aj: stopped with") and "Traceback" not in err
    assert sessions < many
    again = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    assert f"{sessions} unchanged" in again.stdout or not sessions
    assert counted(home) == (many, many * 20)
