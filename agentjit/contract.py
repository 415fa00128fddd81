"""What a step promises: postconditions with their evidence (pydantic)."""

from __future__ import annotations

from typing import Literal

from agentjit.piece import Argument, Finder, ShapePiece, Value


class Evidence(Value):
    """Why a check is in a contract: how many traces showed it, how many did not, and how probable it is that so many
    would show it by chance.
    """

    check: str
    seen: int
    against: int = 0
    chance: float = 1.0


JsonType = Literal["object", "array", "string", "integer", "number", "boolean", "null"]


class Json(Value):
    """What a JSON value looks like: a part of JSON Schema that needs no library to be checked.

    No `types`: anything. `value`: just this scalar, as it stands in a command line; `values`: one of these texts. An
    object has these `properties`, and no others if `closed`. The `items` of an array are all alike, and there are from
    `least` to `most` of them. A number is from `low` to `high`.
    """

    types: tuple[JsonType, ...] = ()
    value: Argument = ()
    values: tuple[str, ...] = ()
    properties: tuple[tuple[str, Json], ...] = ()
    closed: bool = False
    items: Json | None = None
    least: int | None = None
    most: int | None = None
    low: float | None = None
    high: float | None = None


class Relation(Value):
    """What two places of an output have to do with each other.

    `equal`: the same text. `at most`: the left number is not greater. `counts`: the left number says how many values
    `right` finds. `sums`: it is their sum.
    """

    left: Finder
    by: Literal["equal", "at most", "counts", "sums"]
    right: Finder


class Contract(Value):
    """Postconditions of a step, each true in all `seen` traces: `holds` are places whose value is known otherwise;
    `words` are all that stood in a table's column; `calm`: no word of trouble.

    `same`: of the numbers in the shape's ranges, counted from 0, those that are equal; `columns`: the fewest and the
    most cells of a table's rows, below its `titles` lines, parted by `separator` if not by white space; `forms`: what
    all cells of a column look like; `cells`: what all of them are; `each`: what every line of a list looks like;
    `form`: what its JSON looks like; `lines`: the fewest and the most lines; `says`: what stands on a line of its own;
    `relations`: what two places have to do with each other; `exists`: files that are there afterwards.
    """

    seen: int
    exit_codes: tuple[int, ...] = ()
    header: str = ""
    calm: bool = False
    words: tuple[tuple[int, tuple[str, ...]], ...] = ()
    holds: tuple[tuple[Finder, Argument], ...] = ()
    shape: tuple[ShapePiece, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    same: tuple[tuple[int, int], ...] = ()
    columns: tuple[int, int] | None = None
    separator: str = ""
    titles: int = 1
    forms: tuple[tuple[int, str], ...] = ()
    cells: tuple[tuple[int, Argument], ...] = ()
    each: tuple[ShapePiece, ...] = ()
    form: Json | None = None
    lines: tuple[int, int] | None = None
    says: tuple[tuple[ShapePiece, ...], ...] = ()
    relations: tuple[Relation, ...] = ()
    exists: tuple[Argument, ...] = ()

    def loose(self) -> Contract:
        """What is promised where the model reads the output anyway: the exit status, and the files."""
        kept = tuple(each for each in self.evidence if each.check in ("exit status", "file"))
        return Contract(seen=self.seen, exit_codes=self.exit_codes, exists=self.exists, evidence=kept)

    def uncalm(self) -> Contract:
        """The same, where a word of trouble is just quoted."""
        kept = tuple(each for each in self.evidence if each.check != "no word of trouble")
        return self.model_copy(update={"calm": False, "evidence": kept})
