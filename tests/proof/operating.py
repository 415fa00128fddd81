"""Families of people who operate systems: clusters, containers, logs, backups, processes."""

from __future__ import annotations

import time
from random import Random

from tests.proof.family import Expected, Family
from tests.proof.story import Story, digits, version, word, words
from tests.support.notation import DAY, START


def _date(day: int, form: str) -> str:
    return time.strftime(form, time.localtime(START + day * DAY))


def _pod_table(random: Random, pod: str, state: str = "CrashLoopBackOff", ready: str = "0/1") -> str:
    rows = [f"{name}-{digits(random, 4)}  1/1  Running  0  {random.randint(1, 40)}d" for name in words(random, 3)]
    rows.insert(random.randint(0, 3), f"{pod}  {ready}  {state}  {random.randint(2, 90)}  {random.randint(1, 9)}h")
    return "\n".join(("NAME  READY  STATUS  RESTARTS  AGE", *rows))


CAUSES = ("no route", "bad token in request", "out of disk", "config file not found at start", "lost the lease")


def pods(random: Random, day: int) -> Story:
    service, space = words(random, 2)
    pod, cause = f"{service}-{digits(random, 6)}", random.choice(CAUSES)
    story = Story(f"why is {service} crashing in {space}?")
    story.bash(f"kubectl get pods -n {space}", _pod_table(random, pod))
    story.bash(f"kubectl logs {pod} -n {space} --tail=5", f"starting {service}\nfatal: {cause}")
    return story.say(f"{pod} is crashing: fatal: {cause}")


def pods_healthy(random: Random, day: int) -> Story:
    service, space = words(random, 2)
    pod = f"{service}-{digits(random, 6)}"
    story = Story(f"why is {service} crashing in {space}?")
    story.bash(f"kubectl get pods -n {space}", _pod_table(random, pod, "Running", "1/1"))
    return story.say(f"{service} is not crashing; {pod} runs.")


def pods_two(random: Random, day: int) -> Story:
    service, space = words(random, 2)
    pod = f"{service}-{digits(random, 6)}"
    table = _pod_table(random, pod) + f"\n{service}-{digits(random, 6)}  0/1  CrashLoopBackOff  4  1h"
    story = Story(f"why is {service} crashing in {space}?")
    return story.bash(f"kubectl get pods -n {space}", table).say("Two pods of it crash; which one do you mean?")


def containers(random: Random, day: int) -> Story:
    image = word(random)
    wanted = digits(random, 12)
    rows = [f"{digits(random, 12)}   {other}:{version(random)}   Up 3 days" for other in words(random, 2)]
    rows.insert(random.randint(0, 2), f"{wanted}   {image}:{version(random)}   Up 5 hours")
    story = Story(f"restart the {image} container")
    story.bash("docker ps", "\n".join(("CONTAINER ID   IMAGE   STATUS", *rows)))
    story.bash(f"docker restart {wanted}", wanted)
    return story.say(f"Restarted {image} ({wanted}).")


def containers_absent(random: Random, day: int) -> Story:
    image = word(random)
    story = Story(f"restart the {image} container")
    story.bash(
        "docker ps", f"CONTAINER ID   IMAGE   STATUS\n{digits(random, 12)}   other:{version(random)}   Up 3 days"
    )
    return story.say(f"No container of {image} is running.")


def port(random: Random, day: int) -> Story:
    number, process = str(random.randint(1025, 65000)), str(random.randint(300, 99999))
    story = Story(f"free port {number}")
    story.bash(f"lsof -ti :{number}", process).bash(f"kill {process}")
    return story.say(f"Port {number} is free again: ended process {process}.")


def port_unused(random: Random, day: int) -> Story:
    number = str(random.randint(1025, 65000))
    return Story(f"free port {number}").bash(f"lsof -ti :{number}", "", 1).say(f"Nothing listens on port {number}.")


def port_two(random: Random, day: int) -> Story:
    number = str(random.randint(1025, 65000))
    story = Story(f"free port {number}").bash(f"lsof -ti :{number}", "4711\n4712")
    return story.say("Two processes listen there; which one should go?")


def errors(random: Random, day: int) -> Story:
    service, count = word(random), random.randint(1, 400)
    story = Story(f"how many errors does {service} have today?")
    story.bash(f"grep -c ERROR logs/{service}-{_date(day, '%Y-%m-%d')}.log", str(count))
    return story.say(f"{service} logged {count} errors today.")


def errors_none(random: Random, day: int) -> Story:
    service = word(random)
    story = Story(f"how many errors does {service} have today?")
    story.bash(f"grep -c ERROR logs/{service}-{_date(day, '%Y-%m-%d')}.log", "0", 1)
    return story.say(f"{service} logged no errors today.")


def backup(random: Random, day: int) -> Story:
    name = word(random)
    archive = f"/backup/{name}-{_date(day, '%Y%m%d')}.tgz"
    story = Story(f"back up {name}")
    story.bash(f"tar czf {archive} data/{name}").bash(f"du -h {archive}", f"{random.randint(2, 900)}M\t{archive}")
    return story.say(f"Backed up to {archive}.")


def newest(random: Random, day: int) -> Story:
    service = word(random)
    file = f"{service}-{digits(random, 5)}.log"
    story = Story(f"show me the newest log of {service}")
    story.bash(f"ls -t logs/{service} | head -1", file)
    lines = "\n".join(
        f"{random.choice(('GET', 'PUT'))} /{other} {random.randint(1, 90)}ms" for other in words(random, 4)
    )
    story.bash(f"tail -20 logs/{service}/{file}", lines)
    return story.say(
        f"The last thing it did was {random.choice(('serving pages', 'writing', 'idling', 'a slow query'))}."
    )


def overview(random: Random, day: int) -> Story:
    story = Story("give me the state of the cluster")
    story.bash("kubectl get nodes", f"NAME STATUS\nn1 Ready\n{word(random)} Ready", seconds=0.6)
    story.bash("kubectl get events --all-namespaces", "\n".join(words(random, 5)), seconds=0.8)
    story.bash("kubectl top nodes", f"n1 {random.randint(1, 99)}%", seconds=0.7)
    return story.say(f"{random.choice(('All', 'Most'))} is {random.choice(('well', 'quiet', 'busy'))}: {word(random)}.")


def drain(random: Random, day: int) -> Story:
    """For each node of a pool, one command."""
    pool = word(random)
    nodes = [f"{pool}-{digits(random, 4)}" for _ in range(random.randint(2, 5))]
    story = Story(f"cordon the nodes of {pool}")
    story.bash(f"kubectl get nodes -l pool={pool} -o name", "\n".join(f"node/{node}" for node in nodes))
    for node in nodes:
        story.bash(f"kubectl cordon node/{node}", f"node/{node} cordoned")
    return story.say(f"All nodes of {pool} are cordoned.")


FAMILIES = (
    Family("pods", "a table, then the log", pods, Expected.ANSWERED, (pods_healthy, pods_two)),
    Family("container", "an id out of a table, a write", containers, Expected.ANSWERED, (containers_absent,)),
    Family("port", "the whole output, a write", port, Expected.ANSWERED, (port_unused, port_two)),
    Family("errors", "the date inside a path", errors, Expected.ANSWERED, (errors_none,)),
    # What is said of a size holds for sizes like those seen, and eight of them do not tell the ends of the range.
    Family("backup", "a date in another format", backup, Expected.ANSWERED, fluent=0.4),
    Family("newest-log", "a pipeline, then judgement", newest, Expected.GATHERED),
    Family("cluster", "three slow independent reads", overview, Expected.GATHERED),
    Family("cordon", "a loop over what was listed", drain, Expected.ANSWERED),
)
