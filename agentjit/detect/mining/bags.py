"""Any order: steps that do more than read, taken in several orders in a row.

Every two to four steps in a row are a bag; a sum of random numbers, one for each kind of step, is the same for any
order of the same steps and for no others. A first pass counts in how many sessions each is, of all that share a slot
(Park, Chen and Yu 1995); the second keeps those that are in enough, and in more than chance has them. Linear.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from operator import add
from random import Random

from agentjit.detect.mining import chance
from agentjit.detect.mining.growth import GAP
from agentjit.detect.mining.history import BREAK, History
from agentjit.detect.mining.order import Core, several
from agentjit.detect.mining.worth import Candidate

BAGS = range(2, 5)  # steps of which several orders are looked at


def unordered(history: History, tokens: Sequence[int], minimum: int, testable: Sequence[float]) -> list[Candidate]:
    """Steps that do more than read and are taken in several orders: a candidate for each set of them."""
    random = Random(0)
    weights = [random.getrandbits(60) for _ in history.names]
    windows = _windows(history, tokens)
    mask = (1 << len(tokens).bit_length() + 3) - 1
    last = array("i", [-1]) * (mask + 1)
    sessions = array("i", [0]) * (mask + 1)
    for window in windows:
        session = history.where[window[0]]
        for sums in _bags(tokens, window, weights):
            for bag in sums:
                slot = bag & mask
                if last[slot] != session:
                    last[slot] = session
                    sessions[slot] += 1
    seen: dict[int, list[tuple[int, int, Core]]] = {}
    dropped: set[int] = set()
    for window in windows:
        for size, sums in zip(BAGS, _bags(tokens, window, weights), strict=True):
            for first, bag in enumerate(sums):
                if sessions[bag & mask] < minimum or bag in dropped:
                    continue
                steps = tuple([tokens[at] for at in window[first : first + size]])
                if bag not in seen:
                    once = chance.roughly(history, steps, sessions[bag & mask], float(math.factorial(size)))
                    if (size > 2 and len(set(steps)) < size) or once * testable[size] > 1:
                        dropped.add(bag)
                        continue
                    seen[bag] = []
                seen[bag].append((window[first], window[first + size - 1], steps))
    found = []
    for runs in seen.values():
        if len({core for _, _, core in runs}) == 1 or len({history.where[lo] for lo, _, _ in runs}) < minimum:
            continue
        together, reason = several([core for _, _, core in runs])
        counts = Counter(core for _, _, core in runs)
        orders = tuple(sorted(together, key=lambda core: (-counts[core], core)))
        if len(orders) > 1:
            matches = [(lo, hi) for lo, hi, core in runs if core in together]
            found.append(Candidate(orders[0], matches, orders, unstable=reason))
    return found


def _bags(tokens: Sequence[int], window: Sequence[int], weights: Sequence[int]) -> list[list[int]]:
    """For each size: the sums of the weights of so many steps in a row."""
    own = [weights[tokens[at]] for at in window]
    sums, found = own, []
    for size in BAGS:
        sums = list(map(add, sums, own[size - 1 :]))
        found.append(sums)
    return found


def _windows(history: History, tokens: Sequence[int]) -> list[list[int]]:
    """The places of steps that do more than read, where few reads stand between one and the next."""
    found: list[list[int]] = [[]]
    for at, token in enumerate(tokens):
        if token == BREAK:
            found.append([])
        elif not history.commutes[token]:
            if found[-1] and at - found[-1][-1] > GAP + 1:
                found.append([])
            found[-1].append(at)
    return [window for window in found if len(window) > 1]
