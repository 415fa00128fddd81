"""Skills as the command line shows them: one description for `list`, `show` and `prune`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentjit.cli.terminal import iso
from agentjit.errors import AjError, StoreBroken, StoreBusy
from agentjit.home import Home
from agentjit.library import Library, Record
from agentjit.skill import Plan
from agentjit.step import call_text
from agentjit.store import SkillRuns, Store


@dataclass(frozen=True, slots=True)
class Shown:
    """A skill with its plan (None if its folder is damaged) and how its runs went."""

    record: Record
    plan: Plan | None
    runs: Mapping[str, int]
    last_used: float | None

    @property
    def steps(self) -> list[str]:
        return [call_text(step.call) for step in self.plan.every_step()] if self.plan else []

    def as_json(self) -> dict[str, Any]:
        """The shape that `aj list --json` promises."""
        plan = self.plan
        return {
            "name": self.record.name,
            "version": self.record.version,
            "state": self.record.state,
            "state_reason": self.record.reason,
            "entry": {"prompt": plan.entry.prompt if plan else None},
            "params": [
                {"name": p.name, "pattern": p.pattern, "examples": list(p.seen)}
                for p in (plan.parameters if plan else ())
            ],
            "steps": [
                {"tool": step.call.tool, "text": call_text(step.call), "effect": step.effect}
                for step in (plan.every_step() if plan else ())
            ],
            "effects": plan.effects if plan else "unknown",
            "ending": plan.ending if plan else None,
            "support": {
                "occurrences": self.record.support.occurrences,
                "sessions": self.record.support.sessions,
            },
            "runs": {name: self.runs.get(name, 0) for name in ("answered", "gathered", "handed_back")},
            "last_used": iso(self.last_used),
        }


def shown(home: Home, name: str | None = None) -> list[Shown]:
    """All skills, or the one called `name`, with their runs; a store that cannot be read counts as no runs."""
    library = Library(home)
    records = [library.record(name)] if name else library.records()
    try:
        with Store.open(home, write=False) as store:
            runs = store.runs_by_skill()
    except (StoreBroken, StoreBusy):
        runs = {}
    return [_one(library, record, runs.get(record.name)) for record in records]


def _one(library: Library, record: Record, runs: SkillRuns | None) -> Shown:
    try:
        plan = library.plan(record.name)
    except AjError:
        plan = None
    return Shown(record, plan, runs.outcomes if runs else {}, runs.last_used if runs else None)
