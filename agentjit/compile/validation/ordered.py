"""Stage 5: no step comes before what it depends on, and nothing stands beside what may disturb it."""

from __future__ import annotations

from collections.abc import Iterator

from agentjit.compile.validation.finding import Case, Finding, shown
from agentjit.compile.validation.names import Found, Names
from agentjit.compile.validation.walk import Placed, placed
from agentjit.trace import Effect

_ALONE = "put them one after the other"


def findings(case: Case) -> Iterator[Finding]:
    for use in Names(case.plan).uses:
        if use.found is Found.LATER:
            what = f"{use.where} needs {{{shown(use.name)}}}, which is known only after it"
            yield Finding(what, "data must flow forward: else the steps wait for each other", "put its source first")
    for each in placed(case.plan):
        if each.step.beside:
            yield from _beside(each)


def _beside(each: Placed) -> Iterator[Finding]:
    if each.loop:
        yield Finding(f"{each.where} is beside another one in a loop", "the calls of a round are made in turn", _ALONE)
    elif each.first:
        yield Finding(f"{each.where} is beside nothing", "no step stands before it in its list", _ALONE)
    writing = [step for step in each.group if step.effect is not Effect.READS]
    if writing and len(each.group) > 1:
        what = f"{each.where} is beside others, and one of them {writing[0].effect}"
        why = "nothing proves that they are apart: two names can be one file, and two programs one server"
        yield Finding(what, why, _ALONE)
