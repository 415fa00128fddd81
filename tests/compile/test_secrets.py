"""Secrets in commands: the program asks for them, never holds them, and no record of a run shows them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agentjit import entries, spool
from agentjit.home import Home
from agentjit.kit import Param
from agentjit.library import Library
from agentjit.run.execute import Executed, Ready, execute, told
from agentjit.skill import State
from agentjit.trace import Episode
from tests.support.library import learned
from tests.support.notation import repeat

HOSTS = [{"host": host, "user": user} for host, user in zip("abcde", ("ann", "bob", "cy", "dee", "eve"), strict=True)]
VALUE = "pa ss'w0rd$(touch pwned)"  # hostile, and a secret
SCRIPT = '#!/bin/sh\nprintf "%s\\n" "$2" >>seen\nprintf "%s is in\\n" "user-$4"\n'


def history(call: str, prompt: str = "who is on {host}?") -> list[Episode]:
    return repeat(f"> {prompt}\n$ {call}\n| user-{{host}} is in\n< user-{{host}}", *HOSTS)


def only(home: Home) -> str:
    """The name of the one skill there is."""
    (record,) = Library(home).records()
    return record.name


def program(home: Home, name: str) -> str:
    return Path(Library(home).folder(name), "skill.py").read_text()


def run(home: Home, name: str, arguments: dict[str, str], cwd: Path, env: dict[str, str]) -> Executed:
    (cwd / "login").write_text(SCRIPT)
    (cwd / "login").chmod(0o755)
    library = Library(home)
    ready = Ready(name, library.folder(name), library.record(name).hash, "unknown", True)
    return execute(
        ready, arguments, cwd=str(cwd), env={"PATH": os.environ["PATH"], "HOME": str(cwd), **env}, seconds=20
    )


def test_a_variable_is_asked_of_the_environment(home: Home, tmp_path: Path) -> None:
    learned(home, history("./login --token '‹secret:env.API_TOKEN:0a1b2c›' --host {host}"))
    name = only(home)
    text = program(home, name)
    assert 'API_TOKEN = (yield ask("$API_TOKEN")).stdout' in text and 'in_env("API_TOKEN")' in text
    assert "‹secret" not in text and "0a1b2c" not in Path(Library(home).folder(name), "plan.json").read_text()

    done = run(home, name, {"host": "zed"}, tmp_path, {})
    assert (done.outcome, done.reason, done.steps) == ("handed_back", "$API_TOKEN is not set", [])
    done = run(home, name, {"host": "zed"}, tmp_path, {"API_TOKEN": VALUE})
    assert (done.outcome, done.answer) == ("answered", "user-zed"), done
    assert (tmp_path / "seen").read_text() == VALUE + "\n" and not (tmp_path / "pwned").exists()
    assert [step.text for step in done.steps] == ["./login --token $API_TOKEN --host zed"]
    assert VALUE not in json.dumps(told(done))


def test_a_person_decides_whom_a_secret_is_told(home: Home) -> None:
    learned(home, history("grep -- ‹secret:env.API_TOKEN:0a› {host}"))
    (record,) = Library(home).records()
    assert record.state is State.CANDIDATE and "writes-elsewhere" in record.reason


def test_a_word_that_goes_on_around_a_secret_and_a_pipe(home: Home, tmp_path: Path) -> None:
    token = "‹secret:env.API_TOKEN:0a1b2c›"
    call = f'./login "Authorization: Bearer {token}" X-{token} --host {{host}} | tail -1'
    learned(home, history(call))
    name = only(home)
    done = run(home, name, {"host": "zed"}, tmp_path, {"API_TOKEN": VALUE})
    assert done.outcome == "answered", done
    assert (tmp_path / "seen").read_text() == f"X-{VALUE}\n"
    assert VALUE not in json.dumps(told(done)) and "$API_TOKEN" in json.dumps(told(done))


def test_a_failing_step_tells_no_secret(home: Home, tmp_path: Path) -> None:
    learned(home, history("./login --token '‹secret:env.API_TOKEN:0a1b2c›' --host {host}"))
    name = only(home)
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text('{"permissions": {"deny": ["Bash(./login:*)"]}}')
    done = run(home, name, {"host": "zed"}, tmp_path, {"API_TOKEN": VALUE})
    assert done.outcome == "refused" and "$API_TOKEN" in done.reason and VALUE not in done.reason
    assert not (tmp_path / "seen").exists()


def test_a_secret_of_no_variable_is_a_parameter_and_no_prompt_starts_it(home: Home, tmp_path: Path) -> None:
    learned(home, history("cat /etc/hostname --token=‹secret:jwt:0a1b2c› --host {host}"))
    name = only(home)
    assert Param.__name__ in program(home, name) and "secret=True" in program(home, name)
    plan = Library(home).plan(name)
    assert [(parameter.name, parameter.secret) for parameter in plan.parameters] == [("host", False), ("jwt", True)]
    assert entries.lookup(home.entries, "who is on zed?") == []


def test_two_secrets_are_two_and_the_same_one_twice_is_one(home: Home, tmp_path: Path) -> None:
    learned(home, history("./login ‹secret:jwt:0a› ‹secret:jwt:1b› --host {host}"))
    name = only(home)
    assert [p.name for p in Library(home).plan(name).parameters] == ["host", "jwt", "jwt2"]
    done = run(home, name, {"host": "zed", "jwt": "first-one", "jwt2": "second-one"}, tmp_path, {})
    assert done.outcome == "answered", done
    assert (tmp_path / "seen").read_text() == "second-one\n"
    assert [step.text for step in done.steps] == ["./login {jwt} {jwt2} --host zed"]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ('./login "$HOME/‹secret:jwt:0a›" {host}', "where a shell expands"),
        ("for i in 1; do ./login ‹secret:jwt:0a› 2 3 4; done", "where a shell expands"),
        ("./login ‹secret:env.API_TOKEN:0a› ‹secret:env.API_TOKEN:1b› x {host}", "two secrets"),
    ],
)
def test_left_alone(home: Home, call: str, reason: str) -> None:
    prompt = "who is on {host}?" if "{host}" in call else "who is on?"
    made = learned(home, history(call, prompt))
    assert not Library(home).records()
    assert any(reason in study.reason for study in made.studies), [study.reason for study in made.studies]


def test_an_output_that_always_has_a_secret_is_no_promise(home: Home) -> None:
    text = "> token of {host}?\n$ ./login a b c {host}\n| ‹secret:jwt:0a›\n< It is ‹secret:jwt:0a›"
    made = learned(home, repeat(text, *HOSTS))
    assert not Library(home).records()
    assert any("secret" in study.reason for study in made.studies)


def test_what_a_person_types_for_a_secret_is_not_in_the_log(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from agentjit.cli.run import command

    learned(home, history("./login ‹secret:jwt:0a› ‹secret:jwt:1b› --host {host}"))
    name = only(home)
    (tmp_path / "login").write_text(SCRIPT)
    (tmp_path / "login").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AJ_HOME", home.root)
    given = [name, "host=zed", "jwt=first-secret", "jwt2=second-secret"]
    library = Library(home)
    with library.changing() as records:
        records[name] = records[name].model_copy(
            update={"approved": records[name].hash, "approved_version": records[name].version}
        )
    done = CliRunner().invoke(command, given)
    assert done.exit_code == 0, done.output
    (waiting,) = spool.pending(home)
    raw = spool.read(waiting)
    assert b"zed" in raw and b"first-secret" not in raw and b"second-secret" not in raw
    missing = CliRunner().invoke(command, given[:3])
    assert missing.exit_code != 0 and "jwt2" in str(missing.exception)


@pytest.mark.parametrize("value", ["Zq8vR2nK'4xW9pL1m", 'a"b$c`d\\e f', "x" * 300, "läßt-das-sein-ß9"])
def test_no_spelling_of_a_secret_is_in_a_record(home: Home, tmp_path: Path, value: str) -> None:
    """Quoted inside a longer word, cut off in a message about an output, in a step that fails."""
    learned(home, history("./login x '--token=‹secret:env.API_TOKEN:0a1b2c›' --host {host}"))
    name = only(home)
    done = run(home, name, {"host": "zed"}, tmp_path, {"API_TOKEN": value})
    assert [step.text for step in done.steps] == ["./login x --token=$API_TOKEN --host zed"]
    (tmp_path / "login").write_text('#!/bin/sh\nprintf "%s\\n" "$*"; exit 3\n')
    library = Library(home)
    ready = Ready(name, library.folder(name), library.record(name).hash, "unknown", True)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "API_TOKEN": value}
    failed = execute(ready, {"host": "zed"}, cwd=str(tmp_path), env=env, seconds=20)
    assert failed.outcome == "handed_back" and "$API_TOKEN" in failed.reason
    told_all = json.dumps([told(failed), failed.reason], ensure_ascii=False)
    assert value not in told_all and value[:8] not in told_all
