"""Whole workflows through detection and compilation: what is compilable is compiled right, and nothing else is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.data import folder
from agentjit.detect.mine import hotspots
from agentjit.pipeline import Study, study
from agentjit.run.load import load
from agentjit.step import BashStep, Ending
from agentjit.trace import Episode
from tests.compile import families
from tests.support.notation import DAY, START, episodes, repeat

TEMPLATES = str(folder("skills_templates"))
GOLD = Path(__file__).parents[1] / "gold"


def compiled(history: list[Episode]) -> Study:
    """The study of the one hotspot that a prompt starts."""
    (hotspot,) = [each for each in hotspots(history, now=START + 30 * DAY) if each.template]
    return study(hotspot, TEMPLATES)


def ran(made: Study, arguments: Mapping[str, str], world: Mapping[str, str | tuple[int, str]]) -> kit.Run:
    """The program over a world that answers each command; a command it does not know fails the test."""

    def perform(call: kit.Call) -> kit.Result:
        told = world[call.text]
        return kit.Result(told, 0) if isinstance(told, str) else kit.Result(told[1], told[0])

    return kit.drive(load(made.program, "skill.py"), arguments, perform)


FAMILIES = "pods users checks deploys reads pipeline branches health fence restarts threehop".split()


@pytest.mark.parametrize("family", FAMILIES)
def test_gold(family: str) -> None:
    """The program as a person reads it; AJ_UPDATE_GOLD=1 writes the files anew, to be read before a commit."""
    made = compiled(getattr(families, family)())
    assert made.plan, made.reason
    gold = GOLD / f"{family}.py"
    if os.environ.get("AJ_UPDATE_GOLD"):
        gold.write_text(made.program)
    assert made.program == gold.read_text()
    assert len(made.program.splitlines()) < 70, "one screen"


TABLE = "NAME READY STATUS RESTARTS AGE\nweb-1 1/1 Running 0 3d\nledger-9-z 0/1 CrashLoopBackOff 9 1h\n"
ASK = {"name": "ledger", "namespace": "demo"}
GET, LOGS = "kubectl get pods -n demo", "kubectl logs ledger-9-z -n demo --tail=20"


def test_unseen_arguments() -> None:
    made = compiled(families.pods())
    run = ran(made, ASK, {GET: TABLE, LOGS: "starting ledger\nfatal: quota reached\n"})
    assert (run.outcome, run.answer) == ("answered", "ledger-9-z is crashing: fatal: quota reached")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (TABLE.replace("READY", "HEALTHY"), "NAME READY"),
        (TABLE.replace("CrashLoopBackOff", "Pending"), "CrashLoopBackOff or Running in column 2"),
        (TABLE.replace("web-1 1/1 Running", "web-1 0/1 ErrImagePull"), "CrashLoopBackOff or Running in column 2"),
        (TABLE + "ledger-8-y 0/1 CrashLoopBackOff 2 5h\n", "2 in"),
        (TABLE.replace("ledger-9-z", "mail-9-z"), "ledger"),
        ("", "NAME READY"),
        ("No resources found in demo namespace.", "NAME READY"),
        ((1, "Unable to connect"), "exit status 0"),
    ],
)
def test_drift_is_handed_back(table: str | tuple[int, str], told: str) -> None:
    run = ran(compiled(families.pods()), ASK, {GET: table})
    assert run.outcome == "handed_back"
    assert told in run.reason
    assert len(run.steps) == 1


def test_changed_status_is_not_answered() -> None:
    """A word that never varied in the traces is part of the contract: `status: active` may not become anything else."""
    made = compiled(families.users())
    url, orders = "curl -s 'http://127.0.0.1:8080/users?name=zoe'", "curl -s http://127.0.0.1:8080/users/u-1/orders"
    user = '{"items": [{"id": "u-1", "name": "zoe", "status": "active"}]}'
    good = {url: user, orders: '{"user": "u-1", "open": 4, "currency": "EUR"}'}
    assert ran(made, {"name": "zoe"}, good).answer == "zoe has 4 open orders."
    assert ran(made, {"name": "zoe"}, {**good, url: user.replace("active", "closed")}).outcome == "handed_back"
    assert ran(made, {"name": "zoe"}, {**good, url: user.replace("zoe", "zed")}).outcome == "handed_back"
    assert ran(made, {"name": "zoe"}, {**good, url: '{"items": []}'}).outcome == "handed_back"
    assert ran(made, {"name": "zoe"}, {**good, url: "<html>"}).outcome == "handed_back"
    assert ran(made, {"name": "zoe"}, {**good, orders: '{"user": "u-1"}'}).outcome == "handed_back"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"status": "degraded", "version": "1.2.3", "uptime": 9}', "word of trouble, saw 'degraded'"),
        ('{"status": "slow", "version": "1.2.3", "uptime": 9}', "'ok' at JSON path ['status']"),
        ('{"status": "ok", "version": null, "uptime": 9}', "a value like"),
        ('{"status": "ok", "version": "1.2.3", "uptime": 9, "maintenance": true}', "'status,uptime,version' at keys"),
        ('{"status": "ok", "version": "unknown", "uptime": 9}', "a value like"),
        ('{"status": "ok", "version": "1.2.3", "error": "disk is full"}', "word of trouble"),
    ],
)
def test_health_that_is_not(text: str, told: str) -> None:
    url = "curl -s http://127.0.0.1:9/prod/web/health"
    run = ran(compiled(families.health()), {"name": "web", "env": "prod"}, {url: text})
    assert run.outcome == "handed_back"
    assert told in run.reason


def test_a_word_for_nothing_is_no_value() -> None:
    """`jq -r .owner` of a ticket nobody owns prints `null`; nobody is called so."""
    rows = [{"t": f"AJ-{i}", "o": name} for i, name in enumerate(["ann", "bob", "cy", "di", "ed"])]
    made = compiled(repeat("> who owns {t}?\n$ curl -s http://h/{t} | jq -r .owner\n| {o}\n< {o} owns {t}", *rows))
    command = "curl -s http://h/AJ-77 | jq -r .owner"
    assert ran(made, {"name": "AJ-77"}, {command: "flo"}).answer == "flo owns AJ-77"
    assert ran(made, {"name": "AJ-77"}, {command: "null"}).outcome == "handed_back"


def test_dates_are_no_promise() -> None:
    rows = [{"x": f"f{i}", "d": f"2026-01-0{i + 1}"} for i in range(5)]
    made = compiled(repeat("> check {x}\n$ ./check {x}\n| {d} 10:0{x} all {x} well\n< {x} is well.", *rows))
    assert made.plan
    assert made.plan.ending is Ending.GATHERED, "what is said of a date may not be true of another"


@pytest.mark.parametrize(
    ("output", "answer", "rows", "arguments", "drifts"),
    [
        (  # a verdict over a number holds for numbers like those seen
            "used {n}%",
            "The disk of {x} is fine.",
            [{"x": f"h{i}", "n": str(45 + 4 * i)} for i in range(5)],
            "h9",
            {"used 58%": True, "used 99%": False, "used 0%": False},
        ),
        (  # how long a command took is nobody's promise, how slow something is may be
            "latency: {n} ms (checked in 0.{n} s)",
            "{x} is quick.",
            [{"x": f"h{i}", "n": str(10 + i)} for i in range(5)],
            "h9",
            {"latency: 12 ms (checked in 7.5 s)": True, "latency: 9000 ms (checked in 0.1 s)": False},
        ),
        (  # another unit is another value
            "latency: {n} ms",
            "{x} answers in {n} ms.",
            [{"x": f"h{i}", "n": str(9 + i)} for i in range(5)],
            "h9",
            {"latency: 14 ms": True, "latency: 9 s": False},
        ),
        (  # none is not some
            "replicas={n}",
            "{x} runs with {n} replicas.",
            [{"x": f"h{i}", "n": str(1 + i)} for i in range(5)],
            "h9",
            {"replicas=7": True, "replicas=0": False},
        ),
        (  # a value cannot bring escapes to the screen
            "motto: {n} x",
            "{n}",
            [{"x": f"h{i}", "n": f"word{i}"} for i in range(5)],
            "h9",
            {"motto: peace x": True, "motto: \x1b[2Jpeace x": False, "motto: a\rb x": False},
        ),
        (  # what stands deeper in a JSON text counts too
            '{"version": "1.{n}.0", "health": {"ready": true, "alerts": []}}',
            "{x} runs 1.{n}.0 and is ready.",
            [{"x": f"h{i}", "n": str(1 + i)} for i in range(5)],
            "h9",
            {
                '{"version": "1.9.0", "health": {"ready": true, "alerts": []}}': True,
                '{"version": "1.9.0", "health": {"ready": false, "alerts": []}}': False,
                '{"version": "1.9.0", "health": {"ready": true, "alerts": ["db"]}}': False,
                '{"version": "1.9.0", "health": {"ready": true, "alerts": []}, "partial": true}': False,
            },
        ),
    ],
)
def test_what_was_true_must_be_true_again(
    output: str, answer: str, rows: list[dict[str, str]], arguments: str, drifts: dict[str, bool]
) -> None:
    made = compiled(repeat(f"> look at {{x}}\n$ cat /srv/{{x}}\n| {output}\n< {answer}", *rows))
    assert made.plan, made.reason
    assert made.plan.ending is Ending.ANSWERED
    for text, answered in drifts.items():
        run = ran(made, {"name": arguments}, {f"cat /srv/{arguments}": text})
        assert (run.outcome == "answered") is answered, (text, run.answer, run.reason)


def test_rows_nobody_spoke_of() -> None:
    """`Only X is failing`: a state that no row ever had is not covered by it."""
    table = "NAME STATUS\n| a{n} Running\n| {x} Failed"
    rows = [{"x": f"job-{i}", "n": str(i), "ns": f"n{i}"} for i in range(5)]
    made = compiled(
        repeat(f"> what fails in {{ns}}?\n$ kubectl get jobs -n {{ns}}\n| {table}\n< Only {{x}} fails.", *rows)
    )
    assert made.plan and made.plan.ending is Ending.ANSWERED
    get = "kubectl get jobs -n n9"
    assert ran(made, {"namespace": "n9"}, {get: "NAME STATUS\na9 Running\njob-9 Failed"}).answer == "Only job-9 fails."
    assert ran(made, {"namespace": "n9"}, {get: "NAME STATUS\na9 NotReady\njob-9 Failed"}).outcome == "handed_back"


def test_explanations_that_part_ways_are_handed_back() -> None:
    """The first row and the crashing row were always the same one; when they are not, nobody knows which was meant."""
    history = repeat(
        "> which pod is bad in {ns}?\n$ kubectl get pods -n {ns}\n| NAME STATUS\n| {pod} Crashed\n| b Running\n< {pod}",
        *({"ns": f"n{i}", "pod": f"p-{i}x"} for i in range(5)),
    )
    made = compiled(history)
    assert made.plan and made.plan.ending is Ending.ANSWERED
    get = "kubectl get pods -n n9"
    assert ran(made, {"namespace": "n9"}, {get: "NAME STATUS\nz Crashed\nb Running"}).answer == "z"
    assert ran(made, {"namespace": "n9"}, {get: "NAME STATUS\nb Running\nz Crashed"}).outcome == "handed_back"


# --- what must not be compiled, and why


@pytest.mark.parametrize(
    ("text", "rows", "reason"),
    [
        ("> look into {x}\n$ cat notes.txt\n| {x} and more\n< ok", [{"x": v} for v in "abc"], "no call depends on it"),
        (
            "> fetch {x}\n$ curl -s http://h/{token}\n| ok\n< done {x}",
            [{"x": f"a{i}", "token": f"t{i * 7919}"} for i in range(4)],
            "nothing seen explains it",
        ),
        (
            "> compare {x} with {x}\n$ diff {x} {x}\n< same",
            [{"x": "one"}, {"x": "two"}, {"x": "three"}],
            "nothing tells them apart",
        ),
        (
            "> note {x}\n$ for f in {x}; do echo $f; done\n| {x}\n< {x}",
            [{"x": "one"}, {"x": "two"}, {"x": "three"}],
            "every one of other steps",
        ),
        (
            '> greet {x}\n$ echo "hello $USER {x}"\n| hello\n< hello',
            [{"x": "one"}, {"x": "two"}, {"x": "three"}],
            "inside a shell expansion",
        ),
        (
            '> log in to {x}\n$ curl -H "$AUTH ‹secret:bearer:1a2b›" http://h/{x}\n| ok\n< ok',
            [{"x": "one"}, {"x": "two"}, {"x": "three"}],
            "secret",
        ),
        ("> show {x}\n$ cat {x}\n| {x}\n< {x}", [{"x": "one"}, {"x": "two"}], "seen 2 times"),
    ],
)
def test_left_alone_with_a_reason(text: str, rows: list[dict[str, str]], reason: str) -> None:
    made = compiled(repeat(text, *rows))
    assert made.plan is None
    assert reason in made.reason


def test_a_judgement_is_gathered() -> None:
    finals = ["Looks fine.", "I would wait.", "Two are slow, the rest is well.", "Fine.", "Odd, very odd."]
    rows = [{"ns": f"ns{i}", "n": str(i), "final": final} for i, final in enumerate(finals)]
    made = compiled(repeat("> judge {ns}\n$ kubectl get pods -n {ns}\n| pods {n}\n< {final}", *rows))
    assert made.plan
    assert made.plan.ending is Ending.GATHERED


def test_a_sentence_that_ignores_what_varies_is_a_judgement() -> None:
    """`It is healthy.` over logs that are different each time: the model read them, so the model says it."""
    logs = ["a b c", "all of it\nis well", "x", "q r s t u v\nw", "one two"]
    rows = [{"s": f"svc{i}", "log": "\n| ".join(log.split("\n"))} for i, log in enumerate(logs)]
    made = compiled(repeat("> is {s} well?\n$ cat logs/{s}.log\n| {log}\n< It is healthy.", *rows))
    assert made.plan
    assert made.plan.ending is Ending.GATHERED


def test_values_of_the_prompt_stay_the_prompts() -> None:
    """An output that happens to repeat the user's word is not where the word came from."""
    rows = [{"x": word} for word in ("alpha", "beta", "gamma", "delta", "eps")]
    made = compiled(repeat("> find {x}\n$ ls\n| {x}\n$ grep -c x {x}\n| 1\n< 1 in {x}", *rows))
    assert made.plan
    first, second = made.plan.every_step()
    assert isinstance(second.call, BashStep)
    last = second.call.argv[-1]
    assert isinstance(last, tuple)
    assert [piece.kind for piece in last] == ["ref"]
    assert not first.bindings


@pytest.mark.parametrize("value", ["a b", "$(rm -rf ~)", "`id`", "'; id #", "-rf", "--output=x", "a\nb", "", "x" * 500])
def test_hostile_arguments_are_refused(value: str) -> None:
    program = load(compiled(families.users()).program, "skill.py")
    assert program.wrong_arguments({"name": value})


def test_failing_runs_are_another_path() -> None:
    history = families.checks(5)
    failed = episodes(
        "> run the checks\n$ ./check-style\n| style: 9 files clean\n"
        "$ ./unit-tests 2>&1 | tail -3\n| FAILED\n! 1\n< It fails."
    )
    history.append(replace(failed[0], id="s9:p", session="s9"))
    made = compiled(history)
    assert made.plan and made.plan.ending is Ending.ANSWERED
    assert made.plan.support.occurrences == 5
    assert len(made.hotspot.occurrences) == 6


def test_reads_in_between_are_noise() -> None:
    history = families.users(5)
    look = episodes("> x\n$ ls -la\n| total 0")[0].calls[0]
    history[2] = replace(history[2], calls=(history[2].calls[0], replace(look, id="n1"), *history[2].calls[1:]))
    made = compiled(history)
    assert made.plan and made.plan.support.occurrences == 5
    assert len(made.plan.steps) == 2


def test_a_write_in_between_is_another_workflow() -> None:
    history = families.users(5)
    write = episodes("> x\n$ rm notes.txt")[0].calls[0]
    history[2] = replace(history[2], calls=(history[2].calls[0], replace(write, id="n1"), *history[2].calls[1:]))
    made = compiled(history)
    assert made.plan and made.plan.support.occurrences == 4
