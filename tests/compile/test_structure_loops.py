"""Lists: a loop over all that an earlier command printed, and words of varying number."""

from __future__ import annotations

import json

import pytest

from agentjit.step import Loop
from tests.compile.structures import calls, compiled, history, ran

FILES = [["a.py", "b.py"], ["c.py"], ["d.py", "e.py", "f.py"], ["a.py", "g/h.py"], ["z.md"], ["q.py", "r.py"]]


def shown(files: list[str], body: str = "$ cat {f}\n| text of {f}", lead: str = "$ git diff --name-only") -> str:
    listed = "\n".join(f"| {f}" for f in files)
    rounds = "\n".join(body.replace("{f}", f) for f in files)
    return f"> show the changed files\n{lead}\n{listed}\n{rounds}\n< Here they are."


def test_a_loop_over_all_lines() -> None:
    made = compiled(history(*map(shown, FILES)))
    assert made.plan, made.reason
    loop = made.plan.steps[1]
    assert isinstance(loop, Loop)
    assert (loop.over, loop.item, loop.most) == ("paths", "path", 6)
    world = {"git diff --name-only": "x.py\ny.py", "cat x.py": "text of x.py", "cat y.py": "text of y.py"}
    assert calls(ran(made, world)) == ["git diff --name-only", "cat x.py", "cat y.py"]


def test_rounds_of_several_steps() -> None:
    made = compiled(history(*(shown(f, "$ cat {f}\n| text of {f}\n$ wc -l {f}\n| 1 {f}") for f in FILES)))
    world = {"git diff --name-only": "x.py\ny.py"}
    world |= {f"cat {f}": f"text of {f}" for f in ("x.py", "y.py")} | {f"wc -l {f}": f"1 {f}" for f in ("x.py", "y.py")}
    assert calls(ran(made, world))[1:] == ["cat x.py", "wc -l x.py", "cat y.py", "wc -l y.py"]


def test_what_is_the_same_in_all_rounds_comes_from_outside() -> None:
    def one(ns: str, names: list[str]) -> str:
        table = "\n".join(f"| {name} 1/1 Running" for name in names)
        logs = "\n".join(f"$ kubectl logs {name} -n {ns} --tail=2\n| {name} is up" for name in names)
        return f"> logs of all pods in {ns}\n$ kubectl get pods -n {ns}\n| NAME READY STATUS\n{table}\n{logs}\n< Quiet."

    made = compiled(
        history(*(one(f"ns{i}", [f.replace(".", "-").replace("/", "-") for f in each]) for i, each in enumerate(FILES)))
    )
    assert made.plan, made.reason
    world = {"kubectl get pods -n lab": "NAME READY STATUS\nweb-1 1/1 Running\ndb-2 1/1 Running"}
    world |= {f"kubectl logs {p} -n lab --tail=2": f"{p} is up" for p in ("web-1", "db-2")}
    (parameter,) = made.plan.parameters
    run = ran(made, world, **{parameter.name: "lab"})
    assert calls(run)[1:] == ["kubectl logs web-1 -n lab --tail=2", "kubectl logs db-2 -n lab --tail=2"]


def test_a_loop_over_a_key_of_every_json_item() -> None:
    def one(files: list[str]) -> str:
        items = json.dumps({"items": [{"id": f"u-{len(f)}{i}", "n": i} for i, f in enumerate(files)]})
        reads = "\n".join(f"$ curl -s http://h/u/u-{len(f)}{i}\n| ok" for i, f in enumerate(files))
        return f"> check all users\n$ curl -s http://h/users\n| {items}\n{reads}\n< Checked."

    made = compiled(history(*map(one, FILES)))
    assert made.plan, made.reason
    world = {"curl -s http://h/users": '{"items": [{"id": "u-7", "n": 1}, {"id": "u-8", "n": 2}]}'}
    world |= {f"curl -s http://h/u/u-{n}": "ok" for n in (7, 8)}
    assert calls(ran(made, world))[1:] == ["curl -s http://h/u/u-7", "curl -s http://h/u/u-8"]


MANY = "\n".join(f"f{i}.py" for i in range(99))


@pytest.mark.parametrize("listed", ["a b.py", "-rf", "$(id)", "../x/../y", "", MANY])
def test_a_list_unlike_those_seen_is_handed_back(listed: str) -> None:
    made = compiled(history(*map(shown, FILES)))
    run = ran(made, {"git diff --name-only": listed})
    assert run.outcome == "handed_back"
    assert calls(run) == ["git diff --name-only"]


def test_rounds_that_are_no_list_are_not_compiled() -> None:
    """Of what was listed some were read, and which is a judgement."""
    rows = []
    for number, files in enumerate(FILES):
        seen = "\n".join(f"| {f}" for f in [*files, f"left{number}.py"])
        reads = "\n".join(f"$ cat {f}\n| text" for f in files)
        rows.append(f"> look at the important changes\n$ git diff --name-only\n{seen}\n{reads}\n< Seen.")
    made = compiled(history(*rows))
    assert made.plan is None
    assert "no list that was printed before" in made.reason


def test_a_constant_number_of_rounds_stays_a_straight_line() -> None:
    rows = [f"> compare both\n$ ls\n| a{i}\n| b{i}\n$ cat a{i}\n| one\n$ cat b{i}\n| two\n< Same." for i in range(5)]
    made = compiled(history(*rows))
    assert made.plan, made.reason
    assert not any(isinstance(step, Loop) for step in made.plan.steps)
    assert len(made.plan.steps) == 3


def staged(files: list[str]) -> str:
    listed = "\n".join(f"|  M {f}" for f in files)
    return f"> stage it all\n$ git status --short\n{listed}\n$ git add {' '.join(files)}\n< Staged."


def test_words_of_varying_number_are_a_list() -> None:
    made = compiled(history(*map(staged, FILES)))
    assert made.plan, made.reason
    world = {"git status --short": " M x.py\n M y.py\n M z.py", "git add x.py y.py z.py": ""}
    assert calls(ran(made, world))[-1] == "git add x.py y.py z.py"


def test_words_that_are_no_list_end_the_plan() -> None:
    rows = [staged(files).replace("$ git add ", f"$ git add own{i}.py ") for i, files in enumerate(FILES)]
    made = compiled(history(*rows))
    assert made.plan, made.reason
    assert made.plan.remains
    assert calls(ran(made, {"git status --short": " M x.py"})) == ["git status --short"]


def test_lists_that_were_one_in_all_traces_and_are_two_now_are_handed_back() -> None:
    """Only changed files were ever listed: whether new ones are to be staged as well, no trace says."""
    made = compiled(history(*map(staged, FILES)))
    run = ran(made, {"git status --short": " M x.py\n?? z.py"})
    assert run.outcome == "handed_back"


def test_a_loop_over_some_rows_of_a_table() -> None:
    """Only the pods that crashed were looked at, in every run all of them."""

    def one(names: list[str]) -> str:
        pods = [name.replace(".", "-").replace("/", "-") for name in names]
        table = "\n".join(f"| {pod} 0/1 Crashed {i}\n| ok-{pod} 1/1 Running {i}" for i, pod in enumerate(pods))
        logs = "\n".join(f"$ kubectl logs {pod} --tail=2\n| {pod} fell over" for pod in pods)
        return f"> why the crash?\n$ kubectl get pods\n| NAME READY STATUS RESTARTS\n{table}\n{logs}\n< They fall over."

    made = compiled(history(*map(one, FILES)))
    assert made.plan, made.reason
    world = {"kubectl get pods": "NAME READY STATUS RESTARTS\nweb-1 0/1 Crashed 4\ndb 1/1 Running 0\nq-2 0/1 Crashed 1"}
    world |= {f"kubectl logs {pod} --tail=2": f"{pod} fell over" for pod in ("web-1", "q-2")}
    assert calls(ran(made, world))[1:] == ["kubectl logs web-1 --tail=2", "kubectl logs q-2 --tail=2"]
