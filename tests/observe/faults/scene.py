"""A home whose spool holds something of everything, and what must be true of it once it was drained, whatever happened.

Three sessions with prompts, calls, failures, closing messages, a run; a transcript to import; events that cannot be
understood; a file that its writer never finished; a secret, twice.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from agentjit.home import Home
from agentjit.observe.ingest import drain
from agentjit.store import Store

NOW = 1_790_000_000.0
DEAD = 2**22 + 1  # beyond the largest pid Linux gives
SECRET = "hunter22hunter22"
_DIGITS = re.compile(r"(‹secret:[^:›]+:)[0-9a-f]+›")


@dataclass(frozen=True)
class Scene:
    """`home` as it is before the drain; `env` says where its transcripts are. Copies of it are drained."""

    home: Home
    env: Mapping[str, str]

    def copy(self, root: Path) -> Home:
        """A home like this one at `root`, file times included."""
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.home.root, root, symlinks=True)
        return Home(str(root))

    def drain(self, home: Home) -> None:
        drain(home, self.env, now=NOW)


@dataclass
class Inbox:
    """Puts files into a spool as the shims do; each a second after the one before, under a number of its own."""

    home: Home
    start: int = 0

    def __post_init__(self) -> None:
        self._count = self.start

    def raw(self, name: str, data: str | bytes, at: float | None = None) -> Path:
        """A file of an event, by a process that is gone; `at`: its time of modification, Unix seconds."""
        self._count += 1
        path = Path(self.home.spool, f"{name}.{DEAD}.{self._count}")
        path.write_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
        path.chmod(0o600)
        when = NOW - 5000 + self._count if at is None else at
        os.utime(path, ns=(round(when * 1e9), round(when * 1e9)))
        return path

    def put(self, event: str, session: str, *own: Mapping[str, Any], at: float | None = None, **payload: Any) -> Path:
        """A payload with what all have in common; `own` are AgentJIT's own lines."""
        common = {"session_id": session, "transcript_path": "", "cwd": "/w", "hook_event_name": event}
        return self.raw(event, "".join(json.dumps(line) + "\n" for line in (common | payload, *own)), at)

    def prompt(self, session: str, text: str, at: float | None = None, **payload: Any) -> Path:
        return self.put("UserPromptSubmit", session, at=at, prompt=text, **payload)

    def call(self, session: str, name: str, at: float | None = None, **payload: Any) -> Path:
        """A Bash call named `toolu_<name>` that prints its name."""
        given = {"tool_name": "Bash", "tool_input": {"command": f"echo {name}"}, "duration_ms": 20}
        said = {"tool_use_id": f"toolu_{name}", "tool_response": {"stdout": name, "stderr": ""}}
        return self.put("PostToolUse", session, at=at, **(given | said | payload))


@dataclass(frozen=True)
class Aftermath:
    """All that is left of a home: every row of every table, the episodes, the other files with their contents."""

    tables: Mapping[str, list[Any]]
    episodes: str
    quarantine: Mapping[str, str]
    files: list[str]

    @classmethod
    def of(cls, home: Home) -> Aftermath:
        """Read it all; the digits of placeholders are left out, they are the home's own."""
        with Store.open(home, write=False) as store:
            episodes = _plain(repr(store.episodes()))
        with duckdb.connect(home.database, read_only=True) as connection:
            names = [
                row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
            ]
            tables = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
        plain = {name: sorted((tuple(map(_plain, row)) for row in rows), key=repr) for name, rows in tables.items()}
        aside = {path.name: _content(path) for path in Path(home.quarantine).iterdir()}
        inside = (os.path.relpath(path, home.root) for path in _all(home))
        return cls(plain, episodes, aside, sorted(inside))


def _plain(value: Any) -> Any:
    return _DIGITS.sub(r"\1›", value) if isinstance(value, str) else value


def _content(path: Path) -> str:
    return f"-> {os.readlink(path)}" if path.is_symlink() else path.read_text(errors="replace")


def _all(home: Home) -> Iterator[str]:
    for folder, names, files in os.walk(home.root):
        yield from (os.path.join(folder, name) for name in (*names, *files))


def open_to_others(home: Home) -> list[str]:
    """What another user could read, were the root not private."""
    return [path for path in _all(home) if not os.path.islink(path) and stat.S_IMODE(os.lstat(path).st_mode) & 0o077]


# --- the scenes


def fresh(folder: Path) -> Scene:
    """The first drain of a home: nothing is there but the spool."""
    home, env = Home(str(folder / "aj")), {"HOME": str(folder / "user")}
    home.ensure()
    projects = folder / "user" / ".claude" / "projects" / "-w"
    projects.mkdir(parents=True)
    transcript = projects / "s0.jsonl"
    transcript.write_text("".join(json.dumps(line) + "\n" for line in _transcript("s0", 2)))
    os.utime(transcript, (NOW - 100, NOW - 100))
    spool = Inbox(home)
    for session in ("s0", "s1", "s2"):
        spool.put("SessionStart", session, source="startup")
    for turn in range(2):
        for session in ("s0", "s1", "s2"):
            _turn(spool, session, turn, str(transcript) if session == "s0" else "")
    spool.put("SessionEnd", "s1", reason="other")
    _odd(spool)
    return Scene(home, env)


def grown(folder: Path) -> Scene:
    """A later drain: the database, the key and a quarantine are there, sessions go on, calls come again."""
    scene = fresh(folder)
    scene.drain(scene.home)
    transcript = folder / "user" / ".claude" / "projects" / "-w" / "s0.jsonl"
    transcript.write_text("".join(json.dumps(line) + "\n" for line in _transcript("s0", 4)))
    os.utime(transcript, (NOW - 50, NOW - 50))
    spool = Inbox(scene.home, start=500)
    spool.put("SessionStart", "s0", source="resume")
    for session in ("s0", "s2"):
        _turn(spool, session, 1, "")  # again: another program reported it too
        _turn(spool, session, 2, str(transcript) if session == "s0" else "")
    _odd(spool)
    return scene


def _turn(spool: Inbox, session: str, turn: int, transcript: str) -> None:
    about: dict[str, Any] = {"prompt_id": f"p{turn}", "transcript_path": transcript}
    passed = {"aj": "decision", "decision": "pass", "reason": "no word"}
    spool.put("UserPromptSubmit", session, passed, **about, prompt=f"prompt {turn} of {session}")
    for number in range(5):
        call: dict[str, Any] = {
            "tool_use_id": f"toolu_{session}_{turn}_{number}",
            "tool_name": "Bash",
            "duration_ms": 20,
        }
        given: dict[str, Any] = {"tool_input": {"command": f"echo {number}"}}
        if number == 3:
            spool.put("PostToolUseFailure", session, **about, **call, **given, error="Exit code 2\nno such file")
        else:
            said = f"password={SECRET}" if number == 4 else f"out {number}"
            spool.put("PostToolUse", session, **about, **call, **given, tool_response={"stdout": said, "stderr": ""})
    spool.put("Stop", session, **about, last_assistant_message=f"done {turn}")
    line = {"aj": "decision", "id": f"run-{session}-{turn}", "at": NOW - 90, "entry": "name", "outcome": "answered"}
    spool.raw("run", json.dumps(line | {"skill": "pods", "decision": "run", "reason": "asked for"}) + "\n")


def _odd(spool: Inbox) -> None:
    """What cannot be loaded, or not whole."""
    spool.raw("PostToolUse", '{"session_id": "s0", "tool_na')
    spool.raw("Stop", "")
    spool.raw("UserPromptSubmit", json.dumps({"session_id": "s9", "prompt_id": "p", "prompt": "good"}) + '\n{"aj": "de')
    spool.raw(".tmp-run", '{"aj": "decision", "id": "unfinis')
    os.symlink("/etc/hostname", os.path.join(spool.home.spool, f"Stop.{DEAD}.{spool.start}"))


def _transcript(session: str, turns: int) -> Iterator[dict[str, Any]]:
    """What the harness itself kept of the session: the same calls, one that no hook told of, and what it cost."""
    for turn in range(turns):
        base = {"sessionId": session, "cwd": "/w", "isSidechain": False, "timestamp": f"2026-09-21T13:{turn:02}:00Z"}
        yield base | {"type": "user", "promptId": f"p{turn}", "message": {"content": f"prompt {turn} of {session}"}}
        for name in (f"toolu_{session}_{turn}_0", f"toolu_{session}_{turn}_missed"):
            use = {"type": "tool_use", "id": name, "name": "Bash", "input": {"command": "echo 0"}}
            usage = {"input_tokens": 100, "output_tokens": 7}
            yield base | {"type": "assistant", "message": {"id": f"m{name}", "content": [use], "usage": usage}}
            back = {"type": "tool_result", "tool_use_id": name, "content": "seen"}
            yield base | {"type": "user", "message": {"content": [back]}}
        text = {"type": "text", "text": f"done {turn}"}
        yield base | {"type": "assistant", "message": {"id": f"end{turn}", "content": [text]}}
