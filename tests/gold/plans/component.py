#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, ask, bash, ensure, in_repository, kebab, main, on_path, pascal, skill, together, write


@skill(
    "new-component",
    params={"name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["login-form", "price-tag"])},
    requires=[on_path("npm"), in_repository()],
)
def new_component(name):
    """`add a component called {name}`, compiled from 6 runs in 5 sessions."""
    repo = (yield ask("repo")).stdout
    yield together(
        write(
            f"{repo}/src/components/{pascal(name)}.tsx",
            (
                'import React from "react";\n'
                f'import styles from "./{pascal(name)}.module.css";\n\n'
                f"export function {pascal(name)}() {{\n"
                f'  return <section className={{styles.root}} data-testid="{kebab(name)}">{pascal(name)}</section>;\n'
                "}\n"
            ),
            new=True,
        ),
        write(f"{repo}/src/components/{pascal(name)}.module.css", ".root {\n}\n", new=True),
    )  # writes-here
    lint = yield bash("npm", "run", "lint", "--silent")  # effect unknown
    ensure(lint, exit_code=0)
    return answer(f"`{pascal(name)}` is in src/components.")


if __name__ == "__main__":
    raise SystemExit(main(new_component))
