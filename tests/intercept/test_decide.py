"""Deciding: certain or not at all, and always with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from agentjit.compile.knowledge import Knowledge
from agentjit.compile.plan import plan
from agentjit.detect.mine import hotspots
from agentjit.intercept.decide import decide
from agentjit.trace import Effect
from tests.compile import families
from tests.support.notation import DAY, START


def entry(**changes: Any) -> dict[str, Any]:
    (hotspot,) = [each for each in hotspots(families.pods(), now=START + 30 * DAY) if each.template]
    made = plan(
        hotspot, Knowledge(lambda line, varying: Effect.READS, lambda occurrence: {"cwd": occurrence.episode.cwd})
    )
    return {
        "name": made.name,
        "prompt": made.entry.prompt,
        "pattern": made.entry.pattern,
        "directories": list(made.entry.directories),
        "seen": {parameter.name: parameter.seen for parameter in made.parameters},
        "effects": "reads",
        "approved": False,
        "seconds": 0.5,
        **changes,
    }


HERE = "/work/shop"


@pytest.mark.parametrize(
    ("prompt", "arguments"),
    [
        ("why is ledger crashing in demo?", {"name": "ledger", "namespace": "demo"}),
        ("  Why is  ledger-2 CRASHING in\tdemo?  ", {"name": "ledger-2", "namespace": "demo"}),
        ("why is ledger crashing in demo", {"name": "ledger", "namespace": "demo"}),
        ("why is ledger crashing in demo?.", {"name": "ledger", "namespace": "demo"}),
    ],
)
def test_matches(prompt: str, arguments: dict[str, str]) -> None:
    decision = decide(prompt, [entry()], cwd=HERE)
    assert decision.match is not None
    assert decision.match.arguments == arguments


@pytest.mark.parametrize(
    "prompt",
    [
        "why is ledger crashing in demo? and also restart it",
        "please explain why is ledger crashing in demo?",
        "why is ledger not crashing in demo?",
        "why is ledger crashing in demo and prod?",
        "why is ledger crashing?",
        "why is it crashing in demo?",
        "why is this crashing in here?",
        "why is $(id) crashing in demo?",
        "why is --all crashing in demo?",
        "why is ledger;rm crashing in demo?",
        'why is "ledger" crashing in demo?',
        "why is ledger\ncrashing in demo?\nthen fix it",
        "/why is ledger crashing in demo?",
        "<task-notification>why is ledger crashing in demo?",
        "!why is ledger crashing in demo?",
        "",
    ],
)
def test_passes(prompt: str) -> None:
    decision = decide(prompt, [entry()], cwd=HERE)
    assert decision.match is None
    assert decision.reason


@pytest.mark.parametrize(
    ("changes", "cwd", "mode", "reason"),
    [
        ({}, "/elsewhere", "default", "only seen in /work/shop"),
        ({"effects": "unknown"}, HERE, "default", "not approved"),
        ({"effects": "writes-here", "approved": True}, HERE, "plan", "plan"),
        ({"seconds": 21.0}, HERE, "default", "longer than 20 s"),
    ],
)
def test_known_objections(changes: dict[str, Any], cwd: str, mode: str, reason: str) -> None:
    decision = decide("why is ledger crashing in demo?", [entry(**changes)], cwd=cwd, mode=mode)
    assert decision.match is None
    assert reason in decision.reason


def test_two_skills_for_one_prompt_are_none() -> None:
    decision = decide("why is ledger crashing in demo?", [entry(), entry(name="other")], cwd=HERE)
    assert decision.match is None
    assert "could mean crashing or other" in decision.reason


def test_a_pronoun_that_was_a_name_before_is_one() -> None:
    seen = {"name": ("it", "web"), "namespace": ("demo",)}
    assert decide("why is it crashing in demo?", [entry(seen=seen)], cwd=HERE).match


def asked(form: str, prompt: str, **seen: tuple[str, ...]) -> dict[str, str] | None:
    """The arguments taken from `prompt` by an entry whose values may be any word at all."""
    decision = decide(prompt, [entry(pattern=form, directories=[], seen=seen)], cwd=HERE)
    return decision.match.arguments if decision.match else None


@pytest.mark.parametrize("prompt", ["describe web.", "describe web!", "describe web", "Describe web ."])
def test_a_final_stop_is_no_part_of_a_value(prompt: str) -> None:
    assert asked(r"(?i:describe\s+)(?P<name>\S+)", prompt, name=("api",)) == {"name": "web"}


@pytest.mark.parametrize("word", "more less me someone nobody either right later last next us we I none it".split())
@pytest.mark.parametrize("dress", ["{}", "{}.", "{}?", "'{}'", "({})", "{},"])
def test_a_word_that_points_is_no_value(word: str, dress: str) -> None:
    assert asked(r"(?i:describe\s+)(?P<name>\S+)", f"describe {dress.format(word)}", name=("api",)) is None


@pytest.mark.parametrize(
    "value", ["web,", "web;", "web:", "web?", "web..", "web'", 'web"', "web)", "'web", '"web', "`web"]
)
def test_a_value_with_punctuation_is_none_unless_one_had_it(value: str) -> None:
    form = r"(?i:describe\s+)(?P<name>\S+)"
    assert asked(form, f"describe {value}", name=("api",)) is None
    assert asked(form, f"describe {value}", name=(value.replace("web", "api"),)) is not None
