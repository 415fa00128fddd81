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


class Invalid(NotCompilable):
    """A plan that may not run. `what` is wrong, `why` it matters, what would `mend` it; `more` findings are like it."""

    slug = "invalid-plan"
    number = 0
    stage = ""

    def __init__(self, what: str, why: str, mend: str, more: int = 0) -> None:
        others = f" (and {more} more)" if more else ""
        super().__init__(f"not valid, stage {self.number} ({self.stage}): {what}; {why}{others}; {mend}")
        self.what, self.why, self.mend, self.more = what, why, mend, more


class BadSchema(Invalid):
    """Stage 1: the plan is not of the form that plans have."""

    number, stage = 1, "schema"


class UnknownOperation(Invalid):
    """Stage 2: a step calls what the registry does not know, or knows otherwise by now."""

    number, stage = 2, "known operations"


class BadArgument(Invalid):
    """Stage 3: an argument is not of the type that its operation takes."""

    number, stage = 3, "argument types"


class Unresolved(Invalid):
    """Stage 4: a name is defined nowhere, out of reach, twice, or is a word of the kit."""

    number, stage = 4, "references"


class Misordered(Invalid):
    """Stage 5: a step comes before what it depends on, or beside what may disturb it."""

    number, stage = 5, "order"


class Unmet(Invalid):
    """Stage 6: nothing before a step makes sure of what it needs."""

    number, stage = 6, "preconditions"


class Forbidden(Invalid):
    """Stage 7: the plan does what no plan may, or says less than it does."""

    number, stage = 7, "policy"
