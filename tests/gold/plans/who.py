#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import answer, ask, ensure, extract, in_env, in_repository, json_path, main, on_path, shell, skill


@skill("whoami", requires=[on_path("curl"), in_repository(), in_env("API_TOKEN")])
def whoami():
    """`who am I here?`, compiled from 6 runs in 5 sessions."""
    user = (yield ask("user")).stdout
    email = (yield ask("email")).stdout
    branch = (yield ask("branch")).stdout
    remote = (yield ask("remote")).stdout
    API_TOKEN = (yield ask("$API_TOKEN")).stdout
    account = yield shell('curl -s -H "Authorization: Bearer ""$1" https://api.example.org/me', API_TOKEN)  # reads
    ensure(account, exit_code=0, calm=True)
    login = extract(account.stdout, json_path("login"), kind=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
    return answer(f"You are {login} there, {user} here and {email} to git, on {branch} of {remote}.")


if __name__ == "__main__":
    raise SystemExit(main(whoami))
