"""Families of people who write code: git, releases, edits, tests, reports."""

from __future__ import annotations

from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import Story, digits, version, word, words


def release(random: Random, day: int) -> Story:
    major, minor, patch = (random.randint(0, 30) for _ in range(3))
    old, new = f"v{major}.{minor}.{patch}", f"v{major}.{minor}.{patch + 1}"
    story = Story("release a patch")
    story.bash("git describe --tags --abbrev=0", old)
    story.bash(f"git tag {new}").bash(f"git push origin {new}", f"To example:shop\n * [new tag] {new} -> {new}")
    return story.say(f"Released {new}.")


def release_calendar(random: Random, day: int) -> Story:
    story = Story("release a patch").bash("git describe --tags --abbrev=0", f"release-{random.randint(2020, 2026)}-rc")
    return story.say("The newest tag is a release candidate; which version should it be?")


def commit(random: Random, day: int) -> Story:
    paths = [f"src/{name}.py" for name in words(random, random.randint(1, 3))]
    story = Story("commit this")
    story.bash("git status --short", "\n".join(f" M {path}" for path in paths))
    story.bash("git diff --stat", f" {len(paths)} files changed, {random.randint(1, 80)} insertions(+)")
    message = story.only_a_model_can_say(
        f"{random.choice(('Fix', 'Add', 'Drop', 'Explain'))} {' '.join(words(random, 3))}"
    )
    story.bash(f"git commit -am '{message}'", f"[main {digits(random, 7)}] {message}\n {len(paths)} files changed")
    return story.say("Committed.")


def stage(random: Random, day: int) -> Story:
    paths = [f"{word(random)}/{name}.txt" for name in words(random, random.randint(2, 5))]
    story = Story("stage all that changed")
    story.bash("git diff --name-only", "\n".join(paths)).bash(f"git add {' '.join(paths)}")
    return story.say("Staged.")


def stage_nothing(random: Random, day: int) -> Story:
    return Story("stage all that changed").bash("git diff --name-only", "").say("Nothing has changed.")


def publish(random: Random, day: int) -> Story:
    branch = f"feature/{word(random)}"
    story = Story("push this branch", branch=branch)
    story.bash("git branch --show-current", branch)
    story.bash(f"git push -u origin {branch}", f"branch '{branch}' set up to track 'origin/{branch}'.")
    return story.say(f"Pushed {branch}.")


def tidy(random: Random, day: int) -> Story:
    """Two ways on, told apart by what the first step printed."""
    story = Story("put my work aside")
    if random.random() < 0.5:
        return story.bash("git status --porcelain", "").say("There is nothing to put aside.")
    rows = "\n".join(f" M {name}.py" for name in words(random, random.randint(1, 4)))
    story.bash("git status --porcelain", rows).bash("git stash", "Saved working directory and index state")
    return story.say("Your work is stashed.")


def ticket(random: Random, day: int) -> Story:
    number = f"AJ-{random.randint(1, 9999)}"
    story = Story(f"start {number}").bash(
        f"git switch -c work/{number.lower()}", f"Switched to a new branch 'work/{number.lower()}'"
    )
    return story.say(f"You are on work/{number.lower()}.")


def bump(random: Random, day: int) -> Story:
    major, minor, patch = (random.randint(0, 30) for _ in range(3))
    old, new = f"{major}.{minor}.{patch}", f"{major}.{minor + 1}.0"
    story = Story("bump the minor version")
    story.bash("cat VERSION", old).edit("/work/shop/VERSION", old, new)
    story.bash("make test", f"{random.randint(20, 90)} passed")
    return story.say(f"The version is {new} now.")


def notes(random: Random, day: int) -> Story:
    new = version(random)
    story = Story(f"write the notes for {new}")
    lines = "\n".join(f"- {' '.join(words(random, 3))}" for _ in range(random.randint(2, 4)))
    story.bash("git log --format='- %s' -5", lines)
    story.write(f"/work/shop/notes/{new}.md", f"# Release {new}\n\n{lines}\n")
    return story.say(f"The notes are in notes/{new}.md.")


def header(random: Random, day: int) -> Story:
    """A file made of what the prompt says."""
    name = word(random).replace("-", "_")
    story = Story(f"make a page for {name}")
    story.write(f"/work/shop/pages/{name}.md", f"# {name}\n\nNothing is known about {name} yet.\n")
    return story.say(f"pages/{name}.md is there.")


def convert(random: Random, day: int) -> Story:
    folder, name = words(random, 2)
    story = Story(f"make a jpeg of {folder}/{name}.png").bash(f"convert {folder}/{name}.png out/{name}.jpg")
    return story.say(f"It is out/{name}.jpg.")


def review(random: Random, day: int) -> Story:
    """A loop of reads, then judgement."""
    paths = [f"src/{name}.py" for name in words(random, random.randint(2, 4))]
    story = Story("review what I changed")
    story.bash("git diff --name-only main", "\n".join(paths))
    for path in paths:
        story.bash(f"git diff main -- {path}", f"--- a/{path}\n+{' '.join(words(random, 4))}")
    return story.say(f"I would rename {word(random)}; {' '.join(words(random, 4))}.")


def explore(random: Random, day: int) -> Story:
    """The same words, other work each time."""
    story = Story("look into the bug")
    for name in words(random, random.randint(2, 6)):
        story.bash(random.choice((f"grep -rn {name} src", f"cat src/{name}.py", f"git log -3 -- {name}")), name)
    return story.say(f"It is {' '.join(words(random, 5))}.")


def judge(random: Random, day: int) -> Story:
    lines = "\n".join(f"{name}.py: {random.randint(1, 300)}" for name in words(random, 4))
    story = Story("is the code well tested?").bash("./coverage --short", lines)
    return story.say(f"{random.choice(('Mostly', 'Hardly', 'Partly'))}: {' '.join(words(random, 4))}.")


def todo(random: Random, day: int) -> Story:
    name = word(random)
    path = f"src/{word(random)}/{word(random)}.py"
    story = Story(f"open the file that defines {name}").bash(f"grep -rl 'def {name}' src", path)
    story.read(f"/work/shop/{path}", f"def {name}():\n    return {random.randint(1, 99)}")
    return story.say(f"It returns {' '.join(words(random, 3))}.")


FAMILIES = (
    Family("release", "the next version", release, Expected.ANSWERED, (release_calendar,)),
    Family("commit", "a message nothing explains", commit, Expected.TOOL),
    Family("stage", "a whole list as words", stage, Expected.ANSWERED, (stage_nothing,)),
    Family("push", "the branch", publish, Expected.ANSWERED),
    Family("stash", "two ways on", tidy, Expected.ANSWERED, runs=10),
    Family("ticket", "letter case", ticket, Expected.ANSWERED),
    Family("bump", "Edit, then a test", bump, Expected.ANSWERED),
    Family("notes", "Write, with an output inside", notes, Expected.ANSWERED),
    Family("page", "Write, with the prompt inside", header, Expected.ANSWERED),
    Family("jpeg", "the stem of a path", convert, Expected.ANSWERED),
    Family("review", "a loop, then judgement", review, Expected.GATHERED),
    Family("explore", "never the same", explore, Expected.NOTHING),
    Family("judgement", "an answer nobody can derive", judge, Expected.GATHERED),
    Family("definition", "a path out of a search", todo, Expected.GATHERED),
)
