"""Redaction: one test per row of the table, and what must hold for any text."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentjit.home import Home
from agentjit.observe.redact import PLACEHOLDER, Redactor, home_key
from agentjit.observe.secrets.kinds import KINDS, Kind, is_secret_name
from agentjit.observe.secrets.scan import Scanner, meaning
from agentjit.trace import CallSeen, DecisionSeen, FinalSeen, PromptSeen, Seen, SessionSeen, StepDone, ToolCall

PLAIN = Redactor(b"key", {})
SCANNER = Scanner()
TOKEN = "Zq9" + "fK2mP7xW4vT8"  # distinct: goes wherever it stands once it is known


def digits(text: str) -> list[str]:
    return [found["digits"] for found in PLACEHOLDER.finditer(text)]


def call(command: str, output: str, session: str = "s") -> CallSeen:
    return CallSeen(session, f"{session}:p", ToolCall("toolu_1", "Bash", {"command": command}, output, True, 0, 5.0))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind(kind: Kind) -> None:
    assert kind.examples and kind.near_misses
    for example in kind.examples:
        redacted = PLAIN.text(f"before\n{example}\nafter")
        assert f"‹secret:{kind.name}:" in redacted, example
        assert redacted.startswith("before\n") and redacted.endswith("\nafter")
        assert PLAIN.text(redacted) == redacted, "redacting twice changes nothing"
    for near in kind.near_misses:
        assert PLAIN.text(near) == near


def test_there_are_many_kinds_each_with_its_name() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 100


# --- the first look says no only where there is nothing

PIECES = st.one_of(
    st.sampled_from([example for kind in KINDS for example in (*kind.examples, *kind.near_misses)]),
    st.text(max_size=20),
    st.text(alphabet="‹›\ud800\udfffé\"'\\\n =:/@?&", max_size=8),
    st.sampled_from(["\x1b[31m", "\x1b[0m", "\\n", "\\u003d", "%3D", "\\033[1m"]),
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=6), st.sampled_from(["", "\n", " ", '"', "\\n"]))
def test_what_no_one_suspects_is_not_there(pieces: list[str], joint: str) -> None:
    data = joint.join(pieces).encode("utf-8", "surrogatepass")
    suspects = set(SCANNER.suspects(data))
    for number, kind in enumerate(KINDS):
        assert number in suspects or not SCANNER.places(data, number), kind.name


def test_an_automaton_that_has_to_forget_says_the_same() -> None:
    """A text that makes many states of it, more than the small one may keep."""
    words = ["password", "token", "=", " ", '"', "curl ", "-u", "mysql ", "login ", "echo ", "|", "key", "://", "b9"]
    text = "".join(random.Random(1).choices([*words, "name", "value", "ENV ", "--", "default", "{", "a"], k=100_000))
    data = text.encode()
    small = Scanner(memory=4 << 20)
    assert sorted(small.suspects(data)) == sorted(SCANNER.suspects(data)) != []
    assert all(number in SCANNER.suspects(data) or not SCANNER.places(data, number) for number in range(len(KINDS)))


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=5))
def test_texts_joined_are_suspected_if_one_of_them_is(pieces: list[str]) -> None:
    together = SCANNER.suspects("\n".join(pieces).encode("utf-8", "surrogatepass"))
    alone = {number for piece in pieces for number in SCANNER.suspects(piece.encode("utf-8", "surrogatepass"))}
    assert alone <= set(together)


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=6))
def test_redacting_twice_changes_nothing(pieces: list[str]) -> None:
    once = PLAIN.text(" ".join(pieces))
    assert PLAIN.text(once) == once


@given(st.text(max_size=300))
def test_text_without_secrets_is_left_alone_or_marked(text: str) -> None:
    redacted = PLAIN.text(text)
    assert redacted == text or PLACEHOLDER.search(redacted)


@given(st.text(max_size=60), st.text(alphabet="abcdefghij0123456789", min_size=12, max_size=40), st.text(max_size=60))
def test_a_password_does_not_survive_its_surroundings(before: str, secret: str, after: str) -> None:
    password = "Zq9" + secret
    assert password not in PLAIN.text(f"{before}\npassword={password}\n{after}")


@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_any_character_comes_back_as_it_was(text: str) -> None:
    redacted = PLAIN.text(f"{text}\npassword={TOKEN}\n{text}")
    before, after = redacted.split("\npassword=", 1)[0], redacted.rsplit("\n", 1)[-1]
    assert PLACEHOLDER.search(before) or before == text
    assert PLACEHOLDER.search(after) or after == text.rsplit("\n", 1)[-1]


# --- equality and data flow survive


def test_equal_secrets_stay_equal_and_keys_tell_homes_apart() -> None:
    one, two = "DB_PASSWORD=hunter22 PGPASSWORD=hunter22".split()
    assert digits(PLAIN.text(one)) == digits(PLAIN.text(two)) != digits(Redactor(b"other", {}).text(one))
    assert "hunter22" not in PLAIN.text(f"{one} {two}")


@pytest.mark.parametrize("secret", ['p"4ss\\w0rd9x', "p@ss/w0rd+9x", "pä55w0rd-9xY", "Zq9fK2mP7xW4vT8"])
def test_however_a_secret_is_escaped_its_digits_are_the_same(secret: str) -> None:
    plain = digits(PLAIN.text(f"password='{secret}'"))
    quoted = quote(secret, safe="")
    for text in (
        json.dumps({"password": secret}),
        json.dumps({"password": secret}, ensure_ascii=False),
        f"postgres://app:{quoted}@db/x",
        f"https://h/x?password={quoted}&page=1",
    ):
        assert digits(PLAIN.text(text)) == plain, text


def test_a_private_key_is_the_same_in_a_file_and_in_json() -> None:
    pem = "-----BEGIN PRIVATE" + " KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
    indented = "key: |\n" + "".join(f"    {line}\n" for line in pem.splitlines())
    found = {tuple(digits(PLAIN.text(text))) for text in (pem, json.dumps({"private_key": pem}), indented)}
    assert len(found) == 1 and len(found.pop()) == 1


def test_a_private_key_that_is_cut_off_ends_where_its_lines_end() -> None:
    text = "-----BEGIN PRIVATE" + " KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n... (12 lines)\nthe rest stays"
    assert PLAIN.text(text).endswith("\n... (12 lines)\nthe rest stays") and "MIIE" not in PLAIN.text(text)


# --- what is known goes wherever it stands


def test_values_of_secret_variables_go_wherever_they_stand() -> None:
    env = {"MY_TOKEN": "correcthorsebattery", "PATH": "/usr/bin:/bin", "SHORT_TOKEN": "abc", "HOME": "/home/somebody"}
    redacted = Redactor(b"key", env).text("echo correcthorsebattery; ls /home/somebody /usr/bin:/bin abc")
    assert "correcthorsebattery" not in redacted
    assert "‹secret:env.MY_TOKEN:" in redacted
    assert "/home/somebody /usr/bin:/bin abc" in redacted
    assert Redactor(b"key", env).text(redacted) == redacted


def test_values_of_the_environment_that_are_words_are_left() -> None:
    env = {
        "DB_PASSWORD": "postgres",
        "API_TOKEN": "/run/secrets/token",
        "CACHE_KEY": "production-eu",
        "AUTH_KEY": "$OTHER",
    }
    text = "postgres /run/secrets/token production-eu $OTHER"
    assert Redactor(b"key", env).text(text) == text


@pytest.mark.parametrize("value", ['a"b\\c9dEf7Gh2', "a/b+c=9dEf7Gh2jK"])
def test_values_of_the_environment_are_found_escaped(value: str) -> None:
    redactor = Redactor(b"key", {"MY_TOKEN": value})
    texts = [f"echo {value}", json.dumps({"x": value}), f"https://h/{quote(value, safe='')}"]
    assert {tuple(digits(redactor.text(text))) for text in texts} == {tuple(digits(redactor.text(value)))}


@pytest.mark.parametrize("line", [f"export X_TOKEN={TOKEN}", f"X_TOKEN={TOKEN} ./run", f'X_TOKEN="{TOKEN}"\nMODE=dev'])
def test_assignments_in_a_shell_or_an_env_file_are_known_from_there(line: str) -> None:
    seen = PLAIN.record(call(line, f"connecting with {TOKEN} now"))
    assert isinstance(seen, CallSeen)
    assert digits(seen.call.input["command"]) == digits(seen.call.output)
    assert TOKEN not in str(seen)


def test_a_secret_of_a_call_goes_out_of_prompt_and_final_message_too() -> None:
    seen: list[Seen] = [
        PromptSeen("s", "s:p", 1.0, f"log in with {TOKEN}"),
        call(f"login --password {TOKEN}", "ok"),
        FinalSeen("s", "s:p", 9.0, f"Logged in with {TOKEN}."),
        PromptSeen("other", "other:p", 1.0, f"what is {TOKEN}?"),
    ]
    prompt, _, final, other = Redactor(b"key", {}).records(seen)
    assert TOKEN not in str(prompt) and TOKEN not in str(final)
    assert other is seen[3], "what one session knows another does not"


@pytest.mark.parametrize("word", ["admin", "hunter", "postgres", "test1234", "hunter22", "production"])
def test_a_password_that_is_a_word_goes_only_where_it_is_one(word: str) -> None:
    seen = PLAIN.record(call(f"mysql -u root --password='{word}'", f"user {word} in {word}.txt"))
    assert isinstance(seen, CallSeen) and seen.call.output == f"user {word} in {word}.txt"
    assert word not in seen.call.input["command"]


def test_a_known_value_is_not_cut_out_of_a_longer_word() -> None:
    redacted = PLAIN.text("password=a1b2c3d4\nxa1b2c3d4y a1b2c3d4")
    assert "xa1b2c3d4y" in redacted and redacted.count("‹secret:") == 2


# --- an escape hides nothing

GITHUB = "ghp_" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAabcd"
ESCAPES = (
    *("\x1b[31m", "\x1b[0;1m", "\x1b[0K", r"\033[1m", r"\x1b[1m", r"\u001b[1m", r"\n", r"\t", r"\r", r"\\n"),
    *(r"\u003d", r"\u0022", r"\x3d", "%3D", "%22", "^[[31m"),
)


@pytest.mark.parametrize("escape", ESCAPES)
def test_what_stands_behind_an_escape_is_seen(escape: str) -> None:
    """The whole secret goes and nothing else, and its digits are those that it has elsewhere."""
    for kind in KINDS:
        for example in kind.examples if kind.by_form else ():
            plain, escaped = PLAIN.text(f"a {example} b"), PLAIN.text(f"a{escape}{example} b")
            assert digits(escaped) == digits(plain), (kind.name, escaped)
            assert escaped.startswith(f"a{escape}")
    assert PLAIN.text(f"x{escape}{GITHUB}{escape}y") == f"x{escape}{PLAIN.text(GITHUB)}{escape}y"


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(
    "line", ["password=hunter22", "token: abc123def", "DB_PASSWORD=hunter22", "curl -u a:b1234567 h"]
)
def test_names_behind_an_escape_are_seen(line: str, escape: str) -> None:
    assert PLAIN.text(f"x{escape}{line}") == f"x{escape}{PLAIN.text(line)}" != f"x{escape}{line}"


@pytest.mark.parametrize("escape", ESCAPES)
def test_what_is_known_is_seen_behind_an_escape(escape: str) -> None:
    redacted = PLAIN.text(f"password=a1b2c3d4\nx{escape}a1b2c3d4 x{escape}a1b2c3d4y")
    assert redacted.endswith("y") and "a1b2c3d4 " not in redacted and "a1b2c3d4y" in redacted


@pytest.mark.parametrize(
    "text",
    [
        *(r"C:\new\tools\npm_config_cache", r"\nghp_short", "%3Dghp_", "[31mAKIA", r"\u003dSG.UTF-8", r"\task-learn"),
        *(r"\nmonkey=abc123", "%20keyboard=abc123", "array[1msg.body.text"),
    ],
)
def test_near_misses_behind_an_escape(text: str) -> None:
    assert PLAIN.text(text) == text


def test_colours_around_a_name_and_its_value_are_no_part_of_them() -> None:
    plain = digits(PLAIN.text("password=hunter22"))
    for text in ("\x1b[36mpassword\x1b[0m=\x1b[35mhunter22\x1b[0m", "password: \x1b[33mhunter22\x1b[0m"):
        assert digits(PLAIN.text(text)) == plain and "hunter22" not in PLAIN.text(text)


# --- what one redactor saw, the next does not forget


def recalled(*seen: Seen) -> tuple[Redactor, list[tuple[str, str]]]:
    """A redactor that is told what another left of `seen`, as the database holds it, and that."""
    rows = "".join(map(str, Redactor(b"key", {}).records(seen)))
    pairs = [(found["kind"], found["digits"]) for found in PLACEHOLDER.finditer(rows)]
    later = Redactor(b"key", {})
    later.recall("s", pairs)
    return later, pairs


SECRETS = (TOKEN, "p@ss/w0rd+9xQ", "aB3/dE5+gH7=jK9==", "pä55w0rd-9xY", "Sommer77!#Zq", "a1b2c3d4")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "output",
    [
        *("connected with {} now", "x={}", "{}", "({}).", '"{}"', "y:{};z", "\x1b[32m{}\x1b[0m", r"a\n{}\nb", "[{}]"),
        *("pg://app:{}@db/x", "a\t{}\tb", "used {}!"),
    ],
)
def test_a_secret_of_the_drain_before_is_known(secret: str, output: str) -> None:
    later, pairs = recalled(call(f"mysql -u root -p'{secret}'", "ok"))
    assert len(pairs) == 1
    seen = later.record(call("cat log", output.format(quote(secret, safe="") if "://" in output else secret)))
    assert isinstance(seen, CallSeen)
    kind, found = pairs[0]
    assert seen.call.output == output.format(f"‹secret:{kind}:{found}›")


def test_what_is_recalled_is_taken_out_of_all_records_of_the_session_and_of_no_other() -> None:
    later, pairs = recalled(call(f"mysql -u root -p'{TOKEN}'", "ok"))
    seen: list[Seen] = [
        PromptSeen("s", "s:p", 1.0, f"try x{TOKEN}yzzzzzzzz"),
        CallSeen("s", "s:p", ToolCall("t", "X", {"a": [f"is {TOKEN}"]}, "", True, None, 1.0)),
        PromptSeen("other", "o:p", 1.0, f"try {TOKEN}"),
    ]
    assert TOKEN in str(Redactor(b"key", {}).records(seen)), "without being told it leaks"
    prompt, made, other = later.records(seen)
    assert TOKEN not in str(made) and pairs[0][1] in str(made) and other is seen[2]
    assert prompt is seen[0] or TOKEN not in str(prompt)
    assert str(later.record(PromptSeen("s", "s:p", 2.0, TOKEN))).count("‹secret:") == 1


def test_a_recalled_secret_keeps_its_name_where_another_pattern_finds_it() -> None:
    later, pairs = recalled(call(f"mysql -u root -p'{TOKEN}'", "ok"))
    seen = later.record(call(f"login --password {TOKEN}", "ok"))
    assert [(found["kind"], found["digits"]) for found in PLACEHOLDER.finditer(str(seen))] == pairs


@pytest.mark.parametrize("word", ["hunter22", "production", "test1234"])
def test_a_recalled_password_that_is_a_word_goes_only_where_it_is_one(word: str) -> None:
    later, _ = recalled(call(f"mysql -u root --password='{word}'", "ok"))
    seen = call("ls", f"{word}.txt and {word}")
    assert later.record(seen) is seen


def test_recalled_sessions_are_not_forgotten_for_others() -> None:
    later, _ = recalled(call(f"mysql -u root -p'{TOKEN}'", "ok"))
    later.records([call(f"login --password {TOKEN}", "ok", f"s{number}") for number in range(300)])
    assert TOKEN not in str(later.record(PromptSeen("s", "s:p", 1.0, f"try {TOKEN}")))


def test_what_was_learned_can_be_taken_out_of_earlier_rows() -> None:
    redactor = Redactor(b"key", {"MY_TOKEN": "correcthorsebattery9"})
    secret = 'p"4/ss-w0rd9xQ'
    seen = redactor.record(call(f"export DB_PASSWORD='{secret}' CI_PASSWORD=hunter22 A_TOKEN=a1b2c3d4", "ok"))
    written = dict(redactor.learned("s"))
    assert {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), "a1b2c3d4"} <= set(written)
    assert not {"hunter22", "correcthorsebattery9"} & set(written)
    assert all(placeholder in str(seen) for placeholder in written.values())
    assert [len(value) for value in written] == sorted(map(len, written), reverse=True)
    earlier = f"log {secret} {json.dumps(secret)} xa1b2c3d4y ‹secret:x:0123456789ab›"
    assert redactor.bare("s", earlier) == (
        f'log {written[secret]} "{written[secret]}" xa1b2c3d4y ‹secret:x:0123456789ab›'
    )
    assert redactor.learned("other") == [] and redactor.bare("other", earlier) == earlier


# --- names and JSON


@pytest.mark.parametrize(
    "name",
    ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "API_KEY", "apiKey", "GH_PAT", "x-api-key", "_authToken"],
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PWD", "HOME", "SSH_AUTH_SOCK", "MAX_TOKENS", "TOKEN_FILE", "KEYBOARD", "AUTHOR", "nextPageToken"),
        *("password_hash_algorithm", "secretName", "tokenizer", "public_key", "primaryKey", "token_count"),
    ],
)
def test_names_that_only_sound_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_json_values_under_a_secret_key() -> None:
    value = {"password": "opensesame1", "nested": [{"api_key": "k1234567"}], "max_tokens": 4096, "text": "password"}
    redacted = PLAIN.value(value)
    assert PLACEHOLDER.fullmatch(redacted["password"])
    assert PLACEHOLDER.fullmatch(redacted["nested"][0]["api_key"])
    assert redacted["max_tokens"] == 4096 and redacted["text"] == "password"
    assert PLAIN.value(redacted) == redacted


def test_json_nested_without_end() -> None:
    value: object = f"password={TOKEN}"
    for _ in range(5_000):
        value = [value]
    redacted = PLAIN.value([{"x": value}])
    assert TOKEN not in json.dumps(redacted) and "‹secret:" in json.dumps(redacted, ensure_ascii=False)


# --- records


def test_records_lose_secrets_and_nothing_else() -> None:
    seen = PLAIN.record(call("login --password hunter22", "token=abc123def"))
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


def test_records_that_need_nothing_are_returned_as_they_are() -> None:
    seen: list[Seen] = [
        SessionSeen("s", "claude-code", 1.0, "/work"),
        PromptSeen("s", "s:p", 1.0, "run the tests"),
        call("pytest -q", "3 passed\n" * 1000),
        CallSeen("s", "s:p", ToolCall("t", "X", {"a": [{"b": ("c", 1, None)}]}, "", True, None, 1.0)),
        call(f"login --password {TOKEN}", "3 passed"),
    ]
    redacted = Redactor(b"key", {}).records(seen)
    assert [one is two for one, two in zip(seen, redacted, strict=True)] == [True, True, True, True, False]


INPUTS = st.dictionaries(
    st.sampled_from(["command", "password", "token", "key", "file_path", "x"]),
    st.one_of(PIECES, st.lists(PIECES, max_size=2)),
    max_size=3,
)
SEEN = st.one_of(
    st.builds(PromptSeen, st.sampled_from("ab"), st.just("e"), st.just(1.0), PIECES),
    st.builds(
        CallSeen, st.sampled_from("ab"), st.just("e"),
        st.builds(ToolCall, st.just("t"), st.just("Bash"), INPUTS, PIECES, st.just(True), st.just(0), st.just(1.0)),
    ),
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(SEEN, max_size=5))
def test_a_batch_is_what_its_records_are_one_by_one(seen: list[Seen]) -> None:
    redactor = Redactor(b"key", {"MY_TOKEN": TOKEN})
    assert redactor.records(seen) == [redactor.record(each) for each in seen]
    for each in seen:  # the first look at a record misses nothing that a look at each of its texts finds
        alone = Redactor(b"key", {})
        if isinstance(each, CallSeen):
            redacted = alone.record(each)
            assert isinstance(redacted, CallSeen)
            for text, after in zip(_texts(each.call), _texts(redacted.call), strict=True):
                assert (text == after) <= (PLAIN.text(text) == text)


def _texts(made: ToolCall) -> list[str]:
    values = [item for value in made.input.values() for item in ([value] if isinstance(value, str) else value)]
    return [made.output, *values]


# --- no text makes it slow: work is counted, not timed


HOSTILE = (
    *(
        "password=",
        "password: x ",
        "token=a1b2c3d4 ",
        "-----BEGIN PRIVATE" + " KEY-----",
        "curl -u a:b ",
        "eyJaaaaaaaaa.",
    ),
    *("http://a:b@", "://", "?key=", "_key_token_", "sk-", '"', "\\", "[{", "kind: Secret\n", "name: token value: "),
    *("Cookie: session=a1b2c3d4e5f6g7h8; ", "‹secret:", "aA", "aaaaaaaa!", "A" * 40 + "b", "key: " + "aB3dE5gH7j" * 40),
)


@pytest.mark.parametrize(
    "piece", (*HOSTILE, "AKIA" + "IOSFODNN7EXAMPLE,", "create secret generic ", r"\n", "%3D", "\x1b[1m")
)
def test_the_work_grows_as_the_text_does(piece: str) -> None:
    """Python instructions are counted: ten times the text, at most about ten times the work."""
    small, large = (_steps(partial(PLAIN.text, piece * (size // len(piece)))) for size in (4_000, 40_000))
    assert large <= 14 * small + 20_000


@pytest.mark.parametrize("piece", ["a1", "a1b2c3d4 ", "a=1:b@", "%3D", r"\n", "\x1b[31m", "a1b2c3d4e5f6/"])
def test_the_work_of_recalling_grows_as_the_text_does(piece: str) -> None:
    def run(size: int) -> None:
        later = Redactor(b"key", {})
        later.recall("s", [("x", "0123456789ab")])
        later.record(call("ls", "".join(f"{piece}{number}" for number in range(size // len(piece)))))

    small, large = (_steps(partial(run, size)) for size in (4_000, 40_000))
    assert large <= 14 * small + 20_000


def _steps(run: Callable[[], object]) -> int:
    count = 0

    def trace(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(trace)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def test_a_large_text_without_secrets_takes_two_passes() -> None:
    text = ("a" * 99 + "\n") * 100_000  # 10 MB
    assert _steps(lambda: PLAIN.text(text)) < 200


# --- the key


def test_meaning_of_what_is_no_escape_is_left() -> None:
    assert meaning(b"abc%ff%zz") == b"abc%ff%zz"


def test_the_key_is_made_once_and_private(home: Home) -> None:
    first = home_key(home)
    assert len(first) == 32 and home_key(home) == first
    assert os.stat(home.redaction_key).st_mode & 0o777 == 0o600
    assert [name for name in os.listdir(home.root) if name.startswith("redaction.key.new")] == []


def test_processes_that_come_at_once_agree_on_the_key(home: Home) -> None:
    program = (
        "import sys; from agentjit.home import Home; from agentjit.observe.redact import home_key\n"
        "print(home_key(Home(sys.argv[1])).hex())"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program, home.root]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) for _ in range(6)]
    assert len({process.communicate()[0] for process in running}) == 1
