"""What single lines of Codex rollouts say: their kinds, their times, what a person typed (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentjit.observe import wire

_NESTED = frozenset({"response_item", "event_msg", "turn_context", "compacted"})
# Known, and nothing in them that other lines do not say as well.
SILENT = frozenset(
    "agent_message agent_reasoning agent_reasoning_raw_content agent_reasoning_section_break context_compacted"
    " additional_tools compaction context_compaction ghost_snapshot reasoning thread_goal_updated thread_name_updated"
    " thread_rolled_back thread_settings_applied web_search_end image_generation_end entered_review_mode"
    " exited_review_mode sub_agent_activity token_usage_record world_state inter_agent_communication"
    " inter_agent_communication_metadata session_state AgentMessage CollabAgentToolCall ContextCompaction HookPrompt"
    " ImageGeneration ImageView McpToolCall Plan Reasoning Sleep WebSearch summary".split()
)
# What the client itself says in the user's name.
_ASIDE = (
    "<environment_context>",
    "<user_instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<user_shell_command>",
    "<user_action>",
    "<skill>",
    "<hook_prompt",
    "<INSTRUCTIONS>",
    "# AGENTS.md instructions",
    "Another language model started to solve this problem",
)
_REQUEST = "## My request for Codex:"  # editors put what is open in front of what was typed


def is_rollout(value: Mapping[str, Any]) -> bool:
    """A line that only a rollout begins with."""
    payload = value.get("payload")
    if isinstance(payload, dict):
        kind = wire.string(value.get("type"))
        return isinstance(payload.get("id"), str) if kind == "session_meta" else kind in _NESTED
    bare = value.get("type") is None and isinstance(value.get("id"), str) and isinstance(value.get("timestamp"), str)
    return bare and ("instructions" in value or "git" in value)


def typed(text: str) -> str:
    """What a person typed of a user's message, "" if it is all the client's."""
    if text.lstrip().startswith(_ASIDE):
        return ""
    if text.startswith("# ") and _REQUEST in text:
        return text.partition(_REQUEST)[2].strip()
    return text if text.strip() else ""


def spawned_by(payload: Mapping[str, Any]) -> str:
    """The session whose sub-agent this is, "" if it is none."""
    source: object = payload.get("source")
    for key in ("subagent", "thread_spawn"):
        source = source.get(key) if isinstance(source, dict) else None
    told = source.get("parent_thread_id") if isinstance(source, dict) else None
    return wire.string(payload.get("parent_thread_id")) or wire.string(told)


def tokens(info: object, key: str) -> int:
    usage = info.get(key) if isinstance(info, dict) else None
    return wire.count(usage.get("total_tokens")) if isinstance(usage, dict) else 0


def uuid_time(text: str) -> float:
    """Unix seconds at which a UUID of version 7 was made, 0 for any other text."""
    digits = text.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        return 0.0
    try:
        return int(digits[:12], 16) / 1000
    except ValueError:
        return 0.0
