"""Plans written down as one would say them, for tests that build them by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentjit.contract import Contract
from agentjit.piece import (
    Argument,
    Binding,
    Finder,
    Kind,
    Ref,
    Text,
)
from agentjit.skill import Asked, Cost, Entry, Need, Parameter, Plan, Support
from agentjit.step import (
    AnyCall,
    BashStep,
    Ending,
    Fork,
    Loop,
    ShellStep,
    Spread,
    Step,
)
from agentjit.trace import Effect

WORD = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
FILE = r"/?[A-Za-z0-9_.][A-Za-z0-9_./-]*"
VERSION = r"v?[0-9]+(?:\.[0-9]+)+"
PLACE = re.compile(r"\{(\*?)(\w+)((?:\|[^{}|]+)*)\}")


def argument(text: str) -> Argument:
    """`{name}` in a text is a reference, `{name|basename}` one that goes through a transformation."""
    pieces: list[Text | Ref] = []
    end = 0
    for found in PLACE.finditer(text):
        pieces += [Text(text=text[end : found.start()])] if found.start() > end else []
        pieces.append(Ref(name=found[2], by=tuple(found[3].split("|")[1:])))
        end = found.end()
    return (*pieces, *([Text(text=text[end:])] if end < len(text) else []))


def run(command: str) -> BashStep:
    """A command whose words are parted by blanks; `{*paths}` is a list."""
    words = [PLACE.fullmatch(word) for word in command.split(" ")]
    return BashStep(
        argv=tuple(
            Spread(name=place[2]) if place and place[1] else argument(word)
            for word, place in zip(command.split(" "), words, strict=True)
        )
    )


def script(text: str) -> ShellStep:
    """A script with `{name}` and `{*names}` in it."""
    pieces: list[Text | Ref | Spread] = []
    end = 0
    for found in PLACE.finditer(text):
        pieces += [Text(text=text[end : found.start()])] if found.start() > end else []
        by = tuple(found[3].split("|")[1:])
        pieces.append(Spread(name=found[2]) if found[1] else Ref(name=found[2], by=by))
        end = found.end()
    return ShellStep(script=(*pieces, *([Text(text=text[end:])] if end < len(text) else [])))


def bound(name: str, *finders: Finder, like: str, many: bool = False) -> Binding:
    """A value found in an output."""
    return Binding(name=name, finders=finders, pattern=(Kind(expression=like),), many=many)


def step(
    result: str,
    call: AnyCall,
    *bindings: Binding,
    effect: Effect = Effect.READS,
    contract: Contract | None = None,
    beside: bool = False,
) -> Step:
    """A step that exits with 0, seen as often as the plan."""
    given = contract or Contract(seen=6, exit_codes=(0,))
    return Step(call=call, result=result, effect=effect, contract=given, bindings=bindings, beside=beside)


def plan(
    name: str,
    prompt: str,
    *nodes: Step | Loop,
    answer: str | None = None,
    fork: Fork | None = None,
    parameters: Sequence[Parameter] = (),
    asked: Sequence[str] = (),
    requires: Sequence[Need] = (),
    also: Sequence[str] = (),
) -> Plan:
    """A plan seen 6 times in 5 sessions; with no `answer` the model concludes."""
    return Plan(
        name=name,
        hotspot=f"h-{name}",
        entry=_entry(prompt),
        also=tuple(map(_entry, also)),
        parameters=tuple(parameters),
        environment=tuple(Asked(name=key.rpartition("#")[2].lstrip("$"), key=key) for key in asked),
        requires=tuple(requires),
        steps=nodes,
        fork=fork,
        ending=Ending.GATHERED if answer is None else Ending.ANSWERED,
        answer=argument(answer or ""),
        support=Support(occurrences=6, sessions=5, episodes=tuple(f"s{i}:p" for i in range(6)), held_out="6 of 6"),
        cost=Cost(requests=5, tokens=60_000, seconds=41.0),
    )


def _entry(prompt: str) -> Entry:
    return Entry(prompt=prompt, pattern=re.escape(prompt), words=tuple(re.findall(r"[a-z]+", prompt)))


def param(name: str, pattern: str, *seen: str, hole: bool = False) -> Parameter:
    return Parameter(name=name, pattern=pattern, seen=seen, hole=hole)
