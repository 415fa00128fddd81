"""What a person may set in `~/.aj/config.toml`; without the file the defaults hold.

    [observe]
    never = ["~/private", "/work/client-*"]   # paths or globs; a folder means all below it

    [retention]
    days = 180              # half a year: a habit that was not met for that long has long lost its heat
    megabytes = 1024        # of the database: years of one person's sessions, and no disk notices it
    quarantine_days = 14    # raw, not redacted: as long as it takes to see the doctor's warning and look

Nothing is excluded by default. A file that cannot be understood is an error and not the defaults: a typing mistake in
`never` must not cause a private folder to be recorded, so whoever records lets its events wait in the spool.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentjit.errors import AjError
from agentjit.home import Home

_LARGEST = 1 << 20  # bytes; no settings of a person are anywhere near
_LIMITS = {"days": (1, 36_500), "megabytes": (16, 1 << 30), "quarantine_days": (1, 36_500)}
_SECTIONS = {"observe": ("never",), "retention": tuple(_LIMITS)}


class BadConfig(AjError):
    """The config file cannot be understood; nothing is recorded until it is, events wait in the spool."""

    exit_code = 2
    slug = "bad-config"


@dataclass(frozen=True, slots=True)
class Config:
    """`never`: absolute paths or globs (`*` and `?` within one name, `**` for any folders between) of what is not
    recorded, with all below; `days` since a session was last active, `megabytes` of the database file and
    `quarantine_days` are what is kept.
    """

    never: tuple[str, ...] = ()
    days: int = 180
    megabytes: int = 1024
    quarantine_days: int = 14


def load(home: Home, env: Mapping[str, str]) -> Config:
    """The home's config; `~` is the HOME of `env`. Raises BadConfig with file, line and mend."""
    path = home.config
    try:
        text = _text(path)
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadConfig(f"{path} cannot be read ({reason}); mend it, or move it away for the defaults") from error
    return parse(text, path, os.path.abspath(env.get("HOME") or os.path.expanduser("~")))


def _text(path: str) -> str:
    if os.path.islink(path) and not os.path.exists(path):
        raise OSError(0, "a link that leads nowhere")
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(0, "not a regular file")
    with open(path, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(0, "larger than a config file can be")
    return content.decode("utf-8-sig")


def parse(text: str, path: str, user: str) -> Config:
    """The config in `text`; `path` is named in errors, `user` is what `~` stands for. Raises BadConfig."""
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        found = re.search(r"at line (\d+)", reason)
        line = found[1] if found else str(len(text.splitlines())) if "end of document" in reason else ""
        place = f"{path}, line {line}" if line else path
        raise BadConfig(f"{place}: not TOML: {reason}; mend it, or move it away for the defaults") from error
    except ValueError as error:  # dates that do not exist, integers of thousands of digits
        raise BadConfig(f"{path}: not TOML: {error}; mend it, or move it away for the defaults") from error
    file = _File(text, path)
    for section, table in values.items():
        file.check_section(section, table)
    retention = values.get("retention", {})
    return Config(
        never=tuple(file.pattern(value, user) for value in file.patterns(values.get("observe", {}).get("never", []))),
        **{key: file.number(key, retention[key]) for key in _LIMITS if key in retention},
    )


class _File:
    """Knows where a key stands, for errors."""

    def __init__(self, text: str, path: str) -> None:
        self._lines = text.splitlines()
        self._path = path

    def check_section(self, section: str, table: object) -> None:
        if section not in _SECTIONS:
            raise self._bad(section, f"{section!r} is not a setting; there are [{'], ['.join(_SECTIONS)}]")
        if not isinstance(table, dict):
            raise self._bad(section, f"{section!r} is a section: write [{section}] and its settings below")
        for key in table:
            if key not in _SECTIONS[section]:
                raise self._bad(key, f"{key!r} is not a setting; [{section}] has {', '.join(_SECTIONS[section])}")

    def patterns(self, value: object) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._bad("never", 'never is a list of texts, as in never = ["~/private"]')
        return value

    def pattern(self, value: str, user: str) -> str:
        """An absolute pattern without `.` and `..`."""
        full = user + value[1:] if value == "~" or value.startswith("~/") else value
        if not full.startswith("/") or "\0" in full:
            raise self._bad(value, f"{value!r} in never is neither absolute nor below ~; write where it begins")
        return os.path.normpath("/" + full.lstrip("/"))

    def number(self, key: str, value: Any) -> int:
        least, most = _LIMITS[key]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._bad(key, f"{key} is a whole number from {least} to {most}")
        return value

    def _bad(self, word: str, reason: str) -> BadConfig:
        numbers = [number for number, line in enumerate(self._lines, 1) if word and word in line.partition("#")[0]]
        place = f"{self._path}, line {numbers[0]}" if numbers else self._path
        return BadConfig(f"{place}: {reason}")
