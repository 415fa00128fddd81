"""Timing of programs as a client starts a hook: a pipe for the payload, one for the answer, until it has ended."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.report import CHECKOUT


def seconds(
    argv: Sequence[str], payload: bytes, env: Mapping[str, str], cwd: Path | None = None
) -> tuple[float, bytes]:
    """(seconds from start to end, standard output) of a program that must end well and complain of nothing."""
    begin = time.perf_counter()
    done = subprocess.run(argv, input=payload, capture_output=True, env=dict(env), cwd=cwd, check=True)
    took = time.perf_counter() - begin
    assert not done.stderr, done.stderr
    return took, done.stdout


def shim(name: str, event: str, aj_home: Path) -> list[str]:
    """A shim of ours as hooks/hooks.json has the client start it, once `aj init` has added the home."""
    return ["/bin/sh", "-c", 'test ! -r "$0" || . "$0"', str(CHECKOUT / "hooks" / name), event, str(aj_home)]
