"""Values inside larger pieces of a shell line: behind an assignment's `=`, in a here-document (pure)."""

from __future__ import annotations

import re

from agentjit.hotspot import Word

_EXPANSION = re.compile(r"(?<!\\)(?:\\\\)*[$`]")
_ESCAPED = re.compile(r"\\([\\$`])")
_CAT = re.compile(
    r"""\"\$\([ \t]*cat[ \t]+<<(?P<tabs>-?)[ \t]*(?P<quote>['"]?)(?P<end>[A-Za-z_][\w.-]*)(?P=quote)[ \t]*\n"""
    r"""(?P<body>.*)\)\"""",
    re.DOTALL,
)
_TABS = re.compile(r"^\t+", re.MULTILINE)


def value_of(assignment: Word) -> Word:
    """What stands behind the `=` of an assignment."""
    at = assignment.raw.index("=") + 1
    value = None if assignment.value is None else assignment.value.partition("=")[2]
    return Word(assignment.raw[at:], assignment.start + at, assignment.end, value)


def here_text(body: str, quoted: bool, tabs: bool) -> str | None:
    """The text a program reads from a here-document with these lines; None where an expansion may be in it.

    `quoted`: its delimiter is; `tabs`: those at the beginning of lines are not part of it (`<<-`).
    """
    text = _TABS.sub("", body) if tabs else body
    if quoted:
        return text
    return None if _EXPANSION.search(text) else _ESCAPED.sub(r"\1", text)


def printed_text(raw: str) -> str | None:
    """The text of `"$(cat <<'EOF' …)"`, which is how a text of several lines is written as one word; None for any
    other word, and where an expansion may be in it.
    """
    found = _CAT.fullmatch(raw)
    if not found:
        return None
    lines = found["body"].split("\n")
    ends = [line.lstrip("\t") if found["tabs"] else line for line in lines]
    if found["end"] not in ends:
        return None
    at = ends.index(found["end"])
    if any(rest.strip(" \t") for rest in lines[at + 1 :]):
        return None  # more than the one program
    text = here_text("".join(f"{line}\n" for line in lines[:at]), bool(found["quote"]), bool(found["tabs"]))
    return None if text is None else text.rstrip("\n")
