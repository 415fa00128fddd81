#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import (
    Param,
    answer,
    bash,
    cell,
    count,
    empty,
    ensure,
    extract,
    extract_all,
    gathered,
    in_repository,
    main,
    on_path,
    pattern,
    printed,
    skill,
    unforeseen,
)


@skill(
    "commit",
    params={"message": Param(r"(?s).+", hole=True, seen=["Fix the login", "Add a test"])},
    requires=[on_path("git"), in_repository()],
)
def commit(message=None):
    """`commit this`, compiled from 6 runs in 5 sessions.

    Also: `commit`, `commit what you have`.
    """
    status = yield bash("git", "status", "--porcelain")  # reads
    if empty(status):  # seen 2 of 6
        ensure(status, exit_code=0)
        return answer("There is nothing to commit.")
    if printed(status):  # seen 4 of 6
        ensure(status, exit_code=0)
        paths = extract_all(status.stdout, cell(column=1), kind=r"/?[A-Za-z0-9_.][A-Za-z0-9_./-]*")
        diff = yield bash("git", "diff", "HEAD")  # reads
        ensure(diff, exit_code=0)
        add = yield bash("git", "add", "--", *paths)  # writes-here
        ensure(add, exit_code=0)
        if message is None:  # what only a model can say
            return gathered()
        made = yield bash("git", "commit", "-m", message)  # writes-here
        ensure(made, exit_code=0)
        commit = extract(made.stdout, pattern(r"^\[\S+ ([0-9a-f]{7,})\]"), kind=r"[0-9a-f]{7,64}")
        return answer(f"Committed {count(paths)} files as {commit}.")
    return unforeseen(status)


if __name__ == "__main__":
    raise SystemExit(main(commit))
