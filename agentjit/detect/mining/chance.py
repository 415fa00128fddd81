"""Chance: whether what recurs would recur as often were there no order in what is done.

The null is a shuffle of the calls within each session; it keeps what each session does and how often. The number of
sessions that show a pattern is then a sum of independent trials of unequal chance, and its upper tail is at most that
of the binomial with the same mean (Hoeffding 1956). A session's chance is at most the expected number of placements.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from agentjit.detect.mining.history import History
from agentjit.detect.mining.order import normal

RATE = 0.05  # of the hotspots that are reported may be chance: the false discovery rate
PICKED = 8  # calls, and lines with several of their steps, of which all choices are counted; the rest is bounded
EXACT = 4_000  # sessions times those that show a pattern: up to there the tail is added up
REPERTOIRE = 1000  # kinds of calls that could be made though none was: so many have been seen, each in its own history
AGAIN = 0.1  # of the calls at least are others: where nearly all are the same, the bound says nothing
MOST = 0.8  # of what would be expected were all sessions alike: sessions differ, and that lowers it
MANY = 1000  # kinds of steps: the pairs of more are not counted one by one
PRIOR = 4.0  # calls: what the whole history says weighs as much as so many calls of the session itself

Chunks = tuple[tuple[int, ...], ...]
"""How a pattern is spread over calls: the tokens that each call holds."""


def tail(trials: int, mean: float, seen: int) -> float:
    """A bound of the probability of at least `seen` successes in independent trials with `mean` successes expected."""
    if seen <= 0 or mean >= trials:
        return 1.0
    if seen > trials or mean <= 0:
        return 0.0
    if seen < mean + 1:
        return min(1.0, mean / seen)  # Hoeffding's comparison starts above; Markov's holds everywhere
    chance = mean / trials
    odds = chance / (1 - chance)
    log = math.lgamma(trials + 1) - math.lgamma(seen + 1) - math.lgamma(trials - seen + 1)
    term = math.exp(log + seen * math.log(chance) + (trials - seen) * math.log1p(-chance))
    total = 0.0
    for successes in range(seen, trials + 1):
        total += term
        if term < total * 1e-12:
            break
        term *= (trials - successes) / (successes + 1) * odds
    return min(1.0, total)


def tail_of(chances: Sequence[float], seen: int) -> float:
    """The probability of at least `seen` successes in independent trials of these chances, or a bound of it."""
    bound = tail(len(chances), sum(chances), seen)
    if bound <= 0 or seen <= 0 or seen > len(chances) or len(chances) * seen > EXACT:
        return bound
    row = [1.0] + [0.0] * (seen - 1)
    beyond = 0.0
    for done, chance in enumerate(chances):
        most = min(done, seen - 1)
        if most == seen - 1:
            beyond += row[most] * chance
        for successes in range(min(most + 1, seen - 1), 0, -1):
            row[successes] += (row[successes - 1] - row[successes]) * chance
        row[0] -= row[0] * chance
    return min(bound, beyond)


def spreads(found: Iterable[Chunks], commutes: Sequence[bool]) -> list[tuple[Chunks, float]]:
    """The ways in which a pattern was spread over calls, each once, with the number of orders that are the same to us:
    calls in a row that only read may come in any.
    """
    ways: dict[Chunks, float] = {}
    for chunks in found:
        key: list[tuple[int, ...]] = []
        run: list[tuple[int, ...]] = []
        orders = 1.0
        for chunk in (*chunks, ()):
            if chunk and all(commutes[token] for token in chunk):
                run.append(tuple(sorted(chunk)))
                orders *= len(run)
            else:
                key += sorted(run)
                run = []
                if chunk:
                    key.append(chunk)
        ways[tuple(key)] = orders
    return list(ways.items())


Taken = Mapping[int, Mapping[int, int]]
"""Calls that belong to another hotspot already: token -> session -> how many."""


def placements(
    history: History, ways: Sequence[tuple[Chunks, float]], taken: Taken, *, gaps: bool = True
) -> list[float]:
    """For each session in which a pattern could be: a bound of the probability that it shows it by chance.

    `ways` are the ways in which it is spread over calls, each with the number of orders in which the calls may come. A
    stretch of the session begins at any call; what it needs next is there with the share of the session's calls that
    have it, drawn without putting back, after as many calls that only read as a gap may have (none without `gaps`).
    """
    chances: dict[int, float] = {}
    for chunks, orders in ways:
        size = len(chunks)
        draws, slack = history.draws(size), history.slack(size) if gaps else None
        sets = [_left(history, chunk, times, taken) for chunk, times in Counter(chunks).items()]
        first, *others = sorted(sets, key=len)
        inner = [history.holding(chunk) for chunk in chunks[1:-1]]
        apart = {} if taken else _apart(history, chunks)
        for session, have in first.items():
            chance = orders * draws[session]
            if session in apart:
                chance *= apart[session]
            else:
                chance *= have
                for counts in others:
                    chance *= counts.get(session, 0)
            if chance <= 0:
                continue
            for counts in inner:  # it may come again where it stands, and folds
                chance /= max(AGAIN, 1 - counts[session] / history.calls[session])
            if slack is not None:
                chance *= slack[session]
            chances[session] = chances.get(session, 0.0) + chance
    return [min(1.0, chance) for chance in chances.values()]


def _left(history: History, chunk: tuple[int, ...], times: int, taken: Taken) -> Mapping[int, int]:
    """In how many ways calls of each session that hold a chunk, and belong to no other hotspot, can be picked `times`
    times.
    """
    counts = history.holding(chunk)
    if used := [taken[token] for token in chunk if token in taken]:
        counts = {session: have - max(each.get(session, 0) for each in used) for session, have in counts.items()}
    if times == 1 and not used:
        return counts
    return {session: math.perm(have, times) for session, have in counts.items() if have >= times}


def _singly(chunks: Chunks, have: dict[tuple[int, ...], int]) -> float:
    """In how many ways calls can be picked, one for each chunk, where no call holds two of them."""
    ways = 1.0
    left = dict(have)
    for chunk in chunks:
        ways *= max(0, left[chunk])
        left[chunk] -= 1
    return ways


def _apart(history: History, chunks: Chunks) -> dict[int, float]:
    """The same for sessions in which some calls hold several of them: these are no neighbours of themselves."""
    if len(chunks) > PICKED:
        return {}
    found = {}
    for session in history.overlaps(chunks):
        have = {chunk: history.holding(chunk).get(session, 0) for chunk in chunks}
        lines: list[list[int]] = []
        for line in history.joined[session]:
            held = [number for number, chunk in enumerate(chunks) if line.issuperset(chunk)]
            if len(held) > 1 and len(lines) < PICKED:
                lines.append(held)
                for chunk in {chunks[number] for number in held}:
                    have[chunk] -= 1
        picked = {0: 1.0}  # by which chunks one of these lines is picked for
        for held in lines:
            for mask, ways in list(picked.items()):
                for number in held:
                    if not mask >> number & 1:
                        picked[mask | 1 << number] = picked.get(mask | 1 << number, 0.0) + ways
        found[session] = sum(
            ways * _singly(tuple(chunk for number, chunk in enumerate(chunks) if not mask >> number & 1), have)
            for mask, ways in picked.items()
        )
    return found


def roughly(history: History, core: Sequence[int], seen: int, orders: float) -> float:
    """Nearly the probability, without a closer look: at most of what would be expected, were all sessions alike."""
    f = history.usual_reading
    mean = orders * MOST * history.total
    for number, token in enumerate(core):
        swapped = number and history.commutes[token] and history.commutes[core[number - 1]]
        mean *= history.totals[token] / history.total * ((1 + f + f * f) * (1 + swapped) if number else 1)
    sessions = min(len(history.counts[token]) for token in core)
    return tail(sessions, min(mean, sessions * 0.99), seen)


def testable(history: History, minimum: int, longest: int) -> list[float]:
    """For each length up to `longest`: a bound of the number of patterns that could have been found in `minimum`
    sessions under any order of the calls, divided by the length's share of the rate.

    Such a pattern's steps are all in `minimum` sessions; those that cannot reach it need no correction (Tarone 1990).
    A session has v^k sequences of k of its v kinds of steps, and each pattern is counted in `minimum` sessions. Pairs
    are counted one by one; where e of them share enough sessions, x(x - 1)/2 = e, no more than x over k sets of k do
    (Kruskal 1963, Katona 1968). Triples have the largest share, every step more than that halves it.
    """
    variety: Counter[int] = Counter()
    for count in history.counts:
        if len(count) >= minimum:
            variety.update(count.keys())
    pairs, patterns = _pairs(history, minimum)
    kinds = (1 + math.sqrt(1 + 8 * pairs)) / 2
    sizes = Counter(variety.values())
    found = []
    for length in range(longest + 1):
        most = sum(sessions * float(each) ** length for each, sessions in sizes.items()) / minimum
        share = 1 / 4 if length < 3 else 1 / 3 / 2.0 ** (length - 3)
        most = min(most, float(patterns) if length == 2 else kinds**length)
        found.append(max(1.0, most) / share)
    return found


def _bits(sessions: Iterable[int], size: int) -> int:
    """A set of sessions as a number with a bit for each."""
    made = bytearray(size // 8 + 1)
    for session in sessions:
        made[session >> 3] |= 1 << (session & 7)
    return int.from_bytes(made, "little")


def _pairs(history: History, minimum: int) -> tuple[int, int]:
    """(pairs of kinds of steps that are in `minimum` sessions together, patterns that can be made of them).

    Two that only read make one, as their order does not matter; two that do more can come in either order or in both.
    """
    sets = [
        (_bits(count, len(history.calls)), reads)
        for count, reads in zip(history.counts, history.commutes, strict=True)
        if len(count) >= minimum
    ]
    if len(sets) > MANY:
        return len(sets) * (len(sets) - 1) // 2, len(sets) * len(sets) * 2
    pairs = patterns = 0
    for number, (one, reads) in enumerate(sets):
        for other, too in sets[:number]:
            if (one & other).bit_count() >= minimum:
                pairs += 1
                patterns += 1 if reads and too else 2 if reads or too else 3
    return pairs, patterns


def together(history: History, minimum: int) -> set[tuple[int, ...]]:
    """What one line does by itself in `minimum` sessions: parts of two actions and more, in normal form.

    A shuffle of calls leaves lines as they are, so these are known under the null as well. A pattern that is written as
    one line at other times has so few rivals that it is judged among these.
    """
    seen: dict[tuple[int, ...], set[int]] = {}
    for session, lines in enumerate(history.lines):
        for line in lines:
            for first in range(len(line)):
                for last in range(first + 2, len(line) + 1):
                    seen.setdefault(normal(line[first:last], history.commutes), set()).add(session)
    return {part for part, sessions in seen.items() if len(sessions) >= minimum}


def discoveries(corrected: Sequence[float]) -> list[float]:
    """The false discovery rate of each list that ends with this hypothesis (Benjamini and Hochberg 1995).

    `corrected` are probabilities times the number of hypotheses of their kind, times the number of kinds: the weighted
    form of Genovese, Roeder and Wasserman (2006), with a weight for each length of pattern.
    """
    ranked = sorted(range(len(corrected)), key=lambda i: corrected[i])
    found = [1.0] * len(corrected)
    least = 1.0
    for rank in range(len(ranked), 0, -1):
        least = min(least, corrected[ranked[rank - 1]] / rank)
        found[ranked[rank - 1]] = least
    return found


def prompted(
    history: History,
    rows: Sequence[int],
    kinds: Sequence[Sequence[int]],
    chunks: Chunks,
    members: int,
    *,
    choices: float,
    orders: float,
) -> tuple[float, float]:
    """(mean number of a cluster's rows that show the steps by chance, probability of at least as many as do).

    `rows` are the cluster's, of which `members` show the steps; `kinds` are the tokens that count as each step, and
    `chunks` says which steps (as numbers into `kinds`) each call held where there were fewest. `choices` is among how
    many sets of steps these were picked, `orders` in how many orders the calls may come.

    The null: what follows these prompts is drawn from what else is done in the same session; so far as that is little,
    from what is done in other episodes; so far as that is little, from the many things that could be done.
    """
    share = _shares(history, rows, kinds)
    calls = len(chunks)
    mean = 0.0
    for row in rows:
        chance = orders * float(math.comb(max(calls, len(history.rows[row][1])), calls))
        shares = share(history.sessions[row])
        for chunk in chunks:
            chance *= min(shares[kind] for kind in chunk)
        mean += min(1.0, chance)
    # Whichever row is seen first says which steps they are: the others can repeat it by chance, or not.
    others = mean * (len(rows) - 1) / len(rows)
    return mean, min(1.0, choices * tail(len(rows) - 1, others, members - 1))


def _shares(history: History, rows: Sequence[int], kinds: Sequence[Sequence[int]]) -> Callable[[int], list[float]]:
    """For a session: the share of the calls outside of `rows` that are of each of `kinds`, smoothed.

    Of the whole history that is a kind's own share, or what Laplace's rule leaves for it among all there could be,
    whichever is more; a session's share is drawn towards it (Dirichlet).
    """
    sets = [frozenset(kind) for kind in kinds]
    own_calls: Counter[int] = Counter()
    own: list[Counter[int]] = [Counter() for _ in kinds]
    kinds_of: dict[int, list[int]] = {}
    for kind, tokens in enumerate(sets):
        for token in tokens:
            kinds_of.setdefault(token, []).append(kind)
    for row in rows:
        session = history.sessions[row]
        own_calls[session] += len(history.rows[row][1])
        for at in range(history.starts[row], history.ends[row]):
            for kind in kinds_of.get(history.tokens[at], ()):
                own[kind][session] += len(history.holders[at])
    others = history.total - sum(own_calls.values())
    general: list[float] = []
    for kind, tokens in enumerate(sets):
        have = max(0, sum(history.totals[token] for token in tokens) - sum(own[kind].values()))
        unseen = (have + len(tokens)) / (others + len(history.names) + REPERTOIRE)
        general.append(max(unseen, have / (others + 1)))

    def of(session: int) -> list[float]:
        calls = max(0, history.calls[session] - own_calls[session])
        found = []
        for kind, tokens in enumerate(sets):
            have = sum(history.counts[token].get(session, 0) for token in tokens) - own[kind][session]
            found.append(min(1.0, (max(0, have) + PRIOR * general[kind]) / (calls + PRIOR)))
        return found

    return of
