"""How one doing of a ritual really looks: values, order, loops, joined lines, cosmetics, looks in between, mishaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from tests.support.rituals_words import (
    COMMANDS,
    DOES,
    HEAD,
    KINDS,
    LOOKS,
    TOOLS,
    Family,
    Ritual,
    Step,
)

_FIELDS = {"Bash": "command", "Read": "file_path", "Grep": "pattern", "Glob": "pattern", "Edit": "file_path"}
_FRONTS = ("cd {cwd} && ", "cd {cwd} && timeout 60 ", "timeout 60 ", "timeout 300 ")
_BACKS = (" 2>&1 | tail -30", " 2>&1", " | tail -20", " 2>&1 | head -50", " | head -100", " 2>/dev/null")


@dataclass(frozen=True, slots=True)
class Draft:
    """A call before it has a time and a place: `text` is its line, or what its tool is given.

    `of` is the ritual or family whose `steps` (by their numbers) it takes, "" for everything else.
    """

    tool: str
    text: str
    of: str = ""
    steps: tuple[int, ...] = ()

    def given(self, cwd: str) -> dict[str, str]:
        """The tool's input."""
        text = self.text.replace("{cwd}", cwd)
        given = {_FIELDS[self.tool]: text}
        if self.tool == "Edit":
            given |= {"old_string": f"return {len(text)}", "new_string": f"return {len(text) + 1}"}
        return given


@dataclass(frozen=True, slots=True)
class Manner:
    """How untidy the doing of things is; all but `rounds` are probabilities.

    `noise`: that a doing is perturbed (a step dropped, another write in between, a step replaced by something else).
    `looks`: that one or two reads stand in a gap, or before or after a ritual that a prompt starts. `joined`: that all
    steps share a line (`a && b`); half as often, some of them do. `dressed`: that a line wears cosmetics in front, and
    the same again behind. `swapped`: that two independent reads change places. `bursts`: that a read or a search of the
    background is followed by another one. `tools`: that a call of the background is no command, but reads, searches or
    edits a file. `rounds` are the fewest and the most a loop takes.
    """

    noise: float = 0.2
    looks: float = 0.25
    joined: float = 0.3
    dressed: float = 0.35
    swapped: float = 0.4
    bursts: float = 0.3
    tools: float = 0.55
    rounds: tuple[int, int] = (1, 5)


def value(rng: Random, kind: str) -> str:
    return rng.choice(KINDS[kind])


def filled(rng: Random, text: str, values: dict[str, str]) -> str:
    """`text` with its `{kind}`s replaced by what `values` has, which learns those that are new; `{cwd}` stays."""
    for kind in KINDS:
        while (mark := f"{{{kind}}}") in text:
            if kind not in values:
                values[kind] = value(rng, kind)
            text = text.replace(mark, values[kind], 1)
            if kind == "file":
                values.pop(kind)  # two files in one line are two
    return text


def dressed(rng: Random, text: str, chance: float) -> str:
    """A shell line with what is only cosmetic put round it."""
    if rng.random() < chance:
        if text.startswith("git ") and rng.random() < 0.5:
            text = text.replace("git ", "git -C {cwd} ", 1)
        else:
            text = rng.choice(_FRONTS) + text
    return text + rng.choice(_BACKS) if rng.random() < chance else text


def drafted(rng: Random, step: Step, manner: Manner, values: dict[str, str] | None = None) -> Draft:
    """`step` on its own."""
    text = filled(rng, step.text, {} if values is None else values)
    return Draft(step.tool, dressed(rng, text, manner.dressed) if step.tool == "Bash" else text)


class Background:
    """What a history is mostly made of: commands with a heavy tail, and files read, searched and edited.

    The k-th most frequent command has weight k^-`zipf`; `session` turns a few commands into the topic of a session,
    so that what is frequent differs from one to the next.
    """

    def __init__(self, rng: Random, manner: Manner, vocabulary: int, zipf: float) -> None:
        head = [step for step in COMMANDS if step.text in HEAD]
        tail = [step for step in COMMANDS if step.text not in HEAD]
        self.rng, self.manner = rng, manner
        self.commands = [*rng.sample(head, len(head)), *rng.sample(tail, vocabulary - len(head))]
        self.rare = self.commands[len(head) + 20 :]
        self.weights = [(rank + 1) ** -zipf for rank in range(vocabulary)]
        self.session()

    def session(self, topic: int = 12) -> None:
        """Begin a session: `topic` commands are eight times as frequent in it."""
        weights = list(self.weights)
        for place in self.rng.sample(range(len(weights)), topic):
            weights[place] *= 8
        self._sums = list(accumulate(weights))

    def step(self) -> Step:
        """A command, drawn independently of everything before it."""
        return self.rng.choices(self.commands, cum_weights=self._sums)[0]

    def calls(self, number: int, of: float | None = None) -> list[Draft]:
        """`number` calls in a row; `of` is the chance of another burst (default: the manner's)."""
        bursts = self.manner.bursts if of is None else of
        made: list[Draft] = []
        while len(made) < number:
            again = made and made[-1].tool in ("Read", "Grep") and self.rng.random() < bursts
            if again:
                tool = next(step for step in TOOLS if step.tool == made[-1].tool)
                made.append(drafted(self.rng, tool, self.manner))
            elif self.rng.random() < self.manner.tools:
                made.append(drafted(self.rng, self.rng.choices(TOOLS, (5, 3, 3))[0], self.manner))
            else:
                made.append(drafted(self.rng, self.step(), self.manner))
        return made

    def writes(self) -> Step:
        """Something that writes and belongs to nothing."""
        return self.rng.choice([TOOLS[-1], *(step for step in self.rare if not step.reads)])


@dataclass(frozen=True, slots=True)
class Doing:
    """One occurrence, drafted. `perturbed` says by what, "" if it is whole. `values` are those of its prompt, too."""

    drafts: tuple[Draft, ...]
    values: dict[str, str]
    perturbed: str = ""


def doing(rng: Random, ritual: Ritual, manner: Manner, background: Background) -> Doing:
    """The ritual done once, in its manner."""
    values: dict[str, str] = {}
    filled(rng, ritual.prompt, values)
    taken = _taken(rng, ritual, manner)
    perturbed = _mishap(rng, ritual) if rng.random() < manner.noise else ""
    items: list[tuple[int, Step]] = [(number, ritual.steps[number]) for number in taken]
    if perturbed == "dropped":
        gone = rng.randrange(len(ritual.steps))
        items = [item for item in items if item[0] != gone]
    elif perturbed == "replaced":
        other = next(step for step in iter(background.step, None) if step not in ritual.steps)
        items[rng.randrange(len(items))] = (-1, other)
    elif perturbed == "between":
        place = rng.randrange(1, len(items)) if len(items) > 1 else rng.randrange(2)
        items.insert(place, (-1, background.writes()))
    lines = _lines(rng, ritual, items, manner, values)
    looks = [step for step in LOOKS if step not in ritual.steps]
    return Doing(tuple(_with_looks(rng, lines, looks, manner, bool(ritual.prompt))), values, perturbed)


def _taken(rng: Random, ritual: Ritual, manner: Manner) -> list[int]:
    """The numbers of the steps in the order they are taken this time."""
    order = list(range(len(ritual.steps)))
    for one, other in ritual.swaps:
        if rng.random() < manner.swapped:
            order[one], order[other] = order[other], order[one]
    first, last = ritual.loop
    rounds = rng.randint(*manner.rounds) if last > first else 1
    return order[:first] + order[first:last] * rounds + order[last:]


def _mishap(rng: Random, ritual: Ritual) -> str:
    return rng.choice(("dropped", "replaced", "between") if len(ritual.steps) > 1 else ("replaced", "between"))


def _lines(
    rng: Random, ritual: Ritual, items: Sequence[tuple[int, Step]], manner: Manner, values: dict[str, str]
) -> list[Draft]:
    """Steps as calls: each by itself, some joined, or all in one line; loops are never joined."""
    how = rng.random() if ritual.loop == (0, 0) else 1.0
    glue = 1.0 if how < manner.joined else 0.5 if how < 1.5 * manner.joined else 0.0
    groups: list[list[tuple[int, Step]]] = []
    for item in items:
        same = groups and item[0] >= 0 and groups[-1][-1][0] >= 0 and item[1].tool == groups[-1][-1][1].tool == "Bash"
        if same and rng.random() < glue:
            groups[-1].append(item)
        else:
            groups.append([item])
    made = []
    for group in groups:
        # A round of a loop is about one item; steps that lie outside the loop find none.
        if group[0][0] == ritual.loop[0]:
            values["item"] = value(rng, "item")
        text = " && ".join(filled(rng, step.text, values if number >= 0 else {}) for number, step in group)
        tool = group[0][1].tool
        text = dressed(rng, text, manner.dressed) if tool == "Bash" else text
        numbers = tuple(number for number, _ in group if number >= 0)
        made.append(Draft(tool, text, ritual.id if numbers else "", numbers))
    return made


def _with_looks(rng: Random, lines: list[Draft], looks: list[Step], manner: Manner, ends: bool) -> list[Draft]:
    made: list[Draft] = []
    for place in range(len(lines) + 1):
        if rng.random() < manner.looks and (ends or 0 < place < len(lines)):
            made += [drafted(rng, rng.choice(looks), manner) for _ in range(rng.randint(1, 2))]
        made += lines[place : place + 1]
    return made


def unsettled(rng: Random, family: Family, manner: Manner) -> tuple[Draft, ...]:
    """A family that never settles, done once more."""
    values: dict[str, str] = {}
    if family.kind == "order":
        lines = rng.sample(family.pool, len(family.pool))
    elif family.kind == "steps":
        lines = rng.sample(family.pool, rng.randint(3, 5))
    else:
        chosen = [rng.sample(family.flags, rng.randint(1, 4)) for _ in family.pool]
        lines = [f"{line} {' '.join(flags)}" for line, flags in zip(family.pool, chosen, strict=True)]
    texts = [dressed(rng, filled(rng, line, values), manner.dressed) for line in lines]
    return tuple(
        Draft("Bash", text, family.id, (family.pool.index(line),) if line in family.pool else ())
        for text, line in zip(texts, lines, strict=True)
    )


def said(rng: Random, words: Sequence[str]) -> str:
    """A prompt nobody types twice, or hardly ever: a question about the code."""
    nouns = [rng.choice(KINDS["word"]) for _ in range(3)]
    more = (f" in {value(rng, 'file')}", f" after #{value(rng, 'item')}", f" and fix {nouns[2]} {value(rng, 'item')}")
    return f"{rng.choice(words)} the {nouns[0]} {rng.choice(DOES)} the {nouns[1]}{rng.choice(more)}"
