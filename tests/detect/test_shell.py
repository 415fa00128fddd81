"""The reading of shell lines, held against real bash wherever a value or a structure is claimed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agentjit.detect.shell import LIMIT, canonical, parse
from agentjit.hotspot import Command, Line

SLOW = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# tree-sitter-bash cannot read some correct words, such as `==`; then a line stays whole, which is safe
STUMBLES = ("a syntax error, or too much syntax", "two readings of the same line")
HOSTILE = "a1A'\"\\$`*?[]{}~=#!&|;<>()%+,.:/@^- \t\nñ€\r"
PIECES = (
    *(
        "f",
        "f ",
        " ",
        "  ",
        "\n",
        ";",
        "; ",
        "&&",
        " && ",
        "|",
        " | ",
        "|&",
        "&",
        "'",
        '"',
        "\\",
        "\\\n",
        "#",
        " #",
        "$",
        "$$",
    ),
    *(
        "<<E",
        "<<'E'",
        "<<-E",
        "<<<",
        "\nE\n",
        "\nE",
        "\n\tE\n",
        "E",
        "2>&1",
        ">/dev/null",
        " 2>",
        "</dev/null",
        "&>/dev/null",
    ),
    *(
        "a",
        "b",
        "1",
        "2",
        "{",
        "}",
        ",",
        "..",
        "~",
        "=",
        "x=",
        "x=1 ",
        "$'",
        '$"',
        "\\n",
        "(",
        ")",
        "!",
        "-",
        "[",
        "]",
        "*",
    ),
    *(
        "é",
        "\t",
        "\r",
        "`",
        "$(",
        "f b)",
        "if",
        "then",
        "time",
        "[[",
        "%",
        "^",
        "@",
        "/",
        ":",
        "a'b c'",
        '"a b"',
        "\\ ",
    ),
)
NEXT = (
    *(
        " && f ",
        "&&f ",
        "; f ",
        ";f",
        "\nf ",
        " | f ",
        "|f",
        " |& f",
        " & f ",
        "&f ",
        " &&\n\nf ",
        " |\n f ",
        " # it's\nf ",
        ";\n#\nf ",
    ),
    *(
        " <<E && f c\nx\nE\nf ",
        " <<'E'\nf \"\nE\nf ",
        " <<-E\n\tx\n\tE\n f ",
        " <<E <<F\nx\nE\ny\nF\nf",
        " <<E\n$(f q)\nE\nf",
    ),
    *(
        " >/dev/null;f ",
        " 2>&1|f ",
        " 2>/dev/null&&f ",
        "&>/dev/null&&f ",
        " <<<'a b';f ",
        " $(f c) f ",
        ' "$(f "d e")" ',
        " `f 'g h'` ",
    ),
    *("\\\n f ", "\\\nf ", " x=$(f y)\nf ", " x=1;f", " a=b f ", "2>&1;f", "\\;f", "'&& f'", '"; f"', "$(f a;f b|f c)"),
)
PARTS = (
    "'",
    "a",
    " ",
    "\\",
    '"',
    "$",
    "~",
    "#",
    "{",
    "}",
    "*",
    "=",
    "'a b'",
    '"a\\"b"',
    "\\ ",
    "'\"'",
    '"\'"',
    "é",
    "\t",
    "\n",
    "\\\n",
    "!",
    "^",
)


def words(command: Command) -> list[str | None]:
    return [word.value for word in command.words]


def shape(line: Line) -> list[list[str | None]]:
    assert not line.opaque, line.opaque
    return [words(command) for command in line.commands]


def bash(script: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    env = {"PATH": "/nonexistent", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["/bin/bash", "-c", script], cwd=folder, env=env, capture_output=True, timeout=20, check=False
    )


@pytest.mark.parametrize(
    ("text", "commands", "connectors"),
    [
        ("", [], ()),
        ("  # nothing", [], ()),
        ("ls", [["ls"]], ()),
        ("ls -la  src", [["ls", "-la", "src"]], ()),
        (
            "a | b |& c && d || e ; f & g\nh",
            [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"], ["h"]],
            ("|", "|&", "&&", "||", ";", "&", "\n"),
        ),
        ("a &&\n  b |\n\n c", [["a"], ["b"], ["c"]], ("&&", "|")),
        ("a;\nb\n\n# c\nd;", [["a"], ["b"], ["d"]], (";", "\n")),
        ("echo a#b #c", [["echo", "a#b"]], ()),
        ("echo 'a b'\"c d\"e\\ f", [["echo", "a bc de f"]], ()),
        ('echo "a\\"b\\\\c\\d\\$e"', [["echo", 'a"b\\c\\d$e']], ()),
        ("echo a\\\nb \\\n  c", [["echo", "ab", "c"]], ()),
        ("echo '' \"\"", [["echo", "", ""]], ()),
        ("echo $X \"$X\" '$X' \\$X", [["echo", None, None, "$X", "$X"]], ()),
        ("echo ${X:-a} ${#X} $1 $? $$ $(id) `id` $((1+2))", [["echo", *[None] * 8]], ()),
        ("ls *.py a?b [ab] '*' \\*", [["ls", None, None, None, "*", "*"]], ()),
        ("echo {a,b} {1..3} {} HEAD@{1} '{a,b}'", [["echo", None, None, "{}", "HEAD@{1}", "{a,b}"]], ()),
        ("echo ~ ~/a a~ HEAD~1 x=~/y '~'", [["echo", None, None, "a~", "HEAD~1", None, "~"]], ()),
        ("grep 'a$' \"b$\" c$ $", [["grep", "a$", "b$", "c$", "$"]], ()),
        ("echo $'a\\nb' $\"x\"", [["echo", None, None]], ()),
        ("[ -f x ] && test -d y", [["[", "-f", "x", "]"], ["test", "-d", "y"]], ("&&",)),
        ("export A=b; unset C", [["export", "A=b"], ["unset", "C"]], (";",)),
        ("find . -exec grep x {} \\;", [["find", ".", "-exec", "grep", "x", "{}", ";"]], ()),
        ("curl http://x/?a=1\\&b=2", [["curl", "http://x/?a=1&b=2"]], ()),
        ("curl https://[::1]/x?y=*", [["curl", "https://[::1]/x?y=*"]], ()),
        ("ls x/https://?", [["ls", None]], ()),
        ("curl http://x/{a,b}?c", [["curl", None]], ()),
    ],
)
def test_words_and_connectors(text: str, commands: list[list[str | None]], connectors: tuple[str, ...]) -> None:
    line = parse(text)
    assert shape(line) == commands
    assert line.connectors == connectors


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("for i in a b; do echo $i; done", "a loop"),
        ("while true; do x; done", "a loop"),
        ("if a; then b; fi", "a condition"),
        ("case a in b) c;; esac", "a condition"),
        ("f() { a; }", "a subshell or a function"),
        ("function f { a; }", "a function"),
        ("(a; b)", "a subshell or a function"),
        ("{ a; }", "a group"),
        ("! a", "a negation"),
        ("time ls", "the time keyword"),
        ("coproc a", "a coprocess"),
        ("[[ -f x ]]", "a [[ test"),
        ("diff <(a) <(b)", "a process substitution"),
        ("tee >(a)", "a process substitution"),
        ("server &", "a command in the background"),
        ("a ;; b", "a connector without a command"),
        ("a &&", "a connector without a command"),
        ("| a", "a connector without a command"),
        ("echo 'a", "an open quote"),
        ('echo "a', "an open quote"),
        ("echo $(a", "an open substitution"),
        ("echo a\\", "an unfinished line"),
        ("cat <<EOF\nno end", "a here-document without its end"),
        ("a=(1 2)", "a subshell or a function"),
        ("a[1]=2", "an array"),
        ("echo ${x@P} ", "an involved expansion"),
        ("echo ${!x}", "an involved expansion"),
        ("echo $((x+1))", "an involved expansion"),
        ("echo `echo \\`id\\``", "unusual backquotes"),
        ("ls !(a)", "a subshell or a function"),
        ("exec {fd}>x", "an unusual redirection"),
        ("'a=b' c", "a program named like syntax"),
        ("\\if a", "a program named like syntax"),
        ("> ", "a redirection without a target"),
        ("a\0b", "not text"),
        ("a \ud800", "not text"),
        ("x" * (LIMIT + 1), "too long"),
        ("a;" * 1000, "too many commands"),
    ],
)
def test_what_is_not_taken_apart_says_why(text: str, reason: str) -> None:
    line = parse(text)
    assert line.opaque == reason
    assert line.commands == () and line.nested == () and not line.plain


def test_offsets_are_characters() -> None:
    text = "echo 'ñ€' \U0001f600 x\u00a0y $(ls é) end"
    line = parse(text)
    assert [text[word.start : word.end] for word in line.commands[0].words] == [w.raw for w in line.commands[0].words]
    assert words(line.commands[0]) == ["echo", "ñ€", "\U0001f600", "x\u00a0y", None, "end"]
    assert [words(command) for command in line.nested] == [["ls", "é"]]


def test_assignments_and_redirections() -> None:
    line = parse("A=1 B=\"$X y\" make -j2 > out.txt 2>&1 < in <<< 'here' && C=3 && > empty")
    if line.opaque:  # tree-sitter-bash cannot read a here-string after other redirections
        line = parse('A=1 B="$X y" make -j2 > out.txt 2>&1 < in && C=3 && > empty')
    make, assigned, empty = line.commands
    assert make.assignments == ("A=1", 'B="$X y"')
    assert words(make) == ["make", "-j2"]
    found = [(redirect.operator, redirect.target.value if redirect.target else None) for redirect in make.redirects]
    assert found[:3] == [(">", "out.txt"), ("2>&", "1"), ("<", "in")]
    assert (assigned.words, assigned.assignments) == ((), ("C=3",))
    assert (empty.words, empty.redirects[0].raw) == ((), "> empty")


def test_heredocs() -> None:
    line = parse("cat <<'EOF' > x && ls\nit's $(not) run\nEOF\ngrep a <<-E\n$(id)\n\tE\n")
    assert [words(command) for command in line.commands] == [["cat"], ["ls"], ["grep", "a"]]
    assert line.connectors == ("&&", "\n")
    assert line.commands[0].redirects[0].raw == "<<'EOF'\nit's $(not) run\nEOF"
    assert line.commands[0].redirects[0].target is None
    assert [words(command) for command in line.nested] == [["id"]]


def test_commit_message_in_a_heredoc_is_read() -> None:
    line = parse('git commit -m "$(cat <<\'EOF\'\nFix "it"\'s $(rm -rf x)\n\nEOF\n)" && git status')
    assert shape(line) == [["git", "commit", "-m", 'Fix "it"\'s $(rm -rf x)'], ["git", "status"]]
    assert [words(command) for command in line.nested] == [["cat"]]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("\"$(cat <<'E'\na $X `y` \\\\n\n\n\nE\n)\"", "a $X `y` \\\\n"),
        ('"$(cat <<E\na \\$ b \\\\ c\nE\n)"', "a $ b \\ c"),
        ("\"$(cat <<-'E'\n\ta\n\t\tb\n\tE\n)\"", "a\nb"),
        ("\"$(cat <<'E'\nE\n)\"", ""),
        ('"$(cat <<\'E\'\n:) "it\'s" )\nE\n  )"', ':) "it\'s" )'),
        ('"$(cat <<E\na $X\nE\n)"', None),
        ('"$(cat <<E\na $(x)\nE\n)"', None),
        ("\"$(cat <<'E'\na\nE\necho b)\"", None),
        ("\"$(cat -n <<'E'\na\nE\n)\"", None),
        ("\"$(cat f <<'E'\na\nE\n)\"", None),
        ("\"x $(cat <<'E'\na\nE\n)\"", None),
        ("$(cat <<'E'\na\nE\n)", None),
    ],
)
def test_a_text_printed_by_cat_is_a_literal_word(word: str, value: str | None) -> None:
    """How agents write a commit message; what bash makes of it is asked, too."""
    line = parse(f"printf %s {word}")
    assert not line.opaque
    assert line.commands[0].words[-1].value == value
    if value is not None:
        done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True)
        assert done.stdout == value


def test_nested_commands_of_nested_substitutions() -> None:
    line = parse('echo "a $(dirname "$(which `echo ls`)" 2>/dev/null) b" | x=$(y) z')
    assert sorted(str(words(command)[0]) for command in line.nested) == ["dirname", "echo", "which", "y"]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("ls -l", True),
        ("cd x", False),
        ("ls $X", False),
        ("A=1 ls", False),
        ("ls > x", False),
        ("ls; ls", False),
        ("source x", False),
        ("A=1", False),
        ("", False),
        ("echo 'a b'", True),
    ],
)
def test_what_runs_without_a_shell(text: str, without: bool) -> None:
    assert parse(text).plain is without


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ls  -l 'src'", "ls -l src"),
        ("a;b", "a\nb"),
        ("a && \\\n b", "a && b"),
        ("X='1' a \"b\"", "X=1 a b"),
        ("a 1> f", "a > 'f'"),
        ("echo a\\ b", "echo 'a b'"),
        ("for i in a; do b; done", "  for i in a; do b; done\n"),
        ("a # comment", "a"),
    ],
)
def test_lines_that_mean_the_same_have_one_canonical_form(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)
    assert hash(canonical(one)) == hash(canonical(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a b", "a 'b '"),
        ("a | b", "a ; b"),
        ("a $X", "a '$X'"),
        ("a *", "a '*'"),
        ("X=1 a", "X=2 a"),
        ("a > f", "a >> f"),
        ("cat <<E\na\nE", "cat <<E\nb\nE"),
        ("a", "a b"),
        ("a b;c", "a;b c"),
    ],
)
def test_lines_that_mean_other_things_differ(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@given(st.text(alphabet=st.one_of(st.sampled_from(HOSTILE), st.characters()), max_size=80))
@example("a \ud800")
@settings(max_examples=1500, deadline=None)
def test_reading_never_raises_and_never_loses_its_place(text: str) -> None:
    line = parse(text)
    assert line.text == text
    hash(canonical(text))
    for command in line.commands:
        for word in command.words:
            assert text[word.start : word.end] == word.raw
    assert line.opaque or len(line.connectors) == max(len(line.commands) - 1, 0)


@given(st.lists(st.text(alphabet=HOSTILE, max_size=12), min_size=1, max_size=5))
@settings(max_examples=800, deadline=None)
def test_quoted_words_come_back(values: list[str]) -> None:
    line = parse(shlex.join(["f", *values]))
    if line.opaque in STUMBLES:
        return
    assert shape(line) == [["f", *values]]


@given(st.text(alphabet=HOSTILE, max_size=40))
@settings(max_examples=1500, deadline=None)
def test_plain_lines_survive_requoting(text: str) -> None:
    line = parse(text)
    if line.plain and line.commands:
        again = shlex.join(word.value or "" for word in line.commands[0].words)
        assert canonical(again) == canonical(text) or parse(again).opaque in STUMBLES


@given(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=12).map("".join) | st.text(HOSTILE, min_size=1, max_size=24)
)
@SLOW
def test_values_are_those_of_bash(tmp_path: Path, text: str) -> None:
    script = f"printf '%s\\0' {text}"
    line = parse(script)
    if line.opaque or len(line.commands) != 1 or not line.plain:
        return
    expected = [word.value or "" for word in line.commands[0].words[2:]] or [""]
    ran = bash(script, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.decode().split("\0")[:-1] == expected
    assert not os.listdir(tmp_path)


def _recorded(script: str, folder: Path) -> list[list[str]]:
    """What bash calls in `script`, where every program is `f`, in no order."""
    log = folder / "calls"
    log.unlink(missing_ok=True)
    prelude = (
        'f() { local a="$#" w; for w; do a+=$\'\\x1f\'"$w"; done; printf \'%s\\x1e\' "$a" >> '
        + shlex.quote(str(log))
        + "; }\n"
    )
    ran = bash(f"{prelude}{script}\nwait", folder)
    assert b"syntax error" not in ran.stderr and b"unexpected EOF" not in ran.stderr, (script, ran.stderr)
    text = log.read_bytes().decode() if log.exists() else ""
    return sorted(entry.split("\x1f")[1:] for entry in text.split("\x1e")[:-1])


@given(
    st.lists(st.sampled_from(NEXT) | st.sampled_from(NEXT) | st.sampled_from(PIECES), min_size=1, max_size=7).map(
        "".join
    )
)
@example("f a\\\nb 2\\\n>/dev/null")
@example("f <<E && f b\nx\nE\nf c")
@example("f <<E | f 'b\nc'\nx\nE\nf c")
@example("f a &\\\n& f b")
@example("f a\r\nf b")
@example('f "$(f b)" `f c`')
@example("f <<E\n$(f b)\nE\n")
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_structure_is_that_of_bash(tmp_path: Path, text: str) -> None:
    script = f"f {text}"
    line = parse(script)
    every = [*line.commands, *line.nested]
    if (
        line.opaque
        or "||" in line.connectors
        or not all(command.words and words(command)[0] == "f" for command in every)
    ):
        return
    if any(_touches_files(command) for command in every) or any(None in words(command) for command in line.commands):
        literal = False
    else:
        literal = True
    if any(_touches_files(command) for command in every):
        return
    calls = _recorded(script, tmp_path)
    assert len(calls) == len(every), (script, calls)
    if literal and not line.nested:
        assert calls == sorted([word.value or "" for word in command.words[1:]] for command in line.commands)


def _touches_files(command: Command) -> bool:
    targets = [redirect.target for redirect in command.redirects if redirect.target]
    return any(target.value not in ("/dev/null", "1", "2") for target in targets)


def test_time_is_linear_in_the_length() -> None:
    """Ten times the line, at most forty times the time (squares: a hundred); three tries against a busy machine."""
    for pattern in ("echo 'a b' ", "a\\ ", "$(", '"', "<<E ", "`a` ", "{ ", "$X", "a | "):
        ratios = []
        for _ in range(3):
            short, long = (_seconds(pattern * (size // len(pattern))) for size in (6_000, 60_000))
            ratios.append(long / max(short, 1e-4))
        assert min(ratios) < 40, pattern


def _seconds(text: str) -> float:
    begin = time.perf_counter()
    parse(text)
    return time.perf_counter() - begin


def test_only_shell_py_imports_tree_sitter() -> None:
    root = Path(__file__).parents[2] / "agentjit"
    pattern = re.compile(r"^\s*(?:import|from) tree_sitter", re.MULTILINE)
    importers = [path.relative_to(root).as_posix() for path in root.rglob("*.py") if pattern.search(path.read_text())]
    assert importers == ["detect/shell.py"]
    assert sys.version_info >= (3, 11)
