"""Contracts of rows that stand under no titles: lists, `git status --short`, tables with a separator of their own."""

from __future__ import annotations

import pytest

from agentjit.compile.contract import contract
from agentjit.contract import Contract
from agentjit.piece import Binding, Cell, Finder, Lines, Text, Whole
from tests.compile.test_contracts import ANYTHING, reason, step

FILES = ("a.py", "b/c.py", "d.md", "e.js", "f/g.css", "h.txt")
STATUS = ["".join(f" M {name}\n" for name in FILES[at : at + 2 + at % 3]) for at in range(5)]
ORDERS = [f"{1000 + 7 * at},{10 + 3 * at}.50,paid\n{900 + 5 * at},{3 * at}.25,paid\n" for at in range(5)]
CSV = [f"id,name,state\n{at},x{at},open\n{at + 9},y{at},open\n" for at in range(5)]
NODES = ["NAME STATUS ROLES\n" + "".join(f"node-{at}{i} Ready worker\n" for i in range(2 + at % 3)) for at in range(5)]
PSQL = [f" id | state\n----+-------\n {at} | open\n {at + 7} | open\n(2 rows)\n" for at in range(5)]


def inferred(outputs: list[str], taken: Finder | None, *, many: bool = False) -> Contract:
    bindings = (Binding(name="value", finders=(taken,), pattern=ANYTHING, many=many),) if taken else ()
    return contract(step(outputs), bindings, {})


@pytest.mark.parametrize("taken", [Lines(), Cell(column=1), Cell(column=1, where=((0, Text(text="M")),)), None])
@pytest.mark.parametrize("row", [" D gone.py", "?? new.py", "UU both.py", "R  old.py -> new.py", "A  more.py"])
def test_a_status_never_seen_is_no_row_like_the_others(taken: Finder | None, row: str) -> None:
    made = inferred(STATUS, taken, many=True)
    assert not [reason(made, output) for output in STATUS if reason(made, output)]
    assert not reason(made, " M other.py\n" * 7)
    assert reason(made, f" M x.py\n{row}\n")
    assert reason(made, f"{row}\n M x.py\n")


@pytest.mark.parametrize(
    ("outputs", "taken", "many", "honest", "changed"),
    [
        (ORDERS, Cell(column=0, row=0, separator=","), False, "7,12.50,paid\n", "7,12.50,refunded\n5,1.00,paid\n"),
        (ORDERS, Cell(column=0, row=0, separator=","), False, "7,12.50,paid\n", "7,12.50,paid\n5,1.00,refunded\n"),
        (ORDERS, Cell(column=0, row=0, separator=","), False, "7,12.50,paid\n", "7,12.50\n"),
        (ORDERS, Cell(column=0, row=0, separator=","), False, "7,12.50,paid\n", "no such relation\n"),
        (CSV, Cell(column=1, first=1, separator=","), True, "id,name,state\n4,z,open\n", "id,state,name\n4,open,z\n"),
        (CSV, Cell(column=1, first=1, separator=","), True, "id,name,state\n4,z,open\n", "id,name,state\n4,z,shut\n"),
        (
            PSQL,
            Cell(column=0, row=1, separator="|"),
            False,
            " id | state\n--+--\n 5 | open\n(1 row)\n",
            PSQL[2].replace("open", "lost", 1),
        ),
        (NODES, Lines(first=1), True, NODES[0] + "x Ready worker\n", NODES[0] + "x Ready,SchedulingDisabled worker\n"),
    ],
)
def test_rows_of_their_own(outputs: list[str], taken: Finder, many: bool, honest: str, changed: str) -> None:
    made = inferred(outputs, taken, many=many)
    assert not [reason(made, output) for output in (*outputs, honest) if reason(made, output)]
    assert reason(made, changed)


@pytest.mark.parametrize(
    ("outputs", "taken", "honest"),
    [
        # a list of names, of notes, of values under few rows: another is no surprise
        ([f"{name}\n" for name in FILES], Lines(), "lib/new one.py\n"),
        (["- fix the menu\n- drop it", "- add more of the same words", "- x"], Lines(), "* quite another line here\n"),
        (["ann 1\n", "bob 2\n", "bob 4\n"], Cell(column=1), "cy 7\n"),
        (["GET /a 3\nPUT /b 4\n", "PUT /c 1\n"], None, "DELETE /c 4\n"),
    ],
)
def test_honest_rows(outputs: list[str], taken: Finder | None, honest: str) -> None:
    assert not reason(inferred(outputs, taken, many=True), honest)


def test_what_is_cut_off_is_as_seen() -> None:
    """Only the version is told; but whose it is stands before it."""
    names = ("cart", "menu", "feed", "blog", "pay")
    images = [f"reg.io/{name}:1.{at}.0" for at, name in enumerate(names)]
    binding = Binding(name="value", finders=(Whole(),), pattern=ANYTHING)
    made = contract(step(images), [binding], {"name": names, "value": tuple(images)})
    assert not reason(made, "reg.io/web:2.9.1", name="web")
    assert reason(made, "reg.io/nginx:2.9.1", name="web")
    assert reason(made, "elsewhere/web:2.9.1", name="web")


def test_what_is_quoted_whole_may_begin_in_any_way() -> None:
    binding = Binding(name="value", finders=(Whole(),), pattern=ANYTHING)
    told = [f"{word} of {at}" for at, word in enumerate(("one", "two", "six", "ten"))]
    assert not reason(contract(step(told), [binding], {}), "anything else")
