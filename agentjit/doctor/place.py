"""The home itself: private, writable, its links whole; what its log and its spool tell."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from agentjit import __version__, config, spool
from agentjit.doctor.finding import Finding, Findings, Patient, fail, ok, warn
from agentjit.home import Home
from agentjit.kit.process import run

_PROBE = b'{"aj":"doctor"}'  # a drainer that takes it before we do finds no record in it
_ROOM = 100 * 1024 * 1024  # bytes of disk below which recording will soon stop
_TAIL = 1024 * 1024  # bytes of the log that are read
_DAY = 86_400.0  # seconds
_STARTS = 10.0  # seconds a program of ours may take to say its version
_OURS = ("venv",)  # pip's own folder, behind the private root
_INIT = "aj init"


def private(patient: Patient) -> Findings:
    """Nobody else can look into the home."""
    root = patient.home.root
    if not os.path.isdir(root):
        yield fail("home", f"there is no {root}", _INIT)
        return
    about = os.stat(root)
    if about.st_uid != os.geteuid():
        yield fail("home", f"{root} belongs to another user", "set AJ_HOME to a folder of your own")
    elif about.st_mode & 0o077:
        mode = stat.S_IMODE(about.st_mode)
        yield fail("home", f"others can enter {root} (mode {mode:04o})", f"chmod -R go-rwx {shlex.quote(root)}")
    elif open_to_others := list(_open_to_others(root)):
        first, more = os.path.relpath(open_to_others[0], root), len(open_to_others) - 1
        text = f"{first}{f' and {more} more' if more else ''} under {root} would be open to others, were it not 0700"
        yield warn("home", text, f"chmod -R go-rwx {shlex.quote(root)}")
    else:
        yield ok("home", f"{root} is private")


def _open_to_others(root: str) -> Iterator[str]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name != "__pycache__" and not (folder == root and name in _OURS))
        for name in (*names, *sorted(files)):
            path = os.path.join(folder, name)
            try:
                mode = os.lstat(path).st_mode
            except FileNotFoundError:
                continue
            if not stat.S_ISLNK(mode) and mode & 0o077:
                yield path


def settings(patient: Patient) -> Findings:
    """What the person set can be understood; else nothing is loaded."""
    path = patient.home.config
    try:
        config.load(patient.home, patient.env)
    except config.BadConfig as bad:
        text = str(bad).removesuffix("; mend it, or move it away for the defaults")
        yield fail("config", f"{text}; until it is mended nothing is loaded", f"mend {path}, or move it away")
    else:
        yield ok("config", f"{path} is understood" if os.path.lexists(path) else "none: the defaults hold")


def writable(patient: Patient) -> Findings:
    """An event can be put into the spool, and there is room for more."""
    home = patient.home
    if not os.path.isdir(home.spool):
        yield fail("spool", f"there is no folder {home.spool}", _INIT)
        return
    try:
        spool.write(home, "run", [_PROBE])
    except OSError as error:
        mend = f"make room for, or access to, {home.spool} (chmod u+rwx {shlex.quote(home.spool)})"
        yield fail("spool", f"nothing can be recorded: {error.strerror} ({home.spool})", mend)
        return
    for waiting in spool.pending(home):
        if waiting.event == "run" and waiting.pid == os.getpid() and _is_probe(waiting):
            spool.remove(waiting)
    free = shutil.disk_usage(home.spool).free
    if free < _ROOM:
        yield warn("spool", f"it can be written, but only {free // 1024**2} MB of the disk are free", "make room")
    else:
        yield ok("spool", f"it can be written, {free / 1024**3:.0f} GB are free")


def _is_probe(waiting: spool.Waiting) -> bool:
    try:
        return spool.read(waiting).strip() == _PROBE
    except (OSError, spool.Unusable):
        return False


def links(patient: Patient) -> Findings:
    """The interpreter and the package that the hooks start, and the `aj` that drains."""
    yield _interpreter(patient)
    yield _library(patient)
    yield _launcher(patient)


def _interpreter(patient: Patient) -> Finding:
    python = os.path.join(patient.home.bin, "python3")
    said, problem = _said([python, "-I", "-S", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"], patient)
    if problem:
        return fail("bin/python3", f"{_leads(python)} cannot be started: {problem}", _INIT)
    if tuple(map(int, said.split(".")[:2])) < (3, 11):
        return fail("bin/python3", f"it is Python {said}, and 3.11 is needed", f"{_INIT}, with a newer Python")
    return ok("bin/python3", f"Python {said} ({os.path.realpath(python)})")


def _library(patient: Patient) -> Finding:
    lib, own = patient.home.lib, str(patient.package.parent)
    hook = os.path.join(lib, "agentjit", "hook.py")
    if not os.path.isfile(hook):
        return fail("lib", f"{_leads(lib)} holds no agentjit", _INIT)
    if os.path.realpath(lib) != os.path.realpath(own):
        return warn("lib", f"the hooks use {os.path.realpath(lib)}, this `aj` is of {own}", _INIT)
    return ok("lib", f"the hooks use {own}")


def _launcher(patient: Patient) -> Finding:
    aj = os.path.join(patient.home.bin, "aj")
    said, problem = _said([aj, "--version"], patient)
    if problem:
        return fail("bin/aj", f"{aj} cannot be started, so nothing compiles after a session: {problem}", _INIT)
    if __version__ not in said.split():
        return warn("bin/aj", f"it says {said!r}, and this is {__version__}", _INIT)
    return ok("bin/aj", said)


def _leads(path: str) -> str:
    return f"{path} -> {os.readlink(path)}" if os.path.islink(path) else path


def _said(argv: list[str], patient: Patient) -> tuple[str, str]:
    """(what the program printed, "") or ("", why it failed)."""
    try:
        done = run(argv, cwd="/", env=patient.env, timeout=_STARTS)
    except OSError as error:
        return "", error.strerror or str(error)
    if done.exit_code != 0:
        said = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
        return "", f"exit status {done.exit_code}: {said}" if done.exit_code is not None else f"no end in {_STARTS} s"
    return done.stdout.strip(), ""


def errors(patient: Patient) -> Findings:
    """What hooks and background processes had to complain about in the last day."""
    recent = _recent(Path(patient.home.log), patient.now - _DAY)
    if recent:
        count = f"{len(recent)} line{'s' if len(recent) > 1 else ''}"
        yield warn("aj.log", f"{count} since yesterday, the last: {recent[-1][:200]}", f"see {patient.home.log}")
    else:
        yield ok("aj.log", "no error since yesterday")


def _recent(log: Path, since: float) -> list[str]:
    """Its lines of Unix time `since` and later; one without a time is as old as the next that has one, or the file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            rows = file.read().decode("utf-8", "replace").splitlines()
        at = log.stat().st_mtime
    except FileNotFoundError:
        return []
    found = []
    for row in reversed(rows):
        at = _time(row, at)
        if at < since:
            break
        if row.strip():
            found.append(row.strip())
    return found[::-1]


def _time(row: str, default: float) -> float:
    try:
        return time.mktime(time.strptime(row[:19], "%Y-%m-%dT%H:%M:%S"))
    except (ValueError, OverflowError):
        return default


def python_of(home: Home) -> str:
    """The interpreter the hooks start, or this one where that link is broken."""
    python = os.path.join(home.bin, "python3")
    return python if os.access(python, os.X_OK) else sys.executable
