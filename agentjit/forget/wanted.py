"""What a person asks to forget."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.observe.redact import Redactor, home_key
from agentjit.store import Matcher
from agentjit.store_forget import Target, naming

KNOWN = 946_684_800.0  # Unix time of the year 2000: what is said to be older has no time


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked to forget. `target` is the database's part; `finds` looks for a text in files, None where
    texts do not matter; `folder` keeps to payloads from a project; `before`: sessions and files older than that.
    """

    target: Target = field(default_factory=Target)
    finds: Callable[[str], bool] | None = None
    folder: str = ""
    before: float | None = None
    quarantine_only: bool = False


def project(path: str) -> Wanted:
    """Everything that happened in a folder or below, and calls that name something there."""
    folder = os.path.abspath(path)
    spellings = tuple(dict.fromkeys((folder, os.path.realpath(folder))))
    if "/" in spellings:
        raise BadInput("every path is below /; `--all` forgets everything")
    matchers = [Matcher(naming(each)) for each in spellings]
    return Wanted(
        Target(project=spellings), finds=lambda text: any(each.matches(text) for each in matchers), folder=folder
    )


def matching(home: Home, text: str, env: Mapping[str, str]) -> Wanted:
    """Episodes in which a text occurs anywhere, or `/regex/`. Raises BadInput.

    A secret is also looked for as the placeholder that stands for it in the database: one in `text` by its kind, and
    `text` itself by the digits, whatever kind its place made of it.
    """
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        matcher = Matcher(text[1:-1])
        return Wanted(Target(pattern=text[1:-1]), finds=matcher.matches)
    if not text.strip():
        raise BadInput("--matching wants a text; `--all` forgets everything")
    redactor = Redactor(home_key(home), env)
    spellings = (text, redactor.text(text), f":{redactor.digits(text)}›")
    texts = tuple(dict.fromkeys(each for spelling in spellings for each in _escaped(spelling)))
    return Wanted(Target(texts=texts), finds=lambda found: any(each in found for each in texts))


def _escaped(text: str) -> Iterator[str]:
    """The text as it is, in JSON, and in JSON that is itself in JSON; lone surrogates as the store writes them."""
    for _ in range(3):
        yield text
        yield text.encode("utf-8", "backslashreplace").decode()
        text = json.dumps(text, ensure_ascii=False)[1:-1]


EVERYTHING = Wanted(Target(everything=True))
QUARANTINE = Wanted(quarantine_only=True)


def before(at: float) -> Wanted:
    """Sessions in which nothing happened since Unix time `at`, and quarantined files from before."""
    return Wanted(Target(family=False, loose_before=at), before=at)
