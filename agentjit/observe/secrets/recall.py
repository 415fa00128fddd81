"""Secrets of which only the digits are known: the words of a text that may be one of them (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentjit.observe.secrets.scan import meaning
from agentjit.observe.secrets.shape import blanked

_SENTENCE = b".,;:!?)"
_PUNCTUATION = b".,;:!?()[]{}<>|&*_~#=-"
# Where a word may end, from the whole word to letters and digits alone. Each cuts a text into parts that have no byte
# in common, so all of them together take time linear in it.
_CUTS = tuple(
    re.compile(cut)
    for cut in (
        rb"[^\s\"'`]{8,}",
        rb"[^\s\"'`\\,;&|<>(){}\[\]\x1b]{8,}",
        rb"(?<=[=:])[^\s\"'`\\,;&|<>(){}\[\]=:\x1b][^\s\"'`\\,;&|<>(){}\[\]\x1b]{7,}",  # behind a name
        rb"[^\s\"'`\\,;&|<>(){}\[\]=:@/?#\x1b]{8,}",
        rb"[A-Za-z0-9+/]{8,}={0,2}",
        rb"[A-Za-z0-9_-]{8,}",
        rb"[A-Za-z0-9]{8,}",
    )
)
_DIGIT = re.compile(rb"[0-9]")
_LETTER = re.compile(rb"[A-Za-z\x80-\xff]")
_LONGEST = 4_000  # bytes


def candidates(data: bytes) -> Iterator[bytes]:
    """What the words of `data` say, each once: those with a digit and a letter, as every value that is looked for bare.

    Words are cut at blanks and quotes, and also at punctuation, at escapes and behind a name.
    """
    met: set[bytes] = set()
    blank = blanked(data)
    for view in (data, blank) if blank != data else (data,):
        for cut in _CUTS:
            for found in cut.finditer(view):
                word = found[0]
                for each in (word, word.rstrip(_SENTENCE), word.rstrip(_PUNCTUATION), word.strip(_PUNCTUATION)):
                    if each in met or len(each) > _LONGEST:
                        continue
                    met.add(each)
                    if len(each) >= 8 and _DIGIT.search(each) and _LETTER.search(each):
                        yield meaning(each)
