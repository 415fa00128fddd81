"""What may be recorded at all: opt-out files, paths of the config, and what a person had forgotten.

Whoever records asks in this order: `event` of a hook's payload before anything is made of it, `records` of what became
of it, the latter while the store is open to write and after `renew`, so that nothing that is being loaded slips in
behind an `aj forget`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentjit import config
from agentjit.home import Home
from agentjit.observe import wire
from agentjit.observe.places import Places, opted_out
from agentjit.observe.redact import home_key
from agentjit.store import Store
from agentjit.trace import CallSeen, DecisionSeen, FinalSeen, PromptSeen, Seen, SessionSeen, TurnSeen, UsageSeen

Mark = tuple[str, str, float]
"""A row of `forgotten`: digest, kind, Unix time."""

SPAN = 30.0  # seconds by which two sources may differ about the time of one prompt; see `store_rows.same_prompts`
KEPT_OUT = "kept out"
"""Kind of a `TurnSeen` that says: nothing of this session is to be recorded. It is never stored itself."""
_NEVER = float("-inf")
_CACHED = 100_000  # answers
_FORGOTTEN = "forgotten"
_ALL = "everything until then was forgotten"
_QUOTES = "its episode had a call that is not recorded"


def digest(key: bytes, kind: str, name: str) -> str:
    """What a mark keeps of a name: an HMAC under the home's key, which tells nobody anything."""
    text = f"{kind}\0{name}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, text, hashlib.sha256).hex()[:32]


def span_name(session: str, at: float) -> str:
    """The name of a stretch of `SPAN` seconds in a session."""
    return f"{session}@{at // SPAN:.0f}"


@dataclass(slots=True)
class _Trail:
    """What was met of sessions so far: where each (session, agent) is; (time, episode) of prompts; episodes whose
    prompt was kept, or dropped; what had a call dropped: an episode, or a session where the episode is not known.
    """

    where: dict[tuple[str, str], str] = field(default_factory=dict)
    prompts: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    kept: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    touched_sessions: set[str] = field(default_factory=set)

    def owner(self, session: str, at: float) -> str:
        """The episode that was open in a session at a time, "" if that is not known."""
        return max((prompt for prompt in self.prompts.get(session, ()) if prompt[0] <= at), default=(0.0, ""))[1]

    def at(self, session: str, agent: str) -> str:
        return self.where.get((session, agent)) or self.where.get((session, ""), "")


class Consent:
    """Decides from folders; keeps track of sessions, so one object sees events in order.

    `never` are patterns as in `Config`; `lookup` says whether an opt-out file lies in a folder; `marks` (digest ->
    time) what was forgotten, under `key`. `explicit`: a person asked for this import, so it may load again what
    `aj forget --all` removed. Of a session that moves in and out of an excluded folder only what happened inside is
    dropped, and the closing messages of episodes that were inside, since these may quote it.
    """

    def __init__(
        self,
        never: Sequence[str],
        lookup: Callable[[str], bool] = opted_out,
        *,
        key: bytes = b"",
        marks: Mapping[str, float] | None = None,
        explicit: bool = False,
        user: str = "",
        real: Callable[[str], str] = os.path.realpath,
    ) -> None:
        self._places = Places(never, lookup, real=real, user=user)
        self._key = key
        self._marks: Mapping[str, float] = marks or {}
        self._explicit = explicit
        self._events, self._seen = _Trail(), _Trail()
        self._learned: dict[str, Mark] = {}
        self._forgotten: dict[str, float] = {}
        self._whens: dict[tuple[str, str], float] = {}

    def renew(self, marks: Mapping[str, float]) -> None:
        """Take the marks as they are in the store now."""
        if marks != self._marks:
            self._marks = marks
            self._forgotten.clear()
            self._whens.clear()

    def learned(self) -> list[Mark]:
        """Marks for the store to keep: later events of these sessions and episodes come when this object is gone."""
        return list(self._learned.values())

    def quoting(self) -> tuple[set[str], set[str]]:
        """Episodes, and sessions, whose closing messages must not stay if the store has them already."""
        return self._seen.touched | self._seen.lost, set(self._seen.touched_sessions)

    def directory(self, path: str) -> str:
        """Why nothing that happens in the folder `path` is recorded, "" if it may be."""
        return self._places.reason(path)

    # --- hook payloads

    def event(self, payload: Mapping[str, Any]) -> str:
        """Why a hook's payload must be dropped, "" to keep it. Never raises.

        Excluded are: a working directory in an excluded folder, before the call or after it (a payload tells the one
        after it; the one before is where the session's last event was); a file in such a folder; a shell line that
        names one, as `Places.named` says. What a command does beyond its words cannot be known.
        """
        trail = self._events
        session = wire.string(payload.get("session_id")) or wire.string(payload.get("session"))
        agent, cwd = wire.string(payload.get("agent_id")), wire.string(payload.get("cwd"))
        prompt = wire.string(payload.get("prompt_id"))
        episode = wire.string(payload.get("episode")) or (f"{session}:{prompt}" if prompt else "")
        given, name = payload.get("tool_input"), payload.get("hook_event_name")
        called = isinstance(given, Mapping)
        before = trail.at(session, agent) if called else ""
        reason = self._session(session) or self.directory(cwd) or self.directory(before)
        if isinstance(given, Mapping):
            reason = reason or self._returning(session, before) or self._places.named(given, before or cwd)
        if name == "UserPromptSubmit":
            trail.touched_sessions.discard(session)
            (trail.lost if reason else trail.kept).add(episode)
        if called and reason:
            (trail.touched if episode else trail.touched_sessions).add(episode or session)
        if name in ("Stop", "SubagentStop"):
            reason = reason or self._quotes(trail, session, episode)
        elif not called and episode in trail.lost:
            reason = reason or _QUOTES
        if cwd:
            trail.where[session, agent] = cwd
        return reason

    # --- records

    def records(self, seen: Iterable[Seen]) -> Iterator[Seen]:
        """The records that may be kept; closing messages, costs and decisions come last, when their calls are known."""
        held: list[FinalSeen | UsageSeen | DecisionSeen] = []
        for record in seen:
            if isinstance(record, FinalSeen | UsageSeen | DecisionSeen):
                held.append(record)
            elif not self._reason(record):
                yield record
        yield from (record for record in held if not self._closing(record))

    def _reason(self, record: SessionSeen | TurnSeen | PromptSeen | CallSeen) -> str:
        match record:
            case SessionSeen():
                return self._session_seen(record)
            case TurnSeen(session=session, at=at, kind=kind) if kind == KEPT_OUT:
                self._learn("session", session, at)
                return "AJ_OBSERVE was 0"
            case TurnSeen(session=session, at=at):
                here = self._seen.at(session, "")
                return self._session(session) or self._whole(session, at) or self._at(here, at)
            case PromptSeen():
                return self._prompt(record)
            case CallSeen():
                return self._call(record)

    def _session_seen(self, record: SessionSeen) -> str:
        if record.cwd:
            self._seen.where[record.session, ""] = record.cwd
            if self.directory(record.cwd):
                self._learn("inside", record.session, record.at)
        reason = self._session(record.session) or (self._session(record.parent) if record.parent else "")
        reason = reason or self._whole(record.session, record.at) or self.directory(record.transcript)
        here = record.cwd or self._seen.at(record.session, "")
        return reason or self._at(here, record.at) or self._returning(record.session, here)

    def _prompt(self, record: PromptSeen) -> str:
        trail, session, episode = self._seen, record.session, record.episode
        trail.prompts[session].append((record.at, episode))
        if record.cwd:
            trail.where[session, ""] = record.cwd
        reason = self._session(session) or self._id("episode", episode) or self._span(record)
        reason = reason or self._at(record.cwd or trail.at(session, ""), record.at)
        if reason not in ("", _FORGOTTEN, _ALL):
            self._learn("inside", session, record.at)
            self._learn("lost", episode, record.at)
        (trail.lost if reason else trail.kept).add(episode)
        return reason

    def _call(self, record: CallSeen) -> str:
        trail, session, call = self._seen, record.session, record.call
        before = call.cwd or trail.at(session, call.agent)
        after = record.cwd_after or before
        if after:
            trail.where[session, call.agent] = after
        episode = record.episode or trail.owner(session, call.at)
        reason = self._session(session) or self._id("call", call.id) or self._id("episode", episode)
        if reason:
            return reason
        reason = self._at(before, call.at) or self._at(after, call.at) or self._returning(session, before)
        reason = reason or self._places.named(call.input, before or after)
        if reason:
            (trail.touched if episode else trail.touched_sessions).add(episode or session)
        if reason not in ("", _ALL):  # a person may ask for all of it again
            self._learn("inside", session, call.at)
            self._learn("touched" if episode else "touched-session", episode or session, call.at)
        return reason

    def _closing(self, record: FinalSeen | UsageSeen | DecisionSeen) -> str:
        trail, session = self._seen, record.session
        episode = record.episode
        if isinstance(record, FinalSeen):
            slot = episode or f"{session}@{record.at!r}"
            episode = episode or trail.owner(session, record.at)
            reason = self._id("final", slot) or self._quotes(trail, session, episode) or self._all(record.at)
        elif isinstance(record, DecisionSeen):
            reason = self._id("decision", record.id) or self._all(record.at)
        else:
            reason = ""
        reason = reason or self._session(session) or self._id("episode", episode)
        lost = episode in trail.lost or (episode not in trail.kept and self._id("lost", episode))
        return reason or (_FORGOTTEN if lost else "")

    # --- reasons

    def _quotes(self, trail: _Trail, session: str, episode: str) -> str:
        touched = episode in trail.touched or episode in trail.lost or session in trail.touched_sessions
        marked = self._id("touched", episode) or self._id("touched-session", session)
        return _QUOTES if touched or marked else ""

    def _returning(self, session: str, before: str) -> str:
        """A session that has been inside, and of which it is not known where it is: it may be inside still."""
        return "" if before else self._id("inside", session) and "it may have begun in an excluded folder"

    def _at(self, path: str, at: float) -> str:
        """Excluded now, or forgotten by then."""
        if not path:
            return self._all(at)
        return self.directory(path) or self._all(at) or (_FORGOTTEN if at <= self._place(path) else "")

    def _all(self, at: float) -> str:
        return _ALL if self._marks and not self._explicit and at <= self._when("all", "") else ""

    def _session(self, session: str) -> str:
        return self._id("session", session)

    def _whole(self, session: str, at: float) -> str:
        """The session was forgotten with all it had until then."""
        return _FORGOTTEN if self._marks and at <= self._when("until", session) else ""

    def _span(self, record: PromptSeen) -> str:
        """A prompt may come back under another id if either is one we made up; its time stays about the same."""
        if not self._marks:
            return ""
        kinds = ("span", "span@") if record.episode.rpartition(":")[2].startswith("@") else ("span@",)
        names = {span_name(record.session, at) for at in (record.at - SPAN, record.at, record.at + SPAN)}
        return _FORGOTTEN if any(self._when(kind, name) > _NEVER for kind in kinds for name in names) else ""

    def _place(self, path: str) -> float:
        """When the folder, or one it is in, was forgotten last."""
        if not self._marks:
            return _NEVER
        if path not in self._forgotten:
            above = {each for spelling in self._places.spellings(path) for each in parents(spelling)}
            self._forgotten[path] = max((self._when("place", each) for each in above), default=_NEVER)
        return self._forgotten[path]

    def _id(self, kind: str, name: str) -> str:
        return _FORGOTTEN if self._marks and name and self._when(kind, name) > _NEVER else ""

    def _when(self, kind: str, name: str) -> float:
        known = self._whens.get((kind, name))
        if known is None:
            if len(self._whens) > _CACHED:
                self._whens.clear()
            known = self._whens[kind, name] = self._marks.get(digest(self._key, kind, name), _NEVER)
        return known

    def _learn(self, kind: str, name: str, at: float) -> None:
        if name:
            mark = digest(self._key, kind, name)
            self._learned.setdefault(mark, (mark, kind, at))


def admit(store: Store, consent: Consent, records: Sequence[Seen]) -> int:
    """Put into the store, which is open to write, what may be kept of the records; how many may not."""
    consent.renew(store.forgotten())
    kept = list(consent.records(records))
    store.add(kept)
    store.note(consent.learned(), *consent.quoting())
    return len(records) - len(kept)


def parents(path: str) -> Iterator[str]:
    """A path and every folder it is in."""
    yield path
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        yield path


def consent_of(home: Home, env: Mapping[str, str], *, explicit: bool = False) -> Consent:
    """The consent of a home, without its marks: `renew` it with those of the store. Raises BadConfig."""
    settings = config.load(home, env)
    user = os.path.abspath(env.get("HOME") or os.path.expanduser("~"))
    return Consent(settings.never, key=home_key(home), explicit=explicit, user=user)
