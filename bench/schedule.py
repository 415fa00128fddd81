"""Three slow independent reads, one after the other and as scheduled, against the longest of them alone.

The skill is compiled by the pipeline itself from five episodes whose calls were really made, with their latencies out
of the store. The sequential program and the published one are run in turn by kit.Local, with all their checks. What
starting programs costs (compile/weighing/costs.json) is measured too.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from agentjit import kit
from agentjit.compile.render import program
from agentjit.compile.weighing.candidates import candidates
from agentjit.data import folder
from agentjit.detect.reach import reach_of
from agentjit.home import Home
from agentjit.kit.local import Local
from agentjit.learned import latencies, name_of
from agentjit.library import Library
from agentjit.pipeline import compile_all
from agentjit.run.load import load
from agentjit.skill import Plan
from agentjit.store import Store
from agentjit.trace import CallSeen, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall, UsageSeen
from bench.report import Budget, Row, finish, options

KUBECTL = """#!/bin/sh
case "$2" in
    pods) sleep 0.3; echo "pods $((${#4} * 7))" ;;
    nodes) sleep 0.5; echo "nodes $((${#4} * ${#4} + 3))" ;;
    events) sleep 0.4; echo "events $((1000 - 31 * ${#4}))" ;;
esac
"""
LONGEST = "nodes"
READS = ("pods", LONGEST, "events")
PLACES = ("shop", "billing", "search-eu", "mail", "archive-two")
OVER = 50.0  # milliseconds over the critical path
DAY = 86400.0
TEMPLATES = str(folder("skills_templates"))


def command(what: str, place: str) -> tuple[str, ...]:
    return ("kubectl", "get", what, "-n", place)


def episode(local: Local, work: Path, place: str, at: float) -> Iterator[Seen]:
    """An episode whose calls are made now."""
    yield SessionSeen(place, "claude-code", at, str(work))
    yield PromptSeen(place, f"{place}:p", at, f"how is {place} doing?", cwd=str(work))
    said = []
    for number, what in enumerate(READS):
        call = kit.bash(*command(what, place))
        done = local.perform(call)
        output = done.stdout.strip()
        made = ToolCall(
            f"{place}-{number}", "Bash", {"command": call.text}, output, True, 0, at + number, done.seconds, str(work)
        )
        yield CallSeen(place, f"{place}:p", made)
        said.append(output.split()[1])
    yield FinalSeen(place, f"{place}:p", at + 5, f"{place}: {said[0]} pods, {said[1]} nodes, {said[2]} events.")
    yield UsageSeen(place, f"{place}:p", 4, 40_000, 14.0)


def compiled(home: Home, work: Path, env: dict[str, str]) -> Plan:
    """The published plan."""
    now = time.time()
    with Local(cwd=str(work), env=env) as local:
        records = [
            each for day, place in enumerate(PLACES) for each in episode(local, work, place, now - DAY * (9 - day))
        ]
    with Store.open(home, write=True) as store:
        store.add(records)
    done = compile_all(home, TEMPLATES, now=now)
    assert len(done.happened) == 1, [study.reason for study in done.studies]
    return Library(home).plan(next(iter(done.happened)))


def sequential(plan: Plan) -> Plan:
    """The same steps one after the other, in the order they were recorded."""
    steps = sorted(plan.every_step(), key=lambda step: [what in str(step.call) for what in READS].index(True))
    return plan.model_copy(update={"steps": tuple(step.model_copy(update={"beside": False}) for step in steps)})


def took(skill: kit.Program, work: Path, env: dict[str, str]) -> float:
    """Seconds of a run with the right answer."""
    with Local(cwd=str(work), env=env) as local:
        local.perform(kit.bash("true"))  # the guard is started once a run, whatever the schedule
        begin = time.perf_counter()
        run = kit.drive(skill, {next(iter(skill.params)): "cellar"}, local.perform, local.perform_all)
        seconds = time.perf_counter() - begin
    assert run.answer == "cellar: 42 pods, 39 nodes, 814 events.", (run.outcome, run.reason)
    return seconds


def constants(local: Local, runs: int) -> list[Row]:
    """What starting programs costs: see compile/weighing/costs.json."""
    one, pair = kit.bash("/bin/true"), kit.together(kit.bash("/bin/true"), kit.bash("/bin/true"))
    found: dict[str, list[float]] = {"argv": [], "shell": [], "inner": [], "beside": []}

    def seconds(call: kit.Call | tuple[kit.Call, ...]) -> float:
        begin = time.perf_counter()
        local.perform_all(call) if isinstance(call, tuple) else local.perform(call)
        return time.perf_counter() - begin

    for _ in range(runs):
        alone, empty = seconds(one), seconds(kit.shell(":"))
        found["argv"].append(alone)
        found["shell"].append(empty)
        found["inner"].append((seconds(kit.shell("/bin/true && /bin/true && /bin/true && :")) - empty) / 3)
        found["beside"].append(seconds(pair) - alone)
    return [Row.of(f"costs.json: {name}", samples) for name, samples in found.items()]


def weighed(home: Home, plan: Plan) -> float:
    """Seconds that the compiler needs to make and weigh the variants of a plan."""
    known = latencies(home)
    begin = time.perf_counter()
    assert candidates(plan, known, name_of, reach_of)
    return time.perf_counter() - begin


def main() -> int:
    parser = options(__doc__, runs=20, what="runs of each program")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work, home = Path(scratch, "work"), Home(str(Path(scratch, "aj")))
        tools = Path(scratch, "bin")
        work.mkdir()
        tools.mkdir()
        (tools / "kubectl").write_text(KUBECTL)
        (tools / "kubectl").chmod(0o755)
        env = {"PATH": f"{tools}:{os.defpath}", "HOME": scratch}
        plan = compiled(home, work, env)
        names = {"one after the other": sequential(plan), "as scheduled": plan}
        programs = {name: load(program(each, TEMPLATES), "skill.py") for name, each in names.items()}
        samples: dict[str, list[float]] = {"the longest read alone": [], **{name: [] for name in programs}}
        with Local(cwd=str(work), env=env) as local:
            for _ in range(given.runs):
                begin = time.perf_counter()
                local.perform(kit.bash(*command(LONGEST, "cellar")))
                samples["the longest read alone"].append(time.perf_counter() - begin)
                for name, skill in programs.items():
                    samples[name].append(took(skill, work, env))
            rows = [Row.of(name, each) for name, each in samples.items()]
            rows += constants(local, given.runs * 5)
        weighing = [weighed(home, sequential(plan)) for _ in range(given.runs)]
        rows.append(Row.of("weighing the variants of the plan", weighing))
    path, whole, short = (median(each) * 1000 for each in samples.values())
    for each in plan.candidates:
        print(
            f"weighed: {each.name}, {each.seconds:.2f} s, 95% {each.slow:.2f} s, {each.reason or 'chosen'}",
            file=sys.stderr,
        )
    budgets = [
        Budget("as scheduled, over the longest read alone", short - path, OVER, "ms"),
        Budget("as scheduled, against one after the other", short / whole, 0.5),
        Budget("weighing the variants of the plan", median(weighing) * 1000, 50.0, "ms"),
    ]
    return finish(rows, budgets, as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
