"""What single lines of Copilot CLI sessions say, and the documents before them as such lines (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentjit.observe import wire

Line = dict[str, Any]

# Known, and nothing in them that other lines do not say as well.
SILENT = frozenset(
    "assistant.intent assistant.reasoning assistant.turn_end assistant.turn_start assistant.usage command.completed"
    " command.queued hook.end hook.start permission.requested session.auto_mode_resolved"
    " session.background_tasks_changed session.error session.handoff session.idle session.mode_changed"
    " session.model_change session.permissions_changed session.plan_changed session.quota_observation"
    " session.remote_steerable_changed session.session_limits_changed session.skills_loaded session.snapshot_rewind"
    " session.task_complete session.title_changed session.todos_changed session.tools_updated session.truncation"
    " session.usage_checkpoint session.usage_info session.warning session.workspace_file_changed skill.invoked"
    " subagent.completed subagent.configured subagent.deselected subagent.failed subagent.selected subagent.started"
    " system.message system.notification tool.execution_partial_result tool.execution_progress tool.user_requested"
    " tool_search.activated".split()
)


# Of the lines that a document is turned into, those that stand for one of its messages each.
MESSAGES = frozenset({"user.message", "assistant.message", "tool.execution_complete"})


def is_event(value: Mapping[str, Any]) -> bool:
    """A line of a session."""
    kind = value.get("type")
    dotted = isinstance(kind, str) and kind.startswith(("session.", "user.", "assistant.", "tool.", "hook.", "system."))
    return dotted and isinstance(value.get("data"), dict) and isinstance(value.get("id"), str)


def is_document(head: bytes) -> bool:
    """The beginning of a session that is one document."""
    return head.lstrip().startswith(b"{") and b'"chatMessages"' in head and b'"sessionId"' in head


def events(document: bytes) -> Iterator[Line] | None:
    """A document of 2025 as the lines it would be today, with one time for all; None if it cannot be read."""
    found, reason = wire.objects(document.decode("utf-8", "replace"))
    return _events(found[0]) if len(found) == 1 and not reason else None


def _events(value: Line) -> Iterator[Line]:
    yield {"type": "session.start", "timestamp": value.get("startTime"), "data": value}
    messages = value.get("chatMessages")
    for number, message in enumerate(messages if isinstance(messages, list) else []):
        if isinstance(message, dict):
            yield from _chat(number, message)


def _chat(number: int, message: Line) -> Iterator[Line]:
    role, text = message.get("role"), wire.text_of(message.get("content"))
    if role == "user":
        yield {"type": "user.message", "data": {"content": _typed(text)}}
    elif role == "tool":
        came = {"toolCallId": message.get("tool_call_id"), "success": True, "result": {"content": text}}
        yield {"type": "tool.execution_complete", "data": came}
    elif role == "assistant":
        calls = message.get("tool_calls")
        made = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        asked = [{"toolCallId": call.get("id")} for call in made]
        said = {"content": text, "messageId": f"message-{number}", "toolRequests": asked}
        yield {"type": "assistant.message", "data": said}
        for call in made:
            function = call.get("function")
            what = function if isinstance(function, dict) else {}
            about = {"toolName": what.get("name"), "arguments": what.get("arguments")}
            yield {"type": "tool.execution_start", "data": {"toolCallId": call.get("id"), **about}}


def _typed(text: str) -> str:
    """What a person typed, without the time in front and the reminder behind."""
    if text.startswith("<current_datetime>"):
        text = text.partition("</current_datetime>")[2]
    return text.partition("\n<reminder>")[0].strip()


def other_session(message: str, session: str) -> str:
    """The first session named in brackets that is not `session`."""
    names = (piece.partition(")")[0] for piece in message.split("(")[1:])
    return next((name for name in names if len(name) == 36 and name.count("-") == 4 and name != session), "")


def totals(metrics: object) -> tuple[int, int]:
    """Requests and tokens of a whole session, over all its models."""
    requests = tokens = 0
    for metric in metrics.values() if isinstance(metrics, dict) else []:
        made, usage = (metric.get(key) if isinstance(metric, dict) else None for key in ("requests", "usage"))
        requests += wire.count(made.get("count")) if isinstance(made, dict) else 0
        tokens += spent(usage) if isinstance(usage, dict) else 0
    return requests, tokens


def spent(usage: Mapping[str, Any]) -> int:
    """Tokens of one request; those read from and written to a cache are among those of the input."""
    return wire.count(usage.get("inputTokens")) + wire.count(usage.get("outputTokens"))
