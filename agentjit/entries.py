"""The entry index: which active skills a prompt could mean, found without reading the others (standard library only).

One line per skill, sorted by an anchor, a word the prompt must contain: `anchor TAB json LF`. A lookup is a binary
search of the file per word of the prompt, so a miss costs the same with ten skills or ten thousand. This module is on
the prompt hook's path: no json, no re.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PROMPT_LIMIT = 2000  # characters; longer prompts are never matched
_EDGES = "\"'`.,;:!?()[]{}<>…“”‘’«»"


CATALOGUE = os.path.join(os.path.dirname(__file__), "detect", "effects.json")
"""The catalogue of programs that comes with AgentJIT."""


def fingerprint(paths: Iterable[str]) -> str:
    """A name for the content of the catalogue and of `paths`; a file that is not there is an empty one.

    Every row of the index carries that of the files its skill was validated with; where it differs, the skill waits.
    """
    import hashlib  # only a prompt that matches needs it

    digest = hashlib.sha256()
    for path in (CATALOGUE, *paths):
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError:
            content = b""
        digest.update(b"%d\n" % len(content) + content)
    return digest.hexdigest()[:16]


def words(prompt: str) -> list[str]:
    """The distinct words of a prompt as the index spells them: case-folded, without punctuation at their ends."""
    bare = (word.strip(_EDGES).casefold() for word in prompt.split())
    return list(dict.fromkeys(word for word in bare if word))


def write(path: str, rows: Iterable[tuple[str, str]]) -> None:
    """Replace the index by `rows` of (anchor, JSON on one line); readers see the old file or the new one."""
    lines = sorted(f"{anchor}\t{json}\n".encode("utf-8", "replace") for anchor, json in rows)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def lookup(path: str, prompt: str) -> list[str]:
    """The JSON of every entry whose anchor is a word of `prompt`; a missing index has none."""
    if len(prompt) > PROMPT_LIMIT:
        return []
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            found = []
            for word in words(prompt):
                anchor = word.encode("utf-8", "replace") + b"\t"
                file.seek(_first(file.fileno(), size, anchor))
                for line in file:
                    if not line.startswith(anchor):
                        break
                    found.append(line[len(anchor) : -1].decode("utf-8", "replace"))
            return found
    except OSError:
        return []


def _first(file: int, size: int, anchor: bytes) -> int:
    """Offset of the first line not below `anchor` (binary search over byte offsets, lines found by scanning)."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        start = _line_start(file, middle)
        if os.pread(file, len(anchor), start) < anchor:
            low = _line_end(file, middle)
        else:
            high = start
    return low


def _line_start(file: int, offset: int) -> int:
    while offset > 0:
        begin = max(0, offset - 1024)
        newline = os.pread(file, offset - begin, begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        offset = begin
    return 0


def _line_end(file: int, offset: int) -> int:
    while chunk := os.pread(file, 1024, offset):
        newline = chunk.find(b"\n")
        if newline >= 0:
            return offset + newline + 1
        offset += len(chunk)
    return offset
