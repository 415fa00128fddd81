"""What usually follows: after a prompt, when a session opens, after the last few actions.

For each context the learner counts how often it was met and how often each action came after it while nothing done in
between could have changed the result. A context is a Markov context of order one to three (prediction by partial
matching: Cleary and Witten 1984), the prompt, in its project or, as long as it is new there, in any; what a sub-agent
was told; or the opening of an episode. A context and what follows it are an association rule whose confidence is
Laplace's estimate (k + 1) / (n + 2), drawn towards how often rules of its kind and support came true until now: every
rule is tried on every episode before it learns from it (prequential: Dawid 1984), so that a history in which such
rules fail makes the learner silent. Whoever runs what is expected tells how it went (`note`): while fewer than
`WANTED` of what rules of a kind expected was made in the end, only the surer ones of that kind are followed.

A prompt counts as itself and as a form: its words that come back in the actions are left open, and so is their place in
these actions ("show pod api" leads to `kubectl logs api`, so "show pod web" to `kubectl logs web`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from agentjit.detect.moves import Move, could_change, elsewhere, placed
from agentjit.detect.moves import identity as unplaced
from agentjit.detect.prompt import LONGEST, bare, is_word, tokens

LEAST = 2
"""How often a prompt or an opening must have been met, and an action have followed it."""
_MIDWAY = 3  # the same for the last few actions: there are so many of them that chance is at home there
WANTED = 0.8
"""The share of what is expected that shall be made in the end."""
_BOLD, _SHY = 0.7, 0.8  # the least estimate that makes an action expected, as long as that share is kept, and if not
SESSIONS = 2
"""In how many earlier sessions an action must have been made."""
VALUES = 2
"""How many different values a word of a prompt must have had to be one that may be any."""
_HALF = 0.5  # a rule that holds less often is not tried
_PRIOR = 10  # trials that Laplace's estimate weighs as much as
_ALLOWED = 1  # of a kind may fail before it is asked how many did
_ORDERS = 3
_NEAR = 12  # actions after a moment that count as following it
_FORMS = 50  # of prompts of one length: which of their words are left open
_PROMPTED = 25  # actions after a prompt that do
_FOLLOWERS = 200  # different actions that one context is remembered to lead to

Context = tuple[Hashable, ...]
_Words = tuple[str, ...]
_Values = tuple[tuple[str, str], ...]  # holes and what fills them
_VALUE = re.compile(r"[A-Za-z0-9][\w./:@#+-]*")


@dataclass(frozen=True, slots=True)
class Expected:
    """An action that is expected: as it would be made now, how probable it is and for what reason.

    `rule` says the context in words; its `kind` is prompt, anywhere (the prompt, in any project), told, opening or
    after.
    """

    move: Move
    probability: float
    kind: str
    rule: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of an episode: what was asked, where, and what was done until now.

    `typed`: a person typed the prompt; else it is what a sub-agent was told, or a command's text. `opening`: nothing
    was done in this session before.
    """

    prompt: str
    typed: bool
    cwd: str
    opening: bool
    made: Sequence[Move] = ()


@dataclass(frozen=True, slots=True)
class _Example:
    """A move as it was made in `cwd`, and the words of the prompt that came back in it."""

    move: Move
    cwd: str
    words: _Words = ()
    opened: tuple[int, ...] = ()

    def now(self, cwd: str, values: _Values) -> Move | None:
        """The same with other words, in `cwd`: read anew, and None unless that does nothing but read, too."""
        if cwd == self.cwd and not self.opened:
            return self.move

        def filled(text: str) -> str:
            return _filled(placed(_blank(unplaced(text, self.cwd), self.words, self.opened), cwd), values)

        made = elsewhere(self.move, filled, cwd)
        return made if made is not None and _may(made) else None


def _may(move: Move) -> bool:
    """Whether the move may be expected: whoever runs it changes nothing, and sees what the model would have seen."""
    return (move.reads or move.check) and move.finished and move.repeatable


class Known:
    """What an episode has shown so far and would show the same again."""

    def __init__(self) -> None:
        self._moves: dict[str, Move] = {}
        self.restless = False  # something may change at any time: nothing can be counted on

    def __contains__(self, key: str) -> bool:
        return key in self._moves

    def add(self, move: Move) -> None:
        """`move` was made: what it may have changed is known no more, what it showed is."""
        self._moves = {key: each for key, each in self._moves.items() if not could_change(move, each)}
        self.restless = self.restless or move.restless
        if move.finished:
            self._moves[move.action.key] = move


class _Record:
    """How often rules of one kind and support came true."""

    def __init__(self) -> None:
        self._trials: Counter[tuple[str, int, int]] = Counter()
        self._came_true: Counter[tuple[str, int, int]] = Counter()

    def note(self, kind: str, times: int, met: int, came_true: bool) -> None:
        """A rule that followed `times` of `met` times was tried."""
        self._trials[_sort(kind, times, met)] += 1
        self._came_true[_sort(kind, times, met)] += came_true

    def probability(self, kind: str, times: int, met: int) -> float:
        """The estimate for such a rule."""
        sort = _sort(kind, times, met)
        laplace = (times + 1) / (met + 2)
        return (self._came_true[sort] + _PRIOR * laplace) / (self._trials[sort] + _PRIOR)


def _sort(kind: str, times: int, met: int) -> tuple[str, int, int]:
    """Rules that are alike: of one kind, met about as often, and as often in vain."""
    share = 10 if times == met else int(5 * times / met)
    return kind, min(met, 4) if met < 7 else 7, share


class Follows:
    """The learner. It expects what does nothing but read, and trusted checks."""

    def __init__(self) -> None:
        self._record = _Record()
        self._runs: Counter[str] = Counter()
        self._made: Counter[str] = Counter()
        self._met: Counter[Context] = Counter()
        self._most: Counter[Context] = Counter()
        self._led: dict[Context, Counter[str]] = defaultdict(Counter)
        self._forms: dict[int, set[tuple[int, ...]]] = defaultdict(set)
        self._values: dict[_Words, tuple[set[str], ...]] = {}
        self._sessions: dict[str, set[str]] = defaultdict(set)
        self._examples: dict[str, _Example] = {}
        self._names: dict[Hashable, str] = {}

    def _recurring(self, identity: str, session: str) -> bool:
        """Whether an action was made in `SESSIONS` or more sessions other than `session`."""
        return len(self._sessions[identity] - {session}) >= SESSIONS if identity in self._sessions else False

    def note(self, kind: str, made: bool) -> None:
        """Something that a rule of this kind expected was run: the model made it after all, or never."""
        self._runs[kind] += 1
        self._made[kind] += made

    def _least(self, kind: str) -> float:
        """The least estimate with which a rule of this kind is followed."""
        allowed = _ALLOWED + (1 - WANTED) * self._runs[kind]  # something may go wrong at the start
        return _BOLD if self._runs[kind] - self._made[kind] <= allowed else _SHY

    # --- learning

    def learn(self, moment: Moment, calls: Sequence[Sequence[Move]], session: str) -> None:
        """Learn from an episode that is over: `moment` as it began, and all its moves, call by call."""
        row = [move for call in calls for move in call]
        self._try_beginning(moment, row, session)
        self._learn_beginning(moment, row, session)
        known, done = Known(), 0
        for call in calls:
            done += len(call)
            for move in call:
                known.add(move)
            following = {move.identity for move in self._wanted(known, row[done : done + _NEAR])}
            for context in _after(row[max(0, done - _ORDERS) : done]):
                for identity, times, met in self._rules(context, session):
                    if placed(identity, moment.cwd) not in known:
                        self._record.note(str(context[0]), times, met, identity in following)
                self._count(context, following)
        for move in row:
            self._names[move.symbol] = move.action.text if move.operation.line else move.operation.call.tool
            self._seen(move.identity, _Example(move, moment.cwd), session)

    def _try_beginning(self, moment: Moment, row: Sequence[Move], session: str) -> None:
        wanted = {move.action.key for move in self._wanted(Known(), row[:_PROMPTED])}
        for context, values in self._contexts(replace(moment, made=())):
            for identity, times, met in self._rules(context, session):
                key = _filled(placed(identity, moment.cwd), values)
                self._record.note(str(context[0]), times, met, key in wanted)

    def _seen(self, identity: str, example: _Example, session: str) -> None:
        sessions = self._sessions[identity]
        if len(sessions) <= SESSIONS:
            sessions.add(session)
        if _may(example.move):
            self._examples[identity] = example

    def _learn_beginning(self, moment: Moment, row: Sequence[Move], session: str) -> None:
        wanted = list(self._wanted(Known(), row[:_PROMPTED]))
        following = {move.identity for move in wanted}
        self._count(_opening(moment), following)
        if not moment.typed:
            self._count(_told_to(moment), following)
        words = _words(moment.prompt) if moment.typed else ()
        if not words or not row:
            return
        self._count_prompt(moment, words, (), following)
        opened = _open(words, wanted)
        if opened:
            if len(self._forms[len(words)]) < _FORMS:
                self._forms[len(words)].add(opened)
            values = self._values.setdefault(_masked(words, opened), tuple(set() for _ in opened))
            for at, known in zip(opened, values, strict=True):
                known.update({words[at]} if len(known) < VALUES else ())
            forms = {_blank(move.identity, words, opened): move for move in wanted}
            for form, move in forms.items():
                self._seen(form, _Example(move, moment.cwd, words, opened), session)
            self._count_prompt(moment, words, opened, set(forms))

    def _count_prompt(self, moment: Moment, words: _Words, opened: tuple[int, ...], following: Set[str]) -> None:
        for context in _prompted(moment, words, opened):
            self._count(context, following)

    def _wanted(self, known: Known, later: Sequence[Move]) -> Iterator[Move]:
        """Those of `later` that would have shown the same at this moment, and are not known already."""
        changes: list[Move] = []
        for move in later:
            if known.restless or (changes and changes[-1].restless):
                return
            unchanged = not any(could_change(change, move) for change in changes)
            if unchanged and _may(move) and move.action.key not in known:
                yield move
            changes.append(move)

    def _count(self, context: Context, following: Set[str]) -> None:
        self._met[context] += 1
        led = self._led[context]
        for identity in following:
            if identity in led or len(led) < _FOLLOWERS:
                led[identity] += 1
                self._most[context] = max(self._most[context], led[identity])

    # --- expecting

    def expected(self, moment: Moment, session: str) -> list[Expected]:
        """What is expected at `moment`, the surest first."""
        best: dict[str, Expected] = {}
        if any(move.restless for move in moment.made):
            return []
        for context, values in self._contexts(moment):
            for each in self._from(context, values, moment, session):
                key = each.move.action.key
                if key not in best or each.probability > best[key].probability:
                    best[key] = each
        return sorted(best.values(), key=lambda each: (-each.probability, each.move.action.key))

    def _contexts(self, moment: Moment) -> Iterator[tuple[Context, _Values]]:
        if moment.made:
            yield from ((context, ()) for context in _after(moment.made[-_ORDERS:]))
            return
        words = _words(moment.prompt) if moment.typed else ()
        if words:
            yield self._nearest(moment, words, ()), ()
        for opened in self._forms[len(words)] if words else ():
            values = self._values.get(_masked(words, opened), ())
            if values and all(_may_be(words[at], seen) for at, seen in zip(opened, values, strict=True)):
                yield self._nearest(moment, words, opened), tuple((_hole(at), words[at]) for at in opened)
        if not moment.typed:
            yield _told_to(moment), ()
        yield _opening(moment), ()

    def _nearest(self, moment: Moment, words: _Words, opened: tuple[int, ...]) -> Context:
        """The prompt's context in this project if it was met there, else in any."""
        here, anywhere = _prompted(moment, words, opened)
        return here if self._met[here] >= LEAST else anywhere

    def _from(self, context: Context, values: _Values, moment: Moment, session: str) -> Iterator[Expected]:
        kind = str(context[0])
        for identity, times, met in self._rules(context, session):
            probability = self._record.probability(kind, times, met)
            if probability >= self._least(kind):
                made = self._examples[identity].now(moment.cwd, values)
                if made is not None:
                    yield Expected(made, probability, kind, self._told(context))

    def _rules(self, context: Context, session: str) -> Iterator[tuple[str, int, int]]:
        """What more often than not followed `context`: identity, how often, and how often the context was met."""
        met = self._met[context]
        least = max(_MIDWAY if context[0] == "after" else LEAST, _HALF * met)
        if self._most[context] < least:
            return
        for identity, times in self._led[context].items():
            if times >= least and self._recurring(identity, session):
                yield identity, times, met

    def _told(self, context: Context) -> str:
        """A context in words: what was typed or done before."""
        kind, *rest = context
        if kind in ("prompt", "anywhere"):
            return re.sub(r" ([?!.,;:])", r"\1", " ".join(context[1]).replace("*", "…"))  # type: ignore[arg-type]
        if kind == "told":
            return str(context[1])
        if kind == "opening":
            whose = "a session" if rest[1] else "an episode"
            return f"{whose} begins" if rest[2] else f"{whose} begins with a command or as a sub-agent's"
        return ", ".join(self._names.get(symbol, "?") for symbol in rest[:-1]) + ("" if rest[-1] else " (failed)")


def _filled(key: str, values: _Values) -> str:
    for hole, value in values:
        key = key.replace(hole, value)
    return key


def _opening(moment: Moment) -> Context:
    return ("opening", moment.cwd, moment.opening, moment.typed)


def _told_to(moment: Moment) -> Context:
    """What nobody typed counts word for word."""
    return ("told", " ".join(moment.prompt.split()), moment.cwd)


def _after(made: Sequence[Move]) -> Iterator[Context]:
    """The contexts of a moment in mid-episode, of every order; `made` are the last moves."""
    last = made[-1]
    for order in range(1, min(_ORDERS, len(made)) + 1):
        yield ("after", *(move.symbol for move in made[-order:]), last.ok)


def _words(prompt: str) -> _Words:
    """The words of a prompt as they were typed, without the mark at its end; () if there are too many."""
    words = tuple(text for _, text in tokens(prompt))[: len(bare(prompt))]
    return words if len(words) <= LONGEST else ()


def _prompted(moment: Moment, words: _Words, opened: tuple[int, ...]) -> tuple[Context, Context]:
    """The contexts of a prompt with words left open: in its project, and anywhere."""
    masked = _masked(words, opened)
    return ("prompt", masked, opened, moment.cwd), ("anywhere", masked, opened)


def _masked(words: Sequence[str], opened: Sequence[int]) -> _Words:
    return tuple("*" if at in opened else word.casefold() for at, word in enumerate(words))


def _open(words: Sequence[str], row: Sequence[Move]) -> tuple[int, ...]:
    """The places of the words that come back as values in `row`, () if no word would be left to know the prompt by."""
    opened = tuple(
        at
        for at, word in enumerate(words)
        if len(word) > 1
        and _VALUE.fullmatch(word)
        and any(_whole(word).search(move.action.text) for move in row)
        and not any(_whole(word).search(move.action.signature) for move in row)
    )
    literal = any(is_word(word) for at, word in enumerate(words) if at not in opened)
    return opened if literal else ()


def _blank(identity: str, words: Sequence[str], opened: Sequence[int]) -> str:
    for at in sorted(opened, key=lambda at: -len(words[at])):
        identity = _whole(words[at]).sub(_hole(at), identity)
    return identity


@lru_cache(maxsize=4096)
def _whole(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)")


def _may_be(word: str, seen: Set[str]) -> bool:
    """Whether `word` may stand where the words `seen` stood: one of them, or any value where there were several."""
    return word in seen or (len(seen) >= VALUES and bool(_VALUE.fullmatch(word)))


def _hole(at: int) -> str:
    return f"\0{at}\0"
