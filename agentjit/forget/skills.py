"""Skills that were made from what is to be forgotten: they quote it."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from agentjit.forget.files import strings
from agentjit.forget.wanted import Wanted
from agentjit.home import Home
from agentjit.library import Library, Record
from agentjit.observe import wire
from agentjit.skill import State
from agentjit.store_forget import Gone

_KIT = ".kit"


@dataclass(frozen=True, slots=True)
class Doomed:
    """A skill that was made from what goes: all of it, or only earlier versions. `removed`: a person had removed it.

    Of a skill that was removed, disabled or retired only so much stays as keeps it from running when it is made again.
    """

    name: str
    whole: bool
    versions: tuple[str, ...] = ()
    removed: bool = False
    quoted: bool = False
    size: int = 0


def skills_of(home: Home, wanted: Wanted, gone: Gone) -> list[Doomed]:
    """The skills that go, or lose versions."""
    library = Library(home)
    records = {record.name: record for record in library.records(removed=True)}
    names = {*records, *_folders(home.skills)} - {_KIT}
    found = (_skill(home, name, records.get(name), wanted, gone) for name in sorted(names))
    return [each for each in found if each]


def _skill(home: Home, name: str, record: Record | None, wanted: Wanted, gone: Gone) -> Doomed | None:
    folder = os.path.join(home.skills, name)
    versions = os.path.join(folder, "versions")
    quoted = wanted.finds is not None and record is not None and _mentions(record, wanted.finds)
    whole = (
        gone.everything
        or quoted
        or (record is not None and _from(record.support.episodes, wanted, gone))
        or _made_from(folder, wanted, gone)
    )
    old = [each for each in _folders(versions) if _made_from(os.path.join(versions, each), wanted, gone)]
    if not whole and not old:
        return None
    size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) if whole else 0
    return Doomed(name, whole, tuple(old), record is not None and record.removed, quoted, size)


def _mentions(record: Record, finds: Callable[[str], bool]) -> bool:
    return any(map(finds, (record.name, record.name.replace("-", " "), record.hotspot, record.reason)))


def _made_from(folder: str, wanted: Wanted, gone: Gone) -> bool:
    """Whether the version in a folder was compiled from episodes that go, or says what is to be forgotten."""
    for name in ("plan.json", "skill.py", "SKILL.md"):
        try:
            text = Path(folder, name).read_bytes().decode("utf-8", "replace")
        except (FileNotFoundError, NotADirectoryError):
            continue
        if wanted.finds is not None and wanted.finds(text):
            return True
        if name != "plan.json":
            continue
        values, _ = wire.objects(text)
        for plan in values:
            support = plan.get("support")
            episodes = support.get("episodes") if isinstance(support, dict) else None
            if isinstance(episodes, list) and _from(map(str, episodes), wanted, gone):
                return True
            if wanted.finds is not None and any(map(wanted.finds, strings(plan))):
                return True
    return False


def _from(episodes: Iterable[str], wanted: Wanted, gone: Gone) -> bool:
    lost = gone.of("episode") | gone.touched
    return any(each in lost or each.rpartition(":")[0] in wanted.target.sessions for each in episodes)


def _folders(path: str) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def remove_skills(home: Home, wanted: Wanted, doomed: list[Doomed]) -> None:
    """Skills go with all versions; the next compilation makes them anew from what is left."""
    left = [each for path in (home.library_state, home.entries) for each in glob.glob(glob.escape(path) + ".*.tmp")]
    if not doomed and not left:
        return
    with Library(home).changing() as records:
        for path in left:  # of a process that was killed; who writes holds this lock
            os.unlink(path)
        for skill in doomed:
            folder = os.path.join(home.skills, skill.name)
            for version in skill.versions:
                shutil.rmtree(os.path.join(folder, "versions", version))
            if not skill.whole:
                continue
            if os.path.isdir(folder):
                shutil.rmtree(folder)
            record = records.pop(skill.name, None)
            decided = record and (record.removed or record.state in (State.DISABLED, State.RETIRED))
            if record and decided and not skill.quoted and not wanted.target.everything:
                bare = record.support.model_copy(update={"episodes": ()})
                records[skill.name] = record.model_copy(update={"support": bare})
