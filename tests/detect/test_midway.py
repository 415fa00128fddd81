"""Inside episodes: what is found, and what is shown of that which chance has as well."""

from __future__ import annotations

from random import Random

from agentjit.detect.mining import chance
from agentjit.detect.mining.history import History
from agentjit.detect.mining.midway import NEAR, Found, midway
from tests.support.tokens import noisy, row

MINIMUM = 3


def inside(rituals: list[str], count: int = 24, length: int = 40) -> tuple[History, Found]:
    """`count` sessions, each with one of the rituals in turn among noise."""
    rng = Random(4)
    history = History([noisy(rng, rituals[session % len(rituals)], session, length) for session in range(count)])
    return history, midway(history, list(history.tokens), minimum=MINIMUM, rate=chance.RATE)


def names(history: History, core: tuple[int, ...]) -> str:
    return "".join(history.names[token] for token in core)


def test_the_best_of_what_is_no_more_than_chance_is_shown() -> None:
    history, found = inside(["ABCD"])
    assert [names(history, each.core) for each, _ in found.candidates] == ["ABCD"]
    assert 0 < len(found.rejected) <= NEAR
    for candidate, (mean, p, q) in found.rejected:
        assert candidate.sessions(history) >= MINIMUM
        assert mean > 0
        assert chance.RATE < q <= 1
        assert 0 < p <= 1
    rates = [q for _, (_, _, q) in found.rejected]
    assert rates == sorted(rates)


def test_what_is_shown_lies_over_nothing() -> None:
    _, found = inside(["ABCD", "EF", "", ""], 40)
    used = [
        at
        for each, _ in (*found.candidates, *found.rejected)
        for placement in each.found
        for there in placement.places
        for at in there
    ]
    assert len(used) == len(set(used)) > 0


def test_what_nearly_beats_chance_comes_first() -> None:
    """The same sequence at a rate that it cannot meet."""
    rng = Random(8)
    history = History([noisy(rng, "AB" if session % 4 else "", session, 40) for session in range(20)])
    found = midway(history, list(history.tokens), minimum=MINIMUM, rate=chance.RATE)
    assert [names(history, each.core) for each, _ in found.candidates] == ["AB"]
    strict = midway(history, list(history.tokens), minimum=MINIMUM, rate=1e-30)
    assert strict.candidates == ()
    assert names(history, strict.rejected[0][0].core) == "AB"


def test_pairs_often_on_one_line_are_found_where_they_are_not() -> None:
    """Ten times `A && B`, four times `A` and then `B`: a shuffle can only put the four side by side."""
    rng = Random(6)
    rows = []
    for session in range(14):
        letters = [operation.signature for operation in noisy(rng, "", session, 30)[1]]
        rows.append(row([*letters[:9], *(["A", "B"] if session < 4 else ["AB"]), *letters[9:]], session))
    history = History(rows)
    found = midway(history, list(history.tokens), minimum=MINIMUM, rate=chance.RATE)
    ((candidate, (mean, _, _)),) = found.candidates
    assert names(history, candidate.core) == "AB"
    assert candidate.sessions(history) == 4
    assert mean < 0.5
