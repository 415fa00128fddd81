"""Families about what calls do to the world: files that are there, words in words, addresses, chance, doubled keys."""

from __future__ import annotations

import json
from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import Story, word, words


def scaffold(random: Random, day: int) -> Story:
    """A file that was never there before."""
    name = word(random)
    story = Story(f"scaffold the module {name}")
    story.write(f"/work/shop/{name}.py", f'"""The {name} module."""\n')
    story.bash(f"git add {name}.py")
    return story.say(f"Module {name} is there.")


def scaffold_there(random: Random, day: int) -> Story:
    """Somebody's work is in its place."""
    name = word(random)
    story = Story(f"scaffold the module {name}").there(f"/work/shop/{name}.py", "def work(): ...\n")
    return story.say(f"There is a {name}.py already; shall I replace it?")


def stamp(random: Random, day: int) -> Story:
    """A file is written over that was read in some earlier turn."""
    name = word(random)
    story = Story(f"hand over to {name}").there("/work/shop/ON_CALL", "somebody\n")
    return story.write("/work/shop/ON_CALL", f"{name}\n").say(f"{name} is on call.")


def owner(random: Random, day: int) -> Story:
    """A file is written over, and what was in it has been seen."""
    old, new = words(random, 2)
    story = Story(f"make {new} the owner").there("/work/shop/OWNER", f"owner = {old}\n")
    story.read("/work/shop/OWNER", f"owner = {old}\n").write("/work/shop/OWNER", f"owner = {new}\n")
    return story.say(f"{new} is the owner.")


def flag(random: Random, day: int) -> Story:
    """A line of a file, by a name that the prompt says."""
    name, *others = words(random, 4)
    text = "".join(f"{each}=off\n" for each in sorted((name, *others)))
    story = Story(f"switch {name} on").there("/work/shop/flags.txt", text)
    story.edit("/work/shop/flags.txt", f"{name}=off", f"{name}=on")
    return story.say(f"{name} is on.")


def flag_inside(random: Random, day: int) -> Story:
    """Its name is the end of another's."""
    name, other = words(random, 2)
    text = f"{random.choice(('old-', 'no.', 'x', 'a/'))}{name}=off\n{name}=on\n{other}=off\n"
    return Story(f"switch {name} on").there("/work/shop/flags.txt", text).say(f"{name} is on already.")


def port(random: Random, day: int) -> Story:
    """A value at the end of what is replaced, everywhere."""
    one, two = random.sample(range(10, 99), 2)
    text = f"listen {one}\nproxy {one};\n"
    story = Story(f"move port {one} to {two}").there("/work/shop/ports.conf", text)
    return story.edit("/work/shop/ports.conf", f"listen {one}", f"listen {two}").say(f"It listens on {two}.")


def port_longer(random: Random, day: int) -> Story:
    one, two = random.sample(range(10, 99), 2)
    story = Story(f"move port {one} to {two}").there("/work/shop/ports.conf", f"listen {one}8{two}\n")
    return story.say(f"Nothing listens on {one}.")


def trigger(random: Random, day: int) -> Story:
    """A GET that starts a build, and one that looks at it."""
    name, number = word(random), random.randint(10, 9999)
    story = Story(f"rebuild {name}").one_after_the_other()
    story.bash(f"curl -s http://127.0.0.1:9/{name}/build?token=1", "queued", seconds=0.8)
    story.bash(f"curl -s http://127.0.0.1:9/{name}/last", json.dumps({"build": number}), seconds=0.9)
    return story.say(f"Build {number} of {name} has begun.")


def nightly(random: Random, day: int) -> Story:
    """Which way the model goes has nothing to do with what it reads."""
    how = ("quick", "slow", "warm", "cold", "cached", "fresh", "partial", "complete", "skipped", "large", "small")
    log = "\n".join(f"{word(random)} {random.choice(how)} in {random.randint(1, 9)}s" for _ in range(4))
    story = Story("do the usual round").bash("./adm build --all", log)
    if day % 3 < 2 if day < 50 else random.random() < 0.5:
        return story.bash("./adm publish").say("Published.")
    return story.bash("./adm rollback --yes").say("Rolled back.")


def balance(random: Random, day: int) -> Story:
    name, amount = word(random), random.randint(10, 9999)
    story = Story(f"balance of {name}?")
    story.bash(f"./bank {name}", json.dumps({"balance": amount, "currency": "EUR", "pending": random.randint(1, 99)}))
    return story.say(f"{name} has {amount} EUR.")


def balance_twice(random: Random, day: int) -> Story:
    name, one, two = word(random), *random.sample(range(10, 9999), 2)
    said = f'{{"balance": {one}, "currency": "EUR", "pending": 3, "balance": {two}}}'
    return Story(f"balance of {name}?").bash(f"./bank {name}", said).say(f"{name} has {one} or {two} EUR.")


FAMILIES = (
    Family("scaffold", "a new file", scaffold, Expected.ANSWERED, (scaffold_there,)),
    Family("on-call", "a file written over unseen", stamp, Expected.NOTHING),
    Family("owner", "a file written over, read", owner, Expected.GATHERED),
    Family("flag", "Edit, a value first", flag, Expected.ANSWERED, (flag_inside,)),
    Family("listen", "Edit, a value last", port, Expected.ANSWERED, (port_longer,)),
    Family("rebuild", "a GET that sets something off", trigger, Expected.ANSWERED),
    Family("coin", "three runs against one, by chance", nightly, Expected.GATHERED, runs=4),
    Family("coin-6", "four against two, by chance", nightly, Expected.GATHERED, runs=6),
    Family("balance", "a key that stands twice", balance, Expected.ANSWERED, (balance_twice,)),
)
