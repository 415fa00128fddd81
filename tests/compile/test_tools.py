"""Other tools than the shell: Write, Edit, and the tools of MCP servers, explained, compiled and called alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentjit import kit
from agentjit.compile import tools
from agentjit.compile.explaining.words import harmless_in_code, may_begin_with_a_dash, reads_code
from agentjit.data import folder
from agentjit.detect.mine import hotspots
from agentjit.detect.signature import operation
from agentjit.errors import NotCompilable
from agentjit.kit.local import Local
from agentjit.piece import Ref, Text
from agentjit.pipeline import Study, study
from agentjit.proving import day, same_call
from agentjit.run.load import load
from agentjit.step import EditStep, Ending, ToolStep, WriteStep
from agentjit.trace import Effect, Episode, ToolCall
from tests.support.notation import DAY, START

TEMPLATES = str(folder("skills_templates"))
Asked = tuple[str, Any, str]
"""A call: its tool, its input, what came of it; with `{name}` where a row's value stands, `int:` before a number."""


def history(prompt: str, rows: Sequence[Mapping[str, str]], asked: Sequence[Asked], final: str) -> list[Episode]:
    """One episode for each row."""
    found = []
    for number, row in enumerate(rows):
        at = START + number * DAY
        known = {"cwd": "/work/shop", "today": day(at), **row}
        calls = tuple(
            ToolCall(
                id=f"t{number}-{place}",
                tool=tool,
                input=filled(given, known),
                output=filled(output, known),
                ok=True,
                exit_code=0 if tool == "Bash" else None,
                at=at + place,
                seconds=0.1,
                cwd=known["cwd"],
            )
            for place, (tool, given, output) in enumerate(asked)
        )
        text, told = filled(prompt, known), filled(final, known)
        found.append(
            Episode(
                f"s{number}:p", f"s{number}", text, known["cwd"], at, calls=calls, final=told, requests=3, tokens=9000
            )
        )
    return found


def filled(value: Any, row: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, own in row.items():
            value = value.replace(f"{{{name}}}", own)
        return int(value[4:]) if value.startswith("int:") else value
    if isinstance(value, dict):
        return {key: filled(inner, row) for key, inner in value.items()}
    return [filled(inner, row) for inner in value] if isinstance(value, list) else value


def compiled(episodes: list[Episode]) -> Study:
    (hotspot,) = [each for each in hotspots(episodes, now=START + 30 * DAY) if each.template]
    return study(hotspot, TEMPLATES)


# --- edit and test

TIMEOUTS = [
    {"service": service, "n": n, "old": old, "cwd": cwd}
    for service, n, old, cwd in [
        ("web", "30", "10", "/w/a"),
        ("api", "45", "20", "/w/b"),
        ("relay", "60", "35", "/w/c"),
        ("cart", "90", "15", "/w/a"),
        ("mail", "12", "40", "/w/d"),
    ]
]
FILE = "{cwd}/config/{service}.toml"
EDIT_AND_TEST: list[Asked] = [
    ("Read", {"file_path": FILE}, '[server]\ntimeout = {old}\nname = "{service}"'),
    (
        "Edit",
        {"file_path": FILE, "old_string": "timeout = {old}", "new_string": "timeout = {n}", "replace_all": False},
        "The file {cwd}/config/{service}.toml has been updated.",
    ),
    ("Bash", {"command": "grep -c 'timeout = {n}' config/{service}.toml"}, "1"),
]


def edited() -> Study:
    return compiled(
        history("set the timeout of {service} to {n}", TIMEOUTS, EDIT_AND_TEST, "The timeout of {service} is {n} now.")
    )


def test_edit_and_test() -> None:
    made = edited()
    assert made.plan, made.reason
    assert made.plan.ending is Ending.ANSWERED
    _, edit, _ = made.plan.every_step()
    assert isinstance(edit.call, EditStep)
    assert edit.call.old[0] == Text(text="timeout = ")
    assert isinstance(edit.call.old[1], Ref), "what stood there is read from the file"
    assert not edit.call.every
    assert edit.effect is Effect.WRITES_HERE, "cwd, a constant, and a name that can lead to no other folder"


def arguments(made: Study, *given: str) -> dict[str, str]:
    assert made.plan
    return dict(zip((parameter.name for parameter in made.plan.parameters), given, strict=True))


def test_edit_and_test_on_real_files(tmp_path: Path) -> None:
    made = edited()
    config = tmp_path / "config" / "zoe.toml"
    config.parent.mkdir()
    config.write_text('[server]\ntimeout = 7\nname = "zoe"')
    calls: list[kit.Call] = []

    def perform(call: kit.Call) -> kit.Result:
        calls.append(call)
        return world.perform(call)

    with Local(cwd=str(tmp_path), env={"PATH": "/usr/bin:/bin"}) as world:
        run = kit.drive(load(made.program, "skill.py"), arguments(made, "zoe", "99"), perform)
    assert config.read_text() == '[server]\ntimeout = 99\nname = "zoe"', run.reason
    edits = [call for call in calls if call.tool == "Edit"]
    assert [call.input for call in edits] == [
        {"file_path": str(config), "old_string": "timeout = 7", "new_string": "timeout = 99"}
    ]


# --- write

NOTES: list[Asked] = [
    ("Bash", {"command": "git rev-parse --short HEAD"}, "{sha}"),
    (
        "Write",
        {
            "file_path": "{cwd}/notes/{v}.md",
            "content": "# Release {v}\n\nDate: {today}\nCommit: {sha} ('{v}')\n\n```\npip install shop=={v}\n{}```\n",
        },
        "File created successfully at: {cwd}/notes/{v}.md",
    ),
]
RELEASES = [
    {"v": v, "sha": sha, "cwd": f"/w/{cwd}"}
    for v, sha, cwd in [
        ("1.2.0", "aa11bb2", "a"),
        ("1.3.0", "0c0ffee", "b"),
        ("2.0.0", "deadbee", "c"),
        ("2.0.1", "1234567", "a"),
        ("2.1.0", "abcdef0", "d"),
    ]
]


def test_release_notes() -> None:
    made = compiled(history("write the release notes of {v}", RELEASES, NOTES, "Wrote notes/{v}.md."))
    assert made.plan, made.reason
    _, write = made.plan.every_step()
    assert isinstance(write.call, WriteStep)
    names = [piece.name for piece in write.call.content if isinstance(piece, Ref)]
    assert len(names) == 5 and names[0] == names[3] == names[4] and "today" in names
    assert write.effect is Effect.WRITES_HERE
    assert write.call.new, "a file was made in every trace"
    calls: list[kit.Call] = []

    def perform(call: kit.Call) -> kit.Result:
        calls.append(call)
        if isinstance(call, kit.Ask):
            return kit.Result({"cwd": "/w/z", "today": "2031-02-03"}[call.text], None)
        if call.tool == "Bash":
            return kit.Result("0ddba11\n", 0)
        return kit.Result("File created successfully at: /w/z/notes/9.9.9.md", None)

    run = kit.drive(load(made.program, "skill.py"), arguments(made, "9.9.9"), perform)
    assert run.outcome == "answered", run.reason
    content = filled(NOTES[1][1]["content"], {"v": "9.9.9", "sha": "0ddba11", "today": "2031-02-03"})
    assert calls[-1].input == {"file_path": "/w/z/notes/9.9.9.md", "content": content}


OWNERS = [
    {"v": v, "old": old, "cwd": "/w/a"} for v, old in zip(("ann", "bob", "eve", "kim", "zoe"), "qwert", strict=True)
]
OVER: Asked = ("Write", {"file_path": "/w/a/OWNER", "content": "owner: {v}\n"}, "The file /w/a/OWNER has been updated.")


@pytest.mark.parametrize(
    ("before", "taken"),
    [
        (("Read", {"file_path": "/w/a/OWNER"}, "owner: {old}"), True),
        (("Bash", {"command": "cat /w/a/OWNER"}, "owner: {old}"), True),
        (("Read", {"file_path": "/w/a/OTHER"}, "owner: {old}"), False),
        (("Bash", {"command": "wc -l /w/a/OWNER"}, "1 /w/a/OWNER"), False),
    ],
)
def test_what_was_not_looked_at_is_not_written_over(before: Asked, taken: bool) -> None:
    made = compiled(history("make {v} the owner", OWNERS, [before, OVER], "{v} is the owner."))
    if taken:
        assert made.plan, made.reason
        assert [step.call.new for step in made.plan.every_step() if isinstance(step.call, WriteStep)] == [False]
        return
    assert not made.plan or not any(isinstance(step.call, WriteStep) for step in made.plan.every_step())
    told = made.reason if not made.plan else " ".join(made.plan.support.ambiguous)
    assert "no step before it reads" in told or "depends on it" in told


def test_a_file_that_is_only_sometimes_new_is_left_to_the_model() -> None:
    rows = [{**each, "said": "File created successfully at: " if i else "Updated "} for i, each in enumerate(OWNERS)]
    made = compiled(history("make {v} the owner", rows, [(*OVER[:2], "{said}/w/a/OWNER")], "{v} is the owner."))
    assert not made.plan
    assert "it writes over a file" in made.reason


# --- tools of an MCP server

ISSUES = [
    {"n": n, "who": who, "id": id_}
    for n, who, id_ in [
        ("12", "ann", "9001"),
        ("7", "bob", "17"),
        ("133", "cy", "555"),
        ("40", "di", "808"),
        ("5", "ed", "313"),
    ]
]
GET, COMMENT = "mcp__github__get_issue", "mcp__github__add_issue_comment"
COMMENTS: list[Asked] = [
    (
        GET,
        {"owner": "acme", "repo": "shop", "issue_number": "int:{n}"},
        '{"number": {n}, "user": {"login": "{who}"}, "state": "open"}',
    ),
    (
        COMMENT,
        {
            "owner": "acme",
            "repo": "shop",
            "issue": {"number": "int:{n}", "labels": ["fixed", "{who}"], "more": [], "dry": False, "to": None},
            "body": "@{who} this is fixed in #{n}.",
        },
        '{"id": {id}}',
    ),
]
TELL = "tell the reporter of issue {n} that it is fixed"


def test_get_an_issue_then_comment() -> None:
    made = compiled(history(TELL, ISSUES, COMMENTS, "Told {who}."))
    assert made.plan, made.reason
    get, comment = made.plan.every_step()
    assert isinstance(get.call, ToolStep) and isinstance(comment.call, ToolStep)
    types = {".".join(map(str, field.path)): field.type for field in comment.call.fields}
    assert types == {
        "body": "string",
        "issue.dry": "boolean",
        "issue.labels.0": "string",
        "issue.labels.1": "string",
        "issue.more": "array",
        "issue.number": "integer",
        "issue.to": "null",
        "owner": "string",
        "repo": "string",
    }
    assert made.plan.effects is Effect.UNKNOWN, "nobody said what these tools do"
    calls: list[kit.Call] = []

    def perform(call: kit.Call) -> kit.Result:
        calls.append(call)
        told = {GET: '{"number": 88, "user": {"login": "zoe"}, "state": "open"}', COMMENT: '{"id": 1234}'}
        return kit.Result(told[call.tool], None)

    run = kit.drive(load(made.program, "skill.py"), arguments(made, "88"), perform)
    assert (run.outcome, run.answer) == ("answered", "Told zoe."), run.reason
    wanted = [filled(given, {"n": "88", "who": "zoe"}) for _, given, _ in COMMENTS]
    assert [dict(call.input) for call in calls] == wanted
    assert json.dumps(calls[1].input, sort_keys=True) == json.dumps(wanted[1], sort_keys=True), "types, too"


# --- what is left alone, and why


def reason(episodes: list[Episode]) -> str:
    made = compiled(episodes)
    return "" if made.plan else made.reason


def varied(place: int, key: str, values: Sequence[Any]) -> list[Episode]:
    """The issues' history with a key of one call's input set to another value in each trace, None: not there."""
    found = history(TELL, ISSUES, COMMENTS, "Told {who}.")
    for episode, value in zip(found, values, strict=True):
        given = episode.calls[place].input
        assert isinstance(given, dict)
        if value is None:
            given.pop(key, None)
        else:
            given[key] = value
    return found


def aligned(calls: Sequence[tuple[str, Mapping[str, Any]]]) -> list[tools.Given]:
    made = [ToolCall("i", tool, dict(given), "", True, None, 0.0, cwd="/w") for tool, given in calls]
    return tools.given([operation(call) for call in made])


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([(GET, {"n": 1}), (GET, {"n": 2, "page": 1})], "has page in 1 of 2 traces only"),
        ([(GET, {"n": 1}), (GET, {"n": "2"})], "n of mcp__github__get_issue is of several types: integer, string"),
        ([(GET, {"n": 1}), (GET, {"n": 1.5})], "several types: integer, number"),
        ([(GET, {"l": ["a"]}), (GET, {"l": ["a", "b"]})], "has l.1 in 1 of 2 traces only"),
        ([(GET, {"l": []}), (GET, {"l": ["b"]})], "has l in 1 of 2 traces only"),
        ([(GET, {"l": float("inf")})], "a number that JSON cannot say"),
        ([(GET, {"l": [0] * 500})], "more than 200 values"),
        ([("Read", {"file_path": "a", "pages": "1-2"})], "Read is called with pages"),
        ([("Read", {"file_path": "a", "offset": 1}), ("Read", {"file_path": "a"})], "the offset of a Read varies"),
        ([("Read", {"file_path": "a", "offset": "1"})], "the offset of Read is no number"),
        ([("Read", {})], "Read is called without a file_path"),
        ([("Write", {"file_path": "a"})], "Write is called without a content"),
        (
            [
                ("Edit", {"file_path": "a", "old_string": "x", "new_string": "y", "replace_all": True}),
                ("Edit", {"file_path": "a", "old_string": "x", "new_string": "y"}),
            ],
            "the replace_all of an Edit varies",
        ),
        ([("Edit", {"file_path": "a", "old_string": "x", "new_string": None})], "Edit is called without a new_string"),
        ([("WebFetch", {"url": "http://h"})], "a step uses WebFetch, which only the agent itself can do"),
        *(
            ([(tool, {})], f"a step uses {tool}, which only the agent itself can do")
            for tool in (
                "Grep",
                "Glob",
                "TodoWrite",
                "Task",
                "WebSearch",
                "MultiEdit",
                "NotebookEdit",
                "mcp__x",
                "Skill",
            )
        ),
    ],
)
def test_inputs_of_no_one_shape(calls: list[tuple[str, dict[str, Any]]], told: str) -> None:
    with pytest.raises(NotCompilable) as raised:
        aligned(calls)
    assert told in str(raised.value)


def test_what_says_nothing_does_not_vary() -> None:
    edit = {"file_path": "a", "old_string": "x", "new_string": "y"}
    found = aligned([("Edit", edit), ("Edit", {**edit, "replace_all": False}), ("Edit", {**edit, "replace_all": None})])
    assert [each.name for each in found] == ["file_path", "old_string", "new_string"]


def test_a_key_that_comes_and_goes_is_left_to_the_model() -> None:
    said = reason(varied(0, "page", ["1", None, "1", None, None])[:4])
    assert "no 3 runs are written alike" in said


def test_a_type_that_changes_is_left_to_the_model() -> None:
    assert "several types" in reason(varied(0, "issue_number", [12, "7", 133, "40", 5]))


def test_a_text_that_nothing_explains_is_not_invented() -> None:
    texts = ["Fixed it.", "Done, see above.", "This is in the next release!", "No longer happens", "ok"]
    made = compiled(varied(1, "body", texts))
    assert made.plan is None or made.plan.ending is Ending.GATHERED or any(p.hole for p in made.plan.parameters)


# --- the same call


@pytest.mark.parametrize(
    ("call", "recorded", "same"),
    [
        (kit.write("/a", "x"), ("Write", {"file_path": "/a", "content": "x"}), True),
        (kit.write("/a", "x"), ("Write", {"file_path": "/a", "content": "x\n"}), False),
        (kit.write("/a", "x"), ("Write", {"file_path": "/a", "content": "x", "mode": "append"}), False),
        (kit.edit("/a", "x", "y"), ("Edit", {"file_path": "/a", "old_string": "x", "new_string": "y"}), True),
        (
            kit.edit("/a", "x", "y"),
            ("Edit", {"file_path": "/a", "old_string": "x", "new_string": "y", "replace_all": False}),
            True,
        ),
        (
            kit.edit("/a", "x", "y"),
            ("Edit", {"file_path": "/a", "old_string": "x", "new_string": "y", "replace_all": True}),
            False,
        ),
        (
            kit.edit("/a", "x", "y", every=True),
            ("Edit", {"file_path": "/a", "old_string": "x", "new_string": "y"}),
            False,
        ),
        (kit.edit("/a", "x", "y"), ("Write", {"file_path": "/a", "content": "y"}), False),
        (kit.read("/a"), ("Read", {"file_path": "/a"}), True),
        (kit.read("/a"), ("Read", {"file_path": "/a", "offset": None}), True),
        (kit.read("/a", 1), ("Read", {"file_path": "/a", "offset": 1}), True),
        (kit.read("/a", 1), ("Read", {"file_path": "/a", "offset": 2}), False),
        (kit.read("/a"), ("Read", {"file_path": "/a", "pages": "1-2"}), False),
        (kit.tool(GET, {"n": 1, "l": ["a"]}), (GET, {"l": ["a"], "n": 1}), True),
        (kit.tool(GET, {"n": 1}), (GET, {"n": "1"}), False),
        (kit.tool(GET, {"n": 1}), (GET, {"n": 1.0}), False),
        (kit.tool(GET, {"n": 1}), (GET, {"n": True}), False),
        (kit.tool(GET, {"n": 1}), (GET, {"n": 1, "m": None}), False),
        (kit.tool(GET, {"n": []}), (GET, {"n": {}}), False),
        (kit.tool(GET, {"n": ["a", "b"]}), (GET, {"n": ["b", "a"]}), False),
        (kit.tool(GET, {"n": 1}), (COMMENT, {"n": 1}), False),
        (kit.bash("make", "a b"), ("Bash", {"command": "make  'a b' 2>&1", "description": "Builds"}), True),
        (kit.bash("make", "a"), ("Bash", {"command": "cd /w && make a"}), True),
        (kit.bash("make", "a"), ("Bash", {"command": "cd /v && make a"}), False),
        (kit.bash("make", "a"), ("Bash", {"command": "make a", "run_in_background": True}), False),
    ],
)
def test_the_same_call(call: kit.Call, recorded: tuple[str, dict[str, Any]], same: bool) -> None:
    tool, given = recorded
    assert same_call(call, ToolCall("i", tool, given, "", True, None, 0.0, cwd="/w")) is same


# --- inputs taken apart and put together

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
inputs = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    min_size=1,
    max_size=5,
)


@given(inputs)
@settings(max_examples=400, deadline=None)
def test_leaves_are_the_whole_input(value: dict[str, Any]) -> None:
    leaves = list(tools.leaves(value))
    told = [(leaf.path, leaf.text if leaf.type == "string" else json.loads(leaf.text)) for leaf in leaves]
    again = tools.nested(told)
    assert json.dumps(again, sort_keys=True) == json.dumps(value, sort_keys=True)
    other = json.loads(json.dumps(value))
    assert list(tools.leaves(other)) == leaves


# --- texts with values inside


def explain(column: tuple[str, ...]) -> tuple[Text | Ref, ...] | None:
    known = {("1", "2"): "one", ("ann", "bob"): "who"}
    return (Ref(name=known[column]),) if column in known else None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("a 1 b", "a 2 b"), (Text(text="a "), Ref(name="one"), Text(text=" b"))),
        (("1, ann!", "2, bob!"), (Ref(name="one"), Text(text=", "), Ref(name="who"), Text(text="!"))),
        (("src/a b is 1", "x is 2"), (Ref(name="path"), Text(text=" is "), Ref(name="one"))),
        (("src/a b src/a b", "x x"), (Ref(name="path"), Text(text=" "), Ref(name="path"))),
        (("a 1", "a 3"), None),
        (("a 1 b", "a 2"), None),
        (("a\n1", "a 2"), None),
        (("\ue000 1", "\ue000 2"), None),
        (("same", "same"), (Text(text="same"),)),
    ],
)
def test_values_inside_texts(values: tuple[str, ...], expected: tuple[Text | Ref, ...] | None) -> None:
    assert tools.piecewise(values, explain, {"path": ("src/a b", "x")}) == expected


# --- where values may stand


@pytest.mark.parametrize(
    ("before", "may"),
    [
        ("git commit -m", True),
        ("git commit --amend -m", True),
        ("/usr/bin/git commit -m", True),
        ("git add --", True),
        ("git checkout", False),
        ("git checkout -q", False),
        ("git commit", False),
        ("rm", False),
        ("rm -f", False),
        ("rm -f --", True),
        ("grep -e", True),
        ("grep", False),
        ("./deploy --", False),
        ("./deploy -m", False),
        ("./deploy --message", True),
        ("gh pr create --title", True),
        ("gh issue comment 5 --body", True),
        ("", False),
    ],
)
def test_where_a_dash_is_harmless(before: str, may: bool) -> None:
    assert may_begin_with_a_dash(before.split()) is may


@pytest.mark.parametrize(
    ("values", "harmless"),
    [
        (("ann", "bob"), True),
        (("12", "7"), True),
        (("a@b.org", "c@d.org"), True),
        (("src/a.py", "b.py"), True),
        (("a'b", "c"), False),
        (("a;b", "c"), False),
        (("$x", "c"), False),
        (("x--y", "c"), False),
        (("http://h/$(id)", "http://h/x"), False),
        (("a b", "c d"), False),
    ],
)
def test_what_is_harmless_in_code(values: tuple[str, ...], harmless: bool) -> None:
    assert harmless_in_code(values) is harmless


def test_values_in_code_must_be_names() -> None:
    rows = [{"x": x, "n": str(i)} for i, x in enumerate(["ann", "bob", "cy", "di", "ed"])]
    query = "select n from t where name='{x}'"
    made = compiled(
        history("how many has {x}", rows, [("Bash", {"command": f'sqlite3 app.db "{query}"'}, "n={n}")], "{x} has {n}.")
    )
    assert made.plan, made.reason
    rows = [{"x": x, "n": str(i)} for i, x in enumerate(["ann%", "b*b", "cy", "d+i", "ed"])]
    made = compiled(
        history("how many has {x}", rows, [("Bash", {"command": f'sqlite3 app.db "{query}"'}, "n={n}")], "{x} has {n}.")
    )
    assert made.plan is None
    assert "part of the code that sqlite3 runs" in made.reason
    assert reads_code(["sqlite3", "app.db"]) and reads_code(["timeout", "5", "bash", "-c"]) and not reads_code(["cat"])
