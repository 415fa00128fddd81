"""Our entries in settings files of every shape: in, out, and every other byte as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit.home import Home
from agentjit.install import json_edit, settings
from agentjit.install.hooks import MARK, Groups, is_ours
from agentjit.install.links import settings_hooks

OURS = settings_hooks(Home("/home/a user/.aj"))
SMALL: Groups = {"Stop": [{"hooks": [{"type": "command", "command": "/bin/sh", "args": ["-c", ":", MARK]}]}]}

# --- JSON as people and programs write it

spaces = st.text(" \t\n\r", max_size=3)
names = st.sampled_from(["a", "b", "model", 'k"ey', "é", ""])
scalars = st.one_of(
    st.sampled_from(["null", "true", "false", "0", "-0", "1.00", "1E5", "12345678901234567890", '"\\ud800"', '"\\/"']),
    st.text(max_size=5).map(json.dumps),
    st.text("ab é😀/,:[]{}", max_size=5).map('"{}"'.format),
)


@st.composite
def containers(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    if draw(st.booleans()):
        return _array(draw, draw(st.lists(values, max_size=3)))
    return _object(draw, {json.dumps(draw(names)): value for value in draw(st.lists(values, max_size=3))})


def _array(draw: st.DrawFn, texts: list[str]) -> str:
    inner = ",".join(draw(spaces) + text + draw(spaces) for text in texts)
    return "[" + (inner or draw(spaces)) + "]"


def _object(draw: st.DrawFn, texts: dict[str, str]) -> str:
    parts = (
        draw(spaces) + key + draw(spaces) + ":" + draw(spaces) + value + draw(spaces) for key, value in texts.items()
    )
    inner = ",".join(parts)
    return "{" + (inner or draw(spaces)) + "}"


values = st.recursive(scalars, containers, max_leaves=6)


@st.composite
def settings_texts(draw: st.DrawFn) -> str:
    """A settings file, perhaps with hooks of its owner's."""
    members = {json.dumps(key): draw(values) for key in draw(st.lists(names, unique=True, max_size=3))}
    if draw(st.booleans()):
        events = draw(st.lists(st.sampled_from(["Stop", "PostToolUse", "Other"]), unique=True, max_size=3))
        groups = {json.dumps(event): _array(draw, draw(st.lists(values, max_size=2))) for event in events}
        members['"hooks"'] = _object(draw, groups)
    order = draw(st.permutations(list(members)))
    return draw(spaces) + _object(draw, {key: members[key] for key in order}) + draw(spaces)


def without_ours(value: dict[str, Any]) -> dict[str, Any]:
    """What a reader sees of the settings when our entries are not looked at; empty lists of hooks say nothing."""
    groups = {
        event: [group for group in listed if not _is_our_group(group)]
        for event, listed in value.get("hooks", {}).items()
    }
    filled = {event: listed for event, listed in groups.items() if listed}
    return {**{key: item for key, item in value.items() if key != "hooks"}, **({"hooks": filled} if filled else {})}


def _is_our_group(group: object) -> bool:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return isinstance(hooks, list) and any(is_ours(hook) for hook in hooks)


@given(settings_texts(), st.sampled_from([OURS, SMALL]))
def test_wiring_adds_ours_and_changes_nothing_else(text: str, groups: Groups) -> None:
    wired = settings.wired(text, groups)
    assert settings.ours(wired) == groups
    assert without_ours(json.loads(wired)) == without_ours(json.loads(text))
    rest = iter(wired)
    assert all(
        character in rest for character in text.strip() if character not in " \t\r\n"
    )  # numbers and escapes as written


@given(settings_texts())
def test_wiring_again_changes_nothing_and_newer_entries_replace_older(text: str) -> None:
    older = settings.wired(text, SMALL)
    newer = settings.wired(older, OURS)
    assert settings.wired(older, SMALL) == older
    assert settings.ours(newer) == OURS
    assert settings.wired(newer, OURS) == newer


@given(settings_texts(), st.sampled_from([OURS, SMALL]))
def test_unwiring_gives_the_very_text_back(text: str, groups: Groups) -> None:
    back = settings.unwired(settings.wired(text, groups))
    assert without_ours(json.loads(back)) == without_ours(json.loads(text))
    if not _has_empty_place(text, groups):
        assert back == text


def _has_empty_place(text: str, groups: Groups) -> bool:
    """Whether entries went into a container that was empty: it is removed with them."""
    value = json.loads(text)
    hooks = value.get("hooks")
    return not value or hooks == {} or any(hooks is not None and hooks.get(event) == [] for event in groups)


def test_the_layout_of_neighbours_is_kept() -> None:
    text = '{\r\n\t"model": "x",\r\n\t"hooks": {\r\n\t\t"Stop": [1]\r\n\t}\r\n}\r\n'
    wired = settings.wired(text, {"SessionEnd": SMALL["Stop"]})
    assert wired.startswith(text[: text.index("]") + 1] + ',\r\n\t\t"SessionEnd": [\r\n\t\t\t{\r\n\t\t\t\t"hooks": [')


def test_one_line_stays_one_line() -> None:
    assert settings.wired('{"a":1}', SMALL).count("\n") == 0


def test_an_entry_of_ours_beside_others_in_one_group_goes_alone() -> None:
    mine, theirs = SMALL["Stop"][0]["hooks"][0], {"type": "command", "command": "theirs"}
    text = json.dumps({"hooks": {"Stop": [{"hooks": [theirs, mine]}], "Other": []}})
    assert json.loads(settings.unwired(text)) == {"hooks": {"Stop": [{"hooks": [theirs]}], "Other": []}}


def test_entries_of_another_home_are_told_apart() -> None:
    text = settings.wired("{}", OURS)
    assert settings.ours(text, "/home/a user/.aj") == OURS
    assert settings.ours(text, "/other") == {}
    assert settings.unwired(text, "/other") == text


def test_of_repeated_keys_the_last_counts_as_it_does_for_the_client() -> None:
    text = '{"hooks": {"Stop": 1}, "hooks": {"Stop": [], "Stop": []}}'
    assert json.loads(settings.wired(text, SMALL))["hooks"] == SMALL


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "{", '{"a":1,}', "// note\n{}", "[]", "null", '"x"', '{"a": NaN}', '{"hooks": []}'],
        *['{"hooks": null}', '{"hooks": {"Stop": {}}}', "{} {}", "\ufeff{}", "[" * 100_000, '{"a": "\n"}'],
    ],
)
def test_what_we_do_not_understand_is_refused(text: str) -> None:
    with pytest.raises(settings.BadSettings) as refusal:
        settings.wired(text, SMALL)
    assert refusal.value.exit_code == 2
    assert "\n" not in str(refusal.value)


@given(values)
def test_items_are_where_they_are_said_to_be(text: str) -> None:
    at = json_edit.top(text)
    value = json_edit.parse(text)
    if isinstance(value, list):
        assert [json.loads(text[item.value : item.end]) for item in json_edit.items(text, at)] == value
    elif isinstance(value, dict):
        found = json_edit.items(text, at)
        assert {item.key: json.loads(text[item.value : item.end]) for item in found} == value
        assert all(text[item.start] == '"' for item in found)
