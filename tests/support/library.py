"""A home with a history in it: episodes in the store, skills compiled and published as `aj compile` does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agentjit.data import folder
from agentjit.home import Home
from agentjit.pipeline import Compiled, compile_all
from agentjit.store import Store
from agentjit.trace import CallSeen, Episode, FinalSeen, PromptSeen, Seen, SessionSeen, UsageSeen
from tests.support.notation import DAY, START

NOW = START + 30 * DAY
TEMPLATES = str(folder("skills_templates"))


def seen(episodes: Iterable[Episode]) -> list[Seen]:
    """What observing such episodes would have yielded."""
    records: list[Seen] = []
    for episode in episodes:
        records.append(SessionSeen(episode.session, "claude-code", episode.at, episode.cwd))
        records.append(PromptSeen(episode.session, episode.id, episode.at, episode.prompt, episode.kind, episode.cwd))
        records += [CallSeen(episode.session, episode.id, call) for call in episode.calls]
        if episode.final is not None:
            records.append(FinalSeen(episode.session, episode.id, episode.at + 50, episode.final))
        if episode.requests is not None:
            records.append(
                UsageSeen(episode.session, episode.id, episode.requests, episode.tokens or 0, episode.seconds)
            )
    return records


def learned(home: Home, *histories: Sequence[Episode], now: float = NOW) -> Compiled:
    """Store the histories, with ids of their own each, and compile."""
    with Store.open(home, write=True) as store:
        for history in histories:
            store.add(seen(history))
    return compile_all(home, TEMPLATES, now=now)


def renamed(history: Sequence[Episode], prefix: str) -> list[Episode]:
    """The same history in other sessions, with other ids."""
    return [
        replace(
            episode,
            id=prefix + episode.id,
            session=prefix + episode.session,
            calls=tuple(replace(call, id=prefix + call.id) for call in episode.calls),
        )
        for episode in history
    ]
