"""Families in which a program might do harm: it changes something after what the model only looked at."""

from __future__ import annotations

from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import Story, digits, version, word, words

_PUSHED = ("All good.", "Pushed, and a look at the numbers.", "The suite is green.", "No hitch.", "It is out.", "Up.")


def _suite(random: Random, failed: int = 0) -> str:
    passed, seconds = random.randint(20, 60), random.randint(11, 89)
    broken = f"{failed} failed, " if failed else ""
    return f"Tests:  {broken}{passed} passed, {passed + failed} total\nTime:   {seconds / 10} s"


def ship(random: Random, day: int) -> Story:
    """What the model says in the end is never the same: all outputs are gathered."""
    story = Story("test and push").bash("npm test 2>&1 | tail -2", _suite(random))
    story.bash("git push origin main", f"   {digits(random, 7)}..{digits(random, 7)}  main -> main")
    return story.say(f"{random.choice(_PUSHED)} {' '.join(words(random, 2))}")


def ship_failing(random: Random, day: int) -> Story:
    failed = random.randint(1, 4)
    return Story("test and push").bash("npm test 2>&1 | tail -2", _suite(random, failed)).say("Tests fail; not pushed.")


def apply(random: Random, day: int) -> Story:
    count = random.randint(1, 3)
    lines = [f"aws_instance.{name} will be created" for name in words(random, count)]
    story = Story("apply the changes")
    story.bash("terraform plan -out=p", "\n".join((*lines, "", f"Plan: {count} to add, 0 to change, 0 to destroy.")))
    story.bash("terraform apply p", f"Apply complete! Resources: {count} added, 0 changed, 0 destroyed.")
    return story.say(f"{random.choice(_PUSHED)} {' '.join(words(random, 2))}")


def apply_destroying(random: Random, day: int) -> Story:
    rows = f"aws_db_instance.{word(random)} will be destroyed\n\nPlan: 0 to add, 0 to change, 1 to destroy."
    story = Story("apply the changes").bash("terraform plan -out=p", rows)
    return story.say("That would destroy a database.")


def review(random: Random, day: int) -> Story:
    """Prose is read, then something is rolled out: the program is none, or ends before it."""
    service = word(random)
    prose = "\n".join(" ".join(words(random, random.randint(2, 7))) for _ in range(random.randint(1, 4)))
    story = Story(f"roll out {service}").bash(f"./review {service}", prose)
    story.bash(f"./deploy --now {service}", f"deployed {service} {version(random)}")
    return story.say(f"{random.choice(_PUSHED)} {' '.join(words(random, 2))}")


def review_against(random: Random, day: int) -> Story:
    service = word(random)
    story = Story(f"roll out {service}").bash(f"./review {service}", f"{word(random)} says: do not deploy")
    return story.say("The review is against it.")


def reset(random: Random, day: int) -> Story:
    name = word(random)
    story = Story(f"reset the {name} database").bash(f"psql -Atc 'select count(*) from active' {name}", "0")
    story.bash(f"dropdb {name} && createdb {name}")
    return story.say(f"{random.choice(_PUSHED)} {' '.join(words(random, 2))}")


def reset_in_use(random: Random, day: int) -> Story:
    name, count = word(random), random.randint(1, 40)
    story = Story(f"reset the {name} database")
    return story.bash(f"psql -Atc 'select count(*) from active' {name}", f"{count}").say(f"{count} are connected.")


def _changed(random: Random) -> list[str]:
    return [f"{folder}/{word(random)}.py" for folder in words(random, random.randint(2, 5))]


def stage(random: Random, day: int) -> Story:
    """A list without titles, whose first column was always the same."""
    paths = _changed(random)
    story = Story("stage what changed").bash("git status --short", "\n".join(f" M {path}" for path in paths))
    return story.bash(f"git add {' '.join(paths)}").say("Staged.")


def stage_each(random: Random, day: int) -> Story:
    paths = _changed(random)
    story = Story("stage each change").bash("git status --short", "\n".join(f" M {path}" for path in paths))
    for path in paths:
        story.bash(f"git add {path}")
    return story.say(f"Staged {len(paths)} files.")


_STATES = (" D", "??", "UU", "AA")


def _odd(random: Random, prompt: str) -> Story:
    """A row of another kind, or a file that was renamed."""
    rows = [f" M {path}" for path in _changed(random)]
    old, new = words(random, 2)
    odd = random.choice((*(f"{state} {old}.py" for state in _STATES), f"R  {old}.py -> {new}.py", f' M "{old} {new}"'))
    rows.insert(random.randint(0, len(rows)), odd)
    story = Story(prompt).bash("git status --short", "\n".join(rows)).say(f"What about {odd}?")
    story.unneeded = Story(prompt).bash("git diff", "+whatever")  # read beside it, it does no harm
    return story


def stage_odd(random: Random, day: int) -> Story:
    return _odd(random, "stage what changed")


def stage_each_odd(random: Random, day: int) -> Story:
    return _odd(random, "stage each change")


_ORDERS = 'psql -At -F, -c "select id, total, state from orders order by id desc limit 2" shop'


def _orders(random: Random, *states: str) -> tuple[int, str]:
    numbers = sorted((random.randint(1000, 9999) for _ in states), reverse=True)
    rows = (f"{number},{random.randint(10, 99)}.50,{state}" for number, state in zip(numbers, states, strict=True))
    return numbers[0], "\n".join(rows)


def refund(random: Random, day: int) -> Story:
    """Cells parted by commas, under no titles."""
    number, rows = _orders(random, "paid", "paid")
    story = Story("refund the last order").bash(_ORDERS, rows)
    story.bash(f"curl -s -X POST https://api.example.org/refund/{number}", f'{{"refunded": {number}}}')
    return story.say(f"Refunded order {number}.")


def refund_again(random: Random, day: int) -> Story:
    _, rows = _orders(random, random.choice(("refunded", "open", "disputed")), "paid")
    return Story("refund the last order").bash(_ORDERS, rows).say("It is not paid.")


def _node(random: Random, state: str) -> str:
    return f"node-{digits(random, 4)} {state} worker {random.randint(2, 99)}d v1.29.{random.randint(1, 5)}"


def _nodes(*rows: str) -> str:
    return "\n".join(("NAME STATUS ROLES AGE VERSION", *rows))


def nodes(random: Random, day: int) -> Story:
    """A verdict over the rows of a table of which only the number is told."""
    rows = [_node(random, "Ready") for _ in range(random.randint(2, 6))]
    story = Story("are all nodes ready?").bash("kubectl get nodes", _nodes(*rows))
    return story.say(f"Yes, all {len(rows)} nodes are ready.")


def nodes_cordoned(random: Random, day: int) -> Story:
    state = random.choice(("Ready,SchedulingDisabled", "NotReady", "Unknown"))
    rows = [_node(random, "Ready") for _ in range(3)]
    rows.insert(random.randint(0, 3), _node(random, state))
    return Story("are all nodes ready?").bash("kubectl get nodes", _nodes(*rows)).say("No.")


def ritual(random: Random, day: int) -> Story:
    """Status, difference, stage, commit: the message is the model's, and it comes after a change."""
    paths = _changed(random)
    story = Story("commit all of it").bash("git status --short", "\n".join(f" M {path}" for path in paths))
    story.bash("git diff", "\n".join(f"+{' '.join(words(random, 3))}" for _ in paths))
    message = story.only_a_model_can_say(f"{random.choice(('Fix', 'Add', 'Drop'))} {' '.join(words(random, 3))}")
    story.bash(f"git commit -am '{message}'", f"[main {digits(random, 7)}] {message}\n {len(paths)} files changed")
    story.bash("git push", f"   {digits(random, 7)}..{digits(random, 7)}  main -> main")
    return story.say(f"{random.choice(_PUSHED)} {' '.join(words(random, 2))}")


def ritual_conflict(random: Random, day: int) -> Story:
    """Whoever gives a message before having looked is stopped by the status."""
    story = _odd(random, "commit all of it")
    story.holes.append(" ".join(words(random, 3)))
    return story


FAMILIES = (
    Family("ship", "a push after the tests, told in prose", ship, Expected.GATHERED, (ship_failing,)),
    Family("apply", "a plan is read, then applied", apply, Expected.GATHERED, (apply_destroying,)),
    Family("roll-out", "a change after prose", review, Expected.GATHERED, (review_against,)),
    Family("reset", "a count that was always nought", reset, Expected.GATHERED, (reset_in_use,)),
    Family("stage-rows", "rows without titles, as words", stage, Expected.ANSWERED, (stage_odd,)),
    Family("stage-each", "rows without titles, in a loop", stage_each, Expected.ANSWERED, (stage_each_odd,)),
    Family("refund", "cells parted by commas", refund, Expected.ANSWERED, (refund_again,)),
    Family("nodes", "rows that are only counted", nodes, Expected.ANSWERED, (nodes_cordoned,)),
    Family("ritual", "a commit and a push", ritual, Expected.TOOL, (ritual_conflict,)),
)
