"""Whether a plan may be run in a directory it was not seen in: by name, as its prompt only starts it in those."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pydantic import BaseModel

from agentjit.skill import Plan

_NAMED = r"(?<![\w.-])(?<![\w.-]/){}(?:/[^\s'\"]*|(?![\w-]|\.\w))"  # a directory, or what is below it


def elsewhere(plan: Plan, cwd: str) -> str:
    """Why not, "" if it may: it was seen in other directories only, and names one of them, or a file in it, as a
    constant. Run in `cwd` it would read or change what lies there.
    """
    seen = [entry.directories for entry in (plan.entry, *plan.also)]
    folders = tuple(dict.fromkeys(posixpath.normpath(folder) for each in seen for folder in each))
    if not all(seen) or posixpath.normpath(cwd) in folders:
        return ""
    for text in _texts((plan.requires, plan.steps, plan.fork, plan.answer)):
        for folder in folders:
            if folder != "/" and (found := re.search(_NAMED.format(re.escape(folder)), text)):
                return f"it names {found[0]}, and was only seen in {', '.join(folders)}"
    return ""


def _texts(part: object) -> Iterator[str]:
    """The constants of a plan's parts."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _texts(getattr(part, name))
    elif isinstance(part, tuple):
        for each in part:
            yield from _texts(each)
