"""The quick reader of simple lines, held against the two careful ones: equal on every line that it takes.

`simple.read` leaves tree-sitter's second opinion out. That is right only if the opinion would never differ, so whatever
it takes, here from the corpus (when it is there), from pieces of the grammar and from lines cut and mended at random,
must be exactly what `parse_carefully` makes of it.
"""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentjit.detect import simple
from agentjit.detect.shell import parse, parse_carefully

LETTERS = (
    "a",
    "Z",
    "1",
    "_",
    ".",
    "/",
    ":",
    ",",
    "@",
    "%",
    "+",
    "^",
    "!",
    "-",
    "=",
    "==",
    "=~",
    "*",
    "?",
    "~",
    "é",
    "{}",
)
BRACKETS = ("[", "]", "{", "}", "[a]", "[!a]", "{a,b}", "{1..3}", "{..}", "[[", "]]", "((", "))", "(", ")")
ESCAPES = ("\\;", "\\(", "\\)", "\\'", '\\"', "\\\\", "\\$", "\\n", "\\1", "\\#", "\\ ", "\\`", "\\*", "\\\n", "\\")
EXPANSIONS = (
    "$X",
    "$1",
    "$$",
    "$@",
    "$#",
    "$?",
    "$!",
    "$*",
    "$-",
    "${X}",
    "${X:-a}",
    "$",
    "$((1+2))",
    "$'a\\n'",
    '$"a"',
)
QUOTES = (
    "''",
    "'a b'",
    '""',
    '"a b"',
    '"$X"',
    '"$"',
    '"a$"',
    '"\\n"',
    '"\\""',
    '"\\$x"',
    '"#"',
    '"\n"',
    "'\n'",
    "'",
    '"',
)
RUNS = (
    *(
        "$(f)",
        "$(f a)",
        "$(f 'a b')",
        "$(f | g)",
        '"$(f a)"',
        '"a$(f)b"',
        '" $(f)"',
        "$(f ==)",
        "$(if)",
        "$()",
        "$(f;g)",
    ),
    *("`f`", "`f a`", '"`f`"', "`f | g`", "$(f `g`)", "$(", "`"),
)
OPERATORS = ("&&", "||", "|", "|&", ";", ";;", "&", "\n", " && ", " | ", "; ", " || ", "\n\n", " \n", "\n ", " #c", "#")
REDIRECTS = (
    " >x",
    " > x",
    " 2>&1",
    " 2>/dev/null",
    " < in",
    ' >"$X"',
    " >$X",
    " >&2",
    ">&-",
    "&>x",
    "<<<",
    "<<E",
    ">",
    "0<",
)
NAMES = (
    *("f", "test", "if", "then", "fi", "for", "in", "do", "done", "case", "time", "coproc", "export", "local", "unset"),
    *(
        "X=",
        "X=1 ",
        "X=$(f)",
        "X=`f`",
        'X="$(f a)"',
        "a[1]=2",
        "http://x?y",
        "-a",
        "-eq",
        "declare",
        "function",
        "select",
    ),
)
ODD = ("\t", "\r", "\x0b", "\x0c", "\x7f", "\x85", "\xa0", "\u2019", "\u2028", "\U0001f600", "\0", "\ud800", "\x01")
PIECES = (*LETTERS, *BRACKETS, *ESCAPES, *EXPANSIONS, *QUOTES, *RUNS, *OPERATORS, *REDIRECTS, *NAMES, *ODD)
PLACES = (
    "f %s",
    "f %s g",
    "%s",
    "%s f",
    "X=%s f",
    "f >%s g",
    "f %s|g",
    "f %s;g",
    "f %s\ng",
    "f | g | h\n%s i",
    'f "%s"',
)


def agrees(text: str) -> bool:
    """Whether `text` was read as simple; fails unless it is what the careful readers make of it."""
    quick = simple.read(text)
    if quick is not None:
        careful = parse_carefully(text)
        assert quick == careful, text
        assert [type(part) for part in quick.commands] == [type(part) for part in careful.commands]
    return quick is not None


@pytest.mark.parametrize(
    "text",
    [
        "ls",
        "ls -la  src ",
        "git status && git diff --stat | head -20; echo done",
        "cd src\nmake all\n",
        "find . -name '*.py' -exec grep -n \"a b\" {} \\; 2>/dev/null",
        'sort < in > "$OUT" 2>&1;',
        'ls *.py a?b [ab]* ~/x HEAD~1 {a,b} $HOME ${HOME} "$HOME/x" $1',
        "echo a'b'\"c d\"\\ e",
        "curl http://x/?a=1",
        'd=$(mktemp -d) && cd "$(git rev-parse --show-toplevel)"',
        "A=1 B='x y' make -j2",
        "kill `pidof a.out`",
    ],
)
def test_what_agents_write_most_is_simple(text: str) -> None:
    if not agrees(text):  # two escapes or blanks may be left to the careful readers, the rest may not
        assert "\\ " in text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "#c",
            "a #c",
            "a &",
            "a & b",
            "a &&",
            "| a",
            "a ;; b",
            "(a)",
            "{ a; }",
            "! a",
            "time a",
            "[ a ]",
            "[[ a ]]",
        ),
        *("if a; then b; fi", "for i in a; do b; done", "f() { a; }", "export A=b", "unset A", "a <<E\nE", "a <<< b"),
        *(
            "a <(b)",
            "a >(b)",
            "a $((1+2))",
            "a ${x:-y}",
            "a `b` `c`",
            "a $(b $(c))",
            "a $(b > c)",
            "a 'b",
            'a "b',
            "a\\",
        ),
        *(
            "f ==",
            "f [[$$[[",
            "f a =~",
            "[a",
            "a\0",
            "a \ud800",
            "a\\\nb",
            "a>b",
            "> a",
            "a 12>b",
            "> a b",
            "a=(b)",
            "a[1]=2",
            "a\n>b c\nd",
        ),
        "a" * (simple.LONGEST + 1),
        "a;" * 101,
    ],
)
def test_what_is_not_certain_is_left_to_the_careful_readers(text: str) -> None:
    assert simple.read(text) is None
    assert parse(text) == parse_carefully(text)


def test_equal_on_every_pair_of_pieces_in_every_place() -> None:
    taken = 0
    for one, other in itertools.product(("", *PIECES), PIECES):
        for place in PLACES[:4] if one else PLACES:
            taken += agrees(place.replace("%s", one + other))
    assert taken > 5_000


@given(st.lists(st.sampled_from((*PIECES, *[" "] * 40)), min_size=1, max_size=10).map("".join), st.sampled_from(PLACES))
@settings(max_examples=4_000, deadline=None)
def test_equal_on_lines_of_pieces(text: str, place: str) -> None:
    agrees(place.replace("%s", text))


@given(
    st.lists(st.sampled_from((*LETTERS, *QUOTES[:9], *EXPANSIONS[:9], *RUNS[:6], *ESCAPES[:9], " | ", " && ", "; ")))
)
@settings(max_examples=1_500, deadline=None)
def test_equal_on_long_lines(parts: list[str]) -> None:
    agrees("f " + " ".join(parts * 8)[: simple.LONGEST - 10])


@pytest.mark.parametrize("connector", ["|", " | ", "&&", " || ", ";", "; ", "\n"])
@pytest.mark.parametrize("command", ["a", "a b", "a 'b c'", 'a "$B"', "a=1", "a $(b)", "a 2>&1"])
def test_equal_on_many_commands(command: str, connector: str) -> None:
    for count in (1, 2, 3, 10, 40, 99, 100, 101, 130):
        agrees(connector.join([command] * count))
        agrees(connector.join([command] * count) + connector)


def mutated(rng: random.Random, lines: list[str]) -> str:
    """A line of the corpus with some of it cut out, put in, or taken from another."""
    text = rng.choice(lines)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        other = rng.choice(lines)
        cut = rng.randint(0, len(other))
        piece = rng.choice((rng.choice(PIECES), rng.choice(PIECES), "", other[cut : cut + rng.randint(1, 20)]))
        text = text[:at] + piece + text[at + rng.choice((0, 0, 0, 1, 1, 2, 5)) :]
    return re.sub(" ?(?:&&|;|[|]) ?", lambda found: rng.choice((found[0], "\n")), text) if rng.random() < 0.2 else text


def test_equal_on_the_corpus_and_on_what_becomes_of_it(corpus: Path) -> None:
    lines = (corpus / "shell-commands" / "nl2bash-all.cm").read_text(encoding="utf-8").split("\n")
    assert sum(agrees(line) for line in lines) > 0.85 * len(lines)
    rng = random.Random(4)
    assert sum(agrees(mutated(rng, lines)) for _ in range(30_000)) > 5_000


def test_what_comes_of_a_line_cannot_be_changed() -> None:
    line = parse("ls -l > x")
    for part, name in ((line, "text"), (line.commands[0], "words"), (line.commands[0].words[0], "value")):
        with pytest.raises(AttributeError):
            setattr(part, name, "other")
        with pytest.raises(AttributeError):
            setattr(part, f"{name}s", "other")
