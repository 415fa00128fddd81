"""What a call does, one action after the other, cosmetics aside.

A shell line falls apart at `&&`, `;` and newlines. What belongs together stays together: a pipeline; an and-or list
with `||`, whose later part may not have run; whatever follows a change of the shell itself (a variable, an alias) has
that change in front of it, or stays one action with it where it cannot be repeated. A line that was not taken apart, or
whose parts speak of each other (`$?`, `$OLDPWD`), is one action. See docs/operations.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from agentjit.detect.catalogue import Catalogue
from agentjit.detect.effects import effect_of
from agentjit.detect.operations import mask
from agentjit.detect.operations.bounds import endless
from agentjit.detect.operations.cosmetics import Cosmetics
from agentjit.detect.operations.parts import Part, backward, changes, heedless, only_formats, parts, substitutes, target
from agentjit.detect.operations.strip import (
    PIPES,
    Stripped,
    bared,
    bounded,
    canonical_command,
    directed,
    displays,
    falls_back,
    is_filter,
    lasts,
    prints,
    resolved,
    strip,
    untouched,
)
from agentjit.detect.shell import parse
from agentjit.hotspot import Action, Command, Line
from agentjit.trace import Effect

_TIMED = re.compile(r"(\s*+cd\s++[\w./@+-]++\s*+(?:&&|;)\s*+)?+\s*+time\s++(?:-p\s++)?(?=[\w./])")


def actions_of_line(
    line: Line,
    *,
    cwd: str,
    effect: Effect,
    signature: str,
    catalogue: Catalogue,
    cosmetics: Cosmetics,
    background: bool = False,
    more: str = "",
) -> tuple[Action, ...]:
    """The actions of a shell line run in `cwd`; at least one.

    `effect` and `signature` are those of the whole line; `more` is what else tells the call from others of the same
    line, and goes into the keys. A line in the `background` is one action.
    """
    if line.opaque == "the time keyword" and (timed := _timed(line, cwd, background, more, catalogue, cosmetics)):
        return timed
    here = _home(cwd)
    if line.opaque:
        text = line.text.strip(" \t\n")
        key = bounded(repr(("opaque", here, text, background, more)))
        return (Action(key, mask.opaque(text), Effect.UNKNOWN, text, "", here),)
    if len(line.commands) == 1 and not (background or more) and untouched(line.commands[0], cosmetics):
        only = line.commands[0]
        key = bounded(repr((here, (canonical_command(Stripped(only.words, (), ())),), ())))
        return (Action(key, mask.folded(signature), effect, " ".join([word.raw for word in only.words]), "", here),)
    return tuple(_Walk(line, here, cwd, effect, signature, (catalogue, cosmetics), background, more).run())


def _timed(
    line: Line, cwd: str, background: bool, more: str, catalogue: Catalogue, cosmetics: Cosmetics
) -> tuple[Action, ...]:
    """The actions of a line whose first pipeline is timed: what it took is part of that action's answer.

    None if the line is not as simple as that.
    """
    timed = _TIMED.match(line.text)
    rest = parse((timed[1] or "") + line.text[timed.end() :]) if timed else line
    if not timed or rest.opaque:
        return ()
    command = rest.commands[1 if timed[1] else 0]
    name = command.words[0].value if command.words and not command.assignments else None
    if name is None or name in cosmetics.own or name in cosmetics.wrappers:
        return ()
    effect = Effect.UNKNOWN if background else effect_of(rest, cwd=cwd, catalogue=catalogue)
    first, *others = actions_of_line(
        rest,
        cwd=cwd,
        effect=effect,
        signature=mask.line(rest, catalogue),
        catalogue=catalogue,
        cosmetics=cosmetics,
        background=background,
        more=more,
    )
    if not first.text.startswith(command.words[0].raw):
        return ()
    key = bounded(repr(("time", first.key)))
    return (replace(first, key=key, signature=f"time {first.signature}", text=f"time {first.text}"), *others)


@lru_cache(maxsize=256)
def _home(cwd: str) -> str:
    return resolved(cwd, ".") or cwd


class _Walk:
    """Goes through a line from left to right, with the directory it is in and the changes of the shell so far."""

    def __init__(
        self,
        line: Line,
        here: str,
        cwd: str,
        effect: Effect,
        signature: str,
        data: tuple[Catalogue, Cosmetics],
        background: bool,
        more: str,
    ) -> None:
        self.line = line
        self.bare = bared(line, data[1], data[0])  # to see what its commands are
        self.here = here
        self.cwd = cwd
        self.effect = effect
        self.signature = signature
        self.catalogue, self.cosmetics = data
        self.background = background
        self.more = more
        self.stack: list[str] = []  # what pushd left behind
        self.before: list[Command] = []  # what came before and matters for effects
        self.settings: list[Part] = []  # how the shell goes on after a failure: that matters where `||` is
        self.formats: list[Part] = []  # how output is formatted: that matters where somebody might see it
        self.carried: list[Part] = []
        self.unused = False  # the last of `carried` has no action behind it
        self.found: list[Action] = []

    def run(self) -> list[Action]:
        count = len(self.line.commands)
        if self.background or backward(self.bare, self.cosmetics):
            return [self._action(Part("", 0, count, count > 1))]
        if count <= 1:
            return [self._action(Part("", 0, count))]
        last: tuple[Part, str] | None = None
        for part in parts(self.bare, self.cosmetics):
            match self._kind(part):
                case "line":
                    self.here = _home(self.cwd)
                    self.settings, self.formats, self.carried, self.found, self.before = [], [], [], [], []
                    return [self._action(Part("", 0, count, True))]
                case "whole":
                    self._found(Part(part.connector, part.start, count, count - part.start > 1))
                    return self.found
                case "carried":
                    self.carried.append(part)
                    self.before.append(self.line.commands[part.start])
                    self.unused = True
                case "":
                    self._found(part)
                case kind:
                    last = (part, self.here)
                    if kind == "move":
                        self._move(part)
                    elif kind == "setting":
                        self.settings.append(part)
                    elif kind == "format":
                        self.formats.append(part)
        return self._finish(last)

    def _found(self, part: Part) -> None:
        self.found.append(self._action(part))
        self.unused = False

    def _finish(self, last: tuple[Part, str] | None) -> list[Action]:
        """The actions found; where nothing but cosmetics was found, the last of these, as it was reached."""
        if self.unused:
            end = self.carried.pop()
            self.before.pop()
            self._found(end)
        if not self.found and last:
            part, self.here = last
            self._found(part)
        return self.found

    def _kind(self, part: Part) -> str:
        """What a part is: "" for an action; `move`, `print`, `format` and `setting` are only cosmetic; a change of the
        shell is `carried` to the parts behind it, or keeps them together as a `whole`, or even the `line`.
        """
        commands = self.bare.commands[part.start : part.stop]
        if part.joined:
            return "whole" if any(changes(command, self.cosmetics) for command in commands) else ""
        if len(commands) > 1:
            return ""  # each command of a pipeline has a shell of its own
        command = commands[0]
        if prints(command, self.cosmetics):
            return "print"
        if (place := target(command)) is not None:
            return self._kind_of_move(place)
        if falls_back(command, self.cosmetics) and (
            command.words[0].value != "exit" or part.stop == len(self.line.commands)
        ):
            return "print"
        if not changes(command, self.cosmetics):
            return ""
        return self._kind_of_change(command)

    def _kind_of_move(self, place: str) -> str:
        if place in ("pushd", "popd"):
            return "line"  # of a stack that nobody knows
        if place == "popd ":
            return "move" if self.stack and not self.carried else "line"
        pushes = place.startswith("pushd ")
        known = resolved(self.here, place.removeprefix("pushd "))
        if known and not self.carried:
            return "move"
        return "line" if pushes else "carried"

    def _kind_of_change(self, command: Command) -> str:
        if not command.words and not command.assignments:
            return ""  # `> file`
        if only_formats(command, self.cosmetics):
            return "format" if not command.words or command.words[0].value == "export" else "setting"
        once = substitutes(command) or any(map(lasts, command.redirects)) or (command.assignments and command.words)
        if once:
            return "whole"
        return "carried" if not command.words or command.words[0].value in self.cosmetics.carried else "whole"

    def _move(self, part: Part) -> None:
        command = self.line.commands[part.start]
        place = target(self.bare.commands[part.start]) or ""
        self.before.append(command)
        if place == "popd ":
            self.here = self.stack.pop()
            return
        if place.startswith("pushd "):
            self.stack.append(self.here)
        self.here = resolved(self.here, place.removeprefix("pushd "))

    # --- actions

    def _action(self, part: Part) -> Action:
        stop = self._shown(part)
        kept = [self._strip(at, stop, part.joined) for at in range(part.start, stop)]
        directory = self.here
        if kept and not self.carried and not part.joined:
            filters = self.bare.commands[part.start + 1 : stop]
            if all(is_filter(command, self.cosmetics) for command in filters):
                kept[0] = directed(kept[0], self.here, self.cosmetics)
                directory = kept[0].directory or directory
        connectors = [_plain(connector) for connector in self.line.connectors[part.start : max(stop - 1, part.start)]]
        before = self._in_front(part, stop)
        for each in reversed(before):
            kept.insert(0, strip(self.line.commands[each.start], self.cosmetics, self.catalogue, firm=True))
            connectors.insert(0, "&&" if self.line.connectors[each.stop - 1] == "&&" else ";")
        key = repr((directory, tuple(map(canonical_command, kept)), tuple(connectors)))
        text = _written(kept, connectors)
        signature = mask.folded(self._masked(kept, connectors, part.start, stop))
        if self.background or self.more:
            key = repr((key, self.background, self.more))
        key = bounded(key)
        if self.background:
            text = f"({text}) &" if ";" in connectors or "\n" in text else f"{text} &"
            signature += " &"
        connector = part.connector if self.found else ""
        return Action(key, signature, self._effect(part.start, stop, before), text, connector, directory)

    def _in_front(self, part: Part, stop: int) -> list[Part]:
        """The changes of the shell that this part must have in front of it."""
        commands = [self.bare.commands[at] for at in (*(each.start for each in self.carried), *range(part.start, stop))]
        seen = []
        for each in self.formats:
            sets = self.bare.commands[each.start]
            if each.start < part.start and not all(heedless(other, sets, self.cosmetics) for other in commands):
                seen.append(each)
        return sorted([*(self.settings if part.joined else ()), *seen, *self.carried], key=lambda each: each.start)

    def _masked(self, kept: Sequence[Stripped], connectors: Sequence[str], start: int, stop: int) -> str:
        commands = self.line.commands[start:stop]
        all_of_it = len(kept) == len(self.line.commands) and tuple(connectors) == self.line.connectors
        if all_of_it and all(map(_whole, kept, commands)):
            return self.signature
        masked = [mask.command(each.words, each.assignments, each.redirects, self.catalogue) for each in kept]
        return mask.joined(masked, connectors)

    def _shown(self, part: Part) -> int:
        """Where the part ends when what only shows less of its output is left out."""
        stop = part.stop
        while (
            stop - part.start > 1
            and self.line.connectors[stop - 2] in PIPES
            and displays(self.bare.commands[stop - 1], self.cosmetics)
            and not self._ends(part.start, stop - 1)
        ):
            stop -= 1
        if part.joined and stop < part.stop:
            last = self.bare.commands[stop - 1]
            if prints(last, self.cosmetics) or falls_back(last, self.cosmetics):
                return part.stop  # `a || true | cat` would become another line
        return stop

    def _ends(self, start: int, at: int) -> bool:
        """Whether the command at `at` may be what ends those before it: `tail -f log | head -5`."""
        last, *_ = self.bare.commands[at].words
        before = self.bare.commands[start:at]
        return last.value in self.cosmetics.cuts and any(endless(each, self.cosmetics) for each in before)

    def _strip(self, at: int, stop: int, firm: bool) -> Stripped:
        connector = self.line.connectors[at] if at < stop - 1 else ""
        return strip(self.line.commands[at], self.cosmetics, self.catalogue, connector=connector, firm=firm)

    def _effect(self, start: int, stop: int, front: Sequence[Part]) -> Effect:
        """The effect of these commands, knowing what came before them."""
        if self.background or stop - start == len(self.line.commands):
            return self.effect
        formats = [self.line.commands[each.start] for each in front if each in self.formats]
        commands = (*self.before, *formats, *self.line.commands[start:stop])
        nested = self.line.nested if self.line.nested and any(map(substitutes, commands)) else ()
        return effect_of(Line("", commands, (), nested), cwd=self.cwd, catalogue=self.catalogue)


def _whole(kept: Stripped, command: Command) -> bool:
    """Whether nothing was taken away."""
    same = kept.words is command.words and kept.redirects is command.redirects
    return same and len(kept.assignments) == len(command.assignments)


def _plain(connector: str) -> str:
    """What stands between two commands, in its usual form: errors in a pipe are the command's own affair."""
    return {"|&": "|", "\n": ";"}.get(connector, connector)


def _written(kept: Sequence[Stripped], connectors: Sequence[str]) -> str:
    """The commands as a shell line; bodies of here-documents follow the line."""
    pieces: list[str] = []
    bodies: list[str] = []
    for at, command in enumerate(kept):
        if at:
            connector = connectors[at - 1]
            pieces.append("; " if connector == ";" else f" {connector} ")
        words = [*command.assignments, *(word.raw for word in command.words)]
        for redirect in command.redirects:
            head, newline, body = redirect.raw.partition("\n")
            heredoc = redirect.target is None
            words.append(head if heredoc else redirect.raw)
            if heredoc and newline:
                bodies.append(body)
        if command.merges:
            words.append("2>&1")
        pieces.append(" ".join(words))
    return "\n".join(("".join(pieces), *bodies)) if bodies else "".join(pieces)
