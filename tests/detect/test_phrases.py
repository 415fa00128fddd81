"""Steps in plain words."""

from __future__ import annotations

import pytest

from agentjit.detect.phrases import phrase


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        ("git status", "see what has changed"),
        ("git diff --stat <arg>", "see which files changed"),
        ("git diff <arg>", "look at the changes"),
        ("git --no-pager log -<arg>", "look at the last commits"),
        ("kubectl get pods -n <arg> | grep <arg>", "look at what is in the cluster"),
        ("CI=<arg> npm test", "run the tests"),
        ("sed -n <arg> <arg>", "show lines of a file"),
        ("Read file_path limit", "read a file"),
        ("mcp__linear__get_issue id", "get issue (linear)"),
        ("frobnicate --hard <arg>", "run frobnicate"),
        ("", "run a command"),
    ],
)
def test_words(signature: str, words: str) -> None:
    assert phrase(signature) == words
