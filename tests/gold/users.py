#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, array, bash, ensure, extract, json_path, main, natural, on_path, skill


@skill(
    "open-orders",
    params={"name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["alice", "bob", "carol", "dave", "erin"])},
    requires=[on_path("curl")],
)
def open_orders(name):
    """`how many open orders does {name} have?`, compiled from 5 runs in 5 sessions."""
    curl = yield bash("curl", "-s", f"http://127.0.0.1:8080/users?name={name}")  # reads
    ensure(curl, exit_code=0, calm=True, form={"items": array({"id": str, "name": name, "status": "active"}, 1)})
    items_id = extract(
        curl.stdout,
        json_path("items", {"name": name}, "id"),
        json_path("items", {"status": "active"}, "id"),
        json_path("items", 0, "id"),
        kind=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
    )
    curl2 = yield bash("curl", "-s", f"http://127.0.0.1:8080/users/{items_id}/orders")  # reads
    ensure(curl2, exit_code=0, calm=True, form={"user": items_id, "open": natural(), "currency": "EUR"})
    open_ = extract(curl2.stdout, json_path("open"), kind=r"[1-9][0-9]{0,2}")
    return answer(f"{name} has {open_} open orders.")


if __name__ == "__main__":
    raise SystemExit(main(open_orders))
