"""A process that starts drainers at once: it has imported all they need, and forks one for each order it reads.

Orders and answers are JSON, one a line. An order to drain names the home, the environment, the time, a gate (a FIFO)
and files for its report and output; it is answered by the pid of a child that waits until the gate is written to.
`{"reap": pid}` is answered by the wait status of that child.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import sys
import traceback
from typing import Any

from agentjit import cli
from agentjit.cli import ingest
from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.observe.ingest import drain

REPORT = 1 << 16  # bytes of the file a child reports into; mapped, so that no failing write can silence it
_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)


def main() -> None:
    """Serve orders until there are no more."""
    assert ingest.command  # imported here, and not again by every child
    for line in sys.stdin:
        order = json.loads(line)
        if "reap" in order:
            answer = os.waitpid(order["reap"], 0)[1]
        else:
            answer = _fork(order)
        print(json.dumps(answer), flush=True)


def _fork(order: dict[str, Any]) -> int:
    """A child that stands at its gate."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(order, writing)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return pid


def _child(order: dict[str, Any], ready: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)  # strace is no ancestor of ours
    with open(order["report"], "r+b") as file:
        report = mmap.mmap(file.fileno(), REPORT)
    for stream, name in ((0, "/dev/null"), (1, order["out"]), (2, order["err"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), stream)
    gate = os.open(order["gate"], os.O_RDWR)  # both, so that neither side ever waits in open
    os.close(ready)
    os.read(gate, 1)
    status = 0
    try:
        if order["as"] == "command":
            status = _command(order)
        else:
            drain(Home(order["home"]), order["env"], now=order["now"])
    except (AjError, OSError) as error:
        status = _say(report, error, 1)
    except BaseException as error:
        status = _say(report, error, 99)
    os._exit(status)


def _command(order: dict[str, Any]) -> int:
    os.environ.clear()
    os.environ.update(order["env"], AJ_HOME=order["home"])
    sys.argv = ["aj", "ingest"]
    try:
        cli.main()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    return 0


def _say(report: mmap.mmap, error: BaseException, status: int) -> int:
    text = "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace")
    head = f"{type(error).__name__}: {error}\n".encode("utf-8", "backslashreplace")
    said = (head + text)[: REPORT - 1]
    report[: len(said)] = said
    return status


if __name__ == "__main__":
    main()
