#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import (
    answer,
    bash,
    ensure,
    extract_all,
    in_repository,
    joined,
    lines,
    main,
    on_path,
    rounds,
    shell,
    skill,
    stem,
)


@skill("tidy", requires=[on_path("git"), on_path("ruff"), on_path("pytest"), in_repository()])
def tidy():
    """`tidy up what changed`, compiled from 6 runs in 5 sessions."""
    changed = yield bash("git", "diff", "--name-only", "HEAD")  # reads
    ensure(changed, exit_code=0)
    paths = extract_all(changed.stdout, lines(), kind=r"[A-Za-z0-9_./-]+\.py")
    for path in rounds(paths, most=6):
        fixed = yield bash("ruff", "check", "--fix", path)  # writes-here; seen 14 times
        ensure(fixed, exit_code=0, shape=r"All checks passed!")
        tested = yield shell('pytest -q tests/test_"$1".py 2>&1 | tail -1', stem(path))  # effect unknown; seen 14 times
        ensure(tested, exit_code=0, calm=True)
    diff = yield bash("git", "diff", "--stat", "--", *paths)  # reads
    ensure(diff, exit_code=0)
    return answer(f"Tidied {joined(paths, ', ')}.")


if __name__ == "__main__":
    raise SystemExit(main(tidy))
