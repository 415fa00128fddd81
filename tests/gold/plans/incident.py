#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, bash, ensure, exited, gathered, has_file, main, on_path, says, skill, unforeseen


@skill(
    "service-up",
    params={"service": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["web", "mail"])},
    requires=[has_file("health"), on_path("systemctl")],
)
def service_up(service):
    """`is {service} up?`, compiled from 6 runs in 5 sessions."""
    health = yield bash("./health", service)  # reads
    ensure(health, exit_code=(0, 1, 2))
    if exited(health, 0):  # seen 3 of 6
        ensure(health, calm=True)
        return answer(f"{service} is up.")
    if exited(health, 1, 2):  # seen 3 of 6
        ensure(health, exit_code=1)
        if says(health, r"^status: down$"):  # seen 2 of 6
            ensure(health, shape=r"status: down\nsince: [0-9]+s")
            restart = yield bash("systemctl", "restart", service)  # writes-elsewhere
            ensure(restart, exit_code=0)
            return answer(f"{service} was down; I restarted it.")
        if says(health, r"^status: degraded$"):  # seen 1 of 6
            logs = yield bash("journalctl", "-u", service, "-n", "50")  # reads
            ensure(logs, exit_code=0)
            return gathered()
        return unforeseen(health)
    return unforeseen(health)


if __name__ == "__main__":
    raise SystemExit(main(service_up))
