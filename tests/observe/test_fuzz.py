"""100,000 mutated payloads through the hooks and the drainer: exit 0, nothing on stdout, nothing lost in silence.

Most are laid into the spool as `record.sh` would; some thousand go through the real shims. AJ_FUZZ=all sends all of
them through the shims (many minutes). A failure names the seed and the numbers: `payload(seed, number, cwd)` is it.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agentjit.home import Home
from agentjit.store import Store
from agentjit.store_rows import clean
from tests.compile import families
from tests.install.test_shims import EVENTS, argv
from tests.observe.faults.payloads import Sent, payload
from tests.support.library import learned, renamed

CHECKOUT = Path(__file__).resolve().parents[2]
EVERY = os.environ.get("AJ_FUZZ") == "all"
SEED = int(os.environ.get("AJ_FUZZ_SEED", "3"))
TOTAL = 100_000
SHIMS = TOTAL if EVERY else 3_000
BATCH = 20_000  # payloads to a drain
MEMORY = 1_500_000  # KiB a drainer may take
DEAD = 2**22 + 1
_PASS = b'\n{"aj":"decision","decision":"pass","reason":"no active skill shares a telling word with this prompt"}\n'
_COUNTS = re.compile(r"(\d+) events? loaded(?:, (\d+) set aside.*)?\n")
_DECODER = json.JSONDecoder()


@dataclass
class Expected:
    """What must be in the database, by the plain reading of what was sent: calls by their ids, with the first content,
    calls without an id, prompts by their ids.
    """

    calls: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # id -> session, tool, input
    nameless: int = 0
    prompts: set[str] = field(default_factory=set)

    def take(self, sent: Sent) -> None:
        value = _first_object(sent.raw)
        if value is None or not _text(value.get("session_id")):
            return
        if sent.event == "UserPromptSubmit" and isinstance(value.get("prompt"), str) and _text(value.get("prompt_id")):
            self.prompts.add(clean(f"{value['session_id']}:{value['prompt_id']}"))
        tool, given = value.get("tool_name"), value.get("tool_input")
        if not sent.event.startswith("PostToolUse") or not _text(tool) or not isinstance(given, dict):
            return
        if not _text(value.get("tool_use_id")):
            self.nameless += 1
            return
        content = clean(value["session_id"]), clean(str(tool)), clean(json.dumps(given, ensure_ascii=False))
        first = self.calls.setdefault(clean(value["tool_use_id"]), content)
        if first[0] != content[0] and first[2] != content[2]:  # another session counts its calls alike
            self.calls.setdefault(f"{content[0]}:{clean(value['tool_use_id'])}", content)


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _first_object(raw: bytes) -> dict[str, Any] | None:
    """The object a payload begins with, None if there is none, or it is nested deeper than any tool's input."""
    try:
        value = _DECODER.raw_decode(raw.decode("utf-8", "replace").removeprefix("\ufeff").lstrip(" \t\r\n"))[0]
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _depth(value) <= 100 else None


def _depth(value: object) -> int:
    levels, level = 0, [value]
    while level:
        levels += 1
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for some in inner for item in some]
    return levels - 1


# --- the home they come to


@pytest.fixture
def work(home: Home, tmp_path: Path) -> Path:
    """A working directory; the home has two active skills that prompts may mean, and the links that `aj init` makes."""
    learned(home, renamed(families.reads(), "a"), renamed(families.pipeline(), "b"))
    assert os.path.getsize(home.entries) > 0
    os.symlink(os.path.realpath(getattr(sys, "_base_executable", sys.executable)), os.path.join(home.bin, "python3"))
    os.symlink(CHECKOUT, home.lib)
    folder = tmp_path / "work"
    for name in ("web", "api"):
        (folder / name).mkdir(parents=True)
        (folder / name / "VERSION").write_text("7.7.7\n")
    (folder / "logs").mkdir()
    (folder / "logs" / "web.log").write_text("level=error x\n" * 5)
    return folder


def sent(numbers: Iterable[int], work: Path) -> Iterator[Sent]:
    return (payload(SEED, number, str(work)) for number in numbers)


# --- the two ways in


def lay(home: Home, some: Iterable[Sent]) -> int:
    """Put them into the spool as the hooks do, by processes that are gone; a second apart. How many files."""
    count = 0
    for each in some:
        path = os.path.join(home.spool, f"{each.event}.{DEAD}.{each.number}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(each.raw + (_PASS if each.event == "UserPromptSubmit" and each.number % 2 else b""))
        os.utime(path, (1.7e9 + each.number, 1.7e9 + each.number))
        count += 1
    return count


def fire(home: Home, work: Path, each: Sent) -> str:
    """Send one through its shim; what is not as it should be, "" if all is."""
    env = {"HOME": str(work.parent), "PATH": "/usr/bin:/bin"}
    command = argv(_shim(each), home=Path(home.root))
    done = subprocess.run(command, input=each.raw, env=env, cwd=work, capture_output=True, timeout=60, check=False)
    wrong = [f"exit status {done.returncode}"] if done.returncode else []
    wrong += [f"stderr {done.stderr!r}"] if done.stderr else []
    wrong += [f"stdout {done.stdout!r}"] if done.stdout and not _legitimate(done.stdout, each) else []
    return f"seed {SEED}, number {each.number}: {', '.join(wrong)}"[:500] if wrong else ""


def _legitimate(stdout: bytes, each: Sent) -> bool:
    """The answer of a skill, to a prompt that asks for it: what its files say, or what it found before it gave up."""
    said = json.loads(stdout)
    prompt = str(json.loads(each.raw)["prompt"]) if each.event == "UserPromptSubmit" else ""
    if said.keys() == {"continue", "stopReason"}:
        answer = str(said["stopReason"]).split("\n")[0]
        about = re.fullmatch(r"what is the version of (\S+)\?", prompt.strip(), re.IGNORECASE)
        return said["continue"] is False and (
            bool(about and answer == f"{about[1]} is at 7.7.7.") or ("lines does" in prompt and answer.isdigit())
        )
    more = said.get("hookSpecificOutput", {})
    return said.keys() == {"hookSpecificOutput"} and "AgentJIT began the learned workflow" in more["additionalContext"]


def drained(home: Home) -> tuple[int, int, int]:
    """Events loaded, set aside, and the most memory in KiB that `aj ingest` took; it says nothing else."""
    env = {"HOME": os.environ["HOME"], "AJ_HOME": home.root, "PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(
        [sys.executable, "-m", "agentjit", "ingest"], env=env, capture_output=True, text=True, timeout=280, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), f"seed {SEED}: {done.stderr[-1500:]}"
    counts = _COUNTS.fullmatch(done.stdout)
    assert counts, done.stdout
    return int(counts[1]), int(counts[2] or 0), max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


# --- the test


@pytest.mark.timeout(7200 if EVERY else 600)
def test_a_hundred_thousand_mutated_payloads(home: Home, work: Path) -> None:
    expected, given, loaded, aside, memory = Expected(), 0, 0, 0, 0
    canary = work.parent / "canary"
    canary.write_text("alive")
    with ThreadPoolExecutor(4) as pool:
        for numbers in _batches(0, SHIMS):
            some = list(sent(numbers, work))
            wrong = [reason for reason in pool.map(lambda each: fire(home, work, each), some) if reason]
            assert not wrong, "\n".join([f"{len(wrong)} in all", *wrong[:20]])
            arrived = in_spool(home, some)
            given += len(arrived)
            for each in arrived:
                expected.take(each)
            done = drained(home)
            loaded, aside, memory = loaded + done[0], aside + done[1], done[2]
    for numbers in _batches(SHIMS, TOTAL):
        some = list(sent(numbers, work))
        given += lay(home, some)
        done = drained(home)
        loaded, aside, memory = loaded + done[0], aside + done[1], done[2]
        for each in some:
            expected.take(each)
    assert loaded + aside == given, f"seed {SEED}: {given} given, {loaded} loaded, {aside} set aside"
    assert os.listdir(home.spool) == []
    reasons = [path for path in Path(home.quarantine).iterdir() if path.name.endswith(".reason")]
    assert len(reasons) == aside == len(os.listdir(home.quarantine)) - aside
    assert all(path.read_text().strip() for path in reasons)
    assert memory < MEMORY
    assert canary.read_text() == "alive" and not list(work.parent.rglob("PWNED"))
    assert not (odd := _complaints(home)), f"seed {SEED}: {odd[:5]}"
    check(home, expected)
    assert loaded > TOTAL // 3 and aside > TOTAL // 10, "the payloads are all of one kind"
    assert len(expected.calls) > TOTAL // 10 and len(expected.prompts) > TOTAL // 200


def _complaints(home: Home) -> list[str]:
    """What the prompt hook noted that is more than a payload that is no JSON."""
    lines = Path(home.log).read_text().splitlines() if os.path.exists(home.log) else []
    return [line for line in lines if "JSONDecodeError: " not in line and "UnicodeDecodeError: " not in line]


def _batches(start: int, end: int) -> Iterator[range]:
    return (range(place, min(place + BATCH, end)) for place in range(start, end, BATCH))


def in_spool(home: Home, some: list[Sent]) -> list[Sent]:
    """What the shims put into the spool, oldest first: each payload that is not empty, as it was sent, once."""
    paths = sorted(Path(home.spool).iterdir(), key=lambda path: (path.stat().st_mtime_ns, str(path)))
    arrived = [Sent(-1, path.name.split(".")[0], path.read_bytes()) for path in paths]
    for event in EVENTS:
        given = sorted(each.raw for each in some if _shim(each) == event and (each.raw or event == "UserPromptSubmit"))
        got = [each.raw for each in arrived if each.event == event]
        if event == "UserPromptSubmit":  # the hook program adds its decision, on a line of its own
            assert len(got) == len(given)
        else:
            assert sorted(got) == given
    return arrived


def _shim(each: Sent) -> str:
    return each.event if each.event in EVENTS else "Stop"


def check(home: Home, expected: Expected) -> None:
    """Every call and prompt that can be told apart is there once, the first with its content."""
    with Store.open(home, write=False) as store:
        assert store.episodes()
    with duckdb.connect(home.database, read_only=True) as connection:
        rows = connection.execute("SELECT call, session, tool, input FROM calls").fetchall()
        known = {
            row[0] for row in connection.execute("SELECT episode FROM episodes WHERE prompt IS NOT NULL").fetchall()
        }
        known |= {row[0] for row in connection.execute("SELECT alias FROM aliases").fetchall()}
    found = {row[0]: row[1:] for row in rows}
    assert len(found) == len(rows)
    assert not (gone := expected.calls.keys() - found.keys()), f"seed {SEED}: {sorted(gone)[:5]} are not there"
    other = {
        name: (content, found[name])
        for name, content in expected.calls.items()
        if found[name] != content and "‹secret:" not in found[name][2]
    }
    assert not other, f"seed {SEED}: {len(other)} have not their first content: {list(other.items())[:3]}"
    before = sum(len(episode.calls) for episode in (*families.reads(), *families.pipeline()))
    assert len(found) == len(expected.calls) + expected.nameless + before
    assert not (gone := expected.prompts - known), f"seed {SEED}: {len(gone)} prompts are not there: {sorted(gone)[:5]}"
