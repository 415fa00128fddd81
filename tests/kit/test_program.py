"""The words of a program: calls, guards, lists, loops, holes, preconditions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.kit.local import Local
from agentjit.kit.program import Steps

HOSTILE = [
    "a\nb",
    "it's",
    '"q"',
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "-n",
    "--",
    "*",
    "~",
    "\\",
    "",
    "é",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_every_verb_takes_any_value_as_it_is(tmp_path: Path, value: str) -> None:
    with Local(cwd=str(tmp_path), env=os.environ) as local:
        calls = [
            kit.bash("printf", "%s", value),
            kit.shell('printf %s "$1"', value),
            kit.shell('printf %s "${10}"', *"123456789", value),
            kit.shell('printf "$1" "${@:2}"', "%s", value),
        ]
        assert [local.perform(call).stdout for call in calls] == [value] * 4
        assert [local.perform(kit.shell(call.text)).stdout for call in calls] == [value] * 4, "so is its text"
        spread = kit.shell('printf "<%s>" "${@:1}"', value, value)
        assert local.perform(spread).stdout == f"<{value}><{value}>" == local.perform(kit.shell(spread.text)).stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "a\udfffb"])
def test_no_verb_takes_what_no_program_could_be_given(tmp_path: Path, value: str) -> None:
    calls = [
        kit.bash("echo", value),
        kit.shell('echo "$1"', value),
        kit.read(value),
        kit.write(value, ""),
        kit.edit(value, "a", "b"),
    ]
    with Local(cwd=str(tmp_path), env=os.environ) as local:
        for call in calls:
            with pytest.raises(kit.StepFailed):
                local.perform(call)
    assert list(tmp_path.iterdir()) == []
    assert not kit.Param("(?s).*").accepts(value)
    with pytest.raises(kit.Deviation):
        kit.extract(value, kit.whole(), kind="(?s).*", seen=3)


def test_a_position_without_a_value_is_empty() -> None:
    assert kit.shell('a "$1" "$2" "${@:3}" "$10"', "x").text == "a x ''  \"$10\""


def test_inputs_are_the_agents_own() -> None:
    assert kit.write("p", "c").input == {"file_path": "p", "content": "c"}
    assert kit.edit("p", "a", "b").input == {"file_path": "p", "old_string": "a", "new_string": "b"}
    assert kit.edit("p", "a", "b", every=True).input["replace_all"] is True
    nested = kit.tool("mcp__a__b", {"n": 1, "deep": [{"x": "é"}], "none": None})
    assert (nested.tool, nested.input) == ("mcp__a__b", {"n": 1, "deep": [{"x": "é"}], "none": None})
    assert nested.text == 'mcp__a__b {"n": 1, "deep": [{"x": "é"}], "none": null}'
    assert [call.tool for call in (kit.bash("a"), kit.read("a"), kit.write("a", ""), kit.edit("a", "b", "c"))] == [
        "Bash",
        "Read",
        "Write",
        "Edit",
    ]


# --- lists and loops


def test_extract_all_gives_every_value() -> None:
    status = " M a.py\n?? b c.py\n M d.py\n"
    assert kit.extract_all("a\nb\n\nc\n", kit.lines(), kind="[a-z]", seen=3) == ["a", "b", "c"]
    assert kit.extract_all(status, kit.cell(column=1, where={0: "M"}), kind=r"\S+", seen=3) == ["a.py", "d.py"]
    items = '{"items": [{"name": "a"}, {"name": "b"}]}'
    assert kit.extract_all(items, kit.json_path("items", ..., "name"), kind="[a-z]", seen=3) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "\n", "a\nB", "a\nnone", "a\n\x1b[0m"])
def test_extract_all_wants_values_that_all_look_alike(text: str) -> None:
    with pytest.raises(kit.Deviation):
        kit.extract_all(text, kit.lines(), kind="[a-z]+", seen=3)


def test_extract_all_wants_its_finders_to_agree() -> None:
    assert kit.extract_all("a 1\nb 2", kit.cell(column=0), kit.pattern(r"^(\w)"), kind=".", seen=3) == ["a", "b"]
    with pytest.raises(kit.Deviation, match="too"):
        kit.extract_all("a 1\nb 2", kit.cell(column=0), kit.cell(column=1), kind=".", seen=3)


def test_rounds() -> None:
    assert list(kit.rounds(["a", "b"], most=2)) == ["a", "b"]
    with pytest.raises(kit.Deviation, match="at most 2 rounds"):
        kit.rounds(["a", "b", "c"], most=2)


# --- guards


@pytest.mark.parametrize(
    ("guard", "output", "status", "holds"),
    [
        (lambda r: kit.exited(r, 0, 1), "", 1, True),
        (lambda r: kit.exited(r, 0, 1), "", 2, False),
        (lambda r: kit.exited(r, 0), "", None, False),
        (kit.empty, " \n", 0, True),
        (kit.empty, "x", 0, False),
        (kit.printed, "x", 0, True),
        (kit.printed, "\n", 0, False),
        (lambda r: kit.says(r, r"^nothing to commit"), "On branch main\nnothing to commit\n", 0, True),
        (lambda r: kit.says(r, r"^nothing to commit"), "there is nothing to commit", 0, False),
    ],
)
def test_guards(guard: Callable[[kit.Result], bool], output: str, status: int | None, holds: bool) -> None:
    assert guard(kit.Result(output, status)) is holds


def test_no_known_way_is_a_deviation() -> None:
    with pytest.raises(kit.Deviation, match="exit status 128 and 'fatal: x'"):
        kit.unforeseen(kit.Result("fatal: x\n", 128))


# --- holes


def commit(message: str | None = None) -> Steps:
    yield kit.bash("echo", "staged")
    if message is None:
        return kit.gathered()
    done = yield kit.bash("printf", "%s", message)
    return kit.answer(done.stdout)


def test_without_its_hole_a_program_ends_before_it(tmp_path: Path) -> None:
    program = kit.skill("commit", params={"message": kit.Param("(?s).+", hole=True, seen=["Fix it"])})(commit)
    long = "-m $(touch pwned)\n'\n" * 1000
    assert program.wrong_arguments({}) == ""
    assert program.wrong_arguments({"message": long}) == "", "a model may say more than was ever said"
    assert "does not look like" in program.wrong_arguments({"message": ""})
    with Local(cwd=str(tmp_path), env=os.environ) as local:
        without = kit.drive(program, {}, local.perform)
        given = kit.drive(program, {"message": long}, local.perform)
    assert (without.outcome, [step.text for step in without.steps]) == ("gathered", ["echo staged"])
    assert (given.outcome, given.answer) == ("answered", long)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_hole_must_be_given() -> None:
    assert "missing argument" in kit.skill("x", params={"name": kit.Param(".+")})(commit).wrong_arguments({})


# --- preconditions


def unmet(requires: Sequence[Callable[..., str]], cwd: Path, env: dict[str, str]) -> str:
    return kit.skill("x", requires=requires)(commit).unmet(env, str(cwd))


def test_requirements_look_at_the_environment_and_the_working_directory(tmp_path: Path) -> None:
    below = tmp_path / "repo" / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "repo" / "deploy.sh").write_text("")
    env = {"PATH": "/usr/bin:/bin", "TOKEN": "x"}
    assert unmet([kit.on_path("sh"), kit.in_env("TOKEN")], below, env) == ""
    assert unmet([kit.on_path("sh"), kit.in_env("OTHER")], below, env) == "$OTHER is not set"
    assert unmet([kit.on_path("no-such-program")], below, env) == "no-such-program is not on PATH"
    assert unmet([kit.has_file("deploy.sh")], tmp_path / "repo", env) == ""
    assert unmet([kit.has_file("a/b")], tmp_path / "repo", env) == ""
    assert "there is no deploy.sh" in unmet([kit.has_file("deploy.sh")], below, env)
    assert "is not in a git repository" in unmet([kit.in_repository()], below, env)
    (tmp_path / "repo" / ".git").mkdir()
    assert unmet([kit.in_repository()], below, env) == ""
    (below / ".git").write_text("gitdir: elsewhere")  # a work tree of another repository
    assert unmet([kit.in_repository()], below, env) == ""


# --- what a run costs that needs none of it


def test_what_few_skills_need_is_imported_by_those_alone() -> None:
    """The prompt hook imports the kit: typing alone would take as long as half of what it needs."""
    code = "import sys; sys.path.insert(0, '.'); import agentjit.kit; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    late = {"typing", "datetime", "csv", "shutil", "dataclasses", "asyncio", "socket", "tomllib"}
    late |= {
        f"agentjit.kit.{name}" for name in ("files", "wave", "mcp", "schema", "servers", "surroundings", "transform")
    }
    assert late & set(done.stdout.split()) == set()


def test_it_is_there_all_the_same() -> None:
    assert kit.basename("src/app.py") == "app.py"
    with pytest.raises(AttributeError, match="no_such_word"):
        _ = vars(kit)["__getattr__"]("no_such_word")
    for name in kit.__all__:
        assert getattr(kit, name)


@pytest.mark.parametrize("text", ['{"a": 1, "b": 2, "a": 3}', '{"b": {"a": 1, "a": 1}}', '[{"a": "x", "a": "y"}]'])
def test_a_key_that_stands_twice_is_not_read(text: str) -> None:
    assert kit.json_path("a")(text) == kit.json_path(0, "a")(text) == kit.json_path("b", "a")(text) == []
    assert kit.json_keys()(text) == []
    with pytest.raises(kit.Deviation, match="a JSON text"):
        kit.ensure(kit.Result(text), form={...: ...})


def test_an_output_that_is_too_long_is_not_looked_into(tmp_path: Path) -> None:
    """A pattern over megabytes may take minutes: the output is handed back as it is."""
    long = "a" * 3_000_000
    with Local(cwd=str(tmp_path), env=os.environ) as local:
        result = local.perform(kit.shell("head -c 3000000 /dev/zero | tr '\\0' a"))
    assert len(result.stdout) == len(long)
    with pytest.raises(kit.Deviation, match="at most 2,000,000 characters, saw 3,000,000"):
        kit.ensure(result, exit_code=0, shape="(a*)*b")
    with pytest.raises(kit.Deviation, match="characters"):
        kit.extract(long, kit.pattern("(a*)*b"), kind=".+")
    with pytest.raises(kit.Deviation, match="characters"):
        kit.extract_all(long, kit.lines(), kind=".+")
    with pytest.raises(kit.Deviation, match="characters"):
        kit.says(result, "b$")
