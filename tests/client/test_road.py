"""From a real hook to an answer without a model request, in the real Claude Code, and when the world moves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.road import CHECKOUT, Road, answer_of
from tests.support.model import Bash, ModelRequest, Steps, Turn, by_prompt, call, say
from tests.support.session import ClaudeHome
from tests.support.world import CheckedRepo, FakeKubectl, Pod, RestServer


@pytest.fixture
def road(claude: Callable[[str], ClaudeHome]) -> Road:
    return Road(claude("road"))


# --- (a) triage of a crashing pod


def triage(service: str, ns: str) -> Steps:
    """What a model does about a crashing pod, in whatever shape the cluster answers."""
    table = yield Bash(f"kubectl get pods -n {ns}")
    bad = [line.split()[0] for line in table.text.splitlines() if "Crash" in line]
    if not bad:
        return f"I found no crashing pod in {ns}: {table.text.strip().splitlines()[-1]}"
    log = yield Bash(f"kubectl logs {bad[0]} -n {ns} --tail=1")
    return f"{bad[0]} crashes because of: {log.text.strip()}"


CLUSTER = {
    "staging": ("checkout", "7d9f-abcde", "no route to database"),
    "prod": ("billing", "5c4b-zzzzz", "token expired"),
    "qa": ("search", "99aa-11111", "index is locked"),
    "dev": ("mail", "0f0f-kkkkk", "relay refused the message"),
    "lab": ("cart", "abcd-99999", "out of memory in session cache"),
    "demo": ("ledger", "3b3b-qwert", "disk quota reached"),
}


@pytest.fixture
def cluster(road: Road) -> FakeKubectl:
    kubectl = FakeKubectl(road.claude.root)
    for number, (ns, (service, suffix, log)) in enumerate(CLUSTER.items()):
        others = [Pod(f"web-{suffix[:4]}-{i}{number}", age=f"{i + number}d") for i in range(number % 3)]
        crashing = Pod(f"{service}-{suffix}", "CrashLoopBackOff", "0/1", str(3 + number), f"{number + 2}h", log)
        kubectl.namespace(ns, *others, crashing, Pod(f"api-{suffix[-3:]}-x", age="12d"))
    road.claude.model.script = by_prompt(
        (r"why is (?P<service>\S+) crashing in (?P<ns>\w+)\?(?: and restart it)?$", triage)
    )
    return kubectl


def ask(ns: str) -> str:
    return f"why is {CLUSTER[ns][0]} crashing in {ns}?"


def learn_triage(road: Road) -> None:
    road.learn(*(ask(ns) for ns in list(CLUSTER)[:5]))


def test_triage_is_answered_without_a_model(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    skill = road.only_skill()
    assert (skill["state"], skill["ending"], skill["effects"]) == ("active", "answered", "reads"), skill
    assert skill["support"] == {"occurrences": 5, "sessions": 5}
    before = len(cluster.calls)

    sixth = road.run(ask("demo"))

    assert sixth.requests == ()
    assert sixth.num_turns == 0
    assert answer_of(sixth) == "ledger-3b3b-qwert crashes because of: disk quota reached"
    assert cluster.calls[before:] == [
        ["get", "pods", "-n", "demo"],
        ["logs", "ledger-3b3b-qwert", "-n", "demo", "--tail=1"],
    ]
    last = road.last()
    assert (last["decision"], last["outcome"], last["skill"]) == ("run", "answered", skill["name"])
    saved = road.json("stats")["saved"]
    assert saved["requests"] == 3
    assert saved["tokens"] > 0


@pytest.mark.parametrize("shape", ["wide", "renamed"])
def test_triage_drift_of_the_table(road: Road, cluster: FakeKubectl, shape: str) -> None:
    learn_triage(road)
    cluster.shape(shape)
    drifted = road.run(ask("demo"))
    assert drifted.result == "ledger-3b3b-qwert crashes because of: disk quota reached"
    assert len(drifted.requests) == 3
    last = road.last()
    assert last["outcome"] == "handed_back"
    assert "NAME READY STATUS RESTARTS AGE" in last["reason"]


def test_triage_drift_of_a_command(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    cluster.fail("get", "Unable to connect to the server")
    failed = road.run(ask("demo"))
    assert failed.result == "I found no crashing pod in demo: Unable to connect to the server"
    assert "exit status 0" in road.last()["reason"]


def test_more_than_the_template_goes_to_the_model(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    more = road.run(ask("demo") + " and restart it")
    assert len(more.requests) == 3
    assert road.last()["decision"] == "pass"
    assert "AgentJIT" not in more.requests[0].context


def test_nobody_crashes(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    cluster.namespace("demo", Pod("ledger-1"))
    healthy = road.run(ask("demo"))
    assert healthy.result.startswith("I found no crashing pod in demo")
    assert road.last()["outcome"] == "handed_back"


# --- (b) a REST lookup


@pytest.fixture
def rest(road: Road) -> Iterator[RestServer]:
    with RestServer() as server:
        people = (
            ("alice", "u-1042", 3),
            ("bob", "u-77", 1),
            ("carol", "u-9", 4),
            ("dave", "u-300", 2),
            ("erin", "u-5", 6),
        )
        for name, id, orders in (*people, ("frank", "u-612", 5)):
            server.add(name, id, *({"number": i, "status": "open"} for i in range(orders)))

        def orders_of(name: str) -> Steps:
            found = yield Bash(f"curl -s '{server.url}/users?name={name}'")
            try:
                value = json.loads(found.text)
                id = value.get("data", value)["items"][0]["id"]
            except (ValueError, LookupError):
                return f"I could not look up {name}."
            last = yield Bash(f"curl -s {server.url}/users/{id}/orders | tail -c 40")
            return f"The latest order of {name} ({id}): {last.text.strip()}"

        road.claude.model.script = by_prompt((r"show the latest order of (?P<name>\w+)$", orders_of))
        yield server


def learn_orders(road: Road) -> None:
    road.learn(*(f"show the latest order of {name}" for name in ("alice", "bob", "carol", "dave", "erin")))


def test_lookup_is_answered_without_a_model(road: Road, rest: RestServer) -> None:
    learn_orders(road)
    skill = road.only_skill()
    assert (skill["state"], skill["ending"]) == ("active", "answered"), skill
    before = len(rest.requests)
    sixth = road.run("show the latest order of frank")
    assert sixth.requests == ()
    assert rest.requests[before:] == ["/users?name=frank", "/users/u-612/orders"]
    assert answer_of(sixth).startswith("The latest order of frank (u-612): ")
    assert '"number": 4' in answer_of(sixth)


@pytest.mark.parametrize("drift", ["missing_id", "wrapped", "down"])
def test_lookup_drift(road: Road, rest: RestServer, drift: str) -> None:
    learn_orders(road)
    setattr(rest, drift, True)
    drifted = road.run("show the latest order of frank")
    assert drifted.requests
    assert "frank" in drifted.result
    assert not drifted.result.startswith("Operation stopped")
    assert road.last()["outcome"] == "handed_back"
    assert road.last()["reason"]


# --- (c) the checks of a repository


def run_checks() -> Steps:
    style = yield Bash("./bin/check-style")
    if style.is_error:
        return f"Style is broken:\n{style.text}"
    unit = yield Bash("./bin/unit-tests")
    if unit.is_error:
        return f"Tests fail:\n{unit.text}"
    return f"All checks pass.\n{unit.text.strip().splitlines()[-1]}"


@pytest.fixture
def repo(road: Road) -> CheckedRepo:
    road.claude.model.script = by_prompt((r"run the checks$", run_checks))
    return CheckedRepo(road.claude.work)


def learn_checks(road: Road, repo: CheckedRepo) -> None:
    road.learn(*["run the checks"] * 3)
    repo.break_tests(True)
    road.learn("run the checks")
    repo.break_tests(False)
    road.learn(*["run the checks"] * 2)


def test_checks_wait_for_approval_and_then_run(road: Road, repo: CheckedRepo) -> None:
    learn_checks(road, repo)
    skill = road.only_skill()
    assert skill["state"] == "candidate"
    assert "aj approve" in skill["state_reason"]
    assert road.run("run the checks").requests, "nothing that is not purely reading runs without approval"
    assert road.aj("approve", skill["name"]).returncode == 2
    assert road.aj("approve", skill["name"], "--yes").returncode == 0

    before = len(repo.calls)
    sixth = road.run("run the checks")
    assert sixth.requests == ()
    assert answer_of(sixth) == "All checks pass.\nunit: 3 tests, 0 failed"
    assert repo.calls[before:] == ["check-style", "unit-tests"]

    repo.break_tests(True)
    failed = road.run("run the checks")
    assert failed.result.startswith("Tests fail:")
    assert road.last()["outcome"] == "handed_back"
    assert "exit status" in road.last()["reason"]
    assert "AgentJIT began the learned workflow" in failed.requests[0].context


def test_another_directory_is_the_models(road: Road, repo: CheckedRepo, tmp_path: Path) -> None:
    learn_checks(road, repo)
    road.aj("approve", road.only_skill()["name"], "--yes")
    other = tmp_path / "other"
    CheckedRepo(other)
    assert road.run("run the checks", cwd=other).requests
    assert "only seen in" in road.last()["reason"]


# --- gathered: the steps are mechanical, the conclusion is not


def test_gathered_calls_the_model_once(road: Road, cluster: FakeKubectl) -> None:
    opinions = {
        "staging": "Looks calm to me.",
        "prod": "One pod is in trouble, I would wait.",
        "qa": "The api worries me more than the rest.",
        "dev": "Fine, but busy.",
        "lab": "Hm, odd. Three restarts are a lot.",
    }

    def opinion(ns: str) -> Steps:
        yield Bash(f"kubectl get pods -n {ns}")
        return opinions[ns]

    learned = by_prompt((r"what do you think of the pods in (?P<ns>\w+)\?", opinion))

    def script(request: ModelRequest) -> Turn:
        if "ledger-3b3b-qwert" in request.context and not request.results:
            return say("Judged from what was gathered.")
        return learned(request)

    road.claude.model.script = script
    road.learn(*(f"what do you think of the pods in {ns}?" for ns in opinions))
    skill = road.only_skill()
    assert (skill["state"], skill["ending"]) == ("active", "gathered"), skill
    sixth = road.run("what do you think of the pods in demo?")
    assert sixth.result == "Judged from what was gathered."
    assert len(sixth.requests) == 1
    assert "$ kubectl get pods -n demo" in sixth.requests[0].context
    assert road.last()["outcome"] == "gathered"


def test_what_only_the_model_can_say_is_asked_of_it_in_plain_words(road: Road) -> None:
    """It is told what is left and which command would do it, makes up the message, and that command does the work."""
    work = road.claude.work
    for words in (("init", "-q"), ("config", "user.name", "Test"), ("config", "user.email", "test@example.org")):
        subprocess.run(["git", *words], cwd=work, check=True)
    (road.claude.bin / "aj").write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -m agentjit "$@"\n')
    (road.claude.bin / "aj").chmod(0o755)
    messages = {
        "web": "Fix the parser",
        "api": "Add tests for it",
        "cart": "Say why it fails",
        "mail": "Remove dead code",
        "feed": "Close the file",
        "spam": "Explain the limits",
    }

    def noting(part: str) -> Steps:
        yield Bash(f"cat {part}.log")
        yield Bash(f"git commit --allow-empty -q -m '{messages[part]}'")
        return "Noted."

    learned = by_prompt((r"note the state of (?P<part>\w+)", noting))

    def script(request: ModelRequest) -> Turn:
        told = re.search(r"`(aj run [^`]*)`", request.context)
        if not told:
            return learned(request)
        return say("Noted.") if request.results else call(Bash(told[1].replace("…", messages["spam"])))

    road.claude.model.script = script
    for part in messages:
        (work / f"{part}.log").write_text(f"{part} is as it was")
    road.learn(*(f"note the state of {part}" for part in list(messages)[:5]))
    name = road.only_skill()["name"]
    assert road.aj("approve", name, "--yes").returncode == 0

    sixth = road.run("note the state of spam")

    context = sixth.requests[0].context
    assert "spam is as it was" in context
    assert "The work is not done with this." in context
    assert "- git commit --allow-empty -q -m {message}" in context
    assert len(sixth.requests) == 2, "one to make up the message, one to conclude"
    log = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=work, check=True, capture_output=True, text=True)
    assert log.stdout == "Explain the limits\n"


# --- a prompt that matches nothing, and broken surroundings


def test_silence_when_nothing_matches(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    road.claude.model.script = lambda request: say("Hello.")
    for prompt in ("say hello", "why is it crashing in demo?", "why is the moon crashing in on us, do you think?"):
        other = road.run(prompt)
        assert other.result == "Hello."
        assert "AgentJIT" not in other.requests[0].context
        assert road.last()["decision"] == "pass"


# --- broken surroundings: the client never shows an error, and nothing is lost that could be kept


def test_aj_gone_from_the_path(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    bare = f"{road.claude.bin}:/usr/bin:/bin"
    sixth = road.run(ask("demo"), extra_env={"PATH": bare})
    assert sixth.requests == ()
    assert answer_of(sixth).startswith("ledger-3b3b-qwert crashes")


def test_corrupt_database(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    database = road.claude.aj / "aj.duckdb"
    database.write_bytes(b"this is no database" * 1000)
    assert road.run(ask("demo")).requests == (), "skills do not need the database"
    assert road.run("say hello").result == "I do not know this one."
    said = road.aj("ingest")
    assert said.returncode == 1
    assert len(said.stderr.splitlines()) == 1
    assert "aj.duckdb" in said.stderr
    database.unlink()
    assert road.aj("ingest").returncode == 0
    assert road.json("stats")["recorded"]["sessions"] >= 2, "what was spooled meanwhile is not lost"


def test_spool_that_cannot_be_written(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    spool = road.claude.aj / "spool"
    for left in spool.iterdir():
        left.unlink()
    spool.rmdir()
    spool.write_text("a file where the folder should be")
    done = road.run("say hello")
    assert done.result == "I do not know this one."
    assert road.run(ask("demo")).result


def test_payload_that_is_no_json(road: Road, cluster: FakeKubectl) -> None:
    learn_triage(road)
    hooks = road.claude.aj / "plugin" / "hooks"
    for event, script in (("UserPromptSubmit", "prompt.sh"), ("PostToolUse", "record.sh"), ("Stop", "record.sh")):
        for payload in (
            b"",
            b"{",
            b"\x00\xff\xfe",
            b'{"prompt": 7}',
            b'{"prompt": "why is x crashing in y?"',
            b"[]" * 9,
        ):
            done = subprocess.run(
                ["/bin/sh", "-c", '. "$0"', str(hooks / script), event, str(road.claude.aj)],
                input=payload,
                capture_output=True,
                env=road.claude.env,
                check=False,
            )
            assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert road.aj("ingest").returncode == 0
    assert road.json("stats")["recorded"]["quarantined"] > 0
