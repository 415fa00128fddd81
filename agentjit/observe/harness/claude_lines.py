"""What a line of a Claude Code transcript says, by itself (pure).

Observed with Claude Code 2.1.329: a fork (`--fork-session`, `/branch`) begins with a copy of its parent's lines under
its own `sessionId`; uuids, message ids, tool_use ids and times stay. `/branch` marks each copy (`forkedFrom`).
`--fork-session` marks those of the assistant only (`requestSessionId`), and gives the others the `promptId` of the
fork's first prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentjit.observe import wire
from agentjit.observe.harness.claude_hooks import how_ended, prompt_kind, stopped
from agentjit.trace import Ended

READ = frozenset({"assistant", "fork-context-ref", "progress", "queue-operation", "system", "user"})
# Of no use to us: state of the client, copies of what other lines say, requests as they were sent.
SILENT = frozenset(
    {"agent-name", "ai-title", "api-request", "api-request-blob", "api-request-shape", "atis-latch", "attachment"}
    | {"cost-state", "custom-title", "file-history-snapshot", "last-prompt", "mode", "permission-mode", "pr-link"}
    | {"summary", "tag", "tools-used"}
)
_USAGE = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
# User lines that no person typed and that open no episode: the work before them goes on after them.
_ASIDE = re.compile(
    r"\s*(?:\[Request interrupted|Operation stopped by hook|Caveat:|<local-command-|<bash-(?:input|stdout|stderr)"
    r"|This session is being continued from a previous conversation)"
)
_COMMAND_NAME = re.compile(r"<command-name>\s*(\S+?)\s*</command-name>")
_COMMAND_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
_CONTEXT = re.compile(r"\s*<(?:ide_[a-z_]+|system-reminder)>")  # blocks that editor and client put beside the prompt
_NUMBERED = re.compile(r" *\d+(?:\t|→)")
_NOBODY = frozenset({"scheduled", "auto_continuation", "peer", "host_synthetic", "system"})
_DENIALS = frozenset({"permission-rule", "automode-blocked", "automode-unavailable", "automode-parsing-error"})


@dataclass(frozen=True, slots=True)
class Opening:
    """A user line that may open an episode: whose, which (`<session>:<prompt id>`), when, how it began."""

    session: str
    episode: str
    at: float
    text: str
    kind: str
    cwd: str
    branch: str
    aside: bool  # the client's own words beside those of the prompt, if there are any


def blocks(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The content blocks of a message; none if its content is plain text."""
    content = message.get("content")
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def copied_from(line: Mapping[str, Any]) -> str:
    """The session this line was copied from when its own was forked, "" if it is no copy, or cannot be told to be."""
    fork = line.get("forkedFrom")
    if isinstance(fork, Mapping):
        return wire.string(fork.get("sessionId")) or "unknown"
    asked = wire.string(line.get("requestSessionId"))
    return asked if asked != wire.string(line.get("sessionId")) else ""


def tokens(message: Mapping[str, Any]) -> int:
    """All tokens of the request that this message answered, those from the cache included."""
    usage = message.get("usage")
    return sum(wire.count(usage.get(key)) for key in _USAGE) if isinstance(usage, Mapping) else 0


def unasked(line: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """An assistant line that the client wrote itself: an error of the service, "no response requested"."""
    return line.get("isApiErrorMessage") is True or message.get("model") == "<synthetic>"


# --- prompts


def opening(line: Mapping[str, Any], message: Mapping[str, Any], at: float) -> Opening | None:
    """The episode that a user line opens, unless another line of the same prompt does; None if it cannot open one."""
    session, given = wire.string(line.get("sessionId")), wire.string(line.get("promptId"))
    text = _text(message)
    kind = _kind(line, text, given)
    if not kind or not session:
        return None
    return Opening(
        session=session,
        # "@" marks an id we made up: the store may find that it is another's.
        episode=f"{session}:{given}" if given else f"{session}:@{wire.string(line.get('uuid'))}",
        at=at,
        text=_as_typed(text),
        kind=kind,
        cwd=wire.string(line.get("cwd")),
        branch=_branch(line),
        aside=line.get("isMeta") is True,
    )


def _branch(line: Mapping[str, Any]) -> str:
    """The client writes `HEAD` where no branch is checked out, and nothing outside of a repository."""
    branch = wire.string(line.get("gitBranch"))
    return "" if branch == "HEAD" else branch


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    texts = [wire.string(block.get("text")) for block in blocks(message) if block.get("type") == "text"]
    return "\n".join([text for text in texts if not _CONTEXT.match(text)] or texts)


def _kind(line: Mapping[str, Any], text: str, prompt_id: str) -> str:
    """The kind of prompt a user line is, "" if it opens no episode."""
    if line.get("isCompactSummary") is True or line.get("isVisibleInTranscriptOnly") is True or _ASIDE.match(text):
        return ""
    if line.get("isMeta") is True:
        return "meta" if prompt_id and line.get("turnCompanion") is not True else ""
    if "planContent" in line:
        return "meta"  # an accepted plan is sent as a prompt: nobody typed it
    nobody = line.get("promptSource") == "system" or wire.string(line.get("turnOrigin")) in _NOBODY
    return prompt_kind(text, "system" if nobody else "")


def _as_typed(text: str) -> str:
    """A slash command as it was typed; any other prompt as it is."""
    name = _COMMAND_NAME.search(text)
    if not name or prompt_kind(text) != "command":
        return text
    arguments = _COMMAND_ARGS.search(text)
    return f"{name.group(1)} {arguments.group(1) if arguments else ''}".strip()


# --- results


def result(tool: str, block: Mapping[str, Any], detail: object) -> wire.Result:
    """The result in a tool_result block; `detail` is the line's `toolUseResult` if it is of this call alone."""
    shown = wire.text_of(block.get("content"))
    if block.get("is_error") is True:
        return wire.failed(_error(shown, detail))
    if isinstance(detail, Mapping | list):
        return wire.succeeded(tool, detail)
    # Those of sub-agents have no details. The harness calls it good, so the status was 0.
    text = _unnumbered(shown) if tool == "Read" else wire.unremarked(shown) if tool in ("Write", "Edit") else shown
    return wire.Result(text, True, 0 if tool == "Bash" else None)


def _error(shown: str, detail: object) -> str:
    """The error itself: the client may add advice to what it shows to the agent."""
    error = detail.removeprefix("Error: ") if isinstance(detail, str) else ""
    return error if error and error != detail and shown.startswith(error) else shown


def _unnumbered(text: str) -> str:
    """A file as it is, from how the agent is shown it: each line with its number, or as it came."""
    shown = text.split("\n")
    found = [_NUMBERED.match(line) for line in shown]
    return (
        "\n".join(line[match.end() :] for line, match in zip(shown, found, strict=True) if match)
        if all(found)
        else text
    )


def ending(line: Mapping[str, Any], block: Mapping[str, Any], detail: object) -> Ended:
    """How the call ended whose result a tool_result block is."""
    if block.get("is_error") is not True:
        return Ended.INTERRUPTED if stopped(detail) else Ended.RETURNED
    kind = wire.string(line.get("toolDenialKind"))
    if kind in _DENIALS or line.get("toolDenialBeforeRun") is True or _decided(line):
        return Ended.DENIED
    # Esc while a command runs is worded as if the user had refused it, but for the marks looked at above and this text.
    if kind in ("interrupted", "cancelled") or detail == "User rejected tool use":
        return Ended.INTERRUPTED
    return Ended.DENIED if kind == "user-rejected" else how_ended(wire.text_of(block.get("content")))


def _decided(line: Mapping[str, Any]) -> bool:
    decision = line.get("permissionDecision")
    return isinstance(decision, Mapping) and decision.get("decision") == "reject"
