"""Preconditions: what a plan asks for before anything runs, and what it must not ask for."""

from __future__ import annotations

import pytest

from agentjit.compile.align import AlignedStep, Column
from agentjit.compile.needs import needs
from agentjit.detect.signature import operation
from agentjit.trace import ToolCall


def step(line: str, *, status: int = 0, varying: str = "") -> AlignedStep:
    """A step that three traces took; `varying` is a word that was another in each."""
    lines = [line.replace(varying, f"{varying}{i}") if varying else line for i in "123"]
    operations = tuple(
        operation(ToolCall(text, "Bash", {"command": text}, "", not status, status, 0.0, cwd="/w")) for text in lines
    )
    columns = [Column((f"{varying}1", f"{varying}2", f"{varying}3"), lines[-1].index(varying))] if varying else []
    return AlignedStep("argv", operations, tuple(columns), lines[-1], operations[-1].line)


def read(path: str, *others: str) -> AlignedStep:
    paths = (path, *(others or (path, path)))
    operations = tuple(operation(ToolCall(each, "Read", {"file_path": each}, "", True, None, 0.0)) for each in paths)
    return AlignedStep("read", operations, (Column(paths, number=0, before="Read"),))


def with_tool(tool: str, path: str) -> AlignedStep:
    given = {"file_path": path, "content": "x", "old_string": "a", "new_string": "b"}
    operations = tuple(operation(ToolCall(str(i), tool, given, "", True, None, 0.0, cwd="/w")) for i in range(3))
    return AlignedStep(tool.lower(), operations, (Column((path,) * 3, number=0, before=tool),))


def asked(*steps: AlignedStep, of: tuple[str, ...] = ()) -> list[str]:
    """What is needed, programs aside but for the first: `file x`, `repository`."""
    found = [f"{each.kind} {each.name}".strip() for each in needs(steps, of)]
    return [each for each in found if not each.startswith("program")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kubectl get pods | grep -v Running && jq .x y.json", ["kubectl", "grep", "jq"]),
        ("cd sub && test -f x && make", ["make"]),
        ("./deploy.sh; /usr/bin/env python3 x.py", []),
    ],
)
def test_programs(line: str, expected: list[str]) -> None:
    assert [each.name for each in needs([step(line)]) if each.kind == "program"] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("./deploy.sh --env prod", ["file ./deploy.sh"]),
        ("bash scripts/x.sh", ["file scripts/x.sh"]),
        ("python3 -m http.server", []),
        ("make test", ["file Makefile"]),
        ("make -C sub test", []),
        ("cat notes/a.md", ["file notes/a.md"]),
        ("cat notes.md && wc -l < data.csv", ["file notes.md", "file data.csv"]),
        ("wc -l <data.csv", ["file data.csv"]),
        ("cat a.txt; true", []),  # whether it was there, its status does not say
        ("cat a.txt | head -3", []),
        ("cd sub && cat a.txt", []),  # somewhere else
        ("cat a.txt || cat b.txt", []),
        ("head -5 5.1", []),
        ("curl -s http://h/a.json", []),
        ("cat *.md", []),
        ("cat /tmp/x.log", []),
        ("grep -c TODO src/a.py", []),  # which word is the file, only grep knows
    ],
)
def test_files(line: str, expected: list[str]) -> None:
    assert asked(step(line)) == expected


def test_files_that_may_be_made_on_the_way_are_not_asked_for() -> None:
    assert asked(step("cat a.md"), step("./build"), step("cat out/report.txt")) == ["file a.md", "file ./build"]
    assert asked(step("./build && cat out/report.txt")) == ["file ./build"]


def test_what_writes_and_edits_make_is_known() -> None:
    write, edit = with_tool("Write", "/w/new.md"), with_tool("Edit", "/w/old.md")
    assert asked(write, edit, with_tool("Edit", "/w/new.md"), read("/w/a.md")) == ["file old.md", "file /w/a.md"]
    assert asked(write, step("./build"), read("/w/a.md")) == ["file ./build"]


def edit(*paths: tuple[str, str]) -> AlignedStep:
    """An Edit of these files, each in its working directory."""
    operations = tuple(
        operation(
            ToolCall(
                path, "Edit", {"file_path": path, "old_string": "a", "new_string": "b"}, "", True, None, 0.0, cwd=cwd
            )
        )
        for cwd, path in paths
    )
    return AlignedStep("edit", operations, (Column(tuple(path for _, path in paths), number=0, before="Edit"),))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([("/w", "/w/V"), ("/x", "/x/V"), ("/y", "/y/V")], ["file V"]),
        ([("/w", "/w/V"), ("/w", "/w/V"), ("/w", "/w/V")], ["file V"]),
        ([("/w", "/w/V"), ("/x", "/w/V"), ("/y", "/w/V")], ["file /w/V"]),
        ([("/w", "/w/V"), ("/x", "/x/W"), ("/y", "/y/V")], []),
        ([("/w", "/w/../V"), ("/w", "/w/../V"), ("/w", "/w/../V")], ["file /w/../V"]),
        ([("/w", "V"), ("/x", "V"), ("/y", "V")], ["file V"]),
    ],
)
def test_a_path_in_the_working_directory_is_one_from_there_on(
    paths: list[tuple[str, str]], expected: list[str]
) -> None:
    assert asked(edit(*paths), step("make test")) == [*expected, "file Makefile"]


def test_what_a_write_may_have_made_is_not_asked_for() -> None:
    made = edit(("/w", "/w/Makefile"), ("/x", "/x/V"), ("/y", "/y/V"))
    assert asked(made, step("make test")) == []


def test_only_what_was_there_in_every_trace_and_is_the_same_in_all() -> None:
    assert asked(step("cat a.md", status=1)) == []
    assert asked(step("cat docs/guide.md", varying="docs/guide")) == []
    assert asked(read("/w/README.md")) == ["file /w/README.md"]
    assert asked(read("/w/a.md", "/w/b.md", "/w/c.md")) == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("git status --short", True),
        ("git log -1 | head -1", True),
        ("git clone https://h/x.git", False),
        ("git -C other status", False),
        ("cd other && git status", False),
        ("git --version", False),
        ("ls", False),
    ],
)
def test_a_repository(line: str, wanted: bool) -> None:
    assert (asked(step(line)) == ["repository"]) is wanted


def test_the_branch_stands_in_a_repository() -> None:
    assert asked(step("ls"), of=("branch", "today")) == ["repository"]
    assert asked(step("ls"), of=("today", "email")) == []
