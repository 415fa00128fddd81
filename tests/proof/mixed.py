"""Families whose runs part where no result tells why: what only some runs wrote is never written for the others."""

from __future__ import annotations

from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import Story, digits, word


def shipping(random: Random, day: int) -> Story:
    """Tests, then a push, but not always: why not is in no output."""
    number = random.randint(20, 60)
    story = Story("test and ship").bash("npm test", f"Tests: {number} passed, {number} total")
    if day % 4 == 1:
        return story.say(f"I have not shipped it: {word(random)} asked for a freeze.")
    story.bash("git push origin main", f"   {digits(random, 7)}..{digits(random, 7)}  main -> main")
    return story.say("Shipped.")


def nightly(random: Random, day: int) -> Story:
    """One of two writes, whatever was printed."""
    story = Story("do the nightly round").bash("adm build --all", f"built {random.randint(2, 9)} of them")
    if day % 3 == 1:
        return story.bash("adm rollback --yes", "rolled back").say("Rolled back.")
    return story.bash("adm publish", "published").say("Published.")


def grouped(random: Random, day: int) -> Story:
    """The same three writes, in some of the runs that were recorded in one line."""
    name = word(random)
    story = Story(f"save the state of {name}")
    actions = [f"cp -r {name} backup/{name}", f"touch backup/{name}/done", "sync"]
    if day < 100 and day % 4 == 2:
        return story.bash(" && ".join(actions)).say(f"{name} is saved.")
    for action in actions:
        story.bash(action)
    return story.say(f"{name} is saved.")


def formatting(random: Random, day: int) -> Story:
    """A check that is sometimes gone on from, with a write."""
    story = Story("is it formatted?").bash("./format --check", f"{random.randint(90, 120)} files are checked")
    if day % 4 == 1:
        return story.bash("./format --write", "wrote").say("It is now.")
    return story.say("It is.")


def current(random: Random, day: int) -> Story:
    """A read that is made on one way only, every time, among reads that are not."""
    name = word(random)
    story = Story(f"is the mirror of {name} current?")
    if random.random() < 0.5:
        return story.bash(f"./mirror check {name}", "").say(f"The mirror of {name} is current.")
    source = word(random)
    story.bash(f"./mirror check {name}", "behind", 3).bash(f"cat mirrors/{name}.conf", f"from = {source}")
    return story.say(f"The mirror of {name} is behind {source}.")


FAMILIES = (
    Family("shipping", "a write that some runs did not make", shipping, Expected.GATHERED, runs=12),
    Family("nightly", "one of two writes, by no rule", nightly, Expected.GATHERED, runs=12),
    Family("grouped", "the same actions in one line", grouped, Expected.ANSWERED, runs=12),
    Family("formatting", "a check that is gone on from", formatting, Expected.GATHERED, runs=12),
    Family("current", "a read of one way only", current, Expected.ANSWERED, runs=12),
)
