"""Stage 7: policy. No step does more than it says, secrets stay where they belong, and some things no plan may do."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from agentjit.compile.explaining.words import part_of_a_name
from agentjit.compile.validation.commands import Shell, shell_of
from agentjit.compile.validation.finding import Case, Finding, shown
from agentjit.compile.validation.names import patterns
from agentjit.compile.validation.walk import Placed, every_path, mentioned, placed
from agentjit.hotspot import Command, Line
from agentjit.piece import Argument, Ref, Text
from agentjit.skill import Plan
from agentjit.step import BashStep, EditStep, ShellStep, Step, WriteStep
from agentjit.trace import PLACEHOLDER, Effect

_PROTECTED = re.compile(
    r"(?:^|[/~=\"'}])(?:\.aj|\.ssh|\.gnupg)(?:/|$)"
    r"|(?:^|/)\.claude(?:/settings(?:\.local)?\.json|/hooks(?:/|$)|\.json$)|(?:^|/)\.claude\.json$"
    r"|(?:^|[/~])\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zprofile|zshenv|zlogin|login"
    r"|cshrc|tcshrc|kshrc|inputrc|xprofile|xsessionrc)$|(?:^|/)config\.fish$|(?:^|/)fish/conf\.d/"
    r"|(?:^|/)\.git/(?:hooks(?:/|$)|config$)|(?:^|/)\.(?:netrc|pgpass|gitconfig|npmrc|pypirc)$"
    r"|(?:^|/)(?:authorized_keys|sudoers)$"
    r"|(?:^|/)LaunchAgents/|(?:^|/)systemd/user/|(?:^|/)autostart/"
)
"""Paths that decide what runs, or who may: a program that writes them can give itself any right."""

_EDITOR = re.compile(
    r"(?:^|/)\.(?:git|claude|vscode|idea|husky|cargo|devcontainer)(?:/|$)|(?:^|/)\.(?:mcp\.json|gitmodules|ripgreprc)$"
)
"""Files that decide what programs do as well: the run refuses to write them, so a plan need not begin."""
_SYSTEM = re.compile(r"^/(?:etc|boot|dev|proc|sys|bin|sbin|lib|usr/bin|usr/sbin)/(?!null$|stdout$|stderr$|tty$|fd/)")
"""The machine's own: nothing there is written, though many a program is told to read it."""
_WRITERS = frozenset("touch rm mv cp ln tee install chmod chown mkdir rmdir sed dd truncate rsync patch".split())

_RAISED = frozenset(("sudo", "doas", "su", "pkexec", "runuser", "chroot", "setcap"))
_SHELLS = frozenset("sh bash dash zsh ksh fish csh tcsh eval source . python python3 perl ruby node php".split())
_FETCH = frozenset("curl wget fetch http https aria2c lwp-request".split())
_TEMPORARY = ("/tmp/", "/var/tmp/", "/private/tmp/")
_STREAMS = re.compile(r"/dev/(?:null|stdout|stderr|tty|fd/[0-9]+)|[0-9]*-?")
_SETS = re.compile(r"core\.hookspath|core\.fsmonitor|core\.sshcommand|credential\.helper|filter\..*\.(?:clean|smudge)")
_RIGHTS = "what decides what runs, or who may, a person changes"
_LEAVE = "leave this workflow to the model"


def findings(case: Case) -> Iterator[Finding]:
    kinds = patterns(case.plan)
    for each in placed(case.plan):
        shell = None
        if isinstance(each.step.call, BashStep | ShellStep):
            shell = shell_of(each.step.call, kinds, case.policy.parse)
            yield from _commands(each, shell, case)
        yield from _effect(each, shell, case)
        yield from _written(each, shell, case)
    yield from _secrets(case.plan)


# --- effects


def _effect(each: Placed, shell: Shell | None, case: Case) -> Iterator[Finding]:
    least = least_effect(each.step, shell, case)
    if each.step.effect.rank < least.rank:
        what = f"{each.where} says that it {each.step.effect}, but the registry says {least}"
        yield Finding(what, "approval goes by what a plan says of itself", "compile it again with this catalogue")


def least_effect(step: Step, shell: Shell | None, case: Case) -> Effect:
    """The mildest effect that the registry allows a step to declare."""
    if shell is not None:
        here = case.plan.entry.directories or ("",)
        effects = [case.policy.judge(shell.line, shell.varying, cwd) for cwd in here]
    elif isinstance(step.call, WriteStep | EditStep):
        effects = [_place(step.call.path, case)]
    else:
        operation = case.registry.tool(step.call.tool)
        effects = [Effect.UNKNOWN if operation is None or operation.effect is None else operation.effect]
    secret = _secret_names(case.plan)
    if any(piece.name in secret for piece in mentioned(step.call)):
        effects.append(Effect.WRITES_ELSEWHERE)  # whom a secret is told, a person decides
    return Effect.worst(effects)


def _place(path: Argument, case: Case) -> Effect:
    """Where a file is: under the working directory only if that is certain."""
    text = _certain(path, case.plan)
    if text is None or ".." in text.split("/") or text.startswith("~"):
        return Effect.WRITES_ELSEWHERE
    if not text.startswith("/"):
        return Effect.WRITES_HERE
    here = case.plan.entry.directories
    inside = here and all(posixpath.normpath(text).startswith(posixpath.normpath(cwd) + "/") for cwd in here)
    return Effect.WRITES_HERE if inside else Effect.WRITES_ELSEWHERE


def _certain(path: Argument, plan: Plan) -> str | None:
    """The path relative to the working directory if nothing in it varies but that and parts of names, for which `x`
    stands; None if something does.
    """
    pieces = list(path)
    here = {asked.name for asked in plan.environment if asked.key == "cwd"}
    if isinstance(pieces[0], Ref) and pieces[0].name in here and not pieces[0].by and len(pieces) > 1:
        first = pieces[1]
        if not isinstance(first, Text) or not first.text.startswith("/"):
            return None
        pieces = [Text(text=first.text.lstrip("/")), *pieces[2:]]
    kinds = patterns(plan)
    texts = [piece.text if isinstance(piece, Text) else _part(piece, kinds) for piece in pieces]
    return None if None in texts else "".join(text or "" for text in texts)


def _part(piece: Ref, kinds: Mapping[str, str]) -> str | None:
    return "x" if not piece.by and piece.name in kinds and part_of_a_name(kinds[piece.name]) else None


# --- what no plan may do


def _commands(each: Placed, shell: Shell, case: Case) -> Iterator[Finding]:
    lines = list(_unfolded(shell.line, case, 3))
    every = [command for line in lines for command in (*line.commands, *line.nested)]
    raw = " ".join(line.text for line in lines if line.opaque)
    if any(name in _RAISED for command in every for name in _programs(command)) or (
        raw and re.search(rf"(?<![\w./-])(?:{'|'.join(_RAISED)})\s", raw)
    ):
        yield Finding(f"{each.where} asks for more rights than the agent has", "sudo needs a person", _LEAVE)
    if any(map(_piped, lines)) or (
        raw and re.search(r"(?:curl|wget)\b[^;&\n]*\|\s*(?:sudo\s+)?(?:ba|da|z|k)?sh\b", raw)
    ):
        why = "what a server sends is not what the traces ran"
        yield Finding(f"{each.where} runs what it fetches", why, _LEAVE)
    if each.step.effect is Effect.READS:
        return
    for command in every:
        if case.policy.judge(Line("", (command,)), frozenset(), "") is not Effect.READS:
            yield from _protected(each, command)
    if raw and any(_PROTECTED.search(_plain(word)) for word in re.split(r"[\s;&|<>()\"'`]+", raw)):
        yield Finding(f"{each.where} changes something, and names a protected file", _RIGHTS, _LEAVE)


def _unfolded(line: Line, case: Case, depth: int) -> Iterator[Line]:
    """A line, and the lines that its shells are given: `bash -c '…'`, `eval '…'`."""
    yield line
    for command in (*line.commands, *line.nested) if depth else ():
        words = [word.value for word in command.words]
        base = _base(command)
        given = [words[at + 1] for at, word in enumerate(words[:-1]) if word and re.fullmatch(r"-[a-z]*c", word)]
        if base == "eval":
            given = [" ".join(word or "" for word in words[1:])]
        for text in given if base in _SHELLS else ():
            if text:
                yield from _unfolded(case.policy.parse(text), case, depth - 1)


def _protected(each: Placed, command: Command) -> Iterator[Finding]:
    words = [word.value or word.raw for word in command.words]
    writes = _base(command) in _WRITERS
    for at, word in enumerate(words):
        plain = _plain(word)
        if _SETS.search(word.casefold()):
            yield Finding(f"{each.where} sets `{shown(word)}`", "that makes git run another program", _LEAVE)
        elif at and words[at - 1] in ("-i", "-F", "-f"):
            continue  # a key or a configuration to be used
        elif _PROTECTED.search(plain) or (writes and _SYSTEM.search(plain)):
            yield Finding(f"{each.where} changes something with `{shown(word)}`", _RIGHTS, _LEAVE)


def _programs(command: Command) -> list[str]:
    """The names of a command's words that may be programs: its first, and those of what it wraps."""
    names = [(word.value or "").rpartition("/")[2] for word in command.words]
    return names[:1] + [name for name in names[1:] if name in _RAISED and names[0] in _WRAPPERS]


_WRAPPERS = frozenset("timeout nohup time nice ionice stdbuf env xargs command exec find watch flock setsid".split())


def _piped(line: Line) -> bool:
    """Whether something fetched is run: `curl … | sh`, `bash <(curl …)`, `eval "$(curl …)"`."""
    runs = [_base(command) in _SHELLS for command in line.commands]
    fetches = [_base(command) in _FETCH for command in line.commands]
    flowing = False
    for at, _ in enumerate(line.commands):
        flowing = flowing and at > 0 and line.connectors[at - 1] in ("|", "|&")
        if flowing and runs[at] and _reads_program(line.commands[at]):
            return True
        flowing = flowing or fetches[at]
    nested = any(_base(command) in _FETCH for command in line.nested)
    return nested and (any(runs) or any(_base(command) in _SHELLS for command in line.nested))


def _base(command: Command) -> str:
    words = [word.value or "" for word in command.words]
    while words and (words[0] in _WRAPPERS or words[0] in _RAISED or "=" in words[0] or words[0].startswith("-")):
        words = words[1:]
    return words[0].rpartition("/")[2] if words else ""


def _reads_program(command: Command) -> bool:
    """Whether an interpreter takes its program from what is piped into it: no file, no `-c`, no `-e`, no `-m`."""
    words = [word.value if word.value is not None else word.raw for word in command.words[1:]]
    given = [word for word in words if word in ("-c", "-e", "-m", "-n", "-ne", "-pe", "-lane", "-p")]
    files = [word for word in words if not word.startswith("-") and word not in ("/dev/stdin",)]
    return not given and (not files or "-s" in words)


def _plain(word: str) -> str:
    return word.strip("\"'").replace("${HOME}", "~").replace("$HOME", "~")


# --- where files are written


def _written(each: Placed, shell: Shell | None, case: Case) -> Iterator[Finding]:
    for path in _targets(each, shell, case.plan):
        plain, edits = _plain(path), isinstance(each.step.call, WriteStep | EditStep)
        if _PROTECTED.search(plain) or _SYSTEM.search(plain) or (edits and _EDITOR.search(plain)):
            yield Finding(f"{each.where} writes `{shown(path)}`", _RIGHTS, _LEAVE)
        elif _outside(path, case):
            why = "only files under the working directory, the home folder and /tmp are a workflow's own"
            yield Finding(
                f"{each.where} writes `{shown(path)}`, which no trace wrote", why, "compile it from its traces"
            )


def _targets(each: Placed, shell: Shell | None, plan: Plan) -> Iterator[str]:
    """What is written, as far as it is written down; a `…` ends a path whose rest varies."""
    call = each.step.call
    if isinstance(call, WriteStep | EditStep):
        yield _beginning(call.path, plan)
    for command in (*shell.line.commands, *shell.line.nested) if shell else ():
        for redirect in command.redirects:
            operator = redirect.operator.lstrip("0123456789")
            if redirect.target is None or not operator.startswith((">", "&>", "<>")):
                continue
            text = redirect.target.value if redirect.target.value is not None else redirect.target.raw
            if not _STREAMS.fullmatch(text):
                yield text
    if shell and shell.line.opaque and each.step.effect is not Effect.READS:
        yield from re.findall(r">{1,2}\s*([\w./~$-]+)", shell.line.text)


def _beginning(path: Argument, plan: Plan) -> str:
    keys = {asked.name: asked.key for asked in plan.environment}
    text = ""
    for piece in path:
        if isinstance(piece, Text):
            text += piece.text
        elif not text and not piece.by and keys.get(piece.name) in ("cwd", "home", "repo"):
            text = "~" if keys[piece.name] == "home" else "."
        else:
            return text + "…"
    return text


def _outside(path: str, case: Case) -> bool:
    """Whether a file is nowhere a workflow's own files are, and no trace wrote it, or one in its folder."""
    plain = _plain(path)
    if not plain.startswith("/"):
        return False
    tidy = posixpath.normpath(plain)
    homes = [case.policy.home.rstrip("/")] if case.policy.home.strip("/") else []
    own = [*homes, *(folder.rstrip("/") for folder in case.plan.entry.directories)]
    inside = tidy.startswith(_TEMPORARY) or any(tidy == folder or tidy.startswith(folder + "/") for folder in own)
    seen = posixpath.dirname(path) + "/" if path.endswith("…") else path
    return not inside and not _STREAMS.fullmatch(plain) and seen not in case.policy.written


# --- secrets


def _secret_names(plan: Plan) -> frozenset[str]:
    secret = [parameter.name for parameter in plan.parameters if parameter.secret]
    return frozenset((*secret, *(asked.name for asked in plan.environment if asked.key.startswith("$"))))


def _secrets(plan: Plan) -> Iterator[Finding]:
    if PLACEHOLDER.search(plan.model_dump_json()):
        yield Finding("a secret's placeholder stands in it", "no call and no output will ever read so", _LEAVE)
    for parameter in plan.parameters:
        if parameter.secret and parameter.seen:
            yield Finding(f"the secret {parameter.name} has examples", "they would be shown to whoever asks", _LEAVE)
    secret = _secret_names(plan)
    for where, value in _shown_places(plan):
        for piece in mentioned(value):
            if piece.name in secret:
                what = f"the secret {{{piece.name}}} goes into {where}"
                yield Finding(what, "it may go to the program that needs it and nowhere else", _LEAVE)
            elif isinstance(piece, Ref) and piece.by and piece.name in secret:
                yield Finding(f"the secret {{{piece.name}}} is taken apart", "an error would show a part of it", _LEAVE)


def _shown_places(plan: Plan) -> Iterator[tuple[str, object]]:
    """Where values are shown, kept or said."""
    yield "the answer", plan.answer
    contracts: list[tuple[str, Sequence[object]]] = []
    for each in placed(plan):
        contracts.append((each.where, (each.step.contract, each.step.bindings)))
        if isinstance(each.step.call, WriteStep | EditStep):
            yield f"the file that {each.where} writes", each.step.call
    for number, path in enumerate(every_path(plan.fork), 1):
        yield f"the answer of path {number}", path.answer
        contracts.append((f"path {number}", (path.contract, path.bindings)))
    for where, parts in contracts:
        yield f"what is checked and shown after {where}", tuple(parts)
