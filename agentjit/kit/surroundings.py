"""The environment of a run, by key: who and where, the git working tree, names in a project's own files.

Read from files alone: no program is started, reads are bounded, and what cannot be told is a `ValueError` with the
reason, never a guess.
"""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping

_LIMIT = 256 * 1024  # bytes of a file that is read
_DEEPEST = 64  # folders upwards that are looked at
_INCLUDES = 4  # files deep that a git config may include others
_SECTION = re.compile(r'\s*\[\s*([A-Za-z0-9.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]\s*')
_SETTING = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*)")
_REFERENCE = re.compile(r"ref:\s*refs/heads/([^\s\x00-\x1f]+)\s*")

KEYS = ("cwd", "today", "home", "user", "repo", "branch", "remote", "email")
"""All but `project:FILE#KEY`, and `$NAME`, which is the value of a variable."""


def surrounding(key: str, cwd: str, env: Mapping[str, str], now: float) -> str:
    """The value of `key` in the directory `cwd` at `now` (Unix seconds); `ValueError` says why there is none.

    `cwd`, `today` (YYYY-MM-DD, local), `home`, `user`, `repo` (root of the git working tree), `branch`, `remote`
    (address of `origin`), `email` (git's), `project:FILE#KEY` (a file of the working directory, else of the
    repository's root), `$NAME`.
    """
    value = _value(key, cwd, env, now)
    value.encode()  # a lone surrogate is a `ValueError`
    if not value or any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError(f"{key} is empty or not one line of text")
    return value


def _value(key: str, cwd: str, env: Mapping[str, str], now: float) -> str:
    if key == "cwd":
        return cwd
    if key == "today":
        return time.strftime("%Y-%m-%d", time.localtime(now))
    if key == "home":
        return _variable("HOME", env).rstrip("/") or "/"
    if key == "user":
        return env.get("USER") or _variable("LOGNAME", env)
    if key == "repo":
        return _repository(cwd)[0]
    if key == "branch":
        return _branch(_repository(cwd)[1])
    if key == "remote":
        return _setting('remote "origin"', "url", cwd, env, "the repository has no remote origin")
    if key == "email":
        return _setting("user", "email", cwd, env, "git knows no email")
    if key.startswith("project:"):
        return _project(key.removeprefix("project:"), cwd)
    if key.startswith("$"):
        return _variable(key[1:], env)
    raise ValueError(f"{key} is nothing that can be asked")


def _variable(name: str, env: Mapping[str, str]) -> str:
    if not (value := env.get(name, "")):
        raise ValueError(f"the variable {name} is not set")
    return value


def _text(path: str) -> str:
    """A small regular file's text; `ValueError` if it is none."""
    try:
        with open(path, "rb", opener=_opener) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError(f"{path} is no regular file")
            raw = file.read(_LIMIT + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > _LIMIT:
        raise ValueError(f"{path} is larger than {_LIMIT} bytes")
    return raw.decode("utf-8", "surrogateescape")


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)  # a FIFO must not make the run wait


# --- git


def _repository(cwd: str) -> tuple[str, str]:
    """The root of the working tree and its git directory: `.git`, or what a `.git` file names."""
    folder = os.path.normpath(cwd)
    for _ in range(_DEEPEST):
        entry = os.path.join(folder, ".git")
        if os.path.isdir(entry) and os.path.isfile(os.path.join(entry, "HEAD")):
            return folder, entry
        if os.path.isfile(entry):
            named = re.fullmatch(r"gitdir: ([^\n\0]+)\n*", _text(entry))
            if not named:
                raise ValueError(f"{entry} does not say where the repository is")
            return folder, os.path.normpath(os.path.join(folder, named[1]))
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    raise ValueError(f"{cwd} is in no git repository")


def _branch(git: str) -> str:
    named = _REFERENCE.fullmatch(_text(os.path.join(git, "HEAD")))
    if not named:
        raise ValueError("no branch is checked out")
    return named[1]


def _setting(section: str, name: str, cwd: str, env: Mapping[str, str], missing: str) -> str:
    """The last value of a git setting, the repository's own before the user's. A condition on an include that is not
    understood leaves the answer open.
    """
    files = []
    try:
        root, git = _repository(cwd)
    except ValueError:
        if section != "user":
            raise
    else:
        common = _common(git)
        files = [os.path.join(common, "config"), os.path.join(git, "config.worktree")]
        if section != "user" and not os.path.isfile(files[0]):
            raise ValueError(f"{root} has no git config")
    if section == "user":
        if any(env.get(variable) for variable in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS")):
            raise ValueError("git's settings come from variables")
        home = env.get("HOME", "")
        folder = env.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else "")
        own = [os.path.join(folder, "git", "config")] if folder else []
        own += [os.path.join(home, ".gitconfig")] if home else []
        files = [*own, *files]
    value = ""
    for file in files:
        if os.path.exists(file):
            for where, key, each in _settings(file, env.get("HOME", ""), 0):
                if (where, key) == (section, name):
                    value = each
    if not value:
        raise ValueError(missing)
    return value


def _common(git: str) -> str:
    """The directory that all worktrees share."""
    link = os.path.join(git, "commondir")
    return os.path.normpath(os.path.join(git, _text(link).strip())) if os.path.isfile(link) else git


def _settings(path: str, home: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """(section, name, value) in order, those of included files where they are included."""
    if depth > _INCLUDES:
        raise ValueError(f"{path} is included too deeply")
    section = ""
    for line in _text(path).splitlines():
        opening = _SECTION.match(line)
        if opening:
            section = opening[1].lower() + (f' "{opening[2]}"' if opening[2] is not None else "")
            line = line[opening.end() :]
        found = _SETTING.fullmatch(line)
        if not found:
            continue
        name, value = found[1].lower(), _bare(found[2], path)
        if name == "path" and section.startswith("includeif "):
            raise ValueError(f"{path} includes other settings on a condition")
        if name == "path" and section == "include":
            other = home + value[1:] if value.startswith("~/") else os.path.join(os.path.dirname(path), value)
            if os.path.exists(other):
                yield from _settings(other, home, depth + 1)
        elif section.startswith('url "'):
            raise ValueError(f"{path} rewrites addresses")
        else:
            yield section, name, value


def _bare(text: str, path: str) -> str:
    """A setting's value without quotes and comment."""
    quoted = re.fullmatch(r'"([^"\\]*)"\s*(?:[#;].*)?', text)
    if quoted:
        return quoted[1]
    plain = re.split(r"\s*(?:^|\s)[#;]", text, maxsplit=1)[0].strip()
    if '"' in plain or "\\" in plain:
        raise ValueError(f"{path} has a setting in a form that is not read here")
    return plain


# --- a project's own files


def _project(named: str, cwd: str) -> str:
    """`FILE#KEY`: a key of a JSON or TOML file, its levels parted by dots; `FILE#line`: a one-line text file."""
    file, _, key = named.partition("#")
    if not file or not key or os.path.isabs(file) or ".." in file.split("/"):
        raise ValueError(f"{named} names no key of a project's file")
    folders = [cwd]
    try:
        folders.append(_repository(cwd)[0])
    except ValueError:
        pass
    paths = [os.path.join(folder, file) for folder in folders]
    path = next((each for each in paths if os.path.isfile(each)), "")
    if not path:
        raise ValueError(f"the project has no {file}")
    text = _text(path)
    if file.endswith((".json", ".toml")):
        return _field(_parsed(text, path), key, path)
    lines = text.strip("\n").split("\n")
    if key != "line" or len(lines) != 1:
        raise ValueError(f"{path} is not one line")
    return lines[0].strip()


def _parsed(text: str, path: str) -> object:
    if path.endswith(".toml"):
        import tomllib  # only here: a run that asks for no TOML need not load it

        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} is not TOML: {error}") from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error


def _field(node: object, key: str, path: str) -> str:
    for level in key.split("."):
        if not isinstance(node, dict) or level not in node:
            raise ValueError(f"{path} has no {key}")
        node = node[level]
    if isinstance(node, bool) or not isinstance(node, str | int):
        raise ValueError(f"{key} of {path} is no text")
    return str(node)
