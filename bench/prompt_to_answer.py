"""From a prompt to the answer of a read-only skill, against its bare commands and against the model's own turns.

The skills (of 1, 3 and 5 commands) are compiled from five recorded episodes each, by the pipeline itself. The first
part starts the prompt hook as the client does. The second part is the real client, once with the skill and once without
(AJ_OBSERVE=0), against a scripted model that takes 0 or 1.5 seconds for each turn. Everything is measured in turn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from agentjit.data import folder
from agentjit.home import Home
from agentjit.install import links
from agentjit.library import Library
from agentjit.pipeline import compile_all
from agentjit.skill import State
from agentjit.store import Store
from agentjit.trace import CallSeen, FinalSeen, PromptSeen, Seen, SessionSeen, ToolCall
from bench.report import CHECKOUT, Budget, Row, finish, options
from bench.spawn import seconds, shim
from tests.support.client import cache_folder, install
from tests.support.model import Bash, ModelRequest, ScriptedModel, Turn, call, say
from tests.support.session import ClaudeHome

BUDGET = 100.0  # milliseconds over the bare commands
PROMPTS = {1: "look up", 3: "count the items of", 5: "walk me through the facts about"}  # by number of commands
PROGRAMS = {1: ["cat"], 3: ["head", "-n", "9"], 5: ["tail", "-n", "9"]}
OTHERS = "explain rewrite compare simplify sketch move split rename test measure document draw".split()
TURNS = (0.0, 1.5)  # seconds the model takes to answer a request
NAMES = ("alpha", "bravo", "carol", "delta", "echo", "foxtrot")
DAY = 86400.0


def prompt(size: int, name: str) -> str:
    return f"{PROMPTS[size]} {name}"


def commands(size: int, name: str) -> list[list[str]]:
    return [[*PROGRAMS[size], f"facts/{name}/{step}"] for step in range(size)]


def write_facts(work: Path) -> None:
    """The files that the skills read."""
    for name in NAMES:
        (work / "facts" / name).mkdir(parents=True)
        for step in range(max(PROMPTS)):
            (work / "facts" / name / str(step)).write_text(f"{name} keeps {len(name) + step} items\n")


def episode(work: Path, size: int, name: str, at: float) -> Iterator[Seen]:
    """One recorded episode: the prompt, the commands with their outputs, and the last output as the closing message."""
    session = f"{size}-{name}"
    yield SessionSeen(session, "claude-code", at, str(work))
    yield PromptSeen(session, f"{session}:p", at, prompt(size, name), cwd=str(work))
    output = ""
    for step, argv in enumerate(commands(size, name)):
        output = (work / argv[-1]).read_text().strip()
        made = ToolCall(f"{session}-{step}", "Bash", {"command": " ".join(argv)}, output, True, 0, at + step, 0.01)
        yield CallSeen(session, f"{session}:p", made, str(work))
    yield FinalSeen(session, f"{session}:p", at + size, output)


def other(work: Path, number: int, at: float) -> Iterator[Seen]:
    """Work that is nobody's habit; a history of nothing but rituals says nothing about chance."""
    session = f"other-{number}"
    yield SessionSeen(session, "claude-code", at, str(work))
    yield PromptSeen(session, f"{session}:p", at, f"{OTHERS[number]} the {OTHERS[-number]}", cwd=str(work))
    for step, program in enumerate(("grep -rn", "head -3", "wc -l", "ls", "stat")[number % 3 :]):
        made = ToolCall(f"{session}-{step}", "Bash", {"command": f"{program} x{number}"}, "", True, 0, at + step, 0.01)
        yield CallSeen(session, f"{session}:p", made, str(work))
    yield FinalSeen(session, f"{session}:p", at + 9, f"Done with {number}.")


def teach(home: Home, work: Path) -> None:
    """Compile and activate the skills; fails if one is not what the bench is about."""
    now = time.time()
    with Store.open(home, write=True) as store:
        for size in PROMPTS:
            for day, name in enumerate(NAMES[:5]):
                store.add(episode(work, size, name, now - DAY * (9 - day)))
        for number in range(12):
            store.add(other(work, number, now - DAY * 9 + number))
    compile_all(home, str(folder("skills_templates")), now=now)
    states = [record.state for record in Library(home).records()]
    assert states == [State.ACTIVE] * len(PROMPTS), states


def bare(size: int, work: Path) -> float:
    """Seconds for the commands alone, one after the other, without a shell."""
    begin = time.perf_counter()
    for argv in commands(size, NAMES[5]):
        subprocess.run(argv, cwd=work, check=True, capture_output=True)
    return time.perf_counter() - begin


def through_the_hook(size: int, home: Home, work: Path) -> float:
    """Seconds from the client's starting the hook to its end, with the right answer."""
    payload = {"session_id": "s", "prompt_id": "p", "cwd": str(work), "hook_event_name": "UserPromptSubmit"}
    raw = json.dumps({**payload, "permission_mode": "default", "prompt": prompt(size, NAMES[5])}).encode()
    env = {"PATH": os.defpath, "HOME": str(work)}
    took, output = seconds(shim("prompt.sh", "UserPromptSubmit", Path(home.root)), raw, env, work)
    answer = str(json.loads(output)["stopReason"])
    assert answer.startswith(f"foxtrot keeps {len('foxtrot') + size - 1} items\n"), answer
    return took


def hook_part(runs: int) -> tuple[list[Row], list[Budget]]:
    rows, budgets = [], []
    with tempfile.TemporaryDirectory() as scratch:
        work, home = Path(scratch, "work"), Home(str(Path(scratch, "aj")))
        write_facts(work)
        base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
        home.ensure()
        links.link(home, python=sys.executable, base=base, package=CHECKOUT / "agentjit")
        teach(home, work)
        for size in PROMPTS:
            pairs = [(bare(size, work), through_the_hook(size, home, work)) for _ in range(runs)]
            alone, whole = zip(*pairs, strict=True)
            rows += [Row.of(f"{size} commands, bare", alone), Row.of(f"{size} commands, through the hook", whole)]
            more = median(with_hook - without for without, with_hook in pairs) * 1000
            budgets.append(Budget(f"{size} commands, what the hook adds", more, BUDGET, "ms"))
    return rows, budgets


def client_part(runs: int) -> list[Row]:
    """Seconds of a whole `claude -p` run for the prompt of three commands, with the skill and without."""
    rows = []
    client = install(cache_folder(os.environ))
    with tempfile.TemporaryDirectory() as scratch, ScriptedModel() as model:
        claude = ClaudeHome(Path(scratch), client, model)
        write_facts(claude.work)
        (claude.bin / "claude").symlink_to(client)
        env = {**claude.env, "PYTHONPATH": str(CHECKOUT)}
        subprocess.run([sys.executable, "-m", "agentjit", "init"], env=env, check=True, capture_output=True)
        teach(Home(str(claude.aj)), claude.work)
        for turn in TURNS:
            found: dict[str, list[float]] = {"1": [], "0": []}
            for _ in range(runs):
                for observe, took in found.items():
                    model.script = SlowModel(turn)
                    done = claude.run(prompt(3, NAMES[5]), extra_env={"AJ_OBSERVE": observe})
                    assert len(done.requests) == (0 if observe == "1" else 4), done
                    assert "foxtrot keeps 9 items" in done.result, done
                    took.append(done.seconds)
            rows.append(Row.of(f"client, 3 commands, model of {turn} s a turn", found["0"]))
            rows.append(Row.of(f"client, 3 commands, AgentJIT (model of {turn} s)", found["1"]))
    return rows


class SlowModel:
    """A model that makes the calls of the prompt of three commands, `seconds` a turn."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, request: ModelRequest) -> Turn:
        time.sleep(self.seconds)
        wanted = commands(3, NAMES[5])
        done = len(request.results)
        return call(Bash(" ".join(wanted[done]))) if done < len(wanted) else say(request.results[-1].text.strip())


def main() -> int:
    parser = options(__doc__, runs=50, what="prompts of each size through the hook")
    parser.add_argument("--client-runs", type=int, default=5, help="client sessions of each kind (default: 5)")
    given = parser.parse_args()
    rows, budgets = hook_part(given.runs)
    rows += client_part(given.client_runs)
    return finish(rows, budgets, as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
