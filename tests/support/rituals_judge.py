"""Comparing found hotspots with the truth about a synthetic history.

*Stable* are hotspots that are not reported as unstable. A stable hotspot **matches** a ritual if its signature has the
ritual's steps, whatever their order (a ritual of four steps or more may lack one or have one more), and at least half
of its occurrences share a call with a labelled occurrence of that ritual, whole or perturbed.

- precision: stable hotspots that match a ritual, of all stable hotspots;
- recall: fair rituals (`History.fair`) that a stable hotspot matches, of all fair rituals;
- precision of calls: calls in occurrences of stable hotspots that are labelled as a ritual's, of all such calls;
- recall of calls: calls labelled as a fair ritual's that are in an occurrence of a stable hotspot, of all such calls.

What a step's signature is, the detector's own reader of calls says, of the step as it is without cosmetics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from agentjit.detect.signature import operation
from agentjit.hotspot import Hotspot, Operation
from agentjit.trace import ToolCall
from tests.support.rituals import History
from tests.support.rituals_noise import Draft
from tests.support.rituals_words import KINDS, Ritual, Step

TOLERANT = 4
"""Steps from which one may be missing, or one too many."""


@cache
def signature(step: Step) -> str:
    """The masked signature of a step on its own."""
    text = step.text
    for kind, values in KINDS.items():
        text = text.replace(f"{{{kind}}}", values[0])
    given = Draft(step.tool, text).given("/work/shop")
    (action,) = operation(ToolCall("step", step.tool, given, "", True, 0, 0.0, cwd="/work/shop")).actions
    return action.signature


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts, which add up over histories; `missed`, `wrong` and `doubled` say what and why, a line each.

    `keyed` are the rituals found that a prompt starts, `with_prompt` those found with a template.
    """

    found: int = 0
    right: int = 0
    fair: int = 0
    recalled: int = 0
    claimed: int = 0
    claimed_right: int = 0
    labelled: int = 0
    labelled_claimed: int = 0
    keyed: int = 0
    with_prompt: int = 0
    settled: int = 0  # stable hotspots made of a family that never settles
    twice: int = 0  # stable hotspots beyond the first that match the same ritual
    missed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(**{name: getattr(self, name) + getattr(other, name) for name in Verdict.__dataclass_fields__})

    @property
    def precision(self) -> float:
        return _share(self.right, self.found)

    @property
    def recall(self) -> float:
        return _share(self.recalled, self.fair)

    @property
    def call_precision(self) -> float:
        return _share(self.claimed_right, self.claimed)

    @property
    def call_recall(self) -> float:
        return _share(self.labelled_claimed, self.labelled)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def judge(history: History, found: Sequence[Hotspot], name: str = "") -> Verdict:
    """What `found` is worth; lines of explanation begin with `name`."""
    return _Judge(history, found, name).verdict()


@dataclass(slots=True)
class _Judge:
    history: History
    found: Sequence[Hotspot]
    name: str
    calls: dict[str, set[str]] = field(default_factory=dict)  # ritual or family -> its labelled calls

    def __post_init__(self) -> None:
        for label in self.history.labels:
            self.calls.setdefault(label.ritual, set()).update(label.calls)

    def verdict(self) -> Verdict:
        stable = [hotspot for hotspot in self.found if not hotspot.unstable]
        matched = [(hotspot, self._ritual(hotspot)) for hotspot in stable]
        names = Counter(ritual.id for _, ritual in matched if ritual)
        fair = self.history.fair()
        rituals = {call for ritual in self.history.rituals for call in self.calls.get(ritual.id, ())}
        wanted = {call for ritual in fair for call in self.calls[ritual.id]}
        claimed = {call for hotspot in stable for occurrence in claims(hotspot) for call in occurrence}
        keyed = {ritual.id for ritual in fair if ritual.prompt and ritual.id in names}
        return Verdict(
            found=len(stable),
            right=sum(1 for _, ritual in matched if ritual),
            fair=len(fair),
            recalled=sum(1 for ritual in fair if ritual.id in names),
            claimed=len(claimed),
            claimed_right=len(claimed & rituals),
            labelled=len(wanted),
            labelled_claimed=len(wanted & claimed),
            keyed=len(keyed),
            with_prompt=len({ritual.id for hotspot, ritual in matched if ritual and hotspot.template} & keyed),
            settled=sum(1 for hotspot in stable for family in self.history.families if self._of(hotspot, family.id)),
            twice=sum(names.values()) - len(names),
            missed=tuple(self._missed(ritual, stable) for ritual in fair if ritual.id not in names),
            wrong=tuple(self._wrong(hotspot) for hotspot, ritual in matched if not ritual),
            doubled=tuple(f"{self.name} {line}" for line in doubled(self.found)),
        )

    def _of(self, hotspot: Hotspot, name: str) -> bool:
        """Whether at least half of the hotspot's occurrences share a call with those labelled `name`."""
        mine = self.calls.get(name, set())
        shared = sum(1 for calls in claims(hotspot) if mine.intersection(calls))
        return shared > 0 and 2 * shared >= len(hotspot.occurrences)

    def _ritual(self, hotspot: Hotspot) -> Ritual | None:
        fitting = (r for r in self.history.rituals if alike(hotspot.signature, r) and self._of(hotspot, r.id))
        return min(fitting, key=lambda ritual: _distance(hotspot.signature, ritual), default=None)

    def _missed(self, ritual: Ritual, stable: Sequence[Hotspot]) -> str:
        labels = self.history.of(ritual.id)
        whole = sum(1 for label in labels if not label.perturbed and not label.nested)
        near = [h for h in self.found if self._of(h, ritual.id)]
        about = (f"{'' if h in stable else 'unstable '}{list(h.signature)} ×{len(h.occurrences)}" for h in near)
        said = f"“{ritual.prompt}”" if ritual.prompt else "mid-episode"
        steps = [signature(step) for step in ritual.steps]
        return f"{self.name} missed {ritual.id} ({said}, {whole} whole of {len(labels)}): {steps}; near: " + (
            " | ".join(about) or "nothing"
        )

    def _wrong(self, hotspot: Hotspot) -> str:
        near = [name for name in self.calls if self._of(hotspot, name)]
        said = f"“{hotspot.template}”" if hotspot.template else "mid-episode"
        chance = f", q {hotspot.chance.q:.3f}" if hotspot.chance else ""
        return (
            f"{self.name} wrong {list(hotspot.signature)} ({said}, ×{len(hotspot.occurrences)} in {hotspot.sessions}"
            f" sessions{chance}); made of: {', '.join(near) or 'background'}"
        )


def _distance(steps: Iterable[str], ritual: Ritual) -> int:
    """How many steps one has and the other has not."""
    mine, theirs = Counter(steps), Counter(map(signature, ritual.steps))
    return ((mine - theirs) + (theirs - mine)).total()


def alike(steps: Sequence[str], ritual: Ritual) -> bool:
    """Whether `steps` are the ritual's, with the tolerance stated above."""
    return _distance(steps, ritual) <= (1 if len(ritual.steps) >= TOLERANT else 0)


def claims(hotspot: Hotspot) -> list[set[str]]:
    """The calls of each occurrence, reads in between left out."""
    return [{operation.call.id for operation in occurrence.operations} for occurrence in hotspot.occurrences]


def doubled(found: Sequence[Hotspot]) -> list[str]:
    """Calls that are in more occurrences than they have actions: one that does one thing belongs to one hotspot."""
    uses: Counter[str] = Counter()
    calls: dict[str, Operation] = {}
    for hotspot in found:
        for occurrence in hotspot.occurrences:
            mine = {operation.call.id: operation for operation in occurrence.operations}
            calls |= mine
            uses.update(list(mine))
    return [
        f"call {name} ({calls[name].signature}) is in {used} occurrences and does {len(calls[name].actions)}"
        for name, used in sorted(uses.items())
        if used > len(calls[name].actions)
    ]
