"""The layout of code on lines, as the project's formatter has it: 120 columns, a trailing comma only where items stand
one a line, long literals in several parts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

WIDE = 120  # columns


class Nest(NamedTuple):
    """Code in brackets: `opening`, items parted by commas, `closing`. As text it is on one line."""

    opening: str
    items: Sequence[Code]
    closing: str

    def __str__(self) -> str:
        return self.opening + ", ".join(map(str, self.items)) + self.closing


Code = str | Nest


def named(before: str, code: Code) -> Code:
    """Code behind a keyword or key: `kind=…`, `"state": …`."""
    return before + code if isinstance(code, str) else Nest(before + code.opening, code.items, code.closing)


def width(text: str) -> int:
    """The columns a text takes: wide characters take two, those that sit on others none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def laid(code: Code, indent: int = 0, comment: str = "") -> list[str]:
    """A statement on as many lines as it needs, the first `indent` columns in; `comment` follows the last."""
    remark = f"  # {comment}" if comment else ""
    lines = _laid(code, indent, len(remark))
    return [*lines[:-1], lines[-1] + remark]


def _laid(code: Code, indent: int, after: int = 0) -> list[str]:
    """`after` more columns follow on the last line."""
    margin = " " * indent
    line = f"{margin}{code}"
    if width(line) + after <= WIDE or (isinstance(code, Nest) and not code.items):
        return [line]
    if isinstance(code, str):
        return _split(code, indent) or [line]
    if alone := _alone(code, indent):
        return alone
    inner = f"{margin}    {', '.join(map(str, code.items))}"
    if _is_call(code) and width(inner) <= WIDE:
        return [margin + code.opening, inner, margin + code.closing]
    items = [line for item in code.items for line in _with_comma(_laid(item, indent + 4, after=1))]
    return [margin + code.opening, *items, margin + code.closing]


def _with_comma(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1] + ","]


def _is_call(code: Nest) -> bool:
    """Whether the brackets are those of a call or a signature, whose items may share a line of their own."""
    return re.search(r"[\w\])]\($", code.opening) is not None


# --- long literals

_LITERAL = re.compile(
    r"(?P<before>\w+=|\w+: |\"(?:[^\"\\]|\\.)*\": |'(?:[^'\\]|\\.)*': )?"
    r"(?P<prefix>rf|r|f)?(?P<quote>[\"'])(?P<body>.*)(?P=quote)",
    re.DOTALL,
)
_FIELD = r"\{\{|\}\}|\{[^{}]*\}"
_ESCAPE = r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\\."
_NARROWEST = 40  # columns that a part has at least


def _alone(code: Nest, indent: int) -> list[str]:
    """A long literal that is a call's only argument needs no brackets of its own."""
    if not _is_call(code) or len(code.items) != 1 or not isinstance(code.items[0], str):
        return []
    margin, item = " " * indent, code.items[0]
    literal = _LITERAL.fullmatch(item)
    if indent + 4 + width(item) <= WIDE or not literal or literal["before"]:
        return []
    parts = [f"{margin}    {part}" for part in _parts(literal, WIDE - indent - 4)]
    return [margin + code.opening, *parts, margin + code.closing] if len(parts) > 1 else []


def _split(code: str, indent: int) -> list[str]:
    """A literal in several parts, in brackets; [] if `code` is no literal or cannot be parted."""
    literal = _LITERAL.fullmatch(code)
    parts = _parts(literal, WIDE - indent - 4) if literal else []
    if not literal or len(parts) < 2:
        return []
    margin = " " * indent
    return [f"{margin}{literal['before'] or ''}(", *(f"{margin}    {part}" for part in parts), f"{margin})"]


def _parts(literal: re.Match[str], columns: int) -> list[str]:
    prefix, body = literal["prefix"] or "", literal["body"]
    raw, fields = "r" in prefix, "f" in prefix
    braces = [r"\\(?:\{\{|\}\})"] if raw else []  # an escaped brace is one sign, doubled or not
    atom = "|".join([*([*braces, _FIELD] if fields else []), r"\\." if raw else _ESCAPE, "."])
    atoms = [found[0] for found in re.finditer(atom, body, re.S)]
    if any(atom == literal["quote"] for atom in atoms):
        return []  # two literals, or an expression: not for us
    room = max(_NARROWEST, columns - len(prefix) - 2)
    return [_literal(prefix, chunk, raw) for chunk in _chunks(atoms, room)]


def _chunks(atoms: Sequence[str], room: int) -> Iterator[list[str]]:
    """Atoms in runs of at most `room` columns: parted behind line ends, else behind a space, else anywhere."""
    chunk: list[str] = []
    for place, atom in enumerate(atoms):
        if chunk and sum(map(width, chunk)) + width(atom) > room:
            cut = max((i + 1 for i, each in enumerate(chunk) if each == " "), default=len(chunk))
            yield chunk[:cut]
            chunk = chunk[cut:]
        chunk.append(atom)
        if atom == "\\n" and atoms[place + 1 : place + 2] != ["\\n"]:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _literal(prefix: str, atoms: Sequence[str], raw: bool) -> str:
    """A part in the quotes that the formatter would choose for it."""
    if "f" in prefix and not any(_is_field(atom) for atom in atoms):
        prefix = prefix.replace("f", "")
        atoms = [atom[:-1] if atom in ("{{", "}}", r"\{{", r"\}}") else atom for atom in atoms]
    if raw:
        quote = "'" if any('"' in atom for atom in atoms) else '"'
        return f"{prefix}{quote}{''.join(atoms)}{quote}"
    plain = [atom[1] if atom in ("\\'", '\\"') else atom for atom in atoms]
    quote, inner = ("'", '"') if plain.count('"') > plain.count("'") else ('"', "'")
    return prefix + quote + "".join(_in_quotes(atom, quote, inner) for atom in plain) + quote


def _is_field(atom: str) -> bool:
    return len(atom) > 1 and atom[0] == "{" != atom[1]


def _in_quotes(atom: str, quote: str, inner: str) -> str:
    """An atom of a literal in `quote`; literals in its expressions are in `inner` quotes (Python 3.11)."""
    if _is_field(atom):
        return atom.replace(quote, inner)
    return f"\\{atom}" if atom == quote else atom
