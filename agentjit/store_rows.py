"""Records -> rows and rows -> records (pure)."""

from __future__ import annotations

import bisect
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, assert_never

from agentjit.store_schema import CALLS, DECISIONS, EPISODES, FINALS, SESSIONS, TURNS, Row, Table
from agentjit.trace import (
    CallSeen,
    DecisionSeen,
    Ended,
    Episode,
    FinalSeen,
    PromptSeen,
    Seen,
    SessionSeen,
    StepDone,
    ToolCall,
    TurnSeen,
    UsageSeen,
)

SAME_PROMPT_SECONDS = 30.0  # a hook and a transcript note the same prompt apart by what the prompt hook took


def clean(text: str) -> str:
    """Text that a database of UTF-8 can hold: lone surrogates are written out (`\\ud800`)."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def distinct(records: Iterable[Seen], elsewhere: Mapping[str, tuple[str, str]]) -> list[Seen]:
    """The records, with ids of their own for calls whose id another session has for another call.

    Some models count their calls from 1 in every session. The same call in two sessions is a copy, as forks have them.
    `elsewhere`: id -> (session, input as JSON) of calls in the database.
    """
    first: dict[str, CallSeen] = {}
    found: list[Seen] = []
    for record in records:
        if isinstance(record, CallSeen):
            key = clean(record.call.id)
            before = first.setdefault(key, record)
            if key in elsewhere:
                session, given = elsewhere[key]
                same = session == clean(record.session) or given == clean(_json(record.call.input))
                record = record if same else _renamed(record)
            elif before.session != record.session and _json(before.call.input) != _json(record.call.input):
                record = _renamed(record)
        found.append(record)
    return found


def _renamed(record: CallSeen) -> CallSeen:
    return replace(record, call=replace(record.call, id=f"{record.session}:{record.call.id}"))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def rows(records: Iterable[Seen], alias: Mapping[str, str]) -> dict[Table, list[Row]]:
    """One row per key for each table; `alias` maps episode ids to those they turned out to be."""
    found: dict[Table, list[Row]] = {table: [] for table in (SESSIONS, TURNS, EPISODES, CALLS, FINALS, DECISIONS)}
    for record in records:
        table, row = _row(record, alias)
        found[table].append(tuple(clean(value) if isinstance(value, str) else value for value in row))
    return {table: table.merge(some) for table, some in found.items() if some}


def _row(record: Seen, alias: Mapping[str, str]) -> tuple[Table, Row]:
    match record:
        case SessionSeen():
            known = (record.cwd or None, record.source or None, record.ended, record.transcript or None)
            whose = (record.parent or None, record.own or None)
            return SESSIONS, (record.session, record.harness, record.at, *known, *whose)
        case TurnSeen(session=session, at=at, kind=kind):
            return TURNS, (f"{session}:{kind}@{at!r}", session, at, kind, record.detail or None)
        case PromptSeen(session=session, at=at, text=text, kind=kind):
            episode = alias.get(record.episode, record.episode)
            where = (record.cwd or None, None, None, None, record.branch or None)
            return EPISODES, (episode, session, at, text, kind, *where)
        case UsageSeen(session=session, requests=requests, tokens=tokens, seconds=seconds):
            episode = alias.get(record.episode, record.episode)
            return EPISODES, (episode, session, None, None, None, None, requests, tokens, seconds, None)
        case CallSeen():
            return CALLS, _call_row(record, alias.get(record.episode, record.episode))
        case FinalSeen(session=session, at=at, text=text):
            episode = alias.get(record.episode, record.episode)
            return FINALS, (episode or f"{session}@{at!r}", session, episode or None, at, text)
        case DecisionSeen():
            return DECISIONS, _decision_row(record, alias.get(record.episode, record.episode))
        case _:
            assert_never(record)


def _call_row(record: CallSeen, episode: str) -> Row:
    call = record.call
    return (
        call.id,
        record.session,
        episode or None,
        call.tool,
        _json(call.input),
        call.output,
        call.ok,
        call.exit_code,
        call.at,
        call.seconds,
        call.cwd or None,
        record.cwd_after or None,
        call.agent or None,
        call.ended.value,
        call.batch or None,
        int(call.ended is not Ended.UNANSWERED),
    )


def _decision_row(record: DecisionSeen, episode: str) -> Row:
    # A run is noted twice under one id: when it begins and when it ends. The end stays, in whatever order they come.
    ran = bool(record.outcome and (record.steps or record.seconds))
    return (
        record.id,
        2 if ran else 1 if record.outcome else 0,
        record.at,
        record.session or None,
        episode or None,
        record.entry,
        record.decision,
        record.reason,
        record.skill,
        record.version,
        record.outcome,
        record.seconds,
        json.dumps([[step.text, step.exit_code, step.seconds] for step in record.steps], ensure_ascii=False),
        record.requests,
        record.tokens,
        record.saved_seconds,
        json.dumps(dict(record.arguments), ensure_ascii=False),
    )


def decision(row: Row) -> DecisionSeen:
    """A row of `decisions` (all columns in order) as the record it was."""
    key, _, at, session, episode, entry, verdict, reason, skill, version, outcome, seconds, steps, *rest = row
    requests, tokens, saved_seconds, arguments = rest
    return DecisionSeen(
        id=key,
        at=at,
        session=session or "",
        episode=episode or "",
        entry=entry,
        decision=verdict,
        reason=reason,
        skill=skill,
        version=version,
        outcome=outcome,
        seconds=seconds,
        steps=tuple(StepDone(*step) for step in json.loads(steps)),
        requests=requests,
        tokens=tokens,
        saved_seconds=saved_seconds,
        arguments=json.loads(arguments),
    )


# --- one prompt, two ids


Prompt = tuple[str, str, float, str]  # session, episode, at, text


def same_prompts(prompts: Iterable[Prompt], known: Iterable[Prompt]) -> dict[str, str]:
    """Episode ids among `prompts` that name a prompt seen before under another id -> that id.

    Old clients give a prompt no id; then hook and transcript each make one up (`<session>:@…`), and it is the text and
    the time that tell that they mean the same prompt. Two made by the same source never do.
    """
    by_text: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    ids = set()
    for session, episode, at, text in known:
        by_text[session, text.strip()].append((at, episode))
        ids.add(episode)
    alias: dict[str, str] = {}
    for session, episode, at, text in prompts:
        if episode in ids:
            continue
        candidates = [
            (abs(at - other), found)
            for other, found in by_text[session, text.strip()]
            if abs(at - other) <= SAME_PROMPT_SECONDS and _maker(found) != _maker(episode)
        ]
        if candidates:
            alias[episode] = min(candidates)[1]
        else:
            by_text[session, text.strip()].append((at, episode))
            ids.add(episode)
    return alias


def _maker(episode: str) -> str:
    """Who gave an episode its id: the harness, or we from a hook (a time) or a transcript (a line's uuid)."""
    _, _, name = episode.rpartition(":")
    if not name.startswith("@"):
        return "harness"
    return "hook" if name[1:].isdigit() else "transcript"


# --- putting episodes together


def episodes(
    prompts: Iterable[Row],
    calls: Iterable[Row],
    finals: Iterable[Row],
    whose: Mapping[str, tuple[str, str]],
    helped: Mapping[str, str],
) -> list[Episode]:
    """Rows of `episodes`, `calls` (by time) and `finals` (by time), all columns in order -> episodes, by time.

    `whose`: session -> its harness and its `own`; `helped`: episode -> the skill that took part in it.
    """
    ordered = sorted((row for row in prompts if row[3] is not None), key=lambda row: (row[2], row[0]))
    ids = {row[0] for row in ordered}
    opened: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for row in ordered:
        opened[row[1]].append((row[2], row[0]))
    found: dict[str, list[Row]] = defaultdict(list)
    for row in calls:
        found[_owner(ids, opened, row[1], row[2], row[8])].append(row)
    closing = {_owner(ids, opened, row[1], row[2], row[3]): row[4] for row in finals}
    return [
        _episode(row, found[row[0]], closing.get(row[0]), *whose.get(row[1], ("", "")), helped.get(row[0], ""))
        for row in ordered
    ]


def _owner(
    ids: set[str], opened: Mapping[str, list[tuple[float, str]]], session: str, episode: str | None, at: float
) -> str:
    """The episode a row belongs to, "" if it is not known."""
    if episode:
        return episode if episode in ids else ""
    prompts = opened.get(session, [])
    place = bisect.bisect_right(prompts, at, key=lambda prompt: prompt[0])
    return prompts[place - 1][1] if place else ""


def _episode(row: Row, calls: list[Row], final: str | None, harness: str, own: str, helper: str) -> Episode:
    key, session, at, prompt, kind, cwd, requests, tokens, seconds, branch = row
    return Episode(
        id=key,
        session=session,
        prompt=prompt,
        cwd=cwd or "",
        at=at,
        kind=kind,
        calls=tuple(_calls(calls, cwd or "")),
        final=final,
        requests=requests,
        tokens=tokens,
        seconds=seconds,
        harness=harness,
        own=own or (f"the skill {helper} took part in it" if helper else ""),
        branch=branch or "",
    )


def _calls(rows: list[Row], cwd: str) -> Iterable[ToolCall]:
    """The calls in order. Hooks tell the directory a call left behind: it is where the next one starts."""
    for key, _, _, tool, given, output, ok, exit_code, at, seconds, before, after, agent, ended, batch, _ in rows:
        here = before or cwd or after or ""
        how = Ended(ended)
        yield ToolCall(
            key, tool, _input(given), output, ok, exit_code, at, seconds, here, agent or "", how, batch or ""
        )
        if not agent:
            cwd = after or here


def turns(noted: Iterable[TurnSeen]) -> list[TurnSeen]:
    """Turns (by time) without those that two sources noted a moment apart; the first stays.

    A kind that comes again after another one is no repetition: a session can be left and resumed within a second.
    """
    kept: list[TurnSeen] = []
    for turn in noted:
        last = kept[-1] if kept else None
        if last is None or last.kind != turn.kind or turn.at - last.at > SAME_PROMPT_SECONDS:
            kept.append(turn)
    return kept


def _input(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}
