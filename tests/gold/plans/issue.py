#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import (
    Param,
    answer,
    bash,
    ensure,
    extract,
    in_repository,
    integer,
    json_path,
    kebab,
    main,
    on_path,
    skill,
    tool,
)


@skill(
    "take-issue",
    params={
        "issue": Param(r"[0-9]+", seen=["17", "204", "9"]),
        "repo": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["shop", "bank"]),
    },
    requires=[on_path("git"), in_repository()],
)
def take_issue(issue, repo):
    """`take issue {issue} of {repo}`, compiled from 6 runs in 5 sessions."""
    issue_text = yield tool(
        "mcp__github__get_issue", {"owner": "acme", "repo": repo, "issue_number": integer(issue)}
    )  # reads
    ensure(issue_text, holds=[(json_path("state"), "open")])
    title = extract(issue_text.stdout, json_path("title"), kind=r".+")
    checkout = yield bash("git", "checkout", "-b", f"{issue}-{kebab(title)}")  # writes-here
    ensure(checkout, exit_code=0)
    yield tool(
        "mcp__github__add_issue_comment",
        {
            "owner": "acme",
            "repo": repo,
            "issue_number": integer(issue),
            "body": f"Taken up on branch `{issue}-{kebab(title)}`.",
            "options": {
                "labels": ["in progress", "agent"],
                "notify": False,
                "weight": 1.5,
                "milestone": None,
                "assignees": [],
            },
        },
    )  # writes-elsewhere
    return answer(f"I have taken issue {issue}: {title}.")


if __name__ == "__main__":
    raise SystemExit(main(take_issue))
