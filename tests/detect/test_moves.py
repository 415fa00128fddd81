"""What an action may have done to what another one shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentjit.detect.moves import Move, could_change, elsewhere, identity, moves, placed
from agentjit.trace import Effect, Ended
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
        ("~ src/a.py", "$ git log -3 2>&1 | head -5", False),
        ("~ src/a.py", "$ git log -3 | wc -l", True),  # who knows what the others look at
        ("~ NEWS", "$ git log -1 || cat NEWS", True),
        ("~ v", "$ git show HEAD:v | diff - v", True),
        ("~ x", "$ git describe --dirty", True),
        ("~ .mailmap", "$ git log -3", True),
        ("$ sleep 600", "$ git log -3", True),  # who waits, waits for a change
        ("$ sleep 600", "@ /work/shop/src/b.py", True),
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


def test_a_folder_inside_another_one_is_another() -> None:
    assert identity("/mnt/work/shop/a", "/work/shop") == "/mnt/work/shop/a"


def test_what_tells_of_the_moment_is_not_repeatable() -> None:
    assert move("$ git status").repeatable
    assert not any(move(line).repeatable for line in ("$ date +%s", "$ sleep 5", "$ ps aux", "$ uptime"))


def test_a_move_elsewhere_is_read_and_judged_anew() -> None:
    found = move("$ sed -n '/api/p' log.txt")
    other = elsewhere(found, lambda text: text.replace("api", "web"), "/srv/other")
    assert other is not None
    assert (other.action.text, other.action.effect) == ("sed -n '/web/p' log.txt", Effect.READS)
    worse = elsewhere(found, lambda text: text.replace("api", "web/w"), "/srv/other")
    assert worse is None or worse.action.effect is not Effect.READS


def test_a_call_that_was_not_finished_is_there_and_a_refused_one_is_not() -> None:
    [episode] = episodes("> x\n$ make\n$ ls\n$ pwd")
    ends = (Ended.INTERRUPTED, Ended.DENIED, Ended.RETURNED)
    calls = tuple(replace(call, ended=end) for call, end in zip(episode.calls, ends, strict=True))
    assert [(call[0].action.text, call[0].finished) for call in moves(replace(episode, calls=calls))] == [
        ("make", False),
        ("pwd", True),
    ]


def test_the_root_is_no_project() -> None:
    assert identity("/a/b", "/") == "/a/b"
    assert identity("/home/x", "/home") == "/home/x"


def test_a_call_of_two_actions_is_two_moves_in_one_place() -> None:
    [episode] = episodes("> x\n$ git status && git log -3\n$ ls")
    calls = moves(episode)
    assert [[each.action.text for each in call] for call in calls] == [["git status", "git log -3"], ["ls"]]
    assert [each.place for call in calls for each in call] == [0, 0, 1]
