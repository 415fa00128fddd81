#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, ask, bash, cell, edit, ensure, extract, literal, main, read, shell, skill, stem, whole


@skill(
    "rename",
    params={
        "old": Param(r"[A-Za-z_][A-Za-z0-9_]*", seen=["load", "parse_all"]),
        "new": Param(r"[A-Za-z_][A-Za-z0-9_]*", seen=["read", "parse"]),
    },
)
def rename(old, new):
    """`rename {old} to {new}`, compiled from 6 runs in 5 sessions."""
    cwd = (yield ask("cwd")).stdout
    found = yield bash("grep", "-rln", "-w", old, "src")  # reads
    ensure(found, exit_code=0)
    path = extract(found.stdout, whole(), kind=r"/?[A-Za-z0-9_.][A-Za-z0-9_./-]*")
    yield read(f"{cwd}/{path}")  # reads
    yield edit(f"{cwd}/{path}", old, new, every=True, whole="both")  # writes-here
    tests = yield shell('python -m pytest -q tests/test_"$1".py 2>&1 | tail -1', stem(path))  # effect unknown
    ensure(tests, exit_code=0)
    passed = extract(tests.stdout, cell(column=0, row=-1), kind=r"0*[1-9][0-9]*")
    ensure(tests, shape=rf"{literal(passed)} passed in [0-9]+\.[0-9]+s")
    return answer(f"Renamed `{old}` to `{new}` in {path}; {passed} tests pass.")


if __name__ == "__main__":
    raise SystemExit(main(rename))
