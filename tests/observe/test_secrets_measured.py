"""How much the table finds, and how often it is wrong, on the labelled set (`python -m bench.redaction` prints it)."""

from __future__ import annotations

from collections import Counter

import pytest

from agentjit.observe.redact import PLACEHOLDER, Redactor
from tests.observe.secretless_lines import NEGATIVES, negatives
from tests.observe.secrets_labelled import PER_KIND, PLACES, TOKENS, positives

REDACTOR = Redactor(b"key", {})
SEEDS = (7, 101, 2026)


def found(seed: int) -> tuple[Counter[str], Counter[str]]:
    """(lines whose secret is gone, all lines) of every kind."""
    gone: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for line in positives(seed):
        every[line.kind] += 1
        gone[line.kind] += line.secret not in REDACTOR.text(line.text)
    return gone, every


def test_the_set_is_what_it_says() -> None:
    lines = positives()
    assert len({*TOKENS, *PLACES}) >= 100 and PER_KIND >= 20
    assert all(count == PER_KIND for count in Counter(line.kind for line in lines).values())
    assert all(line.secret and line.secret in line.text for line in lines)
    assert lines == positives() != positives(8)
    assert len(negatives()) == NEGATIVES >= 2_000


@pytest.mark.parametrize("seed", SEEDS)
def test_recall(seed: int) -> None:
    gone, every = found(seed)
    poor = {kind: f"{gone[kind]} of {every[kind]}" for kind in every if gone[kind] < 0.9 * every[kind]}
    assert not poor
    assert sum(gone.values()) >= 0.99 * sum(every.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_false_alarms(seed: int) -> None:
    lines = negatives(seed)
    wrong = [line for line in lines if REDACTOR.text(line) != line]
    assert len(wrong) <= 0.002 * len(lines), wrong


@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_secret_goes(seed: int) -> None:
    """What is left of a line is the line without its secret, so that everything else is data flow as before."""
    for line in positives(seed):
        if line.kind not in PLACES or line.kind in ("private-key", "header-basic", "aws-beside"):
            continue
        first, last = line.text.split(line.secret, 1)
        redacted = REDACTOR.text(line.text)
        bare = PLACEHOLDER.sub("", redacted)
        assert len(bare) >= 0.9 * (len(first) + len(last)), redacted
