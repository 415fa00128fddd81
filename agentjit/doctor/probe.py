"""A skill on trial: published in a temporary home, asked for through the real prompt hook, and run on its own."""

from __future__ import annotations

import os
import tempfile

from agentjit import data, spool
from agentjit.compile.render import program
from agentjit.contract import Contract
from agentjit.doctor.finding import Finding, Findings, Patient, fail, ok
from agentjit.doctor.place import python_of
from agentjit.errors import AjError
from agentjit.hotspot import Hotspot
from agentjit.install.trial import HookFailed, Trial
from agentjit.kit.process import run
from agentjit.library import Library
from agentjit.piece import Binding, Kind, Ref, Text, Whole
from agentjit.pipeline import Study, publish
from agentjit.publishing import ACTIVATE
from agentjit.skill import Entry, Need, Parameter, Plan, State, Support
from agentjit.step import BashStep, Ending, Step
from agentjit.trace import Effect

NAME = "doctor-probe"
_WORD = "[a-z]{8}"
_PATIENCE = 20.0  # seconds
_INIT = "aj init"


def skill() -> Plan:
    """The probe: `doctor, say WORD` runs `echo WORD` and answers what that printed."""
    word = Ref(name="word")
    step = Step(
        call=BashStep(argv=((Text(text="echo"),), (word,))),
        result="echo",
        effect=Effect.READS,
        contract=Contract(seen=ACTIVATE, exit_codes=(0,), shape=(word,)),
        bindings=(Binding(name="said", finders=(Whole(),), pattern=(Kind(expression=_WORD),)),),
    )
    return Plan(
        name=NAME,
        hotspot=NAME,
        entry=Entry(prompt="doctor say {word}", pattern=rf"doctor\s+say\s+(?P<word>{_WORD})", words=("doctor", "say")),
        parameters=(Parameter(name="word", pattern=_WORD, seen=()),),
        requires=(Need(kind="program", name="echo"),),
        steps=(step,),
        ending=Ending.ANSWERED,
        answer=(Ref(name="said"),),
        support=Support(occurrences=ACTIVATE, sessions=ACTIVATE, episodes=()),
    )


def probe(patient: Patient) -> Findings:
    """The prompt hook answers with a skill, keeps silent without one, and a skill runs on its own."""
    with tempfile.TemporaryDirectory(prefix="aj-doctor-") as folder:
        trial = Trial(f"{folder}/aj", f"{folder}/home", patient.env.get("PATH", os.defpath))
        try:
            trial.set_up(patient.package)
            _publish(trial, patient)
        except (AjError, OSError) as error:
            yield fail("prompt hook", f"a skill cannot be published: {error}", "run install.sh of a fresh clone")
            return
        # The hook that the client starts, if this home has one; else the one it would get.
        plugin = patient.home.plugin if os.path.isdir(patient.home.plugin) else trial.home.plugin
        yield _answers(trial, plugin)
        yield _keeps_silent(trial, plugin)
        yield _runs(trial, patient)


def _publish(trial: Trial, patient: Patient) -> None:
    templates = str(data.folder("skills_templates", patient.package))
    plan = skill()
    study = Study(Hotspot(NAME, (), ()), plan, program(plan, templates))
    publish(trial.home, [study], templates, now=patient.now)
    record = Library(trial.home).record(NAME)
    if record.state is not State.ACTIVE:
        raise AjError(f"the probe is {record.state}: {record.reason}")


def _word() -> str:
    """Eight letters that nothing but a real run can answer."""
    return "".join(chr(ord("a") + byte % 26) for byte in os.urandom(8))


def _answers(trial: Trial, plugin: str) -> Finding:
    word = _word()
    try:
        said = trial.ask(f"doctor say {word}", trial.env["HOME"], plugin=plugin)
    except (HookFailed, OSError) as error:
        return fail("prompt hook", str(error), _INIT)
    if said.answer.split("\n")[0] != word:
        heard = repr(said.output) if said.output else f"nothing ({trial.last_error()})"
        return fail("prompt hook", f"a skill's answer does not come back through it, but {heard[:300]}", _INIT)
    return ok("prompt hook", f"answers a prompt with a skill in {said.seconds * 1000:.0f} ms")


def _keeps_silent(trial: Trial, plugin: str) -> Finding:
    before = sum(1 for _ in spool.pending(trial.home))
    try:
        said = trial.ask("a prompt that no skill knows", trial.env["HOME"], plugin=plugin)
    except (HookFailed, OSError) as error:
        return fail("other prompts", str(error), _INIT)
    if said.output is not None:
        return fail("other prompts", f"the hook says {said.output!r} to a prompt it should pass", _INIT)
    if sum(1 for _ in spool.pending(trial.home)) != before + 1:
        return fail("other prompts", "the hook passes a prompt, but does not record it", _INIT)
    return ok("other prompts", f"pass in silence, in {said.seconds * 1000:.0f} ms")


def _runs(trial: Trial, patient: Patient) -> Finding:
    word = _word()
    python = python_of(patient.home)
    file = os.path.join(Library(trial.home).folder(NAME), "skill.py")
    try:
        done = run([python, file, "--word", word], cwd=trial.env["HOME"], env=trial.env, timeout=_PATIENCE)
    except OSError as error:
        return fail("a skill", f"{python} cannot be started: {error.strerror}", _INIT)
    if done.exit_code != 0 or done.stdout.strip() != word:
        said = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
        return fail("a skill", f"does not run on its own (exit status {done.exit_code}): {said[:300]}", _INIT)
    return ok("a skill", f"runs on its own in {done.seconds * 1000:.0f} ms")
