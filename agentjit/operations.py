"""What the compiler may use in one home: the registry of operations and the policy, read from files (an edge).

The catalogue that comes with AgentJIT, the user's own `effects.json` over it, and the schemas of MCP servers' tools in
`tools.json`. `fingerprint` names their content: a skill that was validated with another does not run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from agentjit import entries, schemas
from agentjit.compile.registry import Registry, built, with_inferred
from agentjit.compile.validate import Policy
from agentjit.detect import effects
from agentjit.detect.catalogue import merged, split_names
from agentjit.detect.shell import parse
from agentjit.home import Home
from agentjit.hotspot import Line, Occurrence
from agentjit.trace import Effect


@dataclass(frozen=True, slots=True)
class Ground:
    """What plans are validated on; `print` is the fingerprint of the files it was read from."""

    registry: Registry
    policy: Policy
    print: str = ""

    def of(self, occurrences: Sequence[Occurrence]) -> tuple[Registry, Policy]:
        """The same with what the traces of a hotspot showed: inputs of tools without a schema, files written."""
        done = [operation for occurrence in occurrences for operation in occurrence.operations]
        calls = ((each.call.tool, each.call.input, each.effect) for each in done)
        return with_inferred(self.registry, calls), replace(self.policy, written=_written(occurrences))


def ground(home: Home | None = None) -> Ground:
    """The ground of a home, or what every home begins with.

    Raises `BadInput` for a file that cannot be understood: what it forbids would be allowed without it.
    """
    own = [Path(home.effects)] if home and os.path.exists(home.effects) else []
    catalogue = effects.load(*own)
    raw = _catalogue(home)

    def judge(line: Line, varying: frozenset[int], cwd: str) -> Effect:
        return effects.effect_of(line, unknown_words=varying, cwd=cwd, catalogue=catalogue)

    registry = built(raw["programs"], catalogue.tools, _schemas(home), raw["environment"])
    return Ground(registry, Policy(parse, judge, home=os.path.expanduser("~")), fingerprint(home) if home else "")


@cache
def built_in() -> Ground:
    """The ground that every home begins with."""
    return ground()


def fingerprint(home: Home) -> str:
    """A name for the content of the files that operations are defined in."""
    return entries.fingerprint((home.effects, home.tools))


def _catalogue(home: Home | None) -> Mapping[str, Any]:
    raw: dict[str, Any] = json.loads(Path(entries.CATALOGUE).read_text("utf-8"))
    raw["programs"] = split_names(raw["programs"])
    if home and os.path.exists(home.effects):
        extra = json.loads(Path(home.effects).read_text("utf-8"))  # `effects.load` has read it, too, and complained
        raw = merged(raw, {**extra, "programs": split_names(extra.get("programs", {}))})
    return raw


def _schemas(home: Home | None) -> Mapping[str, Any]:
    """The tools learned, by name, as their servers describe them."""
    learned = schemas.load(home) if home else {}
    return {name: {"inputSchema": tool.schema, "annotations": tool.annotations} for name, tool in learned.items()}


def _written(occurrences: Sequence[Occurrence]) -> frozenset[str]:
    """The paths that traces wrote to, as far as they are written down in the calls, and with a slash the folders above
    them.
    """
    found: set[str] = set()
    for occurrence in occurrences:
        for operation in occurrence.operations:
            if operation.call.tool in ("Write", "Edit"):
                found.add(str(operation.call.input.get("file_path", "")))
            commands = operation.line.commands if operation.line else ()
            targets = (redirect.target for command in commands for redirect in command.redirects)
            found.update(target.value for target in targets if target and target.value)
    folders = {os.path.dirname(path) for path in found}
    while above := {os.path.dirname(folder) for folder in folders} - folders:
        folders |= above
    return frozenset(found | {f"{folder.rstrip('/')}/" for folder in folders})
