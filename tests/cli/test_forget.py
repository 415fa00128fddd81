"""`aj forget`: shows, asks, and does nothing without a yes."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from agentjit.cli import cli
from agentjit.cli.forget import command as forget_command
from agentjit.home import Home
from agentjit.library import Library
from agentjit.store import Store
from agentjit.trace import PromptSeen, SessionSeen
from tests.compile import families
from tests.support.library import learned

Aj = Callable[..., Result]


@pytest.fixture
def aj(home: Home) -> Aj:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["forget", *arguments], catch_exceptions=False)

    return run


OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def shop(home: Home) -> Home:
    learned(home, families.reads(), now=time.time())
    Path(home.spool, "PostToolUse.1").write_text(
        json.dumps({"session_id": "waiting", "tool_name": "Bash", "tool_input": {"command": "relay"}, "cwd": "/w"})
    )
    return home


def prompts(home: Home) -> int:
    with Store.open(home, write=False) as store:
        return store.episodes_count()


def test_without_a_yes_nothing_is_done(aj: Aj, shop: Home) -> None:
    refused = aj("--matching", "relay")
    assert refused.exit_code == 2 and "--yes" in refused.stderr and prompts(shop) == 5
    assert "would go: 0 sessions" not in refused.stdout and "skills made from it" in refused.stdout
    shown = aj("--matching", "relay", "--dry-run")
    assert shown.exit_code == 0 and prompts(shop) == 5 and "version" in shown.stdout
    assert Library(shop).records()


def test_json_says_what_would_go_and_what_went(aj: Aj, shop: Home) -> None:
    foretold = json.loads(aj("--matching", "relay", "--dry-run", "--json").stdout)
    assert foretold["done"] is False and foretold["skills"] == ["version"] and foretold["prompts"] == 1
    assert set(foretold) >= {"sessions", "prompts", "calls", "decisions", "skills", "spool", "quarantine", "bytes"}
    told = json.loads(aj("--matching", "relay", "--yes", "--json").stdout)
    assert told == {**foretold, "done": True}
    assert prompts(shop) == 4 and Library(shop).records() == []


def test_only_what_there_is_is_counted(aj: Aj, shop: Home) -> None:
    done = aj("--matching", "relay", "--yes")
    first, skills = done.stdout.splitlines()
    assert first.startswith("gone: ") and "1 prompt, " in first
    assert not re.search(r"\b0 ", first), "nothing is said of what is not there"
    assert skills.startswith("skills made from it, gone: version")
    assert "would go" not in done.output, "who has said yes is not asked"


def imported(home: Home, count: int) -> None:
    with Store.open(home, write=True) as store:
        for number in range(1, count + 1):
            session, at = f"alpha-{number}", time.mktime((2026, 1, number, 12, 0, 0, 0, 0, -1))
            store.add(
                [SessionSeen(session, "codex", at), PromptSeen(session, f"{session}-p", at, "go", cwd=f"/w/{number}")]
            )


def test_a_session_that_is_not_there_is_told_the_newest(aj: Aj, home: Home) -> None:
    assert aj("--session", "4ec443d0").stderr == "aj: no session begins with '4ec443d0'; none is recorded\n"
    imported(home, 5)
    said = aj("--session", "4ec443d0")
    newest = "alpha-5, 2026-01-05, /w/5; alpha-4, 2026-01-04, /w/4; alpha-3, 2026-01-03, /w/3"
    assert (said.exit_code, said.stderr) == (2, f"aj: no session begins with '4ec443d0'; the newest: {newest}\n")
    with Store.open(home, write=True) as store:
        store.add([SessionSeen("beta", "codex", time.time())])
    assert f"the newest: beta, {time.strftime('%Y-%m-%d')}; alpha-5, " in aj("--session", "4ec443d0").stderr
    assert aj("--session", "alpha-").stderr == f"aj: 5 sessions begin with 'alpha-'; the newest: {newest}\n"
    assert "too short for a session" in aj("--session", "4e").stderr


def test_sessions_and_folders_are_completed(home: Home) -> None:
    options = {each.name: each for each in forget_command.params}
    assert shell(options["session"], "") == []
    imported(home, 3)
    assert shell(options["session"], "al") == [
        ("alpha-3", "2026-01-03"),
        ("alpha-2", "2026-01-02"),
        ("alpha-1", "2026-01-01"),
    ]
    assert shell(options["session"], "b") == []
    Path(home.database).write_bytes(b"no database" * 1000)
    assert shell(options["session"], "al") == []
    project = options["project"].shell_complete(click.Context(forget_command), "/w")
    assert [each.type for each in project] == ["file"]


def shell(option: click.Parameter, incomplete: str) -> list[tuple[str, str]]:
    found = option.shell_complete(click.Context(forget_command), incomplete)
    return [(each.value, each.help or "") for each in found]


def test_an_option_without_its_value_leads_to_the_help_of_its_command(aj: Aj) -> None:
    said = aj("--session")
    assert said.exit_code == 2 and said.stderr.endswith("See `aj forget --help`.\n")


def test_one_thing_at_a_time(aj: Aj, shop: Home) -> None:
    for arguments in ([], ["--all", "--quarantine"], ["--session", "x", "--project", "y"], ["--yes"]):
        refused = aj(*arguments)
        assert refused.exit_code == 2 and "one of" in refused.stderr
    for arguments in (["--before", "soon"], ["--before", "2999-01-01"], ["--matching", "/(/"], ["--session", "abc"]):
        assert aj(*arguments, "--yes").exit_code == 2
    assert prompts(shop) == 5


@pytest.mark.parametrize("what", [["--all"], ["--project", "/"], ["--before", "2026-01-01"], ["--quarantine"]])
def test_an_empty_home_has_nothing_to_forget(aj: Aj, what: list[str]) -> None:
    done = aj(*what, "--yes")
    assert (done.exit_code, done.stdout) in ((0, "Nothing of that was recorded.\n"), (2, ""))


def test_all(aj: Aj, shop: Home) -> None:
    done = aj("--all", "--yes")
    assert done.exit_code == 0 and "gone: " in done.stdout
    assert prompts(shop) == 0 and Library(shop).records() == [] and os.listdir(shop.spool) == []


def test_a_bad_config_does_not_keep_anyone_from_forgetting(aj: Aj, shop: Home) -> None:
    Path(shop.config).write_text("never = ")
    assert aj("--matching", "relay", "--yes").exit_code == 0
    assert prompts(shop) == 4


@pytest.mark.parametrize(("answer", "left"), [("n", 5), ("y", 4), ("\x04", 5), ("\x03", 5)])
def test_on_a_terminal_it_asks(shop: Home, answer: str, left: int) -> None:
    master, slave = pty.openpty()
    program = [sys.executable, "-m", "agentjit", "forget", "--matching", "relay"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "dumb"}
    argv = [sys.executable, "-c", OWN_TERMINAL, *program]  # else Ctrl-C means nothing to it
    with subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True) as running:
        os.close(slave)
        shown = b""
        while b"[y/N]: " not in shown and select.select([master], [], [], 60)[0]:
            shown += os.read(master, 4096)
        assert b"would go: " in shown and b"skills made from it" in shown
        time.sleep(0.3)  # a signal that comes just before it reads is seen at the next key only
        os.write(master, answer.encode() + (b"\n" if answer in "ny" else b""))
        try:
            running.wait(60)
            with suppress(OSError):  # the end
                while select.select([master], [], [], 5)[0]:
                    shown += os.read(master, 4096)
        finally:
            running.kill()
    os.close(master)
    assert prompts(shop) == left
    assert running.returncode == (0 if left == 4 else 1)
    last = shown.decode().splitlines()[-1]
    assert last == "aj: nothing was forgotten" if left == 5 else last.startswith("skills made from it, gone")
    assert "Traceback" not in shown.decode()
