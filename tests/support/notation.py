"""Traces as text, for tests that read like the session they stand for.

# /work/shop            working directory of what follows
> run the checks        a prompt starts an episode, in a session of its own
$ make lint             a Bash call; `| ` lines are its output, `! 2` its exit status
| all clean
@ README.md             a Read call, `| ` lines are the file
~ src/a.py              an Edit call of that file, in the working directory
&                       the call before it was asked for together with the next
< All checks pass.      the closing message; more `< ` lines continue it
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from itertools import count

from agentjit.trace import Episode, ToolCall

DAY = 86400.0
START = 1_780_000_000.0


def episodes(text: str) -> list[Episode]:
    """The episodes of a text in the notation above, a day apart."""
    found: list[Episode] = []
    cwd, ids, batch = "/work/shop", count(1), ""
    for line in text.splitlines():
        mark, _, rest = line.strip().partition(" ")
        if mark == "#":
            cwd = rest.strip()
        elif mark == ">":
            at = START + len(found) * DAY
            found.append(
                Episode(
                    id=f"s{len(found)}:p",
                    session=f"s{len(found)}",
                    prompt=rest,
                    cwd=cwd,
                    at=at,
                    requests=3,
                    tokens=30_000,
                    seconds=12.0,
                )
            )
        elif mark in ("$", "@", "~"):
            tool, given = _asked(mark, rest, cwd)
            call = ToolCall(
                id=f"toolu_{next(ids)}",
                tool=tool,
                input=given,
                batch=batch,
                output="",
                ok=True,
                exit_code=0 if mark == "$" else None,
                at=found[-1].at + len(found[-1].calls),
                seconds=0.1,
                cwd=cwd,
            )
            batch = ""
            found[-1] = replace(found[-1], calls=(*found[-1].calls, call))
        elif mark == "&":
            last = found[-1].calls[-1]
            batch = last.batch or last.id
            found[-1] = replace(found[-1], calls=(*found[-1].calls[:-1], replace(last, batch=batch)))
        elif mark == "|":
            last = found[-1].calls[-1]
            output = f"{last.output}\n{rest}" if last.output else rest
            found[-1] = replace(found[-1], calls=(*found[-1].calls[:-1], replace(last, output=output)))
        elif mark == "!":
            last = found[-1].calls[-1]
            failed = replace(last, exit_code=int(rest), ok=not int(rest))
            found[-1] = replace(found[-1], calls=(*found[-1].calls[:-1], failed))
        elif mark == "<":
            final = found[-1].final
            found[-1] = replace(found[-1], final=rest if final is None else f"{final}\n{rest}")
    return found


def _asked(mark: str, rest: str, cwd: str) -> tuple[str, dict[str, str]]:
    """A call's tool and input."""
    if mark == "$":
        return "Bash", {"command": rest}
    if mark == "@":
        return "Read", {"file_path": rest}
    return "Edit", {"file_path": posixpath.join(cwd, rest), "old_string": "a", "new_string": "b"}


def repeat(template: str, *rows: dict[str, str]) -> list[Episode]:
    """One episode for each row, with `{name}` in the template replaced by the row's values."""
    text = []
    for row in rows:
        filled = template
        for name, value in row.items():
            filled = filled.replace(f"{{{name}}}", value)
        text.append(filled)
    return episodes("\n".join(text))
