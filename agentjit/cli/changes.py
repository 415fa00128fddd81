"""`aj show NAME --diff`: what the newest version of a skill does otherwise than an earlier one."""

from __future__ import annotations

import difflib
from pathlib import Path

import click
from pydantic import ValidationError

from agentjit.cli.terminal import console, line, print_json, safe
from agentjit.compile.difference import differences
from agentjit.compile.promised import Change
from agentjit.errors import AjError, BadInput
from agentjit.library import Library
from agentjit.skill import Plan


def show_changes(library: Library, name: str, version: str, as_json: bool) -> None:
    """The difference to the version called so, or begun so; "" means the one before. `BadInput` if there is none."""
    record = library.record(name)
    earlier = _version(library, name, record.version, version)
    folder = Path(library.folder(name))
    kept = folder / "versions" / earlier
    changes = differences(_plan(kept, name), library.plan(name))
    diff = "\n".join(_diff(kept, folder, earlier, record.version))
    if as_json:
        told = [{"about": change.about, "text": change.text} for change in changes]
        print_json({"name": name, "from": earlier, "to": record.version, "changes": told, "program": diff})
        return
    _print(name, earlier, record.version, changes, diff)


def _version(library: Library, name: str, current: str, wanted: str) -> str:
    known = [version for version in library.versions(name) if version != current]
    if not known:
        raise BadInput(f"there is no earlier version of {name}; it was compiled once, or only its evidence grew")
    if not wanted:
        return known[-1]
    found = [version for version in known if version.startswith(wanted)]
    if len(found) != 1:
        raise BadInput(f"no one earlier version of {name} is called {wanted!r}; there are: {', '.join(known)}")
    return found[0]


def _plan(kept: Path, name: str) -> Plan:
    try:
        return Plan.model_validate_json((kept / "plan.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise AjError(
            f"the plan of {name}, version {kept.name}, cannot be read: it is damaged, or of an older AgentJIT"
        ) from error


def _diff(old: Path, new: Path, before: str, now: str) -> list[str]:
    left, right = (_lines(folder / "skill.py") for folder in (old, new))
    return list(difflib.unified_diff(left, right, f"skill.py {before}", f"skill.py {now}", lineterm=""))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []


def _print(name: str, before: str, now: str, changes: list[Change], diff: str) -> None:
    out = console()
    out.print(f"{name}  {before} -> {now}", style="bold")
    for change in changes:
        out.print(f"  {change.about:10} {line(change.text)}")
    if not changes:
        out.print("  nothing that it does, checks or says")
    click.echo(f"\n{safe(diff)}" if diff else "\nThe programs are the same.")
