"""The one root of AgentJIT's errors; the class owns the exit status (standard library only)."""

from __future__ import annotations


class AjError(Exception):
    """Something a person can act on: one line of what happened, why, and what to do.

    `exit_code` is what `aj` exits with; `slug` is the heading in docs/errors.md that explains it.
    """

    exit_code = 1
    slug = "error"


class BadInput(AjError):
    """A wrong call: nothing was run and nothing was changed."""

    exit_code = 2
    slug = "bad-input"


class Refused(AjError):
    """AgentJIT may not do this (not approved, edited by hand, denied by the harness's rules)."""

    exit_code = 3
    slug = "refused"


class StoreBusy(AjError):
    """Another process kept the database for longer than we are willing to wait."""

    slug = "store-busy"


class StoreBroken(AjError):
    """The database file cannot be opened; skills still run, the spool keeps what is recorded."""

    slug = "store-broken"


class NotCompilable(AjError):
    """A hotspot that cannot be made into a skill, with the reason a person reads."""

    slug = "not-compilable"
