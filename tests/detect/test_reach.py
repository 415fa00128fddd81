"""How far a call looks that only reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentjit.detect.catalogue import built_in, load
from agentjit.detect.effects import effect_of
from agentjit.detect.reach import reach_of
from agentjit.detect.shell import parse
from agentjit.trace import Effect, Reach

CASES = [
    ("git status", Reach.LOCAL),
    ("git log -3 | grep fix", Reach.LOCAL),
    ("cat a && ls", Reach.LOCAL),
    ("/usr/bin/cat a", Reach.LOCAL),
    ("find . -name x", Reach.LOCAL),
    ("npm ls", Reach.LOCAL),
    ("git ls-remote origin", Reach.QUERY),
    ("git -C there status", Reach.QUERY),
    ("kubectl get pods -n web", Reach.QUERY),
    ("kubectl -n web get pods | grep x", Reach.QUERY),
    ("docker ps", Reach.QUERY),
    ("gh pr list --json number", Reach.QUERY),
    ("npm view x version", Reach.QUERY),
    ("curl -s https://a/b", Reach.ANYWHERE),
    ("wget -qO- https://a/b", Reach.ANYWHERE),
    ("cat a; curl -s https://a/b", Reach.ANYWHERE),
    ("cat $(curl -s https://a/b)", Reach.ANYWHERE),
    ("gh api /repos", Reach.ANYWHERE),
    ("gh -R o/r api /repos", Reach.ANYWHERE),
    ("kubectl get --raw /api", Reach.ANYWHERE),
    ("kubectl get --raw=/api", Reach.ANYWHERE),
    ("find . -exec curl -s https://a/{} ';'", Reach.ANYWHERE),
    ("ls | xargs curl -s", Reach.ANYWHERE),
    ("ssh host uptime", Reach.ANYWHERE),
    ("./check", Reach.ANYWHERE),
    ("timeout 5 cat a", Reach.ANYWHERE),
    ("for i in a b; do cat $i; done", Reach.ANYWHERE),
    ("$X status", Reach.ANYWHERE),
]


@pytest.mark.parametrize(("command", "reach"), CASES)
def test_reach(command: str, reach: Reach) -> None:
    assert reach_of("Bash", {"command": command}) is reach


def test_other_tools() -> None:
    assert reach_of("Read", {"file_path": "a"}) is Reach.LOCAL
    assert reach_of("mcp__web__get", {}) is Reach.ANYWHERE


def test_what_is_listed_is_in_the_catalogue_of_effects() -> None:
    """A program that is listed and not known would be one of unknown effect: the list would say nothing."""
    catalogue = built_in()
    for name in catalogue.reach:
        program = next((own for own in (name, name.split(":")[0], name.split("-")[0]) if own in catalogue.programs), "")
        assert program or name in catalogue.tools, name


def test_what_keeps_its_order_reads_all_the_same() -> None:
    assert effect_of(parse("curl -s https://a/b")) is Effect.READS


def test_a_users_file_adds_to_the_list(tmp_path: Path) -> None:
    own = tmp_path / "effects.json"
    own.write_text('{"programs": {"inventory": "reads"}, "reach": {"query": "inventory", "anywhere": "git"}}')
    catalogue = load(own)
    assert reach_of("Bash", {"command": "inventory list"}, catalogue) is Reach.QUERY
    assert reach_of("Bash", {"command": "git frob"}, catalogue) is Reach.ANYWHERE
    assert reach_of("Bash", {"command": "cat a"}, catalogue) is Reach.LOCAL
