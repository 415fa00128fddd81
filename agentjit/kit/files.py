"""The agent's file tools done natively: read, write, edit, with its words for what was done.

A file is replaced whole or not at all: the new text goes to a file beside it, which then takes its name. Nothing is
written through a symbolic link, but for folders that lead to others in the working directory.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from typing import NamedTuple

from .calls import Edit, Read, Write
from .checks import shown
from .drive import StepFailed

LIMIT = 4 * 1024 * 1024  # bytes of a file; what is larger is for the model to handle in parts
READ_LINES = 2000  # the agent's own Read tool stops there
_JOINS = r"[\w.@+~/$%-]"  # what makes a longer word of two: `old-news`, `src/news`, `news2`
_BEFORE = re.compile(rf"(?:{_JOINS}|\w:)\Z")
_BEHIND = re.compile(r"[\w@+~/-]|[.:]\w")  # a full stop and a colon end a word, but in `1.2.3` and `db:news`
_PATIENCE = 2.0  # seconds that another writer of the same file is waited for


def read(cwd: str, call: Read) -> str:
    """The lines asked for; raises `StepFailed` for what is no text file of a readable size."""
    path = os.path.join(cwd, call.path)
    lines = _text(path, _found(path), strict=False).split("\n")
    first = max(0, (call.offset or 1) - 1)
    if call.limit is None and len(lines) - first > READ_LINES + 1:
        raise StepFailed(f"at most {READ_LINES} lines", f"{len(lines)} in {path}")
    return "\n".join(lines[first : first + (call.limit or READ_LINES)])


def write(cwd: str, call: Write) -> str:
    """Give a file its whole new text; folders on the way are made. Nothing is written over a file that was not `new`
    in the traces.
    """
    path = _target(cwd, call.path)
    content = _encoded(call.content)
    if call.new and os.path.lexists(path):
        raise _there(path)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except (OSError, ValueError) as error:
        raise StepFailed(f"a folder for {path}", _why(error)) from error
    with _Held(path) as held:
        if call.new and held.before is not None:
            raise _there(path)
        _replace(path, content, held)
    if held.before is None:
        return f"File created successfully at: {call.path}"
    return f"The file {call.path} has been updated successfully."


def _there(path: str) -> StepFailed:
    return StepFailed(f"no file at {path}", "one that the traces know nothing of")


def edit(cwd: str, call: Edit) -> str:
    """Put `new` in the place of `old`; nothing is changed where that is not plain."""
    path = _target(cwd, call.path)
    if call.old in ("", call.new):
        raise StepFailed("something to change", "no text to look for" if not call.old else "the new text is the old")
    with _Held(path) as held:
        if held.before is None:
            raise StepFailed("a file to edit", f"{path} is not there")
        text = _text(path, held.before, strict=True)
        _replace(path, _encoded(_edited(text, call, path)), held)
    if call.every:
        return f"The file {call.path} has been updated. All occurrences were successfully replaced."
    return f"The file {call.path} has been updated successfully."


def _edited(text: str, call: Edit, path: str) -> str:
    """The text after the edit. The agent's tool reads every line end as a newline, and writes the file's own."""
    windows = "\r\n" in text
    plain, old, new = (each.replace("\r\n", "\n") if windows else each for each in (text, call.old, call.new))
    if windows and plain.count("\n") != text.count("\r\n"):
        raise StepFailed("one kind of line end", f"two in {path}")
    count = plain.count(old)
    if not count:
        raise StepFailed(f"the text to replace in {path}", "none")
    if not call.every and (count > 1 or plain.find(old, plain.find(old) + 1) >= 0):
        raise StepFailed(f"the text to replace once in {path}", "it stands there more than once")
    _ensure_whole(plain, old, call.whole, path)
    if not new and not old.endswith("\n") and f"{old}\n" in plain:
        old += "\n"  # so does the agent's tool: a line that is deleted leaves no empty one
        if plain.count(old) != count:
            raise StepFailed(f"the text to delete to end its line in {path}", "it does not in every place")
    changed = plain.replace(old, new)
    return changed.replace("\n", "\r\n") if windows else changed


def _ensure_whole(text: str, old: str, whole: str, path: str) -> None:
    """Raises `StepFailed` where `old` is a part of a longer word at an edge at which it must not be.

    An edge that no word stands at, as of `"news"` in quotes, ends one anyway.
    """
    at = text.find(old) if whole else -1
    while at >= 0:
        end = at + len(old)
        begun = whole in ("begin", "both") and re.match(_JOINS, old) and _BEFORE.search(text, max(0, at - 2), at)
        goes_on = whole in ("end", "both") and re.match(_JOINS, old[-1]) and _BEHIND.match(text, end)
        if begun or goes_on:
            around = text[text.rfind("\n", 0, at) + 1 : end + len(text[end:].split("\n", 1)[0])]
            raise StepFailed(f"{shown(old)} as words of their own in {path}", shown(around))
        at = text.find(old, end)


# --- where a file lies


def _target(cwd: str, path: str) -> str:
    """The file that is really meant. `StepFailed` if its name is a link, as the agent's own tools refuse that, or if a
    link on the way leads out of the working directory or into it.
    """
    if "\0" in path:
        raise StepFailed("a path", "a NUL in it")
    full = os.path.normpath(os.path.join(cwd, path))
    try:
        here, real = os.path.realpath(cwd), os.path.realpath(full)
    except (OSError, ValueError) as error:
        raise StepFailed("a path", _why(error)) from error
    if not path or path.endswith("/") or os.path.basename(path) in (".", ".."):
        raise StepFailed("the name of a file", repr(path))
    inside = any(_below(full, root) for root in (os.path.normpath(cwd), here))
    if os.path.islink(full) or _below(real, here) is not inside:
        raise StepFailed(f"a file {'in ' + cwd if inside else 'and no link'}", f"{full} leads to {real}")
    return real


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


# --- what is in it


class _Before(NamedTuple):
    """A file as it was found: its bytes (one more than `LIMIT` at most), and what tells if it was changed since."""

    data: bytes
    about: os.stat_result

    @property
    def mark(self) -> tuple[int, ...]:
        return _mark(self.about)


def _mark(about: os.stat_result) -> tuple[int, ...]:
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def _opened(path: str, flags: int = 0) -> int:
    """A descriptor of a regular file; a pipe or a device is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StepFailed("a regular file", path)
    return descriptor


def _found(path: str) -> _Before:
    try:
        with open(_opened(path), "rb") as file:
            return _Before(file.read(LIMIT + 1), os.fstat(file.fileno()))
    except (OSError, ValueError) as error:
        raise StepFailed(f"to read {path}", _why(error)) from error


def _text(path: str, before: _Before, *, strict: bool) -> str:
    if len(before.data) > LIMIT or b"\0" in before.data:
        raise StepFailed("a text file of a readable size", path)
    try:
        return before.data.decode("utf-8", "strict" if strict else "replace")
    except UnicodeDecodeError as error:
        raise StepFailed("a file in UTF-8", path) from error


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StepFailed("a text", "half a character (a lone surrogate) in it") from error


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


# --- the change itself


class _Held:
    """A file kept from other writers of ours while it is changed. `before` is None for one that is not there yet."""

    __slots__ = ("_descriptor", "_path", "before")

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self.before: _Before | None = None

    def __enter__(self) -> _Held:
        until = time.monotonic() + _PATIENCE
        try:
            while not self._take():
                if time.monotonic() > until:
                    raise StepFailed(f"{self._path} to be free", "another program holds it")
                time.sleep(0.01)
            self._look()
        except OSError as error:
            self.__exit__()
            raise StepFailed(f"to open {self._path}", _why(error)) from error
        except StepFailed:
            self.__exit__()
            raise
        return self

    def _take(self) -> bool:
        """Whether the file that bears the name now is locked, or there is none."""
        self.__exit__()
        try:
            self._descriptor = _opened(self._path, os.O_NOFOLLOW)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def _look(self) -> None:
        if self._descriptor < 0:
            return
        about = os.fstat(self._descriptor)
        if about.st_uid != os.geteuid() or not os.access(self._path, os.W_OK):
            raise StepFailed("a file that you may write", self._path)
        with open(os.dup(self._descriptor), "rb") as file:
            self.before = _Before(file.read(LIMIT + 1), about)

    def unchanged(self) -> bool:
        """Whether the file is still as it was found."""
        try:
            now = os.lstat(self._path)
            return self.before is not None and _mark(now) == self.before.mark
        except FileNotFoundError:
            return self.before is None

    def __exit__(self, *failure: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _replace(path: str, content: bytes, held: _Held) -> None:
    """Put a file with `content` in the place of `path`, of the same mode, unless it was changed meanwhile."""
    beside = os.path.join(os.path.dirname(path), f".aj-{os.urandom(8).hex()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            with open(descriptor, "wb") as file:
                if held.before:
                    os.fchmod(descriptor, stat.S_IMODE(held.before.about.st_mode))
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            _take_place(beside, path, held)
        finally:
            if os.path.lexists(beside):
                os.unlink(beside)
    except OSError as error:
        raise StepFailed(f"to write {path}", _why(error)) from error


def _take_place(beside: str, path: str, held: _Held) -> None:
    if not held.unchanged():
        raise StepFailed(f"{path} as it was read", "another program changed it meanwhile")
    if held.before:
        os.replace(beside, path)
        return
    try:
        os.link(beside, path)  # unlike a renaming it takes no other file's place
    except FileExistsError as error:
        raise StepFailed(f"no file at {path}", "another program made it meanwhile") from error
    except OSError:
        os.rename(beside, path)  # a file system without hard links
