"""The walk: every episode in time order, judged by what was known before it began."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Protocol

from agentjit.backtest.report import Fate, Ran, Walked
from agentjit.detect.follows import SESSIONS, Known, Moment
from agentjit.detect.moves import Move, could_change, moves
from agentjit.hotspot import Action
from agentjit.trace import Effect, Episode

_CHARACTERS = 4  # of an output make a token, roughly


@dataclass(frozen=True, slots=True)
class Row:
    """A thread of an episode with its moves, call by call: the main one, or a sub-agent's.

    `opening`: its session had no episode with calls before. `first`: of the episode's threads; each of the others has
    the episode's name, but nothing is known of what it was told.
    """

    episode: Episode
    calls: tuple[tuple[Move, ...], ...]
    opening: bool
    agent: str = ""
    first: bool = True

    @property
    def ended(self) -> float:
        last = max((call[0].operation.call.at for call in self.calls), default=self.episode.at)
        return max(last, self.episode.at)

    @property
    def typed(self) -> bool:
        return self.episode.kind == "typed" and not self.agent

    def moment(self, made: Sequence[Move] = ()) -> Moment:
        """The point of the episode at which `made` is done."""
        prompt = self.episode.prompt if self.first else ""
        return Moment(prompt, self.typed, self.episode.cwd, self.opening, made)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An action that a policy would run now, by its `key`, with an earlier `example`, and the rule that says so."""

    key: str
    example: Move
    kind: str
    rule: str
    text: str = ""


class Policy(Protocol):
    """Says at each moment of an episode what to run; learns from an episode once it is over."""

    def suggest(self, row: Row, made: Sequence[Move], place: int) -> list[Suggestion]:
        """What to run before call number `place`; of the row nothing but what is `made` may be looked at."""

    def learn(self, row: Row, ran: Sequence[Ran]) -> None:
        """An episode is over, and what became of what the policy ran in it."""

    def answered(self) -> bool | None:
        """Whether the last prompt was answered as the model did; None if it was left to the model."""


def rows(episodes: Iterable[Episode], trusted: Callable[[Action], bool] = lambda action: False) -> list[Row]:
    """The history in time order, without what AgentJIT did itself; actions that are `trusted` count as reads."""
    seen: set[str] = set()
    found = []
    for episode in sorted(episodes, key=lambda each: (each.at, each.id)):
        if episode.own:
            continue
        agents = list(dict.fromkeys(call.agent for call in episode.calls)) or [""]
        agents.sort(key=bool)  # the main thread is the first, if it did anything
        for agent in agents:
            calls = tuple(tuple(_trusting(move, trusted) for move in call) for call in moves(episode, agent))
            found.append(Row(episode, calls, bool(agent) or episode.session not in seen, agent, agent == agents[0]))
        if found[-1].calls:
            seen.add(episode.session)
    return found


def _trusting(move: Move, trusted: Callable[[Action], bool]) -> Move:
    if move.action.effect is Effect.READS or not trusted(move.action):
        return move
    return replace(move, action=replace(move.action, effect=Effect.READS))


def walk(
    history: Sequence[Row], policies: Mapping[str, Policy], progress: Callable[[int], None] = lambda done: None
) -> dict[str, Walked]:
    """Let every policy meet every episode of `history` (in time order), taught by those that had ended by then."""
    walked = {name: Walked() for name in policies}
    sessions: dict[str, set[str]] = defaultdict(set)
    costs = _Costs()
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
        ran[number] = {name: _met(row, policy, walked[name], ceiling, costs) for name, policy in policies.items()}
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
    return [all(len(sessions.get(move.identity, own) - own) >= SESSIONS for move in call) for call in row.calls]


def _met(row: Row, policy: Policy, walked: Walked, ceiling: Sequence[bool], costs: _Costs) -> list[Ran]:
    """Let the policy meet the row, and add up what came of it; what it ran."""
    ran, saved = _judged(row, policy)
    walked.ran += [each for each, _ in ran]
    answered = policy.answered()
    turns = _turns_saved(row, saved) + (answered is True)
    for score in (walked.total, walked.projects[row.episode.cwd]):
        score.episodes += row.first
        score.calls += len(row.calls)
        score.ceiling_calls += sum(ceiling)
        reads = [all(move.action.effect is Effect.READS for move in call) for call in row.calls]
        score.ceiling_reads += sum(may and read for may, read in zip(ceiling, reads, strict=True))
        score.saved += len(saved)
        score.saved_reads += sum(reads[place] for place in saved)
        score.turns_saved += turns
        score.answered += answered is not None
        score.wrong_answers += answered is False
        score.tokens_saved += turns * costs.tokens(row.episode)
        score.seconds_saved += turns * costs.seconds(row.episode)
        for each, suggestion in ran:
            score.add(each.fate)
            if each.fate is not Fate.SAVED:
                score.tokens_wasted += len(suggestion.example.operation.call.output) / _CHARACTERS
    return [each for each, _ in ran]


def _judged(row: Row, policy: Policy) -> tuple[list[tuple[Ran, Suggestion]], list[int]]:
    """What the policy would have run in the episode and what became of it; the places of the calls it saved."""
    pending: dict[str, tuple[Suggestion, int]] = {}
    ran: list[tuple[Ran, Suggestion]] = []
    saved: list[int] = []
    known, made = Known(), list[Move]()

    def over(suggestion: Suggestion, at: int, fate: Fate) -> None:
        writes = suggestion.example.action.effect is not Effect.READS
        fate = Fate.WRONG if writes and fate in (Fate.NEVER, Fate.STALE) else fate
        text = suggestion.text or suggestion.example.action.text
        ran.append((Ran(row.episode.id, at, text, suggestion.kind, suggestion.rule, fate), suggestion))

    for place, call in enumerate((*row.calls, ())):  # after the last call it may run something in vain, too
        if not _with_one_before(row, place):
            for suggestion in policy.suggest(row, made, place):
                if suggestion.key not in known and suggestion.key not in pending:
                    pending[suggestion.key] = suggestion, place
        used = []
        for move in call:
            if move.action.key in pending:
                used.append(pending.pop(move.action.key))
            for key in [key for key, (each, _) in pending.items() if could_change(move, each.example)]:
                suggestion, at = pending.pop(key)
                over(suggestion, at, Fate.STALE if _made(row, place, key) else Fate.NEVER)
            known.add(move)
            made.append(move)
        if call and len(used) == len(call):
            saved.append(place)
        for suggestion, at in used:
            over(suggestion, at, Fate.SAVED if len(used) == len(call) else Fate.PARTLY)
    for suggestion, at in pending.values():
        over(suggestion, at, Fate.NEVER)
    return ran, saved


def _with_one_before(row: Row, place: int) -> bool:
    """Whether the model asked for this call together with the one before it: nothing can be run between them."""
    if not 0 < place < len(row.calls):
        return False
    batch = row.calls[place][0].operation.call.batch
    return batch != "" and row.calls[place - 1][0].operation.call.batch == batch


def _made(row: Row, place: int, key: str) -> bool:
    return any(move.action.key == key for call in row.calls[place:] for move in call)


def _turns_saved(row: Row, saved: Sequence[int]) -> int:
    """The model requests that asked for nothing but calls that were saved."""
    turns: dict[str, bool] = {}
    for place, call in enumerate(row.calls):
        turn = call[0].operation.call.batch or f"call {place}"
        turns[turn] = turns.get(turn, True) and place in saved
    return sum(turns.values())


class _Costs:
    """What a model request costs: in the episode itself if that is known, else the median of those before it."""

    def __init__(self) -> None:
        self._tokens: list[float] = []
        self._seconds: list[float] = []
        self._medians = (0.0, 0.0)

    def learn(self, episode: Episode) -> None:
        if not episode.requests:
            return
        if episode.tokens:
            self._tokens.append(episode.tokens / episode.requests)
        if episode.seconds:
            self._seconds.append(episode.seconds / episode.requests)
        self._medians = median(self._tokens or [0.0]), median(self._seconds or [0.0])

    def tokens(self, episode: Episode) -> float:
        return episode.tokens / episode.requests if episode.requests and episode.tokens else self._medians[0]

    def seconds(self, episode: Episode) -> float:
        return episode.seconds / episode.requests if episode.requests and episode.seconds else self._medians[1]
