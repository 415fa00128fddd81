"""The walk: every episode in time order, judged by what was known before it began."""

from __future__ import annotations

import heapq
import posixpath
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from agentjit.backtest.report import Fate, Ran, Walked
from agentjit.detect.follows import SESSIONS, Known, Moment
from agentjit.detect.moves import Check, Move, could_change, moves
from agentjit.trace import Episode

_CHARACTERS = 4  # of an output make a token, roughly


@dataclass(frozen=True, slots=True)
class Row:
    """A thread of an episode with its moves, call by call: the main one, or a sub-agent's.

    `opening`: its session had no episode with calls before. `first`: of the episode's threads; each of the others has
    the episode's name, but nothing is known of what it was told. `mixed` are the model's requests that asked for more
    than these calls.
    """

    episode: Episode
    calls: tuple[tuple[Move, ...], ...]
    opening: bool
    agent: str = ""
    first: bool = True
    mixed: frozenset[str] = frozenset()

    @property
    def ended(self) -> float:
        """When the last of it was over, in Unix seconds."""
        ends = (call[0].operation.call.at + (call[0].operation.call.seconds or 0.0) for call in self.calls)
        return max([self.episode.at, *ends])

    @property
    def typed(self) -> bool:
        return self.episode.kind == "typed" and not self.agent

    def moment(self, made: Sequence[Move] = ()) -> Moment:
        """The point of the episode at which `made` is done."""
        prompt = self.episode.prompt if self.first else ""
        return Moment(prompt, self.typed, self.episode.cwd, self.opening, made)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An action that a policy would run now, and the rule that says so."""

    move: Move
    kind: str
    rule: str


class Policy(Protocol):
    """Says at each moment of an episode what to run; learns from an episode once it is over."""

    def suggest(self, row: Row, made: Sequence[Move], place: int) -> list[Suggestion]:
        """What to run before call number `place`; of the row nothing but what is `made` may be looked at."""

    def learn(self, row: Row, ran: Sequence[Ran]) -> None:
        """An episode is over, and what became of what the policy ran in it."""

    def answered(self) -> bool | None:
        """Whether the last prompt was answered as the model did; None if it was left to the model."""


def rows(episodes: Iterable[Episode], check: Check | None = None) -> list[Row]:
    """The history in time order, without what AgentJIT did itself; `check` says which actions are trusted checks."""
    seen: set[str] = set()
    found = []
    for episode in _once(episodes):
        agents = list(dict.fromkeys(call.agent for call in episode.calls)) or [""]
        agents.sort(key=bool)  # the main thread is the first, if it did anything
        for agent in agents:
            calls = moves(episode, agent, check)
            own = {call[0].operation.call.id for call in calls if call[0].finished}
            mixed = frozenset(call.batch for call in episode.calls if call.agent == agent and call.id not in own)
            opening = bool(agent) or episode.session not in seen
            found.append(Row(episode, calls, opening, agent, agent == agents[0], mixed))
        if found[-1].calls:
            seen.add(episode.session)
    return found


def _once(episodes: Iterable[Episode]) -> list[Episode]:
    """In time order; a prompt that a resumed session's transcript repeats, its calls being another's, counts once."""
    own = [episode for episode in episodes if not episode.own]
    busy = {(episode.at, episode.prompt) for episode in own if episode.calls}
    found: dict[object, Episode] = {}
    for episode in sorted(own, key=lambda each: (each.at, each.id)):
        prompt = (episode.at, episode.prompt)
        if episode.calls:
            found[episode.id] = episode
        elif prompt not in busy:
            found.setdefault(prompt, episode)
    return list(found.values())


class _Changes:
    """What was done that may have changed something, by the folder it was done in, in time order."""

    def __init__(self, history: Sequence[Row]) -> None:
        changes = [
            (move.operation.call.at + (move.operation.call.seconds or 0.0), number, move)
            for number, row in enumerate(history)
            for call in row.calls
            for move in call
            if not move.reads
        ]
        self._at: dict[str, list[float]] = defaultdict(list)
        self._done: dict[str, list[tuple[int, Move]]] = defaultdict(list)
        self._near: dict[str, list[str]] = {}
        for at, number, move in sorted(changes, key=lambda each: each[:2]):
            folder = _folder(move, history[number].episode.cwd)
            self._at[folder].append(at)
            self._done[folder].append((number, move))

    def between(self, cwd: str, own: int, after: float, until: float) -> list[Move]:
        """What others than row number `own` did in the folder `cwd`, above or below it, after one moment and until
        another.
        """
        if cwd not in self._near:
            self._near[cwd] = [each for each in self._at if _inside(each, cwd) or _inside(cwd, each)]
        found = []
        for folder in self._near[cwd]:
            times = self._at[folder]
            some = self._done[folder][bisect_right(times, after) : bisect_right(times, until)]
            found += [move for number, move in some if number != own]
        return found


def _folder(move: Move, cwd: str) -> str:
    """Where the move changed something: the folder of the file it writes, else where it was made."""
    path = move.operation.call.input.get("file_path") or move.operation.call.input.get("notebook_path")
    if move.operation.line is None and isinstance(path, str) and posixpath.isabs(path):
        return posixpath.dirname(posixpath.normpath(path))
    return move.action.directory or move.operation.call.cwd or cwd


def _inside(folder: str, other: str) -> bool:
    return folder == other or folder.startswith(f"{other.rstrip('/')}/")


def walk(
    history: Sequence[Row], policies: Mapping[str, Policy], progress: Callable[[int], None] = lambda done: None
) -> dict[str, Walked]:
    """Let every policy meet every episode of `history` (in time order), taught by those that had ended by then."""
    walked = {name: Walked() for name in policies}
    sessions: dict[str, set[str]] = defaultdict(set)
    costs, changes = _Costs(), _Changes(history)
    over: list[tuple[float, int]] = []
    ran: dict[int, dict[str, list[Ran]]] = {}
    for number, row in enumerate(history):
        while over and over[0][0] <= row.episode.at:
            ended = heapq.heappop(over)[1]
            for name, policy in policies.items():
                policy.learn(history[ended], ran[ended][name])
            _learned(history[ended], sessions, costs)
            del ran[ended]
        ceiling = _ceiling(row, sessions)
        others = partial(changes.between, row.episode.cwd, number)
        ran[number] = {
            name: _met(row, policy, walked[name], ceiling, costs, others) for name, policy in policies.items()
        }
        heapq.heappush(over, (row.ended, number))
        progress(number + 1)
    return walked


def _learned(row: Row, sessions: dict[str, set[str]], costs: _Costs) -> None:
    costs.learn(row.episode)
    for call in row.calls:
        for move in call:
            if len(sessions[move.identity]) <= SESSIONS:
                sessions[move.identity].add(row.episode.session)


def _ceiling(row: Row, sessions: Mapping[str, set[str]]) -> list[bool]:
    """For each call whether every action of it was made in two or more earlier sessions."""
    own = {row.episode.session}
    return [
        call[0].finished and all(len(sessions.get(move.identity, own) - own) >= SESSIONS for move in call)
        for call in row.calls
    ]


def _met(
    row: Row, policy: Policy, walked: Walked, ceiling: Sequence[bool], costs: _Costs, others: _Others
) -> list[Ran]:
    """Let the policy meet the row, and add up what came of it; what it ran."""
    ran, saved = _judged(row, policy, others)
    walked.ran += [each for each, _ in ran]
    answered = policy.answered() if all(each.fate in _HELD for each, _ in ran) else None
    turns = _turns_saved(row, saved) + (answered is True)
    for score in (walked.total, walked.projects[row.episode.cwd]):
        score.episodes += row.first
        score.calls += sum(call[0].finished for call in row.calls)
        score.ceiling_calls += sum(ceiling)
        reads = [all(move.reads for move in call) for call in row.calls]
        score.ceiling_reads += sum(may and read for may, read in zip(ceiling, reads, strict=True))
        score.calls_saved += len(saved)
        score.reads_saved += sum(reads[place] for place in saved)
        score.turns_saved += turns
        score.answered += answered is not None
        score.wrong_answers += answered is False
        score.tokens_saved += turns * costs.tokens(row.episode)
        score.seconds_saved += turns * costs.seconds(row.episode)
        for each, suggestion in ran:
            score.add(each.fate)
            if each.fate is not Fate.SAVED:
                score.tokens_wasted += len(suggestion.move.operation.call.output) / _CHARACTERS
    return [each for each, _ in ran]


_Others = Callable[[float, float], list[Move]]
"""What others did in the same project between two moments."""
_HELD = (Fate.SAVED, Fate.PARTLY)


class _Meeting:
    """A row while a policy meets it: what it has run and nobody has asked for yet."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.pending: dict[str, tuple[Suggestion, int]] = {}
        self.ran: list[tuple[Ran, Suggestion]] = []
        self.saved: list[int] = []
        self.known = Known()
        self.made: list[Move] = []

    def suggested(self, suggestions: Iterable[Suggestion], place: int) -> None:
        for each in suggestions:
            key = each.move.action.key
            if key not in self.known and key not in self.pending:
                self.pending[key] = each, place

    def changed(self, move: Move, place: int) -> None:
        """`move` was made by somebody, and may have changed what is pending."""
        for key in [key for key, (each, _) in self.pending.items() if could_change(move, each.move)]:
            suggestion, at = self.pending.pop(key)
            self.over(suggestion, at, Fate.STALE if self._follows(place, key) else Fate.NEVER)
        self.known.add(move)

    def called(self, call: Sequence[Move], place: int) -> None:
        """The model made a call."""
        used = []
        for move in call:
            if move.finished and move.action.key in self.pending:
                used.append(self.pending.pop(move.action.key))
            self.changed(move, place)
            self.made.append(move)
        restless = self.known.restless
        whole = len(used) == len(call) and not restless
        if whole:
            self.saved.append(place)
        fate = Fate.SAVED if whole else Fate.STALE if restless else Fate.PARTLY
        for suggestion, at in used:
            self.over(suggestion, at, fate)

    def over(self, suggestion: Suggestion, at: int, fate: Fate) -> None:
        move = suggestion.move
        writes = not (move.reads or move.check) and fate in (Fate.NEVER, Fate.STALE)
        fate = Fate.WRONG if writes else fate
        ran = Ran(self.row.episode.id, at, move.action.text, suggestion.kind, suggestion.rule, fate)
        self.ran.append((ran, suggestion))

    def _follows(self, place: int, key: str) -> bool:
        return any(move.action.key == key for call in self.row.calls[place:] for move in call)


def _judged(row: Row, policy: Policy, others: _Others) -> tuple[list[tuple[Ran, Suggestion]], list[int]]:
    """What the policy would have run in the episode and what became of it; the places of the calls it saved."""
    meeting = _Meeting(row)
    now = row.episode.at
    for place, call in enumerate((*row.calls, ())):  # after the last call it may run something in vain, too
        if not _with_one_before(row, place):
            meeting.suggested(policy.suggest(row, meeting.made, place), place)
        if call:
            for move in others(now, now := max(now, call[0].operation.call.at)):
                meeting.changed(move, place)
            meeting.called(call, place)
    for suggestion, at in meeting.pending.values():
        meeting.over(suggestion, at, Fate.NEVER)
    return meeting.ran, meeting.saved


def _with_one_before(row: Row, place: int) -> bool:
    """Whether the model asked for this call together with the one before it: nothing can be run between them."""
    if not 0 < place < len(row.calls):
        return False
    batch = row.calls[place][0].operation.call.batch
    return batch != "" and row.calls[place - 1][0].operation.call.batch == batch


def _turns_saved(row: Row, saved: Sequence[int]) -> int:
    """The model requests that asked for nothing but calls that were saved."""
    turns: dict[str, bool] = {}
    for place, call in enumerate(row.calls):
        turn = call[0].operation.call.batch or f"call {place}"
        turns[turn] = turns.get(turn, True) and place in saved and turn not in row.mixed
    return sum(turns.values())


class _Costs:
    """What a model request costs: in the episode itself if that is known, else the median of those before it."""

    def __init__(self) -> None:
        self._tokens: list[float] = []
        self._seconds: list[float] = []

    def learn(self, episode: Episode) -> None:
        if episode.requests and episode.tokens:
            insort(self._tokens, episode.tokens / episode.requests)
        if episode.requests and episode.seconds:
            insort(self._seconds, episode.seconds / episode.requests)

    def tokens(self, episode: Episode) -> float:
        return episode.tokens / episode.requests if episode.requests and episode.tokens else _middle(self._tokens)

    def seconds(self, episode: Episode) -> float:
        return episode.seconds / episode.requests if episode.requests and episode.seconds else _middle(self._seconds)


def _middle(ordered: Sequence[float]) -> float:
    """The median of what is in order already (the upper one of two), 0 for nothing."""
    return ordered[len(ordered) // 2] if ordered else 0.0
