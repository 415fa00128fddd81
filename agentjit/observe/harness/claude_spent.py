"""What sub-agents of Claude Code spent: read from their transcripts, counted with the episode that sent them out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from agentjit.observe import reader, wire
from agentjit.observe.harness import claude_lines
from agentjit.observe.reader import Counts

_TELLING = ('"usage"', '"promptId"')  # most of a transcript is output of tools: it is not worth parsing twice


@dataclass(frozen=True, slots=True)
class Spent:
    """One request of a sub-agent: for which prompt ("" if that is not told), when, its id, its tokens."""

    prompt: str
    at: float
    request: str
    tokens: int


def by_agents(folder: str) -> list[Spent]:
    """The requests of all sub-agents with a transcript in `folder`; what is not a plain file there is left alone."""
    found: list[Spent] = []
    for path in _transcripts(folder):
        try:
            with reader.opened(path) as file:
                found += spent(reader.lines(file, Counts()))
        except OSError:  # removed meanwhile, or not ours to read
            continue
    return found


def _transcripts(folder: str) -> Iterable[str]:
    try:
        with os.scandir(folder) as entries:
            files = [entry.path for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(path for path in files if path.endswith(".jsonl"))


def spent(lines: Iterable[str]) -> list[Spent]:
    """The requests in one transcript of a sub-agent, each once."""
    found: dict[str, Spent] = {}
    prompt, at = "", 0.0
    for text in lines:
        if not any(word in text for word in _TELLING):
            continue
        for line in wire.objects(text)[0]:
            message, kind = line.get("message"), line.get("type")
            if kind not in ("assistant", "user") or not isinstance(message, dict) or claude_lines.copied_from(line):
                continue
            prompt = wire.string(line.get("promptId")) or prompt
            at = wire.moment(line.get("timestamp"), at)
            if kind == "assistant" and not claude_lines.unasked(line, message):
                request = wire.string(message.get("id")) or wire.string(line.get("uuid"))
                known = found.get(request)
                most = max(claude_lines.tokens(message), known.tokens if known else 0)
                found[request] = Spent(known.prompt if known else prompt, known.at if known else at, request, most)
    return list(found.values())
