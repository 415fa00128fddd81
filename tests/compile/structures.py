"""Helpers of the tests of structure: a history compiled as a whole, and its program run in a world of answers."""

from __future__ import annotations

from collections.abc import Mapping

from agentjit import kit
from agentjit.data import folder
from agentjit.detect.mine import surveyed
from agentjit.pipeline import Study, studied
from agentjit.run.load import load
from agentjit.trace import Episode
from tests.support.notation import DAY, START, episodes

TEMPLATES = str(folder("skills_templates"))

World = Mapping[str, str | tuple[int, str]]
"""What each command prints, with its exit status if that is not 0."""


def history(*texts: str) -> list[Episode]:
    """The episodes of texts in the notation, one after the other."""
    return episodes("\n".join(texts))


def filled(template: str, **values: object) -> str:
    """A template of the notation with its `{name}` places filled; a list is a line each behind `| `."""
    for name, value in values.items():
        text = "\n| ".join(map(str, value)) if isinstance(value, list) else str(value)
        template = template.replace(f"{{{name}}}", text)
    return template


def plans(found: list[Episode]) -> list[Study]:
    """What became of every hotspot that a prompt starts, as the pipeline publishes it."""
    return [each for each in studied(surveyed(found, now=START + 90 * DAY), TEMPLATES) if each.hotspot.template]


def compiled(found: list[Episode]) -> Study:
    """The one plan of a history, else the study of its hottest prompt."""
    studies = plans(found)
    made = [each for each in studies if each.plan]
    assert len(made) < 2, "two plans for one prompt"
    return made[0] if made else studies[0]


def ran(made: Study, world: World, **arguments: str) -> kit.Run:
    """The program over a world; a command that it does not know fails the test."""
    assert made.plan, made.reason

    def perform(call: kit.Call) -> kit.Result:
        told = world[call.text]
        return kit.Result(told, 0) if isinstance(told, str) else kit.Result(told[1], told[0])

    return kit.drive(load(made.program, "skill.py"), arguments, perform)


def calls(run: kit.Run) -> list[str]:
    """What a run called, as a person would type it."""
    return [step.text for step in run.steps]
