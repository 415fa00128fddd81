"""Our entries in an agent's settings file, put in and taken out (pure: text in, text out)."""

from __future__ import annotations

from typing import Any

from agentjit.errors import BadInput
from agentjit.install import json_edit
from agentjit.install.hooks import Groups, is_ours
from agentjit.install.json_edit import Item


class BadSettings(BadInput):
    """A settings file that we do not understand is not touched."""

    slug = "bad-settings"


def parse(text: str) -> dict[str, Any]:
    """The settings in `text`; raises `BadSettings` for what is no JSON object, or has no `hooks` as we know them."""
    try:
        value = json_edit.parse(text)
    except ValueError as error:
        raise BadSettings(f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadSettings("not a JSON object")
    events = value.get("hooks", {})
    if not isinstance(events, dict) or not all(isinstance(groups, list) for groups in events.values()):
        raise BadSettings('its "hooks" are not an object of lists')
    return value


def ours(text: str, home: str | None = None) -> Groups:
    """Our entries in `text` by event, as they stand there; with `home`, only those of the installation there."""
    found: Groups = {}
    for event, groups in parse(text).get("hooks", {}).items():
        mine = [group for group in groups if _our_hooks(group, home)]
        if mine:
            found[event] = mine
    return found


def wired(text: str, groups: Groups) -> str:
    """`text` with exactly `groups` as our entries; the same text if they are there already."""
    if ours(text) == groups:
        return text
    text = unwired(text)
    for event, added in groups.items():
        for group in added:
            text = _append(text, event, group)
    return text


def unwired(text: str, home: str | None = None) -> str:
    """`text` without our entries (see `ours`); lists and objects that this leaves empty go too."""
    parse(text)
    while (shorter := _without_one(text, home)) is not None:
        text = shorter
    return text


def _append(text: str, event: str, group: dict[str, Any]) -> str:
    top = json_edit.top(text)
    hooks = json_edit.member(text, top, "hooks")
    if hooks is None:
        return json_edit.append(text, top, {event: [group]}, "hooks")
    groups = json_edit.member(text, hooks.value, event)
    if groups is None:
        return json_edit.append(text, hooks.value, [group], event)
    return json_edit.append(text, groups.value, group)


def _our_hooks(group: object, home: str | None) -> list[int]:
    """The numbers of the entries in `group` that are ours."""
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return [number for number, hook in enumerate(hooks) if is_ours(hook, home)] if isinstance(hooks, list) else []


def _without_one(text: str, home: str | None) -> str | None:
    """`text` without one of our hooks, or None if there is none."""
    top = json_edit.top(text)
    hooks = json_edit.member(text, top, "hooks")
    if hooks is None:
        return None
    for event in json_edit.items(text, hooks.value):
        if text[event.value] != "[":  # a repeated key whose last value counts
            continue
        for group in json_edit.items(text, event.value):
            numbers = _our_hooks(json_edit.parse(text[group.value : group.end]), home)
            if numbers:
                entries = json_edit.member(text, group.value, "hooks")
                assert entries
                return _cut(text, [_at(top, hooks), _at(hooks.value, event), _at(event.value, group)], entries, numbers)
    return None


def _at(container: int, item: Item) -> tuple[int, Item]:
    return container, item


def _cut(text: str, path: list[tuple[int, Item]], entries: Item, numbers: list[int]) -> str:
    """Remove one entry, and every container on the way up that holds nothing else."""
    if len(json_edit.items(text, entries.value)) > 1:
        return json_edit.remove(text, entries.value, numbers[0])
    for container, item in reversed(path):
        siblings = json_edit.items(text, container)
        if len(siblings) > 1 or container == path[0][0]:
            return json_edit.remove(text, container, siblings.index(item))
    raise AssertionError("the outermost container is on the path")
