"""Slips: what is left of a hotspot that went wrong, and what is a thing of its own."""

from __future__ import annotations

from random import Random

import pytest

from agentjit.detect.mine import mined
from agentjit.detect.mining.history import BREAK, History
from agentjit.detect.mining.slips import slips
from agentjit.hotspot import Hotspot
from tests.support.notation import DAY, START
from tests.support.tokens import noisy, row

NOW = START + 90 * DAY


def found(episode: str, core: str, whole: int = 9) -> list[str]:
    history = History([row(episode, 0), row(core, 1)])
    tokens = [token if at <= history.ends[0] else BREAK for at, token in enumerate(history.tokens)]
    steps = tuple(history.numbers[letter, letter.islower()] for letter in core)
    return ["".join(history.names[tokens[at]] for at in slip.places) for slip in slips(history, tokens, steps, whole)]


@pytest.mark.parametrize(
    ("episode", "slip"),
    [
        ("QACDR", "ACD"),  # one left out
        ("QBCDR", "BCD"),
        ("QABZCDR", "ABCD"),  # another one in between
        ("QABZDR", "ABD"),  # one replaced
        ("QAxCyDR", "ACD"),  # looks around
        ("QBACR", "BAC"),
    ],
)
def test_a_slip(episode: str, slip: str) -> None:
    assert found(episode, "ABCD") == [slip]


@pytest.mark.parametrize("episode", ["QABR", "QAYBZCRD", "QAxyzBCR", "QCRDRA", ""])
def test_no_slip(episode: str) -> None:
    assert found(episode, "ABCD") == []


def test_of_two_steps_nothing_is_left() -> None:
    assert found("QAR", "AB") == []


def test_what_comes_as_often_without_a_step_may_be_its_own() -> None:
    history = History([row("QABRSTUABVWXYABQRSTABU", 0), row("ABC", 1)])
    core = tuple(history.numbers[letter, False] for letter in "ABC")
    tokens = [token if at <= history.ends[0] else BREAK for at, token in enumerate(history.tokens)]
    few, many = slips(history, tokens, core, whole=5), slips(history, tokens, core, whole=9)
    assert len(few) == len(many) == 4
    assert all(slip.explains(core[:2]) for slip in many)
    assert not any(slip.explains(core[:2]) for slip in few)
    assert all(slip.explains(core[:1]) for slip in few)


# --- in mining


def inside(rituals: list[str], count: int = 30) -> dict[str, Hotspot]:
    rng = Random(5)
    rows = [noisy(rng, rituals[session % len(rituals)], session, 30) for session in range(count)]
    return {"".join(each.signature): each for each in mined(rows, now=NOW).hotspots}


def test_a_ritual_gone_wrong_is_no_second_one() -> None:
    rng = Random(2)
    runs = ["ABCDE"] * 14
    for _ in range(8):
        at = rng.randrange(5)
        runs += ["ABCDE"[:at] + rng.choice(["", "Z", "Y", "X"]) + "ABCDE"[at + 1 :]]
    assert set(inside(runs, len(runs))) == {"ABCDE"}


def test_a_shorter_one_that_stands_alone_is_one() -> None:
    assert set(inside(["ABCDEF", "ABC"])) == {"ABCDEF", "ABC"}


def test_most_of_the_places_make_it_the_longer_one() -> None:
    """A loop is worth more turns without its last step wherever that is missing; it still belongs to it."""
    assert set(inside(["ABABABC", "ABABC", "ABABABABC", "ABABAB"])) == {"ABC"}


def test_a_look_that_is_not_always_there_is_no_step() -> None:
    (hotspot,) = inside(["ABC", "AxBC", "ABC"]).values()
    assert hotspot.signature == ("A", "B", "C")


def test_a_step_that_wanders_around_a_ritual_is_none_of_it() -> None:
    """`G` is the commonest call of all: it stands before some, and after others."""
    rng = Random(9)
    rows = []
    for session in range(24):
        calls = "".join(rng.choices("GHIJKLMNOPQ", (8, *[1] * 10), k=30))
        at = rng.randrange(30)
        rows.append(row(f"{calls[:at]}ABC{calls[at:]}", session))
    assert ["".join(each.signature) for each in mined(rows, now=NOW).hotspots] == ["ABC"]


def test_what_a_longer_line_does_is_a_part_of_it() -> None:
    """`A && B && C` nearly always; three times in pieces, where `A` and `B` were apart."""
    rng = Random(3)
    rows = []
    for session in range(14):
        letters = [operation.signature for operation in noisy(rng, "", session, 40)[1]]
        pieces = ["A", "BC"] if session < 2 else ["A", "B"] if session == 2 else ["ABC"]
        rows.append(row([*letters[:9], *pieces, *letters[9:]], session))
    assert [each.signature for each in mined(rows, now=NOW).hotspots] == []
