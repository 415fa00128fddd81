"""Redaction: one test per row of the table, and what must hold for any text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit.home import Home
from agentjit.observe.redact import Redactor, home_key
from agentjit.observe.secret_kinds import KINDS, Kind, is_secret_name
from agentjit.trace import CallSeen, DecisionSeen, PromptSeen, StepDone, ToolCall

PLAIN = Redactor(b"key", {})
PLACEHOLDER = re.compile(r"‹secret:[^›]+:[0-9a-f]{6}›")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind(kind: Kind) -> None:
    assert kind.examples and kind.near_misses
    for example in kind.examples:
        redacted = PLAIN.text(f"before\n{example}\nafter")
        assert f"‹secret:{kind.name}:" in redacted, example
        assert redacted.startswith("before\n")
        assert PLAIN.text(redacted) == redacted, "redacting twice changes nothing"
    for near in kind.near_misses:
        assert PLAIN.text(near) == near


def test_there_are_many_kinds_each_with_its_name() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 15


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_literals_let_every_match_through(kind: Kind) -> None:
    for example in kind.examples:
        assert any(literal in example.lower() for literal in kind.literals)
        assert all(literal == literal.lower() for literal in kind.literals)


def test_equal_secrets_stay_equal_and_keys_tell_homes_apart() -> None:
    one, two = "DB_PASSWORD=hunter22 PGPASSWORD=hunter22".split()
    found = [PLACEHOLDER.findall(PLAIN.text(text)) for text in (one, two)]
    assert found[0] == found[1]
    assert PLACEHOLDER.findall(Redactor(b"other", {}).text(one)) != found[0]
    assert "hunter22" not in PLAIN.text(f"{one} {two}")


def test_values_of_secret_variables_go_wherever_they_stand() -> None:
    env = {"MY_TOKEN": "correcthorsebattery", "PATH": "/usr/bin:/bin", "SHORT_TOKEN": "abc", "HOME": "/home/somebody"}
    redacted = Redactor(b"key", env).text("echo correcthorsebattery; ls /home/somebody /usr/bin:/bin abc")
    assert "correcthorsebattery" not in redacted
    assert "‹secret:$MY_TOKEN:" in redacted
    assert "/home/somebody /usr/bin:/bin abc" in redacted
    assert Redactor(b"key", env).text(redacted) == redacted


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "API_KEY", "apiKey", "GH_PAT"]
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["PWD", "HOME", "SSH_AUTH_SOCK", "MAX_TOKENS", "TOKEN_FILE", "KEYBOARD", "AUTHOR"])
def test_names_that_only_sound_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_json_values_under_a_secret_key() -> None:
    value = {"password": "opensesame1", "nested": [{"api_key": "k1234567"}], "max_tokens": 4096, "text": "password"}
    redacted = PLAIN.value(value)
    assert PLACEHOLDER.fullmatch(redacted["password"])
    assert PLACEHOLDER.fullmatch(redacted["nested"][0]["api_key"])
    assert redacted["max_tokens"] == 4096 and redacted["text"] == "password"
    assert PLAIN.value(redacted) == redacted


def test_records_lose_secrets_and_nothing_else() -> None:
    call = ToolCall("toolu_1", "Bash", {"command": "login --password hunter22"}, "token=abc123def", True, 0, 5.0)
    seen = PLAIN.record(CallSeen("s", "s:p", call))
    assert isinstance(seen, CallSeen)
    assert "hunter22" not in str(seen) and "abc123def" not in str(seen)
    assert (seen.call.id, seen.call.at, seen.episode) == ("toolu_1", 5.0, "s:p")
    prompt = PLAIN.record(PromptSeen("s", "s:p", 1.0, "use password: hunter22"))
    assert isinstance(prompt, PromptSeen) and "hunter22" not in prompt.text
    steps = (StepDone("login --password hunter22", 0, 1.0),)
    decision = PLAIN.record(
        DecisionSeen("d", 1.0, "s", "s:p", "prompt", "run", "ok", steps=steps, arguments={"token": "abc123def"})
    )
    assert "hunter22" not in str(decision) and "abc123def" not in str(decision)


@given(st.text(max_size=300))
def test_text_without_secrets_is_left_alone_or_marked(text: str) -> None:
    redacted = PLAIN.text(text)
    assert redacted == text or PLACEHOLDER.search(redacted)
    assert PLAIN.text(redacted) == redacted


@given(st.text(max_size=60), st.text(alphabet="abcdefghij0123456789", min_size=12, max_size=40), st.text(max_size=60))
def test_a_password_does_not_survive_its_surroundings(before: str, secret: str, after: str) -> None:
    password = "Zq9" + secret
    assert password not in PLAIN.text(f"{before}\npassword={password}\n{after}")


def test_letters_whose_lower_case_is_longer() -> None:
    assert "hunter22" not in PLAIN.text("İİİİ password=hunter22 İ")


def test_a_long_text_takes_time_in_proportion() -> None:
    def seconds(text: str) -> float:
        start = time.process_time()
        PLAIN.text(text)
        return time.process_time() - start

    for piece in ("password: x ", "-----BEGIN ", "curl -u a", "eyJaaaaaaaaa.", "http://aaa:", "_key_token_", "aB3"):
        small, large = seconds(piece * 20_000), seconds(piece * 200_000)
        assert large < 40 * small + 0.2, piece  # ten times the text; quadratic would be a hundred times the time


def test_the_key_is_made_once_and_private(home: Home) -> None:
    first = home_key(home)
    assert len(first) == 32 and home_key(home) == first
    assert os.stat(home.redaction_key).st_mode & 0o777 == 0o600
    assert [name for name in os.listdir(home.root) if name.startswith("redaction.key.")] == []


def test_processes_that_come_at_once_agree_on_the_key(home: Home) -> None:
    program = (
        "import sys; from agentjit.home import Home; from agentjit.observe.redact import home_key\n"
        "print(home_key(Home(sys.argv[1])).hex())"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program, home.root]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) for _ in range(6)]
    assert len({process.communicate()[0] for process in running}) == 1
