#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, bash, ensure, gathered, in_repository, integer, main, on_path, skill, together, tool


@skill(
    "review",
    params={"number": Param(r"[0-9]+", seen=["12", "407"]), "reply": Param(r"(?s).+", hole=True)},
    requires=[on_path("git"), in_repository()],
)
def review(number, reply=None):
    """`review pull request {number}`, compiled from 6 runs in 5 sessions."""
    yield together(
        tool("mcp__github__get_pull_request", {"pull_number": integer(number)}),
        tool("mcp__github__get_pull_request_files", {"pull_number": integer(number)}),
    )  # reads
    fetched = yield bash("git", "fetch", "origin", f"pull/{number}/head")  # writes-here
    ensure(fetched, exit_code=0)
    diff = yield bash("git", "diff", "main...FETCH_HEAD")  # reads
    ensure(diff, exit_code=0)
    if reply is None:  # what only a model can say
        return gathered()
    yield tool(
        "mcp__github__create_pull_request_review", {"pull_number": integer(number), "event": "COMMENT", "body": reply}
    )  # writes-elsewhere; seen 5 of 6
    return answer(reply)


if __name__ == "__main__":
    raise SystemExit(main(review))
