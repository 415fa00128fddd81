"""What a walk through history found: counts, and what they are worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What became of an action that would have been run."""

    SAVED = "saved"
    NEVER = "never made"
    STALE = "made after something may have changed it"
    PARTLY = "made in one call with more"
    WRONG = "wrong write"


@dataclass(frozen=True, slots=True)
class Ran:
    """An action that would have been run: in which episode, before which of its calls, what for, what became of it."""

    episode: str
    at: int
    text: str
    kind: str
    rule: str
    fate: Fate


@dataclass(slots=True)
class Score:
    """Counts over a part of a history.

    `calls` are those of the model; `ceiling_calls` those whose every action was made in two or more earlier sessions,
    `ceiling_reads` those of them that only read. `fired` counts actions that were run: those that were `saved`, and
    those that were `wasted`, some of them `stale`, some `wrong_writes`. `calls_saved` and `reads_saved` count calls all
    of whose actions were saved, `turns_saved` model requests all of whose calls were. `answered` prompts were answered
    by a skill, `wrong_answers` of them in other words than the model's.
    """

    episodes: int = 0
    calls: int = 0
    ceiling_calls: int = 0
    ceiling_reads: int = 0
    fired: int = 0
    saved: int = 0
    calls_saved: int = 0
    reads_saved: int = 0
    wasted: int = 0
    stale: int = 0
    wrong_writes: int = 0
    turns_saved: int = 0
    answered: int = 0
    wrong_answers: int = 0
    tokens_saved: float = 0.0
    tokens_wasted: float = 0.0
    seconds_saved: float = 0.0

    def add(self, fate: Fate) -> None:
        """An action that was run; a call that was saved is counted by whoever knows where it ends."""
        self.fired += 1
        self.saved += fate is Fate.SAVED
        self.wasted += fate is not Fate.SAVED
        self.stale += fate is Fate.STALE
        self.wrong_writes += fate is Fate.WRONG

    def figures(self) -> dict[str, float | int | None]:
        """The figures for people and programs; shares are None where there is nothing to share."""
        return {
            "episodes": self.episodes,
            "calls": self.calls,
            "ceiling": _share(self.ceiling_calls, self.calls),
            "ceiling_reads": _share(self.ceiling_reads, self.calls),
            "fired": self.fired,
            "saved": self.saved,
            "calls_saved": self.calls_saved,
            "wasted": self.wasted,
            "stale": self.stale,
            "wrong_writes": self.wrong_writes,
            "saved_share": _share(self.calls_saved, self.calls),
            "saved_reads_share": _share(self.reads_saved, self.calls),
            "precision": _share(self.saved, self.saved + self.wasted),
            "turns_saved": self.turns_saved,
            "answered": self.answered,
            "wrong_answers": self.wrong_answers,
            "tokens_saved": round(self.tokens_saved),
            "tokens_wasted": round(self.tokens_wasted),
            "seconds_saved": round(self.seconds_saved, 1),
        }


@dataclass(slots=True)
class Rule:
    """What one context led to: actions by text, and what became of them."""

    kind: str
    when: str
    runs: Counter[str] = field(default_factory=Counter)
    fates: Counter[Fate] = field(default_factory=Counter)

    def figures(self) -> dict[str, object]:
        """The same as plain values."""
        saved = self.fates[Fate.SAVED]
        return {
            "kind": self.kind,
            "when": self.when,
            "runs": [text for text, _ in self.runs.most_common()],
            "fired": self.fates.total(),
            "saved": saved,
            "wasted": self.fates.total() - saved,
            "wrong_writes": self.fates[Fate.WRONG],
        }


@dataclass(slots=True)
class Walked:
    """A policy's walk: the totals, the same by project, and every action that it ran."""

    total: Score = field(default_factory=Score)
    projects: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    ran: list[Ran] = field(default_factory=list)

    def rules(self) -> list[Rule]:
        """What was run by what it was run for, the most useful first."""
        found: dict[tuple[str, str], Rule] = {}
        for each in self.ran:
            rule = found.setdefault((each.kind, each.rule), Rule(each.kind, each.rule))
            rule.runs[each.text] += 1
            rule.fates[each.fate] += 1
        return sorted(found.values(), key=lambda rule: (-rule.fates[Fate.SAVED], -rule.fates.total(), rule.when))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
