"""What is expected after a prompt, at an opening, and after the last few actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agentjit.detect.follows import Follows, Known, Moment
from agentjit.detect.moves import Move, moves
from agentjit.trace import Episode
from tests.support.notation import episodes, repeat


def taught(history: Sequence[Episode]) -> Follows:
    follows = Follows()
    for episode in history:
        follows.learn(moment(episode), moves(episode), episode.session)
    return follows


def moment(episode: Episode, made: Sequence[Move] = ()) -> Moment:
    return Moment(episode.prompt, episode.kind == "typed", episode.cwd, True, made)


def expected(history: Sequence[Episode], now: str) -> list[str]:
    """The keys expected at the end of the one episode `now`; sessions that began otherwise are in the history, too."""
    others = _sessions(episodes("\n".join(f"> thing {n} of {n * n}\n$ ls part-{n}" for n in range(5))), "o")
    [episode] = episodes(now)
    made = [move for call in moves(episode) for move in call]
    return [each.move.action.key for each in taught([*others, *history]).expected(moment(episode, made), "now")]


def key(line: str) -> str:
    [episode] = episodes(f"> x\n{line}")
    return moves(episode)[0][0].action.key


LOOK = "> how do we stand\n$ git status --short\n$ git log --oneline -5\n~ notes-{n}.md"


def test_what_followed_the_same_prompt_is_expected_after_two_times() -> None:
    history = [repeat(LOOK, {"n": str(n)})[0] for n in range(3)]
    assert expected(_sessions(history[:1]), "> how do we stand") == []
    found = expected(_sessions(history[:2]), "> how do we stand")
    assert sorted(found) == sorted([key("$ git status --short"), key("$ git log --oneline -5")])


def test_other_words_matter_and_how_they_are_spelled_does_not() -> None:
    history = _sessions([repeat(LOOK, {"n": str(n)})[0] for n in range(4)])
    assert len(expected(history, "> How do we stand")) == 2
    assert len(expected(history, "> how do we stand?")) == 2
    assert expected(history, "> how do we fall") == []


def test_a_value_of_the_prompt_is_put_where_it_stood() -> None:
    history = repeat("> show pod {p}\n$ kubectl get pod {p} -o wide", {"p": "api"}, {"p": "web"}, {"p": "db"})
    assert expected(history, "> show pod queue") == [key("$ kubectl get pod queue -o wide")]


def test_a_word_that_never_varied_is_no_value() -> None:
    history = repeat("> show pod {p}\n$ kubectl get pod {p} -o wide", {"p": "api"}, {"p": "api"}, {"p": "api"})
    assert expected(history, "> show pod api") == [key("$ kubectl get pod api -o wide")]
    assert expected(history, "> show pod queue") == []


def test_a_word_of_the_command_itself_is_no_value() -> None:
    history = repeat("> git {w}\n$ git {w}", {"w": "status"}, {"w": "log"}, {"w": "diff"})
    assert expected(history, "> git push") == []


def test_what_a_write_may_have_changed_did_not_follow() -> None:
    history = _sessions([repeat("> tidy up\n~ a{n}.py\n$ git status", {"n": str(n)})[0] for n in range(5)])
    assert expected(history, "> tidy up") == []
    assert expected(history, "> tidy up\n~ b.py") == [key("$ git status")]


def test_writes_are_never_expected() -> None:
    history = _sessions([episodes("> ship\n$ git push origin main\n$ ./release.sh")[0] for _ in range(6)])
    assert expected(history, "> ship") == []


def test_a_failure_is_followed_by_other_things_than_a_success() -> None:
    history = _sessions(
        [episodes("> x\n$ grep -r a src\n! 1\n$ cat README.md")[0] for _ in range(4)]
        + [episodes("> y\n$ grep -r a src\n$ ls docs")[0] for _ in range(4)]
    )
    assert expected(history, "> z\n$ grep -r a src\n! 1") == [key("$ cat README.md")]
    assert expected(history, "> z\n$ grep -r a src") == [key("$ ls docs")]


def test_what_every_session_begins_with_is_expected_at_the_next_beginning() -> None:
    history = _sessions(episodes("\n".join(f"> task {n} of {n * n}\n$ git status\n$ ls d{n}" for n in range(4))))
    follows = taught(history)
    [now] = episodes("> quite another thing")
    assert [each.move.action.key for each in follows.expected(moment(now), "now")] == [key("$ git status")]
    assert follows.expected(replace(moment(now), opening=False), "now") == []


def test_three_times_in_one_session_is_no_habit() -> None:
    history = [repeat(LOOK, {"n": str(n)})[0] for n in range(4)]
    assert expected(history, "> how do we stand") == []


def test_the_sixth_exception_ends_the_expectation() -> None:
    usual = [episodes("> look\n$ git status\n$ ls")[0] for _ in range(8)]
    other = [episodes("> look\n$ pwd")[0] for _ in range(3)]
    assert expected(_sessions(usual), "> look") != []
    assert expected(_sessions(usual + other), "> look") == []


def test_while_too_little_comes_true_only_the_surest_is_expected() -> None:
    usual = [episodes("> look\n$ git status\n$ ls")[0] for _ in range(2)]
    follows = taught(_sessions(usual))
    [now] = episodes("> look")
    assert len(follows.expected(moment(now), "now")) == 2
    for _ in range(3):
        follows.note("after", made=False)
    assert len(follows.expected(moment(now), "now")) == 2  # that is another kind of rule
    for kind in ("prompt", "opening"):
        for _ in range(3):
            follows.note(kind, made=False)
    assert follows.expected(moment(now), "now") == []
    for _ in range(20):
        follows.note("prompt", made=True)
    assert len(follows.expected(moment(now), "now")) == 2


def test_a_history_in_which_such_rules_fail_makes_it_silent() -> None:
    """Every two sessions have the same prompt and the same look; the third one never has."""
    history = []
    for n in range(8):
        history += [episodes(f"> task {n}x\n$ ls d{n}\n$ cat e{n}")[0]] * 2 + [episodes(f"> task {n}x\n$ pwd -P{n}")[0]]
    last = [episodes("> task last\n$ ls last")[0]] * 2
    [now] = episodes("> task last")
    assert taught(_sessions(last, "l")).expected(moment(now), "now") != []
    assert taught(_sessions([*history, *last])).expected(moment(now), "now") == []


def test_known_forgets_what_a_write_may_have_changed() -> None:
    [episode] = episodes("> x\n$ git status\n$ git log -3\n~ a.py")
    [status], [log], [edit] = moves(episode)
    known = Known()
    known.add(status)
    known.add(log)
    assert status.action.key in known and log.action.key in known
    known.add(edit)
    assert status.action.key not in known and log.action.key in known


def _sessions(history: Sequence[Episode], name: str = "s") -> list[Episode]:
    """Each episode in a session of its own."""
    return [replace(each, session=f"{name}{n}", id=f"{name}{n}:p") for n, each in enumerate(history)]
