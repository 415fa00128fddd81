"""All checks, in the order of the road."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agentjit.doctor import inbox, place, probe, stock, wiring
from agentjit.doctor.finding import Finding, Findings, Patient, fail

CHECKS: tuple[tuple[str, Callable[[Patient], Findings]], ...] = (
    ("home", place.private),
    ("config", place.settings),
    ("spool", place.writable),
    ("links", place.links),
    ("hooks", wiring.hooks),
    ("client", wiring.client),
    ("prompt hook", probe.probe),
    ("database", stock.database),
    ("waiting", inbox.waiting),
    ("quarantine", inbox.quarantine),
    ("watcher", inbox.watcher),
    ("library", stock.library),
    ("aj.log", place.errors),
    ("last event", stock.last_event),
)


def examine(patient: Patient) -> Iterator[Finding]:
    """Every finding as soon as it is there; a check that breaks down is a finding too."""
    for name, check in CHECKS:
        try:
            yield from check(patient)
        except Exception as error:
            yield fail(name, f"this check broke down: {type(error).__name__}: {error}", "please report this line")
