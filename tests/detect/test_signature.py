"""Signatures keep what a call does and mask what it does it to."""

from __future__ import annotations

import gc
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentjit.detect.shell import parse
from agentjit.detect.signature import is_bookkeeping, operation, signature
from agentjit.trace import Effect, ToolCall


def bash(command: str, **more: object) -> ToolCall:
    return ToolCall("c1", "Bash", {"command": command, **more}, "", True, 0, 0.0, cwd="/w/p")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kubectl logs api-1 -n prod", "kubectl logs <arg> -n <arg>"),
        ("kubectl -n prod get pods", "kubectl -n <arg> get <arg>"),
        ("kubectl get pods --namespace=prod --tail=200", "kubectl get <arg> --namespace=<arg> --tail=<arg>"),
        ("kubectl rollout status deploy/x", "kubectl rollout status <arg>"),
        ("git -C sub commit -m 'a b'", "git -C <arg> commit -m <arg>"),
        ("git checkout main", "git checkout <arg>"),
        ("git stash list", "git stash list"),
        ("gh pr view 12 --json title", "gh pr view <arg> --json <arg>"),
        ("aws s3 ls s3://b", "aws s3 ls <arg>"),
        ("docker compose up -d", "docker compose up -d"),
        ("docker ps", "docker ps"),
        ("npm run build", "npm run build"),
        ("make test", "make test"),
        ("cargo test --lib", "cargo test --lib"),
        ("/usr/bin/grep -rn foo src", "grep -rn <arg> <arg>"),
        ("head -20 a; head -n5 b", "head -<arg> <arg>; head -n<arg> <arg>"),
        ("cd x && ls | wc -l > out 2>&1", "cd <arg> && ls | wc -l > <arg> 2>&1"),
        ("ls 2> /dev/null", "ls 2>/dev/null"),
        ("A=1 B=$X make", "A=<arg> B=<arg> make"),
        ("A=1", "A=<arg>"),
        ("ls $X \"$Y\" *.py --f=$Z", "ls <expr> <expr> <expr> --f=<expr>"),
        ("$X y", "<expr> <arg>"),
        ("timeout -s KILL 5 kubectl get pods", "timeout -s <arg> <arg> kubectl get <arg>"),
        ("env A=1 git status", "env A=<arg> git status"),
        ("sudo -u me git log", "sudo -u <arg> git log"),
        ("find . | xargs -n 1 git add", "find <arg> | xargs -n <arg> git add"),
        ("git log -- a -b", "git log -- <arg> <arg>"),
        ("cat <<'EOF' > x\na\nEOF\n", "cat << <arg> > <arg>"),
        ("for i in a; do b; done", "for i in a; do b; done"),
        ("", ""),
        ("a\nb", "a; b"),
    ],
)  # fmt: skip
def test_signatures_of_shell_lines(text: str, expected: str) -> None:
    assert signature(bash(text), parse(text)) == expected


def test_long_opaque_lines_are_cut_yet_differ() -> None:
    lines = [f"for i in {'a ' * 200}; do echo {end}; done" for end in "xy"]
    one, other = (signature(bash(line), parse(line)) for line in lines)
    assert one != other and max(len(one), len(other)) < 150
    assert signature(bash("(a  b)"), parse("(a  b)")) != signature(bash("(a b)"), parse("(a b)"))


def test_other_tools_are_named_with_their_keys() -> None:
    call = ToolCall("c", "Read", {"offset": 1, "file_path": "/x"}, "", True, None, 0.0)
    assert signature(call, None) == "Read file_path offset"
    assert operation(call).effect is Effect.READS and operation(call).line is None
    call = ToolCall("c", "mcp__db__query", {"sql": "x"}, "", True, None, 0.0)
    assert (operation(call).signature, operation(call).effect) == ("mcp__db__query sql", Effect.UNKNOWN)


def test_operation_of_a_shell_call() -> None:
    found = operation(bash("touch /w/p/x && ls"))
    assert found.line == parse("touch /w/p/x && ls")
    assert (found.signature, found.effect) == ("touch <arg> && ls", Effect.WRITES_HERE)
    assert operation(bash("ls", run_in_background=True)).effect is Effect.UNKNOWN
    wrong = ToolCall("c", "Bash", {"command": 3}, "", False, 1, 0.0)
    assert (operation(wrong).signature, operation(wrong).effect) == ("Bash command", Effect.UNKNOWN)


def test_bookkeeping_is_the_agents_own_lists() -> None:
    assert all(map(is_bookkeeping, ("TodoWrite", "ToolSearch", "ExitPlanMode", "TaskUpdate")))
    assert not any(map(is_bookkeeping, ("Bash", "Read", "Task", "Agent", "mcp__x__y", "Write")))


@pytest.mark.parametrize("unit", ["nohup ", "env ", "sudo ", "command ", "timeout 5 ", "python -m ", "uv run "])
def test_programs_that_run_programs_without_end(unit: str) -> None:
    one, other = (operation(bash(unit * 3_000 + program)) for program in ("ls", "rm"))
    assert one.effect is Effect.UNKNOWN
    assert one.signature != other.signature and one.actions[0].key != other.actions[0].key


# (before, again and again, after): each grew with the square of its length, or worse
FRAMES = [
    ("", ""),
    ("ls ", ""),
    ('ls "', '"*'),
    ("ls $(", ")"),
    ("ls; ", ""),
    ("awk '", "'"),
    ("awk '\"", "'"),
    ("sed 's/", "'"),
]
FRAMES += [
    ('"', '"$x'),
    ("cd x;", "y; time z"),
    ("find . ", ""),
    ("[ ", "]"),
    ("cat <<E\n", "\nE"),
    ("a && ", " | head"),
]
UNITS = [
    "ls ",
    "env a=1 ",
    "a=1 ",
    "$abcdefgh ",
    '"$a"',
    "[a]",
    "[a] ",
    "{",
    "'a'",
    '\\"',
    "/",
    "-a ",
    "print",
    "s/a/b/;",
    " <arg>",
]
UNITS += [
    "a|",
    "a&&",
    "\n",
    " ",
    "cd -a ",
    ">f ",
    "tail ",
    "git ",
    "NO_COLOR=1;",
    "tail -f ",
    '"a',
    "timeout 5 ",
    "-exec ls {} ; ",
]


@pytest.mark.parametrize(("before", "after"), FRAMES)
def test_twice_the_length_takes_twice_the_time(before: str, after: str) -> None:
    def seconds(unit: str, length: int) -> float:
        call = bash(before + unit * (length // len(unit)) + after)
        begin = time.process_time()
        operation(call)
        return time.process_time() - begin

    gc.disable()
    try:
        for unit in UNITS:
            # other work on the machine may slow one run, not all of them
            assert any(seconds(unit, 24_000) < 3 * seconds(unit, 12_000) + 0.02 for _ in range(4)), unit
    finally:
        gc.enable()


@given(st.text(max_size=60))
@settings(max_examples=500, deadline=None)
def test_every_line_has_an_operation(text: str) -> None:
    found = operation(bash(text))
    assert found.line is not None and found.effect in Effect


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0-"), min_size=1), min_size=1, max_size=3
    )
)
@settings(max_examples=300, deadline=None)
def test_values_do_not_show(values: list[str]) -> None:
    from shlex import join

    text = join(["mytool", *values])
    line = parse(text)
    assert line.opaque or signature(bash(text), line) == " ".join(["mytool"] + ["<arg>"] * len(values))


@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("make test", "make test"),
        ("cd /work/shop && make test 2>&1", "make test"),
        ("cd /work/shop/ && cd /work/shop && make test", "make test"),
        ("cd /work && make test", "cd <arg> && make test"),
        ("make test 2>&1 | tail -5", "make test 2>&1 | tail -<arg>"),
        ("cd /work/shop; make test", "cd <arg>; make test"),
    ],
)
def test_what_changes_nothing_is_no_other_way(command: str, written: str) -> None:
    made = operation(ToolCall("i", "Bash", {"command": command}, "", True, 0, 0.0, cwd="/work/shop"))
    assert made.written == written
