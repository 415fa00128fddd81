"""What the harness is told to call: the plugin's hooks.json, with this machine's paths written in (pure)."""

from __future__ import annotations

from typing import Any

MARK = "managed-by-agentjit"
"""An argument that the shims ignore and by which `aj` knows its own entries in a settings file."""

ROOT = "${CLAUDE_PLUGIN_ROOT}"

Groups = dict[str, list[dict[str, Any]]]


def for_plugin(template: dict[str, Any], home: str) -> dict[str, Any]:
    """hooks.json for the installed plugin: every hook is told its home, so it needs no environment variable."""
    return {**template, "hooks": _map(template["hooks"], {}, [home])}


def for_settings(template: dict[str, Any], plugin: str, home: str) -> Groups:
    """The same hooks for a settings file: absolute paths, and our mark."""
    return _map(template["hooks"], {ROOT: plugin}, [home, MARK])


def is_ours(hook: object, home: str | None = None) -> bool:
    """Whether one entry of a `hooks` list in settings was written by `aj init`, for `home` if that is given."""
    arguments = hook.get("args") if isinstance(hook, dict) else None
    return isinstance(arguments, list) and MARK in arguments and (home is None or home in arguments)


def _map(events: Groups, replace: dict[str, str], more: list[str]) -> Groups:
    return {event: [_group(group, replace, more) for group in groups] for event, groups in events.items()}


def _group(group: dict[str, Any], replace: dict[str, str], more: list[str]) -> dict[str, Any]:
    return {**group, "hooks": [{**hook, "args": _words(hook["args"], replace) + more} for hook in group["hooks"]]}


def _words(words: list[str], replace: dict[str, str]) -> list[str]:
    for name, value in replace.items():
        words = [word.replace(name, value) for word in words]
    return words
