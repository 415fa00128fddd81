"""What a step promises: postconditions with their evidence (pydantic)."""

from __future__ import annotations

from agentjit.piece import Argument, Finder, ShapePiece, Value


class Evidence(Value):
    """Why a check is in a contract: how many traces showed it, how many did not, and how probable it is that so many
    would show it by chance.
    """

    check: str
    seen: int
    against: int = 0
    chance: float = 1.0


class Contract(Value):
    """Postconditions of a step, each true in all `seen` traces: `holds` are places
    whose value is known otherwise; `words` are all that stood in a table's column; `calm`: no word of trouble.
    """

    seen: int
    exit_codes: tuple[int, ...] = ()
    header: str = ""
    calm: bool = False
    words: tuple[tuple[int, tuple[str, ...]], ...] = ()
    holds: tuple[tuple[Finder, Argument], ...] = ()
    shape: tuple[ShapePiece, ...] = ()
    evidence: tuple[Evidence, ...] = ()
