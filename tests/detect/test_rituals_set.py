"""The synthetic histories themselves, and their judge: what the detector is measured with has to be right, too."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from agentjit.detect.signature import operation
from agentjit.hotspot import Hotspot, Occurrence
from agentjit.trace import Effect, Episode, ToolCall
from tests.support.rituals import MINIMUM, MODERATE, NOW, History, history, noisy, random_history, shuffled
from tests.support.rituals_judge import doubled, judge, signature
from tests.support.rituals_noise import filled
from tests.support.rituals_words import COMMANDS, FAMILIES, HEAD, INSIDE, KEYED, LOOKS, SHIP, VERIFY, Ritual

SEEDS = range(100, 112)
"""Some of those that the detector is judged with."""


@cache
def made(seed: int) -> History:
    return history(seed)


def test_a_history_follows_from_its_seed() -> None:
    assert history(3) == history(3)
    assert history(3) != history(4)
    assert shuffled(made(100).episodes, 1) == shuffled(made(100).episodes, 1)
    assert shuffled(made(100).episodes, 1) != shuffled(made(100).episodes, 2)
    assert random_history(3) == random_history(3)
    assert random_history(3) != random_history(4)


@pytest.mark.parametrize("seed", [100, 101, 102])
def test_labels_point_at_the_calls_of_their_rituals(seed: int) -> None:
    calls = {call.id: (call, episode) for episode in made(seed).episodes for call in episode.calls}
    rituals = {ritual.id: ritual for ritual in made(seed).rituals}
    families = {family.id for family in made(seed).families}
    assert {label.ritual for label in made(seed).labels} == set(rituals) | families
    for label in made(seed).labels:
        assert label.calls and label.session == label.episode.partition(":")[0]
        assert all(calls[call][1].id == label.episode for call in label.calls)
        if label.ritual in families or label.perturbed or label.nested:
            continue
        programs = Counter(step.text.split()[0] for step in rituals[label.ritual].steps)
        text = "\n".join(str(calls[call][0].input) for call in label.calls)
        assert all(text.count(program) >= times for program, times in programs.items()), (label, text)


@pytest.mark.parametrize("seed", [100, 101, 102])
def test_a_prompt_says_what_its_ritual_is_about(seed: int) -> None:
    prompts = {episode.id: episode.prompt for episode in made(seed).episodes}
    for ritual in made(seed).rituals:
        words = [word for word in ritual.prompt.lower().rstrip("?").split() if not word.startswith("{")]
        for label in made(seed).of(ritual.id):
            assert all(word in prompts[label.episode].lower() for word in words)


def test_a_call_belongs_to_one_ritual() -> None:
    for seed in SEEDS:
        calls = Counter(call for label in made(seed).labels if not label.nested for call in label.calls)
        assert set(calls.values()) == {1}


@pytest.mark.parametrize("noise", [0.0, 0.2, 0.6])
def test_noise_is_what_it_says(noise: float) -> None:
    """The share of perturbed occurrences, over 400 to 500 of them: three standard errors are 0.07."""
    labels = [
        label
        for past in (history(seed, noisy(noise)) for seed in range(4))
        for ritual in past.rituals
        for label in past.of(ritual.id)
        if not label.nested
    ]
    assert len(labels) >= 350
    assert abs(sum(1 for label in labels if label.perturbed) / len(labels) - noise) <= (0.07 if noise else 0.0)


def test_background_is_what_it_says() -> None:
    """Calls that belong to nothing, reads in between left out by their share: five for each call of a ritual."""
    past = made(100)
    families = {family.id for family in past.families}
    rituals = {call for label in past.labels if label.ritual not in families for call in label.calls}
    others = {call for label in past.labels if label.ritual in families for call in label.calls}
    exploring = {episode.id for episode in past.episodes} - {
        label.episode for label in past.labels if any(r.prompt for r in past.rituals if r.id == label.ritual)
    }
    rest = sum(
        1
        for e in past.episodes
        if e.id in exploring
        for call in e.calls
        if call.id not in rituals and call.id not in others
    )
    assert rest / len(rituals) == pytest.approx(MODERATE.background, rel=0.06)


def test_most_commands_are_rare_and_a_few_are_everywhere() -> None:
    lines = Counter(
        operation(call).signature
        for seed in (100, 101, 102)
        for episode in made(seed).episodes
        for call in episode.calls
        if call.tool == "Bash"
    )
    assert len(lines) >= 400
    frequent = sum(times for _, times in lines.most_common(10))
    assert 0.15 <= frequent / lines.total() <= 0.5


def test_steps_of_a_ritual_can_be_told_apart() -> None:
    rituals = [*KEYED, VERIFY, SHIP, *INSIDE, *(ritual for seed in SEEDS for ritual in made(seed).rituals)]
    for ritual in rituals:
        assert len({signature(step) for step in ritual.steps}) == len(ritual.steps), ritual.id
    assert {step.text for step in COMMANDS} >= set(HEAD)


def test_steps_are_the_same_whatever_their_values() -> None:
    """Else a ritual would be a family that never settles."""
    steps = [*COMMANDS, *(step for ritual in (*KEYED, VERIFY, SHIP, *INSIDE) for step in ritual.steps)]
    for step in steps:
        lines = [filled(Random(seed), step.text, {}) for seed in range(8)]
        calls = [ToolCall("x", "Bash", {"command": line}, "", True, 0, 0.0, cwd="/work/shop") for line in lines]
        assert {tuple(each.signature for each in operation(call).actions) for call in calls} == {(signature(step),)}


def test_reads_are_reads() -> None:
    """What is taken for noise, and what may change places, really changes nothing."""
    free = [ritual.steps[place] for ritual in KEYED for pair in ritual.swaps for place in pair]
    for step in (*LOOKS, *free):
        assert step.reads
    for step in free:
        line = step.text.replace("{", "").replace("}", "")
        call = ToolCall("x", "Bash", {"command": line}, "", True, 0, 0.0, cwd="/work/shop")
        assert operation(call).effect is Effect.READS, line


def test_families_never_do_the_same_thing_often() -> None:
    for seed in SEEDS:
        lines: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        calls = {call.id: call for episode in made(seed).episodes for call in episode.calls}
        for label in made(seed).labels:
            if label.ritual in {family.id for family in made(seed).families}:
                lines[label.ritual].append(tuple(signature_of(calls[call]) for call in label.calls))
        for family, runs in lines.items():
            assert Counter(runs).most_common(1)[0][1] <= len(runs) / 2, (seed, family)
    assert {family.kind for family in FAMILIES} == {"order", "steps", "flags"}


def signature_of(call: ToolCall) -> str:
    return operation(call).actions[0].signature


def test_shuffling_moves_calls_within_their_session_only() -> None:
    past = made(100).episodes
    moved = shuffled(past, 1)
    assert [(e.id, e.prompt, len(e.calls)) for e in past] == [(e.id, e.prompt, len(e.calls)) for e in moved]
    assert [call.at for e in past for call in e.calls] == [call.at for e in moved for call in e.calls]
    assert by_session(past) == by_session(moved)
    same = sum(a.id == b.id for e, f in zip(past, moved, strict=True) for a, b in zip(e.calls, f.calls, strict=True))
    assert same <= 0.1 * sum(len(e.calls) for e in past)


def by_session(episodes: tuple[Episode, ...] | list[Episode]) -> dict[str, list[str]]:
    calls: dict[str, list[str]] = defaultdict(list)
    for episode in episodes:
        calls[episode.session] += [call.id for call in episode.calls]
    return {session: sorted(ids) for session, ids in calls.items()}


def test_times_are_in_order() -> None:
    for episodes in (made(100).episodes, shuffled(made(100).episodes, 1), random_history(1)):
        for episode in episodes:
            times = [episode.at, *(call.at for call in episode.calls)]
            assert times == sorted(times)
            assert times[-1] < NOW


# --- whether what is asked is possible


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_rituals_beat_chance_for_who_knows_them(seed: int) -> None:
    """Who knows a ritual's steps finds it in more sessions than chance can explain.

    Chance is the same calls in other orders within their session; each session has a probability of its own to show
    the ritual then, estimated from 40 orders, and p is the tail of the Poisson-binomial distribution.
    """
    past = made(seed)
    steps = {call.id: [each.signature for each in operation(call).actions] for e in past.episodes for call in e.calls}
    orders = [shuffled(past.episodes, order) for order in range(40)]
    for ritual in past.fair():
        real = shows(past.episodes, ritual, steps)
        often = [shows(episodes, ritual, steps) for episodes in orders]
        chances = [(sum(s in each for each in often) + 0.05) / 40.1 for s in {e.session for e in past.episodes}]
        assert tail(chances, len(real)) < 0.002, ritual.id


def shows(episodes: Sequence[Episode], ritual: Ritual, steps: dict[str, list[str]]) -> set[str]:
    """The sessions with all steps in an episode, one soon after the other, behind the ritual's prompt if it has one."""
    wanted = [signature(step) for step in ritual.steps]
    words = {word for word in ritual.prompt.lower().rstrip("?").split() if not word.startswith("{")}
    return {
        episode.session
        for episode in episodes
        if words <= set(episode.prompt.lower().rstrip("?.").split())
        and close([step for call in episode.calls for step in steps[call.id]], wanted)
    }


def close(taken: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether `wanted` are all among some neighbours in `taken`: two others for each of them at most."""
    places = [place for place, step in enumerate(taken) if step == wanted[0]]
    spans = (taken[max(0, place - 1) : place + 3 * len(wanted)] for place in places)
    return any(set(wanted) <= set(span) for span in spans)


def tail(chances: Sequence[float], least: int) -> float:
    """The probability of `least` successes or more when each trial has a chance of its own."""
    exactly = [1.0]
    for chance in chances:
        exactly = [
            here * (1 - chance) + before * chance for here, before in zip([*exactly, 0.0], [0.0, *exactly], strict=True)
        ]
    return math.fsum(exactly[least:])


# --- the judge


def truth(past: History) -> list[Hotspot]:
    """What a perfect detector would say of the rituals."""
    calls = {call.id: operation(call) for episode in past.episodes for call in episode.calls}
    episodes = {episode.id: episode for episode in past.episodes}
    return [
        Hotspot(
            id=ritual.id,
            signature=tuple(map(signature, ritual.steps)),
            occurrences=tuple(
                Occurrence(episodes[label.episode], tuple(calls[call] for call in label.calls))
                for label in past.of(ritual.id)
                if not label.nested
            ),
        )
        for ritual in past.rituals
    ]


def test_the_truth_is_judged_perfect() -> None:
    verdict = judge(made(100), truth(made(100)))
    assert (verdict.precision, verdict.recall, verdict.call_precision, verdict.call_recall) == (1, 1, 1, 1)
    assert (verdict.fair, verdict.twice, verdict.settled, verdict.doubled) == (12, 0, 0, ())


def test_order_does_not_matter_to_the_judge_but_steps_do() -> None:
    past = made(100)
    perfect = truth(past)
    assert judge(past, [turned(hotspot) for hotspot in perfect]).recall == 1
    for hotspot, ritual in zip(perfect, past.rituals, strict=True):
        less = replace(hotspot, signature=hotspot.signature[1:])
        more = replace(hotspot, signature=(*hotspot.signature, "make <arg>"))
        other = replace(hotspot, signature=("make <arg>", *hotspot.signature[1:]))
        long = len(ritual.steps) >= 4
        assert judge(past, [less]).right == judge(past, [more]).right == int(long)
        assert judge(past, [other]).right == 0


def turned(hotspot: Hotspot) -> Hotspot:
    return replace(hotspot, signature=hotspot.signature[::-1])


def test_a_hotspot_that_lies_elsewhere_does_not_count() -> None:
    past = made(100)
    one, other, *rest = truth(past)
    verdict = judge(past, [replace(one, occurrences=other.occurrences), other, *rest])
    assert (verdict.right, verdict.found, verdict.recalled) == (11, 12, 11)
    assert len(verdict.missed) == len(verdict.wrong) == 1
    assert one.id in verdict.missed[0] and other.id in verdict.wrong[0]
    assert verdict.doubled  # and the calls of `other` are claimed by two


def test_what_is_unstable_is_neither_right_nor_wrong() -> None:
    past = made(100)
    one, *rest = truth(past)
    verdict = judge(past, [replace(one, unstable="never the same"), *rest])
    assert (verdict.found, verdict.precision, verdict.recalled) == (11, 1, 11)


def test_a_family_that_is_taken_for_settled_is_noticed() -> None:
    past = made(100)
    calls = {call.id: operation(call) for episode in past.episodes for call in episode.calls}
    episodes = {episode.id: episode for episode in past.episodes}
    labels = past.of(past.families[0].id)
    runs = tuple(Occurrence(episodes[each.episode], (calls[each.calls[0]],)) for each in labels)
    claim = Hotspot(id="x", signature=(runs[0].operations[0].signature,), occurrences=runs)
    assert judge(past, [claim]).settled == 1
    assert judge(past, [replace(claim, unstable="never the same")]).settled == 0


def test_a_call_claimed_twice_is_noticed() -> None:
    perfect = truth(made(100))
    assert doubled(perfect) == []
    again = replace(perfect[0], id="again")
    assert len(doubled([*perfect, again])) >= 1


def test_rituals_too_rare_to_be_found_are_not_asked_for() -> None:
    """With everything perturbed, there is nothing that has to be found."""
    assert history(1, noisy(1.0)).fair() == []
    assert len(history(1, noisy(0.0)).fair()) == len(history(1, noisy(0.0)).rituals)
    whole = [label for label in made(100).labels if not label.perturbed and not label.nested]
    assert all(sum(1 for label in whole if label.ritual == each.id) >= MINIMUM for each in made(100).fair())
