"""What a call may change, judged from a catalogue; whatever is not known for certain is unknown.

Programs, flags and environment variables are data (`effects.json`); here is only what data cannot say. Where a word
varies (`unknown_words`) it is taken for one word of the kind seen: a word that is no flag, the same long flag with
another value, a URL of the same scheme. Whoever fills in such a word must refuse what is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentjit.detect.arguments import UNSEEN, Arg, Scan, acts, argument, path_effect, scan, sent, written
from agentjit.detect.catalogue import DIRECTORY, PATH, Catalogue, Rule, built_in, load
from agentjit.detect.scripts import awk_reads, sed_reads
from agentjit.hotspot import Command, Line, Redirect
from agentjit.trace import Effect

__all__ = ["Catalogue", "built_in", "effect_of", "effect_of_call", "load"]

SHELL_TOOL = "Bash"
_TRUSTED = frozenset(("/bin", "/usr/bin", "/usr/local/bin"))
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=(.*)", re.DOTALL)
_QUOTES = re.compile(r"\"([^\"$`\\]*)\"|'([^']*)'")
_SCHEME = re.compile(r"[\"']?([A-Za-z][A-Za-z0-9+.-]*):/")
_EXPANDS = re.compile(r"[$`{*?\[\"'\\]")
_DEPTH = 6


def effect_of(
    line: Line, *, unknown_words: frozenset[int] = frozenset(), cwd: str = "", catalogue: Catalogue | None = None
) -> Effect:
    """The worst of what the commands of `line` may do, those in substitutions included.

    `unknown_words` are positions, counted over the words of all commands in order, whose value will be another one.
    With `cwd`, absolute paths under it are here too; without it they are elsewhere.
    """
    if line.opaque:
        return Effect.UNKNOWN
    judge = _Judge(catalogue or built_in(), cwd)
    effects = [judge.command(command, frozenset()) for command in line.nested]
    first = 0
    for command in line.commands:
        varying = frozenset(index - first for index in unknown_words if index >= first)
        effects.append(judge.command(command, varying))
        first += len(command.words)
    return judge.settled(Effect.worst(effects))


def effect_of_call(
    tool: str,
    input: Mapping[str, Any],
    line: Line | None,
    *,
    cwd: str = "",
    catalogue: Catalogue | None = None,
) -> Effect:
    """The effect of any tool call; `line` is the parsed command of a Bash call."""
    catalogue = catalogue or built_in()
    if tool == SHELL_TOOL:
        background = bool(input.get("run_in_background"))
        return Effect.UNKNOWN if line is None or background else effect_of(line, cwd=cwd, catalogue=catalogue)
    known = catalogue.tools.get(tool, Effect.UNKNOWN)
    url = input.get("url")
    if known == Effect.READS and isinstance(url, str) and acts(url, catalogue.doing):
        return Effect.UNKNOWN
    if not known.startswith("path:"):
        return Effect(known)
    path = input.get(known.removeprefix("path:"))
    return path_effect(path, cwd) if isinstance(path, str) else Effect.WRITES_ELSEWHERE


class _Judge:
    """Judges the commands of one line; `moved`: some command leaves the working directory."""

    def __init__(self, catalogue: Catalogue, cwd: str) -> None:
        self.catalogue = catalogue
        self.cwd = cwd
        self.moved = False
        self.depth = 0

    def settled(self, effect: Effect) -> Effect:
        """`effect`, knowing now whether "here" is still the directory the line began in."""
        return Effect.WRITES_ELSEWHERE if effect is Effect.WRITES_HERE and self.moved else effect

    def command(self, command: Command, varying: frozenset[int]) -> Effect:
        effects = [self._assignment(raw) for raw in command.assignments]
        effects += [self._redirect(redirect) for redirect in command.redirects]
        if command.words:
            effects.append(self.program([argument(word, at in varying) for at, word in enumerate(command.words)]))
        return Effect.worst(effects)

    def program(self, args: Sequence[Arg]) -> Effect:
        """What running `args` (the program first) may do."""
        name = args[0].value
        if name is None:
            return Effect.UNKNOWN
        folder, slash, base = name.rpartition("/")
        if slash and folder not in _TRUSTED:
            return Effect.UNKNOWN
        rule = self.catalogue.programs.get(base)
        self.depth += 1
        effect = self._judge(rule, args[1:]) if rule and self.depth <= _DEPTH else Effect.UNKNOWN
        self.depth -= 1
        return effect

    def _judge(self, rule: Rule, args: Sequence[Arg]) -> Effect:
        if rule.only and tuple(arg.value for arg in args) in rule.only:
            return Effect.READS
        if rule.first:
            if not args or args[0].value is None or not rule.first.fullmatch(args[0].value):
                return Effect.UNKNOWN
            args = args[1:]
        ran, args = self._executed(args) if rule.check == "find" else ([], args)
        found = scan(rule, args, stop=bool(rule.subcommands) or rule.runs is not None)
        effects = [*ran, *(self._flag(rule, name, value) for name, value in found.options)]
        if not found.sure or (rule.needs and not found.has(*rule.needs)):
            return Effect.UNKNOWN
        if rule.check in _CHECKS:
            effects.append(_CHECKS[rule.check](self, rule, found))
        elif rule.check not in ("", "find"):
            return Effect.UNKNOWN
        elif rule.subcommands:
            effects.append(self._subcommand(rule, found))
        elif rule.runs is not None:
            effects.append(self._wrapped(rule, found))
        else:
            effects.append(self._operands(rule, found))
        return Effect.worst(effects)

    def _flag(self, rule: Rule, name: str, value: Arg | None) -> Effect:
        verdict = rule.verdicts.get(name)
        if verdict is None and rule.flags is None and name.startswith("--") and name not in rule.values:
            # getopt and git take any unambiguous beginning of a long flag
            verdict = next((rule.verdicts[flag] for flag in rule.verdicts if flag.startswith(name)), None)
        if verdict is None:
            return Effect.READS if rule.flags is None or rule.known(name) else Effect.UNKNOWN
        if verdict == PATH:
            stdout = rule.check == "curl" and value is not None and value.value == "-"
            return Effect.READS if stdout else sent(value, self.cwd)
        if verdict == DIRECTORY:
            self._move(value)
            return Effect.READS
        return Effect(verdict)

    def _subcommand(self, rule: Rule, found: Scan) -> Effect:
        if not found.operands:  # `git stash` does something, `git` only explains itself, and we do not know every one
            return Effect.UNKNOWN if rule.effect is Effect.READS else rule.effect
        name = found.operands[0].value
        inner = rule.subcommand(name) if name is not None else None
        return self._judge(inner, found.rest) if inner else Effect.UNKNOWN

    def _operands(self, rule: Rule, found: Scan) -> Effect:
        if rule.operands is not None:
            words = (*found.operands, *found.rest) if rule.posix else found.operands
            if len(words) > rule.operands or not all(arg.one for arg in words):
                return Effect.UNKNOWN
        if rule.pattern and not all(
            arg.value is not None and rule.pattern.fullmatch(arg.value) for arg in found.operands
        ):
            return Effect.UNKNOWN
        if not rule.paths or not found.operands:
            return rule.effect
        return Effect.worst([written(arg, self.cwd) for arg in found.operands])

    def _wrapped(self, rule: Rule, found: Scan) -> Effect:
        words = [*found.operands, *found.rest]
        skip = rule.runs or 0
        if not all(arg.one for arg in words[:skip]):
            return Effect.UNKNOWN
        inner = self.program(words[skip:]) if len(words) > skip else Effect.READS
        return Effect.worst([rule.effect, inner])

    # --- what is not a program

    def _assignment(self, raw: str) -> Effect:
        assigned = _ASSIGNMENT.fullmatch(raw)
        if not assigned:
            return Effect.UNKNOWN
        name, value = assigned[1], _QUOTES.sub(lambda quoted: quoted[1] or quoted[2] or "", assigned[2])
        harmless = self.catalogue.harmless.fullmatch(name) or value in self.catalogue.harmless_values.get(name, ())
        return Effect.READS if harmless else Effect.UNKNOWN

    def _redirect(self, redirect: Redirect) -> Effect:
        operator = redirect.operator.lstrip("0123456789")
        target = redirect.target
        if target is None or operator == "<<<":
            return Effect.READS
        if operator in ("<&", ">&") and re.fullmatch(r"[0-9]*-|[0-9]+-?", target.value or ""):
            return Effect.READS
        if operator in ("<", "<&"):  # bash opens connections for /dev/tcp/HOST/PORT
            known = re.match(r"\"?[\w.~]", target.raw) if target.value is None else not target.value.startswith("/dev/")
            return Effect.READS if known else Effect.UNKNOWN
        return sent(argument(target), self.cwd)

    def _move(self, target: Arg | None) -> None:
        stays = target is not None and (
            path_effect(target.value, self.cwd) is Effect.WRITES_HERE or (self.cwd != "" and target.value == self.cwd)
        )
        self.moved = self.moved or not stays

    def _executed(self, args: Sequence[Arg]) -> tuple[list[Effect], Sequence[Arg]]:
        """The effects of what `find … -exec PROGRAM … ;` runs, and the other arguments."""
        effects: list[Effect] = []
        others: list[Arg] = []
        waiting = list(reversed(args))
        while waiting:
            arg = waiting.pop()
            if arg.value != "-exec":
                others.append(arg)
                continue
            words: list[Arg] = []
            while waiting and waiting[-1].value not in (";", "+"):
                words.append(waiting.pop())
            if not waiting or not words:
                return [Effect.UNKNOWN], others
            waiting.pop()
            # a path found begins with where the search began, never with a dash
            effects.append(self.program([_filled(word, "{}", dash=False) for word in words]))
        return effects, others

    # --- what data cannot say

    def _test(self, rule: Rule, found: Scan) -> Effect:
        return Effect.UNKNOWN if found.has("-v", "-R") else Effect.READS  # both may evaluate a subscript

    def _cd(self, rule: Rule, found: Scan) -> Effect:
        self._move(found.operands[0] if len(found.operands) == 1 and found.operands[0].value != "-" else None)
        return Effect.READS

    def _set(self, rule: Rule, found: Scan) -> Effect:
        names = {value.value if value else None for value in found.values("-o")}
        return Effect.READS if names <= {"pipefail", "errexit", "nounset", "xtrace"} else Effect.UNKNOWN

    def _export(self, rule: Rule, found: Scan) -> Effect:
        if found.options or any(arg.value is None and not _ASSIGNMENT.match(arg.text) for arg in found.operands):
            return Effect.UNKNOWN
        texts = [arg.text if _ASSIGNMENT.match(arg.text) else f"{arg.text}=" for arg in found.operands]
        return Effect.worst([self._assignment(text) for text in texts])

    def _command(self, rule: Rule, found: Scan) -> Effect:
        return Effect.READS if found.has("-v", "-V") else self._wrapped(rule, found)

    def _env(self, rule: Rule, found: Scan) -> Effect:
        words = [*found.operands, *found.rest]
        effects = []
        at = 0
        while at < len(words) and words[at].one and _ASSIGNMENT.match(words[at].text):
            effects.append(self._assignment(words[at].text))
            at += 1
        if at < len(words):
            effects.append(self.program(words[at:]))
        return Effect.worst(effects)

    def _xargs(self, rule: Rule, found: Scan) -> Effect:
        words = [*found.operands, *found.rest]
        marks = [value.value for value in found.values("-I") if value]
        if not words:
            return Effect.READS
        if not marks:
            return self.program([*words, UNSEEN])
        if len(marks) > 1 or not marks[0]:
            return Effect.UNKNOWN
        return self.program([_filled(arg, marks[0]) for arg in words])

    def _tee(self, rule: Rule, found: Scan) -> Effect:
        return Effect.worst([sent(arg, self.cwd) for arg in found.operands])

    def _sed(self, rule: Rule, found: Scan) -> Effect:
        scripts = found.values("-e", "--expression")
        files = list(found.operands)
        if not scripts:
            scripts, files = list(files[:1]), files[1:]
        if not all(script and script.value is not None and sed_reads(script.value) for script in scripts):
            return Effect.UNKNOWN
        if not found.has("-i", "--in-place"):
            return Effect.READS
        suffixes = [suffix.value or "" for suffix in found.values("-i", "--in-place") if suffix]
        elsewhere = any("/" in suffix or "*" in suffix for suffix in suffixes)
        return Effect.WRITES_ELSEWHERE if elsewhere else Effect.worst([written(arg, self.cwd) for arg in files])

    def _awk(self, rule: Rule, found: Scan) -> Effect:
        program = found.operands[0].value if found.operands else None
        return Effect.READS if program is not None and awk_reads(program) else Effect.UNKNOWN

    def _curl(self, rule: Rule, found: Scan) -> Effect:
        sends = ("-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii")
        methods = [value.value if value else None for value in found.values("-X", "--request")]
        if not set(methods) <= {"GET", "HEAD", "OPTIONS"}:
            return Effect.WRITES_ELSEWHERE
        if found.has(*sends) and not found.has("-G", "--get"):
            return Effect.WRITES_ELSEWHERE
        if any(_may_name_a_file(value) for value in found.values(*sends)):
            return Effect.UNKNOWN  # it becomes part of the URL: what the file holds is sent away
        headers = found.values("-H", "--header")
        if any(not header or header.value is None or header.value.startswith("@") for header in headers):
            return Effect.UNKNOWN  # headers out of a file are sent away, too
        formats = found.values("-w", "--write-out")
        if any(
            not form or form.value is None or form.value.startswith("@") or "%output" in form.value for form in formats
        ):
            return Effect.UNKNOWN
        urls = [*found.operands, *found.values("--url")]
        if any(data and self._acts(f"?{data.seen or data.text}") for data in found.values(*sends)):
            return Effect.UNKNOWN
        reads = all(url and _web(url) and not self._acts(url.seen or url.text) for url in urls)
        return Effect.READS if reads else Effect.UNKNOWN

    def _wget(self, rule: Rule, found: Scan) -> Effect:
        outputs = [value.value if value else None for value in found.values("-O", "--output-document")]
        if not all(_web(url) and not self._acts(url.seen or url.text) for url in found.operands):
            return Effect.UNKNOWN
        if found.has("--spider") or (outputs and set(outputs) <= {"-", "/dev/null", "/dev/stdout"}):
            return Effect.READS
        effects = [sent(value, self.cwd) for value in found.values("-O", "--output-document")]
        return Effect.worst(effects) if effects else Effect.WRITES_HERE

    def _packed(self, rule: Rule, found: Scan) -> Effect:
        if found.has("-c", "--stdout", "--to-stdout"):
            return Effect.READS
        looks = found.has("-l", "--list", "-t", "--test")  # of these and `-d` the last one wins, with some
        return Effect.READS if looks and not found.has("-d", "--decompress") else Effect.UNKNOWN

    def _tar(self, rule: Rule, found: Scan) -> Effect:
        archives = found.values("-f", "--file")  # `host:path` is fetched with rsh
        known = all(archive and archive.value is not None and ":" not in archive.value for archive in archives)
        return self._operands(rule, found) if known else Effect.UNKNOWN

    def _in_place(self, rule: Rule, found: Scan) -> Effect:
        if not found.has("-w"):
            return Effect.READS
        return Effect.worst([written(arg, self.cwd) for arg in found.operands])

    def _listing(self, rule: Rule, found: Scan) -> Effect:
        return rule.effect if found.operands and not found.has("--list", "-l") else Effect.READS

    def _gh_api(self, rule: Rule, found: Scan) -> Effect:
        methods = {value.value if value else None for value in found.values("-X", "--method")}
        operands = self._operands(rule, found)
        if not methods <= {"GET", "HEAD"}:
            return Effect.WRITES_ELSEWHERE
        graph = any("graphql" in arg.text or (arg.value is None and "/" not in arg.text) for arg in found.operands)
        acts = any(self._acts(f"/{arg.seen or arg.text}") for arg in found.operands)
        return Effect.UNKNOWN if graph or acts else operands

    def _acts(self, url: str) -> bool:
        return acts(url, self.catalogue.doing)


_CHECKS: Mapping[str, Callable[[_Judge, Rule, Scan], Effect]] = {
    "test": _Judge._test,
    "cd": _Judge._cd,
    "set": _Judge._set,
    "export": _Judge._export,
    "command": _Judge._command,
    "env": _Judge._env,
    "xargs": _Judge._xargs,
    "tee": _Judge._tee,
    "sed": _Judge._sed,
    "awk": _Judge._awk,
    "curl": _Judge._curl,
    "wget": _Judge._wget,
    "packed": _Judge._packed,
    "tar": _Judge._tar,
    "in-place": _Judge._in_place,
    "listing": _Judge._listing,
    "gh-api": _Judge._gh_api,
}


def _filled(arg: Arg, mark: str, *, dash: bool = True) -> Arg:
    """An argument where a word comes in place of `mark`; `dash`: that word may begin with a dash."""
    if arg.value is None or mark not in arg.value:
        return arg
    before = arg.value.split(mark)[0]
    return Arg(None, before, dash=before.startswith("-") or (before == "" and dash))


def _may_name_a_file(data: Arg | None) -> bool:
    """Whether curl may read this data from a file: `@file`, `name@file`, or a beginning nobody knows."""
    if data is None:
        return True
    known = data.value if data.value is not None else _EXPANDS.split(data.text, maxsplit=1)[0]
    name, equals, _ = known.partition("=")
    return "@" in name or (data.value is None and not equals)


def _web(url: Arg) -> bool:
    """Whether getting `url` is a web request, or reads a file; other protocols may do anything."""
    scheme = _SCHEME.match(url.text)
    if scheme:
        return scheme[1].lower() in ("http", "https", "file")
    return url.value is not None and "://" not in url.value
