"""Families where it matters on what the user stands: a branch, a folder, an address that acts when it is fetched."""

from __future__ import annotations

from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import Story, digits, word


def pushed_main(random: Random, day: int) -> Story:
    story = Story("push it out", branch="main").bash("git push -q origin main")
    return story.say("Pushed.")


def pushed_feature(random: Random, day: int) -> Story:
    branch = random.choice(("feat-x", "main-2", "fix/main", "develop", word(random)))
    return Story("push it out", branch=branch).bash(f"git push -q origin {branch}").say("Pushed.")


def rebased(random: Random, day: int) -> Story:
    story = Story("bring my branch up to date", branch=f"{word(random)}-{digits(random, 2)}")
    return (
        story.bash("git pull -q --rebase origin main").bash("git push -q --force-with-lease").say("It is up to date.")
    )


def rebased_protected(random: Random, day: int) -> Story:
    branch = random.choice(("main", "master", "develop", "release/1.2", "gh-pages", "production", "staging"))
    return Story("bring my branch up to date", branch=branch).say(f"{branch} is not rebased.")


def launched(random: Random, day: int) -> Story:
    name = word(random)
    story = Story("deploy this app", cwd=f"/home/me/{name}").bash(f"fly deploy --app {name}", f"deployed {name}")
    return story.say(f"Deployed {name}.")


def launched_elsewhere(random: Random, day: int) -> Story:
    cwd = random.choice(("/tmp", "/home/me", f"/home/me/{word(random)}/src", f"/srv/{word(random)}/app"))
    return Story("deploy this app", cwd=cwd).say("Which app?")


FAMILIES = (
    Family("pushed-main", "always on one branch", pushed_main, Expected.ANSWERED, traps=(pushed_feature,)),
    Family("rebased", "never on a protected branch", rebased, Expected.ANSWERED, traps=(rebased_protected,)),
    Family("launched", "a folder among others", launched, Expected.ANSWERED, traps=(launched_elsewhere,)),
)
