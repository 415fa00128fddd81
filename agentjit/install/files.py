"""Edge: whole-file reads and atomic writes, and a settings file that can be put back as it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable
from typing import Any

from agentjit.errors import AjError
from agentjit.home import Home


def read(path: str) -> bytes | None:
    """The bytes of a file, None if there is none; raises `AjError` where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AjError(f"cannot read {path}: {error.strerror}") from None


def write(path: str, data: bytes, mode: int = 0o600) -> None:
    """Replace a file in one step, through a link to its target; an existing file keeps its mode and owner."""
    target = os.path.realpath(path)
    temporary = f"{target}.{os.getpid()}.aj-tmp"
    try:
        _make_folder(os.path.dirname(target))
        owner = None
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(target)
            mode, owner = stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        if owner:
            with contextlib.suppress(OSError):  # only root can give a file away
                os.chown(temporary, *owner)
        os.replace(temporary, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise AjError(f"cannot write {path}: {error.strerror}") from None


def _make_folder(path: str) -> None:
    """Make a folder and those above it, all of them private (os.makedirs makes only the last one so)."""
    if not os.path.isdir(path):
        _make_folder(os.path.dirname(path))
        os.mkdir(path, 0o700)


def delete(path: str) -> bool:
    """Remove a file, link or whole folder; False if there was none."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise AjError(f"cannot remove {error.filename or path}: {error.strerror}") from None
    return True


class Originals:
    """What files of others were before we changed them: `backups/originals.json` and a copy of each beside it.

    The record holds a hash of what we made of a file: only a file nobody has changed since is put back.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.backups
        self._record = os.path.join(home.backups, "originals.json")

    def change(self, path: str, make: Callable[[], None], now: float, original: bytes | None) -> None:
        """Run `make`, which changes the file at `path`, and remember `original` as what it was (None: no file).

        A file that is still as we left it keeps its older original. `now` is in Unix seconds.
        """
        rows = self._rows()
        key = os.path.abspath(path)
        if not self._untouched(rows, key):
            rows[key] = {"backup": self._store(key, original, now), "after": None}
            self._save(rows)
        make()
        rows[key]["after"] = _digest(read(key))
        self._save(rows)

    def put_back(self, path: str) -> None:
        """Make the file at `path` its original again, byte for byte, and forget it. For a file that was `untouched`."""
        rows = self._rows()
        key = os.path.abspath(path)
        self._put_back(key, rows.pop(key)["backup"])
        self._save(rows)

    def untouched(self, path: str) -> bool:
        """Whether we have the original of `path` and nobody has changed the file since we did."""
        return self._untouched(self._rows(), os.path.abspath(path))

    def paths(self) -> list[str]:
        """The files whose originals we have."""
        return list(self._rows())

    def backups(self) -> list[str]:
        """The copies that are kept."""
        rows = self._rows().values()
        return [os.path.join(self._folder, row["backup"]) for row in rows if row["backup"]]

    def _untouched(self, rows: dict[str, Any], key: str) -> bool:
        return key in rows and rows[key]["after"] is not None and rows[key]["after"] == _digest(read(key))

    def _store(self, key: str, original: bytes | None, now: float) -> str | None:
        if original is None:
            return None
        name = os.path.basename(key) + time.strftime(".%Y%m%dT%H%M%SZ", time.gmtime(now))
        number = 0
        while os.path.lexists(os.path.join(self._folder, free := f"{name}.{number}" if number else name)):
            number += 1
        write(os.path.join(self._folder, free), original)
        return free

    def _put_back(self, key: str, backup: str | None) -> None:
        if backup is None:
            delete(os.path.realpath(key))
            return
        copy = os.path.join(self._folder, backup)
        original = read(copy)
        if original is None:
            raise AjError(f"cannot restore {key}: its backup {copy} is gone")
        write(key, original)
        delete(copy)

    def _rows(self) -> dict[str, Any]:
        data = read(self._record)
        try:
            rows = json.loads(data) if data else {}
        except ValueError:
            raise AjError(f"{self._record} is damaged: move it away and try again") from None
        return dict(rows)

    def _save(self, rows: dict[str, Any]) -> None:
        if rows:
            write(self._record, json.dumps(rows, indent=2).encode() + b"\n")
        else:
            delete(self._record)


def _digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()
