"""One command without what is only cosmetic in it. Nothing is taken away unless every word concerned is literal."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Sequence
from typing import NamedTuple

from agentjit.detect.arguments import argument
from agentjit.detect.catalogue import Catalogue
from agentjit.detect.operations.bounds import has, may_go_on
from agentjit.detect.operations.cosmetics import Cosmetics, Place
from agentjit.detect.shell import canonical
from agentjit.hotspot import Command, Line, Redirect, Word

PIPES = ("|", "|&")
_LONGEST_KEY = 500
_WRAPPERS = 12  # around one program; where there are more, all of them stay
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_PLAIN = re.compile(r"[\w@%+=:,./-]*")
_STATUS = re.compile(
    r"\"(?:[^\"\\`$]|\\.|\$\?|\$\{\?\})*\"|[\w:=.,/%+@-]*\$\?[\w:=.,/%+@-]*|'[^']*'", re.DOTALL
)  # an exit status among literal text
_INPUTS = frozenset(("<", "0<", "<<", "0<<", "<<-", "0<<-", "<<<", "0<<<"))
_DESCRIPTORS = {"0<": "<", "1>": ">", "1>>": ">>", "1>|": ">|", "1>&": ">&", "0<&": "<&"}
_COMPLETE = re.compile(r"-[A-Za-z][0-9]+|--[\w-]+=.*", re.DOTALL)


class Stripped(NamedTuple):
    """What is left of a command. `directory`: where a flag sent it, None if none did; `merges`: its errors go into the
    pipe, too (`2>&1 |`, `|&`).
    """

    words: Sequence[Word]
    assignments: Sequence[str]
    redirects: Sequence[Redirect]
    merges: bool = False
    directory: str | None = None


def bounded(key: str) -> str:
    """`key`, or its hash where it is long: keys are kept by the hundred thousand."""
    if len(key) <= _LONGEST_KEY:
        return key
    return "#" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def strip(
    command: Command, cosmetics: Cosmetics, catalogue: Catalogue, *, connector: str = "", firm: bool = False
) -> Stripped:
    """`command` without its cosmetics but for directory flags; `connector` is what stands behind it, "" for nothing.

    `firm`: other parts depend on its exit status, so wrappers that may change that stay.
    """
    words: Sequence[Word] = command.words
    assignments: Sequence[str] = command.assignments
    if not words:
        redirects, merges = _redirects(command.redirects, connector)
        empty = not (assignments or redirects or merges)
        return Stripped(words, assignments, command.redirects if empty else redirects, merges)
    name = words[0].value
    if name in cosmetics.wrappers and not firm:
        words = _bare(words, cosmetics, catalogue)
        name = words[0].value
    if assignments and name in cosmetics.colourless:
        assignments = [raw for raw in assignments if not formats_for(name, raw, cosmetics)]
    if name in cosmetics.formatted:
        words = _unformatted(words, cosmetics, catalogue)
    if command.redirects or connector == "|&":
        redirects, merges = _redirects(command.redirects, connector)
        return Stripped(words, assignments, redirects, merges)
    return Stripped(words, assignments, ())


def bared(line: Line, cosmetics: Cosmetics, catalogue: Catalogue) -> Line:
    """`line` with wrappers and formatting assignments gone: what its commands are can be read off it."""
    for command in line.commands:
        if command.words and (command.assignments or command.words[0].value in cosmetics.wrappers):
            break
    else:
        return line
    commands = []
    for command in line.commands:
        left = strip(command, cosmetics, catalogue)
        commands.append(Command(tuple(left.words), tuple(left.assignments), command.redirects))
    return Line(line.text, tuple(commands), line.connectors, line.nested)


def untouched(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether a command that stands alone has certainly nothing to strip."""
    if command.assignments or command.redirects or not command.words:
        return False
    name = command.words[0].value
    return name not in cosmetics.wrappers and name not in cosmetics.formatted and name not in cosmetics.directories


def canonical_command(stripped: Stripped) -> tuple[object, ...]:
    """Equal for two commands that are the same up to quoting and white space; a literal word is a plain string."""
    words = tuple([(word.raw,) if word.value is None else word.value for word in stripped.words])
    if not stripped.assignments and not stripped.redirects:
        return (words, stripped.merges) if stripped.merges else words
    assignments = tuple(map(_canonical_assignment, stripped.assignments))
    return (words, stripped.merges, assignments, tuple(map(_canonical_redirect, stripped.redirects)))


def _canonical_assignment(raw: str) -> object:
    if _PLAIN.fullmatch(raw):
        return raw
    match found := canonical(raw):
        case (((((True, str(text)),), (), ()),), ()):
            return text
    return found


def _canonical_redirect(redirect: Redirect) -> tuple[object, ...]:
    operator = _DESCRIPTORS.get(redirect.operator, redirect.operator)
    target = redirect.target
    if target is None:
        return (operator, (redirect.raw,))
    return (operator, (target.raw,) if target.value is None else target.value)


# --- redirections


def _redirects(redirects: Sequence[Redirect], connector: str) -> tuple[Sequence[Redirect], bool]:
    """`redirects` without those that only hide or merge the errors a person would see, and whether errors are piped.

    `2>&1` behind `> file`, and any other mixture where the order matters, stay as they are.
    """
    inputs = [redirect for redirect in redirects if redirect.operator in _INPUTS]
    outputs = [redirect for redirect in redirects if redirect.operator not in _INPUTS]
    if not outputs:
        return redirects, connector == "|&"
    if len(outputs) == 1 and (hides := _only_errors(outputs[0])):
        return inputs, connector == "|&" or (hides == "&" and connector == "|")
    if connector != "|&" and all(_to_file(each) or _only_errors(each) == "null" for each in outputs):
        return [each for each in redirects if _only_errors(each) != "null"], False
    if connector == "|" and _only_errors(redirects[-1]) == "&":
        return redirects[:-1], True  # the same as `|&`
    return redirects, connector == "|&"


def _only_errors(redirect: Redirect) -> str:
    """`&` for `2>&1`, `null` for `2>/dev/null`, "" for anything else."""
    target = redirect.target.value if redirect.target else None
    if redirect.operator == "2>&" and target == "1":
        return "&"
    return "null" if redirect.operator in ("2>", "2>>") and target == "/dev/null" else ""


def _to_file(redirect: Redirect) -> bool:
    """Whether its output goes to what is certainly no other stream: `> /dev/stderr` follows the errors."""
    target = redirect.target.value if redirect.target else None
    if redirect.operator not in (">", ">>", "1>", "1>>") or target is None:
        return False
    return target == "/dev/null" or not {"dev", "proc"}.intersection(target.split("/"))


def silenced(command: Command) -> bool:
    """Whether its output goes to /dev/null."""
    return any(
        redirect.operator in (">", "1>", "&>", ">>", "1>>", "&>>")
        and redirect.target is not None
        and redirect.target.value == "/dev/null"
        for redirect in command.redirects
    )


# --- assignments, wrappers and flags


def formats(raw: str, cosmetics: Cosmetics) -> bool:
    """Whether an assignment only formats: `NO_COLOR=1`."""
    assigned = _ASSIGNMENT.fullmatch(raw)
    pattern = cosmetics.assignments.get(assigned[1]) if assigned else None
    return bool(assigned and pattern and _PLAIN.fullmatch(assigned[2]) and pattern.fullmatch(assigned[2]))


def formats_for(name: str | None, raw: str, cosmetics: Cosmetics) -> bool:
    """Whether it does so for the program `name`, which neither shows it nor runs what may."""
    pattern = cosmetics.colourless.get(name) if name is not None else None
    return pattern is not None and pattern.fullmatch(raw.partition("=")[0]) is not None and formats(raw, cosmetics)


def _bare(words: Sequence[Word], cosmetics: Cosmetics, catalogue: Catalogue) -> Sequence[Word]:
    """What all wrappers together run."""
    inner = words
    for _ in range(_WRAPPERS):
        if inner[0].value not in cosmetics.wrappers:
            return inner
        before, inner = inner, _unwrapped(inner, cosmetics, catalogue)
        if inner is before:
            return inner
    return words


def _unwrapped(words: Sequence[Word], cosmetics: Cosmetics, catalogue: Catalogue) -> Sequence[Word]:
    """What a wrapper runs, or `words` themselves where that is not certain."""
    name = words[0].value or ""
    wrapper = cosmetics.wrappers[name]
    rule = catalogue.programs.get(name)
    if rule is None or rule.runs is None:
        return words
    at = 1
    while at < len(words) and (text := words[at].value) is not None and text.startswith("-"):
        flag = text.partition("=")[0] if text.startswith("--") else text[:2]
        if flag not in wrapper.flags:
            return words
        at += 2 if text == flag and flag in rule.values else 1
    for _ in range(rule.runs):
        if at >= len(words) or not wrapper.operand.fullmatch(words[at].value or ""):
            return words
        at += 1
    assigned = at
    while name == "env" and at < len(words) and formats(words[at].value or "", cosmetics):
        at += 1
    inner = words[at].value if at < len(words) else None
    if not inner or inner.startswith("-") or "=" in inner or inner in cosmetics.own:
        return words
    if not all(formats_for(inner, word.value or "", cosmetics) for word in words[assigned:at]):
        return words
    if wrapper.bounds and may_go_on(words[at:], cosmetics):
        return words
    return words[at:]


def _unformatted(words: Sequence[Word], cosmetics: Cosmetics, catalogue: Catalogue) -> Sequence[Word]:
    """`words` without flags that only format; one behind a flag may be that flag's value and stays."""
    name = words[0].value or ""
    flags = cosmetics.flags.get(name, frozenset())
    kept = [words[0]]
    operands, behind_flag = 0, False
    for at in range(1, len(words)):
        text = words[at].value
        if text == "--" or (text is None and argument(words[at]).dash):
            return [*kept, *words[at:]]  # an expansion may become a flag, or several words
        if text in flags and not behind_flag:
            continue
        kept.append(words[at])
        if text is not None and text.startswith("-"):
            behind_flag = not _COMPLETE.fullmatch(text)
            continue
        if not operands and not behind_flag and name in catalogue.levels:
            flags = cosmetics.flags.get(f"{name}-{text}", frozenset())
        operands += not behind_flag
        behind_flag = False
    return kept


def directed(stripped: Stripped, here: str, cosmetics: Cosmetics) -> Stripped:
    """`stripped` without the flags that name its directory, if it is certain that it is as if started there.

    Certain are literal words only, since the shell expands the others before; and a path without `..`, which a shell
    follows by name and a program by the links on the disk.
    """
    name = stripped.words[0].value if stripped.words else None
    place = cosmetics.directories.get(name) if name is not None else None
    files = any(redirect.operator.lstrip("0") not in ("<<", "<<-", "<<<") for redirect in stripped.redirects)
    if place is None or files or stripped.assignments or any(word.value is None for word in stripped.words):
        return stripped
    kept, paths = _without_places(stripped.words, place)
    if len(paths) != 1 or ".." in paths[0].split("/"):
        return stripped
    there = resolved(here, paths[0])
    return stripped._replace(words=kept, directory=there) if there else stripped


def _without_places(words: Sequence[Word], place: Place) -> tuple[Sequence[Word], list[str]]:
    """`words` without directory flags, and the paths they named; no paths if something is not as it should be."""
    kept, paths = [words[0]], []
    operands, behind_flag = 0, False
    at = 1
    while at < len(words):
        text = words[at].value or ""
        flag, equals, value = text.partition("=")
        if text == "--" or (operands and not place.anywhere):
            break
        if flag in place.flags and not behind_flag:
            if equals and len(flag) == 2:
                return words, []  # `-C=x` names the directory `=x`
            if not equals:
                at += 1
                value = words[at].value or "" if at < len(words) else ""
            if not value or value.startswith("-"):
                return words, []
            paths.append(value)
            at += 1
            continue
        kept.append(words[at])
        at += 1
        if text.startswith("-"):
            behind_flag = not _COMPLETE.fullmatch(text)
            continue
        if not operands and not behind_flag and place.subcommands and text not in place.subcommands:
            return words, []
        operands += not behind_flag
        behind_flag = False
    if place.subcommands and not operands:
        return words, []
    return [*kept, *words[at:]], paths


def resolved(here: str, path: str) -> str:
    """`path` seen from the directory `here`, as `cd` follows it: by name; "" if that is not known."""
    if not path.startswith("/"):
        if not here.startswith("/"):
            return ""
        path = f"{here}/{path}"
    return "/" + posixpath.normpath(path).lstrip("/")


# --- whole commands


def prints(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether it only prints literal text, or an exit status."""
    name = command.words[0].value if command.words else None
    if name not in cosmetics.prints or command.assignments or any(map(lasts, command.redirects)):
        return False
    if len(command.words) > 1 and (command.words[1].value or "").startswith("-v"):
        return False  # printf -v NAME sets a variable
    return all(word.value is not None or _STATUS.fullmatch(word.raw) for word in command.words[1:])


def falls_back(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether behind `||` it only sets an exit status: `true`, `exit 1`."""
    literal = all(word.value is not None for word in command.words)
    known = bool(command.words) and command.words[0].value in cosmetics.fallbacks
    return known and literal and not command.assignments and not any(map(lasts, command.redirects))


def lasts(redirect: Redirect) -> bool:
    """Whether a redirection does anything but send output to a stream of the shell or nowhere."""
    target = redirect.target.value if redirect.target else None
    if redirect.operator.lstrip("12") == ">&":
        return target not in ("1", "2")
    return redirect.operator.lstrip("12&") != ">" or target != "/dev/null"


def displays(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether, at the end of a pipeline, it only shows less of it: `tail -20`, `less`."""
    name = command.words[0].value if command.words else None
    pattern = cosmetics.display.get(name) if name is not None else None
    if pattern is None or command.assignments or not all(map(_only_errors, command.redirects)):
        return False
    rest = [word.value for word in command.words[1:]]
    joined = " ".join(text or "" for text in rest)
    return all(text and not re.search(r"\s", text) for text in rest) and pattern.fullmatch(joined) is not None


def is_filter(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether, in a pipeline, it reads nothing but its input, so that it is the same in any directory."""
    name = command.words[0].value if command.words else None
    rule = cosmetics.filters.get(name) if name is not None else None
    if rule is None or command.assignments or not all(map(_only_errors, command.redirects)):
        return False
    operands = 0
    for word in command.words[1:]:
        text = word.value
        if text is None or (text.startswith("-") and not rule.flags.fullmatch(text)):
            return False
        operands += not text.startswith("-")
    return operands <= rule.operands


def is_mute(command: Command, cosmetics: Cosmetics) -> bool:
    """Whether it answers by its exit status only, so that what is printed behind it is its answer."""
    if silenced(command):
        return True
    name = command.words[0].value if command.words else None
    if name is None:
        return False
    flags = cosmetics.mute.get(name)
    if flags is None:  # a subcommand may stand behind flags: `git -C x diff`
        found = (cosmetics.mute.get(f"{name}-{word.value}") for word in command.words[1:6])
        flags = next((each for each in found if each is not None), None)
    return flags is not None and (not flags or any(has(word.value, flags) for word in command.words))
