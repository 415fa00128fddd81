"""What would go, and making it go.

In the database by writing it anew without the rows, so that their bytes are gone from the file; the new file takes the
old one's place last, when spool, quarantine, log and library are done: whatever is interrupted can be asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from agentjit.errors import AjError, BadInput, StoreBroken
from agentjit.forget.files import concerns, files_in, log_lines, remove_files, rewrite_log
from agentjit.forget.skills import Doomed, remove_skills, skills_of
from agentjit.forget.wanted import KNOWN, Wanted
from agentjit.home import Home
from agentjit.lock import held
from agentjit.observe.consent import Mark, digest, span_name
from agentjit.observe.redact import home_key
from agentjit.store import Store
from agentjit.store_forget import Gone, Target

SHORTEST = 6  # characters of a session id that may stand for all of it
_PATIENCE = 60.0  # seconds to wait for a compilation


@dataclass(frozen=True, slots=True)
class Survey:
    """What goes, or went: counts of rows, names of skills, files, lines of the log, and bytes of text and files."""

    sessions: int = 0
    prompts: int = 0
    calls: int = 0
    decisions: int = 0
    skills: tuple[str, ...] = ()
    spool: int = 0
    quarantine: int = 0
    log_lines: int = 0
    size: int = 0

    @property
    def nothing(self) -> bool:
        """There is nothing to forget."""
        return self == Survey()


def session(home: Home, name: str) -> Wanted:
    """The session whose id is `name` or begins with it. Raises BadInput."""
    with Store.open(home, write=False) as store:
        known = {each for each, _, _ in store.activity()}
    known |= {each for folder in (home.spool, home.quarantine) for file in files_in(folder) for each in file.sessions}
    found = [name] if name in known else sorted(each for each in known if each.startswith(name))
    if name not in known and len(name) < SHORTEST:
        raise BadInput(f"{name!r} is too short for a session; give {SHORTEST} characters or more (`aj log --json`)")
    if not found:
        raise BadInput(f"no session begins with {name!r}; `aj log --json` shows their ids")
    if len(found) > 1:
        raise BadInput(f"{len(found)} sessions begin with {name!r}; give more of the id")
    return Wanted(Target(sessions=frozenset(found)))


def survey(home: Home, wanted: Wanted) -> Survey:
    """What `forget` would remove. Changes nothing."""
    if wanted.quarantine_only:
        return _survey(home, wanted, Gone(), [])
    try:
        with Store.open(home, write=False) as store:
            gone = _gone(home, store, wanted)
    except StoreBroken:
        if not wanted.target.everything:
            raise
        gone = Gone(everything=True)  # what cannot be read can still be removed
    return _survey(home, wanted, gone, skills_of(home, wanted, gone))


def forget(home: Home, wanted: Wanted, *, now: float) -> Survey:
    """Remove it for good; what went. Raises StoreBusy, StoreBroken (a full disk: nothing was changed), AjError."""
    if wanted.quarantine_only:
        done = survey(home, wanted)
        remove_files(file for file in files_in(home.quarantine))
        return done
    key = home_key(home)

    def choose(store: Store) -> tuple[Gone, list[Mark]]:
        gone = _gone(home, store, wanted)
        return gone, marks(key, wanted.target, gone, now)

    with held(home.compile_lock, wait=_PATIENCE) as free:
        if not free:
            raise AjError(
                "another aj has been compiling for a minute; nothing was forgotten, try again when it is done"
            )
        if wanted.target.everything:
            _drop_if_broken(home)
        with Store.rewriting(home, choose) as gone:
            doomed = skills_of(home, wanted, gone)
            done = _survey(home, wanted, gone, doomed)
            remove_skills(home, wanted, doomed)
            for folder in (home.spool, home.quarantine):
                remove_files(file for file in files_in(folder) if concerns(file, wanted, gone))
            rewrite_log(home, wanted, gone)
    return done


def _drop_if_broken(home: Home) -> None:
    """Who wants all of it gone need not be able to read it."""
    try:
        with Store.open(home, write=True) as store:
            store.check()
    except StoreBroken:
        Store.drop(home)


def _gone(home: Home, store: Store, wanted: Wanted) -> Gone:
    target, episodes = wanted.target, set()
    if wanted.before is not None:
        target = replace(target, sessions=frozenset(_older(store, wanted.before)))
    if target.by_text:  # the rest of an episode may be in the database already
        hits = (file for folder in (home.spool, home.quarantine) for file in files_in(folder) if file.hit(wanted))
        episodes = {episode for file in hits for episode in file.episodes}
    return store.doomed(target, episodes)


def _older(store: Store, at: float) -> Iterator[str]:
    yield from (session for session, last, _ in store.activity() if KNOWN <= last < at)


def marks(key: bytes, target: Target, gone: Gone, now: float) -> list[Mark]:
    """What keeps all this from being loaded again from a transcript; the names are HMACs and tell nothing."""
    if gone.everything:
        return [(digest(key, "all", ""), "all", now)]
    names: dict[str, Iterable[str]] = {
        # A session that was named is over for us; of any other only what it held until now.
        "session" if target.sessions and target.family else "until": gone.of("session"),
        "episode": gone.of("episode"),
        "call": gone.of("call"),
        "final": gone.of("final"),
        "decision": gone.of("decision"),
        "touched": gone.touched,
        "place": target.project,
        "span": (span_name(session, at) for session, at, _ in gone.times),
        "span@": (span_name(session, at) for session, at, episode in gone.times if ":@" in episode),
    }
    return [(digest(key, kind, name), kind, now) for kind, each in names.items() for name in each]


def _survey(home: Home, wanted: Wanted, gone: Gone, skills: list[Doomed]) -> Survey:
    waiting = [file for file in files_in(home.spool) if concerns(file, wanted, gone)]
    aside = [file for file in files_in(home.quarantine) if concerns(file, wanted, gone)]
    dropped = [each for each in skills if each.whole]
    return Survey(
        sessions=len(gone.of("session")),
        prompts=gone.prompts,
        calls=len(gone.of("call")),
        decisions=len(gone.of("decision")),
        skills=tuple(each.name for each in dropped if not each.removed),
        spool=len(waiting),
        quarantine=sum(not file.path.endswith(".reason") for file in aside),
        log_lines=len(log_lines(home, wanted, gone)[1]),
        size=gone.size + sum(file.size for file in (*waiting, *aside)) + sum(each.size for each in dropped),
    )
