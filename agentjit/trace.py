"""The nouns of recording: what was seen in a session, as plain values (standard library only)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PLACEHOLDER = re.compile(r"‹secret:(?P<kind>[^:‹›]{1,100}):(?P<digits>[0-9a-f]+)›")
"""What stands in a trace where a secret was: its kind, or `env.NAME` for a variable's value, and digits that tell it
from other secrets.
"""


class Effect(StrEnum):
    """What a call may change, from harmless to unknown; `worst` orders them."""

    READS = "reads"
    WRITES_HERE = "writes-here"
    WRITES_ELSEWHERE = "writes-elsewhere"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        return list(Effect).index(self)

    @staticmethod
    def worst(effects: list[Effect]) -> Effect:
        """The worst of `effects`; nothing at all reads."""
        for worse in (Effect.UNKNOWN, Effect.WRITES_ELSEWHERE, Effect.WRITES_HERE):
            if worse in effects:
                return worse
        return Effect.READS


class Reach(StrEnum):
    """How far a call looks that only reads.

    `LOCAL`: at this machine's state. `QUERY`: at a service, through a program that can ask for nothing but what is.
    `ANYWHERE`: at an address, or by a program or tool of which more is not known; asking may set something off there.
    """

    LOCAL = "local"
    QUERY = "query"
    ANYWHERE = "anywhere"


class Ended(StrEnum):
    """How a call came to its end; whether what it returned is a failure is `ToolCall.ok`."""

    RETURNED = "returned"
    DENIED = "denied"  # by a rule, by the user or by a hook: it never ran
    INTERRUPTED = "interrupted"  # stopped while it ran: what it did is unknown
    UNANSWERED = "unanswered"  # the record has no result of it


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call as the agent made it and saw it.

    The shell tool of every harness is `Bash` with its line under `command`, the tool that reads a file `Read` with
    `file_path`; other tools keep their own names. `output` is the text the agent saw (for Bash both streams merged,
    without the "Exit code N" line of a failure); `exit_code` is None where the tool has none; `at` is Unix seconds,
    `seconds` the call's duration if known; `agent` names the sub-agent that made it, "" is the main thread; calls that
    the model asked for at once share a `batch`, "" where that is not known.
    """

    id: str
    tool: str
    input: Mapping[str, Any]
    output: str
    ok: bool
    exit_code: int | None
    at: float
    seconds: float | None = None
    cwd: str = ""
    agent: str = ""
    ended: Ended = Ended.RETURNED
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """A prompt and the calls it led to, in order.

    `kind` is `typed` for what a person typed, else what it was (`command`, `meta`, or `unprompted`: a background task
    reported): only typed prompts are mined.
    `requests`, `tokens` and `seconds` are what the model spent on it, where the harness's own transcript told.
    `own` says how AgentJIT had a hand in it, "" if it had none: what it did itself is nobody's habit.
    `branch` was checked out in `cwd` when it began, "" where that is not known.
    """

    id: str
    session: str
    prompt: str
    cwd: str
    at: float
    kind: str = "typed"
    calls: tuple[ToolCall, ...] = ()
    final: str | None = None
    requests: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    harness: str = ""
    own: str = ""
    branch: str = ""


# --- what observing yields and the store takes; every one has a natural key, so taking it twice changes nothing


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """Key: `session`. `parent` is the session it was forked from, or whose sub-agent it is; `own` as for `Episode`."""

    session: str
    harness: str
    at: float
    cwd: str = ""
    source: str = ""
    ended: bool = False
    transcript: str = ""
    parent: str = ""
    own: str = ""


@dataclass(frozen=True, slots=True)
class TurnSeen:
    """A turn in the life of a session. Key: all but `detail`.

    `kind` is one of startup, resume, clear, compact, fork, end; `detail` what else is known (the reason of an end, what
    triggered a compaction).
    """

    session: str
    at: float
    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PromptSeen:
    """Key: `episode`, unique over all sessions (`<session>:<prompt id>`)."""

    session: str
    episode: str
    at: float
    text: str
    kind: str = "typed"
    cwd: str = ""
    branch: str = ""


@dataclass(frozen=True, slots=True)
class CallSeen:
    """Key: `call.id`. `episode` "" means: the session's last prompt at or before `call.at`.

    `cwd_after` is the directory the call left behind: hooks tell that one, and leave `call.cwd` to be worked out.
    """

    session: str
    episode: str
    call: ToolCall
    cwd_after: str = ""


@dataclass(frozen=True, slots=True)
class FinalSeen:
    """The closing message of an episode. Key: the episode (found as for `CallSeen`)."""

    session: str
    episode: str
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class UsageSeen:
    """What the model spent on an episode, from the transcript. Key: the episode."""

    session: str
    episode: str
    requests: int
    tokens: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class StepDone:
    """One step of a run: the call as a person would type it, its exit status, its seconds."""

    text: str
    exit_code: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class DecisionSeen:
    """What AgentJIT decided about a prompt (or a run by name) and how it went. Key: `id`.

    `decision` is `run` or `pass`; `outcome` is "", or answered, gathered, handed_back, refused.
    `requests`, `tokens`, `saved_seconds` are what the model did not spend, 0 unless answered or gathered.
    """

    id: str
    at: float
    session: str
    episode: str
    entry: str  # prompt, name
    decision: str
    reason: str
    skill: str = ""
    version: str = ""
    outcome: str = ""
    seconds: float = 0.0
    steps: tuple[StepDone, ...] = ()
    requests: int = 0
    tokens: int = 0
    saved_seconds: float = 0.0
    arguments: Mapping[str, str] = field(default_factory=dict)


Seen = SessionSeen | TurnSeen | PromptSeen | CallSeen | FinalSeen | UsageSeen | DecisionSeen
