#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, ask, cell, ensure, extract, literal, main, on_path, pattern, shell, skill


@skill(
    "deploy",
    params={
        "service": Param(
            (
                r"(?!(?:main|master|trunk|live|develop|development|staging|stable|release|gh-pages|default|root|admin|n"
                r"ull|none|master-[\w./-]+|(?:\S*[^\sA-Za-z0-9])?prod(?:uction)?[0-9]*(?![A-Za-z0-9])\S*)(?![\w./-]))[a"
                r"-z][a-z0-9]*(?:-[a-z0-9]+)*"
            ),
            seen=["web", "api", "ledger", "relay", "spam"],
        ),
        "env": Param(
            (
                r"(?!(?:main|master|trunk|live|develop|development|stable|release|gh-pages|default|root|admin|null|none"
                r"|master-[\w./-]+)(?![\w./-]))[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
            ),
            seen=["prod", "staging", "qa"],
        ),
    },
    requires=[on_path("tail"), on_path("curl"), on_path("grep")],
)
def deploy(service, env):
    """`deploy {service} to {env}`, compiled from 5 runs in 5 sessions."""
    cwd = (yield ask("cwd")).stdout
    cd = yield shell(
        'cd "$1" && ./deploy.sh --service "$2" --env "$3" > deploy.log 2>&1; tail -1 deploy.log', cwd, service, env
    )  # effect unknown
    ensure(cd, exit_code=0)
    release = extract(
        cd.stdout,
        pattern(r"(?<!\w)release (\S+)"),
        cell(column=4, where={1: service}),
        cell(column=4, where={0: "deployed"}),
        kind=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
    )
    ensure(cd, shape=rf"deployed {literal(service)} as release {literal(release)}")
    curl = yield shell("curl -s http://127.0.0.1:9000/releases/\"$1\" | grep -o 'state=[a-z]*'", release)  # reads
    ensure(curl, exit_code=0, shape=r"state=live")
    return answer(f"{service} is live on {env} as release {release}.")


if __name__ == "__main__":
    raise SystemExit(main(deploy))
