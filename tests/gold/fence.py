#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, ensure, extract, main, on_path, shell, skill, whole


@skill(
    "top-errors",
    params={"place": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["web", "api", "cart", "mail", "spam"])},
    requires=[on_path("grep"), on_path("sort"), on_path("uniq"), on_path("head")],
)
def top_errors(place):
    """`top errors in {place}`, compiled from 5 runs in 5 sessions."""
    grep = yield shell("grep -o 'code=[0-9]*' logs/\"$1\".log | sort | uniq -c | sort -rn | head -3", place)  # reads
    ensure(grep, exit_code=0, calm=True)
    value = extract(grep.stdout, whole(), kind=r"0*[1-9][0-9]* code=500\n      0*[1-9][0-9]* code=404")
    return answer(f"Top errors in `{place}`:\n\n```\n{value}\n```")


if __name__ == "__main__":
    raise SystemExit(main(top_errors))
