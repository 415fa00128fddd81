"""The skills folder: publishing, versions, activation, and the entry index. An edge: files, no decisions of its own.

A skill's folder holds its newest version; older ones lie under `versions/<version>/`. What is active and what was
approved stands in one file outside the folders. Every file is replaced whole, and a program runs only if folder and
record agree on its hash: whatever is interrupted, a half-written skill is one that does not run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from agentjit import entries, kit
from agentjit.errors import AjError, BadInput
from agentjit.home import Home
from agentjit.lock import held
from agentjit.skill import Entry, Plan, State, Support
from agentjit.step import call_text

KEPT_VERSIONS = 10
LEFT_SHOWN = 200  # characters of a step that is left to the model


class Record(BaseModel):
    """What the library knows of one skill besides its files.

    `hash` is of the published program and plan; `approved` the hash a person approved ("" for none); `removed` keeps a
    skill that a person threw away from being compiled again, under other words too: `form` is the digest of what it
    does. `stale` says which operation is defined otherwise since the plan was validated, "" if none is.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    hotspot: str
    version: str
    hash: str
    state: State
    reason: str
    support: Support
    approved: str = ""
    approved_version: str = ""
    published_at: float
    changed_at: float
    removed: bool = False
    form: str = ""
    stale: str = ""

    @property
    def is_approved(self) -> bool:
        return bool(self.approved) and self.approved == self.hash


class Library:
    """The library of one home. Reading takes no lock; every change is made inside `changing`.

    `registry` is the fingerprint of the operations that its skills were last held against; setting it inside `changing`
    puts it into the index.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.registry = str(self._state().get("registry", ""))

    # --- reading

    def records(self, *, removed: bool = False) -> list[Record]:
        """All records in order of name; those of removed skills only if asked for."""
        found = [record for record in self._read().values() if removed or not record.removed]
        return sorted(found, key=lambda record: record.name)

    def record(self, name: str) -> Record:
        """One record; `BadInput` names the mend if there is no such skill."""
        record = self._read().get(name)
        if record is None or record.removed:
            raise BadInput(f"there is no skill called {name!r}; `aj list` shows all")
        return record

    def plan(self, name: str) -> Plan:
        """The published plan of a skill."""
        path = Path(self.folder(name), "plan.json")
        try:
            return Plan.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise AjError(f"the plan of {name} cannot be read ({path}); `aj compile` makes it anew") from error

    def folder(self, name: str) -> str:
        """A skill's folder; `BadInput` for a name that is no plain word."""
        if not name or not all(c.isascii() and (c.isalnum() or c == "-") for c in name) or name.startswith("-"):
            raise BadInput(f"{name!r} is not a skill's name; names are of letters, digits and dashes")
        return os.path.join(self.home.skills, name)

    def versions(self, name: str) -> list[str]:
        """Earlier versions, oldest first."""
        folder = Path(self.folder(name), "versions")
        return [each.name for each in sorted(folder.glob("*"), key=lambda each: each.stat().st_mtime)]

    def approved_program(self, record: Record) -> str:
        """The program text last approved, "" if none or no longer kept."""
        if not record.approved_version:
            return ""
        own = self.folder(record.name)
        folder = own if record.approved_version == record.version else f"{own}/versions/{record.approved_version}"
        try:
            return Path(folder, "skill.py").read_text(encoding="utf-8")
        except OSError:
            return ""

    # --- changing

    @contextmanager
    def changing(self) -> Iterator[dict[str, Record]]:
        """The records, locked; what the block leaves in the dict is written, and the entry index with it."""
        self.home.ensure()
        with held(self.home.library_lock, wait=30.0) as free:
            if not free:
                raise AjError("another aj has been changing the library for 30 s; try again")
            records = self._read()
            self.registry = str(self._state().get("registry", ""))
            yield records
            dumped = {name: record.model_dump(mode="json") for name, record in sorted(records.items())}
            _replace(self.home.library_state, self._dumped(dumped))
            entries.write(self.home.entries, self._index(list(records.values())))

    def write(self, plan: Plan, program: str, manual: str) -> None:
        """Put a version into its folder, the one before it under `versions/`. Call it inside `changing`."""
        folder = _folder(Path(self.folder(plan.name)))
        if (folder / "plan.json").exists():
            self._keep(folder)
        self._write_kit()
        _replace(str(folder / "plan.json"), plan_json(plan))
        _replace(str(folder / "SKILL.md"), manual.encode("utf-8", "replace"))
        _replace(str(folder / "skill.py"), program.encode("utf-8"), mode=0o700)

    def delete(self, name: str) -> None:
        """Remove a skill's folder. Call it inside `changing`."""
        shutil.rmtree(self.folder(name), ignore_errors=True)

    # --- inside

    def _dumped(self, skills: Mapping[str, Any]) -> bytes:
        return json.dumps({"format": 1, "registry": self.registry, "skills": skills}, indent=1).encode()

    def _state(self) -> dict[str, Any]:
        """The state file as it is; empty if it is not there or cannot be read."""
        try:
            raw = json.loads(Path(self.home.library_state).read_bytes())
        except (OSError, ValueError):
            return {}
        return raw if isinstance(raw, dict) else {}

    def _read(self) -> dict[str, Record]:
        try:
            raw = json.loads(Path(self.home.library_state).read_bytes())
            return {name: Record.model_validate(record) for name, record in raw["skills"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
            state = self.home.library_state
            raise AjError(
                f"{state} is damaged; move it away and `aj compile` makes it anew (approvals are lost)"
            ) from error

    def _keep(self, folder: Path) -> None:
        try:
            version = Plan.model_validate_json((folder / "plan.json").read_bytes()).version
        except (OSError, ValidationError):
            return  # damaged: nothing worth keeping
        kept = _folder(_folder(folder / "versions") / version)
        for name in ("skill.py", "plan.json", "SKILL.md"):
            if (folder / name).exists():
                shutil.copy2(folder / name, kept / name)
        for old in self.versions(folder.name)[:-KEPT_VERSIONS]:
            shutil.rmtree(folder / "versions" / old, ignore_errors=True)

    def _write_kit(self) -> None:
        """The kit next to the skills, so that they run on their own."""
        source, target = Path(kit.__file__).parent, _folder(_folder(Path(self.home.kit)) / "ajkit")
        for module in source.glob("*.py"):
            text = module.read_bytes()
            own = target / module.name
            if not own.exists() or own.read_bytes() != text:
                _replace(str(own), text)

    def _index(self, records: Sequence[Record]) -> list[tuple[str, str]]:
        """One row for each phrasing of each active skill, under the word of it that the fewest others have."""
        plans: list[tuple[Record, Plan]] = []
        for record in records:
            if record.state is State.ACTIVE and not record.removed:
                try:
                    plans.append((record, self.plan(record.name)))
                except AjError:
                    continue  # damaged: it does not run until it is compiled anew
        common = Counter(word for _, plan in plans for each in (plan.entry, *plan.also) for word in each.words)
        return [
            (
                min(each.words, key=lambda word: (common[word], -len(word), word)),
                json.dumps({**entry(record, plan, each), "registry": self.registry}),
            )
            for record, plan in plans
            for each in (plan.entry, *plan.also)
            if each.words and not any(parameter.secret for parameter in plan.parameters)
        ]


def plan_json(plan: Plan) -> bytes:
    """A plan as it stands on disk."""
    return plan.model_dump_json(indent=1).encode("utf-8") + b"\n"


def entry(record: Record, plan: Plan, phrasing: Entry | None = None) -> dict[str, Any]:
    """All that deciding needs, so that a prompt that does not match opens no skill; a row of the index.

    `phrasing` is one of the plan's entries, its first unless said.
    """
    phrasing = phrasing or plan.entry
    return {
        "name": record.name,
        "version": record.version,
        "hash": record.hash,
        "approved": record.is_approved,
        "prompt": phrasing.prompt,
        "pattern": phrasing.pattern,
        "directories": phrasing.directories,
        "seen": {parameter.name: parameter.seen for parameter in plan.parameters},
        "ending": plan.ending,
        "effects": plan.effects,
        "holes": {parameter.name: _short(parameter.seen[-1:]) for parameter in plan.parameters if parameter.hole},
        "left": left(plan),
        "seconds": sum(step.seconds or 0.0 for step in plan.every_step()),
        "requests": plan.cost.requests or 0,
        "tokens": plan.cost.tokens or 0,
        "model_seconds": plan.cost.seconds or 0,
    }


def left(plan: Plan) -> list[str]:
    """What the model has to go on with where a run by prompt ends before the end, in words: the steps from the first
    that needs a hole on, and what the plan ends before.
    """
    holes = {parameter.name for parameter in plan.parameters if parameter.hole}
    steps = list(plan.every_step())
    first = next((at for at, step in enumerate(steps) if holes & _names(step.model_dump())), len(steps))
    return [_short([call_text(step.call)]) for step in steps[first:]] + [_short([each]) for each in plan.remains]


def _names(dumped: Any) -> set[str]:
    """The names that a part of a plan refers to."""
    if isinstance(dumped, dict):
        own = {str(dumped["name"])} if dumped.get("kind") == "ref" else set()
        return own.union(*map(_names, dumped.values()))
    return set().union(*map(_names, dumped)) if isinstance(dumped, list | tuple) else set()


def _short(texts: Sequence[str]) -> str:
    """The first of the texts on one line, cut for the index; "" if there is none."""
    flat = " ".join("".join(texts[:1]).split())
    return flat if len(flat) <= LEFT_SHOWN else flat[: LEFT_SHOWN - 1] + "…"


def _folder(path: Path) -> Path:
    """The folder at `path`, made private if it is not there."""
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _replace(path: str, content: bytes, mode: int = 0o600) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
