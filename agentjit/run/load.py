"""Load a skill's program: its source becomes a `Program` that imports the kit of this installation.

On the prompt hook's path: standard library only.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys

from agentjit import kit
from agentjit.errors import Refused


def load(source: str, path: str) -> kit.Program:
    """Execute a skill's module text (not its steps); `Refused` if it is no skill."""
    before = list(sys.path)
    sys.modules["ajkit"] = kit
    namespace: dict[str, object] = {"__name__": "aj_skill", "__file__": path}
    try:
        exec(compile(source, path, "exec"), namespace)
    except Exception as error:
        raise Refused(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    finally:
        sys.path[:] = before
    programs = [value for value in namespace.values() if isinstance(value, kit.Program)]
    if len(programs) != 1:
        raise Refused(f"{path} holds {len(programs)} skills, expected one")
    return programs[0]


def content_hash(program: bytes, plan: bytes) -> str:
    """What an approval is bound to: SHA-256 over the program and the plan."""
    return hashlib.sha256(b"%d\n" % len(program) + program + plan).hexdigest()


def read_checked(folder: str, expected: str) -> str:
    """The program's text if the folder still holds exactly what was published; `Refused` with the reason if not."""
    program = _own_file(os.path.join(folder, "skill.py"))
    plan = _own_file(os.path.join(folder, "plan.json"))
    if content_hash(program, plan) != expected:
        raise Refused(f"{folder} was changed since it was published; `aj compile` makes it anew")
    return program.decode()


def _own_file(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
                raise Refused(f"{path} is not a file that only you can write")
            return file.read()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
