#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, ask, ensure, extract, main, read, skill, whole


@skill(
    "version", params={"name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["web", "api", "relay", "spam", "cart"])}
)
def version(name):
    """`what is the version of {name}?`, compiled from 5 runs in 5 sessions."""
    cwd = (yield ask("cwd")).stdout
    text = yield read(f"{cwd}/{name}/VERSION")  # reads
    ensure(text, calm=True)
    found_version = extract(text.stdout, whole(), kind=r"v?[0-9]+(?:\.[0-9]+)+")
    return answer(f"{name} is at {found_version}.")


if __name__ == "__main__":
    raise SystemExit(main(version))
