"""What the real client did is told the same by hooks, by transcripts, and by any mix of both.

Each situation is run once. What its hooks spooled and what it wrote down itself is then loaded into fresh homes: hooks
alone, transcripts alone, then the other, in both orders, then all of it once more.

What a hook cannot know, because the client fires none for it (`as_hooks_tell`):
  - requests, tokens and seconds of an episode: only the transcript has usage;
  - `batch`: no payload names the message (PostToolBatch would tell, for one process more for every turn with calls);
  - calls that were refused, that Esc stopped, or whose input the client turned down (the text to replace is not there);
  - that a session is a fork of which other, who asked for a compaction.
What a transcript cannot know, because it has no line for it:
  - `seconds` without the time to allow the call, and when it began to run (`at`): it knows when it was asked for;
  - when a session was opened, resumed and left (`BY_TRANSCRIPT`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agentjit.home import Home
from agentjit.observe import wire
from agentjit.observe.importer import import_paths
from agentjit.observe.ingest import drain
from agentjit.store import Store
from agentjit.trace import Ended, Episode, ToolCall
from tests.client.situations import SITUATIONS, Life, Situation, Told, echoed, run
from tests.support.model import ScriptedModel, by_prompt
from tests.support.session import ClaudeHome, TmuxClient

NOWHERE = {"HOME": "/nonexistent"}
BY_TRANSCRIPT = ("compact", "fork", "clear")  # the turns that it has a line for


class Load:
    """Loads what the hooks of a client home spooled, or its transcripts."""

    def __init__(self, claude: ClaudeHome) -> None:
        self.claude = claude

    def hooks(self, home: Home) -> None:
        for file in sorted((self.claude.aj / "spool").iterdir()):
            shutil.copy2(file, home.spool)  # with its time: payloads have none
        projects = self.claude.home / ".claude" / "projects"
        away = projects.rename(projects.with_name("away"))
        done = drain(home, NOWHERE, now=time.time() + 100)
        away.rename(projects)
        assert (done.quarantined, done.skipped) == (0, 0)
        assert os.listdir(home.spool) == []

    def transcripts(self, home: Home) -> None:
        for file in self.claude.home.glob(".claude/projects/**/*.jsonl"):
            os.utime(file)  # or the second time it would not be read
        done = import_paths(home, [], self.claude.env)
        assert done.files and (done.unchanged, done.skipped_lines, done.unknown) == (0, 0, {}), done


def fresh(root: Path) -> Home:
    home = Home(str(root))
    home.ensure()
    return home


@dataclass(frozen=True)
class Seen:
    """What a home tells: episodes and sessions by time, of each session its parent and its turns."""

    episodes: list[Episode]
    parents: dict[str, str]
    turns: dict[str, list[str]]


def seen(home: Home) -> Seen:
    """Every call must be in one episode, and once."""
    with duckdb.connect(home.database, read_only=True) as connection:
        rows = connection.execute("SELECT session, coalesce(parent, '') FROM sessions ORDER BY seen_at").fetchall()
    parents = {str(session): str(parent) for session, parent in rows}
    with Store.open(home, write=False) as store:
        found = Seen(store.episodes(), parents, {name: [turn.kind for turn in store.turns(name)] for name in parents})
        ids = [call.id for episode in found.episodes for call in episode.calls]
        assert len(ids) == len(set(ids)) == store.calls_count()
    return found


# --- comparing


def flat(told: list[Episode]) -> list[dict[str, Any]]:
    """Episodes as both sources must tell them: calls by id, which is the order the model asked for them in."""
    return [
        {name: getattr(episode, name) for name in ("id", "session", "prompt", "kind", "cwd", "final", "own")}
        | {"cost": (episode.requests, episode.tokens), "calls": {call.id: _flat(call) for call in episode.calls}}
        for episode in told
    ]


def _flat(call: ToolCall) -> dict[str, Any]:
    names = ("tool", "input", "ok", "exit_code", "cwd", "agent", "ended", "batch", "output")
    return {name: getattr(call, name) for name in names}


def as_hooks_tell(told: list[dict[str, Any]], hooked: set[str]) -> list[dict[str, Any]]:
    """The same without what hooks cannot know; `hooked`: the calls there is a hook for."""
    return [
        episode
        | {"cost": (None, None)}
        | {"calls": {key: call | {"batch": ""} for key, call in episode["calls"].items() if key in hooked}}
        for episode in told
    ]


# --- the tests


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_every_source_tells_the_same(
    situation: Situation, claude: Callable[[], ClaudeHome], model: ScriptedModel, tmp_path: Path
) -> None:
    if situation.screen and not TmuxClient.available():
        pytest.skip("tmux is not installed")
    here = claude()
    model.script = by_prompt(*situation.model(here.work).items())
    situation.act(here)
    load, hooks, transcripts = Load(here), fresh(tmp_path / "hooks"), fresh(tmp_path / "transcripts")

    load.transcripts(transcripts)
    told = seen(transcripts)
    hooked = expect(situation.lives, told, lambda kinds: [kind for kind in kinds if kind in BY_TRANSCRIPT])
    full = flat(told.episodes)

    load.hooks(hooks)
    told = seen(hooks)
    assert flat(told.episodes) == as_hooks_tell(full, hooked)
    assert list(told.turns.values()) == [list(life.turns) for life in situation.lives]
    for episode, whole in zip(told.episodes, full, strict=True):
        expect_order(episode, {key: call["batch"] for key, call in whole["calls"].items()})

    for home, other in ((hooks, load.transcripts), (transcripts, load.hooks)):
        other(home)
        told = seen(home)
        assert flat(told.episodes) == full
        expect(situation.lives, told, list)
        load.hooks(home)
        load.transcripts(home)
        assert seen(home) == told


def expect(lives: tuple[Life, ...], told: Seen, known: Callable[[tuple[str, ...]], list[str]]) -> set[str]:
    """What is told is what happened, of the turns those `known`; the calls that there is a hook for."""
    names = list(told.parents)
    assert list(told.parents.values()) == ["" if life.parent is None else names[life.parent] for life in lives]
    assert list(told.turns.values()) == [known(life.turns) for life in lives]
    hooked: set[str] = set()
    for life, session in zip(lives, names, strict=True):
        for turn, episode in zip(life.prompts, [one for one in told.episodes if one.session == session], strict=True):
            assert episode.prompt.startswith(turn.prompt)
            assert (episode.kind, episode.final, episode.requests) == (turn.kind, turn.final, turn.requests)
            assert episode.tokens and episode.seconds is not None
            hooked |= expect_calls(turn.groups, episode)
    return hooked


def expect_calls(groups: tuple[tuple[Told, ...], ...], episode: Episode) -> set[str]:
    ordered = sorted(episode.calls, key=lambda call: (bool(call.agent), call.id))
    asked = [list(calls) for _, calls in groupby(ordered, key=lambda call: call.batch)]
    assert [len(calls) for calls in asked] == [len(group) for group in groups]
    for calls, group in zip(asked, groups, strict=True):
        for call, told in zip(calls, group, strict=True):
            expect_call(call, told)
    pairs = zip(ordered, [told for group in groups for told in group], strict=True)
    return {call.id for call, told in pairs if told.hooked}


def expect_call(call: ToolCall, told: Told) -> None:
    assert any(str(value).startswith(told.what) or str(value).endswith(told.what) for value in call.input.values())
    assert (call.ended, call.exit_code, bool(call.agent)) == (Ended(told.ended), told.exit_code, told.agent)
    assert told.output in call.output
    assert call.seconds is not None and call.batch


def expect_order(episode: Episode, batches: dict[str, str]) -> None:
    """Calls are in the order they were asked for in, but for those asked for at once."""
    for agent in {call.agent for call in episode.calls}:
        ids = [call.id for call in episode.calls if call.agent == agent]
        asked = [batch for batch, _ in groupby(ids, key=batches.__getitem__)]
        assert asked == [batch for batch, _ in groupby(sorted(ids), key=batches.__getitem__)]


def test_a_session_of_our_own_says_so_in_every_event(claude: Callable[[], ClaudeHome], model: ScriptedModel) -> None:
    here = claude()
    model.script = by_prompt(*echoed("one").items())
    run(here, "one", extra_env={"AJ_OBSERVE": "self"})
    files = sorted((here.aj / "spool").iterdir())
    assert {file.name.partition(".")[0] for file in files} == {
        "SessionStart",
        "UserPromptSubmit",
        "PostToolUse",
        "Stop",
        "SessionEnd",
    }
    for file in files:
        payload, ours = wire.objects(file.read_text())[0]
        assert payload["hook_event_name"] in file.name and wire.own(ours) == "a skill"
