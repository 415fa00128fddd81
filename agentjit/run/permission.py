"""Permission parity: the harness's own rules (deny, ask, allow), read from its settings and asked call by call.

What a hook runs, the harness does not check; so it is checked here, and in doubt the stricter way: a command is split
at every operator, even inside quotes, and each part must pass. Rules given on the harness's command line cannot be
seen from a hook. On the prompt hook's path: standard library only.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping

from agentjit import kit

MANAGED = "/etc/claude-code/managed-settings.json"
_PARTS = re.compile(r"&&|\|\||[;|&\n()`]|\$\(")
_WRAPPERS = re.compile(r"^(?:(?:timeout(?:\s+-\S+)*\s+\S+|time|nice(?:\s+-n\s*\S+)?|nohup|stdbuf(?:\s+-\S+)+)\s+)+")
_RULE = re.compile(r"(?s)([A-Za-z_][\w-]*)(?:\((.*)\))?")


class Rules:
    """The rules in force for one working directory. `broken` names a settings file that could not be read."""

    __slots__ = ("allow", "ask", "broken", "deny")

    def __init__(self) -> None:
        self.deny: list[tuple[str, str, str]] = []  # (tool, pattern, folder the pattern is relative to)
        self.ask: list[tuple[str, str, str]] = []
        self.allow: list[tuple[str, str, str]] = []
        self.broken = ""

    @classmethod
    def of_claude_code(cls, cwd: str, env: Mapping[str, str]) -> Rules:
        """Rules from managed, local, project and user settings; a rule counts wherever it stands."""
        rules = cls()
        project = env.get("CLAUDE_PROJECT_DIR") or cwd
        user = env.get("CLAUDE_CONFIG_DIR") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".claude")
        names = ("settings.local.json", "settings.json")
        folders = dict.fromkeys((project, cwd))
        paths = [os.path.join(folder, ".claude", name) for folder in folders for name in names]
        for path in (MANAGED, *paths, os.path.join(user, "settings.json")):
            rules._read(path)
        return rules

    def _read(self, path: str) -> None:
        try:
            with open(path, "rb") as file:
                settings = json.loads(file.read() or b"{}")
            given = settings.get("permissions", {})
            for name in ("deny", "ask", "allow"):
                own = getattr(self, name)
                for rule in given.get(name, ()):
                    matched = _RULE.fullmatch(rule.strip())
                    if matched:
                        own.append((matched[1], matched[2] or "", os.path.dirname(os.path.dirname(path))))
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError, AttributeError, TypeError):
            self.broken = path

    def objection(self, call: kit.Call, cwd: str, *, mode: str, approved: bool) -> str:
        """Why `call` may not be run, "" if it may. `approved`: a person approved the skill that makes it."""
        if self.broken:
            return f"the permission rules in {self.broken} cannot be read"
        if rule := _matching(self.deny, call, cwd, every=False):
            return f"the rule deny {rule} forbids it"
        if not approved and (rule := _matching(self.ask, call, cwd, every=False)):
            return f"the rule ask {rule} wants a person to be asked"
        if mode == "dontAsk" and not _matching(self.allow, call, cwd, every=True):
            return "no rule allows it, and the permission mode is dontAsk"
        return ""


def _matching(rules: Iterable[tuple[str, str, str]], call: kit.Call, cwd: str, *, every: bool) -> str:
    """The first rule that fits `call`, as a person reads it, "" if none. `every`: all parts of a command must fit."""
    if call.tool == "Bash":
        return _command_rule(list(rules), call.text, cwd, every=every)
    for tool, pattern, folder in rules:
        path = str(call.input.get("file_path", ""))
        if tool == call.tool and (not pattern or _path_fits(pattern, path, folder, cwd)):
            return f"{tool}({pattern})" if pattern else tool
    return ""


def _command_rule(rules: list[tuple[str, str, str]], command: str, cwd: str, *, every: bool) -> str:
    parts = [part.strip() for part in _PARTS.split(command) if part.strip()]
    stripped = [_WRAPPERS.sub("", part) for part in parts]
    if every:
        found = [_bash_rule(rules, [part]) for part in stripped]
        return found[0] if found and all(found) else ""
    if rule := _bash_rule(rules, [command.strip(), *parts, *stripped]):
        return rule
    for tool, pattern, folder in rules:  # a file that may not be read may not be read by a command either
        if tool == "Read" and pattern:
            for word in re.split(r"[\s\"'=<>]+", command):
                if word and _path_fits(pattern, word, folder, cwd):
                    return f"Read({pattern})"
    return ""


def _bash_rule(rules: list[tuple[str, str, str]], texts: list[str]) -> str:
    for tool, pattern, _ in rules:
        if tool == "Bash" and (pattern in ("", "*") or any(_command_fits(pattern, text) for text in texts)):
            return f"Bash({pattern})" if pattern else "Bash"
    return ""


def _command_fits(pattern: str, text: str) -> bool:
    """`npm run test:*` and `npm run test *` fit the bare command and any arguments; `*` fits anything elsewhere."""
    if pattern.endswith(":*"):
        pattern = pattern[:-2] + " *"
    tail = ""
    if pattern.endswith(" *"):
        pattern, tail = pattern[:-2], r"(?:\s.*)?"
    body = ".*".join(re.escape(piece).replace(r"\ ", r"\s+") for piece in pattern.split("*"))
    return re.fullmatch(body + tail, text, re.DOTALL) is not None


def _path_fits(pattern: str, path: str, folder: str, cwd: str) -> bool:
    """Gitignore-like: `//abs`, `~/home`, `/from the settings' folder`, else anywhere below the working directory."""
    full = os.path.normpath(os.path.join(cwd, os.path.expanduser(path)))
    if pattern.startswith("//"):
        wanted = pattern[1:]
    elif pattern.startswith("~/"):
        wanted = os.path.expanduser(pattern)
    elif pattern.startswith("/"):
        wanted = folder + pattern
    else:
        bare = pattern.removeprefix("./")
        wanted = os.path.join(cwd, bare) if "/" in bare.rstrip("/") else os.path.join(cwd, "**", bare)
    expression = re.escape(wanted.rstrip("/"))
    expression = expression.replace(r"/\*\*/", "/(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    candidates = {full, os.path.realpath(full)}
    return any(re.fullmatch(expression + "(?:/.*)?", each, re.DOTALL) for each in candidates)
