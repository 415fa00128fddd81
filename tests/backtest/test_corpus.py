"""The walk over real transcripts, source by source, learning nothing across sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentjit.backtest.compare import backtest
from agentjit.backtest.report import Fate
from agentjit.data import folder
from agentjit.home import Home
from agentjit.observe.importer import import_paths
from agentjit.store import Store

WANTED = 0.8


@pytest.mark.parametrize("harness", ["claude-code", "codex", "copilot-cli", "gemini-cli", "opencode", "hook-payloads"])
def test_nothing_is_written_and_most_of_what_is_run_is_wanted(corpus: Path, harness: str, home: Home) -> None:
    home.ensure()
    import_paths(home, [corpus / harness], {"HOME": "/nonexistent"})
    with Store.open(home, write=False) as store:
        episodes = store.episodes()
    found = backtest(episodes, str(folder("skills_templates")))
    own = found.own.total
    assert own.episodes == len([each for each in episodes if not each.own])
    assert own.calls <= sum(len(each.calls) for each in episodes)
    for walked in (found.own, found.approved):
        assert walked.total.wrong_writes == 0
        assert not [each for each in walked.ran if each.fate is Fate.WRONG]
    assert own.fired == 0 or own.saved >= WANTED * own.fired
    assert all(walked.total.ceiling_calls == own.ceiling_calls for walked in found.baselines.values())
