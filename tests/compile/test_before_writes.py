"""What the model read before it went on to change something: it is promised, or the program ends before the change."""

from __future__ import annotations

from collections.abc import Sequence

from agentjit.pipeline import Study
from tests.compile.structures import calls, compiled, ran
from tests.proof.story import Story

SERVICES = ("cart", "menu", "feed", "blog", "pay", "auth")
SAID = ("It is out.", "Shipped, with a look at the numbers.", "Green.", "No hitch.", "So I pushed.", "Up it goes.")


def taught(stories: Sequence[Story]) -> Study:
    return compiled([story.episode(number) for number, story in enumerate(stories)])


def results(passed: int, failed: int = 0) -> str:
    broken = f"{failed} failed, " if failed else ""
    return f"Tests: {broken}{passed} passed, {passed + failed} total\nTime: {passed % 7}.3 s\n"


def shipped(number: int) -> Story:
    story = Story("test and push").bash("npm test 2>&1 | tail -2", results(20 + number))
    return story.bash("git push origin main", f"   a1b{number}..c2d{number}  main -> main\n").say(SAID[number])


def test_a_write_waits_for_what_was_promised_though_the_model_reads_all_in_the_end() -> None:
    made = taught([shipped(number) for number in range(6)])
    push = {"git push origin main": "   a1b9..c2d9  main -> main\n"}
    run = ran(made, {"npm test 2>&1 | tail -2": results(24), **push})
    assert (run.outcome, calls(run)) == ("gathered", ["npm test 2>&1 | tail -2", "git push origin main"])
    run = ran(made, {"npm test 2>&1 | tail -2": results(22, 2), **push})
    assert (run.outcome, calls(run)) == ("handed_back", ["npm test 2>&1 | tail -2"])


def test_what_only_the_model_reads_last_is_not_promised() -> None:
    made = taught([shipped(number) for number in range(6)])
    run = ran(made, {"npm test 2>&1 | tail -2": results(24), "git push origin main": "Everything up-to-date\n"})
    assert run.outcome == "gathered"


def looked_over(number: int) -> Story:
    """What the first step prints has nothing in common but that somebody read it."""
    story = Story(f"roll out {SERVICES[number]}")
    lines = "\n".join(f"{SAID[(number + at) % 6]} {'-' * at}" for at in range(2 + number % 3))
    story.bash(f"./review {SERVICES[number]}", lines)
    story.bash(f"./deploy --now {SERVICES[number]}", f"deployed {SERVICES[number]}")
    return story.say(f"{SAID[-number]} {SERVICES[number - 2]}")


def quoted(number: int) -> Story:
    """The last message happens to be the first line of what was read before the change."""
    return looked_over(number).say(SAID[number % 6])


def test_to_be_quoted_in_the_end_is_no_promise() -> None:
    made = taught([quoted(number) for number in range(6)])
    assert calls(ran(made, {"./review web": "Do not deploy this."}, now="web")) == ["./review web"]


def test_the_program_ends_before_a_write_that_rests_on_what_nothing_is_known_of() -> None:
    made = taught([looked_over(number) for number in range(6)])
    assert made.plan, made.reason
    assert any("deploy" in left for left in made.plan.remains)
    run = ran(made, {"./review web": "Do not deploy this."}, now="web")
    assert (run.outcome, calls(run)) == ("gathered", ["./review web"])


def stashed(number: int, *, dirty: bool) -> Story:
    story = Story("put my work aside")
    if not dirty:
        return story.bash("git status --short", "").say("There is nothing.")
    rows = "".join(f" M {name}.py\n" for name in SERVICES[: 1 + number % 4])
    return story.bash("git status --short", rows).bash("git stash", "Saved").say(SAID[number % 6])


def test_a_path_with_a_write_keeps_the_promise_of_what_it_hangs_on() -> None:
    made = taught([stashed(number, dirty=number % 3 != 0) for number in range(12)])
    run = ran(made, {"git status --short": " M x.py\n M y.py\n", "git stash": "Saved"})
    assert calls(run) == ["git status --short", "git stash"]
    run = ran(made, {"git status --short": "UU x.py\n M y.py\n", "git stash": "Saved"})
    assert (run.outcome, calls(run)) == ("handed_back", ["git status --short"])


def merged(number: int) -> Story:
    """Something was printed, and each time something else."""
    story = Story("update this")
    if number % 2:
        return story.bash("./news", "").say("There is nothing.")
    lines = "\n".join(f"{SAID[(number + at) % 6]} {'-' * at}" for at in range(1 + number % 3))
    return story.bash("./news", lines).bash("git merge -q origin/main").say(SAID[number % 6])


def test_that_something_was_printed_is_no_promise_of_what() -> None:
    made = taught([merged(number) for number in range(12)])
    assert made.plan, made.reason
    assert ran(made, {"./news": ""}).answer == "There is nothing."
    assert calls(ran(made, {"./news": "work in progress"})) == ["./news"]


def edited(number: int) -> Story:
    """A harness may show the place that was edited: it is a receipt, like what a commit prints."""
    story = Story(f"rename {SERVICES[number]} to {SERVICES[number - 1]}")
    story.edit("/work/shop/a.conf", f"name {SERVICES[number]};", f"name {SERVICES[number - 1]};")
    tool, given, _, status, seconds, batch = story.calls[-1]
    lines = "\n".join(f"{at} {SAID[(number + at) % 6]}" for at in range(1 + number % 3))
    story.calls[-1] = (tool, given, f"Done. Now it reads:\n{lines}", status, seconds, batch)
    story.bash("git commit -qam wip", f"[main {number}ab{number}c] wip\n{lines}")
    return story.bash("./deploy now").say(SAID[number])


def test_what_a_known_write_prints_is_a_receipt() -> None:
    made = taught([edited(number) for number in range(6)])
    assert made.plan, made.reason
    assert not made.plan.remains
    assert len(list(made.plan.every_step())) == 3


def committed(number: int) -> Story:
    """The ritual of a commit, whose message only a model can say."""
    story = Story("commit this")
    names = SERVICES[: 1 + number % 4]
    story.bash("git status --short", "".join(f" M {name}.py\n" for name in names))
    story.bash("git diff", "\n".join(f"+{SAID[(number + at) % 6]}" for at in range(len(names))))
    message = story.only_a_model_can_say(f"{SAID[number]} {SERVICES[-number]}")
    story.bash(f"git commit -am '{message}'", f"[main abc{number}] {message}")
    return story.say(SAID[number])


def test_who_gives_a_message_has_read_what_was_printed_before() -> None:
    made = taught([committed(number) for number in range(6)])
    assert made.plan and [each.hole for each in made.plan.parameters] == [True]
    world = {
        "git status --short": " M x.py\n",
        "git diff": "-nothing like it",
        "git commit -am Hello": "[main a] Hello",
    }
    assert calls(ran(made, world)) == ["git status --short", "git diff"]
    assert calls(ran(made, world, message="Hello")) == list(world)
    run = ran(made, {**world, "git status --short": "UU x.py\n"}, message="Hello")
    assert run.outcome == "handed_back" and not [call for call in calls(run) if "commit" in call]


def added(number: int) -> Story:
    """Something is written before the message is asked for: nobody has read the review by then."""
    story = Story("commit this")
    story.bash("./review", "\n".join(SAID[: 2 + number % 4][::-1]) + f" {SERVICES[number]}")
    story.bash("git add -A")
    message = story.only_a_model_can_say(f"{SAID[number]} {SERVICES[-number]}")
    story.bash(f"git commit -m '{message}'", f"[main abc{number}] {message}")
    return story.say(SAID[number])


def test_a_write_before_the_message_waits_all_the_same() -> None:
    made = taught([added(number) for number in range(6)])
    assert made.plan, made.reason
    assert not [each for each in made.plan.parameters if each.hole]
    assert calls(ran(made, {"./review": "Stop!"})) == ["./review"]


def restarted(number: int) -> Story:
    """In each round something is changed, and what is printed then is read before the next."""
    names = SERVICES[: 2 + number % 4]
    story = Story("restart all")
    story.bash("./list", "\n".join(names))
    for name in names:
        story.bash(f"./restart {name}", f"{name} restarted")
    return story.say(SAID[number])


def test_the_rounds_of_a_loop_that_writes_promise_each() -> None:
    made = taught([restarted(number) for number in range(6)])
    world = {"./list": "web\ndb", "./restart web": "web restarted", "./restart db": "db restarted"}
    assert calls(ran(made, world)) == list(world)
    run = ran(made, {**world, "./restart web": "web is locked by bob"})
    assert (run.outcome, calls(run)) == ("handed_back", ["./list", "./restart web"])
