"""Values within texts: numbers as an answer tells them, and values that stand between quotes in a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agentjit.compile.explaining.kinds import escaped
from agentjit.piece import Argument, Ref, Text, Value

_PLURAL = re.compile(r" [A-Za-z]+[A-RT-Za-rt-z]s\b")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SIGNS = re.compile(r"\\S|\[\^|\\.", re.DOTALL)


def told(answer: Argument) -> Iterator[tuple[str, bool]]:
    """The values that an answer tells as they are, and whether a word in the plural follows."""
    for at, piece in enumerate(answer):
        if isinstance(piece, Ref) and not piece.by:
            after = answer[at + 1] if at + 1 < len(answer) else None
            yield piece.name, isinstance(after, Text) and _PLURAL.match(after.text) is not None


def figures(pattern: str, values: Sequence[str], *, plural: bool) -> str:
    """`pattern`, the kind of these values, for numbers that an answer tells as they are printed: with one figure more
    than the longest at most, no more decimals than were seen, no 1 before a word in the `plural`, and no decimals that
    are nought where none were. A model writes such numbers in another way.
    """
    if not all(map(_NUMBER.fullmatch, values)):
        return pattern
    numbers = [value.partition(".") for value in values]
    longest, places = max(len(whole) for whole, _, _ in numbers) + 1, [len(own) for _, _, own in numbers]
    if any(places):
        point = rf"\.[0-9]{{1,{max(places)}}}"
        some = point if all(places) else f"(?:{point})?"
        nought = any(own and not own.strip("0") for _, _, own in numbers)
        return ("" if nought else r"(?![0-9]+\.0+(?![0-9]))") + f"[0-9]{{1,{longest}}}{some}"
    seen = set(map(int, values))
    padded = "0*" if any(value[0] == "0" < value for value in values if len(value) > 1) else ""
    if plural and 1 not in seen:
        made = f"(?:{'0|' * (0 in seen)}[2-9]|[1-9][0-9]{{1,{longest - 1}}})"
    else:
        made = f"[0-9]{{1,{longest}}}" if 0 in seen else f"[1-9][0-9]{{0,{longest - 1}}}"
    return padded + made


def quoted(part: object) -> Iterator[str]:
    """The names of values behind a quote that is open in the text of their word, as in JSON: `{"text": "{x}"}`."""
    text = ""
    for piece in part if isinstance(part, tuple) else ():
        text += piece.text if isinstance(piece, Text) else ""
        if isinstance(piece, Ref) and text.count('"') % 2:
            yield piece.name
        elif not isinstance(piece, Text | Ref):
            yield from quoted(piece)
    if isinstance(part, Value):
        for name in type(part).model_fields:
            yield from quoted(getattr(part, name))


def without_quotes(pattern: str, values: Sequence[str]) -> str:
    """`pattern`, which all `values` match, without the signs that end a text in quotes or change what follows: quotes
    and the backslash, but for those that were seen.
    """
    signs = "".join(escaped(sign) for sign in "\\\"'" if not any(sign in value for value in values))
    inner = {r"\S": rf"[^\s{signs}]", "[^": f"[^{signs}", r"(?s)(?=.*\S).+": rf"(?s)(?=.*\S)[^{signs}]+"}
    if not signs:
        return pattern
    return inner.get(pattern) or _SIGNS.sub(lambda found: inner.get(found[0], found[0]), pattern)
