"""What operations cost, from what was recorded: the wiring of store, detection and compiler for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentjit.compile.weighing.latencies import Latencies, Seen
from agentjit.detect.catalogue import built_in
from agentjit.detect.effects import SHELL_TOOL
from agentjit.detect.operations import mask
from agentjit.detect.shell import parse
from agentjit.home import Home
from agentjit.hotspot import Hotspot
from agentjit.store import Store
from agentjit.trace import Ended


def latencies(home: Home) -> Latencies:
    """Of everything in the store: calls of agents, steps of skills, turns of the model."""
    with Store.open(home, write=False) as store:
        calls, turns = store.timed(), store.model_turns()
    seen = (Seen(name_of(call.tool, {"command": call.text}), call.seconds, call.exit_code) for call in calls)
    return Latencies.of(seen, turns)


def latencies_of(hotspot: Hotspot) -> Latencies:
    """Of a hotspot's own calls, for whoever has no store at hand."""
    calls = [operation.call for occurrence in reversed(hotspot.occurrences) for operation in occurrence.operations]
    return Latencies.of(
        Seen(name_of(call.tool, call.input), call.seconds, call.exit_code or int(not call.ok))
        for call in calls
        if call.seconds is not None and call.ended is Ended.RETURNED
    )


def name_of(tool: str, given: Mapping[str, Any]) -> str:
    """The operation that a call is: `kubectl logs <arg> -n <arg>` for a shell command, else the tool."""
    command = given.get("command")
    if tool != SHELL_TOOL or not isinstance(command, str):
        return tool
    return mask.folded(mask.line(parse(command), built_in()))
