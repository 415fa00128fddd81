"""More families for the mutants: outputs whose parts depend on each other, verdicts, lists, free texts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from agentjit.trace import Episode
from tests.compile.truths import TRUTHS, Truth
from tests.support.notation import repeat

Row = dict[str, str]

_NAMES = ("web", "api", "cart", "mail", "relay", "spam")


def _rows(**columns: Sequence[object]) -> list[Row]:
    return [{"x": name, **{key: str(column[i]) for key, column in columns.items()}} for i, name in enumerate(_NAMES)]


SCALED = """
> is {x} fully up?
$ curl -s http://h/deploy/{x}
| {"name": "{x}", "ready": {n}, "wanted": {n}, "paused": false, "revision": {r}}
< {x} is fully up with {n} replicas.
"""


def _scaled(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    told = _object(outputs[0])
    if told is None or set(told) != {"name", "ready", "wanted", "paused", "revision"} or told["name"] != row["x"]:
        return None
    ready, wanted, revision = told["ready"], told["wanted"], told["revision"]
    if type(ready) is not int or type(revision) is not int or ready != wanted or ready < 1 or revision < 0:
        return None
    return f"{row['x']} is fully up with {ready} replicas." if told["paused"] is False and type(wanted) is int else None


UP = """
> are all pods of {x} ready?
$ kubectl get deploy {x}
| deployment {x} has {n}/{n} pods ready on {m} nodes
< All pods of {x} are ready.
"""


def _up(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    found = re.fullmatch(rf"deployment {row['x']} has (\d+)/(\d+) pods ready on (\d+) nodes", outputs[0].strip())
    if not found or found[1] != found[2] or not 0 < int(found[1]) < 100 or not 0 < int(found[3]) < 100:
        return None
    return f"All pods of {row['x']} are ready."


ORDERS = """
> what does {x} owe?
$ curl -s http://h/invoices/{x}
| {"customer": "{x}", "count": {k}, "total": {t}, "currency": "EUR", "invoices": {list}}
< {x} owes {t} EUR in {k} invoices.
"""


def _orders(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    told = _object(outputs[0])
    if told is None or set(told) != {"customer", "count", "total", "currency", "invoices"}:
        return None
    invoices, count, total = told["invoices"], told["count"], told["total"]
    if told["customer"] != row["x"] or told["currency"] != "EUR" or not isinstance(invoices, list) or not invoices:
        return None
    if not all(isinstance(each, dict) and set(each) == {"id", "amount", "state"} for each in invoices):
        return None
    fine = all(
        each["state"] == "open" and type(each["amount"]) is int and each["amount"] > 0 and isinstance(each["id"], str)
        for each in invoices
    )
    if not fine or type(total) is not int or type(count) is not int or len(invoices) != count:
        return None
    return f"{row['x']} owes {total} EUR in {count} invoices." if total == sum(e["amount"] for e in invoices) else None


STATUS = """
> what is {x} doing?
$ systemctl status {x} | head -4
| {x}.service - {about}
| Loaded: loaded (/etc/systemd/{x}.service)
| Active: active (running)
| Tasks: {n}
< {x} is running {n} tasks.
"""


def _status(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    """In whatever order the lines come."""
    x = re.escape(row["x"])
    lines = outputs[0].strip("\n").split("\n")
    wanted = (rf"{x}\.service - .+", rf"Loaded: loaded \(/etc/systemd/{x}\.service\)", r"Active: active \(running\)")
    tasks = [found[1] for line in lines if (found := re.fullmatch(r"Tasks: ([1-9]\d*)", line))]
    told = all(any(re.fullmatch(form, line) for line in lines) for form in wanted)
    return f"{row['x']} is running {tasks[0]} tasks." if told and len(tasks) == 1 and len(lines) == 4 else None


DISKS = """
> is there room on {x}?
$ ssh {x} df -h
| Filesystem Size Used Use%
| /dev/sda1 {a}G {b}G {p}%
| /dev/sdb1 {c}G {d}G {q}%
< There is room on {x}.
"""


def _disks(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    lines = outputs[0].strip("\n").split("\n")
    rows = [
        re.fullmatch(rf"/dev/sd{disk}1 (\d+)G (\d+)G (\d+)%", line) for disk, line in zip("ab", lines[1:], strict=False)
    ]
    if len(lines) != 3 or lines[0] != "Filesystem Size Used Use%" or not all(rows):
        return None
    fine = all(found and 0 < int(found[3]) <= 75 and 0 < int(found[2]) < int(found[1]) < 1000 for found in rows)
    return f"There is room on {row['x']}." if fine else None


def _object(text: str) -> dict[str, object] | None:
    try:
        node = json.loads(text)
    except ValueError:
        return None
    return node if isinstance(node, dict) else None


def _invoices(*amounts: int) -> str:
    return json.dumps([{"id": f"i-{amount * 7}", "amount": amount, "state": "open"} for amount in amounts])


_OWED = ((10, 20), (5,), (7, 8, 9), (100, 1), (3, 4, 5, 6), (50,))
_ROWS: dict[str, tuple[str, list[Row], Truth]] = {
    "scaled": (SCALED, _rows(n=(3, 1, 5, 2, 4, 3), r=(17, 4, 90, 2, 55, 8)), _scaled),
    "up": (UP, _rows(n=(3, 1, 5, 2, 4, 3), m=(2, 1, 4, 2, 3, 5)), _up),
    "orders": (
        ORDERS,
        _rows(k=list(map(len, _OWED)), t=list(map(sum, _OWED)), list=[_invoices(*each) for each in _OWED]),
        _orders,
    ),
    "status": (
        STATUS,
        _rows(about=("the front", "all of the API", "a cart", "mail in and out", "relay", "it"), n=(7, 3, 9, 2, 11, 4)),
        _status,
    ),
    "disks": (
        DISKS,
        _rows(
            a=(100, 80, 60, 90, 70, 120),
            b=(40, 30, 33, 50, 21, 30),
            p=(40, 37, 55, 56, 30, 25),
            c=(200, 100, 150, 140, 100, 120),
            d=(60, 50, 51, 61, 45, 50),
            q=(30, 50, 34, 44, 45, 42),
        ),
        _disks,
    ),
}


def material(families: Mapping[str, object]) -> dict[str, tuple[list[Episode], Sequence[Mapping[str, str]], Truth]]:
    """By name: what was recorded, the rows it was made of, and what is true of it; `families` are the compiler's."""
    found = {
        name: (_call(families[name]), _list(families[f"_{name.upper()}"]), truth) for name, truth in TRUTHS.items()
    }
    return {**found, **{name: (repeat(text, *rows), rows, truth) for name, (text, rows, truth) in _ROWS.items()}}


def _call(family: object) -> list[Episode]:
    assert callable(family)
    made = family()
    assert isinstance(made, list)
    return made


def _list(rows: object) -> Sequence[Mapping[str, str]]:
    assert isinstance(rows, list)
    return rows
