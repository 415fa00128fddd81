"""Printed shell lines: they parse back to the same tree, and a value in them reaches the program as it is."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentjit import kit
from agentjit.compile.printing import Filling, Pieces, matched, places, printed, spelled, structure
from agentjit.detect.lexer import Reader
from agentjit.detect.shell import canonical, canonical_line, parse
from agentjit.errors import NotCompilable
from agentjit.hotspot import Line
from agentjit.piece import Argument, Ref, Text
from agentjit.step import Spread

HOSTILE = (
    *(
        "",
        " ",
        "a b",
        "'",
        '"',
        "it's",
        'say "no"',
        "$(touch pwned)",
        "`touch pwned`",
        "$HOME",
        "${x:-y}",
        "$1",
        '"$1"',
    ),
    *("\n", "a\nb", "a\n", "\t", "\\", "\\n", "a\\", "-", "--", "-rf", "--all=x", "*", "?", "[a-z]", "{a,b}", "{1..3}"),
    *(
        "~",
        "~root",
        "a:~",
        "=~",
        "=",
        "=ls",
        "A=b",
        "!",
        "!!",
        "!x",
        "#",
        "#x",
        "a#b",
        ";",
        "; id",
        "&",
        "&&",
        "|",
        "||",
    ),
    *("<", ">", "> f", "<<E", "&1", "2", "(", ")", "if", "then", "[", "[[", "]", "]]", "{", "}", "{}", "time", "in"),
    *(
        "é",
        "日本",
        "\U0001f600",
        "\xa0",
        "\u2028",
        "\x1b[31m",
        "\x7f",
        "\r",
        "a\rb",
        "EOF",
        "x\nEOF\nrm -rf ~",
        "%s",
        "@",
    ),
)


def text_of(pieces: Pieces) -> str:
    """The script of a line in which nothing varies."""
    assert all(isinstance(piece, Text) for piece in pieces)
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


def values(line: Line) -> object:
    """A line value by value: what quotes, blanks and the names of here-documents' ends do not change."""
    commands = [
        (
            [(word.value is None, word.raw if word.value is None else word.value) for word in command.words],
            [
                (raw[: len(raw) - len(word.raw)], word.raw if word.value is None else word.value)
                for raw, word in zip(command.assignments, command.assigned, strict=True)
            ],
            [
                (each.operator, [w and (w.value is None, w.value or w.raw) for w in (each.target, each.body)])
                for each in command.redirects
            ],
        )
        for command in line.commands
    ]
    return (commands, line.connectors, line.opaque)


def read_back(text: str) -> Line:
    """A printed line parsed; where tree-sitter stumbles, as it does once in some ten thousand lines, by the lexer."""
    line = parse(text)
    if line.opaque not in ("two readings of the same line", "a syntax error, or too much syntax"):
        return line
    drafts, connectors = Reader(text).commands()
    return Line(text, tuple(draft.command() for draft in drafts), tuple(connectors))


def parses_back(text: str) -> bool:
    """Whether the line was taken apart; fails unless what is printed of it is the same line, in its last spelling."""
    line = parse(text)
    again = text_of(printed(line))
    if line.opaque:
        assert again == text.strip(" \t\n")
        return False
    read = read_back(again)
    assert values(read) == values(line), (text, again, read.opaque)
    assert canonical_line(read) == canonical_line(line)
    assert text_of(printed(read)) == again, "printing is idempotent"
    return True


# --- lines from a grammar

WORDS = (
    *("a", "src/x.py", "--flag", "--key=value", "-n5", "HEAD~1", "stash@{0}", "{}", "!", "a=b", "x.y:z", "50%", "+1"),
    *(
        "'a b'",
        '"a b"',
        "a\\ b",
        "''",
        '""',
        "it\\'s",
        "'$x'",
        '"\\$x"',
        "'`id`'",
        "\\*",
        "'*'",
        "\\;",
        "'#'",
        "a'b'\"c\"",
    ),
    *("$X", '"$X"', '"$X/y"', "${X}", "~/x", "*.py", "a?b", "[ab]*", "{a,b}", "$(date)", '"$(git log -1)"', "`date`"),
    *(
        "'é'",
        "é",
        "'\n'",
        '"a\nb"',
        "$'a\\n'",
        "1",
        "]",
        "==",
        "'='",
        "https://h/x?a=1",
        "'https://h/x?a=1&b=2'",
        "awk'",
    ),
    *(
        "'{print $1}'",
        "'{print \"$1\"}'",
        '"say \\"$1\\""',
        "-",
        "--",
        ":",
        "@",
        "^",
        "'a'\"'\"'b'",
        "\"$(cat <<'E'\na $x\n\nE\n)\"",
        "\\~",
        "'~'",
        "a\\\nb",
    ),
)
PROGRAMS = (
    "git",
    "ls",
    "./run",
    "'my tool'",
    "cat",
    "[",
    "test",
    "/bin/x",
    "python3",
    "g++",
    "2to3",
    '"$TOOL"',
    "~/bin/x",
)
REDIRECTS = (
    *(
        "> out",
        ">> 'a log'",
        "2>&1",
        "2> /dev/null",
        "&> all",
        "< in",
        '> "$F"',
        "<<< 'a b'",
        '<<< "$X"',
        ">&2",
        ">| x",
    ),
    *(
        "<<'E'\na $x\n`b`\nE",
        "<<E\na\\$ $X\nE",
        "<<-E\n\ta\n\tE",
        "<<E\nE",
        '<<"E F"\n\tx\nE F',
        "1>&2",
        "2>&-",
        "<> x",
    ),
)
ASSIGNMENTS = ("A=1", "A=", "B='a b'", 'C="$X"', "D=$(date)", "E+=x", "F=~/x", "G=a:~/b", "H='~'", "I=*", "j_1=-x")
CONNECTORS = (" && ", " || ", " | ", "; ", "\n", " & ", " |& ", ";", "&&", "|", "\n\n", " # a comment\n")

commands = st.tuples(
    st.lists(st.sampled_from(ASSIGNMENTS), max_size=2),
    st.sampled_from(PROGRAMS),
    st.lists(st.sampled_from(WORDS), max_size=5),
    st.lists(st.sampled_from(REDIRECTS), max_size=2),
)


def written(parts: Sequence[tuple[tuple[list[str], str, list[str], list[str]], str]]) -> str:
    """Commands with what follows each as text; the bodies of here-documents behind their line."""
    text, bodies = "", ""
    for at, ((assigned, program, words, redirects), connector) in enumerate(parts):
        heads = []
        for redirect in redirects:
            head, newline, body = redirect.partition("\n")
            heads.append(head)
            bodies += newline + body
        text += " ".join((*assigned, program, *words, *heads))
        last = at == len(parts) - 1
        if last or "\n" in connector:
            text, bodies = text + bodies, ""
        text += "" if last else connector
    return text


@given(st.lists(st.tuples(commands, st.sampled_from(CONNECTORS)), min_size=1, max_size=4).map(written))
@settings(max_examples=3_000, deadline=None)
def test_lines_of_a_grammar_parse_back(text: str) -> None:
    parses_back(text)


def test_the_grammar_is_mostly_taken_apart() -> None:
    rng = random.Random(5)
    simple = [word for word in WORDS if word != "awk'"]
    taken = 0
    for _ in range(1_000):
        parts = [
            (
                (
                    rng.choices(ASSIGNMENTS, k=rng.choice((0, 0, 1))),
                    rng.choice(PROGRAMS),
                    rng.choices(simple, k=rng.randint(0, 4)),
                    rng.choices(REDIRECTS, k=rng.choice((0, 0, 1))),
                ),
                rng.choice(CONNECTORS[:5]),
            )
            for _ in range(rng.randint(1, 3))
        ]
        taken += parses_back(written(parts))
    assert taken > 400


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text()), max_size=6))
@settings(max_examples=1_500, deadline=None)
def test_any_constant_words_parse_back(words: list[str]) -> None:
    text = " ".join(("run", *map(spelled, words)))
    line = parse(text)
    if any("\0" in word or any("\ud800" <= c <= "\udfff" for c in word) for word in words):
        assert line.opaque
        return
    assert [word.value for word in line.commands[0].words] == ["run", *words], (text, line.opaque)
    assert not re.search(r'"\$[1-9{]', text), "that is where a value goes"


def test_the_corpus_parses_back(corpus: Path) -> None:
    lines = (corpus / "shell-commands" / "nl2bash-all.cm").read_text(encoding="utf-8").split("\n")
    assert sum(map(parses_back, lines)) > 0.9 * len(lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git  log   -1", "git log -1"),
        ('git log "--format=%h" "a b"', "git log --format=%h 'a b'"),
        ("make 2>&1|tail -3;echo done", "make 2>&1 | tail -3; echo done"),
        ("cd src&&make\nls", "cd src && make\nls"),
        ("A='1' B=\"x y\" run>out", "A=1 B='x y' run > out"),
        ("cat <<'E' | wc -l\na\nE\nls", "cat <<'E' | wc -l\na\nE\nls"),
        ("cat <<E && cat << F\na\nE\nb\nF", "cat <<E && cat << F\na\nE\nb\nF"),
        ("git show HEAD~1 ; find . ! -name x -exec rm {} \\;", "git show HEAD~1; find . ! -name x -exec rm {} ';'"),
        ("awk '{print \"$1\"}'", "awk '{print \"'\\$'1\"}'"),
        ("for f in *; do  echo $f; done", "for f in *; do  echo $f; done"),
        ("(cd x && make)", "(cd x && make)"),
        ("! grep -q x f", "! grep -q x f"),
    ],
)
def test_the_canonical_spelling(text: str, expected: str) -> None:
    assert text_of(printed(parse(text))) == expected
    assert canonical(text) == canonical(expected)


# --- values in lines: `X0`, `X1`, … stand for them


def filled(template: str) -> tuple[Line, Pieces]:
    """A line, and its script with references where `X0`, `X1`, … stand in it."""
    line = parse(template)
    assert not line.opaque, line.opaque
    fillings: dict[int, Filling] = {}
    for place in places(line):
        if place.value is not None and "X" in place.value:
            parts = re.split(r"(X[0-9])", place.value)
            argument: Argument = tuple(
                Ref(name=part.lower()) if re.fullmatch("X[0-9]", part) else Text(text=part) for part in parts if part
            )
            fillings[place.word.start] = argument
    return line, printed(line, fillings)


def call(pieces: Pieces, given: Sequence[str]) -> kit.Call:
    """The call a program makes, each reference a positional parameter of its own."""
    script, args = "", []
    for piece in pieces:
        if isinstance(piece, Text):
            script += piece.text
            continue
        args.append(given[int(piece.name[1:])])
        script += f'"${len(args)}"' if len(args) < 10 else f'"${{{len(args)}}}"'
    return kit.shell(script, *args)


TEMPLATES = (
    *("dump X0", "dump 'X0' \"X1\"", "dump a X0 b | cat", "dump 'pre X0 post'", "dump --opt=X0 -- X1", "dump 'X0'X1"),
    *("dump X0 || true", "dump X0 && dump X1; dump X2", "cat < /dev/null | dump X0", "dump 2>&1 X0 X1 > /dev/null"),
    *(
        "A=1 dump X0",
        'dump "$HOME/x" X0 *.nothing',
        "dump X0\ndump X1",
        "dump {} X0 HEAD~1 ! '=' -",
        "dump http://h/X0?a=X1",
    ),
    *(
        "dump '{print $1}' X0",
        "dump \"a 'X0' b\"",
        "dump ' X0'",
        "dump X0X1X2",
        "dump X0 X0 X1 X1 X2 X2 X0 X1 X2 X0 X1 X2",
    ),
)


def workplace(root: Path) -> Path:
    """A folder with the program `dump`, which writes its arguments, NUL behind each, to `got`."""
    dump = root / "bin" / "dump"
    dump.parent.mkdir()
    dump.write_text('#!/bin/sh\nprintf \'%s\\0\' "$#" "$@" >> "$GOT"\n')
    dump.chmod(0o755)
    (root / "work").mkdir()
    return root


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return workplace(tmp_path)


@pytest.fixture(scope="module")
def one_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workplace(tmp_path_factory.mktemp("any"))


def run(place: Path, made: kit.Call) -> subprocess.CompletedProcess[bytes]:
    assert isinstance(made, kit.Shell)
    env = {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "GOT": str(place / "got"),
        "HOME": "/home/x",
        "LANG": "C.UTF-8",
    }
    (place / "got").unlink(missing_ok=True)
    argv = ["bash", "-c", made.script, "aj", *made.args]
    return subprocess.run(argv, cwd=place / "work", env=env, capture_output=True, check=False, timeout=20)


def got(place: Path) -> list[list[str]]:
    """The arguments of each `dump` that was run."""
    words = (place / "got").read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]
    found: list[list[str]] = []
    while words:
        count = int(words[0])
        found.append(words[1 : 1 + count])
        words = words[1 + count :]
    return found


def expected(template: str, given: Sequence[str]) -> list[list[str]]:
    """What each `dump` of the template is to get."""

    def told(value: str) -> str:
        return re.sub("X([0-9])", lambda mark: given[int(mark[1])], value)

    words = [[word.raw if word.value is None else word.value for word in c.words] for c in parse(template).commands]
    homely = {'"$HOME/x"': "/home/x/x"}
    return [[homely.get(word) or told(word) for word in each[1:]] for each in words if each[0] == "dump"]


def check(place: Path, template: str, given: Sequence[str]) -> None:
    _, pieces = filled(template)
    made = call(pieces, given)
    done = run(place, made)
    assert not done.stderr, done.stderr
    assert sorted(got(place)) == sorted(expected(template, given)), template
    assert [path.name for path in (place / "work").iterdir()] == [], "nothing was expanded"
    read = parse(made.text)  # what the person and the permission rules see
    assert not read.opaque, (made.text, read.opaque)
    words = [
        [w.raw if w.value is None else w.value for w in c.words[1:]]
        for c in read.commands
        if c.words[0].value == "dump"
    ]
    wanted = expected(template.replace('"$HOME/x"', "home"), given)
    assert [[{'"$HOME/x"': "home"}.get(word, word) for word in each] for each in words] == wanted, made.text


@pytest.mark.parametrize("template", TEMPLATES)
def test_hostile_values_reach_the_program_as_they_are(place: Path, template: str) -> None:
    count = len(set(re.findall("X[0-9]", template)))
    step = 1 if count == 1 else 3
    for at in range(0, len(HOSTILE), step):
        check(place, template, [HOSTILE[(at + 7 * n) % len(HOSTILE)] for n in range(count)])


letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
any_values = st.lists(st.one_of(st.text(letters), st.sampled_from(HOSTILE)), min_size=3, max_size=3)


@given(any_values, st.sampled_from(TEMPLATES))
@settings(max_examples=300, deadline=None)
def test_any_values_reach_the_program_as_they_are(one_place: Path, given: list[str], template: str) -> None:
    check(one_place, template, given)


def test_values_in_redirections_and_assignments(place: Path) -> None:
    names = [value for value in HOSTILE if value and "/" not in value and value not in (".", "..")]
    for value in names:
        _, pieces = filled("printenv FOO > X0")
        assert not run(place, call(pieces, [value])).stderr
        (place / "work" / value).unlink()
        _, pieces = filled("FOO=X0 sh -c 'printf %s \"$FOO\"'")
        done = run(place, call(pieces, [value]))
        assert done.stdout.decode() == value
        _, pieces = filled("FOO='a X0' printenv FOO")
        assert run(place, call(pieces, [value])).stdout.decode() == f"a {value}\n"


@pytest.mark.parametrize("quote", ["", "'"])
@pytest.mark.parametrize("body", ["Dear X0,\nyours X1\n", "X0\n", "\n X0 \n\n", "'X0' \"X1\" \\\\ x\n", "\tX0\n"])
def test_values_in_here_documents(place: Path, quote: str, body: str) -> None:
    template = f"cat <<{quote}EOF{quote}\n{body}EOF\ncat <<{quote}E{quote} | cat\nnothing\nE"
    line, pieces = filled(template)
    assert structure(line) == structure(parse(template.replace("Dear", "Hello")))
    read = body.replace("\\\\", "\\") if not quote else body
    for value in HOSTILE:
        made = call(pieces, [value, "a'b"])
        done = run(place, made)
        told = read.replace("X1", "a'b").replace("X0", value)
        assert done.stdout.decode() == told + "nothing\n"
        written = place / "in"
        written.write_text(f"cat <<'{'E' * 40}'\n{told}{'E' * 40}\ncat <<E | cat\nnothing\nE")
        recorded = parse(written.read_bytes().decode())
        assert recorded.opaque or canonical(made.text) == canonical_line(recorded), "what was made in the traces"


def test_lists() -> None:
    line = parse("git add X0 -v")
    (start,) = [place.word.start for place in places(line) if place.value == "X0"]
    assert printed(line, {start: Spread(name="paths")}) == (
        Text(text="git add "),
        Spread(name="paths"),
        Text(text=" -v"),
    )


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ('dump "$HOME/X0"', "inside a shell expansion"),
        ("dump X0*", "inside a shell expansion"),
        ("dump {X0,b}", "inside a shell expansion"),
        ("dump $(cat X0)", "inside a shell expansion"),
        ("dump ~/X0", "inside a shell expansion"),
        ("cat <<E\n$HOME X0\nE", "inside a shell expansion"),
        ("X0 a", "the program itself varies"),
        ("dump >&X0", "a file descriptor"),
        ('dump a "$1" X0', "positional parameters"),
        ("dump a $# X0", "positional parameters"),
    ],
)
def test_no_way_in(template: str, told: str) -> None:
    line = parse(template)
    (start,) = [place.word.start for place in places(line) if "X0" in place.word.raw]
    with pytest.raises(NotCompilable, match=re.escape(told)):
        printed(line, {start: (Ref(name="x0"),)})


def test_no_way_into_what_was_not_taken_apart() -> None:
    line = parse("for f in X0; do echo $f; done")
    assert line.opaque
    with pytest.raises(NotCompilable, match="not taken apart"):
        printed(line, {9: (Ref(name="x0"),)})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("make test", "make test 2>&1", True),
        ("make test", "cd /w && make test", True),
        ("make test", "cd /w/ && make test 2>&1", True),
        ("make test", "cd /v && make test", False),
        ("make test", "make test 2>&1 | tail -5", False),
        ("make test | tail -5", "make test 2>&1 | tail -5", False),
        ("make test > x", "make test > x 2>&1", False),
        ("a; b", "a\nb", True),
        ("a && b", "a; b", False),
        ("a && b 2>&1", "a && b", False),
        ("cat <<E\na\nE", "cat <<'F'\na\nF", True),
        ("cat <<E\na\nE", "cat <<< a", True),
        ("cat <<E\na\nE", "cat <<E\nb\nE", False),
        ("A=1 b", "A='1' b", True),
        ("A=1 b", "A=2 b", False),
        ("A=1 b", "B=1 b", False),
    ],
)
def test_what_is_the_same_call(one: str, other: str, same: bool) -> None:
    forms = [canonical_line(parse(text).neutral("/w")) for text in (one, other)]
    assert (forms[0] == forms[1]) is same


@pytest.mark.parametrize(
    "template",
    ["dump X0", "a && dump -m X0 | cat", "dump X0 X1 > X2", "A=X0 dump X1 X0", "a\nb X0", "dump 'a X0 b' --k=X1"],
)
def test_the_values_of_a_line_are_found_again(template: str) -> None:
    _, pieces = filled(template)
    for at, value in enumerate(HOSTILE):
        given = [value, HOSTILE[at - 1], "out file"]
        made = call(pieces, given)
        line = parse(made.text)
        if line.opaque:
            continue
        names = sorted({piece.name for piece in pieces if isinstance(piece, Ref)})
        assert matched(pieces, line) == {name: given[int(name[1:])] for name in names}
        assert matched(pieces, parse(f"x{made.text}")) is None


def test_a_value_that_is_two_is_none() -> None:
    _, pieces = filled("dump X0 X0")
    assert matched(pieces, parse("dump a a")) == {"x0": "a"}
    assert matched(pieces, parse("dump a b")) is None


@pytest.mark.parametrize("value", HOSTILE)
def test_a_command_shown_is_the_command_run(value: str) -> None:
    """What the person and the permission rules see of an argument list says its very words."""
    read = parse(kit.bash("run", value, "-x", value).text)
    assert [word.value for word in read.commands[0].words] == ["run", value, "-x", value]
    listed = kit.shell('run "${@:2}" -v "$1"', "one", value, "b c", value)
    read = parse(listed.text)
    assert [word.value for word in read.commands[0].words] == ["run", value, "b c", value, "-v", "one"]


def test_the_values_of_a_here_document_are_found_again() -> None:
    _, pieces = filled("cat <<'E' | dump -m X1\nDear X0,\n$y\nE")
    line = parse("cat <<'F' | dump -m 'c d'\nDear a\nb,\n$y\nF")
    assert matched(pieces, line) == {"x0": "a\nb", "x1": "c d"}
