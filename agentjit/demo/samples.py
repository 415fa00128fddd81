"""The sample sessions and the small project they took place in, laid out in a folder of the demonstration's own."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from agentjit.errors import AjError

BUNDLED = Path(__file__).resolve().parent / "samples"
NEW = "invoices"  # a service that the sessions never speak of
DRIFTED = "shipping"  # another, whose log has `trace=` where all the others have `request=`
_PROJECT = "@PROJECT@"  # stands in the transcripts for the working directory


class DemoFailed(AjError):
    """A stage of the demonstration did not do what it should have done."""

    slug = "demo-failed"


def lay_out(project: str, transcripts: str) -> int:
    """Copy the project to `project` and the transcripts, with that path filled in, below `transcripts`; how many.

    Raises OSError.
    """
    shutil.copytree(BUNDLED / "project", project)
    folder = Path(transcripts, re.sub(r"[^A-Za-z0-9]", "-", project))  # where Claude Code would keep them
    folder.mkdir(mode=0o700, parents=True)
    here = json.dumps(project)[1:-1]
    sources = sorted((BUNDLED / "sessions").glob("*.jsonl"))
    for source in sources:
        text = source.read_text(encoding="utf-8").replace(_PROJECT, here)
        (folder / source.name).write_text(text, encoding="utf-8")
    return len(sources)


def triage_prompt(service: str) -> str:
    return f"why did the {service} service fail?"


def ready_prompt(service: str) -> str:
    return f"is the {service} service ready to ship?"


def close_prompt(service: str) -> str:
    return f"close the incident on the {service} service"


def triage_answer(project: str, service: str) -> str:
    """What a careful reader of the logs would say: the oracle that the compiled skill is held against."""
    errors = [row for row in _rows(project, "services", f"{service}.log") if " level=error " in row]
    requests = [row.partition(" request=")[2].split(" ")[0] for row in errors]
    last = [row for row in _rows(project, "gateway.log") if requests and requests[-1] and requests[-1] in row]
    if not last:
        raise DemoFailed(f"the demonstration failed: the logs of {service} tell of no failure")
    return f"{service} failed on {requests[-1]}: {last[-1].split(' ', 2)[2]}."


def _rows(project: str, *parts: str) -> list[str]:
    return Path(os.path.join(project, *parts)).read_text(encoding="utf-8").splitlines()
