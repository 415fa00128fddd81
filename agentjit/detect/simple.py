"""Reading the simplest shell lines with one regular expression (standard library only).

Most lines have nothing but commands of safe words. On these the lexer and tree-sitter agreed wherever they were tried,
so the second opinion is left out: `tests/detect/test_shell_corpus.py` holds this reader against both of them. Whatever
is not listed here is not read here, and goes the long way.
"""

from __future__ import annotations

import re

from agentjit.detect.inside import value_of
from agentjit.detect.lexer import Draft, Opaque, Reader
from agentjit.hotspot import Command, Line, Redirect, Word

LONGEST = 1_000
"""Longer lines are not read here, in characters."""

_COMMANDS = 100

# A letter means nothing to a shell, here or anywhere; what is not ASCII is a letter of a word to bash.
_LETTER = r"A-Za-z0-9_./:,@%+^!\-\x80-\ud7ff\ue000-\U0010ffff"
_PLAIN = rf"[{_LETTER}][{_LETTER}=]*+"
_END = r"(?=[ \t\n;|]|&&|\Z)"
_VARIABLE = r"\$(?:[A-Za-z_][A-Za-z0-9_]*+|[0-9@*?!-](?!\()|\$(?![(\[])|\{[A-Za-z_][A-Za-z0-9_]*\})"
_DOLLAR = r"\$(?![A-Za-z0-9_@*#?$!({\['`\\-])"
_NAMED = r"\$(?:[A-Za-z_][A-Za-z0-9_]*+|[0-9]|\{[A-Za-z_][A-Za-z0-9_]*\})"
_INSIDE = rf"(?:[{_LETTER}=*?~ |]++|{_NAMED}|'[^'`\n]*+'|\"(?:[^\"\\$`\n]++|{_NAMED})*\")*"
_SUBSTITUTION = rf"\$\((?=[A-Za-z0-9_./]){_INSIDE}(?<![ ])\)"
_BACKQUOTES = rf"`(?=[A-Za-z0-9_./])(?:[{_LETTER}=*?~ |]++|{_NAMED}|'[^'`\\\"#\n]*+')*(?<![ ])`"
_TOKEN = re.compile(
    rf"""(?:
    # 1: literal words and the blanks between them
    ((?:(?:{_PLAIN}|\{{\}})(?:[ ]++|{_END}))+)
    # 2: one in quotes; 3: an escaped sign
    |('[^']*+'|"[^"\\$`]*+"){_END}
    |(\\[^A-Za-z0-9\s`]){_END}
    # 4: a connector; a newline after a blank is a blank to tree-sitter at times
    |(&&|\|\|?(?!&)|;|(?<![ \t])\n)
    # 5: a word that only a shell can tell, for variables or patterns in it (in an address they are no patterns)
    |((?!https?:|=)(?:[{_LETTER}=*?]++|{_VARIABLE})+|"[^"\\$`]*+(?:{_VARIABLE}[^"\\$`]*+)+"){_END}
    # 6, 7: a redirection and its target
    |([0-9]?(?:>>|>\||>|<)(?![&(|])|&>>?|[0-9]?>&(?=[0-9]++{_END}))[ \t]*+
      ({_PLAIN}|{_VARIABLE}|"[^"\\$`]*+(?:{_VARIABLE}[^"\\$`]*+)*"){_END}
    # 8: a word of several pieces
    |((?!=)(?:[{_LETTER}=*?~]++|[\[\]}}](?!=)|(?<!\$)\{{(?![0-9.=])|\\[^\s`]|{_VARIABLE}|{_SUBSTITUTION}
      |\$'(?:[^'\\]++|\\.)*'|'[^']*+'
      |"(?:[^"\\$`]++|\\[^`]|{_VARIABLE}|{_DOLLAR}|(?<!\s){_SUBSTITUTION})*")+
      |(?:[A-Za-z_]+=)?{_BACKQUOTES}){_END}
    # 9: anything else
    |(.)
    )[ \t]*+""",
    re.VERBOSE | re.DOTALL,
)
_RUN, _QUOTED, _ESCAPED, _CONNECTOR, _SHELL, _OPERATOR, _TARGET, _MIXED, _OTHER = range(1, 10)
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_PROGRAM = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+-]*+")
_ASSIGNMENT = re.compile(
    rf"[A-Za-z_][A-Za-z0-9_]*=(?:[{_LETTER}]+|{_VARIABLE}|'[^']*'|\"[^\"\\`]*\""
    rf"|{_SUBSTITUTION}|\"{_SUBSTITUTION}\"|{_BACKQUOTES})"
)
_SYNTAX = frozenset(
    (
        *("for", "while", "until", "select", "do", "done", "if", "then", "elif", "else", "fi", "case", "esac", "in"),
        *("function", "coproc", "time"),
        *("declare", "typeset", "export", "readonly", "local", "unset", "unsetenv"),
    )
)
"""Programs that bash or tree-sitter reads by rules of their own."""

_make = tuple.__new__  # what a NamedTuple's own __new__ calls, a frame later


def read(text: str) -> Line | None:
    """`text` taken apart if it is as simple as this reader knows, else None; never raises."""
    if len(text) > LONGEST or ("\0" in text if text.isascii() else _NOT_TEXT.search(text)):
        return None
    try:
        return _read(text)
    except Opaque:
        return None


def _read(text: str) -> Line:
    words: list[Word] = []
    redirects: list[Redirect] = []
    commands: list[Command] = []
    connectors: list[str] = []
    nested: list[Draft] = []
    at = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastindex
        if kind == _RUN:
            for raw in token[_RUN].split(" "):
                if raw:
                    words.append(_make(Word, (raw, at, at := at + len(raw), raw)))
                at += 1
        elif kind == _QUOTED:
            raw = token[_QUOTED]
            words.append(_make(Word, (raw, at, at + len(raw), raw[1:-1])))
        elif kind == _CONNECTOR:
            commands.append(_command(words, redirects))
            connectors.append(token[_CONNECTOR])
            words, redirects = [], []
        elif kind == _TARGET:
            redirects.append(_redirect(text, at, token, words))
        else:
            words.append(_word(text, at, token, nested))
        at = token.end()
    if words:
        commands.append(_command(words, redirects))
    elif not connectors or connectors.pop() not in (";", "\n"):
        raise Opaque("no command at its end")
    if len(commands) > _COMMANDS or ("\n" in connectors and _may_be_blank(commands, connectors)):
        raise Opaque("not simple")
    return _make(Line, (text, tuple(commands), tuple(connectors), tuple(map(_nested, nested)) if nested else (), ""))


def _may_be_blank(commands: list[Command], connectors: list[str]) -> bool:
    """Whether tree-sitter might take a newline for a blank, as it does between pipelines, lists and redirections."""
    return not {"\n", ";"}.issuperset(connectors) or any(command.redirects for command in commands)


def _command(words: list[Word], redirects: list[Redirect]) -> Command:
    if not words:
        raise Opaque("no command before a connector")
    if _is_program(words[0].raw):
        return _make(Command, (tuple(words), (), tuple(redirects), ()))
    assigned = 0
    while assigned < len(words) and _ASSIGNMENT.fullmatch(words[assigned].raw):
        assigned += 1
    if redirects or not assigned or (assigned < len(words) and not _is_program(words[assigned].raw)):
        raise Opaque("a program of unusual name")
    before = words[:assigned]
    return Command(tuple(words[assigned:]), tuple(word.raw for word in before), (), tuple(map(value_of, before)))


def _is_program(raw: str) -> bool:
    return _PROGRAM.fullmatch(raw) is not None and raw not in _SYNTAX


def _nested(draft: Draft) -> Command:
    strange = draft.before or any(word.raw[0] == "=" for word in draft.words)
    if strange or not draft.words or not _is_program(draft.words[0].raw):
        raise Opaque("a substitution of more than programs")
    return draft.command()


def _redirect(text: str, start: int, token: re.Match[str], words: list[Word]) -> Redirect:
    if not words:
        raise Opaque("a redirection before its program")
    first, end = token.span(_TARGET)
    raw = token[_TARGET]
    if "$" not in raw and raw[0] != '"':
        return _make(Redirect, (token[_OPERATOR], _make(Word, (raw, first, end, raw)), text[start:end], None))
    reader = Reader(text)
    reader.at = first
    return Redirect(token[_OPERATOR], reader.word(), text[start:end])


def _word(text: str, start: int, token: re.Match[str], nested: list[Draft]) -> Word:
    """Any other word than a plain one; what its substitutions run goes to `nested`."""
    kind = token.lastindex or _OTHER
    raw = token[kind]
    end = start + len(raw)
    if kind == _ESCAPED:
        return _make(Word, (raw, start, end, raw[1:]))
    if kind == _SHELL:
        return _make(Word, (raw, start, end, None))
    if kind == _OTHER:
        raise Opaque("not simple")
    reader = Reader(text)
    reader.at = start
    word = reader.word()
    if word.end != end:
        raise Opaque("two readings of the same word")
    if kind == _MIXED and raw[-1] == "`" and text.count("`") > 2:
        raise Opaque("backquotes between backquotes")
    nested.extend(reader.nested)
    return word
