"""What a call does: lines fall apart where they may, cosmetics go, and different things never get one key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentjit.detect import catalogue
from agentjit.detect.operations import cosmetics
from agentjit.detect.signature import operation
from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.hotspot import Action
from agentjit.observe.importer import import_paths
from agentjit.store import Store
from agentjit.trace import Effect, ToolCall

READS, HERE, ELSEWHERE, UNKNOWN = Effect.READS, Effect.WRITES_HERE, Effect.WRITES_ELSEWHERE, Effect.UNKNOWN


def bash(line: str, cwd: str = "/w", **more: object) -> ToolCall:
    return ToolCall("c1", "Bash", {"command": line, **more}, "", True, 0, 0.0, cwd=cwd)


def of(line: str, cwd: str = "/w", **more: object) -> tuple[Action, ...]:
    return operation(bash(line, cwd, **more)).actions


def keys(line: str, cwd: str = "/w", **more: object) -> list[str]:
    return [action.key for action in of(line, cwd, **more)]


def tool(name: str, cwd: str = "/w", /, **given: object) -> Action:
    found = operation(ToolCall("c1", name, given, "", True, None, 0.0, cwd=cwd)).actions
    assert len(found) == 1
    return found[0]


# --- taking lines apart: (line, [(connector, text, signature, directory)])

TABLE: list[tuple[str, list[tuple[str, str, str, str]]]] = [
    ("git status", [("", "git status", "git status", "/w")]),
    ("a && b; c\nd", [("", "a", "a", "/w"), ("&&", "b", "b", "/w"), (";", "c", "c", "/w"), ("\n", "d", "d", "/w")]),
    (
        "kubectl get pods -n prod | grep api",
        [("", "kubectl get pods -n prod | grep api", "kubectl get <arg> -n <arg> | grep <arg>", "/w")],
    ),
    ("a && b || c; d", [("", "a && b || c", "a && b || c", "/w"), (";", "d", "d", "/w")]),
    ("serve & sleep 2; get x", [("", "serve & sleep 2; get x", "serve & sleep <arg>; get <arg>", "/w")]),
    ("a; serve & b", [("", "a", "a", "/w"), (";", "serve & b", "serve & b", "/w")]),
    ("for i in a; do b; done", [("", "for i in a; do b; done", "for i in a; do b; done", "/w")]),
    ("", [("", "", "", "/w")]),
    # directories
    ("cd repo && git status", [("", "git status", "git status", "/w/repo")]),
    ("cd repo; make\npwd", [("", "make", "make", "/w/repo"), ("\n", "pwd", "pwd", "/w/repo")]),
    ("cd repo && cd ../other && make", [("", "make", "make", "/w/other")]),
    ("cd 'a b' || exit 1; make", [("", "make", "make", "/w/a b")]),
    ("cd /x && a && cd ..", [("", "a", "a", "/x")]),
    ("cd repo && a || b", [("", "a || b", "a || b", "/w/repo")]),
    ("pushd sub >/dev/null && a && popd && b", [("", "a", "a", "/w/sub"), ("&&", "b", "b", "/w")]),
    ("cd repo", [("", "cd repo", "cd <arg>", "/w")]),
    ("cd a && cd b", [("", "cd b", "cd <arg>", "/w/a")]),
    ("git -C repo log -n 3", [("", "git log -n 3", "git log -n <arg>", "/w/repo")]),
    ("cd repo && git -C sub log", [("", "git log", "git log", "/w/repo/sub")]),
    ("make -C sub test", [("", "make -C sub test", "make -C <arg> test", "/w")]),
    (
        "git -C repo log --oneline | grep -i fix | wc -l",
        [("", "git log --oneline | grep -i fix | wc -l", "git log --oneline | grep -i <arg> | wc -l", "/w/repo")],
    ),
    # what only looks
    ("timeout 60 make test 2>&1 | tail -30", [("", "make test", "make test", "/w")]),
    ("nohup nice -n 10 stdbuf -oL make test", [("", "make test", "make test", "/w")]),
    ("GIT_PAGER=cat git --no-pager log --no-color -5 | cat", [("", "git log -5", "git log -<arg>", "/w")]),
    ("env NO_COLOR=1 pytest --color=no -q", [("", "pytest -q", "pytest -q", "/w")]),
    ("cat x | grep y 2>/dev/null | head -n 5 | less -R", [("", "cat x | grep y", "cat <arg> | grep <arg>", "/w")]),
    ("cat x | sed -n '1,80p'", [("", "cat x", "cat <arg>", "/w")]),
    ("ls; echo ---; pwd", [("", "ls", "ls", "/w"), (";", "pwd", "pwd", "/w")]),
    ('ls && echo ok; ls || echo "failed: $?"; true', [("", "ls", "ls", "/w"), (";", "ls", "ls", "/w")]),
    ("ls && echo ok || echo no", [("", "ls && echo ok || echo no", "ls && echo <arg> || echo <arg>", "/w")]),
    ("ls || true && pwd", [("", "ls", "ls", "/w"), (";", "pwd", "pwd", "/w")]),
    ("echo a; echo b", [("", "echo b", "echo <arg>", "/w")]),
    ("true", [("", "true", "true", "/w")]),
    ("time make test", [("", "time make test", "time make test", "/w")]),
    ("cd x && time -p make test; ls", [("", "time make test", "time make test", "/w/x"), (";", "ls", "ls", "/w/x")]),
    ("time cd x && make", [("", "time cd x && make", "time cd x && make", "/w")]),
    # what ends a program
    ("tail -f x | head -5 | cat", [("", "tail -f x | head -5", "tail -f <arg> | head -<arg>", "/w")]),
    ("timeout 5 ping h | tail", [("", "timeout 5 ping h", "timeout <arg> ping <arg>", "/w")]),
    ("cat /dev/urandom | head -c 16", [("", "cat /dev/urandom | head -c 16", "cat <arg> | head -c <arg>", "/w")]),
    ("git log --follow f | head -5", [("", "git log --follow f", "git log --follow <arg>", "/w")]),
    ("a; time b", [("", "a; time b", "a; time b", "/w")]),
    ("export NO_COLOR=1 GIT_PAGER=cat; git log", [("", "git log", "git log", "/w")]),
    (
        "export NO_COLOR=1; cd x; git log; env",
        [("", "git log", "git log", "/w/x"), (";", "export NO_COLOR=1; env", "export <arg>; env", "/w/x")],
    ),
    ("set -euo pipefail; a; b", [("", "a", "a", "/w"), (";", "b", "b", "/w")]),
    # what a shell carries on
    (
        "source v/bin/activate && pytest && ruff check .",
        [
            ("", "source v/bin/activate && pytest", "source <arg> && pytest", "/w"),
            ("&&", "source v/bin/activate && ruff check .", "source <arg> && ruff check <arg>", "/w"),
        ],
    ),
    ("a; X=1; b $X", [("", "a", "a", "/w"), (";", "X=1; b $X", "X=<arg>; b <arg>", "/w")]),
    ("export X=1 && cd s && a", [("", "export X=1 && cd s && a", "export <arg> && cd <arg> && a", "/w")]),
    ("cd $X && a", [("", "cd $X && a", "cd <arg> && a", "/w")]),
    ("a; X=$(b); c $X; d", [("", "a", "a", "/w"), (";", "X=$(b); c $X; d", "X=<arg>; c <arg>; d", "/w")]),
    ("a && eval x && b", [("", "a", "a", "/w"), ("&&", "eval x && b", "eval <arg> && b", "/w")]),
    ("nvm use 20 && npm test", [("", "nvm use 20 && npm test", "nvm <arg> && npm test", "/w")]),
    ("set -e; a; b || c", [("", "a", "a", "/w"), (";", "set -e; b || c", "set -e; b || c", "/w")]),
    ("a; export X=1", [("", "a", "a", "/w"), (";", "export X=1", "export <arg>", "/w")]),
    ("a; test $? = 0 && b", [("", "a; test $? = 0 && b", "a; test <arg> && b", "/w")]),
    ("cd x && cp $OLDPWD/a .", [("", "cd x && cp $OLDPWD/a .", "cd <arg> && cp <arg>", "/w")]),
    ("cd a && b && cd - && c", [("", "cd a && b && cd - && c", "cd <arg> && b && cd - && c", "/w")]),
    # here-documents
    (
        "cat <<'E' > x && ls\na && b\nE",
        [("", "cat <<'E' > x\na && b\nE", "cat << <arg> > <arg>", "/w"), ("&&", "ls", "ls", "/w")],
    ),
    # a test, and what is printed of it
    (
        "[ -f x ] && echo yes; ls",
        [("", "[ -f x ] && echo yes", "[ -f <arg> && echo <arg>", "/w"), (";", "ls", "ls", "/w")],
    ),
    (
        "command -v uv >/dev/null && echo yes || echo no",
        [
            (
                "",
                "command -v uv >/dev/null && echo yes || echo no",
                "command -v uv >/dev/null && echo <arg> || echo <arg>",
                "/w",
            )
        ],
    ),
    ("test -d x || mkdir x", [("", "test -d x || mkdir x", "test -d <arg> || mkdir <arg>", "/w")]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), TABLE)
def test_a_line_falls_apart(line: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert [(each.connector, each.text, each.signature, each.directory) for each in of(line)] == expected


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("npx -y eslint src --fix", "npx -y eslint <arg> --fix"),
        ("bunx --package x y z", "bunx --package <arg> y <arg>"),
        ("uv run --with x pytest -q tests", "uv run --with <arg> pytest -q <arg>"),
        ("uv pip install x", "uv pip install <arg>"),
        ("poetry run git log x", "poetry run git log <arg>"),
        ("pnpm exec eslint src", "pnpm exec eslint <arg>"),
        ("bundle exec rake db:migrate", "bundle exec rake db:migrate"),
        ("python3 -m pytest -q tests", "python3 -m pytest -q <arg>"),
        ("python -W error -m pip install x", "python -W <arg> -m pip install <arg>"),
        ("python a.py -m x", "python <arg> -m <arg>"),
        ("sudo systemctl restart x", "sudo systemctl restart <arg>"),
        ("env A=1 timeout 5 make test", "env A=<arg> timeout <arg> make test"),
        ("bun run lint", "bun run lint"),
        ("mise run test:unit", "mise run test:unit"),
        ("just deploy prod", "just deploy <arg>"),
        ("task build", "task build"),
        ("make -j 4 lint test", "make -j <arg> lint test"),
        ("make -f x.mk lint", "make -f <arg> lint"),
        ("tox -e py311,lint -- -x", "tox -e py311,lint -- -x"),
        ("yarn lint", "yarn lint"),
        ("cargo clippy --all", "cargo clippy --all"),
        ("go test ./...", "go test <arg>"),
        ("deno task dev", "deno task dev"),
    ],
)
def test_runners_and_scripts_show_what_they_run(line: str, masked: str) -> None:
    assert [each.signature for each in of(line)] == [masked.replace(" -- -x", " -- <arg>")]
    assert operation(bash(line)).signature == masked.replace(" -- -x", " -- <arg>")


# --- keys: what is the same

SAME = [
    (("cd repo && git status",), ("git -C repo status",), ("git status", "/w/repo"), ("cd /w; git -C /w/repo status",)),
    (("git log",), ("git  'log'",), ("git --no-pager log | cat",), ("timeout 5 git log 2>&1 | tail -n 20",)),
    (("ls a",), ("ls 'a'",), (" ls \\\n a",)),
    (("ls a",), ('ls "a" 2>/dev/null',), ("NO_COLOR=1 ls a || true",), ("echo; ls a; echo $?",)),
    (("a 2>&1 | grep x",), ("a |& grep x",), ("a 2>&1 | 'grep' x | head",)),
    (("a > f",), ("a >f",), ("a 1> 'f' 2>/dev/null",)),
    (("git log",), ("NO_COLOR=1 git log",), ("env PAGER=cat git log",), ("export PAGER=cat; git log | head",)),
    (("cd x; cd $Y/z; a",), ("cd x && cd $Y/z; a | tail",)),
    (("X='1' a",), ("X=1 a",), ('X="1" timeout 3 a',)),
    (("ls", "/w/"), ("ls", "/w"), ("ls", "/x/../w"), ("cd /x && cd /w && ls", "")),
    (("source e; a",), ("source 'e'; a | head",)),
    (("cd x; a", "/w"), ("pushd x; a", "/w"), ("a", "/w/x")),
]  # fmt: skip


@pytest.mark.parametrize("group", SAME)
def test_the_same_thing_has_one_key(group: tuple[tuple[str, ...], ...]) -> None:
    found = [keys(*each) for each in group]
    assert [len(each) for each in found] == [1] * len(found)
    assert len({each[0] for each in found}) == 1


# --- keys: what is not

BACK = ("cd -", "cd '-'", 'cd "-"', "cd -P -", "cd -- -", "command cd -", "ls $(cd - && ls)", "bash -c 'cd -P -; ls'")
AGO = ("X=-; cd $X", "cd $(a)", "printenv OLDPWD")
MUTE = (
    *("curl -sf -o /dev/null u", "curl -sSfo x u", "git diff-index --quiet HEAD", "git -C x diff --quiet", "kill -0 1"),
    *("git merge-base --is-ancestor a b", "gzip -t x"),
)
SHOWS = ("env", "printenv NO_COLOR", "bash -c 'x'", "python -c 'x'", "set", "xargs git", "./x")

DIFFERENT = [
    ("ls a b", "ls 'a b'", "ls a\\ b c", "ls 'a' b ''", "ls"),
    ("ls $X", "ls '$X'", 'ls "$X"'),
    ("ls *", "ls '*'"),
    ("A=1 ls", "ls A=1", "A=1; ls", "export A=1; ls", "env A=1 ls"),
    ("NO_COLOR=1 ls", "GIT_DIR=x ls"),
    ("PAGER=less git log", "PAGER=cat git log"),
    ("a", "a > f", "a >> f", "a < f", "a 2> f", "a > f 2>&1", "a 2>&1 > f", "a &> f", "a >/dev/null"),
    ("a | grep x", "a 2>&1 | grep x", "a | grep x > f", "a |& grep x > f"),
    ("a | head -5 f", "a", "head -5 f"),
    ("a | head 5", "a | head"),
    ("a | tail -f", "a | tail -5"),
    ("a | less -o f", "a | less -R"),
    ("a | head -1 || b", "a || b"),
    ("timeout 5 a || b", "a || b"),
    ("a || b", "a | b", "a & b"),
    ("a | b | c", "a | b", "a '|' b"),
    ("a || echo $(rm x)", "a"),
    ("[ -f x ] && echo yes", "[ -f x ]", "[ -f x ] && echo no"),
    ("[ -f x ] && echo yes || echo no", "[ -f x ] && echo yes || echo nothing"),
    ("echo x > f", "echo y > f", ": > f"),
    ("command -v git", "command git", "command -p git"),
    ("env -i git log", "env git log", "env -u X git log"),
    ("sudo git log", "git log", "xargs git log", "npx git log"),
    ("git -C repo status", "git status", "git -C other status", "git -C ../repo status"),
    ("git commit -C HEAD", "git commit", "git -C HEAD commit"),
    ("git -C repo add *.py", "cd repo && git add *.py"),
    ("git -C repo diff > p", "cd repo && git diff > p"),
    ("git -C repo diff | patch -p1", "cd repo && git diff | patch -p1"),
    ("git -C repo diff | grep -f p", "cd repo && git diff | grep -f p"),
    ("make -C sub", "cd sub && make", "make"),
    ("npm --prefix a run x", "cd a && npm run x"),
    ("terraform -chdir=a plan", "cd a && terraform plan"),
    ("git -C=x log", "git -C x log", "git log"),
    ("git log --grep --no-color", "git log --grep"),
    ("git log -- --no-color", "git log --"),
    ("git grep -e --no-color x", "git grep -e x"),
    ("git commit -m --no-pager", "git commit -m"),
    ("grep -- --color=never f", "grep -- f"),
    ("cargo run --color=never", "cargo run"),
    *((f"cd a; ls; {back}; ls", f"cd /x; cd /w/a; ls; {back}; ls") for back in BACK),
    *((f"cd a; {back}; ls", f"cd /x; cd /w/a; {back}; ls") for back in (*BACK, *AGO)),
    *((f"{asked} && echo up", f"{asked} && echo down", asked) for asked in MUTE),
    ("a && echo up || echo down", "a && echo down || echo up", "a"),
    ("a || true | cat", "a || true"),
    ("a || echo down && echo up", "a || echo up && echo down", "a"),
    *((f"{wrapper} {name}", name) for wrapper in ("env", "timeout 5", "nohup") for name in ("pwd", "type ls")),
    *((f"NO_COLOR=1 {shows}", shows, f"export NO_COLOR=1; {shows}") for shows in SHOWS),
    ("env NO_COLOR=1 python x", "python x", "env python x | awk x"),
    ("COLUMNS=9; echo ${#COLUMNS}", "echo ${#COLUMNS}"),
    ("export NO_COLOR=1; git log; env", "git log; env"),
    ("COLUMNS=9 npm test", "npm test"),
    ("a 2>/dev/null >/dev/stderr", "a >/dev/stderr", "a >/dev/fd/2 2>/dev/null"),
    ("a 2>/dev/null >$X", "a >$X"),
    ("grep $F --color=never x", "grep $F x"),
    ("git log $X --no-color", "git log $X"),
    ("time make", "make", "env time make", "time -p make | cat; ls"),
    ("yes | head -5", "yes | head -6", "yes"),
    ("tail -n 5 --follow=name x | head", "tail -n 5 --follow=name x"),
    ("sudo tail -F x | head", "sudo tail -F x", "tail -F x"),
    ("timeout 5 tail -f x", "timeout 9 tail -f x", "tail -f x"),
    ("timeout 5 npm run dev | head", "npm run dev"),
    ("kubectl logs -f x | head", "kubectl logs -f x", "kubectl logs x | head"),
    ("od < /dev/zero | head", "od < /dev/zero"),
    ("cd x; a", "cd y; a", "a", "cd $X; a", "cd ~/x; a", "cd -P x; a"),
    ("X=1; a $X", "X=2; a $X", "a $X"),
    ("source e1; a", "source e2; a", "a", "alias a=b; a"),
    ("set -f; ls *", "ls *"),
    ("set -o pipefail; a | b || c", "a | b || c"),
    ("shopt -s globstar; ls **", "ls **"),
    ("cat <<E\na\nE", "cat <<E\nb\nE", "cat <<'E'\na\nE", "cat <<E > f\na\nE"),
    ("for i in a; do b; done", "for i in b; do b; done"),
    ("printf -v X 1; a", "a"),
    ("PAGER=cat; a $PAGER", "a $PAGER"),
    ("'a;b'", "a';'b c", "a\\;b d"),
]  # fmt: skip


@pytest.mark.parametrize("group", DIFFERENT)
def test_different_things_have_different_keys(group: tuple[str, ...]) -> None:
    found = [tuple(keys(line)) for line in group]
    assert len(set(found)) == len(found)


def test_a_directory_tells_apart_what_runs_in_it() -> None:
    assert len({keys("ls", cwd)[0] for cwd in ("/w", "/w/x", "/", "", "C:\\w")}) == 5
    assert keys("cd /x && ls", "") == keys("ls", "/x")
    (found,) = of("cd x && ls", "")
    assert (found.text, found.directory) == ("cd x && ls", "")


def test_what_runs_in_the_background_is_another_thing() -> None:
    assert keys("a") != keys("a", run_in_background=True)
    (found,) = of("cd x; a && b", run_in_background=True)
    assert (found.text, found.signature, found.effect) == ("(cd x; a && b) &", "cd <arg>; a && b &", UNKNOWN)
    assert keys("a") == keys("a", run_in_background=False, description="shows a", timeout=5)
    assert keys("a") != keys("a", dangerouslyDisableSandbox=True)


# --- effects


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ls && touch x && git push", [READS, HERE, ELSEWHERE]),
        ("cd sub && touch x", [HERE]),
        ("cd /elsewhere && touch x && ls", [ELSEWHERE, READS]),
        ("touch x; cd /elsewhere && touch x", [HERE, ELSEWHERE]),
        ("cd .. && touch x", [ELSEWHERE]),
        ("cd $X && touch x", [ELSEWHERE]),
        ("git -C /elsewhere add x", [ELSEWHERE]),
        ("git -C sub add x", [HERE]),
        ("ls; cat $(rm x)", [READS, HERE]),
        ("ls $(unheard); pwd", [UNKNOWN, READS]),
        ("PATH=/evil; ls", [UNKNOWN]),
        ("export LD_PRELOAD=x && ls && pwd", [UNKNOWN, UNKNOWN]),
        ("source x; ls; pwd", [UNKNOWN, UNKNOWN]),
        ("alias ls=rm; ls x", [UNKNOWN]),
        ("ls; eval x; pwd", [READS, UNKNOWN]),
        ("ls; echo hi > x", [READS, HERE]),
        ("make; ls 2>/dev/null | tail -3", [UNKNOWN, READS]),
        ("sudo ls; timeout 3 ls", [UNKNOWN, READS]),
        ("time ls; make", [READS, UNKNOWN]),
    ],
)
def test_each_action_has_its_own_effect(line: str, expected: list[Effect]) -> None:
    assert [action.effect for action in of(line)] == expected


# --- other tools


def test_other_tools_are_one_action_with_the_whole_input_for_a_key() -> None:
    read = tool("Read", file_path="/w/src/a.py", offset=3)
    assert (read.text, read.signature, read.effect) == ("Read src/a.py offset=3", "Read file_path offset", READS)
    assert read.key == tool("Read", "/other", file_path="/w/src/a.py", offset=3).key
    assert read.key == tool("Read", file_path="src/a.py", offset=3).key
    assert read.key != tool("Read", file_path="/w/src/a.py", offset=4).key
    assert read.key != tool("Read", file_path="/w/src/a.py").key
    assert tool("Read", file_path="../a").key != tool("Read", "/x", file_path="../a").key
    assert len({tool("Read", file_path=path).key for path in ("/w/x", "/w/x/", "x/.", "y/")}) == 3
    assert tool("Grep", pattern="x").key != tool("Grep", "/v", pattern="x").key
    assert tool("WebFetch", url="u").key == tool("WebFetch", "/v", url="u").key


def test_mcp_tools_are_told_apart_by_shape_and_value() -> None:
    made = tool("mcp__hub__create", title="t", description="d", labels=[{"name": "x"}], at={"b": 1, "a": {"c": [1]}})
    assert made.signature == "mcp__hub__create at{a{c[]},b} description labels[{name}] title"
    assert made.text == 'mcp__hub__create at={"a":{"c":[1]},"b":1} description=d labels=[{"name":"x"}] title=t'
    assert made.effect is UNKNOWN
    assert (
        len({tool("mcp__x__y", v=value).key for value in (1, "1", 1.5, None, [1], ["1"], {"1": 1}, True, "", [])}) == 10
    )
    assert tool("t", a=1, b=2).key == tool("t", b=2, a=1).key
    assert tool("t", a="x").key != tool("u", a="x").key


def test_strange_inputs_are_still_actions() -> None:
    endless: list[object] = []
    endless.append(endless)
    deep: list[object] = []
    for _ in range(5_000):
        deep = [1, {"a": deep}]
    for value in (endless, deep, {1: 2, "1": 3}, {"a", "b"}, b"x", "\ud800", float("nan"), object()):
        assert tool("t", v=value).key
    assert (
        len({tool("t", v=value).key for value in ([deep], [[deep]], [deep, 1], {"a": deep}, endless, [endless])}) == 6
    )
    assert keys("ls", more=deep) != keys("ls", more=[deep])
    assert operation(ToolCall("c", "Bash", {"command": 3}, "", False, 1, 0.0)).actions[0].signature == "Bash command"
    assert operation(ToolCall("c", "Bash", {}, "", False, 1, 0.0)).actions[0].text == "Bash"


def test_long_keys_are_kept_short() -> None:
    one, other = (tool("Write", file_path="/w/a", content=end * 9_999) for end in "xy")
    assert one.key != other.key and len(one.key) < 100 and len(one.text) < 150


# --- data


def test_users_add_their_own_cosmetics(tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text(
        json.dumps(
            {
                "display": {"pygmentize": "-g"},
                "assignments": {"MY_COLOR": "off"},
                "colourless": {"tool": "MY_.*"},
                "directories": {"tool": {"flags": "-w"}, "make": {"flags": "-C", "anywhere": True}},
            }
        )
    )
    found = cosmetics.load(mine)
    (action,) = operation(bash("MY_COLOR=off tool -w sub x | pygmentize -g | head"), None, found).actions
    assert (action.text, action.directory) == ("tool x", "/w/sub")
    assert of("tool -w sub x")[0].text == "tool -w sub x"
    texts = [
        operation(bash(f"make {words}"), None, found).actions[0].text
        for words in ("-C s t", "t -C s", "-C=s", "-f -C s")
    ]
    assert texts == ["make t", "make t", "make -C=s", "make -f -C s"]


@pytest.mark.parametrize("text", ['{"displays": {}}', '{"display": {"x": "("}}', "[]", "{", '{"filters": {"x": {}}}'])
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(BadInput, match=r"mine\.json"):
        cosmetics.load(tmp_path / "mine.json")


def test_every_wrapper_has_its_shape_in_the_catalogue() -> None:
    known = catalogue.built_in().programs
    assert all(known[name].runs is not None for name in cosmetics.built_in().wrappers)


# --- properties

PIECES = st.sampled_from(
    [
        *("ls", "git", "status", "make", "-C", "sub", "cd", "echo", "test", "grep", "head", "-5", "tail", "timeout"),
        *("5", "env", "A=1", "X=$(a)", "$X", "$?", "'q r'", '"$Y"', "export", "source", "set", "-e", "popd", "pushd"),
        *("true", "exit", "command", "sudo", "xargs", "-", "--", "&&", "||", ";", "|", "|&", "&", "\n", "2>&1"),
        *("> f", "< f", "<<E\nx\nE\n", "$(b)", "time", "nohup", "--no-pager", "NO_COLOR=1", "#", "cat", "less", ".."),
        "2>/dev/null",
    ]
)  # fmt: skip


# what comes behind a brace decides whether it is read as a literal one: then white space is no mere cosmetic
TEXTS = st.text(st.characters(exclude_characters="{"), max_size=60)
LINES = st.one_of(TEXTS, st.lists(PIECES, max_size=14).map(" ".join))


@given(LINES, st.sampled_from(["/w", "", "x", "/"]))
@settings(max_examples=1500, deadline=None)
def test_every_text_has_actions_and_each_says_what_it_is(line: str, cwd: str) -> None:
    found = operation(bash(line, cwd))
    assert found.actions and found.actions[0].connector == ""
    assert all(action.connector in ("&&", ";", "\n", "||") for action in found.actions[1:])
    assert Effect.worst([action.effect for action in found.actions]).rank <= found.effect.rank
    for action in found.actions:
        says_itself(action)


def says_itself(action: Action) -> None:
    """Typed in its directory, an action's text is that action, and only that."""
    again = operation(bash(action.text, action.directory))
    if again.line is not None and not again.line.opaque:
        assert [each.key for each in again.actions] == [action.key]
        assert [each.signature for each in again.actions] == [action.signature]


WORDS = [f"w{number}" for number in range(12)]


@given(st.lists(st.sampled_from(["&&", ";", "\n", "|", "||", "2>&1 |", "; echo x;", "&& cd d &&"]), max_size=11))
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_doubled_or_moved(connectors: list[str]) -> None:
    line = "".join(f"{word} {connector} " for word, connector in zip(WORDS, [*connectors, ""], strict=False))
    found = [word for action in of(line) for word in re.findall(r"w[0-9]+", action.text)]
    assert found == WORDS[: len(connectors) + 1]


def test_lines_that_people_wrote_say_themselves(corpus: Path) -> None:
    lines = sorted(set((corpus / "shell-commands" / "nl2bash-all.cm").read_text().splitlines()))
    for line in lines:
        found = operation(bash(line))
        assert found.actions
        assert Effect.worst([action.effect for action in found.actions]).rank <= found.effect.rank
        for action in found.actions:
            says_itself(action)


def test_every_call_of_the_corpus_has_actions(home: Home, corpus: Path) -> None:
    import_paths(home, [corpus / "claude-code"], {"HOME": "/nonexistent"})
    with Store.open(home, write=False) as store:
        calls = [call for episode in store.episodes() for call in episode.calls]
    assert len(calls) > 1000
    for call in calls:
        found = operation(call)
        assert found.actions and all(action.key and action.signature for action in found.actions)
        if found.line and not call.input.get("run_in_background"):
            for action in found.actions:
                says_itself(action)
