"""The config: defaults, every setting, and every mistake named with its line; a mistake never means the defaults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentjit.config import BadConfig, Config, load, parse
from agentjit.home import Home


def read(home: Home, text: str | bytes) -> Config:
    Path(home.config).write_bytes(text.encode() if isinstance(text, str) else text)
    return load(home, {"HOME": "/home/ann"})


def test_without_a_file_the_defaults_hold(home: Home) -> None:
    assert load(home, {}) == Config((), 180, 1024, 14)


def test_every_setting(home: Home) -> None:
    text = """
        [observe]
        never = ["~/private", "~", "/work/client-*", "/a//b/../c/", "//x"]  # a remark
        [retention]
        days = 30
        megabytes = 64
        quarantine_days = 3
        """
    never = ("/home/ann/private", "/home/ann", "/work/client-*", "/a/c", "/x")
    assert read(home, text) == Config(never, 30, 64, 3)


def test_an_empty_file_and_a_byte_order_mark(home: Home) -> None:
    assert read(home, "") == Config()
    assert read(home, b"\xef\xbb\xbf[retention]\ndays = 7\n").days == 7


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[observe]\nnever = [", "line 2"),
        ("[observe\n", "line 1"),
        ("never = ['/x']\n", "line 1: 'never' is not a setting"),
        ("\n[observed]\n", "line 2: 'observed' is not a setting"),
        ("[observe]\nnver = []\n", "line 2: 'nver' is not a setting"),
        ("[observe]\nnever = '/x'\n", "line 2: never is a list"),
        ("[observe]\nnever = ['/x', 3]\n", "line 2: never is a list"),
        ("[observe]\nnever = ['/x',\n'private']\n", "line 3: 'private' in never is neither absolute"),
        ("[observe]\nnever = ['~bob/x']\n", "line 2: '~bob/x' in never"),
        ("[observe]\nnever = ['']\n", "'' in never"),
        ('[observe]\nnever = ["/a\\u0000b"]\n', "in never"),
        ("observe = 3\n", "line 1: 'observe' is a section"),
        ("[retention]\n# days\ndays = 0\n", "line 3: days is a whole number from 1"),
        ("[retention]\ndays = true\n", "line 2: days is"),
        ("[retention]\ndays = 1.5\n", "line 2: days is"),
        ("[retention]\ndays = 'x'\n", "line 2: days is"),
        ("[retention]\nmegabytes = 1\n", "line 2: megabytes is a whole number from 16"),
        ("[retention]\nquarantine_days = 99999999999999999999\n", "line 2: quarantine_days is"),
        ("[retention]\ndays = 2024-99-99\n", "not TOML"),
        ("a = " + "[" * 100_000, "not TOML"),
        ("a = " + "9" * 10_000, "not TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place(home: Home, text: str, says: str) -> None:
    with pytest.raises(BadConfig) as raised:
        read(home, text)
    assert says in str(raised.value) and home.config in str(raised.value)
    assert "\n" not in str(raised.value)
    assert (raised.value.exit_code, raised.value.slug) == (2, "bad-config")


def test_a_file_that_cannot_be_read_is_no_default_either(home: Home) -> None:
    for content in (b"\xff\xfe", b"#" * (2 << 20)):
        with pytest.raises(BadConfig, match="cannot be read"):
            read(home, content)
    path = Path(home.config)
    path.unlink()
    path.symlink_to("/nowhere/at/all")
    with pytest.raises(BadConfig, match="leads nowhere"):
        load(home, {})
    path.unlink()
    path.mkdir()
    with pytest.raises(BadConfig, match="not a regular file"):
        load(home, {})
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(BadConfig, match="not a regular file"):
        load(home, {})


def test_a_link_to_a_file_is_fine(home: Home, tmp_path: Path) -> None:
    (tmp_path / "dotfile").write_text("[retention]\ndays = 9\n")
    Path(home.config).symlink_to(tmp_path / "dotfile")
    assert load(home, {}).days == 9


def test_patterns_keep_their_order_and_globs() -> None:
    text = '[observe]\nnever = ["/b/*", "/a/**/c", "/d/[xy]?"]'
    assert parse(text, "f", "/h").never == ("/b/*", "/a/**/c", "/d/[xy]?")
