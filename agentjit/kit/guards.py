"""What tells one path of a fork from another, and how often a loop may go round."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .calls import Result
from .checks import Deviation, readable, shown

TYPE_CHECKING = False  # as in typing, which takes milliseconds to import
if TYPE_CHECKING:
    from typing import NoReturn


def exited(result: Result, *codes: int) -> bool:
    """The exit status is one of `codes`."""
    return result.exit_code in codes


def empty(result: Result) -> bool:
    """Nothing but white space was printed."""
    return not result.stdout.strip()


def printed(result: Result) -> bool:
    """Something was printed."""
    return not empty(result)


def says(result: Result, expression: str) -> bool:
    """A regular expression over lines is found in the output."""
    return re.search(expression, readable(result.stdout), re.MULTILINE) is not None


def unforeseen(result: Result) -> NoReturn:
    """None of the ways known from the traces goes on from here: raises `Deviation`."""
    status = "" if result.exit_code is None else f"exit status {result.exit_code} and "
    raise Deviation("one of the ways known from the traces", f"{status}{shown(result.stdout.strip())}")


def rounds(values: Sequence[str], *, most: int) -> Sequence[str]:
    """The values of a loop; raises `Deviation` if there are more than `most`, before the first round."""
    if len(values) > most:
        raise Deviation(f"at most {most} rounds", f"{len(values)}")
    return values
