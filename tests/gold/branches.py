#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, bash, ensure, gathered, in_repository, main, on_path, skill


@skill(
    "touched-last",
    params={
        "name": Param(
            r"/?[A-Za-z0-9_.][A-Za-z0-9_./-]*",
            seen=["src/app.py", "README.md", "docs/a/b.md", "Makefile", "tests/test_x.py"],
        ),
    },
    requires=[on_path("git"), in_repository()],
)
def touched_last(name):
    """`who touched {name} last?`, compiled from 5 runs in 5 sessions."""
    log = yield bash("git", "log", "-1", "--format=%an <%ae>", "--", name)  # reads
    ensure(log, exit_code=0)
    return gathered()


if __name__ == "__main__":
    raise SystemExit(main(touched_last))
