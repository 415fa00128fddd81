"""Reading shell lines as bash reads them (the only importer of tree-sitter).

Two readers look at every line. A lexer written for the simple part of the grammar (lists, pipelines, words, quotes,
redirections, here-documents) takes it apart; tree-sitter, which knows the whole grammar, says where programs and
substitutions begin and end. Where they differ, or where the line has more than simple commands, it stays whole: a line
that is not taken apart costs a chance, one that is taken apart wrongly runs the wrong thing.

Most lines are so simple that both would agree: `simple` reads these alone, several times as fast. Lines met again are
not read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from agentjit.detect import simple
from agentjit.detect.lexer import Opaque, Reader
from agentjit.hotspot import Command, Line, Redirect, Word

LIMIT = 65_536
"""Longer lines are not read, in characters."""


_GRAMMAR = Language(tree_sitter_bash.language())
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_HERE = re.compile(r"([0-9]*)<<-?(?!<)")
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_PROGRAM_NODES = frozenset(("command_name", "declaration_command", "unset_command", "test_command"))


def parse(text: str) -> Line:
    """Take a shell line apart, never raising.

    Offsets are characters of `text`; `opaque` says why a line stayed whole.
    """
    return simple.read(text) or parse_carefully(text)


def parse_carefully(text: str) -> Line:
    """What `parse` gives, by both readers whatever the line: what `simple` is held against."""
    try:
        return _read(text)
    except Opaque as reason:
        return Line(text=text, opaque=str(reason))


def canonical(text: str) -> tuple[object, ...]:
    """What `canonical_line` gives for a line not yet parsed."""
    return canonical_line(parse(text))


def canonical_line(line: Line) -> tuple[object, ...]:
    """A hashable form, equal for two lines that make the same calls up to quoting and white space.

    `("opaque", text)` for an opaque line, else `(commands, connectors)` with `(literal?, text)` for each word. A
    here-document without expansions is the here-string of its text.
    """
    if line.opaque:
        return ("opaque", line.text.strip())
    commands = tuple(_canonical_command(command) for command in line.commands)
    return (commands, tuple(";" if connector == "\n" else connector for connector in line.connectors))


def _canonical_command(command: Command) -> tuple[object, ...]:
    assignments = tuple(map(_canonical_assignment, command.assignments, command.assigned))
    words = tuple(_canonical_word(word) for word in command.words)
    return (assignments, words, tuple(_canonical_redirect(redirect) for redirect in command.redirects))


def _canonical_word(word: Word) -> tuple[bool, str]:
    return (False, word.raw) if word.value is None else (True, word.value)


def _canonical_assignment(raw: str, assigned: Word) -> tuple[bool, str]:
    name = raw[: len(raw) - len(assigned.raw)]
    return (False, raw) if assigned.value is None else (True, name + assigned.value)


def _canonical_redirect(redirect: Redirect) -> tuple[object, ...]:
    default = {"0<": "<", "1>": ">", "1>>": ">>", "1>|": ">|", "1>&": ">&", "0<&": "<&", "0<<<": "<<<", "0<<": "<<"}
    operator = default.get(redirect.operator, redirect.operator)
    if redirect.target or not redirect.body:
        return (operator, _canonical_word(redirect.target) if redirect.target else (False, redirect.raw))
    if redirect.body.value:  # always ends with a newline, which a here-string has of its own
        return (_HERE.sub(r"\1<<<", operator), (True, redirect.body.value[:-1]))
    return (operator, _canonical_word(redirect.body))


def _read(text: str) -> Line:
    if len(text) > LIMIT:
        raise Opaque("too long")
    if _NOT_TEXT.search(text):
        raise Opaque("not text")
    reader = Reader(text)
    drafts, connectors = reader.commands()
    _second_opinion(text, reader)
    nested = tuple(draft.command() for draft in reader.nested)
    return Line(text, tuple(draft.command() for draft in drafts), tuple(connectors), nested)


def _second_opinion(text: str, reader: Reader) -> None:
    """Refuse the line if tree-sitter finds other programs or other substitutions in it than the lexer."""
    # One byte for each character keeps offsets; to bash too, what is not ASCII is just a letter of a word.
    root = Parser(_GRAMMAR).parse(_NOT_ASCII.sub("%", text).encode("ascii")).root_node
    if root.has_error:
        raise Opaque("a syntax error, or too much syntax")
    programs: set[int] = set()
    substitutions: set[tuple[int, int]] = set()
    for node in _descend(root):
        if node.type in _PROGRAM_NODES:
            programs.add(node.start_byte)
        elif node.type == "command_substitution":
            substitutions.add((node.start_byte, node.end_byte))
    if programs != reader.programs or substitutions != reader.substitutions:
        raise Opaque("two readings of the same line")


def _descend(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.named_children)
