"""The skills that AgentJIT would have had at a prompt, and what they would have done with it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

from agentjit import kit
from agentjit.backtest.walk import Row, Suggestion
from agentjit.detect.mine import hotspots
from agentjit.detect.moves import Move, identity
from agentjit.detect.prompt import LONGEST, alike, bare
from agentjit.detect.signature import operation
from agentjit.intercept.decide import decide
from agentjit.library import entry
from agentjit.pipeline import NEWEST, study
from agentjit.proving import day
from agentjit.publishing import ACTIVATE, recorded
from agentjit.run.load import load
from agentjit.skill import Plan, State
from agentjit.step import Ending
from agentjit.trace import Ended, ToolCall

SKILL = "skill"
"""The kind of what a skill runs."""
_NEWEST = 200  # families of one key that a prompt is compared with
_GROWN = 1.25  # a family of prompts is compiled again when it has grown by so much


class _Family:
    """Prompts of one form with their episodes, and the skills compiled from these."""

    def __init__(self, first: str) -> None:
        self.first = first
        self.rows: list[Row] = []
        self.compiled_from = 0
        self.skills: dict[str, tuple[Plan, kit.Program]] = {}
        self.entries: list[dict[str, Any]] = []

    def compile(self, templates: str, now: float) -> None:
        """Compile what the episodes until now teach, unless they are hardly more than the last time."""
        if len(self.rows) < max(ACTIVATE, int(self.compiled_from * _GROWN)):
            return
        self.compiled_from = len(self.rows)
        self.skills, self.entries = {}, []
        for hotspot in hotspots([row.episode for row in self.rows[-NEWEST:]], now=now):
            done = study(hotspot, templates) if hotspot.template else None
            if done is None or done.plan is None or any(parameter.secret for parameter in done.plan.parameters):
                continue
            plan = done.plan.model_copy(update={"name": f"{done.plan.name}-{len(self.skills)}"})
            record = recorded(None, plan, done.program, now)
            if record.state is State.ACTIVE:
                self.skills[plan.name] = plan, load(done.program, plan.name)
                self.entries.append(entry(record, plan))


class Skills:
    """A library that grows with the walk. `right` says how the last prompt ended: None if no skill answered it, else
    whether the answer was the model's own.
    """

    def __init__(self, templates: str) -> None:
        self.right: bool | None = None
        self._templates = templates
        self._families: dict[tuple[int, str, str], deque[_Family]] = defaultdict(lambda: deque(maxlen=_NEWEST))

    def learn(self, row: Row) -> None:
        """An episode is over."""
        if not _usable(row):
            return
        family = self._family(row.episode.prompt)
        if family is None:
            family = _Family(row.episode.prompt)
            for key in _keys(row.episode.prompt):
                self._families[key].append(family)
        family.rows.append(row)

    def suggest(self, row: Row) -> list[Suggestion]:
        """What the skill for the row's prompt would call, if there is one and nothing stands against it."""
        self.right = None
        family = self._family(row.episode.prompt) if row.typed else None
        if family is None:
            return []
        family.compile(self._templates, row.episode.at)
        decision = decide(row.episode.prompt, family.entries, cwd=row.episode.cwd)
        if decision.match is None:
            return []
        plan, program = family.skills[decision.skill]
        return self._run(plan, program, decision.match.arguments, row)

    def _family(self, prompt: str) -> _Family | None:
        """The newest family that the prompt may belong to, as the detector would cluster it."""
        known = (family for key in _keys(prompt) for family in reversed(self._families.get(key, ())))
        return next((family for family in known if alike(family.first, prompt)), None)

    def _run(self, plan: Plan, program: kit.Program, arguments: dict[str, str], row: Row) -> list[Suggestion]:
        """Run the program over the results that the episode recorded, until it asks for one that was never made."""
        suggested: list[Suggestion] = []
        environment = {"cwd": row.episode.cwd, "today": day(row.episode.at)}

        def perform(call: kit.Call) -> kit.Result:
            if isinstance(call, kit.Ask):
                if call.name not in environment:
                    raise kit.StepFailed("a value of the environment", call.name)
                return kit.Result(environment[call.name], None)
            made = _moves(call, row)
            suggested.extend(Suggestion(move, SKILL, plan.entry.prompt) for move in made)
            if not all(move.reads and move.repeatable for move in made):
                raise kit.StepFailed("a call that only reads", call.text)
            recorded_call = _found(row, [move.action.key for move in made])
            if recorded_call is None:
                raise kit.StepFailed("a call of the episode", call.text)
            return kit.Result(recorded_call.output, recorded_call.exit_code, recorded_call.seconds or 0.0)

        run = kit.drive(program, arguments, perform)
        if run.outcome == "answered" and plan.ending is Ending.ANSWERED:
            self.right = run.answer.strip() == (row.episode.final or "").strip()
        return suggested


def _keys(prompt: str) -> list[tuple[int, str, str]]:
    """What prompts of one family have in common at least: their length, and their first or their last word."""
    texts = bare(prompt)
    return [(len(texts), "first", texts[0]), (len(texts), "last", texts[-1])] if texts else []


def _usable(row: Row) -> bool:
    """Whether a program may be compiled from the episode: typed, short, and whole."""
    whole = all(call.ended is Ended.RETURNED for call in row.episode.calls)
    return row.typed and bool(row.calls) and whole and len(bare(row.episode.prompt)) <= LONGEST


def _moves(call: kit.Call, row: Row) -> Sequence[Move]:
    cwd = row.episode.cwd
    made = operation(ToolCall("", call.tool, call.input, "", True, None, row.episode.at, cwd=cwd))
    return [Move(made, action, -1, identity(action.key, cwd)) for action in made.actions]


def _found(row: Row, keys: Sequence[str]) -> ToolCall | None:
    """The first call of the episode that did just that."""
    calls = (call for call in row.calls if call[0].finished and [move.action.key for move in call] == keys)
    return next((call[0].operation.call for call in calls), None)
