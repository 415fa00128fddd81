"""At least twenty families of workflows, each with traps: what is compilable is compiled, and nothing wrong is."""

from __future__ import annotations

import pytest

from agentjit.data import folder
from tests.proof import asking, coding, dangers, domains, effects, mixed, operating, standing, turning
from tests.proof.family import Family
from tests.proof.judge import judge

FAMILIES = (
    *operating.FAMILIES,
    *coding.FAMILIES,
    *asking.FAMILIES,
    *turning.FAMILIES,
    *effects.FAMILIES,
    *domains.FAMILIES,
    *dangers.FAMILIES,
    *mixed.FAMILIES,
    *standing.FAMILIES,
)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_family(family: Family) -> None:
    verdict = judge(family, str(folder("skills_templates")))
    assert not verdict.wrong
    assert verdict.passed, (verdict.became, verdict.reasons, verdict.usual, verdict.stopped[:3])
