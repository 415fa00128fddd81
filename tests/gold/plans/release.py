#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import (
    ask,
    bash,
    cell,
    date,
    edit,
    ensure,
    extract,
    gathered,
    has_file,
    in_repository,
    main,
    next_minor,
    on_path,
    shell,
    skill,
    whole,
    write,
)


@skill("cut-release", requires=[on_path("git"), in_repository(), has_file("src/app/__init__.py")])
def cut_release():
    """`cut a release`, compiled from 6 runs in 5 sessions."""
    cwd = (yield ask("cwd")).stdout
    today = (yield ask("today")).stdout
    version = (yield ask("project:pyproject.toml#version")).stdout
    tags = yield bash("git", "tag", "--sort=-creatordate")  # reads
    ensure(tags, exit_code=0)
    tag = extract(tags.stdout, cell(column=0, row=0), kind=r"v?[0-9]+(?:\.[0-9]+)+")
    notes = yield shell("git log --oneline \"$1\"..HEAD | grep -v '^Merge'", tag)  # reads
    ensure(notes, exit_code=0)
    changes = extract(notes.stdout, whole(), kind=r"(?s).+")
    yield edit(
        f"{cwd}/src/app/__init__.py", f'__version__ = "{version}"', f'__version__ = "{next_minor(version)}"'
    )  # writes-here
    yield write(
        f"{cwd}/notes/{next_minor(version)}.md",
        f"# {next_minor(version)}, {date(today, '%d %B %Y')}\n\n{changes}\n",
        new=True,
    )  # writes-here
    diff = yield bash("git", "diff", "--stat")  # reads
    ensure(diff, exit_code=0)
    return gathered()


if __name__ == "__main__":
    raise SystemExit(main(cut_release))
