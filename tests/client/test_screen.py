"""What a person sees: the answer on the interactive screen, and the conversation that goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.client.road import Road
from tests.support.model import Bash, Steps, by_prompt
from tests.support.session import ClaudeHome, TmuxClient
from tests.support.world import CheckedRepo


@pytest.mark.skipif(not TmuxClient.available(), reason="tmux is not installed")
def test_an_answer_on_the_screen(claude: Callable[[str], ClaudeHome]) -> None:
    road = Road(claude("screen"))
    CheckedRepo(road.claude.work)

    def first_line(file: str) -> Steps:
        found = yield Bash(f"head -n 1 src/{file}.py")
        return f"{file} begins with {found.text.strip()}"

    def follow_up() -> Steps:
        return "As I said."
        yield

    road.claude.model.script = by_prompt(
        (r"how does (?P<file>\w+) begin\?", first_line), (r"and what did you say\?", follow_up)
    )
    for number in range(6):
        (road.claude.work / "src" / f"part{'abcdef'[number]}.py").write_text(f"NAME = {number * 7}\n")
    road.learn(*(f"how does part{letter} begin?" for letter in "abcde"))
    assert road.only_skill()["state"] == "active"

    before = len(road.claude.model.requests)
    with TmuxClient(road.claude) as screen:
        screen.type("how does partf begin?")
        screen.wait("partf begins with NAME = 35")
        shown = screen.screen(escapes=True)
        (dim,) = [line for line in shown.splitlines() if "AgentJIT: begin" in line]
        assert "\x1b[2" in dim
        assert len(road.claude.model.requests) == before

        screen.type("and what did you say?")
        screen.wait("As I said.")
    (request,) = road.claude.model.requests[before:]
    assert "how does partf begin?" in request.context
    assert "partf begins with NAME = 35" in request.context
