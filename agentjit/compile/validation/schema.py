"""Stage 1: the plan is of the form that plans have, within bounds, and its patterns compile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import ValidationError

from agentjit.compile.validation.finding import Case, Finding, shown
from agentjit.compile.validation.walk import every_path
from agentjit.contract import Contract
from agentjit.piece import Binding, JsonKeys, JsonPath, Kind, Pattern, ShapePiece
from agentjit.skill import Entry, Plan
from agentjit.step import Ending, Fork, Loop

BYTES = 1_000_000
STEPS = 64
PARAMETERS = 16
BRANCHES = 8  # paths of one fork
DEEPEST = 4  # forks behind forks
ROUNDS = 1000  # of a loop
LONGEST = 20_000  # characters of a pattern
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_AGAIN = "compile the workflow again"


def findings(case: Case) -> Iterator[Finding]:
    form = list(_form(case.plan))
    yield from form
    if not form:
        yield from _sizes(case.plan)
        yield from _endings(case.plan)
        yield from _expressions(case.plan)
        yield from _entries(case.plan)


def _form(plan: Plan) -> Iterator[Finding]:
    """The plan reads back from its own JSON as what it is."""
    try:
        written = plan.model_dump_json(warnings="error").encode()
        if len(written) > BYTES:
            yield Finding(
                f"it is {len(written):,} bytes long", f"a plan has at most {BYTES:,}", "compile a shorter part"
            )
        elif Plan.model_validate_json(written) != plan:
            yield Finding("it does not read back as it was written", "what was approved must be what runs", _AGAIN)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        yield Finding(f"{shown(place) or 'the whole'}: {shown(first['msg'])}", "nothing unknown may be in it", _AGAIN)
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        yield Finding(f"it cannot be written down ({shown(str(error))})", "a plan is what stands in plan.json", _AGAIN)


def _sizes(plan: Plan) -> Iterator[Finding]:
    bound = "a skill is a small program: more is nobody's habit"
    steps = list(plan.every_step())
    if not 1 <= len(steps) <= STEPS:
        yield Finding(f"it has {len(steps)} steps", f"from 1 to {STEPS} can be read and tried", "compile another part")
    if len(plan.parameters) > PARAMETERS:
        yield Finding(f"it has {len(plan.parameters)} parameters", bound, "compile a workflow that varies less")
    if not NAME.fullmatch(plan.name):
        yield Finding(f"it is called {shown(plan.name)!r}", "its name is a folder's and a command's", "name it plainly")
    if _depth(plan.fork) > DEEPEST:
        yield Finding(f"its forks are {_depth(plan.fork)} deep", bound, "leave the rarer ways to the model")
    for fork in _forks(plan.fork):
        if not 1 <= len(fork.paths) <= BRANCHES:
            yield Finding(
                f"a fork has {len(fork.paths)} paths", f"from 1 to {BRANCHES} can be read", "compile it again"
            )
    for loop in _loops(plan):
        if not loop.steps or not 1 <= loop.most <= ROUNDS:
            what = f"the loop over {shown(loop.over)} has {len(loop.steps)} steps and at most {loop.most} rounds"
            yield Finding(what, f"a loop does something, from 1 to {ROUNDS} times", _AGAIN)


def _endings(plan: Plan) -> Iterator[Finding]:
    ends = [] if plan.fork else [("the plan", plan.ending, plan.answer)]
    ends += [("a path", path.ending, path.answer) for path in every_path(plan.fork) if not path.fork]
    for what, ending, answer in ends:
        if (ending is Ending.ANSWERED) != bool(answer):
            why = "an answered ending has an answer, a gathered one has none"
            yield Finding(f"{what} is {ending} and its answer has {len(answer)} pieces", why, _AGAIN)
    forked = [("the plan", plan.fork, plan.answer)]
    forked += [("a path", path.fork, path.answer) for path in every_path(plan.fork)]
    for what, fork, answer in forked:
        if fork and answer:
            yield Finding(f"{what} forks and has an answer too", "every path behind a fork has its own", _AGAIN)


def _expressions(plan: Plan) -> Iterator[Finding]:
    why = "what a value looks like must be something that can be checked"
    for what, expression, groups in _patterns(plan):
        try:
            compiled = re.compile(expression)
        except (re.error, RecursionError, OverflowError) as error:
            yield Finding(f"{what} is no regular expression: {shown(str(error))}", why, _AGAIN)
            continue
        if len(expression) > LONGEST:
            yield Finding(f"{what} is {len(expression):,} characters long", f"at most {LONGEST:,} are tried", _AGAIN)
        if groups is not None and compiled.groups != groups:
            yield Finding(f"{what} has {compiled.groups} groups", f"it must have {groups}", _AGAIN)


def _patterns(plan: Plan) -> Iterator[tuple[str, str, int | None]]:
    """(what, regular expression, number of its groups; None: any)."""
    for parameter in plan.parameters:
        yield f"the pattern of {parameter.name}", parameter.pattern, 0
    for entry in (plan.entry, *plan.also):
        yield "the pattern of an entry", entry.pattern, None
    for step in plan.every_step():
        yield from _of_contract(step.contract)
        for binding in step.bindings:
            yield from _of_binding(binding)
    for path in every_path(plan.fork):
        yield from _of_contract(path.contract)
        for binding in path.bindings:
            yield from _of_binding(binding)
        if path.guard.by == "says":
            yield "what a guard looks for", path.guard.expression, None


def _of_binding(binding: Binding) -> Iterator[tuple[str, str, int | None]]:
    yield from _of_shape(f"what {binding.name} looks like", binding.pattern)
    for finder in binding.finders:
        if isinstance(finder, Pattern):
            yield f"a finder of {binding.name}", finder.expression, 1


def _of_contract(contract: Contract) -> Iterator[tuple[str, str, int | None]]:
    yield from _of_shape("the shape of an output", contract.shape)
    for line in contract.says:
        yield from _of_shape("a line of an output", line)
    for _, form in contract.forms:
        yield "the form of a column", form, None
    for finder, _ in contract.holds:
        if isinstance(finder, Pattern):
            yield "a finder of a contract", finder.expression, 1


def _of_shape(what: str, shape: tuple[ShapePiece, ...]) -> Iterator[tuple[str, str, int | None]]:
    for piece in shape:
        if isinstance(piece, Kind):
            yield what, piece.expression, 0


def _entries(plan: Plan) -> Iterator[Finding]:
    """Every phrasing gives exactly the parameters that a prompt can give."""
    wanted = {parameter.name for parameter in plan.parameters if not parameter.secret and not parameter.hole}
    for entry in (plan.entry, *plan.also):
        given = _groups(entry)
        if given is not None and given != wanted:
            odd = ", ".join(shown(name) for name in sorted(given ^ wanted))
            why = "a prompt fills every parameter that is no hole and no secret, and nothing else"
            yield Finding(f"the entry `{shown(entry.prompt)}` and the parameters differ in {odd}", why, _AGAIN)
    for binding in _bindings(plan):
        if not binding.finders:
            yield Finding(f"nothing says where {shown(binding.name)} is found", "a value comes from somewhere", _AGAIN)
        for finder in binding.finders:
            if isinstance(finder, JsonPath | JsonKeys) and any(part == "" for part in finder.path):
                yield Finding(f"a finder of {shown(binding.name)} has an empty key", "nobody wrote one", _AGAIN)


def _groups(entry: Entry) -> set[str] | None:
    try:
        return set(re.compile(entry.pattern).groupindex)
    except (re.error, RecursionError, OverflowError):
        return None  # found already


def _bindings(plan: Plan) -> Iterator[Binding]:
    for step in plan.every_step():
        yield from step.bindings
    for path in every_path(plan.fork):
        yield from path.bindings


def _forks(fork: Fork | None) -> Iterator[Fork]:
    if fork:
        yield fork
        for path in fork.paths:
            yield from _forks(path.fork)


def _depth(fork: Fork | None) -> int:
    return 1 + max((_depth(path.fork) for path in fork.paths), default=0) if fork else 0


def _loops(plan: Plan) -> Iterator[Loop]:
    for nodes in (plan.steps, *(path.steps for path in every_path(plan.fork))):
        yield from (node for node in nodes if isinstance(node, Loop))
