"""The kit that compiled skills import (as `ajkit`, from the folder next to them): standard library only.

A skill is a generator: it yields calls, one or several `together`, and receives results. `ensure` and `extract` state
its contract, `exited`, `empty`, `printed` and `says` tell its ways apart, `rounds` bounds its loops; `answer` and
`gathered` end it. Who performs a call is the caller's business: see `drive`.
"""

from .calls import (
    Ask,
    Bash,
    Call,
    Edit,
    Read,
    Result,
    Shell,
    Tool,
    Write,
    ask,
    bash,
    edit,
    read,
    shell,
    together,
    tool,
    write,
)
from .checks import (
    Deviation,
    cell,
    ensure,
    extract,
    extract_all,
    is_absent,
    json_keys,
    json_path,
    line,
    lines,
    literal,
    matching,
    pattern,
    troubled,
    whole,
)
from .drive import Run, Step, StepFailed, drive
from .guards import empty, exited, printed, rounds, says, unforeseen
from .numbers import boolean, integer, real
from .program import (
    Answer,
    Gathered,
    Param,
    Program,
    answer,
    gathered,
    has_file,
    in_env,
    in_repository,
    on_path,
    skill,
)
from .promises import array, between, natural

from .alone import main  # isort: skip  (last: it needs all of the above)

TYPE_CHECKING = False  # as in typing, which takes milliseconds to import
if TYPE_CHECKING:
    from .transform import (
        basename,
        camel,
        capitalize,
        count,
        date,
        decrement,
        dirname,
        increment,
        joined,
        kebab,
        lower,
        next_major,
        next_minor,
        next_patch,
        part,
        pascal,
        snake,
        stem,
        strip_v,
        suffix,
        title_case,
        upper,
        without_suffix,
    )
else:

    def __getattr__(name: str) -> object:
        """Transformations, which few skills use: imported by the first that does."""
        if name in __all__:
            from . import transform

            return getattr(transform, name)
        raise AttributeError(f"the kit has no {name}")


__all__ = [
    "Answer",
    "Ask",
    "Bash",
    "Call",
    "Deviation",
    "Edit",
    "Gathered",
    "Param",
    "Program",
    "Read",
    "Result",
    "Run",
    "Shell",
    "Step",
    "StepFailed",
    "Tool",
    "Write",
    "answer",
    "array",
    "ask",
    "basename",
    "bash",
    "between",
    "boolean",
    "camel",
    "capitalize",
    "cell",
    "count",
    "date",
    "decrement",
    "dirname",
    "drive",
    "edit",
    "empty",
    "ensure",
    "exited",
    "extract",
    "extract_all",
    "gathered",
    "has_file",
    "in_env",
    "in_repository",
    "increment",
    "integer",
    "is_absent",
    "joined",
    "json_keys",
    "json_path",
    "kebab",
    "line",
    "lines",
    "literal",
    "lower",
    "main",
    "matching",
    "natural",
    "next_major",
    "next_minor",
    "next_patch",
    "on_path",
    "part",
    "pascal",
    "pattern",
    "printed",
    "read",
    "real",
    "rounds",
    "says",
    "shell",
    "skill",
    "snake",
    "stem",
    "strip_v",
    "suffix",
    "title_case",
    "together",
    "tool",
    "troubled",
    "unforeseen",
    "upper",
    "whole",
    "without_suffix",
    "write",
]
