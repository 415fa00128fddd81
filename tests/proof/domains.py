"""Families in which a value unlike those seen does harm: what is made of it, or what it names, is another thing."""

from __future__ import annotations

import json
from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import WORDS, Story, digits, version, word, words


def plain(random: Random) -> str:
    """A word without a figure or a dash."""
    return random.choice(WORDS)


def converted(random: Random, day: int) -> Story:
    name = word(random)
    return Story(f"convert {name}.csv to json").bash(f"csvjson {name}.csv > {name}.json").say(f"Wrote {name}.json.")


def converted_already(random: Random, day: int) -> Story:
    return Story(f"convert {word(random)}.json to json").say("It is JSON already.")


def converted_packed(random: Random, day: int) -> Story:
    name = word(random)
    return Story(f"convert {name}.csv.gz to json").bash(f"zcat {name}.csv.gz | csvjson > {name}.json").say("Done.")


def tested(random: Random, day: int) -> Story:
    name, count = word(random).replace("-", "_"), random.randint(2, 99)
    story = Story(f"run the tests of src/{name}.py").bash(f"pytest tests/test_{name}.py -q", f"{count} passed in 0.12s")
    return story.say(f"{count} tests of {name} pass.")


def tested_deeper(random: Random, day: int) -> Story:
    name = word(random).replace("-", "_")
    story = Story(f"run the tests of src/api/{name}.py").bash(f"pytest tests/api/test_{name}.py -q", "3 passed in 0.1s")
    return story.say(f"3 tests of {name} pass.")


def tested_package(random: Random, day: int) -> Story:
    story = Story("run the tests of src/__init__.py").bash("pytest tests -q", "93 passed in 1.1s")
    return story.say("93 tests pass.")


def branched(random: Random, day: int, title: str = "") -> Story:
    title = title or " ".join((random.choice(("Fix", "Add", "Drop")), *(plain(random) for _ in range(day % 3 + 1))))
    slug = title.lower().replace(" ", "-")
    story = Story(f'start a branch for "{title}"').bash("git fetch origin")
    story.bash(f"git switch -c feature/{slug} origin/main", f"Switched to a new branch 'feature/{slug}'")
    return story.say(f"You are on feature/{slug}.")


def branched_oddly(random: Random, day: int) -> Story:
    odd = random.choice(("OAuth2Login", "h2o", "HTMLParser", "2.5", "v2", "APIKey"))
    return branched(random, day, f"Fix {plain(random)} {odd}")


def image(random: Random, day: int) -> Story:
    service, now = word(random), version(random)
    story = Story(f"which image does {service} run?")
    story.bash(f"docker inspect {service} --format json", json.dumps({"Image": f"hub.example/{service}:{now}"}))
    return story.say(f"{service} runs {now}.")


def image_other(random: Random, day: int) -> Story:
    service = word(random)
    named = random.choice((f"hub.example/{service}@sha256:{digits(random, 12)}", f"hub.example/{service}:latest"))
    story = Story(f"which image does {service} run?")
    story.bash(f"docker inspect {service} --format json", json.dumps({"Image": named}))
    return story.say(f"{service} runs {named}.")


def pushed(random: Random, day: int) -> Story:
    branch = word(random)
    story = Story("push this", branch=branch).bash(f"git push -u origin {branch}", f"branch '{branch}' set up")
    return story.say(f"Pushed {branch}.")


def pushed_main(random: Random, day: int) -> Story:
    return Story("push this", branch=random.choice(("main", "master", "trunk"))).say("That branch is protected.")


def cleaned(random: Random, day: int) -> Story:
    folder = f"{random.choice(('out', 'dist', 'tmp'))}/{word(random)}"
    return Story(f"clean {folder}").bash(f"rm -rf {folder}").say("Cleaned.")


def cleaned_more(random: Random, day: int) -> Story:
    what = random.choice(("/etc", "/", "..", "~", "up", "house", "src", "/home/me", "../shop", "main"))
    return Story(f"clean {what}").say("What do you mean?")


def tidied(random: Random, day: int) -> Story:
    folder = word(random)
    return Story(f"clean {folder}").bash(f"rm -rf build/{folder} && mkdir build/{folder}").say("Cleaned.")


def tidied_more(random: Random, day: int) -> Story:
    return Story(f"clean {random.choice(('up', 'out', 'house', 'this', 'everything'))}").say("What do you mean?")


def copied(random: Random, day: int) -> Story:
    one, two = words(random, 2)
    return Story(f"copy {one} to {two}").bash(f"rsync -a data/{one}/ data/{two}/").say(f"Copied {one}.")


def copied_onto_itself(random: Random, day: int) -> Story:
    one = word(random)
    return Story(f"copy {one} to {one}").say("That is the same folder.")


def counted(random: Random, day: int) -> Story:
    table, count = f"{plain(random)}s", random.randint(100, 9999)
    story = Story(f"how many rows are in {table}?")
    story.bash(f'psql -Atc "select count(*) from {table}" shop', str(count))
    return story.say(f"{table} has {count} rows.")


def counted_reserved(random: Random, day: int) -> Story:
    table = random.choice(("user", "order", "group", "table"))
    story = Story(f"how many rows are in {table}?")
    return story.bash(f"psql -Atc 'select count(*) from \"{table}\"' shop", "12").say(f"{table} has 12 rows.")


def joined(random: Random, day: int) -> Story:
    name = word(random)
    story = Story(f"make an account for {name}@example.com")
    story.bash(f"adm user add {name} --mail {name}@example.com", f"created {name}")
    return story.say(f"Account {name} made.")


def joined_tagged(random: Random, day: int) -> Story:
    name = word(random)
    story = Story(f"make an account for {name}+x@example.com")
    return story.bash(f"adm user add {name} --mail {name}+x@example.com", f"created {name}").say(
        f"Account {name} made."
    )


def built(random: Random, day: int) -> Story:
    name = word(random)
    story = Story(f"build the image of services/{name}/Dockerfile")
    story.bash(f"docker build -t {name} services/{name}", f"Successfully tagged {name}:latest")
    return story.say(f"Built {name}.")


def built_deeper(random: Random, day: int) -> Story:
    name = word(random)
    story = Story(f"build the image of services/{name}/prod/Dockerfile")
    story.bash(f"docker build -t {name}-prod services/{name}/prod", f"Successfully tagged {name}-prod:latest")
    return story.say(f"Built {name}-prod.")


def built_elsewhere(random: Random, day: int) -> Story:
    name = word(random)
    story = Story(f"build the image of tools/{name}/Containerfile")
    story.bash(
        f"docker build -t {name} -f tools/{name}/Containerfile tools/{name}", f"Successfully tagged {name}:latest"
    )
    return story.say(f"Built {name}.")


FAMILIES = (
    Family("csvjson", "a file's name with another suffix", converted, Expected.ANSWERED,
           traps=(converted_already, converted_packed)),
    Family("tested", "a file beside another", tested, Expected.ANSWERED, traps=(tested_deeper, tested_package)),
    Family("branched", "a title as a branch", branched, Expected.ANSWERED, traps=(branched_oddly,)),
    Family("image", "a part of what a program prints", image, Expected.ANSWERED, traps=(image_other,)),
    Family("pushed", "a branch nobody names", pushed, Expected.ANSWERED, traps=(pushed_main,)),
    Family("cleaned", "folders that are removed", cleaned, Expected.ANSWERED, traps=(cleaned_more,)),
    Family("tidied", "words that belong to the verb", tidied, Expected.ANSWERED, traps=(tidied_more,)),
    Family("copied", "two names that are never one", copied, Expected.ANSWERED, traps=(copied_onto_itself,)),
    Family("counted", "names within a query", counted, Expected.ANSWERED, traps=(counted_reserved,)),
    Family("joined", "the first part of an address", joined, Expected.ANSWERED, traps=(joined_tagged,)),
    Family("built", "a folder in a path", built, Expected.ANSWERED, traps=(built_deeper, built_elsewhere)),
)  # fmt: skip
