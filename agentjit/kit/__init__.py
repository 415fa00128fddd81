"""The kit that compiled skills import (as `ajkit`, from the folder next to them): standard library only.

A skill is a generator: it yields calls and receives results. `ensure` and `extract` state its contract; `answer` and
`gathered` end it. Who performs a call is the caller's business: see `drive`.
"""

from .calls import Ask, Bash, Call, Read, Result, Shell, ask, bash, read, shell
from .checks import (
    Deviation,
    cell,
    ensure,
    extract,
    is_absent,
    json_keys,
    json_path,
    line,
    lines,
    literal,
    pattern,
    troubled,
    whole,
)
from .drive import Run, Step, StepFailed, drive
from .program import Answer, Gathered, Param, Program, answer, gathered, in_env, on_path, skill

from .alone import main  # isort: skip  (last: it needs all of the above)

__all__ = [
    "Answer",
    "Ask",
    "Bash",
    "Call",
    "Deviation",
    "Gathered",
    "Param",
    "Program",
    "Read",
    "Result",
    "Run",
    "Shell",
    "Step",
    "StepFailed",
    "answer",
    "ask",
    "bash",
    "cell",
    "drive",
    "ensure",
    "extract",
    "gathered",
    "in_env",
    "is_absent",
    "json_keys",
    "json_path",
    "line",
    "lines",
    "literal",
    "main",
    "on_path",
    "pattern",
    "read",
    "shell",
    "skill",
    "troubled",
    "whole",
]
