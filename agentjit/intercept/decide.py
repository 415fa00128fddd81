"""Deciding about a prompt: one skill, or the model; always with a reason (pure, standard library only)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agentjit.intercept.match import Match, matches

PATIENCE = 20.0  # seconds a person waits in silence; what usually takes longer is the model's, who says what it does


class Decision(NamedTuple):
    """`match` is the skill to run, None: the model gets the prompt. `skill` names who was nearest either way."""

    match: Match | None
    skill: str
    reason: str


def decide(
    prompt: str, entries: Sequence[Mapping[str, Any]], *, cwd: str, mode: str = "default", patience: float = PATIENCE
) -> Decision:
    """Which skill, if any, `prompt` means in directory `cwd` under permission mode `mode`.

    `entries` are those that share an anchor word with the prompt. A match must be certain: one skill, every argument in
    the prompt, and nothing known to stand against it.
    """
    if unfit := untyped(prompt):
        return Decision(None, "", unfit)
    if not entries:
        return Decision(None, "", "no active skill shares a telling word with this prompt")
    fitting = matches(entries, prompt)
    if not fitting:
        nearest = entries[0]
        return Decision(None, nearest["name"], f"it is not the prompt of {nearest['name']}: {nearest['prompt']}")
    here = [match for match in fitting if not match.entry["directories"] or cwd in match.entry["directories"]]
    if not here:
        entry = fitting[0].entry
        return Decision(None, entry["name"], f"{entry['name']} was only seen in {', '.join(entry['directories'])}")
    names = list(dict.fromkeys(match.entry["name"] for match in here))
    if len(names) > 1:
        return Decision(None, names[0], f"it could mean {' or '.join(names)}")
    if any(match.arguments != here[0].arguments for match in here):  # phrasings of one skill that read it differently
        return Decision(None, names[0], f"it could mean {names[0]} in more than one way")
    entry = here[0].entry
    if entry["effects"] != "reads" and not entry["approved"]:
        return Decision(None, entry["name"], f"{entry['name']} does more than read and is not approved")
    if entry["effects"] != "reads" and mode == "plan":
        return Decision(None, entry["name"], f"{entry['name']} does more than read, and the permission mode is plan")
    if entry["seconds"] > patience:
        usual = f"{entry['name']} usually takes {entry['seconds']:.0f} s, longer than {patience:.0f} s of silence"
        return Decision(None, entry["name"], usual)
    return Decision(here[0], entry["name"], f"it is the prompt of {entry['name']}")


def untyped(prompt: str) -> str:
    """Why a prompt is not one that a person typed to the agent, "" if it is."""
    text = prompt.lstrip()
    if not text:
        return "the prompt is empty"
    if text.startswith("/"):
        return "it is a slash command"
    if text.startswith(("!", "#")):
        return "it is addressed to the harness"
    if text.startswith("<"):
        return "it is a message of the harness"
    return ""
