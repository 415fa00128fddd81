"""What an action may have done to what another one shows."""

from __future__ import annotations

import pytest

from agentjit.detect.moves import Move, could_change, identity, moves, placed
from tests.support.notation import episodes


def move(line: str, cwd: str = "/work/shop") -> Move:
    [episode] = episodes(f"# {cwd}\n> x\n{line}")
    [[found]] = moves(episode)
    return found


@pytest.mark.parametrize(
    ("writing", "reading", "changed"),
    [
        ("$ git status", "$ git log -3", False),  # only reads
        ("~ src/a.py", "$ git status", True),
        ("~ src/a.py", "$ git log -3", False),  # no file of the working tree is in the log
        ("~ .git/HEAD", "$ git log -3", True),
        ("$ git commit -m x", "$ git log -3", True),
        ("$ ./deploy.sh", "$ git log -3", True),  # who knows
        ("~ src/a.py", "@ /work/shop/src/a.py", True),
        ("~ src/../src/a.py", "@ /work/shop/src/a.py", True),
        ("~ src/a.py", "@ /work/shop/src/b.py", False),
        ("~ src/a.py", "@ src/b.py", True),  # relative to what?
        ("$ touch x", "@ /work/shop/src/b.py", True),
        ("~ src/a.py", "$ git log -3 | wc -l", False),
        ("~ src/a.py", "$ cat src/a.py", True),
    ],
)
def test_what_could_change_what(writing: str, reading: str, changed: bool) -> None:
    assert could_change(move(writing), move(reading)) is changed


def test_the_same_action_in_two_checkouts_has_one_identity() -> None:
    here, there = move("@ /work/shop/a.py"), move("@ /srv/other/a.py", "/srv/other")
    assert here.action.key != there.action.key
    assert here.identity == there.identity
    assert placed(here.identity, "/srv/other") == there.action.key


def test_a_folder_that_begins_like_the_project_is_another() -> None:
    assert identity("/work/shop-old/a", "/work/shop") == "/work/shop-old/a"
    assert identity("/work/shop.bak/a", "/work/shop") == "/work/shop.bak/a"
    assert "/work/shop" not in identity("/work/shop/a", "/work/shop")


def test_the_root_is_no_project() -> None:
    assert identity("/a/b", "/") == "/a/b"
    assert identity("/home/x", "/home") == "/home/x"


def test_a_call_of_two_actions_is_two_moves_in_one_place() -> None:
    [episode] = episodes("> x\n$ git status && git log -3\n$ ls")
    calls = moves(episode)
    assert [[each.action.text for each in call] for call in calls] == [["git status", "git log -3"], ["ls"]]
    assert [each.place for call in calls for each in call] == [0, 0, 1]
