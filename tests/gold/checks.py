#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import answer, bash, cell, ensure, extract, has_file, literal, main, on_path, pattern, shell, skill


@skill("checks", requires=[on_path("tail"), has_file("./check-style")])
def checks():
    """`run the checks`, compiled from 5 runs in 5 sessions."""
    check_style = yield bash("./check-style")  # effect unknown
    ensure(check_style, exit_code=0, shape=r"style: (0*[1-9][0-9]*) files clean", within=[(6, 22)])
    unit_tests = yield shell("./unit-tests 2>&1 | tail -3")  # effect unknown
    ensure(unit_tests, exit_code=0)
    ran = extract(
        unit_tests.stdout,
        pattern(r"(?<!\w)ran (\S+)(?= tests(?:\s|$))"),
        pattern(r"(?<!\w)ran (\S+)"),
        cell(column=1, where={2: "tests"}),
        kind=r"(?:[2-9]|[1-9][0-9]{1,2})",
    )
    ensure(unit_tests, shape=rf"ran {literal(ran)} tests in [0-9]+(?:\.[0-9]+)? s\nOK")
    return answer(f"All checks pass: {ran} tests.")


if __name__ == "__main__":
    raise SystemExit(main(checks))
