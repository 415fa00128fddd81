"""Teach a family, compile what is found, and try the programs on runs that were held back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from agentjit import kit
from agentjit.detect.mine import surveyed
from agentjit.detect.signature import operation
from agentjit.intercept.decide import decide
from agentjit.kit.local import Local
from agentjit.library import entry
from agentjit.pipeline import Study, studied
from agentjit.proving import day, same_call
from agentjit.publishing import recorded
from agentjit.run.load import load
from agentjit.skill import Plan
from agentjit.step import Ending
from agentjit.trace import Episode, ToolCall
from tests.proof.family import Expected, Family
from tests.proof.story import Story, broken, disturbed, other
from tests.support.notation import DAY, START

HELD_BACK = 20
TRAPS = 10
OTHERS = 12  # episodes of other work in the history


@dataclass(slots=True)
class Verdict:
    """What became of a family. The counters are over held-back runs and over traps: `exact`, `before` (gathered before
    what only a model can say), `handed back`, `passed` (no skill took the prompt) and `wrong`, with examples.
    """

    family: Family
    plans: list[Plan] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    usual: Counter[str] = field(default_factory=Counter)
    traps: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    @property
    def became(self) -> str:
        """What the family was compiled into."""
        if not self.plans:
            return Expected.NOTHING
        holes = any(parameter.hole for plan in self.plans for parameter in plan.parameters)
        return Expected.TOOL if holes else " and ".join(sorted({_ending(plan) for plan in self.plans}))

    @property
    def passed(self) -> bool:
        """Whether it is what it should be, fluent, and never wrong."""
        if self.wrong:
            return False
        if self.family.expected is Expected.NOTHING:
            return not self.plans
        done = self.usual["exact"] + self.usual["before"]
        return self.became == self.family.expected and done >= self.family.fluent * sum(self.usual.values())


def _ending(plan: Plan) -> str:
    """Answered, if some way through the plan ends with an answer."""
    endings = {plan.ending} if plan.fork is None else {path.ending for path in plan.fork.paths}
    return Expected.ANSWERED if Ending.ANSWERED in endings else Expected.GATHERED


def judge(family: Family, templates: str, *, seed: int = 0) -> Verdict:
    """The verdict on one family, from a seed."""
    random = Random(f"{family.name} {seed}")
    taught = [disturbed(family.run(random, n), random, noise=family.noise).episode(n) for n in range(family.runs)]
    others = [other(random).episode(50 + n) for n in range(OTHERS)]
    found = studied(surveyed([*taught, *others], now=START + 70 * DAY), templates)
    compiled = [each for each in found if each.plan]
    verdict = Verdict(
        family, [each.plan for each in compiled if each.plan], [each.reason for each in found if each.reason]
    )
    for n in range(HELD_BACK):
        _try(verdict, verdict.usual, compiled, family.run(random, 100 + n), 100 + n)
    for n in range(TRAPS):
        _try(verdict, verdict.traps, compiled, broken(family.run(random, 150 + n), random), 150 + n)
    for trap in family.traps:
        for n in range(TRAPS):
            _try(verdict, verdict.traps, compiled, trap(random, 200 + n), 200 + n)
    return verdict


def _try(verdict: Verdict, counted: Counter[str], compiled: Sequence[Study], story: Story, number: int) -> None:
    ended, why = tried(compiled, story, number)
    counted[ended] += 1
    if ended == "wrong":
        verdict.wrong.append(f"{story.prompt}: {why}")
    elif ended == "handed back":
        verdict.stopped.append(f"{story.prompt}: {why}")


def tried(compiled: Sequence[Study], story: Story, number: int) -> tuple[str, str]:
    """How the one program that takes the story's prompt does in it, and why."""
    episode = story.episode(number)
    rows, by_name = [], {}
    for number_of, each in enumerate(compiled):
        assert each.plan
        plan = each.plan.model_copy(update={"name": f"{each.plan.name}-{number_of}"})
        record = recorded(None, plan, each.program, 0.0)
        rows += [{**entry(record, plan, phrasing), "approved": True} for phrasing in (plan.entry, *plan.also)]
        by_name[plan.name] = each
    decision = decide(story.prompt, rows, cwd=story.cwd, patience=math.inf)
    if decision.match is None:
        return "passed", decision.reason
    study, arguments = by_name[decision.skill], decision.match.arguments
    assert study.plan
    spare = [call for call in story.unneeded.episode(number).calls if _reads(call)] if story.unneeded else []
    ended, why = _run(study, arguments, story, episode, spare)
    holes = [parameter.name for parameter in study.plan.parameters if parameter.hole]
    if holes and ended == "before" and story.holes:
        filled = dict(zip(holes, story.holes, strict=False))
        named, reason = _run(study, arguments | filled, story, episode, spare)
        if named == "wrong":
            return named, f"run by name: {reason}"
    return ended, why


def _run(
    study: Study, arguments: dict[str, str], story: Story, episode: Episode, spare: Sequence[ToolCall]
) -> tuple[str, str]:
    remaining = list(episode.calls)
    wrong: list[str] = []

    def perform(call: kit.Call) -> kit.Result:
        if isinstance(call, kit.Ask):
            return _asked(call, episode)
        _try_on_files(call, story.files)
        place = next((i for i, each in enumerate(remaining[:_AHEAD]) if same_call(call, each)), None)
        if place is None and (extra := next((each for each in spare if same_call(call, each)), None)):
            return kit.Result(extra.output, extra.exit_code, extra.seconds or 0.0)
        if place is None or not _independent(remaining[: place + 1]):
            expected = str(remaining[0].input)[:200] if remaining else "nothing"
            wrong.append(f"it calls {call.text!r} where the model called {expected}")
            raise kit.StepFailed("a call of the model", call.text)
        done = remaining.pop(place)
        return kit.Result(done.output, done.exit_code, done.seconds or 0.0)

    def perform_all(calls: tuple[kit.Call, ...]) -> list[kit.Result]:
        if story.in_turn:
            wrong.append(f"it makes {' and '.join(call.text for call in calls)} at once")
        return [perform(call) for call in calls]

    program = load(study.program, "skill.py")
    if refusal := program.wrong_arguments(arguments):
        return "handed back", refusal
    run = kit.drive(program, arguments, perform, perform_all)
    if wrong:
        return "wrong", wrong[0]
    if run.outcome == "handed_back":
        return "handed back", run.reason
    if run.outcome == "answered":
        if run.answer.strip() != (episode.final or "").strip():
            return "wrong", f"it answers {run.answer!r} where the model said {episode.final!r}"
        return ("wrong", f"it answers before {remaining[0].input}") if remaining else ("exact", "")
    missing = study.plan and any(each.hole and each.name not in arguments for each in study.plan.parameters)
    left = bool(study.plan and study.plan.remains)
    if remaining and not missing and not left:
        return "wrong", f"it ends before {remaining[0].input}"
    return ("before" if missing or remaining else "exact"), ""


def _try_on_files(call: kit.Call, there: Mapping[str, str]) -> None:
    """Raises `StepFailed` where the file tools would, on the files of the story."""
    if not isinstance(call, kit.Write | kit.Edit) or call.path not in there:
        return
    with TemporaryDirectory() as folder:
        Path(folder, "file").write_text(there[call.path])
        with Local(cwd=folder, env={}) as local:
            if isinstance(call, kit.Write):
                local.perform(kit.write("file", call.content, call.new))
            else:
                local.perform(kit.edit("file", call.old, call.new, call.every, call.whole))


_AHEAD = 6  # calls that may be made before their turn, where all of them only read


def _independent(calls: Sequence[ToolCall]) -> bool:
    """Whether the last of these calls may be made before the others: nothing but reads, or it is the first."""
    return len(calls) == 1 or all(map(_reads, calls))


def _reads(call: ToolCall) -> bool:
    return operation(call).effect == "reads"


def _asked(call: kit.Ask, episode: Episode) -> kit.Result:
    known = {"cwd": episode.cwd, "today": day(episode.at), "branch": str(getattr(episode, "branch", ""))}
    if call.name not in known:
        raise kit.StepFailed("a value of the environment", call.name)
    return kit.Result(known[call.name], None)


def table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as a table."""
    head = f"{'family':12} {'what it is about':36} {'expected':9} {'became':9} held-back runs / traps"
    rows = [head, "-" * 110]
    for each in verdicts:
        family = each.family
        counts = " / ".join(_counted(counts) for counts in (each.usual, each.traps) if counts)
        mark = "" if each.passed else "  <- not as it should be"
        rows.append(f"{family.name:12} {family.about:36} {family.expected:9} {each.became:9} {counts}{mark}")
    wrong = sum(each.usual["wrong"] + each.traps["wrong"] for each in verdicts)
    good = sum(each.passed for each in verdicts)
    together = {"held-back runs": Counter[str](), "traps": Counter[str]()}
    for each in verdicts:
        together["held-back runs"] += each.usual
        together["traps"] += each.traps
    rows += [f"{counts.total()} {what}: {_counted(counts)}" for what, counts in together.items()]
    rows.append(f"{good} of {len(verdicts)} families are as they should be; {wrong} wrong results")
    return "\n".join(rows)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
