"""Whether the little programs inside shell lines (sed, awk) only transform text. In doubt they do not."""

from __future__ import annotations

import re

_SED_ADDRESS = r"(?:[0-9]+(?:~[0-9]+)?|\$|/(?:[^/\\\n]|\\.)*/I?)"
_SED_PREFIX = re.compile(rf"(?:{_SED_ADDRESS}\s*(?:,\s*(?:[+~]?[0-9]+|{_SED_ADDRESS}))?)?\s*!?\s*", re.DOTALL)
_SED_GAP = re.compile(r"[\s;{}]*")
_SED_END = re.compile(r"\s*(?=[;}\n]|\Z)")
_SED_SIMPLE = re.compile(r"[pdDPNnGgHhxzF=]|[qQlL][ \t]*[0-9]*")
_SED_EXCHANGE = re.compile(
    r"(?:s(?P<mark>[^\s\w\\;{}])(?:\\.|(?!(?P=mark))[^\\\n])*(?P=mark)(?:\\.|(?!(?P=mark))[^\\\n])*(?P=mark)[gpiIm0-9]*"
    r"|y(?P<other>[^\s\w\\;{}])(?:\\.|(?!(?P=other))[^\\\n])*(?P=other)(?:\\.|(?!(?P=other))[^\\\n])*(?P=other))",
    re.DOTALL,
)
_AWK_CALLS = re.compile(r"system|getline|@|\binplace\b|/inet")
_AWK_STRING = re.compile(r'"(?:\\.|[^"\\\n])*+("?)')  # an open one is left behind at once
_AWK_PIPE = re.compile(r"(?<!\|)\|(?!\|)")


def sed_reads(script: str) -> bool:
    """Whether a sed script only edits its stream: no `w`, no `e`, and nothing this reader does not know."""
    at = 0
    while True:
        gap = _SED_GAP.match(script, at)
        at = gap.end() if gap else at
        if at >= len(script):
            return True
        prefix = _SED_PREFIX.match(script, at)
        at = prefix.end() if prefix else at
        if script[at : at + 1] == "{":
            at += 1
            continue
        command = _SED_EXCHANGE.match(script, at) or _SED_SIMPLE.match(script, at)
        end = command and _SED_END.match(script, command.end())
        if not end:
            return False
        at = end.end()


def awk_reads(program: str) -> bool:
    """Whether an awk program only prints to its output: no `system`, no `getline`, no pipe, no `print … > file`."""
    if _AWK_CALLS.search(program):
        return False
    # A quote inside /…/ or a comment would shift what counts as a string: then strings are read as code, to be safe.
    if not re.search(r"[/#]", program):
        program = _AWK_STRING.sub(lambda string: "s" if string[1] else '"', program)
        if '"' in program:
            return False
        statements = re.split(r"[;{}]", program)
    else:
        statements = [program]
    if _AWK_PIPE.search(program):
        return False
    return not any(">" in statement.partition("print")[2] for statement in statements)
