"""Families of people who ask for data: REST, SQL, JSON, tables, MCP; and traps that only coincidence explains."""

from __future__ import annotations

import json
from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import Story, digits, version, word, words


def rest(random: Random, day: int) -> Story:
    user, number, count = word(random), f"u-{random.randint(10, 99999)}", random.randint(1, 90)
    story = Story(f"how many open orders does {user} have?")
    found = {"items": [{"id": number, "name": user, "status": "active"}]}
    story.bash(f"curl -s http://127.0.0.1:8080/users?name={user}", json.dumps(found))
    story.bash(f"curl -s http://127.0.0.1:8080/users/{number}/orders", json.dumps({"user": number, "open": count}))
    return story.say(f"{user} has {count} open orders.")


def rest_other_user(random: Random, day: int) -> Story:
    user = word(random)
    story = Story(f"how many open orders does {user} have?")
    found = {"items": [{"id": "u-1", "name": f"{user}-two", "status": "active"}]}
    story.bash(f"curl -s http://127.0.0.1:8080/users?name={user}", json.dumps(found))
    return story.say(f"There is no user {user}.")


def rest_blocked(random: Random, day: int) -> Story:
    user = word(random)
    story = Story(f"how many open orders does {user} have?")
    found = {"items": [{"id": "u-1", "name": user, "status": "blocked"}]}
    story.bash(f"curl -s http://127.0.0.1:8080/users?name={user}", json.dumps(found))
    return story.say(f"{user} is blocked.")


def sql(random: Random, day: int) -> Story:
    customer, count = word(random), random.randint(1, 500)
    story = Story(f"count the invoices of {customer}")
    story.bash(f"sqlite3 shop.db \"select count(*) from invoices where customer = '{customer}'\"", str(count))
    return story.say(f"{customer} has {count} invoices.")


def plan(random: Random, day: int) -> Story:
    stage = random.choice(("prod", "staging", "dev", "qa"))
    add, change = random.randint(1, 9), random.randint(1, 9)
    story = Story(f"what would terraform change in {stage}?")
    story.bash(
        f"terraform -chdir=envs/{stage} plan -no-color",
        f"Terraform will act.\n\nPlan: {add} to add, {change} to change, 0 to destroy.",
    )
    return story.say(f"In {stage} terraform would add {add} and change {change}; nothing is destroyed.")


def plan_destroys(random: Random, day: int) -> Story:
    story = Story("what would terraform change in prod?")
    story.bash(
        "terraform -chdir=envs/prod plan -no-color", "Terraform will act.\n\nPlan: 1 to add, 2 to change, 4 to destroy."
    )
    return story.say("Careful: terraform would destroy 4 resources in prod.")


def audit(random: Random, day: int) -> Story:
    high, critical = random.randint(1, 20), random.randint(1, 9)
    counts = {"info": 0, "low": random.randint(0, 40), "high": high, "critical": critical}
    story = Story("how bad is npm audit?").bash(
        "npm audit --json", json.dumps({"metadata": {"vulnerabilities": counts}}), 1
    )
    return story.say(f"{critical} critical and {high} high.")


def total(random: Random, day: int) -> Story:
    month, sum_ = f"{random.randint(2020, 2029)}-{random.randint(1, 12):02}", random.randint(100, 99999)
    story = Story(f"what did we sell in {month}?")
    story.bash(f"cut -d, -f3 sales/{month}.csv | tail -n +2 | paste -sd+ | bc", str(sum_))
    return story.say(f"We sold for {sum_} in {month}.")


def column(random: Random, day: int) -> Story:
    """A named column of a CSV file."""
    customer = word(random)
    mail = f"{word(random)}@example.org"
    rows = [
        f"{other},{random.randint(1, 99)},{word(random)}@example.org" for other in words(random, 3) if other != customer
    ]
    rows.insert(random.randint(0, len(rows)), f"{customer},{random.randint(1, 99)},{mail}")
    story = Story(f"what is the mail address of {customer}?")
    story.bash("cat customers.csv", "\n".join(("name,age,mail", *rows)))
    return story.say(f"{customer}: {mail}")


def setting(random: Random, day: int) -> Story:
    """`KEY=value` lines, one of which leads on."""
    stage, host, state = word(random), f"{word(random)}.example.org", version(random)
    story = Story(f"which version runs on {stage}?")
    story.bash(f"cat envs/{stage}.env", f"PORT={random.randint(1025, 9999)}\nHOST={host}\nMODE=live")
    story.bash(f"curl -s https://{host}/version", json.dumps({"version": state}))
    return story.say(f"{stage} runs {state}.")


def issue(random: Random, day: int) -> Story:
    number, title, who = random.randint(1, 9999), " ".join(words(random, 4)), word(random)
    story = Story(f"what is issue {number} about?")
    story.tool(
        "mcp__tracker__get_issue",
        {"repo": "shop", "number": number},
        {"number": number, "title": title, "state": "open", "author": who},
    )
    return story.say(f"Issue {number}: {title} (by {who}).")


def issue_closed(random: Random, day: int) -> Story:
    number = random.randint(1, 9999)
    story = Story(f"what is issue {number} about?")
    told = {"number": number, "title": "old", "state": "closed", "author": "ann"}
    story.tool("mcp__tracker__get_issue", {"repo": "shop", "number": number}, told)
    return story.say(f"Issue {number} is closed already.")


def logs(random: Random, day: int) -> Story:
    """A key out of one log leads to a second one."""
    request, upstream = f"r-{digits(random, 8)}", word(random)
    story = Story(f"what happened to {request}?")
    story.bash(f"grep {request} gateway.log", f"INFO req={request} upstream={upstream} took={random.randint(1, 900)}ms")
    story.bash(
        f"grep {request} logs/{upstream}.log", "\n".join(f"{random.randint(1, 99)} {name}" for name in words(random, 3))
    )
    return story.say(f"It {random.choice(('timed out', 'was served', 'was dropped'))} in {word(random)}.")


def chance(random: Random, day: int) -> Story:
    """The number asked for was the present one in every run that taught: a coincidence, and the user's word counts."""
    service, count = word(random), random.randint(2, 9)
    story = Story(f"scale {service} to {count}")
    story.bash(f"kubectl get deployment {service} -o jsonpath='{{.spec.replicas}}'", str(count))
    story.bash(f"kubectl scale deployment {service} --replicas={count}", f"deployment.apps/{service} scaled")
    return story.say(f"{service} is scaled to {count}.")


def chance_parts(random: Random, day: int) -> Story:
    service, count = word(random), random.randint(2, 9)
    story = Story(f"scale {service} to {count}")
    story.bash(f"kubectl get deployment {service} -o jsonpath='{{.spec.replicas}}'", str(count + 10))
    story.bash(f"kubectl scale deployment {service} --replicas={count}", f"deployment.apps/{service} scaled")
    return story.say(f"{service} is scaled to {count}.")


def twins(random: Random, day: int) -> Story:
    """Two places of the prompt that were always the same."""
    name = word(random)
    return Story(f"copy {name} to {name}").bash(f"cp -r {name} backup/{name}").say(f"Copied {name}.")


def twins_part(random: Random, day: int) -> Story:
    one, other = words(random, 2)
    return Story(f"copy {one} to {other}").bash(f"cp -r {one} backup/{other}").say(f"Copied {one}.")


def quoted(random: Random, day: int) -> Story:
    """Values with characters that mean something to a shell."""
    name = f"{word(random)} {random.choice(('&', '$x', '(old)', ';', '|'))} {word(random)}"
    story = Story(f'count the words of "{name}.txt"')
    count = random.randint(1, 4000)
    story.bash(f"wc -w '{name}.txt'", f"{count} {name}.txt")
    return story.say(f"{count} words.")


def constant(random: Random, day: int) -> Story:
    story = Story("run the checks").bash("make lint", "All checks passed.")
    count = random.randint(40, 400)
    story.bash("make test", f"{count} passed in {random.randint(1, 90) / 10} s")
    return story.say(f"Lint is clean and all {count} tests pass.")


def constant_broken(random: Random, day: int) -> Story:
    story = Story("run the checks").bash("make lint", "All checks passed.")
    return story.bash("make test", "3 failed, 90 passed in 4.0 s", 2).say("Three tests fail.")


FAMILIES = (
    Family("rest", "an id out of JSON", rest, Expected.ANSWERED, (rest_other_user, rest_blocked)),
    Family("sql", "a value inside quotes", sql, Expected.ANSWERED),
    Family("terraform", "numbers out of a sentence", plan, Expected.ANSWERED, (plan_destroys,)),
    Family("audit", "JSON, and a status that is not zero", audit, Expected.ANSWERED),
    Family("sales", "a pipeline", total, Expected.ANSWERED),
    Family("customer", "a column of a CSV file", column, Expected.ANSWERED),
    Family("setting", "key and value", setting, Expected.ANSWERED),
    Family("issue", "MCP", issue, Expected.ANSWERED, (issue_closed,)),
    Family("request", "a log leads to a log", logs, Expected.GATHERED),
    Family("scale", "equal by chance", chance, Expected.ANSWERED, (chance_parts,)),
    Family("copy", "two places always equal", twins, Expected.NOTHING, (twins_part,)),
    Family("quoted", "shell characters in values", quoted, Expected.ANSWERED),
    Family("checks", "nothing varies but the outputs", constant, Expected.ANSWERED, (constant_broken,)),
)
