"""Masking: the words of a command with its values hidden, so that commands of one kind look the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from agentjit.detect.catalogue import Catalogue, Rule
from agentjit.hotspot import Line, Redirect, Word

_OPAQUE_SHOWN = 120
_DEEPEST = 12  # programs that run programs: the words of a deeper one are shown as they are
_GLUED = re.compile(r"(-[A-Za-z])([0-9].*|[^A-Za-z0-9-].*)", re.DOTALL)
_STREAM = re.compile(r"/dev/(?:null|stdout|stderr)|[0-9]+|-")
_ASSIGNS = re.compile(r"[A-Za-z_]\w*=")
_NAME = re.compile(r"[A-Za-z][\w:.-]*")
_NAMES = re.compile(r"[\w:.,-]+")
_LONG = re.compile(r"--[A-Za-z][\w-]*=")
_NUMBER = re.compile(r"-[0-9]+")
_VALUES = re.compile(r"(?: (?:<arg>|<expr>))+(?= |;|$)")
_RULE = Rule()


def line(read: Line, catalogue: Catalogue) -> str:
    """A parsed line, masked."""
    if read.opaque:
        return opaque(read.text.strip())
    masked = [command(each.words, each.assignments, each.redirects, catalogue) for each in read.commands]
    return joined(masked, read.connectors)


def opaque(text: str) -> str:
    """The signature of a line that was not taken apart: itself, cut and numbered where it is long."""
    flat = " ".join(text.split())
    if len(flat) <= _OPAQUE_SHOWN and flat == text:
        return flat
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{flat[:_OPAQUE_SHOWN]} #{digest}"


def folded(masked: str) -> str:
    """A masked line in which it does not matter how many values stand in a row, nor how they are written.

    `git add a.py` and `git add a.py "$b"` are the same action with other values.
    """
    return _VALUES.sub(" <arg>", masked)


def joined(masked: Sequence[str], connectors: Sequence[str]) -> str:
    """Masked commands with what stands between them."""
    if len(masked) <= 1:
        return masked[0] if masked else ""
    pieces = [masked[0]]
    for connector, command in zip(connectors, masked[1:], strict=True):
        pieces += ("; " if connector in (";", "\n") else f" {connector} ", command)
    return "".join(pieces)


def command(
    words: Sequence[Word], assignments: Sequence[str], redirects: Sequence[Redirect], catalogue: Catalogue
) -> str:
    """One simple command, masked: `A=<arg> git log -n <arg> > <arg>`."""
    masked = [f"{raw.partition('=')[0]}=<arg>" for raw in assignments]
    masked += _words(words, catalogue)
    masked += [_redirect(redirect) for redirect in redirects]
    return " ".join(masked)


def _redirect(redirect: Redirect) -> str:
    target = redirect.target
    if target is None:
        return f"{redirect.operator} <arg>"
    if target.value is not None and _STREAM.fullmatch(target.value):
        return f"{redirect.operator}{target.value}"
    return f"{redirect.operator} {'<expr>' if target.value is None else '<arg>'}"


def _words(words: Sequence[Word], catalogue: Catalogue, depth: int = 0) -> list[str]:
    """A program and its words, masked; what a wrapper such as `timeout 5` runs is masked as a program again."""
    if not words:
        return []
    if depth > _DEEPEST:
        return [opaque(" ".join([word.raw for word in words]))]
    name = words[0].value
    program = "<expr>" if name is None else name.rpartition("/")[2] or name
    rule = catalogue.programs.get(program, _RULE)
    if rule.runs is not None:
        return [program, *_wrapper(words[1:], rule, catalogue, depth)]
    if rule is _RULE and program not in catalogue.levels and len(words) > 1 and words[1].value in catalogue.levels:
        return [program, *_words(words[1:], catalogue, depth + 1)]  # a wrapper nobody told us of: `watched git push`
    return [program, *_arguments(words, program, rule, catalogue, depth)]


def _wrapper(words: Sequence[Word], rule: Rule, catalogue: Catalogue, depth: int) -> list[str]:
    masked: list[str] = []
    skip = rule.runs or 0
    at = 0
    while at < len(words):
        text = words[at].value
        if text is not None and len(text) > 1 and text.startswith("-"):
            masked.append(_flag(text))
            at += 1
            if text in rule.values and at < len(words):
                masked.append(_value(words[at]))
                at += 1
        elif text is not None and _ASSIGNS.match(text):
            masked.append(f"{text.partition('=')[0]}=<arg>")
            at += 1
        elif skip:
            skip -= 1
            masked.append(_value(words[at]))
            at += 1
        else:
            break
    return [*masked, *_words(words[at:], catalogue, depth + 1)]


def _arguments(words: Sequence[Word], program: str, rule: Rule, catalogue: Catalogue, depth: int) -> list[str]:
    """The words after `program` masked, as many operands kept as its level says.

    Flags that take a value have the next word, so that is no operand; a subcommand that runs its words (`uv run`) and a
    flag that does (`python -m`) begin a program again.
    """
    level = catalogue.levels.get(program, 0)
    naming = catalogue.names.get(program, ())
    masked: list[str] = []
    path = program
    pending = kept = only_operands = False
    for at in range(1, len(words)):
        word = words[at]
        text = word.value
        if pending or text is None or only_operands:
            masked.append(text if kept and text is not None and _NAMES.fullmatch(text) else _value(word))
            pending = kept = False
        elif text == "--":
            masked.append(text)
            only_operands, level = True, 0
        elif text.startswith("-"):
            masked.append(_flag(text))
            if text in rule.via and path == program:
                return [*masked, *_words(words[at + 1 :], catalogue, depth + 1)]
            kept = text in naming
            pending = kept or (text in rule.values and bool(level > 0 or rule.via))
        elif level > 0 and _NAME.fullmatch(text):
            masked.append(text)
            path = f"{path}-{text}"
            level = level - 1 + catalogue.levels.get(path, 0)
            inner = rule.subcommand(text) if rule.subcommands else None
            if inner and inner.runs is not None:
                return [*masked, *_wrapper(words[at + 1 :], inner, catalogue, depth)]
            rule = inner if inner and inner.subcommands else rule
        else:
            masked.append(_value(word))
            # a number behind a flag is its value more likely than an operand: `make -j 4 test`
            level = level if text.isdecimal() and (words[at - 1].value or "").startswith("-") else 0
            rule = _RULE if rule.via else rule
    return masked


def _value(word: Word) -> str:
    if word.value is not None:
        return "<arg>"
    long = _LONG.match(word.raw)
    return f"{long[0]}<expr>" if long else "<expr>"


def _flag(text: str) -> str:
    name, equals, _ = text.partition("=")
    if equals:
        return f"{name}=<arg>"
    if _NUMBER.fullmatch(text):
        return "-<arg>"
    glued = None if text.startswith("--") else _GLUED.fullmatch(text)
    return f"{glued[1]}<arg>" if glued else text
