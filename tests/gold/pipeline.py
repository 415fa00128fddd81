#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, ensure, extract, main, on_path, shell, skill, whole


@skill(
    "lines",
    params={
        "level": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["error", "warn", "info", "debug"]),
        "name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["web", "api", "relay", "cart"]),
    },
    requires=[on_path("grep"), on_path("wc")],
)
def lines_(level, name):
    """`how many {level} lines does {name} have?`, compiled from 5 runs in 5 sessions."""
    grep = yield shell('grep -h level="$1" logs/"$2".log | wc -l', level, name)  # reads
    ensure(grep, exit_code=0)
    value = extract(grep.stdout, whole(), kind=r"[1-9][0-9]{0,4}")
    return answer(value)


if __name__ == "__main__":
    raise SystemExit(main(lines_))
