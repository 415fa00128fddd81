"""The walk through a history: what counts as saved, wasted and wrong, and that nothing is known before it happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agentjit.backtest.baselines import LastPrompt, NextCall, Replay
from agentjit.backtest.habits import Habits
from agentjit.backtest.report import Fate, Walked
from agentjit.backtest.walk import Policy, rows, walk
from agentjit.data import folder
from agentjit.detect.checks import is_check
from agentjit.trace import Ended, Episode
from tests.support.notation import DAY, START, episodes

TEMPLATES = str(folder("skills_templates"))
LOOK = "> how do we stand\n$ git status --short\n$ git log --oneline -5\n"
BACKGROUND = {"command": "./serve", "run_in_background": True}
CHAINS = [
    text
    for n in range(5)
    for text in (f"> task {n} of {n * n}\n$ ls d{n}\n$ git status\n$ git branch -a", f"> more {n * n}\n$ ls e{n}")
]
"""Sessions that begin in many ways, half of them with two commands that always go together."""


def history(*texts: str) -> list[Episode]:
    """One session a day for each text."""
    return episodes("\n".join(texts))


def walked(found: Sequence[Episode], policy: Policy | None = None) -> Walked:
    return walk(rows(found), {"it": policy or Habits(TEMPLATES)})["it"]


def fates(found: Walked) -> list[tuple[str, Fate]]:
    return sorted((each.text, each.fate) for each in found.ran)


def test_a_ritual_is_saved_from_the_third_time_on() -> None:
    found = walked(history(*[LOOK + f"~ a{n}.md" for n in range(6)]))
    assert fates(found) == sorted([("git status --short", Fate.SAVED), ("git log --oneline -5", Fate.SAVED)] * 4)
    assert {each.at for each in found.ran} == {0}
    figures = found.total.figures()
    assert (figures["calls"], figures["saved"], figures["wasted"], figures["fired"]) == (18, 8, 0, 8)
    assert figures["precision"] == 1.0
    # calls three to six of either command had been made in two earlier sessions
    assert figures["ceiling"] == figures["ceiling_reads"] == round(8 / 18, 4)
    assert figures["turns_saved"] == 8


def test_what_is_never_made_is_wasted() -> None:
    found = walked(history(*[LOOK] * 5, "> how do we stand\n$ git status --short\n$ ls"))
    assert fates(found)[-2:] == [("git status --short", Fate.SAVED)] * 2
    assert ("git log --oneline -5", Fate.NEVER) in fates(found)


def test_a_prompt_that_led_to_nothing_wastes_what_was_run() -> None:
    found = walked(history(*[LOOK] * 5, "> how do we stand"))
    assert [each.fate for each in found.ran[-2:]] == [Fate.NEVER, Fate.NEVER]
    assert found.total.episodes == 6


def test_what_would_follow_the_last_call_is_run_in_vain() -> None:
    found = walked(history(*CHAINS, "> other\n$ git status"))
    assert [(each.text, each.at, each.fate) for each in found.ran[-1:]] == [("git branch -a", 1, Fate.NEVER)]


def test_a_result_that_may_have_changed_since_is_not_saved() -> None:
    found = walked(history(*[LOOK] * 5, "> how do we stand\n~ a.py\n$ git status --short\n$ git log --oneline -5"))
    assert fates(found)[:1] == [("git log --oneline -5", Fate.SAVED)]
    assert ("git status --short", Fate.STALE) in fates(found)
    assert found.total.figures()["stale"] == 1


def test_a_call_of_which_only_a_part_was_run_is_not_saved() -> None:
    found = walked(history(*[LOOK] * 5, "> how do we stand\n$ git status --short && git diff\n$ git log --oneline -5"))
    assert ("git status --short", Fate.PARTLY) in fates(found)
    both = walked(history(*[LOOK] * 5, "> how do we stand\n$ git status --short && git log --oneline -5"))
    assert (both.total.saved, both.total.calls_saved) == (4 * 2, 3 * 2 + 1)  # the last two actions are one call


def test_cosmetics_do_not_matter() -> None:
    dressed = (
        "> how do we stand\n$ cd /work/shop && git status --short 2>&1 | head -20\n$ git -C /work/shop log --oneline -5"
    )
    found = walked(history(*[LOOK] * 5, dressed))
    assert [each.fate for each in found.ran[-2:]] == [Fate.SAVED, Fate.SAVED]


def test_what_was_asked_for_at_once_cannot_be_foreseen_by_its_first_half() -> None:
    at_once = walked(history(*CHAINS, "> other\n$ git status\n&\n$ git branch -a"))
    one_by_one = walked(history(*CHAINS, "> other\n$ git status\n$ git branch -a"))
    assert [each.episode for each in one_by_one.ran] == [*(each.episode for each in at_once.ran), "s10:p"]


def test_half_of_a_turn_saves_no_turn() -> None:
    found = walked(
        history(*[LOOK] * 5, "> how do we stand\n$ git status --short\n&\n$ git diff\n$ git log --oneline -5")
    )
    assert found.total.turns_saved == 3 * 2 + 1
    assert found.total.saved == 3 * 2 + 2


def test_sessions_at_the_same_time_do_not_learn_from_each_other() -> None:
    texts = history(*[LOOK] * 6)
    together = [
        replace(each, at=START, calls=tuple(replace(call, at=START + DAY) for call in each.calls)) for each in texts
    ]
    assert walked(together).ran == []
    assert walked(together).total.ceiling_calls == 0
    assert walked(texts).ran != []


def test_what_agentjit_did_itself_is_no_history() -> None:
    texts = history(*[LOOK] * 6)
    found = walked([replace(each, own="skill") if n < 4 else each for n, each in enumerate(texts)])
    assert found.total.episodes == 2
    assert found.ran == []


def test_a_prompt_that_nobody_typed_starts_nothing() -> None:
    texts = history(*[LOOK] * 6)
    found = walked([replace(each, kind="meta") for each in texts])
    assert not [each for each in found.ran if each.kind in ("prompt", "skill")]


def test_a_skill_answers_where_one_would_have_been_compiled() -> None:
    ask = "> which branch is deployed\n$ git rev-parse --abbrev-ref deployed\n| {b}\n< Deployed is {b}."
    found = walked(
        history(*[ask.replace("{b}", each) for each in ("main", "rc1", "rc2", "main", "rc3", "hotfix", "rc4")])
    )
    assert (found.total.answered, found.total.wrong_answers) == (2, 0)
    assert {each.kind for each in found.ran} >= {"skill"}


def test_a_form_is_judged_by_the_file_it_would_read() -> None:
    explain = "> explain {n}.py\n@ /work/shop/{n}.py\n$ ./t{n}"
    texts = [explain.replace("{n}", name) for name in ("aa", "bb", "cc", "dd", "ee")]
    fresh_file = walked(history(*texts, "> explain zz.py\n@ /work/shop/zz.py"))
    assert [(each.text, each.fate) for each in fresh_file.ran][-1:] == [("Read zz.py", Fate.SAVED)]
    edited = walked(history(*texts, "> explain zz.py\n~ zz.py\n@ /work/shop/zz.py"))
    assert [(each.text, each.fate) for each in edited.ran][-1:] == [("Read zz.py", Fate.STALE)]


def test_a_project_is_judged_by_its_own_files() -> None:
    learned = ["# /work/shop\n> where are we\n@ /work/shop/NOTES.md"] * 4
    now = "# /work/other\n> where are we\n~ NOTES.md\n@ /work/other/NOTES.md"
    found = walked(history(*learned, now))
    assert [each.fate for each in found.ran if each.episode == "s4:p"] == [Fate.STALE]


def test_a_value_that_would_make_something_else_of_a_command_is_not_run() -> None:
    lines = "> lines with {n}\n$ sed -n '/{n}/p' log.txt\n~ a{n}.md"
    texts = [lines.replace("{n}", name) for name in ("aa", "bb", "cc", "dd", "ee")]
    assert [each.text for each in walked(history(*texts, "> lines with ff")).ran][-1:] == ["sed -n '/ff/p' log.txt"]
    hostile = walked(history(*texts, "> lines with foo/w"))
    assert not [each for each in hostile.ran if each.episode == "s5:p"]


@pytest.mark.parametrize("changes", [{"ended": Ended.INTERRUPTED}, {"ended": Ended.UNANSWERED}, {"agent": "A"}])
def test_what_was_not_finished_or_done_by_a_sub_agent_may_have_changed_it(changes: dict[str, object]) -> None:
    texts = history(*[LOOK] * 5, "> how do we stand\n$ ./x.sh\n$ git status --short")
    first, *rest = texts[-1].calls
    last = replace(texts[-1], calls=(replace(first, **changes), *rest))  # type: ignore[arg-type]
    found = walked([*texts[:-1], last])
    assert ("git status --short", Fate.STALE) in [(each.text, each.fate) for each in found.ran]


def test_another_session_in_the_same_project_may_have_changed_it() -> None:
    texts = history(*[LOOK] * 5, "> how do we stand\n$ ls\n$ git status --short", "> do\n$ ./x.sh")
    other = replace(texts[-1], at=texts[-2].at, calls=(replace(texts[-1].calls[0], at=texts[-2].at + 0.5),))
    found = walked([*texts[:-1], other])
    assert ("git status --short", Fate.STALE) in fates(found)
    assert ("git status --short", Fate.STALE) not in fates(walked(texts))
    below, aside = (
        replace(other, cwd=folder, calls=(replace(other.calls[0], cwd=folder),))
        for folder in ("/work/shop/src", "/work/else")
    )
    assert ("git status --short", Fate.STALE) in fates(walked([*texts[:-1], below]))
    assert ("git status --short", Fate.STALE) not in fates(walked([*texts[:-1], aside]))


def test_what_still_runs_in_the_background_may_change_anything() -> None:
    chain = "> task {n} of {n}\n$ ls d{n}\n$ ./serve\n$ git status\n$ git branch -a"
    texts = history(*[chain.replace("{n}", str(n * n)) for n in range(6)])
    assert walked(texts).total.saved > 3
    started = [
        replace(each, calls=(each.calls[0], replace(each.calls[1], input=BACKGROUND), *each.calls[2:]))
        for each in texts
    ]
    assert walked(started).total.saved == 0


def test_what_never_pays_is_not_run_again_and_again() -> None:
    chain = "> task {n} of {n}\n$ ls d{n}\n$ ./serve\n$ git status\n$ git branch -a"
    texts = history(*[chain.replace("{n}", str(n * n)) for n in range(30)])
    started = [
        replace(each, calls=(each.calls[0], replace(each.calls[1], input=BACKGROUND), *each.calls[2:]))
        for each in texts
    ]
    assert walked(started).total.wasted < 5


def test_a_call_that_still_runs_teaches_nothing() -> None:
    texts = history(LOOK, LOOK, "> how do we stand")
    slow = replace(texts[1], calls=tuple(replace(call, seconds=3 * DAY) for call in texts[1].calls))
    assert walked([texts[0], slow, texts[2]]).ran == []
    assert walked(texts).ran != []


def test_a_request_that_asked_for_more_is_not_saved() -> None:
    texts = history(*[LOOK] * 5, "> how do we stand\n$ git status --short\n$ git log --oneline -5")
    status, log = texts[-1].calls
    list_kept = replace(status, id="todo", tool="TodoWrite", input={}, batch="b")
    last = replace(texts[-1], calls=(list_kept, replace(status, batch="b"), log))
    assert walked([*texts[:-1], last]).total.turns_saved == walked(texts).total.turns_saved - 1


def test_an_answer_from_a_result_that_may_have_changed_is_no_answer() -> None:
    ask = "> which branch is deployed\n$ git rev-parse --abbrev-ref deployed\n| {b}\n< Deployed is {b}."
    texts = [ask.replace("{b}", each) for each in ("main", "rc1", "rc2", "main", "rc3", "hotfix")]
    late = "> which branch is deployed\n$ ./deploy.sh\n$ git rev-parse --abbrev-ref deployed\n| rc4\n< Deployed is rc4."
    assert walked(history(*texts, late)).total.answered == walked(history(*texts)).total.answered


def test_a_prompt_that_a_resumed_session_repeats_counts_once() -> None:
    texts = history(*[LOOK] * 3)
    again = [replace(each, id=f"{each.id}-again", session="resumed", calls=()) for each in texts]
    assert walked([*texts, *again]).total.episodes == 3


def test_a_check_leaves_the_results_of_checks_and_no_others() -> None:
    build = "> build {n}\n$ cat dist/report.txt\n$ npm run build\n$ npm test"
    texts = [build.replace("{n}", f"{n * n + 7}") for n in range(6)]
    turned = "> build 99\n$ npm run build\n$ cat dist/report.txt\n$ npm test"
    found = walk(rows(history(*texts, turned), is_check), {"it": Habits(TEMPLATES)})["it"]
    last = {each.text: each.fate for each in found.ran if each.episode == "s6:p"}
    assert last["npm test"] is Fate.SAVED
    assert last.get("cat dist/report.txt") is not Fate.SAVED


def test_checks_are_run_only_where_they_are_trusted() -> None:
    verify = "> task {n}\n~ a{n}.py\n$ npm run lint\n$ npm test"
    texts = history(*[verify.replace("{n}", f"{n * n + 7}") for n in range(7)])
    assert walked(texts).ran == []
    trusting = walk(rows(texts, is_check), {"it": Habits(TEMPLATES)})["it"]
    assert trusting.total.saved > 4
    assert trusting.total.wrong_writes == 0


def test_tokens_and_seconds_are_those_of_the_turns_saved() -> None:
    found = walked(history(*[LOOK] * 5))  # the notation says 30,000 tokens, 12 s in 3 requests
    assert found.total.turns_saved == 6
    assert (found.total.tokens_saved, found.total.seconds_saved) == (60_000, 24.0)


# --- baselines


def test_repeating_the_last_identical_prompt_writes_what_was_not_asked_for() -> None:
    found = walked(history("> ship\n$ git push\n$ ls", "> Ship\n$ ls", "> ship it"), LastPrompt())
    assert fates(found) == [("git push", Fate.WRONG), ("ls", Fate.SAVED)]
    assert found.total.wrong_writes == 1


def test_the_usual_next_call_needs_three_times_and_eight_in_ten() -> None:
    chain = "> task {n}\n$ git status\n$ git branch -a"
    texts = [chain.replace("{n}", str(n)) for n in range(5)]
    assert walked(history(*texts), NextCall(1)).total.saved == 2
    other = "> other\n$ git status\n$ pwd"
    mixed = walked(history(*texts[:3], other, *texts[3:]), NextCall(1))  # 3 of 3, 3 of 4 (silent), 4 of 5
    assert [(each.episode, each.fate) for each in mixed.ran] == [("s3:p", Fate.NEVER), ("s5:p", Fate.SAVED)]
    assert walked(history(*texts), NextCall(2)).total.fired == 0


def test_replay_follows_the_last_time() -> None:
    chain = "> task {n}\n$ git status\n$ git branch -a\n$ ls {n}"
    found = walked(history(*[chain.replace("{n}", str(n)) for n in range(3)]), Replay())
    assert fates(found) == [("ls 0", Fate.NEVER), ("ls 1", Fate.NEVER)]
