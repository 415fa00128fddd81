"""The road of a trace, stage by stage, with a check after each: what a stage says it did, it did, or it raises."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentjit import data
from agentjit.demo import samples
from agentjit.demo.samples import DemoFailed
from agentjit.install.trial import Said, Trial
from agentjit.library import Library, Record
from agentjit.observe.harness.claude_transcript import projects
from agentjit.observe.importer import import_paths
from agentjit.observe.ingest import drain
from agentjit.pipeline import Study, compile_all
from agentjit.skill import Plan, State
from agentjit.step import Ending
from agentjit.store import Store
from agentjit.trace import DecisionSeen, Effect, Episode

PROGRAMS = ("bash", "cut", "grep", "tail")  # what the sample skills run


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was imported; `example` is the first episode of the workflow that is followed."""

    sessions: int
    prompts: int
    calls: int
    tokens: int
    example: Episode


@dataclass(frozen=True, slots=True)
class Skill:
    """A compiled skill with the hotspot it came from."""

    study: Study
    plan: Plan
    record: Record
    program: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt put to the real hook, and what the log says of it."""

    prompt: str
    said: Said
    decision: DecisionSeen


class Road:
    """The demonstration in `folder` (there and empty). `path` is the PATH it runs with, `now` in Unix seconds."""

    def __init__(self, folder: str, path: str, now: float) -> None:
        self.project = os.path.join(folder, "shop")
        self._trial = Trial(os.path.join(folder, "aj"), os.path.join(folder, "home"), path)
        self.home = self._trial.home
        self._now = now
        for program in PROGRAMS:
            _check(shutil.which(program, path=path) is not None, f"{program} is not on PATH")

    def recorded(self) -> Recorded:
        """Set up the home as `aj init` does and import the sample transcripts as `aj import` does."""
        self._trial.set_up()
        env = self._trial.env
        count = samples.lay_out(self.project, projects(env))
        done = import_paths(self.home, [projects(env)], env)
        _check(done.files == count and not done.skipped_lines and not done.foreign, f"of {count} transcripts: {done}")
        with Store.open(self.home, write=False) as store:
            episodes = store.episodes()
        example = _first(episodes, samples.triage_prompt)
        _check(len({episode.session for episode in episodes}) == count, "the store does not have every session")
        return Recorded(
            sessions=count,
            prompts=len(episodes),
            calls=sum(len(episode.calls) for episode in episodes),
            tokens=sum(episode.tokens or 0 for episode in episodes),
            example=example,
        )

    def compiled(self) -> list[Skill]:
        """Detect, compile, publish: the skill that answers, the one that gathers, the one that waits for approval."""
        templates = str(data.folder("skills_templates"))
        done = compile_all(self.home, templates, now=self._now)
        library = Library(self.home)
        records = {record.hotspot: record for record in library.records()}
        skills = []
        for study in done.studies:
            if study.plan is not None and (record := records.get(study.hotspot.id)):
                program = Path(library.folder(record.name), "skill.py").read_text(encoding="utf-8")
                skills.append(Skill(study, library.plan(record.name), record, program))
        found = [
            _one(skills, "answers", lambda s: s.record.state is State.ACTIVE and s.plan.ending is Ending.ANSWERED),
            _one(skills, "gathers", lambda s: s.record.state is State.ACTIVE and s.plan.ending is Ending.GATHERED),
            _one(skills, "waits", lambda s: s.record.state is State.CANDIDATE and s.plan.effects is not Effect.READS),
        ]
        _check(len(skills) == len(found), f"{len(skills)} skills where {len(found)} were expected")
        return found

    def answered(self, skill: Skill) -> Asked:
        """A prompt with an argument that no sample has, answered without the model."""
        asked = self._ask(samples.triage_prompt(samples.NEW))
        expected = samples.triage_answer(self.project, samples.NEW)
        answer = asked.said.answer
        _check(answer.split("\n")[0] == expected, f"{expected!r} was to be answered, {answer!r} was")
        self._ran(asked, skill, "answered")
        _check(len(asked.decision.steps) == len(skill.plan.steps), "not every step is in the log")
        _check(asked.decision.requests > 0 and asked.decision.tokens > 0, "the log knows of nothing saved")
        return asked

    def gathered(self, skill: Skill) -> Asked:
        """The same for a workflow whose conclusion is the model's: its results are laid before the one request left."""
        asked = self._ask(samples.ready_prompt(samples.NEW))
        _check(not asked.said.answer, "the model was to conclude, and was not asked")
        self._ran(asked, skill, "gathered")
        for step in asked.decision.steps:
            _check(step.text in asked.said.context, f"`{step.text}` is not in the context")
        return asked

    def waiting(self, skill: Skill) -> Asked:
        """A workflow that writes: without an approval nothing runs and the model gets the prompt."""
        ledger = Path(self.project, "incidents.log")
        before = ledger.read_bytes()
        asked = self._ask(samples.close_prompt(samples.NEW))
        _check(asked.said.output is None and not asked.decision.outcome, f"{skill.record.name} ran unapproved")
        _check(ledger.read_bytes() == before, f"{ledger} was changed")
        return asked

    def drifted(self, skill: Skill) -> Asked:
        """A service whose log is written another way: the skill stops at its contract, the model gets the prompt."""
        asked = self._ask(samples.triage_prompt(samples.DRIFTED))
        _check(not asked.said.answer, f"{asked.said.answer!r} was answered to what has changed")
        self._ran(asked, skill, "handed_back")
        _check(bool(asked.decision.reason) and not asked.decision.tokens, "the log does not say why")
        _check(asked.decision.reason[:40] in asked.said.context, "the model is not told why")
        return asked

    def log(self) -> list[DecisionSeen]:
        """The audit trail, oldest first."""
        with Store.open(self.home, write=False) as store:
            return store.decisions()[::-1]

    def _ask(self, prompt: str) -> Asked:
        known = {decision.id for decision in self.log()}
        said = self._trial.ask(prompt, self.project)
        drain(self.home, self._trial.env, now=self._now)
        new = [decision for decision in self.log() if decision.id not in known]
        _check(len(new) == 1, f"{len(new)} decisions were recorded for one prompt")
        return Asked(prompt, said, new[0])

    def _ran(self, asked: Asked, skill: Skill, outcome: str) -> None:
        decision = asked.decision
        _check(
            decision.outcome == outcome and decision.skill == skill.record.name,
            f"{asked.prompt!r} was {decision.outcome or 'passed'} ({decision.reason}), not {outcome}",
        )


def _first(episodes: Sequence[Episode], prompt: Callable[[str], str]) -> Episode:
    start = prompt("\0").partition("\0")[0]
    found = [episode for episode in episodes if episode.prompt.startswith(start) and episode.final]
    _check(bool(found), "the sample workflow is not in the store")
    return found[0]


def _one(skills: Sequence[Skill], what: str, fits: Callable[[Skill], bool]) -> Skill:
    found = [skill for skill in skills if fits(skill)]
    _check(len(found) == 1, f"{len(found)} skills that {what}, where one was expected")
    return found[0]


def _check(true: bool, otherwise: str) -> None:
    if not true:
        raise DemoFailed(f"the demonstration failed: {otherwise}")
