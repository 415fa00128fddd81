"""Replay: what counts as the calls that happened."""

from __future__ import annotations

import pytest

from agentjit import kit
from agentjit.detect.signature import operation
from agentjit.hotspot import Occurrence
from agentjit.proving import same_call
from agentjit.run.verify import Verdict, replay
from tests.support.notation import episodes

TRACE = """
> look
$ cat a
| 1
$ cat b
| 2
$ rm c
$ cat d
| 4
< 1 2 4
"""


def verdict(*groups: str, any_order: bool) -> Verdict:
    """Of a program that makes these calls, those parted by a comma together, and says what `cat` printed."""
    (episode,) = episodes(TRACE)

    def steps() -> kit.program.Steps:
        said: dict[str, str] = {}
        for group in groups:
            calls = [kit.bash(*text.split()) for text in group.split(", ")]
            results = yield kit.together(*calls)
            assert isinstance(results, tuple)
            said |= {call.text: result.stdout for call, result in zip(calls, results, strict=True)}
        return kit.answer(" ".join(said[key] for key in sorted(said) if key.startswith("cat")))

    program = kit.Program("look", steps, {}, ())
    occurrence = Occurrence(episode, tuple(operation(call) for call in episode.calls))
    return replay(program, {}, occurrence, environment={}, same=same_call, any_order=any_order)[0]


@pytest.mark.parametrize(
    ("groups", "in_order", "in_any_order"),
    [
        (["cat a", "cat b", "rm c", "cat d"], Verdict.EXACT, Verdict.EXACT),
        (["cat a, cat b", "rm c", "cat d"], Verdict.EXACT, Verdict.EXACT),
        (["cat b, cat a", "rm c", "cat d"], Verdict.EXACT, Verdict.EXACT),
        (["cat b", "cat a", "rm c", "cat d"], Verdict.WRONG, Verdict.EXACT),
        (["cat a", "cat b", "cat d, rm c"], Verdict.EXACT, Verdict.EXACT),
        (["cat a, cat a, cat b", "rm c", "cat d"], Verdict.WRONG, Verdict.WRONG),
        (["cat b", "cat a", "rm c", "cat d"], Verdict.WRONG, Verdict.EXACT),
        (["cat a", "rm c", "cat b", "cat d"], Verdict.WRONG, Verdict.WRONG),
        (["cat a", "cat b", "cat d", "rm c"], Verdict.WRONG, Verdict.WRONG),
        (["cat a, cat b, cat d", "rm c"], Verdict.WRONG, Verdict.WRONG),
        (["cat a", "cat a", "cat b", "rm c", "cat d"], Verdict.WRONG, Verdict.WRONG),
        (["cat a, cat b", "rm c"], Verdict.WRONG, Verdict.WRONG),
    ],
)
def test_reads_may_change_places_but_pass_no_write(groups: list[str], in_order: Verdict, in_any_order: Verdict) -> None:
    assert verdict(*groups, any_order=False) is in_order
    assert verdict(*groups, any_order=True) is in_any_order


# --- loops, forks, holes

COMMIT = """
> commit it
$ git status --short
|  M a.py
|  M b c.py
$ git diff a.py
| +1
$ git diff 'b c.py'
| +2
$ git commit -m "Say what's new"
< done
> commit it
$ git status --short
< Nothing to commit.
"""


def commit(message: str | None = None) -> kit.program.Steps:
    """A loop over what was found, a fork, and a hole."""
    status = yield kit.bash("git", "status", "--short")
    if kit.empty(status):
        return kit.answer("Nothing to commit.")
    if kit.says(status, r"^ M "):
        paths = kit.extract_all(status.stdout, kit.pattern(r"^ M (.+)$"), kind=r"[\w. ]+", seen=3)
        for path in kit.rounds(paths, most=3):
            yield kit.bash("git", "diff", path)
        if message is None:
            return kit.gathered()
        yield kit.bash("git", "commit", "-m", message)
        return kit.answer("done")
    return kit.unforeseen(status)


@pytest.mark.parametrize(
    ("run", "arguments", "partial", "expected"),
    [
        (0, {"message": "Say what's new"}, False, Verdict.EXACT),
        (0, {"message": "Say it"}, False, Verdict.WRONG),
        (0, {}, False, Verdict.WRONG),
        (0, {}, True, Verdict.EXACT),
        (1, {}, False, Verdict.EXACT),
        (1, {"message": "not needed"}, False, Verdict.EXACT),
    ],
)
def test_loops_forks_and_holes(run: int, arguments: dict[str, str], partial: bool, expected: Verdict) -> None:
    episode = episodes(COMMIT)[run]
    program = kit.Program("commit", commit, {"message": kit.Param("(?s).+", hole=True)}, ())
    occurrence = Occurrence(episode, tuple(operation(call) for call in episode.calls))
    verdict, reason = replay(program, arguments, occurrence, environment={}, same=same_call, partial=partial)
    assert verdict is expected, reason
