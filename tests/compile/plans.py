"""A plan with all that plans can have, made by hand, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentjit.contract import Contract
from agentjit.piece import Argument, Binding, Cell, Kind, LineAt, Lines, Ref, Text
from agentjit.skill import Asked, Entry, Need, Parameter, Plan, Support
from agentjit.step import (
    AnyCall,
    BashStep,
    Ending,
    Fork,
    Guard,
    Loop,
    Path,
    ReadStep,
    ShellStep,
    Spread,
    Step,
    ToolField,
    ToolStep,
    WriteStep,
)
from agentjit.trace import Effect

SEEN = 5
OK = Contract(seen=SEEN, exit_codes=(0,))
WORD = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
HERE = "/work/shop"


def text(value: str) -> Argument:
    return (Text(text=value),)


def ref(name: str, *by: str) -> Argument:
    return (Ref(name=name, by=by),)


def argv(*words: str | Argument | Spread) -> BashStep:
    return BashStep(argv=tuple(text(word) if isinstance(word, str) else word for word in words))


def script(*pieces: str | Ref | Spread) -> ShellStep:
    return ShellStep(script=tuple(Text(text=piece) if isinstance(piece, str) else piece for piece in pieces))


def field(path: str, value: str | Argument, kind: Any = "string") -> ToolField:
    return ToolField(path=tuple(path.split(".")), type=kind, value=text(value) if isinstance(value, str) else value)


def issue(*fields: ToolField) -> ToolStep:
    return ToolStep(tool="mcp__tracker__get_issue", fields=fields)


def binding(name: str, pattern: str = WORD, **more: Any) -> Binding:
    finders = more.pop("finders", (LineAt(number=0),))
    return Binding(name=name, finders=finders, pattern=(Kind(expression=pattern),), **more)


def step(call: AnyCall, result: str, effect: Effect = Effect.READS, **more: Any) -> Step:
    shell = isinstance(call, BashStep | ShellStep)
    return Step(call=call, result=result, effect=effect, contract=OK if shell else Contract(seen=SEEN), **more)


def plan(*steps: Step | Loop, **more: Any) -> Plan:
    """A gathered plan of these steps with one parameter, `service`."""
    given: dict[str, Any] = {
        "name": "look-at-service",
        "hotspot": "h1",
        "entry": Entry(
            prompt="look at {service}",
            pattern=rf"(?i:look)\s+(?i:at)\s+(?P<service>{WORD})",
            words=("look", "at"),
            directories=(HERE,),
        ),
        "parameters": (Parameter(name="service", pattern=WORD, seen=("web", "api")),),
        "requires": tuple(Need(kind="program", name=name) for name in ("git", "kubectl", "curl", "cat", "touch")),
        "steps": steps,
        "ending": Ending.GATHERED,
        "support": Support(occurrences=SEEN, sessions=SEEN, episodes=tuple(f"e{i}" for i in range(SEEN))),
    }
    return Plan(**{**given, **more})


PODS = step(
    argv("kubectl", "get", "pods", "-n", ref("service")),
    "pods",
    bindings=(
        binding("pod", finders=(Cell(column=0, where=((2, Text(text="Failed")),)),)),
        binding("names", "[A-Za-z0-9][A-Za-z0-9_.-]*", finders=(Cell(column=0, first=1),), many=True),
        binding("total", "[0-9]+", finders=(LineAt(number=-1),)),
    ),
)
LOG = step(argv("kubectl", "logs", ref("pod"), "-n", ref("service")), "log")
NODES = step(argv("kubectl", "get", "nodes"), "nodes", beside=True)
EACH = Loop(over="names", item="each", steps=(step(argv("kubectl", "describe", "pod", ref("each")), "about"),), most=6)
VERSION = step(ReadStep(path=(Ref(name="cwd"), Text(text="/VERSION"))), "version", bindings=(binding("release"),))
TICKET = step(issue(field("number", ref("total"), "integer"), field("repo", "shop")), "ticket")
NOTE = step(
    WriteStep(path=text("notes.txt"), content=(Text(text="about "), Ref(name="pod"))), "note", Effect.WRITES_HERE
)
STATUS = step(script("git status --short -- ", Ref(name="service"), " | cat"), "status")

CLEAN = Path(
    guard=Guard(of="status", by="empty"), seen=3, contract=OK, ending=Ending.ANSWERED, answer=text("Nothing changed.")
)
DIRTY = Path(
    guard=Guard(of="status", by="printed"),
    seen=2,
    contract=OK,
    bindings=(binding("paths", r"\S+", finders=(Lines(),), many=True),),
    steps=(step(argv("git", "add", "--", Spread(name="paths")), "added", Effect.WRITES_HERE),),
    ending=Ending.GATHERED,
)


def good() -> Plan:
    """A plan that is valid, with every kind of step and structure in it."""
    return plan(
        PODS,
        LOG,
        NODES,
        EACH,
        VERSION,
        TICKET,
        STATUS,
        NOTE,
        environment=(Asked(name="cwd", key="cwd"), Asked(name="branch", key="branch")),
        requires=(
            *(Need(kind="program", name=name) for name in ("kubectl", "git", "cat")),
            Need(kind="repository"),
        ),
        fork=Fork(paths=(CLEAN, DIRTY)),
    )


Spoilt = Callable[[], Plan]
