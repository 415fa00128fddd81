"""Mining: which sequences of actions recur across sessions, and are no accident.

First what prompts start (mining.families): an episode with its prompt is the cleanest unit. Then, in what these leave,
what recurs inside episodes (mining.growth, mining.midway). docs/detection.md tells how, with sources and bounds.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from agentjit.detect.mining import chance
from agentjit.detect.mining.build import calls_of, hotspot, spread
from agentjit.detect.mining.coarse import Coarse
from agentjit.detect.mining.families import MINIMUM, OFTEN, SHOWN, Cluster, Family
from agentjit.detect.mining.history import BREAK, History, Row
from agentjit.detect.mining.midway import midway
from agentjit.detect.mining.order import Placement, normal
from agentjit.detect.mining.worth import take
from agentjit.detect.prompt import Texts, bare, clusters, stands_alone, template
from agentjit.detect.signature import is_bookkeeping, operation
from agentjit.hotspot import Chance, Hotspot, Occurrence, Operation
from agentjit.trace import Effect, Ended, Episode

__all__ = ["MINIMUM", "SHOWN", "Mined", "Rejected", "hotspots", "mined", "operations", "surveyed"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sequence that recurs, in so many sessions, and that chance would have as well."""

    steps: tuple[str, ...]
    sessions: int
    chance: Chance


@dataclass(frozen=True, slots=True)
class Mined:
    """What mining found. `tried` patterns were counted in enough sessions, `chance` of them are no more than chance
    has it at a false discovery rate of `rate`; `capped` prefixes were not grown to their end (0: all were).
    `rejected` are the strongest of those that are no more than chance. `restless` are prompts that are typed again and
    again, each time for other steps: unstable, and without steps of their own.
    """

    hotspots: tuple[Hotspot, ...]
    tried: int
    chance: int
    rate: float
    capped: int
    rejected: tuple[Rejected, ...] = ()
    restless: tuple[Hotspot, ...] = ()


def operations(episode: Episode, learned: Mapping[str, Effect] | None = None) -> tuple[Operation, ...]:
    """What the main agent did in an episode, bookkeeping left out. `learned` are effects of MCP tools."""
    calls = (call for call in episode.calls if not call.agent and not is_bookkeeping(call.tool))
    return tuple(operation(call, learned=learned) for call in calls)


def hotspots(episodes: Sequence[Episode], *, now: float) -> list[Hotspot]:
    """Recurring sequences: those that a prompt starts, then others, the hottest first. `now` is in Unix seconds."""
    return list(surveyed(episodes, now=now).hotspots)


def surveyed(episodes: Sequence[Episode], *, now: float, learned: Mapping[str, Effect] | None = None) -> Mined:
    """The hotspots of episodes, and how they were come by. `now`: Unix seconds; `learned`: effects of MCP tools."""
    return mined([(episode, operations(episode, learned)) for episode in episodes if _minable(episode)], now=now)


def mined(rows: Sequence[Row], *, now: float, rate: float = chance.RATE) -> Mined:
    """The hotspots of episodes with their operations, at a false discovery rate, and how they were come by."""
    history = History(row for row in rows if row[1] and not any(map(_ours, row[1])))
    tokens = list(history.tokens)
    families, tested, dropped = _families(history, rate)
    strong = [each for each in families if len(each[0].placements) >= MINIMUM]
    for family, _ in strong:
        take(family.placements, tokens)
        _leave_out(history, family, tokens)
    inside = midway(history, tokens, minimum=MINIMUM, rate=rate)
    found = [made for family, of in strong for made in _prompted(history, family, of, now)]
    used = {at for each, _ in inside.candidates for p in each.found for there in p.places for at in there}
    for family, of in families:
        if len(family.placements) < MINIMUM and used.isdisjoint(
            at for p in family.placements for there in p.places for at in there
        ):
            found += _prompted(history, family, of, now)
    for candidate, (mean, p, q) in inside.candidates:
        placements = sorted(candidate.found, key=lambda each: (history.rows[each.row][0].at, each.places))
        made = hotspot(history, [history.names[token] for token in candidate.core], placements, now=now)
        unstable = candidate.unstable or _after_one_prompt(history, placements)
        obstacle = f"unstable: {unstable}" if unstable else _NO_PROMPT
        found.append(replace(made, obstacle=obstacle, unstable=unstable, chance=Chance(mean, p, q)))
    ranked = sorted(found, key=lambda each: (each.template is None, -each.heat, each.id))
    restless = _restless(history, {prompt for each in found if each.template for prompt in each.prompts}, now)
    rejected = tuple(
        Rejected(tuple(history.names[token] for token in each.core), each.sessions(history), Chance(*figures))
        for each, figures in inside.rejected
    )
    return Mined(
        tuple(ranked),
        tested + inside.tried,
        dropped + inside.chance,
        rate,
        inside.capped,
        rejected,
        restless=tuple(sorted(restless, key=lambda each: (-each.heat, each.id))),
    )


_NO_PROMPT = "it is done in the midst of other work: no prompt of its own starts it"


def _minable(episode: Episode) -> bool:
    """A person typed it, the model did all of it, and every call came to its end: a refused one is no habit."""
    ended = all(call.ended is Ended.RETURNED for call in episode.calls)
    return episode.kind == "typed" and not episode.own and ended


_OURS = re.compile(r"(?<![\w.~/-])(?:[\w.~/-]*/)?aj[\"']?\s+[a-z]|-m\s+agentjit\b|/\.aj/skills/")


def _ours(operation: Operation) -> bool:
    """The call ran AgentJIT itself, or a skill by its file, behind whatever it stands. In doubt it did."""
    return operation.line is not None and _OURS.search(operation.line.text) is not None


# --- what a prompt starts


def _families(history: History, rate: float) -> tuple[list[tuple[Family, Chance]], int, int]:
    """(families that beat chance, how many were looked at, how many are no more than chance)."""
    made: list[tuple[Family, float, float]] = []
    tested, coarse = 0, Coarse(history)
    for rows in clusters([(row, episode.prompt) for row, (episode, _) in enumerate(history.rows)]):
        if len(rows) < SHOWN:
            continue
        tested += 1
        cluster = Cluster(history, rows, coarse)
        for family in cluster.deviations(cluster.families()):
            mean, p = _by_chance(history, cluster, family)
            made.append((family, mean, p))
    rates = chance.discoveries([p * max(tested, len(made)) for _, _, p in made])
    found = [(each, Chance(mean, p, q)) for (each, mean, p), q in zip(made, rates, strict=True) if q <= rate]
    return found, len(made), len(made) - len(found)


def _after_one_prompt(history: History, placements: Sequence[Placement]) -> str:
    """What is done after one prompt only, but not whenever it is typed, has not settled; "" for everything else."""
    said = Counter(bare(history.rows[placement.row][0].prompt) for placement in placements)
    words, times = said.most_common(1)[0]
    learned = template([" ".join(words)]) if words else None
    if times < 2 * len(placements) / 3 or learned is None or not stands_alone(learned):
        return ""
    runs = sum(bare(episode.prompt) == words for episode, _ in history.rows)
    return f"{times} of {runs} runs of one prompt; the others take other steps" if times >= SHOWN else ""


def _leave_out(history: History, family: Family, tokens: list[int]) -> None:
    """Where a ritual's prompt was followed by some of its steps only, these are no other workflow: it went wrong."""
    steps = {history.tokens[at] for placement in family.placements for places in placement.places for at in places[:1]}
    for row in family.deviating:
        for at in range(history.starts[row], history.ends[row]):
            if history.tokens[at] in steps:
                tokens[at] = BREAK


def _by_chance(history: History, cluster: Cluster, family: Family) -> tuple[float, float]:
    """(mean, probability) of a family among the rows of its cluster, or those with a prompt like the family's own."""
    words = cluster.words([each.row for each in family.placements])
    rows, choices = cluster.like(words), family.choices
    if len(rows) < len(cluster.rows):
        choices *= len({" ".join(texts) for texts in cluster.texts.values()})
    spreads = [spread(history, placement) for placement in family.placements]
    fewest = min(range(len(spreads)), key=lambda i: len(spreads[i]))
    first = [history.tokens[places[0]] if places else BREAK for places in family.placements[fewest].places]
    chunks = tuple(tuple(first[step] for step in chunk) for chunk in spreads[fewest])
    ((_, orders),) = chance.spreads([chunks], history.commutes)
    kinds: Sequence[Sequence[int]] = family.kinds or [
        sorted({history.tokens[each.places[step][0]] for each in family.placements})
        for step in range(len(family.names))
    ]
    orders = max(orders, family.orders)
    return chance.prompted(history, rows, kinds, spreads[fewest], len(spreads), choices=choices, orders=orders)


def _prompted(history: History, family: Family, of: Chance, now: float) -> list[Hotspot]:
    """One hotspot for a family; the words in which its prompts differ become slots.

    Rows that began in another directory than the prompt's are left out: a skill would run in the wrong one. Nothing if
    too few remain to be shown.
    """
    placements = [placement for placement in family.placements if _at_home(history, placement)]
    if len(placements) < SHOWN:
        return []
    placements.sort(key=lambda placement: history.rows[placement.row][0].at)
    said = [history.rows[placement.row][0].prompt for placement in placements]
    learned = template(said)
    key = "".join(part if isinstance(part, str) else "{}" for part in learned.parts).casefold() if learned else ""
    made = hotspot(history, family.names, placements, now=now, key=key, ways=family.ways)
    whole = sum(not occurrence.more for occurrence in made.occurrences)
    if learned and not stands_alone(learned):
        obstacle = "it only means something in its conversation"
    elif family.unstable:
        obstacle = f"unstable: {family.unstable}"
    elif not learned:
        obstacle = "the prompts that lead to it have no common form"
    elif len(placements) < MINIMUM:
        obstacle = f"seen {len(placements)} times, {MINIMUM} are needed"
    elif family.exact is not None and family.exact < MINIMUM:
        obstacle = f"its flags vary: no {MINIMUM} runs are written alike"
    elif whole < MINIMUM:
        obstacle = f"in fewer than {MINIMUM} runs nothing else is done"
    else:
        obstacle = "seen in one session only" if made.sessions < SHOWN else ""
    prompts = tuple(dict.fromkeys(said))
    return [
        replace(
            made,
            template=learned,
            prompts=prompts,
            obstacle=obstacle,
            unstable=family.unstable,
            chance=of,
            others=_others(history, family, made) if learned else (),
        )
    ]


def _others(history: History, family: Family, made: Hotspot) -> tuple[Occurrence, ...]:
    """The runs of a family's prompt that took other steps, or more than these, the newest of them: all that was done
    in each.
    """
    more = {occurrence.episode.id for occurrence in made.occurrences if occurrence.more}
    known = [each.row for each in family.placements if history.rows[each.row][0].id in more]
    runs = [history.rows[row] for row in (*known, *family.others) if history.rows[row][1]]
    runs = sorted((run for run in runs if _began_at_home(*run)), key=lambda run: run[0].at)
    return tuple(Occurrence(*run) for run in runs[-OTHERS:])


OTHERS = 50  # runs of a prompt beside those of its hotspot that are looked at
POPULAR = 5  # runs, in ROUND sessions, from which it is worth saying that a prompt leads to other work each time
ROUND = 3


def _restless(history: History, told: Collection[str], now: float) -> list[Hotspot]:
    """The prompts that are typed again and again, each time for other steps, and of which nothing is told yet."""
    known = set(map(bare, told))
    by_words: dict[Texts, list[int]] = defaultdict(list)
    for row, (episode, _) in enumerate(history.rows):
        by_words[bare(episode.prompt)].append(row)
    found = []
    for words, rows in by_words.items():
        sessions = {history.sessions[row] for row in rows}
        if words in known or len(rows) < POPULAR or len(sessions) < ROUND:
            continue
        learned = template([history.rows[row][0].prompt for row in rows])
        if learned is None or not stands_alone(learned):
            continue
        forms = Counter(
            normal(history.tokens[history.starts[row] : history.ends[row]], history.commutes) for row in rows
        )
        if forms.most_common(1)[0][1] >= max(SHOWN, OFTEN * len(rows)):
            continue
        ways = "every one of other steps" if len(forms) == len(rows) else f"in {len(forms)} ways"
        reason = f"{len(rows)} runs, {ways}"
        made = hotspot(history, (), [Placement(row, ()) for row in rows], now=now, key=" ".join(words))
        effect = Effect.worst([operation.effect for row in rows for operation in history.rows[row][1]])
        prompts = tuple(dict.fromkeys(history.rows[row][0].prompt for row in rows))
        obstacle = f"unstable: {reason}"
        found.append(
            replace(made, template=learned, prompts=prompts, obstacle=obstacle, unstable=reason, effect=effect)
        )
    return found


def _at_home(history: History, placement: Placement) -> bool:
    """Whether its first call ran in the directory the prompt was typed in, as far as both are known."""
    episode, operations = history.rows[placement.row]
    return _began_at_home(episode, operations[calls_of(history, placement)[0] :])


def _began_at_home(episode: Episode, operations: Sequence[Operation]) -> bool:
    typed, began = episode.cwd.rstrip("/"), operations[0].call.cwd.rstrip("/")
    return not typed or not began or typed == began
