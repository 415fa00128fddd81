"""Does a value look random, or made up to stand for a value? (pure)"""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

_RUN = re.compile(r"[A-Za-z0-9+/]+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGEST = re.compile(r"(?:[a-z0-9]{2,9}[:-])?(?:[0-9a-f]{32}|(?:[0-9a-f]{8}){5}|[0-9a-f]{56}|(?:[0-9a-f]{32}){2,4})")
# A hash with its algorithm before it, as lock files and registries write it.
_NAMED_DIGEST = re.compile(r"(?:sha(?:1|224|256|384|512)|md5|h1|blake3|crc32)[:=-]", re.IGNORECASE)
_STANDS_FOR = re.compile(
    r"x{4,}|\*{3}|\.{3}|…|•|<|\{\{|\$\{|placeholder|change_?me|replace_?(?:me|with)|redacted|example|sample|dummy"
    r"|your[-_ ]?|my[-_](?:token|secret|key|pass|api)|(?:token|key|secret|password)[-_ ]here|insert[-_ ]|not[-_]a[-_]",
    re.IGNORECASE,
)
_SHORTEST = 16  # characters of a random value under a weak name


def bits(text: str) -> float:
    """Shannon's entropy of the characters of `text`, in bits to a character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values()) if total else 0.0


def _sort(char: str) -> str:
    return "9" if char.isdigit() else "a" if char.islower() else "A" if char.isupper() else "."


def changes(text: str) -> float:
    """How often lower case, upper case, digits and the rest change, to a character: words 0.2, base64 0.6."""
    sorts = [_sort(char) for char in text]
    return sum(one != two for one, two in pairwise(sorts)) / max(len(text) - 1, 1)


def is_digest(value: str) -> bool:
    """A UUID, or hexadecimal of the length of a hash, or a hash with its algorithm: ids, not secrets, by themselves."""
    return bool(_UUID.fullmatch(value) or _DIGEST.fullmatch(value) or _NAMED_DIGEST.match(value))


def looks_random(value: str) -> bool:
    """At least 16 characters in a row that no person would choose, and that are no hash or UUID."""
    if len(value) < _SHORTEST or is_digest(value):
        return False
    return any(_random_run(run) for run in _RUN.findall(value))


def _random_run(run: str) -> bool:
    if len(run) < _SHORTEST or not any(char.isdigit() for char in run) or not any(char.isalpha() for char in run):
        return False
    if run.count("/") > len(run) / 12:  # a path
        return False
    return (changes(run) >= 0.27 and bits(run) >= 3.0) or (len(run) >= 32 and changes(run) >= 0.18 and bits(run) >= 3.9)


def stands_for_value(value: str) -> bool:
    """A placeholder, as documentation has it: `xxxx`, `<token>`, `your-key-here`, one character repeated."""
    return bool(_STANDS_FOR.search(value)) or len(set(value.lower()) - set("-_.")) <= 2


def is_distinct(value: str) -> bool:
    """Long and random enough that the same characters elsewhere are the same secret, not a word that looks like it.

    Random by `looks_random`; or at least 8 characters with digits and letters that are no word with a number behind
    it (three of lower case, upper case, digits and others, or letters and digits that change places three times).
    """
    if looks_random(value) or (len(value) >= 32 and re.fullmatch(r"[0-9a-fA-F]+", value)):
        return True
    sorts = {_sort(char) for char in value}
    if len(value) < 8 or "9" not in sorts or not sorts & {"a", "A"}:
        return False
    switches = len(re.findall(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])", value))
    return (len(sorts) >= 3 and len(value) >= 10) or (switches >= 3 and len(value) >= 8)
