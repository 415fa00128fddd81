#!/usr/bin/env python3
"""open-orders: how many open orders does {name} have?"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, bash, ensure, extract, json_keys, json_path, main, on_path, skill  # noqa: E402


@skill(
    "open-orders",
    params={
        "name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["alice", "bob", "carol", "dave", "erin"]),
    },
    requires=[on_path("curl")],
)
def open_orders(name):
    """`how many open orders does {name} have?`, compiled from 5 runs in 5 sessions."""
    curl = yield bash("curl", "-s", f"http://127.0.0.1:8080/users?name={name}")  # reads
    ensure(
        curl,
        exit_code=0,
        calm=True,
        holds=[
            (json_keys(), "items"),
            (json_keys("items", {"name": name}), "id,name,status"),
            (json_path("items", {"name": name}, "status"), "active"),
        ],
        seen=5,
    )
    items_id = extract(
        curl.stdout,
        json_path("items", {"name": name}, "id"),
        json_path("items", {"status": "active"}, "id"),
        json_path("items", 0, "id"),
        kind=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
        seen=5,
    )
    curl2 = yield bash("curl", "-s", f"http://127.0.0.1:8080/users/{items_id}/orders")  # reads
    ensure(
        curl2,
        exit_code=0,
        calm=True,
        holds=[
            (json_keys(), "currency,open,user"),
            (json_path("user"), items_id),
            (json_path("currency"), "EUR"),
        ],
        seen=5,
    )
    open_ = extract(curl2.stdout, json_path("open"), kind=r"0*[1-9][0-9]*", seen=5)
    return answer(f"{name} has {open_} open orders.")


if __name__ == "__main__":
    raise SystemExit(main(open_orders))
