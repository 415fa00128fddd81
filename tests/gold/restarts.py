#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, bash, cell, ensure, extract, main, on_path, skill


@skill(
    "restart-count",
    params={
        "name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["web", "api", "cart", "mail", "spam"]),
        "namespace": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["a", "b", "c", "d", "e"]),
    },
    requires=[on_path("kubectl")],
)
def restart_count(name, namespace):
    """`restart count of {name} in {namespace}`, compiled from 5 runs in 5 sessions."""
    pods = yield bash("kubectl", "get", "pods", "-n", namespace)  # reads
    ensure(
        pods,
        exit_code=0,
        header="NAME READY STATUS RESTARTS AGE",
        columns=(5, 7),
        calm=True,
        words={1: ["1/1"], 2: ["Running"]},
        holds=[(cell(column=0, begins={0: f"{name}-1"}), f"{name}-1")],
    )
    restarts = extract(
        pods.stdout,
        cell(column=3, begins={0: f"{name}-1"}),
        cell(column=3, begins={0: f"{name}-"}),
        cell(column=3, where={2: "Running"}, begins={0: f"{name}-1"}),
        kind=r"(?:[2-9]|[1-9][0-9]{1,2})",
    )
    return answer(f"{name}-1 has restarted {restarts} times.")


if __name__ == "__main__":
    raise SystemExit(main(restart_count))
