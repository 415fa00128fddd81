"""Opening the database file: under its lock, made whole or not at all, and plain words for what is wrong with it.

With `store.py` the only importer of duckdb.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from agentjit.errors import StoreBroken, StoreBusy
from agentjit.home import Home
from agentjit.lock import held

_PAUSE = 0.01  # seconds between two tries for a lock
# Nothing that is stored can make the database open a file, or fetch an extension.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
WRITER = CONFIG | {"memory_limit": "128MB"}  # whatever the size of the backlog, or of the database


@contextmanager
def locked(home: Home, write: bool, deadline: float) -> Iterator[None]:
    with held(home.database_lock, wait=max(0.0, deadline - time.monotonic()), shared=not write) as free:
        if not free:
            raise StoreBusy("another process is using the database; try again in a moment")
        yield


@contextmanager
def connection_to(home: Home, write: bool, deadline: float) -> Iterator[duckdb.DuckDBPyConnection]:
    mask = os.umask(0o077)  # duckdb creates its files itself
    try:
        connection = _connected(home, write, deadline)
        try:
            yield connection
        finally:
            connection.close()
    finally:
        os.umask(mask)


def _connected(home: Home, write: bool, deadline: float) -> duckdb.DuckDBPyConnection:
    """Other programs (the duckdb shell) know nothing of our lock: wait for them as well."""
    if os.path.lexists(home.database):
        if not os.path.isfile(home.database):
            raise StoreBroken(f"{home.database} is not a file; {_away(home)}")
    elif write:
        _make(home)
    while True:
        try:
            return duckdb.connect(home.database, read_only=not write, config=WRITER if write else CONFIG)
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error):
                raise
            if time.monotonic() >= deadline:
                raise StoreBusy("another program has the database open; close it and try again") from error
            time.sleep(_PAUSE)


def _make(home: Home) -> None:
    """Under another name until it is whole: a kill in the middle must not leave half of a database."""
    for path in (home.database_made, home.database_made + ".wal"):
        if os.path.lexists(path):
            os.unlink(path)
    duckdb.connect(home.database_made, config=CONFIG).close()
    os.rename(home.database_made, home.database)


def _away(home: Home) -> str:
    each = f"for f in {home.database} {home.database}.wal; do [ ! -L $f -a ! -e $f ] || mv $f $f.broken; done"
    return f"move it away (`{each}`) and run `aj import`"


@contextmanager
def telling(home: Home) -> Iterator[None]:
    """Whatever duckdb raises means that the file cannot be used; say so with the mend."""
    try:
        yield
    except (duckdb.BinderException, duckdb.ParserException):
        raise  # a mistake of ours says nothing about the file
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        mend = "make room on the disk" if "space" in reason or "quota" in reason else _away(home)
        raise StoreBroken(f"{home.database} cannot be used ({reason}); {mend}") from error
