"""A shell call of a plan as the line that it will be: parsed, with the words that vary marked."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agentjit.hotspot import Command, Line, Redirect, Word
from agentjit.piece import Argument, Ref, Text
from agentjit.step import BashStep, ShellStep, Spread

_META = frozenset(".^$*+?{}[]\\|()")


@dataclass(frozen=True, slots=True)
class Shell:
    """`line` has an example where a value will be; `varying` are the numbers of those words, counted over all commands;
    `places` the names with the number of the word they stand in, and whether at its very beginning.
    """

    line: Line
    varying: frozenset[int]
    places: tuple[tuple[str, int, bool], ...] = ()
    lost: tuple[str, ...] = ()

    def around(self, number: int) -> tuple[list[str | None], int]:
        """The words of the command that the word with this number is in, and its place among them."""
        for command in self.line.commands:
            if number < len(command.words):
                return [word.value for word in command.words], number
            number -= len(command.words)
        return [], 0


def shell_of(call: BashStep | ShellStep, kinds: Mapping[str, str], parse: Callable[[str], Line]) -> Shell:
    """A call as a line; `kinds` says what the values look like. `lost` are names that stand in no word of it."""
    return _listed(call.argv, kinds) if isinstance(call, BashStep) else _scripted(call, kinds, parse)


def _listed(argv: Sequence[Argument | Spread], kinds: Mapping[str, str]) -> Shell:
    words: list[Word] = []
    varying: set[int] = set()
    places: list[tuple[str, int, bool]] = []
    for number, argument in enumerate(argv):
        pieces: Sequence[Text | Ref | Spread] = (argument,) if isinstance(argument, Spread) else argument
        value = "".join(each.text if isinstance(each, Text) else _example(each, kinds) for each in pieces)
        if any(not isinstance(each, Text) for each in pieces):
            varying.add(number)
            places += [(each.name, number, not at) for at, each in enumerate(pieces) if not isinstance(each, Text)]
        words.append(Word(shlex.quote(value), 0, 0, value))
    text = " ".join(word.raw for word in words)
    return Shell(Line(text, (Command(tuple(words)),)), frozenset(varying), tuple(places))


def _scripted(call: ShellStep, kinds: Mapping[str, str], parse: Callable[[str], Line]) -> Shell:
    """The script with marks for its values, parsed; then the marks replaced by examples."""
    names: dict[str, str] = {}
    parts: list[str] = []
    for number, piece in enumerate(call.script):
        if isinstance(piece, Text):
            parts.append(piece.text)
        else:
            mark = f"ajmark{number}x"
            names[mark] = piece.name
            parts.append(f'"{mark}"')
    line = parse("".join(parts))
    marks = re.compile("|".join(names) or r"(?!)")
    spreads = {f"ajmark{number}x" for number, piece in enumerate(call.script) if isinstance(piece, Spread)}

    def example(text: str) -> str:
        return marks.sub(lambda found: "x" if found[0] in spreads else begins(kinds.get(names[found[0]], "")), text)

    varying: set[int] = set()
    places: list[tuple[str, int, bool]] = []
    seen: set[str] = set()
    commands, number = [], 0
    for command in line.commands:
        words = []
        for word in command.words:
            inside = marks.findall(word.raw)
            seen.update(inside)
            if inside:
                varying.add(number)
            first = marks.match(word.value or "")
            places += [(names[mark], number, first is not None and mark == first[0]) for mark in inside]
            value = word.value if word.value is None else example(word.value)
            words.append(word._replace(value=value, raw=example(word.raw)))
            number += 1
        rest = [*command.assignments, *(text for each in command.redirects for text in _texts(each))]
        seen.update(mark for text in rest for mark in marks.findall(text))
        commands.append(_unsure(command, marks)._replace(words=tuple(words)))
    lost = tuple(name for mark, name in names.items() if mark not in seen)
    return Shell(line._replace(commands=tuple(commands)), frozenset(varying), tuple(places), lost)


def _texts(redirect: Redirect) -> list[str]:
    return [redirect.raw, *(word.raw for word in (redirect.target, redirect.body) if word)]


def _unsure(command: Command, marks: re.Pattern[str]) -> Command:
    """The command with what is assigned and where it is redirected to, if a value stands there, known to nobody."""
    names = (raw.partition("=") for raw in command.assignments)
    assignments = tuple(f'{name}="$x"' if marks.search(value) else f"{name}={value}" for name, _, value in names)
    redirects = tuple(
        each._replace(target=Word('"$x"', 0, 0, None)) if each.target and marks.search(each.target.raw) else each
        for each in command.redirects
    )
    return command._replace(assignments=assignments, redirects=redirects)


def _example(piece: Ref | Spread, kinds: Mapping[str, str]) -> str:
    """What a value surely begins with, and a letter: all that its kind promises."""
    return begins(kinds.get(piece.name, "")) if isinstance(piece, Ref) and not piece.by else "x"


def begins(pattern: str) -> str:
    """A text that has the beginning all matches of `pattern` have in common as far as it is literal, then a letter."""
    if pattern.startswith("https?://"):
        return "https://x"
    literal = ""
    for at, character in enumerate(pattern):
        if character in _META:
            break
        if pattern[at + 1 : at + 2] in ("*", "?", "{"):
            break
        literal += character
    return ("" if "|" in pattern else literal) + "x"
