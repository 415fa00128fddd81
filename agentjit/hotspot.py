"""The nouns of detection: parsed operations, occurrences, hotspots (plain values, standard library only).

What a line is parsed into are named tuples: they are made by the hundred thousand, and cheaper than frozen dataclasses.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from agentjit.trace import Effect, Episode, ToolCall


class Word(NamedTuple):
    """One shell word at `text[start:end]` (character offsets) of its line.

    `value` is what the program receives, quotes and escapes removed; None where only a shell can tell (`$X`, `$(…)`,
    globs, braces, `~`): such a word may be constant but never carries a variable.
    """

    raw: str
    start: int
    end: int
    value: str | None


class Redirect(NamedTuple):
    """`2>&1`, `> file`, `<<'EOF' …`: the operator with its descriptor, and its target if that is a word.

    A here-document has no target but a `body`: the lines as they stand, without the delimiter; its value is the text
    that the program reads, None where an expansion is in it.
    """

    operator: str
    target: Word | None
    raw: str
    body: Word | None = None


class Command(NamedTuple):
    """A simple command: assignments before it (raw), its words (program first), its redirections.

    `assigned[i]` is what stands behind the `=` of `assignments[i]`.
    """

    words: tuple[Word, ...]
    assignments: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    assigned: tuple[Word, ...] = ()


_SHELL_ONLY = frozenset(
    (
        *(".", ":", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "command", "compgen", "complete"),
        *("compopt", "continue", "declare", "dirs", "disown", "enable", "eval", "exec", "exit", "export", "fc", "fg"),
        *("getopts", "hash", "help", "history", "jobs", "let", "local", "logout", "mapfile", "popd", "pushd", "read"),
        *("readarray", "readonly", "return", "set", "shift", "shopt", "source", "suspend", "times", "trap", "type"),
        *("typeset", "ulimit", "umask", "unalias", "unset", "wait"),
    )
)
"""Builtins that mean something else, or nothing, outside a shell."""


class Line(NamedTuple):
    """A parsed shell line.

    `connectors[i]` stands between `commands[i]` and `commands[i+1]`: `|`, `|&`, `&&`, `||`, `;`, newline or `&`.
    `opaque` is the reason why the line was not taken apart (a loop, a function, a syntax error), "" if it was: an
    opaque line has no commands and is one operation. `nested` are the commands inside substitutions, for their effects.
    """

    text: str
    commands: tuple[Command, ...] = ()
    connectors: tuple[str, ...] = ()
    nested: tuple[Command, ...] = ()
    opaque: str = ""

    @property
    def plain(self) -> bool:
        """One command of literal words and nothing else: an argument list means the same without a shell."""
        if self.opaque or len(self.commands) != 1:
            return False
        only = self.commands[0]
        literal = bool(only.words) and all(word.value is not None for word in only.words)
        return literal and not only.assignments and not only.redirects and only.words[0].value not in _SHELL_ONLY

    def neutral(self, cwd: str) -> Line:
        """The line without what changes nothing about the call: `cd CWD &&` in front, into the directory it is made in,
        and `2>&1` behind its only command, as what an agent sees of a call is both streams anyway.

        Only what is equal for every value and in every world is left out; that `| tail -5` shows less is another call.
        """
        if self.opaque or not cwd.startswith("/"):
            return self
        first = 0
        while first < len(self.connectors) and self.connectors[first] == "&&" and _stays(self.commands[first], cwd):
            first += 1
        commands, connectors = self.commands[first:], self.connectors[first:]
        if len(commands) == 1 and commands[0].words and [each.raw for each in commands[0].redirects] == ["2>&1"]:
            commands = (commands[0]._replace(redirects=()),)
        return self if commands == self.commands else self._replace(commands=commands, connectors=connectors)


def _stays(command: Command, cwd: str) -> bool:
    """Whether a command is `cd CWD`."""
    if len(command.words) != 2 or command.words[0].value != "cd" or command.redirects or command.assignments:
        return False
    return (command.words[1].value or "").rstrip("/") == cwd.rstrip("/")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a call does, what is only cosmetic left out: an and-or list's part of a shell line (a whole
    pipeline: `a | b`), or all of a call of another tool.

    `key` is equal for two actions that do the very same thing: same words, same directory. `signature` has the values
    masked. `text` is how to write it, `connector` what stood before it in its line (`&&`, `;`, "" for the first),
    `directory` where it runs, "" where that is not known.
    """

    key: str
    signature: str
    effect: Effect
    text: str = ""
    connector: str = ""
    directory: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """A tool call read for what it does. `signature` has its values masked: `kubectl logs <arg> -n <arg>`.

    `actions` are what it does one after the other; there is always at least one.
    """

    call: ToolCall
    signature: str
    effect: Effect
    line: Line | None = None  # Bash only
    actions: tuple[Action, ...] = ()
    way: str = ""  # the signature of its neutral line, "" if that is the same

    @property
    def written(self) -> str:
        """How it is written: equal for two calls that differ in their values, and in what changes nothing."""
        return self.way or self.signature


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One episode's part in a hotspot: the operations that belong to it, and reads that merely stood in between."""

    episode: Episode
    operations: tuple[Operation, ...]
    noise: tuple[Operation, ...] = ()
    order: tuple[int, ...] = ()  # the hotspot's steps in the order they were taken here; () as the hotspot has them
    repeats: tuple[int, ...] = ()  # how often each of the hotspot's steps was taken; () is once each
    more: bool = False  # the episode did other things as well, and not only reads


@dataclass(frozen=True, slots=True)
class Chance:
    """How a hotspot compares with chance.

    `expected` is the mean number of sessions that would show it were the order of calls within each session random;
    `p` the probability of at least as many as did; `q` the false discovery rate of a list that ends with it.
    """

    expected: float
    p: float
    q: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a prompt template where the prompts differ; `values[i]` is what occurrence i had there."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A learned prompt: literal tokens and slots in order; `spaces[i]` stood before part i."""

    parts: tuple[str | Slot, ...]
    spaces: tuple[str, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        return tuple(part for part in self.parts if isinstance(part, Slot))

    def __str__(self) -> str:
        texts = (f"{{{part.name}}}" if isinstance(part, Slot) else part for part in self.parts)
        return "".join(space + text for space, text in zip(self.spaces, texts, strict=True))


@dataclass(frozen=True, slots=True)
class Hotspot:
    """A sequence of actions that recurs across sessions; `signature` has one entry for each.

    `template` is the prompt that starts it, None for a sequence met in mid-episode. `heat` counts the occurrences,
    each halved for every half-life since. `requests`, `tokens`, `seconds` are medians per occurrence.
    `obstacle` says what keeps it from being compiled, "" if nothing known does. `unstable` says why its order or its
    arguments never settle, "" if they do. `stability` is the share of the occurrences that took exactly these steps in
    this order. `loops` has the fewest and the most times each step was taken in a row, () if once each; the fewest is 0
    for a step that some left out. `ways` says in how many ways each step was written, its values aside, () if in one
    each: a step whose flags vary is named by the commonest way, or by its program and subcommand alone. `others` are
    the runs of its prompt that took other steps or more than these, with all that was done in each.
    """

    id: str
    signature: tuple[str, ...]
    occurrences: tuple[Occurrence, ...]
    template: Template | None = None
    heat: float = 0.0
    requests: float | None = None
    tokens: float | None = None
    seconds: float | None = None
    obstacle: str = ""
    effect: Effect = Effect.UNKNOWN
    prompts: tuple[str, ...] = field(default=())
    chance: Chance | None = None
    stability: float = 1.0
    unstable: str = ""
    loops: tuple[tuple[int, int], ...] = ()
    ways: tuple[int, ...] = ()
    others: tuple[Occurrence, ...] = ()

    @property
    def directories(self) -> tuple[str, ...]:
        """Where it was seen, most often first."""
        counts = Counter(occurrence.episode.cwd for occurrence in self.occurrences)
        return tuple(directory for directory, _ in counts.most_common())

    @property
    def sessions(self) -> int:
        return len({occurrence.episode.session for occurrence in self.occurrences})
