"""The entry index: found by its anchor word, whatever the size, and never an error."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agentjit import entries


def index(tmp_path: Path, *rows: tuple[str, str]) -> str:
    path = str(tmp_path / "entries.idx")
    entries.write(path, rows)
    return path


def test_finds_every_row_of_every_word(tmp_path: Path) -> None:
    rows = [(f"word{i:04}", f'{{"n":{i}}}') for i in range(1000)]
    path = index(tmp_path, *rows, ("word0500", '{"n":"other"}'), ("über", '{"n":"ü"}'))
    for anchor, json in rows:
        assert json in entries.lookup(path, f"Please, {anchor.upper()}!")
    assert sorted(entries.lookup(path, "word0500")) == ['{"n":"other"}', '{"n":500}']
    assert entries.lookup(path, "Über uns?") == ['{"n":"ü"}']
    assert entries.lookup(path, "word word1 word10000 wor \n") == []


def test_missing_empty_and_unreadable(tmp_path: Path) -> None:
    assert entries.lookup(str(tmp_path / "none"), "word") == []
    assert entries.lookup(index(tmp_path), "word") == []
    assert entries.lookup(str(tmp_path), "word") == []


def test_long_prompts_are_not_looked_up(tmp_path: Path) -> None:
    path = index(tmp_path, ("commit", "{}"))
    assert entries.lookup(path, "commit " * 10) == ["{}"]
    assert entries.lookup(path, "commit " * 1000) == []


def test_written_privately_and_whole(tmp_path: Path) -> None:
    path = index(tmp_path, ("b", "2"), ("a", "1"))
    assert Path(path).read_text() == "a\t1\nb\t2\n"
    assert Path(path).stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["entries.idx"]


@given(st.text())
def test_words_never_fail_and_are_spelled_one_way(prompt: str) -> None:
    words = entries.words(prompt)
    assert len(words) == len(set(words))
    assert entries.words(" ".join(words)) == words
