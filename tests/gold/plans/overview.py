#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, bash, ensure, gathered, main, on_path, shell, skill, together


@skill(
    "cluster-overview",
    params={"cluster": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["prod", "staging", "lab"])},
    requires=[on_path("kubectl"), on_path("tail")],
)
def cluster_overview(cluster):
    """`how is {cluster} doing?`, compiled from 6 runs in 5 sessions.

    Also: `is anything wrong on {cluster}?`.
    """
    nodes, pods, events = yield together(
        bash("kubectl", "--context", cluster, "get", "nodes"),
        bash("kubectl", "--context", cluster, "get", "pods", "-A", "--field-selector=status.phase!=Running"),
        shell('kubectl --context "$1" get events -A --sort-by=.lastTimestamp | tail -20', cluster),
    )  # reads
    ensure(nodes, exit_code=0, header="NAME STATUS ROLES AGE VERSION", words={1: ["Ready"]})
    ensure(pods, exit_code=0)
    ensure(events, exit_code=0)
    return gathered()


if __name__ == "__main__":
    raise SystemExit(main(cluster_overview))
