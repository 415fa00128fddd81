#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, bash, cell, ensure, extract, line, literal, main, on_path, skill


@skill(
    "crashing",
    params={
        "name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["checkout", "billing", "search", "cart", "mail"]),
        "namespace": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["staging", "prod", "dev", "qa", "lab"]),
    },
    requires=[on_path("kubectl")],
)
def crashing(name, namespace):
    """`why is {name} crashing in {namespace}?`, compiled from 5 runs in 5 sessions."""
    pods = yield bash("kubectl", "get", "pods", "-n", namespace)  # reads
    ensure(
        pods,
        exit_code=0,
        header="NAME READY STATUS RESTARTS AGE",
        columns=5,
        words={2: ["CrashLoopBackOff", "Running"]},
        holds=[(cell(column=1, where={2: "CrashLoopBackOff"}), "0/1")],
    )
    pod = extract(
        pods.stdout,
        cell(column=0, where={2: "CrashLoopBackOff"}),
        cell(column=0, where={1: "0/1"}),
        cell(column=0, begins={0: f"{name}-"}),
        kind=rf"{literal(name)}-[A-Za-z0-9][A-Za-z0-9_.-]*",
    )
    logs = yield bash("kubectl", "logs", pod, "-n", namespace, "--tail=20")  # reads
    ensure(logs, exit_code=0)
    value = extract(logs.stdout, line(1), line(-1), kind=r"fatal: .+")
    ensure(logs, shape=rf"starting {literal(name)}\n{literal(value)}")
    return answer(f"{pod} is crashing: {value}")


if __name__ == "__main__":
    raise SystemExit(main(crashing))
