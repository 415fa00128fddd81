#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, bash, ensure, extract, extract_all, gathered, json_path, main, on_path, rounds, shell, skill


@skill(
    "failing-checks",
    params={"branch": Param(r"/?[A-Za-z0-9_.][A-Za-z0-9_./-]*", seen=["main", "fix/login", "feature/pay"])},
    requires=[on_path("gh"), on_path("tail")],
)
def failing_checks(branch):
    """`why does the build of {branch} fail?`, compiled from 6 runs in 5 sessions."""
    runs = yield bash(
        "gh", "run", "list", "--branch", branch, "--limit", "1", "--json", "databaseId,conclusion"
    )  # reads
    ensure(runs, exit_code=0, holds=[(json_path(0, "conclusion"), "failure")])
    run_id = extract(runs.stdout, json_path(0, "databaseId"), kind=r"0*[1-9][0-9]*")
    jobs = yield bash("gh", "run", "view", run_id, "--json", "jobs")  # reads
    ensure(jobs, exit_code=0)
    failed = extract_all(jobs.stdout, json_path("jobs", ..., "databaseId"), kind=r"0*[1-9][0-9]*")
    for job in rounds(failed, most=4):
        log = yield shell('gh run view --job "$1" --log-failed | tail -50', job)  # reads; seen 9 times
        ensure(log, exit_code=0)
    return gathered()


if __name__ == "__main__":
    raise SystemExit(main(failing_checks))
