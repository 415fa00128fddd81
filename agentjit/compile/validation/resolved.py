"""Stage 4: every name is defined where it is used, once, and shadows no word of the program."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator

from agentjit import kit
from agentjit.compile.validation.finding import Case, Finding, shown
from agentjit.compile.validation.names import Found, Names

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_WORDS = frozenset((*kit.__all__, *keyword.kwlist, *keyword.softkwlist, *dir(builtins), "ajkit", "main", "sys", "re"))
_AGAIN = "compile the workflow again"


def findings(case: Case) -> Iterator[Finding]:
    names = Names(case.plan)
    words = _WORDS | {by.partition(":")[0] for use in names.uses for by in use.by}
    for use in names.uses:
        if use.found is Found.NOWHERE:
            what = f"{use.where} needs {{{shown(use.name)}}}, which nothing that surely came before defines"
            yield Finding(what, "the program would stop in the middle", _AGAIN)
    for each in names.definitions:
        if not _NAME.fullmatch(each.name):
            yield Finding(f"{each.where} is called {shown(each.name)!r}", "it must be a plain name", _AGAIN)
        elif each.name in words:
            yield Finding(f"{each.where} is called `{each.name}`", "the program needs that word itself", "rename it")
        elif each.taken:
            what = f"{each.where} defines {{{each.name}}}, and so did {each.taken}"
            yield Finding(what, "a later use could mean either", "name them apart")
