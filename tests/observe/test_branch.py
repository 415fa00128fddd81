"""The branch of a prompt, from the transcript's line through the store to the episode, old databases included."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from agentjit.home import Home
from agentjit.observe.redact import Redactor
from agentjit.store import Store
from agentjit.store_schema import MIGRATIONS
from agentjit.trace import Episode, PromptSeen, Seen
from tests.observe.test_claude_transcript import prompts, records, says, user

PROMPT = PromptSeen("s", "s:p", 10.0, "push it", "typed", "/w")


def stored(home: Home, *batches: list[Seen]) -> list[Episode]:
    with Store.open(home, write=True) as store:
        for batch in batches:
            store.add(batch)
    with Store.open(home, write=False) as store:
        return store.episodes()


@pytest.mark.parametrize(("written", "branch"), [("fix/a-b", "fix/a-b"), ("HEAD", ""), ("", ""), (None, ""), (7, "")])
def test_what_the_transcript_says(written: object, branch: str) -> None:
    (prompt,) = prompts(records(user(0, "push it", promptId="p1", gitBranch=written), says(1, "done")))
    assert prompt.branch == branch


def test_the_branch_is_that_of_the_prompt_not_of_what_came_later(home: Home) -> None:
    seen = records(
        user(0, "push it", promptId="p1", gitBranch="one"),
        says(1, "done"),
        user(2, "push it", promptId="p2", gitBranch="two"),
        says(3, "done", message="m2"),
    )
    assert [episode.branch for episode in stored(home, seen)] == ["one", "two"]


def test_a_transcript_fills_in_what_the_hook_did_not_know(home: Home) -> None:
    known = replace(PROMPT, branch="main")
    assert [each.branch for each in stored(home, [PROMPT], [known], [PROMPT])] == ["main"]


def test_a_secret_in_a_branch_is_taken_out() -> None:
    token = "ghp_" + "0123456789abcdefABCDEF0123456789abcd"
    (seen,) = Redactor(b"key", {}).records([replace(PROMPT, branch=f"fix/{token}")])
    assert isinstance(seen, PromptSeen)
    assert token not in seen.branch and seen.branch.startswith("fix/‹secret:")


def test_a_database_of_before_gets_the_column(home: Home) -> None:
    home.ensure()
    with duckdb.connect(home.database) as connection:
        connection.execute("CREATE TABLE schema_version (version BIGINT, name VARCHAR)")
        for number, migration in enumerate(MIGRATIONS[:3], 1):
            for statement in migration():
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version VALUES (?, ?)", [number, migration.__name__])
        connection.execute("INSERT INTO episodes VALUES ('o:p', 'o', 1.0, 'old', 'typed', '/w', NULL, NULL, NULL)")
    assert [(each.prompt, each.branch) for each in stored(home, [replace(PROMPT, branch="main")])] == [
        ("old", ""),
        ("push it", "main"),
    ]
