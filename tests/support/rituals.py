"""Synthetic histories with known rituals: what the detector is judged on (`rituals_judge`).

A history is what a person leaves behind in some weeks of work on several projects. Most of it is exploration: files
read, searched and edited, and commands with a heavy tail. In it lie rituals, each occurrence labelled with its calls;
decoys (commands that are merely frequent, pairs that belong to one session, popular prompts with other work each time);
and families that never settle. Everything follows from a seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from agentjit.trace import Episode, ToolCall
from tests.support.notation import DAY, START
from tests.support.rituals_noise import Background, Draft, Manner, doing, drafted, filled, said, unsettled
from tests.support.rituals_words import (
    ASKED,
    FAMILIES,
    INSIDE,
    KEYED,
    POPULAR,
    PROMPTS,
    SHIP,
    VERIFY,
    Family,
    Ritual,
    Step,
)

NOW = START + 60 * DAY
MINIMUM = 3
"""Whole occurrences, and sessions with one, from which a ritual has to be found."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a history is like; the defaults are the moderate one.

    `keyed` rituals begin with a prompt, `inside` ones do not; of each, a third is drawn from the vocabulary. Each
    recurs `occurrences` times (fewest, most), in as many sessions where there are enough. `background` is the number of
    calls that belong to nothing for each call of a ritual. `local` is the number of pairs that belong to one session.
    """

    sessions: int = 40
    projects: int = 4
    weeks: int = 6
    keyed: int = 6
    inside: int = 6
    unstable: int = 3
    local: int = 4
    occurrences: tuple[int, int] = (6, 14)
    background: float = 5.0
    vocabulary: int = 300
    zipf: float = 1.1
    manner: Manner = field(default_factory=Manner)


MODERATE = Settings()


def noisy(noise: float, settings: Settings = MODERATE) -> Settings:
    """`settings` with another probability that an occurrence is perturbed."""
    return replace(settings, manner=replace(settings.manner, noise=noise))


@dataclass(frozen=True, slots=True)
class Label:
    """An occurrence: which calls of which episode it is. What merely stood in between is not among them.

    `perturbed` is "" for a whole one, else what happened to it: dropped, replaced, between. `nested` is the ritual that
    it was a part of, "" if it stood alone.
    """

    ritual: str
    episode: str
    session: str
    calls: tuple[str, ...]
    perturbed: str = ""
    nested: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Episodes in the order of time, and the truth about them."""

    episodes: tuple[Episode, ...]
    rituals: tuple[Ritual, ...] = ()
    families: tuple[Family, ...] = ()
    labels: tuple[Label, ...] = ()

    def of(self, ritual: str) -> list[Label]:
        """The occurrences of a ritual or family."""
        return [label for label in self.labels if label.ritual == ritual]

    def fair(self) -> list[Ritual]:
        """Rituals that have to be found: often enough whole, in enough sessions, and not within another one.

        Without a prompt, an occurrence must be of two calls or more to count: what is one line already costs one turn,
        and no order of calls, however random, could tear it apart.
        """
        prompted = {ritual.id for ritual in self.rituals if ritual.prompt}
        whole: dict[str, list[str]] = defaultdict(list)
        for label in self.labels:
            shows = label.ritual in prompted or len(label.calls) > 1
            if shows and not label.perturbed and not label.nested:
                whole[label.ritual].append(label.session)
        enough = {name for name, where in whole.items() if len(where) >= MINIMUM and len(set(where)) >= MINIMUM}
        return [ritual for ritual in self.rituals if ritual.id in enough]


@dataclass(slots=True)
class _Chapter:
    """An episode being drafted; a block stays together."""

    prompt: str
    blocks: list[tuple[str, tuple[Draft, ...], str]]  # ritual or family or "", its drafts, how it was perturbed


def history(seed: int, settings: Settings = MODERATE) -> History:
    """The history that follows from `seed`."""
    return _Author(seed, settings).write()


class _Author:
    def __init__(self, seed: int, settings: Settings) -> None:
        self.rng = rng = Random(seed)
        self.settings = settings
        self.background = Background(rng, settings.manner, settings.vocabulary, settings.zipf)
        self.projects = [f"/work/{name}" for name in ("shop", "site", "infra", "tools", "data")[: settings.projects]]
        self.places = [rng.choice(self.projects) for _ in range(settings.sessions)]
        self.rituals = self._chosen()
        self.families = rng.sample(FAMILIES, settings.unstable)

    def _chosen(self) -> list[Ritual]:
        """Rituals of the catalogue and others whose steps are drawn; the long ship chain has the verify chain in it."""
        rng, settings = self.rng, self.settings
        drawn_keyed, drawn_inside = settings.keyed // 3, settings.inside // 3
        keyed = rng.sample(KEYED, settings.keyed - drawn_keyed)
        keyed += [self._drawn(prompt, rng.randint(1, 5)) for prompt in rng.sample(PROMPTS, drawn_keyed)]
        inside = [VERIFY, SHIP, *rng.sample(INSIDE, settings.inside - drawn_inside - 2)]
        inside += [self._drawn("", rng.randint(2, 5), number) for number in range(drawn_inside)]
        return [*keyed, *inside]

    def _drawn(self, prompt: str, size: int, number: int = 0) -> Ritual:
        """Rare commands of different programs or subcommands, in an order that never changes."""
        steps: dict[str, Step] = {}
        while len(steps) < size:
            step = self.rng.choice(self.background.rare)
            steps.setdefault(" ".join(step.text.split()[:2]), step)
        return Ritual(prompt or f"drawn-{number}", tuple(steps.values()), prompt)

    def write(self) -> History:
        sessions: list[list[_Chapter]] = [[] for _ in self.places]
        inside: list[list[tuple[str, tuple[Draft, ...], str]]] = [[] for _ in self.places]
        calls = 0
        for ritual in self.rituals:
            for place in self._sessions_of():
                done = doing(self.rng, ritual, self.settings.manner, self.background)
                calls += sum(1 for draft in done.drafts if draft.of)
                block = (ritual.id, done.drafts, done.perturbed)
                if ritual.prompt:
                    sessions[place].append(_Chapter(self._typed(filled(self.rng, ritual.prompt, done.values)), [block]))
                else:
                    inside[place].append(block)
        for family in self.families:
            for place in self._sessions_of():
                block = (family.id, unsettled(self.rng, family, self.settings.manner), "")
                sessions[place].append(_Chapter(self._typed(family.prompt), [block]))
        self._explore(sessions, inside, round(calls * self.settings.background))
        return self._recorded(sessions)

    def _sessions_of(self) -> list[int]:
        """The sessions in which something recurs: those of some of the projects."""
        rng = self.rng
        often = rng.randint(*self.settings.occurrences)
        where = rng.sample(self.projects, rng.randint(2, len(self.projects)))
        there = [number for number, place in enumerate(self.places) if place in where]
        return rng.sample(there, min(often, len(there)))

    def _typed(self, prompt: str) -> str:
        """As people type: now and then with a capital letter or a full stop."""
        if self.rng.random() < 0.15:
            return prompt.capitalize() if self.rng.random() < 0.5 else f"{prompt.rstrip('?')}."
        return prompt

    def _explore(
        self,
        sessions: list[list[_Chapter]],
        inside: list[list[tuple[str, tuple[Draft, ...], str]]],
        number: int,
    ) -> None:
        """Fill the sessions with `number` calls that belong to nothing, and lay the rituals `inside` among them."""
        rng = self.rng
        shares = [rng.uniform(0.5, 1.5) for _ in sessions]
        pairs = {rng.randrange(len(sessions)): self._pair() for _ in range(self.settings.local)}
        for place, chapters in enumerate(sessions):
            self.background.session()
            calls = self.background.calls(round(number * shares[place] / sum(shares)))
            blocks: list[tuple[str, tuple[Draft, ...], str]] = []
            for begin in range(0, 16 if place in pairs else 0, 2):
                if begin + 2 <= len(calls):
                    calls[begin : begin + 2] = [drafted(rng, step, self.settings.manner) for step in pairs[place]]
                    blocks.append(("", tuple(calls[begin : begin + 2]), ""))
            blocks += [("", (call,), "") for call in calls[2 * len(blocks) :]]
            if place in pairs:
                rng.shuffle(blocks)
            for block in inside[place]:
                blocks.insert(rng.randrange(len(blocks) + 1), block)
            chapters += self._chapters(blocks)
            rng.shuffle(chapters)

    def _pair(self) -> tuple[Step, Step]:
        one, other = self.rng.sample(self.background.rare, 2)
        return one, other

    def _chapters(self, blocks: list[tuple[str, tuple[Draft, ...], str]]) -> Iterable[_Chapter]:
        """`blocks` cut into episodes of three to thirty, with prompts that say nothing of what follows."""
        begin = 0
        while begin < len(blocks):
            size = min(3 + int(self.rng.expovariate(1 / 9)), 30)
            popular = self.rng.random() < 0.25
            prompt = self._typed(self.rng.choice(POPULAR)) if popular else said(self.rng, ASKED)
            yield _Chapter(prompt, blocks[begin : begin + size])
            begin += size

    def _recorded(self, sessions: list[list[_Chapter]]) -> History:
        span = self.settings.weeks * 7 * DAY
        starts = sorted(START + self.rng.random() * span for _ in sessions)
        episodes: list[Episode] = []
        labels: list[Label] = []
        nested = {ritual.id: ritual.parts for ritual in self.rituals}
        for number, (chapters, at) in enumerate(zip(sessions, starts, strict=True)):
            for chapter in chapters:
                drafts = [draft for _, block, _ in chapter.blocks for draft in block]
                name = f"s{number}:p{len(episodes)}"
                episode = recorded(self.rng, name, chapter.prompt, self.places[number], at, drafts)
                episodes.append(episode)
                labels += _labels(episode, chapter, nested)
                at = episode.at + (episode.seconds or 0.0) + self.rng.uniform(20, 900)
        return History(tuple(episodes), tuple(self.rituals), tuple(self.families), tuple(labels))


def recorded(rng: Random, name: str, prompt: str, cwd: str, at: float, drafts: Sequence[Draft]) -> Episode:
    """Drafts as an episode: with times, outputs, and now and then a failure of what belongs to nothing."""
    calls: list[ToolCall] = []
    now = at + rng.uniform(2, 8)
    for number, draft in enumerate(drafts):
        took = rng.uniform(0.02, 4)
        failed = draft.tool == "Bash" and not draft.of and rng.random() < 0.05
        status = int(failed) if draft.tool == "Bash" else None
        output = "\n".join(f"{rng.randrange(1000)} {prompt[:9]}" for _ in range(rng.randrange(4)))
        call = f"{name}:c{number}"
        given = draft.given(cwd)
        calls.append(ToolCall(call, draft.tool, given, output, not failed, status, now, took, cwd))
        now += took + rng.uniform(2, 15)
    requests = len(calls) + 1
    session = name.partition(":")[0]
    return Episode(
        name, session, prompt, cwd, at, calls=tuple(calls), final="Done.", requests=requests,
        tokens=12_000 * requests, seconds=now - at, harness="claude-code",
    )  # fmt: skip


def _labels(episode: Episode, chapter: _Chapter, nested: dict[str, tuple[tuple[str, int, int], ...]]) -> list[Label]:
    labels: list[Label] = []
    begin = 0
    for of, block, perturbed in chapter.blocks:
        mine = [(call.id, draft) for call, draft in zip(episode.calls[begin:], block, strict=False) if draft.of]
        begin += len(block)
        if of:
            calls = tuple(call for call, _ in mine)
            labels.append(Label(of, episode.id, episode.session, calls, perturbed))
        for part, first, number in nested.get(of, ()):
            wanted = range(first, first + number)
            calls = tuple(call for call, draft in mine if any(step in wanted for step in draft.steps))
            labels.append(Label(part, episode.id, episode.session, calls, perturbed, nested=of))
    return [label for label in labels if label.calls]


# --- histories in which nothing recurs but by chance


def shuffled(episodes: Sequence[Episode], seed: int) -> list[Episode]:
    """The same calls in a random order within each session: prompts stay, and so does the number of calls of each.

    A call takes the time, not the length, of the one whose place it takes, so times stay sorted.
    """
    rng = Random(seed)
    pools: dict[str, list[ToolCall]] = defaultdict(list)
    for episode in episodes:
        pools[episode.session] += episode.calls
    for pool in pools.values():
        rng.shuffle(pool)
    return [
        replace(
            episode,
            calls=tuple(replace(pools[episode.session].pop(), at=call.at, cwd=call.cwd) for call in episode.calls),
        )
        for episode in episodes
    ]


def random_history(seed: int, settings: Settings = MODERATE) -> list[Episode]:
    """Every call drawn independently from one distribution, after prompts that are new, popular or those of rituals."""
    rng = Random(seed)
    background = Background(rng, settings.manner, settings.vocabulary, settings.zipf)
    prompts = [*POPULAR, *(ritual.prompt for ritual in KEYED), *(family.prompt for family in FAMILIES)]
    steps = [step for ritual in (*KEYED, VERIFY, SHIP, *INSIDE) for step in ritual.steps]
    found: list[Episode] = []
    for number in range(settings.sessions):
        at = START + number * DAY
        for _ in range(rng.randint(4, 9)):
            drafts = background.calls(min(1 + int(rng.expovariate(1 / 9)), 30), of=0.0)
            drafts = [drafted(rng, rng.choice(steps), settings.manner) if rng.random() < 0.1 else d for d in drafts]
            prompt = filled(rng, rng.choice(prompts), {}) if rng.random() < 0.5 else said(rng, ASKED)
            found.append(recorded(rng, f"s{number}:p{len(found)}", prompt, "/work/shop", at, drafts))
            at += 3600
    return found
