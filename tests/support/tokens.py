"""Histories of letters: a letter is an action, small ones only read, capital ones do more."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from agentjit.detect.mining.history import Row
from agentjit.hotspot import Action, Operation
from agentjit.trace import Effect, Episode, ToolCall
from tests.support.notation import DAY, START


def operation(letters: str, name: str, at: float, tool: str = "Bash") -> Operation:
    """One call with an action for each letter."""
    effects = [Effect.READS if letter.islower() else Effect.UNKNOWN for letter in letters]
    actions = tuple(Action(letter, letter, effect) for letter, effect in zip(letters, effects, strict=True))
    call = ToolCall(name, tool, {}, "", True, 0, at, cwd="/work/shop")
    return Operation(call, " && ".join(letters), Effect.worst(effects), None, actions)


def row(calls: str | Sequence[str], session: int, *, number: int = 0, prompt: str = "", tool: str = "Bash") -> Row:
    """An episode: a call for each letter, or for each of several strings."""
    name = f"s{session}:p{number}"
    at = START + session * DAY + number * 600
    made = tuple(operation(letters, f"{name}:c{i}", at + i, tool) for i, letters in enumerate(calls))
    words = Random(session * 100 + number)
    said = prompt or " ".join(f"word{words.randrange(2000)}" for _ in range(words.randint(4, 12)))
    length = len(made)
    episode = Episode(
        name, f"s{session}", said, "/work/shop", at, requests=length, tokens=1000 * length, seconds=length
    )
    return episode, made


NOISE = "abcdefghijklmnopqrstuvwxyz" + "GHIJKLMNOPQRSTUVWXYZ"


def noisy(rng: Random, ritual: str, session: int, length: int = 20) -> Row:
    """`ritual` at a random place among letters drawn from a heavy tail."""
    weights = [1 / (rank + 2) for rank in range(len(NOISE))]
    letters = rng.choices(NOISE, weights, k=length)
    place = rng.randrange(length + 1)
    return row("".join((*letters[:place], ritual, *letters[place:])), session)


def shuffled(rows: Sequence[Row], rng: Random) -> list[Row]:
    """The calls of each session in a random order, over its episodes."""
    pools: dict[str, list[Operation]] = {}
    for episode, operations in rows:
        pools.setdefault(episode.session, []).extend(operations)
    for pool in pools.values():
        rng.shuffle(pool)
    return [(episode, tuple(pools[episode.session].pop() for _ in operations)) for episode, operations in rows]
