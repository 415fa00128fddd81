#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, bash, ensure, extract, json_path, main, natural, on_path, skill


@skill(
    "healthy",
    params={
        "name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["web", "api", "cart", "mail"]),
        "env": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["prod", "staging", "qa", "dev"]),
    },
    requires=[on_path("curl")],
)
def healthy(name, env):
    """`is {name} healthy on {env}?`, compiled from 5 runs in 5 sessions."""
    curl = yield bash("curl", "-s", f"http://127.0.0.1:9/{env}/{name}/health")  # reads
    ensure(curl, exit_code=0, calm=True, form={"status": "ok", "version": str, "uptime": natural()})
    version = extract(curl.stdout, json_path("version"), kind=r"v?[0-9]+(?:\.[0-9]+)+")
    return answer(f"{name} is healthy on {env} (version {version}).")


if __name__ == "__main__":
    raise SystemExit(main(healthy))
