"""What is between the hooks and the database: events that wait, those that were set aside, and who loads them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from agentjit import config, spool
from agentjit.doctor.finding import Finding, Findings, Patient, count, ok, warn
from agentjit.install.service import UNIT, Service
from agentjit.lock import Holder, holder
from agentjit.observe.quarantine import Aside, aside

_SOON = 900.0  # seconds in which an ended session is loaded, or any event where a watcher runs
_LATE = 86_400.0  # seconds after which even a long session has come to an end
_SHOWN = 3  # reasons in the text; `--json` has all


def waiting(patient: Patient) -> Findings:
    """What the hooks record is loaded in time."""
    found = list(spool.pending(patient.home))
    if not found:
        yield ok("waiting", "no event waits to be loaded")
        return
    oldest = max(0.0, patient.now - found[0].at)
    details = {"events": len(found), "bytes": sum(each.size for each in found), "oldest_seconds": round(oldest)}
    text = f"{count(len(found), 'event')} to be loaded, the oldest for {_span(oldest)}"
    try:
        config.load(patient.home, patient.env)
    except config.BadConfig:
        mend = f"mend {patient.home.config}, then aj ingest"
        yield warn("waiting", f"{text}: nothing is loaded while config.toml cannot be understood", mend, details)
        return
    if stuck := _stuck(found, patient):
        yield warn("waiting", f"{text}: {stuck}", "aj ingest", details)
    else:
        yield ok("waiting", f"{text}; the end of a session or any `aj` command loads", details)


def _stuck(found: Sequence[spool.Waiting], patient: Patient) -> str:
    """Why it is too late for what waits, "" if it is not."""
    soon, late = patient.now - _SOON, patient.now - _LATE
    if any(each.event == "SessionEnd" and each.at < soon for each in found):
        return "a session ended, and was not loaded"
    if found[0].at < soon and holder(patient.home.watch_lock):
        return "a watcher runs, and does not load it"
    if found[0].at < late:
        return "nothing was loaded since"
    return ""


def quarantine(patient: Patient) -> Findings:
    """Nothing that was recorded had to be set aside."""
    found = aside(patient.home)
    if not found:
        yield ok("quarantine", "empty")
        return
    reasons = Counter(_alike(each.reason) for each in found).most_common()
    size, newest = sum(each.size for each in found), found[-1]
    said = [f"{many} × {_example(reason, found)}" for reason, many in reasons[:_SHOWN]]
    if len(reasons) > _SHOWN:
        said.append(f"{count(len(reasons) - _SHOWN, 'other reason')}")
    text = (
        f"{count(len(found), 'event')} could not be understood ({_bytes(size)}): {'; '.join(said)}."
        f" The newest: {newest.name}, {_clock(newest.at)}"
    )
    details = {
        "files": len(found),
        "bytes": size,
        "reasons": [{"reason": _example(reason, found), "files": many} for reason, many in reasons],
        "newest": {"name": newest.name, "at": round(newest.at), "reason": newest.reason},
    }
    mend = "after an update: aj ingest --retry; else aj forget --quarantine deletes them"
    yield warn("quarantine", text, mend, details)


def _alike(reason: str) -> str:
    """Reasons that differ in a number only are one."""
    return re.sub(r"\d+", "#", reason)


def _example(reason: str, found: Sequence[Aside]) -> str:
    """A reason as it was written, where one has no numbers that vary; else with `#` for each."""
    written = {each.reason for each in found if _alike(each.reason) == reason}
    return written.pop() if len(written) == 1 else reason


def watcher(patient: Patient) -> Findings:
    """Whether one runs; both are fine, unless systemd was asked to run it."""
    by = holder(patient.home.watch_lock)
    service = Service(patient.home, patient.env)
    if service.installed():
        yield _service(service, by)
    elif by:
        yield ok("watcher", _running(by), _details(by, None))
    else:
        yield ok("watcher", "none runs: the end of a session and `aj` commands load and compile")


def _service(service: Service, by: Holder | None) -> Finding:
    state = service.state()
    details = _details(by, state)
    if not os.access(service.program(), os.X_OK):
        text = f"the service would start {service.program()}, which is not there"
        return warn("watcher", text, "aj watch --install-service", details)
    if by and state != "active":
        text = f"{_running(by)}, by hand; the service is {state} meanwhile"
        return ok("watcher", text, details)
    if by:
        return ok("watcher", f"{_running(by)}, as a service", details)
    return warn(
        "watcher",
        f"the service is installed, and no watcher runs (systemd says: {state})",
        f"systemctl --user restart {UNIT}; journalctl --user -u {UNIT} tells why it ended",
        details,
    )


def _running(by: Holder) -> str:
    return f"pid {by.pid} watches since {_clock(by.since)}" if by.pid else "one runs"


def _details(by: Holder | None, service: str | None) -> dict[str, object]:
    return {"pid": by.pid if by else None, "since": by.since if by else None, "service": service}


def _bytes(size: int) -> str:
    return f"{size} bytes" if size < 10_000 else f"{size / 1e3:.0f} kB" if size < 10_000_000 else f"{size / 1e6:.0f} MB"


def _span(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return count(int(seconds // length), unit)
    return count(int(seconds), "second")


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
