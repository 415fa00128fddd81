"""Shell lines printed from their syntax tree: what is constant in one canonical spelling, what varies as references.

A reference stands for a quoted positional parameter, so a value is data: one word whatever it holds, and nothing in it
is expanded. What the tree does not say (an opaque line, a word that only a shell can read) is printed as the constant
text it was, and has no room for a value.

A here-document with a value in it is printed as the here-string of the same text (`cat <<< 'Dear '"$1"`): both give the
program the same bytes, but a here-document would need its text, and so the value, to be part of the script.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from agentjit.errors import NotCompilable
from agentjit.hotspot import Command, Line, Redirect, Word
from agentjit.piece import Argument, Ref, Text
from agentjit.step import Spread

Named = TypeVar("Named", bound=Ref | Spread)
"""What stands between the texts of a line."""

Pieces = tuple[Text | Ref | Spread, ...]
"""What `ShellStep.script` is made of."""

Filling = Argument | Spread

# What no shell reads as anything but itself. A `~` is a user's home only where a word or a value begins.
_BARE = re.compile(r"[A-Za-z0-9_./:,@%+-](?:[A-Za-z0-9_./:,@%+=^-]|(?<=[A-Za-z0-9^])~)*")
_SIGNS = frozenset(("!", "{}", "]", "^"))
_COMPARISONS = frozenset(("=", "==", "!="))
_SPELLED = re.compile(r"'([^']*)'|\"(')\"|\\(.)|([\s;&|<>()])|(.)", re.DOTALL)
_PROGRAMS = frozenset(("[",))
_POSITIONAL = re.compile(r"\$\{?[#!]?[1-9@*#]")
_PARAMETER = re.compile(r'"\$(?=[1-9{])')
_HERE = re.compile(r"([0-9]*)<<-?")
_DUPLICATES = re.compile(r"[0-9]*[<>]&")


class Place(NamedTuple):
    """A word that may vary. `number` counts the words of all commands, None for what is no word of a command;
    `value` is its text, None where only a shell can tell; `before` what stands in front of it, for names and messages.
    """

    word: Word
    number: int | None
    value: str | None
    before: str = ""


def places(line: Line) -> list[Place]:
    """Every word of a line: those of its commands, the targets of redirections, values assigned, here-documents."""
    found: list[Place] = []
    number = 0
    for command in line.commands:
        for at, word in enumerate(command.words):
            found.append(Place(word, number, word.value, (command.words[at - 1].value or "") if at else ""))
            number += 1
    for command in line.commands:
        for redirect in command.redirects:
            if redirect.target:
                found.append(Place(redirect.target, None, redirect.target.value, redirect.operator))
            elif redirect.body:
                found.append(Place(redirect.body, None, _as_string(redirect.body), redirect.operator))
        for raw, word in zip(command.assignments, command.assigned, strict=True):
            found.append(Place(word, None, word.value, raw[: len(raw) - len(word.raw)]))
    return found


def _as_string(body: Word) -> str | None:
    """A here-document's text as the word of a here-string, which ends its text with a newline of its own."""
    return body.value[:-1] if body.value else None


def structure(line: Line) -> tuple[object, ...]:
    """Equal for two lines that differ in nothing but the values of their words; an opaque line is as it is written."""
    if line.opaque:
        return ("opaque", line.text.strip())
    commands = tuple(
        (
            len(command.words),
            tuple(raw[: len(raw) - len(word.raw)] for raw, word in _assignments(command)),
            tuple(_operator(redirect) for redirect in command.redirects),
        )
        for command in line.commands
    )
    return (commands, tuple(";" if connector == "\n" else connector for connector in line.connectors))


def _operator(redirect: Redirect) -> str:
    """The redirection without its target; a here-document of plain text is the here-string it can be written as."""
    if redirect.target or not redirect.body:
        return redirect.operator
    return redirect.operator if _as_string(redirect.body) is None else _string_operator(redirect)


def _string_operator(redirect: Redirect) -> str:
    return _HERE.sub(r"\1<<<", redirect.operator)


def _assignments(command: Command) -> Iterator[tuple[str, Word]]:
    return zip(command.assignments, command.assigned, strict=True)


def printed(line: Line, filled: Mapping[int, Filling] | None = None) -> Pieces:
    """`line` as the pieces of a script; `filled` are the words that vary, by their offsets.

    Raises `NotCompilable` where the shell gives a value no safe way in.
    """
    filled = filled or {}
    if line.opaque:
        if filled:
            raise NotCompilable(f"a value varies in a command that was not taken apart ({line.opaque})")
        return (Text(text=line.text.strip(" \t\n")),)
    _safe(line, filled)
    return _Printer(line, filled).run()


def _safe(line: Line, filled: Mapping[int, Filling]) -> None:
    """Raises where a value has no way in. A filled line is given parameters, so it may not read any of its own."""
    if not filled:
        return
    every = places(line)
    if missing := set(filled) - {place.word.start for place in every}:
        raise NotCompilable(f"a value stands where no word is ({min(missing)})")
    for place in every:
        if place.word.start not in filled:
            if place.value is None and _POSITIONAL.search(place.word.raw):
                raise NotCompilable(f"a command uses the shell's positional parameters: {line.text[:60]}")
        elif place.value is None:
            raise NotCompilable(f"a value varies inside a shell expansion: {place.word.raw[:60]}")
        elif _DUPLICATES.fullmatch(place.before):
            raise NotCompilable(f"a value names a file descriptor: {place.before}{place.word.raw[:60]}")
    for command in line.commands:
        if command.words and command.words[0].start in filled:
            raise NotCompilable("the program itself varies")


class _Printer:
    """Prints one line from left to right; the bodies of here-documents wait for the end of their line."""

    def __init__(self, line: Line, filled: Mapping[int, Filling]) -> None:
        self.line = line
        self.filled = filled
        self.pieces: list[Text | Ref | Spread] = []
        self.bodies: list[str] = []

    def run(self) -> Pieces:
        for at, command in enumerate(self.line.commands):
            if at:
                self._connector(self.line.connectors[at - 1])
            self._command(command)
        self._flush()
        return tuple(merged(self.pieces))

    def _connector(self, connector: str) -> None:
        if connector == "\n":
            self._flush()
        self._text({"\n": "\n", ";": "; "}.get(connector, f" {connector} "))

    def _flush(self) -> None:
        for body in self.bodies:
            self._text(f"\n{body}")
        self.bodies = []

    def _command(self, command: Command) -> None:
        start = True
        for raw, word in _assignments(command):
            start = self._apart(start)
            self._text(raw[: len(raw) - len(word.raw)])
            if word.raw:
                self._word(word)
        bare = _SIGNS | _COMPARISONS if command.words and command.words[0].value in ("[", "test") else _SIGNS
        for at, word in enumerate(command.words):
            start = self._apart(start)
            self._word(word, bare if at else _PROGRAMS)
        for redirect in command.redirects:
            start = self._apart(start)
            self._redirect(redirect)

    def _apart(self, start: bool) -> bool:
        if not start:
            self._text(" ")
        return False

    def _redirect(self, redirect: Redirect) -> None:
        if redirect.body and redirect.body.start in self.filled:
            self._text(f"{_string_operator(redirect)} ")
            self._word(redirect.body)
        elif redirect.target is None:
            head, _, body = redirect.raw.partition("\n")
            self._text(head)
            self.bodies.append(body)
        else:
            self._text(redirect.operator if _DUPLICATES.fullmatch(redirect.operator) else f"{redirect.operator} ")
            self._word(redirect.target)

    def _word(self, word: Word, bare: frozenset[str] = _SIGNS) -> None:
        filling = self.filled.get(word.start)
        if isinstance(filling, Spread):
            self.pieces.append(filling)
        elif filling is not None:
            self._filled(filling)
        elif word.value is None:
            self._text(word.raw)
        else:
            self._text(spelled(word.value, bare))

    def _filled(self, argument: Argument) -> None:
        if not argument:
            self._text("''")
        for piece in argument:
            if isinstance(piece, Text):
                self._text(spelled(piece.text))
            else:
                self.pieces.append(piece)

    def _text(self, text: str) -> None:
        self.pieces.append(Text(text=text))


def spelled(value: str, bare: frozenset[str] = _SIGNS) -> str:
    """A literal word in its one spelling: bare where every shell reads it as itself, else in single quotes.

    `bare` are signs that stand for themselves in this place. `"$1"` never stands in it, as that is where a value goes.
    """
    if _BARE.fullmatch(value) or value in bare:
        return value
    return _PARAMETER.sub("\"'\\\\$'", shlex.quote(value))


def matched(script: Pieces, line: Line) -> dict[str, str] | None:
    """The values with which a script is `line`, by name, lists and transformed values aside; None if there are none."""
    expression = "".join(
        re.escape(_decoded(piece.text))
        if isinstance(piece, Text)
        else r"[^\0]+(?:\0 [^\0]+)*"
        if isinstance(piece, Spread)
        else r"[^\0]*"
        if piece.by
        else f"(?P<{piece.name}_{at}>[^\0]*)"
        for at, piece in enumerate(script)
    )
    bodies = [place for place in places(line) if "<<" in place.before and place.value is not None]
    as_strings = {place.word.start: (Text(text=place.value or ""),) for place in bodies}
    texts = (
        "".join(each.text for each in printed(line, filled) if isinstance(each, Text)) for filled in ({}, as_strings)
    )
    found = next((match for text in texts if (match := re.fullmatch(expression, _decoded(text)))), None)
    values: dict[str, str] = {}
    for place, value in found.groupdict().items() if found else ():
        if values.setdefault(place.rpartition("_")[0], value) != value:
            return None
    return values if found else None


def _decoded(text: str) -> str:
    """A part of a printed line with its quotes gone, and NUL before what parts its words: no value holds that."""
    return "".join(
        f"\0{found[4]}" if found[4] else found[1] or found[2] or found[3] or found[5] or ""
        for found in _SPELLED.finditer(text)
    )


def merged(pieces: Sequence[Text | Named]) -> Iterator[Text | Named]:
    """Neighbouring texts as one."""
    text = ""
    for piece in pieces:
        if isinstance(piece, Text):
            text += piece.text
            continue
        if text:
            yield Text(text=text)
        text = ""
        yield piece
    if text:
        yield Text(text=text)
