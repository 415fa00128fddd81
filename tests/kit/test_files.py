"""The file tools: whole and atomic, only where they are plainly meant, and nothing changed in doubt."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentjit import kit
from agentjit.kit.local import Local

HOSTILE = [
    "a\nb",
    'it\'s "quoted"',
    "$(touch pwned)",
    "`touch pwned`",
    "-rf",
    "--",
    "a\\b",
    "é\u2028",
    " \t",
    "%s",
    "\r\n",
]


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    (tmp_path / "work").mkdir()
    with Local(cwd=str(tmp_path / "work"), env=os.environ) as performer:
        yield performer


@pytest.fixture
def work(tmp_path: Path, local: Local) -> Path:
    return tmp_path / "work"


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- write


def test_write_makes_folders_and_says_what_the_agents_own_tool_says(local: Local, work: Path) -> None:
    assert local.perform(kit.write("a/b/c.txt", "one\n")).stdout == "File created successfully at: a/b/c.txt"
    second = local.perform(kit.write(f"{work}/a/b/c.txt", "two\n"))
    assert second.stdout == f"The file {work}/a/b/c.txt has been updated successfully."
    assert second.exit_code is None
    assert (work / "a/b/c.txt").read_text() == "two\n"
    assert everything(work) == ["a", "a/b", "a/b/c.txt"], "nothing is left beside the file"


def test_write_keeps_the_mode_and_gives_a_new_file_the_usual_one(local: Local, work: Path) -> None:
    (work / "run.sh").write_text("#!/bin/sh\n")
    (work / "run.sh").chmod(0o751)
    local.perform(kit.write("run.sh", "#!/bin/sh\nexit 1\n"))
    before = os.umask(0o027)
    try:
        local.perform(kit.write("new", ""))
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((work / name).stat().st_mode) for name in ("run.sh", "new")]
    assert modes == [0o751, 0o640]


@pytest.mark.parametrize("value", HOSTILE)
def test_values_are_written_as_they_are(local: Local, work: Path, value: str) -> None:
    local.perform(kit.write("f", value))
    assert (work / "f").read_bytes() == value.encode()
    local.perform(kit.edit("f", value, f"<{value}>"))
    assert (work / "f").read_bytes() == f"<{value}>".encode()
    name = value.replace("/", "") + ".x"
    local.perform(kit.write(name, "1"))
    assert (work / name).read_text() == "1"
    assert everything(work) == sorted(["f", name])


@pytest.mark.parametrize("content", ["\ud800", "a\udc80b"])
def test_half_a_character_is_not_written(local: Local, work: Path, content: str) -> None:
    (work / "f").write_text("old")
    with pytest.raises(kit.StepFailed):
        local.perform(kit.write("f", content))
    with pytest.raises(kit.StepFailed):
        local.perform(kit.edit("f", "old", content))
    assert (work / "f").read_text() == "old"


@pytest.mark.parametrize(
    "path", ["", ".", "..", "sub", "sub/", "sub/..", "f/below", "a\0b", "x" * 300, "pipe", "\ud800"]
)
def test_what_is_no_file_is_not_written(local: Local, work: Path, path: str) -> None:
    (work / "sub").mkdir()
    (work / "f").write_text("old")
    os.mkfifo(work / "pipe")
    before = everything(work)
    with pytest.raises(kit.StepFailed):
        local.perform(kit.write(path, "new"))
    with pytest.raises(kit.StepFailed):
        local.perform(kit.edit(path, "old", "new"))
    assert everything(work) == before
    assert (work / "f").read_text() == "old"


def test_devices_are_not_written(local: Local) -> None:
    for path in ("/dev/null", "/dev/full", "/proc/self/comm"):
        with pytest.raises(kit.StepFailed):
            local.perform(kit.write(path, "x"))


def test_a_link_is_not_written_but_a_folder_may_be_one(local: Local, work: Path) -> None:
    (work / "real").mkdir()
    (work / "real" / "f").write_text("old")
    (work / "link").symlink_to("real/f")
    (work / "folder").symlink_to("real")
    for call in (kit.write("link", "new"), kit.edit("link", "old", "new")):
        with pytest.raises(kit.StepFailed, match="leads to"):
            local.perform(call)
    assert (work / "real" / "f").read_text() == "old"
    local.perform(kit.write("folder/f", "new"))
    assert (work / "real" / "f").read_text() == "new"


@pytest.mark.parametrize("path", ["file", "folder/target", "dangling", "folder/deep/er"])
def test_a_link_that_leads_out_is_not_followed(local: Local, work: Path, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "target").write_text("old")
    (work / "file").symlink_to(outside / "target")
    (work / "folder").symlink_to(outside)
    (work / "dangling").symlink_to(outside / "none")
    with pytest.raises(kit.StepFailed, match="leads to"):
        local.perform(kit.write(path, "new"))
    with pytest.raises(kit.StepFailed, match="leads to"):
        local.perform(kit.edit(path, "old", "new"))
    assert everything(outside) == ["target"]
    assert (outside / "target").read_text() == "old"


def test_a_link_elsewhere_is_not_followed(local: Local, work: Path, tmp_path: Path) -> None:
    (work / "f").write_text("old")
    (tmp_path / "outer").symlink_to(work / "f")
    (tmp_path / "real").mkdir()
    for path in ("../outer", f"{tmp_path}/outer"):
        with pytest.raises(kit.StepFailed, match="leads to"):
            local.perform(kit.write(path, "new"))
    local.perform(kit.write("../real/f", "elsewhere is a matter of permission"))
    assert (work / "f").read_text() == "old"
    assert (tmp_path / "real" / "f").exists()


def test_a_working_directory_behind_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "way").symlink_to("real")
    with Local(cwd=str(tmp_path / "way"), env=os.environ) as local:
        local.perform(kit.write("f", "1"))
        local.perform(kit.write(str(tmp_path / "way" / "g"), "2"))
        local.perform(kit.write(str(tmp_path / "real" / "h"), "3"))
    assert everything(tmp_path / "real") == ["f", "g", "h"]


def test_a_disk_that_is_full_leaves_the_old_file_whole(work: Path) -> None:
    (work / "f").write_text("old")
    code = (
        "import os, sys, resource; from agentjit import kit; from agentjit.kit.local import Local\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        f"local = Local(cwd={str(work)!r}, env=os.environ)\n"
        "calls = kit.write('f', 'x' * 100_000), kit.edit('f', 'old', 'y' * 100_000), kit.write('g', 'z' * 9999)\n"
        "for call in calls:\n"
        "    try: local.perform(call)\n"
        "    except kit.StepFailed as failure: print(failure.seen)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout == "File too large\n" * 3
    assert everything(work) == ["f"]
    assert (work / "f").read_text() == "old"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY, "the limit was the child's alone"


def test_killed_in_the_middle_the_file_is_whole(work: Path) -> None:
    """A writer that is killed again and again leaves the old text or a new one, never a part."""
    sizes = (400_000, 800_000)
    (work / "f").write_text("a" * sizes[0])
    code = (
        "import os; from agentjit import kit; from agentjit.kit.local import Local\n"
        f"local = Local(cwd={str(work)!r}, env=os.environ); print(flush=True)\n"
        f"while True: [local.perform(kit.write('f', c * n)) for c, n in zip('ab', {sizes})]\n"
    )
    for _ in range(4):
        child = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE)
        assert child.stdout
        child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        text = (work / "f").read_text()
        assert len(set(text)) == 1
        assert len(text) == sizes["ab".index(text[0])]


# --- edit


def test_edit_changes_the_one_place(local: Local, work: Path) -> None:
    (work / "f").write_text("a = 1\nb = 2\n")
    said = local.perform(kit.edit("f", "b = 2", "b = 3")).stdout
    assert said == "The file f has been updated successfully."
    assert (work / "f").read_text() == "a = 1\nb = 3\n"


def test_edit_changes_every_place(local: Local, work: Path) -> None:
    (work / "f").write_text("x x x")
    said = local.perform(kit.edit("f", "x", "y", every=True)).stdout
    assert said == "The file f has been updated. All occurrences were successfully replaced."
    assert (work / "f").read_text() == "y y y"


@pytest.mark.parametrize(
    ("text", "old", "new", "every"),
    [
        ("x x", "x", "y", False),
        ("aaa", "aa", "b", False),  # it stands there twice, one over the other
        ("x", "z", "y", False),
        ("x", "z", "y", True),
        ("x", "x", "x", False),
        ("x", "", "y", False),
        ("x", "", "y", True),
        ("x\nx y\n", "x", "", True),  # of one place the line would go, of the other not
        ("a\r\nb\nc", "b", "d", False),  # two kinds of line ends
    ],
)
def test_nothing_is_changed_in_doubt(local: Local, work: Path, text: str, old: str, new: str, every: bool) -> None:
    (work / "f").write_bytes(text.encode())
    with pytest.raises(kit.StepFailed):
        local.perform(kit.edit("f", old, new, every))
    assert (work / "f").read_bytes() == text.encode()


@pytest.mark.parametrize(
    ("text", "old", "whole", "every"),
    [
        ("old-news=off\nnews=on\n", "news=off", "begin", False),
        ("xnews=off", "news=off", "both", False),
        ("db:news=off", "news=off", "begin", False),
        ("src/news=off", "news=off", "begin", False),
        ("$news=off", "news=off", "begin", False),
        ("port=8080", "port=80", "end", False),
        ("at 1.2.3", "at 1.2", "end", False),
        ("at news-old", "at news", "both", False),
        ("at news:old", "at news", "end", False),
        ("news old-news", "news", "begin", True),
        ("news newsletter", "news", "both", True),
    ],
)
def test_no_part_of_a_longer_word_is_edited(
    local: Local, work: Path, text: str, old: str, whole: str, every: bool
) -> None:
    (work / "f").write_text(text)
    with pytest.raises(kit.StepFailed, match="as words of their own"):
        local.perform(kit.edit("f", old, "changed", every, whole))
    assert (work / "f").read_text() == text


@pytest.mark.parametrize(
    ("text", "old", "whole"),
    [
        ("news=off\n", "news=off", "both"),
        ("(news=off)", "news=off", "both"),
        ("key: news.", "news", "both"),
        ("see news: it", "news", "both"),
        ('x="news"y', '"news"', "both"),
        ("old-news=off", "news=off", "end"),
        ("port=8080", "port=80", "begin"),
        ("old-news2", "news", ""),
    ],
)
def test_a_word_of_its_own_is_edited(local: Local, work: Path, text: str, old: str, whole: str) -> None:
    (work / "f").write_text(text)
    local.perform(kit.edit("f", old, "changed", whole=whole))
    assert (work / "f").read_text() == text.replace(old, "changed")


def test_what_was_always_new_takes_no_files_place(local: Local, work: Path) -> None:
    local.perform(kit.write("made/a.txt", "one", new=True))
    (work / "empty").write_text("")
    (work / "link").symlink_to("nowhere")
    for taken in ("made/a.txt", "empty", "made", "link"):
        with pytest.raises(kit.StepFailed):
            local.perform(kit.write(taken, "two", new=True))
    assert (work / "made/a.txt").read_text() == "one"
    assert (work / "empty").read_text() == ""
    assert everything(work) == ["empty", "link", "made", "made/a.txt"]


def test_what_is_no_text_is_not_edited(local: Local, work: Path) -> None:
    for raw in (b"x\0", b"x\xff", b"x" + b"." * (5 * 1024 * 1024)):
        (work / "f").write_bytes(raw)
        with pytest.raises(kit.StepFailed):
            local.perform(kit.edit("f", "x", "y"))
        assert (work / "f").read_bytes() == raw
    with pytest.raises(kit.StepFailed):
        local.perform(kit.edit("none", "x", "y"))


def test_the_files_own_line_ends_stay(local: Local, work: Path) -> None:
    (work / "f").write_bytes(b"one\r\ntwo\r\nthree\r\n")
    local.perform(kit.edit("f", "one\ntwo", "1\n2"))
    local.perform(kit.edit("f", "three\r\n", "3\r\n"))
    assert (work / "f").read_bytes() == b"1\r\n2\r\n3\r\n"


def test_a_line_that_is_deleted_leaves_no_empty_one(local: Local, work: Path) -> None:
    (work / "f").write_text("one\ntwo\nthree\n")
    local.perform(kit.edit("f", "two", ""))
    assert (work / "f").read_text() == "one\nthree\n"
    local.perform(kit.edit("f", "hree", ""))
    assert (work / "f").read_text() == "one\nt"


def test_two_writers_do_not_undo_each_other(work: Path) -> None:
    """Each of two editors adds its lines; none is lost, whatever the order."""
    (work / "f").write_text("end\n")
    failures: list[str] = []

    def add(name: str) -> None:
        with Local(cwd=str(work), env=os.environ) as local:
            for number in range(40):
                try:
                    local.perform(kit.edit("f", "end\n", f"{name}{number}\nend\n"))
                except kit.StepFailed as failure:
                    failures.append(str(failure))

    threads = [threading.Thread(target=add, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (work / "f").read_text().splitlines()
    assert not failures
    assert sorted(lines) == sorted([*(f"{name}{number}" for name in "abc" for number in range(40)), "end"])


def test_of_two_that_make_a_file_one_makes_it(work: Path) -> None:
    outcomes: list[str] = []

    def make(text: str) -> None:
        with Local(cwd=str(work), env=os.environ) as local:
            for number in range(30):
                try:
                    outcomes.append(local.perform(kit.write(f"f{number}", text)).stdout.split()[0])
                except kit.StepFailed:
                    outcomes.append("failed")

    threads = [threading.Thread(target=make, args=(text * 10_000,)) for text in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("File") == 30, "each file is made once; the other one replaces it, or stops"
    for number in range(30):
        assert (work / f"f{number}").read_text() in ("a" * 10_000, "b" * 10_000)
    assert len(everything(work)) == 30
