"""Families that turn off the straight road: other ways on, loops, several phrasings; and coincidences that mislead."""

from __future__ import annotations

import json
from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import Story, digits, version, word, words


def alive(random: Random, day: int) -> Story:
    """The exit status says which way on."""
    service = word(random)
    story = Story(f"is {service} alive?")
    if random.random() < 0.5:
        return story.bash(f"./ping {service}", "pong").say(f"{service} is alive.")
    return story.bash(f"./ping {service}", "no answer", 1).say(f"{service} is dead.")


def alive_unknown(random: Random, day: int) -> Story:
    service = word(random)
    return Story(f"is {service} alive?").bash(f"./ping {service}", "bus error", 7).say("The check itself broke.")


def outdated(random: Random, day: int) -> Story:
    """A step that is only taken if the one before says so."""
    package = word(random)
    story = Story(f"is {package} up to date?")
    if random.random() < 0.5:
        return story.bash(f"npm outdated {package}", "").say(f"{package} is up to date.")
    now, then = version(random), version(random)
    story.bash(f"npm outdated {package}", f"Package Current Latest\n{package} {now} {then}", 1)
    story.bash(f"npm view {package}@{then} deprecated", "")
    return story.say(f"{package} is outdated.")


def services(random: Random, day: int) -> Story:
    """For each line of a file, one command whose output counts."""
    stage, found = word(random), words(random, random.randint(2, 5))
    story = Story(f"are all services of {stage} active?")
    story.bash(f"cat envs/{stage}.services", "\n".join(found))
    for service in found:
        story.bash(f"systemctl is-active {service}", "active")
    return story.say(f"All services of {stage} are active.")


def services_down(random: Random, day: int) -> Story:
    stage, found = word(random), words(random, 3)
    story = Story(f"are all services of {stage} active?")
    story.bash(f"cat envs/{stage}.services", "\n".join(found))
    story.bash(f"systemctl is-active {found[0]}", "active").bash(f"systemctl is-active {found[1]}", "inactive")
    return story.say(f"{found[1]} is not active.")


def releases(random: Random, day: int) -> Story:
    """For each item of a JSON list, one write."""
    repo = word(random)
    drafts = [{"id": random.randint(1000, 99999), "draft": True} for _ in range(random.randint(2, 4))]
    story = Story(f"delete the drafts of {repo}").bash(f"curl -s http://127.0.0.1:9/{repo}/drafts", json.dumps(drafts))
    for draft in drafts:
        story.bash(f"curl -s -X DELETE http://127.0.0.1:9/{repo}/drafts/{draft['id']}", "{}")
    return story.say(f"The drafts of {repo} are gone.")


def greeting(random: Random, day: int) -> Story:
    """One workflow, asked for in two ways."""
    service = word(random)
    asked = random.choice((f"which version of {service} is live?", f"tell me the live version of {service}"))
    state = version(random)
    story = Story(asked).bash(f"curl -s http://127.0.0.1:9/{service}/version", json.dumps({"version": state}))
    return story.say(f"{service} {state} is live.")


def owners(random: Random, day: int) -> Story:
    """Two fields that were equal whenever anybody looked: nothing says which was meant."""
    project, number = word(random), str(random.randint(100, 99999))
    story = Story(f"who pays for {project}?")
    story.bash(f"./crm project {project}", json.dumps({"name": project, "owner": number, "payer": number}))
    who = word(random)
    story.bash(f"./crm user {number}", json.dumps({"id": number, "login": who}))
    return story.say(f"{who} pays for {project}.")


def owners_part(random: Random, day: int) -> Story:
    project, one, other, who = (
        word(random),
        str(random.randint(100, 999)),
        str(random.randint(1000, 9999)),
        word(random),
    )
    story = Story(f"who pays for {project}?")
    story.bash(f"./crm project {project}", json.dumps({"name": project, "owner": one, "payer": other}))
    story.bash(f"./crm user {other}", json.dumps({"id": other, "login": who}))
    return story.say(f"{who} pays for {project}.")


def tail(random: Random, day: int) -> Story:
    """A value glued to its option."""
    service, count = word(random), random.randint(2, 99)
    story = Story(f"show the last {count} lines of {service}")
    story.bash(f"tail -n{count} logs/{service}.log", "\n".join(words(random, 4)))
    return story.say(f"They are about {' '.join(words(random, 3))}.")


def usage(random: Random, day: int) -> Story:
    folder, size = word(random), f"{random.randint(1, 900)}{random.choice('MG')}"
    story = Story(f"how big is {folder}?").bash(f"du -sh {folder}", f"{size}\t{folder}")
    return story.say(f"{folder} takes {size}.")


def export(random: Random, day: int) -> Story:
    """A redirection, whose target varies."""
    table, count = word(random), random.randint(10, 9999)
    story = Story(f"export {table}").bash(f"./dump {table} > out/{table}.csv")
    story.bash(f"wc -l < out/{table}.csv", str(count))
    return story.say(f"out/{table}.csv has {count} lines.")


def build(random: Random, day: int) -> Story:
    """A value in an assignment before the command, and a directory."""
    stage = random.choice(("prod", "staging", "dev", "qa", "lab", "demo"))
    story = Story(f"build for {stage}").bash(f"NODE_ENV={stage} npm run build", f"built for {stage}")
    return story.say(f"Built for {stage}.")


def rename(random: Random, day: int) -> Story:
    """Edit with values of the prompt."""
    old, new = words(random, 2)
    story = Story(f"point the proxy from {old} to {new}")
    story.edit("/work/shop/proxy.conf", f"upstream {old};", f"upstream {new};")
    story.bash("nginx -t", "configuration file is ok")
    return story.say(f"The proxy points to {new}.")


def comment(random: Random, day: int) -> Story:
    """MCP: what one tool tells goes into the next."""
    number, author = random.randint(1, 9999), word(random)
    story = Story(f"thank whoever reported issue {number}")
    story.tool("mcp__tracker__get_issue", {"number": number}, {"number": number, "author": author})
    story.tool("mcp__tracker__comment", {"number": number, "body": f"Thank you, {author}!"}, {"ok": True})
    return story.say(f"Thanked {author}.")


def table_top(random: Random, day: int) -> Story:
    """The first row of a sorted table."""
    month = f"{random.randint(2020, 2029)}-{random.randint(1, 12):02}"
    rows = sorted((random.randint(10, 9999) for _ in range(4)), reverse=True)
    names = words(random, 4)
    story = Story(f"who bought most in {month}?")
    listed = "\n".join(f"{name} {amount}" for name, amount in zip(names, rows, strict=True))
    story.bash(f"./report --sorted {month}", listed)
    return story.say(f"{names[0]}, for {rows[0]}.")


def fence(random: Random, day: int) -> Story:
    """An answer with the output in the middle of it."""
    name = word(random)
    code = "\n".join(f"{key} = {random.randint(1, 99)}" for key in words(random, 3))
    story = Story(f"print the settings of {name}").bash(f"cat conf/{name}.toml", code)
    return story.say(f"The settings of {name}:\n```\n{code}\n```")


def sums(random: Random, day: int) -> Story:
    """An answer that is computed: nobody has it but the model."""
    one, other, stage = random.randint(100, 900), random.randint(1000, 9000), word(random)
    story = Story(f"how many users has {stage} in all?")
    story.bash(f"./count --web {stage}", str(one)).bash(f"./count --app {stage}", str(other))
    return story.say(f"{one + other} users.")


def lists(random: Random, day: int) -> Story:
    """A list told as prose, with its length."""
    team, people = word(random), words(random, random.randint(2, 6))
    story = Story(f"who is in team {team}?").bash(f"./team {team}", "\n".join(people))
    return story.say(f"{len(people)} people: {', '.join(people)}.")


def branches(random: Random, day: int) -> Story:
    """The branch is what the harness knows; no call prints it."""
    branch = f"{word(random)}-{random.randint(1, 999)}"
    story = Story("open the pull request page", branch=branch)
    story.bash(f"xdg-open https://example.org/shop/compare/main...{branch}")
    return story.say("It is open.")


def typed(random: Random, day: int) -> Story:
    """Camel case out of words with dashes."""
    name = "-".join(words(random, 2)).replace("2", "").replace("3", "")
    title = "".join(part.capitalize() for part in name.split("-"))
    story = Story(f"make a component {name}").bash(f"./generate component {title}", f"created src/{title}.tsx")
    return story.say(f"src/{title}.tsx is there.")


def wanderer(random: Random, day: int) -> Story:
    """The same id in all runs but the last: a constant that is none."""
    host = "db1" if day != 6 else "db2"
    story = Story("check the database").bash(f"ssh {host} pg_isready", "accepting connections")
    return story.say("The database answers.")


def hashes(random: Random, day: int) -> Story:
    commit = digits(random, 7)
    story = Story("what did I do last?")
    story.bash("git rev-parse --short HEAD", commit)
    story.bash(f"git show --stat {commit}", f"commit {commit}\n {word(random)}.py | {random.randint(1, 90)} +")
    return story.say(f"You changed {' '.join(words(random, 3))}.")


FAMILIES = (
    Family("alive", "a fork by exit status", alive, Expected.ANSWERED, (alive_unknown,), runs=10),
    Family("outdated", "an optional step", outdated, Expected.ANSWERED, runs=10),
    Family("services", "a loop with a promise", services, Expected.ANSWERED, (services_down,)),
    Family("drafts", "a loop over JSON, a write", releases, Expected.ANSWERED),
    Family("phrasings", "two ways to ask", greeting, Expected.ANSWERED, runs=12),
    Family("payer", "two fields always equal", owners, Expected.ANSWERED, (owners_part,)),
    Family("tail", "a value glued to its option", tail, Expected.GATHERED),
    Family("usage", "a size with its unit", usage, Expected.ANSWERED),
    Family("export", "a redirection", export, Expected.ANSWERED),
    Family("build", "an assignment", build, Expected.ANSWERED),
    Family("proxy", "Edit, with the prompt inside", rename, Expected.ANSWERED),
    Family("thanks", "MCP, one leads to another", comment, Expected.ANSWERED),
    Family("best", "the first row", table_top, Expected.ANSWERED),
    Family("settings", "an answer around an output", fence, Expected.ANSWERED),
    Family("sums", "an answer that is computed", sums, Expected.GATHERED),
    Family("team", "a list in prose", lists, Expected.ANSWERED),
    Family("request-page", "the branch nobody printed", branches, Expected.ANSWERED),
    Family("component", "camel case", typed, Expected.ANSWERED),
    Family("database", "a constant that is none", wanderer, Expected.NOTHING),
    Family("last", "a hash", hashes, Expected.GATHERED),
)
